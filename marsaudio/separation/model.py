"""What is learned from a recording: the rover's floor in every bin, and the wind's level and spectrum.

E|X(t, f)|² = R(f) + a(t) u(f) + h(t) w(f)

R is the steady rover: its electronics, and what is left of its lines. a u is a machine that comes and goes,
where there is one: its activity a is read above the wind's frequencies (`marsaudio.separation.machine`). The
wind has one level h that rises and falls with the gusts, and one smooth spectrum w. All are fitted to the
periodograms by maximum likelihood for Gaussian noise (Itakura-Saito divergence).

Source: C. Févotte, N. Bertin, J.-L. Durrieu, "Nonnegative matrix factorization with the Itakura-Saito
divergence", Neural Computation 21 (2009), doi:10.1162/neco.2008.04-08-771; updates with exponent 1/2, which
never make the fit worse: C. Févotte, J. Idier, "Algorithms for nonnegative matrix factorization with the
beta-divergence", Neural Computation 23 (2011), doi:10.1162/NECO_a_00168. That a floor can be read off the low
values of smoothed periodograms, corrected for being low: R. Martin, "Noise power spectral density estimation
based on optimal smoothing and minimum statistics", IEEE Trans. Speech Audio Process. 9 (2001),
doi:10.1109/89.928915, there for minima.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.lines import Line
from marsaudio.separation.machine import HighBands, Machine, activity_of, activity_weights, loudest_spectrum
from marsaudio.spectra.stft import ShortTimeFourier, Spectra

FloatArray = npt.NDArray[np.float64]

REFERENCE_TOO_LOUD = 2.0  # times the recording's own quiet moments; below that it may be chance
HIGHEST_WIND = 4000.0  # Hz; above it everything is the rover's
COLUMNS = 4096  # periodograms kept; longer recordings keep means of neighbouring frames
FEWEST_COLUMNS = 8  # independent looks below which floor and wind cannot be told apart
LINEAR_BANDS_TO = 150.0  # Hz; one band a bin up to here, then BANDS_PER_OCTAVE
BANDS_PER_OCTAVE = 10
SMOOTHING_OCTAVES = 0.15  # standard deviation of the smoothing of the wind's spectrum
START_QUANTILE = 0.10  # of the smoothed periodograms: the floor before the first iteration
SMOOTHED_FRAMES = 7
LOW_FREQUENCIES = 300.0  # Hz; the wind's level is read where wind is strongest
ROUNDS = 30
FLOOR_ROUNDS = 6
MACHINE_START = 0.3
CUT_SIGNIFICANCE = 3.0  # standard errors of the slope of band power on wind level
CUT_BANDS = 3
TAPER_PER_BAND = 0.5  # nepers that the wind's spectrum falls by in every band above the cut-off
UNKNOWN_CUT = 300.0  # Hz; how far the wind's spectrum is let reach where no band follows the level


@dataclass(frozen=True)
class WindModel:
    """What was learned from one channel of a recording.

    Attributes
    ----------
    frequencies : ndarray of float64, shape (bins,)
        In Hz, up to the highest that wind is looked for at.
    floor : ndarray of float64, shape (bins,)
        R, the mean periodogram of the rover, lines taken out.
    shape : ndarray of float64, shape (bins,)
        w, the periodogram of the wind at a level of 1.
    machine : Machine or None
        What comes and goes above the wind's frequencies, and its spectrum among them.
    loudest : float
        The highest level h that was learned from; no frame is taken for more wind than that.
    cut_off : float or None
        In Hz: above it no band follows the wind's level. None where not even low bands do, so that there may
        be no wind at all.
    lines : tuple of Line
        Over the whole spectrum.
    notes : tuple of str
        What a reader of the result must know.
    """

    frequencies: FloatArray
    floor: FloatArray
    shape: FloatArray
    machine: Machine | None
    loudest: float
    cut_off: float | None
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def bins(self) -> int:
        """How many bins are modelled; in those above there is no wind."""
        return len(self.frequencies)


def modelled_bins(fourier: ShortTimeFourier, sample_rate: float) -> int:
    """How many bins lie at or below the highest frequency that wind is looked for at."""
    return int(np.searchsorted(fourier.frequencies(sample_rate), HIGHEST_WIND, side="right"))


def gather_periodograms(
    batches: Iterable[tuple[int, Spectra]], usable: npt.NDArray[np.bool_], bins: int, high: HighBands
) -> tuple[npt.NDArray[np.float32], FloatArray]:
    """Collect |X|² of the usable frames; of long recordings, means of neighbouring frames.

    Returns
    -------
    periodograms : ndarray of float32, shape (columns, bins)
    high_power : ndarray of float64, shape (columns, high bands)
    """
    together = max(-(-int(usable.sum()) // COLUMNS), 1)
    total = bins + len(high.first)
    columns, waiting = [], np.zeros((0, total), dtype=np.float32)
    for first, spectra in batches:
        chosen = spectra[0, usable[first : first + spectra.shape[1]]]
        power = chosen.real**2 + chosen.imag**2
        both = np.concatenate([power[:, :bins], high.mean(power).astype(np.float32)], axis=1)
        waiting = np.concatenate([waiting, both])
        whole = len(waiting) // together
        columns.append(waiting[: whole * together].reshape(whole, together, total).mean(axis=1))
        waiting = waiting[whole * together :]
    gathered = np.concatenate(columns) if columns else waiting
    return np.ascontiguousarray(gathered[:, :bins]), gathered[:, bins:].astype(np.float64)


class Bands:
    """Bands over the bins: one a bin at low frequencies, tenths of an octave above."""

    def __init__(self, frequencies: FloatArray) -> None:
        step = frequencies[1]
        edges = list(range(1, max(int(LINEAR_BANDS_TO / step), 2)))
        while edges[-1] < len(frequencies):
            edges.append(max(edges[-1] + 1, round(edges[-1] * 2 ** (1 / BANDS_PER_OCTAVE))))
        self.first = np.array([edge for edge in edges if edge < len(frequencies)])
        self.widths = np.diff(np.append(self.first, len(frequencies))).astype(np.float64)
        self.centres = step * (self.first + (self.widths - 1) / 2)
        self._frequencies = frequencies
        octaves = np.log2(self.centres)
        # At least as wide as the bands' distance, so that the smoother always has neighbours.
        spread = np.maximum(SMOOTHING_OCTAVES, np.gradient(octaves))
        self._smoother = np.exp(-0.5 * ((octaves[:, np.newaxis] - octaves) / spread[:, np.newaxis]) ** 2)
        self._smoother /= self._smoother.sum(axis=1, keepdims=True)

    def mean(self, periodograms: npt.NDArray[np.float32] | FloatArray) -> FloatArray:
        """Mean over the bins of each band, shape (columns, bands)."""
        sums = np.add.reduceat(periodograms.astype(np.float64), self.first, axis=1)
        return np.asarray(sums / self.widths)

    def smooth(self, spectrum: FloatArray) -> FloatArray:
        """A weighted geometric mean over neighbouring bands: smooth in log frequency and log power."""
        positive = np.maximum(spectrum, 1e-12 * np.max(spectrum, initial=1e-300))
        return np.asarray(np.exp(self._smoother @ np.log(positive)))

    def to_bins(self, spectrum: FloatArray) -> FloatArray:
        """Interpolate a positive spectrum over the bands to bins, in log frequency and log power."""
        positive = np.log(np.maximum(spectrum, 1e-300))
        frequencies = np.maximum(self._frequencies, self._frequencies[1])
        return np.asarray(np.exp(np.interp(np.log(frequencies), np.log(self.centres), positive)))


def fit(
    periodograms: npt.NDArray[np.float32],
    frequencies: FloatArray,
    lines: list[Line],
    *,
    high: HighBands,
    high_power: FloatArray,
    independent: float,
    reference: FloatArray | None = None,
) -> WindModel:
    """Learn floor and wind from the periodograms of a channel's usable frames.

    Parameters
    ----------
    periodograms : ndarray of float32, shape (columns, bins)
    frequencies : ndarray of float64, shape (bins,)
    lines : list of Line
        Already taken out of the periodograms.
    high : HighBands
    high_power : ndarray of float64, shape (columns, high bands)
        The power above the modelled bins.
    independent : float
        How many of the columns are independent of each other.
    reference : ndarray of float64, shape (bins,), optional
        The mean periodogram of the rover alone.

    Returns
    -------
    WindModel
    """
    if not len(periodograms) or (independent < FEWEST_COLUMNS and reference is None):
        return _too_little(periodograms, frequencies, lines)
    bands = Bands(frequencies)
    power = bands.mean(periodograms)
    power = np.maximum(power, 1e-12 * max(power.max(initial=0.0), 1e-300))
    notes: list[str] = []
    weights = activity_weights(high_power, high.widths)
    activity = np.zeros(len(power)) if weights is None else activity_of(high_power, weights)
    loudest_machine = 0.0 if weights is None else loudest_spectrum(weights)
    if reference is not None:
        ceiling = 1.3 * _low_quantile(periodograms, 0.25)
        floor_bins = np.minimum(reference, ceiling)
        # In bands, since single bins differ by chance.
        times_louder = bands.mean(reference[np.newaxis])[0] / np.maximum(
            bands.mean(ceiling[np.newaxis])[0], 1e-300
        )
        if independent < FEWEST_COLUMNS:
            notes.append(
                "The recording is too short to hold the reference against its own quiet moments; it was "
                "limited to them as they are."
            )
        elif np.any(times_louder > REFERENCE_TOO_LOUD):
            worst = bands.centres[int(np.argmax(times_louder))]
            notes.append(
                f"The reference is louder than this recording's own quiet moments (most at {worst:.0f} Hz); "
                "there it was limited to them."
            )
        floor = bands.mean(floor_bins[np.newaxis])[0]
    else:
        floor = _start_floor(power, bands)
    level, shape, floor, machine = _factorise(
        power, floor, bands, activity, loudest_machine, keep_floor=reference is not None
    )
    if reference is None:
        floor_bins = bands.to_bins(floor)
    coming_and_going = np.outer(activity, machine)
    cut_off = None
    if _come_and_go_together((power - coming_and_going) / floor - 1, floor, shape, bands, independent):
        cut_off = _cut_off(power - coming_and_going, level, bands, independent)
    if cut_off is None:
        notes.append(
            "No band of frequencies was found to rise and fall with the others as wind does: what is in the "
            "wind stem may be chance."
        )
    shape = shape * _taper(bands, UNKNOWN_CUT if cut_off is None else cut_off)
    shape_bins, machine_bins = bands.to_bins(shape), bands.to_bins(machine)
    if reference is None:
        varying = np.outer(level, shape_bins) + np.outer(activity, machine_bins)
        floor_bins = _refine_floor(periodograms, floor_bins, varying)
    return WindModel(
        frequencies=frequencies,
        floor=floor_bins,
        shape=shape_bins,
        machine=None if weights is None else Machine(high, weights, machine_bins),
        loudest=float(level.max(initial=0.0)),
        cut_off=cut_off,
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _too_little(
    periodograms: npt.NDArray[np.float32], frequencies: FloatArray, lines: list[Line]
) -> WindModel:
    """All rover: too few moments to tell what comes and goes from what stays."""
    floor = periodograms.mean(axis=0, dtype=np.float64) if len(periodograms) else np.zeros(len(frequencies))
    return WindModel(
        frequencies=frequencies,
        floor=floor,
        shape=np.zeros(len(frequencies)),
        machine=None,
        loudest=0.0,
        cut_off=None,
        lines=tuple(lines),
        notes=(
            "Too short, or too much of it muted, to tell wind from rover: nothing was taken for wind. "
            "Take a longer one; from about a second on, a recording of the rover alone helps (rover_noise).",
        ),
    )


def _low_quantile(periodograms: npt.NDArray[np.float32], q: float) -> FloatArray:
    from scipy.ndimage import uniform_filter1d

    over_time = uniform_filter1d(periodograms, SMOOTHED_FRAMES, axis=0, mode="nearest")
    return np.asarray(
        uniform_filter1d(np.quantile(over_time, q, axis=0).astype(np.float64), 5, mode="nearest")
    )


def _start_floor(power: FloatArray, bands: Bands) -> FloatArray:
    """The floor to begin with: a low quantile over time, corrected for being low.

    The mean of n_b bins over 7 overlapping frames is about chi-squared with nu degrees of freedom, whose
    10 % quantile lies below its mean by a known factor.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.stats import chi2

    smoothed = uniform_filter1d(power, SMOOTHED_FRAMES, axis=0, mode="nearest")
    freedom = np.maximum(2 * bands.widths / 1.5 * (1 + 6 / 3), 2.0)
    corrected = np.quantile(smoothed, START_QUANTILE, axis=0) / (chi2.ppf(START_QUANTILE, freedom) / freedom)
    return np.asarray(np.minimum(corrected, power.mean(axis=0)))


def _factorise(
    power: FloatArray,
    floor: FloatArray,
    bands: Bands,
    activity: FloatArray,
    loudest_machine: float,
    *,
    keep_floor: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Fit level h(t), spectra w(f) and u(f) and floor R(f) by multiplicative updates with exponent 1/2.

    h <- h sqrt(sum_f c B w / V² / sum_f c w / V),  w, u and R likewise over time,  V = R + a u + h w.

    c weighs the bands: by their width to the power 0.7, and less above 300 Hz, since low frequencies
    tell the wind's level best.
    """
    trust = _trust(bands)
    excess = np.clip(power / floor - 1, 0, 30)
    level = np.maximum(excess @ trust / trust.sum(), 1e-3)
    loud = level >= np.quantile(level, 0.7)
    shape = np.maximum((power[loud] - floor).mean(axis=0), 1e-3 * floor)
    shape = bands.smooth(shape / (1 + (bands.centres / LOW_FREQUENCIES) ** 2))
    shape, level = shape / shape.sum(), level * floor.mean()
    machine = _start_machine(power - floor, activity, floor, loudest_machine)
    for _ in range(ROUNDS):
        model = floor + np.outer(activity, machine) + np.outer(level, shape)
        ratio = power / model**2
        level = level * np.sqrt((ratio @ (trust * shape)) / ((1 / model) @ (trust * shape)))
        if loudest_machine:
            model = floor + np.outer(activity, machine) + np.outer(level, shape)
            ratio = power / model**2
            machine = machine * np.sqrt((activity @ ratio) / np.maximum(activity @ (1 / model), 1e-300))
            machine = np.minimum(machine, loudest_machine)
        model = floor + np.outer(activity, machine) + np.outer(level, shape)
        ratio = power / model**2
        shape = bands.smooth(shape * np.sqrt((level @ ratio) / np.maximum(level @ (1 / model), 1e-300)))
        scale = shape.sum()
        shape, level = shape / scale, np.maximum(level * scale, 1e-12 * floor.mean())
        if not keep_floor:
            model = floor + np.outer(activity, machine) + np.outer(level, shape)
            floor = floor * np.sqrt((power / model**2).sum(axis=0) / (1 / model).sum(axis=0))
    return level, shape, floor, machine


def _start_machine(excess: FloatArray, activity: FloatArray, floor: FloatArray, loudest: float) -> FloatArray:
    """A part of what goes with the activity, so that the wind may claim its own first."""
    energy = float(activity @ activity)
    if not loudest or energy == 0:
        return np.zeros(len(floor))
    goes_with = activity @ np.maximum(excess, 0) / energy
    return np.asarray(np.minimum(np.maximum(MACHINE_START * goes_with, 1e-6 * floor), loudest))


def _trust(bands: Bands) -> FloatArray:
    """How much each band's word on the wind's level counts: wide bands more, those above 300 Hz less."""
    above = np.minimum(1.0, LOW_FREQUENCIES / np.maximum(bands.centres, 1.0))
    return np.asarray(bands.widths**0.7 * above)


def _come_and_go_together(
    excess: FloatArray, floor: FloatArray, shape: FloatArray, bands: Bands, independent: float
) -> bool:
    """Whether one half of the bands rises and falls with the other half, as wind's do.

    Each half gives a level, with the bands weighed by how far the wind stands over the floor in them; noise
    in one half knows nothing of the other. The correlation of the logarithms of both levels has a standard
    deviation of about 1 / sqrt(n) for n independent columns. The halves alternate in groups of four bands,
    since a window spreads a tone over neighbouring bins.
    """
    weights = _trust(bands) * shape / floor
    halves = np.arange(len(weights)) // 4 % 2
    levels = [np.log1p(np.maximum(excess[:, halves == half] @ weights[halves == half], 0)) for half in (0, 1)]
    deviations = [level - level.mean() for level in levels]
    energy = np.sqrt(np.prod([deviation @ deviation for deviation in deviations]))
    correlation = deviations[0] @ deviations[1] / energy if energy > 0 else 0.0
    return bool(correlation * np.sqrt(independent) > CUT_SIGNIFICANCE)


def _cut_off(power: FloatArray, level: FloatArray, bands: Bands, independent: float) -> float | None:
    """Where the wind ends: the centre of the last bands whose power follows the level."""
    deviation = level - level.mean()
    variance = np.sum(deviation**2)
    if variance <= 0:
        return None
    slope = deviation @ power / variance
    rest = power - power.mean(axis=0) - np.outer(deviation, slope)
    error = np.sqrt((rest**2).sum(axis=0) / variance / max(independent - 2, 1.0))
    significance = np.convolve(slope / np.maximum(error, 1e-300), np.ones(5) / 5, mode="same")
    follows = np.convolve(significance > CUT_SIGNIFICANCE, np.ones(CUT_BANDS), mode="valid") == CUT_BANDS
    runs = np.flatnonzero(follows)
    return float(bands.centres[runs[-1] + CUT_BANDS - 1]) if runs.size else None


def _taper(bands: Bands, cut_off: float) -> FloatArray:
    above = np.maximum(np.arange(len(bands.centres)) - np.searchsorted(bands.centres, cut_off), 0)
    return np.asarray(np.exp(-TAPER_PER_BAND * above))


def _refine_floor(
    periodograms: npt.NDArray[np.float32], floor: FloatArray, varying: FloatArray
) -> FloatArray:
    """The floor in every bin, so that what is left of lines stays narrow: weighted against the rest."""
    for _ in range(FLOOR_ROUNDS):
        model = np.maximum(floor + varying, 1e-300)
        floor = floor * np.sqrt((periodograms / model**2).sum(axis=0) / (1 / model).sum(axis=0))
    return floor
