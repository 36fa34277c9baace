"""How far long work is: rising from 0 to 1, to a function or as a bar, and the results are the same."""

import itertools

import numpy as np
import pytest
from refusals import refused

import marsaudio as ma

RATE = 8000


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    scene = ma.simulate_scene(40.0, sample_rate=RATE, rng=3)
    return scene.recording.save(tmp_path_factory.mktemp("long") / "long.wav", encoding="PCM_16")


def separate(path, folder, progress):
    ma.separate_file(path, wind=folder / "wind.wav", rover=folder / "rover.wav", progress=progress)
    return ma.load(folder / "wind.wav").samples


WORK = {
    "separate_file": separate,
    "detect_wind_file": lambda path, _, progress: ma.detect_wind_file(path, progress=progress).events,
    "long_term_spectrogram": lambda path, _, progress: (
        ma.long_term_spectrogram(path, progress=progress).power
    ),
    "spectral_probability_density": lambda path, _, progress: (
        ma.spectral_probability_density(path, progress=progress).density
    ),
    "separate": lambda path, _, progress: ma.separate(ma.load(path), progress=progress).wind.samples,
    "detect_wind": lambda path, _, progress: ma.detect_wind(ma.load(path), progress=progress).events,
    "fit_rover": lambda path, _, progress: ma.fit_rover(ma.load(path), progress=progress).floors,
    "a range": lambda path, _, progress: (
        ma.long_term_spectrogram(path, start=10.0, stop=20.0, progress=progress).power
    ),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_function_is_told_the_share_that_is_done(work, path, tmp_path, monkeypatch):
    monkeypatch.setattr("marsaudio.formats.audio_reader.BLOCK_FRAMES", 4096)
    told = []
    found = work(path, tmp_path, told.append)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert all(0 <= before <= after <= 1 for before, after in itertools.pairwise(told))
    assert told[-2] > 0.9  # what was to be read was not thought to be more than it was
    assert np.array_equal(found, work(path, tmp_path, False))


@pytest.mark.parametrize("write", [ma.analyze, ma.write_report])
def test_of_several_steps_the_share_is_of_all_of_them(write, path, tmp_path):
    told = []
    write(path, tmp_path / "found.html", progress=told.append)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert all(0 <= before <= after <= 1 for before, after in itertools.pairwise(told))
    assert 1.0 not in told[:-1]


def test_where_it_takes_no_second_no_bar_is_shown(path, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("marsaudio.watching.SHOWN_AFTER", 1000.0)
    separate(path, tmp_path, True)
    assert capfd.readouterr() == ("", "")


def test_a_bar_tells_the_time_that_is_left(path, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("marsaudio.watching.SHOWN_AFTER", 0.0)
    separate(path, tmp_path, True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Separating, 40 s of sound" in err
    assert "100 %" in err
    assert " left" in err


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_by_default_nothing_is_shown(work, path, tmp_path, capfd):
    work(path, tmp_path, False)
    assert capfd.readouterr() == ("", "")


def test_where_it_fails_nothing_is_said_to_be_whole(path, tmp_path):
    told = []

    def stop(share):
        told.append(share)
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        separate(path, tmp_path, stop)
    assert 1.0 not in told
    assert list(tmp_path.iterdir()) == []


def test_what_is_neither_is_refused(path):
    with refused(ma.ParameterError, "progress='yes' must be True, False, or a function"):
        ma.detect_wind_file(path, progress="yes")


@pytest.mark.parametrize("shows", [True, False])
def test_the_command_line_shows_a_bar_on_a_terminal_alone(path, tmp_path, monkeypatch, capfd, shows):
    from marsaudio import cli

    monkeypatch.setattr("marsaudio.watching.SHOWN_AFTER", 0.0)
    for module in ("events", "separation"):
        monkeypatch.setattr(f"marsaudio.cli.{module}.somebody_waits", lambda: shows)
    stems = ["--wind", str(tmp_path / "w.wav"), "--rover", str(tmp_path / "r.wav")]
    for command, words in (
        (["events", str(path)], "Finding the wind"),
        (["separate", str(path), *stems], "Sepa"),
        (["analyze", str(path), "--output", str(tmp_path / "found")], "Analysing"),
        (["report", str(path), "--output", str(tmp_path / "report.html")], "Analysing"),
        (["fit-rover", str(path), "--output", str(tmp_path / "rover.json")], "Learning the rover"),
        (["clip", str(path), "--wind", "--output", str(tmp_path / "clip.wav")], "Separating"),
    ):
        assert cli.main(command) == 0
        assert (words in capfd.readouterr().err) is shows
