"""What was tried and what came of it, kept in a file as it goes, and its tables in Markdown."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import conditions
from tables import table

KEPT_AT_ONCE = 25  # attempts, after which the file is written again


@dataclass(frozen=True)
class Trial:
    """One attempt to break something.

    Attributes
    ----------
    what : str
        What was tried; a row of the table.
    outcome : str
        What it came to, in few words: "killed at work", "refused".
    wrong : tuple of str
        What was promised and not kept.
    left : int
        Temporary files that stayed.
    left_after : int
        Of these, after the next run.
    example : str
        How to do it again: the moment or the size.
    """

    what: str
    outcome: str
    wrong: tuple[str, ...] = ()
    left: int = 0
    left_after: int = 0
    example: str = ""


Attempt = Callable[[], Trial]


def tried(attempt: Attempt) -> Trial:
    """Make an attempt, and say when it finds something."""
    trial = attempt()
    if trial.wrong:
        print(f"  WRONG: {trial.what}, {trial.example}: {'; '.join(trial.wrong)}", flush=True)
    return trial


class Keeper:
    """Makes the attempts of a part that were not made before, and keeps them as it goes.

    Parameters
    ----------
    record : Record
    part
        Its name.
    times
        How often it is tried; what was kept of another number, or of another program, is forgotten.
    """

    def __init__(self, record: Record, part: str, times: int) -> None:
        self._record, self._part, self._times = record, part, times
        self._before = record.begun(part, times)
        self._trials: list[Trial] = []

    def tried(self, attempts: Iterable[Attempt], *, at_a_time: int) -> list[Trial]:
        """What came of these attempts, which are the same and in the same order each time."""
        attempts, begun = list(attempts), len(self._trials)
        known = self._before[begun : begun + len(attempts)]
        self._trials += known
        left = attempts[len(known) :]
        with ThreadPoolExecutor(at_a_time) as pool:
            for first in range(0, len(left), KEPT_AT_ONCE):
                self._trials += pool.map(tried, left[first : first + KEPT_AT_ONCE])
                self._record.keep(self._part, self._times, self._trials)
        return self._trials[begun:]


class Record:
    """The trials of all parts so far, each with what it was tried with.

    Parameters
    ----------
    path
        The file that keeps them; what it has is kept until that part is tried again.
    seed
        That the trials are drawn with.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        about = conditions.all_conditions()
        self.about = {
            name: about[name] for name in ("marsaudio", "source code", "Python", "machine", "system")
        }
        self.about["seed"] = str(seed)
        self.parts: dict[str, dict[str, Any]] = {}
        if path.exists():
            self.parts = json.loads(path.read_text(encoding="utf-8"))

    def keep(self, part: str, times: int, trials: Sequence[Trial]) -> None:
        """Keep what there is of a part, also in the file, unless the program was changed under it."""
        if conditions.fingerprint() != self.about["source code"]:
            raise SystemExit(
                "The source of marsaudio was changed meanwhile: the attempts are of no one version."
            )
        self.parts[part] = {
            "about": self.about,
            "date": datetime.date.today().isoformat(),
            "times": times,
            "trials": [dataclasses.asdict(trial) for trial in trials],
        }
        self._path.write_text(json.dumps(self.parts, indent=1), encoding="utf-8")

    def begun(self, part: str, times: int) -> list[Trial]:
        """Those of a part that was, or is being, tried so often, with this very program."""
        held = self.parts.get(part)
        is_same = held is not None and (held["about"], held["times"]) == (self.about, times)
        return self.trials(part) if is_same else []

    def trials(self, part: str) -> list[Trial]:
        """Those of a part."""
        return [Trial(**{**held, "wrong": tuple(held["wrong"])}) for held in self.parts[part]["trials"]]

    def page(self, titles: Mapping[str, tuple[str, str]]) -> str:
        """All parts: the title, what was done, with what, the table, and what was wrong."""
        shown = {part: words for part, words in titles.items() if part in self.parts}
        count = sum(len(self.parts[part]["trials"]) for part in shown)
        broken = sum(bool(trial.wrong) for part in shown for trial in self.trials(part))
        texts = [f"{count} attempts, of which {broken} broke a promise.\n"]
        for part, (title, words) in shown.items():
            texts += [
                f"### {title}\n",
                f"{words}\n",
                f"{self._when(part)}\n",
                table_of(self.trials(part)),
                faults_of(self.trials(part)),
            ]
        return "\n".join(filter(None, texts))

    def _when(self, part: str) -> str:
        held = self.parts[part]
        about = held["about"]
        return (
            f"{len(held['trials'])} attempts, made on {held['date']}, with marsaudio {about['marsaudio']} "
            f"(source {about['source code']}), {about['Python']}, on {about['machine']}; {about['system']}; "
            f"seed {about['seed']}."
        )


def table_of(trials: Sequence[Trial]) -> str:
    """A row for each thing that was tried."""
    rows = []
    for what in dict.fromkeys(trial.what for trial in trials):
        same = [trial for trial in trials if trial.what == what]
        outcomes = Counter(trial.outcome for trial in same)
        rows.append(
            [
                what,
                str(len(same)),
                ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())),
                str(sum(bool(trial.wrong) for trial in same)),
                str(sum(trial.left > 0 for trial in same)),
                str(sum(trial.left_after > 0 for trial in same)),
            ]
        )
    header = ["what", "times", "came to", "broken promises", "left temporary files", "and after the next run"]
    return table(header, rows)


def faults_of(trials: Sequence[Trial]) -> str:
    """What was wrong, how often, and once how."""
    found = Counter((trial.what, fault) for trial in trials for fault in trial.wrong)
    examples = {(trial.what, fault): trial.example for trial in trials for fault in trial.wrong}
    return "".join(
        f"- {what}: {fault} ({count} times, such as {examples[what, fault] or 'always'}).\n"
        for (what, fault), count in found.most_common()
    )
