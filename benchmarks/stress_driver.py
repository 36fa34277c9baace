"""What runs in the child processes of the stress test: marsaudio's own command, in surroundings made for it.

Everything is imported before the file "ready" appears, so that who counts from there hits the work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import importlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

# What Python tells of before it changes something in a file system.
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.symlink")
DIED, FAILED, COUNTED = "kill", "fail", "count"


def run(
    arguments: Sequence[str],
    *,
    ready: str = "",
    modules: str = "",
    entries: Mapping[str, Mapping[str, Any]] | None = None,
    steps: tuple[str, str, int] | None = None,
    told: str = "",
) -> NoReturn:
    """Run ``marsaudio`` with these arguments, and end as it does.

    Parameters
    ----------
    arguments
        What follows ``marsaudio``.
    ready
        A file to make once everything is imported.
    modules
        A file with the names of what is to be imported; it is written at the end where it is not there.
    entries
        What is to be put into the catalog, by key: fields of an `Entry`.
    steps
        What is to happen at a change of the files in a folder, which folder, and at the how manieth.
    told
        Where the number of such changes is written to at the end.
    """
    from marsaudio.cli import main

    import_all(Path(modules) if modules else None)
    publish(entries or {})
    watch = Watch(*steps) if steps else None
    if ready:
        Path(ready).touch()
    if watch:
        sys.addaudithook(watch)
    sys.argv[1:] = arguments
    code = main()  # as of its own process
    if watch:
        watch.is_over = True
        Path(told).write_text(str(watch.count))
    if modules and not Path(modules).exists():
        Path(modules).write_text(json.dumps(sorted(sys.modules)))
    sys.exit(code)


def import_all(listed: Path | None) -> None:
    """Import what an earlier run had imported at its end."""
    for name in json.loads(listed.read_text()) if listed and listed.exists() else ():
        with contextlib.suppress(Exception):  # some names are made by what imports them
            importlib.import_module(name)


def publish(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Put recordings into the catalog, which a server on this machine has."""
    if not entries:
        return
    from marsaudio import catalog
    from marsaudio.catalog import entries as held

    pattern = catalog.entry("feb20_rover")
    for key, fields in entries.items():
        known = {"sha256": None, "size": None, "other_file_names": ()} | dict(fields)
        known["urls"] = tuple(known["urls"])
        held._catalog()[key] = dataclasses.replace(pattern, key=key, **known)


class Watch:
    """Counts the changes in a folder, and dies before one of them, or has it fail.

    Parameters
    ----------
    action
        `DIED`, `FAILED` or `COUNTED`.
    folder
        Which changes count; so does what is named from within an open folder, as when a tree is removed.
    at
        The how manieth.
    """

    def __init__(self, action: str, folder: str, at: int) -> None:
        self.count, self.is_over = 0, False
        self._action, self._folder, self._at = action, folder, at

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python calls before it does something."""
        if self.is_over or not self._is_change(event, arguments):
            return
        self.count += 1
        if self.count != self._at:
            return
        if self._action == DIED:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._action == FAILED:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def _is_change(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            flags = arguments[2]
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
                return False
        elif event not in CHANGES:
            return False
        if isinstance(arguments[0], int):
            return False
        path = os.fsdecode(arguments[0])
        return path.startswith(self._folder) or (event in CHANGES and not path.startswith(os.sep))
