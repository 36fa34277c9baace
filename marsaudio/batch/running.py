"""Work through many recordings, and go on where an earlier run was stopped."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from marsaudio.atomic import kind_of
from marsaudio.batch.inputs import Item, find_items
from marsaudio.batch.progress import Counter, Report, reporting
from marsaudio.batch.results import (
    RESULTS,
    UNFINISHED,
    cannot_write,
    clear_temporary,
    clear_unfinished,
    result_of,
    state_of,
)
from marsaudio.batch.settings import Settings, keep_settings
from marsaudio.batch.tables import write_tables
from marsaudio.batch.workers import Backend, WorkerDiedError, Workers, check_workers, workers
from marsaudio.batch.working import Outcome, work_on
from marsaudio.calibration import Calibration
from marsaudio.errors import ClusterError, MarsAudioError, OutputError
from marsaudio.recording import Recording
from marsaudio.separation.rover_model import RoverModel

LOCK_FILE = ".lock"
MOST_DEATHS = 3  # of workers, one after the other, without anything done in between


@dataclass(frozen=True)
class BatchReport:
    """What became of a batch.

    Attributes
    ----------
    output : pathlib.Path
    total : int
        How many recordings there are.
    computed : int
        How many were worked on in this run, and have a result.
    kept : int
        How many had one before.
    failures : dict of str to str
        The recordings that could not be worked on, by name, and why.
    duration : float
        Seconds of sound that were worked on in this run.
    elapsed : float
        Seconds that this took.
    summary, events : pathlib.Path
        The table of all recordings, and that of all events.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = ma.batch.run("sample", folder, jobs=1, progress=False)
    >>> report.total, report.kept, report.duration
    (1, 0, 18.0)
    """

    output: Path
    total: int
    computed: int
    kept: int
    failures: Mapping[str, str]
    duration: float
    elapsed: float
    summary: Path
    events: Path

    def __repr__(self) -> str:
        count = "1 recording" if self.total == 1 else f"{self.total} recordings"
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return (
            f"<marsaudio.batch.BatchReport: {count}, {self.computed} computed, {self.kept} "
            f"kept{failed}, in {str(self.output)!r}>"
        )


def run(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    stems: bool = True,
    rover_noise: Recording | RoverModel | None = None,
    calibration: Calibration | None = None,
    sample_rate: float | None = None,
    jobs: int | None = None,
    backend: Backend | None = None,
    scheduler: str | None = None,
    progress: bool | Report = True,
    **detection: Any,
) -> BatchReport:
    """Separate many recordings, find their wind events, and write results and tables into one folder.

    Into ``recordings/NAME`` in the folder `output` go ``wind.wav``, ``rover.wav``, ``events.csv`` and
    ``result.json`` of each recording, all of them or none; ``summary.csv`` is the table of all recordings,
    ``events.csv`` that of all events. A run that was stopped, by whatever, goes on when it is started again:
    it does what is missing, has failed, or whose file has changed since, and its results are the same bytes.

    Parameters
    ----------
    sources
        One or several of: a folder, in which recordings are looked for to the bottom; a pattern such as
        ``"sol*/*.wav"``; a manifest, which is a .txt file with a recording a line, or a .csv file with a
        column ``recording`` and perhaps ``name``, whose paths start from its own folder; an audio file, a
        PDS4 label, a session, a catalog key. One-second products of a session that lie in a folder are
        joined.
    output
        A new folder, or one that an earlier run wrote into. It may not lie among the recordings.
    stems : bool, optional
        Without, nothing is separated: the results are the events and the levels.
    rover_noise : Recording or RoverModel, optional
        As for `marsaudio.separate`, for all recordings.
    calibration : Calibration, optional
        Of all recordings: their levels are then in dB re 20 µPa.
    sample_rate : float, optional
        In Hz, of tables whose labels do not state it, as for `marsaudio.load`.
    jobs : int, optional
        How many recordings to work on at a time; one on each processor where it is left out.
    backend : {"loky", "threading", "dask"}, optional
        Processes, which is meant where nothing is said; threads of this process, for where no process can be
        started; or a Dask cluster, of `jobs` processes on this machine unless `scheduler` is given. The
        results are the same bits.
    scheduler : str, optional
        The address of a Dask scheduler, whose workers reach the recordings and `output` by the same paths.
    progress : bool or callable, optional
        Show a bar on standard error, or call this with a `Progress` whenever a recording is done.
    **detection
        `false_alarms_per_minute`, `band`, `minimum_duration` and `merge_gap`, as for
        `marsaudio.detect_wind`.

    Returns
    -------
    BatchReport

    Raises
    ------
    ParameterError
        There is no recording, two have one name, a value is out of its range, or the folder was begun with
        other recordings or settings.
    OutputError
        The folder lies among the recordings, holds something else, is being written into by another run,
        or cannot be written into, as when the disk is full.
    ClusterError
        The Dask scheduler is not there, or went away.
    MissingLibraryError
        Dask is not installed.
    AudioFormatError, DataUnavailableError
        A manifest or a folder cannot be read. What is wrong with a recording stops nothing: it stands in
        the table and in the report.

    See Also
    --------
    marsaudio.analyze : For one recording, with stems and picture.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = ma.batch.run("sample", folder, jobs=1, progress=False)
    >>> report.computed, report.failures
    (1, {})
    """
    given = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
    names = [os.fsdecode(source) for source in given]
    check_workers(backend, jobs, scheduler)
    settings = Settings.of(
        stems=stems,
        rover_noise=rover_noise,
        detection=detection,
        calibration=calibration,
        sample_rate=sample_rate,
    )
    items = find_items(names)
    folder = Path(output)
    _check_apart(folder, names, items)
    with _locked(folder):
        clear_temporary(folder)
        own = frozenset({LOCK_FILE, UNFINISHED, RESULTS})
        keep_settings(folder, [_absolute(name) for name in names], settings, own=own)
        return _run(folder, items, settings, (backend, jobs, scheduler), progress)


def _run(
    folder: Path,
    items: Sequence[Item],
    settings: Settings,
    workers_asked_for: tuple[Backend | None, int | None, str | None],
    progress: bool | Report,
) -> BatchReport:
    clear_unfinished(folder, items)
    waiting = [item for item in items if result_of(folder, item, stems=settings.stems) is None]
    sizes = {item.name: sum(state.get("bytes", 0) for state in state_of(item)) for item in waiting}
    failures: dict[str, str] = {}
    with reporting(progress) as report:
        counter = Counter(len(items), waiting, sizes, report)
        try:
            if waiting:
                with _without_warnings(), workers(*workers_asked_for) as pool:
                    for outcome in _outcomes(pool, waiting, folder, settings):
                        if outcome.stops:
                            raise OutputError(outcome.failure)
                        if outcome.failure:
                            failures[outcome.name] = outcome.failure
                        counter.count(outcome)
        except BaseException:
            # What was finished is in the tables, whatever it was that stopped the rest; if there is no
            # room for these, the first reason is the one to tell.
            with contextlib.suppress(MarsAudioError):
                _finish(folder, items, failures, settings)
            raise
    summary, events = _finish(folder, items, failures, settings)
    return BatchReport(
        output=folder,
        total=len(items),
        computed=len(waiting) - len(failures),
        kept=len(items) - len(waiting),
        failures=failures,
        duration=counter.audio_seconds,
        elapsed=counter.elapsed,
        summary=summary,
        events=events,
    )


def _outcomes(pool: Workers, waiting: Sequence[Item], folder: Path, settings: Settings) -> Iterator[Outcome]:
    """What becomes of each recording; one at which a worker dies, and dies again, has failed."""
    left = {item.name: item for item in waiting}
    output = str(folder.absolute())

    def task(item: Item) -> functools.partial[Outcome]:
        return functools.partial(work_on, item, output, settings)

    deaths = 0
    while left:
        try:
            for outcome in pool.outcomes([task(item) for item in left.values()]):
                del left[outcome.name]
                deaths = 0
                yield outcome
            return
        except WorkerDiedError:
            deaths += 1
        suspects = [item for item in clear_unfinished(folder, left.values()) if item.name in left]
        for item in suspects:
            deaths = 0
            try:
                outcome = pool.alone(task(item))
            except WorkerDiedError:
                outcome = Outcome(
                    item.name,
                    failure="The process that worked on it died, twice: for want of memory, or by a fault in "
                    "what reads the file. Try it alone with 'marsaudio separate'.",
                )
            del left[item.name]
            yield outcome
        if deaths >= MOST_DEATHS:
            raise ClusterError(
                f"Workers died {deaths} times before they had anything done, perhaps for want of memory. "
                "What was finished stays; start again with fewer jobs to go on."
            )


def _finish(
    folder: Path, items: Sequence[Item], failures: Mapping[str, str], settings: Settings
) -> tuple[Path, Path]:
    clear_unfinished(folder, items)
    return write_tables(folder, items, failures, stems=settings.stems)


def _check_apart(output: Path, names: Iterable[str], items: Iterable[Item]) -> None:
    """Refuse an output among the recordings: its stems would be taken for recordings the next time."""
    try:
        place = output.resolve()
        folders = [Path(name).resolve() for name in names if kind_of(name) == "folder"]
        files = {Path(file).resolve() for item in items for file in item.files}
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"Cannot write into {str(output)!r}: {error}. Name another folder.") from error
    around = next((folder for folder in folders if place.is_relative_to(folder)), None)
    if around is not None:
        raise OutputError(
            f"Cannot write into {str(output)!r}: it lies in {str(around)!r}, among the recordings, where its "
            "stems would be taken for recordings. Name a folder outside."
        )
    within = next((file for file in sorted(files) if file.is_relative_to(place)), None)
    if within is not None:
        raise OutputError(
            f"Cannot write into {str(output)!r}: the recording {str(within)!r} lies in it. Name another "
            "folder."
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other runs out of it."""
    lock = FileLock(folder / LOCK_FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise OutputError(
            f"Cannot write into {str(folder)!r}: another run is writing into it. Wait until that is done, or "
            "name another folder."
        ) from error
    except (OSError, ValueError, NotImplementedError) as error:
        failure = error if isinstance(error, OSError) else OSError(str(error))
        raise cannot_write(folder, failure) from error
    try:
        yield
    finally:
        lock.release()


def _absolute(name: str) -> str:
    """A source as it is compared from run to run: from wherever it is started."""
    return name if kind_of(name) == "nothing" and not _is_pattern(name) else str(Path(name).absolute())


def _is_pattern(name: str) -> bool:
    return any(character in name for character in "*?[")


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """What the library warns of stands in the notes of each result, where it says of which recording."""
    logger = logging.getLogger("marsaudio")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
