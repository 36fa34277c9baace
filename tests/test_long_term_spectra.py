"""Hours at a glance: mean spectra over time and how often each level occurs, from blocks of any length."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marsaudio as ma
from marsaudio.formats import audio

RATE = 8000


def noise(frames, *, channels=1, seed=0, level=0.01):
    samples = level * np.random.default_rng(seed).normal(size=(channels, frames))
    return np.rint(samples * 2**15) / 2**15


@pytest.fixture(scope="module")
def hum():
    """A minute: noise, from 20 s on with a sine of amplitude 0.1 at 1000 Hz."""
    samples = noise(60 * RATE)
    times = np.arange(60 * RATE) / RATE
    samples += np.where(times >= 20, 0.1 * np.sin(2 * np.pi * 1000 * times), 0.0)
    return ma.Recording(samples, RATE)


def test_a_column_is_the_mean_of_the_frames_in_it(hum):
    n_fft = 1024
    found = ma.long_term_spectrogram(hum, seconds=2.0, n_fft=n_fft)
    frames = ma.spectrogram(hum, n_fft=n_fft, hop_length=n_fft // 2)
    column = (frames.times // 2.0).astype(int)
    assert np.array_equal(found.frames, np.bincount(column))
    for number in (0, 9, 10, 29):
        expected = frames.power[:, column == number].astype(np.float64).mean(axis=1)
        assert found.power[:, number] == pytest.approx(expected, rel=1e-5)
    assert found.times[:2].tolist() == [1.0, 3.0]
    assert found.unit == "FS²/Hz"


def test_power_over_all_frequencies_and_time_is_the_mean_square(hum):
    found = ma.long_term_spectrogram(hum, seconds=5.0)
    total = found.power.sum(axis=0, dtype=np.float64) * found.frequencies[1]
    assert total[:3] == pytest.approx(0.01**2, rel=0.02)
    assert total[5:] == pytest.approx(0.01**2 + 0.1**2 / 2, rel=0.02)


def test_the_scatter_of_a_mean_is_as_stated():
    found = ma.long_term_spectrogram(ma.Recording(noise(200 * RATE), RATE), seconds=2.0, n_fft=512)
    inner = found.power[5:-5].astype(np.float64)
    scatter = inner.std(axis=1) / inner.mean(axis=1)
    assert np.mean(scatter) == pytest.approx(np.sqrt(19 / 18 / np.median(found.frames)), rel=0.05)


@given(
    frames=st.integers(600, 40000),
    length=st.integers(100, 30000),
    channels=st.integers(1, 3),
    equal=st.booleans(),
    n_fft=st.sampled_from([16, 255, 256, 600]),
)
@settings(max_examples=30, deadline=None)
def test_a_file_in_blocks_of_any_length_gives_the_bits_of_the_recording(
    tmp_path_factory, frames, length, channels, equal, n_fft
):
    samples = noise(frames, channels=channels, seed=frames)
    if equal:
        samples[:] = samples[0]
    recording = ma.Recording(samples, RATE)
    path = recording.save(tmp_path_factory.mktemp("blocks") / "noise.wav", encoding="PCM_16")
    expected = ma.long_term_spectrogram(recording, seconds=0.5, n_fft=n_fft)
    defaults = audio.AudioFile.blocks.__defaults__
    audio.AudioFile.blocks.__defaults__ = (length,)
    try:
        found = ma.long_term_spectrogram(path, seconds=0.5, n_fft=n_fft)
    finally:
        audio.AudioFile.blocks.__defaults__ = defaults
    assert np.array_equal(found.power, expected.power)
    assert np.array_equal(found.frames, expected.frames)
    if equal:
        alone = ma.long_term_spectrogram(ma.Recording(samples[0], RATE), seconds=0.5, n_fft=n_fft)
        assert np.array_equal(found.power, alone.power)


def test_a_range_is_that_of_the_loaded_part(hum, tmp_path):
    path = hum.save(tmp_path / "hum.wav", encoding="PCM_24")
    part = ma.load(path, start=15.0, stop=30.0)
    for source in (path, ma.load(path)):
        found = ma.long_term_spectrogram(source, seconds=1.0, start=15.0, stop=30.0)
        assert np.array_equal(found.power, ma.long_term_spectrogram(part, seconds=1.0).power)
        assert found.duration == 15.0
        assert found.source.offset == 15.0


@pytest.mark.parametrize("peak", [2.0**20, 2.0**40])
def test_levels_far_above_full_scale_are_told(peak):
    samples = np.random.default_rng(1).uniform(-1, 1, 4 * 8000)
    usual, loud = (
        ma.spectral_probability_density(ma.Recording(factor * samples, 8000)) for factor in (1.0, peak)
    )
    louder = loud.percentile(50) - usual.percentile(50)
    assert np.median(louder) == pytest.approx(20 * np.log10(peak), abs=1.0)


def test_digital_silence_is_left_out():
    samples = noise(20 * RATE)
    samples[:, 5 * RATE : 12 * RATE] = 0.0
    recording = ma.Recording(samples, RATE)
    found = ma.long_term_spectrogram(recording, seconds=1.0, n_fft=512)
    assert found.frames[6:11].tolist() == [0] * 5
    assert (found.power[:, 6:11] == 0).all()
    density = ma.spectral_probability_density(recording, n_fft=512)
    assert density.count == np.count_nonzero(found.frames)
    assert density.levels.min() > -100
    with pytest.raises(ma.ParameterError, match="digital silence"):
        ma.spectral_probability_density(ma.Recording(np.zeros(RATE), RATE))


def test_a_calibrated_recording_has_pascals(hum):
    calibration = ma.Calibration(2.0, source="a test")
    calibrated = ma.Recording(hum.samples, RATE, calibration=calibration)
    plain, pascals = (ma.long_term_spectrogram(one, seconds=10.0) for one in (hum, calibrated))
    assert pascals.unit == "Pa²/Hz"
    assert pascals.power == pytest.approx(4 * plain.power, rel=1e-6)
    levels = [ma.spectral_probability_density(one).percentile(50) for one in (hum, calibrated)]
    assert levels[1] - levels[0] == pytest.approx(20 * np.log10(2.0 / 20e-6), abs=1.0)


def test_the_length_of_a_column_is_round_and_there_are_at_most_a_thousand():
    found = ma.long_term_spectrogram(ma.Recording(noise(700 * 1000), 1000))
    assert found.seconds == 1.0
    assert len(found.times) == 700


def test_levels_that_occur_are_counted(hum):
    density = ma.spectral_probability_density(hum, seconds=1.0, n_fft=1024, step=0.5)
    assert (density.density.sum(axis=0) * density.step) == pytest.approx(1.0)
    assert density.count == 60
    at = int(np.argmin(np.abs(density.frequencies - 1000)))
    of_noise = 10 * np.log10(2 * 0.01**2 / RATE)
    assert density.percentile(10)[at] == pytest.approx(of_noise, abs=1.5)
    assert density.percentile(90)[at] > of_noise + 25
    assert density.percentile(50)[40] == pytest.approx(of_noise, abs=1.0)
    mean = ma.long_term_spectrogram(hum, seconds=60.0, n_fft=1024).to_db()[:, 0]
    assert density.mean == pytest.approx(mean, abs=0.1)
    assert repr(density).startswith("<marsaudio.SpectralProbabilityDensity: ")


def test_percentiles_are_those_of_the_levels(hum):
    density = ma.spectral_probability_density(hum, seconds=1.0, n_fft=512, step=1.0)
    levels = ma.long_term_spectrogram(hum, seconds=1.0, n_fft=512).to_db()
    for q in (5, 25, 50, 75, 95):
        expected = np.percentile(levels, q, axis=1)
        assert np.abs(density.percentile(q) - expected)[5:40].max() <= 1.5
    assert (np.diff([density.percentile(q)[30] for q in range(0, 101, 5)]) >= 0).all()
    with pytest.raises(ma.ParameterError, match="from 0 to 100"):
        density.percentile(101)


def test_the_table_of_percentiles_can_be_read_back(hum, tmp_path):
    density = ma.spectral_probability_density(hum)
    rows = list(csv.DictReader(io.StringIO(density.save(tmp_path / "levels.csv").read_text())))
    assert len(rows) == len(density.frequencies)
    assert float(rows[7]["p50_db"]) == pytest.approx(density.percentile(50)[7], rel=1e-4)
    with pytest.raises(ma.ParameterError, match=r"ends in \.csv"):
        density.save(tmp_path / "levels.txt")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seconds": 0.001}, "Take longer columns"),
        ({"seconds": float("nan")}, "Take longer columns"),
        ({"n_fft": 3}, "from 4"),
        ({"n_fft": 10**6}, "from 4"),
        ({"n_fft": 256.5}, "whole number"),
        ({"start": 70.0}, "is not within"),
    ],
)
def test_what_cannot_be_done_is_refused(hum, options, said):
    for function in (ma.long_term_spectrogram, ma.spectral_probability_density):
        with pytest.raises(ma.ParameterError, match=said):
            function(hum, **options)


def test_a_step_of_no_size_is_refused(hum):
    with pytest.raises(ma.ParameterError, match=r"from 0\.1 to 10 dB"):
        ma.spectral_probability_density(hum, step=0)


def test_pictures_of_both_say_what_they_show(hum):
    picture = ma.plot.spectrogram(ma.long_term_spectrogram(hum, seconds=1.0))
    assert "Means over 1 s" in picture.get_supxlabel()
    assert picture.axes[0].get_xlim() == (0.0, 60.0)
    picture = ma.plot.spectral_probability_density(ma.spectral_probability_density(hum))
    labels = [line.get_label() for line in picture.axes[0].lines]
    assert labels == ["mean power", *(f"{q} % of the time at or below" for q in (5, 50, 95))]
    assert "at 1000 Hz" in picture.description
    with pytest.raises(ma.ParameterError, match="Compute it first"):
        ma.plot.spectral_probability_density(hum)
    with pytest.raises(ma.ParameterError, match="nothing to show"):
        ma.plot.spectral_probability_density(ma.spectral_probability_density(hum), minimum_frequency=5000)


def test_the_lowest_percentile_is_that_of_each_frequency():
    rng = np.random.default_rng(2)
    red = np.cumsum(rng.standard_normal(20 * 8000))  # 60 dB more at low frequencies than at high ones
    density = ma.spectral_probability_density(ma.Recording(1e-4 * (red - red.mean()), 8000), step=0.1)
    lowest, first = density.percentile(0), density.percentile(1)
    assert (lowest <= first).all()
    assert np.median(first - lowest) < 1.0
