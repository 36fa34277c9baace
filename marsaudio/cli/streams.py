"""Standard input, output and error that are closed, full, or whose reader went away."""

from __future__ import annotations

import contextlib
import os
import sys

STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))  # in the order of their numbers, from 0


def open_missing() -> None:
    """Open those that were closed before the start, to nowhere.

    Else the next file that is opened gets the number of one, and what libraries in C, or other processes,
    say there would be written into it; and the workers of a batch do not start without a standard error.
    """
    for number, (name, mode) in enumerate(STREAMS):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, mode)  # noqa: SIM115 (for as long as the process lives)
            os.set_inheritable(nowhere.fileno(), nowhere.fileno() == number)
            setattr(sys, name, nowhere)


def close_quietly() -> None:
    """Let the interpreter's last flush go nowhere: the reader of the pipe has gone, or the disk is full."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_about_output(error: OSError) -> bool:
    """Whether it is about a stream: what is about a file names it, and was made a sentence before."""
    return error.filename is None
