"""When the wind rises: edges, quiet, and what is no wind."""

import math

import numpy as np
import pytest
import scipy.signal

import marsaudio as ma
from marsaudio import metrics

RATE = 8000


def in_band(seconds, seed, low=25, high=150):
    white = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    band = scipy.signal.sosfilt(scipy.signal.butter(3, [low, high], "band", fs=RATE, output="sos"), white)
    return band / band.std()


def scene(gusts, seconds=30, snr_db=15, seed=0, quiet=0.01):
    """Rover noise with its hum, and gusts with short ramps, so many dB above the noise in their band."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed + 100).normal(0, quiet, len(time))
    noise += 0.02 * np.sin(2 * np.pi * 195.145 * time)
    in_band_noise = quiet * math.sqrt(230 / (RATE / 2))
    envelope = np.zeros(len(time))
    for start, end in gusts:
        envelope += np.clip((time - start) / 0.1 + 0.5, 0, 1) * np.clip((end - time) / 0.1 + 0.5, 0, 1)
    wind = in_band_noise * 10 ** (snr_db / 20) * envelope * in_band(seconds, seed)
    return ma.Recording(noise + wind, RATE)


def intervals(events):
    return [(event.start, event.end) for event in events]


@pytest.mark.parametrize("snr_db", [10, 15, 25])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gusts_are_found_with_their_edges(snr_db, seed):
    gusts = [(4.0, 6.5), (12.0, 13.8), (20.0, 24.0)]
    events = ma.detect_wind(scene(gusts, snr_db=snr_db, seed=seed))
    scores = metrics.event_scores(intervals(events), gusts)
    assert scores.f1 == 1.0
    assert np.abs(scores.onset_errors).max() < 0.12


def test_steady_noise_has_no_events():
    for seed in range(5):
        assert len(ma.detect_wind(scene([], seconds=60, seed=seed))) == 0


def test_the_rovers_hum_switched_on_for_a_while_is_no_wind():
    time = np.arange(30 * RATE) / RATE
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    hum = 0.05 * np.sin(2 * np.pi * 195.145 * time)
    steady = ma.Recording(noise + hum, RATE)
    assert len(ma.detect_wind(steady)) == 0


def test_louder_or_quieter_gives_the_same_times():
    recording = scene([(4.0, 6.5), (12.0, 13.8)])
    events = ma.detect_wind(recording)
    for factor in (0.01, 10):
        scaled = ma.detect_wind(ma.Recording(recording.samples * factor, RATE))
        assert intervals(scaled) == intervals(events)
        assert scaled.quiet_level == pytest.approx(events.quiet_level + 20 * math.log10(factor), abs=0.01)


def test_a_recording_and_its_stems_give_the_same_events():
    recording = scene([(4.0, 6.5), (12.0, 13.8)])
    recording = ma.Recording(np.rint(recording.samples * 32768) / 32768, RATE)
    assert ma.detect_wind(ma.separate(recording)).events == ma.detect_wind(recording).events


def test_a_muted_start_and_a_fade_out_make_no_events_and_do_not_lower_the_quiet():
    recording = scene([(10.0, 12.5), (18.0, 19.8)], seconds=30)
    samples = recording.samples[0].copy()
    fade = np.ones(len(samples))
    fade[: 2 * RATE] = 0
    fade[24 * RATE : 26 * RATE] = np.linspace(1, 1e-4, 2 * RATE)
    fade[26 * RATE :] = 0
    faded = ma.detect_wind(ma.Recording(samples * fade, RATE))
    plain = ma.detect_wind(recording)
    assert np.ravel(intervals(faded)) == pytest.approx(np.ravel(intervals(plain)), abs=0.11)
    assert faded.quiet_level == pytest.approx(plain.quiet_level, abs=1.0)


def test_two_gusts_in_lively_wind_are_two_events():
    # The level falls by 10 dB between them and stays above the quiet.
    time = np.arange(30 * RATE) / RATE
    envelope = np.full(len(time), 0.003)
    envelope[8 * RATE : 20 * RATE] = 0.03
    envelope[10 * RATE : 12 * RATE] = envelope[15 * RATE : 17 * RATE] = 0.3
    recording = ma.Recording(0.1 * envelope * in_band(30, 4), RATE)
    events = ma.detect_wind(recording)
    assert metrics.event_scores(intervals(events), [(10.0, 12.0), (15.0, 17.0)]).recall == 1.0


def test_an_event_states_its_level_over_quiet():
    recording = scene([(10.0, 14.0)], snr_db=20)
    events = ma.detect_wind(recording)
    [event] = events
    assert event.excess == pytest.approx(20, abs=2)
    assert event.level == pytest.approx(events.quiet_level + event.excess, abs=1e-6)
    assert event.start < event.peak_time < event.end
    assert event.peak_level >= event.level
    assert event.duration == pytest.approx(4.0, abs=0.4)
    assert (event.low, event.high) == (20.0, 250.0)


def test_levels_are_in_pascals_only_where_calibrated():
    recording = scene([(10.0, 14.0)])
    calibration = ma.Calibration(0.5, source="made up for this test")
    plain, in_pascal = (
        ma.detect_wind(ma.Recording(recording.samples, RATE, calibration=c)) for c in (None, calibration)
    )
    assert (plain.unit, in_pascal.unit) == ("dB re full scale", "dB re 20 µPa")
    shift = 20 * math.log10(0.5 / 20e-6)
    assert in_pascal[0].level == pytest.approx(plain[0].level + shift)
    assert in_pascal.quiet_level == pytest.approx(plain.quiet_level + shift)
    assert in_pascal[0].excess == pytest.approx(plain[0].excess)


def test_close_events_become_one_and_short_ones_are_left_out():
    recording = scene([(8.0, 10.0), (10.7, 13.0)], snr_db=20)
    assert len(ma.detect_wind(recording, merge_gap=0.0)) == 2
    assert len(ma.detect_wind(recording, merge_gap=1.5)) == 1
    assert len(ma.detect_wind(recording, minimum_duration=10)) == 0


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(4 * RATE), "silence"),
        (np.full(4 * RATE, 0.5), "silence"),
        (np.full(100, 0.5), "Shorter"),
    ],
    ids=["zeros", "constant", "short"],
)
def test_where_nothing_can_be_found_the_reason_is_given(samples, reason):
    events = ma.detect_wind(ma.Recording(samples, RATE))
    assert len(events) == 0
    assert reason in events.note
    assert reason in repr(events)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"band": (250, 20)}, "band="),
        ({"band": (20, 4001)}, "4000 Hz"),
        ({"band": (-1, 20)}, "band="),
        ({"band": (20.5, 21)}, "wider band"),
        ({"threshold_db": 0}, "threshold_db=0"),
        ({"minimum_duration": float("nan")}, "minimum_duration=nan"),
        ({"merge_gap": -1}, "merge_gap=-1"),
    ],
)
def test_a_value_out_of_range_is_named(values, word):
    with pytest.raises(ma.ParameterError, match=word):
        ma.detect_wind(ma.Recording(np.ones(RATE), RATE), **values)


def test_events_are_a_sequence_that_slices_and_clips():
    recording = scene([(4.0, 6.5), (12.0, 13.8), (20.0, 24.0)])
    events = ma.detect_wind(recording)
    assert len(events[1:]) == 2
    assert events[1:][0] == events[1]
    clips = events.clips(recording, margin=0.5)
    assert clips[0].duration == pytest.approx(events[0].duration + 1.0, abs=0.01)
    with pytest.raises(ma.ParameterError, match="same recording"):
        events.clips(recording.clip(0, 10))


def test_the_saved_table_has_units_in_its_header(tmp_path):
    events = ma.detect_wind(scene([(4.0, 6.5)]))
    lines = events.save(tmp_path / "events.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("start_s,end_s,duration_s,peak_time_s,level_db")
    values = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert float(values["start_s"]) == pytest.approx(events[0].start)
    assert values["level_unit"] == "dB re full scale"
    empty = events[:0].save(tmp_path / "empty.csv").read_text(encoding="utf-8").splitlines()
    assert empty == [lines[0]]


def test_the_table_reads_well():
    text = repr(ma.detect_wind(scene([(4.0, 6.5)])))
    assert "1 wind event in 30.000 s" in text
    assert "over quiet" in text


def test_a_gust_that_fills_most_of_the_recording_is_found():
    recording = scene([(1.0, 3.6)], seconds=4.5, snr_db=25)
    assert metrics.event_scores(intervals(ma.detect_wind(recording)), [(1.0, 3.6)]).f1 == 1.0


@pytest.mark.parametrize("rise_db", [30, 40])
@pytest.mark.parametrize("start", [3.5, 6.0])
def test_quiet_before_strong_wind_is_neither_muted_nor_faded(rise_db, start):
    time = np.arange(10 * RATE) / RATE
    level = np.where(time < start, 1e-3, 1e-3 * 10 ** (rise_db / 20))
    samples = level * in_band(10, 8) + np.random.default_rng(9).normal(0, 2e-5, len(time))
    events = ma.detect_wind(ma.Recording(samples, RATE))
    assert events.note == ""
    assert len(events) == 1
    assert events[0].start == pytest.approx(start, abs=0.3)


def test_the_quiet_around_a_gust_of_sixty_decibels_is_not_faded():
    time = np.arange(18 * RATE) / RATE
    samples = np.exp(-(((time - 9) / 1.2) ** 2)) * in_band(18, 3)
    samples += np.random.default_rng(1).normal(0, 0.001, len(time))
    [event] = ma.detect_wind(ma.Recording(0.05 * samples, RATE))
    assert event.start < 9 < event.end


def test_a_dead_channel_does_not_hide_the_wind_in_the_other():
    recording = scene([(4.0, 6.5)], seconds=12)
    dead = np.concatenate([recording.samples, 0 * recording.samples])
    events = ma.detect_wind(ma.Recording(dead, RATE))
    assert intervals(events) == intervals(ma.detect_wind(recording))
    assert events[0].level == pytest.approx(ma.detect_wind(recording)[0].level)


def test_what_was_left_out_is_said():
    samples = np.concatenate([np.zeros(2 * RATE), scene([(4.0, 6.5)], seconds=12).samples[0]])
    assert "muted or faded out" in ma.detect_wind(ma.Recording(samples, RATE)).note


@pytest.mark.parametrize("function", [ma.detect_wind, ma.separate, ma.spectrogram])
def test_a_key_instead_of_a_recording_is_answered_with_how_to_load_it(function):
    with pytest.raises(ma.ParameterError, match=r"load\('sample'\)"):
        function("sample")


def test_a_fade_that_never_reaches_zero_does_not_lower_the_quiet():
    recording = scene([(10.0, 12.5), (18.0, 19.8)], seconds=30)
    fade = np.ones(recording.frames)
    fade[23 * RATE : 25 * RATE] = np.linspace(1, 1e-4, 2 * RATE)
    fade[25 * RATE :] = 1e-4
    faded = ma.detect_wind(ma.Recording(recording.samples[0] * fade, RATE))
    assert faded.quiet_level == pytest.approx(ma.detect_wind(recording).quiet_level, abs=1.0)
    assert len(faded) == 2
    assert "left out" in faded.note


def test_a_line_that_stops_leaves_no_gust_behind():
    going = np.arange(30 * RATE) < 15 * RATE
    time = np.arange(30 * RATE) / RATE
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    events = ma.detect_wind(ma.Recording(noise + 0.005 * going * np.sin(2 * np.pi * 195.145 * time), RATE))
    assert len(events) == 0
