"""One engine under everything: the same bits however samples arrive, and of whichever range."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rumbling import rumble

import marsaudio as ma
from marsaudio.events.level import band_level
from marsaudio.separation.run import Run


class InBlocks:
    """A recording that arrives in blocks of given lengths, one after the other."""

    def __init__(self, recording, lengths):
        self.recording, self.lengths = recording, lengths
        self.sample_rate, self.channels = recording.sample_rate, recording.channels
        self.frames = recording.frames

    def blocks(self, *, first=0):
        start = first
        while start < self.frames:
            for length in self.lengths:
                if start < self.frames:
                    yield self.recording.samples[:, start : start + length]
                start += length


@st.composite
def recordings(draw):
    """One to three channels, equal or not, at low and full rates, from one sample to some seconds."""
    rate = draw(st.sampled_from([8000, 22050, 48000]))
    frames = draw(st.one_of(st.integers(1, 40), st.integers(1, 6 * rate)))
    channels = min(draw(st.integers(1, 3)), frames)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    times = np.arange(frames) / rate
    swell = np.exp(-(((times - times[-1] / 2) / 0.5) ** 2))
    sound = 0.01 * rng.normal(size=(channels, frames)) + 0.02 * np.sin(2 * np.pi * 195.3 * times)
    sound += (0.003 + 0.1 * swell) * rumble(frames, rate, rng)
    if draw(st.booleans()):
        sound[:] = sound[0]
    if draw(st.booleans()):
        sound[:, frames // 3 : frames // 2] = 0.0
    samples = np.rint(np.clip(sound, -1, 1 - 2**-15) * 2**15) / 2**15
    return ma.Recording(samples, rate, source=ma.Source(encoding="PCM_16"))


lengths_of_blocks = st.lists(st.one_of(st.integers(1, 50), st.integers(1, 300000)), min_size=1, max_size=4)


@given(recording=recordings(), lengths=lengths_of_blocks, data=st.data())
@settings(max_examples=60, deadline=None)
def test_stems_are_the_same_bits_however_samples_arrive_and_of_any_range(recording, lengths, data):
    lengths = [max(length, recording.frames // 500) for length in lengths]
    expected = ma.separate(recording).wind.samples
    first = data.draw(st.integers(0, recording.frames - 1))
    last = data.draw(st.integers(first + 1, recording.frames))
    run = Run(InBlocks(recording, lengths), "PCM_16", None, keep=False)
    for begin, end in ((0, recording.frames), (first, last)):
        pairs = list(run.blocks(begin, end))
        samples, wind = (np.concatenate(parts, axis=1) for parts in zip(*pairs, strict=True))
        assert np.array_equal(samples, recording.samples[:, begin:end])
        assert np.array_equal(wind, expected[:, begin:end])


@given(recording=recordings(), lengths=lengths_of_blocks)
@settings(max_examples=40, deadline=None)
def test_levels_are_the_same_bits_however_samples_arrive(recording, lengths):
    lengths = [max(length, recording.frames // 500) for length in lengths]
    expected, found = (
        band_level(source, band=(20.0, 250.0)) for source in (recording, InBlocks(recording, lengths))
    )
    assert np.array_equal(found.level, expected.level)
    assert np.array_equal(found.usable, expected.usable)
    assert np.array_equal(found.spectra.density, expected.spectra.density)
