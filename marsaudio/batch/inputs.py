"""Which recordings a batch is of: those in folders, of patterns, in manifests, or named themselves."""

from __future__ import annotations

import csv
import glob
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from marsaudio import catalog
from marsaudio.atomic import kind_of
from marsaudio.catalog.entries import which_keys
from marsaudio.errors import AudioFormatError, DataUnavailableError, MarsAudioError, ParameterError
from marsaudio.formats.containment import own_folders, stays_within
from marsaudio.formats.label_table import MOST_CELLS, MOST_LINES, cell_of, line_ends_in, lines_of
from marsaudio.formats.opening import open_for_reading
from marsaudio.formats.pds4.labels import file_described_by
from marsaudio.formats.pds4.sessions import (
    JOINED,
    PRODUCT,
    find_session,
    find_sessions,
    label_of,
    labels_of_joined,
    session_place,
)
from marsaudio.loading import AS_SESSION, FITS_SUFFIXES, folder_of_session

# What counts as a recording in a folder. Of some of these it is only said that they cannot be read: a file
# that was silently passed over would be missed.
COMMON_SUFFIXES = (".wav", ".wave", ".w64", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".mp3")
OTHER_SUFFIXES = (".aif", ".aiff", ".au", ".caf", ".m4a", ".aac", ".wma")
AUDIO_SUFFIXES = frozenset(COMMON_SUFFIXES + OTHER_SUFFIXES)
MANIFEST_SUFFIXES = (".csv", ".txt")
SOURCE_COLUMNS = ("recording", "file", "path", "source", "key")
NAME_COLUMN = "name"
ANY_DEPTH = "**"  # in a pattern, for folders within folders
LONGEST_FOLDER_NAME = 255  # bytes, on the file systems that are in use
MOST_MANIFEST_BYTES = 32 * 2**20  # in memory, a single letter can make it four times as large
MOST_RECORDINGS = 100_000  # of one manifest: to find so many takes seconds

Labels = dict[Path, Path | None]  # labels that were read, and the files that they describe


@dataclass(frozen=True)
class Item:
    """One recording of a batch.

    Attributes
    ----------
    name : str
        What it is called in the tables, and the folder of its results, with ``/`` between folders.
    source : str
        A path, the path of a label, a session or a catalog key, as `marsaudio.load` takes it.
    files : tuple of str
        The files whose change makes it another recording; none of a catalog key.
    missing : tuple of str
        Products of a session that an inventory names and that are not here.
    """

    name: str
    source: str
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def find_items(sources: Iterable[str | os.PathLike[str]]) -> tuple[Item, ...]:
    """Find the recordings, in the order of their names.

    Parameters
    ----------
    sources
        Folders, which are searched with all folders in them; patterns with ``*``, ``?`` and ``**``;
        manifests, .csv files with a column ``recording`` (and ``name``), or .txt files with one a line;
        files, labels, sessions and catalog keys.

    Returns
    -------
    tuple of Item
        A label and the audio file that it describes are one, and so are all products of a session.

    Raises
    ------
    ParameterError
        There is no such thing, there is no recording in it, a manifest names what lies outside of its
        folder, or two recordings would have one name.
    AudioFormatError
        A manifest cannot be read.
    DataUnavailableError
        A folder cannot be read.
    """
    items = {item: None for source in sources for item in _items_of(os.fsdecode(source))}
    _check_names(items)
    return tuple(sorted(items, key=lambda item: PurePath(item.name).parts))


def _items_of(source: str) -> list[Item]:
    kind = kind_of(source) if source else "nothing"
    if kind == "folder":
        found = _items(_files_in(Path(source)), Path(source))
    elif kind == "file" and Path(source).suffix.lower() in MANIFEST_SUFFIXES:
        found = _in_manifest(Path(source))
    elif kind == "file":
        found = [_one(source, _name_as_written(source))]
    elif glob.has_magic(source):
        found = _matching(source)
    elif (session := _one_session(source)) is not None:
        found = [session]
    else:
        try:
            found = [Item(catalog.entry(source).key, source)]
        except ParameterError as error:
            raise ParameterError(
                f"There is no folder, file or manifest {source!r}, and no recording of that name in the "
                f"catalog. {which_keys(source)}"
            ) from error
    if not found:
        raise ParameterError(
            f"There is no recording in {source!r}: no audio file, and no PDS4 label of one. Name another "
            "folder or pattern."
        )
    return found


def _files_in(folder: Path) -> Iterator[Path]:
    """All files in a folder and below, but hidden ones."""

    def refuse(error: OSError) -> None:
        raise DataUnavailableError(
            f"The folder {error.filename!r} cannot be read: {error.strerror}. Give this user leave to read "
            "it, or name the folders beside it."
        ) from error

    for directory, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(directory, name) for name in names if not name.startswith("."))


def _matching(pattern: str) -> list[Item]:
    parts = Path(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed])
    files: list[Path] = []
    for path in sorted(_matches(pattern)):
        files += _files_in(path) if kind_of(path) == "folder" else [path]
    return _items(dict.fromkeys(files), base)


def _matches(pattern: str) -> set[Path]:
    """What a pattern stands for; ``**`` for folders at any depth, but for none that a link leads to.

    `glob.glob` follows links there: with two that lead back to a folder above them, it finds each file in
    2**40 places.
    """
    first, *others = _between(Path(pattern).parts, ANY_DEPTH)
    found = _matching_in(Path(), first) if first else {Path()}
    for parts in others:
        below = {folder for start in found for folder in _folders_in(start)}
        # Where nothing follows, all that lies below the folders is meant.
        found = (
            {match for folder in below for match in _matching_in(folder, parts) if not _linked(match, parts)}
            if parts
            else below
        )
    return found


def _between(parts: Sequence[str], divider: str) -> list[list[str]]:
    """The parts before, between and after those that are the divider."""
    groups: list[list[str]] = [[]]
    for part in parts:
        if part == divider:
            groups.append([])
        else:
            groups[-1].append(part)
    return groups


def _matching_in(folder: Path, parts: Sequence[str]) -> set[Path]:
    pattern = os.path.join(glob.escape(str(folder)), *parts)  # noqa: PTH118 (Path would lose an escape)
    return {Path(match) for match in glob.iglob(pattern)}  # noqa: PTH207 (keeps how it is written)


def _folders_in(folder: Path) -> Iterator[Path]:
    """A folder and those below it, but hidden ones and those that links lead to."""
    for directory, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(directory)


def _linked(match: Path, parts: Sequence[str]) -> bool:
    """Whether a pattern's last parts led through a link to a folder that they do not name."""
    places = [match, *match.parents][: len(parts)]
    return any(
        glob.has_magic(part) and place.is_symlink() and place.is_dir()
        for place, part in zip(places, reversed(parts), strict=False)
    )


def _items(files: Iterable[Path], base: Path) -> list[Item]:
    """The recordings among some files, by the names that they have below `base`.

    One-second products of the EDL microphone are no recordings by themselves: each session is one.
    """
    audio: set[Path] = set()
    labels: dict[Path, Path] = {}
    for file in sorted(files):
        if file.suffix.lower() in AUDIO_SUFFIXES:
            audio.add(file)
        elif file.suffix.lower() == ".xml" and (described := file_described_by(file)) is not None:
            labels.setdefault(described, file)
    sessions = _sessions(audio | labels.keys(), base)
    products_in: set[tuple[Path, int]] = set()
    for product in (Path(file) for item in sessions for file in item.files):
        audio.discard(product)
        labels.pop(product, None)
        if match := PRODUCT.fullmatch(product.name):
            products_in.add((product.parent, int(match[1])))
    for joined in [file for file in labels if file not in audio and _is_joined(file, products_in)]:
        labels.pop(joined)  # its label tells when the session began; the session itself is here
    return [
        *sessions,
        *(Item(file.relative_to(base).as_posix(), str(file), (str(file),)) for file in audio - labels.keys()),
        *(
            Item(file.relative_to(base).as_posix(), str(label), (str(file), str(label)))
            for file, label in labels.items()
        ),
    ]


def _sessions(files: Iterable[Path], base: Path) -> list[Item]:
    products: dict[tuple[Path, int, int], list[str]] = {}
    for file in sorted(files):
        if match := PRODUCT.fullmatch(file.name):
            number, part, _ = map(int, match.groups())
            products.setdefault((file.parent, number, part), []).append(str(file))
    known = {folder: _KnownSessions.of(folder) for folder in {folder for folder, _, _ in products}}
    return [
        Item(
            (folder.relative_to(base) / f"session-{number}{f'-{part}' if part else ''}").as_posix(),
            str(folder / session_place(number, part)),
            _files_of_session(names, known[folder].joined.get(number, ())),
            known[folder].missing.get((number, part), ()),
        )
        for (folder, number, part), names in products.items()
    ]


@dataclass(frozen=True)
class _KnownSessions:
    """What a folder tells of its sessions beside their products."""

    joined: Mapping[int, Sequence[Path]]
    missing: Mapping[tuple[int, int], tuple[str, ...]]

    @classmethod
    def of(cls, folder: Path) -> _KnownSessions:
        try:
            sessions = find_sessions(folder)
        except MarsAudioError:  # which is told of each session when it is read
            sessions = []
        missing = {(one.number, one.part): tuple(one.missing.values()) for one in sessions}
        return cls(labels_of_joined(folder), missing)


def _files_of_session(products: Sequence[str], joined: Iterable[Path]) -> tuple[str, ...]:
    """The products with their labels, and those of what was joined of them."""
    labels = (label_of(Path(product)) for product in products)
    return (*products, *(str(label) for label in (*labels, *joined) if label is not None))


def _is_joined(file: Path, sessions: set[tuple[Path, int]]) -> bool:
    """Whether a file would be the joined product of one of the sessions, by folder and number."""
    match = JOINED.fullmatch(file.name)
    return match is not None and (file.parent, int(match[2])) in sessions


def _one_session(source: str, name: str | None = None) -> Item | None:
    """The session that a text stands for, such as ``data_audio/session:170``."""
    match = AS_SESSION.fullmatch(source)
    if match is None:
        return None
    folder, number, part = folder_of_session(match), int(match["number"]), int(match["part"] or 0)
    session = find_session(folder, number, part if match["part"] else None)
    products = [str(folder / product) for product in session.products.values()]
    files = _files_of_session(products, labels_of_joined(folder).get(number, ()))
    written = _name_as_written(str(folder / session_place(number, part)))
    return Item(name or written.replace(":", "-"), source, files, tuple(session.missing.values()))


def _one(source: str | Path, name: str, known: Labels | None = None) -> Item:
    """A recording that is named by its file, or by the label of that file."""
    text = os.fsdecode(source)
    described = _described(Path(text), {} if known is None else known)
    if described is not None:
        return Item(name, text, (str(described), text))
    label = label_of(Path(text)) if Path(text).suffix.lower() in FITS_SUFFIXES else None
    return Item(name, text, (text,) if label is None else (text, str(label)))


def _described(path: Path, known: Labels) -> Path | None:
    """The file that a label describes; each label is read once, by however many names it is listed."""
    if path.suffix.lower() != ".xml":
        return None
    place = Path(os.path.realpath(path))
    if place not in known:
        known[place] = file_described_by(path)
    return known[place]


def _name_as_written(path: str) -> str:
    """A path without what leads up or to the root: so it stays within the folder of the results."""
    parts = PurePath(os.path.normpath(path)).parts
    anchor = PurePath(path).anchor
    return "/".join(part for part in parts if part not in (anchor, os.pardir, os.curdir))


def _in_manifest(manifest: Path) -> list[Item]:
    with open_for_reading(manifest, wanted="a manifest") as stream:
        contents = stream.read(MOST_MANIFEST_BYTES + 1)
    try:
        if len(contents) > MOST_MANIFEST_BYTES:
            raise ValueError(f"it has more than {MOST_MANIFEST_BYTES >> 20} MiB; divide it into several")
        text = contents.decode("utf-8-sig")
        if "\0" in text:
            raise ValueError("it is no text")
        if line_ends_in(text) > MOST_LINES:
            raise ValueError(f"it has more than {MOST_LINES:,} lines; divide it into several")
        listed = _table_rows(text) if manifest.suffix.lower() == ".csv" else _list_rows(text)
        rows = list(itertools.islice(listed, MOST_RECORDINGS + 1))  # no more: they would not fit in memory
        if len(rows) > MOST_RECORDINGS:
            raise ValueError(f"it names more than {MOST_RECORDINGS:,} recordings; divide it into several")
    except (ValueError, csv.Error) as error:
        reason = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise AudioFormatError(
            f"The manifest {str(manifest)!r} cannot be read: {reason}. Write a .txt file with a recording a "
            f"line, or a .csv file with a column {SOURCE_COLUMNS[0]!r}."
        ) from error
    folders = own_folders(manifest)
    known: Labels = {}
    return [_listed(manifest, folders, known, source, name) for source, name in rows]


def _list_rows(text: str) -> Iterator[tuple[str, str | None]]:
    lines = (line.strip() for line in lines_of(text))
    return ((line, None) for line in lines if line and not line.startswith("#"))


def _table_rows(text: str) -> Iterator[tuple[str, str | None]]:
    lines = lines_of(text)
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    if text.count(delimiter) > MOST_CELLS:
        raise ValueError(f"it has more than {MOST_CELLS:,} cells; divide it into several")
    table = csv.reader((line for line in lines if line.strip()), delimiter=delimiter, strict=True)
    columns = {title.strip().lower(): column for column, title in enumerate(next(table, []))}
    wanted = next((columns[name] for name in SOURCE_COLUMNS if name in columns), None)
    if wanted is None:
        raise ValueError(f"its columns are {', '.join(filter(None, columns)) or 'none'}")
    name = columns.get(NAME_COLUMN)
    return (
        (source, cell_of(row, name).strip() or None)
        for row in table
        if (source := cell_of(row, wanted).strip())
    )


def _listed(manifest: Path, folders: tuple[str, ...], known: Labels, source: str, name: str | None) -> Item:
    """A line of a manifest: a path, from the manifest's folder on, before a catalog key."""
    path = manifest.parent / source
    if kind_of(path) == "nothing" and source in catalog.keys():  # noqa: SIM118 (a function, not a dict)
        return Item(name or source, source)
    if not stays_within(path, folders):
        raise ParameterError(
            f"The manifest {str(manifest)!r} names {source!r}, which leads out of the manifest's folder. It "
            "was not opened. Put the manifest into the folder above all of its recordings, or name that "
            "recording itself, beside the manifest."
        )
    if kind_of(path) == "nothing" and (session := _one_session(str(path), name)) is not None:
        return session
    return _one(path, name or _name_as_written(source), known)


def _check_names(items: Iterable[Item]) -> None:
    """Refuse names that lead out of the folder of the results, or into one another's."""
    by_name: dict[PurePath, Item] = {}  # "x/" and "./x" name the folder "x", too
    for item in items:
        name = PurePath(item.name)
        parts = name.parts
        if not parts or item.name.startswith(("/", "\\")) or ".." in parts or PurePath(item.name).anchor:
            raise ParameterError(
                f"The name {item.name!r} for {item.source!r} is no name of a folder within another. Write it "
                "without '..' and without what leads to the root."
            )
        if any(len(os.fsencode(part)) > LONGEST_FOLDER_NAME for part in parts):
            raise ParameterError(
                f"The name {item.name[:40]!r}... for {item.source!r} is longer than names of folders can be, "
                f"{LONGEST_FOLDER_NAME} bytes. Give it a shorter one in a manifest, in the column "
                f"{NAME_COLUMN!r}."
            )
        other = by_name.setdefault(name, item)
        if other is not item:
            raise ParameterError(
                f"{other.source!r} and {item.source!r} would both be called {item.name!r}, and one would "
                f"replace the other. Give them names in a manifest, in the column {NAME_COLUMN!r}."
            )
    for name, item in by_name.items():
        outer = next((by_name[parent] for parent in name.parents if parent in by_name), None)
        if outer is not None:
            raise ParameterError(
                f"The results of {item.source!r} would lie within those of {outer.source!r}: their names are "
                f"{item.name!r} and {outer.name!r}. Give them names in a manifest, in the column "
                f"{NAME_COLUMN!r}."
            )
