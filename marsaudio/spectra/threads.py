"""Matrix products on the calling thread alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Let matrix products take no threads of their own for a while.

    The products are small: on several threads they would take twice the processor time for the same time on
    the clock. Nor is anything else here worked on in threads: between pieces they would pass Python's lock
    to and fro for a third more processor time, and a recording a process is what keeps several cores busy.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
