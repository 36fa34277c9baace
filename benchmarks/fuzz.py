"""Fuzz what reads files that others made, guided by coverage, for so many seconds each; tell what came of it.

``make fuzz`` runs it. Each reader of `fuzz_targets` begins with the malformed files of the tests. What it
finds is kept in the output folder, byte for byte, and becomes a test.

Source: libFuzzer, through atheris (https://github.com/google/atheris), which counts branches of Python code.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import conditions

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
TARGETS = {
    "chunks": "chunks of WAV files, headers of W64, AIFF, AU and CAF, ends of MP3 and Ogg",
    "sounds": "whole files of sound, decoded",
    "labels": "PDS4 labels",
    "inventories": "inventories of PDS4 collections",
    "tables": "tables of labels: Audacity, Raven, CSV, JSON",
    "manifests": "manifests of a batch",
    "models": "rover models",
    "times": "times on Earth and on Mars",
}
LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-max_len=65536")
MOST_FINDINGS = 5  # of one target: more are mostly the same


@dataclass(frozen=True)
class Fuzzed:
    """What came of one target.

    Attributes
    ----------
    name : str
    seconds : float
    inputs : int
        How many were tried.
    branches : int
        Of Python code that were reached: libFuzzer's `cov`.
    findings : tuple of pathlib.Path
        The inputs that ended in what must not happen.
    """

    name: str
    seconds: float
    inputs: int
    branches: int
    findings: tuple[Path, ...]


def fuzz(name: str, seconds: float, output: Path) -> Fuzzed:
    """Fuzz one target; after a finding it goes on."""
    corpus, found = output / name / "corpus", output / name / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for earlier in found.iterdir():  # it is tried again: if it was mended, it is a finding no more
        earlier.replace(corpus / earlier.name)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    begin, inputs, branches = time.monotonic(), 0, 0
    while (left := seconds - (time.monotonic() - begin)) > 1 and len(list(found.iterdir())) < MOST_FINDINGS:
        log = output / name / "log.txt"
        with log.open("w", encoding="utf-8") as file:
            subprocess.run(
                [
                    *(sys.executable, HERE / "fuzz_targets.py", name, corpus),
                    *LIMITS,
                    f"-max_total_time={int(left)}",
                    f"-artifact_prefix={found}/",
                ],
                stdout=file,
                stderr=file,
                check=False,
            )
        said = log.read_text(encoding="utf-8", errors="replace")
        inputs += int(last(r"stat::number_of_executed_units:\s*(\d+)", said) or last(r"^#(\d+)", said))
        branches = max(branches, int(last(r"cov: (\d+)", said)))
        if "Traceback" in said or "ERROR: libFuzzer" in said:
            number = len(list(found.iterdir()))
            (output / name / f"said-{number}.txt").write_text(said[-20_000:], encoding="utf-8")
    return Fuzzed(name, time.monotonic() - begin, inputs, branches, tuple(sorted(found.iterdir())))


def last(pattern: str, text: str) -> str:
    return (re.findall(pattern, text, flags=re.M) or ["0"])[-1]


def seeds(name: str) -> Iterator[bytes]:
    """The malformed files of the tests, as far as they are small, and a few that are as they should be."""
    sys.path.insert(0, str(TESTS))
    import malformed_audio
    import malformed_labels
    import malformed_tables

    if name in ("chunks", "sounds"):
        cases = (case for kind in malformed_audio.KINDS.values() for case in kind())
        yield malformed_audio.wav(malformed_audio.PCM_16[:200])
    elif name == "labels":
        cases = malformed_labels.audio_labels()
    elif name == "inventories":
        yield from (case.files.get("inventory.csv", b"") for case in malformed_labels.sessions())
        return
    elif name == "tables":
        cases = malformed_tables.label_tables()
    elif name == "manifests":
        cases = malformed_tables.manifests()
    elif name == "models":
        import marsaudio as ma

        scene = ma.simulate_scene(4.0, sample_rate=8000, gust_count=1, rng=0)
        yield ma.fit_rover(scene.rover).to_json().encode()
        return
    else:
        texts = (*malformed_labels.TIMES, *malformed_labels.LOCAL_TIMES, "Sol-01125M10:31:04.307")
        yield from (text.encode() for text in texts)
        return
    for case in cases:
        contents = case.files[case.opened]
        if len(contents) <= 2**14:
            yield contents


def as_markdown(results: list[Fuzzed]) -> str:
    lines = [
        conditions.in_a_sentence(),
        "",
        "| reader | seconds | inputs | branches reached | crashes, hangs, foreign errors |",
        "|---|---|---|---|---|",
    ]
    for one in results:
        figures = f"{one.seconds:.0f} | {one.inputs:,} | {one.branches:,} | {len(one.findings)}"
        lines.append(f"| {TARGETS[one.name]} | {figures} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    options.add_argument("--only", choices=TARGETS, help="one reader")
    options.add_argument("--output", type=Path, default=Path("output/fuzz"))
    options.add_argument("--docs", type=Path, help="renew reliability/fuzz.md in this folder")
    given = options.parse_args()
    results = []
    for name in [given.only] if given.only else TARGETS:
        results.append(fuzz(name, given.seconds, given.output.absolute()))
        print(results[-1])
    if given.docs is not None:
        (given.docs / "reliability").mkdir(parents=True, exist_ok=True)
        (given.docs / "reliability" / "fuzz.md").write_text(as_markdown(results), encoding="utf-8")
    sys.exit(1 if any(one.findings for one in results) else 0)


if __name__ == "__main__":
    main()
