"""What the rover's lines tell of its machines: families of harmonics, and their sidebands.

A machine that turns f0 times a second makes lines at k f0, a clock exactly so. Pure functions on what
`marsaudio.separation.lines` finds; nothing here changes a separation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.separation.lines import Line

FloatArray = npt.NDArray[np.float64]

TOLERANCE = 0.5  # Hz; of a line's frequency, found in a recording of a second
HALVINGS = 8  # how often the tolerance is halved, down to that in a recording of a minute
LOWEST_FUNDAMENTAL = 10.0  # Hz
SOURCES = 64  # the most prominent lines, one of which has to be in a comb
FALSE_FAMILIES = 1e-3  # expected number of combs, or of common distances, in as many lines that lie anywhere
FEWEST_MEMBERS = 4
FEWEST_BESIDE = 3
STRAYS = 0.5  # expected number of other lines that are taken for members, once a family is certain
MOST_LEVERAGE = 0.6  # of one line in the fit of a fundamental
OUTLYING = 2.385  # deviations beyond which a member hardly counts in the fit
SURE_DEVIATIONS = 4.0  # within which two fundamentals are in a whole ratio,
WHOLE_RATIO = 0.002  # or within this part of the lower one, which one in 250 pairs is by chance
WIDEST_SIDEBAND = 50.0  # Hz


@dataclass(frozen=True)
class Member:
    """A line of a comb.

    Attributes
    ----------
    harmonic : int
        k, from 1.
    line : Line
    deviation : float
        Of its frequency from k f0, in Hz.
    """

    harmonic: int
    line: Line
    deviation: float


@dataclass(frozen=True)
class Comb:
    """A family of lines at whole multiples of one frequency.

    Attributes
    ----------
    frequency : float
        f0 in Hz, fitted to all members.
    standard_error : float
        Of f0 in Hz, from how the members scatter about it.
    members : tuple of Member
        By harmonic. Some harmonics may be missing.
    rms_deviation : float
        Root mean square of the members' deviations, in Hz.
    log10_chance : float
        Logarithm of the expected number of families that fit as well, among as many lines that lie anywhere:
        -6 is one in a million recordings.
    multiple : int or None
        Where this comb is a part of another one, of fundamental f0 / multiple: the pump on a shaft, say. Its
        members are among the other's, too.
    """

    frequency: float
    standard_error: float
    members: tuple[Member, ...]
    rms_deviation: float
    log10_chance: float
    multiple: int | None = None

    @property
    def harmonics(self) -> tuple[int, ...]:
        """The harmonics at which there is a line."""
        return tuple(member.harmonic for member in self.members)


@dataclass(frozen=True)
class Sideband:
    """What stands at one distance from many lines of a comb.

    Attributes
    ----------
    offset : float
        The distance in Hz, negative below the line.
    standard_error : float
        Of the distance, in Hz.
    harmonics : tuple of int
        The harmonics beside which it is seen.
    level : float or None
        In dB re the line that it stands beside, the median; None where none of those lines is seen itself.
    log10_chance : float
        Logarithm of the expected number of distances with as much beside the lines, by chance.
    lines : tuple of Line
        The lines that are this sideband, one for each of `harmonics`; none where it stands closer to the
        comb's lines than a frame resolves.

    Examples
    --------
    >>> import marsaudio as ma
    >>> model = ma.fit_rover(ma.load("sample"))
    >>> [round(sideband.offset, 1) for sideband in model.families[0].sidebands]
    [-3.7, 3.7, 14.0]
    """

    offset: float
    standard_error: float
    harmonics: tuple[int, ...]
    level: float | None
    log10_chance: float
    lines: tuple[Line, ...] = field(default=(), repr=False)


def find_combs(
    lines: Iterable[Line], *, tolerance: float = TOLERANCE, lowest: float = LOWEST_FUNDAMENTAL
) -> list[Comb]:
    """Find the families of harmonics among lines.

    Every line may be the k-th harmonic of f0 = f / k. Of N lines that lie anywhere, the number that come
    within a tolerance d of a multiple of f0 is binomial with p = 2 d / f0, so that n or more do so with

    P = sum_(i >= n) C(N, i) p^i (1 - p)^(N - i),

    without the line that f0 was taken from. The comb with the least P is taken, over all f0 and several d;
    its lines are set aside, and the next one is sought, until as small a P is to be expected by chance among
    all that were tried. Half of f0, or another part, explains the same lines with larger p, and double f0
    explains fewer: both have larger P.

    Lines at a common distance from a comb's harmonics (`surest_sideband`) are set aside, too, where that is
    less likely by chance than the next comb. And where every m-th line of a comb, with lines beside those, is
    less likely than the whole comb, it is taken instead: moved by 14 Hz, the multiples of 195.1 Hz lie near
    multiples of 13.9 Hz.

    Two combs with f0 in a whole ratio are one machine: the lower one then takes in the members of the other,
    which is kept as a part of it (`Comb.multiple`). The same where the harmonics that are multiples of some m
    are complete beyond chance among the members, by the hypergeometric distribution.

    Parameters
    ----------
    lines : iterable of Line
    tolerance : float
        How far a line may be from its harmonic at most, in Hz; down to a 256th of that is tried.
    lowest : float
        The lowest fundamental that is sought, in Hz; more than four times the tolerance.

    Returns
    -------
    list of Comb
        The surest first.

    Raises
    ------
    ParameterError
        `tolerance` is not positive, or `lowest` not more than four times as much.

    Examples
    --------
    >>> from marsaudio.separation.lines import Line
    >>> pump = [Line(195.145 * k, -60.0, 20.0, 0.9) for k in (1, 2, 4, 5, 7)]
    >>> [comb] = find_combs([*pump, Line(781.3, -50.0, 30.0, 0.9)])
    >>> round(comb.frequency, 3), comb.harmonics
    (195.145, (1, 2, 4, 5, 7))
    """
    if not tolerance > 0:
        raise ParameterError(f"tolerance={tolerance!r} must be a positive number of hertz.")
    if not lowest > 4 * tolerance:
        raise ParameterError(
            f"lowest={lowest!r} Hz must be more than four times the tolerance of {tolerance:g} Hz: else "
            "every line is near some harmonic."
        )
    left = sorted(lines, key=lambda line: line.frequency)
    combs: list[Comb] = []
    while True:
        comb = _surest_comb(left, tolerance, lowest)
        for part in _complete_part(comb) if comb else ():
            # That every m-th line stands out and that lines stand beside those may be the likelier story.
            told = _told(part, left, tolerance)
            comb = told[0] if comb and told and told[1] < comb.log10_chance else comb
        found = [surest_sideband(known, left, tolerance=tolerance) for known in combs]
        beside = min((one for one in found if one), key=lambda one: one.log10_chance, default=None)
        taken: Iterable[Line]
        if comb and (beside is None or comb.log10_chance <= beside.log10_chance):
            combs.append(comb)
            taken = [member.line for member in comb.members]
        elif beside:
            taken = beside.lines
        else:
            return sorted(_related(combs, tolerance), key=lambda comb: comb.log10_chance)
        left = without(left, taken)


def _told(part: Comb, lines: Sequence[Line], tolerance: float) -> tuple[Comb, float] | None:
    """A part of a comb as a comb of its own, and the logarithm of the chance of it and what is beside it."""
    comb = _at(part.frequency, lines, tolerance)
    rest = without(lines, (member.line for member in comb.members))
    beside = surest_sideband(comb, rest, tolerance=tolerance)
    return (comb, comb.log10_chance + beside.log10_chance) if beside else None


def without(lines: Iterable[Line], taken: Iterable[Line]) -> list[Line]:
    """The lines that are not among those taken."""
    gone = {id(line) for line in taken}
    return [line for line in lines if id(line) not in gone]


def _surest_comb(lines: Sequence[Line], tolerance: float, lowest: float) -> Comb | None:
    """The comb that is least likely by chance, if it is unlikely enough."""
    if len(lines) < FEWEST_MEMBERS:
        return None
    frequency = np.array([line.frequency for line in lines])
    tolerances = _tolerances(tolerance)
    prominent = np.argsort([-line.prominence for line in lines], kind="stable")[:SOURCES]
    tried, best, f0 = 0, 0.0, 0.0
    for source in frequency[prominent]:
        candidates = source / np.arange(1, int(source // lowest) + 1)
        if len(candidates) == 0:
            continue
        tried += len(candidates)
        chance = _log_chance(_deviations(frequency, candidates), candidates, tolerances).min(axis=1)
        if chance.min() < best:
            best, f0 = float(chance.min()), float(candidates[chance.argmin()])
    if not f0:
        return None
    comb = _at(f0, lines, tolerance)
    expected = comb.log10_chance + math.log10(tried)
    if len(comb.members) < FEWEST_MEMBERS or expected > math.log10(FALSE_FAMILIES):
        return None
    return replace(comb, log10_chance=expected)


def _at(f0: float, lines: Sequence[Line], tolerance: float) -> Comb:
    """The comb near a fundamental, fitted to the lines in reach; when it is fitted, more may be."""
    frequency = np.array([line.frequency for line in lines])
    tolerances = _tolerances(tolerance)
    for _ in range(3):
        deviation = _deviations(frequency, np.array([f0]))
        chance = _log_chance(deviation, np.array([f0]), tolerances)[0]
        near = np.flatnonzero(deviation[0] <= tolerances[int(chance.argmin())])
        f0 = _fitted([lines[int(i)] for i in near], f0).frequency
    deviation = _deviations(frequency, np.array([f0]))[0]
    reach = max(min(tolerance, STRAYS * f0 / (2 * len(lines))), float(tolerances[int(chance.argmin())]))
    comb = _fitted([lines[int(i)] for i in np.flatnonzero(deviation <= reach)], f0)
    expected = float(chance.min()) + math.log(len(tolerances))
    return replace(comb, log10_chance=expected / math.log(10))


def _tolerances(largest: float) -> FloatArray:
    """The tolerances that are tried, each half of the one before."""
    return np.asarray(largest / 2.0 ** np.arange(HALVINGS + 1), dtype=np.float64)


def _deviations(frequency: FloatArray, candidates: FloatArray) -> FloatArray:
    """How far each line is from each fundamental's nearest harmonic, in Hz; infinite below the first."""
    harmonic = np.rint(frequency / candidates[:, np.newaxis])
    off = np.abs(frequency - harmonic * candidates[:, np.newaxis])
    return np.asarray(np.where(harmonic > 0, off, np.inf))


def _log_chance(deviation: FloatArray, fundamental: FloatArray, tolerances: FloatArray) -> FloatArray:
    """Logarithms of P of `find_combs` for each fundamental and tolerance, one line being there anyway.

    Above the mean the terms of the sum fall at least as fast as a geometric series of the ratio of the first
    two, r: P <= C(N, n) p^n (1 - p)^(N - n) / (1 - r), which does not vanish in rounding.
    """
    from scipy.stats import binom

    near = np.stack([np.count_nonzero(deviation <= tolerance, axis=1) for tolerance in tolerances], axis=1)
    others, n = deviation.shape[1] - 1, near - 1
    p = np.minimum(2 * tolerances / fundamental[:, np.newaxis], 0.5)
    n = np.maximum(n, 0)
    ratio = (others - n) * p / ((n + 1) * (1 - p))
    bound = binom.logpmf(n, others, p) - np.log1p(-np.minimum(ratio, 0.999))
    return np.asarray(np.where((n > 0) & (ratio < 1), np.minimum(bound, 0.0), 0.0))


def _fitted(lines: Iterable[Line], f0: float) -> Comb:
    """Fit a fundamental to lines near its harmonics, one line a harmonic, by weighted least squares.

    f0 = sum w k f / sum w k², with the standard error s / sqrt(sum w k²), s² = sum w (f - k f0)² / (n - 1).
    The weights are inverse to the dispersion of the phase turn that told the frequency, (1 - R⁴) / 2 R² with
    the coherence R, to which a tenth of the worst is added so that no line alone decides; and to
    1 + (r / c)² where a line deviates by r standard deviations, for some are drawn off by their neighbours.
    A line whose share of the information, w k² / sum w k², is above 0.6 is left out of the fit.

    Source: S. M. Kay, *Fundamentals of Statistical Signal Processing: Estimation Theory* (1993), chapter 8;
    N. I. Fisher, *Statistical Analysis of Circular Data* (1993), section 2.3.1, for the dispersion, here of
    the wrapped normal distribution; P. W. Holland and R. E. Welsch, "Robust regression using iteratively
    reweighted least-squares", Commun. Stat. A 6 (1977), doi:10.1080/03610927708827533, for Cauchy's weight.
    """
    nearest: dict[int, Line] = {}
    for line in lines:
        k = round(line.frequency / f0)
        if k not in nearest or abs(line.frequency - k * f0) < abs(nearest[k].frequency - k * f0):
            nearest[k] = line
    harmonic = np.array(sorted(nearest), dtype=np.float64)
    chosen = [nearest[int(k)] for k in harmonic]
    frequency = np.array([line.frequency for line in chosen])
    coherence = np.array([line.coherence for line in chosen], dtype=np.float64).clip(1e-3, 1.0)
    dispersion = (1 - coherence**4) / (2 * coherence**2)
    precision = 1.0 / (dispersion + 0.1 * float(dispersion.max()) + 1e-12)
    # One line far above the others would tell f0 alone, and may be there by chance.
    information_of = precision * harmonic**2
    leverage = information_of / float(information_of.sum())
    prior = np.where((leverage > MOST_LEVERAGE) & (len(chosen) > FEWEST_MEMBERS), 0.0, precision)
    weight, deviation = prior, frequency - harmonic * f0
    for _ in range(10):
        deviation = frequency - harmonic * np.sum(weight * harmonic * frequency) / np.sum(
            weight * harmonic**2
        )
        relative = np.abs(deviation) * np.sqrt(prior)
        scale = 1.4826 * float(np.median(relative[prior > 0])) + 1e-12
        weight = prior / (1 + (relative / (OUTLYING * scale)) ** 2)
    information = float(np.sum(weight * harmonic**2))
    fitted = float(np.sum(weight * harmonic * frequency)) / information
    deviation = frequency - harmonic * fitted
    scatter = float(np.sum(weight * deviation**2)) / max(int(np.count_nonzero(prior)) - 1, 1)
    return Comb(
        frequency=fitted,
        standard_error=math.sqrt(scatter / information),
        members=tuple(
            Member(int(k), line, float(off)) for k, line, off in zip(harmonic, chosen, deviation, strict=True)
        ),
        rms_deviation=float(np.sqrt(np.mean(deviation**2))),
        log10_chance=0.0,
    )


def _related(combs: Sequence[Comb], tolerance: float) -> list[Comb]:
    """Join combs of one machine: the lower takes in what the higher has, the higher stays as a part."""
    result: list[Comb] = []
    for comb in sorted(combs, key=lambda comb: comb.frequency, reverse=True):
        whole = comb
        for i, other in enumerate(result):
            multiple = round(other.frequency / comb.frequency)
            error = SURE_DEVIATIONS * math.hypot(multiple * comb.standard_error, other.standard_error)
            near = min(max(error, WHOLE_RATIO * comb.frequency), tolerance)
            off = abs(other.frequency - multiple * comb.frequency)
            if multiple > 1 and other.multiple is None and off <= near:
                lines = [member.line for member in (*whole.members, *other.members)]
                whole = replace(_fitted(lines, whole.frequency), log10_chance=whole.log10_chance)
                result[i] = replace(other, multiple=multiple)
        result += [whole, *_complete_part(whole)] if whole is comb else [whole]
    return result


def _complete_part(comb: Comb) -> list[Comb]:
    """The multiples of some m within a comb, where far more of them are present than of the rest."""
    from scipy.stats import hypergeom

    present = np.array(comb.harmonics)
    most = int(present.max())
    multiples = np.arange(2, most // FEWEST_MEMBERS + 1)
    if len(multiples) == 0:
        return []
    found = np.array([np.count_nonzero(present % m == 0) for m in multiples])
    chance = hypergeom.logsf(found - 1, most, most // multiples, len(present)) + math.log(len(multiples))
    best = int(np.argmin(chance))
    if found[best] < FEWEST_MEMBERS or chance[best] > math.log(FALSE_FAMILIES):
        return []
    m = int(multiples[best])
    part = _fitted([member.line for member in comb.members if member.harmonic % m == 0], m * comb.frequency)
    return [replace(part, log10_chance=float(chance[best]) / math.log(10), multiple=m)]


def surest_sideband(
    comb: Comb,
    lines: Sequence[Line],
    *,
    tolerance: float = TOLERANCE,
    widest: float = WIDEST_SIDEBAND,
) -> Sideband | None:
    """The lines at a common distance from a comb's harmonics that are least likely there by chance.

    Of N lines that lie anywhere, those within a tolerance d of some distance from the nearest harmonic, be
    there a line or not, are binomial with p = 2 d / f0, as in `find_combs`; each line's own distance is
    tried, over several d.

    Parameters
    ----------
    comb : Comb
    lines : sequence of Line
        Without the comb's own.
    tolerance : float
        How far a line may be from the common distance at most, in Hz.
    widest : float
        The largest distance that is sought, in Hz.

    Returns
    -------
    Sideband or None
        None where no distance is unlikely enough.
    """
    carriers = {member.harmonic: member.line for member in comb.members}
    beside = [(round(line.frequency / comb.frequency), line) for line in lines]
    beside = [(k, line) for k, line in beside if k > 0]
    offset = np.array([line.frequency - k * comb.frequency for k, line in beside])
    inside = np.abs(offset) <= widest
    beside, offset = [each for each, chosen in zip(beside, inside, strict=True) if chosen], offset[inside]
    if len(beside) < FEWEST_BESIDE:
        return None
    tolerances = _tolerances(tolerance)
    apart = np.abs(offset - offset[:, np.newaxis])
    chance = _log_chance(apart, np.full(len(offset), comb.frequency), tolerances)
    best, which = np.unravel_index(int(np.argmin(chance)), chance.shape)
    expected = float(chance[best, which]) + math.log(chance.size)
    reach = max(min(tolerance, STRAYS * comb.frequency / (2 * len(beside))), float(tolerances[which]))
    near = np.flatnonzero(apart[best] <= reach)
    if len(near) < FEWEST_BESIDE or expected > math.log(FALSE_FAMILIES):
        return None
    group = [beside[int(i)] for i in near]
    levels = [line.level - carriers[k].level for k, line in group if k in carriers]
    return Sideband(
        offset=float(np.median(offset[near])),
        standard_error=float(offset[near].std(ddof=1) / np.sqrt(len(near))),
        harmonics=tuple(k for k, _ in group),
        level=float(np.median(levels)) if levels else None,
        log10_chance=expected / math.log(10),
        lines=tuple(line for _, line in group),
    )
