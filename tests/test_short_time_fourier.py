"""The one transform: its grid of frames, its inverse, and that blocks do not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marsaudio as ma
from marsaudio.spectra.stft import ShortTimeFourier, hann, with_context


class InBlocks:
    """A recording that arrives in blocks of given lengths."""

    channels = 1

    def __init__(self, samples, lengths):
        self.samples, self.lengths = samples[np.newaxis], lengths
        self.sample_rate, self.frames = 8000, len(samples)

    def blocks(self, *, first=0):
        start = first
        while start < self.frames:
            for length in self.lengths:
                if start < self.frames:
                    yield self.samples[:, start : start + length]
                start += length


def noise(frames, seed=0):
    return np.random.default_rng(seed).standard_normal(frames).astype(np.float32)


def all_spectra(fourier, source):
    return np.concatenate([spectra for _, spectra in fourier.batches(source)], axis=1)


@given(frames=st.integers(1, 5000), hop=st.sampled_from([1, 16, 60, 64]))
@settings(max_examples=60, deadline=None)
def test_the_inverse_gives_back_every_sample_of_any_length(frames, hop):
    samples = noise(frames)
    fourier = ShortTimeFourier(4 * hop, hop, hann(4 * hop), padded=True)
    recording = ma.Recording(samples, 8000)
    parts = list(fourier.inverse(fourier.batches(recording), frames))
    restored = np.concatenate(parts, axis=1)
    assert restored.shape == (1, frames)
    assert np.abs(restored[0] - samples).max() < 2e-6 * max(np.abs(samples).max(), 1)


@given(lengths=st.lists(st.integers(1, 3000), min_size=1, max_size=5), padded=st.booleans())
@settings(max_examples=40, deadline=None)
def test_spectra_do_not_depend_on_the_blocks_that_samples_arrive_in(lengths, padded):
    samples = noise(4321)
    fourier = ShortTimeFourier(256, 64, hann(256), padded=padded)
    whole = all_spectra(fourier, ma.Recording(samples, 8000))
    in_blocks = all_spectra(fourier, InBlocks(samples, lengths))
    assert np.array_equal(whole, in_blocks)


def test_a_frame_is_the_windowed_transform_of_its_samples():
    samples = noise(1000)
    fourier = ShortTimeFourier(100, 25, hann(100), padded=False)
    spectra = all_spectra(fourier, ma.Recording(samples, 8000))[0]
    expected = np.fft.rfft(samples[75:175] * np.hanning(101)[:-1])
    assert np.allclose(spectra[3], expected, atol=1e-5)


def test_frames_are_named_by_their_centres():
    fourier = ShortTimeFourier(100, 25, hann(100), padded=False)
    assert fourier.centres(3, 1000).tolist() == [0.05, 0.075, 0.1]


def test_unpadded_frames_all_lie_inside():
    fourier = ShortTimeFourier(100, 25, hann(100), padded=False)
    assert [fourier.frame_count(n) for n in (99, 100, 124, 125, 1000)] == [0, 1, 1, 2, 37]


def test_a_hop_that_does_not_add_up_to_a_constant_is_refused():
    fourier = ShortTimeFourier(100, 50, hann(100), padded=True)
    recording = ma.Recording(noise(500), 8000)
    with pytest.raises(ma.ParameterError, match="hop of a quarter"):
        list(fourier.inverse(fourier.batches(recording), 500))


@given(context=st.integers(0, 80), frames=st.integers(1, 90000))
@settings(max_examples=40, deadline=None)
def test_each_frame_is_in_exactly_one_core_with_its_neighbours_around_it(context, frames):
    fourier = ShortTimeFourier(8192, 2048, hann(8192), padded=True)
    recording = ma.Recording(noise(frames), 8000)
    whole = all_spectra(fourier, recording)
    count = whole.shape[1]
    position = 0
    for first, spectra, core in with_context(fourier.batches(recording), context):
        assert np.array_equal(spectra, whole[:, first : first + spectra.shape[1]])
        assert first + core.start == position
        assert first <= max(position - context, 0)
        position = first + core.stop
        assert first + spectra.shape[1] >= min(position + context, count)
    assert position == count
