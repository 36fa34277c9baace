"""What an archive costs: sizes follow from definitions, the rest from what hours and minutes took."""

from __future__ import annotations

from collections.abc import Sequence

from material import LENGTHS, RATE
from processes import Usage
from rounds import Record, Round, cpu, median, values, wall
from tables import table

SAMPLE_BYTES = 2  # of 16 bits, one channel
STEMS = 2
YEAR_HOURS = 365 * 24
RECORDINGS = 10_000
WORKERS = (1, 16, 100)
TASK_SECONDS = 1e-3  # of the scheduler: https://distributed.dask.org says about 1 ms for each task
GIGABIT = 1e9 / 8  # bytes a second
SHARED_WORK = ("separate_file", "detect_wind_file")  # what marsaudio batch does with each recording


NOT_MEASURED = "Not measured yet.\n"


def what_archives_cost(record: Record, lengths: Sequence[str], batch: str) -> str:
    """A year in files of an hour, or else of the longest that was measured; and recordings of a minute."""
    longest = next((length for length in ("1 h", "16 min", "60 s") if length in lengths), "")
    if not longest:
        return NOT_MEASURED
    an_hour = cpu_seconds(record.of(longest)) * 3600 / LENGTHS[longest]
    a_minute = minute_of_batch(record.of(batch), batch) if batch else cpu_seconds(record.of("60 s"))
    hours = {"year": float(YEAR_HOURS), "minutes": RECORDINGS / 60}
    seconds = {"year": an_hour * YEAR_HOURS, "minutes": a_minute * RECORDINGS}
    tasks = {"year": YEAR_HOURS, "minutes": RECORDINGS}
    rows = [
        ["hours of sound", *(f"{hours[what]:,.0f}" for what in hours)],
        ["recordings, and tasks of a scheduler", *(f"{tasks[what]:,}" for what in hours)],
        ["input", *(size(hours[what] * hour_bytes()) for what in hours)],
        ["wind and rover stems", *(size(STEMS * hours[what] * hour_bytes()) for what in hours)],
        ["CPU hours", *(f"{seconds[what] / 3600:,.1f}" for what in hours)],
        *(
            [f"hours with {count} worker{'s' if count > 1 else ''}, each with a core of its own"]
            + [f"{seconds[what] / 3600 / count:,.1f}" for what in hours]
            for count in WORKERS
        ),
        [
            "seconds of the scheduler, at 1 ms a task",
            *(f"{tasks[what] * TASK_SECONDS:,.1f}" for what in hours),
        ],
    ]
    source = (
        f"Hours follow from CPU seconds: the year's from files of {longest}, the minutes' from "
        f"{f'a batch of {batch}' if batch else 'single files of a minute'}.\n\n"
    )
    return source + table(["", "a year without a break", f"{RECORDINGS:,} recordings of a minute"], rows)


def what_a_core_moves(record: Record, lengths: Sequence[str], disk: Sequence[Round]) -> str:
    """Bytes a second that one busy core reads and writes, beside what the disk gave."""
    rows = []
    for length in lengths:
        rounds = record.of(length)
        for name in SHARED_WORK:
            if found := values(rounds, name, cpu):
                used = median(found)
                rates = [median(values(rounds, name, what)) / used / 1e6 for what in (read, written)]
                taken_in = LENGTHS[length] * RATE * SAMPLE_BYTES / used
                rows.append(
                    [
                        f"`{name}`, {length}",
                        *(f"{rate:.1f}" for rate in rates),
                        f"{taken_in / 1e6:.1f}",
                        f"{GIGABIT / taken_in:.1f}",
                    ]
                )
    header = [
        "one busy core",
        "reads MB/s",
        "writes MB/s",
        "takes in MB/s of sound",
        "fed by 1 Gbit/s: cores",
    ]
    return table(header, rows) + disk_sentence(disk) if rows else NOT_MEASURED


def disk_sentence(rounds: Sequence[Round]) -> str:
    found = {
        "read": values(rounds, "disk_read", lambda usage: usage.read / wall(usage) / 1e6),
        "written": values(rounds, "disk_write", lambda usage: usage.written / wall(usage) / 1e6),
    }
    if not all(found.values()):
        return ""
    rates = " and ".join(f"{median(rates):,.0f} MB/s {how}" for how, rates in found.items())
    return f"\nThe disk of this machine, past the system's cache: {rates}.\n"


def cpu_seconds(rounds: Sequence[Round]) -> float:
    """Of separating a file and finding its wind, together."""
    return sum(median(values(rounds, name, cpu)) for name in SHARED_WORK)


def minute_of_batch(rounds: Sequence[Round], batch: str) -> float:
    return median(values(rounds, "batch_one_worker", cpu)) / int(batch.partition(" ")[0])


def hour_bytes() -> int:
    return 3600 * RATE * SAMPLE_BYTES


def size(count: float) -> str:
    """A number of bytes in units of a thousand."""
    for unit, one in (("TB", 1e12), ("GB", 1e9)):
        if count >= one:
            return f"{count / one:.2f} {unit}"
    return f"{count / 1e6:.1f} MB"


def read(usage: Usage) -> float:
    return usage.read


def written(usage: Usage) -> float:
    return usage.written
