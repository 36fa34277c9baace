"""Marks of wind events: a numbered bar above a panel, lines or a hatched span in it; no colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib import patheffects

from marsaudio.events.table import WindEvents
from marsaudio.plot.picture import TICK_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of Okabe and Ito's palette, whose colours stay apart for colour-blind eyes (jfly.uni-koeln.de/color, 2008).
ORANGE, BLACK = "#E69F00", "#000000"
# In shares of a panel's width. Lines would hide narrower events; numbers keep clear of each other.
NARROW = 0.01
DIGIT_WIDTH, DIGIT_GAP = 0.019, 0.01


def mark_on_dark(ax: Axes, events: WindEvents) -> None:
    """Numbered bars above a spectrogram, and thin lines through it where events start and end."""
    outline = [patheffects.withStroke(linewidth=2.2, foreground="black")]
    for event in events:
        if event.duration < NARROW * events.duration:
            continue
        for edge in (event.start, event.end):
            ax.axvline(
                edge, color="white", linewidth=0.9, linestyle=(0, (4, 3)), alpha=0.9, path_effects=outline
            )
    _add_bars(ax, events)


def mark_on_light(ax: Axes, events: WindEvents) -> None:
    """Numbered bars above a panel, and hatched spans in it."""
    for event in events:
        ax.axvspan(
            event.start, event.end, facecolor=ORANGE, alpha=0.25, hatch="//", edgecolor="0.35", linewidth=0
        )
    _add_bars(ax, events)


def _add_bars(ax: Axes, events: WindEvents) -> None:
    """A bar over each event, and its number where there is room for it."""
    above = ax.get_xaxis_transform()  # time along, the panel's height as 0 to 1
    free_from = float("-inf")
    for number, event in enumerate(events, start=1):
        ax.plot(
            [event.start, event.end],
            [1.02, 1.02],
            transform=above,
            color=BLACK,
            linewidth=4,
            solid_capstyle="butt",
            clip_on=False,
            gid=f"wind-event-{number}",
        )
        middle = (event.start + event.end) / 2
        half_width = len(str(number)) * DIGIT_WIDTH / 2 * events.duration
        if middle - half_width < free_from:
            continue
        free_from = middle + half_width + DIGIT_GAP * events.duration
        ax.annotate(
            str(number),
            (middle, 1.02),
            xycoords=above,
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            size=TICK_SIZE,
            weight="bold",
            annotation_clip=False,
        )
