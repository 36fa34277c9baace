"""Interrupts from the keyboard, and requests to end, at moments drawn by chance."""

from __future__ import annotations

import functools
import shutil
import signal

import numpy as np
from stress_children import DONE, INTERRUPTED, clear_shared, complaints
from stress_folders import leftovers, times_of_results
from stress_record import Trial
from stress_works import Material, Work

SIGNALLED = ("analyze", "separate", "batch", "fetch")
SIGNALS = {"interrupted": signal.SIGINT, "told to end": signal.SIGTERM}


def signalled(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:
    """Send each command a signal, in an empty folder and over an older result."""
    trials = []
    for name in SIGNALLED:
        work = material.work(name)
        for said, number in SIGNALS.items():
            attempts = [
                functools.partial(
                    signalled_at, material, work, said, number, share * work.length, with_older=odd % 2 == 1
                )
                for odd, share in enumerate(rng.random(times))
            ]
            trials += material.tried(attempts, name=name)
    return trials


def signalled_at(
    material: Material, work: Work, said: str, number: int, seconds: float, *, with_older: bool
) -> Trial:
    """Send a signal so long after a command was ready, see how it ends, and run it again.

    An interrupt reaches all processes of a terminal; a request to end the one that was named, and what that
    started may still be at work when the next run begins.
    """
    place = material.place()
    out = work.prepare(place, with_older=with_older)
    before = times_of_results(out)
    child = work.start(place)
    is_over = child.wait_for(seconds)
    child.signal(number, group=number == signal.SIGINT)
    ended = child.end(with_group=False)
    codes = [DONE, INTERRUPTED if number == signal.SIGINT else -number]
    if not work.wrong_at_the_end(out, with_older=with_older):
        codes.append(-number)  # it had done everything, and Python was about to end
    wrong = complaints(ended, codes)
    wrong += work.wrong_in(out, with_older=with_older)
    left = leftovers(out) if number == signal.SIGINT or not work.is_batch else []
    if number == signal.SIGINT and left:
        wrong.append("temporary files stay")
    if before.items() - times_of_results(out).items():
        wrong.append("a finished result is gone or was written again")
    (place / "ready").unlink(missing_ok=True)
    again = work.start(place)
    wrong += [f"the next run: {one}" for one in complaints(again.end(), (DONE,))]
    wrong += [f"after the next run: {one}" for one in work.wrong_at_the_end(out, with_older=with_older)]
    child.signal(signal.SIGKILL)
    for pid in (child.process.pid, again.process.pid):
        clear_shared(pid)
    left_after = leftovers(out)
    shutil.rmtree(place)
    outcome = "at the end" if is_over else {DONE: "done all the same"}.get(ended.code, said)
    what = f"`{work.name}`, {said}"
    return Trial(what, outcome, tuple(wrong), len(left), len(left_after), f"after {seconds:.4f} s")
