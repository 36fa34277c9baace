"""Wheels that knock and scrape: heard in short frames, because the model's own are too long for them."""

import numpy as np
import pytest
import scipy.signal

import marsaudio as ma
from marsaudio import metrics
from marsaudio.separation import machine, wind_stem
from marsaudio.separation.frames import SHORT_FRAMES, Transforms
from marsaudio.separation.hearing import hear
from marsaudio.separation.machine import comes_in_knocks
from marsaudio.separation.run import distinct_channels
from marsaudio.separation.sections import Section
from marsaudio.separation.survey import survey

RATE = 16000


def low_noise(frames, seed):
    white = np.random.default_rng(seed).standard_normal(frames)
    low = scipy.signal.sosfiltfilt(scipy.signal.butter(2, [15, 150], "band", fs=RATE, output="sos"), white)
    return low / low.std()


def gusty_wind(seconds, seed=1):
    time = np.arange(seconds * RATE) / RATE
    gusts = sum(np.exp(-(((time - middle) / 0.8) ** 2)) for middle in np.arange(1.5, seconds, 4.0))
    return 0.1 * (0.02 + gusts) * low_noise(len(time), seed)


def rattle(seconds, level=0.15, seed=2):
    """Five knocks a second, each of noise that dies away within 20 ms, over a faint hiss."""
    rng = np.random.default_rng(seed)
    envelope = np.zeros(seconds * RATE)
    for start in rng.integers(0, len(envelope) - RATE // 4, 5 * seconds):
        envelope[start : start + RATE // 4] += rng.uniform(0.3, 1) * np.exp(-np.arange(RATE // 4) / 320)
    return level * envelope * rng.standard_normal(len(envelope)) + 0.002 * rng.standard_normal(len(envelope))


def on_16_bits(samples):
    return np.rint(samples * 2**15) / 2**15


@pytest.fixture(scope="module")
def rattling():
    wind, rover = on_16_bits(gusty_wind(30)), on_16_bits(rattle(30))
    return ma.Recording(wind + rover, RATE, source=ma.Source(encoding="PCM_16")), wind


def short_power(recording):
    """The power above the wind's frequencies in the short frames of a whole recording."""
    transforms = Transforms.at(recording.sample_rate)
    [channel] = distinct_channels(recording, survey(recording), transforms)
    whole = Section(0, len(channel.coverage.usable))
    [heard] = hear(channel.source, 0, channel.coverage, [whole], transforms, around=0)
    return heard.short_power


def test_knocks_are_taken_out_better_in_short_frames(rattling, monkeypatch):
    recording, wind = rattling
    stems = ma.separate(recording)
    assert all(model.knocks for model in stems.models)
    monkeypatch.setattr(machine, "KNOCKING", np.inf)
    whole_frames = ma.separate(recording)
    assert not any(model.knocks for model in whole_frames.models)
    quality = [metrics.si_sdr(each.wind.samples[0], wind) for each in (stems, whole_frames)]
    assert quality[0] > quality[1] + 0.4


def test_stems_of_a_knocking_machine_add_up_and_are_the_same_from_a_file(rattling, tmp_path):
    recording, _ = rattling
    stems = ma.separate(recording)
    assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)
    path = recording.save(tmp_path / "rattle.wav", encoding="PCM_16")
    files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert np.array_equal(ma.load(files.wind).samples, stems.wind.samples)


@pytest.mark.parametrize("rate", [16000, 44100, 100000])
def test_short_frames_together_tell_the_power_in_whole_ones(rate):
    rng = np.random.default_rng(5)
    envelope = np.full(3 * rate, 0.01)
    envelope[round(1.1 * rate) : round(1.15 * rate)] = 1.0
    recording = ma.Recording(0.1 * envelope * rng.standard_normal(3 * rate), rate)
    transforms = Transforms.at(rate)
    found = transforms.whole_frames(short_power(recording)).mean(axis=1)
    spectra = np.concatenate([part[0] for _, part in transforms.full.batches(recording)])
    above = transforms.full.frequencies(rate) > transforms.high_edges[0]
    expected = transforms.density(spectra, transforms.full)[:, above].mean(axis=1)
    assert found.shape == expected.shape
    assert found.argmax() == expected.argmax()
    loud = expected > 0.01 * expected.max()
    assert np.abs(10 * np.log10(found[loud] / expected[loud])).max() < 2.5
    assert found.sum() == pytest.approx(expected.sum(), rel=0.15)


@pytest.mark.parametrize("name", ["hum", "motor that comes and goes", "silence"])
def test_what_hums_or_rests_does_not_knock(name):
    rng = np.random.default_rng(3)
    time = np.arange(20 * RATE) / RATE
    sound = {
        "hum": rng.standard_normal(len(time)),
        "motor that comes and goes": (1.1 + np.sin(2 * np.pi * 0.4 * time)) * rng.standard_normal(len(time)),
        "silence": np.zeros(len(time)),
    }[name]
    power = short_power(ma.Recording(0.05 * sound, RATE))
    assert not comes_in_knocks(power.astype(np.float64).mean(axis=1), SHORT_FRAMES)


@pytest.mark.parametrize("seconds", [0, 3])
def test_a_fade_at_the_end_is_no_machine(seconds):
    frames = 20 * RATE
    fade = np.ones(frames)
    if seconds:
        fade[-seconds * RATE :] = np.linspace(1, 0.01, seconds * RATE)
    hiss = 0.01 * np.random.default_rng(6).standard_normal(frames)
    stems = ma.separate(ma.Recording(fade * (gusty_wind(20) + hiss), RATE))
    assert stems.models[0].rover.activity is None


@pytest.mark.parametrize("share", [0.15, 0.3, 0.7, 0.85])
def test_a_machine_that_runs_for_any_part_of_the_time_is_noticed(share):
    time = np.arange(20 * RATE) / RATE
    runs = 0.1 + 0.9 * (time % 5 < 5 * share)
    noise = 0.02 * np.random.default_rng(7).standard_normal(len(time))
    stems = ma.separate(ma.Recording(0.3 * gusty_wind(20) + runs * noise, RATE))
    assert stems.models[0].rover.activity is not None


def test_wind_goes_on_from_a_section_that_hums_to_one_that_rattles():
    minutes, seconds = 4, 240
    wind = on_16_bits(gusty_wind(seconds))
    hum = 0.004 * np.random.default_rng(4).standard_normal(len(wind))
    knocking = np.arange(len(wind)) >= 120 * RATE
    rover = on_16_bits(np.where(knocking, rattle(seconds, level=0.3) + 2 * hum, hum))
    recording = ma.Recording(wind + rover, RATE, source=ma.Source(encoding="PCM_16"))
    stems = ma.separate(recording)
    assert {model.knocks for model in stems.models} == {False, True}
    assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)
    for minute in range(minutes):
        part = slice(minute * 60 * RATE, (minute + 1) * 60 * RATE)
        assert metrics.si_sdr(stems.wind.samples[0, part], wind[part]) > 9
    around = slice(115 * RATE, 125 * RATE)
    assert metrics.si_sdr(stems.wind.samples[0, around], wind[around]) > 9


def test_a_range_of_a_knocking_machine_is_the_same_bits_as_of_the_whole(rattling, monkeypatch):
    recording, _ = rattling
    monkeypatch.setattr(wind_stem, "SHORT_BATCH_FRAMES", 64)  # so that there is something to leave out
    stems = ma.separate(recording)
    part = ma.separate(recording, start=11.3, stop=14.1)
    assert all(model.knocks for model in part.models)
    assert np.array_equal(part.wind.samples, stems.wind.clip(11.3, 14.1).samples)
