"""Clicks stay with the rover, and leave no hole in the wind."""

import numpy as np
import pytest

import marsaudio as ma
from marsaudio import metrics
from marsaudio.separation.clicks import WithoutClicks, fills_low_frequencies, find_clicks
from marsaudio.separation.survey import survey

RATE = 48000


@pytest.fixture(scope="module")
def scene():
    return ma.simulate_scene(12.0, rng=4, click_rate=0.0)


def ringing(frames, loudness, seed=7, number=12):
    """Bursts that ring down within some milliseconds at 1.5 to 6 kHz, and where they start."""
    rng = np.random.default_rng(seed)
    sound, length = np.zeros(frames), round(0.006 * RATE)
    starts = np.sort(rng.choice(np.arange(1, 2 * number), number, replace=False)) * (frames // (2 * number))
    for start in starts:
        time = np.arange(length) / RATE
        tone = np.sin(2 * np.pi * rng.uniform(1500, 6000) * time)
        sound[start : start + length] += loudness * np.exp(-time / 0.0008) * tone
    return sound, starts


def clicks_of(samples):
    return survey(ma.Recording(samples, RATE)).clicks(0, RATE)


def test_clicks_are_found_where_they_are(scene):
    loudest = np.abs(scene.wind.samples).max()
    sound, starts = ringing(scene.recording.frames, 4 * loudest)
    found = clicks_of(scene.recording.samples[0] + sound)
    assert len(found) == len(starts)
    assert all(first <= start < last for start, (first, last) in zip(starts, found, strict=True))
    assert (found[:, 1] - found[:, 0]).max() < 0.012 * RATE


def test_clicks_of_a_long_recording_are_those_of_its_parts():
    rng = np.random.default_rng(3)
    power = rng.chisquare(8, 150_000)  # five minutes, in stretches of two milliseconds
    places = np.sort(rng.choice(np.arange(100, 149_900, 40), 300, replace=False))
    for place in places:
        power[place : place + 3] *= 1e4
    clicks = find_clicks(power, 96, RATE, peak=10.0)
    assert len(clicks) == len(places)
    assert all(first <= 96 * place < last for place, (first, last) in zip(places, clicks, strict=True))


def test_gusts_and_noise_are_no_clicks(scene):
    assert len(clicks_of(scene.wind.samples[0])) <= 3
    for seed in range(5):
        assert len(clicks_of(np.random.default_rng(seed).normal(0, 0.1, 10 * RATE))) == 0


def test_a_machine_that_rattles_all_the_time_is_no_series_of_clicks():
    sound, _ = ringing(5 * RATE, 0.3, number=200)
    assert len(clicks_of(sound + np.random.default_rng(0).normal(0, 1e-4, 5 * RATE))) == 0


def test_a_channel_without_its_clicks_is_the_same_from_any_sample_on(scene):
    sound, _ = ringing(scene.recording.frames, 1.0)
    recording = ma.Recording(scene.recording.samples[0] + sound, RATE)
    source = WithoutClicks(recording, clicks_of(recording.samples[0]))
    whole = np.concatenate(list(source.blocks()), axis=1)
    assert not np.array_equal(whole, recording.samples)
    for first in (1, 131072, 150001):
        assert np.array_equal(np.concatenate(list(source.blocks(first=first)), axis=1), whole[:, first:])


@pytest.mark.parametrize("loudness", [0.3, 1.0, 3.0])
def test_clicks_do_not_get_into_the_wind(scene, loudness):
    wind = scene.wind.samples[0]
    sound, _ = ringing(scene.recording.frames, loudness * np.abs(wind).max())
    without = ma.separate(scene.recording).wind.samples[0]
    stem = ma.separate(ma.Recording(scene.recording.samples[0] + sound, RATE)).wind.samples[0]
    assert metrics.si_sdr(stem, wind) > min(metrics.si_sdr(without, wind) - 2, 22)


def test_under_a_click_the_wind_goes_on(scene):
    wind = scene.wind.samples[0].astype(np.float64)
    sound, starts = ringing(scene.recording.frames, np.abs(wind).max())
    stem = ma.separate(ma.Recording(scene.recording.samples[0] + sound, RATE)).wind.samples[0]
    without = ma.separate(scene.recording).wind.samples[0]
    under = np.concatenate([np.arange(start, start + round(0.006 * RATE)) for start in starts])
    assert np.std((stem - without)[under]) < 0.3 * np.std(without[under])


def test_a_discharge_over_all_frequencies_fills_the_low_ones_too():
    impulse = np.zeros(400)
    impulse[200] = 1.0
    assert fills_low_frequencies(impulse + 1e-3 * np.sin(np.arange(400) / 80), RATE)
    time = np.arange(400) / RATE
    assert not fills_low_frequencies(np.sin(2 * np.pi * 60 * time), RATE)


def test_stems_with_clicks_add_up_to_the_bit(scene):
    sound, _ = ringing(scene.recording.frames, 0.2)
    samples = np.rint((scene.recording.samples[0] + sound) * 2**20) / 2**23
    recording = ma.Recording(samples, RATE)
    stems = ma.separate(recording)
    assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)
