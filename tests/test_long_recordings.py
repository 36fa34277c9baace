"""Recordings of many minutes: sections follow what changes in the rover, and leave no seam."""

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.signal

import marsaudio as ma
from marsaudio import metrics
from marsaudio.separation.sections import find_sections, steps

RATE = 8000
MINUTE = 60 * RATE


def low_noise(frames, seed):
    white = np.random.default_rng(seed).standard_normal(frames)
    low = scipy.signal.sosfilt(scipy.signal.butter(2, [15, 100], "band", fs=RATE, output="sos"), white)
    return low / low.std()


def gusty_wind(minutes, seed=1):
    """A gust every six seconds or so."""
    rng, frames = np.random.default_rng(seed), minutes * MINUTE
    level = np.full(frames, 0.03)
    for _ in range(10 * minutes):
        middle, width = rng.uniform(0, frames), rng.uniform(0.4, 1.5) * RATE
        here = slice(max(int(middle - 5 * width), 0), int(middle + 5 * width))
        level[here] += rng.uniform(0.3, 1) * np.exp(-(((np.arange(frames)[here] - middle) / width) ** 2))
    return 0.1 * level * low_noise(frames, seed + 1)


@pytest.fixture(scope="module")
def pump_on_and_off():
    """Twelve minutes; a pump runs from 3:20 to 8:00."""
    wind = gusty_wind(12)
    time = np.arange(len(wind)) / RATE
    runs = (time > 200) & (time < 480)
    rover = 0.005 * np.random.default_rng(3).standard_normal(len(wind)) * np.where(runs, 3.0, 1.0)
    rover += 0.02 * np.sin(2 * np.pi * 195.145 * time) * runs
    step = 2.0**-15
    return np.rint(wind / step) * step, np.rint(rover / step) * step


def test_a_pump_that_starts_and_stops_is_followed(pump_on_and_off):
    wind, rover = pump_on_and_off
    stems = ma.separate(ma.Recording(wind + rover, RATE))
    borders = [model.start for model in stems.models[1:]]
    assert min(abs(border - 200) for border in borders) < 10
    assert min(abs(border - 480) for border in borders) < 10
    for minute in (1, 5, 10):
        part = slice(minute * MINUTE, (minute + 1) * MINUTE)
        assert metrics.si_sdr(stems.wind.samples[0, part], wind[part]) > 12
    assert np.array_equal(stems.wind.samples[0] + stems.rover.samples[0], (wind + rover).astype(np.float32))


def test_sections_of_a_file_give_the_same_bits(pump_on_and_off, tmp_path):
    wind, rover = pump_on_and_off
    path = ma.Recording(wind + rover, RATE).save(tmp_path / "long.wav", encoding="PCM_16")
    stems = ma.separate(ma.load(path))
    files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert np.array_equal(ma.load(files.wind).samples, stems.wind.samples)


def test_memory_hardly_grows_with_the_length_of_a_file(tmp_path, monkeypatch):
    """As much is held as a section takes; here they are short, so that a few minutes are many of them."""
    monkeypatch.setattr("marsaudio.separation.sections.SECTION_SECONDS", 20.0)
    sound = gusty_wind(6) + 0.005 * np.random.default_rng(3).standard_normal(6 * MINUTE)
    peaks = []
    for minutes in (2, 6):
        recording = ma.Recording(np.rint(sound[: minutes * MINUTE] * 2**15) / 2**15, RATE)
        path = recording.save(tmp_path / "long.wav", encoding="PCM_16")
        tracemalloc.start()
        files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(files.models) == 3 * minutes
    assert peaks[1] < 1.15 * peaks[0]


def test_sections_are_faded_into_each_other(pump_on_and_off):
    wind, rover = pump_on_and_off
    stem = ma.separate(ma.Recording(wind + rover, RATE)).wind.samples[0]
    border = round(480 * RATE)
    jump = np.abs(np.diff(stem[border - MINUTE : border + MINUTE])).max()
    assert jump < 1.2 * np.abs(np.diff(wind[border - MINUTE : border + MINUTE])).max()


def test_a_level_without_steps_has_none():
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert steps(rng.normal(0, 0.3, 120), 12) == []


def test_steps_of_a_level_are_found():
    level = np.concatenate([np.zeros(30), np.full(40, 6.0), np.full(50, 2.0)])
    level += np.random.default_rng(0).normal(0, 0.2, 120)
    assert steps(level, 12) == [30, 70]


def test_a_short_recording_is_one_section_and_an_hour_is_many():
    power = np.full(100, 1e-6)
    assert [(s.first, s.last) for s in find_sections(power, 20.0, 235)] == [(0, 235)]
    hour = find_sections(np.full(360000, 1e-6), 3600.0, 42000)
    assert hour[0].first == 0
    assert hour[-1].last == 42000
    assert len(hour) == 12
    assert all(before.last == after.first for before, after in itertools.pairwise(hour))
