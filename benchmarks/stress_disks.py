"""Disks that are full, and folders that nothing can be written into."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from stress_children import DONE, REFUSED, Surroundings, complaints
from stress_folders import bytes_in, files_in, leftovers
from stress_record import Trial
from stress_works import COMMANDS, Material, Work

PAGE = 4096
MOST_ROOM = 1.6  # of what the results take: temporary files, and what they replace, are there at one time
FEWEST_NAMES, MOST_NAMES, SHARE_OF_NAMES = 2, 40, 0.2  # on some disks it is the number of files that is short
PLENTY = 2**26
NOBODY = 65534


def is_root() -> bool:
    """Whether disks can be mounted here, and processes be somebody else's."""
    return os.geteuid() == 0


def as_user(number: int) -> tuple[str, ...]:
    """What starts a process of somebody else, who may yet read what is root's, such as this Python."""
    powers = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    return ("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", *powers, "--")


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """A disk in memory."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def mount_again(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def full(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:
    """Give each command disks of many sizes, empty or with an older result on them."""
    trials = []
    for name in COMMANDS if is_root() else ():
        work = material.work(name)
        shares = rng.uniform(0.0, MOST_ROOM, times)
        short_of_names = rng.random(times) < SHARE_OF_NAMES
        names = np.where(short_of_names, rng.integers(FEWEST_NAMES, MOST_NAMES, times), 0)
        trials += material.tried(
            functools.partial(
                on_small_disk, material, work, shares[number], int(names[number]), with_older=number % 2 == 0
            )
            for number in range(times)
        )
    return trials


def on_small_disk(material: Material, work: Work, share: float, names: int, *, with_older: bool) -> Trial:
    """Run a command on a small disk, then make room and run it again.

    Parameters
    ----------
    share
        Of the room that the results take: how much there is.
    names
        How many more files the disk can hold; 0 is any number.
    """
    place = material.place()
    out = place / "out"
    out.mkdir()
    older = len(list(work.older.rglob("*"))) if with_older else 0
    size = max(int(share * work.room), PAGE)
    size += bytes_in(work.older) + 2 * PAGE * older if with_older else 0
    options = f"size={PLENTY},nr_inodes={older + names + 1}" if names else f"size={size}"
    with disk(out, options):
        if with_older:
            shutil.copytree(work.older, out, dirs_exist_ok=True)
        ended = work.start(place).end()
        wrong = complaints(ended)
        if ended.code == DONE:
            wrong += work.wrong_at_the_end(out, with_older=with_older)
        else:
            wrong += work.wrong_if_refused(out, with_older=with_older)
        left = leftovers(out)
        mount_again(out, f"size={PLENTY},nr_inodes=0")
        (place / "ready").unlink(missing_ok=True)
        wrong += [f"with room again: {one}" for one in complaints(work.start(place).end(), (DONE,))]
        wrong += [f"with room again: {one}" for one in work.wrong_at_the_end(out, with_older=with_older)]
        left_after = leftovers(out)
    shutil.rmtree(place)
    outcome = {DONE: "done", REFUSED: "refused"}.get(ended.code, "failed")
    example = f"room for {names} more files" if names else f"{size} bytes in all"
    return Trial(f"`{work.name}`", outcome, tuple(wrong), len(left), len(left_after), example)


def read_only(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:  # noqa: ARG001
    """Give each command a folder that cannot be written into, and one that this user may not write into."""
    return material.tried(
        functools.partial(in_locked_folder, material, material.work(name), owner, with_older=number % 2 == 0)
        for name in (COMMANDS if is_root() else ())
        for owner in (True, False)
        for number in range(times)
    )


def in_locked_folder(material: Material, work: Work, owner: bool, *, with_older: bool) -> Trial:
    """Run a command into a disk that is mounted for reading alone, or as somebody who may not write."""
    place = material.place()
    out = place / "out"
    out.mkdir()
    os.chown(place, NOBODY, NOBODY)
    with disk(out, f"size={PLENTY},mode=755") if owner else contextlib.nullcontext():
        if with_older:
            shutil.copytree(work.older, out, dirs_exist_ok=True)
        if owner:
            mount_again(out, "ro")
        surroundings = None if owner else Surroundings(work.inputs, before=as_user(NOBODY))
        ended = work.start(place, surroundings=surroundings).end()
        wrong = complaints(ended, (REFUSED,)) + work.wrong_if_refused(out, with_older=with_older)
        left = [path for path in files_in(out) if not with_older]
    shutil.rmtree(place)
    what = "a disk for reading alone" if owner else "another user's folder"
    outcome = {DONE: "done", REFUSED: "refused"}.get(ended.code, "failed")
    return Trial(f"`{work.name}`, {what}", outcome, tuple(wrong), len(left))
