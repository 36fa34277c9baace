"""When the wind rises: edges, quiet, what is no wind, and how much of it is chance."""

import math

import numpy as np
import pytest
import scipy.signal

import marsaudio as ma
from marsaudio import metrics
from marsaudio.events.quiet import wavering_of

RATE = 8000


def in_band(seconds, seed, low=25, high=150):
    white = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    band = scipy.signal.sosfilt(scipy.signal.butter(3, [low, high], "band", fs=RATE, output="sos"), white)
    return band / band.std()


def envelope_of(gusts, seconds, ramp=0.1):
    time = np.arange(round(seconds * RATE)) / RATE
    return sum(
        (
            np.clip((time - start) / ramp + 0.5, 0, 1) * np.clip((end - time) / ramp + 0.5, 0, 1)
            for start, end in gusts
        ),
        start=np.zeros(len(time)),
    )


def scene(gusts, seconds=30, snr_db=15, seed=0, quiet=0.01):
    """Rover noise with its hum, and gusts with short ramps, so many dB above the noise in their band."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed + 100).normal(0, quiet, len(time))
    noise += 0.02 * np.sin(2 * np.pi * 195.145 * time)
    in_band_noise = quiet * math.sqrt(230 / (RATE / 2))
    wind = in_band_noise * 10 ** (snr_db / 20) * envelope_of(gusts, seconds) * in_band(seconds, seed)
    return ma.Recording(noise + wind, RATE)


def intervals(events):
    return [(event.start, event.end) for event in events]


def found_surely(recording, **parameters):
    """Events that noise would give once in a hundred minutes or less."""
    return ma.detect_wind(recording, false_alarms_per_minute=0.01, **parameters)


@pytest.mark.parametrize("snr_db", [6, 10, 15, 25])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gusts_are_found_with_their_edges(snr_db, seed):
    gusts = [(4.0, 6.5), (12.0, 13.8), (20.0, 24.0)]
    events = found_surely(scene(gusts, snr_db=snr_db, seed=seed))
    scores = metrics.event_scores(intervals(events), gusts)
    assert scores.f1 == 1.0
    assert np.abs(scores.onset_errors).max() < 0.15


class TestFalseAlarms:
    """Rates are checked loosely here, with Poisson's interval, and closely in the benchmark."""

    @pytest.mark.parametrize("slope", [0.0, -0.5], ids=["white", "1/f"])
    def test_noise_alone_gives_as_many_events_as_were_asked_for(self, slope):
        count, minutes = 0, 20
        for seed in range(minutes):
            frames = 60 * RATE
            spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(frames))
            frequencies = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 1.0)
            noise = np.fft.irfft(spectrum * frequencies**slope, frames)
            recording = ma.Recording(0.1 * noise / np.abs(noise).max(), RATE)
            count += len(ma.detect_wind(recording, false_alarms_per_minute=1.0))
        interval = metrics.false_alarms_per_minute(count, minutes, confidence=0.99)
        assert interval.low <= 2.0
        assert interval.high >= 0.5

    def test_fewer_are_found_where_fewer_are_allowed(self):
        recording = scene([], seconds=120)
        counts = [
            len(ma.detect_wind(recording, false_alarms_per_minute=rate)) for rate in (5.0, 0.5, 0.01, 1e-5)
        ]
        thresholds = [
            ma.detect_wind(recording, false_alarms_per_minute=rate).parameters["threshold_used_db"]
            for rate in (5.0, 0.5, 0.01, 1e-5)
        ]
        assert counts[0] > counts[-1] == 0
        assert counts == sorted(counts, reverse=True)
        assert thresholds == sorted(thresholds)

    def test_an_event_says_how_often_noise_gives_such(self):
        recording = scene([(10.0, 12.0)], snr_db=20)
        (gust,) = found_surely(recording)
        assert gust.false_alarms_per_minute < 1e-3
        assert 0 < gust.p_value < 1e-3
        chance = ma.detect_wind(scene([], seconds=120), false_alarms_per_minute=5.0)
        assert all(0.001 < event.false_alarms_per_minute <= 5.0 * 1.01 for event in chance)
        assert all(
            event.p_value
            == pytest.approx(1 - math.exp(-event.false_alarms_per_minute * chance.observed / 60))
            for event in chance
        )

    def test_an_events_chance_does_not_depend_on_what_was_asked_for(self):
        # Where the quiet wavers, the threshold is held at 12 dB; that an event is chance is as likely as
        # before.
        recording = ma.load("sample")
        chances = {
            round(ma.detect_wind(recording, false_alarms_per_minute=rate)[0].false_alarms_per_minute, 9)
            for rate in (1e-4, 0.1, 5.0)
        }
        assert len(chances) == 1

    def test_where_the_rate_cannot_be_kept_it_is_said(self):
        recording = ma.load("sample")
        kept, not_kept = (ma.detect_wind(recording, false_alarms_per_minute=rate) for rate in (1.0, 1e-4))
        assert "held at" not in kept.note
        assert kept.quiet_levels[0].false_alarms_per_minute == pytest.approx(1.0)
        assert "threshold is held at 12 dB" in not_kept.note
        assert not_kept.quiet_levels[0].threshold == 12.0
        assert not_kept.quiet_levels[0].false_alarms_per_minute > 2e-4

    def test_a_wider_band_needs_a_lower_threshold(self):
        recording = scene([], seconds=20)
        narrow, wide = (ma.detect_wind(recording, band=band) for band in ((20, 60), (20, 1000)))
        assert wide.parameters["degrees_of_freedom"] > 5 * narrow.parameters["degrees_of_freedom"]
        assert wide.parameters["threshold_used_db"] < narrow.parameters["threshold_used_db"]


def test_the_rovers_steady_hum_is_no_wind():
    time = np.arange(30 * RATE) / RATE
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    hum = 0.05 * np.sin(2 * np.pi * 195.145 * time)
    assert len(found_surely(ma.Recording(noise + hum, RATE))) == 0


def test_louder_or_quieter_gives_the_same_times():
    recording = scene([(4.0, 6.5), (12.0, 13.8)])
    events = ma.detect_wind(recording)
    for factor in (0.01, 10):
        scaled = ma.detect_wind(ma.Recording(recording.samples * factor, RATE))
        assert intervals(scaled) == intervals(events)
        assert scaled.quiet_level == pytest.approx(events.quiet_level + 20 * math.log10(factor), abs=0.01)


@pytest.mark.parametrize("rate", [44100, 48000, 100000])
def test_at_another_rate_the_times_are_the_same(rate):
    recording = scene([(4.0, 6.5), (12.0, 13.8), (20.0, 24.0)])
    events, others = found_surely(recording), found_surely(recording.resample(rate))
    assert len(others) == len(events) == 3
    assert np.ravel(intervals(others)) == pytest.approx(np.ravel(intervals(events)), abs=0.05)


def test_a_recording_and_its_stems_give_the_same_events():
    recording = scene([(4.0, 6.5), (12.0, 13.8)])
    recording = ma.Recording(np.rint(recording.samples * 32768) / 32768, RATE)
    assert ma.detect_wind(ma.separate(recording)).events == ma.detect_wind(recording).events


def test_a_file_gives_the_same_events_as_the_recording_in_memory(tmp_path):
    path = scene([(4.0, 6.5), (12.0, 13.8)], seconds=70).save(tmp_path / "scene.wav")
    calibration = ma.Calibration(0.5, source="made up for this test")
    recording = ma.load(path, calibration=calibration)
    whole = ma.detect_wind(recording, false_alarms_per_minute=0.5, band=(30, 300))
    by_blocks = ma.detect_wind_file(
        path, false_alarms_per_minute=0.5, band=(30, 300), calibration=calibration
    )
    assert by_blocks.events == whole.events
    assert (by_blocks.unit, by_blocks.quiet_level) == (whole.unit, whole.quiet_level)
    assert by_blocks.parameters == whole.parameters


class TestTheQuiet:
    def test_survives_a_recording_that_is_mostly_wind(self):
        gusts = [(2.0, 13.0), (15.0, 28.0), (31.0, 44.0), (47.0, 58.0)]
        recording = scene(gusts, seconds=60, snr_db=15)
        events = found_surely(recording)
        assert metrics.event_scores(intervals(events), gusts).f1 == 1.0
        alone = ma.detect_wind(scene([], seconds=60)).quiet_level
        assert events.quiet_level == pytest.approx(alone, abs=1.0)

    @pytest.mark.parametrize("frames", [1, 15, 16, 17, 40, 301])
    def test_wavers_as_the_median_of_what_lies_below_the_median_says(self, frames):
        levels = np.cumsum(np.random.default_rng(frames).normal(size=(20, frames)), axis=1)
        expected = []
        for row in levels:
            pairs = [(one, other) for one, other in zip(row, row[15:], strict=False)]  # 0.6 s later
            magnitudes = [abs(a - b) for a, b in pairs if max(a, b) <= np.median(row)]
            expected.append(1.4826 * np.median(magnitudes) / math.sqrt(2) if magnitudes else 0.0)
        assert np.array_equal(wavering_of(levels), expected)
        assert [wavering_of(row) for row in levels] == expected

    def test_states_how_well_it_is_known(self):
        levels = [ma.detect_wind(scene([], seconds=20, seed=seed)).quiet_levels[0] for seed in range(12)]
        spread = np.std([one.level for one in levels])
        assert levels[0].uncertainty == pytest.approx(spread, rel=0.8)
        assert all((one.start, one.end) == (0.0, 20.0) for one in levels)

    def test_is_found_anew_where_a_pump_starts(self):
        gusts = [(8.0, 10.0), (40.0, 42.0)]
        recording = scene(gusts, seconds=60, snr_db=20)
        louder = np.random.default_rng(5).normal(0, 0.03, 60 * RATE) * (np.arange(60 * RATE) >= 25 * RATE)
        events = found_surely(ma.Recording(recording.samples[0] + louder, RATE))
        assert metrics.event_scores(intervals(events), gusts).f1 == 1.0
        before, after = events.quiet_levels
        assert before.end == after.start == pytest.approx(25.0, abs=1.0)
        assert after.level - before.level == pytest.approx(10.0, abs=1.0)  # 0.01² + 0.03² over 0.01²
        assert "25." in events.note or "24." in events.note

    @pytest.mark.parametrize("rises", [True, False], ids=["starts", "stops"])
    def test_a_machine_that_starts_or_stops_makes_no_gust(self, rises):
        working = np.arange(60 * RATE) >= 30 * RATE
        noise = np.random.default_rng(7).normal(0, 0.01, 60 * RATE)
        noise *= np.where(working == rises, 4.0, 1.0)
        assert len(found_surely(ma.Recording(noise, RATE))) == 0


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
    assert faded.observed < plain.observed - 2


def test_two_gusts_in_lively_wind_are_two_events():
    # The level falls by 20 dB between them and stays above the quiet.
    time = np.arange(30 * RATE) / RATE
    envelope = np.full(len(time), 0.003)
    envelope[8 * RATE : 20 * RATE] = 0.03
    envelope[10 * RATE : 12 * RATE] = envelope[15 * RATE : 17 * RATE] = 0.3
    recording = ma.Recording(0.1 * envelope * in_band(30, 4), RATE)
    events = ma.detect_wind(recording)
    assert metrics.event_scores(intervals(events), [(10.0, 12.0), (15.0, 17.0)]).recall == 1.0


class TestAnEvent:
    def test_states_its_level_over_quiet(self):
        events = found_surely(scene([(10.0, 14.0)], snr_db=20))
        [event] = events
        assert event.excess == pytest.approx(20, abs=2)
        assert event.level == pytest.approx(events.quiet_level + event.excess, abs=1e-6)
        assert event.start < event.peak_time < event.end
        assert event.peak_level >= event.level
        assert event.duration == pytest.approx(4.0, abs=0.4)
        assert (event.low, event.high) == (20.0, 250.0)

    def test_states_its_level_in_pascals_only_where_calibrated(self):
        recording = scene([(10.0, 14.0)])
        calibration = ma.Calibration(0.5, source="made up for this test")
        plain, in_pascal = (
            ma.detect_wind(ma.Recording(recording.samples, RATE, calibration=c)) for c in (None, calibration)
        )
        assert (plain.unit, in_pascal.unit) == ("dB re full scale", "dB re 20 µPa")
        shift = 20 * math.log10(0.5 / 20e-6)
        assert in_pascal[0].level == pytest.approx(plain[0].level + shift)
        assert in_pascal.quiet_level == pytest.approx(plain.quiet_level + shift)
        assert in_pascal.quiet_levels[0].level == in_pascal.quiet_level
        assert in_pascal[0].excess == pytest.approx(plain[0].excess)

    def test_its_edges_lie_within_what_they_are_said_to_be_uncertain_by(self):
        # Of errors in units of a standard deviation, some 95 % are below 2, if that is neither too small
        # nor far too large.
        errors = []
        for seed in range(12):
            gusts = [(5.0, 8.0), (15.0, 17.5), (24.0, 26.0)]
            events = found_surely(scene(gusts, snr_db=10, seed=seed, seconds=32))
            for (start, end), event in zip(gusts, events, strict=True):
                errors.append((event.start - start) / event.start_uncertainty)
                errors.append((event.end - end) / event.end_uncertainty)
        assert np.mean(np.abs(errors) < 2) > 0.8
        assert np.sqrt(np.mean(np.square(errors))) > 0.3

    def test_that_is_fainter_is_known_less_well(self):
        strong, faint = (found_surely(scene([(10.0, 13.0)], snr_db=snr_db))[0] for snr_db in (25, 5))
        assert faint.start_uncertainty > strong.start_uncertainty
        assert faint.end_uncertainty > strong.end_uncertainty

    def test_its_level_is_as_uncertain_as_it_says(self):
        events = [found_surely(scene([(10.0, 13.0)], snr_db=20, seed=seed))[0] for seed in range(16)]
        assert events[0].level_uncertainty == pytest.approx(np.std([e.level for e in events]), rel=0.6)
        assert all(event.excess_uncertainty > event.level_uncertainty for event in events)

    def test_that_the_recording_cuts_off_has_no_uncertainty_there(self):
        early, late = found_surely(scene([(-1.0, 3.0), (27.0, 31.0)], snr_db=20))
        assert (early.start, late.end) == (0.0, 30.0)
        assert early.start_uncertainty is None
        assert late.end_uncertainty is None
        assert early.rise_time is None
        assert late.decay_time is None
        assert early.end_uncertainty > 0

    def test_has_its_peak_where_it_is_loudest(self):
        time = np.arange(30 * RATE) / RATE
        gust = np.exp(-(((time - 14.0) / 1.0) ** 2)) * in_band(30, 3)
        noise = np.random.default_rng(1).normal(0, 0.01, len(time))
        [event] = found_surely(ma.Recording(0.2 * gust + noise, RATE))
        assert abs(event.peak_time - 14.0) < 3 * event.peak_time_uncertainty
        # Wider than a frame, and much narrower than the gust itself.
        assert 0.05 < event.peak_time_uncertainty < event.duration / 5

    def test_that_rises_slowly_has_a_long_rise_time_and_a_short_decay(self):
        time = np.arange(40 * RATE) / RATE
        level_db = np.interp(time, [0, 10, 16, 18, 18.2, 40], [-40, -40, 0, 0, -40, -40])
        noise = np.random.default_rng(1).normal(0, 0.01, len(time))
        [event] = found_surely(ma.Recording(0.2 * 10 ** (level_db / 20) * in_band(40, 3) + noise, RATE))
        # The noise hides the first part of it.
        assert event.rise_time == pytest.approx(0.8 * 6.0 * 25 / 40, abs=1.5)
        assert event.decay_time == pytest.approx(0.5, abs=0.25)

    @pytest.mark.parametrize(("low", "high"), [(25, 60), (100, 150)])
    def test_has_the_mean_frequency_of_what_it_adds(self, low, high):
        gust = 0.1 * envelope_of([(10.0, 13.0)], 30) * in_band(30, 2, low, high)
        noise = np.random.default_rng(1).normal(0, 0.02, len(gust))
        [event] = found_surely(ma.Recording(gust + noise, RATE))
        assert low < event.centroid < high


class TestARoverTransient:
    def noise(self, seed=0):
        return np.random.default_rng(seed).normal(0, 0.01, 30 * RATE)

    def test_is_flagged_where_it_sounds_at_all_frequencies(self):
        [event] = found_surely(ma.Recording(self.noise() * (1 + 4 * envelope_of([(10.0, 12.0)], 30)), RATE))
        assert event.rover_transient
        assert event.broadband_excess == pytest.approx(20 * math.log10(5), abs=2)
        assert "rover" in repr(event)

    def test_is_not_wind_however_strong(self):
        # Falling as steeply as turbulence, but so strong that it is heard above 1 kHz as well.
        white = np.random.default_rng(2).standard_normal(30 * RATE)
        spectrum = np.fft.rfft(white)
        frequencies = np.maximum(np.fft.rfftfreq(len(white), 1 / RATE), 20.0)
        wind = np.fft.irfft(spectrum * frequencies ** (-7 / 3 / 2), len(white))
        wind *= 0.5 / wind.std() * envelope_of([(10.0, 13.0)], 30)
        [event] = found_surely(ma.Recording(0.1 * self.noise() + 0.2 * wind, RATE))
        assert event.broadband_excess > 3
        assert not event.rover_transient

    def test_is_not_said_where_nothing_above_is_recorded(self):
        recording = ma.Recording(scene([(10.0, 12.0)], snr_db=20).samples, RATE).resample(1500)
        [event] = found_surely(recording)
        assert event.broadband_excess is None
        assert not event.rover_transient


def test_what_a_line_leaves_behind_where_it_is_faded_is_no_wind():
    recording = scene([(10.0, 12.5), (18.0, 19.8)], seconds=30)
    fade = np.ones(recording.frames)
    fade[23 * RATE : 25 * RATE] = np.linspace(1, 1e-4, 2 * RATE)
    fade[25 * RATE :] = 1e-4
    faded = found_surely(ma.Recording(recording.samples[0] * fade, RATE))
    assert faded.quiet_level == pytest.approx(ma.detect_wind(recording).quiet_level, abs=1.0)
    assert len(faded) == 2
    assert "left out" in faded.note
    assert len(faded.quiet_levels) == 1


@pytest.mark.parametrize("frequency", [45.0, 195.145])
def test_a_tone_that_comes_and_goes_is_no_wind(frequency):
    time = np.arange(30 * RATE) / RATE
    tone = 0.02 * np.sin(2 * np.pi * frequency * time) * envelope_of([(10.0, 13.0)], 30)
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    events = found_surely(ma.Recording(noise + tone, RATE))
    assert len(events) == 0
    assert "1 rise was left out: a tone" in events.note


@pytest.mark.parametrize("seed", range(6))
def test_a_short_gust_is_no_tone_by_chance(seed):
    assert len(found_surely(scene([(10.0, 10.6)], snr_db=15, seed=seed))) == 1


@pytest.mark.parametrize("seconds", [5, 15, 25])
def test_a_line_that_stops_leaves_no_gust_behind(seconds):
    going = np.arange(30 * RATE) < seconds * RATE
    time = np.arange(30 * RATE) / RATE
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    events = found_surely(ma.Recording(noise + 0.02 * going * np.sin(2 * np.pi * 195.145 * time), RATE))
    assert len(events) == 0


def test_wind_at_the_frequency_of_a_line_is_still_wind():
    hum = 0.02 * np.sin(2 * np.pi * 60.0 * np.arange(30 * RATE) / RATE)
    gust = 0.1 * envelope_of([(10.0, 13.0)], 30) * in_band(30, 2, 40, 80)
    noise = np.random.default_rng(1).normal(0, 0.02, len(gust))
    assert len(found_surely(ma.Recording(noise + hum + gust, RATE))) == 1


def test_clicks_are_no_wind():
    count, pieces = 0, 8
    for seed in range(pieces):
        rover = ma.simulate.simulate_rover(30.0, sample_rate=16000, click_rate=3.0, rng=seed)
        recording = ma.Recording(0.2 * rover / np.abs(rover).max(), 16000)
        count += len(ma.detect_wind(recording, false_alarms_per_minute=1.0))
    assert metrics.false_alarms_per_minute(count, pieces / 2, confidence=0.99).low <= 2.0


def test_close_events_become_one_and_short_ones_are_left_out():
    recording = scene([(8.0, 10.0), (10.7, 13.0)], snr_db=20)
    assert len(found_surely(recording, merge_gap=0.0)) == 2
    assert len(found_surely(recording, merge_gap=1.5)) == 1
    assert len(found_surely(recording, minimum_duration=10)) == 0


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(4 * RATE), "silence"),
        (np.full(4 * RATE, 0.5), "silence"),
        (np.full(100, 0.5), "Shorter"),
        (np.random.default_rng(0).normal(0, 0.1, 1000), "Shorter"),
        (np.random.default_rng(0).normal(0, 0.1, 30 * RATE), "Nothing rises more than"),
        (np.clip(np.random.default_rng(1).normal(0, 30, 30 * RATE), -1, 1), "Nothing rises more than"),
        (np.sign(np.sin(np.arange(30 * RATE) * 0.7)), "Nothing rises more than"),
    ],
    ids=["zeros", "constant", "short", "short noise", "noise", "clipped noise", "square wave"],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_where_nothing_can_be_found_the_reason_is_given(samples, reason, channels):
    both = np.stack([samples, 0.5 * samples])[:channels]
    events = found_surely(ma.Recording(both, RATE))
    assert len(events) == 0
    assert reason in events.note
    assert reason in repr(events)
    assert len(events.save.__self__.labels()) == 0


@pytest.mark.parametrize("seconds", [0.26, 0.4, 0.7, 1.1, 2.0, 3.0])
def test_short_recordings_of_noise_alone_have_no_event(seconds):
    for seed in range(3):
        noise = np.random.default_rng(seed).normal(0, 0.01, round(seconds * RATE))
        assert len(found_surely(ma.Recording(noise, RATE))) == 0


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"band": (250, 20)}, "band="),
        ({"band": (20, 4001)}, "4000 Hz"),
        ({"band": (-1, 20)}, "band="),
        ({"band": (20, float("nan"))}, "band="),
        ({"band": 20}, "band=20 must be two"),
        ({"band": (20.5, 21)}, "wider band"),
        ({"false_alarms_per_minute": 0}, "false_alarms_per_minute=0"),
        ({"false_alarms_per_minute": -0.1}, "false_alarms_per_minute=-0.1"),
        ({"false_alarms_per_minute": 50}, "to 5"),
        ({"false_alarms_per_minute": float("nan")}, "false_alarms_per_minute=nan"),
        ({"false_alarms_per_minute": "0.1"}, "false_alarms_per_minute='0.1'"),
        ({"false_alarms_per_minute": None}, "false_alarms_per_minute=None"),
        ({"minimum_duration": float("nan")}, "minimum_duration=nan"),
        ({"minimum_duration": "1 s"}, "minimum_duration='1 s'"),
        ({"merge_gap": -1}, "merge_gap=-1"),
    ],
)
def test_a_value_out_of_range_is_named(values, word):
    with pytest.raises(ma.ParameterError, match=word):
        ma.detect_wind(ma.Recording(np.ones(RATE), RATE), **values)


def test_a_gust_that_fills_most_of_the_recording_is_found():
    recording = scene([(1.0, 3.6)], seconds=4.5, snr_db=25)
    assert metrics.event_scores(intervals(ma.detect_wind(recording)), [(1.0, 3.6)]).f1 == 1.0


def falling_noise(seconds, slope, seed):
    """Noise whose power falls with frequency, from 15 Hz on."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(seconds * RATE))
    frequencies = np.maximum(np.fft.rfftfreq(seconds * RATE, 1 / RATE), 15.0)
    return np.fft.irfft(spectrum * frequencies ** (slope / 2))


@pytest.mark.parametrize("slope", [-2.0, -2.5])
def test_a_long_gust_that_is_heard_above_a_kilohertz_is_no_step_of_the_rover(slope):
    rover = 0.003 * np.random.default_rng(2).standard_normal(60 * RATE)
    wind = falling_noise(60, slope, 1)
    in_its_band = scipy.signal.butter(4, [20, 250], "band", fs=RATE, output="sos")
    spread = [np.std(scipy.signal.sosfilt(in_its_band, sound)) for sound in (rover, wind)]
    wind *= 10 ** (35 / 20) * spread[0] / spread[1] * envelope_of([(30, 50)], 60)
    events = ma.detect_wind(ma.Recording(wind + rover, RATE))
    assert len(events.quiet_levels) == 1
    [gust] = [event for event in events if event.duration > 15]
    assert gust.start == pytest.approx(30, abs=0.2)
    assert not gust.rover_transient


@pytest.mark.parametrize("seed", range(4))
def test_what_a_motor_that_starts_slowly_adds_is_marked(seed):
    times = np.arange(60 * RATE) / RATE
    motor = falling_noise(60, -1.0, seed) * 10 ** (10 / 20 * np.clip((times - 20) / 5, 0, 1))
    events = ma.detect_wind(ma.Recording(0.01 * motor / motor.std(), RATE))
    assert all(event.rover_transient for event in events if event.p_value < 1e-3)


@pytest.mark.parametrize("rise_db", [30, 40])
@pytest.mark.parametrize("start", [3.5, 6.0])
def test_quiet_before_strong_wind_is_neither_muted_nor_faded(rise_db, start):
    time = np.arange(10 * RATE) / RATE
    level = np.where(time < start, 1e-3, 1e-3 * 10 ** (rise_db / 20))
    samples = level * in_band(10, 8) + np.random.default_rng(9).normal(0, 2e-5, len(time))
    events = found_surely(ma.Recording(samples, RATE))
    assert events.note == ""
    assert len(events) == 1
    assert events[0].start == pytest.approx(start, abs=0.3)


def test_the_quiet_around_a_gust_of_sixty_decibels_is_not_faded():
    time = np.arange(18 * RATE) / RATE
    samples = np.exp(-(((time - 9) / 1.2) ** 2)) * in_band(18, 3)
    samples += np.random.default_rng(1).normal(0, 0.001, len(time))
    [event] = found_surely(ma.Recording(0.05 * samples, RATE))
    assert event.start < 9 < event.end


def test_a_dead_channel_does_not_hide_the_wind_in_the_other():
    recording = scene([(4.0, 6.5)], seconds=12)
    dead = np.concatenate([recording.samples, 0 * recording.samples])
    events = ma.detect_wind(ma.Recording(dead, RATE))
    assert intervals(events) == intervals(ma.detect_wind(recording))
    assert events[0].level == pytest.approx(ma.detect_wind(recording)[0].level)


def test_what_was_left_out_is_said():
    samples = np.concatenate([np.zeros(2 * RATE), scene([(4.0, 6.5)], seconds=12).samples[0]])
    assert "muted or faded out were left out" in ma.detect_wind(ma.Recording(samples, RATE)).note


@pytest.mark.parametrize("function", [ma.detect_wind, ma.separate, ma.spectrogram])
def test_a_key_instead_of_a_recording_is_answered_with_how_to_load_it(function):
    with pytest.raises(ma.ParameterError, match=r"load\('sample'\)"):
        function("sample")


@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-5])
@pytest.mark.parametrize("tones", [(100.0,), (60.3, 101.7, 195.3)])
def test_what_is_left_of_a_tone_at_the_ends_of_a_recording_is_no_wind(tones, noise):
    times = np.arange(10 * 48000) / 48000
    sound = sum(0.3 * np.sin(2 * np.pi * hertz * times) for hertz in tones)
    sound = sound + noise * np.random.default_rng(0).normal(size=times.size)
    assert list(ma.detect_wind(ma.Recording(sound, 48000))) == []


def test_a_gust_under_a_loud_tone_is_still_wind(gusty):
    times = np.arange(gusty.frames) / gusty.sample_rate
    samples = gusty.samples + 0.5 * np.sin(2 * np.pi * 90.3 * times)
    assert len(ma.detect_wind(ma.Recording(samples, gusty.sample_rate))) == len(ma.detect_wind(gusty)) == 1
