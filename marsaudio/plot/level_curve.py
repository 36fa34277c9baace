"""The level of the wind's band over time, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from marsaudio.description import describe, on_one_line
from marsaudio.events.detection import WIND_BAND, detect_wind
from marsaudio.events.level import (
    FRAME_SECONDS,
    HOP_SECONDS,
    SMOOTHING_SECONDS,
    BandLevel,
    band_level,
    smoothed_level,
)
from marsaudio.events.table import WindEvents, require_events, require_same_length
from marsaudio.plot.marks import BLACK, mark_on_light
from marsaudio.plot.picture import NOTE_SIZE, Picture, enlarge_text, set_heading, tick_times
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.stems import Stems
from marsaudio.spectra.time_axis import TimeAxis, name_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

MANY_FRAMES = 4000  # then lines lie closer than pixels
BLUE = "#0072B2"  # of the same palette as the marks


def level(
    sound: Recording | Stems,
    events: WindEvents | None = None,
    *,
    ax: Axes | None = None,
    time_axis: TimeAxis = "seconds",
    **kwargs: Any,
) -> Line2D:
    """Draw the level of the wind's band over time, with the quiet level, the threshold and the events.

    Parameters
    ----------
    sound : Recording or Stems
        The recording, or its stems, whose sum it is.
    events : WindEvents, optional
        What was found in it. None finds them with `marsaudio.detect_wind`.
    ax : matplotlib.axes.Axes, optional
        Where to draw. None makes a new `Picture`.
    time_axis : {"seconds", "utc", "local_mean", "local_true"}, optional
        As for `marsaudio.Spectrogram.plot`.
    **kwargs
        Passed to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.lines.Line2D
        The level smoothed over half a second, in which events are found, over the thin line of quarters of
        a second; its ``axes`` and ``figure`` lead to the rest. It has gaps where the recording is muted or
        faded out.

    Raises
    ------
    ParameterError
        The events are none, or of a recording of another length.

    See Also
    --------
    marsaudio.plot.overview : Below the spectrograms.
    marsaudio.plot.wind_range : With what is in doubt.

    Examples
    --------
    >>> import marsaudio as ma
    >>> line = ma.plot.level(ma.load("sample"))
    >>> line.axes.get_xlabel()
    'Time (s)'
    >>> line.figure.description[:43]
    "The level of the wind's band over time. Sim"
    """
    recording = sound.recording if isinstance(sound, Stems) else sound
    require_recording(recording, "level")
    if events is None:
        events = detect_wind(recording)
    require_events(events, "level")
    require_same_length(events, recording)
    band = tuple(events.parameters.get("band_hz", WIND_BAND))
    measured = band_level(recording, band=band)
    alone = ax is None
    if ax is None:
        figure = Picture(figsize=(8, 3.6), layout="constrained")
        stems = sound if isinstance(sound, Stems) else None
        figure.description = on_one_line(
            f"The level of the wind's band over time. {describe(recording, events, stems=stems)}"
        )
        ax = figure.subplots()
    values = _visible(measured, measured.level) + recording.level_offset
    ax.plot(measured.times, values, color="0.6", linewidth=0.7, label=f"{FRAME_SECONDS:g} s")
    smoothed = _visible(measured, smoothed_level(measured)) + recording.level_offset
    settings = {
        "label": f"smoothed over {SMOOTHING_SECONDS:g} s",
        "color": BLUE,
        "linewidth": 1.8 if len(values) < MANY_FRAMES else 0.7,
        **kwargs,
    }
    (line,) = ax.plot(measured.times, smoothed, **settings)
    ax.set_xlim(0.0, recording.duration)
    _draw_references(ax, events, values)
    mark_left_out(ax, measured, recording.duration)
    mark_on_light(ax, events)
    tick_times(ax)
    ax.grid(axis="y", color="0.88", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_ylabel(f"Level\n({recording.level_unit})")
    name_times(ax, time_axis, recording.start_time)
    enlarge_text(ax)
    name = f"Level from {band[0]:g} to {band[1]:g} Hz, without the rover's tones"
    set_heading(ax, f"{recording.source.name}: {name[0].lower()}{name[1:]}" if alone else name)
    return line


def how_it_is_drawn(events: WindEvents) -> str:
    """What the lines are, and where an event begins and ends, for below a picture."""
    frame, smoothing = events.parameters.get("frame_s"), events.parameters.get("smoothing_s")
    if frame is None or smoothing is None:
        return ""
    return (
        f"Level: thin, each {frame:.3g} s; thick, smoothed over {smoothing:.3g} s. An event rises above the "
        "threshold; its edges lie halfway, in dB, between outside and inside."
    )


def mark_left_out(ax: Axes, measured: BandLevel, duration: float) -> None:
    """Name the stretches of half a second or more in which nothing was looked for."""
    out = np.concatenate([[False], ~measured.usable, [False]])
    starts, ends = np.flatnonzero(out[1:] & ~out[:-1]), np.flatnonzero(~out[1:] & out[:-1])
    for first, last in zip(starts, ends, strict=True):
        begin = 0.0 if first == 0 else measured.times[first] - HOP_SECONDS / 2
        end = duration if last == len(measured.times) else measured.times[last - 1] + HOP_SECONDS / 2
        if end - begin >= 0.5:
            ax.axvspan(begin, end, facecolor="0.92", edgecolor="none", zorder=0)
            ax.text(
                (begin + end) / 2,
                0.5,
                "left out:\nmuted, faded\nor missing",
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="center",
                rotation=90 if end - begin < 0.25 * duration else 0,
                size=NOTE_SIZE,
                color="0.25",
            )


def _visible(measured: BandLevel, level: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(measured.usable & np.isfinite(level), level, np.nan)


def _draw_references(ax: Axes, events: WindEvents, values: npt.NDArray[np.float64]) -> None:
    """The quiet level and the threshold, each named on its line; the rover's steps make steps in both."""
    if not events.quiet_levels or not np.isfinite(values).any():
        return
    parts = events.quiet_levels
    quiets, thresholds = [one.level for one in parts], [one.level + one.threshold for one in parts]
    low = min(float(np.nanmin(values)), *quiets)
    high = max(float(np.nanmax(values)), *thresholds)
    room = 0.08 * (high - low) + 0.5
    ax.set_ylim(low - room, high + room)
    borders = [parts[0].start, *(part.end for part in parts)]
    for levels, name, style, side in (
        (quiets, "quiet", (0, (1, 1.5)), "top"),
        (thresholds, "threshold", (0, (6, 3)), "bottom"),
    ):
        ax.stairs(levels, borders, baseline=None, color=BLACK, linewidth=1.3, linestyle=style, label=name)
        ax.annotate(
            f"{name}\n{levels[-1]:.1f} dB".replace("-", "−"),
            (1.0, levels[-1]),
            xycoords=ax.get_yaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            ha="left",
            va="center" if parts[-1].threshold > 0.25 * (high - low) else side,
            size=NOTE_SIZE,
            annotation_clip=False,
        )
