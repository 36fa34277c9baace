"""Write whole files or none: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from marsaudio.errors import OutputError


@contextlib.contextmanager
def replace_when_complete(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target`, and rename it to `target` once the block succeeded.

    Parameters
    ----------
    target
        Where the file is to stand at the end. Its folder is made when it is missing.

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
    if target.is_dir():
        raise OutputError(f"Cannot write {str(target)!r}: it is a folder. Name a file inside it.")
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(6)}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb+") as complete:
            os.fsync(complete.fileno())
        os.replace(temporary, target)
    except OSError as error:
        # Errors of our own reading side are OSErrors too: they already say what is wrong.
        if isinstance(error, OutputError) or type(error).__module__.startswith("marsaudio"):
            raise
        reason = error.strerror or str(error)
        raise OutputError(
            f"Cannot write {str(target)!r}: {reason}. Nothing was changed there; "
            "choose another place or make room, then run this again."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(target: str | os.PathLike[str], text: str) -> Path:
    """Write `text` as UTF-8 to `target`, whole or not at all, and return the path."""
    target = Path(target)
    with replace_when_complete(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return target
