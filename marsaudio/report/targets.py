"""Where results may go: never in place of what they were made from, nor of one another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from marsaudio.atomic import check_places_differ
from marsaudio.errors import ParameterError
from marsaudio.source import Source


def check_input_is_kept(source: Source, targets: Iterable[Path]) -> None:
    """Refuse targets of which one is the file that a recording was read from, or two are one file.

    Raises
    ------
    ParameterError
        One is, also by another name for the same place; or two are one.
    """
    targets = list(targets)
    check_places_differ(targets)
    for target in targets:
        if source.is_read_from(target):
            raise ParameterError(
                f"The output {str(target)!r} would replace the input. Give it another name or folder."
            )
