"""Break each promise of marsaudio on purpose, in a copy, and tell which test noticed.

A test that cannot fail holds nothing. So each of the `breakages` replaces a line in a copy of the project,
and the tests that hold the promise must fail there, as they must pass where nothing is broken.

    python benchmarks/broken_on_purpose.py --only "one answer"
"""

from __future__ import annotations

import argparse
import ast
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import conditions
from breakage import Breakage
from breakages import BREAKAGES

PROJECT = Path(__file__).parent.parent
COPIED = ("marsaudio", "tests", "sample_data", "benchmarks", "docs", "examples", "pyproject.toml")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "_build", ".*")
PATIENCE = 600.0  # seconds for the tests of one breakage; far more than they take
FAILED, PASSED = 1, 0  # pytest's exit codes
# What Python raises where a breakage does not fit the code any more: then it broke more than the promise.
MISFITS = ("SyntaxError", "NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError")


class OutdatedError(Exception):
    """The code has moved on from under a breakage."""


@dataclass(frozen=True)
class Outcome:
    """What came of a breakage.

    Attributes
    ----------
    breakage : Breakage
    noticed_by : tuple of str
        The tests that failed as they should; none where it went unnoticed.
    seconds : float
    said : str
        By pytest.
    """

    breakage: Breakage
    noticed_by: tuple[str, ...]
    seconds: float
    said: str


def copy_of_the_project(folder: Path) -> Path:
    for name in COPIED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, folder / name, ignore=NOT_COPIED)
        else:
            shutil.copy2(PROJECT / name, folder / name)
    return folder


def broken(text: str, breakage: Breakage) -> str:
    """A file's text with the breakage in it.

    Raises
    ------
    OutdatedError
        What is to be replaced is not there exactly once, or what becomes of it is no Python.
    """
    count = text.count(breakage.before)
    if count != 1:
        raise OutdatedError(
            f"marsaudio/{breakage.file} holds this {count} times, and must hold it once:\n{breakage.before}\n"
            f"Renew the breakage of {breakage.promise!r} in one of benchmarks/breakages_of_*.py."
        )
    changed = text.replace(breakage.before, breakage.after)
    try:
        ast.parse(changed)
    except SyntaxError as error:
        raise OutdatedError(f"marsaudio/{breakage.file} would be no Python: {error}") from error
    return changed


def run_tests(project: Path, tests: Iterable[str]) -> tuple[int | None, str]:
    """Pytest's exit code, None where it came to no end, and what it said."""
    # Of a copy that changes within a second, compiled files would be taken for those of the change.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(project), str(project / "benchmarks")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
    }
    options = ("-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-p", "without_shrinking", "--tb=short")
    command = [sys.executable, "-m", "pytest", *options, "--hypothesis-seed=0", *tests]
    try:
        run = subprocess.run(
            command,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"It came to no end within {PATIENCE:.0f} s."
    return run.returncode, run.stdout


def failures(said: str) -> tuple[str, ...]:
    """The tests that failed, unless the breakage did not even fit the code."""
    if re.search(rf"^E +({'|'.join(MISFITS)})\b", said, flags=re.M):
        return ()
    return tuple(re.findall(r"^FAILED (\S+?(?:\[.*?\])?)(?: - .*)?$", said, flags=re.M))


def see(breakage: Breakage) -> Outcome:
    """Break a fresh copy of the project, and run the tests that must notice."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="marsaudio-broken-") as folder:
        project = copy_of_the_project(Path(folder))
        path = project / "marsaudio" / breakage.file
        path.write_text(broken(path.read_text(encoding="utf-8"), breakage), encoding="utf-8")
        code, said = run_tests(project, breakage.tests)
    noticed = failures(said) if code == FAILED else ()
    return Outcome(breakage, noticed, time.monotonic() - begin, said)


def refuse_what_moved_on(breakages: Iterable[Breakage]) -> None:
    for breakage in breakages:
        broken((PROJECT / "marsaudio" / breakage.file).read_text(encoding="utf-8"), breakage)


def all_pass_unbroken(breakages: Iterable[Breakage]) -> tuple[bool, str]:
    tests = dict.fromkeys(test for breakage in breakages for test in breakage.tests)
    with tempfile.TemporaryDirectory(prefix="marsaudio-whole-") as folder:
        code, said = run_tests(copy_of_the_project(Path(folder)), tests)
    return code == PASSED, said


def named(test: str) -> str:
    """A test as code, without the folder, and without the case of it that failed."""
    return f"`{test.partition('[')[0].removeprefix('tests/')}`"


def as_markdown(outcomes: list[Outcome]) -> str:
    about = conditions.all_conditions()
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    noticed = sum(bool(outcome.noticed_by) for outcome in outcomes)
    lines = [
        f"Measured on {today} with marsaudio {about['marsaudio']} (source {about['source code']}), "
        f"{about['Python']}, on {about['machine']}: {noticed} of {len(outcomes)} breakages were noticed.",
        "",
        "| promise | broken how | noticed by |",
        "|---|---|---|",
    ]
    for outcome in outcomes:
        by = ", ".join(map(named, outcome.noticed_by)) or "**nothing**"
        lines.append(f"| {outcome.breakage.promise} | {outcome.breakage.means} | {by} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--only", default="", metavar="TEXT", help="those whose promise holds this text")
    options.add_argument("--docs", type=Path, help="renew reliability/promises.md in this folder")
    given = options.parse_args()
    if given.only and given.docs:
        options.error("the page tells of all promises: leave out --only")
    chosen = [breakage for breakage in BREAKAGES if given.only.lower() in breakage.promise.lower()]
    if not chosen:
        sys.exit(f"No promise holds {given.only!r}.")
    try:
        refuse_what_moved_on(chosen)
    except OutdatedError as error:
        sys.exit(str(error))
    passed, said = all_pass_unbroken(chosen)
    if not passed:
        sys.exit(f"Where nothing is broken, not all tests pass:\n{said}")
    outcomes = []
    for breakage in chosen:
        outcomes.append(outcome := see(breakage))
        found = ", ".join(outcome.noticed_by) or f"NOTHING\n{outcome.said[-3000:]}"
        print(f"{breakage.promise} | {breakage.means} | {outcome.seconds:.0f} s | {found}", flush=True)
    if given.docs is not None:
        (given.docs / "reliability").mkdir(parents=True, exist_ok=True)
        (given.docs / "reliability" / "promises.md").write_text(as_markdown(outcomes), encoding="utf-8")
    sys.exit(0 if all(outcome.noticed_by for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
