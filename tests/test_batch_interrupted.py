"""A batch that is killed, in whatever part, and started again ends as one that was not."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import pytest
from filelock import FileLock, Timeout
from refusals import refused

import marsaudio as ma
from marsaudio.batch import running, workers
from marsaudio.batch.results import unfinished_folder
from marsaudio.batch.working import Outcome, work_on

NAMES = [f"r{number}.wav" for number in range(5)]
PATIENCE = 120  # s; far more than any of it takes
UNLIKE_EACH_OTHER = ["loky", "dask"]


@pytest.fixture(scope="module")
def recordings(gusty, tmp_path_factory):
    """Five recordings that each take long enough to be interrupted at: the same sound, turned round."""
    folder = tmp_path_factory.mktemp("in")
    sound = np.tile(gusty.samples, 4)
    for number, name in enumerate(NAMES):
        ma.Recording(np.roll(sound, 16000 * number), 16000).save(folder / name, encoding="PCM_16")
    return folder


@pytest.fixture(scope="module")
def whole(recordings, tmp_path_factory):
    """The files of a run that nothing happened to."""
    output = tmp_path_factory.mktemp("whole") / "out"
    ma.batch.run(recordings, output, jobs=1, progress=False)
    return tree(output)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def start(recordings, output, *options):
    """The command in a process of its own, which can be interrupted whatever started the tests."""
    return subprocess.Popen(
        [sys.executable, "-m", "marsaudio", "batch", recordings, "-o", output, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def results(output):
    return {path: path.stat().st_mtime_ns for path in output.glob("recordings/*/result.json")}


def wait_until(so, what):
    limit = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < limit, f"{what} within {PATIENCE} s"
        time.sleep(0.005)


def wait_until_it_works(process, output, *, done=1):
    """Some recordings are done, and another is being worked on."""

    def so():
        assert process.poll() is None, process.stderr.read()
        return len(results(output)) >= done and any(output.glob(".unfinished/*.lock"))

    wait_until(so, f"{done} results")


def is_held(path):
    """Whether a living process has this lock."""
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def error_of(process):
    _, error = process.communicate(timeout=PATIENCE)
    return error.splitlines()


def goes_on(recordings, output, whole, **options):
    """Started again, it does only what is missing, and ends with the files of a run that was not stopped."""
    before = results(output)
    report = ma.batch.run(recordings, output, progress=False, **options)
    assert (report.kept, report.computed, report.failures) == (len(before), len(NAMES) - len(before), {})
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    assert tree(output) == whole
    return True


@pytest.mark.parametrize("backend", UNLIKE_EACH_OTHER)
def test_processes_give_the_bytes_of_one(recordings, whole, tmp_path, backend):
    report = ma.batch.run(recordings, tmp_path / "out", jobs=2, backend=backend, progress=False)
    assert report.computed == len(NAMES)
    assert tree(tmp_path / "out") == whole


def test_a_port_of_dask_that_somebody_has_is_no_trouble(recordings, whole, tmp_path):
    with socket.socket() as other:
        with contextlib.suppress(OSError):  # then somebody has it already
            other.bind(("0.0.0.0", 8787))
            other.listen()
        report = ma.batch.run(recordings, tmp_path / "out", jobs=2, backend="dask", progress=False)
    assert report.computed == len(NAMES)
    assert tree(tmp_path / "out") == whole


@pytest.mark.parametrize("backend", UNLIKE_EACH_OTHER)
def test_a_killed_parent_is_gone_on_from(recordings, whole, tmp_path, backend):
    output = tmp_path / "out"
    with start(recordings, output, "--jobs", "2", "--backend", backend) as process:
        wait_until_it_works(process, output)
        processes = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    try:
        # What its workers were at, they may finish before they end as well; they may even begin what waits.
        wait_until(lambda: not any(map(is_held, output.glob(".unfinished/*.lock"))), "the last results")
    finally:
        for worker in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        psutil.wait_procs(processes, timeout=PATIENCE)
    assert goes_on(recordings, output, whole, jobs=1)


@pytest.mark.parametrize("backend", UNLIKE_EACH_OTHER)
def test_an_interrupted_run_is_gone_on_from(recordings, whole, tmp_path, backend):
    output = tmp_path / "out"
    with start(recordings, output, "--jobs", "2", "--backend", backend) as process:
        wait_until_it_works(process, output)
        process.send_signal(signal.SIGINT)
        assert error_of(process) == ["marsaudio: interrupted"]
    assert process.returncode == 130
    table = (output / "summary.csv").read_text().splitlines()
    assert len(table) == 1 + len(NAMES)
    assert sum(",done," in row for row in table) == len(results(output)) < len(NAMES)
    assert goes_on(recordings, output, whole, jobs=1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_says_no_word_nor_do_the_processes_that_it_leaves(recordings, tmp_path, number):
    output = tmp_path / "out"
    with start(recordings, output, "--jobs", "2") as process:
        wait_until_it_works(process, output)
        workers = [
            one for one in psutil.Process(process.pid).children() if "LokyProcess" in str(one.cmdline())
        ]
        process.send_signal(number)
        for worker in workers:  # which would wait for more work
            worker.kill()
        assert error_of(process) == []  # which is open until the last of them has ended
    assert process.returncode == -number


def dies_once(item, output, settings):
    """Kills its process the first time that it comes to the third recording."""
    died = Path(output).with_name("died")
    if item.name == NAMES[2] and not died.exists():
        died.touch()
        die_at(item, output)
    return work_on(item, output, settings)


def dies_always(item, output, settings):
    if item.name == NAMES[2]:
        die_at(item, output)
    return work_on(item, output, settings)


def dies_idle(item, output, settings):
    os.kill(os.getpid(), signal.SIGKILL)


def tells_where(item, output, settings):
    return Outcome(item.name, failure=str(os.getpid()))


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells which signals are blocked"
)
def test_only_the_process_that_started_the_others_is_interrupted(recordings, tmp_path):
    output = tmp_path / "out"
    with start(recordings, output, "--jobs", "2") as process:
        wait_until_it_works(process, output)
        started = [
            one for one in psutil.Process(process.pid).children() if "LokyProcess" in str(one.cmdline())
        ]
        blocked = [re.search(r"SigBlk:\s+(\w+)", status_of(one.pid))[1] for one in started]
        own = re.search(r"SigBlk:\s+(\w+)", status_of(process.pid))[1]
        process.kill()
        for one in started:
            one.kill()
    assert len(blocked) == 2
    assert all(int(mask, 16) >> (signal.SIGINT - 1) & 1 for mask in blocked)
    assert not int(own, 16) >> (signal.SIGINT - 1) & 1


def status_of(pid):
    return Path(f"/proc/{pid}/status").read_text()


def test_a_cluster_of_one_worker_does_it_there_and_not_here(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "work_on", tells_where)
    report = ma.batch.run(recordings, tmp_path / "out", jobs=1, backend="dask", progress=False)
    assert len(set(report.failures.values())) == 1
    assert str(os.getpid()) not in report.failures.values()


def die_at(item, output):
    with unfinished_folder(Path(output), item):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("backend", UNLIKE_EACH_OTHER)
def test_the_work_of_a_killed_worker_is_done_by_another(recordings, whole, tmp_path, monkeypatch, backend):
    monkeypatch.setattr(running, "work_on", dies_once)
    report = ma.batch.run(recordings, tmp_path / "out", jobs=2, backend=backend, progress=False)
    assert (tmp_path / "died").exists()
    assert (report.computed, report.failures) == (len(NAMES), {})
    assert tree(tmp_path / "out") == whole


@pytest.mark.parametrize("backend", UNLIKE_EACH_OTHER)
def test_a_recording_that_kills_each_worker_has_failed_and_stops_no_other(
    recordings, whole, tmp_path, monkeypatch, backend
):
    output = tmp_path / "out"
    monkeypatch.setattr(running, "work_on", dies_always)
    report = ma.batch.run(recordings, output, jobs=2, backend=backend, progress=False)
    assert report.computed == len(NAMES) - 1
    assert list(report.failures) == [NAMES[2]]
    assert "died, twice" in report.failures[NAMES[2]]
    monkeypatch.undo()
    assert goes_on(recordings, output, whole, jobs=1)


def test_workers_that_die_again_and_again_end_the_run(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "work_on", dies_idle)
    with refused(ma.ClusterError, "Workers died 3 times"):
        ma.batch.run(recordings, tmp_path / "out", jobs=2, progress=False)


def test_a_death_that_joblib_is_not_told_of_is_noticed(recordings, tmp_path, monkeypatch):
    from joblib.externals.loky import process_executor

    manager = process_executor._ExecutorManagerThread
    monkeypatch.setattr(manager, "terminate_broken", lambda self, error: self.kill_workers("a test"))
    monkeypatch.setattr(workers, "NOBODY_SECONDS", 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(running, "work_on", dies_idle)
        with refused(ma.ClusterError, "Workers died 3 times"):
            ma.batch.run(recordings, tmp_path / "out", jobs=2, progress=False)
    assert ma.batch.run(recordings, tmp_path / "out", jobs=2, progress=False).computed == len(NAMES)


def test_processes_that_went_for_want_of_work_are_no_news():
    with workers.workers("loky", 2, None):
        # What joblib says where one went as another task came: it depends on hundredths of a second.
        warnings.warn("A worker stopped while some jobs were given to the executor.", stacklevel=1)


def test_a_run_beside_one_that_is_under_way_is_refused(recordings, whole, tmp_path):
    output = tmp_path / "out"
    with start(recordings, output, "--jobs", "1") as process:
        wait_until_it_works(process, output)
        with refused(ma.OutputError, "another run is writing"):
            ma.batch.run(recordings, output, jobs=1, progress=False)
        assert error_of(process) == []
    assert process.returncode == 0
    assert tree(output) == whole


def address_in(file):
    """The address that a scheduler wrote; None before it has written all of it."""
    try:
        return json.loads(file.read_text())["address"]
    except (FileNotFoundError, json.JSONDecodeError):
        return None


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, as on other machines: its address and its process."""
    file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "distributed.cli.dask_scheduler",
            "--port",
            "0",
            "--host",
            "127.0.0.1",
            *common,
        ],
        stderr=subprocess.DEVNULL,
    ) as scheduler:
        wait_until(lambda: address_in(file) is not None, "a scheduler")
        dask_workers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "distributed.cli.dask_worker",
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    *common,
                ],
                stderr=subprocess.DEVNULL,
            )
            for _ in range(2)
        ]
        try:
            yield address_in(file), scheduler
        finally:
            for process in (*dask_workers, scheduler):
                process.kill()
                process.wait()


def test_a_scheduler_elsewhere_does_it_and_where_it_is_killed_the_rest_can_be_done_here(
    recordings, whole, tmp_path, cluster
):
    address, scheduler = cluster
    output = tmp_path / "out"
    with start(recordings, output, "--scheduler", address) as process:
        wait_until_it_works(process, output)
        scheduler.kill()
        (line,) = error_of(process)
    assert process.returncode == 2
    assert "scheduler went away" in line
    assert goes_on(recordings, output, whole, jobs=1)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "tcp://127.0.0.1:9", "nonsense", "tcp://host:port"])
def test_a_scheduler_that_is_not_there_is_one_clear_error(recordings, tmp_path, address):
    with refused(ma.ClusterError, f"no Dask scheduler at '{address}'"):
        ma.batch.run(recordings, tmp_path / "out", scheduler=address, progress=False)


def test_what_answers_but_is_no_scheduler_is_refused(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 0.5)
    import http.server
    import threading

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with refused(ma.ClusterError, "does not answer as one"):
            address = f"127.0.0.1:{server.server_port}"
            ma.batch.run(recordings, tmp_path / "out", scheduler=address, progress=False)
        server.shutdown()
