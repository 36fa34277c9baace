"""The picture of a rover model: its floor, and its lines on it, family by family."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from marsaudio.separation.families import Family, RoverLine
from marsaudio.separation.floors import FAINTEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from marsaudio.separation.rover_model import RoverModel

FloatArray = npt.NDArray[np.float64]

# Colours of M. Okabe and K. Ito, "Color universal design" (2008), each with a marker of its own.
FAMILY_MARKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"))
OTHERS_MARK = ("0.45", "")


def draw(model: RoverModel, ax: Axes | None, **kwargs: Any) -> Line2D:
    """Draw a model; see `marsaudio.RoverModel.plot`."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
    settings = {"color": "black", "linewidth": 1.2, "label": "floor, lines taken out", **kwargs}
    (floor,) = ax.plot(model.frequencies[1:], decibels(model.floor[1:]), **settings)
    if len(model.floors) > 1:
        ax.fill_between(
            model.frequencies[1:],
            decibels(model.floors.min(axis=0)[1:]),
            decibels(model.floors.max(axis=0)[1:]),
            color="0.8",
            label="between rest and most activity",
        )
    ax.plot(model.high_frequencies, decibels(model.high_floor), color="0.5", label="above, lines included")
    # A line's power stands against the power of the floor in the bin it falls into.
    to_density = -10 * np.log10(model.frequencies[1])
    shown = model.families[: len(FAMILY_MARKS)]
    for family, (colour, marker) in zip(shown, FAMILY_MARKS, strict=False):
        of_it = [line for line in model.lines if line.family == family.frequency]
        harmonics = [line for line in of_it if line.sideband is None]
        beside = [line for line in of_it if line.sideband is not None]
        _stems(ax, harmonics, to_density, colour, marker, _label(family, len(harmonics)))
        _stems(ax, beside, to_density, colour, marker, _sideband_label(family, len(beside)), hollow=True)
    named = {family.frequency for family in shown}
    others = [line for line in model.lines if line.family not in named]
    label = f"{len(others)} {'other ' if named else ''}line{'' if len(others) == 1 else 's'}"
    _stems(ax, others, to_density, *OTHERS_MARK, label)
    ax.set_xscale("log")
    ax.set_xlim(max(5.0, float(model.frequencies[1])), model.sample_rate / 2)
    ax.set(xlabel="Frequency (Hz)", ylabel="Level (dB re full scale²/Hz)")
    ax.set_title(f"The rover in {model.source.name}", parse_math=False)
    ax.grid(True, which="major", color="0.9")
    ax.legend(loc="best")
    return floor


def _stems(
    ax: Axes,
    lines: Iterable[RoverLine],
    to_density: float,
    colour: str,
    marker: str,
    label: str,
    *,
    hollow: bool = False,
) -> None:
    lines = list(lines)
    if not lines:
        return
    frequency = [line.frequency for line in lines]
    tops = np.array([line.level for line in lines]) + to_density
    feet = tops - [line.prominence for line in lines]
    ax.vlines(frequency, feet, tops, color=colour, linewidth=0.9, label="" if marker else label)
    if marker:
        face = "white" if hollow else colour
        ax.plot(
            frequency, tops, marker, color=colour, markerfacecolor=face, markersize=3.5, label=label, zorder=3
        )


def _label(family: Family, count: int) -> str:
    return f"{count} lines of {family.frequency:.2f} Hz"


def _sideband_label(family: Family, count: int) -> str:
    offsets = ", ".join(f"{sideband.offset:+.1f}" for sideband in family.sidebands if sideband.lines)
    return f"{count} sidebands of these ({offsets} Hz)"


def decibels(power: FloatArray) -> FloatArray:
    """10 log10 of a power, of none as well."""
    return np.asarray(10 * np.log10(np.maximum(power, FAINTEST)))
