"""What there is to hear, in sentences: true to the figures, and to what is in doubt."""

import dataclasses
import re

import numpy as np
import pytest
from rumbling import rumble

import marsaudio as ma
from marsaudio.separation.hum import find_hum

RATE = 16000


@pytest.fixture(scope="module")
def scene():
    return ma.simulate_scene(20.0, sample_rate=RATE, gust_count=3, rng=4)


@pytest.fixture(scope="module")
def events(scene):
    return ma.detect_wind(scene.recording)


@pytest.fixture(scope="module")
def words(scene, events):
    return ma.describe(scene.recording, events)


def numbers(pattern, words):
    return [tuple(map(float, found)) for found in re.findall(pattern, words)]


def event(start, end, *, excess=20.0, p_value=1e-6, rover=False, **more):
    return ma.WindEvent(
        start,
        end,
        (start + end) / 2,
        -30.0,
        -25.0,
        excess,
        20.0,
        250.0,
        p_value=p_value,
        rover_transient=rover,
        **more,
    )


def table(events, duration=20.0, **more):
    return ma.WindEvents(tuple(events), "dB re full scale", -50.0, duration, {}, observed=duration, **more)


def hiss(seconds=20.0, level=1e-3):
    return ma.Recording(np.random.default_rng(1).normal(0, level, int(seconds * RATE)), RATE)


def test_each_gust_is_told_with_its_figures(words, events):
    assert len(events) >= 2
    told = numbers(
        r"Gust (\d+) blows from ([\d.]+) to ([\d.]+) s, ([\d.]+) s long, (\d+) dB, give or take (\d+), "
        r"louder.*?strongest at about ([\d.]+) s",
        words,
    )
    expected = [
        (number, one.start, one.end, one.duration, one.excess, max(one.excess_uncertainty, 1), one.peak_time)
        for number, one in enumerate(events, start=1)
    ]
    np.testing.assert_allclose(told, expected, atol=0.501)
    np.testing.assert_allclose(np.array(told)[:, [1, 2, 6]], np.array(expected)[:, [1, 2, 6]], atol=0.0501)
    told = np.array(told)
    np.testing.assert_allclose(told[:, 3], told[:, 2] - told[:, 1], atol=1e-9)


def test_how_well_the_edges_are_known_is_told(words, events):
    told = float(re.search(r"begin and end is known to about ([\d.]+) s", words)[1])
    most = max(max(one.start_uncertainty, one.end_uncertainty) for one in events)
    assert told == pytest.approx(max(most, 0.05), abs=0.0501)


@pytest.mark.parametrize("excess", [10.49, 27.6, 30.4])
def test_the_ratio_of_powers_is_that_of_the_event_not_of_what_was_rounded(excess):
    words = ma.describe(hiss(), table([event(3.0, 5.0, excess=excess)]))
    told = re.search(r"dB louder than the quiet \(([\d,]+) times its power\)", words)[1]
    assert float(told.replace(",", "")) == pytest.approx(10 ** (excess / 10), rel=0.05)


def test_a_ratio_that_is_not_well_known_is_told_in_one_digit():
    words = ma.describe(hiss(), table([event(3.0, 5.0, excess=28.5, excess_uncertainty=2.0)]))
    assert "28 dB, give or take 2, louder than the quiet (about 700 times its power)" in words


def test_gusts_and_what_lies_between_them_fill_the_whole_time():
    words = ma.describe(hiss(), table([event(3.0, 5.0), event(9.0, 9.5)]))
    begin = float(re.search(r"No gust is marked in the first ([\d.]+) s", words)[1])
    between = float(re.search(r"Then none for ([\d.]+) s", words)[1])
    end = float(re.search(r"No gust is marked in the last ([\d.]+) s", words)[1])
    assert (begin, between, end) == (3.0, 4.0, 10.5)


def test_what_lies_between_gusts_is_neither_called_quiet_nor_silent():
    """It may be louder than a weaker gust elsewhere."""
    words = ma.describe(hiss(), table([event(3.0, 5.0), event(9.0, 9.5)]))
    assert "is quiet" not in words
    assert "quietly" not in words
    assert "othing stands out" not in words
    assert "The quiet, which is the level of the calmest moments, is at −50.0 dB re full scale" in words


def test_a_pause_of_a_moment_is_not_told():
    words = ma.describe(hiss(), table([event(0.0, 5.0), event(5.3, 20.0)]))
    assert "No gust is marked" not in words
    assert "Then none" not in words


def test_levels_are_said_to_be_without_the_tones(words):
    assert "between 20 and 250 Hz and without the rover's tones." in words
    assert "in that band, without the tones." in words


def test_what_is_known_of_the_search_is_told_with_gusts_and_without():
    for found in ([event(3.0, 5.0)], []):
        assert "The quiet wavers so." in ma.describe(hiss(), table(found, note="The quiet wavers so."))


def test_the_hum_is_the_machine_that_was_simulated(scene, words):
    hum = find_hum(ma.separate(scene.recording).models, scene.recording)
    assert hum.frequency == pytest.approx(195.1, abs=0.5)
    assert hum.harmonic
    assert f"a tone at 195 Hz and {hum.tones - 1} multiples of it below 4 kHz" in words
    assert "Under all of it is a steady hum, as the rover's machines make it" in words
    told = re.search(r"Together they are at −([\d.]+) dB re full scale, (\d+) dB (above|below)", words)
    assert -float(told[1]) == pytest.approx(hum.level, abs=0.06)


def test_the_level_of_the_hum_is_the_sum_of_its_tones():
    times = np.arange(20 * RATE) / RATE
    tones = sum(0.01 * np.sin(2 * np.pi * 150.3 * k * times) for k in range(1, 6))
    recording = ma.Recording(tones + hiss().samples[0], RATE)
    hum = find_hum(ma.separate(recording).models, recording)
    assert (hum.tones, hum.share) == (5, 1.0)
    assert hum.frequency == pytest.approx(150.3, abs=0.05)
    assert hum.level == pytest.approx(10 * np.log10(5 * 0.01**2 / 2), abs=0.3)


@pytest.mark.parametrize(("share", "gusts"), [(0.4, 0.0), (0.5, 0.0), (0.5, 0.3), (0.8, 0.1)])
def test_a_hum_that_comes_and_goes_has_the_level_that_it_has_while_it_is_there(share, gusts):
    """Whatever wind blows over it."""
    times = np.arange(20 * RATE) / RATE
    there = times % 10 < 10 * share
    wind = gusts * rumble(len(times), RATE, np.random.default_rng(1)) * (times % 4 < 1)
    recording = ma.Recording(
        there * 0.1 * np.sin(2 * np.pi * 1000.4 * times) + wind + hiss().samples[0], RATE
    )
    hum = find_hum(ma.separate(recording).models, recording)
    assert hum.share == pytest.approx(share, abs=0.05)
    assert hum.level == pytest.approx(10 * np.log10(0.1**2 / 2), abs=0.5)
    words = ma.describe(recording)
    assert f"Under about {100 * hum.share:.0f} % of it is a steady hum" in words
    assert "While it is heard, it is at −23" in words


def test_a_faint_hum_that_is_always_there_is_said_to_be():
    times = np.arange(20 * RATE) / RATE
    for amplitude in (2e-5, 5e-5, 2e-4):
        recording = ma.Recording(amplitude * np.sin(2 * np.pi * 1000.4 * times) + hiss().samples[0], RATE)
        hum = find_hum(ma.separate(recording).models, recording)
        if hum is not None:
            assert hum.share == 1.0
    assert hum.level == pytest.approx(10 * np.log10(amplitude**2 / 2), abs=1.0)


def test_a_hum_much_fainter_than_the_gusts_is_said_to_be_all_but_silent():
    times = np.arange(20 * RATE) / RATE
    recording = ma.Recording(1e-4 * np.sin(2 * np.pi * 1000.4 * times) + hiss(level=1e-5).samples[0], RATE)
    words = ma.describe(recording, table([event(3.0, 5.0)]))
    assert re.search(r"That is 5\d dB fainter than the strongest gust", words)


def test_the_same_with_stems_and_without(scene, events, words):
    assert ma.describe(scene.recording, events, stems=ma.separate(scene.recording)) == words
    assert ma.describe(scene.recording) == words


def test_nothing_but_noise_is_said_to_be_that():
    words = ma.describe(hiss())
    assert "No gust of wind stands out between 20 and 250 Hz." in words
    assert "No steady tone, such as the rover's, is found below 4 kHz." in words
    assert "simulated" not in words


def test_what_may_be_chance_or_the_rovers_is_said_to_be():
    words = ma.describe(hiss(), table([event(2, 3, p_value=0.3), event(8, 9, rover=True), event(12, 14)]))
    assert words.count("It may be chance: in 30 of 100 recordings of this length, steady noise") == 1
    assert words.count("It may be the rover's own") == 1
    assert "3 gusts of wind stand out from the quiet, one of them perhaps by chance" in words


def test_the_chance_is_that_of_noise_that_wavers_as_the_quiet_does():
    for wavering, noise in (
        (1.0, "steady noise like the quiet"),
        (3.0, "noise that wavers as this quiet does"),
    ):
        quiet = ma.QuietLevel(0.0, 20.0, -50.0, 0.5, 12.0, wavering, 0.1)
        words = ma.describe(hiss(), table([event(2, 3, p_value=0.3)], quiet_levels=(quiet,)))
        assert f"recordings of this length, {noise} gives one as strong" in words


def test_many_gusts_are_summed_up_by_their_strongest():
    many = [
        event(4.0 * k, 4.0 * k + 2, excess=10 + k % 7, p_value=0.5 if k == 3 else 1e-6) for k in range(40)
    ]
    words = ma.describe(hiss(170.0), table(many, 170.0))
    assert "40 gusts of wind stand out from the quiet, one of them perhaps by chance" in words
    assert "They fill 47 % of the time." in words
    told = [float(level) for level in re.findall(r"(\d+) dB louder", words)]
    assert told == [16.0] * 5
    assert "The longest time without one is from 2 min 38.0 s to 2 min 50.0 s." in words
    assert len(words) < 1400


def test_a_gap_is_named_with_its_reason():
    source = ma.Source(title="Noon", gaps=(ma.Gap(4.0, 5.0, "not received"),))
    words = ma.describe(ma.Recording(hiss().samples, RATE, source=source))
    assert "From 4.0 to 5.0 s there are no data (not received)." in words
    assert "1.0 s that are missing, muted or faded out were left out." in words


@pytest.mark.parametrize(
    "alter",
    [
        lambda rec: ma.speed_up(rec, 4),
        lambda rec: ma.shift(rec, 300),
        lambda rec: ma.sonify(rec, how="level"),
    ],
    ids=["speed_up", "shift", "sonify"],
)
def test_of_an_altered_copy_it_is_only_said_that_it_is_one(alter, scene, tmp_path):
    altered = alter(scene.recording)
    saved = altered.save(tmp_path / "altered.wav")
    for copy in (altered, altered.clip(0.0, 2.0), ma.load(saved)):
        words = ma.describe(copy)
        assert "This is a copy altered for listening, and no measurement." in words
        assert "gust" not in words
        assert "dB" not in words
        assert "Made for listening: " in words
    assert not scene.recording.source.is_altered


def test_a_simulated_recording_is_said_to_be_one(words):
    assert "nobody recorded it on Mars" in words.split("\n\n")[0]


def test_where_and_when_it_was_recorded_is_told():
    start = ma.MarsTime.from_local("Sol-01125M10:31:04.307")
    source = ma.Source(title="Noon", microphone="EDL microphone", sol=1125, start_time=start)
    first = ma.describe(ma.Recording(hiss().samples, RATE, source=source)).split("\n\n")[0]
    assert first == (
        "Noon, 20.0 seconds long. It was recorded by the EDL microphone on the port side of the rover's "
        "body, on sol 1125, in days on Mars since the landing, from 10:31:04 local mean solar time."
    )


def test_calibrated_levels_are_in_pascals(scene):
    calibration = ma.Calibration(2.0, source="a test")
    calibrated = dataclasses.replace(scene.recording, calibration=calibration)
    assert "dB re 20 µPa" in ma.describe(calibrated)
    assert "full scale" not in ma.describe(calibrated)
    assert "Levels are in pascals by the calibration of a test." in ma.describe(calibrated)
    assert "a tenth of that in amplitude" in ma.describe(scene.recording)


def test_no_level_is_minus_zero():
    quiet = ma.WindEvents((), "dB re 20 µPa", -0.02, 20.0, {}, observed=20.0)
    assert "is at 0.0 dB re 20 µPa" in ma.describe(hiss(), quiet)


def test_times_of_a_part_are_said_to_count_from_its_beginning(scene):
    assert "Times count from the beginning of this part, 8.0 s into the recording." in ma.describe(
        scene.recording.clip(8.0, 14.0)
    )


@pytest.mark.parametrize(
    ("frames", "long"), [(1, "0.062 milliseconds"), (160, "10 milliseconds"), (1600, "0.1 sec")]
)
def test_how_long_it_is_is_never_nothing(frames, long):
    assert f", {long}" in ma.describe(ma.Recording(np.full(frames, 0.1), RATE))


def test_lines_that_a_name_breaks_are_not_paragraphs():
    source = ma.Source(title="One\n\ntwo\x00")
    words = ma.describe(ma.Recording(hiss().samples, RATE, source=source))
    assert words.startswith("One two?, 20.0 seconds long.")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rec: ma.describe("sample"), "describe works on a recording, not on 'sample'"),
        (lambda rec: ma.describe(rec, [1, 2]), "not a list"),
        (lambda rec: ma.describe(rec, table([], 5.0)), "found in 5.000 s of sound"),
        (lambda rec: ma.describe(rec, stems="wind"), "stems='wind' must be what marsaudio.separate gives"),
        (lambda rec: ma.describe(rec, stems=ma.separate(hiss(3.0, 0.02))), "their sum is not this recording"),
        (lambda rec: ma.describe(rec, stems=ma.separate(hiss(2.0))), "their sum is not this recording"),
    ],
)
def test_what_cannot_be_described_is_refused(call, says):
    with pytest.raises(ma.ParameterError, match=says):
        call(hiss(3.0))


@pytest.mark.parametrize("hertz", [100.0, 8000.0])
def test_tones_that_only_rounding_makes_are_not_told(hertz):
    times = np.arange(10 * 48000) / 48000
    words = ma.describe(ma.Recording((0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32), 48000))
    assert "multiple" not in words
    assert " tones " not in words
    assert ("a tone at 100 Hz" in words) == (hertz == 100.0)


def test_a_stem_is_said_to_be_one(scene, tmp_path):
    """In it the quiet is another, and so are the gusts that stand out."""
    stems = ma.separate(scene.recording)
    loaded = ma.load(stems.wind.save(tmp_path / "wind.wav"))
    for stem in (stems.wind, stems.rover, loaded):
        assert "This is a separated stem, in which a part of the sound is missing." in ma.describe(stem)
    assert "separated stem" not in ma.describe(scene.recording)
