"""Lines of CSV tables that no spreadsheet runs anything from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from marsaudio.formats.label_table import value_cell, value_in
from marsaudio.formats.labels import FieldValue

# A spreadsheet runs a cell that begins so, also in full-width characters (CWE-1236; OWASP, CSV Injection).
# Where it divides cells otherwise, at semicolons or tabs, a cell may become several: each of them counts.
# Such a part may begin with quotation marks, which are doubled in the file and vanish, and with what cannot
# be seen: blanks of all kinds, control characters, and marks of width and direction, which some pass over.
# One class, and taken once: two that share a character would be tried in every order.
_PASSED_OVER = r"[\s\"\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_BEGINS = rf"((?:^|[,;\t\r\n])(?:(?![\t\r\n]){_PASSED_OVER})*+)"
_RUN = r"(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"
RUNS = re.compile(_BEGINS + _RUN)  # apostrophes before it do not count, so that these come back as well
MADE_SAFE = re.compile(_BEGINS + "'" + _RUN)


def csv_line(cells: Sequence[str]) -> str:
    """A row with its line end; cells that hold a comma, a quotation mark or a line end are quoted."""
    # The writer quotes what its own line end has in it, so it is given both characters.
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def safe_text(text: str) -> str:
    """A text that no spreadsheet runs, with apostrophes before formulas; `text_in` reads it as it was."""
    return RUNS.sub(r"\1'", text)


def text_in(cell: str) -> str:
    """The text from which `safe_text` made a cell."""
    return MADE_SAFE.sub(r"\1", cell)


def safe_cell(value: FieldValue) -> str:
    """As `safe_text`, and with an apostrophe before a text that would be read as a number, say."""
    if not isinstance(value, str):
        return value_cell(value)
    cell = safe_text(value)
    return f"'{cell}" if value and not RUNS.match(value) and _looks_like_another_value(value) else cell


def value_in_cell(cell: str, *, decimal_comma: bool) -> FieldValue:
    """The value from which `safe_cell` made a cell."""
    if MADE_SAFE.match(cell):
        return text_in(cell)
    if cell.startswith("'") and _looks_like_another_value(text_in(cell)):
        return text_in(cell[1:])
    value = value_in(cell, decimal_comma=decimal_comma)
    return text_in(value) if isinstance(value, str) else value


def _looks_like_another_value(text: str) -> bool:
    return not isinstance(value_in(text.lstrip("'")), str)
