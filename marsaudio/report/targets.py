"""Where results may go: never in place of the recording that they were made from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from marsaudio.errors import ParameterError
from marsaudio.source import Source


def check_input_is_kept(source: Source, targets: Iterable[Path]) -> None:
    """Refuse targets of which one is the file that a recording was read from.

    Raises
    ------
    ParameterError
        One is, also by another name for the same place.
    """
    for target in targets:
        if source.is_read_from(target):
            raise ParameterError(
                f"The output {str(target)!r} would replace the input. Give it another name or folder."
            )
