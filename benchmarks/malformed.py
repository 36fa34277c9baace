"""Read every malformed file of the tests in a process of its own, and tabulate what became of them.

The tests hold that nothing goes wrong; this tells how many files that are, how many load, and how near the
limits of time and memory any of them comes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import conditions

TESTS = Path(__file__).parents[1] / "tests"


def kinds() -> Iterable[tuple[str, Callable[[Path], str], list]]:
    """What the files are, what reads them, and the files."""
    import malformed_audio
    import malformed_labels
    import malformed_readers as readers
    import malformed_tables

    import marsaudio as ma

    for name, cases in malformed_audio.KINDS.items():
        yield name, readers.sound, list(cases())
    yield "PDS4 labels of audio", readers.audio_label, list(malformed_labels.audio_labels())
    yield "PDS4 labels of tables, FITS files", readers.table_label, list(malformed_labels.table_labels())
    yield "sessions, collections and inventories", readers.session, list(malformed_labels.sessions())
    for file in malformed_tables.WHOLE:
        cases = [case for case in malformed_tables.label_tables() if case.opened == file]
        yield f"tables of labels, {file.removeprefix('labels')}", readers.labels, cases
    yield "manifests", readers.manifest, list(malformed_tables.manifests())
    saved = ma.fit_rover(ma.simulate_scene(6.0, sample_rate=8000, gust_count=0, rng=0).rover).to_json()
    yield "rover models", readers.rover_model, list(malformed_tables.rover_models(saved))


def table() -> str:
    """In Markdown, kind by kind."""
    from reading_alone import read_alone

    lines = [
        "| files | how many | load | refused | anything else | longest, CPU | most memory |",
        "|---|---|---|---|---|---|---|",
    ]
    totals = [0, 0, 0, 0]
    for name, reader, cases in kinds():
        with tempfile.TemporaryDirectory() as folder:
            paths = [case.write(Path(folder, str(number))) for number, case in enumerate(cases)]
            found = read_alone(reader, paths)
        for case, outcome in zip(cases, found, strict=True):
            if outcome.fault:
                print(f"{name}: {case.name}: {outcome.fault}", file=sys.stderr)
        counts = [
            len(found),
            sum(bool(one.told) for one in found),
            sum(bool(one.refusal) for one in found),
            sum(bool(one.fault) for one in found),
        ]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        seconds, peak = max(one.seconds for one in found), max(one.peak for one in found)
        figures = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| {name} | {figures} | {seconds:.1f} s | {peak / 2**20:.0f} MiB |")
    lines.append(f"| **all** | {' | '.join(f'**{total:,}**' for total in totals)} | | |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--docs", type=Path, help="renew reliability/malformed.md in this folder")
    given = options.parse_args()
    sys.path.insert(0, str(TESTS))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    text = f"{conditions.in_a_sentence()}\n\n{table()}\n"
    print(text)
    if given.docs is not None:
        (given.docs / "reliability").mkdir(parents=True, exist_ok=True)
        (given.docs / "reliability" / "malformed.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
