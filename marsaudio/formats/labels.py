"""Labels: stretches of time with a text, as label files hold them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field

from marsaudio.errors import ParameterError

FieldValue = float | str | bool | None


@dataclass(frozen=True)
class Label:
    """A stretch of time, or a moment, with a text; where a file says more of it, that too.

    Attributes
    ----------
    start, end : float
        In seconds from the recording's first sample. Equal for a moment, which Audacity calls a point.
    text : str
        What is there, such as ``"gust"``.
    low, high : float or None
        The band, in Hz; None where it has no such edge. Equal for a single frequency.
    fields : dict
        Further columns: from their names to numbers, texts, True, False or None. CSV, JSON and Raven's
        tables keep them, Audacity's label tracks do not.

    Raises
    ------
    ParameterError
        A time or frequency is negative, or no finite number, or an end lies before its start; or a text
        or field cannot be kept in a file.

    Examples
    --------
    >>> import marsaudio as ma
    >>> gust = ma.Label(4.0, 6.5, "gust", low=20.0, high=200.0, fields={"level_db": -31.5})
    >>> gust.duration
    2.5
    """

    start: float
    end: float
    text: str = ""
    low: float | None = None
    high: float | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        start = _positive_or_zero("start", self.start, "a time in seconds")
        end = _positive_or_zero("end", self.end, "a time in seconds")
        if end < start:
            raise ParameterError(f"end={end!r} lies before start={start!r}. Give an end that does not.")
        low, high = (
            None if value is None else _positive_or_zero(name, value, "a frequency in Hz, or None")
            for name, value in (("low", self.low), ("high", self.high))
        )
        if low is not None and high is not None and high < low:
            raise ParameterError(f"high={high!r} lies below low={low!r}. Give the lower edge as low.")
        if not _is_text(self.text):
            raise ParameterError(f"text={shown(self.text)} must be a text without null characters.")
        if not isinstance(self.fields, Mapping):
            raise ParameterError(f"fields={shown(self.fields)} must be a dict, from names to values.")
        kept = {_field_name(name): _field_value(name, value) for name, value in self.fields.items()}
        for name, value in {"start": start, "end": end, "low": low, "high": high, "fields": kept}.items():
            object.__setattr__(self, name, value)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


class UnreadableLabelsError(ValueError):
    """A file of labels cannot be read: at what place, such as ``"line 3"``, and why, to the full stop."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place = place
        self.problem = problem


def shown(value: object) -> str:
    """A value as an error may show it: on one line, and not at any length."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:57]}...")
    if value is None or isinstance(value, bool):
        return repr(value)
    number = _finite(value)
    # One that is not finite, or beyond all floats, may have thousands of digits.
    return f"a {type(value).__name__}" if number is None and not isinstance(value, float) else str(value)


def _finite(value: object) -> float | None:
    """A finite number as float; None where it is no number, or not finite."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        return None
    return number if math.isfinite(number) else None


def _positive_or_zero(name: str, value: object, wanted: str) -> float:
    number = _finite(value)
    if number is None or number < 0:
        raise ParameterError(f"{name}={shown(value)} must be {wanted}: a finite number that is not negative.")
    return number + 0.0  # no minus before zero


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _field_name(name: object) -> str:
    if not isinstance(name, str) or not name or name != name.strip() or any(c in name for c in "\0\t\r\n"):
        raise ParameterError(
            f"A field called {shown(name)} cannot head a column. Give it a name without tabs and line "
            "breaks, and without spaces around it."
        )
    return name


def _field_value(name: str, value: object) -> FieldValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and "\0" not in value:
        return value
    number = _finite(value)
    if number is None:
        raise ParameterError(
            f"fields[{shown(name)}]={shown(value)} must be a finite number, a text without null characters, "
            "True, False or None."
        )
    return number
