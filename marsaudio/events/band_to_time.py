"""The bins of a band, frame by frame, back to the power of that band in short cells of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from marsaudio.spectra.stft import ShortTimeFourier, hann

Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]

CELLS_AT_ONCE = 2**16
CELL_SECONDS = 0.005
SUM_OF_SQUARED_WINDOWS = 1.5  # of Hann windows at a quarter hop


class BandToTime:
    """Weighted overlap-add of a band's bins alone, at a rate of little more than the band's width.

    With N' points instead of N, the inverse transform of the bins of a band is its analytic signal at the
    rate f_s N' / N, shifted down to 0 Hz, which its power does not tell.

    Source: D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier transform", IEEE
    Trans. Acoust. Speech Signal Process. 32 (1984), doi:10.1109/TASSP.1984.1164317, eq. 6.

    Parameters
    ----------
    fourier : ShortTimeFourier
        The frames, padded, at a quarter hop.
    sample_rate : float
        Of what they are of, in Hz.
    bins : slice
        Those of the band.
    samples : int
        How many samples there are.

    Attributes
    ----------
    cells : int
        How many whole cells of 5 ms there are.
    """

    def __init__(self, fourier: ShortTimeFourier, sample_rate: float, bins: slice, samples: int) -> None:
        n_fft = fourier.n_fft
        self._overlap = n_fft // fourier.hop_length
        least = max(bins.stop - bins.start, int(np.ceil(n_fft / (CELL_SECONDS * sample_rate))))
        self._points = self._overlap * -(-least // self._overlap)
        self._hop = self._points // self._overlap
        self._first_bin = bins.start
        self._window = hann(self._points) / np.float32(SUM_OF_SQUARED_WINDOWS)
        self._gain = np.float32(np.sqrt(2) * self._points / n_fft)
        self._tail = np.zeros((self._overlap - 1, self._hop), dtype=np.complex64)
        self._power: list[Float32Array] = []
        self._number = 0
        rate = sample_rate * self._points / n_fft
        self._together = max(int(rate * CELL_SECONDS), 1)
        self._rate = rate / self._together
        self.cells = int(samples / sample_rate / CELL_SECONDS)
        # Samples that wait to be averaged with the next ones; before the first one lies the padding.
        self._waiting = np.zeros(0, dtype=np.float32)
        self._padding = (self._overlap - 1) * self._hop

    def add(self, spectra: ComplexArray) -> None:
        """Add the bins of the band in the next frames, (frames, bins)."""
        import scipy.fft

        # Frame t starts t hops later, in which bin k turns by k t / overlap.
        places = self._number + np.arange(len(spectra))
        turns = np.exp(-2j * np.pi * np.mod(self._first_bin * places, self._overlap) / self._overlap)
        self._number += len(spectra)
        frames = np.zeros((len(spectra), self._points), dtype=np.complex64)
        frames[:, : spectra.shape[1]] = spectra * (turns[:, np.newaxis] * self._gain)
        pieces = scipy.fft.ifft(frames, axis=-1, overwrite_x=True)
        pieces *= self._window
        hops = pieces.reshape(len(spectra), self._overlap, self._hop)
        total = np.zeros((len(spectra) + self._overlap - 1, self._hop), dtype=np.complex64)
        total[: self._overlap - 1] = self._tail
        for i in reversed(range(self._overlap)):
            total[i : i + len(spectra)] += hops[:, i]
        done = total[: len(spectra)]
        self._tail = total[len(spectra) :]
        self._add_samples((done.real**2 + done.imag**2).ravel())

    def _add_samples(self, squares: Float32Array) -> None:
        left_out = min(self._padding, len(squares))
        self._padding -= left_out
        waiting = np.concatenate([self._waiting, squares[left_out:]])
        whole = len(waiting) // self._together * self._together
        means = waiting[:whole].reshape(-1, self._together).mean(axis=1)
        self._power.append(np.asarray(means, dtype=np.float32))
        self._waiting = waiting[whole:]

    def power(self) -> Float32Array:
        """Mean square in each whole cell, once all frames were added: each average counts by its share."""
        power = np.concatenate([*self._power, np.zeros(3, np.float32)])
        cells = np.empty(self.cells, dtype=np.float32)
        for part in parts_of(self.cells):
            edges = np.arange(part.start, part.stop + 1) * (CELL_SECONDS * self._rate)
            first = edges[:-1].astype(np.intp)
            total = np.zeros(len(first))
            for place in (first, first + 1, first + 2):  # of less than a cell each, and more than half of one
                share = np.minimum(edges[1:], place + 1) - np.maximum(edges[:-1], place)
                total += np.maximum(share, 0.0) * power[np.minimum(place, len(power) - 1)]
            cells[part] = total / (CELL_SECONDS * self._rate)
        return cells


def parts_of(count: int) -> Iterator[slice]:
    """So many cells in parts, so that what is worked out in double precision takes little memory."""
    for first in range(0, count, CELLS_AT_ONCE):
        yield slice(first, min(first + CELLS_AT_ONCE, count))
