"""What commands say on standard output."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import typer

from marsaudio.cli.tables import broken, cells_of, table_lines, terminal_width

if TYPE_CHECKING:
    from marsaudio.events.table import WindEvents
    from marsaudio.separation.rover_model import RoverModel
    from marsaudio.source import Source


# A terminal takes some of these for commands, which clear it or fill the clipboard, say; others turn the
# direction of what follows them. Titles and names of files, which anybody can write, may hold any.
OF_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
OF_LAYOUT = frozenset("\t\n\r")


def harmless(text: str) -> str:
    """The text with a question mark for each character that controls a terminal; on one line."""
    return OF_CONTROL.sub(lambda found: " " if found[0] in OF_LAYOUT else "?", text)


def somebody_waits() -> bool:
    """Whether to show how far something is: only on a terminal."""
    return sys.stderr.isatty()


def say(text: str, *, indent: int = 0) -> None:
    """A line on standard output; on a terminal it is broken between words, and goes on below its last column.

    Parameters
    ----------
    text
    indent
        Where it goes on.
    """
    text, width = harmless(text), terminal_width()
    for line in [text] if width is None else broken(text, width, indent=indent):
        typer.echo(line)


def show_columns(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table under the names of its columns; those in `right` are of numbers, flush on the right."""
    rows = [[harmless(cell) for cell in row] for row in rows]
    for line in table_lines(header, rows, terminal_width(), right=right):
        typer.echo(line)


def show_flush_table(lines: Sequence[str]) -> None:
    """A table that the library made, with all columns flush on the right."""
    header, rows = cells_of(lines)
    show_columns(header, rows, right=[name for name in header if name])


def show_json(document: Any) -> None:
    """One JSON document in UTF-8, for programs; what is no finite number is null."""
    import json

    from marsaudio.report.summary import plain

    with contextlib.suppress(AttributeError):  # a name that is no text becomes an escape of JSON: \\udcff
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    text = json.dumps(_told(plain(document)), indent=2, ensure_ascii=False, allow_nan=False)
    # Those below the blank are escaped already, but for the ends of lines between the values.
    typer.echo(OF_CONTROL.sub(lambda found: found[0] if found[0] < " " else f"\\u{ord(found[0]):04x}", text))


def _told(value: Any) -> Any:
    """Paths as text, at any depth."""
    if isinstance(value, dict):
        return {name: _told(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_told(one) for one in value]
    return str(value) if isinstance(value, PurePath) else value


def say_what_it_is(source: Source, duration: float, sample_rate: float) -> None:
    """One line of what a recording is, and one of whom to credit."""
    from marsaudio.source import FOR_LISTENING

    title = f" ({source.title})" if source.title else ""
    steps = "".join(f", {step}" for step in source.history if not step.startswith(FOR_LISTENING))
    say(f"{source.name}{title}{steps}: {duration:.3f} s at {sample_rate:g} Hz.")
    say_where_from(source)


def say_where_from(source: Source) -> None:
    """Whether it is simulated, and whom to credit."""
    if source.simulated:
        say("Simulated, not recorded on Mars.")
    if source.credit:
        say(f"Credit: {source.credit}")


def show_events(events: WindEvents) -> None:
    """The events with the numbers that the picture gives them."""
    count = "1 wind event" if len(events) == 1 else f"{len(events) or 'No'} wind events"
    quiet = "" if events.quiet_level is None else f"; quiet is {events.quiet_level:.1f} {events.unit}"
    say(f"{count}{quiet}. {events.note}".rstrip())
    if not events:
        return
    show_flush_table(events.table_lines())


def show_families(model: RoverModel) -> None:
    """The families among the rover's lines, one a row."""
    from marsaudio.separation.families import FAMILY_HEADER, family_row

    if not model.families:
        return
    show_columns(FAMILY_HEADER, [family_row(family) for family in model.families])


def show_table(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values, in two columns."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(f"{name:{width}}  {value}", indent=width + 2)
