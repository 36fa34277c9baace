"""What tables of labels have in common: numbers as people and programs write them, and what columns mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from marsaudio.errors import ParameterError
from marsaudio.formats.labels import FieldValue, Label, UnreadableLabelsError, shown

Row = tuple[int, Sequence[str]]  # the line of the file where it begins, and its cells

# Far more than any table of sounds has; what goes beyond takes too long or would not fit in memory.
MOST_COLUMNS = 1000
MOST_CELLS = 2_000_000
MOST_LINES = 500_000

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_LINE_END = re.compile("\r\n|\r|\n")
_NOT_IN_TABS = re.compile("\r\n|[\t\r\n]")


def lines_of(text: str) -> list[str]:
    """The lines, whichever way they end; not split where only Unicode sees a line's end."""
    return _LINE_END.split(text)


def line_ends_in(text: str) -> int:
    """How many lines end, whichever way, without making any of them."""
    return text.count("\r") + text.count("\n") - text.count("\r\n")


def on_one_line(text: str) -> str:
    """A text for a file whose cells end at tabs: each tab and line break becomes a space."""
    return _NOT_IN_TABS.sub(" ", text)


def number_in(cell: str) -> float | None:
    """The number that a cell holds, with a decimal point or comma; None where it holds none."""
    text = cell.strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def time_in(cell: str, name: str, line: int) -> float:
    """The time that a cell holds, or why it cannot be read."""
    number = number_in(cell)
    if number is None:
        raise UnreadableLabelsError(
            f"line {line}", f"its {name} {shown(cell)} is no number of seconds. Write it like 12.5."
        )
    return number


def frequency_in(cell: str, name: str, line: int) -> float | None:
    """The frequency that a cell holds, None for an empty one, or why it cannot be read."""
    if not cell.strip():
        return None
    number = number_in(cell)
    if number is None:
        raise UnreadableLabelsError(
            f"line {line}",
            f"its {name} {shown(cell)} is no number of hertz. Write it like 150, or leave it out.",
        )
    return number


def value_in(cell: str, *, decimal_comma: bool = False) -> FieldValue:
    """What a cell of a further column holds: a number, true or false, nothing, or else a text."""
    text = cell.strip()
    if not text:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    number = number_in(text) if decimal_comma or "," not in text else None
    # What is too great for a number is kept as it stands.
    return cell if number is None or abs(number) == float("inf") else number


def number_cell(value: float | None) -> str:
    """A number with all its digits, so that it comes back as it was; nothing for None."""
    return "" if value is None else repr(value).removesuffix(".0")


def value_cell(value: FieldValue) -> str:
    """The cell from which `value_in` reads what is no text; a text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_cell(value)


def column_key(name: str) -> str:
    """A column's name without what differs from program to program: capitals and spaces."""
    return "".join(name.split()).casefold()


def label_at(place: str, start: float, end: float, **rest: object) -> Label:
    """Make a label; where that is refused, say at what place of the file it stands."""
    try:
        return Label(start, end, **rest)  # type: ignore[arg-type]
    except ParameterError as error:
        raise UnreadableLabelsError(place, str(error)) from error


def labels_in_table(
    header: Row,
    rows: Sequence[Row],
    names: Mapping[str, Sequence[str]],
    *,
    left_out: Collection[str] = (),
    text_in: Callable[[str], str] = str,
    value_in_cell: Callable[..., FieldValue] = value_in,
) -> list[Label]:
    """Make a label of each row of a table.

    Parameters
    ----------
    header, rows
        As they stand in the file.
    names
        What the columns of start, end, text, low and high may be called, the most likely first.
    left_out
        The columns that do not become fields.
    text_in, value_in_cell
        What the cells of the text and of fields hold.
    """
    line, titles = header
    roles = _roles(line, titles, names)
    out = {column_key(name) for name in left_out}
    further = {
        column: title
        for column, title in enumerate(titles)
        if title and column not in roles.values() and column_key(title) not in out
    }
    decimal_comma = any("," in cell_of(row, roles[name]) for _, row in rows for name in ("start", "end"))

    def label_of(line: int, row: Sequence[str]) -> Label:
        if any(cell.strip() for cell in row[len(titles) :]):
            raise UnreadableLabelsError(
                f"line {line}",
                f"it has {len(row)} cells, but the header names {len(titles)} columns. Put what holds a "
                "separator, such as a decimal comma, in quotation marks.",
            )
        fields = {
            title: value_in_cell(row[column], decimal_comma=decimal_comma)
            for column, title in further.items()
            if column < len(row)
        }
        return label_at(
            f"line {line}",
            time_in(cell_of(row, roles["start"]), "start", line),
            time_in(cell_of(row, roles["end"]), "end", line),
            text=text_in(cell_of(row, roles.get("text"))),
            low=frequency_in(cell_of(row, roles.get("low")), "low frequency", line),
            high=frequency_in(cell_of(row, roles.get("high")), "high frequency", line),
            fields=fields,
        )

    return [label_of(line, row) for line, row in rows]


def has_times(titles: Sequence[str], names: Mapping[str, Sequence[str]]) -> bool:
    """Whether a header has columns of start and end."""
    keys = {column_key(title) for title in titles}
    return all(any(column_key(name) in keys for name in names[role]) for role in ("start", "end"))


def cell_of(row: Sequence[str], column: int | None) -> str:
    """A cell; an empty one where the row is too short, or there is no such column."""
    return row[column] if column is not None and column < len(row) else ""


def _roles(line: int, titles: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Which column holds the start, the end, and what else a label has."""
    place = f"line {line}"
    if len(titles) > MOST_COLUMNS:
        raise UnreadableLabelsError(
            place,
            f"it names {len(titles)} columns, and at most {MOST_COLUMNS} are read. Leave out the columns "
            "that do not describe labels.",
        )
    for title in titles:
        if title and titles.count(title) > 1:
            raise UnreadableLabelsError(place, f"two columns are called {shown(title)}. Rename one of them.")
    columns: dict[str, int] = {}
    for column, title in enumerate(titles):
        columns.setdefault(column_key(title), column)
    roles = {
        role: columns[key]
        for role, accepted in names.items()
        if (key := next((column_key(name) for name in accepted if column_key(name) in columns), None))
        is not None
    }
    missing = [role for role in ("start", "end") if role not in roles]
    if missing:
        wanted = " and ".join(f"one for the {role}s, called {_either(names[role])}," for role in missing)
        raise UnreadableLabelsError(
            place,
            f"the columns are {shown(', '.join(titles))}, without {wanted} in seconds. Rename the columns, "
            "or say with format= what the file is.",
        )
    return roles


def _either(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]
