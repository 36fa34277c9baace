"""A channel read once, front to back: of each section its low band, and the power above.

The chunks that are worked out at once lie on a grid that is fixed to the first sample, so the numbers do not
depend on how the samples arrive, nor on which sections are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.separation.frames import SHORT_FRAMES, SHORT_FRAMES_BEFORE, Transforms
from marsaudio.separation.sections import FADE_SECONDS, Section
from marsaudio.separation.survey import Coverage
from marsaudio.spectra.stft import Samples, SampleSource, SlidingRange, Spectra

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

CHUNK_FRAMES = 64  # so many hops of the frames are worked out at once
LEAST_SHARE = 0.01  # a frame with less sound in it counts as having this much


@dataclass(frozen=True, eq=False)
class Heard:
    """One section of a channel, with the frames around it that have a say in it.

    Attributes
    ----------
    number : int
        Of the channel.
    section : Section
    first, last : int
        The frames from `first` up to `last` are held: the section's, and those around.
    transforms : Transforms
    coverage : Coverage
        Of all frames of the channel at the lower rate.
    low : ndarray of float32, shape (1, samples)
        The samples at the lower rate that the frames reach over; 0 beyond the ends of the recording.
    short_power : ndarray of float32, shape (short frames, high bands)
        The power above the wind's frequencies in the short frames within those frames.
    """

    number: int
    section: Section
    first: int
    last: int
    transforms: Transforms
    coverage: Coverage
    low: Samples
    short_power: Float32Array

    @property
    def sample_rate(self) -> float:
        """Of `low`, in Hz."""
        return self.transforms.resampler.low_rate

    @cached_property
    def high_power(self) -> FloatArray:
        """The power above the wind's frequencies in the frames that are held, shape (frames, high bands)."""
        share = np.maximum(self.coverage.share[self.first : self.last], LEAST_SHARE)
        return self.transforms.whole_frames(self.short_power) / share[:, np.newaxis]

    @cached_property
    def chosen(self) -> BoolArray:
        """Which of the frames that are held the section is learned from."""
        frames = np.arange(self.first, self.last)
        return np.asarray(self.coverage.usable[self.first : self.last] & self.section.holds(frames))

    @cached_property
    def fade(self) -> Float32Array:
        """How much the section counts in each frame that is held: it fades into its neighbours.

        Linearly, over ten seconds around their border; at the recording's own ends there is no fade.
        """
        length = FADE_SECONDS * self.transforms.frames_a_second
        frames, count = np.arange(self.first, self.last), len(self.coverage.usable)
        weight = np.ones(len(frames))
        if self.section.first > 0:
            weight = np.minimum(weight, (frames - self.section.first) / length + 0.5)
        if self.section.last < count:
            weight = np.minimum(weight, (self.section.last - frames) / length + 0.5)
        return np.clip(weight, 0.0, 1.0).astype(np.float32)

    def with_neighbours(self, first: int, last: int, context: int, bins: int) -> tuple[int, Spectra, slice]:
        """Spectra of the frames from `first` up to `last` and of their neighbours.

        Parameters
        ----------
        first, last : int
        context : int
            So many frames on both sides, as far as they are held.
        bins : int
            Of each frame, from 0 on.

        Returns
        -------
        number : int
            Of the first frame.
        spectra : ndarray of complex64, shape (1, frames, bins)
        core : slice
            Those of them that are no neighbours.
        """
        number = max(first - context, self.first)
        spectra = self.spectra(number, min(last + context, self.last), bins)
        return number, spectra, slice(first - number, last - number)

    def spectra(self, first: int, last: int, bins: int) -> Spectra:
        """Spectra of the frames from `first` up to `last`."""
        fourier = self.transforms.low
        begin, _ = fourier.span(self.first, self.last)
        start, stop = fourier.span(first, last)
        return fourier.transform(self.low[:, start - begin : stop - begin], bins)


def hear(
    channel: SampleSource,
    number: int,
    coverage: Coverage,
    sections: Sequence[Section],
    transforms: Transforms,
    *,
    around: int,
) -> Iterator[Heard]:
    """Read a channel once and give its sections.

    Parameters
    ----------
    channel : SampleSource
        One channel at the full rate, without offset and clicks.
    number : int
        Of the channel.
    coverage : Coverage
        Of its frames at the lower rate.
    sections : sequence of Section
        One after the other; what lies before the first and after the last is not read.
    transforms : Transforms
    around : int
        So many frames on both sides of each section are given with it.

    Yields
    ------
    Heard
    """
    count = len(coverage.usable)
    ranges = [(max(section.first - around, 0), min(section.last + around, count)) for section in sections]
    chunks = _Chunks(channel, transforms)
    for section, (first, last), (needed, _) in zip(
        sections, ranges, [*ranges[1:], (count, count)], strict=True
    ):
        yield Heard(number, section, first, last, transforms, coverage, *chunks.take(first, last, needed))


class _Chunks:
    """What is worked out of a channel, chunk by chunk, as far as it is still needed."""

    def __init__(self, channel: SampleSource, transforms: Transforms) -> None:
        self._channel, self._transforms = channel, transforms
        self._hop = transforms.low.hop_length
        self._low_frames = transforms.resampler.low_frames(channel.frames)
        self._coming: Iterator[tuple[Samples, Float32Array]] | None = None
        self._held: dict[int, tuple[Samples, Float32Array]] = {}

    def take(self, first: int, last: int, needed: int) -> tuple[Samples, Float32Array]:
        """Low band and short power of the frames from `first` up to `last`.

        Those from `needed` on will be asked for again, no earlier ones.
        """
        start, stop = self._transforms.low.span(first, last)
        begin, end = self._chunk_of(start), self._chunk_of(min(stop, self._low_frames) - 1) + 1
        keep_from = self._chunk_of(self._transforms.low.span(needed, needed + 1)[0])
        if self._coming is None:
            self._coming = map(self._work_out, self._stretches(begin))
        low = np.zeros((1, stop - start), dtype=np.float32)
        # Frame t holds the short frames 2 t - SHORT_FRAMES_BEFORE to six later.
        rows = 2 * first - SHORT_FRAMES_BEFORE
        short_power = np.zeros(
            (2 * (last - first - 1) + SHORT_FRAMES, len(self._transforms.high.first)), dtype=np.float32
        )
        for number in range(begin, end):
            samples, power = self._held.pop(number) if number in self._held else next(self._coming)
            place = number * CHUNK_FRAMES * self._hop
            _put(samples[:, : self._low_frames - place].T, place - start, low.T)
            _put(power, number * 2 * CHUNK_FRAMES - rows, short_power)
            if number >= keep_from:
                self._held[number] = samples, power
        return low, short_power

    def _chunk_of(self, sample: int) -> int:
        """The number of the chunk that a sample at the lower rate is in; the first for those before it."""
        return max(sample, 0) // (CHUNK_FRAMES * self._hop)

    def _stretches(self, chunk: int) -> Iterator[Samples]:
        """The samples that each chunk is made from, from one chunk on."""
        step = self._transforms.full.hop_length
        before, after = self._margins
        total = -(-self._low_frames // (CHUNK_FRAMES * self._hop))
        samples = SlidingRange.of(self._channel, max(chunk * CHUNK_FRAMES * step - before, 0))
        for number in range(chunk, total):
            start = number * CHUNK_FRAMES * step
            yield samples.take(start - before, start + CHUNK_FRAMES * step + after)

    def _work_out(self, stretch: Samples) -> tuple[Samples, Float32Array]:
        """The low band of a chunk, and the power above in the short frames that begin with it."""
        transforms = self._transforms
        short, margin = transforms.short, transforms.resampler.margin
        before, after = self._margins
        # After a chunk, only the resampler needs more of it.
        low = transforms.resampler.lower_stretch(
            stretch[:, before - margin : stretch.shape[1] - after + margin]
        )
        if not transforms.high.first.size:
            return low, np.zeros((2 * CHUNK_FRAMES, 0), dtype=np.float32)
        spectra = short.transform(stretch[:, before - short.hop_length : stretch.shape[1] - after])
        power = transforms.density(spectra[0, :, transforms.high.first[0] :], short)
        return low, transforms.high.mean(power).astype(np.float32)

    @property
    def _margins(self) -> tuple[int, int]:
        """So many samples before and after a chunk are needed for it."""
        margin = self._transforms.resampler.margin
        return max(margin, self._transforms.short.hop_length), margin


def _put(part: npt.NDArray[np.float32], place: int, whole: npt.NDArray[np.float32]) -> None:
    """Put rows into others, as far as they lie within them."""
    first, last = max(place, 0), min(place + len(part), len(whole))
    if first < last:
        whole[first:last] = part[first - place : last - place]
