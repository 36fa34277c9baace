"""What was tried and what came of it, kept in a file after each part, and its tables in Markdown."""

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

LANES = {"batch": 1, "fetch": 8}  # trials at a time: one has processes of its own, the other one waits


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


def tried(attempts: Iterable[Attempt], *, name: str = "") -> list[Trial]:
    """Make these attempts, some at a time as it suits a work, and say when one finds something."""

    def one(attempt: Attempt) -> Trial:
        trial = attempt()
        if trial.wrong:
            print(f"  WRONG: {trial.what}, {trial.example}: {'; '.join(trial.wrong)}", flush=True)
        return trial

    with ThreadPoolExecutor(LANES.get(name, 2)) as pool:
        return list(pool.map(one, attempts))


class Record:
    """The trials of all parts so far.

    Parameters
    ----------
    path
        The file that keeps them; what it has of the same program is kept.
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
            held = json.loads(path.read_text(encoding="utf-8"))
            if held["about"] == self.about:
                self.parts = held["parts"]

    def add(self, part: str, trials: Sequence[Trial]) -> None:
        """Keep a part, in the file, too, unless somebody has changed the program under it."""
        if conditions.fingerprint() != self.about["source code"]:
            raise SystemExit(
                "The source of marsaudio was changed meanwhile: the attempts are of no one version."
            )
        self.parts[part] = {
            "date": datetime.date.today().isoformat(),
            "trials": [dataclasses.asdict(trial) for trial in trials],
        }
        text = json.dumps({"about": self.about, "parts": self.parts}, indent=1)
        self._path.write_text(text, encoding="utf-8")

    def trials(self, part: str) -> list[Trial]:
        """Those of a part."""
        return [Trial(**{**held, "wrong": tuple(held["wrong"])}) for held in self.parts[part]["trials"]]

    def page(self, titles: Mapping[str, tuple[str, str]]) -> str:
        """All parts: the title, what was done, the table, and what was wrong."""
        dates = sorted({part["date"] for part in self.parts.values()})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        count = sum(len(part["trials"]) for part in self.parts.values())
        about = self.about
        texts = [
            f"{count} attempts, made on {when}. {about['machine']}; {about['system']}; {about['Python']}; "
            f"marsaudio {about['marsaudio']} (source code {about['source code']}). Seed {about['seed']}.\n"
        ]
        for part, (title, words) in titles.items():
            if part in self.parts:
                texts += [
                    f"### {title}\n",
                    f"{words}\n",
                    table_of(self.trials(part)),
                    faults_of(self.trials(part)),
                ]
        return "\n".join(filter(None, texts))


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
