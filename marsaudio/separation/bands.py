"""Bands of frequencies: what the model is fitted in, and what tells a machine at work."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LINEAR_BANDS_TO = 150.0  # Hz; one band a bin up to here, then BANDS_PER_OCTAVE
BANDS_PER_OCTAVE = 10
SMOOTHING_OCTAVES = 0.15  # standard deviation of the smoothing of the wind's spectrum
FALLING_FROM = 150.0  # Hz; gusts may peak below
LOW_FREQUENCIES = 300.0  # Hz; the wind's level is read where wind is strongest


@dataclass(frozen=True, eq=False)
class Bands:
    """Bands over the bins: one a bin at low frequencies, tenths of an octave above.

    Parameters
    ----------
    frequencies : ndarray of float64, shape (bins,)
        Of the bins, in Hz, evenly spaced from 0.
    """

    frequencies: FloatArray
    first: npt.NDArray[np.intp] = field(init=False)
    widths: FloatArray = field(init=False)
    centres: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        step = self.frequencies[1]
        start = max(int(LINEAR_BANDS_TO / step), 2)
        edges = [*range(1, start), *_edges(start, len(self.frequencies))]
        first = np.array([edge for edge in edges if edge < len(self.frequencies)], dtype=np.intp)
        widths = np.diff(np.append(first, len(self.frequencies))).astype(np.float64)
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "widths", widths)
        object.__setattr__(self, "centres", step * (first + (widths - 1) / 2))

    @cached_property
    def trust(self) -> FloatArray:
        """How much each band's word on the wind's level counts: wide ones more, those above 300 Hz less."""
        above = np.minimum(1.0, LOW_FREQUENCIES / np.maximum(self.centres, 1.0))
        return np.asarray(self.widths**0.7 * above)

    def mean(self, periodograms: npt.NDArray[np.floating]) -> FloatArray:
        """Mean over the bins of each band, shape (frames, bands)."""
        sums = np.add.reduceat(periodograms, self.first, axis=1)
        return np.asarray(sums / self.widths, dtype=np.float64)

    def smooth(self, spectrum: npt.NDArray[np.floating]) -> FloatArray:
        """A weighted geometric mean over neighbouring bands: smooth in log frequency and log power."""
        unit = unit_of(spectrum)
        relative = spectrum / unit
        positive = np.maximum(relative, 1e-12 * np.max(relative, initial=1e-300))
        return np.asarray(unit * np.exp(self._smoother @ np.log(positive)))

    def falling(self, spectra: FloatArray) -> FloatArray:
        """Spectra, (..., bands), that above 150 Hz fall at least as f^(-5/3), as those of turbulence do.

        The wind's own falls so or faster: so what has a hump up there, such as a motor, is not taken for it.

        Source: A. N. Kolmogorov, "The local structure of turbulence in incompressible viscous fluid for very
        large Reynolds numbers", Dokl. Akad. Nauk SSSR 30 (1941), reprinted in Proc. R. Soc. A 434 (1991),
        doi:10.1098/rspa.1991.0075, for speeds; the spectrum of pressure falls faster.
        """
        above = self.centres > FALLING_FROM
        slope = (self.centres[above] / FALLING_FROM) ** (5 / 3)
        bounded = np.array(spectra, dtype=np.float64)
        bounded[..., above] = np.minimum.accumulate(bounded[..., above] * slope, axis=-1) / slope
        return bounded

    def to_bins(self, spectrum: FloatArray) -> FloatArray:
        """Interpolate positive spectra over the bands to bins, in log frequency and log power."""
        frequencies = np.log(np.maximum(self.frequencies, self.frequencies[1]))
        unit = unit_of(spectrum)
        logs = np.log(np.maximum(np.atleast_2d(spectrum / unit), 1e-300))
        bins = np.stack([np.interp(frequencies, np.log(self.centres), row) for row in logs])
        return np.asarray(unit * np.exp(bins).reshape(*np.shape(spectrum)[:-1], len(frequencies)))

    @cached_property
    def _smoother(self) -> FloatArray:
        octaves = np.log2(self.centres)
        # At least as wide as the bands' distance, so that the smoother always has neighbours.
        spread = np.maximum(SMOOTHING_OCTAVES, np.gradient(octaves))
        smoother = np.exp(-0.5 * ((octaves[:, np.newaxis] - octaves) / spread[:, np.newaxis]) ** 2)
        return np.asarray(smoother / smoother.sum(axis=1, keepdims=True))


def unit_of(powers: npt.NDArray[np.floating]) -> float:
    """A power of two near the largest of some powers; 1 where all are zero.

    What is divided by it before a logarithm is taken has the same digits however loud the recording is, and
    so has what becomes of it, to the last.
    """
    return 2.0 ** math.frexp(float(np.max(powers, initial=0.0)))[1]


class HighBands:
    """Bands of a tenth of an octave above the bins that wind is looked for in.

    Parameters
    ----------
    first_bin, bins : int
        The first bin above those that wind is looked for in, and how many there are in all.
    """

    def __init__(self, first_bin: int, bins: int) -> None:
        self.first = np.array([edge for edge in _edges(first_bin, bins) if edge < bins], dtype=np.intp)
        self.widths = np.diff(np.append(self.first, bins)).astype(np.float64)

    def mean(self, power: npt.NDArray[np.float32]) -> FloatArray:
        """Mean over the bins of each band of power from the first bin on, shape (frames, bands)."""
        if not len(self.first):
            return np.zeros((len(power), 0))
        return np.asarray(np.add.reduceat(power, self.first - self.first[0], axis=1) / self.widths)


def _edges(first: int, bins: int) -> Iterable[int]:
    """Edges a tenth of an octave, but at least a bin, apart."""
    edge = first
    while edge < bins:
        yield edge
        edge = max(edge + 1, round(edge * 2 ** (1 / BANDS_PER_OCTAVE)))
