"""The machines that a rover model tells of: families of lines, their sidebands, their drift."""

import copy
import json
import os
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import marsaudio as ma
from marsaudio.separation import rover_fit
from marsaudio.separation.families import find_families, with_error
from marsaudio.separation.lines import Line
from marsaudio.simulate import simulate_rover

PUMP, SHAFT = 195.145, 17.745
RATE = 8000

needs_recordings = pytest.mark.skipif(
    not os.environ.get("MARSAUDIO_DATA_DIR"),
    reason="MARSAUDIO_DATA_DIR does not name a folder with NASA's recordings",
)


def samples_of(seconds, *, per_minute=0.0, sidebands=(), noise=1e-3, harmonics=14, seed=1):
    """Harmonics of the pump with sidebands (distance in Hz, level in dB), in noise."""
    times = np.arange(round(seconds * RATE)) / RATE
    turned = times + per_minute * times**2 / 120
    samples = np.random.default_rng(seed).normal(0, noise, times.size)
    for k in range(1, harmonics + 1):
        phase = 2 * np.pi * PUMP * k * turned + k
        samples += 0.02 * np.cos(phase)
        for offset, level in sidebands:
            samples += 0.02 * 10 ** (level / 20) * np.cos(phase + 2 * np.pi * offset * times)
    return samples


def machine(seconds=20.0, **options):
    return ma.Recording(samples_of(seconds, **options), RATE)


def family_at(model, frequency):
    (family,) = [one for one in model.families if abs(one.frequency - frequency) < 0.05]
    return family


@pytest.fixture(scope="module")
def rover():
    """Pump and clock at 48 kHz, drifting by up to 2e-5, sidebands at ±3.7 and 14 Hz."""
    return ma.Recording(0.05 * simulate_rover(20.0, click_rate=0.0, line_slope=0.0, rng=3), 48000)


@pytest.fixture(scope="module")
def model(rover):
    return ma.fit_rover(rover)


def test_a_simulated_rover_is_told_as_pump_and_clock(model):
    pump, clock = family_at(model, PUMP), family_at(model, 1000.0)
    assert pump.frequency == pytest.approx(PUMP, rel=2e-5)
    assert clock.frequency == pytest.approx(1000.0, abs=5 * clock.standard_error)
    assert 0 < pump.standard_error < 1e-3
    # Beyond the wind's frequencies as well.
    assert sum(k * PUMP > 4000 for k in pump.harmonics) > 40
    assert pump.rms_deviation < 0.05
    assert [sideband.offset for sideband in pump.sidebands] == pytest.approx([-3.7, 3.7, 14.0], abs=0.02)


def test_the_pump_of_another_frequency_is_found_there():
    scene = ma.simulate_scene(12.0, pump_frequency=231.5, rng=5)
    pump = family_at(ma.fit_rover(scene.rover), 231.5)
    assert pump.frequency == pytest.approx(231.5, rel=2e-5)


def test_every_line_tells_what_it_is_in_its_family(model):
    kinds = {"harmonic": 0, "sideband": 0, "alone": 0}
    for line in model.lines:
        family = model.family_of(line)
        if family is None:
            kinds["alone"] += 1
            assert line.family is line.harmonic is line.sideband is None
            continue
        assert line.family == family.frequency
        assert line.drift is family.drift
        off = line.frequency - line.harmonic * family.frequency
        if line.sideband is None:
            kinds["harmonic"] += 1
            assert abs(off) < 0.5
            assert family.lines[family.harmonics.index(line.harmonic)] is line
        else:
            kinds["sideband"] += 1
            assert line.sideband == off
            assert any(line in sideband.lines for sideband in family.sidebands)
    assert kinds["harmonic"] == sum(len(family.lines) for family in model.families)
    assert kinds["sideband"] > 20


@pytest.mark.parametrize("per_minute", [2e-5, -1e-4, 1e-3])
def test_the_drift_of_a_family_is_within_its_error(per_minute):
    off = []
    for seed in range(3):
        recording = machine(24.0, per_minute=per_minute, noise=0.01, harmonics=10, seed=seed)
        (family,) = ma.fit_rover(recording).families
        off.append((family.drift.per_minute - per_minute) / family.drift.standard_error)
        assert family.drift.standard_error < 5e-6
    assert np.abs(off).max() < 4


def test_a_line_without_a_family_has_a_drift_of_its_own():
    times = np.arange(24 * RATE) / RATE
    other = 0.02 * np.cos(2 * np.pi * 1234.5 * (times + 2e-4 * times**2 / 120))
    model = ma.fit_rover(ma.Recording(samples_of(24.0) + other, RATE))
    (line,) = [line for line in model.lines if line.family is None]
    assert line.frequency == pytest.approx(1234.5 * (1 + 0.2 * 2e-4), abs=0.01)
    assert abs(line.drift.per_minute - 2e-4) < 4 * line.drift.standard_error < 4e-5
    assert abs(family_at(model, PUMP).drift.per_minute) < 2e-5


def test_a_sideband_seen_as_lines_and_as_a_beat_is_listed_once():
    # Nor do its overtones count, at three times 5 Hz less the frame rate.
    (family,) = ma.fit_rover(machine(sidebands=[(5.0, -3.0)])).families
    (sideband,) = family.sidebands
    assert sideband.offset == pytest.approx(5.0, abs=0.01)
    assert sideband.level == pytest.approx(-3.0, abs=0.3)
    assert len(sideband.lines) > 5


@pytest.mark.parametrize("offset", [6.0, 6.5, 7.0])
def test_a_sideband_beyond_half_the_frame_rate_is_not_listed_again_as_a_beat(offset):
    (family,) = ma.fit_rover(machine(sidebands=[(offset, -3.0)])).families
    assert [sideband.offset for sideband in family.sidebands] == pytest.approx([offset], abs=0.05)


def test_a_beat_beside_a_sideband_further_off_is_kept():
    (family,) = ma.fit_rover(machine(sidebands=[(3.5, -15.0), (14.2, -10.0)])).families
    assert [sideband.offset for sideband in family.sidebands] == pytest.approx([3.5, 14.2], abs=0.02)
    assert [len(sideband.lines) for sideband in family.sidebands] == [0, 14]


def test_what_beats_louder_than_its_line_is_no_sideband_of_it():
    # 2.5 Hz at -3 dB in 8 s: most lines are followed half-way between the two.
    (family,) = ma.fit_rover(machine(8.0, sidebands=[(2.5, -3.0)])).families
    assert all(sideband.level < 0 for sideband in family.sidebands)


@pytest.mark.parametrize("seconds", [0.9, 1.5, 2.5, 4.0, 6.0])
def test_steady_lines_have_no_sidebands_however_short_the_recording(seconds):
    for seed in range(5):
        for family in ma.fit_rover(machine(seconds, noise=0.01, seed=seed)).families:
            assert family.sidebands == ()


def test_a_few_seconds_tell_a_family_and_no_drift():
    model = ma.fit_rover(machine(4.0))
    (family,) = model.families
    assert family.frequency == pytest.approx(PUMP, abs=1e-3)
    assert family.drift is None
    assert all(line.drift is None for line in model.lines)
    assert "not heard" in model._repr_html_()


def test_a_pump_on_a_shaft_keeps_its_lines_and_names_the_shaft():
    shaft = [Line(SHAFT * k, -70.0, 20.0, 0.9) for k in range(1, 41)]
    pump = [Line(11 * SHAFT * k, -60.0, 20.0, 0.9) for k in range(4, 60)]
    beside = [Line(11 * SHAFT * k + 5.0, -66.0, 14.0, 0.9) for k in range(4, 60)]
    lines, families = find_families([*shaft, *pump, *beside])
    (whole,) = [family for family in families if family.multiple is None]
    (part,) = [family for family in families if family.multiple == 11]
    assert whole.frequency == pytest.approx(SHAFT, abs=1e-3)
    assert [sideband.offset for sideband in part.sidebands] == pytest.approx([5.0], abs=1e-3)
    assert whole.sidebands == ()
    at_pump = [line for line in lines if line.family == part.frequency and line.sideband is None]
    assert {line.harmonic for line in at_pump} >= set(range(4, 60))
    assert {line.harmonic for line in lines if line.family == whole.frequency} >= {1, 2, 3, 10, 12}


def test_the_beat_of_a_pump_on_a_shaft_is_listed_with_the_pump_alone():
    times = np.arange(20 * RATE) / RATE
    shaft = sum(0.004 * np.cos(2 * np.pi * PUMP / 11 * k * times + k) for k in range(1, 60))
    samples = shaft + samples_of(20.0, sidebands=[(2.9, -12.0)])
    model = ma.fit_rover(ma.Recording(samples, RATE))
    assert family_at(model, PUMP).multiple == 11
    assert [s.offset for s in family_at(model, PUMP).sidebands] == pytest.approx([2.9], abs=0.02)
    assert family_at(model, PUMP / 11).sidebands == ()


def test_sidebands_hold_the_lines_that_they_are():
    pump = [Line(PUMP * k, -60.0, 20.0, 0.9) for k in range(1, 30)]
    beside = [Line(PUMP * k - 9.0, -66.0, 14.0, 0.9) for k in range(1, 30)]
    lines, (family,) = find_families([*pump, *beside])
    (sideband,) = family.sidebands
    assert [line.frequency for line in sideband.lines] == [line.frequency for line in beside]
    assert {line.sideband for line in sideband.lines} == {
        line.frequency - line.harmonic * family.frequency for line in sideband.lines
    }
    assert sideband.harmonics == tuple(range(1, 30))
    assert len(lines) == len(pump) + len(beside)


def test_noise_has_no_lines_and_no_families():
    model = ma.fit_rover(ma.Recording(np.random.default_rng(0).normal(0, 0.02, 10 * RATE), RATE))
    assert (model.lines, model.families) == ((), ())
    assert "no families among 0 lines" in model._repr_html_()
    model.plot()


def test_of_several_channels_the_first_that_sounds_tells_of_the_lines():
    pump = samples_of(20.0)
    hiss = np.random.default_rng(4).normal(0, 1e-3, pump.size)
    alone = ma.fit_rover(ma.Recording(pump, RATE))
    for channels in ([pump, hiss], [np.zeros(pump.size), pump], [pump, pump]):
        model = ma.fit_rover(ma.Recording(np.stack(channels), RATE))
        assert model.lines == alone.lines
        assert model.families == alone.families


def test_lines_are_followed_from_the_first_sound_on_and_no_longer_than_three_minutes(monkeypatch):
    monkeypatch.setattr(rover_fit, "FOLLOWED_SECONDS", 10.0)
    samples = samples_of(40.0)
    samples[: 12 * RATE] = 0.0
    (family,) = ma.fit_rover(ma.Recording(samples, RATE)).families
    assert len(family.drift.times) == 5
    assert 12.0 < family.drift.times[0] < 14.0
    assert 20.0 < family.drift.times[-1] < 22.5


def test_of_very_many_lines_the_most_prominent_are_told_and_all_are_listed(monkeypatch):
    """Else a sound made of lines alone would take minutes."""
    recording = machine(6.0, harmonics=20)
    model = ma.fit_rover(recording)
    monkeypatch.setattr(rover_fit, "MOST_TOLD_LINES", 12)
    told = ma.fit_rover(recording)
    assert [line.frequency for line in told.lines] == [line.frequency for line in model.lines]
    prominence = sorted((line.prominence for line in told.lines), reverse=True)
    assert len(prominence) > 12
    of_families = [line for line in told.lines if line.family is not None]
    assert len(of_families) == 12
    assert min(line.prominence for line in of_families) == prominence[11]
    assert family_at(told, PUMP).frequency == pytest.approx(PUMP, abs=0.01)


def test_silence_in_the_middle_does_no_harm():
    samples = samples_of(30.0, sidebands=[(3.5, -15.0)])
    samples[6 * RATE : 14 * RATE] = 0.0
    (family,) = ma.fit_rover(ma.Recording(samples, RATE)).families
    assert [sideband.offset for sideband in family.sidebands] == pytest.approx([3.5], abs=0.02)
    assert abs(family.drift.per_minute) < 4 * family.drift.standard_error < 4e-5


def test_separation_does_not_pay_for_families(monkeypatch):
    def called(*_):
        raise AssertionError

    monkeypatch.setattr(rover_fit, "find_families", called)
    recording = machine(6.0)
    ma.separate(recording, rover_noise=recording)


def test_families_are_kept_to_the_last_digit(model, tmp_path):
    kept = ma.load_rover_model(model.save(tmp_path / "pump.json"))
    assert kept.lines == model.lines
    assert kept.families == model.families
    assert [line.drift for line in kept.lines] == [line.drift for line in model.lines]
    for family in kept.families:
        assert all(any(line is one for one in kept.lines) for line in family.lines)
    texts = [path.read_text() for path in (tmp_path / "pump.json", kept.save(tmp_path / "again.json"))]
    assert json.loads(texts[0]) == json.loads(texts[1])


def test_a_drift_equals_only_the_same_drift(model):
    drift = model.families[0].drift
    same = copy.deepcopy(drift)
    assert (same == drift, hash(same) == hash(drift)) == (True, True)
    same.relative[0] += 1e-12
    assert same != drift


@pytest.fixture(scope="module")
def kept(model, tmp_path_factory):
    return json.loads(model.save(tmp_path_factory.mktemp("model") / "good.json").read_text())


FAMILY, SIDEBAND, LINE = ("families", 0), ("families", 0, "sidebands", 0), ("lines", 0)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("families",), None),
        (("families",), [3]),
        ((*FAMILY, "frequency"), "195"),
        ((*FAMILY, "frequency"), -195.0),
        ((*FAMILY, "frequency"), True),
        ((*FAMILY, "standard_error"), None),
        ((*FAMILY, "harmonics"), [1, 2]),
        ((*FAMILY, "harmonics", 0), 0),
        ((*FAMILY, "harmonics", 0), 1.5),
        ((*FAMILY, "lines"), []),
        ((*FAMILY, "lines", 0), 100000),
        ((*FAMILY, "lines", 0), -1),
        ((*FAMILY, "lines", 0), "0"),
        ((*FAMILY, "multiple"), "11"),
        ((*FAMILY, "drift"), 1e-5),
        ((*FAMILY, "drift", "times"), [1.0]),
        ((*FAMILY, "drift", "errors", 0), float("nan")),
        ((*FAMILY, "sidebands"), 5),
        ((*SIDEBAND, "level"), "loud"),
        ((*SIDEBAND, "harmonics"), [-1]),
        ((*SIDEBAND, "lines"), [0]),
        ((*LINE, "frequency"), "100"),
        ((*LINE, "level"), None),
        ((*LINE, "wanders"), 1),
        ((*LINE, "drift"), []),
    ],
    ids=str,
)
def test_a_family_that_was_tampered_with_is_refused(kept, tmp_path, where, value):
    held = copy.deepcopy(kept)
    place = held
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(held))
    with refused(ma.AudioFormatError, "no rover model"):
        ma.load_rover_model(path)


@pytest.mark.parametrize(
    "where", [("families",), (*FAMILY, "lines"), (*SIDEBAND, "offset"), (*LINE, "drift")]
)
def test_a_family_that_lacks_a_part_is_refused(kept, tmp_path, where):
    held = copy.deepcopy(kept)
    place = held
    for step in where[:-1]:
        place = place[step]
    del place[where[-1]]
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(held))
    with refused(ma.AudioFormatError, "no rover model"):
        ma.load_rover_model(path)


def test_a_file_of_the_first_version_is_refused_with_what_to_do(kept, tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**kept, "version": 1}))
    with refused(ma.AudioFormatError, "Fit and save it again"):
        ma.load_rover_model(path)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (195.143231, 5.46e-5, "195.14323 ± 0.00005"),
        (60.160369036, 9.64e-7, "60.160369 ± 0.000001"),
        (3.0, 0.0, "3.000000 ± 0.000000"),
        (1234.0, 20.0, "1234 ± 20"),
    ],
)
def test_a_value_is_given_to_the_first_digit_of_its_error(value, error, text):
    assert with_error(value, error) == text


def test_families_stand_in_words_and_tables(model):
    pump = family_at(model, PUMP)
    assert str(pump) in repr(model)
    assert f"{len(pump.lines)} of 195.14" in str(pump)
    fragment = model._repr_html_()
    assert fragment.count("<table>") == 2
    assert with_error(pump.frequency, pump.standard_error) in fragment
    assert "-3.70, +3.70, +14.00" in fragment
    assert " x 195.15 Hz" in fragment
    assert "sidebands at -3.70, +3.70, +14.00 Hz" in repr(pump)
    assert "a minute" in repr(pump.drift)


def test_the_picture_tells_families_by_marker_and_label_as_well_as_by_colour(model):
    axes = model.plot().axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    counts = {family.frequency: len(family.lines) for family in model.families}
    for frequency, count in counts.items():
        assert f"{count} lines of {frequency:.2f} Hz" in labels
    assert any("sidebands of these (+14.0 Hz)" in label for label in labels)
    named = [line for line in axes.get_lines() if " lines of " in str(line.get_label())]
    assert len({line.get_marker() for line in named}) == len(named) == len(model.families)
    assert len({line.get_color() for line in named}) == len(named)


@needs_recordings
def test_the_machines_of_20_february():
    model = ma.fit_rover(ma.load("feb20_filtered"))
    pump, clock = family_at(model, 195.1432), family_at(model, 1000.0)
    assert pump.frequency == pytest.approx(195.1432, abs=2e-4)
    assert len(pump.lines) >= 34
    assert clock.frequency == pytest.approx(1000.0001, abs=2e-4)
    found = [sideband.offset for sideband in pump.sidebands]
    assert min(abs(offset - 3.51) for offset in found) < 0.01
    assert min(abs(offset - 14.186) for offset in found) < 0.01
    assert len(found) == len({round(offset, 1) for offset in found})
    assert abs(clock.drift.per_minute) < 1e-5


@needs_recordings
def test_the_shaft_of_sol_1125():
    folder = Path(os.environ["MARSAUDIO_DATA_DIR"]) / "m2020_edlcam_raw" / "data_audio"
    seconds = [ma.load(folder / f"mic_00000170_000_00000{i}.xml") for i in (0, 1)]
    joined = np.concatenate([second.samples for second in seconds], axis=1)
    model = ma.fit_rover(ma.Recording(joined, seconds[0].sample_rate))
    shaft = family_at(model, 17.745)
    assert shaft.frequency == pytest.approx(17.745, abs=1e-3)
    assert 11 in shaft.harmonics
    assert shaft.lines[shaft.harmonics.index(11)].frequency == pytest.approx(195.2, abs=0.02)
    assert shaft.drift is None
