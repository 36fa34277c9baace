"""Work on threads, in order: pieces of a recording are independent, and numpy lets go of Python's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2  # beside the one that reads and writes; each holds a piece of the recording in memory
_alone: ContextVar[bool] = ContextVar("alone", default=False)


class CallingThread(Executor):
    """Does the work at once, on the thread that asks for it."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call, and give what comes of it as a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def on_this_thread() -> Iterator[None]:
    """Take no other threads for a while: where each recording has a process, threads would be in the way."""
    before = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(before)


@contextmanager
def threads(count: int = THREADS) -> Iterator[Executor]:
    """Some threads for a while, in which matrix products take no threads of their own.

    The products are small: on several threads of their own they would take twice the CPU time.
    """
    from threadpoolctl import threadpool_limits

    pool = CallingThread() if _alone.get() else ThreadPoolExecutor(count, thread_name_prefix="marsaudio")
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            yield pool
        finally:
            # What is left undone after an error, or when nobody asks for more, is not begun.
            pool.shutdown(cancel_futures=True)


def in_order(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item], *, ahead: int = 1
) -> Iterator[Result]:
    """Give what a function makes of each item, in their order.

    Parameters
    ----------
    pool : Executor
    function : callable
        Without side effects.
    items : iterable
        Drawn from on the calling thread.
    ahead : int
        How many items may be in work beyond the one that is waited for.
    """
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
