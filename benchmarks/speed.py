"""How long marsaudio takes, and how much memory: whole processes, in turns with peers and a bare floor.

    pip install -e '.[compare]'
    python benchmarks/speed.py --short --rounds 2      # files of a minute and of 16: some minutes
    python benchmarks/speed.py --docs docs             # up to two hours of sound, on an idle machine

Prints tables in Markdown; docs/performance.md says what they mean. In each round every competitor runs once,
in another order, and ratios are taken within the round. Each round is kept in speed.json in the folder of
--output: the same command goes on where it was interrupted. Linux only.
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import conditions
import material
import speed_tables
from material import LENGTHS
from processes import Bystanders, Usage, measure
from rounds import Record, Round, rotated

SHORT = ("60 s", "16 min")
SHORT_BATCH = 8
LISTEN_SECONDS = 1.0


@dataclass(frozen=True)
class Group:
    """Competitors in one thing.

    Attributes
    ----------
    statements : dict of str to str
        Python source by competitor, with {file} and {folder} to fill in.
    make : callable, optional
        Makes the material, and says where it is.
    rounds : int
        How many for each that is asked for.
    warm_up : bool
        Run each once before, so that every round finds the same compiled modules.
    """

    statements: dict[str, str]
    make: Callable[[Path], Path] | None = None
    rounds: int = 1
    warm_up: bool = False


def named(*names: str) -> dict[str, str]:
    """The statement that runs each of these competitors."""
    return {name: f"import competitors; competitors.{name}({{file!r}}, {{folder!r}})" for name in names}


OURS = ("separate_file", "detect_wind_file", "long_term_spectrogram", "floor")
PEERS = (
    "noisereduce",
    "noisereduce_two_jobs",
    "librosa_forth_and_back",
    "librosa_stft",
    "scipy_short_time_fft",
)
COMPETITORS = {
    "60 s": (*OURS, *PEERS, "librosa_hpss"),
    "16 min": (*OURS, *PEERS),
    "1 h": (*OURS, *PEERS),
    "2 h": OURS,
}
IMPORTS = {
    "import_numpy": "import numpy",
    "import_marsaudio": "import marsaudio",
    "import_load": "import marsaudio; marsaudio.load",
    "import_separate": "import marsaudio; marsaudio.separate",
    "import_detect_wind": "import marsaudio; marsaudio.detect_wind",
}
BATCHES = ("batch_one_worker", "batch_two_workers")
WITH_WORKERS = {"noisereduce_two_jobs", *BATCHES}  # of which the memory of other processes counts, too


def all_groups(*, short: bool) -> dict[str, Group]:
    """What is measured, in this order."""

    def file_of(seconds: int) -> Callable[[Path], Path]:
        return lambda folder: material.long_file(folder, seconds)

    count = SHORT_BATCH if short else material.BATCH
    groups = {speed_tables.IMPORTS: Group(IMPORTS, rounds=3, warm_up=True)}
    lengths = SHORT if short else tuple(LENGTHS)
    for name in lengths:
        groups[name] = Group(named(*COMPETITORS[name]), file_of(LENGTHS[name]), warm_up=name == lengths[0])
    groups[speed_tables.DISK] = Group(named("disk_read", "disk_write"), file_of(LENGTHS[lengths[-1]]))
    groups[f"{count} {speed_tables.RECORDINGS}"] = Group(
        named(*BATCHES), lambda folder: material.many_files(folder, count)
    )
    return groups


def run_round(name: str, statements: dict[str, str], source: Path | None, output: Path, turn: int) -> Round:
    """Give every competitor its turn."""
    usages: dict[str, Usage] = {}
    before = load_of_others()
    bystanders = Bystanders()
    for competitor in rotated(list(statements), turn):
        if source:
            read_through(source)
        with tempfile.TemporaryDirectory(dir=output) as folder:
            statement = statements[competitor].format(file=str(source), folder=folder)
            usages[competitor] = measure(statement, workers=competitor in WITH_WORKERS)
        os.sync()  # so that nobody pays for writing what another one wrote
        print(f"  {competitor:26}{speed_tables.one_line(usages[competitor])}", flush=True)
    today = datetime.date.today().isoformat()
    return Round(name, usages, before, bystanders.processors(), today)


def load_of_others() -> float:
    """How many processors are at work now, while this program waits."""
    bystanders = Bystanders()
    time.sleep(LISTEN_SECONDS)
    return bystanders.processors()


def read_through(source: Path) -> None:
    """Read all files once, so that everyone finds them in the system's cache."""
    for path in [source] if source.is_file() else sorted(source.glob("*.wav")):
        with path.open("rb") as file:
            while file.read(2**24):
                pass


def run_group(
    name: str, group: Group, record: Record, folder: Path, output: Path, rounds: int, only: Sequence[str]
) -> None:
    """Run the rounds that are missing; who fails once is left out of what follows."""
    statements = {
        competitor: source for competitor, source in group.statements.items()
        if not only or competitor in only
    }  # fmt: skip
    wanted = rounds * group.rounds
    done = sum(statements.keys() <= one.usages.keys() | failed(record, name) for one in record.of(name))
    if not statements or done >= wanted:
        return
    source = group.make(folder) if group.make else None
    if group.warm_up:
        run_round(f"{name}, to warm up", statements, source, output, 0)
    for turn in range(done, wanted):
        print(f"{name}, round {turn + 1} of {wanted}", flush=True)
        left = {one: source for one, source in statements.items() if one not in failed(record, name)}
        record.add(run_round(name, left, source, output, turn))


def failed(record: Record, group: str) -> set[str]:
    """Who came to no end in a round of this group."""
    return {name for one in record.of(group) for name, usage in one.usages.items() if usage.failure}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="competitors, such as floor")
    parser.add_argument("--short", action="store_true", help="files of a minute and of 16 minutes only")
    parser.add_argument("--output", type=Path, default=Path("output/speed"), help="for speed.json")
    parser.add_argument("--material", type=Path, help="a folder for the files; else one in that of --output")
    parser.add_argument("--docs", type=Path, help="the documentation, to renew its tables")
    arguments = parser.parse_args()
    groups = all_groups(short=arguments.short)
    known = {name for group in groups.values() for name in group.statements}
    if unknown := set(arguments.only) - known:
        parser.error(f"unknown: {', '.join(sorted(unknown))}. There are: {', '.join(sorted(known))}.")
    output = arguments.output.resolve()
    folder = (arguments.material or output / "material").resolve()
    output.mkdir(parents=True, exist_ok=True)
    record = Record.open(output / "speed.json", conditions.all_conditions())
    for name, group in groups.items():
        run_group(name, group, record, folder, output, arguments.rounds, arguments.only)
    parts = speed_tables.all_parts(record)
    print("\n".join(f"# {name}\n\n{text}" for name, text in parts.items()))
    if arguments.docs:
        (arguments.docs / "performance").mkdir(parents=True, exist_ok=True)
        for name, text in parts.items():
            (arguments.docs / "performance" / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
