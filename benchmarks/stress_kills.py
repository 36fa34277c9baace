"""Kill -9: at moments drawn by chance, and before each single change of a file."""

from __future__ import annotations

import functools
import shutil
import signal
from pathlib import Path

import numpy as np
from stress_children import DONE, REFUSED, Child, clear_shared, complaints
from stress_driver import COUNTED, DIED, FAILED
from stress_folders import leftovers, times_of_results
from stress_record import Trial, tried
from stress_works import Material, Work

KILLED = ("analyze", "batch", "fetch")
STEPPED = ("analyze", "separate", "report", "batch", "fetch")
EARLY, LATE = -0.05, 1.02  # of the length, which is counted from when everything is imported
LAST_TENTH, SHARE_IN_IT = 0.9, 0.25
ONE_PROCESS = ("--jobs", "1")


def at_random(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:
    """Kill each command at many moments, in an empty folder and over an older result."""
    trials = []
    for name in KILLED:
        work = material.work(name)
        early = rng.uniform(EARLY, LATE, times)
        late = rng.uniform(LAST_TENTH, 1.0, times)
        shares = np.where(rng.random(times) < SHARE_IN_IT, late, early)
        attempts = [
            functools.partial(
                killed_at, material, work, float(share * work.length), with_older=number % 2 == 0
            )
            for number, share in enumerate(shares)
        ]
        trials += tried(attempts, lanes=1 if work.is_batch else 2)
    return trials


def killed_at(material: Material, work: Work, seconds: float, *, with_older: bool) -> Trial:
    """Kill a command so long after it was ready, with all that it started."""
    place = material.place()
    out = work.prepare(place, with_older=with_older)
    before = times_of_results(out)
    child = work.start(place)
    is_over = child.wait_for(seconds)
    outcome = "at the end" if is_over else "at work" if child.is_ready else "before"
    child.signal(signal.SIGKILL)
    child.end()
    wrong = work.wrong_in(out, with_older=with_older)
    if is_over:
        wrong += work.wrong_at_the_end(out, with_older=with_older)
    what = f"`{work.name}`{', over an older result' if with_older else ''}"
    return gone_on(work, place, what, outcome, wrong, before, with_older, f"{seconds:.4f} s", child)


def gone_on(
    work: Work,
    place: Path,
    what: str,
    outcome: str,
    wrong: list[str],
    before: dict[str, int],
    with_older: bool,
    example: str,
    child: Child,
) -> Trial:
    """Look at what a killed run left, run the same command again, and look once more."""
    out = place / "out"
    left, after_the_kill = leftovers(out), times_of_results(out)
    if before.items() - after_the_kill.items():
        wrong.append("a finished result is gone or was written again")
    clear_shared(child.process.pid)
    (place / "ready").unlink(missing_ok=True)
    again = work.start(place)
    wrong += [f"the next run: {one}" for one in complaints(again.end(), (DONE,))]
    wrong += [f"after the next run: {one}" for one in work.wrong_at_the_end(out, with_older=with_older)]
    if after_the_kill.items() - times_of_results(out).items():
        wrong.append("the next run wrote a finished result again")
    clear_shared(again.process.pid)
    trial = Trial(what, outcome, tuple(wrong), len(left), len(leftovers(out)), example)
    shutil.rmtree(place)
    return trial


def at_each_change(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:
    """Kill each command before each change of a file, and have each such change fail."""
    trials = []
    for name in STEPPED:
        work = material.work(name)
        count = changes(material, work)
        chosen = range(1, count + 1)
        if count > times:
            chosen = sorted(rng.choice(count, times, replace=False) + 1)
        attempts = [
            functools.partial(one_change, material, work, action, int(at), count)
            for action in (DIED, FAILED)
            for at in chosen
        ]
        trials += tried(attempts)
    return trials


def changes(material: Material, work: Work) -> int:
    """How many changes of files there are in a run over an older result."""
    place = material.place()
    out = work.prepare(place, with_older=True)
    stepped(work, place, COUNTED, 0).end()
    shutil.rmtree(out)
    return int((place / "told").read_text())


def stepped(work: Work, place: Path, action: str, at: int) -> Child:
    steps = (action, str(place / "out"), at)
    return work.start(place, steps=steps, told=str(place / "told"), more=ONE_PROCESS if work.is_batch else ())


def one_change(material: Material, work: Work, action: str, at: int, count: int) -> Trial:
    """Kill a command before one of its changes, or have that fail, over an older result."""
    place = material.place()
    out = work.prepare(place, with_older=True)
    before = times_of_results(out)
    child = stepped(work, place, action, at)
    ended = child.end()
    wrong = work.wrong_in(out, with_older=True)
    if action == DIED:
        what, outcome = f"`{work.name}`, killed before each change", "killed" if ended.code < 0 else "done"
    else:
        what = f"`{work.name}`, each change failing once"
        wrong += complaints(ended)
        outcome = {DONE: "done all the same", REFUSED: "refused"}.get(ended.code, "failed")
        if ended.code == DONE:
            wrong += work.wrong_at_the_end(out, with_older=True)
    example = f"change {at} of {count}"
    return gone_on(work, place, what, outcome, wrong, before, True, example, child)
