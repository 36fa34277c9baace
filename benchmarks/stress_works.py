"""The work that is disturbed: commands, what they read, and what they leave where nothing disturbs them."""

from __future__ import annotations

import dataclasses
import shutil
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import environment
from stress_children import Child, Ended, Surroundings, complaints, driven, started
from stress_folders import Contents, batch_misfits, bytes_in, contents, misfits
from stress_nursery import Nursery
from stress_record import Attempt, Keeper, Trial
from stress_server import KEY, OTHER_KEY, Server

import marsaudio as ma

RATE, SECONDS = 8000, 6.0
TAKE, OTHER_TAKE = "take.wav", "other take.wav"
BATCH = tuple(f"r{number}.wav" for number in range(6))
BATCH_BEFORE = BATCH[:3]  # that an older run has done
LENGTH_RUNS = 3  # of which the median counts
LANES = {"batch": 1, "fetch": 8}  # trials at a time: one has processes of its own, the other one waits
OLDER, NEW = "older", "new"


@dataclass(frozen=True)
class Work:
    """A command that writes into one folder.

    Attributes
    ----------
    name : str
    arguments : tuple of str
        With {out} for the folder.
    inputs : pathlib.Path
        The folder that it is started in.
    older : pathlib.Path
        What an earlier run left, of another recording; or of fewer.
    runs : dict of str to dict
        The contents of the folder after the older run, and after the new one over it.
    alone : dict
        The contents after the new run in an empty folder.
    length : float
        Seconds from when it is ready to its end.
    modules : pathlib.Path
        What a run imports.
    nursery : Nursery
        Of processes that have done so.
    room : int
        Bytes that its results take.
    entries : dict
        For the catalog.
    """

    name: str
    arguments: tuple[str, ...]
    inputs: Path
    older: Path
    runs: Mapping[str, Contents]
    alone: Contents
    length: float
    modules: Path
    nursery: Nursery
    room: int
    entries: Mapping[str, Any]

    @property
    def is_batch(self) -> bool:
        """Whether each of its results stands by itself."""
        return self.name == "batch"

    def start(
        self,
        place: Path,
        *,
        more: tuple[str, ...] = (),
        surroundings: Surroundings | None = None,
        **options: Any,
    ) -> Child:
        """Start it; its results go into the folder "out" of a place.

        Parameters
        ----------
        place
        more
            Further arguments.
        surroundings
            Where they are given it is a Python of its own, else a process that has imported everything.
        **options
            Of `stress_driver.run`.
        """
        arguments = (*self.arguments, *more)
        options = {"entries": self.entries, **options}
        if surroundings is not None:
            return start(arguments, place, surroundings, **options)
        return fork(self.nursery, arguments, self.inputs, place, **options)

    def prepare(self, place: Path, *, with_older: bool) -> Path:
        """A folder for the results, empty or with older ones."""
        out = place / "out"
        if with_older:
            shutil.copytree(self.older, out)
        else:
            out.mkdir()
        return out

    def wrong_in(self, out: Path, *, with_older: bool, place: Path | None = None) -> list[str]:
        """What is wrong with the files of a run that was disturbed."""
        found = contents(out, place=place)
        runs = self.runs if with_older else {NEW: self.alone}
        return batch_misfits(out, found, runs, len(BATCH)) if self.is_batch else misfits(found, runs)

    def wrong_at_the_end(self, out: Path, *, with_older: bool, place: Path | None = None) -> list[str]:
        """What is wrong with the files of a run that came to its end."""
        return unlike(contents(out, place=place), self.runs[NEW] if with_older else self.alone)

    def wrong_if_refused(self, out: Path, *, with_older: bool) -> list[str]:
        """What is wrong with the files after a run that said that nothing was changed."""
        if self.is_batch or self.name == "fetch":  # which keep what they have
            return self.wrong_in(out, with_older=with_older)
        wrong = unlike(contents(out), self.runs[OLDER] if with_older else {})
        return [f"refused, and yet {one}" for one in wrong]


def start(arguments: Sequence[str], place: Path, surroundings: Surroundings, **options: Any) -> Child:
    """Start marsaudio as a Python of its own; {out} in its arguments is the folder "out" of a place."""
    variables = {"MARSAUDIO_DATA_DIR": str(place / "out"), **surroundings.variables}
    around = dataclasses.replace(surroundings, variables=variables)
    options = {"ready": str(place / "ready"), **options}
    return started(driven(filled(arguments, place), **options), place, around)


def fork(nursery: Nursery, arguments: Sequence[str], inputs: Path, place: Path, **options: Any) -> Child:
    """Do the same as `start` with a process that has imported everything."""
    variables = {"MARSAUDIO_DATA_DIR": str(place / "out")}
    options = {"ready": str(place / "ready"), **options}
    return Child(nursery.fork(filled(arguments, place), place, inputs, variables, options), place)


def filled(arguments: Sequence[str], place: Path) -> list[str]:
    return [argument.format(out=place / "out") for argument in arguments]


def unlike(found: Contents, wanted: Contents) -> list[str]:
    """What is other than it should be, in words."""
    missing, more = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    other = sorted(name for name in found.keys() & wanted.keys() if found[name] != wanted[name])
    return [
        f"{', '.join(names)}: {what}"
        for names, what in ((missing, "missing"), (more, "too much"), (other, "other bytes"))
        if names
    ]


class Material:
    """Recordings, a server, and the works, each measured when it is asked for first.

    Parameters
    ----------
    folder
        Where everything is made.
    """

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.keeper: Keeper | None = None
        self._works: dict[str, Work] = {}
        self.inputs = folder / "inputs"
        self.inputs.mkdir()
        for number, name in enumerate((TAKE, OTHER_TAKE, *BATCH)):
            scene = ma.simulate_scene(SECONDS, sample_rate=RATE, gust_count=1, rng=number)
            scene.recording.save(self.inputs / name, encoding="PCM_16")

    def work(self, name: str) -> Work:
        """A work with what it leaves when nothing disturbs it."""
        if name not in self._works:
            self._works[name] = self._measured(name)
        return self._works[name]

    def tried(self, attempts: Iterable[Attempt], *, name: str = "") -> list[Trial]:
        """Make these attempts, as many at a time as suits a work, and keep what came of them."""
        assert self.keeper is not None
        return self.keeper.tried(attempts, at_a_time=LANES.get(name, 2))

    def place(self) -> Path:
        """A new folder for one trial."""
        return Path(tempfile.mkdtemp(prefix="trial-", dir=self.folder))

    def _measured(self, name: str) -> Work:
        arguments, entries = COMMANDS[name], self.entries if name == "fetch" else {}
        modules = self.folder / f"{name} modules.json"

        def undisturbed(*arguments: str, inputs: Path = self.inputs) -> tuple[Path, Ended]:
            place = self.place()
            (place / "out").mkdir()
            options = {"modules": str(modules), "entries": entries}
            ended = start(arguments, place, Surroundings(inputs), **options).end()
            if wrong := complaints(ended, (0,)):
                raise SystemExit(f"Nothing disturbed {name!r}, and yet: {'; '.join(wrong)}")
            return place / "out", ended

        older = self._older(name, undisturbed)
        out, _ = undisturbed(*arguments)
        alone = contents(out)
        work = Work(
            name,
            arguments,
            self.inputs,
            older,
            {OLDER: contents(older)},
            alone,
            0.0,
            modules,
            Nursery(modules, environment()),
            bytes_in(out),
            entries,
        )
        return self._timed(work)

    def _timed(self, work: Work) -> Work:
        """The same with its length, and with what it leaves over an older result, each time the same."""
        lengths, results = [], []
        for _ in range(LENGTH_RUNS):
            place = self.place()
            out = work.prepare(place, with_older=True)
            lengths.append(work.start(place).end().seconds)
            results.append(contents(out))
        if different := [wrong for one in results for wrong in unlike(one, results[0])]:
            raise SystemExit(f"Two runs of {work.name!r} differ: {'; '.join(different)}")
        runs = {**work.runs, NEW: results[0]}
        return dataclasses.replace(work, runs=runs, length=statistics.median(lengths))

    def _older(self, name: str, undisturbed: Any) -> Path:
        """What an earlier run left."""
        if name == "fetch":
            return undisturbed("fetch", OTHER_KEY)[0]
        if name == "batch":
            return undisturbed(*(one for one in COMMANDS[name] if one not in BATCH[len(BATCH_BEFORE) :]))[0]
        # Of another recording under the same name, as when somebody replaces it and starts again.
        inputs = self.folder / f"{name} before"
        inputs.mkdir()
        shutil.copy2(self.inputs / OTHER_TAKE, inputs / TAKE)
        return undisturbed(*COMMANDS[name], inputs=inputs)[0]

    @property
    def entries(self) -> dict[str, dict[str, Any]]:
        """What the server has, for the catalog."""
        return {
            key: {"urls": [f"{self.server.address}/{key}.wav"], "file_name": f"{key}.wav"}
            for key in (KEY, OTHER_KEY)
        }


COMMANDS = {
    "analyze": ("analyze", TAKE, "--output", "{out}"),
    "separate": ("separate", TAKE, "--wind", "{out}/wind.wav", "--rover", "{out}/rover.wav"),
    "batch": ("batch", *BATCH, "--output", "{out}", "--jobs", "2"),
    "fetch": ("fetch", KEY),
    "events": ("events", TAKE, "--output", "{out}/events.csv"),
    "spectrogram": ("spectrogram", TAKE, "--output", "{out}/spectrogram.png"),
    "report": ("report", TAKE, "--output", "{out}/report.html"),
    "fit-rover": ("fit-rover", TAKE, "--with-wind", "--output", "{out}/rover.json"),
}
