"""What a damaged or hostile file is, for the tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Malformed(NamedTuple):
    """One file, with others beside it where it names some.

    Attributes
    ----------
    name : str
        What is the matter with it.
    opened : str
        The file, or the folder, that is given to a reader.
    files : mapping of str to bytes
        All files by their names.
    holds : ndarray or None
        The samples that it holds, as far as that is known, of shape (channels, frames).
    """

    name: str
    opened: str
    files: Mapping[str, bytes]
    holds: np.ndarray | None = None

    def write(self, folder: Path) -> Path:
        """Write the files into a new folder, and give the path of the one to open."""
        folder.mkdir()
        for name, contents in self.files.items():
            (folder / name).write_bytes(contents)
        return folder / self.opened
