"""Write whole files or none: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from marsaudio.errors import MarsAudioError, OutputError


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
    target = Path(target)
    final = _writable_place(target)
    # Not made from the target's name, which may be as long as names can be.
    temporary = final.with_name(f".marsaudio-{secrets.token_hex(6)}{final.suffix[:16]}")
    made: list[Path] = []
    complete = False
    try:
        made = _make_folder(final.parent)
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        if kind_of(final) == "file":
            temporary.chmod(stat.S_IMODE(final.stat().st_mode))
        temporary.replace(final)
        complete = True
    except MarsAudioError:
        raise  # some are OSErrors, which already say what is wrong
    except OSError as error:
        raise _refusal(target, error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if not complete:
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    folder.rmdir()


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


def _refusal(target: Path, reason: str) -> OutputError:
    return OutputError(
        f"Cannot write {str(target)!r}: {reason}. Nothing was changed there; "
        "choose another place or make room, then run this again."
    )
