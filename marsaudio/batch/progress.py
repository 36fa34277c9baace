"""How far a batch is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from marsaudio.batch.inputs import Item
from marsaudio.batch.working import Outcome

Report = Callable[["Progress"], None]


@dataclass(frozen=True)
class Progress:
    """How far a batch is.

    Attributes
    ----------
    total : int
        How many recordings there are.
    done : int
        How many have a result, those from before included.
    failed : int
        How many could not be worked on.
    seconds_left : float or None
        An estimate, from the sizes of the files; None before the first was done.
    audio_seconds_per_second : float or None
        Seconds of sound that were worked on in each second of this run; None before the first was done.
    name : str
        The recording that was worked on last; empty at the start.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> seen = []
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = ma.batch.run("sample", folder, jobs=1, progress=seen.append)
    >>> seen[-1].done, seen[-1].total, seen[-1].name
    (1, 1, 'sample')
    """

    total: int
    done: int
    failed: int
    seconds_left: float | None = None
    audio_seconds_per_second: float | None = None
    name: str = ""


class Counter:
    """Counts what becomes of recordings, and reports it each time.

    Parameters
    ----------
    total
        Of all recordings.
    waiting
        Those that are to be worked on.
    sizes
        By the name of a recording, how large its files are, as a measure of the work.
    report
        Called with a `Progress`.
    """

    def __init__(
        self, total: int, waiting: Sequence[Item], sizes: Mapping[str, int], report: Report | None
    ) -> None:
        self._total, self._sizes, self._report = total, sizes, report
        self._done, self._failed = total - len(waiting), 0
        self._all_work = sum(sizes[item.name] for item in waiting)
        self._work, self.audio_seconds = 0, 0.0
        self._begin = time.monotonic()
        if report is not None:
            report(Progress(total, self._done, 0))

    @property
    def elapsed(self) -> float:
        """Seconds since the start of this run."""
        return time.monotonic() - self._begin

    def count(self, outcome: Outcome) -> None:
        """One more recording is done, or has failed."""
        if outcome.failure:
            self._failed += 1
        else:
            self._done += 1
        self._work += self._sizes[outcome.name]
        self.audio_seconds += outcome.duration
        if self._report is None:
            return
        elapsed = self.elapsed
        left = elapsed * (self._all_work - self._work) / self._work if self._work else None
        rate = self.audio_seconds / elapsed if self.audio_seconds and elapsed > 0 else None
        self._report(Progress(self._total, self._done, self._failed, left, rate, outcome.name))


@contextlib.contextmanager
def reporting(progress: bool | Report) -> Iterator[Report | None]:
    """What to call: a bar on standard error, the caller's own function, or nothing."""
    if callable(progress):
        yield progress
    elif not progress:
        yield None
    else:
        from tqdm.auto import tqdm

        with tqdm(bar_format="{n_fmt}/{total_fmt} |{bar}| {desc}", leave=False) as bar:

            def show(now: Progress) -> None:
                bar.total, bar.n = now.total, now.done + now.failed
                bar.set_description_str(words(now))

            yield show


def words(now: Progress) -> str:
    """A line such as ``2 failed, 310 s of sound a second, 3 min left``."""
    told = [f"{now.failed} failed"] if now.failed else []
    if now.audio_seconds_per_second is not None:
        told.append(f"{now.audio_seconds_per_second:.0f} s of sound a second")
    if now.seconds_left is not None:
        told.append(f"{span(now.seconds_left)} left")
    return ", ".join(told)


def span(seconds: float) -> str:
    """A length of time, to read."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
