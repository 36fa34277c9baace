"""Processes that have imported everything before they begin: forked from one that has.

Most of a short run is imports, in which there is nothing to lose. The processes are sessions of their own,
and end as any Python does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.001


def serve(modules: str) -> None:
    """Fork a process for each line of standard input, which says what it is to run."""
    import stress_driver

    stress_driver.import_all(Path(modules))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for the others
    for line in sys.stdin:
        if os.fork() == 0:
            request = json.loads(line)
            become(request)
            stress_driver.run(request["arguments"], **request["options"])


def become(request: Mapping[str, Any]) -> None:
    """Be the process that was asked for, of which another one tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if pid := os.fork():
        _, status = os.waitpid(pid, 0)
        told = Path(request["place"], "ended.partial")
        told.write_text(str(os.waitstatus_to_exitcode(status)))
        told.rename(told.with_suffix(""))
        os._exit(0)
    os.setsid()
    place = Path(request["place"])
    said, errors, nothing = (
        os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for path in (place / "said", place / "errors", os.devnull)
    )
    for number, stream in enumerate((nothing, said, errors)):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (what was read ahead of the other one is not for this process)
    os.chdir(request["folder"])
    os.environ.update(request["variables"])
    (place / "pid.partial").write_text(str(os.getpid()))
    (place / "pid.partial").rename(place / "pid")


class Nursery:
    """Where such processes come from.

    Parameters
    ----------
    modules
        A file with the names of what they have imported.
    environment
    """

    def __init__(self, modules: Path, environment: Mapping[str, str]) -> None:
        program = f"import stress_nursery; stress_nursery.serve({str(modules)!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            cwd=modules.parent,  # where Python finds no marsaudio but the one that is meant
            env=dict(environment),
            start_new_session=True,
            text=True,
        )
        self._lock = threading.Lock()

    def fork(
        self, arguments: list[str], place: Path, folder: Path, variables: Mapping[str, str], options: Any
    ) -> Forked:
        """Start ``marsaudio`` with these arguments and the options of `stress_driver.run`."""
        for name in ("pid", "ended"):
            (place / name).unlink(missing_ok=True)
        request = {
            "arguments": arguments,
            "options": options,
            "place": str(place),
            "folder": str(folder),
            "variables": dict(variables),
        }
        assert self._process.stdin
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        while not (place / "pid").exists():
            time.sleep(POLL_SECONDS)
        return Forked(int((place / "pid").read_text()), place / "ended")


@dataclass(frozen=True)
class Forked:
    """A process of a nursery, as far as `subprocess.Popen` tells of one.

    Attributes
    ----------
    pid : int
    ended : pathlib.Path
        Where its exit code will be.
    """

    pid: int
    ended: Path

    def poll(self) -> int | None:
        """Its exit code, if it is over."""
        return int(self.ended.read_text()) if self.ended.exists() else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        begun = time.monotonic()
        while (code := self.poll()) is None:
            if timeout is not None and time.monotonic() - begun > timeout:
                raise subprocess.TimeoutExpired("marsaudio", timeout)
            time.sleep(POLL_SECONDS)
        return code
