"""Where a name that stands in a file may lead: nowhere outside of that file's own folder.

Archives are fetched whole, links and all; a link among them must not make a program read other files of
whoever runs it (CWE-59, *Improper Link Resolution Before File Access*).
"""

from __future__ import annotations

import os
from pathlib import Path


def own_folders(origin: Path) -> tuple[str, str]:
    """Where what a file names may lie, links followed: in its folder.

    Where it is itself a link, the folder that it leads to counts as well: so a folder of links to an archive
    works.
    """
    return os.path.realpath(origin.parent), str(Path(os.path.realpath(origin)).parent)


def stays_within(path: Path, folders: tuple[str, ...]) -> bool:
    """Whether a path, its links followed, lies in one of these folders or below."""
    try:
        place = os.path.realpath(path)
    except (OSError, ValueError):  # a null character
        return False
    return any(f"{place}{os.sep}".startswith(f"{folder.rstrip(os.sep)}{os.sep}") for folder in folders)
