"""How near the stems come to wind and rover, on mixtures whose parts are known, side by side with peers.

    pip install -e '.[compare]'
    python benchmarks/separation.py --quick                       # a part of the mixtures: two minutes
    python benchmarks/separation.py --output output/quality       # all: half an hour on two cores
    python benchmarks/separation.py --report --docs docs          # and into the page docs/quality.md

Prints tables in Markdown; docs/quality.md says what they mean. --output DIR writes separation.csv (a row for
each mixture and method), separation.md and separation.png there. The draws are those that parameters may be
chosen on; with --report those that are reported, on which nothing was chosen. With MARSAUDIO_DATA_DIR set,
recordings from Mars take part.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import time
from pathlib import Path

import joblib
import measures
import mixtures
import picture
import tables
from peers import METHODS, MIXTURE, Task
from results import COST, Case, Results


def all_cases(seeds: range) -> list[Case]:
    """Every wind with every machine at every ratio."""
    return [
        Case(*parts) for parts in itertools.product(mixtures.WINDS, mixtures.MACHINES, tables.SNRS_DB, seeds)
    ]


def some_cases(seed: int) -> list[Case]:
    """Every machine once; the winds and the ratios take turns."""
    winds, ratios = itertools.cycle(mixtures.WINDS), itertools.cycle(tables.SNRS_DB)
    return [Case(next(winds), machine, next(ratios), seed) for machine in mixtures.MACHINES]


def scores(case: Case) -> dict[str, dict[str, float]]:
    """Every figure of every method on one mixture."""
    logging.getLogger("marsaudio").setLevel(logging.ERROR)
    parts = mixtures.mixture(case.wind, case.machine, snr_db=case.snr_db, seed=case.seed)
    task = Task.of(parts)
    found: dict[str, dict[str, float]] = {}
    for name, method in METHODS.items():
        begin = time.process_time()
        wind, rover = method(task)
        seconds = time.process_time() - begin
        lines = case.machine in mixtures.SIMULATED_ROVERS
        figures = measures.all_measures(wind, rover, parts.wind, parts.machine, lines=lines)
        if name == MIXTURE:
            figures["additivity_error"] = float("nan")  # these are no stems
        found[name] = figures | {COST: seconds * 60 / mixtures.SECONDS}
    return found


def publish(results: Results, parts: dict[str, str], docs: Path) -> None:
    """Put the tables and the picture where the documentation's page includes them from."""
    for folder in (docs / "quality", docs / "images"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in parts.items():
        (docs / "quality" / f"{name}.md").write_text(text, encoding="utf-8")
    picture.draw(results, docs / "images" / "quality.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="each machine once instead of all mixtures")
    parser.add_argument("--seeds", type=int, default=1, help="how many draws of each mixture")
    parser.add_argument("--report", action="store_true", help="draw from the seeds that are reported")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, help="a folder for the figures, the tables and the picture")
    parser.add_argument("--docs", type=Path, help="the documentation, to renew its tables and picture")
    arguments = parser.parse_args()
    seeds = (mixtures.REPORTING_SEEDS if arguments.report else mixtures.CHOOSING_SEEDS)[: arguments.seeds]
    if arguments.quick:
        cases = [case for seed in seeds for case in some_cases(seed)]
    else:
        cases = all_cases(seeds)
    results = Results(
        cases, joblib.Parallel(n_jobs=arguments.jobs)(joblib.delayed(scores)(case) for case in cases)
    )
    parts = tables.all_parts(results, "a small sample" if arguments.quick else "the whole benchmark")
    report = "\n".join(f"# {name}\n\n{text}" for name, text in parts.items())
    print(report)
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        results.write_csv(arguments.output / "separation.csv")
        (arguments.output / "separation.md").write_text(report, encoding="utf-8")
        picture.draw(results, arguments.output / "separation.png")
    if arguments.docs:
        publish(results, parts, arguments.docs)


if __name__ == "__main__":
    main()
