"""The rover's lines: found by their steady phase, and taken out without the wind beside them."""

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.separation.lines import LineRemoval, PhaseStatistics, hann_transform
from marsaudio.separation.readings import Transforms, tone_free_channels
from marsaudio.separation.survey import survey
from marsaudio.spectra.stft import hann

RATE = 8000


def noise(seconds, level=0.01, seed=1):
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE))


def sine(frequency, seconds, amplitude):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE + 0.7)


def lines_of(samples):
    fourier = Transforms.at(RATE).full
    recording = ma.Recording(samples, RATE)
    statistics = PhaseStatistics(fourier)
    coverage = survey(recording).coverage(0, fourier, recording.frames)
    statistics.add(fourier.batches(recording), coverage.usable)
    return statistics.lines(RATE)


def power_around(samples, frequency, half_width=0.5):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return spectrum[np.abs(frequencies - frequency) <= half_width].sum()


def test_lines_are_found_to_a_hundredth_of_a_hertz():
    samples = noise(20) + sine(195.145, 20, 0.01) + sine(781.3, 20, 0.02)
    frequencies = [line.frequency for line in lines_of(samples)]
    assert frequencies == pytest.approx([195.145, 781.3], abs=0.01)


def test_a_line_carries_its_level_re_full_scale():
    line = lines_of(noise(20, level=1e-4) + sine(500.0, 20, 0.1))[0]
    assert line.level == pytest.approx(10 * np.log10(0.1**2 / 2), abs=1.5)
    assert line.coherence > 0.95
    assert line.prominence > 30


def test_noise_has_no_lines():
    found = [len(lines_of(noise(30, seed=seed))) for seed in range(10)]
    assert sum(found) == 0


def test_a_narrow_band_of_noise_is_no_line():
    # Wind on Mars peaks near 30 Hz: loud, narrow, but of random phase.
    spectrum = np.fft.rfft(noise(30, level=1.0))
    frequencies = np.fft.rfftfreq(30 * RATE, 1 / RATE)
    hump = np.fft.irfft(spectrum * np.exp(-(((frequencies - 40) / 3) ** 2)))
    assert lines_of(0.3 * hump + noise(30, level=1e-4, seed=2)) == []


def test_a_loud_line_is_found_in_two_seconds():
    frequencies = [line.frequency for line in lines_of(noise(2) + sine(781.0, 2, 0.05))]
    assert frequencies == pytest.approx([781.0], abs=0.1)


def test_removal_takes_the_line_to_the_noise_beside_it():
    background = noise(20)
    samples = background + sine(195.145, 20, 0.05) + sine(390.29, 20, 0.02)
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    for frequency in (195.145, 390.29):
        left = power_around(cleaned, frequency) / power_around(background, frequency)
        taken = power_around(samples, frequency) / power_around(cleaned, frequency)
        assert left < 2.0
        assert 10 * np.log10(taken) > 20


def test_removal_leaves_what_is_beside_the_line():
    background = noise(20)
    samples = background + sine(195.145, 20, 0.05)
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    inside = slice(RATE, -RATE)
    change = power_around(cleaned[inside] - background[inside], 215, 15)
    assert 10 * np.log10(change / power_around(background[inside], 215, 15)) < -30


def test_a_gust_over_a_line_is_not_taken_for_the_line():
    gust = np.zeros(20 * RATE)
    gust[8 * RATE : 11 * RATE] = np.random.default_rng(3).normal(0, 0.3, 3 * RATE)
    samples = noise(20) + gust + sine(195.145, 20, 0.05)
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    error = (cleaned - (noise(20) + gust))[8 * RATE : 11 * RATE]
    # What remains of the line during the gust is far below the line itself.
    assert 10 * np.log10(np.mean(error**2) / (0.05**2 / 2)) < -20


@pytest.mark.parametrize("part", [slice(0, RATE // 2), slice(-RATE // 2, None)], ids=["start", "end"])
def test_lines_are_removed_up_to_both_ends(part):
    background = noise(20)
    samples = background + sine(195.145, 20, 0.05)
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    error = (cleaned - background)[part]
    assert 10 * np.log10(np.mean(error**2) / (0.05**2 / 2)) < -20


def test_lines_are_removed_up_to_a_muted_stretch_and_not_put_into_it():
    sounding = np.ones(20 * RATE, dtype=bool)
    sounding[8 * RATE : 10 * RATE + 400] = False
    background = noise(20)
    samples = (background + sine(195.145, 20, 0.05)) * sounding
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    error = cleaned - background * sounding
    for part in (slice(7 * RATE, 8 * RATE), slice(8 * RATE, 10 * RATE), slice(10 * RATE + 400, 11 * RATE)):
        assert 10 * np.log10(np.mean(error[part] ** 2) / (0.05**2 / 2)) < -17


def test_without_lines_nothing_changes():
    recording = ma.Recording(noise(3), RATE)
    fourier = Transforms.at(RATE).full
    coverage = survey(recording).coverage(0, fourier, recording.frames)
    removal = LineRemoval([], fourier, RATE, coverage)
    before = list(fourier.batches(recording))
    after = list(removal.clean(iter(before)))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(before, after, strict=True))


def test_the_kernel_is_the_transform_of_a_windowed_sine():
    n, position = 256, 20.3
    windowed = np.exp(2j * np.pi * position * np.arange(n) / n) * hann(n)
    expected = np.fft.fft(windowed)[15:26]
    assert np.allclose(hann_transform(position - np.arange(15.0, 26.0), n), expected, atol=1e-4)


def test_a_line_that_fades_out_is_followed():
    seconds = 20
    fade = np.clip((14 - np.arange(seconds * RATE) / RATE) / 2, 1e-3, 1)  # from 12 to 14 s
    background = noise(seconds) * fade
    samples = background + sine(195.145, seconds, 0.05) * fade
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    error = (cleaned - background)[11 * RATE : 15 * RATE]
    assert 10 * np.log10(np.mean(error**2) / np.mean((0.05 * fade[11 * RATE : 15 * RATE]) ** 2 / 2)) < -20


def test_a_line_that_wavers_by_a_tenth_is_followed():
    seconds = 20
    waver = 1 + 0.1 * np.sin(2 * np.pi * 0.3 * np.arange(seconds * RATE) / RATE)
    background = noise(seconds, level=0.003)
    samples = background + sine(195.145, seconds, 0.05) * waver
    [channel] = tone_free_channels(ma.Recording(samples, RATE))
    cleaned = np.concatenate(list(channel.blocks()), axis=1)[0]
    error = cleaned - background
    assert 10 * np.log10(np.mean(error**2) / (0.05**2 / 2)) < -28


def test_a_line_half_way_between_two_bins_is_not_taken_for_the_next():
    fourier = Transforms.at(RATE).full
    for k in range(100, 1000, 90):
        frequency = (k + 0.5) * RATE / fourier.n_fft
        line = lines_of(noise(12, level=1e-3) + sine(frequency, 12, 0.05))[0]
        assert line.frequency == pytest.approx(frequency, abs=0.02)
        assert line.level == pytest.approx(10 * np.log10(0.05**2 / 2), abs=0.3)
