"""The level of a band over time: right in decibels, and at the right time."""

import numpy as np
import pytest
import scipy.signal

import marsaudio as ma
from marsaudio.events.level import FRAME_SECONDS, HOP_SECONDS, band_level, smoothed_level


def noise(seconds, rate, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))


@pytest.mark.parametrize("rate", [2000, 8000, 44100, 96000])
@pytest.mark.parametrize("band", [(20.0, 250.0), (100.0, 900.0), (0.0, 50.0)])
def test_white_noise_has_its_share_of_the_power(rate, band):
    measured = band_level(ma.Recording(noise(30, rate), rate), band=band)
    expected = 10 * np.log10(0.1**2 * (band[1] - band[0]) / (rate / 2))
    mean = 10 * np.log10(np.mean(10 ** (measured.level / 10)))
    # The outermost bins reach half a bin beyond the band, which tells in a narrow one.
    spacing = measured.spectra.spacing
    wider = 10 * np.log10((band[1] - band[0] + spacing) / (band[1] - band[0]))
    assert mean == pytest.approx(expected, abs=0.25 + wider)


def test_a_wide_band_at_the_full_rate_as_well():
    measured = band_level(ma.Recording(noise(10, 48000), 48000), band=(100.0, 20000.0))
    mean = 10 * np.log10(np.mean(10 ** (measured.level / 10)))
    assert mean == pytest.approx(10 * np.log10(0.1**2 * 19900 / 24000), abs=0.1)


@pytest.mark.parametrize("rate", [8000, 44100, 100000])
def test_the_level_is_that_of_the_moment(rate):
    time = np.arange(10 * rate) / rate
    envelope = np.exp(-(((time - 4.0) / 0.1) ** 2))
    band = scipy.signal.butter(3, [50, 200], "band", fs=rate, output="sos")
    samples = envelope * scipy.signal.sosfiltfilt(band, noise(10, rate, seed=3))
    measured = band_level(ma.Recording(samples + 1e-5 * noise(10, rate), rate), band=(20.0, 250.0))
    power = 10 ** (measured.level / 10)
    assert np.average(measured.times, weights=power) == pytest.approx(4.0, abs=0.05)
    assert np.diff(measured.times) == pytest.approx(HOP_SECONDS)
    assert measured.times[0] == pytest.approx(FRAME_SECONDS / 2)


def test_each_frame_has_the_power_of_the_samples_in_it():
    rate = 8000
    samples = noise(10, rate, seed=5) * (1 + 0.8 * np.sin(2 * np.pi * 0.5 * np.arange(10 * rate) / rate))
    measured = band_level(ma.Recording(samples, rate), band=(20.0, 3000.0), remove_lines=False)
    wide = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    filtered = np.fft.irfft(wide * ((frequencies >= 20) & (frequencies <= 3000)), len(samples))
    window = np.sin(np.pi * (np.arange(2000) + 0.5) / 2000) ** 4
    for frame in range(20, 180, 7):
        first = round((measured.times[frame] - FRAME_SECONDS / 2) * rate)
        expected = np.average(filtered[first : first + 2000] ** 2, weights=window)
        assert measured.level[frame] == pytest.approx(10 * np.log10(expected), abs=0.3)


def test_silence_is_not_usable_and_has_no_level():
    samples = noise(10, 8000)
    samples[3 * 8000 : 5 * 8000] = 0.0
    measured = band_level(ma.Recording(samples, 8000), band=(20.0, 250.0))
    silent = (measured.times > 3.2) & (measured.times < 4.8)
    sounding = (measured.times < 2.8) | (measured.times > 5.2)
    assert not measured.usable[silent].any()
    assert measured.usable[sounding].all()
    assert np.isneginf(smoothed_level(measured)[silent]).all()


def test_lines_are_taken_out_or_left():
    time = np.arange(20 * 8000) / 8000
    recording = ma.Recording(noise(20, 8000) + 0.1 * np.sin(2 * np.pi * 120.3 * time), 8000)
    without, with_line = (
        np.median(band_level(recording, band=(20.0, 250.0), remove_lines=remove).level)
        for remove in (True, False)
    )
    assert without == pytest.approx(10 * np.log10(0.1**2 * 230 / 4000), abs=0.5)
    assert with_line == pytest.approx(10 * np.log10(0.1**2 * 230 / 4000 + 0.1**2 / 2), abs=0.5)


def test_two_channels_have_the_mean_of_their_powers():
    one = noise(10, 8000, seed=1)
    both = ma.Recording(np.stack([one, 3 * noise(10, 8000, seed=2)]), 8000)
    level = np.mean(10 ** (band_level(both, band=(20.0, 250.0)).level / 10))
    alone = np.mean(10 ** (band_level(ma.Recording(one, 8000), band=(20.0, 250.0)).level / 10))
    assert level == pytest.approx(alone * (1 + 9) / 2, rel=0.15)
