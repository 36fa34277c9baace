"""Reading back the JSON files that marsaudio keeps for itself, whatever has become of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from marsaudio.atomic import kind_of

MOST_BYTES = 16 * 2**20  # in memory, lists of lists take thirty times as much


def read_json(path: Path) -> Any:
    """Read a file that is kept, which a person or a broken disk may have changed.

    Raises
    ------
    OSError
        It is not there, or cannot be read.
    ValueError
        It is no file, or no JSON that can be held in memory.
    """
    if kind_of(path) == "other":  # to read it might never end
        raise ValueError("it is a pipe or a device, not a file")
    with open(path, "rb") as file:
        contents = file.read(MOST_BYTES + 1)
    if len(contents) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MiB, which none that marsaudio wrote has")
    try:
        return json.loads(contents.decode("utf-8"))
    except RecursionError:
        raise ValueError("its values are nested too deep") from None
