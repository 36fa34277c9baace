"""What cannot be known is said in figures: the wind's level from below and above, and what may be rover."""

import itertools

import numpy as np
import pytest

import marsaudio as ma

RATE = 48000


def scene(**parameters):
    return ma.simulate_scene(16.0, rng=21, click_rate=0.0, **parameters)


def mean_levels(levels):
    power = (10 ** (levels.level[0] / 10)).mean(axis=-1)
    return 10 * np.log10(np.maximum(power, 1e-30))


def true_levels(recording, edges):
    spectrum = ma.spectrogram(recording, n_fft=16384, hop_length=4096)
    density = spectrum.power.mean(axis=-1)
    density = density[0] if density.ndim > 1 else density
    step = spectrum.frequencies[1]
    return np.array(
        [
            10 * np.log10(density[(spectrum.frequencies >= low) & (spectrum.frequencies < high)].sum() * step)
            for low, high in itertools.pairwise(edges)
        ]
    )


@pytest.fixture(scope="module")
def gusty():
    return scene()


@pytest.fixture(scope="module")
def even():
    """A wind that hardly changes."""
    return scene(gust_count=0, turbulence_intensity=0.12, mean_speed=6.0)


@pytest.mark.parametrize("name", ["gusty", "even"])
def test_the_wind_is_between_its_lower_and_upper_level(name, request):
    truth = request.getfixturevalue(name)
    stems = ma.separate(truth.recording)
    true = true_levels(truth.wind, stems.wind_upper.edges)[1:5]  # 22 to 355 Hz
    lower, upper = mean_levels(stems.wind_lower)[1:5], mean_levels(stems.wind_upper)[1:5]
    assert np.all(lower < true + 1)
    assert np.all(upper > true - 1)


def test_even_wind_is_in_more_doubt_than_gusts(gusty, even):
    doubts = [ma.separate(each.recording).unidentifiable for each in (gusty, even)]
    assert 0 <= doubts[0] < 0.05
    assert 0.2 < doubts[1] < 1


def test_the_stem_stands_further_above_the_rover_than_the_recording(gusty):
    stems = ma.separate(gusty.recording)
    assert stems.snr_after > stems.snr_before + 3


def test_levels_are_those_of_the_recordings_unit(gusty):
    pascal = ma.Calibration(pascal_per_full_scale=10.0, source="A test's own figure.")
    calibrated = ma.Recording(gusty.recording.samples, RATE, calibration=pascal)
    stems, plain = ma.separate(calibrated), ma.separate(gusty.recording)
    assert stems.wind_upper.unit == calibrated.level_unit
    loud = plain.wind_upper.level > -100
    difference = stems.wind_upper.level[loud] - plain.wind_upper.level[loud]
    assert np.allclose(difference, calibrated.level_offset, atol=1e-6)


def test_without_wind_no_figure_is_invented():
    stems = ma.separate(ma.Recording(np.random.default_rng(0).normal(0, 0.1, RATE // 10), RATE))
    assert stems.unidentifiable is None
    assert stems.snr_before is None
    assert stems.snr_after is None
    assert stems.cut_off is None
    assert np.all(np.isneginf(stems.wind_upper.level))


def test_levels_say_what_they_are(gusty):
    levels = ma.separate(gusty.recording).wind_lower
    assert "octave bands" in repr(levels)
    assert levels.level.shape == (1, len(levels.centres), len(levels.times))
    assert np.all(np.diff(levels.times) > 0)
