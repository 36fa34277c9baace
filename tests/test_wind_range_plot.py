"""The picture of the wind's range: both estimates in place, its figures in words, and no wind said so."""

import warnings

import numpy as np
import pytest

import marsaudio as ma


@pytest.fixture(scope="module")
def area(gusty_stems):
    return ma.plot.wind_range(gusty_stems)


def curve(axes, name):
    (line,) = [line for line in axes.lines if line.get_label() == name]
    return line.get_xdata(), line.get_ydata()


def summed(levels):
    return 10 * np.log10((10 ** (levels.level / 10)).sum(axis=1).mean(axis=0))


def test_it_shows_the_wind_over_time_from_below_and_from_above_summed_over_the_bands(gusty_stems, area):
    assert area.axes.get_xlabel() == "Time (s)"
    assert area.axes.get_ylabel() == "Level\n(dB re full scale)"
    assert area.axes.get_xlim() == (0.0, 6.0)
    for name, levels in (
        ("wind, steady part left out", gusty_stems.wind_lower),
        ("wind, steady part given back", gusty_stems.wind_upper),
    ):
        times, drawn = curve(area.axes, name)
        here = np.isfinite(drawn) & (drawn > area.axes.get_ylim()[0])
        assert here.any()
        assert times == pytest.approx(levels.times)
        assert drawn[here] == pytest.approx(summed(levels)[here])


def test_the_lower_estimate_is_nowhere_drawn_above_the_upper_one(area):
    names = ("wind, steady part left out", "wind, steady part given back")
    below, above = (curve(area.axes, name)[1] for name in names)
    assert (np.nan_to_num(below - above, nan=-1.0) <= 1e-9).all()


def test_the_gust_stands_above_the_rover_stem_and_the_quiet_does_not(area):
    times, wind = curve(area.axes, "wind, steady part given back")
    rover_times, rover = curve(area.axes, "rover stem")
    assert np.nanmax(wind[(times > 2.2) & (times < 2.8)]) > np.nanmax(rover[rover_times < 6]) + 10
    assert np.nanmedian(wind[times > 4]) < np.nanmedian(rover[rover_times > 4])


def test_the_figures_of_the_whole_recording_stand_in_the_picture_and_in_its_words(gusty_stems, area):
    facts = (
        f"up to {gusty_stems.cut_off:.0f} Hz",
        "of its power may as well be rover",
        f"{gusty_stems.snr_before:.1f} dB before, {gusty_stems.snr_after:.1f} dB after",
    )
    drawn = " ".join(text.get_text() for text in area.axes.texts).replace("−", "-")
    for fact in facts:
        assert fact in drawn
        assert fact in area.figure.description


def test_the_words_tell_the_highest_level_and_when(gusty_stems, area):
    upper = summed(gusty_stems.wind_upper)
    at = int(upper.argmax())
    assert f"highest at {gusty_stems.wind_upper.times[at]:.1f} s" in area.figure.description
    assert f"to {upper[at]:.1f} dB re full scale" in area.figure.description


def test_it_is_drawn_on_axes_of_ones_own(gusty_stems):
    figure = ma.plot.Picture()
    axes = figure.subplots()
    area = ma.plot.wind_range(gusty_stems, ax=axes, alpha=0.5)
    assert area.axes is axes
    assert area.get_alpha() == 0.5
    assert figure.description == ""


def test_it_has_a_gap_where_the_recording_is_muted(gusty):
    samples = gusty.samples.copy()
    samples[:, 72000:80000] = 0.0
    axes = ma.plot.wind_range(ma.separate(ma.Recording(samples, 16000))).axes
    times, wind = curve(axes, "wind, steady part given back")
    assert np.isnan(wind[np.abs(times - 4.75).argmin()])
    assert np.isfinite(wind[np.abs(times - 2.5).argmin()])


def test_channels_that_differ_are_averaged_as_powers(gusty):
    two = np.concatenate([gusty.samples, 0.5 * gusty.samples[:, ::-1]])
    stems = ma.separate(ma.Recording(two, 16000))
    times, drawn = curve(ma.plot.wind_range(stems).axes, "wind, steady part given back")
    inside = (times > 1) & (times < 5)
    assert drawn[inside] == pytest.approx(summed(stems.wind_upper)[inside])


def test_with_a_calibration_the_level_is_in_its_unit(gusty):
    calibration = ma.Calibration(20.0, source="an example, not measured")
    area = ma.plot.wind_range(ma.separate(ma.Recording(gusty.samples, 16000, calibration=calibration)))
    assert area.axes.get_ylabel() == "Level\n(dB re 20 µPa)"
    assert "dB re 20 µPa" in area.figure.description


def test_noise_without_wind_is_said_to_be_so():
    noise = ma.Recording(np.random.default_rng(0).normal(0, 0.05, 48000), 8000)
    area = ma.plot.wind_range(ma.separate(noise))
    words = "No wind was found for certain"
    assert words in area.figure.description
    assert any(words in text.get_text() for text in area.axes.texts)


@pytest.mark.parametrize("frames", [4, 3000])
def test_where_too_little_was_heard_to_find_wind_the_picture_says_so(frames, tmp_path):
    short = ma.Recording(0.01 * np.random.default_rng(0).normal(size=frames), 16000)
    area = ma.plot.wind_range(ma.separate(short))
    assert "No wind was found in it." in area.figure.description
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert area.figure.save(tmp_path / "none.png", dpi=40).exists()


def test_digital_silence_has_a_picture(tmp_path):
    area = ma.plot.wind_range(ma.separate(ma.Recording(np.zeros(48000), 16000)))
    assert "No wind was found in it." in area.figure.description
    assert area.figure.save(tmp_path / "silence.png", dpi=40).exists()
