"""What the library says, in the words of the command line: ``band=`` is ``--band`` there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

# Where the library's parameter and the option have different names.
OTHER_NAMES = {
    "alone=False": "--with-wind",
    "false_alarms_per_minute": "--false-alarms",
    "factor": "--speed-up",
    "frequency_scale": "--scale",
    "hertz": "--shift",
    "hop_length": "--hop",
    "maximum_frequency": "--max-frequency",
    "minimum_frequency": "--min-frequency",
    "pascal_per_full_scale": "--pascal-per-full-scale",
    "rng": "--seed",
    "source": "--calibration-source",
}
# What typer's checks and the library say, and what a person says who types.
PLAINER = {
    "Value error, ": "",
    "Input should be a valid number, unable to parse string as a number": "that is no number, such as 9.5",
    "Input should be a valid integer, unable to parse string as an integer": "that is no whole number",
    "Input should be greater than or equal to": "it must be at least",
    "Give the folder as the directory": "Give the folder as --output",
    "; Recording.resample changes a rate": "",
}
FOR_PYTHON = re.compile(r"(, or, in Python, [^.]*| In Python, .*?(?=\.(\s|$))\.)")
TYPED = (
    (re.compile(r"(--[\w-]+) \((\S+), (\S+)\)"), r"\1 \2 \3"),
    (re.compile(r"(--[\w-]+ -?\d+)\.0(?!\d)"), r"\1"),
    (re.compile(r"(--[\w-]+) \.\.\."), r"\1"),
    # Of a file that was cut short; not every command reads a range by itself.
    (
        re.compile(r"read what is there with (?:stop=|--stop )(\S+?)(?=\.(?:\s|$))"),
        r"save what is there with 'marsaudio clip --stop \1' and take that",
    ),
)


class Parameter(Protocol):
    """An option or an argument of a command."""

    name: str | None
    opts: list[str]


def options_of(parameters: Iterable[Parameter]) -> dict[str, str]:
    """The options by the names that the library has for them."""
    named = {}
    for parameter in parameters:
        long = [option for option in parameter.opts if option.startswith("--")]
        if parameter.name and long:
            named[parameter.name] = long[0]
    return named | OTHER_NAMES


def in_options(message: str, options: dict[str, str] = OTHER_NAMES) -> str:
    """A message with options in the place of parameters.

    With the sign of equality, ``start=9 s``, any parameter is told for one; without it, those whose names
    are no words, such as ``max_delay``. Values are as they were typed: ``--band 20 250``, ``--shift 300``.
    What is said to those who write Python is left out.
    """
    for name, option in sorted(options.items(), key=lambda item: -len(item[0])):
        if "=" in name:
            message = message.replace(name, option)
            continue
        message = re.sub(rf"(?<![\w.'\"/-]){name}=(?=\S)", f"{option} ", message)
        if "_" in name:
            message = re.sub(rf"(?<![\w.'\"/-]){name}(?![\w=(.'\"/-])", option, message)
    for said, plain in PLAINER.items():
        message = message.replace(said, plain)
    for pattern, typed in TYPED:
        message = pattern.sub(typed, message)
    return FOR_PYTHON.sub("", message)
