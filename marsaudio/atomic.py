"""Write whole files or none: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from marsaudio.errors import MarsAudioError, OutputError, ParameterError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of the disk, of a user's share, of a file
TEMPORARY = ".marsaudio-"  # how the names of files begin that are not whole yet


class Replacement:
    """A file in the making, beside the one whose place it takes as the block ends.

    Parameters
    ----------
    target
        Where it is to stand.

    Attributes
    ----------
    temporary : pathlib.Path
        Where it stands until then.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self.target = Path(target)
        self._final = _writable_place(self.target)
        # What is written goes by the name that was given, also where that is a link to another kind of file.
        self.temporary = _unused_name(self._final, self.target.suffix)
        self._made: list[Path] = []
        self._older: Path | None = None
        self._is_there = False

    def __enter__(self) -> Replacement:
        with _refused(self.target):
            self.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        try:
            with _refused(self.target):
                if error is None:
                    self.bring_to_disk()
                    self.take_place()
                elif isinstance(error, OSError):
                    raise error
        finally:
            self.clear(put_back=not self._is_there)

    def begin(self) -> None:
        """Make the folder, unless it is there."""
        self._made = _make_folder(self._final.parent)

    def bring_to_disk(self) -> None:
        """Have the system write it, so that a full disk shows, and give it the older file's permissions."""
        with open(self.temporary, "rb+") as written:
            os.fsync(written.fileno())
        if kind_of(self._final) == "file":
            self.temporary.chmod(stat.S_IMODE(self._final.stat().st_mode))

    def set_aside(self) -> None:
        """Take the older file away: where several belong together, all go before the first new one comes."""
        if kind_of(self._final) == "file":
            self._older = _unused_name(self._final, self._final.suffix)
            self._final.rename(self._older)

    def take_place(self) -> None:
        """Give it its name."""
        self.temporary.replace(self._final)
        self._is_there = True

    def clear(self, *, put_back: bool) -> None:
        """Leave nothing else behind; `put_back` leaves what was there before."""
        with contextlib.suppress(OSError):
            self.temporary.unlink(missing_ok=True)
        if put_back and self._is_there:
            with contextlib.suppress(OSError):
                self._final.unlink()
            self._is_there = False
        if self._older is not None:
            with contextlib.suppress(OSError):
                self._older.rename(self._final) if put_back else self._older.unlink()
            self._older = None
        if not self._is_there:
            for folder in reversed(self._made):
                with contextlib.suppress(OSError):
                    folder.rmdir()


@contextlib.contextmanager
def replace_when_complete(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target`, and rename it to `target` once the block succeeded.

    Parameters
    ----------
    target
        Where the file is to stand at the end. Its folder is made when it is missing. A symbolic link
        stays, and what it points to is replaced; permissions of an older file stay as well.

    Yields
    ------
    pathlib.Path
        A name in the same folder, with the same suffix, that nothing else uses.

    Raises
    ------
    OutputError
        The folder or the file cannot be written, or the disk is full. What stood at `target`
        before is untouched, and the temporary file is gone.
    """
    with Replacement(target) as replacement:
        yield replacement.temporary


@contextlib.contextmanager
def replace_together_when_complete(targets: Iterable[str | os.PathLike[str]]) -> Iterator[list[Path]]:
    """Do the same with files that belong together, such as stems whose sum is a recording.

    No system renames several files at once. So all that is slow, or can fail, is done before; then the older
    ones are set aside, and the new ones get their names. Who is killed between these last steps leaves some
    of the files missing, and never one of an earlier run beside one of this.

    Parameters
    ----------
    targets
        As for `replace_when_complete`.

    Yields
    ------
    list of pathlib.Path
        Temporary paths, in the same order.

    Raises
    ------
    OutputError
        One of them cannot be written. What stood there before still does.
    """
    replacements = [Replacement(target) for target in targets]
    check_places_differ(one.target for one in replacements)
    complete = False
    try:
        with _refused(replacements[0].target):
            for one in replacements:
                one.begin()
            try:
                yield [one.temporary for one in replacements]
            except OutputError as error:
                raise _of_targets(error, replacements) from error.__cause__
            for step in (Replacement.bring_to_disk, Replacement.set_aside, Replacement.take_place):
                for one in replacements:
                    with _refused(one.target):
                        step(one)
            complete = True
    finally:
        for one in reversed(replacements):  # the first of them made the folder
            one.clear(put_back=not complete)


def place_of(target: str | os.PathLike[str]) -> Path:
    """Where a file would come to stand, links followed.

    Raises
    ------
    OutputError
        Nothing can be written there.
    """
    with _refused(Path(target)):
        return _writable_place(Path(target)).resolve()


def check_places_differ(targets: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse targets of which two are one place, also through links: the second would replace the first.

    Raises
    ------
    ParameterError
        Two are.
    OutputError
        One leads nowhere.
    """
    names: dict[Path, Path] = {}
    for target in map(Path, targets):
        other = names.setdefault(place_of(target), target)
        if other is not target:
            raise ParameterError(
                f"Cannot write both {str(other)!r} and {str(target)!r}: they are one file. Choose two names, "
                "or take away the link."
            )


def write_text(target: str | os.PathLike[str], text: str) -> Path:
    """Write `text` as UTF-8 to `target`, whole or not at all, and return the path.

    What is not valid Unicode, as in some names of files, is written with Python's backslash escapes.
    """
    target = Path(target)
    with replace_when_complete(target) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    return target


def kind_of(path: str | os.PathLike[str]) -> Literal["file", "folder", "other", "nothing"]:
    """Tell what stands at a path: nothing, too, where the name is impossible or may not be looked up."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return "nothing"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def _writable_place(target: Path) -> Path:
    """Where the file itself is to stand, unless something there must not be replaced."""
    try:
        if b"\0" in os.fsencode(target):
            raise ValueError("a name cannot hold a null character")
        final = target.resolve() if target.is_symlink() else target
        if final.is_symlink():  # since Python 3.13 such are followed once around, without a word
            raise RuntimeError("it is a link that leads in a circle")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise _refusal(target, getattr(error, "strerror", None) or str(error)) from error
    kind = kind_of(final)
    if kind == "folder":
        raise OutputError(f"Cannot write {str(target)!r}: it is a folder. Name a file inside it.")
    if kind == "other":
        # The rename would put a file where a device was.
        raise OutputError(f"Cannot write {str(target)!r}: it is a pipe or a device. Name a file.")
    if kind == "file" and not os.access(final, os.W_OK):
        # The rename would not ask.
        raise _refusal(target, "it is write-protected")
    return final


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder with the ones above it, and tell which were made, from the top."""
    missing = []
    while kind_of(folder) == "nothing" and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    made = []
    try:
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            made.append(folder)
    except OSError:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return made


def _unused_name(final: Path, suffix: str) -> Path:
    """A name beside a file; not made from its name, which may be as long as names can be."""
    return final.with_name(f"{TEMPORARY}{secrets.token_hex(6)}{suffix[:16]}")


@contextlib.contextmanager
def _refused(target: Path) -> Iterator[None]:
    """Say of an error of the system that the target cannot be written."""
    try:
        yield
    except MarsAudioError:
        raise  # some are OSErrors, which already say what is wrong
    except OSError as error:
        raise _refusal(target, _reason_of(error, target), error) from error


def _reason_of(error: OSError, target: Path) -> str:
    """What is wrong, and with what: the system does not say that a file is where a folder should be."""
    for above in target.parents:
        if kind_of(above) in ("file", "other"):
            return f"{str(above)!r} is no folder"
    return error.strerror or str(error)


def _of_targets(error: OutputError, replacements: Iterable[Replacement]) -> OutputError:
    """The same error of the names that are meant: who wrote knew only the temporary ones."""
    text = str(error)
    for one in replacements:
        text = text.replace(repr(str(one.temporary)), repr(str(one.target)))
    return OutputError(text)


def remedy(error: BaseException | None) -> str:
    """What helps where the system cannot write, as the beginning of an advice."""
    is_full = isinstance(error, OSError) and error.errno in NO_ROOM
    return "make room, or choose another place" if is_full else "choose another place"


def _refusal(target: Path, reason: str, error: BaseException | None = None) -> OutputError:
    return OutputError(
        f"Cannot write {str(target)!r}: {reason}. Nothing was changed there; {remedy(error)}, then run this "
        "again."
    )
