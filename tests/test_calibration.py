"""Pascals: where they come from, and that every level, spectrum and event comes in them."""

import math

import numpy as np
import pytest
from matplotlib.patches import StepPatch

import marsaudio as ma

RATE = 48000
MADE_UP = "made up for this test"
TILT = ma.FrequencyResponse([20.0, 200.0, 20000.0], [-6.0, 0.0, 6.0])


def noise(seconds=20.0, calibration=None):
    samples = 0.01 * np.random.default_rng(5).standard_normal(round(seconds * RATE))
    return ma.Recording(samples, RATE, calibration=calibration)


def calibrated(response=None):
    return ma.Calibration(2.0, source=MADE_UP, response=response)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, "1", None, True, 10**400])
def test_a_calibration_is_a_positive_number_of_pascals(value):
    with pytest.raises(ma.CalibrationError, match=r"pascal_per_full_scale=.* positive number"):
        ma.Calibration(value, source="a paper")


@pytest.mark.parametrize("source", ["", "  ", None])
def test_a_calibration_has_a_source(source):
    with pytest.raises(ma.CalibrationError, match="needs its source"):
        ma.Calibration(0.5, source=source)


def test_a_chain_of_sensitivity_gain_and_converter_gives_back_the_pressure():
    # A sine of 0.5 Pa (root mean square) at a microphone of 20 mV/Pa, an amplifier of 20 dB, a converter of
    # ±2.5 V.
    volts = 0.5 * math.sqrt(2) * 0.02 * 10 * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)
    chain = ma.Calibration.from_sensitivity(0.02, gain=10.0, volt_per_full_scale=2.5, source=MADE_UP)
    recording = ma.Recording(volts / 2.5, RATE, calibration=chain)
    assert chain.pascal_per_full_scale == pytest.approx(12.5)
    level = 10 * np.log10(np.mean(recording.samples.astype(float) ** 2)) + recording.level_offset
    assert level == pytest.approx(20 * np.log10(0.5 / 20e-6), abs=1e-3)  # 87.96 dB re 20 µPa
    spectrum = ma.spectrogram(recording, n_fft=4800, scaling="spectrum")
    assert spectrum.unit == "Pa²"
    assert spectrum.power.max() == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, "1", None])
@pytest.mark.parametrize("name", ["volt_per_pascal", "volt_per_full_scale", "gain"])
def test_each_link_of_the_chain_is_a_positive_number(name, value):
    links = {"volt_per_pascal": 0.02, "volt_per_full_scale": 2.5, "gain": 1.0, name: value}
    with pytest.raises(ma.CalibrationError, match=f"{name}=.* positive number"):
        ma.Calibration.from_sensitivity(source=MADE_UP, **links)


def test_a_response_is_straight_over_the_logarithm_of_the_frequency_and_unknown_beyond_its_ends():
    found = TILT.at([19.0, 20.0, math.sqrt(20 * 200), 200.0, 2000.0, 20000.0, 20001.0, 0.0])
    np.testing.assert_allclose(found, [np.nan, -6, -3, 0, 3, 6, np.nan, np.nan], atol=1e-9)


@pytest.mark.parametrize(
    ("frequencies", "decibels", "says"),
    [
        ([20.0], [0.0], "at least two finite numbers"),
        ([20.0, "high"], [0.0, 0.0], "at least two finite numbers"),
        ([20.0, math.inf], [0.0, 0.0], "at least two finite numbers"),
        ([20.0, 100.0], [0.0, math.nan], "at least two finite numbers"),
        ([[20.0, 100.0]], [0.0, 0.0], "at least two finite numbers"),
        ([20.0, 100.0], [0.0, 0.0, 0.0], "not 3 and 2"),
        ([0.0, 100.0], [0.0, 0.0], "above 0 Hz and rise"),
        ([100.0, 100.0], [0.0, 0.0], "above 0 Hz and rise"),
    ],
)
def test_what_is_no_table_of_a_response_is_refused(frequencies, decibels, says):
    with pytest.raises(ma.CalibrationError, match=says):
        ma.FrequencyResponse(frequencies, decibels)


def test_a_response_that_is_no_response_is_refused():
    with pytest.raises(ma.CalibrationError, match=r"must be a marsaudio\.FrequencyResponse"):
        ma.Calibration(2.0, source=MADE_UP, response=[(20.0, 0.0), (100.0, 0.0)])


def test_a_spectrogram_takes_the_response_out():
    plain = ma.spectrogram(noise(calibration=calibrated()))
    corrected = ma.spectrogram(noise(calibration=calibrated(TILT)))
    assert corrected.unit == plain.unit == "Pa²/Hz"
    expected = plain.to_db() - TILT.at(plain.frequencies)[:, np.newaxis]
    np.testing.assert_allclose(corrected.to_db(), expected, atol=1e-3)
    assert np.isnan(corrected.power[0]).all()  # 0 Hz, of which the table says nothing
    assert np.isnan(corrected.power[-1]).all()


def test_long_term_spectra_take_the_response_out():
    plain = ma.long_term_spectrogram(noise(calibration=calibrated()), seconds=5.0)
    corrected = ma.long_term_spectrogram(noise(calibration=calibrated(TILT)), seconds=5.0)
    expected = plain.to_db() - TILT.at(plain.frequencies)[:, np.newaxis]
    np.testing.assert_allclose(corrected.to_db(), expected, atol=1e-3)


def test_levels_are_counted_with_the_response_taken_out():
    plain = ma.spectral_probability_density(noise(calibration=calibrated()))
    corrected = ma.spectral_probability_density(noise(calibration=calibrated(TILT)))
    assert corrected.unit == plain.unit == "dB re (20 µPa)²/Hz"
    tilt = TILT.at(plain.frequencies)
    inside = np.isfinite(tilt)
    np.testing.assert_allclose(corrected.mean[inside], (plain.mean - tilt)[inside], atol=1e-6)
    np.testing.assert_allclose(  # within a step of the levels
        corrected.percentile(50)[inside], (plain.percentile(50) - tilt)[inside], atol=1.0
    )
    assert np.isnan(corrected.percentile(50)[~inside]).all()
    assert np.isnan(corrected.density[:, ~inside]).all()
    np.testing.assert_allclose(corrected.density[:, inside].sum(axis=0) * corrected.step, 1.0)


def test_a_picture_of_levels_leaves_out_what_the_response_does_not_tell():
    response = ma.FrequencyResponse([100.0, 5000.0], [0.0, 0.0])
    density = ma.spectral_probability_density(noise(calibration=calibrated(response)))
    picture = ma.plot.spectral_probability_density(density)
    assert "nan" not in picture.description
    assert "at 300 Hz" in picture.description


def test_a_response_that_tells_nothing_of_a_recording_is_refused():
    response = ma.FrequencyResponse([30000.0, 40000.0], [0.0, 0.0])
    with pytest.raises(ma.ParameterError, match="says nothing from 0 to 24000 Hz"):
        ma.spectral_probability_density(noise(calibration=calibrated(response)))


def test_events_are_the_same_and_their_levels_in_pascals():
    plain = ma.load("sample")
    recording = ma.load("sample", calibration=calibrated(TILT))
    events, in_pascals = ma.detect_wind(plain), ma.detect_wind(recording)
    assert (events.unit, in_pascals.unit) == ("dB re full scale", "dB re 20 µPa")
    assert len(events) == len(in_pascals) > 0
    for event, same in zip(events, in_pascals, strict=True):
        assert (same.start, same.end, same.excess) == (event.start, event.end, event.excess)
        assert same.level - event.level == pytest.approx(100.0)  # 2 Pa re 20 µPa
        assert same.peak_level - event.peak_level == pytest.approx(100.0)


def test_the_picture_of_a_level_is_in_pascals_with_all_that_is_drawn_in_it():
    plain, in_pascals = (
        ma.plot.level(ma.load("sample", calibration=one)).axes for one in (None, calibrated())
    )
    assert plain.get_ylabel() == "Level\n(dB re full scale)"
    assert in_pascals.get_ylabel() == "Level\n(dB re 20 µPa)"
    for line, same in zip(plain.lines[:2], in_pascals.lines[:2], strict=True):
        np.testing.assert_allclose(same.get_ydata() - line.get_ydata(), 100.0)
    steps, same_steps = (
        [one.get_data().values for one in axes.patches if isinstance(one, StepPatch)]
        for axes in (plain, in_pascals)
    )
    assert len(steps) == 2  # the quiet and the threshold
    np.testing.assert_allclose(np.subtract(same_steps, steps), 100.0)


def test_all_levels_of_an_analysis_are_in_pascals_and_no_difference_of_levels_is(tmp_path):
    plain, in_pascals = (
        dict(figures_of(ma.analyze(ma.load("sample", calibration=one), tmp_path, progress=False).summary))
        for one in (None, calibrated())
    )
    shifts = {
        name: value - plain[name]
        for name, value in in_pascals.items()
        if name.endswith("_db") and not name.startswith(".parameters")
    }
    levels = {name for name in shifts if name.endswith("level_db")}
    assert len(levels) > 10
    assert {name: shifts[name] for name in levels} == dict.fromkeys(levels, pytest.approx(100.0, abs=2e-3))
    assert {shift for name, shift in shifts.items() if name not in levels} == {0.0}


def figures_of(held, name=""):
    """The numbers in what JSON can hold, with how they are reached."""
    if isinstance(held, dict):
        for key, value in held.items():
            yield from figures_of(value, f"{name}.{key}")
    elif isinstance(held, list):
        for number, value in enumerate(held):
            yield from figures_of(value, f"{name}[{number}]")
    elif isinstance(held, (int, float)):
        yield name, held


def test_stems_keep_the_calibration_and_state_levels_in_its_unit():
    stems = ma.separate(ma.load("sample", calibration=calibrated()))
    assert stems.wind.calibration == stems.rover.calibration == calibrated()
    assert stems.wind_lower.unit == "dB re 20 µPa"
