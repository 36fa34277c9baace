"""What a saved file says of itself goes on into what is saved from it, once, in every container."""

import dataclasses
import io

import numpy as np
import pytest
import soundfile

import marsaudio as ma
from marsaudio.formats.audio import write_audio
from marsaudio.listening.copies import listening_copy

RATE = 16000
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
ALTERED = {
    "shift": lambda rec: ma.shift(rec, 300),
    "speed_up": lambda rec: ma.speed_up(rec, 2),
    "marks": ma.sonify,
    "level": lambda rec: ma.sonify(rec, how="level"),
    "listening_copy": lambda rec: listening_copy(rec, fade=0.1, peak_db=-6.0),
}
AFTERWARDS = {
    "as it is": lambda rec: rec,
    "clip": lambda rec: rec.clip(0.5, 2.0),
    "resample": lambda rec: rec.resample(RATE / 2),
    "mono": ma.Recording.mono,
    "separate": lambda rec: ma.separate(rec).wind,
}


def noise(seconds=1.0, channels=1):
    return np.random.default_rng(3).normal(0, 0.02, (channels, round(seconds * RATE)))


def saved_again(recording, folder, suffix, times=3):
    """The recording after it was saved and loaded so often."""
    for number in range(times):
        recording = ma.load(recording.save(folder / f"{number}{suffix}"))
    return recording


@pytest.fixture(scope="module")
def mars(gusty):
    return dataclasses.replace(gusty, source=ma.Source(title="Mars"))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("way", ALTERED)
def test_what_is_altered_says_so_however_often_it_is_saved(mars, tmp_path, way, suffix):
    once = ma.load(ALTERED[way](mars).save(tmp_path / f"altered{suffix}"))
    again = saved_again(once, tmp_path, suffix)
    assert again.source.is_altered
    assert again.source.title == once.source.title


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("then", AFTERWARDS)
def test_what_is_altered_says_so_whatever_is_done_to_it_after_it_was_saved(mars, tmp_path, then, suffix):
    both = dataclasses.replace(mars, samples=np.repeat(mars.samples, 2, axis=0))
    once = ma.load(ma.shift(both, 300).save(tmp_path / f"altered{suffix}"))
    after = AFTERWARDS[then](once)
    again = saved_again(after, tmp_path, suffix)
    assert again.source.is_altered
    assert again.source.title == ", ".join((once.source.title, *after.source.history))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stem_says_that_it_is_one_however_often_it_is_saved(gusty_stems, tmp_path, suffix):
    for stem in gusty_stems:
        again = saved_again(stem.clip(1.0, 3.0), tmp_path, suffix)
        assert again.source.is_stem
        assert again.source.title == f"gusty.wav, {stem.source.history[-1]}, clip from 1 to 3 s"
    assert not saved_again(gusty_stems.recording, tmp_path, suffix).source.is_stem


def test_what_had_no_name_when_it_was_saved_has_that_of_its_file(gusty, tmp_path):
    path = ma.shift(gusty, 300).save(tmp_path / "altered.wav")
    assert ma.load(path).source.title == "recording from memory, for listening: 300 Hz higher"
    title = "altered.wav, for listening: 300 Hz higher, clip from 1 to 3 s"
    assert saved_again(ma.load(path).clip(1.0, 3.0), tmp_path, ".wav").source.title == title
    unnamed = ma.load(io.BytesIO(path.read_bytes())).clip(1.0, 3.0)
    title = "recording from memory, for listening: 300 Hz higher, clip from 1 to 3 s"
    assert ma.load(unnamed.save(path)).source.title == title


def test_a_file_that_is_only_called_like_a_stem_is_none(gusty, tmp_path):
    named = dataclasses.replace(gusty, source=ma.Source(title="The wind stem of a leaf"))
    assert not saved_again(named, tmp_path, ".wav").source.is_stem


def test_a_title_begins_with_where_the_sound_came_from_and_goes_on_with_all_that_was_done(tmp_path):
    part = saved_again(ma.load("sample").clip(2.0, 8.0), tmp_path, ".flac")
    again = saved_again(part.clip(1.0, 3.0), tmp_path, ".flac")
    assert again.source.title == "sample, clip from 2 to 8 s, clip from 1 to 3 s"


@pytest.mark.parametrize("title", ["Take 1", "Take 1, wind stem", "Take 1, for listening: louder"])
def test_the_title_of_another_program_goes_on_where_it_tells_what_was_done(tmp_path, title):
    with soundfile.SoundFile(tmp_path / "theirs.flac", "w", RATE, 1) as file:
        file.title = title
        file.write(noise().T)
    theirs = ma.load(tmp_path / "theirs.flac")
    again = saved_again(theirs.clip(0.0, 0.5), tmp_path, ".flac")
    name = "theirs.flac" if title == "Take 1" else title
    assert again.source.title == f"{name}, clip from 0 to 0.5 s"
    assert (again.source.is_altered, again.source.is_stem) == (
        theirs.source.is_altered,
        theirs.source.is_stem,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_title_does_not_grow_without_bound_and_still_tells_the_most(tmp_path, suffix):
    begin = ma.Source(key="feb20", history=("wind stem", "for listening: 1 Hz higher"))
    recording = ma.Recording(noise(), RATE, source=begin)
    for number in range(60):
        source = recording.source.after(f"step {number} µ")
        source = source.after("rover stem") if number == 30 else source
        recording = saved_again(ma.Recording(noise(), RATE, source=source), tmp_path, suffix, 1)
    assert len(recording.source.title) < 600
    assert recording.source.title.startswith("feb20, wind stem, for listening: 1 Hz higher, step 0 µ, ")
    assert recording.source.title.endswith("step 58 µ, step 59 µ")
    again = saved_again(recording, tmp_path, suffix)
    assert again.source.title == recording.source.title


@pytest.mark.parametrize("step", ["for listening: 1 Hz higher", "wind stem", "rover stem"])
def test_what_a_long_title_must_tell_is_not_what_it_loses(tmp_path, step):
    for place in range(0, 50, 7):
        steps = [f"the step of number {number}" for number in range(50)]
        steps.insert(place, step)
        source = ma.Source(key="feb20", history=steps)
        again = saved_again(ma.Recording(noise(), RATE, source=source), tmp_path, ".wav").source
        assert again.is_altered is step.startswith("for listening")
        assert again.is_stem is step.endswith("stem")
        assert len(again.title) < 600


def test_a_new_key_or_title_does_not_take_the_label_off(gusty, tmp_path):
    once = ma.load(ma.shift(gusty, 300).save(tmp_path / "altered.wav"))
    for changes in ({"key": "mine"}, {"title": "mine"}, {"path": "mine.wav"}):
        source = dataclasses.replace(once.source, **changes)
        assert source.is_altered
        assert saved_again(dataclasses.replace(once, source=source), tmp_path, ".wav").source.is_altered


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("credit", [None, "Nobody", "Nobody (simulated)"])
def test_what_is_simulated_says_so_in_every_container(tmp_path, suffix, credit):
    source = ma.Source(title="Made here", credit=credit, simulated=True)
    again = saved_again(ma.Recording(noise(), RATE, source=source), tmp_path, suffix)
    assert again.source.simulated
    assert again.source.credit == (credit and "Nobody (simulated)")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_whom_to_credit_is_kept_in_every_container(tmp_path, suffix):
    source = ma.Source(title="Wind – дует, 風", credit="CNES/ISAE-Supaéro")
    again = saved_again(ma.Recording(noise(), RATE, source=source), tmp_path, suffix)
    assert (again.source.title, again.source.credit) == (source.title, source.credit)
    assert not again.source.simulated


def test_what_another_program_made_of_a_simulation_is_still_simulated(tmp_path):
    with soundfile.SoundFile(tmp_path / "theirs.ogg", "w", RATE, 1) as file:
        file.comment = "marsaudio (simulated)"
        file.write(noise().T)
    assert ma.load(tmp_path / "theirs.ogg").source.simulated
    assert ma.load(tmp_path / "theirs.ogg").source.credit is None


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("\0", "?"),
        ("\0Wind", "?Wind"),
        ("a\0b\x07c\x1b[2J\x7fd", "a?b?c?[2J?d"),
        ("two\nlines,\r\n\ta tab", "two lines, a tab"),
        ("\udcff\ufffe", "??"),
        (" \n", None),
    ],
)
def test_characters_that_no_file_can_hold_do_not_stand_in_the_way(tmp_path, suffix, title, kept):
    samples = noise().astype(np.float32)
    path = write_audio(tmp_path / f"sound{suffix}", samples, RATE, title=title, comment=title)
    metadata = ma.load(path).source.metadata
    assert metadata.get("title") == metadata.get("comment") == kept
    recording = ma.Recording(samples, RATE, source=ma.Source(title=title, credit=title))
    assert ma.load(recording.save(path)).frames == RATE


def test_stems_that_are_written_from_a_file_tell_what_stems_in_memory_tell(mars, tmp_path):
    altered = ma.shift(mars, 300).save(tmp_path / "altered.wav")
    files = ma.separate_file(altered, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    for path, stem in zip((files.wind, files.rover), ma.separate(ma.load(altered)), strict=True):
        loaded = ma.load(path)
        assert loaded.source.is_altered
        assert loaded.source.is_stem
        assert loaded.source.title == ma.load(stem.save(tmp_path / "again.wav")).source.title


def test_events_of_an_altered_file_are_never_in_pascals(mars, tmp_path):
    altered = ma.shift(mars, 300).save(tmp_path / "altered.wav")
    with pytest.raises(ma.CalibrationError, match="altered for listening, and no measurement"):
        ma.detect_wind_file(altered, calibration=ma.Calibration(2.0, source="a test"))
