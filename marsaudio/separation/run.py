"""One run of the separation over a source: look, then section by section hear, learn, and give the wind.

    survey ─> sections ─> hear ─> learn ─> wind_of ─> one after the other ─> the full rate

Sections are independent of each other once the recording was looked over, and each fades into the next. All
of it works on any source of samples in blocks, a recording in memory or a file, on grids that are fixed to
its first sample: so whole, block by block or for a range of it, the numbers are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from marsaudio.formats import audio
from marsaudio.formats.encodings import FAINTEST_SAMPLE, LARGEST_SAMPLE
from marsaudio.separation.clicks import WithoutClicks
from marsaudio.separation.frames import OneChannel, Transforms
from marsaudio.separation.gain import CONTEXT_FRAMES
from marsaudio.separation.hearing import Heard, hear
from marsaudio.separation.learning import Learned, learn
from marsaudio.separation.line_removal import context_frames
from marsaudio.separation.model import WindModel
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.sections import FADE_SECONDS, Section, find_sections
from marsaudio.separation.survey import Coverage, Silence, Survey, silences_between, survey
from marsaudio.separation.wind_stem import Stretch, wind_of
from marsaudio.spectra.stft import Samples, SampleSource, SlidingRange
from marsaudio.spectra.threads import one_thread

logger = logging.getLogger("marsaudio")

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
    silences : sequence of Silence
        Digital silence in it, in which there is no wind either.
    """

    number: int
    source: WithoutClicks
    coverage: Coverage
    sections: tuple[Section, ...]
    silences: Sequence[Silence]


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

    def blocks(self, first: int = 0, last: int | None = None) -> Iterator[tuple[Samples, Samples]]:
        """Give the source's samples and the wind in them, block by block.

        Parameters
        ----------
        first, last : int
            From sample `first` up to `last`, the end where it is not given. Of the sections, those are
            learned from that have a say in it.
        """
        last = self._source.frames if last is None else last
        self._models, self.learned = [], []
        samples = SlidingRange.of(self._source, first)
        place = first
        with one_thread():
            winds = [self._wind(channel, first, last) for channel in self._channels]
            for parts in zip(*winds, strict=True):
                wind = np.concatenate(parts, axis=0) if len(parts) > 1 else parts[0]
                if len(wind) < self._source.channels:
                    wind = np.repeat(wind, self._source.channels, axis=0)
                both = samples.take(place, place + wind.shape[1])
                yield both, within_exact_sums(wind, both, self._step)
                place += wind.shape[1]
        for note in sorted(self.notes):
            logger.warning("%s", note)

    def learn(self) -> tuple[WindModel, ...]:
        """Learn from all sections, as `blocks` does, without giving the wind."""
        self._models, self.learned = [], []
        around = frames_around(self._transforms)
        with one_thread():
            for channel in self._channels:
                for heard in hear(
                    channel.source,
                    channel.number,
                    channel.coverage,
                    channel.sections,
                    self._transforms,
                    around=around,
                ):
                    self._models.append(learn(heard, self._reference).model)
        return self.models

    def _wind(self, channel: Channel, first: int, last: int) -> Iterator[Samples]:
        """The wind of a channel at the full rate, on the grid of the samples' steps."""
        resampler, step = self._transforms.resampler, np.float32(self._step)
        low_range = resampler.low_range(first, last)
        begin, end = self._transforms.low.span(0, 2 * frames_faded(self._transforms))
        stretches = self._winds_of_sections(channel, *low_range)
        low = one_after_the_other(stretches, low_range[0], shared=end - begin)
        place = first
        for raised in resampler.higher(low, first, last, channel.source.frames):
            wind = raised / step
            np.rint(wind, out=wind)
            wind *= step
            stop = place + wind.shape[1]
            for silence in silences_between(channel.silences, place, stop):
                wind[:, max(silence.start - place, 0) : silence.stop - place] = 0.0
            place = stop
            yield wind

    def _winds_of_sections(self, channel: Channel, first: int, last: int) -> Iterator[Stretch]:
        """The wind of each section that has a say in the samples at the lower rate from first up to last."""
        transforms = self._transforms
        fade = frames_faded(transforms)
        sections = [
            section
            for section in channel.sections
            if transforms.low.span(section.first - fade, 0)[0] < last
            and transforms.low.span(section.first, section.last + fade)[1] > first
        ]
        around = frames_around(transforms)

        def wind(heard: Heard) -> Stretch:
            learned = learn(heard, self._reference)
            self._models.append(learned.model)
            if self._keep:
                self.learned.append(learned)
            return wind_of(learned, first, last)

        # No name here holds a section while the next one is heard: each takes a quarter of the memory.
        return map(
            wind, hear(channel.source, channel.number, channel.coverage, sections, transforms, around=around)
        )


def distinct_channels(source: SampleSource, looked: Survey, transforms: Transforms) -> list[Channel]:
    """The channels of a source that was looked over; one where all are equal."""
    channels = []
    for number in range(1 if looked.equal_channels else source.channels):
        clicks = looked.clicks(number, source.sample_rate)
        silences = looked.silences(number)
        channel = WithoutClicks(OneChannel(source, number, looked.offset(number), silences), clicks)
        low_frames = transforms.resampler.low_frames(source.frames)
        coverage = looked.coverage(number, transforms.low, low_frames, factor=transforms.resampler.factor)
        seconds = source.frames / source.sample_rate
        sections = find_sections(looked.activity[number], seconds, len(coverage.usable))
        channels.append(Channel(number, channel, coverage, tuple(sections), silences))
    return channels


def frames_faded(transforms: Transforms) -> int:
    """How many frames beyond its border a section fades into the next one."""
    return int(np.ceil(FADE_SECONDS / 2 * transforms.frames_a_second))


def frames_around(transforms: Transforms) -> int:
    """How many frames on both sides of a section have a say in it, or fade into the next one."""
    overlap = transforms.low.n_fft // transforms.low.hop_length
    context = context_frames(transforms.frames_a_second)
    return frames_faded(transforms) + CONTEXT_FRAMES + overlap + context


def one_after_the_other(stretches: Iterable[Stretch], first: int, *, shared: int) -> Iterator[Samples]:
    """Stretches that overlap as one, piece by piece: what is in two of them is added.

    Parameters
    ----------
    stretches : iterable of Stretch
        Each begins where the one before has so many samples left, or fewer.
    first : int
        Give the samples from this one on.
    shared : int
    """
    held, place = np.zeros((1, 0), dtype=np.float32), first  # from sample `place` on, not complete yet
    for stretch in stretches:
        position = stretch.start
        for piece in stretch.pieces:
            inside = piece[:, max(place - position, 0) :]
            begin = max(position - place, 0)
            position += piece.shape[1]
            both = held[:, begin : begin + inside.shape[1]]
            both += inside[:, : both.shape[1]]
            held = np.concatenate([held, inside[:, both.shape[1] :]], axis=1)
            complete = position - shared - place
            if complete > 0:
                yield held[:, :complete]
                held, place = held[:, complete:], place + complete
    yield held


def within_exact_sums(wind: Samples, samples: Samples, step: float) -> Samples:
    """The wind, nowhere so loud that float32 could not hold it, or the rest, on the grid of the steps.

    With 24 bits it holds multiples of a step up to 2**24 of them, twice what the samples reach; beyond
    LARGEST_SAMPLE nothing is sound. Only of what was overdriven is either stem louder, where the sound over
    the edge is no one's.
    """
    limit = np.float32(min(2.0**24 * step, LARGEST_SAMPLE))
    # Else the samples reach no more than half of the limit, so that the rest is within it as well.
    if limit == 2.0**24 * step and max(wind.max(initial=0.0), -wind.min(initial=0.0)) <= limit / 2:
        return wind
    return np.clip(wind, np.maximum(samples - limit, -limit), np.minimum(samples + limit, limit))


def grid_step(encoding: str | None, peak: float) -> float:
    """The step that one stem is rounded to, so that the other is one exact subtraction.

    For 8- to 24-bit integers their own step; else 2**-23 of the peak, rounded up to a power of two: on that
    grid every 24-bit recording's samples lie too, and float32 holds each sum exactly.
    """
    bits = audio.INTEGER_BITS.get(encoding or "", GRID_BITS + 1)
    if bits <= GRID_BITS:
        return float(2.0 ** (1 - bits))
    # Of what is fainter there is no wind, and the step would be nothing in single precision.
    exponent = np.ceil(np.log2(max(peak, FAINTEST_SAMPLE))) if peak > 0 else 0.0
    return float(2.0 ** (exponent - GRID_BITS + 1))
