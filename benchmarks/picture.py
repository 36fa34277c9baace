"""The separation benchmark in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import mixtures
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from peers import BLIND, LOW_PASS, MIXTURE, ORACLE, REFERENCE
from results import Results
from tables import GROUPS, SNRS_DB, WIND, Chosen, case_with

GREY = "#767676"
LOSSES: dict[str, Any] = {"facecolor": "#f3efe9", "edgecolor": "none", "zorder": 0}
TITLES = {"steady": "Steady machines", "fluctuating": "Machines that come and go"}


@dataclass(frozen=True)
class Style:
    """How a method is drawn: in one of Okabe and Ito's colours, and with a shape that needs no colour."""

    colour: str
    marker: str
    filled: bool = True
    line: str = "-"
    width: float = 1.3
    size: float = 6.0


STYLES = {
    LOW_PASS: Style("#E69F00", "s"),
    "noisereduce": Style("#CC79A7", "^"),
    "noisereduce, non-st.": Style("#CC79A7", "v", filled=False, line=":"),
    "noisereduce, ref.": Style("#CC79A7", ">", filled=False, line="--"),
    "HPSS": Style("#009E73", "P"),
    "scipy Wiener": Style("#D55E00", "X"),
    BLIND: Style("#0072B2", "o", width=3.0, size=9.0),
    REFERENCE: Style("#0072B2", "o", filled=False, line="--", width=1.8, size=9.0),
    ORACLE: Style("#000000", "D", filled=False, line=":"),
}
ORDER = (ORACLE, REFERENCE, BLIND, *(name for name in STYLES if name not in (ORACLE, REFERENCE, BLIND)))


def draw(results: Results, path: Path) -> None:
    """Write the picture as PNG."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 10.5), layout="constrained")
        halves = figure.subfigures(2, 1, height_ratios=(1, 1.15), squeeze=False)
        upper, lower = halves[:, 0]
        panels = upper.subplots(1, 2, sharey=True)
        for panel, group in zip(panels, GROUPS, strict=True):
            draw_ratios(panel, results, group)
        limits = panels[0].get_ylim()
        for panel in panels:
            panel.set_ylim(limits)  # of both, from now on
            panel.axhspan(min(limits[0], 0.0), 0.0, **LOSSES)
            panel.text(0.02, 0.02, "worse than doing nothing", transform=panel.transAxes, color=GREY)
        panels[0].set_ylabel("Gain over the mixture in dB")
        panel = lower.subplots()
        draw_machines(panel, results)
        limits = panel.get_xlim()
        panel.set_xlim(limits)
        panel.axvspan(min(limits[0], 0.0), 0.0, **LOSSES)
        between = float(len(mixtures.STEADY_MACHINES))  # the empty row
        panel.text(limits[0], between, "  worse than doing nothing", va="center", color=GREY)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
        figure.suptitle("How much nearer each method brings the wind to the truth (SI-SDR)", fontsize=14)
        figure.savefig(path, dpi=150, metadata={"Software": None})


def gain(results: Results, method: str, chosen: Chosen) -> float:
    """The mean SI-SDR of the wind above that of the mixture, in dB."""
    return results.mean(WIND, method, chosen) - results.mean(WIND, MIXTURE, chosen)


def draw_ratios(axes: Axes, results: Results, group: str) -> None:
    """Gain by signal-to-noise ratio."""
    for method in ORDER:
        style = STYLES[method]
        gains = [gain(results, method, case_with("group", group, snr_db)) for snr_db in SNRS_DB]
        axes.plot(
            SNRS_DB,
            gains,
            style.line,
            color=style.colour,
            linewidth=style.width,
            marker=style.marker,
            markersize=style.size,
            markerfacecolor=style.colour if style.filled else "white",
            label=method,
            zorder=3 if method == BLIND else 2,
        )
    axes.set_xticks(SNRS_DB, [f"{snr_db:+.0f}".replace("-", "−").replace("+0", "0") for snr_db in SNRS_DB])
    axes.set_xlabel("Wind over machine in dB")
    axes.set_title(TITLES[group], loc="left")
    axes.grid(axis="y", color="#e4e4e4")
    axes.set_axisbelow(True)


def draw_machines(axes: Axes, results: Results) -> None:
    """Gain by machine: a row for each, a mark for each method."""
    rows: list[tuple[str, str]] = [
        (group, machine)
        for group, machines in zip(
            GROUPS, (mixtures.STEADY_MACHINES, mixtures.FLUCTUATING_MACHINES), strict=True
        )
        for machine in machines
    ]
    heights = [float(row + (group != GROUPS[0])) for row, (group, _) in enumerate(rows)]
    for height, (_, machine) in zip(heights, rows, strict=True):
        gains = {method: gain(results, method, case_with("machine", machine)) for method in ORDER}
        axes.plot([min(gains.values()), max(gains.values())], [height, height], color="#dddddd", zorder=1)
        for method, value in gains.items():
            style = STYLES[method]
            axes.plot(
                value,
                height,
                style.marker,
                color=style.colour,
                markersize=style.size,
                markerfacecolor=style.colour if style.filled else "none",
                zorder=3 if method == BLIND else 2,
            )
    names = [machine for _, machine in rows]
    axes.set_yticks(heights, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(heights) + 0.7, -0.7)
    axes.set_xlabel("Gain over the mixture in dB, the mean over all winds and ratios")
    axes.set_title("Machine by machine: steady above, coming and going below", loc="left")
    axes.grid(axis="x", color="#e4e4e4")
    axes.set_axisbelow(True)
