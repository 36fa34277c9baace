"""The wind: one level that rises and falls, a smooth spectrum whose shape follows it, and its steady part.

M(t, f) = h_t sum_j q_j(log h_t) w_j(f) / sum_j q_j(log h_t) h_j + s(f)

h is the level, w_j the wind's mean spectrum at levels around h_j (a gust is not only louder, it also reaches
to higher frequencies), q_j the weights of linear interpolation between them, and s what blows all the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import Bands, unit_of
from marsaudio.separation.machine import interpolation_shares

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

LEVELS = 5
LOWEST_LEVEL, HIGHEST_LEVEL = 0.05, 0.97  # quantiles of the wind's level
ERRORS_OF_WINDOW = 1.5  # bins of a Hann periodogram that share one degree of freedom
TRUSTED_SIGNIFICANCE = 2.0  # standard errors at which a level's own mean spectrum counts for half
IN_REACH = 0.02  # of the strongest band: bands with less wind than this do not measure its level
CONFIDENCE = 1.64  # standard errors: one-sided 95 %
SKEWNESS_ERROR = 1.04  # of the quantile skewness of one normal value; see steady_share
LEAST_SPREAD = 0.2  # nepers: no wind is steadier than this
SHARES = np.geomspace(1e-5, 4.0, 60)
MOST_OF_FLOOR = 0.9  # of the floor in a band that can turn out to be wind


@dataclass(frozen=True, eq=False)
class WindSpectrum:
    """The wind's spectrum at any level.

    Attributes
    ----------
    levels : ndarray of float64, shape (levels,)
        h_j, rising.
    shapes : ndarray of float64, shape (levels, bands or bins)
        w_j, the wind's mean spectrum at each of these levels.
    """

    levels: FloatArray
    shapes: FloatArray

    def at(self, level: FloatArray) -> Float32Array:
        """The spectrum at levels h, without the steady part: shape (frames, bands or bins)."""
        return np.asarray(self._shares(level).astype(np.float32) @ self.shapes.astype(np.float32))

    def to_bins(self, bands: Bands) -> WindSpectrum:
        """The same in bins."""
        return WindSpectrum(self.levels, bands.to_bins(self.shapes))

    def _shares(self, level: FloatArray) -> FloatArray:
        unit = unit_of(self.levels)
        logs = np.log(np.maximum(level / unit, 1e-300))
        shares = interpolation_shares(logs, np.log(self.levels / unit))
        return np.asarray(shares * (level / (shares @ self.levels))[:, np.newaxis])


def one_shape(shape: FloatArray) -> WindSpectrum:
    """A spectrum of one shape at all levels."""
    return WindSpectrum(np.ones(1), shape[np.newaxis])


def learn_shapes(
    excess: FloatArray,
    floor: FloatArray,
    level: FloatArray,
    shape: FloatArray,
    bands: Bands,
    independent: float,
) -> WindSpectrum:
    """The wind's mean spectrum at each of five levels, as far as it stands clear of chance.

    E_j = the mean of B - R over the columns around level j, weighted by q_j, and smoothed over frequency;
    with z its ratio to its standard error, w_j = l E_j + (1 - l) h_j w and l = z² / (4 + z²): where a level's
    own spectrum cannot be told, the common shape stands.

    Parameters
    ----------
    excess : ndarray of float64, shape (columns, bands)
        Power without the rover's floor.
    floor : ndarray of float64, shape (bands,)
        The rover's mean floor.
    level : ndarray of float64, shape (columns,)
    shape : ndarray of float64, shape (bands,)
        The common shape w.
    bands : Bands
    independent : float
        How many of the columns are independent of each other.
    """
    unit = unit_of(level)
    logs = np.log(np.maximum(level, 1e-12 * level.max()) / unit)
    knots = np.quantile(logs, np.linspace(LOWEST_LEVEL, HIGHEST_LEVEL, LEVELS))
    knots = np.maximum.accumulate(knots + 1e-6 * np.arange(LEVELS))
    shares = interpolation_shares(logs, knots)
    counts = shares.sum(axis=0)
    shapes, levels = [], []
    for j in range(LEVELS):
        if counts[j] == 0:
            levels.append(unit * np.exp(knots[j]))
            shapes.append(levels[j] * shape)
            continue
        levels.append(shares[:, j] @ level / counts[j])
        common = levels[j] * shape
        own = shares[:, j] @ excess / counts[j]
        looks = np.maximum(counts[j] * independent / len(level), 1.0) * bands.widths / ERRORS_OF_WINDOW
        significance = np.maximum(own, 0) / ((floor + common) / np.sqrt(looks))
        trust = significance**2 / (TRUSTED_SIGNIFICANCE**2 + significance**2)
        own = bands.falling(bands.smooth(np.maximum(own, 1e-9 * (floor + common))))
        shapes.append(trust * own + (1 - trust) * common)
    rising = np.maximum.accumulate(np.asarray(levels) * (1 + 1e-9 * np.arange(LEVELS)))
    return WindSpectrum(np.maximum(rising, 1e-300), np.asarray(shapes))


def steady_part(
    wind: Float32Array, floor: FloatArray, bands: Bands, cut_off: float, smoothed: int
) -> FloatArray:
    """What of the floor may be wind that never stops, s(f).

    With one microphone, wind that never stops is like a floor. But the logarithm of a wind's level spreads
    about evenly to both sides; a level from which a constant was taken has a long tail downwards. So the
    constant is given back (`steady_share`), with the wind's mean spectrum, up to 90 % of the floor.

    Parameters
    ----------
    wind : ndarray of float32, shape (columns, bands)
        M without its steady part.
    floor : ndarray of float64, shape (bands,)
        The lowest floor of the rover.
    bands : Bands
    cut_off : float
        In Hz.
    smoothed : int
        Columns in half a second.
    """
    from scipy.ndimage import uniform_filter1d

    mean = wind.mean(axis=0, dtype=np.float64)
    reach = (bands.centres <= cut_off) & (mean > IN_REACH * mean.max())
    level = uniform_filter1d(wind[:, reach] @ bands.widths[reach], smoothed, mode="nearest")
    if not level.mean() > 0:
        return np.zeros(len(floor))
    share = steady_share(level / level.mean())
    return np.asarray(np.minimum(share * mean, MOST_OF_FLOOR * np.minimum(bands.smooth(floor), floor)))


def steady_share(level: FloatArray) -> float:
    """The largest constant c that leaves log(L + c) as even as a wind's, to 95 % confidence.

    Even means: the quantile skewness (q90 + q10 - 2 q50) / (q90 - q10) of log(L + c) exceeds 0 by no more
    than 1.64 standard errors, 1.04 / sqrt(n) for n independent normal values; n follows from the
    autocorrelation of log(L + c). And log(L + c) spreads by at least 0.2 nepers, since no wind blows quite
    evenly.

    Source: the shift that makes the logarithm symmetric: J. R. Stedinger, "Fitting log normal distributions
    to hydrologic data", Water Resour. Res. 16 (1980), doi:10.1029/WR016i003p00481; the error of the skewness
    follows from the joint distribution of sample quantiles: M. G. Kendall and A. Stuart, *The Advanced Theory
    of Statistics*, volume 1.

    Parameters
    ----------
    level : ndarray of float64, shape (columns,)
        The wind's level L, of mean 1, without its steady part.
    """
    quantiles = np.quantile(level, [0.1, 0.5, 0.9])
    for share in SHARES[::-1]:
        low, middle, high = np.log(quantiles + share)
        width = max(high - low, 1e-9)
        if width / 2.563 < LEAST_SPREAD:  # the distance of the quantiles of a standard normal
            continue
        skewness = (high + low - 2 * middle) / width
        if skewness <= CONFIDENCE * SKEWNESS_ERROR / np.sqrt(independent_values(np.log(level + share))):
            return float(share)
    return 0.0


def independent_values(series: FloatArray) -> float:
    """How many independent values a correlated series is worth: n / (1 + 2 sum of its autocorrelation).

    The sum ends where the autocorrelation first falls to 0.05.

    Source: G. V. Bayley and J. M. Hammersley, "The effective number of independent observations in an
    autocorrelated time series", J. R. Stat. Soc. Suppl. 8 (1946), doi:10.2307/2983560.
    """
    deviation = series - series.mean()
    count = len(series)
    spectrum = np.abs(np.fft.rfft(deviation, 2 * count)) ** 2
    correlation = np.fft.irfft(spectrum)[:count]
    if not correlation[0] > 0:
        return float(count)
    correlation = correlation / correlation[0]
    low = np.flatnonzero(correlation <= 0.05)
    stop = int(low[0]) if low.size else count
    return max(count / (1 + 2 * float(correlation[1:stop].sum())), 2.0)
