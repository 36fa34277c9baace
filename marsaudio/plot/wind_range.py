"""The wind's level over time as a range: what is wind for certain, and what may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from marsaudio.description import printable, what_it_is
from marsaudio.events.level import HOP_SECONDS, BandLevel, band_level
from marsaudio.plot.level_curve import BLUE, mark_left_out
from marsaudio.plot.picture import NOTE_SIZE, Picture, enlarge_text, set_heading, tick_times
from marsaudio.recording import Recording
from marsaudio.separation.stems import Stems, require_stems
from marsaudio.spectra.time_axis import TimeAxis, name_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

FloatArray = npt.NDArray[np.float64]

GREY = "0.45"
DEEPEST_DB = 70.0  # below the highest level; what is fainter lies at the lower edge of the panel
LINE_ROOM = 14.0  # points that a line of facts takes between panel and heading
CHANCE = "No wind was found for certain: what is drawn as wind may be chance."
NOTHING = "No wind was found in it."
WITH_STEADY, WITHOUT_STEADY = "wind, steady part given back", "wind, steady part left out"


@dataclass(frozen=True, eq=False)
class _Range:
    """Levels in dB, summed over the octave bands and averaged over the channels, and where they are drawn."""

    times: FloatArray
    lower: FloatArray
    upper: FloatArray
    drawn: npt.NDArray[np.bool_]

    @property
    def shown(self) -> npt.NDArray[np.bool_]:
        """Where there is any wind to draw."""
        return np.asarray(self.drawn & np.isfinite(self.upper))


def wind_range(
    stems: Stems, *, ax: Axes | None = None, time_axis: TimeAxis = "seconds", **kwargs: Any
) -> PolyCollection:
    """Draw the wind's level over time between its lower and its upper estimate, and the rover stem's level.

    Wind that never stops and a rover that never changes are the same to one microphone. So the wind's level
    is a range: from below, what never stops counts as the rover's (`marsaudio.Stems.wind_lower`); from
    above, what may be steady wind counts as wind (`marsaudio.Stems.wind_upper`). Where the two lie apart,
    the recording does not say. The figures above the panel are those of the whole recording: how far up wind
    was found (`marsaudio.Stems.cut_off`), the share of the wind's power that may as well be the rover's
    (`marsaudio.Stems.unidentifiable`), and wind over rover before and after (`marsaudio.Stems.snr_before`,
    `marsaudio.Stems.snr_after`).

    Parameters
    ----------
    stems : Stems
    ax : matplotlib.axes.Axes, optional
        Where to draw. None makes a new `Picture`.
    time_axis : {"seconds", "utc", "local_mean", "local_true"}, optional
        As for `marsaudio.Spectrogram.plot`.
    **kwargs
        Passed to `matplotlib.axes.Axes.fill_between` for the range.

    Returns
    -------
    matplotlib.collections.PolyCollection
        The range; its ``axes`` and ``figure`` lead to the rest. All levels are sums over the octave bands of
        `marsaudio.Stems.wind_upper`, in the recording's unit, with gaps where it is muted or faded out.

    See Also
    --------
    marsaudio.Stems : What the figures mean.
    marsaudio.plot.level : The level in which events are found.

    Examples
    --------
    >>> import marsaudio as ma
    >>> area = ma.plot.wind_range(ma.separate(ma.load("sample")))
    >>> area.axes.get_xlabel()
    'Time (s)'
    """
    require_stems(stems, "wind_range")
    recording = stems.recording
    edges = stems.wind_upper.edges
    band = (float(edges[0]), min(float(edges[-1]), recording.sample_rate / 2))
    heard = _level(recording, band)
    rover = _level(stems.rover, band)
    found = _wind_between(stems, heard)
    facts = _facts(stems, found)
    if ax is None:
        figure = Picture(figsize=(8, 4.4), layout="constrained")
        figure.description = _description(stems, found, band, facts)
        ax = figure.subplots()
    rover_level = np.where(heard.usable, rover.level + recording.level_offset, np.nan)
    bottom, top = _limits(found, rover_level)
    ax.plot(rover.times, np.maximum(rover_level, bottom), color=GREY, linewidth=1.0, label="rover stem")
    lower, upper = (
        np.where(found.shown, np.maximum(level, bottom), np.nan) for level in (found.lower, found.upper)
    )
    settings = {"color": BLUE, "alpha": 0.35, "linewidth": 0, "label": "between", **kwargs}
    area = ax.fill_between(found.times, lower, upper, **settings)
    ax.plot(
        found.times,
        upper,
        color=BLUE,
        linewidth=1.1,
        linestyle=(0, (4, 1.5)),
        label=WITH_STEADY,
    )
    ax.plot(found.times, lower, color=BLUE, linewidth=1.8, label=WITHOUT_STEADY)
    ax.set(xlim=(0.0, recording.duration), ylim=(bottom, top))
    mark_left_out(ax, heard, recording.duration)
    tick_times(ax)
    ax.grid(axis="y", color="0.88", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_ylabel(f"Level\n({recording.level_unit})")
    name_times(ax, time_axis, recording.start_time)
    enlarge_text(ax)
    set_heading(ax, f"{recording.source.name}: the wind's level, from {band[0]:.0f} to {band[1]:.0f} Hz")
    # The facts stand between the panel and its heading.
    room = 10 + LINE_ROOM * len(facts)
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=room, parse_math=False)
    ax.annotate(
        "\n".join(facts),
        (0.0, 1.0),
        xycoords="axes fraction",
        xytext=(0, 6),
        textcoords="offset points",
        ha="left",
        va="bottom",
        size=NOTE_SIZE,
    )
    handles, names = ax.get_legend_handles_labels()
    order = [names.index(name) for name in (WITH_STEADY, WITHOUT_STEADY, "rover stem")]
    ax.legend(
        [handles[i] for i in order],
        [names[i] for i in order],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.22),
        ncols=3,
        frameon=False,
        fontsize=NOTE_SIZE,
    )
    return area


def _level(recording: Recording, band: tuple[float, float]) -> BandLevel:
    """A band's level with the lines in it."""
    return band_level(recording, band=band, remove_lines=False)


def _wind_between(stems: Stems, heard: BandLevel) -> _Range:
    """The two levels, and the times at which the recording is neither muted nor faded out."""
    below, above = stems.wind_lower, stems.wind_upper
    times = above.times
    with np.errstate(divide="ignore"):
        lower, upper = (
            10 * np.log10((10 ** (one.level / 10)).sum(axis=1).mean(axis=0)) for one in (below, above)
        )
    if len(heard.times):
        nearest = np.clip(np.searchsorted(heard.times, times - HOP_SECONDS / 2), 0, len(heard.times) - 1)
        drawn = heard.usable[nearest]
    else:  # shorter than a frame of the level
        drawn = np.ones(len(times), dtype=bool)
    return _Range(times, lower, upper, np.asarray(drawn & (times >= 0) & (times <= stems.wind.duration)))


def _facts(stems: Stems, found: _Range) -> list[str]:
    """The figures of the whole recording, in two lines."""
    share, before, after = stems.unidentifiable, stems.snr_before, stems.snr_after
    if stems.cut_off is None or share is None:
        return [CHANCE if found.shown.any() else NOTHING]
    lines = [
        f"Wind was found up to {stems.cut_off:.0f} Hz; {_percent(share)} of its power may as well be rover."
    ]
    if before is not None and after is not None:
        lines.append(
            f"Wind over rover below that, as estimated: {before:.1f} dB before, {after:.1f} dB after."
        )
    return [line.replace("-", "−") for line in lines]


def _percent(share: float) -> str:
    return "less than 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _limits(found: _Range, rover: FloatArray) -> tuple[float, float]:
    """The ends of the level axis."""
    wind = found.lower[found.shown & np.isfinite(found.lower)]
    heard = [*wind, *found.upper[found.shown], *rover[np.isfinite(rover)]]
    if not heard:
        return -100.0, 0.0
    top = max(heard)
    bottom = max(min(heard), top - DEEPEST_DB)
    room = 0.06 * (top - bottom) + 0.5
    return float(bottom - room), float(top + room)


def _description(stems: Stems, found: _Range, band: tuple[float, float], facts: list[str]) -> str:
    recording, shown = stems.recording, found.shown
    words = [f"Level of the wind in {what_it_is(recording.source)}, {recording.duration:.1f} s,"]
    words.append(f"from {band[0]:.0f} to {band[1]:.0f} Hz, without and with what may be steady wind.")
    if shown.any():
        upper, lower = found.upper[shown], found.lower[shown]
        at = int(upper.argmax())
        apart = upper - lower
        words.append(
            f"It is highest at {found.times[shown][at]:.1f} s: from {lower[at]:.1f} to {upper[at]:.1f} "
            f"{recording.level_unit}. Half of the time the two estimates lie no more than "
            f"{np.quantile(apart, 0.5):.1f} dB apart."
        )
    return printable(" ".join([*words, *facts]).replace("−", "-"))
