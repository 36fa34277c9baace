"""What measures speed: processes that tell their own memory, ratios within a round, tables, and going on."""

import dataclasses
import sys

import competitors
import floor
import material
import numpy as np
import processes
import pytest
import rounds
import scale
import soundfile
import speed
import speed_tables
from processes import Usage
from rounds import Record, Round

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")

CONDITIONS = {
    "marsaudio": "1",
    "source code": "abc",
    "Python": "CPython",
    "libraries": "numpy 2",
    "machine": "one",
    "system": "Linux",
    "environment": "",
}
SECONDS_TO_BURN = 0.3
BURN = f"import time\nwhile time.process_time() < {SECONDS_TO_BURN}: pass"


def used(cpu, *, wall=None, memory=100e6, **others):
    return Usage(cpu, cpu if wall is None else wall, int(memory), **others)


def one_round(group="60 s", *, load=0.0, **usages):
    return Round(group, usages, load, load, "2021-02-20")


def record_of(*several, path=None):
    return Record(CONDITIONS, several, path)


def test_the_memory_of_a_process_is_its_own_and_not_that_of_who_started_it():
    held = np.ones(300 * 2**20, dtype=np.uint8)
    usage = processes.measure("")
    assert 2**20 < usage.memory < held.nbytes / 2
    more = processes.measure("held = bytearray(100 * 2**20)")
    assert more.memory - usage.memory == pytest.approx(100 * 2**20, rel=0.05)


def test_what_a_process_works_is_counted_with_what_those_work_that_it_starts():
    alone = processes.measure(BURN)
    assert alone.cpu >= SECONDS_TO_BURN
    both = processes.measure(
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\n{BURN}"
    )
    assert both.cpu >= 2 * SECONDS_TO_BURN


def test_the_memory_of_workers_is_added_when_it_is_asked_for():
    worker = "import time\nheld = bytearray(100 * 2**20)\ntime.sleep(0.5)"
    statement = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {worker!r}])"
    alone, both = (processes.measure(statement, workers=workers) for workers in (False, True))
    assert both.largest_worker > 100 * 2**20 > alone.memory
    assert both.memory - both.largest_worker == pytest.approx(alone.memory, rel=0.1)


def test_a_process_that_fails_says_why():
    usage = processes.measure("raise MemoryError('too little')")
    assert usage.failure == "MemoryError: too little"
    assert processes.measure("import os; os.kill(os.getpid(), 9)").failure == "ended by signal 9"


def test_a_command_that_fails_is_no_turn(tmp_path):
    statement = (
        f"import competitors; competitors.batch_one_worker({str(tmp_path / 'none')!r}, {str(tmp_path)!r})"
    )
    assert processes.measure(statement).failure


def test_what_is_read_and_written_is_counted(tmp_path):
    statement = f"open({str(tmp_path / 'file')!r}, 'wb').write(bytes(10**6))"
    usage = processes.measure(statement)
    assert usage.written == pytest.approx(1e6, rel=0.01)
    again = processes.measure(f"open({str(tmp_path / 'file')!r}, 'rb').read()")
    assert again.read - usage.read == pytest.approx(1e6, rel=0.05)


def test_what_the_machine_does_beyond_own_work_is_that_of_others(monkeypatch):
    at, busy, own = (iter(values) for values in ([0.0, 2.0], [10.0, 13.5], [1.0, 3.0]))
    for name, values in (("busy_seconds", busy), ("own_seconds", own)):
        monkeypatch.setattr(processes, name, values.__next__)
    monkeypatch.setattr(processes.time, "perf_counter", at.__next__)
    assert processes.Bystanders().processors() == pytest.approx(0.75)


def test_own_work_is_work_of_the_machine():
    busy, own = processes.busy_seconds(), processes.own_seconds()
    processes.measure(BURN)
    assert processes.own_seconds() - own >= SECONDS_TO_BURN
    assert processes.busy_seconds() - busy >= 0.8 * SECONDS_TO_BURN  # the system counts in coarse steps


def test_a_ratio_is_taken_within_a_round():
    slow_machine = [one_round(a=used(2.0), b=used(1.0)), one_round(a=used(20.0), b=used(10.0))]
    assert rounds.ratios(slow_machine, "a", "b", rounds.cpu) == [2.0, 2.0]
    assert speed_tables.spread([1.0, 3.0, 2.0]) == "2.00 (1.00–3.00)"


def test_a_round_without_one_of_the_two_has_no_ratio():
    several = [one_round(a=used(2.0)), one_round(a=used(2.0), b=used(1.0, failure="MemoryError"))]
    assert rounds.ratios(several, "a", "b", rounds.cpu) == []


def test_everyone_begins_a_round_in_turn():
    names = ["a", "b", "c"]
    turns = [rounds.rotated(names, turn) for turn in range(3)]
    assert [turn[0] for turn in turns] == names
    assert all(sorted(turn) == names for turn in turns)
    assert rounds.rotated(names, 3) == names


def test_time_on_the_clock_counts_in_idle_rounds_only():
    several = [
        one_round(floor=used(1.0, wall=1.0), separate_file=used(2.0, wall=2.0)),
        one_round(load=0.5, floor=used(1.0, wall=9.0), separate_file=used(2.0, wall=2.0)),
    ]
    assert [one.idle for one in several] == [True, False]
    row = speed_tables.compared(several, ["floor"], "separate_file").splitlines()[2]
    assert [cell.strip() for cell in row.split("|")[2:-1]] == [
        "1.0",
        "1.0",
        "100",
        "0.50 (0.50–0.50)",
        "0.50 (0.50–0.50)",
    ]
    busy = speed_tables.compared(several[1:], ["floor"], "separate_file").splitlines()[2]
    assert [cell.strip() for cell in busy.split("|")[2:-1]] == ["1.0", "–", "100", "0.50 (0.50–0.50)", "–"]


def test_who_came_to_no_end_is_named_below_the_table():
    several = [
        one_round(floor=used(1.0), separate_file=used(2.0), noisereduce=used(1.0, failure="MemoryError"))
    ]
    text = speed_tables.compared(several, speed_tables.TAKEN_APART, "separate_file")
    assert text.endswith("noisereduce came to no end: MemoryError.\n")
    assert "| noisereduce" not in text


def test_rounds_outlive_the_program_that_measured_them(tmp_path):
    path = tmp_path / "speed.json"
    first, second = one_round(a=used(1.5)), one_round("1 h", load=0.25, a=used(2.0, read=7, failure="no"))
    record = Record.open(path, CONDITIONS)
    record.add(first)
    record.add(second)
    again = Record.open(path, CONDITIONS)
    assert again.rounds == [first, second]
    assert again.groups == ["60 s", "1 h"]
    assert [item.name for item in tmp_path.iterdir()] == ["speed.json"]


def test_rounds_of_another_program_are_not_continued(tmp_path):
    path = tmp_path / "speed.json"
    Record.open(path, CONDITIONS).add(one_round(a=used(1.0)))
    with pytest.raises(SystemExit, match="with another source code"):
        Record.open(path, CONDITIONS | {"source code": "def"})


def test_only_missing_rounds_are_measured_and_who_failed_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "LISTEN_SECONDS", 0.01)
    record = record_of(path=tmp_path / "speed.json")
    group = speed.Group({"works": "pass", "fails": "raise SystemExit(3)"})
    for wanted in (1, 3, 3):
        speed.run_group("group", group, record, tmp_path, tmp_path, wanted, ())
        assert len(record.rounds) == wanted
    assert [sorted(one.usages) for one in record.rounds] == [["fails", "works"], ["works"], ["works"]]
    speed.run_group("group", group, record, tmp_path, tmp_path, 3, ("nobody",))
    assert len(record.rounds) == 3


def test_every_competitor_has_a_program_and_a_name():
    for groups in (speed.all_groups(short=True), speed.all_groups(short=False)):
        for group in groups.values():
            for name in group.statements:
                assert name in speed_tables.LABELS or name.startswith("disk_")
                assert name in speed.IMPORTS or callable(getattr(competitors, name))


def test_tables_of_nothing_say_so():
    assert set(speed_tables.all_parts(record_of()).values()) == {speed_tables.NOT_MEASURED}


@pytest.fixture
def measured():
    usages = {name: used(10.0) for name in ("separate_file", "detect_wind_file", "floor", "librosa_stft")}
    return record_of(
        one_round("60 s", **usages),
        one_round("1 h", **{name: dataclasses.replace(usage, cpu=36.0) for name, usage in usages.items()}),
        one_round("8 recordings of a minute", batch_one_worker=used(16.0), batch_two_workers=used(17.0)),
        one_round("64 recordings of a minute", batch_one_worker=used(64.0), batch_two_workers=used(65.0)),
        one_round("disk", disk_read=used(1.0, read=10**9), disk_write=used(2.0, written=10**9)),
    )


def cells_of(text, beginning):
    row = next(line for line in text.splitlines() if line.startswith(f"| {beginning}"))
    return [cell.strip() for cell in row.split("|")[2:-1]]


def test_cost_is_told_by_length(measured):
    text = speed_tables.growth(measured)
    assert cells_of(text, "`marsaudio.separate_file`, CPU") == ["10.000", "0.600"]


def test_archives_are_reckoned_from_definitions_and_from_measured_seconds(measured):
    parts = speed_tables.all_parts(measured)
    # 8760 h of 48000 samples a second of two bytes; 72 s of CPU an hour; 1 s a minute in the larger batch.
    assert cells_of(parts["scale"], "input") == ["3.03 TB", "57.60 GB"]
    assert cells_of(parts["scale"], "wind and rover stems") == ["6.05 TB", "115.20 GB"]
    assert cells_of(parts["scale"], "CPU hours") == ["175.2", "2.8"]
    assert cells_of(parts["scale"], "hours with 16 workers") == ["10.9", "0.2"]
    assert cells_of(parts["bandwidth"], "`separate_file`, 1 h") == ["0.0", "0.0", "9.6", "13.0"]
    assert "1,000 MB/s read and 500 MB/s written" in parts["bandwidth"]
    assert "64 recordings" in parts["batch"]
    assert "8 recordings" not in parts["batch"]


@pytest.mark.parametrize("frames", [1, 512, 2047, floor.FRAMES * floor.HOP_LENGTH, 70001])
def test_the_floor_gives_back_what_it_read(frames, tmp_path):
    samples = np.random.default_rng(frames).integers(-(2**15), 2**15, frames).astype(np.int16)
    paths = [str(tmp_path / name) for name in ("file.wav", "wind.wav", "rover.wav")]
    soundfile.write(paths[0], samples, 48000, subtype="PCM_16")
    floor.forth_and_back(*paths)
    wind, rover = (soundfile.read(path, dtype="int16")[0] for path in paths[1:])
    np.testing.assert_array_equal(wind + rover, samples)
    assert np.abs(rover.astype(int)).max() <= 1


def test_material_has_its_length_and_is_made_once(tmp_path, monkeypatch):
    minute = np.zeros((1, material.SCENE_SECONDS * material.RATE), dtype=np.float32)
    made = []
    monkeypatch.setattr(material, "scene", lambda number: made.append(number) or minute)
    path = material.long_file(tmp_path, 90)
    assert soundfile.info(path).frames == 90 * material.RATE
    assert material.long_file(tmp_path, 90) == path
    assert made == [0, 1]
    assert len(list(material.many_files(tmp_path, 2).iterdir())) == 2


def test_sizes_are_told_in_their_units():
    assert [scale.size(count) for count in (5.76e6, 3.456e8 * 3, 3.03e12)] == ["5.8 MB", "1.04 GB", "3.03 TB"]
