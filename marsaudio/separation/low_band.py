"""The part of a recording that wind can be in, at a lower rate: there and back.

Wind is looked for below 4 kHz. At 48 kHz that is a sixth of the spectrum, so the model and the gain work on
the recording at a quarter of its rate, and the wind comes back at the full rate; only the look at
what lies above is done on all of it.

y(m) = sum_n h(n) x(m D - n) and back x(n) = D sum_m h(n - m D) y(m), h a symmetric low-pass of finite length
without delay that leaves everything up to 4 kHz as it is. Both are fast convolutions on a grid of segments
that is fixed to the first sample, so the numbers do not depend on how the samples arrive.

Source: R. E. Crochiere and L. R. Rabiner, *Multirate Digital Signal Processing* (1983), chapter 2;
overlap-save: T. G. Stockham, "High-speed convolution and correlation", AFIPS Spring Joint Computer
Conf. (1966), doi:10.1145/1464182.1464209; the window of h: J. F. Kaiser, "Nonrecursive digital filter
design using the I0-sinh window function", Proc. IEEE Int. Symp. Circuits and Systems (1974).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.spectra.stft import Samples, SampleSource, SlidingRange

HIGHEST_WIND = 4000.0  # Hz; above it everything is the rover's
LOWEST_RATE = 2.5 * HIGHEST_WIND  # room for the filter to fall between HIGHEST_WIND and its image
STOP_BAND_DB = 90.0  # below half a step of 16 bits
SEGMENT = 8192  # samples at the low rate in a segment
HELD_SAMPLES = 2**23  # a recording of up to this many samples at the low rate is lowered once and kept


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
        return cls(sample_rate, max(int(sample_rate // LOWEST_RATE), 1))

    @property
    def low_rate(self) -> float:
        """In Hz."""
        return self.sample_rate / self.factor

    def low_frames(self, frames: int) -> int:
        """How many samples at the low rate so many at the full rate become."""
        return -(-frames // self.factor)

    def lower(self, source: SampleSource) -> Iterator[Samples]:
        """Give a source's samples at the low rate."""
        import scipy.fft

        if self.factor == 1:
            yield from source.blocks()
            return
        samples = SlidingRange(source)
        total = self.low_frames(source.frames)
        for first, count in self._segments(total):
            start = (first - self._guard) * self.factor
            spectrum = scipy.fft.rfft(samples.take(start, start + SEGMENT * self.factor), axis=-1)
            # One sample in `factor` is kept: what the filter leaves above half the low rate folds down.
            passed = spectrum[:, : SEGMENT + 1] * self._response[: SEGMENT + 1]
            folded = passed[:, : SEGMENT // 2 + 1] + passed[:, : SEGMENT // 2 - 1 : -1].conj()
            low = scipy.fft.irfft(folded, n=SEGMENT, axis=-1) / np.float32(self.factor)
            yield low[:, self._guard : self._guard + count]

    def raise_again(self, blocks: Iterable[Samples], frames: int) -> Iterator[Samples]:
        """Give samples at the low rate, with nothing above 4 kHz, at the full rate: `frames` of them."""
        import scipy.fft

        if self.factor == 1:
            yield from blocks
            return
        total = self.low_frames(frames)
        samples = SlidingRange(_Blocks(blocks, total))
        for first, count in self._segments(total):
            low = samples.take(first - self._guard, first - self._guard + SEGMENT)
            spectrum = scipy.fft.rfft(low, axis=-1)
            images = np.concatenate([spectrum, spectrum[:, -2::-1].conj()], axis=-1)
            full = np.zeros((len(low), SEGMENT * self.factor // 2 + 1), dtype=np.complex64)
            kept = min(SEGMENT + 1, full.shape[1])
            full[:, :kept] = images[:, :kept] * (self._response[:kept] * np.float32(self.factor))
            whole = scipy.fft.irfft(full, n=SEGMENT * self.factor, axis=-1)
            start = self._guard * self.factor
            stop = min((first + count) * self.factor, frames) - first * self.factor
            yield whole[:, start : start + stop]

    def _segments(self, total: int) -> Iterator[tuple[int, int]]:
        """The first sample of each segment's valid part, and how long that is, at the low rate."""
        valid = SEGMENT - 2 * self._guard
        for first in range(0, total, valid):
            yield first, min(valid, total - first)

    @property
    def _guard(self) -> int:
        """Samples at the low rate that the filter reaches to each side."""
        return -(-self._half_length // self.factor)

    @property
    def _half_length(self) -> int:
        """Kaiser's estimate of the length that falls by STOP_BAND_DB between the two edges."""
        width = 2 * np.pi * (self.low_rate - 2 * HIGHEST_WIND) / self.sample_rate
        return int(np.ceil((STOP_BAND_DB - 7.95) / (2.285 * width) / 2))

    @cached_property
    def _response(self) -> npt.NDArray[np.float32]:
        """The filter's response, which is real, in the bins of a full-rate segment."""
        half = self._half_length
        place = np.arange(-half, half + 1)
        impulse = np.sinc(place / self.factor) * np.kaiser(len(place), 0.1102 * (STOP_BAND_DB - 8.7))
        segment = np.zeros(SEGMENT * self.factor)
        segment[place] = impulse / impulse.sum()
        return np.asarray(np.fft.rfft(segment).real, dtype=np.float32)


@dataclass(frozen=True)
class _Blocks:
    """Blocks of one channel's samples that can be read once, as a source."""

    held: Iterable[Samples]
    frames: int
    channels: int = 1
    sample_rate: float = 0.0

    def blocks(self) -> Iterator[Samples]:
        yield from self.held


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

    def blocks(self) -> Iterator[Samples]:
        """Give the samples."""
        if self.resampler.factor == 1 or self.frames > HELD_SAMPLES:
            return self.resampler.lower(self.source)
        return iter(self._held)

    @cached_property
    def _held(self) -> list[Samples]:
        return list(self.resampler.lower(self.source))
