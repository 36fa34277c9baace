"""The rover's machines: families of lines with sidebands and drift, and what each line is in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.separation.combs import (
    FEWEST_BESIDE,
    SURE_DEVIATIONS,
    Comb,
    Sideband,
    find_combs,
    surest_sideband,
    without,
)
from marsaudio.separation.line_courses import Drift, find_beats, measure_drift
from marsaudio.separation.line_removal import LineCourses
from marsaudio.separation.lines import Line

FloatArray = npt.NDArray[np.float64]

# A sideband at -3 dB makes beats at twice and three times its distance that are 23 to 30 dB fainter.
OVERTONE_DB = 20.0
FAMILY_HEADER = ("Fundamental (Hz)", "Lines", "Harmonics", "Sidebands (Hz)", "Drift a minute")


@dataclass(frozen=True)
class RoverLine(Line):
    """A tone of the rover, and what it is in the family that it belongs to.

    Attributes
    ----------
    frequency : float
        f in Hz.
    level : float
        Of the sine, mean square, in dB re full scale: the mean of the decibels of all frames.
    prominence : float
        Above the noise around it in the bins of the transform, in dB.
    coherence : float
        From 0 (its phase is random from frame to frame) to 1 (a clock).
    wanders : bool
        Its frequency moves by half a bin (some 1.5 Hz) or more within the recording; `frequency` is the mean.
    family : float or None
        The fundamental frequency f0 in Hz of the family that it belongs to, as ``Family.frequency`` has it;
        None where it belongs to none. `RoverModel.family_of` gives the family. A line of the pump that is a
        line of the shaft below as well counts to the pump: to the highest f0 that it is a harmonic of.
    harmonic : int or None
        k, from 1: it is at k f0, or a sideband of what is there.
    sideband : float or None
        Of a sideband, the distance f - k f0 in Hz, negative below. None for a harmonic or without a family.
    drift : Drift or None
        How the frequency changed: of the family, whose lines drift alike, or of a line without a family by
        itself. None where that was not heard clearly for three times two seconds.

    Examples
    --------
    >>> import marsaudio as ma
    >>> model = ma.fit_rover(ma.load("sample"))
    >>> line = model.lines[0]
    >>> f"{line.frequency:.2f} Hz, harmonic {line.harmonic}, {line.level:.1f} dB"
    '195.15 Hz, harmonic 1, -37.2 dB'
    """

    family: float | None = None
    harmonic: int | None = None
    sideband: float | None = None
    drift: Drift | None = None


@dataclass(frozen=True, repr=False)
class Family:
    """The lines of one machine: harmonics of one frequency, their sidebands, their drift.

    Attributes
    ----------
    frequency : float
        The fundamental f0 in Hz, fitted to all harmonics.
    standard_error : float
        Of f0 in Hz, from how the lines scatter about k f0.
    harmonics : tuple of int
        The k, from 1, at which there is a line; some may be missing.
    lines : tuple of RoverLine
        One for each of `harmonics`.
    sidebands : tuple of Sideband
        What stands at one distance from many of the harmonics, by the distance. Beyond some 5 Hz they are
        lines by themselves (``Sideband.lines``); closer by they are told by how the harmonics beat from frame
        to frame. As there are some 11.7 frames a second, a faint sideband at +7 Hz, not seen as a line, would
        look like one at -4.7 Hz.
    drift : Drift or None
        How f0 changed, relative to its mean. None where no line was heard clearly for three times two
        seconds: no drift is then known, which is not the same as none.
    log10_chance : float
        Logarithm of the expected number of families that fit as well, among as many lines that lie anywhere:
        -6 is one in a million recordings.
    multiple : int or None
        Where this family is a part of another one, of fundamental f0 / multiple: the pump on a shaft, say.
        Its lines are among the other's, too.

    Examples
    --------
    >>> import marsaudio as ma
    >>> model = ma.fit_rover(ma.load("sample"))
    >>> pump = model.families[0]
    >>> f"{pump.frequency:.2f} Hz, with {len(pump.sidebands)} kinds of sidebands"
    '195.15 Hz, with 3 kinds of sidebands'
    """

    frequency: float
    standard_error: float
    harmonics: tuple[int, ...]
    lines: tuple[RoverLine, ...]
    sidebands: tuple[Sideband, ...]
    drift: Drift | None
    log10_chance: float
    multiple: int | None = None

    @property
    def rms_deviation(self) -> float:
        """The root mean square of the lines' deviations from k f0, in Hz."""
        frequency = np.array([line.frequency for line in self.lines])
        return float(np.sqrt(np.mean((frequency - np.array(self.harmonics) * self.frequency) ** 2)))

    def __repr__(self) -> str:
        sidebands = ", ".join(f"{sideband.offset:+.2f}" for sideband in self.sidebands)
        beside = f", sidebands at {sidebands} Hz" if sidebands else ""
        return f"<marsaudio.Family: {self} (harmonics {self.harmonics[0]} to {self.harmonics[-1]}){beside}>"

    def __str__(self) -> str:
        return f"{len(self.lines)} of {with_error(self.frequency, self.standard_error)} Hz"


def find_families(
    lines: Iterable[Line], courses: LineCourses | None = None
) -> tuple[tuple[RoverLine, ...], tuple[Family, ...]]:
    """Find the families among lines, with their sidebands and their drift.

    Each sideband that stands by itself goes to the family by which it is least likely by chance, the surest
    first, and its lines are set aside. A beat at the distance of a sideband that the family already has, to
    four standard errors or to what the courses can tell apart, is the same one: the more certain distance
    is kept. A beat at the distance of such a sideband less the rate of the frames is that sideband, too, and
    is left out. Where one family is a part of another, a beat of both is the part's, unless three lines or
    more that are not the part's beat as well. Beats more than 20 dB fainter than another sideband that close
    may be its overtones, and are left out.

    Parameters
    ----------
    lines : iterable of Line
    courses : LineCourses, optional
        Of all these lines; without them there are neither beats nor drifts.

    Returns
    -------
    lines : tuple of RoverLine
        The same lines, by frequency.
    families : tuple of Family
        The surest first.
    """
    plain = sorted(lines, key=lambda line: line.frequency)
    combs = find_combs(plain)
    sidebands = _standing(combs, plain)
    drifts: list[Drift | None] = [None] * len(combs)
    alone: dict[int, Drift | None] = {}
    if courses is not None and plain:
        _add_beats(combs, sidebands, courses)
        drifts = [measure_drift(courses, comb) for comb in combs]
        taken = {id(member.line) for comb in combs for member in comb.members}
        taken |= {id(line) for found in sidebands for sideband in found for line in sideband.lines}
        alone = {
            id(line): measure_drift(courses.only(np.array([row])))
            for row, line in enumerate(plain)
            if id(line) not in taken
        }
    known = {id(line): RoverLine(**vars(line), drift=alone.get(id(line))) for line in plain}
    families = [
        Family(
            frequency=comb.frequency,
            standard_error=comb.standard_error,
            harmonics=comb.harmonics,
            lines=tuple(known[id(member.line)] for member in comb.members),
            sidebands=tuple(
                replace(sideband, lines=tuple(known[id(line)] for line in sideband.lines))
                for sideband in sorted(beside, key=lambda sideband: sideband.offset)
            ),
            drift=drift,
            log10_chance=comb.log10_chance,
            multiple=comb.multiple,
        )
        for comb, beside, drift in zip(combs, sidebands, drifts, strict=True)
    ]
    return named(tuple(known.values()), families)


def named(
    lines: Iterable[RoverLine], families: Sequence[Family]
) -> tuple[tuple[RoverLine, ...], tuple[Family, ...]]:
    """Tell each line what it is in its family.

    Parameters
    ----------
    lines : iterable of RoverLine
        Each with the drift that it has by itself, which counts where it has no family.
    families : sequence of Family
        Of these very lines.

    Returns
    -------
    lines : tuple of RoverLine
    families : tuple of Family
        Of the lines returned.
    """
    lines = tuple(lines)
    named = {id(line): line for line in lines}
    rising = sorted(families, key=lambda family: family.frequency)
    for family in rising:
        for sideband in family.sidebands:
            # What is only heard as a beat has no lines.
            for k, line in zip(sideband.harmonics, sideband.lines, strict=False):
                named[id(line)] = replace(
                    named[id(line)],
                    family=family.frequency,
                    harmonic=k,
                    sideband=line.frequency - k * family.frequency,
                    drift=family.drift,
                )
    for family in rising:
        for k, line in zip(family.harmonics, family.lines, strict=True):
            named[id(line)] = replace(
                named[id(line)], family=family.frequency, harmonic=k, sideband=None, drift=family.drift
            )
    return tuple(named[id(line)] for line in lines), tuple(
        replace(
            family,
            lines=tuple(named[id(line)] for line in family.lines),
            sidebands=tuple(
                replace(sideband, lines=tuple(named[id(line)] for line in sideband.lines))
                for sideband in family.sidebands
            ),
        )
        for family in families
    )


def _standing(combs: Sequence[Comb], lines: Iterable[Line]) -> list[list[Sideband]]:
    """The sidebands of each comb that stand by themselves."""
    left = without(lines, (member.line for comb in combs for member in comb.members))
    found: list[list[Sideband]] = [[] for _ in combs]
    while True:
        candidates = [
            (sideband.log10_chance, i, sideband)
            for i, comb in enumerate(combs)
            if (sideband := surest_sideband(comb, left))
        ]
        if not candidates:
            return found
        _, owner, sideband = min(candidates, key=lambda one: one[:2])
        found[owner].append(sideband)
        left = without(left, sideband.lines)


def _add_beats(combs: Sequence[Comb], found: list[list[Sideband]], courses: LineCourses) -> None:
    """Add the sidebands that are closer than a frame resolves to those found of each comb."""
    span = float(courses.times[-1] - courses.times[0])
    beats = [find_beats(comb, courses) for comb in combs]
    for i, whole in enumerate(combs):
        for j, part in enumerate(combs):
            if part.multiple is None or not _is_part(part, whole):
                continue
            for beat in tuple(beats[i]):
                same = [one for one in beats[j] if _alike(one, beat, span)]
                beyond = sum(harmonic % part.multiple != 0 for harmonic in beat.harmonics)
                if same and beyond < FEWEST_BESIDE:
                    beats[i].remove(beat)
                elif same:
                    beats[j] = [one for one in beats[j] if one not in same]
    frame_rate = (len(courses.times) - 1) / span
    for known, heard in zip(found, beats, strict=True):
        near = [
            one.level for one in (*known, *heard) if one.level is not None and abs(one.offset) < frame_rate
        ]
        for beat in heard:
            if beat.level is None or beat.level < max(near) - OVERTONE_DB:
                continue
            same = [one for one in known if _alike(one, beat, span)]
            if same:
                known[known.index(same[0])] = _joined(same[0], beat)
            elif not any(_is_alias(beat, one, frame_rate, span) for one in known):
                known.append(beat)


def _alike(one: Sideband, other: Sideband, span: float) -> bool:
    """Whether two distances are the same, as far as courses over so many seconds tell."""
    error = SURE_DEVIATIONS * math.hypot(one.standard_error, other.standard_error)
    return abs(one.offset - other.offset) <= max(error, 4 / span)


def _is_alias(beat: Sideband, standing: Sideband, frame_rate: float, span: float) -> bool:
    """Whether a beat is a sideband that stands further off, as frames that are made too seldom show it."""
    turns = round((standing.offset - beat.offset) / frame_rate)
    there = replace(beat, offset=beat.offset + turns * frame_rate)
    shared = set(beat.harmonics) & set(standing.harmonics)
    return bool(standing.lines) and len(shared) >= FEWEST_BESIDE and _alike(standing, there, span)


def _joined(standing: Sideband, beat: Sideband) -> Sideband:
    """One sideband, seen as lines and as a beat."""
    surer = min(standing, beat, key=lambda sideband: sideband.standard_error)
    return replace(
        standing,
        offset=surer.offset,
        standard_error=surer.standard_error,
        log10_chance=min(standing.log10_chance, beat.log10_chance),
    )


def _is_part(part: Comb, whole: Comb) -> bool:
    """Whether most lines of a comb are another one's, of a lower fundamental."""
    lines = {id(member.line) for member in whole.members}
    shared = sum(id(member.line) in lines for member in part.members)
    return whole.frequency < part.frequency and shared > len(part.members) / 2


def with_error(value: float, error: float) -> str:
    """A value to the first digit of its standard error, and the error: '195.1432 ± 0.0001'."""
    first_digit = math.floor(math.log10(float(f"{error:.0e}"))) if error > 0 else -6
    digits = min(max(-first_digit, 0), 9)
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def family_row(family: Family) -> tuple[str, ...]:
    """What is said of a family in a table, under `FAMILY_HEADER`."""
    drift = family.drift
    fundamental = with_error(family.frequency, family.standard_error)
    if family.multiple is not None:
        fundamental += f" = {family.multiple} x {family.frequency / family.multiple:.2f}"
    return (
        fundamental,
        str(len(family.lines)),
        f"{family.harmonics[0]} to {family.harmonics[-1]}",
        ", ".join(f"{sideband.offset:+.2f}" for sideband in family.sidebands) or "none",
        "not heard" if drift is None else f"{drift.per_minute:+.1e} ± {drift.standard_error:.1e}",
    )


def place_of(line: RoverLine) -> str:
    """What is said of a line's place in its family: '3 x 195.14 Hz'."""
    if line.family is None or line.harmonic is None:
        return ""
    beside = "" if line.sideband is None else f" {'+' if line.sideband > 0 else '−'} {abs(line.sideband):.2f}"
    return f"{line.harmonic} x {line.family:.2f}{beside} Hz"
