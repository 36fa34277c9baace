"""The part of a recording that wind can be in, at a lower rate: there and back.

Wind is looked for below 4 kHz. At 48 kHz that is a sixth of the spectrum, so the model and the gain work on
the recording at a quarter of its rate, and the wind comes back at the full rate; only the look at
what lies above is done on all of it.

y(m) = sum_n h(n) x(m D - n) and back x(n) = D sum_m h(n - m D) y(m), h a symmetric low-pass of finite length
without delay that leaves everything up to 4 kHz as it is. Only what is kept is worked out: a row of samples
times a matrix of shifted copies of h, which is quicker than fast convolution since h is short. The rows are
on a grid that is fixed to the first sample, so the numbers do not depend on how the samples arrive.

Source: R. E. Crochiere and L. R. Rabiner, *Multirate Digital Signal Processing* (1983), chapters 2 and 3
(block and polyphase forms); the window of h: J. F. Kaiser, "Nonrecursive digital filter design using the
I0-sinh window function", Proc. IEEE Int. Symp. Circuits and Systems (1974).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.spectra.sample_rates import require_sample_rate
from marsaudio.spectra.stft import Samples, SampleSource, SlidingRange

HIGHEST_WIND = 4000.0  # Hz; above it everything is the rover's
HIGHEST_LINE = HIGHEST_WIND + 30.0  # Hz; a line that near reaches into the bins below
LOWEST_RATE = 2.5 * HIGHEST_WIND  # room for the filter to fall between HIGHEST_WIND and its image
STOP_BAND_DB = 90.0  # below half a step of 16 bits
SEGMENT = 2**16  # samples at the low rate that are worked out at once on the way down or up
BLOCK = 32  # of them in a row of a matrix product


@dataclass(frozen=True)
class Resampler:
    """Between a rate and that rate over a whole number.

    Parameters
    ----------
    sample_rate : float
        The full rate, in Hz.
    factor : int
        Full-rate samples to one at the low rate; 1 leaves everything as it is.
    """

    sample_rate: float
    factor: int

    @classmethod
    def for_wind(cls, sample_rate: float) -> Resampler:
        """To the lowest rate that holds all wind."""
        require_sample_rate(sample_rate)
        return cls(sample_rate, max(int(sample_rate // LOWEST_RATE), 1))

    @property
    def low_rate(self) -> float:
        """In Hz."""
        return self.sample_rate / self.factor

    def low_frames(self, frames: int) -> int:
        """How many samples at the low rate so many at the full rate become."""
        return -(-frames // self.factor)

    def lower(self, source: SampleSource, first: int = 0) -> Iterator[Samples]:
        """Give a source's samples at the low rate, from one on."""
        if self.factor == 1:
            yield from source.blocks(first=first)
            return
        begun = first // SEGMENT * SEGMENT
        samples = SlidingRange.of(source, max(begun * self.factor - self.margin, 0))
        total = self.low_frames(source.frames)
        for begin in range(begun, total, SEGMENT):
            start, stop = begin * self.factor, (begin + SEGMENT) * self.factor
            low = self.lower_stretch(samples.take(start - self.margin, stop + self.margin))
            yield low[:, max(first - begin, 0) : total - begin]

    def lower_stretch(self, samples: Samples) -> Samples:
        """A stretch of n BLOCK factor samples, with a `margin` on both sides, at the low rate."""
        if self.factor == 1:
            return samples
        rows = _rows(samples[0], BLOCK * self.factor, 2 * self.margin)
        return np.asarray((rows @ self._lowering).reshape(1, -1))

    def higher(self, low: Iterable[Samples], first: int, last: int, frames: int) -> Iterator[Samples]:
        """Give samples at the full rate from `first` up to `last`, from those at the low rate.

        Parameters
        ----------
        low : iterable of ndarray of float32, shape (1, samples)
            One after the other those of `low_range`, as far as the source goes; beyond, they count as 0.
        first, last : int
        frames : int
            How many samples at the full rate the source has.

        Yields
        ------
        ndarray of float32, shape (1, samples)
        """
        begin, end = self.low_range(first, last)
        samples = SlidingRange(low, 1, min(end, self.low_frames(frames)), begin)
        for place in range(first // self.factor // SEGMENT * SEGMENT, self.low_frames(last), SEGMENT):
            stretch = samples.take(place - self.low_margin, place + SEGMENT + self.low_margin)
            start = place * self.factor
            yield self._raise_stretch(stretch)[:, max(first - start, 0) : last - start]

    def low_range(self, first: int, last: int) -> tuple[int, int]:
        """The samples at the low rate that have a say in those at the full rate from first up to last."""
        start, stop = first // self.factor // SEGMENT, -(-self.low_frames(last) // SEGMENT)
        return max(start * SEGMENT - self.low_margin, 0), stop * SEGMENT + self.low_margin

    def _raise_stretch(self, low: Samples) -> Samples:
        """A stretch of n BLOCK low samples, with a `low_margin` on both sides, at the full rate."""
        if self.factor == 1:
            return low
        return np.asarray((_rows(low[0], BLOCK, 2 * self.low_margin) @ self._raising).reshape(1, -1))

    @property
    def margin(self) -> int:
        """So many samples at the full rate on each side have a say in one at the low rate."""
        return 0 if self.factor == 1 else self._half_length

    @property
    def low_margin(self) -> int:
        """So many samples at the low rate on each side have a say in one at the full rate."""
        return 0 if self.factor == 1 else -(-self._half_length // self.factor)

    @cached_property
    def _half_length(self) -> int:
        """Kaiser's estimate of the length that falls by STOP_BAND_DB between the two edges."""
        width = 2 * np.pi * (self.low_rate - 2 * HIGHEST_WIND) / self.sample_rate
        return int(np.ceil((STOP_BAND_DB - 7.95) / (2.285 * width) / 2))

    @cached_property
    def _impulse(self) -> npt.NDArray[np.float64]:
        """h, from -half_length to half_length."""
        half = self._half_length
        place = np.arange(-half, half + 1)
        impulse = np.sinc(place / self.factor) * np.kaiser(len(place), 0.1102 * (STOP_BAND_DB - 8.7))
        return np.asarray(impulse / impulse.sum())

    @cached_property
    def _lowering(self) -> npt.NDArray[np.float32]:
        """What turns a row of samples at the full rate into BLOCK samples at the low rate."""
        rows = BLOCK * self.factor + 2 * self._half_length
        matrix = np.zeros((rows, BLOCK))
        for m in range(BLOCK):
            matrix[m * self.factor : m * self.factor + len(self._impulse), m] = self._impulse
        return matrix.astype(np.float32)

    @cached_property
    def _raising(self) -> npt.NDArray[np.float32]:
        """What turns a row of samples at the low rate into BLOCK times `factor` samples at the full rate."""
        half, guard = self._half_length, self.low_margin
        place = np.arange(BLOCK * self.factor) - self.factor * (np.arange(BLOCK + 2 * guard) - guard)[:, None]
        inside = np.abs(place) <= half
        matrix = np.where(inside, self.factor * self._impulse[np.clip(place + half, 0, 2 * half)], 0.0)
        return matrix.astype(np.float32)


def _rows(samples: npt.NDArray[np.float32], step: int, overlap: int) -> npt.NDArray[np.float32]:
    """Rows of samples, each `step` further and `overlap` longer than that."""
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(samples, step + overlap)[::step])


@dataclass(frozen=True)
class LowBand:
    """A source of one channel at the lower rate, as a source."""

    source: SampleSource
    resampler: Resampler
    channels: int = 1

    @property
    def sample_rate(self) -> float:
        """In Hz."""
        return self.resampler.low_rate

    @property
    def frames(self) -> int:
        """How many samples there are."""
        return self.resampler.low_frames(self.source.frames)

    def blocks(self, *, first: int = 0) -> Iterator[Samples]:
        """Give the samples from one on."""
        return self.resampler.lower(self.source, first)
