"""Processes that something is done to, how they ended, and what in their end is wrong."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from processes import environment

PATIENCE = 180.0  # seconds; who takes longer hangs
POLL_SECONDS = 0.001
DONE, SOME_FAILED, REFUSED, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141
HUNG = -1000
FOLDERS = re.compile(r"(?<![\w/])/(?:[^/\s'\"]+/)+")
LONGEST_LINE = 150  # characters, of what the page shows
SHARED = Path("/dev/shm")  # where joblib keeps its semaphores, and what processes share


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code : int
        The exit code; negative is a signal, and `HUNG` who came to no end.
    said, errors : str
        Standard output and standard error.
    seconds : float
        From when it was ready, else from its start.
    """

    code: int
    said: str
    errors: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Surroundings:
    """What a process finds.

    Attributes
    ----------
    folder : pathlib.Path
        Where it is started.
    variables : dict of str to str
        Beside the environment's.
    bare : bool
        Without the environment's.
    before : tuple of str
        A command that starts it.
    output : int or None
        Its standard output, if not a file.
    errors : int or None
        Its standard error, if not a file.
    """

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False
    before: tuple[str, ...] = ()
    output: int | None = None
    errors: int | None = None


class Process(Protocol):
    """What a child needs to know of its process."""

    @property
    def pid(self) -> int: ...  # noqa: D102
    def poll(self) -> int | None: ...  # noqa: D102
    def wait(self, timeout: float | None = None) -> int: ...  # noqa: D102


class Child:
    """A process in a session of its own.

    Parameters
    ----------
    process
    place
        A folder for its output and errors, and for the file that says that it is ready.
    """

    def __init__(self, process: Process, place: Path) -> None:
        self.process = process
        self._ready = place / "ready"
        self._said, self._errors = place / "said", place / "errors"
        self._begun = time.monotonic()

    def wait_until_ready(self) -> float:
        """The moment in which its work began; or now, if it is over."""
        while self.process.poll() is None and not self._ready.exists():
            time.sleep(POLL_SECONDS)
        self._begun = time.monotonic()
        return self._begun

    def wait_for(self, seconds: float) -> bool:
        """Wait until so many seconds after its work began, or before it does; tell whether it is over."""
        if seconds < 0:
            while time.monotonic() - self._begun < -seconds and not self._ready.exists():
                time.sleep(POLL_SECONDS)
        else:
            moment = self.wait_until_ready() + seconds
            while self.process.poll() is None and time.monotonic() < moment:
                time.sleep(POLL_SECONDS)
        return self.process.poll() is not None

    @property
    def is_ready(self) -> bool:
        """Whether its work has begun."""
        return self._ready.exists()

    def signal(self, number: int, *, group: bool = True) -> None:
        """Send a signal to it, and to all that it started."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.process.pid, number)

    def end(self, *, with_group: bool = True) -> Ended:
        """Wait for its end; who comes to none is killed, and so is, unless told not to, what it started."""
        try:
            code = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            code = HUNG
        seconds = time.monotonic() - self._begun
        if with_group or code == HUNG:
            self.signal(signal.SIGKILL)
            self.process.wait(PATIENCE)
        said, errors = (
            path.read_text(encoding="utf-8", errors="replace") for path in (self._said, self._errors)
        )
        return Ended(code, said, errors, seconds)


def started(program: Sequence[str], place: Path, surroundings: Surroundings) -> Child:
    """Start a Python of its own.

    Parameters
    ----------
    program
        What Python is given.
    place
        As for `Child`.
    surroundings
    """
    kept = {} if surroundings.bare else environment()
    paths = {"PYTHONPATH": environment()["PYTHONPATH"]}
    with (place / "said").open("wb") as said, (place / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [*surroundings.before, sys.executable, *program],
            cwd=surroundings.folder,
            env=kept | paths | dict(surroundings.variables),
            stdin=subprocess.DEVNULL,
            stdout=said if surroundings.output is None else surroundings.output,
            stderr=errors if surroundings.errors is None else surroundings.errors,
            start_new_session=True,
        )
    return Child(process, place)


def driven(arguments: Sequence[str], **options: Any) -> list[str]:
    """A program that runs marsaudio with these arguments through `stress_driver`."""
    return ["-c", f"import stress_driver; stress_driver.run({list(arguments)!r}, **{options!r})"]


def plain(arguments: Sequence[str]) -> list[str]:
    """A program that runs marsaudio with these arguments."""
    return ["-m", "marsaudio", *arguments]


def complaints(ended: Ended, codes: Sequence[int] = (DONE, REFUSED), *, lines: int = 1) -> list[str]:
    """What is wrong in how a process ended.

    Parameters
    ----------
    ended
    codes
        The exit codes that are right here.
    lines
        How many lines it may say on standard error.
    """
    if ended.code == HUNG:
        return [f"hung for {PATIENCE:.0f} s"]
    wrong = []
    told = [_without_place(line) for line in ended.errors.splitlines()]
    if ended.code not in codes:
        wrong.append(f"exit code {ended.code} instead of {' or '.join(map(str, codes))}")
    if "Traceback" in ended.errors:
        wrong.append(f"a traceback: {told[-1]}")
    elif strange := [line for line in told if not line.startswith("marsaudio: ")]:
        wrong.append(f"on standard error: {strange[0]}")
    elif len(told) > lines:
        wrong.append(f"{len(told)} lines on standard error: {told[0]}")
    elif ended.code == REFUSED and not told:
        wrong.append("refused without a word")
    return wrong


def _without_place(line: str) -> str:
    """A line of what a process said, as it would be on any machine: without folders, and not too long."""
    return FOLDERS.sub("", line)[:LONGEST_LINE]


def clear_shared(pid: int) -> int:
    """Remove what joblib left in the system's shared memory, and tell how much there was."""
    left = [*SHARED.glob(f"sem.loky-{pid}-*"), *SHARED.glob(f"joblib_memmapping_folder_{pid}_*")]
    for path in left:
        with contextlib.suppress(OSError):
            if path.is_dir():
                for inner in path.iterdir():
                    inner.unlink()
                path.rmdir()
            else:
                path.unlink()
    return len(left)
