"""What the separation benchmark found: one figure for each mixture, method and measure."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mixtures
import numpy as np
import numpy.typing as npt
from peers import METHODS

LEAST_RATIO_DB = -30.0  # SI-SDR and SDR: a stem that holds nothing of the truth has minus infinity
COST = "cpu_seconds_per_minute"


@dataclass(frozen=True)
class Case:
    """One mixture."""

    wind: str
    machine: str
    snr_db: float
    seed: int

    @property
    def group(self) -> str:
        """Whether the machine is steady or fluctuates."""
        return "steady" if self.machine in mixtures.STEADY_MACHINES else "fluctuating"

    def __str__(self) -> str:
        return f"{self.wind} wind + {self.machine}, {self.snr_db:.0f} dB".replace("-", "−")


class Results:
    """The figures of all mixtures, by method and measure.

    Parameters
    ----------
    cases
        The mixtures.
    rows
        For each of them a figure by measure, by method.
    """

    def __init__(self, cases: Sequence[Case], rows: Sequence[dict[str, dict[str, float]]]) -> None:
        self.cases = list(cases)
        self._rows = list(rows)
        self.measures = list(rows[0][next(iter(METHODS))])

    def of(
        self, measure: str, method: str, chosen: Callable[[Case], bool] = lambda _: True
    ) -> npt.NDArray[np.float64]:
        """The figures of a method, in the order of the chosen cases."""
        figures = [
            row[method][measure] for case, row in zip(self.cases, self._rows, strict=True) if chosen(case)
        ]
        found = np.array(figures, dtype=np.float64)
        return np.maximum(found, LEAST_RATIO_DB) if measure.endswith("sdr_db") else found

    def mean(self, measure: str, method: str, chosen: Callable[[Case], bool] = lambda _: True) -> float:
        """The mean over the chosen cases that have the figure; NaN where none has."""
        found = self.of(measure, method, chosen)
        found = found[~np.isnan(found)]
        return float(found.mean()) if found.size else float("nan")

    def write_csv(self, path: Path) -> None:
        """One row for each mixture and method."""
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["wind", "machine", "group", "snr_db", "seed", "method", *self.measures])
            for case, row in zip(self.cases, self._rows, strict=True):
                named = [case.wind, case.machine, case.group, f"{case.snr_db:g}", case.seed]
                for method, figures in row.items():
                    table.writerow([*named, method, *(f"{figures[name]:.5g}" for name in self.measures)])
