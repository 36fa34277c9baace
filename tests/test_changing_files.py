"""A file that is written to, cut short or removed while it is read: one clear error, nothing half done."""

import hashlib
import json
import os

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.formats import audio
from marsaudio.report import analysis


@pytest.fixture
def recording(tmp_path):
    noise = 0.01 * np.random.default_rng(1).normal(size=8000 * 40)
    return ma.Recording(noise, 8000).save(tmp_path / "noise.wav", encoding="PCM_16")


def grow(path):
    with path.open("ab") as file:
        file.write(bytes(40000))


def shrink(path):
    os.truncate(path, path.stat().st_size // 2)


def rewrite(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1000] + bytes(1000))
    os.utime(path, ns=(0, 0))


def replace(path):
    """By another file of the same length, which was written in the same moment."""
    other = path.with_name("other.wav")
    other.write_bytes(path.read_bytes()[:-1000] + bytes(1000))
    os.utime(other, ns=(0, path.stat().st_mtime_ns))
    other.replace(path)


@pytest.fixture(params=[grow, shrink, rewrite, replace])
def written_between_looks(request, recording, monkeypatch):
    """The file, which is written to after it was looked over and before it is taken apart."""
    blocks = audio.AudioFile.blocks
    looks = []

    def blocks_then_change(self, *arguments, **named):
        if len(looks) == 1:
            request.param(recording)
        looks.append(1)
        return blocks(self, *arguments, **named)

    monkeypatch.setattr(audio.AudioFile, "blocks", blocks_then_change)
    return recording


def test_a_file_that_is_written_to_while_it_is_separated_is_refused(written_between_looks, tmp_path):
    with pytest.raises(ma.AudioFormatError, match=r"noise\.wav"):
        ma.separate_file(written_between_looks, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert [entry.name for entry in tmp_path.iterdir()] == ["noise.wav"]


def test_the_error_says_what_happened_and_what_to_do(recording, tmp_path, monkeypatch):
    file = audio.AudioFile(recording)
    rewrite(recording)
    with pytest.raises(ma.AudioFormatError, match=r"was written to while it was read.*start again"):
        list(file.blocks())


def test_a_file_that_is_written_to_while_wind_is_looked_for_is_refused(written_between_looks):
    with pytest.raises(ma.AudioFormatError, match=r"noise\.wav"):
        ma.detect_wind_file(written_between_looks)


@pytest.mark.parametrize("change", [rewrite, replace])
def test_a_file_that_is_written_to_while_it_is_loaded_is_refused(recording, monkeypatch, change):
    read = audio.AudioReader.read

    def change_then_read(self, *arguments):
        change(recording)
        return read(self, *arguments)

    monkeypatch.setattr(audio.AudioReader, "read", change_then_read)
    with pytest.raises(ma.AudioFormatError, match=r"noise\.wav.*written to while it was read"):
        ma.load(recording)


def test_a_file_that_vanished_between_two_looks_is_named(recording, tmp_path):
    file = audio.AudioFile(recording)
    recording.unlink()
    with pytest.raises(ma.MarsAudioError, match=r"no file .*noise\.wav"):
        list(file.blocks())


def test_a_file_that_vanishes_while_it_is_open_is_read_to_its_end(recording):
    file = audio.AudioFile(recording)
    blocks = file.blocks(1000)
    first = next(blocks)
    recording.unlink()
    assert first.shape[1] + sum(block.shape[1] for block in blocks) == file.frames


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def summary_in(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("change", [rewrite, replace])
def test_an_analysis_names_the_checksum_of_what_it_read_though_another_file_stands_there_since(
    recording, tmp_path, monkeypatch, change
):
    first = checksum(recording)
    separate = analysis.separate

    def change_then_separate(*arguments, **named):
        change(recording)
        return separate(*arguments, **named)

    monkeypatch.setattr(analysis, "separate", change_then_separate)
    ma.analyze(recording, tmp_path / "out", progress=False)
    assert checksum(recording) != first
    assert summary_in(tmp_path / "out")["source"]["sha256"] == first


@pytest.mark.parametrize("change", [rewrite, replace])
def test_an_analysis_refuses_a_file_that_changed_before_its_checksum_was_known(
    recording, tmp_path, monkeypatch, change
):
    def load_then_change(*arguments, **named):
        loaded = ma.load(*arguments, **named)
        change(recording)
        return loaded

    monkeypatch.setattr(analysis, "load", load_then_change)
    with pytest.raises(ma.AudioFormatError, match=r"noise\.wav.*written to or removed.*start again"):
        ma.analyze(recording, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", [rewrite, replace])
def test_a_recording_whose_file_became_another_one_is_analysed_without_a_checksum(
    recording, tmp_path, change
):
    loaded = ma.load(recording)
    change(recording)
    ma.analyze(loaded, tmp_path / "out", progress=False)
    assert summary_in(tmp_path / "out")["source"]["sha256"] is None


def test_a_recording_whose_file_is_as_it_was_is_analysed_with_its_checksum(recording, tmp_path):
    ma.analyze(ma.load(recording).clip(1.0, 20.0), tmp_path / "out", progress=False)
    assert summary_in(tmp_path / "out")["source"]["sha256"] == checksum(recording)
