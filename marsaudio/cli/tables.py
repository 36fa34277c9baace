"""Tables that fit the terminal: broken within their cells, or one row below the other where it is narrow."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

NARROWEST = 30  # columns; less has no room for words
DEEPEST = 0.6  # of the width; below, lines go on further to the left
BETWEEN = "  "
KEPT = "\N{NO-BREAK SPACE}"  # within numbers and their units
MOST_LINES = 3  # for a row; more are read better as a paragraph

Row = Sequence[str]


def terminal_width() -> int | None:
    """How many columns the terminal has; None where standard output is none, and lines stay whole."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size().columns, NARROWEST)


def broken(text: str, width: int, *, indent: int = 0) -> list[str]:
    """Text as lines that are no wider, broken between words; a path or an address stays whole.

    Parameters
    ----------
    text
    width
    indent
        Where the second line and those below begin.
    """
    below = " " * (indent if indent <= DEEPEST * width else 4)
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=below,
        break_on_hyphens=False,
        break_long_words=False,
        replace_whitespace=False,
    )


def table_lines(
    header: Row, rows: Iterable[Row], width: int | None, *, right: Sequence[str] = ()
) -> list[str]:
    """A table under the names of its columns.

    Parameters
    ----------
    header
    rows
        As many cells each as `header` has.
    width
        Of the terminal; None leaves each row on one line. Where a few lines a row are not enough, each row
        becomes a paragraph, in which its cells have the names of their columns before them.
    right
        The names of columns of numbers, which are flush on the right and stay beside their units.
    """
    rows = [
        [cell.replace(" ", KEPT) if name in right else cell for name, cell in zip(header, row, strict=True)]
        for row in rows
    ]
    widths = _widths(list(zip(header, *rows, strict=True)), width)
    if widths is None:
        return _paragraphs(header, rows, width or NARROWEST)
    lines = []
    for row in [header, *rows]:
        cells = [broken(cell, size) for cell, size in zip(row, widths, strict=True)]
        if width is not None and max(map(len, cells)) > MOST_LINES:
            return _paragraphs(header, rows, width)
        for parts in itertools.zip_longest(*cells, fillvalue=""):
            placed = (
                part.rjust(size) if name in right else part.ljust(size)
                for part, size, name in zip(parts, widths, header, strict=True)
            )
            lines.append(BETWEEN.join(placed).rstrip().replace(KEPT, " "))
    return lines


def _widths(columns: Sequence[Row], width: int | None) -> list[int] | None:
    """As wide as the cells; where this is too wide, the widest give way as far as their words let."""
    widths = [max(map(len, column)) for column in columns]
    if width is None:
        return widths
    narrowest = [max(len(word) for cell in column for word in cell.split(" ")) for column in columns]
    room = width - len(BETWEEN) * (len(columns) - 1)
    if sum(narrowest) > room:
        return None
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda i: (widths[i] > narrowest[i], widths[i]))
        widths[widest] -= 1
    return widths


def _paragraphs(header: Row, rows: Iterable[Row], width: int) -> list[str]:
    lines = []
    for row in rows:
        first, *others = [
            f"{name}: {cell}" if name else cell for name, cell in zip(header, row, strict=True) if cell
        ]
        lines += [*broken(first, width), *broken(f"  {'; '.join(others)}", width, indent=2)]
    return [line.replace(KEPT, " ") for line in lines]


def cells_of(lines: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table whose numbers stand flush below the names of their columns.

    What stands beyond the last column is a column of remarks, without a name.
    """
    names = list(re.finditer(r"\S+(?: \S+)*", lines[0]))
    ends = [name.end() for name in names]
    rows = [
        [line[start:end].strip() for start, end in zip([0, *ends], [*ends, None], strict=True)]
        for line in lines[1:]
    ]
    header = [name.group() for name in names]
    if any(row[-1] for row in rows):
        return [*header, ""], rows
    return header, [row[:-1] for row in rows]
