"""What is told of an installation: true where all is well, and what is wrong where something is."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import marsaudio as ma
from marsaudio import catalog, doctor
from marsaudio.catalog import storage
from marsaudio.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of recordings, in a home."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path / "recordings"))
    return tmp_path / "recordings"


def told(group, name):
    (finding,) = [one for one in doctor.findings_of(group) if one.name == name]
    return finding.fine, finding.told


def run(capsys, *arguments):
    code = main(["doctor", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return code, out


def test_where_all_is_well_everything_is_fine(capsys):
    code, out = run(capsys)
    assert code == 0
    assert out.endswith("All is well.\n")
    for word in ("numpy", "libsndfile", "FLAC PCM_24", "stems add up to the bit", ma.__version__):
        assert word in out


def test_for_programs_it_is_one_document(capsys):
    code, out = run(capsys, "--json")
    document = json.loads(out)
    assert (code, document["fine"]) == (0, True)
    assert {"Versions", "Codecs", "Recordings", "Promises"} == {one["group"] for one in document["findings"]}


def test_the_versions_are_those_that_are_installed():
    assert told("Versions", "numpy") == (True, np.__version__)


def test_a_library_that_is_missing_is_told_and_wrong_only_where_it_is_needed(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda library: doctor.NOT_INSTALLED)
    found = {one.name: one.fine for one in doctor.findings_of("Versions") if one.told == doctor.NOT_INSTALLED}
    assert (found["scipy"], found["astropy"], found["pandas"], found["dask"]) == (False, True, True, True)
    assert "pytest" not in found


def test_where_it_is_not_installed_as_a_package_that_is_told(monkeypatch):
    def missing(name):
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", missing)
    fine, words = told("Versions", "the rest")
    assert not fine
    assert "PackageNotFoundError" in words


def test_whose_home_it_is_is_told_to_nobody(folder, capsys):
    folder.mkdir()
    assert str(folder.parent) not in run(capsys)[1]
    assert told("Recordings", "folder")[1] == f"~{os.sep}recordings (as MARSAUDIO_DATA_DIR says)"


def test_a_home_that_is_the_root_shortens_nothing(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.setattr(Path, "home", lambda: Path(folder.anchor))  # as where HOME is empty
    assert told("Recordings", "folder")[1].startswith(str(folder))


def test_nothing_is_made_where_recordings_will_be(folder):
    assert told("Recordings", "folder") == (
        True,
        f"~{os.sep}recordings (as MARSAUDIO_DATA_DIR says; made at the first download)",
    )
    fine, words = told("Recordings", "room")
    assert fine
    assert words.endswith("GiB free")
    assert not folder.exists()


def test_a_file_where_the_folder_should_be_is_wrong(folder, capsys):
    folder.write_text("no folder")
    fine, words = told("Recordings", "folder")
    assert not fine
    assert words == f"NO: ~{os.sep}recordings is no folder; set MARSAUDIO_DATA_DIR to one"
    code, out = run(capsys)
    assert code == 1
    assert out.splitlines()[-1].startswith("NO stands where something is wrong: folder.")


def test_that_there_is_no_home_is_told_with_what_to_do(monkeypatch):
    def homeless():
        raise ma.DataUnavailableError("There is no home directory. Set MARSAUDIO_DATA_DIR.")

    monkeypatch.setattr(catalog, "data_directory", homeless)
    assert told("Recordings", "folder") == (
        False,
        "NO: There is no home directory. Set MARSAUDIO_DATA_DIR.",
    )


def test_a_folder_that_may_not_be_written_into_is_wrong(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    fine, words = told("Recordings", "room")
    assert not fine
    assert words.startswith("NO: ")
    assert words.endswith("may not be written into; set MARSAUDIO_DATA_DIR to a folder that may")


def test_a_damaged_recording_is_wrong(folder, capsys):
    folder.mkdir()
    (folder / catalog.entry("feb20_filtered").file_name).write_bytes(b"RIFF")
    code, out = run(capsys)
    assert code == 1
    assert "feb20_filtered" in out.splitlines()[-1]


def test_a_damaged_record_of_checksums_is_wrong(folder):
    folder.mkdir()
    (folder / storage.CHECKSUMS_FILE).write_text("{")
    fine, words = told("Recordings", "record of checksums")
    assert not fine
    assert "is damaged" in words


def test_what_killed_processes_left_is_told(folder):
    folder.mkdir()
    (folder / ".marsaudio-0123.wav").touch()
    fine, words = told("Recordings", "left behind")
    assert fine
    assert words.startswith("1 unfinished, called .marsaudio-*")


def test_a_recording_of_unknown_checksum_must_be_sound(folder):
    folder.mkdir()
    path = folder / catalog.entry("feb20_rover").file_name
    ma.Recording(np.zeros(100), 48000).save(folder / "zeros.wav").rename(path)
    assert told("Recordings", "feb20_rover") == (True, "it is sound; nobody knows its checksum")
    path.write_text("RIFF")
    fine, words = told("Recordings", "feb20_rover")
    assert not fine
    assert words.startswith("NO: ")


@pytest.mark.parametrize(
    ("promise", "name", "broken"),
    [
        ("stems add up to the bit", "separate", lambda recording: _louder(recording)),
        ("whole or in blocks, the same bits", "separate", lambda recording: _louder(recording)),
        ("gusts are found", "detect_wind", lambda recording: ()),
        ("spectra hold all the power", "spectrogram", lambda *_, **__: _power(1.0)),
        ("what is no audio is refused", "load", lambda *_, **__: None),
    ],
)
def test_a_promise_that_is_not_kept_is_wrong(promise, name, broken, monkeypatch):
    monkeypatch.setattr(ma, name, broken)
    fine, words = told("Promises", promise)
    assert not fine
    assert words.startswith("NO: ")


def test_a_codec_that_does_not_work_is_wrong(monkeypatch):
    def fails(*_, **__):
        raise ma.AudioFormatError("There is no such codec.")

    monkeypatch.setattr(ma.Recording, "save", fails)
    assert told("Codecs", "FLAC PCM_16") == (False, "NO: There is no such codec.")


SEPARATE = ma.separate


def _louder(recording):
    stems = SEPARATE(recording)
    wind = ma.Recording(stems.wind.samples * 2, recording.sample_rate)
    return type("Stems", (), {"wind": wind, "rover": stems.rover})()


def _power(value):
    return type("Spectrogram", (), {"power": np.array([value])})()
