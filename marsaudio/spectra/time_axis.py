"""Axes of time: in seconds from the first sample, or as clocks on Earth and on Mars show it."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Literal

from marsaudio.errors import ParameterError
from marsaudio.mars_time import SOL_SECONDS, MarsTime, clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TimeAxis = Literal["seconds", "utc", "local_mean", "local_true"]
LABELS = {
    "seconds": "Time (s)",
    "utc": "UTC",
    "local_mean": "Local mean solar time",
    "local_true": "Local true solar time",
}
# Between ticks, in seconds of the clock that is shown.
ROUND_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
MOST_TICKS = 8


def name_times(ax: Axes, kind: TimeAxis, start_time: MarsTime | None) -> None:
    """Name the times on the x axis of a plot over seconds, once its limits are set.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its x axis counts seconds from a recording's first sample, and keeps doing so.
    kind : {"seconds", "utc", "local_mean", "local_true"}
    start_time : MarsTime or None
        Of the first sample.

    Raises
    ------
    ParameterError
        There is no such axis, or nobody knows when the recording began.
    """
    if kind not in LABELS:
        raise ParameterError(f"time_axis={kind!r} must be one of {', '.join(map(repr, LABELS))}.")
    ax.set_xlabel(LABELS[kind])
    if kind == "seconds":
        return
    if start_time is None:
        raise ParameterError(
            f"time_axis={kind!r} needs to know when the recording began, and this one does not say. Leave it "
            "out for seconds. In Python, the recording's Source(start_time=MarsTime(...)) tells it."
        )
    began, rate = _clock_at_start(kind, start_time)
    low, high = (began + rate * second for second in ax.get_xlim())
    step = next((step for step in ROUND_STEPS if (high - low) / step <= MOST_TICKS), ROUND_STEPS[-1])
    ticks = [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    ax.set_xticks(
        [(tick - began) / rate for tick in ticks],
        [clock(tick % 86400 / 3600) if step < 60 else clock(tick % 86400 / 3600)[:5] for tick in ticks],
    )
    limits = ((low - began) / rate, (high - began) / rate)
    ax.set_xlim(*limits)  # ticks may have widened it
    day = f"{start_time.utc:%Y-%m-%d}" if kind == "utc" else f"sol {start_time.sol}"
    ax.set_xlabel(f"{LABELS[kind]} ({day})")


def _clock_at_start(kind: TimeAxis, start: MarsTime) -> tuple[float, float]:
    """What a clock shows at the first sample, in its seconds since midnight, and how fast it goes."""
    if kind == "utc":
        midnight = start.utc.replace(hour=0, minute=0, second=0, microsecond=0)
        return (start.utc - midnight) / datetime.timedelta(seconds=1), 1.0
    hours = start.local_mean_solar_time if kind == "local_mean" else start.local_true_solar_time
    # True solar time gains or loses less than a minute on the mean in a sol: within a recording, nothing.
    return hours * 3600, 86400 / SOL_SECONDS
