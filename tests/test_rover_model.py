"""The rover as a model: learned, kept in a file, and held against other recordings."""

import json

import numpy as np
import pytest
import scipy.ndimage
from refusals import refused

import marsaudio as ma
from marsaudio import metrics
from marsaudio.formats import json_document

RATE = 48000


@pytest.fixture(scope="module")
def scene():
    return ma.simulate_scene(12.0, rng=11, click_rate=0.0)


@pytest.fixture(scope="module")
def model():
    """Of another take of the same rover."""
    return ma.fit_rover(ma.simulate_scene(12.0, rng=12, click_rate=0.0).rover)


def test_the_floor_is_the_density_of_the_noise():
    level = 0.02
    noise = ma.Recording(np.random.default_rng(0).normal(0, level, 30 * RATE), RATE)
    model = ma.fit_rover(noise)
    density = level**2 / (RATE / 2)
    assert np.mean(model.floor[5:]) == pytest.approx(density, rel=0.02)
    assert np.allclose(model.high_floor, density, rtol=0.1)
    assert model.lines == ()
    assert model.activity is None


def test_lines_are_in_the_model_and_not_in_the_floor(model):
    pump = [line for line in model.lines if abs(line.frequency - 195.145) < 0.1]
    assert len(pump) == 1
    near = np.abs(model.frequencies - 195.145) < 10
    assert model.floor[near].max() < 10 * np.median(model.floor[np.abs(model.frequencies - 195.145) < 60])


def test_pump_and_clock_are_families_of_the_model(model):
    fundamentals = [family.frequency for family in model.families]
    assert min(abs(f - 195.145) for f in fundamentals) < 0.01
    assert min(abs(f - 1000.0) for f in fundamentals) < 0.01


def test_a_model_says_what_it_is(model):
    assert "48000 Hz" in repr(model)
    assert "steady" in repr(model)
    assert "<table>" in model._repr_html_()


def test_a_kept_model_gives_the_same_stems(scene, model, tmp_path):
    kept = ma.load_rover_model(model.save(tmp_path / "pump.json"))
    assert np.array_equal(kept.floors, model.floors)
    assert kept.lines == model.lines
    assert kept.source == model.source
    first = ma.separate(scene.recording, rover_noise=model).wind.samples
    assert np.array_equal(ma.separate(scene.recording, rover_noise=kept).wind.samples, first)


def test_a_recording_of_the_rover_is_as_good_as_its_model(scene):
    rover = ma.simulate_scene(12.0, rng=12, click_rate=0.0).rover
    from_model = ma.separate(scene.recording, rover_noise=ma.fit_rover(rover))
    from_recording = ma.separate(scene.recording, rover_noise=rover)
    assert np.array_equal(from_model.wind.samples, from_recording.wind.samples)


def test_a_reference_tells_even_wind_from_the_rover_and_a_saved_one_does_alike(tmp_path):
    """Which nothing in the recording itself tells: without one, most of it is in doubt."""
    even = {"gust_count": 0, "turbulence_intensity": 0.12, "mean_speed": 6.0, "click_rate": 0.0}
    scene, other = (ma.simulate_scene(12.0, sample_rate=16000, rng=seed, **even) for seed in (11, 12))
    saved = ma.load_rover_model(ma.fit_rover(other.rover).save(tmp_path / "rover.json"))
    blind, *held = (ma.separate(scene.recording, rover_noise=one) for one in (None, other.rover, saved))
    ratios = [metrics.si_sdr(one.wind.samples[0], scene.wind.samples[0]) for one in (blind, *held)]
    assert min(ratios[1:]) > ratios[0] + 1
    assert blind.unidentifiable > 0.5
    assert max(one.unidentifiable for one in held) < 0.1


def working_machine(seed, seconds=24, rate=16000):
    """Noise that swells and fades over a steady floor."""
    time = np.arange(seconds * rate) / rate
    rng = np.random.default_rng(seed)
    swell = np.sin(2 * np.pi * 0.21 * time + seed) ** 4 + 0.6 * np.sin(2 * np.pi * 0.37 * time) ** 8
    machine = np.convolve(rng.standard_normal(len(time)), 0.9 ** np.arange(60))[: len(time)]
    return 0.01 * swell * machine + 0.002 * rng.standard_normal(len(time))


def test_a_machine_that_comes_and_goes_is_kept_level_by_level(tmp_path):
    model = ma.fit_rover(ma.Recording(working_machine(1), 16000))
    assert model.activity is not None
    assert len(model.floors) > 1
    assert model.floors[-1].mean() > 5 * model.floors[0].mean()
    kept = ma.load_rover_model(model.save(tmp_path / "machine.json"))
    assert np.array_equal(kept.activity.levels, model.activity.levels)
    other = ma.Recording(working_machine(2), 16000)
    stems = ma.separate(other, rover_noise=kept)
    assert 20 * np.log10(stems.wind.samples.std() / other.samples.std()) < -8


def test_a_model_of_a_steady_rover_leaves_a_machine_to_the_rover_all_the_same():
    rng = np.random.default_rng(3)
    quiet = ma.Recording(0.002 * rng.standard_normal(16000 * 12), 16000)
    machine = ma.Recording(working_machine(2), 16000)
    stems = ma.separate(machine, rover_noise=quiet)
    assert 20 * np.log10(stems.wind.samples.std() / machine.samples.std()) < -8


def restless_machine(seed, seconds=20):
    """A tone and a hiss that come and go together, at another pitch each time and in every draw."""
    rng = np.random.default_rng(seed)
    speed, time = np.zeros(seconds * RATE), rng.uniform(0.0, 1.0)
    while time < seconds:
        stop = time + rng.uniform(0.5, 2.0)
        speed[round(time * RATE) : round(stop * RATE)] = rng.uniform(0.5, 1.0)
        time = stop + rng.uniform(0.5, 2.0)
    speed = scipy.ndimage.uniform_filter1d(speed, RATE // 5)
    tones = sum(np.sin(2 * np.pi * rng.uniform(60, 120) * k * np.cumsum(speed) / RATE) / k for k in (1, 2, 3))
    return 0.03 * speed * (tones + rng.standard_normal(len(speed))) + 1e-4 * rng.standard_normal(len(speed))


def test_a_reference_of_a_fluctuating_machine_is_on_average_no_worse_than_none():
    gained = []
    for seed in range(1, 7):
        wind = ma.simulate_scene(20.0, rng=seed, click_rate=0.0).wind.samples[0]
        machine, alone = restless_machine(seed), restless_machine(seed + 10)
        gain = wind.std() / machine.std() * 10 ** (5 / 20)
        recording = ma.Recording(wind + gain * machine, RATE)
        blind = ma.separate(recording)
        assert blind.models[0].rover.activity is not None
        guided = ma.separate(recording, rover_noise=ma.Recording(gain * alone, RATE))
        quality = [metrics.si_sdr(stems.wind.samples[0], wind) for stems in (blind, guided)]
        gained.append(quality[1] - quality[0])
    assert np.mean(gained) > -0.3


def test_wind_in_a_recording_can_be_left_out_of_the_model(scene):
    alone = ma.fit_rover(scene.rover)
    with_wind = ma.fit_rover(scene.recording)
    without = ma.fit_rover(scene.recording, alone=False)
    low = (alone.frequencies > 20) & (alone.frequencies < 150)

    def error(model):
        return np.abs(10 * np.log10(model.floor[low] / alone.floor[low])).mean()

    assert error(without) < 5 < error(with_wind)
    assert any("left out" in note for note in without.notes)


def test_a_reference_that_is_too_loud_is_limited_and_named(scene):
    louder = ma.Recording(scene.rover.samples * 10, RATE)
    stems = ma.separate(scene.recording, rover_noise=louder)
    assert any("louder than this recording" in note and "Hz" in note for note in stems.notes)
    assert metrics.si_sdr(stems.wind.samples[0], scene.wind.samples[0]) > 10
    assert np.array_equal(stems.wind.samples + stems.rover.samples, scene.recording.samples)


def test_a_reference_that_is_too_faint_is_named(scene):
    fainter = ma.Recording(scene.rover.samples * 0.1, RATE)
    stems = ma.separate(scene.recording, rover_noise=fainter)
    (note,) = [note for note in stems.notes if "fainter" in note]
    assert int(note.split(" dB fainter")[0].split()[-1]) == pytest.approx(20, abs=3)


def test_a_model_of_a_second_says_how_little_it_is():
    noise = ma.Recording(np.random.default_rng(0).normal(0, 0.1, RATE), RATE)
    assert any("may be better" in note for note in ma.fit_rover(noise).notes)


def test_a_model_at_another_rate_is_refused(scene):
    model = ma.fit_rover(ma.Recording(np.random.default_rng(0).normal(0, 0.01, 44100 * 3), 44100))
    with refused(ma.ParameterError, "44100 Hz, the recording at 48000 Hz"):
        ma.separate(scene.recording, rover_noise=model)


@pytest.mark.parametrize("frames", [1, 4800])
def test_too_little_to_fit_a_rover_to_is_refused(frames):
    with refused(ma.ParameterError, "too little is sound to learn the rover"):
        ma.fit_rover(ma.Recording(np.ones(frames) * 0.1, RATE))


def test_what_is_no_model_is_refused(tmp_path, model):
    good = json.loads(model.save(tmp_path / "good.json").read_text())
    path = tmp_path / "bad.json"
    with refused(ma.DataUnavailableError, "There is no file"):
        ma.load_rover_model(tmp_path / "missing.json")
    changes = [
        {"format": "another"},
        {"version": 99},
        {"floors": [[1.0, float("nan")]]},
        {"floors": [[-1.0] * 3]},
        {"floors": "many"},
        {"level_shares": [0.5, 0.5]},
        {"lines": [{"frequency": 1.0}]},
        {"source": {"unknown": 1}},
        {"frequency_step_hz": 0},
        {"activity": {"weights": [1.0], "levels": [1.0]}},
    ]
    for change in changes:
        path.write_text(json.dumps({**good, **change}))
        with refused(ma.AudioFormatError, "rover model"):
            ma.load_rover_model(path)
    for text in ("[]", "{", "[" * 100000, json.dumps({**good, "seconds": 10**400})):
        path.write_text(text)
        with refused(ma.AudioFormatError, "no rover model"):
            ma.load_rover_model(path)
    path.write_text("")
    with refused(ma.AudioFormatError, "is empty"):
        ma.load_rover_model(path)
    path.write_bytes(b"\xff\xfe\x00")
    with refused(ma.AudioFormatError, "no text"):
        ma.load_rover_model(path)


def test_a_model_with_too_many_values_is_refused_before_it_is_parsed(tmp_path, model, monkeypatch):
    path = model.save(tmp_path / "rover.json")
    assert ma.load_rover_model(path).lines == model.lines
    monkeypatch.setattr(json_document, "MOST_VALUES", 100)
    with refused(ma.AudioFormatError, "it has more than .* values. 'marsaudio fit-rover' writes one"):
        ma.load_rover_model(path)


def test_a_picture_of_the_model_names_its_axes(model):
    line = model.plot()
    assert line.axes.get_xlabel() == "Frequency (Hz)"
    assert line.axes.get_ylabel() == "Level (dB re full scale²/Hz)"
    assert len(line.get_xdata()) == len(model.frequencies) - 1


def test_a_reference_with_wind_in_it_is_noted_in_the_model_and_in_what_it_is_used_for():
    scene = ma.simulate_scene(20.0, rng=1)
    model = ma.fit_rover(scene.recording)
    assert any("rises and falls as wind does" in note for note in model.notes)
    stems = ma.separate(scene.recording, rover_noise=model)
    assert any(note.startswith("Of the reference: Below ") for note in stems.notes)
    assert not any("as wind does" in note for note in ma.fit_rover(scene.rover).notes)


def test_a_short_reference_is_noted_in_what_it_is_used_for():
    scene = ma.simulate_scene(20.0, rng=1)
    stems = ma.separate(scene.recording, rover_noise=scene.rover.clip(3.0, 5.0))
    assert any(note.startswith("Of the reference: Learned from ") for note in stems.notes)
