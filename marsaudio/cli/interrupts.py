"""Interrupts from the keyboard at moments in which Python would drop them, or show a traceback."""

from __future__ import annotations

import _thread
import contextlib
import functools
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

AGAIN_SECONDS = 0.01  # by when what cannot be interrupted is over: it is a callback of some lines


def raise_again_what_python_drops() -> None:
    """Have an interrupt that comes within a finalizer or the like come again, instead of a traceback.

    Nothing that is raised there can leave it: Python shows it, and goes on as if there had been none.
    """
    others, this_thread = sys.unraisablehook, threading.get_ident()

    def hook(dropped: UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            others(dropped)
            return
        again = threading.Timer(AGAIN_SECONDS, functools.partial(_interrupt, this_thread))
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def _interrupt(thread: int) -> None:
    if hasattr(signal, "pthread_kill"):  # which also ends what it waits for
        signal.pthread_kill(thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def leave_to_the_system() -> None:
    """Have the system end this process at an interrupt: Python, while it ends, would show a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and nobody has it ignored
        with contextlib.suppress(ValueError):  # another thread than the main one, which no interrupt reaches
            signal.signal(signal.SIGINT, signal.SIG_DFL)
