"""What a model is learned from: all frames, or means of neighbouring ones where there are very many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

MOST_COLUMNS = 1024  # longer sections keep means of neighbouring frames


class ColumnMeans:
    """Rows, or means of so many neighbouring ones that at most MOST_COLUMNS are kept.

    Parameters
    ----------
    count : int
        How many rows will be added in all.
    width : int
    """

    def __init__(self, count: int, width: int) -> None:
        self._together = max(-(-count // MOST_COLUMNS), 1)
        # Rows at the end that do not fill a column do not count, unless they are all there is.
        self._columns = np.empty((count // self._together, width), dtype=np.float32)
        self._place = 0
        self._held = np.zeros((0, width), dtype=np.float32)

    def add(self, rows: npt.NDArray[np.floating]) -> None:
        """Add the next rows."""
        if self._together > 1:
            rows = np.concatenate([self._held, rows])
            whole = len(rows) // self._together * self._together
            rows, self._held = rows[:whole], rows[whole:]
            rows = rows.reshape(-1, self._together, rows.shape[1]).mean(axis=1)
        self._columns[self._place : self._place + len(rows)] = rows
        self._place += len(rows)

    def means(self) -> Float32Array:
        """The columns, once all rows were added."""
        return self._columns


def mean_columns(rows: FloatArray) -> FloatArray:
    """The same of rows that are all at hand, in double precision."""
    together = max(-(-len(rows) // MOST_COLUMNS), 1)
    whole = len(rows) // together
    return np.asarray(rows[: whole * together].reshape(whole, together, rows.shape[1]).mean(axis=1))
