"""The table of wind events."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from marsaudio.atomic import write_text
from marsaudio.errors import MissingLibraryError, ParameterError
from marsaudio.events.baseline import QuietLevel
from marsaudio.events.event import WindEvent, label_of
from marsaudio.formats import html, label_csv
from marsaudio.formats.event_table import COLUMNS
from marsaudio.formats.label_files import LabelFormat, format_of_new, write_labels
from marsaudio.formats.labels import FieldValue, Label
from marsaudio.mars_time import MarsTime, clock
from marsaudio.recording import Recording, require_recording
from marsaudio.source import Source

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

DECIMALS = 3  # of times, levels and frequencies in tables: finer than any of them is known


@dataclass(frozen=True, eq=False, repr=False)
class WindEvents(Sequence[WindEvent]):
    """The wind events of a recording, in order of time.

    Attributes
    ----------
    events : tuple of WindEvent
    unit : str
        Of levels: ``"dB re full scale"``, or ``"dB re 20 µPa"`` where calibrated.
    quiet_level : float or None
        What ``WindEvent.excess`` is measured from; where the rover's noise changes, for the longest
        time. None where there was nothing to measure.
    duration : float
        Of the recording, in seconds.
    parameters : dict
        What the detection was run with.
    note : str
        Why there are none, where that needs saying, and what was left out.
    quiet_levels : tuple of QuietLevel
        The quiet and its threshold, one after the other where the rover's noise changes.
    observed : float or None
        In how many seconds events were looked for: the recording, without what is muted or faded out.
    gustiness : float or None
        Standard deviation of the level in dB, smoothed over half a second, of the whole recording, without
        what noise alone does. None where there was nothing to measure.
    source : Source or None
        Where the recording came from.

    Examples
    --------
    >>> import marsaudio as ma
    >>> events = ma.detect_wind(ma.load("sample"))
    >>> len(events), f"{events.windy_share:.2f}"
    (3, '0.30')
    >>> [round(event.start, 1) for event in events.filter(lambda event: event.duration > 1.6)]
    [9.5, 14.2]
    """

    events: tuple[WindEvent, ...]
    unit: str
    quiet_level: float | None
    duration: float
    parameters: dict[str, Any]
    note: str = ""
    quiet_levels: tuple[QuietLevel, ...] = ()
    observed: float | None = None
    gustiness: float | None = None
    source: Source | None = None

    @overload
    def __getitem__(self, index: int) -> WindEvent: ...
    @overload
    def __getitem__(self, index: slice) -> WindEvents: ...
    def __getitem__(self, index: int | slice) -> WindEvent | WindEvents:
        if isinstance(index, slice):
            return replace(self, events=self.events[index])
        return self.events[index]

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[WindEvent]:
        return iter(self.events)

    def filter(self, keep: Callable[[WindEvent], bool]) -> WindEvents:
        """Keep some of the events.

        Parameters
        ----------
        keep : callable
            Given an event, tells whether to keep it.

        Returns
        -------
        WindEvents
            `events_per_minute` and `windy_share` are then those of the events that are left.

        Raises
        ------
        ParameterError
            `keep` is no function.

        Examples
        --------
        >>> import marsaudio as ma
        >>> events = ma.detect_wind(ma.load("sample"))
        >>> strong = events.filter(lambda event: event.excess > 10 and not event.rover_transient)
        """
        if not callable(keep):
            raise ParameterError(
                f"filter takes a function that tells of an event whether to keep it, not {keep!r}. Write "
                "events.filter(lambda event: event.p_value < 0.01)."
            )
        return replace(self, events=tuple(event for event in self.events if keep(event)))

    @property
    def events_per_minute(self) -> float | None:
        """How many events there are in a minute that was looked at; None where there was nothing."""
        return 60 * len(self) / self.observed if self.observed else None

    @property
    def windy_share(self) -> float | None:
        """The share of the time that was looked at, from 0 to 1, that lies in events."""
        if not self.observed:
            return None
        return min(sum(event.duration for event in self.events) / self.observed, 1.0)

    def clips(self, recording: Recording, *, margin: float = 0.0) -> list[Recording]:
        """Cut each event out of a recording.

        Parameters
        ----------
        recording : Recording
            The recording itself or one of its stems.
        margin : float, optional
            Seconds to keep before and after, as far as the recording reaches.

        Returns
        -------
        list of Recording

        Raises
        ------
        ParameterError
            The recording has another length than the one the events were found in, or the margin is
            negative.

        Examples
        --------
        >>> import marsaudio as ma
        >>> recording = ma.load("sample")
        >>> gusts = ma.detect_wind(recording).clips(recording, margin=0.2)
        """
        require_recording(recording, "clips")
        if not margin >= 0:
            raise ParameterError(f"margin={margin!r} must be zero or a positive number of seconds.")
        require_same_length(self, recording)
        return [
            recording.clip(max(event.start - margin, 0.0), min(event.end + margin, recording.duration))
            for event in self.events
        ]

    def labels(self) -> list[Label]:
        """The events as labels, with all their figures in ``Label.fields``.

        Returns
        -------
        list of Label
            With the text ``"wind"``, or ``"rover transient"``; figures are rounded to what they are good for.

        Examples
        --------
        >>> import marsaudio as ma
        >>> ma.detect_wind(ma.load("sample")).labels()[0].text
        'wind'
        """
        return [
            Label(
                event.start,
                event.end,
                label_of(event),
                low=event.low,
                high=event.high,
                fields={COLUMNS[name]: _field(self, event, name) for name in _FURTHER},
            )
            for event in self.events
        ]

    def to_dataframe(self) -> pd.DataFrame:
        """The events as a table of pandas, with the columns of a CSV file in their order.

        Returns
        -------
        pandas.DataFrame
            Names of columns end in the unit. Without events it has all columns and no rows.

        Raises
        ------
        MissingLibraryError
            pandas is not installed.

        Examples
        --------
        >>> import marsaudio as ma
        >>> table = ma.detect_wind(ma.load("sample")).to_dataframe()
        >>> list(table.columns[:3])
        ['start_s', 'end_s', 'duration_s']
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingLibraryError(
                "to_dataframe needs pandas, which is not installed. Install it with "
                "pip install 'marsaudio[tables]'."
            ) from error
        attributes = {column: name for name, column in COLUMNS.items()}
        rows = [
            [
                label_of(event) if column == label_csv.TEXT else self.value(event, attributes[column])
                for column in label_csv.ORDER
            ]
            for event in self.events
        ]
        return pd.DataFrame(rows, columns=label_csv.ORDER)

    def save(self, path: str | os.PathLike[str], *, format: LabelFormat | None = None) -> Path:
        """Save for a spreadsheet, pandas, Audacity or Raven, or as JSON.

        Parameters
        ----------
        path
            Where to write.
        format : {"audacity", "raven", "csv", "json"}, optional
            None takes it from the name: .csv, .json, .selections.txt for Raven, any other .txt for Audacity.

        Returns
        -------
        pathlib.Path
            The file that was written; `marsaudio.read_labels` reads it.

        Raises
        ------
        ParameterError
            There is no such format, or the name tells none.
        OutputError
            The file cannot be written; an older one is still there.

        Examples
        --------
        >>> import tempfile
        >>> import marsaudio as ma
        >>> events = ma.detect_wind(ma.load("sample"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     events.save(f"{folder}/events.csv").name
        'events.csv'
        """
        if format_of_new(path, format) == "csv":
            # With its header where there are no events as well.
            return write_text(path, label_csv.labels_to_text(self.labels(), fields=_FURTHER_COLUMNS))
        return write_labels(path, self.labels(), format=format)

    def value(self, event: WindEvent, name: str) -> FieldValue:
        """What the table holds of an event under the name of an attribute: its own, or the recording's."""
        if name == "unit":
            return self.unit
        if name == "recording":
            return self.source.name if self.source else None
        if name == "simulated":
            return self.source.simulated if self.source else None
        if name in ("utc", "sol", "local_mean_solar_time", "local_true_solar_time"):
            return self._time_of_day(event, name)
        value: FieldValue = getattr(event, name)
        return value

    def start_time(self, event: WindEvent) -> MarsTime | None:
        """When an event begins, where it is known when the recording did."""
        if self.source is None or self.source.start_time is None:
            return None
        return self.source.start_time.after(self.source.offset + event.start)

    def _time_of_day(self, event: WindEvent, name: str) -> FieldValue:
        began = self.start_time(event)
        if began is None:
            return self.source.sol if self.source and name == "sol" else None
        if name == "utc":
            return began.utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if name == "sol":
            return began.sol
        return clock(getattr(began, name))

    def __repr__(self) -> str:
        lines = [f"<marsaudio.WindEvents: {self._summary()}>"]
        if self.events:
            lines += self.table_lines()
        return "\n".join(lines + ([self.note] if self.note else []))

    def table_lines(self) -> list[str]:
        """The table in plain text: a line that names the columns and their units, and one for each event."""
        header = f"{'#':>3}{'start s':>9}{'end s':>9}{'peak s':>9}{'level dB':>10}{'over quiet dB':>15}"
        has_times = bool(self.events) and self.start_time(self.events[0]) is not None
        return [
            f"{header}{'false alarms like it':>22}" + (f"{'local mean time':>17}" if has_times else ""),
            *(
                f"{number:3}{event.start:9.2f}{event.end:9.2f}{event.peak_time:9.2f}{event.level:10.1f}"
                f"{_with_uncertainty(event.excess, event.excess_uncertainty):>15}"
                f"{_rate(event.false_alarms_per_minute):>22}"
                + (f"{self._time_of_day(event, 'local_mean_solar_time'):>17}" if has_times else "")
                + _remark(event)
                for number, event in enumerate(self.events, start=1)
            ),
        ]

    def _summary(self) -> str:
        count = "1 wind event" if len(self) == 1 else f"{len(self)} wind events"
        if self.source:
            count += f" in {self.source.name}" + (" (simulated)" if self.source.simulated else "")
        quiet = "" if self.quiet_level is None else f", quiet at {self.quiet_level:.1f} {self.unit}"
        return f"{count}, {self.duration:.3f} s{quiet}"

    def _repr_html_(self) -> str:
        remark = ["remark"] if any(event.rover_transient for event in self.events) else []
        return html.table_fragment(
            caption=f"{self._summary()}. {self.note}".strip(),
            header=[
                "#",
                "start (s)",
                "end (s)",
                "peak (s)",
                f"level ({self.unit})",
                "over quiet (dB)",
                "false alarms like it",
                *remark,
            ],
            rows=[
                [
                    str(number),
                    _with_uncertainty(event.start, event.start_uncertainty, decimals=2),
                    _with_uncertainty(event.end, event.end_uncertainty, decimals=2),
                    _with_uncertainty(event.peak_time, event.peak_time_uncertainty, decimals=2),
                    _with_uncertainty(event.level, event.level_uncertainty),
                    _with_uncertainty(event.excess, event.excess_uncertainty),
                    _rate(event.false_alarms_per_minute),
                    *([_remark(event).strip()] if remark else []),
                ]
                for number, event in enumerate(self.events, start=1)
            ],
        )


# What a label has no place of its own for.
_FURTHER = [name for name in COLUMNS if name not in ("start", "end", "duration", "low", "high")]
_FURTHER_COLUMNS = [COLUMNS[name] for name in _FURTHER]


def require_same_length(events: WindEvents, recording: Recording) -> None:
    """Refuse events of another recording, as far as its length tells.

    Raises
    ------
    ParameterError
    """
    if abs(recording.duration - events.duration) > 1 / recording.sample_rate:
        raise ParameterError(
            f"These events were found in {events.duration:.3f} s of sound, but this recording lasts "
            f"{recording.duration:.3f} s. Pass the same recording or one of its stems."
        )


def require_events(value: object, function: str) -> None:
    """Refuse what is no table of events.

    Raises
    ------
    ParameterError
        Saying how to get one.
    """
    if not isinstance(value, WindEvents):
        raise ParameterError(
            f"{function} takes the events that marsaudio.detect_wind gives, not a {type(value).__name__}. "
            "Pass them all, or some of them, as events[:1]."
        )


def _field(events: WindEvents, event: WindEvent, name: str) -> FieldValue:
    """A figure as a table holds it."""
    value = events.value(event, name)
    if not isinstance(value, float):
        return value
    if name in ("false_alarms_per_minute", "p_value"):
        return float(f"{value:.3g}")
    return round(value, DECIMALS)


def _with_uncertainty(value: float, uncertainty: float | None, decimals: int = 1) -> str:
    told = f"{value:.{decimals}f}"
    return told if uncertainty is None else f"{told} ± {uncertainty:.{decimals}f}"


def _rate(rate: float | None) -> str:
    """How often noise gives such an event; rarer ones than 0.001 are told alike, as nobody has seen any."""
    if rate is None:
        return ""
    return "< 0.001 a minute" if rate < 0.001 else f"{rate:.2g} a minute"


def _remark(event: WindEvent) -> str:
    return "  rover?" if event.rover_transient else ""
