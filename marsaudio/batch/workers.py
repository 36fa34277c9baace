"""The workers of a batch: joblib's processes or threads on this machine, or a Dask cluster anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import os
import queue
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, Literal
from urllib.parse import urlsplit

from marsaudio.batch.working import Outcome
from marsaudio.errors import ClusterError, MissingLibraryError, ParameterError

Backend = Literal["loky", "threading", "dask"]
Task = Callable[[], Outcome]

BACKENDS = ("loky", "threading", "dask")
CONNECT_SECONDS = 5.0  # a scheduler that is there answers within milliseconds
LOST_SECONDS = 15.0  # a scheduler that does not answer for so long is gone
GIVEN_UP_SECONDS = 2.0  # in which joblib hands on a task, if there is one to hand on
IDLE_SECONDS = 10  # after which a process without work ends, also where the one that started it was killed
NOBODY_SECONDS = 15.0  # processes are started anew within far less
LOOK_SECONDS = 0.5  # how often the cluster is looked at
# Of a cluster of our own. Dask's workers give each piece of memory back as they are done with it, and fetch
# it again for the next, which took three times as long as the work; and a recording at which a process died
# goes to others only once it was tried by itself.
LOCAL_CLUSTER = {
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 2**25,
    "distributed.scheduler.allowed-failures": 0,
}


class WorkerDiedError(Exception):
    """A process died at its work: by a signal, or for want of memory."""


class Workers:
    """Processes or threads that take tasks; see `workers`.

    Parameters
    ----------
    options
        For `joblib.parallel_config`: the backend and the number of jobs, unless that is Dask.
    address
        Of a Dask scheduler, where that is the backend.
    """

    def __init__(self, options: dict[str, Any], address: str | None = None) -> None:
        self._options, self._address = options, address

    def outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Give what becomes of the tasks, each as soon as it is done.

        Raises
        ------
        WorkerDiedError
            A process died. Tasks that gave no outcome may be given again.
        ClusterError
            The cluster is gone.
        """
        return self._on_cluster(tasks) if self._address else _through_joblib(tasks, self._options)

    def alone(self, task: Task) -> Outcome:
        """Give one task to a process that works on nothing else: should it die, it is the task's doing.

        Raises
        ------
        WorkerDiedError, ClusterError
            As `outcomes`.
        """
        # Of one job, joblib makes no process.
        lonely = self._options if self._address else self._options | {"n_jobs": 2}
        (outcome,) = Workers(lonely, self._address).outcomes([task])
        return outcome

    def _on_cluster(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """With a client of its own: an earlier one may still wait for what was given up."""
        import distributed

        client = distributed.Client(  # type: ignore[no-untyped-call]
            self._address, timeout=CONNECT_SECONDS, set_as_default=False
        )
        try:
            yield from _watched(tasks, _dask_backend(client), client)
        finally:
            _quietly(client.close, timeout=2)


def _through_joblib(tasks: Sequence[Task], options: dict[str, Any]) -> Iterator[Outcome]:
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    if options["backend"] == "loky":
        tasks = [functools.partial(_in_folder, os.getcwd(), task) for task in tasks]  # noqa: PTH109
    with parallel_config(**options):
        parallel = Parallel(return_as="generator_unordered", batch_size=1)
    if options["backend"] == "loky":
        _start_quiet_tracker()
    with _interrupts_kept_from_processes() if options["backend"] == "loky" else contextlib.nullcontext():
        outcomes = parallel(delayed(task)() for task in tasks)
    count = 0
    try:
        with _ended_without_processes(parallel) if options["backend"] == "loky" else contextlib.nullcontext():
            for outcome in outcomes:
                count += 1
                yield outcome
    except TerminatedWorkerError as error:
        raise WorkerDiedError from error
    finally:
        outcomes.close()
    if count < len(tasks):
        raise WorkerDiedError


def _start_quiet_tracker() -> None:
    """Start the process that clears what a run leaves that is stopped or killed, to do so without a word."""
    from joblib.externals.loky.backend import resource_tracker

    sys.warnoptions.append("ignore:resource_tracker:UserWarning")  # which it is given when it is started
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.pop()


@contextlib.contextmanager
def _interrupts_kept_from_processes() -> Iterator[None]:
    """Have processes that are started meanwhile never be interrupted: who started them ends them.

    A terminal interrupts all of them at once, and one that is still importing would say so in many lines.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which the first of them would do, and let interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_folder(folder: str, task: Task) -> Outcome:
    """Work where the one who asked is: a process may be left from when that was elsewhere."""
    if os.getcwd() != folder:  # noqa: PTH109
        os.chdir(folder)
    return task()


@contextlib.contextmanager
def _ended_without_processes(parallel: Any) -> Iterator[None]:
    """Have joblib stop to wait once none of its processes has been there for some seconds.

    Where a process dies in the moment in which it is given a task, joblib may not be told, and wait for ever.
    """
    done = threading.Event()

    def watch() -> None:
        since = time.monotonic()
        while not done.wait(LOOK_SECONDS):
            if any(isinstance(child, LokyProcess) for child in multiprocessing.active_children()):
                since = time.monotonic()
            elif time.monotonic() - since > NOBODY_SECONDS:
                parallel._aborting = True  # what it sets itself where it was told
                # Else it would give later work to the processes that are gone, too.
                with contextlib.suppress(Exception):
                    parallel._backend._workers.shutdown(wait=False, kill_workers=True)
                return

    from joblib.externals.loky.backend.process import LokyProcess

    threading.Thread(target=watch, name="marsaudio batch watch", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _dask_backend(client: Any) -> dict[str, Any]:
    """Joblib's backend for Dask, for `joblib.parallel_config`."""
    from joblib._dask import DaskDistributedBackend

    class AlwaysElsewhere(DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            # Where there is one worker, be it that the other has just died, joblib would do the work in
            # this process: not where it was asked to, and a recording that kills its worker would kill it.
            return max(2, int(super().effective_n_jobs(n_jobs)))

    return {"backend": AlwaysElsewhere(client=client), "n_jobs": -1}


def _watched(tasks: Sequence[Task], options: dict[str, Any], client: Any) -> Iterator[Outcome]:
    """As `_through_joblib`, which waits for ever for a cluster that has gone, or for what it gave up."""
    found: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()

    def collect() -> None:
        try:
            for outcome in _through_joblib(tasks, options):
                found.put(outcome)
            found.put(None)
        except BaseException as error:
            found.put(error)

    threading.Thread(target=collect, name="marsaudio batch", daemon=True).start()
    watch = _Watch(client)
    while True:
        try:
            outcome = found.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            watch.look()
            continue
        if outcome is None:
            return
        if isinstance(outcome, TimeoutError):
            raise ClusterError(
                "The Dask cluster has no workers. Start some with 'dask worker ADDRESS', then start again."
            ) from outcome
        if isinstance(outcome, (OSError, CancelledError)):
            raise _scheduler_is_gone() from outcome
        if isinstance(outcome, BaseException):
            raise outcome
        if not isinstance(outcome, Outcome):  # what a cluster gives that was started anew
            raise _scheduler_is_gone()
        yield outcome


class _Watch:
    """Finds what joblib is never told: tasks that Dask gave up, and a scheduler that is gone."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._since: dict[str, float] = {}

    def look(self) -> None:
        """Look at the cluster, while an outcome is waited for.

        Raises
        ------
        WorkerDiedError, ClusterError
            There will be none.
        """
        states = {future.status for future in list(self._client.futures.values())}
        away = self._client.status != "running" or bool(states & {"cancelled", "lost"})
        if self._client.status == "closed" or self._lasts("away", away) > LOST_SECONDS:
            raise _scheduler_is_gone()
        # joblib lets go of a task that was given up, and waits for it all the same.
        if "error" in states or self._lasts("idle", not away and "pending" not in states) > GIVEN_UP_SECONDS:
            raise WorkerDiedError

    def _lasts(self, what: str, so: bool) -> float:
        """For how many seconds it has been so."""
        now = time.monotonic()
        if not so:
            self._since.pop(what, None)
        return now - self._since.setdefault(what, now) if so else 0.0


@contextlib.contextmanager
def workers(backend: Backend | None, jobs: int | None, scheduler: str | None) -> Iterator[Workers]:
    """Start the workers, or connect to them, and let them go at the end.

    Parameters
    ----------
    backend
        As `marsaudio.batch.run`.
    jobs
        How many; None for one on each processor.
    scheduler
        The address of a Dask scheduler.

    Raises
    ------
    ParameterError
        There is no such backend, or the options do not go together.
    MissingLibraryError
        Dask is not installed.
    ClusterError
        The scheduler is not there.
    """
    backend, jobs = check_workers(backend, jobs, scheduler)
    if backend != "dask":
        options: dict[str, Any] = {"backend": backend, "n_jobs": jobs}
        if backend == "loky":
            options["idle_worker_timeout"] = IDLE_SECONDS
        with warnings.catch_warnings():
            # A process that went for want of work as there was some again: another one is started.
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
            yield Workers(options)
        return
    with _dask_scheduler(jobs, scheduler) as address:
        yield Workers({}, address)


def check_workers(backend: Backend | None, jobs: int | None, scheduler: str | None) -> tuple[Backend, int]:
    """Say what is meant where something was left out, and refuse what does not go together."""
    import joblib

    if scheduler is not None:
        if backend not in (None, "dask"):
            raise ParameterError(
                f"scheduler={scheduler!r} is Dask's, and backend={backend!r} is not. Leave out one of them."
            )
        if jobs is not None:
            raise ParameterError(
                f"jobs={jobs!r} says how many workers to start, but the scheduler at {scheduler!r} has its "
                "own. Leave out one of them."
            )
        backend = "dask"
    backend = backend or "loky"
    if backend not in BACKENDS:
        raise ParameterError(f"backend={backend!r} must be one of {', '.join(map(repr, BACKENDS))}.")
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise ParameterError(f"jobs={jobs!r} must be a whole number of workers, 1 or more.")
    return backend, jobs or joblib.cpu_count()


@contextlib.contextmanager
def _dask_scheduler(jobs: int, scheduler: str | None) -> Iterator[str]:
    """The address of a scheduler: of one that is there, or of one that is started with its workers."""
    try:
        import dask
        import distributed
    except ImportError as error:
        raise MissingLibraryError(
            "backend='dask' needs dask and distributed, which are not installed. Install them with "
            "pip install 'marsaudio[cluster]'."
        ) from error
    with _silent("distributed", "tornado", "asyncio"):
        if scheduler is not None:
            _check_reachable(scheduler)
            yield scheduler
            return
        with dask.config.set(LOCAL_CLUSTER):
            cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                # Without a dashboard it has a port for its health all the same: any that is free.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,
            )
            try:
                yield cluster.scheduler_address
            finally:
                _quietly(cluster.close, timeout=10)


def _check_reachable(address: str) -> None:
    """Refuse within seconds what Dask would wait for without end, such as what is no scheduler.

    Raises
    ------
    ClusterError
        With the reason.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        host, port = parts.hostname, parts.port
        if not host or not port:
            raise ValueError("it has no host or no port")
        if parts.scheme == "tcp":
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
            # In a thread of its own: a notebook's runs a loop already.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, _ask(address)).result()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it does not answer as one"
        raise ClusterError(
            f"There is no Dask scheduler at {address!r} ({reason}). Start one with 'dask scheduler', which "
            "says its address, such as 'tcp://192.168.0.1:8786', or leave it out to work on this machine."
        ) from error


async def _ask(address: str) -> None:
    from distributed import rpc

    async with asyncio.timeout(CONNECT_SECONDS):
        async with rpc(address) as there:  # type: ignore[no-untyped-call]
            kind = (await there.identity())["type"]
    if kind != "Scheduler":
        raise ValueError(f"it is a {kind}")


def _scheduler_is_gone() -> ClusterError:
    return ClusterError(
        "The Dask scheduler went away. What was finished stays; start the scheduler and its workers, then "
        "start again to go on."
    )


def _quietly(close: Callable[..., object], **options: Any) -> None:
    with contextlib.suppress(Exception):
        close(**options)


@contextlib.contextmanager
def _silent(*libraries: str) -> Iterator[None]:
    """Keep what libraries log from the terminal: what matters of it is raised."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in libraries]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
