"""How well gusts are found whose times are known, and how often wind is found where there is none.

    pip install -e '.[compare]'
    python benchmarks/events.py --seeds 1 --minutes 20                  # a part of it: a few minutes
    python benchmarks/events.py --output output/quality           # all: two hours on two cores
    python benchmarks/events.py --report --docs docs              # and into the documentation's tables
    python benchmarks/events.py --choose --seeds 6                # the best parameters of the peers

Prints tables in Markdown. --output DIR writes events.csv (a row for each scene and method) and events.md
there. The draws are those that parameters may be chosen on; with --report those that are reported, on which
nothing was chosen. With MARSAUDIO_DATA_DIR set, bursts of wind from Mars take part, over noise like the real
rover's.
"""

from __future__ import annotations

import argparse
import itertools
import logging
from pathlib import Path

import event_tables
import joblib
import numpy as np
from event_peers import CHOSEN_RATE, OURS, OURS_CHOSEN, PEERS, RATE_GRID, TUNED, band_passed, every, ours
from event_results import EventCase, EventResults
from event_scenes import CHOOSING_SEEDS, REPORTING_SEEDS, SCENES
from false_alarms import FalseAlarms, found_in, recordings_of
from invariance import Variation, variations

from marsaudio import metrics

SNRS_DB = (-6.0, 0.0, 3.0, 6.0, 12.0, 20.0)
VARIED_SEEDS = 10
CHOSEN_ON_DB = (3.0, 6.0, 12.0, 20.0)


def all_cases(seeds: range, snrs_db: tuple[float, ...] = SNRS_DB) -> list[EventCase]:
    """Every kind of scene at every ratio."""
    return [EventCase(*parts) for parts in itertools.product(SCENES, snrs_db, seeds)]


def scores(case: EventCase) -> dict[str, metrics.EventScores]:
    """What each method found in one scene, beside the truth; by collar under the name with "collar"."""
    logging.getLogger("marsaudio").setLevel(logging.ERROR)
    scene = SCENES[case.scene](case.snr_db, case.seed)
    samples = band_passed(scene.recording)
    found = {OURS: ours(scene.recording), OURS_CHOSEN: ours(scene.recording, CHOSEN_RATE)}
    found |= {name: peer(samples) for name, peer in PEERS.items()}
    by_overlap = {name: metrics.event_scores(events, scene.truth) for name, events in found.items()}
    by_collar = {
        f"{name}, collar": metrics.event_scores_by_collar(events, scene.truth)
        for name, events in found.items()
    }
    return by_overlap | by_collar


def grid_scores(case: EventCase) -> dict[str, list[float]]:
    """F1 in one scene of marsaudio at each rate, and of each tuned peer with each combination of its grid."""
    scene = SCENES[case.scene](case.snr_db, case.seed)
    samples = band_passed(scene.recording)
    at_rates = [ours(scene.recording, rate) for rate in RATE_GRID]
    return {OURS: [metrics.event_scores(found, scene.truth).f1 for found in at_rates]} | {
        name: [metrics.event_scores(peer(samples, **chosen), scene.truth).f1 for chosen in every(grid)]
        for name, (peer, grid) in TUNED.items()
    }


def choose(cases: list[EventCase], jobs: int) -> str:
    """The best parameters of each that has some, by the mean F1 over all cases."""
    rows = joblib.Parallel(n_jobs=jobs)(joblib.delayed(grid_scores)(case) for case in cases)
    lines = []
    grids = {OURS: {"rate": RATE_GRID}} | {name: grid for name, (_, grid) in TUNED.items()}
    for name, grid in grids.items():
        means = np.mean([row[name] for row in rows], axis=0)
        best = list(every(grid))[int(np.argmax(means))]
        lines.append(f"{name}: {best}, mean F1 {means.max():.3f} over {len(cases)} scenes")
    return "\n".join(lines)


def count_false_alarms(minutes: float, first_seed: int, jobs: int) -> FalseAlarms:
    """What is found in recordings of rovers alone."""
    recordings = recordings_of(minutes, first_seed)
    return FalseAlarms(
        recordings, joblib.Parallel(n_jobs=jobs)(joblib.delayed(found_in)(one) for one in recordings)
    )


def vary(seeds: range, jobs: int) -> list[Variation]:
    """How far edges move when a scene is louder or fainter, or has another sample rate."""
    cases = [(scene, seed) for scene in SCENES for seed in seeds]
    found = joblib.Parallel(n_jobs=jobs)(joblib.delayed(variations)(*case) for case in cases)
    return [variation for several in found for variation in several]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, help="the first draw, instead of the first of either kind")
    parser.add_argument("--seeds", type=int, default=10, help="how many draws of each scene")
    parser.add_argument("--minutes", type=float, default=1000.0, help="of each kind of rover alone")
    parser.add_argument("--report", action="store_true", help="draw from the seeds that are reported")
    parser.add_argument("--choose", action="store_true", help="find the peers' best parameters, and no more")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, help="a folder for the figures and the tables")
    parser.add_argument("--docs", type=Path, help="the documentation, to renew its tables")
    arguments = parser.parse_args()
    if arguments.choose:
        print(choose(all_cases(CHOOSING_SEEDS[: arguments.seeds], CHOSEN_ON_DB), arguments.jobs))
        return
    kind = REPORTING_SEEDS if arguments.report else CHOOSING_SEEDS
    first = kind[0] if arguments.seed is None else arguments.seed
    seeds = range(first, first + arguments.seeds)
    cases = all_cases(seeds)
    results = EventResults(
        cases, joblib.Parallel(n_jobs=arguments.jobs)(joblib.delayed(scores)(case) for case in cases)
    )
    alarms = count_false_alarms(arguments.minutes, seeds[0], arguments.jobs)
    variations = vary(seeds[:VARIED_SEEDS], arguments.jobs)
    parts = event_tables.all_parts(results, alarms, variations)
    report = "\n".join(f"# {name}\n\n{text}" for name, text in parts.items())
    print(report)
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        results.write_csv(arguments.output / "events.csv")
        (arguments.output / "events.md").write_text(report, encoding="utf-8")
    if arguments.docs:
        (arguments.docs / "quality").mkdir(parents=True, exist_ok=True)
        for name, text in parts.items():
            (arguments.docs / "quality" / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
