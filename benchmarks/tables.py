"""The separation benchmark's tables in Markdown, each a part of its own that a page can include."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import measures
import mixtures
import numpy as np
from peers import BLIND, BLIND_PEERS, LOW_PASS, METHODS, MIXTURE, ORACLE, REFERENCE
from results import COST, Case, Results

Chosen = Callable[[Case], bool]

WIND = "wind_si_sdr_db"
GROUPS = ("steady", "fluctuating")
SNRS_DB = (-10.0, 0.0, 10.0)
MEANINGLESS = 0.2  # dB: smaller differences of means are no differences
WORST = 5


def all_parts(results: Results, what_was_run: str) -> dict[str, str]:
    """The parts by name, in the order in which they are to be read."""
    return {
        "about": about(results, what_was_run),
        "wind_si_sdr": by_ratio(results, WIND),
        "wind_sdr": by_ratio(results, "wind_sdr_db"),
        "rover_si_sdr": by_ratio(results, "rover_si_sdr_db"),
        "rover_sdr": by_ratio(results, "rover_sdr_db"),
        "by_machine": by_name(results, "machine", list(mixtures.MACHINES)),
        "by_wind": by_name(results, "wind", list(mixtures.WINDS)),
        "oracle_gap": oracle_gap(results),
        "low_pass_losses": low_pass_losses(results),
        "better_peers": better_peers(results),
        "bands": bands(results),
        "lines_and_levels": lines_and_levels(results),
        "cost": costs(results),
    }


def about(results: Results, what_was_run: str) -> str:
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("marsaudio", "numpy", "scipy", "librosa", "noisereduce")
    )
    seeds = sorted({case.seed for case in results.cases})
    drawn = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    recorded = [name for name in mixtures.RECORDED if name in mixtures.WINDS | mixtures.MACHINES]
    return (
        f"Measured on {datetime.date.today().isoformat()}: {what_was_run}, {len(results.cases)} mixtures of "
        f"{mixtures.SECONDS} s at {mixtures.RATE // 1000} kHz, {drawn}. Processor: {processor()}. "
        f"Python {platform.python_version()}, {libraries}. "
        f"From recordings: {'; '.join(recorded) or 'none'}.\n"
    )


def processor() -> str:
    """What /proc/cpuinfo, or else Python, calls the processor."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def by_ratio(results: Results, measure: str) -> str:
    """Methods by group and signal-to-noise ratio."""
    columns: dict[str, Chosen] = {"all": lambda _: True}
    for group in GROUPS:
        for snr_db in SNRS_DB:
            columns[f"{group}, {signed(snr_db, 0)} dB"] = case_with("group", group, snr_db)
    rows = [
        [method, *(signed(results.mean(measure, method, chosen)) for chosen in columns.values())]
        for method in METHODS
    ]
    return table(["method", *columns], rows)


def by_name(results: Results, what: str, names: Sequence[str]) -> str:
    """SI-SDR of the wind for each machine or wind; the best that asks for no reference in bold."""
    rows = []
    for name in names:
        chosen = case_with(what, name)
        means = {method: results.mean(WIND, method, chosen) for method in METHODS}
        best = max(means[method] for method in (*BLIND_PEERS, BLIND))
        cells = [
            f"**{signed(mean)}**" if mean == best and method in (*BLIND_PEERS, BLIND) else signed(mean)
            for method, mean in means.items()
        ]
        rows.append([name, str(sum(map(chosen, results.cases))), *cells])
    return table([what, "n", *METHODS], rows)


def oracle_gap(results: Results) -> str:
    """How far from the oracle marsaudio and the low-pass are."""
    columns: dict[str, Chosen] = {group: case_with("group", group) for group in GROUPS}
    rows = []
    for method in (LOW_PASS, BLIND, REFERENCE):
        gaps = [
            results.mean(WIND, ORACLE, chosen) - results.mean(WIND, method, chosen)
            for chosen in columns.values()
        ]
        rows.append([method, *map(signed, gaps)])
    return table(["dB below the oracle", *columns], rows)


def low_pass_losses(results: Results) -> str:
    """Where marsaudio is worse than a low-pass, though the machine is not in the wind's band."""
    outside = [case.machine not in mixtures.IN_THE_WINDS_BAND for case in results.cases]
    gains = results.of(WIND, BLIND) - results.of(WIND, LOW_PASS)
    order = [index for index in np.argsort(gains) if outside[index] and gains[index] < 0][:WORST]
    lost = sum(inside and gain < 0 for inside, gain in zip(outside, gains, strict=True))
    beginning = (
        f"Of the {sum(outside)} mixtures whose machine is not in the wind's own band, marsaudio is worse "
        f"than the low-pass on {lost}."
    )
    if not order:
        return beginning + "\n"
    rows = [
        [
            str(results.cases[index]),
            *(signed(results.of(WIND, method)[index]) for method in (LOW_PASS, BLIND, REFERENCE, ORACLE)),
            signed(gains[index]),
        ]
        for index in order
    ]
    header = ["mixture", LOW_PASS, BLIND, REFERENCE, ORACLE, "difference"]
    return f"{beginning} The worst:\n\n{table(header, rows)}"


def better_peers(results: Results) -> str:
    """Every wind and machine at every ratio where a peer's mean is above marsaudio's."""
    rows = []
    for what, names in (("machine", mixtures.MACHINES), ("wind", mixtures.WINDS)):
        for name in names:
            for snr_db in SNRS_DB:
                chosen = case_with(what, name, snr_db)
                ours = results.mean(WIND, BLIND, chosen)
                means = {peer: results.mean(WIND, peer, chosen) for peer in BLIND_PEERS}
                ahead = {peer: mean for peer, mean in means.items() if mean > ours + MEANINGLESS}
                for peer in sorted(ahead, key=lambda name: -ahead[name]):
                    rows.append(
                        [f"{what}: {name}, {signed(snr_db, 0)} dB", peer, signed(ahead[peer]), signed(ours)]
                    )
    shares = [
        f"{peer} on {np.mean(results.of(WIND, peer) > results.of(WIND, BLIND)):.0%}" for peer in BLIND_PEERS
    ]
    beginning = f"Of single mixtures, these beat marsaudio without a reference: {', '.join(shares)}.\n\n"
    if not rows:
        return f"{beginning}Of no machine and no wind is a peer's mean more than {MEANINGLESS} dB better.\n"
    return beginning + table(["mean over", "peer", "the peer's", "marsaudio's"], rows)


def bands(results: Results) -> str:
    names = [measures.band_name(band) for band in measures.BANDS]
    header = ["method", *(f"{low:.0f}–{high:.0f} Hz" for low, high in measures.BANDS)]
    return table(
        header, [[method, *(signed(results.mean(name, method)) for name in names)] for method in METHODS]
    )


def lines_and_levels(results: Results) -> str:
    """Lines of the simulated rovers, and the level of the wind's band; sizes are means of absolute values."""
    rows = []
    for method in METHODS:
        cells = [signed(results.mean(f"line_{what}_db", method)) for what in ("suppression", "excess")]
        for when in ("gust", "quiet"):
            errors = results.of(f"{when}_level_error_db", method)
            cells += [signed(float(errors.mean())), signed(float(np.abs(errors).mean()))]
        rows.append([method, *cells])
    header = ["method", "lines down by", "lines above the wind's level"]
    header += ["gusts, mean", "gusts, size", "quiet, mean", "quiet, size"]
    return table(header, rows)


def costs(results: Results) -> str:
    rows = []
    for method in METHODS:
        errors = results.of("additivity_error", method)
        seconds = float(np.median(results.of(COST, method)))
        shown = "–" if method == MIXTURE else f"{errors.max():.0e}" if errors.any() else "0"
        rows.append([method, f"{seconds:.2f}", shown])
    return table(["method", "CPU seconds a minute", "largest error of the sum"], rows)


def case_with(what: str, name: str, snr_db: float | None = None) -> Chosen:
    """Whether a case has that wind, machine or group, and that ratio if one is given."""
    return lambda case: getattr(case, what) == name and snr_db in (None, case.snr_db)


def signed(value: float, digits: int = 1) -> str:
    """A number with a true minus; a dash where there is none."""
    return "–" if np.isnan(value) else f"{value:+.{digits}f}".replace("-", "−").replace("+", "")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    rule = [
        "-" * max(width, 3) if not column else "-" * max(width - 1, 2) + ":"
        for column, width in enumerate(widths)
    ]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in (cells[0], rule, *cells[1:])
    ]
    return "\n".join(lines) + "\n"
