"""The work that is disturbed: commands, what they read, and what they leave where nothing disturbs them."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stress_children import Child, Ended, Surroundings, complaints, driven
from stress_folders import Contents, batch_misfits, bytes_in, contents, misfits
from stress_server import KEY, OTHER_KEY, Server

import marsaudio as ma

RATE, SECONDS = 8000, 6.0
TAKE, OTHER_TAKE = "take.wav", "other take.wav"
BATCH = tuple(f"r{number}.wav" for number in range(6))
BATCH_BEFORE = BATCH[:3]  # that an older run has done
LENGTH_RUNS = 3  # of which the median counts
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
    room: int
    entries: Mapping[str, Any]

    @property
    def is_batch(self) -> bool:
        return self.name == "batch"

    def start(
        self,
        place: Path,
        *,
        more: tuple[str, ...] = (),
        surroundings: Surroundings | None = None,
        **options: Any,
    ) -> Child:
        """Start it, through the driver; its results go into the folder "out" of a place."""
        options = {"modules": str(self.modules), **options}
        return start((*self.arguments, *more), self.inputs, place, surroundings, self.entries, **options)

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


def start(
    arguments: Sequence[str],
    inputs: Path,
    place: Path,
    surroundings: Surroundings | None,
    entries: Mapping[str, Any],
    **options: Any,
) -> Child:
    filled = [argument.format(out=place / "out") for argument in arguments]
    around = surroundings or Surroundings(inputs)
    variables = {"MARSAUDIO_DATA_DIR": str(place / "out")} | dict(around.variables)
    around = Surroundings(around.folder, variables, around.bare, around.before, around.output, around.errors)
    options = {"ready": str(place / "ready"), "entries": entries, **options}
    return Child(driven(filled, **options), place, around)


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

    def place(self) -> Path:
        """A new folder for one trial."""
        return Path(tempfile.mkdtemp(prefix="trial-", dir=self.folder))

    def _measured(self, name: str) -> Work:
        arguments, entries = COMMANDS[name], self.entries if name == "fetch" else {}
        modules = self.folder / f"{name} modules.json"

        def undisturbed(
            *arguments: str, inputs: Path = self.inputs, over: Path | None = None
        ) -> tuple[Path, Ended]:
            place = self.place()
            if over:
                shutil.copytree(over, place / "out")
            else:
                (place / "out").mkdir()
            ended = start(arguments, inputs, place, None, entries, modules=str(modules)).end()
            if wrong := complaints(ended, (0,)):
                raise SystemExit(f"Nothing disturbed {name!r}, and yet: {'; '.join(wrong)}")
            return place / "out", ended

        older = self._older(name, undisturbed)
        out, _ = undisturbed(*arguments)
        alone, room = contents(out), bytes_in(out)
        lengths = []
        for _ in range(LENGTH_RUNS):
            out, ended = undisturbed(*arguments, over=older)
            lengths.append(ended.seconds)
            new = contents(out)
        again = contents(undisturbed(*arguments, over=older)[0])
        if different := unlike(again, new):
            raise SystemExit(f"Two runs of {name!r} differ: {'; '.join(different)}")
        runs = {OLDER: contents(older), NEW: new}
        return Work(
            name, arguments, self.inputs, older, runs, alone,
            statistics.median(lengths), modules, room, entries,
        )  # fmt: skip

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
