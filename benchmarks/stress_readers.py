"""Recordings that become others while they are read."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from stress_children import DONE, REFUSED, SOME_FAILED, complaints
from stress_folders import RESULTS, contents, leftovers
from stress_record import Trial
from stress_works import COMMANDS, OTHER_TAKE, TAKE, Material, Work, fork, unlike

READING = ("analyze", "separate", "events", "batch")
ONE_RECORDING = ("batch", TAKE, "--output", "{out}", "--jobs", "1")
ADDED = 20_000  # bytes


def replace(recording: Path, other: Path) -> None:
    other.replace(recording)


def replace_keeping_time(recording: Path, other: Path) -> None:
    now = recording.stat()
    os.utime(other, ns=(now.st_atime_ns, now.st_mtime_ns))
    other.replace(recording)


def write_over(recording: Path, other: Path) -> None:
    with recording.open("r+b") as file:
        file.write(other.read_bytes())


def cut(recording: Path, _: Path) -> None:
    os.truncate(recording, recording.stat().st_size // 2)


def add(recording: Path, other: Path) -> None:
    with recording.open("ab") as file:
        file.write(other.read_bytes()[-ADDED:])


CHANGES: dict[str, Callable[[Path, Path], None]] = {
    "replaced by another of the same length": replace,
    "replaced by another of the same length and time": replace_keeping_time,
    "written over with another of the same length": write_over,
    "cut short": cut,
    "added to": add,
}


def replaced(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:
    """Change what each command reads, at moments drawn by chance."""
    trials = []
    for name in READING:
        work = material.work(name)
        for change in CHANGES:
            before, after = (result_of(material, work, one) for one in (None, change))
            trials += material.tried(
                functools.partial(changed_at, material, work, change, (before, after), share * work.length)
                for share in rng.random(times)
            )
    return trials


def arguments_of(work: Work) -> tuple[str, ...]:
    return ONE_RECORDING if work.is_batch else COMMANDS[work.name]


def inputs_of(material: Material, place: Path) -> tuple[Path, Path]:
    """A recording to change, and another one to put in its place."""
    folder = place / "in"
    folder.mkdir()
    recording, other = folder / TAKE, place / OTHER_TAKE
    shutil.copy2(material.inputs / TAKE, recording)
    shutil.copy2(material.inputs / OTHER_TAKE, other)
    return recording, other


def result_of(material: Material, work: Work, change: str | None) -> dict[str, str]:
    """What a run gives of a recording as it is, or as it is once it was changed; nothing where it refuses."""
    place = material.place()
    (place / "out").mkdir()
    recording, other = inputs_of(material, place)
    if change:
        CHANGES[change](recording, other)
    fork(work.nursery, arguments_of(work), recording.parent, place).end()
    return results_in(work, place)


def results_in(work: Work, place: Path) -> dict[str, str]:
    """The results; of a batch, those of its recording."""
    found = contents(place / "out", place=place)
    return {name: digest for name, digest in found.items() if name.startswith(RESULTS) or not work.is_batch}


def changed_at(
    material: Material, work: Work, change: str, whole: tuple[dict[str, str], ...], seconds: float
) -> Trial:
    """Change the recording so long after a command was ready, and see whether it took that for one."""
    place = material.place()
    (place / "out").mkdir()
    recording, other = inputs_of(material, place)
    child = fork(work.nursery, arguments_of(work), recording.parent, place)
    child.wait_for(seconds)
    CHANGES[change](recording, other)
    ended = child.end()
    refused = SOME_FAILED if work.is_batch else REFUSED
    wrong = complaints(ended, (DONE, refused))
    found = results_in(work, place)
    if ended.code == DONE:
        outcome = next(
            (name for name, one in zip(("first", "second"), whole, strict=True) if one == found), ""
        )
        outcome = f"the {outcome} one's result" if outcome else "a mixture"
        wrong += (
            [] if outcome != "a mixture" else [f"a mixture of both: {'; '.join(unlike(found, whole[0]))}"]
        )
    else:
        outcome = "refused"
        wrong += [f"refused, and yet {one}" for one in unlike(found, {})]
    left = leftovers(place / "out")
    shutil.rmtree(place)
    return Trial(f"`{work.name}`, {change}", outcome, tuple(wrong), len(left), 0, f"after {seconds:.4f} s")
