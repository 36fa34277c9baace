"""Many recordings: which they are, what is written of each, and what goes on where."""

import csv
import errno
import json
import logging
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pds4_products import COLLECTION, label_of_audio, product_name, write_collection, write_product
from refusals import refused

import marsaudio as ma
from marsaudio import cli
from marsaudio.batch import inputs, workers, working
from marsaudio.batch.inputs import find_items

LABEL = """<?xml version="1.0"?>
<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1">
  <logical_identifier>urn:nasa:pds:test:{name}</logical_identifier>
  <Identification_Area><title>Mars sounds</title></Identification_Area>
  <File_Area_Encoded_Image><File><file_name>{name}</file_name></File><Encoded_Audio/></File_Area_Encoded_Image>
</Product_Observational>
"""


@pytest.fixture
def recordings(tmp_path, gusty):
    """Three short recordings in two folders, one of them with two different channels."""
    folder = tmp_path / "in"
    (folder / "sol 1").mkdir(parents=True)
    gusty.clip(1.0, 4.0).save(folder / "a.wav", encoding="PCM_16")
    gusty.clip(3.5, 5.5).save(folder / "sol 1" / "a.wav", encoding="PCM_16")
    both = np.concatenate([gusty.samples, gusty.samples[:, ::-1]])
    ma.Recording(both, 16000).clip(0, 2.5).save(folder / "sol 1" / "b.flac", encoding="PCM_16")
    return folder


NAMES = ["a.wav", "sol 1/a.wav", "sol 1/b.flac"]


def run(sources, output, **options):
    return ma.batch.run(sources, output, jobs=1, progress=False, **options)


def tree(folder):
    """All files below a folder, with their bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names_of(sources):
    return [item.name for item in find_items(sources)]


# Which recordings


def test_a_folder_is_searched_to_the_bottom_in_the_order_of_names(recordings):
    (recordings / "notes.txt").write_text("not sound")
    (recordings / ".hidden").mkdir()
    shutil.copy(recordings / "a.wav", recordings / ".hidden" / "a.wav")
    shutil.copy(recordings / "a.wav", recordings / "._a.wav")
    assert names_of([str(recordings)]) == NAMES


def test_a_pattern_names_recordings_from_where_it_begins_to_vary(recordings):
    assert names_of([f"{recordings}/*/*.wav"]) == ["sol 1/a.wav"]
    assert names_of([f"{recordings}/**/a.*"]) == ["a.wav", "sol 1/a.wav"]
    assert names_of([f"{recordings}/sol*"]) == ["sol 1/a.wav", "sol 1/b.flac"]


def test_a_pattern_of_any_depth_follows_no_links_to_folders(recordings, tmp_path, monkeypatch):
    for name in ("back", "sol 1/up", "sol 1/again"):
        (recordings / name).symlink_to(recordings)
    (recordings / "linked.wav").symlink_to("a.wav")
    monkeypatch.chdir(recordings.parent)
    wavs = ["a.wav", "linked.wav", "sol 1/a.wav"]
    for folder in (str(recordings), "in", "./in"):
        assert names_of([f"{folder}/**/*.wav"]) == wavs
        assert names_of([f"{folder}/**/**/*.wav"]) == wavs
        assert names_of([f"{folder}/**/*"]) == sorted([*NAMES, "linked.wav"])
        assert names_of([f"{folder}/**"]) == sorted([*NAMES, "linked.wav"])
        assert names_of([f"{folder}/**/*/*.wav"]) == ["sol 1/a.wav"]
        assert names_of([f"{folder}/**/sol*/**/a.*"]) == ["sol 1/a.wav"]
    assert names_of(["**/sol*/*.wav"]) == ["in/sol 1/a.wav"]
    assert names_of(["in/sol*/*.flac"]) == ["sol 1/b.flac"]
    assert names_of(["in/**/back/a.wav"]) == ["back/a.wav"]  # which is named
    (recordings / "[1]").mkdir()
    shutil.copy(recordings / "a.wav", recordings / "[1]")
    assert names_of(["in/**/*.wav"]) == ["[1]/a.wav", *wavs]
    with refused(ma.ParameterError, "no recording in"):
        find_items([f"{recordings}/**/*.ogg"])


def test_a_label_and_its_audio_are_one_recording(recordings):
    (recordings / "a.xml").write_text(LABEL.format(name="a.wav"))
    (recordings / "other.xml").write_text("<collection/>")
    (recordings / "broken.xml").write_text("no xml")
    (item, *_) = find_items([str(recordings)])
    assert names_of([str(recordings)]) == NAMES
    assert item.source == str(recordings / "a.xml")
    assert [Path(file).name for file in item.files] == ["a.wav", "a.xml"]


def test_a_label_without_its_audio_is_reported(recordings, tmp_path):
    (recordings / "c.xml").write_text(LABEL.format(name="c.wav"))
    report = run(recordings, tmp_path / "out")
    assert list(report.failures) == ["c.wav"]
    assert "not beside it" in report.failures["c.wav"]


def test_a_manifest_lists_paths_from_its_own_folder_and_keys(recordings):
    manifest = recordings / "list.txt"
    manifest.write_text("\ufeff# of one afternoon\n\nsol 1/a.wav\nsample\na.wav\n", encoding="utf-8")
    assert names_of([str(manifest)]) == ["a.wav", "sample", "sol 1/a.wav"]


def test_a_label_that_a_manifest_lists_by_many_names_is_read_once(recordings, monkeypatch):
    """Else a short list and one long label would keep it busy for hours."""
    write_product(recordings, 0, rate=8000)
    label = next(recordings.glob("mic*.xml")).name
    names = [f"{count * 'sol 1/../'}{label}" for count in range(40)]
    (recordings / "list.csv").write_text("file,name\n" + "".join(f"{n},{i}\n" for i, n in enumerate(names)))
    read, described = [], inputs.file_described_by
    monkeypatch.setattr(inputs, "file_described_by", lambda path: read.append(path) or described(path))
    found = find_items([str(recordings / "list.csv")])
    assert len({item.source for item in found}) == len(found) == len(names)
    assert {Path(item.files[0]).suffix for item in found} == {".wav"}
    assert len(read) == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_manifest_may_be_a_table_that_gives_names(recordings, separator):
    manifest = recordings / "list.csv"
    lines = [["sol", "File", "name"], ["1", "sol 1/a.wav", "first"], ["2", "a.wav", ""], ["", "", ""]]
    manifest.write_text("\n".join(separator.join(line) for line in lines))
    assert names_of([str(manifest)]) == ["a.wav", "first"]


def test_named_files_keep_their_paths_as_they_were_written(recordings, monkeypatch):
    monkeypatch.chdir(recordings / "sol 1")
    assert names_of(["../a.wav"]) == ["a.wav"]
    assert names_of(["./b.flac"]) == ["b.flac"]
    monkeypatch.chdir(recordings)
    assert names_of(["sol 1/a.wav", "a.wav"]) == ["a.wav", "sol 1/a.wav"]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ("when,where\n1,2\n", "columns are when, where"),
        ("", "columns are none"),
        ("file\n\0", "no text"),
        (b"file\n\xff\xfe", "UTF-8"),
        ('file\n"a', "cannot be read"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, contents, said):
    manifest = tmp_path / "list.csv"
    manifest.write_bytes(contents if isinstance(contents, bytes) else contents.encode() or b"\n")
    with refused(ma.AudioFormatError, said):
        find_items([str(manifest)])


@pytest.mark.parametrize(
    ("limit", "file", "contents", "said"),
    [
        ("MOST_MANIFEST_BYTES", "list.txt", "a.wav\n", "more than 0 MiB; divide it into several"),
        ("MOST_LINES", "list.txt", "a.wav\r\n#\n\r\n\n", "more than 3 lines; divide it into several"),
        ("MOST_RECORDINGS", "list.txt", "a.wav\n" * 4, "more than 3 recordings; divide it into several"),
        ("MOST_RECORDINGS", "list.csv", "file\n" + "a.wav\n" * 4, "more than 3 recordings; divide it into"),
        ("MOST_CELLS", "list.csv", "file,x,y\na.wav,,\n", "more than 3 cells; divide it into several"),
    ],
)
def test_a_manifest_beyond_all_reason_is_refused(recordings, monkeypatch, limit, file, contents, said):
    monkeypatch.setattr(inputs, limit, 3)
    (recordings / file).write_bytes(contents.encode())
    with refused(ma.AudioFormatError, said):
        find_items([recordings / file])


@pytest.mark.parametrize("name", ["../up", "/etc/x", "a/../../b", "."])
def test_a_name_that_leads_out_of_the_results_is_refused(recordings, name):
    (recordings / "list.csv").write_text(f"file,name\na.wav,{name}\n")
    with refused(ma.ParameterError, "name"):
        find_items([str(recordings / "list.csv")])


def test_two_recordings_of_one_name_are_refused(recordings):
    (recordings / "list.csv").write_text("file,name\na.wav,x\nsol 1/a.wav,x\n")
    with refused(ma.ParameterError, "both be called 'x'"):
        find_items([str(recordings / "list.csv")])


@pytest.mark.parametrize(("one", "other"), [("x", "x/"), ("./x", "x"), ("x//y", "x/y"), ("x/", "x/y")])
def test_names_that_lead_to_one_folder_or_into_another_are_refused(recordings, one, other):
    manifest = recordings / "list.csv"
    manifest.write_text(f"recording,name\na.wav,{one}\nb.wav,{other}\n")
    with refused(ma.ParameterError, "both be called|lie within those"):
        names_of([str(manifest)])


def test_a_name_that_no_folder_can_have_is_refused_before_any_work(recordings):
    manifest = recordings / "list.csv"
    manifest.write_text(f"recording,name\na.wav,{256 * 'x'}\n")
    with refused(ma.ParameterError, "longer than names of folders can be"):
        names_of([str(manifest)])
    manifest.write_text(f"recording,name\na.wav,{255 * 'x'}\n")
    assert names_of([str(manifest)]) == [255 * "x"]


def test_results_within_results_are_refused(recordings):
    (recordings / "list.csv").write_text("file,name\na.wav,x\nsol 1/a.wav,x/y\n")
    with refused(ma.ParameterError, "within"):
        find_items([str(recordings / "list.csv")])


def test_a_recording_that_is_named_twice_is_one(recordings):
    assert names_of([str(recordings), str(recordings)]) == NAMES


@pytest.mark.parametrize("source", ["nowhere", "nowhere/*.wav", "", "EMPTY"])
def test_where_there_is_no_recording_nothing_is_begun(tmp_path, source):
    (tmp_path / "empty").mkdir()
    with refused(ma.ParameterError, "There is no"):
        run(source.replace("EMPTY", str(tmp_path / "empty")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


# What is written


def test_each_result_is_what_the_library_gives(recordings, tmp_path):
    report = run(recordings, tmp_path / "out")
    assert (report.total, report.computed, report.kept, report.failures) == (3, 3, 0, {})
    for name in NAMES:
        recording = ma.load(recordings / name)
        stems, events = ma.separate(recording), ma.detect_wind(recording)
        result = tmp_path / "out" / "recordings" / name
        assert np.array_equal(ma.load(result / "wind.wav").samples, stems.wind.samples)
        assert np.array_equal(ma.load(result / "rover.wav").samples, stems.rover.samples)
        assert len(ma.read_labels(result / "events.csv")) == len(events)
        held = json.loads((result / "result.json").read_text())
        assert held["recording"] == name
        assert held["figures"]["event_count"] == len(events)
        assert held["figures"]["wind_cut_off_hz"] == (
            None if stems.cut_off is None else pytest.approx(stems.cut_off, abs=1e-6)
        )


def test_the_tables_hold_all_recordings_and_all_events(recordings, tmp_path):
    (recordings / "bad.wav").write_text("no sound")
    report = run(recordings, tmp_path / "out")
    summary = pd.read_csv(report.summary)
    assert list(summary.recording) == ["a.wav", "bad.wav", "sol 1/a.wav", "sol 1/b.flac"]
    assert list(summary.state) == ["done", "failed", "done", "done"]
    assert summary.reason[1] == report.failures["bad.wav"]
    assert "cannot be read as audio" in summary.reason[1]
    assert list(summary.duration_s.dropna()) == [3.0, 2.0, 2.5]
    assert list(summary.channels.dropna()) == [1, 1, 2]
    events = pd.read_csv(report.events)
    found = ma.detect_wind(ma.load(recordings / "a.wav"))
    mine = events[events.recording == "a.wav"]
    assert list(mine.start_s) == pytest.approx([event.start for event in found], abs=1e-6)
    assert summary.event_count.sum() == len(events) > 0


def test_a_table_runs_nothing_in_a_spreadsheet(recordings, tmp_path):
    (recordings / "a.wav").rename(recordings / "=1+1.wav")
    report = run(recordings, tmp_path / "out")
    assert rows(report.summary)[0]["recording"] == "'=1+1.wav"
    cells = [
        cell for table in (report.summary, report.events) for row in rows(table) for cell in row.values()
    ]
    assert cells.count("'=1+1.wav") > 1
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_without_stems_only_events_and_levels_are_written(recordings, tmp_path):
    report = run(recordings, tmp_path / "out", stems=False)
    assert sorted(path.name for path in (tmp_path / "out/recordings/a.wav").iterdir()) == [
        "events.csv",
        "result.json",
    ]
    assert rows(report.summary)[0]["event_count"] == "1"
    assert run(recordings, tmp_path / "out", stems=False).kept == 3


def test_a_reference_and_the_detections_options_reach_each_recording(recordings, gusty, tmp_path):
    rover = ma.fit_rover(gusty.clip(3.5, 6.0))
    run(recordings, tmp_path / "out", rover_noise=rover, minimum_duration=5.0)
    recording = ma.load(recordings / "a.wav")
    wind = ma.load(tmp_path / "out/recordings/a.wav/wind.wav").samples
    assert np.array_equal(wind, ma.separate(recording, rover_noise=rover).wind.samples)
    assert rows(tmp_path / "out" / "events.csv") == []


def test_a_warning_about_one_recording_is_a_note_in_the_table(gusty, tmp_path, caplog):
    gusty.clip(0, 0.5).save(tmp_path / "short.wav", encoding="PCM_16")
    with caplog.at_level(logging.WARNING):
        report = run(tmp_path / "short.wav", tmp_path / "out")
    assert caplog.records == []
    assert "Too short" in rows(report.summary)[0]["notes"]


def test_a_copy_that_is_altered_or_a_stem_is_told_and_none_that_is_altered_has_pascals(gusty, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    ma.shift(gusty, 60).save(folder / "altered.wav")
    ma.separate(gusty).wind.save(folder / "stem.wav")
    run(folder, tmp_path / "out", stems=False)
    for name, says in (("altered.wav", "altered for listening"), ("stem.wav", "separated stem")):
        result = json.loads((tmp_path / "out" / "recordings" / name / "result.json").read_text())
        assert says in result["notes"][0]
    calibration = ma.Calibration(2.0, source="a test")
    report = run(folder, tmp_path / "pascals", stems=False, calibration=calibration)
    assert list(report.failures) == ["altered.wav"]
    assert "altered for listening" in report.failures["altered.wav"]


def test_threads_give_the_same_bytes(recordings, tmp_path):
    run(recordings, tmp_path / "one")
    ma.batch.run(recordings, tmp_path / "other", jobs=3, backend="threading", progress=False)
    assert tree(tmp_path / "one") == tree(tmp_path / "other")


# Going on


def test_what_is_done_is_kept_and_what_has_failed_is_tried_again(recordings, tmp_path):
    bad = recordings / "bad.wav"
    bad.write_text("no sound")
    run(recordings, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.wav")}
    shutil.copy(recordings / "a.wav", bad)
    report = run(recordings, tmp_path / "out")
    assert (report.computed, report.kept, report.failures) == (1, 3, {})
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_a_recording_that_changed_is_worked_on_again(recordings, gusty, tmp_path):
    run(recordings, tmp_path / "out")
    gusty.clip(2.0, 4.5).save(recordings / "a.wav", encoding="PCM_16")
    report = run(recordings, tmp_path / "out")
    assert (report.computed, report.kept) == (1, 2)
    run(recordings, tmp_path / "afresh")
    assert tree(tmp_path / "out") == tree(tmp_path / "afresh")


def test_a_link_in_the_place_of_a_result_is_replaced_and_what_it_leads_to_stays(recordings, tmp_path):
    output, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    run(recordings, output)
    folder = output / "recordings" / NAMES[0]
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    (elsewhere / "wind.wav").unlink()
    before = tree(elsewhere)
    run(recordings, output)
    assert not folder.is_symlink()
    assert tree(elsewhere) == before
    assert not (output / ".unfinished").exists()


def test_a_result_of_which_a_file_is_missing_is_made_again(recordings, tmp_path):
    run(recordings, tmp_path / "out")
    whole = tree(tmp_path / "out")
    (tmp_path / "out/recordings/a.wav/rover.wav").unlink()
    (tmp_path / "out/recordings/sol 1/a.wav/result.json").write_text("{")
    assert run(recordings, tmp_path / "out").computed == 2
    assert tree(tmp_path / "out") == whole


NOT_JSON = b"[" * 100_000


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("result.json", lambda held: NOT_JSON),
        ("result.json", lambda held: b" " * 2**25),
        ("result.json", lambda held: without(held, "figures")),
        ("result.json", lambda held: without(held, "notes")),
        ("result.json", lambda held: without(held, "simulated")),
        ("result.json", lambda held: without(held, "files")),
        ("result.json", lambda held: altered(held, figures={"event_count": [1]})),
        ("result.json", lambda held: altered(held, source={"title": {}})),
        ("result.json", lambda held: altered(held, notes=[1])),
        ("result.json", lambda held: altered(held, recording="b.wav")),
        ("result.json", lambda held: altered(held, version=99)),
        ("events.csv", lambda held: b""),
        ("events.csv", lambda held: held[: len(held) // 2]),
        ("events.csv", lambda held: b"\xff\xfe\x00"),
        ("events.csv", lambda held: held.replace(b"1", b"2")),
        ("rover.wav", lambda held: held[: len(held) // 2]),
        ("wind.wav", lambda held: held + bytes(2)),
    ],
)
def test_a_result_that_was_damaged_is_made_again(recordings, tmp_path, file, damage):
    output = tmp_path / "out"
    run(recordings / "a.wav", output)
    whole = tree(output)
    (damaged,) = (output / "recordings").rglob(file)
    damaged.write_bytes(damage(damaged.read_bytes()))
    assert tree(output) != whole
    report = run(recordings / "a.wav", output)
    assert (report.computed, report.failures) == (1, {})
    assert tree(output) == whole


def without(held, part):
    return json.dumps({name: value for name, value in json.loads(held).items() if name != part}).encode()


def altered(held, **parts):
    return json.dumps(json.loads(held) | parts).encode()


def test_settings_that_were_damaged_are_refused_and_kept(recordings, tmp_path):
    run(recordings / "a.wav", tmp_path / "out")
    (tmp_path / "out" / "run.json").write_bytes(NOT_JSON)
    before = tree(tmp_path / "out")
    with refused(ma.OutputError, r"run\.json in it cannot be read \(its values are nested too deep\)"):
        run(recordings / "a.wav", tmp_path / "out")
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_result_that_cannot_take_the_place_of_an_older_one_leaves_that_there(
    recordings, gusty, tmp_path, monkeypatch, error
):
    output = tmp_path / "out"
    run(recordings / "a.wav", output)
    (folder,) = (path.parent for path in output.rglob("result.json"))
    before = tree(folder)
    gusty.clip(2.0, 4.5).save(recordings / "a.wav", encoding="PCM_16")
    rename = Path.rename

    def breaks(self, target):
        if Path(target).resolve() == folder.resolve() and not self.name.endswith("-older"):
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", breaks)
    with pytest.raises((ma.OutputError, KeyboardInterrupt)):
        run(recordings / "a.wav", output)
    assert tree(folder) == before
    monkeypatch.undo()
    assert run(recordings / "a.wav", output).computed == 1
    assert tree(folder) != before
    assert not (output / ".unfinished").exists()


@pytest.mark.parametrize("instead", ["a file", "a link that leads nowhere"])
def test_what_is_no_folder_in_the_place_of_a_result_gives_way(recordings, tmp_path, instead):
    output = tmp_path / "out"
    run(recordings / "a.wav", output)
    whole = tree(output)
    (folder,) = (path.parent for path in output.rglob("result.json"))
    shutil.rmtree(folder)
    if instead == "a file":
        folder.write_text("not a result")
    else:
        folder.symlink_to(tmp_path / "nowhere")
    assert run(recordings / "a.wav", output).computed == 1
    assert tree(output) == whole
    assert not (output / ".unfinished").exists()


def test_what_is_doubtful_about_a_file_stands_in_the_table(recordings, tmp_path):
    path = recordings / "a.wav"
    samples = ma.load(path).samples[0]
    contents = path.read_bytes()
    data = (samples * 32768).astype("<i2").tobytes()
    header = contents[: contents.index(b"data")]
    path.write_bytes(header + b"data" + b"\xff" * 4 + data + b"LIST" + (4).to_bytes(4, "little") + b"INFO")
    assert np.array_equal(ma.load(path).samples[0], samples)
    report = run(path, tmp_path / "out", stems=False)
    (row,) = rows(report.summary)
    assert "The header leaves open how long the sound is." in row["notes"]


def test_recordings_may_be_added(recordings, tmp_path):
    run(recordings / "a.wav", tmp_path / "out")
    assert run([recordings / "a.wav", recordings / "sol 1"], tmp_path / "out").kept == 1


def test_other_settings_or_recordings_are_refused(recordings, tmp_path):
    run(recordings, tmp_path / "out", false_alarms_per_minute=0.01)
    before = tree(tmp_path / "out")
    with refused(ma.ParameterError, "false_alarms_per_minute=0.01, and now it is 0.1"):
        run(recordings, tmp_path / "out")
    with refused(ma.ParameterError, "stems=True, and now it is False"):
        run(recordings, tmp_path / "out", false_alarms_per_minute=0.01, stems=False)
    with refused(ma.ParameterError, "not given now"):
        run(recordings / "sol 1", tmp_path / "out", false_alarms_per_minute=0.01)
    assert tree(tmp_path / "out") == before


def test_every_setting_may_be_given_again(recordings, gusty, tmp_path):
    response = ma.FrequencyResponse([100.0, 1000.0], [0.0, 1.0])
    given = {
        "calibration": ma.Calibration(20.0, source="a data sheet", response=response),
        "sample_rate": 25_000,
        "rover_noise": gusty.clip(0.0, 3.0),
        "band": (100, 1000),
        "false_alarms_per_minute": 1,
        "minimum_duration": 1,
        "merge_gap": 0,
    }
    run(recordings / "a.wav", tmp_path / "out", **given)
    assert run(recordings / "a.wav", tmp_path / "out", **given).kept == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"calibration": ma.Calibration(20.0, source="a data sheet")}, "calibration=.*and now it is None"),
        ({"sample_rate": 25_000.0}, "sample_rate=25000, and now it is None"),
    ],
)
def test_to_go_on_without_what_was_given_before_is_refused(recordings, tmp_path, given, said):
    run(recordings / "a.wav", tmp_path / "out", **given)
    before = tree(tmp_path / "out")
    with refused(ma.ParameterError, said):
        run([recordings / "a.wav", recordings / "sol 1"], tmp_path / "out")
    assert tree(tmp_path / "out") == before


def test_another_version_is_refused(recordings, tmp_path):
    run(recordings, tmp_path / "out")
    path = tmp_path / "out" / "run.json"
    path.write_text(path.read_text().replace(f'"marsaudio": "{ma.__version__}"', '"marsaudio": "0.0.1"'))
    with refused(ma.ParameterError, "begun by marsaudio 0.0.1"):
        run(recordings, tmp_path / "out")


def test_a_folder_that_is_something_elses_is_refused(recordings, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "summary.csv").write_text("mine")
    with refused(ma.OutputError, "summary.csv"):
        run(recordings, tmp_path / "mine")
    (tmp_path / "mine" / "run.json").write_text("{}")
    with refused(ma.OutputError, "not written by a batch"):
        run(recordings, tmp_path / "mine")
    assert (tmp_path / "mine" / "summary.csv").read_text() == "mine"


def test_an_output_among_the_recordings_is_refused(recordings):
    before = tree(recordings)
    for output in (recordings, recordings / "out", recordings / "sol 1"):
        with refused(ma.OutputError, "among the recordings"):
            run(recordings, output)
    with refused(ma.OutputError, "lies in it"):
        run(f"{recordings}/sol*/*.wav", recordings)
    assert tree(recordings) == before


def test_what_a_killed_run_left_is_cleared_away_and_what_is_being_written_is_not(recordings, tmp_path):
    run(recordings, tmp_path / "out")
    whole = tree(tmp_path / "out")
    left = tmp_path / "out" / ".unfinished"
    (left / "0123-dead").mkdir(parents=True)
    (left / "0123-dead" / "wind.wav").touch()
    (left / "0123-dead.lock").touch()
    from filelock import FileLock

    with FileLock(left / "4567-alive.lock"):
        (left / "4567-alive").mkdir()
        run(recordings, tmp_path / "out")
        assert sorted(path.name for path in left.iterdir()) == ["4567-alive", "4567-alive.lock"]
    run(recordings, tmp_path / "out")
    assert tree(tmp_path / "out") == whole


def test_a_run_that_was_killed_before_its_first_file_was_whole_is_begun_anew(recordings, tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    (output / ".marsaudio-0123456789ab.json").write_text('{"format": "mars')
    run(recordings, output)
    assert {path.name for path in output.iterdir()} == {
        ".lock",
        "events.csv",
        "recordings",
        "run.json",
        "summary.csv",
    }


# What goes wrong


def test_a_full_disk_stops_it_and_what_was_finished_stays(recordings, tmp_path, monkeypatch):
    whole = working.separate_file

    def full(source, **options):
        if "sol 1" in source:
            raise ma.OutputError("Cannot write 'wind.wav': No space left on device.") from OSError(
                errno.ENOSPC, "No space left on device"
            )
        return whole(source, **options)

    monkeypatch.setattr(working, "separate_file", full)
    with refused(ma.OutputError, "No space left"):
        run(recordings, tmp_path / "out")
    assert [row["state"] for row in rows(tmp_path / "out" / "summary.csv")] == ["done", "waiting", "waiting"]
    monkeypatch.undo()
    assert run(recordings, tmp_path / "out").kept == 1
    run(recordings, tmp_path / "afresh")
    assert tree(tmp_path / "out") == tree(tmp_path / "afresh")


def test_a_recording_that_is_written_to_or_vanishes_has_failed(recordings, tmp_path, monkeypatch):
    whole = working.detect_wind_file

    def meanwhile(source, **options):
        found = whole(source, **options)
        if source.endswith("b.flac"):
            os.utime(source)
        if source.endswith("sol 1/a.wav"):
            Path(source).unlink()
        return found

    monkeypatch.setattr(working, "detect_wind_file", meanwhile)
    report = run(recordings, tmp_path / "out")
    assert report.computed == 1
    assert "was written to while it was read" in report.failures["sol 1/b.flac"]
    assert "no file" in report.failures["sol 1/a.wav"]
    assert not (tmp_path / "out" / "recordings" / "sol 1" / "b.flac").exists()


def test_a_recording_that_another_of_the_same_time_takes_the_place_of_has_failed(
    recordings, tmp_path, monkeypatch
):
    whole = working.detect_wind_file

    def meanwhile(source, **options):
        before = Path(source).stat()
        copy = tmp_path / "copy"
        copy.write_bytes(Path(source).read_bytes()[:-1000] + bytes(1000))
        os.utime(copy, ns=(0, before.st_mtime_ns))
        found = whole(source, **options)
        copy.replace(source)
        return found

    monkeypatch.setattr(working, "detect_wind_file", meanwhile)
    report = run([recordings / "sol 1" / "a.wav"], tmp_path / "out")
    assert [("was written to while it was read" in reason) for reason in report.failures.values()] == [True]


def test_a_fault_of_the_program_is_reported_with_its_place_and_stops_nothing(
    recordings, tmp_path, monkeypatch
):
    def faulty(source, **_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(working, "detect_wind_file", faulty)
    report = run(recordings, tmp_path / "out")
    assert len(report.failures) == 3
    assert "ZeroDivisionError: division by zero (test_batch.py, line" in report.failures["a.wav"]


def test_a_run_into_a_folder_that_another_writes_into_is_refused(recordings, tmp_path):
    refusals = []

    def meanwhile(progress):
        if progress.done == 1:
            with refused(ma.OutputError, "another run is writing"):
                run(recordings, tmp_path / "out")
            refusals.append(progress.name)

    ma.batch.run(recordings, tmp_path / "out", jobs=1, progress=meanwhile)
    assert len(refusals) == 1


def test_an_output_that_cannot_be_made_is_refused(recordings, tmp_path):
    (tmp_path / "file").touch()
    with refused(ma.OutputError, "Cannot write into"):
        run(recordings, tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"jobs": 0}, "jobs=0"),
        ({"jobs": 1.5}, "jobs=1.5"),
        ({"backend": "spark"}, "backend='spark'"),
        ({"backend": "loky", "scheduler": "127.0.0.1:1"}, "scheduler="),
        ({"jobs": 2, "scheduler": "127.0.0.1:1"}, "jobs=2"),
        ({"false_alarms_per_minute": 99}, "false_alarms_per_minute=99"),
        ({"band": (300, 20)}, "band="),
        ({"band": "wind"}, "band="),
        ({"minimum_duration": 0}, "minimum_duration=0"),
        ({"rover_noise": "rover.wav"}, "rover_noise"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anything_is_begun(
    recordings, tmp_path, options, said
):
    with refused(ma.ParameterError, said):
        ma.batch.run(recordings, tmp_path / "out", progress=False, **options)
    assert not (tmp_path / "out").exists()


def test_a_reference_without_stems_is_refused(recordings, gusty, tmp_path):
    with refused(ma.ParameterError, "stems=False"):
        run(recordings, tmp_path / "out", rover_noise=gusty, stems=False)


def test_dask_that_is_not_installed_is_named(recordings, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with refused(ma.MissingLibraryError, r"pip install 'marsaudio\[cluster\]'"):
        ma.batch.run(recordings, tmp_path / "out", backend="dask", jobs=1, progress=False)


# How far it is


def test_progress_counts_and_estimates(recordings, tmp_path):
    (recordings / "bad.wav").write_text("no sound")
    told = []
    ma.batch.run(recordings, tmp_path / "out", jobs=1, progress=told.append)
    assert [(now.total, now.done, now.failed) for now in told] == [
        (4, 0, 0),
        (4, 1, 0),
        (4, 1, 1),
        (4, 2, 1),
        (4, 3, 1),
    ]
    assert (told[0].seconds_left, told[0].name) == (None, "")
    assert told[1].seconds_left > 0
    assert told[-1].seconds_left == 0
    assert told[-1].audio_seconds_per_second > 0


def test_a_bar_goes_to_standard_error(recordings, tmp_path, capsys):
    ma.batch.run(recordings, tmp_path / "out", jobs=1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3/3" in captured.err
    assert "s of sound a second" in captured.err


# The command


def test_the_command_tells_what_became_of_them(recordings, tmp_path, capsys):
    (recordings / "bad.wav").write_text("no sound")
    arguments = ["batch", str(recordings), "-o", str(tmp_path / "out"), "--jobs", "1"]
    assert cli.main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("4 recordings: 3 done, 1 failed.\n")
    assert captured.out.endswith(f"events   {tmp_path / 'out' / 'events.csv'}\n")
    (line,) = captured.err.splitlines()
    assert line.startswith("marsaudio: warning: 'bad.wav' failed: ")
    (recordings / "bad.wav").unlink()
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.startswith("3 recordings: 3 done, 3 of them before, 0 failed.\n")


def test_the_command_passes_its_options_on(recordings, tmp_path, capsys):
    options = ["--no-stems", "--false-alarms", "0.01", "--band", "30", "200", "--minimum-duration", "0.5"]
    out = str(tmp_path / "out")
    assert cli.main(["batch", f"{recordings}/*.wav", "-o", out, "--backend", "threading", *options]) == 0
    settings = json.loads((tmp_path / "out" / "run.json").read_text())["settings"]
    assert settings["stems"] is False
    assert (settings["band_low"], settings["band_high"]) == (30, 200)
    assert (settings["false_alarms_per_minute"], settings["minimum_duration"]) == (0.01, 0.5)
    assert "1 recording: 1 done" in capsys.readouterr().out


def test_one_processor_each_is_meant_where_nothing_is_said():
    import joblib

    assert workers.check_workers(None, None, None) == ("loky", joblib.cpu_count())
    assert workers.check_workers(None, None, "there:1")[0] == "dask"


@pytest.fixture
def archive(tmp_path):
    """Products of two sessions, one of them without its second second, in a folder of an archive."""
    folder = tmp_path / "bundle" / "data_audio"
    folder.mkdir(parents=True)
    for second in (0, 2):
        write_product(folder, second, session=170)
    write_product(folder, 0, session=171)
    write_collection(folder, [product_name(second) for second in range(3)])
    joined = folder / "EM__1125_concat_session170.wav"
    joined.with_suffix(".xml").write_text(label_of_audio(joined, local_time="Sol-01125M10:31:04.307"))
    return tmp_path / "bundle"


def test_the_products_of_a_session_are_one_recording(archive):
    items = find_items([archive])
    assert [item.name for item in items] == [
        "data_audio/session-170",
        "data_audio/session-171",
    ]
    assert items[0].source == str(archive / "data_audio" / "session:170")
    assert [Path(file).name for file in items[0].files][:2] == [product_name(0), product_name(2)]


@pytest.mark.parametrize("named", ["", "data_audio/session:170"])
@pytest.mark.parametrize(
    "changed",
    [
        "EM__1125_concat_session170.xml",
        "mic_00000170_000_000002.xml",
        "inventory.csv",
    ],
)
def test_a_session_is_worked_on_again_where_what_tells_of_it_changed(archive, tmp_path, named, changed):
    source = str(archive / named)
    run([source], tmp_path / "out", stems=False)
    path = archive / "data_audio" / changed
    text = path.read_text() + "\n"
    further = product_name(3).lower()
    for before, after in (("Sol-01125M10:31", "Sol-01125M10:32"), (product_name(1).lower(), further)):
        text = text.replace(before, after)
    path.write_text(text)
    report = run([source], tmp_path / "out", stems=False)
    assert (report.computed, report.failures) == (1, {})
    run([source], tmp_path / "afresh", stems=False)
    assert rows(tmp_path / "out" / "summary.csv") == rows(tmp_path / "afresh" / "summary.csv")


def test_an_inventory_that_names_other_sessions_makes_none_again(archive, tmp_path):
    run([archive], tmp_path / "out", stems=False)
    with open(archive / "data_audio" / "inventory.csv", "a") as inventory:
        inventory.write(f"P,{COLLECTION}:{product_name(0, session=172).lower()}::1.0\r\n")
    assert run([archive], tmp_path / "out", stems=False).kept == 2


def test_what_tells_of_sessions_is_read_once_for_all_in_a_folder(archive, monkeypatch):
    read = []
    find_sessions = inputs.find_sessions
    monkeypatch.setattr(inputs, "find_sessions", lambda folder: read.append(folder) or find_sessions(folder))
    assert len(find_items([archive])) == 2
    assert read == [archive / "data_audio"]


def test_the_joined_file_of_a_session_is_a_recording_where_it_is_here_or_nothing_else_is(archive, tmp_path):
    label = next((archive / "data_audio").glob("EM*.xml"))
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(label, alone)
    assert [item.name for item in find_items([alone])] == [label.with_suffix(".wav").name]
    label.with_suffix(".wav").touch()
    assert f"data_audio/{label.stem}.wav" in [item.name for item in find_items([archive])]


def test_a_session_may_be_named_by_itself_and_in_a_manifest(archive):
    named = f"{archive}/data_audio/session:170"
    (item,) = find_items([named])
    assert item.source == named
    assert item.name.endswith("data_audio/session-170")
    manifest = archive / "manifest.csv"
    manifest.write_text("recording,name\ndata_audio/session:171,second\n")
    (item,) = find_items([manifest])
    assert (item.name, ma.load(item.source).duration) == ("second", 1.0)


def test_names_of_files_count_from_where_one_is_also_when_that_changes(tmp_path, monkeypatch):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        ma.Recording(0.01 * np.random.default_rng(0).normal(size=8000), 8000).save(f"{name}.wav")
        report = ma.batch.run(f"{name}.wav", "out", jobs=2, stems=False, progress=False)
        assert report.failures == {}


def test_tables_tell_local_times_and_gaps(archive, tmp_path):
    report = run([archive], tmp_path / "out")
    assert (report.computed, len(report.failures)) == (2, 0)
    first, second = rows(report.summary)
    assert first["start_local_mean_solar_time"] == "Sol-01125M10:31:04.307"
    assert (first["sol"], first["gaps_s"], second["gaps_s"]) == ("1125", "1", "0")
    result = json.loads(
        (tmp_path / "out" / "recordings" / "data_audio" / "session-170" / "result.json").read_text()
    )
    assert result["source"]["gaps"][0]["start"] == 1.0
    assert run([archive], tmp_path / "out").kept == 2
