"""What the event benchmark found: the scores of each method in each scene."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from marsaudio.metrics import EventScores

Figure = Callable[[Sequence[EventScores]], float]


@dataclass(frozen=True)
class EventCase:
    """One scene."""

    scene: str
    snr_db: float
    seed: int


class EventResults:
    """The scores in all scenes, by method."""

    def __init__(self, cases: Sequence[EventCase], rows: Sequence[dict[str, EventScores]]) -> None:
        self.cases = list(cases)
        self._rows = list(rows)

    @property
    def kinds(self) -> list[tuple[str, float]]:
        """Kinds of scenes and ratios, in order."""
        return list(dict.fromkeys((case.scene, case.snr_db) for case in self.cases))

    def of(self, method: str, kind: tuple[str, float]) -> list[EventScores]:
        """A method's scores in the scenes of a kind at a ratio."""
        return [
            row[method]
            for case, row in zip(self.cases, self._rows, strict=True)
            if (case.scene, case.snr_db) == kind
        ]

    def write_csv(self, path: Path) -> None:
        """One row for each scene and method."""
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            header = [
                "scene",
                "snr_db",
                "seed",
                "method",
                "f1",
                "precision",
                "recall",
                "median_onset_error_s",
            ]
            table.writerow(header)
            for case, row in zip(self.cases, self._rows, strict=True):
                for method, found in row.items():
                    figures = (found.f1, found.precision, found.recall, found.median_onset_error)
                    named = [case.scene, f"{case.snr_db:g}", case.seed, method]
                    table.writerow([*named, *(f"{figure:.4g}" for figure in figures)])


def mean_of(name: str) -> Figure:
    """The mean of a score over scenes."""
    return lambda scores: float(np.mean([getattr(one, name) for one in scores]))


def median_onset_error(scores: Sequence[EventScores]) -> float:
    """The median over all matches of the onset errors' absolute values, in s; NaN without a match."""
    errors = [abs(error) for one in scores for error in one.onset_errors]
    return float(np.median(errors)) if errors else float("nan")
