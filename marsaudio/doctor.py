"""A look at this installation, for bug reports: versions, codecs, recordings, and whether promises are kept.

Nothing is downloaded, and nothing is written but into a temporary folder.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import numpy as np

import marsaudio as ma
from marsaudio import catalog
from marsaudio.atomic import kind_of, write_text
from marsaudio.catalog.storage import CHECKSUMS_FILE, DATA_DIRECTORY_VARIABLE, recorded_checksums
from marsaudio.errors import AudioFormatError, MarsAudioError, ParameterError

EXTRAS = ("tables", "cluster", "pds")  # of those who use it
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+).*?(?:extra == ['\"](?P<extra>\w+)['\"])?", re.ASCII)
LEFT_BEHIND = ".marsaudio-*"  # by processes that were killed while they wrote
NOT_INSTALLED = "not installed"
GIB = 2**30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    group, name : str
        What was looked at.
    told : str
        What was found, in words.
    fine : bool
        False where something is wrong with it.
    """

    group: str
    name: str
    told: str
    fine: bool = True


def examine() -> list[Finding]:
    """Look at this installation.

    Returns
    -------
    list of Finding
        Versions, codecs, recordings and promises, in this order. It takes some seconds, and raises nothing:
        an error is a finding.

    Examples
    --------
    >>> from marsaudio.doctor import examine
    >>> [finding.name for finding in examine() if not finding.fine]
    []
    """
    return [finding for group in GROUPS for finding in findings_of(group)]


def findings_of(group: str) -> Iterator[Finding]:
    """The findings of one of `GROUPS`; where not even the looking works, that is one, too."""
    try:
        yield from GROUPS[group]()
    except Exception as error:
        yield Finding(group, "the rest", f"NO: {type(error).__name__}: {error}", fine=False)


def _versions() -> Iterator[Finding]:
    group = "Versions"
    yield Finding(group, "marsaudio", f"{ma.__version__}, in {_short(Path(__file__).parent)}")
    yield Finding(group, "python", f"{platform.python_version()} ({platform.python_implementation()})")
    yield Finding(group, "system", f"{platform.platform()}, {os.cpu_count()} processors")
    yield Finding(group, "encodings", f"files {sys.getfilesystemencoding()}, output {sys.stdout.encoding}")
    for name, needed in _libraries().items():
        found = _version(name)
        yield Finding(group, name, found, fine=found != NOT_INSTALLED or not needed)
    yield _checked(group, "libsndfile", _libsndfile)


def _libraries() -> dict[str, bool]:
    """The libraries that marsaudio names for those who use it, and whether it needs them."""
    found: dict[str, bool] = {}
    for line in requires("marsaudio") or ():
        match = REQUIREMENT.fullmatch(line)
        if match is not None and match["extra"] in (None, *EXTRAS):
            found.setdefault(match["name"], match["extra"] is None)
    return found


def _libsndfile() -> str:
    import soundfile

    return str(soundfile.__libsndfile_version__)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return NOT_INSTALLED


def _codecs() -> Iterator[Finding]:
    """What can be written and read back."""
    from marsaudio.formats.encodings import CONTAINER_OF_SUFFIX, ENCODINGS_OF_CONTAINER

    rng = np.random.default_rng(0)
    samples = np.rint(3000 * rng.standard_normal((1, 4800))).astype(np.float32) / np.float32(2**15)
    with tempfile.TemporaryDirectory() as folder:
        for suffix, container in CONTAINER_OF_SUFFIX.items():
            if container.lower() != suffix[1:]:
                continue  # another name of the same
            for encoding in ENCODINGS_OF_CONTAINER[container]:
                name = container if encoding in ("VORBIS", "MPEG_LAYER_III") else f"{container} {encoding}"
                path = Path(folder, f"sound{suffix}")
                yield _checked("Codecs", name, functools.partial(_there_and_back, samples, path, encoding))


def _there_and_back(samples: Any, path: Path, encoding: str) -> str:
    from marsaudio.formats.encodings import INTEGER_BITS

    ma.Recording(samples, 48000).save(path, encoding=encoding)
    back = ma.load(path).samples
    if encoding in (*INTEGER_BITS, "FLOAT", "DOUBLE"):
        _require(np.array_equal(back, samples), "what was read is not what was written")
        return "to the bit"
    _require(back.shape == samples.shape, "what was read is longer or shorter than what was written")
    return "works"


def _recordings() -> Iterator[Finding]:
    group = "Recordings"
    try:
        folder = catalog.data_directory()
    except MarsAudioError as error:
        yield Finding(group, "folder", f"NO: {error}", fine=False)
        return
    yield _checked(group, "folder", lambda: _folder(folder))
    yield _checked(group, "room", lambda: _room(folder))
    if (folder / CHECKSUMS_FILE).exists():
        yield _checked(group, "record of checksums", lambda: _told_by_record(folder))
    for key in catalog.keys():  # noqa: SIM118 (a function, not a dict)
        if catalog.local_path(key) is not None:
            yield _checked(group, key, functools.partial(_verified, key))
    left = 0
    with contextlib.suppress(OSError):
        left = len(list(folder.glob(LEFT_BEHIND)))
    if left:
        told = f"{left} unfinished, called {LEFT_BEHIND}; delete when no marsaudio is running"
        yield Finding(group, "left behind", told)


def _folder(folder: Path) -> str:
    """Where recordings are kept, and why there."""
    said = os.environ.get(DATA_DIRECTORY_VARIABLE)
    _require(
        kind_of(folder) in ("folder", "nothing"),
        f"{_short(folder)} is no folder; set {DATA_DIRECTORY_VARIABLE} to one",
    )
    origin = f"as {DATA_DIRECTORY_VARIABLE} says" if said else "the default"
    return f"{_short(folder)} ({origin}{'' if folder.exists() else '; made at the first download'})"


def _room(folder: Path) -> str:
    """Whether something could be kept there, and how much."""
    place = next(one for one in (folder, *folder.parents) if one.exists())
    _require(
        os.access(place, os.W_OK),
        f"{_short(place)} may not be written into; set {DATA_DIRECTORY_VARIABLE} to a folder that may",
    )
    return f"{shutil.disk_usage(place).free / GIB:.1f} GiB free"


def _told_by_record(folder: Path) -> str:
    return f"{len(recorded_checksums(folder))} recordings"


def _verified(key: str) -> str:
    verified = catalog.is_verified(key)
    _require(verified is not False, "it is not what the catalog, or the first download, says: delete it")
    if verified:
        return "verified"
    from marsaudio.formats.audio import AudioReader

    path = catalog.local_path(key)
    if path is None:
        raise AssertionError("it was taken away meanwhile")
    with AudioReader(path):  # which refuses what is no sound
        return "it is sound; nobody knows its checksum"


def _promises() -> Iterator[Finding]:
    """Some of what the documentation promises, held once."""
    group = "Promises"
    scene = ma.simulate_scene(12.0, sample_rate=16000, rng=1, gust_count=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = scene.recording.save(folder / "scene.wav", encoding="PCM_16")
        recording = ma.load(path)
        for what, check in {
            "stems add up to the bit": lambda: _stems_add_up(recording, path, folder),
            "whole or in blocks, the same bits": lambda: _one_answer(recording, path, folder),
            "spectra hold all the power": lambda: _parseval(recording),
            "gusts are found": lambda: _gusts_are_found(recording, len(scene.gusts)),
            "nothing is clipped": lambda: _nothing_is_clipped(folder),
            "files are whole or not there": lambda: _whole_or_not(folder),
            "what is no audio is refused": _nonsense_is_refused,
        }.items():
            yield _checked(group, what, check)


def _stems_add_up(recording: ma.Recording, path: Path, folder: Path) -> str:
    stems = ma.separate(recording)
    _require(np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples), "they do not")
    files = ma.separate_file(path, wind=folder / "wind.wav", rover=folder / "rover.wav")
    total = ma.load(files.wind).samples + ma.load(files.rover).samples
    _require(np.array_equal(total, recording.samples), "they do not once they were saved and read back")
    _require(bool(stems.wind.samples.any()), "there is no wind in them")
    return "yes"


def _one_answer(recording: ma.Recording, path: Path, folder: Path) -> str:
    files = ma.separate_file(path, wind=folder / "wind.wav", rover=folder / "rover.wav")
    whole = ma.separate(recording).wind.samples
    _require(np.array_equal(ma.load(files.wind).samples, whole), "they differ")
    return "yes"


def _parseval(recording: ma.Recording) -> str:
    samples = recording.samples[:, :4096]
    spec = ma.spectrogram(ma.Recording(samples, recording.sample_rate), n_fft=4096, window="boxcar")
    total = float(spec.power.sum()) * recording.sample_rate / 4096
    power = float(np.mean(samples.astype(np.float64) ** 2))
    _require(abs(total / power - 1) < 1e-3, f"they hold {total / power:.4f} of it")
    return "yes"


def _gusts_are_found(recording: ma.Recording, there: int) -> str:
    found = len(ma.detect_wind(recording))
    _require(found == there, f"of {there} there are {found}")
    return f"{found} of {there}"


def _nothing_is_clipped(folder: Path) -> str:
    try:
        ma.Recording(np.full(100, 1.5), 8000).save(folder / "loud.wav", encoding="PCM_16")
    except ParameterError:
        return "yes"
    raise AssertionError("samples of 1.5 were written as integers")


def _whole_or_not(folder: Path) -> str:
    write_text(folder / "text.txt", "before")
    with contextlib.suppress(TypeError):
        write_text(folder / "text.txt", 5)  # type: ignore[arg-type]
    _require((folder / "text.txt").read_text() == "before", "a file was lost where writing another failed")
    _require(not list(folder.glob(LEFT_BEHIND)), "an unfinished file was left")
    return "yes"


def _nonsense_is_refused() -> str:
    try:
        ma.load(io.BytesIO(b"no sound at all"))
    except AudioFormatError:
        return "yes"
    raise AssertionError("it was taken for audio")


def _checked(group: str, name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(group, name, check())
    except (AssertionError, MarsAudioError) as error:
        return Finding(group, name, f"NO: {error}", fine=False)
    except Exception as error:
        return Finding(group, name, f"NO: {type(error).__name__}: {error}", fine=False)


def _require(so: bool, otherwise: str) -> None:
    if not so:
        raise AssertionError(otherwise)


def _short(path: Path) -> str:
    """A path without whose home it is in, as it may be shown to anybody."""
    try:
        home = Path.home()
        if home != Path(home.anchor):  # as where HOME is empty
            return f"~{os.sep}{path.relative_to(home)}"
    except (RuntimeError, ValueError):
        pass
    return str(path)


GROUPS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Versions": _versions,
    "Codecs": _codecs,
    "Recordings": _recordings,
    "Promises": _promises,
}
