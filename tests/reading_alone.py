"""Read files in a process of their own, with limits on time and memory, and tell what became of each.

What crashes the process, hangs, or takes all memory is so the file's doing, and stops neither the tests nor
the files after it.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = float(os.environ.get("MARSAUDIO_TEST_SECONDS", 10.0))  # of a processor, however busy it is
PATIENCE = 12.0  # times as many on the clock, for what waits and does not work
BYTES = 2**30
START_SECONDS = 120.0  # to import what is needed, on a busy machine
LONGEST_ERROR = 3000  # characters


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes
    ----------
    told : str
        What the reader returned; empty where it refused.
    refusal : str
        The error of ours with which it refused; empty where it did not.
    fault : str
        What must not happen: another error, a crash, a hang; empty where nothing of it did.
    seconds : float
        Of processor time.
    peak : int
        Bytes of resident memory beyond those from before.
    """

    told: str = ""
    refusal: str = ""
    fault: str = ""
    seconds: float = 0.0
    peak: int = 0


def read_alone(reader: Callable[[Path], str], paths: Sequence[Path]) -> list[Outcome]:
    """Give each of these files to a function of a test's module, in another process."""
    left, outcomes = list(paths), []
    while left:
        done, ended = _in_a_process(reader, left)
        outcomes += done
        left = left[len(done) :]
        if left and ended:
            outcomes.append(Outcome(fault=ended))
            left = left[1:]
    return outcomes


def _in_a_process(reader: Callable[[Path], str], paths: Sequence[Path]) -> tuple[list[Outcome], str]:
    """What became of the files up to one that ended the process, and how that ended."""
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, __file__, reader.__module__, reader.__name__],
            stdin=subprocess.PIPE,
            stdout=told,
            stderr=errors,
            text=True,
        )
        hangs = False
        try:
            process.communicate(
                "".join(f"{path}\n" for path in paths),
                timeout=START_SECONDS + PATIENCE * SECONDS * len(paths),
            )
        except subprocess.TimeoutExpired:
            hangs = True
            process.kill()
            process.communicate()
        told.seek(0)
        errors.seek(0)
        done = [Outcome(**json.loads(line)) for line in told]
        if hangs:
            return done, "it hangs"
        last = (errors.read().strip().splitlines() or [""])[-1]
        code = process.returncode
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return done, "" if code == 0 else f"it ended the process: {how} {last}"


def _peak() -> int:
    """The peak of the resident memory since it was last forgotten, in bytes; 0 where nobody tells."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _forget_peak() -> int:
    """Let the peak begin anew, and tell where."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return _peak()


class _TooLongError(BaseException):
    """Not an Exception, so that nothing takes it for one of its own."""


def _too_long(*_: object) -> None:
    raise _TooLongError


def _outcome(reader: Callable[[Path], str], path: Path) -> Outcome:
    from marsaudio import MarsAudioError

    before, begin = _forget_peak(), time.process_time()
    told = refusal = fault = ""
    try:
        told = reader(path)
    except MarsAudioError as error:
        refusal = f"{type(error).__name__}: {error}"
        if not str(error).endswith(".") or "\n" in str(error) or len(str(error)) > LONGEST_ERROR:
            fault = f"this is no sentence: {error}"
    except _TooLongError:
        fault = f"it takes longer than {SECONDS} s: {traceback.format_exc(limit=-3)}"
    except Exception as error:
        fault = f"{type(error).__name__}: {traceback.format_exc(limit=-4)}"
    finally:
        _give(0.0)
    peak = _peak() - before
    if peak > BYTES:
        fault = fault or f"it takes {peak / 2**30:.1f} GiB"
    return Outcome(told, refusal, fault, time.process_time() - begin, peak)


def _give(seconds: float) -> None:
    """Time to read a file, from now on; without a limit where it is 0."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds)


def main(module: str, name: str) -> None:
    """Read the paths of standard input, and print what became of each on a line of its own."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what else prints, be it a library in C, must not be taken for an outcome
    logging.disable(logging.CRITICAL)  # what is doubtful about hostile files is no news
    reader = getattr(importlib.import_module(module), name)
    # A machine that has less memory than a file asks for must not suffer from it.
    resource.setrlimit(resource.RLIMIT_DATA, (4 * BYTES, 4 * BYTES))
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, _too_long)
    for line in sys.stdin:
        _give(SECONDS)
        outcome = _outcome(reader, Path(line.rstrip("\n")))
        told.write(json.dumps(vars(outcome)) + "\n")
        told.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
