"""The speed benchmark's tables in Markdown, each a part of its own that a page can include."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import material
import scale
from processes import Usage
from rounds import IDLE, Record, Round, cpu, median, megabytes, ratios, values, wall
from scale import NOT_MEASURED
from tables import table

IMPORTS, DISK, RECORDINGS = "import", "disk", "recordings of a minute"
LABELS = {
    "separate_file": "`marsaudio.separate_file`",
    "detect_wind_file": "`marsaudio.detect_wind_file`",
    "long_term_spectrogram": "`marsaudio.long_term_spectrogram`",
    "floor": "floor: forth, back, and two files",
    "noisereduce": "noisereduce",
    "noisereduce_two_jobs": "noisereduce, two jobs",
    "librosa_forth_and_back": "librosa, STFT and inverse",
    "librosa_hpss": "librosa, HPSS",
    "librosa_stft": "librosa, STFT",
    "scipy_short_time_fft": "scipy, ShortTimeFFT",
    "import_numpy": "`import numpy`",
    "import_marsaudio": "`import marsaudio`",
    "import_load": "and the first use of `load`",
    "import_separate": "and the first use of `separate`",
    "import_detect_wind": "and the first use of `detect_wind`",
    "batch_one_worker": "one worker",
    "batch_two_workers": "two workers",
}
TAKEN_APART = (
    "separate_file",
    "floor",
    "noisereduce",
    "noisereduce_two_jobs",
    "librosa_forth_and_back",
    "librosa_hpss",
)
LOOKED_AT = ("long_term_spectrogram", "detect_wind_file", "librosa_stft", "scipy_short_time_fft")
GROWING = ("separate_file", "detect_wind_file", "long_term_spectrogram", "floor")
IMPORTED = ("import_numpy", "import_marsaudio", "import_load", "import_separate", "import_detect_wind")


def all_parts(record: Record) -> dict[str, str]:
    """The parts by name, in the order in which they are to be read."""
    return {
        "about": about(record),
        "separation": by_length(record, TAKEN_APART, "separate_file"),
        "spectrograms": by_length(record, LOOKED_AT, "librosa_stft"),
        "detection": detection(record),
        "growth": growth(record),
        "import": compared(record.of(IMPORTS), IMPORTED, "import_numpy", digits=3),
        "batch": batch(record),
        "scale": scale.what_archives_cost(record, lengths_of(record), largest_batch(record)),
        "bandwidth": scale.what_a_core_moves(record, lengths_of(record), record.of(DISK)),
    }


def one_line(usage: Usage) -> str:
    """What somebody who waits wants to see of a turn."""
    figures = f"CPU {cpu(usage):8.2f} s   wall {wall(usage):8.2f} s   peak {megabytes(usage):7.0f} MB"
    return f"{figures}   FAILED: {usage.failure}" if usage.failure else figures


def about(record: Record) -> str:
    held = record.conditions
    if not record.rounds:
        return NOT_MEASURED
    dates = sorted({one.date for one in record.rounds})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    idle = sum(one.idle for one in record.rounds)
    return (
        f"Measured on {when}. {held['machine']}; {held['system']}; {held['Python']}; marsaudio "
        f"{held['marsaudio']} (source code {held['source code']}), {held['libraries']}. Threads of the "
        f"libraries: {held['environment'] or 'as they choose, since no variable limits them'}. "
        f"{len(record.rounds)} rounds, in {idle} of which nobody else used more than {IDLE:g} of a "
        "processor; times on the clock are from these alone.\n"
    )


def lengths_of(record: Record) -> list[str]:
    """The groups that are lengths of a file, the shortest first."""
    return [group for group in material.LENGTHS if record.of(group)]


def largest_batch(record: Record) -> str:
    """The group with the most recordings; empty where there is none."""
    found = [group for group in record.groups if group.endswith(RECORDINGS)]
    return max(found, key=number_of, default="")


def number_of(group: str) -> int:
    return int(group.partition(" ")[0])


def by_length(record: Record, names: Sequence[str], base: str) -> str:
    """One table for each length of the file in which the base had rivals."""
    parts = [
        f"{titled(length, rounds)}{compared(rounds, names, base)}"
        for length in lengths_of(record)
        if (rounds := record.of(length)) and values(rounds, base, cpu)
    ]
    return "\n".join(parts) or NOT_MEASURED


def titled(group: str, rounds: Sequence[Round]) -> str:
    count = f"{len(rounds)} round{'s' if len(rounds) != 1 else ''}"
    return f"**{group}**, {count}:\n\n"


def compared(rounds: Sequence[Round], names: Iterable[str], base: str, *, digits: int = 1) -> str:
    """What each used, and its ratio to the base within a round: the median, and the range."""
    idle = [one for one in rounds if one.idle]
    rows, failures = [], []
    for name in names:
        if reasons := {one.usages[name].failure for one in rounds if name in one.usages} - {""}:
            failures.append(f"{LABELS[name]} came to no end: {', '.join(sorted(reasons))}.\n")
        if used := values(rounds, name, cpu):
            rows.append(
                [
                    LABELS[name],
                    f"{median(used):.{digits}f}",
                    plain(values(idle, name, wall), digits),
                    f"{median(values(rounds, name, megabytes)):.0f}",
                    spread(ratios(rounds, name, base, cpu)),
                    spread(ratios(idle, name, base, wall)),
                ]
            )
    if not rows:
        return NOT_MEASURED
    header = ["", "CPU s", "wall s", "peak MB", f"CPU, times {LABELS[base]}", f"wall, times {LABELS[base]}"]
    return "\n".join([table(header, rows), *failures])


def plain(found: Sequence[float], digits: int) -> str:
    return f"{median(found):.{digits}f}" if found else "–"


def spread(found: Sequence[float]) -> str:
    """The median, and from the lowest to the highest."""
    if not found:
        return "–"
    return f"{median(found):.2f} ({min(found):.2f}–{max(found):.2f})"


def detection(record: Record) -> str:
    """A sentence on the longest file that was both searched for wind and separated."""
    for length in reversed(lengths_of(record)):
        rounds = record.of(length)
        if found := ratios(rounds, "detect_wind_file", "separate_file", cpu):
            searched, separated = (
                median(values(rounds, name, cpu)) for name in ("detect_wind_file", "separate_file")
            )
            memory = median(values(rounds, "detect_wind_file", megabytes))
            return (
                f"`detect_wind_file` of {length} at {material.RATE // 1000} kHz, one channel of 16 bits, "
                f"takes {median(found):.2f} times the CPU time of `separate_file` of the same file (whole "
                f"processes, medians of {len(found)} paired rounds: {searched:.1f} s and {separated:.1f} s), "
                f"and {memory:.0f} MB at its peak.\n"
            )
    return NOT_MEASURED


def growth(record: Record) -> str:
    """CPU seconds a minute of sound, seconds on the clock, and peak memory, by the length of the file."""
    lengths = lengths_of(record)
    figures: tuple[tuple[str, Callable[[Sequence[Round], str, str], str]], ...] = (
        ("CPU s a minute of sound", lambda rounds, name, length: cpu_a_minute(rounds, name, length)),
        ("wall s", lambda rounds, name, _: plain([*values_idle(rounds, name)], 1)),
        ("peak MB", lambda rounds, name, _: plain(values(rounds, name, megabytes), 0)),
    )
    rows = [
        [f"{LABELS[name]}, {what}", *(figure(record.of(length), name, length) for length in lengths)]
        for name in GROWING
        if any(values(record.of(length), name, cpu) for length in lengths)
        for what, figure in figures
    ]
    return table(["", *lengths], rows) if rows else NOT_MEASURED


def cpu_a_minute(rounds: Sequence[Round], name: str, length: str) -> str:
    return plain([60 / material.LENGTHS[length] * used for used in values(rounds, name, cpu)], 3)


def values_idle(rounds: Sequence[Round], name: str) -> list[float]:
    return values([one for one in rounds if one.idle], name, wall)


def batch(record: Record) -> str:
    """Many recordings with one worker and with two."""
    group = largest_batch(record)
    if not group:
        return NOT_MEASURED
    rounds = record.of(group)
    table_of_both = compared(rounds, ("batch_one_worker", "batch_two_workers"), "batch_one_worker")
    return titled(group, rounds) + table_of_both
