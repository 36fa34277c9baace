"""Rounds in which all competitors take their turn, kept in a file after each, and ratios within a round."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import Usage

IDLE = 0.1  # of a processor: as much as others may use before and in a round whose time on the clock counts


@dataclass(frozen=True)
class Round:
    """What each competitor used in its turn.

    Attributes
    ----------
    group : str
        What they competed in, such as the length of the file.
    usages : dict of str to Usage
        By competitor, in the order of their turns.
    load_before, load_within : float
        How many processors worked for others in the second before, and meanwhile.
    date : str
        The day, as in 2021-02-20.
    """

    group: str
    usages: dict[str, Usage]
    load_before: float
    load_within: float
    date: str

    @property
    def idle(self) -> bool:
        """Whether nobody else used the machine, so that time on the clock means something."""
        return max(self.load_before, self.load_within) <= IDLE

    def finished(self, name: str) -> bool:
        """Whether this competitor took its turn and came to its end."""
        return name in self.usages and not self.usages[name].failure


class Record:
    """All rounds so far.

    Parameters
    ----------
    conditions
        What must be the same in all of them: program, machine, libraries.
    rounds
        From earlier runs.
    path
        The file that holds them.
    """

    def __init__(self, conditions: dict[str, Any], rounds: Sequence[Round], path: Path) -> None:
        self.conditions = conditions
        self.rounds = list(rounds)
        self._path = path

    @classmethod
    def open(cls, path: Path, conditions: dict[str, Any]) -> Record:
        """Go on with a file, or begin one; what was measured under other conditions is refused."""
        if not path.exists():
            return cls(conditions, [], path)
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["conditions"] != conditions:
            differing = [
                name for name in conditions | held["conditions"]
                if held["conditions"].get(name) != conditions.get(name)
            ]  # fmt: skip
            raise SystemExit(
                f"The rounds in {str(path)!r} were measured with another {', '.join(differing)}. "
                "Move that file away, or give another --output."
            )
        return cls(conditions, [round_of(one) for one in held["rounds"]], path)

    def add(self, one: Round) -> None:
        """Keep a round, in the file, too."""
        self.rounds.append(one)
        held = {"conditions": self.conditions, "rounds": list(map(dataclasses.asdict, self.rounds))}
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(held, indent=1), encoding="utf-8")
        partial.replace(self._path)

    def of(self, group: str) -> list[Round]:
        """The rounds of one group."""
        return [one for one in self.rounds if one.group == group]

    @property
    def groups(self) -> list[str]:
        """The groups that have rounds, in the order in which they began."""
        return list(dict.fromkeys(one.group for one in self.rounds))


def round_of(held: dict[str, Any]) -> Round:
    usages = {name: Usage(**usage) for name, usage in held["usages"].items()}
    return Round(**held | {"usages": usages})


def rotated(names: Sequence[str], turn: int) -> list[str]:
    """The same names in the same circle, another one first."""
    first = turn % len(names) if names else 0
    return [*names[first:], *names[:first]]


def values(rounds: Iterable[Round], name: str, figure: Callable[[Usage], float]) -> list[float]:
    """A figure of a competitor in all rounds in which it came to its end."""
    return [figure(one.usages[name]) for one in rounds if one.finished(name)]


def ratios(rounds: Iterable[Round], name: str, base: str, figure: Callable[[Usage], float]) -> list[float]:
    """A competitor's figure over that of another one in the same round."""
    return [
        figure(one.usages[name]) / figure(one.usages[base])
        for one in rounds
        if one.finished(name) and one.finished(base)
    ]


def median(found: Sequence[float]) -> float:
    """The median; NaN of nothing."""
    return statistics.median(found) if found else float("nan")


def cpu(usage: Usage) -> float:
    return usage.cpu


def wall(usage: Usage) -> float:
    return usage.wall


def megabytes(usage: Usage) -> float:
    """The peak memory in MB of a million bytes."""
    return usage.memory / 1e6
