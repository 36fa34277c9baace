"""Kill -9: at moments drawn by chance, and before each single change of a file."""

from __future__ import annotations

import functools
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from stress_children import DONE, REFUSED, Child, clear_shared, complaints
from stress_driver import COUNTED, DIED, FAILED
from stress_folders import leftovers, times_of_results
from stress_record import Trial
from stress_works import Material, Work

KILLED = ("analyze", "batch", "fetch")
STEPPED = ("analyze", "separate", "report", "batch", "fetch")
EARLY, LATE = -0.05, 1.02  # of the length, which is counted from when everything is imported
LAST_TENTH, SHARE_IN_IT = 0.9, 0.25


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
        trials += material.tried(attempts, name=name)
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
    killed = Killed(work, place, child, with_older, before)
    return gone_on(killed, what, outcome, wrong, f"after {seconds:.4f} s")


@dataclass(frozen=True)
class Killed:
    """A command that something was done to.

    Attributes
    ----------
    work : Work
    place : pathlib.Path
    child : Child
    with_older : bool
        Whether it wrote over older results.
    before : dict
        When those were written that were finished before.
    more : tuple of str
        Further arguments.
    """

    work: Work
    place: Path
    child: Child
    with_older: bool
    before: dict[str, int]
    more: tuple[str, ...] = ()


def gone_on(killed: Killed, what: str, outcome: str, wrong: list[str], example: str) -> Trial:
    """Look at what a killed run left, run the same command again, and look once more."""
    work, place, out = killed.work, killed.place, killed.place / "out"
    left, after_the_kill = leftovers(out), times_of_results(out)
    if killed.before.items() - after_the_kill.items():
        wrong.append("a finished result is gone or was written again")
    clear_shared(killed.child.process.pid)
    (place / "ready").unlink(missing_ok=True)
    again = work.start(place, more=killed.more)
    wrong += [f"the next run: {one}" for one in complaints(again.end(), (DONE,))]
    wrong += [
        f"after the next run: {one}" for one in work.wrong_at_the_end(out, with_older=killed.with_older)
    ]
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
        for action, with_older in ((DIED, True), (DIED, False), (FAILED, True)):
            count = changes(material, work, with_older=with_older)
            chosen = range(1, count + 1)
            if count > times:
                chosen = sorted(rng.choice(count, times, replace=False) + 1)
            attempts = [
                functools.partial(one_change, material, work, action, int(at), count, with_older=with_older)
                for at in chosen
            ]
            trials += material.tried(attempts, name=name)
    return trials


def changes(material: Material, work: Work, *, with_older: bool) -> int:
    """How many changes of files there are in a run."""
    place = material.place()
    out = work.prepare(place, with_older=with_older)
    stepped(work, place, COUNTED, 0).end()
    shutil.rmtree(out)
    return int((place / "told").read_text())


def stepped(work: Work, place: Path, action: str, at: int) -> Child:
    steps = (action, str(place / "out"), at)
    return work.start(place, steps=steps, told=str(place / "told"), more=one_process(work))


def one_process(work: Work) -> tuple[str, ...]:
    """What keeps a batch from starting processes, in which nothing would be counted."""
    return ("--jobs", "1") if work.is_batch else ()


def one_change(
    material: Material, work: Work, action: str, at: int, count: int, *, with_older: bool
) -> Trial:
    """Kill a command before one of its changes, or have that fail."""
    place = material.place()
    out = work.prepare(place, with_older=with_older)
    before = times_of_results(out)
    child = stepped(work, place, action, at)
    ended = child.end()
    wrong = work.wrong_in(out, with_older=with_older)
    over = ", over an older result" if with_older else ""
    if action == DIED:
        what, outcome = f"`{work.name}` killed{over}", "killed" if ended.code < 0 else "done"
    else:
        what = f"`{work.name}` failing{over}"
        wrong += complaints(ended)
        outcome = {DONE: "done all the same", REFUSED: "refused"}.get(ended.code, "failed")
        if ended.code == DONE:
            wrong += work.wrong_at_the_end(out, with_older=with_older)
    killed = Killed(work, place, child, with_older, before, one_process(work))
    return gone_on(killed, what, outcome, wrong, f"change {at} of {count}")
