"""Where a name that stands in a file may lead: nowhere outside of that file's own folder.

Archives are fetched whole, links and all; a link among them must not make a program read other files of
whoever runs it (CWE-59, *Improper Link Resolution Before File Access*).
"""

from __future__ import annotations

import os
from pathlib import Path


def stays_beside(path: Path, origin: Path) -> bool:
    """Whether a path, its links followed, lies in the folder of the file that names it, or below.

    Where `origin` is itself a link, the folder that it leads to counts as well: so a folder of links to an
    archive works.
    """
    try:
        place = Path(os.path.realpath(path))
    except ValueError:  # a null character
        return False
    folders = (os.path.realpath(origin.parent), Path(os.path.realpath(origin)).parent)
    return any(place.is_relative_to(folder) for folder in folders)
