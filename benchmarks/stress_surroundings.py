"""Clocks that run backwards, users without a home, folders that are gone, and streams that lead nowhere."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from processes import environment
from stress_children import BROKEN_PIPE, DONE, REFUSED, Surroundings, complaints, driven, plain, started
from stress_disks import as_user, is_root
from stress_record import Trial
from stress_server import KEY
from stress_works import COMMANDS, TAKE, Material, Work

# Read by every Python that starts with this folder on its path, so also by the workers of a batch.
BACKWARDS = """
import time
begin, real, real_ns = time.time(), time.time, time.time_ns
time.time = lambda: begin - 3600 * (real() - begin)
time.time_ns = lambda: int(time.time() * 1e9)
"""
MOMENTS = {"1970": 0, "1952": -(2**29), "2106": 2**32, "tomorrow": None}  # seconds since 1970
DAY = 86400
STRANGER = 54321  # a user whom no table names
READ_AFTER = 2.0  # seconds
CLOSED = {
    "standard output closed": ">&-",
    "standard error closed": "2>&-",
    "all three closed": "<&- >&- 2>&-",
    "standard output on a full disk": ">/dev/full",
    "standard error on a full disk": "2>/dev/full",
}


def in_shell(redirected: str = "", *, first: str = "") -> tuple[str, ...]:
    """What starts a process from a shell, which does something first."""
    return ("sh", "-c", f'{first}exec "$@" {redirected}', "sh")


def clocks(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:  # noqa: ARG001
    """Run each command with a clock that runs backwards, and of recordings of unlikely times."""
    folder = material.folder / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BACKWARDS)
    variables = {"PYTHONPATH": os.pathsep.join([str(folder), environment()["PYTHONPATH"]])}
    attempts: list[Callable[[], Trial]] = []
    for name in COMMANDS:
        work = material.work(name)
        backwards = functools.partial(
            same_bytes, material, work, "a clock that runs backwards", variables=variables
        )
        attempts += [backwards] * times
        if name != "fetch":
            attempts += [
                functools.partial(same_bytes, material, work, f"a recording of {said}", moment=moment)
                for said, moment in MOMENTS.items()
            ]
    return material.tried(attempts)


def same_bytes(
    material: Material,
    work: Work,
    what: str,
    *,
    variables: dict[str, str] | None = None,
    moment: int | None = -1,
) -> Trial:
    """Run a command, and expect what it gives elsewhere."""
    place = material.place()
    out = work.prepare(place, with_older=False)
    inputs = place / "in"
    shutil.copytree(material.inputs, inputs)
    if moment != -1:
        for path in inputs.iterdir():
            when = time.time() + DAY if moment is None else moment
            os.utime(path, (when, when))
    surroundings = Surroundings(inputs if moment != -1 else work.inputs, variables or {})
    ended = work.start(place, surroundings=surroundings).end()
    wrong = complaints(ended, (DONE,))
    if moment == -1 or not work.is_batch:
        wrong += work.wrong_at_the_end(out, with_older=False)
    else:  # whose list of recordings says where they lie
        found = set(work.wrong_at_the_end(out, with_older=False, place=inputs))
        wrong += sorted(found - {"run.json: other bytes"})
    shutil.rmtree(place)
    return Trial(f"`{work.name}`, {what}", "done" if ended.code == DONE else "failed", tuple(wrong))


def homes(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:  # noqa: ARG001
    """Run commands as a user without a home, a name, or any variable; and from a folder that is gone."""
    recording, out = str(material.inputs / TAKE), "{out}"
    listed, sample = ("list",), ("analyze", "sample", "--output", out)
    short = ("analyze", recording, "--output", out)
    many = ("batch", recording, "--output", out, "--jobs", "2")
    relative = ("analyze", TAKE)
    attempts = []
    if is_root():
        attempts += [
            functools.partial(
                run_around, material, arguments, what, codes, homeless=True, variables=variables
            )
            for arguments, what, codes, variables in (
                (listed, "`list`, no home", (DONE, REFUSED), {}),
                (short, "`analyze`, no home", (DONE,), {}),
                (sample, "`analyze sample`, no home", (DONE, REFUSED), {}),
                (many, "`batch`, no home", (DONE,), {}),
                (("fetch", KEY), "`fetch`, no home", (REFUSED,), {}),
                (
                    ("fetch", KEY),
                    "`fetch`, no home, MARSAUDIO_DATA_DIR",
                    (DONE,),
                    {"MARSAUDIO_DATA_DIR": "{out}"},
                ),
                (
                    ("fetch", KEY),
                    "`fetch`, no home, MARSAUDIO_DATA_DIR=~/mars",
                    (REFUSED,),
                    {"MARSAUDIO_DATA_DIR": "~/mars"},
                ),
            )
        ]
    attempts += [
        functools.partial(run_around, material, arguments, what, codes)
        for arguments, what, codes in (
            (listed, "`list`, from a folder that is gone", (DONE,)),
            (short, "`analyze`, from a folder that is gone", (DONE,)),
            (many, "`batch`, from a folder that is gone", (DONE, REFUSED)),
            (relative, "`analyze` of a relative path, from a folder that is gone", (REFUSED,)),
            (
                ("analyze", recording),
                "`analyze` into a relative path, from a folder that is gone",
                (REFUSED,),
            ),
        )
    ]
    return material.tried(attempt for attempt in attempts for _ in range(times))


def run_around(
    material: Material,
    arguments: tuple[str, ...],
    what: str,
    codes: tuple[int, ...],
    *,
    homeless: bool = False,
    variables: dict[str, str] | None = None,
) -> Trial:
    """Run a command as a user without a home, or from a folder that is gone."""
    place = material.place()
    out = place / "out"
    filled = [argument.format(out=out) for argument in arguments]
    given = {name: value.format(out=out) for name, value in (variables or {}).items()}
    if homeless:
        os.chown(place, STRANGER, STRANGER)
        around = Surroundings(place, given, bare=True, before=as_user(STRANGER))
    else:
        around = Surroundings(place, given, before=in_shell(first="mkdir gone; cd gone; rmdir ../gone; "))
    entries = material.entries if arguments[0] == "fetch" else {}
    ended = started(driven(filled, entries=entries), place, around).end()
    wrong = complaints(ended, codes)
    if any(path.name == "~" for path in place.rglob("*")):
        wrong.append("something was written into a folder called ~")
    shutil.rmtree(place)
    outcome = {DONE: "done", REFUSED: "refused"}.get(ended.code, "failed")
    return Trial(what, outcome, tuple(wrong))


def streams(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:  # noqa: ARG001
    """Run commands whose standard streams are closed, full, or have a reader that goes away or waits."""
    attempts: list[Callable[[], Trial]] = []
    for name in ("analyze", "batch", "fetch", "events"):
        work = material.work(name)
        for what, redirected in CLOSED.items():
            codes = (REFUSED,) if redirected == ">/dev/full" else (DONE,)
            before = in_shell(redirected)
            attempts += [functools.partial(with_streams, material, work, what, codes, before=before)] * times
        attempts += [functools.partial(with_reader, material, work, leaves=True)] * times
        attempts += [functools.partial(with_reader, material, work, leaves=False)] * times
    attempts += [functools.partial(list_to_head, material)] * times
    return material.tried(attempts)


def with_streams(
    material: Material, work: Work, what: str, codes: tuple[int, ...], *, before: tuple[str, ...] = ()
) -> Trial:
    """Run a command whose streams are redirected; its files must be what they always are."""
    place = material.place()
    out = work.prepare(place, with_older=False)
    ended = work.start(place, surroundings=Surroundings(work.inputs, before=before)).end()
    wrong = complaints(ended, codes) + work.wrong_at_the_end(out, with_older=False)
    shutil.rmtree(place)
    return Trial(f"`{work.name}`, {what}", "done" if ended.code == DONE else "refused", tuple(wrong))


def with_reader(material: Material, work: Work, *, leaves: bool) -> Trial:
    """Give a command a pipe whose reader goes away at once, or reads from it, which is full, only later."""
    place = material.place()
    out = work.prepare(place, with_older=False)
    reading, writing = os.pipe()
    if not leaves:
        fill(writing)
    child = work.start(place, surroundings=Surroundings(work.inputs, output=writing))
    os.close(writing)
    if leaves:
        os.close(reading)
    else:
        threading.Thread(target=read_late, args=(reading,), daemon=True).start()
    ended = child.end()
    wrong = complaints(ended, (BROKEN_PIPE,) if leaves else (DONE,))
    wrong += work.wrong_at_the_end(out, with_older=False)
    shutil.rmtree(place)
    what = "its reader gone" if leaves else "a full pipe that is read later"
    return Trial(f"`{work.name}`, {what}", f"exit code {ended.code}", tuple(wrong))


def fill(writing: int) -> None:
    """Write into a pipe until nothing goes into it any more."""
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writing, bytes(PIPE_BYTES)):
            pass
    os.set_blocking(writing, True)


PIPE_BYTES = 4096


def read_late(reading: int) -> None:
    time.sleep(READ_AFTER)
    while os.read(reading, PIPE_BYTES):
        pass
    os.close(reading)


def list_to_head(material: Material) -> Trial:
    """The list, of which somebody reads one line."""
    place = material.place()
    program = '"$@" | head -1'
    around = Surroundings(Path(place), before=("bash", "-o", "pipefail", "-c", program, "bash"))
    ended = started(plain(["list"]), place, around).end()
    wrong = complaints(ended, (DONE, BROKEN_PIPE))
    shutil.rmtree(place)
    return Trial("`list`, of which one line is read", f"exit code {ended.code}", tuple(wrong))
