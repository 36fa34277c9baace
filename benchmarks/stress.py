"""Try to make marsaudio lose or corrupt something: kill it, fill the disk, change what it reads.

    python benchmarks/stress.py --times 3                 # some minutes, to see that it works
    python benchmarks/stress.py --times 200 --docs docs   # an hour and more; as root for all of it

Prints what it finds and a page in Markdown. The attempts are kept in stress.json in the folder of --output as
they are made: who starts again after an interruption goes on there. The page is made of all that are
there, each part with the source it was made with. Linux only.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import stress_caches
import stress_disks
import stress_kills
import stress_readers
import stress_signals
import stress_surroundings
from stress_record import Keeper, Record, Trial
from stress_server import Server
from stress_works import Material

import marsaudio

SEED = 20210220  # the day of the first sounds
FEWEST = 2


@dataclass(frozen=True)
class Part:
    """A kind of trouble.

    Attributes
    ----------
    title, words : str
        For the page.
    attempt : callable
        Given the material, how many times, and a random generator.
    share : float
        Of the times that are asked for.
    """

    title: str
    words: str
    attempt: Callable[[Material, int, np.random.Generator], list[Trial]]
    share: float = 1.0


PARTS = {
    "kill": Part(
        "Killed at any moment",
        "`kill -9` of the command and of all processes that it started, at moments drawn evenly over the "
        "length of a run, and more in its last tenth. Half of them over what an earlier run left of another "
        "recording. Then the same command is run again.",
        stress_kills.at_random,
    ),
    "steps": Part(
        "Killed before each change of a file, and each change failing",
        "Before a file is opened for writing, renamed, or removed, and before a folder is made or removed, "
        "the process kills itself; or that change fails, once, with an input/output error.",
        stress_kills.at_each_change,
    ),
    "signals": Part(
        "Interrupted, and told to end",
        "An interrupt (SIGINT) of the command and all of its processes, and SIGTERM to the command alone, at "
        "moments drawn evenly. Then the same command is run again, at once.",
        stress_signals.signalled,
        0.2,
    ),
    "disk": Part(
        "The disk is full",
        "Disks in memory, from a page to more than is needed, or with room for a few files only. Then there "
        "is room again, and the same command is run again.",
        stress_disks.full,
        0.1,
    ),
    "read-only": Part(
        "Nothing can be written",
        "A disk that is mounted for reading alone, and a folder of another user.",
        stress_disks.read_only,
        0.02,
    ),
    "replaced": Part(
        "The recording changes while it is read",
        "At moments drawn evenly. What comes of it must be a refusal, or the result of one of the two.",
        stress_readers.replaced,
        0.1,
    ),
    "clock": Part(
        "Clocks",
        "A clock that runs backwards, an hour a second, and recordings that were written in unlikely years.",
        stress_surroundings.clocks,
        0.02,
    ),
    "home": Part(
        "No home, and no place",
        "A user without a home, a name or any variable, and a folder that was removed under the command.",
        stress_surroundings.homes,
        0.02,
    ),
    "cache": Part(
        "A shared folder of downloads",
        "Two processes at a time, as of two versions whose catalogs differ, and what earlier ones left.",
        stress_caches.shared,
        0.1,
    ),
    "streams": Part(
        "Standard streams",
        "Closed, full, or with a reader that goes away or waits. The files must be what they always are.",
        stress_surroundings.streams,
        0.02,
    ),
}


TITLES = {name: (part.title, part.words) for name, part in PARTS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=200, help="how often the common attempts are made")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=tuple(PARTS), metavar="NAME")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, default=Path("output/stress"), help="for stress.json")
    parser.add_argument("--docs", type=Path, help="the documentation, to renew its page")
    arguments = parser.parse_args()
    # Who starts this in the background has it ignore interrupts, and children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # All processes are of the marsaudio that this one is of.
    paths = [str(Path(marsaudio.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    arguments.output.mkdir(parents=True, exist_ok=True)
    record = Record(arguments.output / "stress.json", arguments.seed)
    print(f"Seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="marsaudio-stress-") as folder, Server() as server:
        Path(folder).chmod(0o755)  # other users look into it, too
        material = Material(Path(folder), server)
        for number, (name, part) in enumerate(PARTS.items()):
            if name in arguments.only:
                print(f"{name}: {part.title}", flush=True)
                rng = np.random.default_rng([arguments.seed, number])
                times = max(round(part.share * arguments.times), min(FEWEST, arguments.times))
                begun = time.monotonic()
                material.keeper = Keeper(record, name, times)
                trials = part.attempt(material, times, rng)
                broken = sum(bool(trial.wrong) for trial in trials)
                seconds = time.monotonic() - begun
                print(f"  {len(trials)} attempts, {broken} broke a promise, {seconds:.0f} s", flush=True)
                write_page(record, arguments.docs)
    print(record.page(TITLES))


def write_page(record: Record, docs: Path | None) -> None:
    """Renew the page, with what there is so far."""
    if docs:
        (docs / "reliability").mkdir(parents=True, exist_ok=True)
        (docs / "reliability" / "stress.md").write_text(record.page(TITLES), encoding="utf-8")


if __name__ == "__main__":
    main()
