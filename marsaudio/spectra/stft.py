"""The one short-time Fourier transform: whole or in blocks, forth and back, the same bits.

Frames lie on one grid that is fixed to the recording's first sample, and are transformed in batches
that are fixed to that grid. So the numbers do not depend on how the samples arrive: from memory, or
from a file in blocks of any length.

X(t, k) = sum_n x(n + s_t) w(n) exp(-2 pi i k n / N),  s_t = s_0 + t H

Source: J. B. Allen, "Short term spectral analysis, synthesis, and modification by discrete Fourier
transform", IEEE Trans. ASSP 25 (1977), doi:10.1109/TASSP.1977.1162950; D. W. Griffin and J. S. Lim,
"Signal estimation from modified short-time Fourier transform", IEEE Trans. ASSP 32 (1984),
doi:10.1109/TASSP.1984.1164317 (the weighted overlap-add used here).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError

Samples = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

CACHED_SAMPLES = 2**18  # samples of windowed frames that are transformed at once, for each channel: 1 MiB
BATCH_SAMPLES = 2**19  # samples of windowed frames in a batch and channel: 2 MiB, about a cache


class SampleSource(Protocol):
    """What the engine reads: a `marsaudio.Recording`, or an open audio file."""

    @property
    def sample_rate(self) -> float: ...  # noqa: D102

    @property
    def channels(self) -> int: ...  # noqa: D102

    @property
    def frames(self) -> int: ...  # noqa: D102

    def blocks(self, *, first: int = 0) -> Iterator[Samples]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class OneChannelOf:
    """A source of one channel that is made from another source, as long and at the same rate."""

    source: SampleSource

    @property
    def sample_rate(self) -> float:
        """Samples a second, in Hz."""
        return self.source.sample_rate

    @property
    def channels(self) -> int:
        """One."""
        return 1

    @property
    def frames(self) -> int:
        """How many samples there are."""
        return self.source.frames


def hann(n: int) -> npt.NDArray[np.float32]:
    """The periodic Hann window of n samples, w(i) = sin(pi i / n)**2."""
    return np.asarray(np.sin(np.pi * np.arange(n) / n) ** 2, dtype=np.float32)


@dataclass(frozen=True)
class ShortTimeFourier:
    """A grid of frames over a recording, and the transforms on it.

    Parameters
    ----------
    n_fft, hop_length : int
        Samples in a frame, and from one frame to the next.
    window : ndarray of float32, shape (n_fft,)
        The analysis window; the inverse uses it again.
    padded : bool
        True: frames reach over both ends, where the signal counts as zero, so that each sample is
        covered by equally many frames and the inverse gives all of them. False: only frames that lie
        inside.
    batch_samples : int
        Samples of windowed frames that are transformed at once, for each channel.
    """

    n_fft: int
    hop_length: int
    window: Samples
    padded: bool
    batch_samples: int = BATCH_SAMPLES

    @property
    def bins(self) -> int:
        """Frequencies from 0 to half the sample rate."""
        return self.n_fft // 2 + 1

    @property
    def first_start(self) -> int:
        """The sample at which frame 0 starts; negative where frames are padded."""
        return self.hop_length - self.n_fft if self.padded else 0

    def frame_count(self, frames: int) -> int:
        """How many frames a recording of so many samples has."""
        if self.padded:
            return -(-(frames + self.n_fft - self.hop_length) // self.hop_length)
        return 1 + (frames - self.n_fft) // self.hop_length if frames >= self.n_fft else 0

    def frequencies(self, sample_rate: float) -> npt.NDArray[np.float64]:
        """The frequencies of the bins, in Hz."""
        return np.asarray(np.arange(self.bins) * (sample_rate / self.n_fft), dtype=np.float64)

    def centres(self, count: int, sample_rate: float) -> npt.NDArray[np.float64]:
        """The times of the centres of frames 0 to `count`, in seconds from the first sample."""
        centres = self.first_start + self.n_fft / 2 + self.hop_length * np.arange(count)
        return np.asarray(centres / sample_rate, dtype=np.float64)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The samples that the frames from `first` up to `last` reach over: the first, and the one after."""
        start = self.first_start + first * self.hop_length
        return start, start + max(last - first - 1, -1) * self.hop_length + self.n_fft

    def batches(self, source: SampleSource) -> Iterator[tuple[int, Spectra]]:
        """Transform a source batch by batch.

        Yields
        ------
        first : int
            The number of the batch's first frame.
        spectra : ndarray of complex64, shape (channels, frames of the batch, bins)
        """
        samples = SlidingRange.of(source)
        count = self.frame_count(source.frames)
        for first in range(0, count, self.batch_size):
            yield first, self.transform(samples.take(*self.span(first, min(first + self.batch_size, count))))

    def transform(self, samples: Samples, bins: int | None = None) -> Spectra:
        """Transform samples that begin with a frame and end with one.

        Parameters
        ----------
        samples : ndarray of float32, shape (channels, n_fft + (frames - 1) hop_length)
        bins : int, optional
            Give the first so many bins alone, as far as there are so many.

        Returns
        -------
        ndarray of complex64, shape (channels, frames, bins)
        """
        import scipy.fft

        frames = np.lib.stride_tricks.sliding_window_view(samples, self.n_fft, axis=1)[:, :: self.hop_length]
        bins = self.bins if bins is None else min(bins, self.bins)
        spectra = np.empty((*frames.shape[:2], bins), dtype=np.complex64)
        for part in self._in_cache(frames.shape[1]):
            windowed = frames[:, part] * self.window
            spectra[:, part] = scipy.fft.rfft(windowed, axis=-1, overwrite_x=True)[..., :bins]
        return spectra

    def inverse(self, batches: Iterable[tuple[int, Spectra]], frames: int) -> Iterator[Samples]:
        """Overlap-add spectra back to samples.

        Parameters
        ----------
        batches
            As `batches` yields them, one after the other from frame 0.
        frames : int
            Samples in each channel of the result.

        Yields
        ------
        ndarray of float32, shape (channels, n)
            The samples that are complete after each batch, in order.
        """
        done = self.first_start
        for samples in self.added_up(self.overlap_add(spectra) for _, spectra in batches):
            inside = samples[:, max(-done, 0) : max(frames - done, 0)]
            if inside.shape[1]:
                yield inside
            done += samples.shape[1]

    def overlap_add(self, spectra: Spectra) -> Samples:
        """The samples of neighbouring frames, added where they overlap.

        Parameters
        ----------
        spectra : ndarray of complex64, shape (channels, frames, bins)
            Bins that are missing at the end count as 0.

        Returns
        -------
        ndarray of float32, shape (channels, n_fft + (frames - 1) hop_length)
            Of the first and the last samples, parts are in the frames before and after.
        """
        import scipy.fft

        overlap = self.n_fft // self.hop_length
        channels, count, _ = spectra.shape
        samples = np.zeros((channels, count + overlap - 1, self.hop_length), dtype=np.float32)
        for part in self._in_cache(count):
            pieces = scipy.fft.irfft(spectra[:, part], n=self.n_fft, axis=-1)
            pieces *= self.synthesis_window
            hops = pieces.reshape(channels, -1, overlap, self.hop_length)
            for i in reversed(range(overlap)):
                samples[:, part.start + i : part.start + i + hops.shape[1]] += hops[:, :, i]
        return samples.reshape(channels, -1)

    def _in_cache(self, frames: int) -> Iterator[slice]:
        """Frames in parts of as many as a cache holds."""
        size = max(CACHED_SAMPLES // self.n_fft, 1)
        for first in range(0, frames, size):
            yield slice(first, min(first + size, frames))

    def added_up(self, pieces: Iterable[Samples]) -> Iterator[Samples]:
        """Add what `overlap_add` gives of batch after batch, in place, where it overlaps."""
        shared = self.n_fft - self.hop_length
        held: Samples | None = None
        for piece in pieces:
            if held is not None:
                piece[:, :shared] += held
            yield piece[:, :-shared]
            held = piece[:, -shared:]
        if held is not None:
            yield held

    @property
    def batch_size(self) -> int:
        """Frames that are transformed at once."""
        return max(self.batch_samples // self.n_fft, 4)

    @cached_property
    def synthesis_window(self) -> Samples:
        """The analysis window over the sum of its squares, which must not vary along a hop."""
        overlaps = (self.window.astype(np.float64) ** 2).reshape(-1, self.hop_length).sum(axis=0)
        if np.ptp(overlaps) > 1e-5 * overlaps.mean():
            raise ParameterError(
                f"n_fft={self.n_fft} and hop_length={self.hop_length} do not overlap-add to a constant with "
                "this window. With a Hann window take a hop of a quarter of n_fft."
            )
        return np.asarray(self.window / overlaps.mean(), dtype=np.float32)


def with_context(
    batches: Iterable[tuple[int, Spectra]], context: int
) -> Iterator[tuple[int, Spectra, slice]]:
    """Give each batch together with its neighbouring frames.

    Yields
    ------
    first : int
        The number of the first frame of the widened batch.
    spectra : ndarray, shape (channels, frames, bins)
        Up to `context` frames more on both sides; fewer at the ends of the recording.
    core : slice
        The frames of the widened batch that are its own: each frame is in exactly one core.
    """
    held: Spectra | None = None
    held_first = core_first = 0
    for first, spectra in batches:
        if held is None:
            held, held_first, core_first = spectra, first, first
            continue
        held = np.concatenate([held, spectra], axis=1)
        core_last = held_first + held.shape[1] - context
        if core_last <= core_first:
            continue
        yield held_first, held, slice(core_first - held_first, core_last - held_first)
        drop = max(core_last - context - held_first, 0)
        held, held_first, core_first = held[:, drop:], held_first + drop, core_last
    if held is not None and core_first < held_first + held.shape[1]:
        yield held_first, held, slice(core_first - held_first, held.shape[1])


class SlidingRange:
    """Ranges of samples that come in blocks, each starting no earlier than the one before; zero outside.

    Parameters
    ----------
    blocks : iterable of ndarray of float32, shape (channels, n)
        From sample number `first` on.
    channels : int
    end : int
        How many samples there are in all.
    first : int
    """

    def __init__(self, blocks: Iterable[Samples], channels: int, end: int, first: int = 0) -> None:
        self._blocks = iter(blocks)
        self._channels, self._end = channels, end
        self._held = np.zeros((channels, 0), dtype=np.float32)
        self._first = first  # the sample number at which the held part starts

    @classmethod
    def of(cls, source: SampleSource, first: int = 0) -> SlidingRange:
        """Of a source from one sample on."""
        return cls(source.blocks(first=first), source.channels, source.frames, first)

    def take(self, start: int, stop: int) -> Samples:
        """The samples from `start` up to `stop`."""
        wanted = min(stop, self._end)
        parts, length = [self._held], self._held.shape[1]
        while self._first + length < wanted:
            block = next(self._blocks)
            parts.append(block)
            length += block.shape[1]
        held = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        drop = min(max(start - self._first, 0), held.shape[1])
        self._held = held[:, drop:]
        self._first += drop
        inside = self._held[:, : max(wanted - self._first, 0)]
        before = max(self._first - start, 0)
        if before == 0 and inside.shape[1] == stop - start:
            return inside
        stretch = np.zeros((self._channels, stop - start), dtype=np.float32)
        stretch[:, before : before + inside.shape[1]] = inside
        return stretch
