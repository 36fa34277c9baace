"""The event benchmark's tables in Markdown, each a part of its own that a page can include."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Sequence
from importlib.metadata import version

import event_scenes
import numpy as np
from event_peers import CHOSEN_RATE, OURS, OURS_CHOSEN, PEERS
from event_results import EventResults, Figure, mean_of, median_onset_error
from false_alarms import LENGTHS, RATES, FalseAlarms
from invariance import INVARIANCE_RATES, SNR_DB, VARIED, Variation
from rover_noise import ROVERS
from tables import processor, table

METHODS = (OURS, OURS_CHOSEN, *PEERS)
OWN = 2  # of them are marsaudio's
LOWEST_COUNTED_DB = 3.0  # for the mean over all


def all_parts(results: EventResults, alarms: FalseAlarms, variations: Sequence[Variation]) -> dict[str, str]:
    """The parts by name, in the order in which they are to be read."""
    return {
        "events_about": about(results, alarms),
        "events_f1": f1(results),
        "events_precision": by_kind(results, mean_of("precision")),
        "events_recall": by_kind(results, mean_of("recall")),
        "events_onsets": by_kind(results, median_onset_error),
        "events_collar": by_kind(results, mean_of("f1"), criterion=", collar"),
        "events_false_alarms": false_alarms(alarms),
        "events_peer_alarms": peer_alarms(alarms),
        "events_invariance": invariance(variations),
    }


def about(results: EventResults, alarms: FalseAlarms) -> str:
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("marsaudio", "numpy", "scipy", "obspy", "ruptures")
    )
    seeds = sorted({case.seed for case in results.cases})
    drawn = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    minutes = alarms.count(next(iter(ROVERS)), next(iter(RATES)))[1]
    return (
        f"Measured on {datetime.date.today().isoformat()}: {len(results.cases)} scenes of "
        f"{event_scenes.SECONDS:.0f} s at {event_scenes.RATE // 1000} kHz, {drawn}, "
        f"and {minutes:.0f} minutes of each kind of rover alone. What is chosen are parameters that are best "
        f"on other draws; marsaudio's is a rate of {CHOSEN_RATE:g} false alarms a minute, instead of 0.1. "
        f"Processor: {processor()}. "
        f"Python {platform.python_version()}, {libraries}. "
        f"{event_scenes.missing_recordings() or 'Recordings from Mars took part.'}\n"
    )


def f1(results: EventResults) -> str:
    """F1 of each method, the best in bold, and whether that is marsaudio's."""
    rows = [
        _f1_row(_named(kind), [mean_of("f1")(results.of(method, kind)) for method in METHODS])
        for kind in results.kinds
    ]
    counted = [kind for kind in results.kinds if kind[1] >= LOWEST_COUNTED_DB]
    overall = [
        float(np.mean([mean_of("f1")(results.of(method, kind)) for kind in counted])) for method in METHODS
    ]
    rows.append(_f1_row(f"all of {LOWEST_COUNTED_DB:.0f} dB and more", overall))
    return table(["scenes", *METHODS, "best, by default", "best, chosen"], rows)


def _f1_row(name: str, means: Sequence[float]) -> list[str]:
    best = max(means)
    cells = [f"**{mean:.2f}**" if mean == best else f"{mean:.2f}" for mean in means]
    return [name, *cells, *(_is_best(mean, max(means[OWN:])) for mean in means[:OWN])]


def _is_best(mean: float, best_peer: float) -> str:
    if mean == best_peer:
        return "as good"
    return "yes" if mean > best_peer else "no"


def by_kind(results: EventResults, figure: Figure, criterion: str = "") -> str:
    """A figure by kind of scene, ratio and method."""
    rows = [
        [_named(kind), *(_plain(figure(results.of(method + criterion, kind))) for method in METHODS)]
        for kind in results.kinds
    ]
    return table(["scenes", *METHODS], rows)


def false_alarms(alarms: FalseAlarms) -> str:
    """Found beside asked for; the last columns are the rates in recordings of one length."""
    rows = []
    for kind in ROVERS:
        for rate, (low, high) in RATES.items():
            count, minutes = alarms.count(kind, rate)
            found = alarms.rate(kind, rate)
            rows.append(
                [
                    f"{kind}, {rate:g}",
                    str(count),
                    f"{minutes:.0f}",
                    f"{found.rate:.3f}",
                    f"{found.low:.3f} to {found.high:.3f}",
                    f"{low:g} to {high:g}",
                    "yes" if low <= found.rate <= high else "no",
                    *(f"{alarms.rate(kind, rate, seconds).rate:.3f}" for seconds in LENGTHS),
                ]
            )
    header = ["rover, asked for a minute", "found", "minutes", "found a minute", "95 % interval", "wanted"]
    return table([*header, "within", *(f"in {seconds:.0f} s" for seconds in LENGTHS)], rows)


def peer_alarms(alarms: FalseAlarms) -> str:
    """What the peers find a minute in the same recordings; none of them can be asked for a rate."""
    rows = [[kind, *(_plain(alarms.peer_rate(kind, peer)) for peer in PEERS)] for kind in ROVERS]
    return table(["rover, events a minute", *PEERS], rows)


def invariance(variations: Sequence[Variation]) -> str:
    """What changes, of all events, and of those that noise alone next to never gives."""
    rows = []
    for name in VARIED:
        cells = [name]
        for rate in INVARIANCE_RATES:
            some = [one for one in variations if (one.name, one.rate) == (name, rate)]
            moves = np.concatenate([one.moves for one in some])
            alone = sum(one.alone for one in some)
            largest = f"{moves.max():.3f}" if moves.size else "–"
            cells += [str(moves.size // 2), str(alone), f"{np.quantile(moves, 0.95):.3f}", largest]
        rows.append(cells)
    header = [f"scenes at {SNR_DB:.0f} dB"]
    for rate in INVARIANCE_RATES:
        asked = f"{rate:g} a minute"
        header += [f"{asked}: in both", "in one only", "95 % of edges move less than (s)", "the most (s)"]
    return table(header, rows)


def _named(kind: tuple[str, float]) -> str:
    return f"{kind[0]}, {kind[1]:.0f} dB"


def _plain(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
