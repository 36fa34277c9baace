"""What became of the rover's lines in the course of a recording: how they beat, and how they drift.

Pure functions on the courses that `marsaudio.separation.line_removal` follows; nothing here changes a
separation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.separation.combs import FEWEST_BESIDE, Comb, Sideband
from marsaudio.separation.line_removal import MEMORY_SECONDS, LineCourses
from marsaudio.separation.tone_fits import (
    HIGHEST_BEAT_SHARE,
    LOWEST_BEAT,
    MAIN_LOBE_BINS,
    OVERLAP_CORRELATION,
    centred_hann_transform,
    local_mean,
)

FloatArray = npt.NDArray[np.float64]

FALSE_BEATS = 1e-3  # expected number of common beats that are none
LOUDEST_SCORE = 40.0  # of one line's periodogram among those of a comb: so that no line decides alone
BEAT_SURROUNDINGS = 2.0  # Hz; width of what a beat has to stand out of
LOUDEST_BEAT = 0.0  # dB re the line; what is louder is no sideband of it
FAINTEST_BEAT = -35.0  # dB re the line; below, it may be what leaks from a line some bins away
SEGMENT_SECONDS = 2.0  # within which a frequency is measured, to see it drift
FEWEST_SEGMENTS = 3
FEWEST_SEGMENT_FRAMES = 5
SEGMENT_SNR = 30.0  # power of a line's mean over a segment over that of the noise in it: else its phase slips
ALIKE_FRAMES = 1 + 2 * sum(OVERLAP_CORRELATION)  # frames that count as one, for what changes slowly


@dataclass(frozen=True, eq=False)
class Drift:
    """How the frequency of a line or of a family changed.

    Attributes
    ----------
    per_minute : float
        Relative change of frequency a minute: 1e-4 is 0.0195 Hz at 195 Hz.
    standard_error : float
        Of it, from the noise, or from how the frequency scatters about a steady change, whichever is more.
    times : ndarray of float64, shape (segments,)
        In seconds from the first sample.
    relative : ndarray of float64, shape (segments,)
        The frequency's relative deviation from its mean.
    errors : ndarray of float64, shape (segments,)
        Standard errors of those, from the noise.

    Examples
    --------
    >>> import marsaudio as ma
    >>> model = ma.fit_rover(ma.load("sample"))
    >>> drift = model.families[0].drift
    >>> bool(abs(drift.per_minute) > 3 * drift.standard_error), len(drift.times)
    (True, 9)
    """

    per_minute: float
    standard_error: float
    times: FloatArray
    relative: FloatArray
    errors: FloatArray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drift) and all(
            np.array_equal(value, getattr(other, name)) for name, value in vars(self).items()
        )

    def __hash__(self) -> int:
        return hash((self.per_minute, self.standard_error))

    def __repr__(self) -> str:
        return (
            f"<marsaudio.Drift: {self.per_minute:+.1e} ± {self.standard_error:.1e} a minute, "
            f"{len(self.times)} segments>"
        )


def find_beats(comb: Comb, courses: LineCourses) -> list[Sideband]:
    """Find sidebands closer than a frame resolves, by how the amplitudes of a comb's members beat.

    A sideband at a distance f_s makes the amplitude a, turned back by the phase of its own mean over +-2 s,
    turn as exp(2 pi i f_s t) about that mean. The periodogram of what a has beyond its mean, over the median
    of the periodogram at the frequencies around, is exponential with mean 1 where there is no sideband. E is
    the mean of that over the n members, each of which counts up to 40. Were they independent, n E would be
    gamma distributed with shape n; but the lines of one machine swing alike, so that E scatters more from
    frequency to frequency, by an interquartile range of about 1.349 / sqrt(m + 1/2): m takes the place of n.

    Distances from 2 Hz to nearly half the frame rate are found, with the standard error
    sqrt(6 / S) / (2 pi T), S the sum over the members, T the duration. Fitted at the line's own frequency, a
    tone f_s off is weaker by g = sum K(x) K(x - f_s) / sum K(x)², K the window's transform, which the level
    allows for.

    Parameters
    ----------
    comb : Comb
    courses : LineCourses
        Of `LineRemoval.follow`, with the comb's members among the lines.

    Returns
    -------
    list of Sideband
        By their distance, above and below the line each for itself; `harmonics` are the members that beat
        beyond chance by themselves. What stands further off than half the frame rate is aliased, and left out
        as far as it is fainter than -35 dB.

    Source: M. S. Bartlett, "Periodogram analysis and continuous spectra", Biometrika 37 (1950),
    doi:10.1093/biomet/37.1-2.1 (means of periodograms); D. C. Rife and R. R. Boorstyn, "Single-tone parameter
    estimation from discrete-time observations", IEEE Trans. Inf. Theory 20 (1974),
    doi:10.1109/TIT.1974.1055282 (the standard error).
    """
    from scipy.ndimage import median_filter

    rows, hop = _rows(comb, courses), _hop(courses)
    count, weight = courses.times.size, 1.0 / courses.noise[rows]
    # Turned back along the course that was followed, and then by what phase is left in the mean.
    amplitude = courses.amplitudes[rows] * np.exp(
        -2j * np.pi * hop * np.cumsum(courses.offsets[rows], axis=1)
    )
    half = max(round(MEMORY_SECONDS / hop), 1)
    mean = local_mean(amplitude, weight, np.hanning(2 * half + 3)[1:-1])
    residual = (amplitude - mean) * np.exp(-1j * np.angle(mean))
    points = 4 * 2 ** math.ceil(math.log2(count))
    window = weight * np.hanning(count + 2)[1:-1]
    power = np.fft.fftshift(np.abs(np.fft.fft(residual * window, points)) ** 2, axes=1)
    frequency = np.fft.fftshift(np.fft.fftfreq(points, hop))
    around = max(round(BEAT_SURROUNDINGS * points * hop), 3)
    # Row by row, since the filter is quick in one dimension only.
    middles = np.stack([median_filter(each, size=around, mode="wrap") for each in power])
    surroundings = middles / math.log(2)
    score = power / np.maximum(surroundings, 1e-300)
    within = (np.abs(frequency) >= LOWEST_BEAT) & (np.abs(frequency) <= HIGHEST_BEAT_SHARE / hop)
    together = np.where(within, np.minimum(score, LOUDEST_SCORE).mean(axis=0), 0.0)
    sharp = np.log(score + 1e-300).mean(axis=0)
    line = np.sum(np.abs(mean) * window, axis=1, keepdims=True)
    level = 10 * np.log10(power / line**2 + 1e-30) - 20 * np.log10(_response(frequency / courses.bin_width))
    duration = count * hop
    tried = max(np.count_nonzero(within) / points / hop * duration / 2, 1.0)
    independent = _independent(together[within], len(rows))
    found = []
    while True:
        expected = math.log(tried) + _log_gamma_tail(independent * float(together.max()), independent)
        if expected > math.log(FALSE_BEATS):
            break
        # Where many count in full, the peak is flat; the logarithms tell its middle.
        near_most = together > 0.9 * together.max()
        best = int(np.argmax(np.where(near_most, sharp, -np.inf)))
        beating = np.flatnonzero(score[:, best] > math.log(len(rows) / FALSE_BEATS))
        strength = float(np.median(level[beating, best])) if len(beating) >= FEWEST_BESIDE else -np.inf
        if FAINTEST_BEAT < strength < LOUDEST_BEAT:
            information = score[:, best].sum() * duration**2 / 6
            grid = 1 / (points * hop) ** 2 / 12
            found.append(
                Sideband(
                    offset=float(frequency[best]),
                    standard_error=math.sqrt(1 / information / (2 * np.pi) ** 2 + grid),
                    harmonics=tuple(comb.members[i].harmonic for i in beating),
                    level=strength,
                    log10_chance=expected / math.log(10),
                )
            )
        together[np.abs(frequency - frequency[best]) < 4 / duration] = 0.0
    return sorted(found, key=lambda sideband: sideband.offset)


def _log_gamma_tail(x: float, shape: float) -> float:
    """Logarithm of a bound on P(X > x), x > a: x^(a - 1) exp(-x) / (Gamma(a) (1 - (a - 1) / x))."""
    if x <= shape:
        return 0.0
    bound = (shape - 1) * math.log(x) - x - math.lgamma(shape) - math.log1p(-(shape - 1) / x)
    return min(bound, 0.0)


def _independent(means: FloatArray, count: int) -> float:
    """How many independent exponential variables each of these is the mean of, from how they scatter."""
    quarter, three_quarters = np.quantile(means, [0.25, 0.75])
    # The half makes up for the skewness: it is right for one variable as well as for many.
    return float(np.clip((1.349 / max(three_quarters - quarter, 1e-3)) ** 2 - 0.5, 1.0, count))


def _response(bins: FloatArray) -> FloatArray:
    """What a tone so many bins off gives where a tone is fitted to the main lobe, g of `find_beats`."""
    positions = np.concatenate([[0.0], bins])[:, np.newaxis]
    at_the_line = np.zeros(len(positions), dtype=np.intp)
    transforms = centred_hann_transform(positions, at_the_line, MAIN_LOBE_BINS, 1)[:, :, 0]
    products = transforms @ transforms[0]
    return np.asarray(np.abs(products[1:]) / products[0])


def measure_drift(courses: LineCourses, comb: Comb | None = None) -> Drift | None:
    """Measure how fast the frequency of a family of lines changes.

    Within two seconds a line's phase course phi_t is fitted by a straight line, weighted by power over noise:
    its slope is 2 pi f with the variance C n / (2 |a|² sum (t - mean t)²), a the amplitude, n the mean square
    of its noise, C that of overlapping frames. Lines of one machine share the relative frequency
    f / mean f: it is averaged with weights inverse to the variance, and fitted by a straight line over
    all segments. Where the segments scatter about it more than the noise explains, the standard error is
    widened by Birge's ratio sqrt(chi² / (segments - 2)).

    Parameters
    ----------
    courses : LineCourses
        Of `LineRemoval.follow`.
    comb : Comb, optional
        Whose members are taken; without one all lines are, which have to be of one machine, or one line.

    Returns
    -------
    Drift or None
        None where fewer than three segments of two seconds hold a line that stands clear of its noise.

    Source: S. M. Kay, *Fundamentals of Statistical Signal Processing: Estimation Theory* (1993), example 3.14
    (the variance); R. T. Birge, "The calculation of errors by the method of least squares", Phys. Rev. 40
    (1932), doi:10.1103/PhysRev.40.207.
    """
    rows = np.arange(len(courses.frequencies)) if comb is None else _rows(comb, courses)
    per_segment = max(round(SEGMENT_SECONDS / _hop(courses)), FEWEST_SEGMENT_FRAMES)
    segments = courses.times.size // per_segment
    relative, variance = np.zeros((len(rows), segments)), np.full((len(rows), segments), np.inf)
    for i, row in enumerate(rows):
        for j in range(segments):
            part = slice(j * per_segment, (j + 1) * per_segment)
            relative[i, j], variance[i, j] = _frequency(courses, int(row), part)
    weight = 1.0 / variance
    heard = weight.sum(axis=1) > 0
    weight, relative = weight[heard], relative[heard]
    # The mean frequency that a line was found with has an error of its own.
    relative = relative - np.sum(weight * relative, axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    total = weight.sum(axis=0)
    known = total > 0
    if np.count_nonzero(known) < FEWEST_SEGMENTS:
        return None
    course = np.sum(weight * relative, axis=0)[known] / total[known]
    times = courses.times[per_segment // 2 :: per_segment][:segments][known]
    total = total[known]
    centred = times - np.average(times, weights=total)
    information = np.sum(total * centred**2)
    course = course - np.average(course, weights=total)
    slope = float(np.sum(total * centred * course) / information)
    scatter = np.sum(total * (course - slope * centred) ** 2) / (len(course) - 2)
    error = float(np.sqrt(max(scatter, 1.0) / information))
    return Drift(60 * slope, 60 * error, times, course, 1 / np.sqrt(total))


def _frequency(courses: LineCourses, row: int, part: slice) -> tuple[float, float]:
    """A line's relative deviation from its mean frequency in some frames, and its variance.

    The variance is infinite where too few frames are sound, or the line does not stand clear of its noise.
    """
    weight = 1.0 / courses.noise[row, part]
    if np.count_nonzero(weight) < FEWEST_SEGMENT_FRAMES:
        return 0.0, np.inf
    hop = _hop(courses)
    followed = 2 * np.pi * hop * np.cumsum(courses.offsets[row, part])
    turned = courses.amplitudes[row, part] * np.exp(-1j * followed)
    mean = np.sum(weight * turned) / weight.sum()
    if np.abs(mean) ** 2 * weight.sum() < SEGMENT_SNR * ALIKE_FRAMES:
        return 0.0, np.inf
    phase = followed + np.angle(turned * mean.conj())
    times = hop * np.arange(len(phase))
    times = times - np.average(times, weights=weight)
    information = np.sum(weight * times**2)
    turn = float(np.sum(weight * times * phase) / information)
    variance = float(ALIKE_FRAMES / (2 * np.abs(mean) ** 2 * information))
    cycles = 2 * np.pi * courses.frequencies[row]
    return turn / cycles, variance / cycles**2


def _hop(courses: LineCourses) -> float:
    """Seconds from frame to frame."""
    return float(courses.times[1] - courses.times[0])


def _rows(comb: Comb, courses: LineCourses) -> npt.NDArray[np.intp]:
    """Where a comb's members are among the courses."""
    wanted = np.array([member.line.frequency for member in comb.members])
    rows = np.abs(courses.frequencies - wanted[:, np.newaxis]).argmin(axis=1)
    if np.abs(courses.frequencies[rows] - wanted).max() > 1e-6:
        raise ParameterError(
            f"Not all lines of the comb at {comb.frequency:.3f} Hz are among the courses. Follow the lines "
            "that the comb was found in."
        )
    return np.asarray(rows)
