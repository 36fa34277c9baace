"""Copies to listen to: fades and levels as asked, and never a change without saying so."""

import re

import numpy as np
import pytest
import soundfile

import marsaudio as ma
from marsaudio.listening.copies import listening_copy, raised_cosine


@pytest.mark.parametrize("peak_db", [-1.0, -20.0, 0.0])
def test_the_peak_lies_where_it_was_asked(gusty, peak_db):
    copy = listening_copy(gusty, peak_db=peak_db)
    assert 20 * np.log10(np.abs(copy.samples).max()) == pytest.approx(peak_db, abs=1e-4)


def test_the_change_is_stated_in_decibels_and_is_the_one_that_was_made(gusty):
    copy = listening_copy(gusty, peak_db=-1.0)
    stated = float(re.search(r"([\d.]+) dB louder", copy.source.history[-1]).group(1))
    made = 20 * np.log10(copy.samples[0, 40000] / gusty.samples[0, 40000])
    assert stated == pytest.approx(made, abs=0.006)


def test_a_copy_that_became_quieter_says_quieter(gusty):
    assert re.search(r"[\d.]+ dB quieter", listening_copy(gusty, peak_db=-40.0).source.history[-1])


def test_the_change_stands_in_the_title_of_the_saved_file(gusty, tmp_path):
    copy = listening_copy(gusty, fade=0.1, peak_db=-1.0)
    with soundfile.SoundFile(copy.save(tmp_path / "copy.wav")) as file:
        assert copy.source.history[-1] in file.title
        assert re.search(r"faded over 0\.1 s .* dB louder", file.title)


def test_the_fade_is_a_raised_cosine_at_both_ends_and_leaves_the_middle(gusty):
    steady = ma.Recording(np.full((2, 16000), 0.5), 16000)
    copy = listening_copy(steady, fade=0.25).samples
    assert copy[0, 0] == 0
    assert copy[0, 2000] == pytest.approx(0.25)  # half way up at half the fade
    assert copy[1, 1000] == pytest.approx(0.5 * np.sin(np.pi / 8) ** 2)
    assert np.all(copy[:, 4000:12000] == 0.5)
    assert np.array_equal(copy, copy[:, ::-1])


def test_the_rise_and_the_fall_of_a_fade_add_up_to_one():
    rise = raised_cosine(100)
    assert rise[1:] + rise[:0:-1] == pytest.approx(np.ones(99))


def test_nothing_asked_gives_the_recording_itself(gusty):
    assert listening_copy(gusty) is gusty


def test_the_recording_is_not_touched(gusty):
    before = gusty.samples.copy()
    listening_copy(gusty, fade=0.5, peak_db=-1.0)
    assert np.array_equal(gusty.samples, before)


def test_a_copy_is_no_measurement_any_more(gusty):
    calibrated = ma.Recording(gusty.samples, 16000, calibration=ma.Calibration(2.0, source="a test"))
    assert listening_copy(calibrated, peak_db=-1.0).calibration is None
    assert calibrated.calibration is not None


@pytest.mark.parametrize("fade", [-0.1, 3.1, float("nan"), float("inf")])
def test_fades_that_do_not_fit_are_refused_with_the_longest_that_does(gusty, fade):
    with pytest.raises(ma.ParameterError, match=r"3\.000 s"):
        listening_copy(gusty, fade=fade)


@pytest.mark.parametrize("peak_db", [0.1, float("nan"), float("inf"), float("-inf")])
def test_peaks_above_full_scale_are_refused(gusty, peak_db):
    with pytest.raises(ma.ParameterError, match="peak_db"):
        listening_copy(gusty, peak_db=peak_db)


def test_silence_cannot_be_made_louder():
    with pytest.raises(ma.ParameterError, match="digital silence"):
        listening_copy(ma.Recording(np.zeros(1000), 16000), peak_db=-1.0)
