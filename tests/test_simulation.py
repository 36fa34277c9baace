"""What simulated scenes promise: parts that add up, known wind, stated frequencies, the same again."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from marsaudio.errors import OutputError, ParameterError
from marsaudio.simulate import (
    SAMPLE_NAME,
    GustShape,
    draw_gusts,
    find_gusts,
    sample_scene,
    simulate_rover,
    simulate_scene,
    simulate_wind,
    simulate_wind_speed,
    wind_spectrum,
)

SAMPLE_DATA = Path(__file__).resolve().parent.parent / "sample_data"
RATE = 8000
QUIET_PARTS = {"clock_level": None, "electronics_level": None, "click_rate": 0.0}


def power_spectrum(samples, rate):
    """One-sided power of each frequency, from the whole at once, under a Hann window."""
    window = np.hanning(len(samples))
    power = np.abs(np.fft.rfft(samples * window)) ** 2 / (window**2).sum() / len(samples) * 2
    return np.fft.rfftfreq(len(samples), 1 / rate), power


def band_power(samples, rate, low, high):
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[(frequencies >= low) & (frequencies < high)].sum()


def peak_near(samples, rate, frequency, width):
    frequencies, power = power_spectrum(samples, rate)
    near = np.abs(frequencies - frequency) < width
    return frequencies[near][np.argmax(power[near])]


@pytest.fixture(scope="module")
def scene():
    return simulate_scene(18.0, sample_rate=RATE, rng=5)


# --- the sum and its parts


def test_wind_and_rover_add_up_to_the_bit_in_memory_and_in_files(tmp_path, scene):
    files = scene.save(tmp_path / "new", name="one")
    read = {part: soundfile.read(files[part], dtype="int16")[0] for part in ("recording", "wind", "rover")}
    assert np.array_equal(read["wind"].astype(int) + read["rover"], read["recording"])
    assert np.array_equal(scene.wind.samples + scene.rover.samples, scene.recording.samples)
    for part in read:
        assert np.array_equal(getattr(scene, part).samples[0] * 32768, read[part])
        assert np.any(read[part])


@pytest.mark.parametrize("snr_db", [-30.0, 0.0, 20.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_part_leaves_the_asked_peak(snr_db, seed):
    scene = simulate_scene(2.0, sample_rate=RATE, gust_count=0, snr_db=snr_db, peak=0.9, rng=seed)
    loudest = max(np.abs(part.samples).max() for part in (scene.recording, scene.wind, scene.rover))
    assert 0.899 < loudest <= 0.9


@pytest.mark.parametrize("snr_db", [-15.0, 0.0, 15.0])
def test_ratio_of_wind_to_rover_is_as_asked(snr_db):
    scene = simulate_scene(12.0, sample_rate=RATE, gust_count=2, snr_db=snr_db, rng=3)
    wind, rover = (band_power(part.samples[0], RATE, 20, 500) for part in (scene.wind, scene.rover))
    assert 10 * np.log10(wind / rover) == pytest.approx(snr_db, abs=0.1)
    assert scene.snr_db == pytest.approx(snr_db, abs=0.1)


def test_lead_in_is_digital_silence_and_only_that():
    scene = simulate_scene(3.0, sample_rate=RATE, gust_count=0, lead_in=0.03, rng=1)
    for part in (scene.recording, scene.wind, scene.rover):
        assert not part.samples[0, :240].any()
    assert scene.recording.samples[0, 240:250].any()


def test_everything_simulated_says_so(scene):
    for part in (scene.recording, scene.wind, scene.rover):
        assert part.source.simulated
        assert "Simulated" in part.source.title
        assert part.source.credit == "marsaudio (simulated)"


# --- the same again, and nothing else changed


def test_equal_seeds_give_equal_bits_and_others_do_not(scene):
    again = simulate_scene(18.0, sample_rate=RATE, rng=5)
    assert np.array_equal(again.recording.samples, scene.recording.samples)
    assert again.truth() == scene.truth()
    other = simulate_scene(18.0, sample_rate=RATE, rng=6)
    for part in ("wind", "rover"):
        pair = getattr(other, part).samples[0], getattr(scene, part).samples[0]
        assert abs(np.corrcoef(*pair)[0, 1]) < 0.5


def test_a_generator_in_the_same_state_makes_the_same_scene():
    first, again = (
        simulate_scene(3.0, sample_rate=RATE, gust_count=0, rng=np.random.default_rng(3)) for _ in range(2)
    )
    assert np.array_equal(again.recording.samples, first.recording.samples)
    generator = np.random.default_rng(3)
    one, other = (simulate_scene(3.0, sample_rate=RATE, gust_count=0, rng=generator) for _ in range(2))
    assert not np.array_equal(other.recording.samples, one.recording.samples)


@pytest.mark.parametrize("rng", [None, np.random.default_rng(3), np.int64(9)])
def test_parameters_make_the_scene_again_whatever_the_generator(rng):
    gusts = [{"start": 0.5, "increase": 4.0}]
    scene = simulate_scene(3.0, sample_rate=RATE, gusts=gusts, sideband_levels={5.0: -3.0}, rng=rng)
    parameters = json.loads(json.dumps(scene.parameters))
    again = simulate_scene(**parameters)
    assert np.array_equal(again.recording.samples, scene.recording.samples)


@pytest.mark.parametrize(
    "change", [{"snr_db": 12.0}, {"click_rate": 3.0}, {"relative_drift": 1e-3}, {"electronics_level": None}]
)
def test_changing_ratio_or_rover_leaves_the_wind(scene, change):
    other = simulate_scene(18.0, sample_rate=RATE, rng=5, **change)
    assert np.array_equal(other.wind_speed, scene.wind_speed)
    assert np.corrcoef(other.wind.samples[0], scene.wind.samples[0])[0, 1] > 0.9999


@pytest.mark.parametrize(
    "change", [{"snr_db": 6.0}, {"mean_speed": 5.0}, {"gust_count": 1}, {"level_exponent": 2.0}]
)
def test_changing_ratio_or_wind_leaves_the_rover(scene, change):
    other = simulate_scene(18.0, sample_rate=RATE, rng=5, **change)
    assert np.corrcoef(other.rover.samples[0], scene.rover.samples[0])[0, 1] > 0.9999


def test_parts_of_the_rover_do_not_move_each_other():
    everything = simulate_rover(2.0, sample_rate=RATE, click_rate=5.0, rng=4)
    without_clicks = simulate_rover(2.0, sample_rate=RATE, click_rate=0.0, rng=4)
    clicks = everything - without_clicks
    bare = {"sample_rate": RATE, "clock_level": None, "electronics_level": None, "rng": 4}
    np.testing.assert_allclose(
        simulate_rover(2.0, click_rate=5.0, **bare) - simulate_rover(2.0, click_rate=0.0, **bare),
        clicks,
        atol=1e-12,
    )
    assert clicks.any()


def test_wind_is_the_same_at_another_sample_rate():
    speed = simulate_wind_speed(2.0, rng=1)
    slow, fast = (simulate_wind(speed, sample_rate=rate, rng=2) for rate in (RATE, 6 * RATE))
    np.testing.assert_allclose(fast[::6], slow, atol=1e-4 * np.abs(slow).max())


# --- the wind


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.0])
def test_level_follows_the_power_of_the_speed(exponent):
    levels = []
    speeds = np.array([2.0, 5.0, 12.0])
    for speed in speeds:
        steady = np.full(4000, speed)
        pressure = simulate_wind(steady, sample_rate=RATE, level_exponent=exponent, rng=1)
        levels.append(np.sqrt(2 * band_power(pressure, RATE, 20, 60)) / len(pressure))
    assert np.polyfit(np.log(speeds), np.log(levels), 1)[0] == pytest.approx(exponent, abs=0.05)
    assert levels[1] == pytest.approx(5e-6 * 5.0**4, rel=0.1)


@pytest.mark.parametrize("speed", [3.0, 8.0])
def test_wind_spectrum_is_the_stated_one(speed):
    pressure = simulate_wind(np.full(8000, speed), sample_rate=RATE, rng=1)
    frequencies, power = power_spectrum(pressure, RATE)
    edges = np.array([20, 40, 60, 90, 130, 190, 270, 380, 500])
    bands = np.digitize(frequencies, edges)
    stated = wind_spectrum(frequencies, speed)
    ratios = [power[bands == band].mean() / stated[bands == band].mean() for band in range(1, len(edges))]
    np.testing.assert_allclose(10 * np.log10(ratios / np.mean(ratios)), 0.0, atol=1.0)


def test_wind_spectrum_falls_as_the_stated_law():
    # At 5 m/s the corners are 60 and 250 Hz; the microphone's high-pass is below all three.
    power = wind_spectrum(np.array([60.0, 240.0, 480.0]), 5.0)
    stated = [
        (1 + (f / 60.0) ** 2) ** (-7 / 6) * (1 + (f / 250.0) ** 2) ** -3.0 for f in (60.0, 240.0, 480.0)
    ]
    np.testing.assert_allclose(power, stated, rtol=0.01)


def test_gusts_reach_higher_and_are_not_only_louder():
    low, high = (wind_spectrum(np.array([30.0, 200.0]), speed) for speed in (4.0, 9.0))
    assert high[1] / high[0] > 4 * low[1] / low[0]


def test_wind_has_no_energy_above_1_khz():
    speed = simulate_wind_speed(10.0, mean_speed=6.0, gusts=[GustShape(start=3.0, increase=9.0)], rng=2)
    pressure = simulate_wind(speed, sample_rate=48000, rng=3)
    _, power = power_spectrum(pressure, 48000)
    assert power[10 * 1020 :].sum() < 1e-9 * power.sum()


def test_turbulence_has_the_asked_intensity_and_slope():
    speed = np.array(
        [simulate_wind_speed(100.0, mean_speed=4.0, turbulence_intensity=0.2, rng=seed) for seed in range(30)]
    )
    assert speed.std() / speed.mean() == pytest.approx(0.2, rel=0.1)
    power = (np.abs(np.fft.rfft((speed - 4.0) * np.hanning(20000), axis=1)) ** 2).mean(axis=0)
    frequencies = np.fft.rfftfreq(20000, 1 / 200)
    inertial = (frequencies > 1) & (frequencies < 8)
    slope = np.polyfit(np.log(frequencies[inertial]), np.log(power[inertial]), 1)[0]
    assert slope == pytest.approx(-5 / 3, abs=0.1)
    assert power[frequencies > 11].sum() < 1e-5 * power.sum()


def test_gusts_of_twice_the_speed_stand_20_to_30_db_over_the_quiet():
    shapes = [GustShape(start=start, increase=4.2, rise=0.5, hold=2.0, decay=1.5) for start in (5.0, 14.0)]
    speed = simulate_wind_speed(20.0, mean_speed=3.5, turbulence_intensity=0.1, gusts=shapes, rng=1)
    pressure = simulate_wind(speed, sample_rate=RATE, rng=1)
    gust, quiet = (
        10 * np.log10(band_power(pressure[start * RATE : (start + 2) * RATE], RATE, 20, 60))
        for start in (15, 11)
    )
    assert 20 < gust - quiet < 32


# --- the gusts' labels


def test_labels_lie_where_a_gust_was_put():
    shapes = [GustShape(3.0, 5.0, rise=0.5, decay=2.0), GustShape(9.0, 4.5, rise=0.8, hold=1.0, decay=1.2)]
    speed = simulate_wind_speed(15.0, turbulence_intensity=0.05, gusts=shapes, rng=2)
    found = find_gusts(speed)
    assert len(found) == 2
    for (start, end), shape in zip(found, shapes, strict=True):
        assert shape.start <= start <= shape.start + 0.6 * shape.rise
        assert end <= shape.start + shape.duration
        assert end >= shape.start + shape.rise + shape.hold + 0.4 * shape.decay


def test_steady_wind_and_short_puffs_are_no_gusts():
    assert find_gusts(np.full(2000, 4.0)) == []
    puff = GustShape(start=4.0, increase=5.0, rise=0.15, decay=0.15)
    assert find_gusts(simulate_wind_speed(10.0, turbulence_intensity=0.0, gusts=[puff])) == []


def test_a_short_lull_does_not_divide_a_gust():
    speed = np.full(2000, 3.0)
    speed[800:1400] = 8.0
    speed[1080:1140] = 3.0
    (gust,) = find_gusts(speed)
    assert gust == pytest.approx((4.0, 7.0), abs=0.1)
    speed[1000:1200] = 3.0
    assert len(find_gusts(speed)) == 2


def test_labels_of_a_scene_agree_with_its_speed_and_parts(scene):
    assert [(gust.start, gust.end) for gust in scene.gusts] == find_gusts(scene.wind_speed)
    times = np.arange(len(scene.wind_speed)) / scene.wind_speed_rate
    in_gust = np.zeros(len(times), dtype=bool)
    assert len(scene.gusts) >= 2
    for gust in scene.gusts:
        inside = (times >= gust.start) & (times < gust.end)
        in_gust |= inside
        assert gust.peak_speed == scene.wind_speed[inside].max()
        assert scene.wind_speed[round(gust.peak_time * scene.wind_speed_rate)] == gust.peak_speed
        part = slice(round(gust.start * RATE), round(gust.end * RATE))
        wind, rover = (band_power(stem.samples[0, part], RATE, 20, 250) for stem in (scene.wind, scene.rover))
        assert gust.snr_db == pytest.approx(10 * np.log10(wind / rover), abs=0.1)
    assert scene.wind_speed[in_gust].mean() > 1.5 * scene.wind_speed[~in_gust].mean()


def test_drawn_gusts_fit_and_do_not_touch():
    for seed in range(20):
        shapes = draw_gusts(7, duration=18.0, rng=seed)
        assert len(shapes) == 7
        ends = [shape.start + shape.duration for shape in shapes]
        assert all(shape.start > end + 0.99 for shape, end in zip(shapes[1:], ends, strict=False))
        assert shapes[0].start >= 0.49
        assert ends[-1] <= 17.51


# --- the rover


def test_comb_lines_stand_where_stated_and_are_as_narrow():
    duration = 20.0
    rover = simulate_rover(duration, sample_rate=16000, **QUIET_PARTS, sideband_levels={}, rng=1)
    frequencies, power = power_spectrum(rover, 16000)
    for line in (1, 4, 13, 40):
        frequency = line * 195.145
        assert peak_near(rover, 16000, frequency, 5.0) == pytest.approx(frequency, rel=2e-5, abs=1 / duration)
        near = np.abs(frequencies - frequency) < 20
        # All but what the slow amplitude changes spread out lies within the drift.
        line_itself = np.abs(frequencies - frequency) < 2e-5 * frequency + 2 / duration
        assert power[line_itself].sum() > 0.99 * power[near].sum()


def test_pump_stays_within_its_drift_and_harmonics_drift_together():
    rate, duration, block = 8000, 60, 2 * 8000
    rover = simulate_rover(duration, sample_rate=rate, relative_drift=1e-3, **QUIET_PARTS, rng=3)
    times = np.arange(len(rover)) / rate
    tracks = []
    for line in (1, 4):
        lowered = (rover * np.exp(-2j * np.pi * line * 195.145 * times)).reshape(-1, block // 8).mean(axis=1)
        phase = np.unwrap(np.angle(lowered))
        tracks.append(np.diff(phase) / (2 * np.pi * 0.25 * line * 195.145))
    assert 3e-4 < np.abs(tracks[0]).max() < 1.1e-3
    np.testing.assert_allclose(tracks[0], tracks[1], atol=2e-4)


def test_sidebands_stand_beside_each_line_at_their_level():
    rover = simulate_rover(
        20.0, sample_rate=48000, **QUIET_PARTS, relative_drift=0.0, sideband_levels={14.0: -6.0}, rng=2
    )
    frequencies, power = power_spectrum(rover, 48000)
    line, beside = (power[np.abs(frequencies - f) < 1].sum() for f in (50 * 195.145, 50 * 195.145 + 14.0))
    assert 10 * np.log10(beside / line) == pytest.approx(-6.0, abs=0.5)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_clock_lines_are_exact_multiples_of_1_khz(rate):
    parts = QUIET_PARTS | {"harmonics": 1, "rng": 1, "sample_rate": rate}
    clock = simulate_rover(2.0, **(parts | {"clock_level": -20.0})) - simulate_rover(2.0, **parts)
    power = np.abs(np.fft.rfft(clock)) ** 2  # no window: whole periods fall on single frequencies
    lines = np.arange(1, min(23, (rate // 2 - 1) // 1000) + 1) * 2000
    assert power[lines].sum() == pytest.approx(power.sum())
    assert power[lines].min() > 0.001 * power.sum()


def test_shaft_lines_are_an_eleventh_apart_and_off_unless_asked():
    parts = QUIET_PARTS | {"rng": 1, "sample_rate": RATE, "relative_drift": 0.0}
    shaft = simulate_rover(11.0, shaft_level=-30.0, **parts) - simulate_rover(11.0, **parts)
    frequencies, power = power_spectrum(shaft, RATE)
    fundamental = 195.145 / 11
    distance = np.abs(frequencies - fundamental * np.round(frequencies / fundamental))
    assert power[distance < 0.5].sum() > 0.999 * power.sum()


def test_electronics_are_white_above_the_knee_and_rise_below():
    parts = {"clock_level": None, "click_rate": 0.0, "rng": 1}
    floor = simulate_rover(8.0, **parts) - simulate_rover(8.0, electronics_level=None, **parts)
    frequencies, power = power_spectrum(floor, 48000)
    density = {
        (low, high): 10 * np.log10(power[(frequencies >= low) & (frequencies < high)].mean() * 8.0)
        for low, high in ((14, 18), (145, 155), (2000, 3000), (8000, 9000), (20000, 23000))
    }
    stated = [-50 + 10 * np.log10(1 + (150 / 16) ** 1.2), -47.0, -50.0, -50.0, -75.0]
    np.testing.assert_allclose(list(density.values()), stated, atol=1.0)


def test_clicks_are_short_and_as_frequent_as_asked():
    parts = {"rng": 1, "sample_rate": 16000, "clock_level": None, "electronics_level": None}
    clicks = simulate_rover(60.0, click_rate=1.0, **parts) - simulate_rover(60.0, click_rate=0.0, **parts)
    sounding = np.abs(clicks) > 1e-3 * np.abs(clicks).max()
    assert sounding.mean() < 0.03
    onsets = np.count_nonzero(np.diff(np.flatnonzero(sounding)) > 800) + 1
    assert 40 <= onsets <= 80


@pytest.mark.parametrize("rate", [8000, 11025, 16000])
def test_nothing_folds_back_at_half_the_sample_rate(rate):
    rover = simulate_rover(10.0, sample_rate=rate, **QUIET_PARTS, rng=1)
    frequencies, power = power_spectrum(rover, rate)
    lines = 195.145 * np.arange(1, 100)
    lines = lines[lines < rate / 2]
    stated = np.concatenate([lines - 3.7, lines, lines + 3.7, lines + 14.0])
    distance = np.abs(frequencies[:, np.newaxis] - stated[np.newaxis]).min(axis=1)
    assert power[distance > 1.5].sum() < 1e-4 * power.sum()


# --- the bundled sample


@pytest.fixture(scope="module")
def sample():
    return sample_scene()


@pytest.mark.parametrize(
    ("part", "file"), [("recording", ".wav"), ("wind", "_wind.flac"), ("rover", "_rover.flac")]
)
def test_bundled_sample_is_what_its_parameters_make(sample, part, file):
    bundled, rate = soundfile.read(SAMPLE_DATA / f"{SAMPLE_NAME}{file}", dtype="float32")
    assert rate == 48000
    assert np.array_equal(bundled, getattr(sample, part).samples[0])


def test_bundled_truth_is_the_samples(sample):
    truth = json.loads((SAMPLE_DATA / f"{SAMPLE_NAME}_truth.json").read_text(encoding="utf-8"))
    for file in truth.pop("files").values():
        assert (SAMPLE_DATA / file).exists()
    assert truth == sample.truth()


def test_bundled_sample_has_three_gusts_and_both_sounds(sample):
    assert len(sample.gusts) == 3
    assert all(gust.snr_db > 6 for gust in sample.gusts)
    assert abs(sample.snr_db) < 4


def test_bundled_sample_stays_small():
    assert sum(file.stat().st_size for file in SAMPLE_DATA.iterdir()) < 3_000_000


# --- what is refused


@pytest.mark.parametrize(
    ("parameters", "allowed"),
    [
        ({"duration": 0.2}, "from 1 to 3600 s"),
        ({"duration": float("nan")}, "from 1 to 3600 s"),
        ({"sample_rate": 4000}, "from 8000 to 192000 Hz"),
        ({"sample_rate": 48000.5}, "whole number"),
        ({"sample_rate": 191_999}, "multiple of 10 Hz"),
        ({"snr_db": "loud"}, "from -40 to 40 dB"),
        ({"mean_speed": -1.0}, "from 0.5 to 30 m/s"),
        ({"turbulence_intensity": 0.9}, "from 0 to 0.5"),
        ({"gust_count": 40}, "from 0 to 7 gusts"),
        ({"gusts": [{"begin": 3.0}]}, "is no gust"),
        ({"gusts": [{"start": 3.0, "increase": -4.0}]}, "from 0 to 30 m/s"),
        ({"level_exponent": 5.0}, "from 2 to 4"),
        ({"relative_drift": 0.5}, "from 0 to 0.01"),
        ({"sideband_levels": [1.0]}, "pairs of distance"),
        ({"sideband_levels": {500.0: 0.0}}, "from -90 to 90 Hz"),
        ({"click_rate": -1.0}, "from 0 to 20 a second"),
        ({"peak": 1.5}, "from 0.05 to 0.99"),
        ({"lead_in": 2.0}, "from 0 to 1 s"),
        ({"rng": -1}, "at least 0"),
        ({"rng": "seed"}, "numpy.random.Generator"),
    ],
)
def test_impossible_parameters_are_refused_with_what_is_allowed(parameters, allowed):
    with pytest.raises(ParameterError, match=allowed) as caught:
        simulate_scene(**parameters)
    (value,) = parameters.values()
    assert str(value).strip("[]") in str(caught.value) or isinstance(value, (list, dict))


@pytest.mark.parametrize(
    ("speed", "reason"),
    [([[4.0, 4.0]], "one-dimensional"), ([4.0, 0.0], "above 0"), ([4.0, np.nan], "finite")],
)
def test_impossible_wind_speeds_are_refused(speed, reason):
    with pytest.raises(ParameterError, match=reason):
        simulate_wind(speed)


def test_saving_refuses_what_is_no_name_or_no_folder(tmp_path, scene):
    with pytest.raises(ParameterError, match="plain file name"):
        scene.save(tmp_path, name="a/b")
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OutputError):
        scene.save(blocked)
