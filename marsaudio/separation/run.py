"""One run of the separation over a source: look, then section by section hear, learn, and give the wind.

    survey ─> sections ─> hear ─> learn ─> wind_of ─> one after the other ─> the full rate

Sections are independent of each other once the recording was looked over, and each fades into the next. All
of it works on any source of samples in blocks, a recording in memory or a file, on grids that are fixed to
its first sample: so whole, block by block or for a range of it, on one thread or several, the numbers are
the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from marsaudio.formats import audio
from marsaudio.separation.clicks import WithoutClicks
from marsaudio.separation.frames import OneChannel, Transforms
from marsaudio.separation.gain import CONTEXT_FRAMES
from marsaudio.separation.hearing import Heard, hear
from marsaudio.separation.learning import Learned, learn
from marsaudio.separation.line_removal import context_frames
from marsaudio.separation.model import WindModel
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.sections import FADE_SECONDS, Section, find_sections
from marsaudio.separation.survey import Coverage, Survey, survey
from marsaudio.separation.wind_stem import Stretch, wind_of
from marsaudio.spectra.stft import Samples, SampleSource, SlidingRange
from marsaudio.spectra.threads import in_order, threads

logger = logging.getLogger("marsaudio")

PIECE_SAMPLES = 2**16  # that are handed on at once, so that longer ones need not be copied
GRID_BITS = 24  # what float32 holds exactly


@dataclass(frozen=True, eq=False)
class Channel:
    """One channel of a source, after the source was looked over.

    Attributes
    ----------
    number : int
    source : WithoutClicks
        The channel, without its offset and its clicks.
    coverage : Coverage
        Of its frames at the lower rate.
    sections : tuple of Section
    """

    number: int
    source: WithoutClicks
    coverage: Coverage
    sections: tuple[Section, ...]


class Run:
    """A separation of a source.

    Parameters
    ----------
    source : SampleSource
    encoding : str or None
        Of the source's samples, which the stems are rounded like.
    reference : RoverReference or None
    keep : bool
        Keep all that was learned, section by section, and not the models alone.

    Attributes
    ----------
    models : list of WindModel
        What was learned, channel by channel and section by section, once `blocks` has come to its end.
    learned : list of Learned
        With what it was learned from, if that is kept.
    """

    def __init__(
        self, source: SampleSource, encoding: str | None, reference: RoverReference | None, *, keep: bool
    ) -> None:
        self._source, self._reference, self._keep = source, reference, keep
        self._transforms = Transforms.at(source.sample_rate)
        looked = survey(source, self._transforms.resampler.factor)
        self._step = grid_step(encoding, looked.peak)
        self._channels = distinct_channels(source, looked, self._transforms)
        self._models: list[WindModel] = []
        self.learned: list[Learned] = []

    @property
    def models(self) -> tuple[WindModel, ...]:  # noqa: D102
        return tuple(sorted(self._models, key=lambda model: (model.channel, model.start)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the result must know, once each."""
        of_reference = self._reference.notes if self._reference else ()
        of_models = (note for model in self.models for note in model.notes)
        return tuple(dict.fromkeys((*(f"Of the reference: {note}" for note in of_reference), *of_models)))

    def blocks(self) -> Iterator[tuple[Samples, Samples]]:
        """Give the source's samples and the wind in them, block by block."""
        self._models, self.learned = [], []
        samples = SlidingRange.of(self._source)
        place = 0
        with threads() as pool:
            winds = [self._wind(channel, pool) for channel in self._channels]
            for parts in zip(*winds, strict=True):
                wind = np.concatenate(parts, axis=0) if len(parts) > 1 else parts[0]
                if len(wind) < self._source.channels:
                    wind = np.repeat(wind, self._source.channels, axis=0)
                yield samples.take(place, place + wind.shape[1]), wind
                place += wind.shape[1]
        for note in sorted(self.notes):
            logger.warning("%s", note)

    def _wind(self, channel: Channel, pool: Executor) -> Iterator[Samples]:
        """The wind of a channel at the full rate, on the grid of the samples' steps."""
        resampler = self._transforms.resampler
        low = _one_after_the_other(self._winds_of_sections(channel, pool))
        left, step = channel.source.frames, np.float32(self._step)

        def raised(stretch: Samples) -> Samples:
            wind = resampler.raise_stretch(stretch) / step
            np.rint(wind, out=wind)
            wind *= step
            return wind

        for wind in in_order(pool, raised, resampler.stretches(low, left)):
            yield wind[:, :left]
            left -= wind.shape[1]

    def _winds_of_sections(self, channel: Channel, pool: Executor) -> Iterator[Stretch]:
        transforms = self._transforms
        sections = hear(
            channel.source,
            channel.number,
            channel.coverage,
            channel.sections,
            transforms,
            around=frames_around(transforms),
            pool=pool,
        )

        def separate(heard: Heard) -> Stretch:
            learned = learn(heard, self._reference, pool)
            self._models.append(learned.model)
            if self._keep:
                self.learned.append(learned)
            return wind_of(learned, pool)

        # One section at a time, while the next is heard and the one before is written.
        with threads(1) as sections_thread:
            yield from in_order(sections_thread, separate, sections)


def distinct_channels(source: SampleSource, looked: Survey, transforms: Transforms) -> list[Channel]:
    """The channels of a source that was looked over; one where all are equal."""
    channels = []
    for number in range(1 if looked.equal_channels else source.channels):
        clicks = looked.clicks(number, source.sample_rate)
        channel = WithoutClicks(OneChannel(source, number, looked.offset(number)), clicks)
        low_frames = transforms.resampler.low_frames(source.frames)
        coverage = looked.coverage(number, transforms.low, low_frames, factor=transforms.resampler.factor)
        seconds = source.frames / source.sample_rate
        sections = find_sections(looked.activity[number], seconds, len(coverage.usable))
        channels.append(Channel(number, channel, coverage, tuple(sections)))
    return channels


def frames_around(transforms: Transforms) -> int:
    """How many frames on both sides of a section have a say in it, or fade into the next one."""
    overlap = transforms.low.n_fft // transforms.low.hop_length
    fade = int(np.ceil(FADE_SECONDS / 2 * transforms.frames_a_second))
    return fade + CONTEXT_FRAMES + overlap + context_frames(transforms.frames_a_second)


def _one_after_the_other(stretches: Iterable[Stretch]) -> Iterator[Samples]:
    """Stretches that overlap as one, from sample 0 on, piece by piece: what is in two of them is added."""
    held: Stretch | None = None
    for stretch in stretches:
        if held is not None:
            stretch.samples[:, : held.stop - stretch.start] += held.from_sample(stretch.start)
            yield from _in_pieces(held.from_sample(0)[:, : stretch.start - max(held.start, 0)])
        held = stretch
    if held is not None:
        yield from _in_pieces(held.from_sample(0))


def _in_pieces(samples: Samples) -> Iterator[Samples]:
    for start in range(0, samples.shape[1], PIECE_SAMPLES):
        yield samples[:, start : start + PIECE_SAMPLES]


def grid_step(encoding: str | None, peak: float) -> float:
    """The step that one stem is rounded to, so that the other is one exact subtraction.

    For 8- to 24-bit integers their own step; else 2**-23 of the peak, rounded up to a power of two: on that
    grid every 24-bit recording's samples lie too, and float32 holds each sum exactly.
    """
    bits = audio.INTEGER_BITS.get(encoding or "", GRID_BITS + 1)
    if bits <= GRID_BITS:
        return float(2.0 ** (1 - bits))
    exponent = np.ceil(np.log2(peak)) if peak > 0 else 0.0
    return float(2.0 ** (exponent - GRID_BITS + 1))
