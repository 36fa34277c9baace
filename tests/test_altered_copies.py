"""Copies in which deep wind, and where it begins, is heard: altered as they say, and no measurements."""

import dataclasses

import numpy as np
import pytest
from refusals import refused
from scipy.signal import butter, sosfilt

import marsaudio as ma

RATE = 16000
CALIBRATION = ma.Calibration(2.0, source="a test")


def tone(hertz, seconds=4.0, rate=RATE, peak=0.5):
    times = np.arange(round(seconds * rate)) / rate
    return ma.Recording(peak * np.sin(2 * np.pi * hertz * times), rate, calibration=CALIBRATION)


def spectrum(recording):
    """Frequencies, and the amplitudes of the sines at them, of the middle."""
    quarter = recording.frames // 4
    middle = recording.samples[0, quarter : 3 * quarter].astype(np.float64)
    window = np.hanning(len(middle))
    amplitudes = 2 * np.abs(np.fft.rfft(middle * window)) / window.sum()
    return np.fft.rfftfreq(len(middle), 1 / recording.sample_rate), amplitudes


def strongest(recording):
    frequencies, amplitudes = spectrum(recording)
    return frequencies[amplitudes.argmax()], amplitudes.max()


def table(starts, duration, rover=False, quiet=-50.0):
    events = tuple(
        ma.WindEvent(start, start + 1, start + 0.5, -30.0, -25.0, 20.0, 20.0, 250.0, rover_transient=rover)
        for start in starts
    )
    return ma.WindEvents(events, "dB re full scale", quiet, duration, {})


def test_sped_up_it_is_so_many_times_shorter_and_higher():
    fast = ma.speed_up(tone(60), 8)
    assert fast.sample_rate == RATE
    assert fast.duration == pytest.approx(0.5, abs=1 / RATE)
    frequency, amplitude = strongest(fast)
    assert frequency == pytest.approx(480, abs=4)
    assert amplitude == pytest.approx(0.5, rel=0.01)


def test_sped_up_what_would_be_too_high_is_gone():
    frequencies, amplitudes = spectrum(ma.speed_up(tone(1100), 8))
    assert amplitudes.max() < 0.001
    assert frequencies[-1] == RATE / 2


def test_sped_up_gaps_are_shorter_and_the_time_of_day_is_gone():
    start = ma.MarsTime("2021-02-20T12:00:00Z")
    source = ma.Source(title="Noon", start_time=start, gaps=(ma.Gap(2.0, 3.0, "a test"),), credit="NASA")
    fast = ma.speed_up(dataclasses.replace(tone(60), source=source), 4)
    assert fast.gaps == (ma.Gap(0.5, 0.75, "a test"),)
    assert fast.start_time is None
    assert fast.source.credit == "NASA"


def test_once_as_fast_is_the_recording_itself():
    recording = tone(60)
    assert ma.speed_up(recording, 1) is recording


@pytest.mark.parametrize("hertz", [60.0, 333.0])
def test_moved_up_every_tone_is_so_much_higher_and_as_strong(hertz):
    moved = ma.shift(tone(hertz), 300)
    frequency, amplitude = strongest(moved)
    assert frequency == pytest.approx(hertz + 300, abs=0.6)
    assert amplitude == pytest.approx(0.5, rel=0.01)
    frequencies, amplitudes = spectrum(moved)
    assert amplitudes[np.abs(frequencies - hertz - 300) > 5].max() < 0.001  # no mirror image below


def test_moved_up_a_gust_rises_and_falls_as_it_did():
    rng = np.random.default_rng(2)
    times = np.arange(4 * RATE) / RATE
    noise = np.convolve(rng.normal(size=len(times)), np.ones(200) / 200, mode="same")
    gust = ma.Recording(noise * np.exp(-(((times - 2) / 0.3) ** 2)), RATE)
    before, after = (
        np.sqrt((one.samples[0].reshape(-1, 1600).astype(float) ** 2).mean(axis=1))
        for one in (gust, ma.shift(gust, 500))
    )
    loud = before > 0.05 * before.max()
    np.testing.assert_allclose(20 * np.log10(after[loud] / before[loud]), 0, atol=1.5)


def test_moved_up_channels_stay_and_an_offset_is_gone():
    both = np.stack([tone(60).samples[0] + 0.2, tone(90).samples[0]])
    moved = ma.shift(ma.Recording(both, RATE), 300)
    assert moved.channels == 2
    assert abs(moved.samples.mean()) < 1e-4
    assert strongest(dataclasses.replace(moved, samples=moved.samples[1:]))[0] == pytest.approx(390, abs=0.6)


def burst(around=0.0):
    """One second of noise from 20 to 250 Hz that begins and ends at once, from 2 s on."""
    noise = np.random.default_rng(7).normal(size=4 * RATE)
    band = butter(4, (20, 250), "bandpass", fs=RATE, output="sos")
    samples = 0.1 * sosfilt(band, noise)
    samples[: 2 * RATE] = samples[3 * RATE :] = around
    return samples


def test_moved_up_digital_silence_stays_silent_and_nothing_else_is():
    samples = burst()
    samples[round(2.5 * RATE) : round(2.5 * RATE) + 100] = 0  # less than a hundredth of a second
    moved = ma.shift(ma.Recording(samples, RATE), 300).samples[0]
    assert not moved[: 2 * RATE].any()
    assert not moved[3 * RATE :].any()
    assert np.abs(moved[round(2.5 * RATE) : round(2.5 * RATE) + 100]).max() > 1e-3


def test_moved_up_what_begins_or_ends_at_once_rings_no_more_than_it_says():
    moved = np.abs(ma.shift(ma.Recording(burst(around=1e-9), RATE), 300).samples[0])
    away = np.concatenate([moved[: round(1.9 * RATE)], moved[round(3.1 * RATE) :]])
    assert 0 < away.max() < 0.01 * moved.max()


def test_moved_up_its_end_does_not_ring_at_its_beginning():
    samples = np.append(np.full(RATE, 1e-9), tone(60, 1.0).samples[0])
    moved = np.abs(ma.shift(ma.Recording(samples, RATE), 300).samples[0])
    assert moved[: RATE // 2].max() < 0.005 * moved.max()


@pytest.mark.parametrize(("frames", "asked", "told"), [(4 * RATE + 300, 300, 300), (160, 333, 350)])
def test_moved_up_it_says_by_what_was_asked_within_a_tenth_of_a_hertz(frames, asked, told):
    samples = np.random.default_rng(4).normal(0, 0.01, frames)
    moved = ma.shift(ma.Recording(samples, RATE), asked)
    assert moved.source.history == (f"for listening: {told} Hz higher",)


@pytest.mark.parametrize("frames", [1, 2, 3, 161])
def test_moved_up_it_may_be_as_short_as_it_likes(frames):
    recording = ma.Recording(np.random.default_rng(4).normal(0, 0.01, frames), RATE)
    for hertz in (0.001, 300, 7999):
        assert ma.shift(recording, hertz).frames == frames


def test_a_mark_is_heard_before_each_gust_and_nothing_else_is_changed():
    recording = tone(60, peak=0.1)
    marked = ma.sonify(recording, table([1.0, 3.0], 4.0))
    added = marked.samples[0] - recording.samples[0]
    times = np.arange(len(added)) / RATE
    near = np.zeros(len(added), dtype=bool)
    for start in (1.0, 3.0):
        near |= (times >= start - 0.3) & (times < start - 0.18)
    assert np.abs(added[~near]).max() < 1e-7
    assert np.abs(added[near]).max() == pytest.approx(0.05, rel=0.02)
    first = dataclasses.replace(recording, samples=np.tile(added[int(0.72 * RATE) : int(0.80 * RATE)], 8))
    assert strongest(first)[0] == pytest.approx(880, abs=15)


def test_what_may_be_the_rovers_has_two_marks():
    silent = ma.Recording(np.zeros(4 * RATE), RATE)
    once, twice = (
        ma.sonify(silent, table([2.0], 4.0, rover=rover)).samples[0] != 0 for rover in (False, True)
    )
    assert twice.sum() == pytest.approx(2 * once.sum(), rel=0.01)


def test_a_gust_at_the_very_beginning_or_end_is_marked_as_far_as_there_is_room():
    marked = ma.sonify(tone(60, peak=0.1), table([0.0, 3.99], 4.0))
    assert marked.frames == 4 * RATE
    assert np.abs(marked.samples[0, : RATE // 10]).max() > 0.12


@pytest.mark.parametrize("start", [0.0, 0.05, 0.1, 0.31, 0.45])
def test_where_there_is_no_room_before_a_gust_its_marks_do_not_lie_on_each_other(start):
    silent = ma.Recording(np.zeros(4 * RATE), RATE)
    twice = ma.sonify(silent, table([start], 4.0, rover=True)).samples[0]
    assert np.abs(twice).max() == pytest.approx(0.5, rel=0.01)
    mark = ma.sonify(silent, table([0.3], 4.0)).samples[0, : round(0.12 * RATE)]
    assert np.array_equal(twice[: len(mark)], mark)
    assert np.array_equal(twice[round(0.2 * RATE) :][: len(mark)], mark)
    assert np.count_nonzero(twice) == 2 * np.count_nonzero(mark)


def test_marks_of_gusts_that_are_close_do_not_lie_on_each_other():
    silent = ma.Recording(np.zeros(4 * RATE), RATE)
    marked = ma.sonify(silent, table([0.0, 0.1, 0.9, 1.0, 1.1], 4.0, rover=True)).samples[0]
    one = np.count_nonzero(ma.sonify(silent, table([2.0], 4.0)).samples)
    assert np.abs(marked).max() == pytest.approx(0.5, rel=0.01)
    assert np.count_nonzero(marked) == 10 * one


def test_marks_that_would_exceed_full_scale_make_it_all_quieter_and_it_says_so():
    loud = tone(879, peak=1.0)
    marked = ma.sonify(loud, table([1.0], 4.0))
    assert np.abs(marked.samples).max() <= 1.0
    assert "dB quieter" in marked.source.history[-1]


def test_the_level_as_a_tone_is_an_octave_higher_for_twelve_decibels():
    rng = np.random.default_rng(5)
    times = np.arange(12 * RATE) / RATE
    noise = rng.normal(size=len(times)) * np.where((times > 4) & (times < 8), 10 ** (24 / 20), 1) * 1e-3
    recording = ma.Recording(noise, RATE)
    events = ma.detect_wind(recording)
    tones = ma.sonify(recording, events, how="level")
    assert tones.duration == recording.duration
    quiet, gust = strongest(tones.clip(0.5, 3.0))[0], strongest(tones.clip(5.0, 7.0))[0]
    assert quiet == pytest.approx(220, rel=0.06)
    assert np.log2(gust / quiet) == pytest.approx(2.0, abs=0.12)
    steps = np.abs(np.diff(tones.samples[0]))
    assert steps.max() < 0.25 * 2 * np.pi * 3520 / RATE  # no clicks


def test_the_tone_is_silent_where_the_recording_is():
    samples = np.random.default_rng(6).normal(0, 1e-3, 12 * RATE)
    samples[4 * RATE : 7 * RATE] = 0
    tones = ma.sonify(ma.Recording(samples, RATE), how="level")
    assert not tones.samples[0, int(4.3 * RATE) : int(6.7 * RATE)].any()
    assert np.abs(tones.samples[0, RATE : 3 * RATE]).max() > 0.2


@pytest.mark.parametrize(
    "alter",
    [
        lambda rec: ma.speed_up(rec, 2),
        lambda rec: ma.shift(rec, 100),
        lambda rec: ma.sonify(rec, table([1.0], 4.0)),
        lambda rec: ma.sonify(rec, table([], 4.0), how="level"),
    ],
)
def test_what_is_altered_says_so_and_is_no_measurement(alter, tmp_path):
    recording = tone(60)
    before = recording.samples.copy()
    altered = alter(recording)
    assert altered.source.history[-1].startswith("for listening: ")
    assert altered.calibration is None
    assert np.array_equal(recording.samples, before)
    again = ma.load(altered.save(tmp_path / "altered.wav"))
    assert altered.source.history[-1] in again.source.title


def test_what_is_altered_is_given_no_calibration(tmp_path):
    altered = ma.shift(tone(60), 300)
    saved = altered.save(tmp_path / "altered.wav")
    says = "a copy altered for listening, and no measurement"
    for give in (
        lambda: dataclasses.replace(altered, calibration=CALIBRATION),
        lambda: dataclasses.replace(tone(60), source=altered.source),
        lambda: ma.Recording(altered.samples, RATE, source=altered.source, calibration=CALIBRATION),
        lambda: ma.load(saved, calibration=CALIBRATION),
        lambda: ma.load(saved, start=1.0, calibration=CALIBRATION),
        lambda: ma.long_term_spectrogram(saved, calibration=CALIBRATION),
        lambda: ma.spectral_probability_density(altered, calibration=CALIBRATION),
    ):
        with refused(ma.CalibrationError, says):
            give()
    assert ma.load(saved).level_unit == "dB re full scale"


def test_what_is_altered_says_so_where_it_is_shown(tmp_path):
    altered = ma.shift(tone(60), 300)
    again = ma.load(altered.save(tmp_path / "altered.wav"))
    for recording in (altered, again, again.clip(1.0, 2.0)):
        assert "uncalibrated, altered for listening" in repr(recording)
        assert "altered for listening" in recording._repr_html_()
    assert "altered for listening" not in repr(tone(60)) + tone(60)._repr_html_()


@pytest.mark.parametrize(
    ("alter", "says"),
    [
        (lambda rec: ma.speed_up(rec, 0.5), r"factor=0\.5 must be a number from 1 to 1000"),
        (lambda rec: ma.speed_up(rec, float("nan")), "factor=nan must be"),
        (lambda rec: ma.speed_up(rec, "8"), "factor='8' must be"),
        (lambda rec: ma.speed_up(rec.clip(0, 0.0005), 1000), "too short"),
        (lambda rec: ma.shift(rec, 0), "hertz=0 must be a number above 0 and below 8000"),
        (lambda rec: ma.shift(rec, 8000), "hertz=8000 must be"),
        (lambda rec: ma.shift(rec, None), "hertz=None must be"),
        (lambda rec: ma.sonify(rec, how="loud"), "how='loud' must be 'marks' or 'level'"),
        (lambda rec: ma.sonify(rec.resample(1500)), "there is no tone of 880 Hz"),
        (lambda rec: ma.sonify(rec.resample(7000), how="level"), "there is no tone of 3520 Hz"),
        (lambda rec: ma.sonify(rec, table([1.0], 9.0)), "found in 9.000 s"),
    ],
)
def test_what_cannot_be_altered_so_is_refused(alter, says):
    with refused(ma.ParameterError, says):
        alter(tone(60))
