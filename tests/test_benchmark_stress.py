"""What judges the stress test: half files, files of two runs, ends of processes, changes that are counted."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest
import stress_children
import stress_folders
import stress_record
from stress_children import Ended
from stress_driver import COUNTED, DIED, FAILED, Watch
from stress_record import Keeper, Record, Trial

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is for Linux alone")

RUNS = {"older": {"wind.wav": "1", "rover.wav": "2"}, "new": {"wind.wav": "3", "rover.wav": "4"}}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, None),
        ({"wind.wav": "3"}, None),
        ({"wind.wav": "1", "rover.wav": "2"}, None),
        ({"wind.wav": "1", "rover.wav": "4"}, "files of two runs side by side"),
        ({"wind.wav": "5"}, "wind.wav: neither of these runs wrote this"),
        ({"other.wav": "1"}, "other.wav: neither of these runs wrote this"),
    ],
)
def test_files_must_be_whole_and_of_one_run(found, said):
    wrong = stress_folders.misfits(found, RUNS)
    assert len(wrong) == (said is not None)
    assert not said or said in wrong[0]


def test_temporary_files_locks_and_moments_are_no_contents(tmp_path):
    (tmp_path / ".marsaudio-12.wav").write_text("half")
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / "wind.wav").write_text("half")
    (tmp_path / ".lock").touch()
    (tmp_path / "summary.json").write_text('{"finished_utc": "2021-02-20T00:00:00+00:00"}')
    first = stress_folders.contents(tmp_path)
    (tmp_path / "summary.json").write_text('{"finished_utc": "2021-02-21T00:00:00+00:00"}')
    assert stress_folders.contents(tmp_path) == first
    assert list(first) == ["summary.json"]
    assert stress_folders.leftovers(tmp_path) == [".marsaudio-12.wav", ".unfinished/wind.wav"]


def test_a_result_of_a_batch_is_there_as_a_whole_or_not_at_all(tmp_path):
    whole = {f"recordings/{name}/{file}": name for name in "ab" for file in ("wind.wav", "result.json")}
    one = {path: digest for path, digest in whole.items() if "/a/" in path}
    half = {"recordings/a/wind.wav": "a"}
    assert stress_folders.batch_misfits(tmp_path, one, {"new": whole}, 2) == []
    (wrong,) = stress_folders.batch_misfits(tmp_path, half, {"new": whole}, 2)
    assert wrong == "recordings/a/result.json: missing in a result that is there"


@pytest.mark.parametrize(
    ("code", "errors", "said"),
    [
        (0, "", None),
        (2, "marsaudio: There is no file 'a.wav'.\n", None),
        (2, "", "refused without a word"),
        (1, "", "exit code 1 instead of 0 or 2"),
        (-9, "", "exit code -9"),
        (2, "marsaudio: one\nmarsaudio: two\n", "2 lines"),
        (0, "matplotlib says something\n", "on standard error: matplotlib says something"),
        (2, "Traceback (most recent call last):\nOSError: 5\n", "a traceback: OSError: 5"),
        (stress_children.HUNG, "", "hung"),
    ],
)
def test_an_end_is_an_exit_code_and_at_most_one_line(code, errors, said):
    wrong = stress_children.complaints(Ended(code, "", errors))
    assert len(wrong) == (said is not None)
    assert not said or said in wrong[0]


def test_what_a_process_said_names_no_folder_of_this_machine():
    (wrong,) = stress_children.complaints(Ended(0, "", "/usr/lib/joblib/tracker.py:4: UserWarning: 8 left\n"))
    assert wrong == "on standard error: tracker.py:4: UserWarning: 8 left"


def test_changes_of_a_folder_are_counted_and_one_fails(tmp_path):
    watch = Watch(FAILED, str(tmp_path), 2)
    watch("open", (str(tmp_path / "a"), "r", 0))
    watch("open", (str(tmp_path.parent / "a"), "w", 1))
    watch("open", (str(tmp_path / "a"), "w", 1))
    assert watch.count == 1
    with pytest.raises(OSError, match="Input/output error"):
        watch("os.rename", (str(tmp_path / "a"), str(tmp_path / "b"), -1, -1))
    assert Watch(COUNTED, str(tmp_path), 0).count == 0


def test_a_process_dies_before_the_change_that_was_chosen(tmp_path):
    program = (
        "import sys, pathlib\nfrom stress_driver import Watch\n"
        f"sys.addaudithook(Watch({DIED!r}, {str(tmp_path)!r}, 2))\n"
        f"for name in 'abc': pathlib.Path({str(tmp_path)!r}, name).touch()\n"
    )
    folder = str(Path(stress_children.__file__).parent)
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": folder}, check=False)
    assert done.returncode == -9
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_table_counts_outcomes_and_names_each_fault_once():
    trials = [
        Trial("`analyze`", "killed", ("a half file",), 1, 0, "after 1 s"),
        Trial("`analyze`", "killed", ("a half file",), 0, 0, "after 2 s"),
        Trial("`analyze`", "done"),
    ]
    row = stress_record.table_of(trials).splitlines()[2]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "`analyze`", "3", "1 done, 2 killed", "2", "1", "0",
    ]  # fmt: skip
    assert stress_record.faults_of(trials) == "- `analyze`: a half file (2 times, such as after 2 s).\n"


def attempts_that_tell(made, count=60):
    def attempt(number):
        made.append(number)
        return Trial("`analyze`", "killed", example=f"{number}")

    return [functools.partial(attempt, number) for number in range(count)]


def test_who_starts_again_goes_on_where_it_was_interrupted(tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    path, made = tmp_path / "stress.json", []
    attempts = attempts_that_tell(made)
    with pytest.raises(KeyboardInterrupt):
        Keeper(Record(path, 1), "kill", 60).tried([*attempts[:59], interrupt], at_a_time=1)
    kept = len(Record(path, 1).trials("kill"))
    assert 0 < kept < 60
    made.clear()
    trials = Keeper(Record(path, 1), "kill", 60).tried(attempts, at_a_time=1)
    assert made == list(range(kept, 60))
    assert [trial.example for trial in trials] == [str(number) for number in range(60)]


@pytest.mark.parametrize(("seed", "times"), [(2, 60), (1, 61)])
def test_nothing_is_gone_on_with_of_another_seed_or_number(seed, times, tmp_path):
    path, made = tmp_path / "stress.json", []
    Keeper(Record(path, 1), "kill", 60).tried(attempts_that_tell([]), at_a_time=1)
    Keeper(Record(path, seed), "kill", times).tried(attempts_that_tell(made), at_a_time=1)
    assert made == list(range(60))
