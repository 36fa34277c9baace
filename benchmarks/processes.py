"""What one process costs from start to end, with those that it starts. Linux only: /proc tells it."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

MEMORY_LIMIT = 0.85  # of the machine's: who wants more gets a MemoryError, and nobody else suffers
POLL_SECONDS = 0.05
# Only the process itself can read its peak when it is over. That ru_maxrss is no help: a child's begins with
# the memory of the process that started it.
TELL_AT_EXIT = """
import atexit
def tell():
    with open({told!r}, "w") as file:
        for name in ("status", "io"):
            with open("/proc/self/" + name) as facts:
                file.write(facts.read())
atexit.register(tell)
"""


@dataclass(frozen=True)
class Usage:
    """What a process used.

    Attributes
    ----------
    cpu, wall : float
        Seconds: user and system of the process and of all that it started and waited for; on the clock.
    memory : int
        The peak of its resident memory, in bytes; where it has workers, the peaks of all, added.
    largest_worker : int
        The peak of the largest of its workers, in bytes; 0 where none was looked for.
    read, written : int
        Bytes that the process itself asked for and gave, whether or not they went to a disk.
    failure : str
        Empty, or the last that it said before it failed.
    """

    cpu: float
    wall: float
    memory: int
    largest_worker: int = 0
    read: int = 0
    written: int = 0
    failure: str = ""


def measure(statement: str, *, workers: bool = False) -> Usage:
    """Run a statement in a Python of its own.

    Parameters
    ----------
    statement
        Python source.
    workers
        Look for the processes that it starts, twenty times a second, and count their memory, too.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        told = Path(folder, "told")
        program = TELL_AT_EXIT.format(told=str(told)) + statement
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment(),
        )
        limit = int(MEMORY_LIMIT * psutil.virtual_memory().total)
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, limit))
        with peaks_of_workers(process.pid) if workers else no_peaks() as peaks:
            _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        facts = told.read_text() if told.exists() else ""
        errors.seek(0)
        return Usage(
            cpu=used.ru_utime + used.ru_stime,
            wall=wall,
            memory=peak_memory(facts) + sum(peaks.values()),
            largest_worker=max(peaks.values(), default=0),
            read=number_in(facts, "rchar"),
            written=number_in(facts, "wchar"),
            failure=failure_of(process.returncode, errors.read()),
        )


def environment() -> dict[str, str]:
    """What is set here, where this folder's modules are found; and compiled modules are kept, as usual."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    paths = [str(Path(__file__).parent), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def failure_of(code: int, errors: str) -> str:
    if code == 0:
        return ""
    said = [line.strip() for line in errors.splitlines() if any(map(str.isalpha, line))]
    return said[-1] if said else f"ended by signal {-code}" if code < 0 else f"exit code {code}"


def peak_memory(facts: str) -> int:
    """The peak of the resident memory in bytes, of what /proc tells of a process; 0 where it does not."""
    return number_in(facts, "VmHWM") * 1024


def number_in(facts: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", facts, flags=re.M)
    return int(found[1]) if found else 0


@contextmanager
def no_peaks() -> Iterator[dict[int, int]]:
    yield {}


@contextmanager
def peaks_of_workers(pid: int) -> Iterator[dict[int, int]]:
    """The peak memory of each process that this one started, by its number, looked at again and again."""
    peaks: dict[int, int] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(POLL_SECONDS):
            try:
                for child in psutil.Process(pid).children(recursive=True):
                    peak = peak_memory(Path(f"/proc/{child.pid}/status").read_text())
                    peaks[child.pid] = max(peak, peaks.get(child.pid, 0))
            except (psutil.Error, OSError):
                continue  # it ended while it was looked at

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def busy_seconds() -> float:
    """CPU seconds that all processors were at work since the start, here or for others on the same host."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal


def own_seconds() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


class Bystanders:
    """How many processors work for others than this process and its children, from now on."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()
        self._others = busy_seconds() - own_seconds()

    def processors(self) -> float:
        """Their mean number since this was made; two at full load are 2."""
        others = busy_seconds() - own_seconds() - self._others
        return max(others / (time.perf_counter() - self._begin), 0.0)
