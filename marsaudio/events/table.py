"""Wind events and the table of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, overload

from marsaudio.errors import ParameterError
from marsaudio.formats import event_table, html
from marsaudio.recording import Recording, require_recording


@dataclass(frozen=True)
class WindEvent:
    """A stretch of time in which the wind rises above the quiet.

    Attributes
    ----------
    start, end : float
        In seconds from the recording's first sample.
    peak_time : float
        When the level is highest, in seconds.
    level : float
        Mean square in the band from start to end, in dB; `WindEvents.unit` says re what.
    peak_level : float
        The highest level of a quarter of a second.
    excess : float
        `level` above the quiet level, in dB.
    low, high : float
        The band, in Hz.
    """

    start: float
    end: float
    peak_time: float
    level: float
    peak_level: float
    excess: float
    low: float
    high: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def __repr__(self) -> str:
        return (
            f"<WindEvent {self.start:.2f} to {self.end:.2f} s, peak at {self.peak_time:.2f} s, "
            f"{self.excess:.1f} dB over quiet>"
        )


@dataclass(frozen=True, eq=False, repr=False)
class WindEvents(Sequence[WindEvent]):
    """The wind events of a recording, in order of time.

    Attributes
    ----------
    events : tuple of WindEvent
    unit : str
        Of levels: ``"dB re full scale"``, or ``"dB re 20 µPa"`` where calibrated.
    quiet_level : float or None
        What `excess` is measured from. None where there was nothing to measure.
    duration : float
        Of the recording, in seconds.
    parameters : dict
        What the detection was run with.
    note : str
        Why there are none, where that needs saying.
    """

    events: tuple[WindEvent, ...]
    unit: str
    quiet_level: float | None
    duration: float
    parameters: dict[str, Any]
    note: str = ""

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
            The recording has another length than the one the events were found in.

        Examples
        --------
        >>> import marsaudio as ma
        >>> recording = ma.load("sample")
        >>> gusts = ma.detect_wind(recording).clips(recording, margin=0.2)
        """
        require_recording(recording, "clips")
        if abs(recording.duration - self.duration) > 1 / recording.sample_rate:
            raise ParameterError(
                f"These events were found in {self.duration:.3f} s of sound, but the recording to clip lasts "
                f"{recording.duration:.3f} s. Pass the same recording or one of its stems."
            )
        return [
            recording.clip(max(event.start - margin, 0.0), min(event.end + margin, recording.duration))
            for event in self.events
        ]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save as a CSV table with a header, times in seconds, levels in `unit`.

        Raises
        ------
        ParameterError
            The name does not end in .csv.
        OutputError
            The file cannot be written; an older one is still there.
        """
        if Path(path).suffix.lower() != ".csv":
            raise ParameterError(
                f"The table is written as CSV, so {str(path)!r} must end in .csv. Rename it."
            )
        rows = [{**asdict(event), "duration": event.duration, "unit": self.unit} for event in self.events]
        return event_table.write_csv(path, [field.name for field in fields(WindEvent)], rows)

    def __repr__(self) -> str:
        count = "1 wind event" if len(self) == 1 else f"{len(self)} wind events"
        quiet = "" if self.quiet_level is None else f", quiet at {self.quiet_level:.1f} {self.unit}"
        lines = [f"<marsaudio.WindEvents: {count} in {self.duration:.3f} s{quiet}>"]
        if self.events:
            lines.append("   start     end    peak  length    level   over quiet")
            lines.append("     (s)     (s)     (s)     (s)     (dB)         (dB)")
        lines += [
            f"{event.start:8.2f}{event.end:8.2f}{event.peak_time:8.2f}{event.duration:8.2f}"
            f"{event.level:9.1f}{event.excess:13.1f}"
            for event in self.events
        ]
        return "\n".join(lines + ([self.note] if self.note else []))

    def _repr_html_(self) -> str:
        return html.table_fragment(
            caption=repr(self).partition("\n")[0].strip("<>") + (f". {self.note}" if self.note else ""),
            header=["start (s)", "end (s)", "peak (s)", f"level ({self.unit})", "over quiet (dB)"],
            rows=[
                [
                    f"{event.start:.2f}",
                    f"{event.end:.2f}",
                    f"{event.peak_time:.2f}",
                    f"{event.level:.1f}",
                    f"{event.excess:.1f}",
                ]
                for event in self.events
            ],
        )
