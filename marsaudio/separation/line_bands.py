"""Copies of the bins around lines, in which they are fitted and subtracted."""

from __future__ import annotations

import math
from copy import copy
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from marsaudio.separation.tone_fits import (
    KERNEL_BINS,
    MAIN_LOBE_BINS,
    Look,
    centred_hann_transform,
)

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex128]
Complex64Array = npt.NDArray[np.complex64]

# In a bin; a kernel is looked up at the nearest, and down to 78 dB below the line that makes no difference.
PLACES = 4096
FARTHEST_FROM_MIDDLE = 0.5  # bins
SOME_FRAMES = 8  # one in so many tells the median of the noise well enough
FARTHEST_PLACE = 5  # bins from the middle one: a line that drifts, and its sidebands, are nearer


class LineBands:
    """A copy of the bins around each of some lines.

    Parameters
    ----------
    spectra : ndarray of complex64, shape (frames, bins)
    usable : ndarray of bool, shape (frames,)
    positions : ndarray of float64, shape (lines,)
        Of these lines, in bins.
    all_positions : ndarray of float64
        Of all lines that there are.
    n_fft : int
        Samples in a frame.
    """

    def __init__(
        self,
        spectra: Complex64Array,
        usable: npt.NDArray[np.bool_],
        positions: FloatArray,
        all_positions: FloatArray,
        n_fft: int,
    ) -> None:
        self._usable, self._positions, self._n_fft = usable, positions, n_fft
        self._middle = np.rint(positions).astype(np.intp)
        bins = self._middle[:, np.newaxis] + np.arange(-KERNEL_BINS, KERNEL_BINS + 1)
        self._inside = (bins >= 0) & (bins < spectra.shape[1])
        self._nearest, self._clear = _quiet_bins(positions, bins, self._inside, all_positions)
        self._bins = np.zeros((len(bins), len(spectra), bins.shape[1]), dtype=np.complex64)
        for row, (here, there) in enumerate(self._places()):
            self._bins[row, :, there] = spectra[:, here]
        self._taken = np.zeros((0, 0, 0), dtype=np.complex64)  # what was, if it is not empty
        self._beside = np.zeros((0, 0), dtype=np.float32)
        self._noise = self._weight = np.zeros((0, 0))

    def only(self, rows: npt.NDArray[np.intp]) -> LineBands:
        """A copy, of some of the lines."""
        chosen = copy(self)
        chosen._bins = self._bins[rows]
        for name in ("_positions", "_middle", "_inside", "_nearest", "_clear"):
            setattr(chosen, name, getattr(self, name)[rows])
        chosen._taken = self._taken[rows] if self._taken.size else self._taken
        if len(self._beside):
            for name in ("_beside", "_noise", "_weight"):
                setattr(chosen, name, getattr(self, name)[rows])
        return chosen

    def look(self, offset: FloatArray) -> Look:
        """Fit a tone so many bins away from each line's mean frequency to each frame.

        A tone that moves by no more than half a bin is fitted with the lobe of its middle frequency, which is
        the same in all frames: it has rho = K_c K / K_c² times the tone's amplitude, K the tone's own lobe.
        """
        position = self._positions[:, np.newaxis] + offset
        farthest = np.abs(offset).max(axis=1)
        half = min(math.ceil(MAIN_LOBE_BINS + 1 + float(farthest.max(initial=0.0))), KERNEL_BINS)
        here = slice(KERNEL_BINS - half, KERNEL_BINS + half + 1)
        middle = (position.min(axis=1, keepdims=True) + position.max(axis=1, keepdims=True)) / 2
        if np.abs(position - middle).max() <= FARTHEST_FROM_MIDDLE:
            lobe = self._kernel(middle, half, lobe=True) * self._inside[:, np.newaxis, here]
            # Of real and imaginary parts side by side, each with the lobe: a product of real matrices.
            parts = self._bins.view(np.float32)[..., 2 * here.start : 2 * here.stop]
            along = np.matmul(parts, _for_both_parts(lobe[:, 0]).swapaxes(1, 2)).view(np.complex64)[..., 0]
            strength = self._strength(lobe[:, 0], position, half)
            energy = np.einsum("ltb,ltb->lt", lobe, lobe)
        else:
            lobe = self._kernel(position, half, lobe=True) * self._inside[:, np.newaxis, here]
            along = np.vecdot(lobe, self._bins[..., here])
            energy = strength = np.vecdot(lobe, lobe)
        amplitude = (along / (strength * self._sign)).astype(np.complex128)
        noise, weight = self._noise_beside(farthest)
        return Look(position, amplitude, noise * (energy / strength**2), weight)

    def _strength(self, lobe: Float32Array, position: FloatArray, half: int) -> Float32Array:
        """What each line's lobe makes of a tone of amplitude 1 at given positions, (lines, frames or 1)."""
        off = position - self._middle[:, np.newaxis]
        if off.shape[1] == 1:
            return np.asarray(np.einsum("lb,lb->l", lobe, self._kernel(position, half)[:, 0])[:, np.newaxis])
        place = np.rint(off * PLACES).astype(np.intp) + FARTHEST_PLACE * PLACES
        first = place.min(axis=1)
        strength = np.empty(off.shape, dtype=np.float32)
        table = _kernel_table(half, self._n_fft)
        for row, places in enumerate(place):
            strength[row] = (table[first[row] : places.max() + 1] @ lobe[row])[places - first[row]]
        return strength

    def tones(self, amplitude: ComplexArray, look: Look) -> Complex64Array:
        """Tones of the frequencies of a look in the usable frames of these bins."""
        course = (amplitude * (self._usable * self._sign)).astype(np.complex64)
        kernel = self._kernel(look.position, KERNEL_BINS)
        if kernel.shape[1] == 1:
            parts = course.view(np.float32).reshape(*course.shape, 2)
            return np.asarray(np.matmul(parts, _for_both_parts(kernel[:, 0])).view(np.complex64))
        return np.asarray(course[..., np.newaxis] * kernel)

    def subtract(self, tones: Complex64Array) -> None:
        """Subtract tones from these bins, for a while."""
        self._bins -= tones

    def take(self, tones: Complex64Array) -> None:
        """Subtract tones from these bins for good."""
        self._bins -= tones
        self._taken = self._taken + tones if self._taken.size else tones

    def put_back(self, bands: LineBands, rows: npt.NDArray[np.intp], tones: Complex64Array) -> None:
        """Take over what became of some of the lines elsewhere, with tones added to it.

        The noise beside the lines is read again.
        """
        self._bins[rows] = bands._bins + tones
        if not self._taken.size:
            self._taken = np.zeros_like(self._bins)
        self._taken[rows] = bands._taken
        self._beside = np.zeros((0, 0), dtype=np.float32)

    def take_from(self, spectra: Complex64Array) -> None:
        """Subtract what was taken from these bins from the spectra, in place."""
        for row, (here, there) in enumerate(self._places()):
            spectra[:, here] -= self._taken[row, :, there]

    def _places(self) -> list[tuple[slice, slice]]:
        """Where the bins of each line are in the spectra, and where these bins are here."""
        places = []
        for middle, inside in zip(self._middle, self._inside, strict=True):
            within = np.flatnonzero(inside)
            first, last = int(within[0]), int(within[-1]) + 1
            begin = int(middle) - KERNEL_BINS
            places.append((slice(begin + first, begin + last), slice(first, last)))
        return places

    @property
    def _sign(self) -> Float32Array:
        """What the transform of a line at an odd bin has before it, shape (lines, 1)."""
        return (1 - 2 * (self._middle % 2)).astype(np.float32)[:, np.newaxis]

    def _kernel(self, position: FloatArray, half: int, *, lobe: bool = False) -> Float32Array:
        """The window's transform in the bins up to `half` from each line's, (lines, frames or 1, bins)."""
        off = position - self._middle[:, np.newaxis]
        if off.shape[1] == 1:
            return _kernels(off[:, 0], half, self._n_fft, lobe=lobe)[:, np.newaxis]
        place = np.rint(off * PLACES).astype(np.intp) + FARTHEST_PLACE * PLACES
        return np.take(_kernel_table(half, self._n_fft, lobe=lobe), place, axis=0, mode="clip")

    def _noise_beside(self, farthest: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The power in the bins that a line, so many bins off at the most, never comes near; and 1 over it.

        In each frame. Read once: the subtraction of a line from its own bins makes no difference there.
        """
        bins = self._middle[:, np.newaxis] + np.arange(-KERNEL_BINS, KERNEL_BINS + 1)
        distance = np.abs(self._positions[:, np.newaxis] - bins)
        beside = (self._clear & (distance > (self._nearest + farthest)[:, np.newaxis])).astype(np.float32)
        if not np.array_equal(beside, self._beside):
            parts = self._bins.view(np.float32)
            noise = (parts * parts @ np.repeat(beside, 2, axis=1)[..., np.newaxis])[..., 0].astype(np.float64)
            noise /= np.maximum(beside.sum(axis=1, keepdims=True), 1.0)
            some = noise[:, self._usable][:, ::SOME_FRAMES]
            floor = 1e-3 * np.median(some, axis=1, keepdims=True) + 1e-30
            self._weight = np.where(self._usable, 1.0 / (noise + floor), 0.0)
            self._beside, self._noise = beside, noise
        return self._noise, self._weight


def _for_both_parts(kernels: Float32Array) -> Float32Array:
    """What makes both parts of tones, side by side, of those of their amplitudes, (lines, 2, bins)."""
    both = np.zeros((len(kernels), 2, kernels.shape[1], 2), dtype=np.float32)
    both[:, 0, :, 0] = both[:, 1, :, 1] = kernels
    return both.reshape(len(kernels), 2, -1)


@lru_cache(maxsize=16)
def _kernel_table(half: int, n_fft: int, *, lobe: bool = False) -> Float32Array:
    """Kernels at all places, from FARTHEST_PLACE bins below the middle one to so many above."""
    off = np.arange(-FARTHEST_PLACE * PLACES, FARTHEST_PLACE * PLACES + 1) / PLACES
    return _kernels(off, half, n_fft, lobe=lobe)


def _kernels(off: FloatArray, half: int, n_fft: int, *, lobe: bool) -> Float32Array:
    """The transforms of sines so many bins from an even one, or their main lobes alone, (sines, bins)."""
    middle = np.zeros(len(off), dtype=np.intp)
    kernels = centred_hann_transform(off[:, np.newaxis], middle, half, n_fft)[..., 0]
    if lobe:
        kernels *= np.abs(off[:, np.newaxis] - np.arange(-half, half + 1)) <= MAIN_LOBE_BINS + 0.5
    return kernels


def _quiet_bins(
    positions: FloatArray,
    bins: npt.NDArray[np.intp],
    inside: npt.NDArray[np.bool_],
    all_positions: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """From how far off each line, and in which bins, the noise is read: beside the other lines, if possible.

    In a dense comb the bins in the middle between two lines have to do, and in a yet denser one all.
    """
    nearest = np.full(len(positions), MAIN_LOBE_BINS + 1.5)
    clear = inside.copy()
    for row, position in enumerate(positions):
        others = all_positions[
            (all_positions != position) & (np.abs(all_positions - position) < 2 * KERNEL_BINS)
        ]
        if len(others) == 0:
            continue
        off = np.abs(bins[row][:, np.newaxis] - others).min(axis=1)
        quiet = inside[row] & (off > MAIN_LOBE_BINS + 0.5)
        for least, enough in ((MAIN_LOBE_BINS + 1.5, 6), (MAIN_LOBE_BINS + 0.5, 3)):
            if np.count_nonzero(quiet & (np.abs(bins[row] - position) > least)) >= enough:
                nearest[row], clear[row] = least, quiet
                break
    return nearest, clear
