"""How often noise alone passes for wind: what a threshold is worth in false alarms a minute.

The null: between gusts, the band holds Gaussian noise whose spectrum does not change, as the recording shows
it without the rover's lines. The power of such noise in a frame is distributed about as chi-squared, with as
many degrees of freedom as the spectrum leaves it,

    nu = 2 B_e T_e,   B_e = (sum S)² / sum S² df,   T_e = (integral w²)² / integral w⁴,

but neighbouring frames overlap, are smoothed, and pass through hysteresis, merging and a least duration. So
the noise is simulated, and the whole chain runs over it at several thresholds: log(rate) is fitted by a
parabola in the threshold, which is what the crossings of a Gaussian process follow (Rice's formula), and read
off at the rate that was asked for.

Source: effective degrees of freedom: R. B. Blackman and J. W. Tukey, "The measurement of power spectra",
Bell Syst. Tech. J. 37 (1958), doi:10.1002/j.1538-7305.1958.tb03874.x; crossings: S. O. Rice, "Mathematical
analysis of random noise", Bell Syst. Tech. J. 24 (1945), doi:10.1002/j.1538-7305.1945.tb00453.x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from marsaudio.events.band_power import BlockSpectra
from marsaudio.events.band_to_time import CELL_SECONDS
from marsaudio.events.level import FRAME_CELLS, FRAME_WEIGHTS, HOP_SECONDS, frame_means, smooth
from marsaudio.events.quiet import QUANTILES, QuietOfNoise, quiet_level, scale_from, wavering_of
from marsaudio.events.stretches import Rules, find_stretches

FloatArray = npt.NDArray[np.float64]

SIMULATED_MINUTES = 100.0
MOST_SAMPLES = 4e7  # of noise: of a band wider than some kilohertz, fewer minutes are simulated,
FEWEST_MINUTES = 10.0  # but so many always
SAMPLES_AT_ONCE = 2**22
# The quiet of a longer recording is known as well as that of a minute.
PIECE_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
SPREADS = (
    1.4,
    1.8,
    2.2,
    2.6,
    3.0,
    3.4,
    3.8,
    4.2,
)  # thresholds to try, in standard deviations of the smoothed level
FEWEST_EVENTS, ENOUGH_EVENTS = 8, 300  # by which a threshold's rate is told
MOST_A_MINUTE = 12.0  # beyond, events run into each other
HIGHEST_FOR_WAVERING_DB = 12.0
SMALLEST_RATE = 1e-6  # a minute; nothing that was simulated or recorded tells of rarer events
SEED = 20210220


@dataclass(frozen=True)
class Chance:
    """What noise alone does.

    Attributes
    ----------
    quiet : QuietOfNoise
    coefficients : tuple of float
        c0, c1, c2 of log(events a minute) = c0 + c1 u + c2 u², u the threshold in dB.
    spread : float
        Standard deviation of the smoothed level over the quiet, in dB.
    quiet_uncertainty : float
        Standard deviation of the quiet level, in dB.
    degrees_of_freedom : float
        Of the power in a frame.
    lowest : float
        The lowest threshold that was tried, in dB.
    """

    quiet: QuietOfNoise
    coefficients: tuple[float, float, float]
    spread: float
    quiet_uncertainty: float
    degrees_of_freedom: float
    lowest: float

    def a_minute(self, threshold: float) -> float:
        """How many events a minute noise alone gives that reach a threshold in dB; never less than 1e-6."""
        c0, c1, c2 = self.coefficients
        u = max(threshold, self.lowest)
        return float(np.exp(np.clip(c0 + c1 * u + c2 * u * u, np.log(SMALLEST_RATE), 5.0)))

    def threshold(self, a_minute: float) -> float:
        """The threshold in dB that so many events a minute of noise alone reach."""
        c0, c1, c2 = self.coefficients
        c0 -= np.log(a_minute)
        # The falling branch of the parabola; a straight line where it is none.
        root = -c0 / c1 if c2 == 0 else (-c1 - np.sqrt(max(c1 * c1 - 4 * c2 * c0, 0.0))) / (2 * c2)
        return float(max(root, self.lowest))


def threshold_at(threshold: float, scale: float) -> float:
    """The threshold where the quiet wavers: so many times higher, but not beyond 12 dB for that."""
    return min(threshold * scale, max(threshold, HIGHEST_FOR_WAVERING_DB))


def spectrum_of_quiet(spectra: BlockSpectra) -> FloatArray:
    """The band's spectrum between gusts, up to a factor: in each part the 20 % quantile over time.

    For Gaussian noise that is a fixed share of the mean, whatever the part; wind, being there
    for less of the time, leaves it alone.
    """
    if not spectra.usable.any():
        return np.ones(len(spectra.frequencies))
    quantile = np.quantile(spectra.density[spectra.usable], 0.2, axis=0).astype(np.float64)
    return np.asarray(quantile / quantile.mean() if quantile.any() else np.ones(len(quantile)))


def equivalent_bandwidth(spectrum: FloatArray, spacing: float) -> float:
    """The width in Hz of a flat band with as many degrees of freedom: (sum S)² / sum S² df."""
    return float(spectrum.sum() ** 2 / np.sum(spectrum**2) * spacing)


def chance_of(spectrum: FloatArray, spacing: float, *, seconds: float, rules: Rules) -> Chance:
    """Simulate noise of a spectrum and see what the chain makes of it.

    Parameters
    ----------
    spectrum : ndarray of float64, shape (parts,)
        Power spectral density, up to a factor.
    spacing : float
        Width of a part, in Hz.
    seconds : float
        How long the quiet can be learned from.
    rules : Rules

    Returns
    -------
    Chance
    """
    piece = max((length for length in PIECE_SECONDS if length <= seconds), default=PIECE_SECONDS[0])
    rounded = np.round(10 * np.log10(np.maximum(spectrum / spectrum.max(), 1e-9)), 3)
    return _chance_of(rounded.tobytes(), spacing, piece, rules)


@lru_cache(maxsize=64)
def _chance_of(level_bytes: bytes, spacing: float, piece: float, rules: Rules) -> Chance:
    spectrum = 10 ** (np.frombuffer(level_bytes) / 10)
    levels = np.concatenate(list(noise_levels(spectrum, spacing, seconds=piece)))
    smoothed = smooth(levels, np.ones(levels.shape, dtype=bool))
    wavering = wavering_of(smoothed)
    noise = QuietOfNoise(
        tuple(float(value) for value in np.quantile(smoothed, QUANTILES)),
        float(np.median(wavering)),
        float(np.quantile(wavering, 0.95)),
    )
    quiet = quiet_level(smoothed, noise)
    scales = scale_from(wavering, noise)
    excess = smoothed - quiet[:, np.newaxis]
    spread = float(np.std(excess))
    thresholds = spread * np.asarray(SPREADS)
    counts, pieces = np.array([_counted(excess, scales, u, rules) for u in thresholds]).T
    return Chance(
        noise,
        _fitted(thresholds, counts, pieces * levels.shape[1] * HOP_SECONDS / 60),
        spread,
        float(np.std(quiet)),
        _degrees_of_freedom(spectrum, spacing),
        float(thresholds[0]),
    )


def noise_levels(spectrum: FloatArray, spacing: float, *, seconds: float) -> Iterator[FloatArray]:
    """Levels of simulated Gaussian noise in frames, in dB re its mean power, in pieces of some length.

    The band is simulated alone, as a complex signal at a rate of little more than its width. The random
    numbers are always the same.

    Yields
    ------
    ndarray of float64, shape (pieces, frames)
    """
    import scipy.fft

    a_cell = max(int(np.ceil(spacing * len(spectrum) * CELL_SECONDS)), 1)
    # Somewhat longer, as lengths without large prime factors are transformed faster.
    cells = scipy.fft.next_fast_len(max(round(seconds / CELL_SECONDS), 2 * FRAME_CELLS))
    length = cells * a_cell
    minutes = min(SIMULATED_MINUTES, max(MOST_SAMPLES / (a_cell / CELL_SECONDS * 60), FEWEST_MINUTES))
    pieces = max(round(minutes * 60 / (cells * CELL_SECONDS)), 1)
    parts = (
        np.arange(length) / (length * CELL_SECONDS / a_cell)
    ) / spacing  # of the band, from its lower edge
    amplitude = np.sqrt(np.interp(parts - 0.5, np.arange(len(spectrum)), spectrum))
    amplitude[parts > len(spectrum)] = 0.0
    amplitude = (amplitude / np.sqrt(2 * np.mean(amplitude**2))).astype(np.float32)
    rng = np.random.default_rng(SEED)
    at_once = max(SAMPLES_AT_ONCE // length, 1)
    for first in range(0, pieces, at_once):
        count = min(at_once, pieces - first)
        noise = rng.standard_normal((count, 2 * length), dtype=np.float32).view(np.complex64)
        noise *= amplitude
        samples = scipy.fft.ifft(noise, axis=-1, norm="ortho", overwrite_x=True)
        power = (samples.real**2 + samples.imag**2).reshape(count, cells, a_cell).mean(axis=-1)
        yield 10 * np.log10(frame_means(power))


def _counted(excess: FloatArray, scales: FloatArray, threshold: float, rules: Rules) -> tuple[int, int]:
    """Events of noise, and in how many pieces: enough to tell the rate, or all there are."""
    usable = np.ones(excess.shape[1], dtype=bool)
    highest = excess.max(axis=1)
    count = 0
    for number, (row, scale) in enumerate(zip(excess, scales, strict=True), start=1):
        on = threshold_at(threshold, float(scale))
        if highest[number - 1] > on:
            thresholds = np.full(len(row), on)
            count += len(find_stretches(row, usable, thresholds, rules=rules))
        if count >= ENOUGH_EVENTS:
            return count, number
    return count, len(excess)


def _fitted(thresholds: FloatArray, counts: FloatArray, minutes: FloatArray) -> tuple[float, float, float]:
    """The parabola through the logarithms of the rates, weighted by how well each is known."""
    told = (counts >= FEWEST_EVENTS) & (counts / minutes <= MOST_A_MINUTE)
    if told.sum() < 3:
        told = counts > 0
    if told.sum() < 2:  # with so long a least duration, noise passes at no threshold
        return float(np.log(SMALLEST_RATE)), -1e-6, 0.0
    u, rate, weight = thresholds[told], np.log(counts[told] / minutes[told]), np.sqrt(counts[told])
    c2, c1, c0 = (
        np.polyfit(u, rate, 2, w=weight) if told.sum() > 2 else (0.0, *np.polyfit(u, rate, 1, w=weight))
    )
    if c2 >= 0:
        c1, c0 = np.polyfit(u, rate, 1, w=weight)
        c2 = 0.0
    return float(c0), float(c1), float(c2)


def _degrees_of_freedom(spectrum: FloatArray, spacing: float) -> float:
    frame = CELL_SECONDS / float(np.sum(FRAME_WEIGHTS.astype(np.float64) ** 2))
    return 2 * equivalent_bandwidth(spectrum, spacing) * frame
