"""Wind and rover apart: the stems add up to the bit, and each holds what it should."""

import logging

import numpy as np
import pytest
import scipy.signal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import marsaudio as ma
from marsaudio import metrics
from marsaudio.separation.bands import Bands
from marsaudio.separation.run import grid_step, within_exact_sums

RATE = 8000


def low_noise(seconds, seed, rate=RATE):
    """Noise below some 100 Hz, of mean square 1."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    low = scipy.signal.sosfilt(scipy.signal.butter(2, [15, 100], "band", fs=rate, output="sos"), white)
    return low / low.std()


def scene(seconds=12, rate=RATE, seed=0, bits=16):
    """Gusty wind and a humming rover: recording, wind, rover, on the grid of the bits."""
    time = np.arange(round(seconds * rate)) / rate
    gust = (
        0.02
        + np.exp(-(((time - 0.4 * seconds) / 0.9) ** 2))
        + 0.6 * np.exp(-(((time - 0.75 * seconds) / 0.5) ** 2))
    )
    wind = 0.1 * gust * low_noise(seconds, seed, rate)
    rover = np.random.default_rng(seed + 1).normal(0, 0.004, len(time))
    for harmonic in range(1, 8):
        rover += 0.01 / harmonic * np.sin(2 * np.pi * 195.145 * harmonic * time + harmonic)
    step = 2.0 ** (1 - bits)
    wind, rover = np.rint(wind / step) * step, np.rint(rover / step) * step
    return ma.Recording(wind + rover, rate), wind.astype(np.float32), rover.astype(np.float32)


def assert_adds_up(stems, recording):
    assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)


@given(
    values=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 20000),
    channels=st.sampled_from([1, 2]),
    bits=st.sampled_from([16, 24]),
    encoding_is_known=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_stems_of_any_integers_add_up_to_the_bit(values, frames, channels, bits, encoding_is_known):
    rng = np.random.default_rng(values)
    limit = 2 ** (bits - 1)
    integers = rng.integers(-limit, limit, (channels, max(frames, channels)))
    source = ma.Source(encoding=f"PCM_{bits}" if encoding_is_known else None)
    recording = ma.Recording(integers / limit, RATE, source=source)
    assert_adds_up(ma.separate(recording), recording)


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_stems_add_up_again_after_both_were_saved_and_read_back(tmp_path, bits, rate):
    recording, _, _ = scene(3, rate, bits=bits)
    path = recording.save(tmp_path / "input.wav", encoding=f"PCM_{bits}")
    stems = ma.separate(ma.load(path))
    wind = ma.load(stems.wind.save(tmp_path / "wind.wav"))
    rover = ma.load(stems.rover.save(tmp_path / "rover.wav"))
    assert wind.source.encoding == rover.source.encoding == f"PCM_{bits}"
    assert np.array_equal(wind.samples + rover.samples, ma.load(path).samples)


def test_float_stems_add_up_to_a_fraction_of_the_peak():
    recording = ma.Recording(np.random.default_rng(0).normal(0, 1e-5, 3 * RATE), RATE)
    stems = ma.separate(recording)
    error = np.abs(stems.wind.samples + stems.rover.samples - recording.samples).max()
    assert error <= 2.0**-23 * np.abs(recording.samples).max()


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_the_grid_is_no_coarser_than_24_bits_of_the_peak(scale):
    assert 2.0**-24 * scale < grid_step(None, 0.6 * scale) <= 2.0**-23 * scale * 2


def test_a_file_is_separated_to_the_same_bits_as_a_recording(tmp_path):
    recording, _, _ = scene()
    path = recording.save(tmp_path / "input.wav", encoding="PCM_16")
    stems = ma.separate(ma.load(path))
    files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert np.array_equal(ma.load(files.wind).samples, stems.wind.samples)
    assert np.array_equal(ma.load(files.rover).samples, stems.rover.samples)
    assert files.models[0].cut_off == stems.models[0].cut_off


def test_blocks_of_any_length_give_the_same_bits(tmp_path, monkeypatch):
    from marsaudio.formats import audio

    recording, _, _ = scene(6)
    path = recording.save(tmp_path / "input.wav", encoding="PCM_16")
    winds = []
    for length in (997, 2**14, 2**20):
        monkeypatch.setattr(audio.AudioFile.blocks, "__defaults__", (length,))
        files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
        winds.append(ma.load(files.wind).samples)
    assert np.array_equal(winds[0], winds[1])
    assert np.array_equal(winds[0], winds[2])


def test_equal_channels_stay_equal_and_are_worked_on_once():
    recording, _, _ = scene(6)
    stereo = ma.Recording(np.concatenate([recording.samples] * 2), RATE)
    stems = ma.separate(stereo)
    assert len(stems.models) == 1
    assert np.array_equal(stems.wind.samples[0], stems.wind.samples[1])
    assert np.array_equal(stems.wind.samples[:1], ma.separate(recording).wind.samples)


def test_different_channels_are_each_worked_on():
    first, _, _ = scene(6, seed=0)
    second, _, _ = scene(6, seed=10)
    both = ma.Recording(np.concatenate([first.samples, second.samples]), RATE)
    stems = ma.separate(both)
    assert len(stems.models) == 2
    assert np.array_equal(stems.wind.samples[1:], ma.separate(second).wind.samples)
    assert_adds_up(stems, both)


def test_the_wind_stem_is_nearer_to_the_wind_than_any_low_pass():
    recording, wind, rover = scene()
    stems = ma.separate(recording)
    ours = metrics.si_sdr(stems.wind.samples[0], wind)
    for cut in (100, 150, 200, 300, 500):
        low_pass = scipy.signal.butter(4, cut, fs=RATE, output="sos")
        assert ours > metrics.si_sdr(scipy.signal.sosfiltfilt(low_pass, recording.samples[0]), wind)
    assert metrics.si_sdr(stems.rover.samples[0], rover) > metrics.si_sdr(recording.samples[0], rover) + 10


def test_lines_in_the_wind_stem_are_twenty_decibels_down_or_at_the_wind_itself():
    recording, wind, _ = scene()
    stems = ma.separate(recording)
    for harmonic in range(1, 8):
        around = {"sample_rate": RATE, "frequency": 195.145 * harmonic, "half_width": 1.0}
        taken = metrics.line_suppression(recording.samples[0], stems.wind.samples[0], **around)
        at_the_wind = metrics.line_suppression(recording.samples[0], wind, **around)
        assert taken > min(20, at_the_wind - 3)
    frequencies = [line.frequency for line in stems.models[0].lines]
    assert frequencies[:2] == pytest.approx([195.145, 390.29], abs=0.02)


@pytest.mark.parametrize("frequency", [40.0, 440.0, 1234.5])
def test_what_rounding_leaves_of_a_pure_tone_is_no_wind(frequency):
    tone = 0.1 * np.sin(2 * np.pi * frequency * np.arange(20 * 48000) / 48000)
    stems = ma.separate(ma.Recording(tone, 48000))
    assert stems.cut_off is None
    assert any("rise and fall" in note for note in stems.notes)
    assert 20 * np.log10(stems.wind.samples.std() / tone.std()) < -40


def test_steady_noise_is_the_rovers():
    steady = ma.Recording(np.random.default_rng(4).normal(0, 0.02, 20 * RATE), RATE)
    stems = ma.separate(steady)
    assert 20 * np.log10(stems.wind.samples.std() / steady.samples.std()) < -15


def test_louder_or_quieter_makes_no_difference_to_what_is_wind():
    recording, _, _ = scene(6)
    quieter = ma.Recording(recording.samples / 64, RATE)
    one, other = ma.separate(recording).wind.samples, ma.separate(quieter).wind.samples * 64
    assert metrics.sdr(other, one) > 60


def test_a_reference_of_the_rover_alone_helps():
    recording, wind, _ = scene(seconds=16, seed=5)
    alone = ma.Recording(scene(seconds=16, seed=50)[2], RATE)
    with_reference = ma.separate(recording, rover_noise=alone)
    assert_adds_up(with_reference, recording)
    blind = metrics.si_sdr(ma.separate(recording).wind.samples[0], wind)
    assert metrics.si_sdr(with_reference.wind.samples[0], wind) > blind - 1


def test_a_reference_that_is_far_too_loud_is_limited_and_named(caplog):
    recording, wind, _ = scene(seed=5)
    loud = ma.Recording(20 * scene(seed=50)[2], RATE)
    with caplog.at_level(logging.WARNING, logger="marsaudio"):
        stems = ma.separate(recording, rover_noise=loud)
    assert any("louder than this recording's own quiet" in note for note in stems.notes)
    assert "louder" in caplog.text
    assert metrics.si_sdr(stems.wind.samples[0], wind) > metrics.si_sdr(recording.samples[0], wind)


def test_a_reference_at_another_rate_is_refused():
    recording, _, _ = scene(3)
    with pytest.raises(ma.ParameterError, match="16000 Hz"):
        ma.separate(recording, rover_noise=ma.Recording(np.ones(16000), 16000))


def test_a_reference_without_a_single_usable_frame_is_refused():
    recording, _, _ = scene(3)
    with pytest.raises(ma.ParameterError, match="too little is sound"):
        ma.separate(recording, rover_noise=ma.Recording(np.full(400, 0.1), RATE))


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(2 * RATE),
        np.full(2 * RATE, 0.9),
        np.array([0.5]),
        np.random.default_rng(0).normal(0, 0.1, RATE // 10),
        0.5 * np.sin(2 * np.pi * 195 * np.arange(8 * RATE) / RATE),
        np.sign(np.sin(2 * np.pi * 50 * np.arange(8 * RATE) / RATE)),
    ],
    ids=["silence", "constant", "one sample", "a tenth of a second", "one tone", "clipped"],
)
def test_what_holds_no_wind_is_still_taken_apart(samples):
    recording = ma.Recording(np.rint(samples * 2**14) / 2**15, RATE)
    stems = ma.separate(recording)
    assert_adds_up(stems, recording)
    assert np.isfinite(stems.wind.samples).all()


def test_too_little_to_learn_from_is_said():
    stems = ma.separate(ma.Recording(np.random.default_rng(0).normal(0, 0.1, RATE), RATE))
    assert not stems.wind.samples.any()
    assert "Too short" in stems.notes[0]


def test_a_muted_start_does_not_change_what_is_learned():
    recording, _, _ = scene(8)
    muted = ma.Recording(np.concatenate([np.zeros((1, 2 * RATE)), recording.samples], axis=1), RATE)
    plain, shifted = ma.separate(recording), ma.separate(muted)
    assert shifted.models[0].cut_off == pytest.approx(plain.models[0].cut_off, rel=0.3)
    assert not shifted.wind.samples[:, : round(1.5 * RATE)].any()
    late = slice(3 * RATE, 7 * RATE)
    assert metrics.sdr(shifted.wind.samples[:, 2 * RATE :][:, late], plain.wind.samples[:, late]) > 15


def test_stems_keep_rate_length_and_history():
    recording, _, _ = scene(3)
    wind, rover = stems = ma.separate(recording)
    assert wind is stems.wind
    assert rover is stems.rover
    assert wind.sample_rate == recording.sample_rate
    assert wind.samples.shape == recording.samples.shape
    assert wind.source.history[-1] == "wind stem"
    assert not wind.samples.flags.writeable
    assert np.array_equal(stems.recording.samples, recording.samples)


def test_a_stem_louder_than_full_scale_is_written_as_float(tmp_path):
    # A line at full scale and a gust on top of it: their sum fits, its parts do not.
    recording, _, _ = scene(8)
    loud = ma.Recording(np.clip(recording.samples * 9, -1, 32767 / 32768), RATE)
    path = loud.save(tmp_path / "loud.wav", encoding="PCM_16")
    files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    wind, rover = ma.load(files.wind), ma.load(files.rover)
    assert max(np.abs(wind.samples).max(), np.abs(rover.samples).max()) > 1
    assert wind.source.encoding == "FLOAT"
    assert np.array_equal(wind.samples + rover.samples, ma.load(path).samples)


def test_stems_never_replace_their_input_or_each_other(tmp_path):
    path = scene(3)[0].save(tmp_path / "input.wav")
    before = path.read_bytes()
    for wind, rover in [("input.wav", "rover.wav"), ("wind.wav", "input.wav"), ("stem.wav", "stem.wav")]:
        with pytest.raises(ma.ParameterError, match="two different files"):
            ma.separate_file(path, wind=tmp_path / wind, rover=tmp_path / rover)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["input.wav"]


def test_no_stem_appears_where_the_other_cannot_be_written(tmp_path):
    path = scene(3)[0].save(tmp_path / "input.wav")
    (tmp_path / "a file").write_text("in the way")
    with pytest.raises(ma.OutputError, match="Cannot write"):
        ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "a file" / "rover.wav")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a file", "input.wav"]


def test_no_stem_appears_where_the_other_fails_while_it_is_finished(tmp_path, monkeypatch):
    from marsaudio.formats.audio_writer import AudioWriter

    path = scene(3)[0].save(tmp_path / "input.wav")
    finish, finished = AudioWriter.finish, []

    def finish_all_but_the_rover(writer):
        finished.append(writer)
        if len(finished) == 2:
            raise ma.OutputError("The disk is full.")
        finish(writer)

    monkeypatch.setattr(AudioWriter, "finish", finish_all_but_the_rover)
    with pytest.raises(ma.OutputError, match="full"):
        ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["input.wav"]


@pytest.mark.parametrize("share", [0.4, 0.6])
def test_a_constant_offset_is_the_rovers_where_most_of_it_is_next_to_silence(share):
    rng = np.random.default_rng(3)
    frames = 6 * RATE
    sound = 0.05 * rng.normal(size=frames) + 0.02
    tail = 1e-11 * rng.normal(size=round(frames * share / (1 - share)))
    stems = ma.separate(ma.Recording(np.concatenate([sound, tail]), RATE))
    middle = slice(RATE, 5 * RATE)
    assert abs(stems.wind.samples[0, middle].mean()) < 0.002
    assert stems.rover.samples[0, middle].mean() == pytest.approx(0.02, abs=0.002)


@pytest.mark.parametrize("offset", [0.01, 0.9])
def test_a_constant_offset_is_the_rovers_up_to_both_ends(offset):
    noise = np.random.default_rng(2).normal(0, 0.001, 12 * RATE)
    stems = ma.separate(ma.Recording(noise + offset, RATE))
    assert np.abs(stems.wind.samples).max() < 0.001
    recording, wind, _ = scene()
    shifted = ma.separate(ma.Recording(recording.samples * 0.1 + offset, RATE)).wind.samples
    plain = ma.separate(ma.Recording(recording.samples * 0.1, RATE)).wind.samples
    assert metrics.si_sdr(shifted[0], wind) > metrics.si_sdr(plain[0], wind) - 0.5


def test_quiet_before_strong_wind_is_learned_from():
    time = np.arange(10 * RATE) / RATE
    level = np.where(time < 3.5, 1e-3, 0.1)
    wind = level * low_noise(10, 8)
    recording = ma.Recording(wind + np.random.default_rng(9).normal(0, 2e-5, len(time)), RATE)
    late = slice(5 * RATE, 9 * RATE)
    stems = ma.separate(recording)
    assert metrics.si_sdr(stems.wind.samples[0, late], wind[late]) > 15


def test_where_nothing_comes_and_goes_no_cut_off_is_claimed():
    steady = ma.Recording(np.random.default_rng(4).normal(0, 0.02, 20 * RATE), RATE)
    stems = ma.separate(steady)
    assert stems.models[0].cut_off is None
    assert any("may be chance" in note for note in stems.notes)
    assert "no wind for certain" in repr(stems)


def test_a_reference_with_the_same_lines_is_not_called_too_loud():
    recording, _, rover = scene(seconds=16, seed=5)
    stems = ma.separate(recording, rover_noise=ma.Recording(rover, RATE))
    assert stems.notes == ()


def working_machine(seconds=16, rate=16000, seed=3):
    """Noise at all frequencies that swells and fades, like wheels and motors."""
    time = np.arange(round(seconds * rate)) / rate
    white = np.random.default_rng(seed).standard_normal(len(time))
    swell = 0.1 + np.sin(2 * np.pi * 0.21 * time + 1) ** 4 + 0.6 * np.sin(2 * np.pi * 0.37 * time) ** 8
    return 0.02 * swell * scipy.signal.lfilter([1.0], [1.0, -0.9], white)


def test_a_machine_that_comes_and_goes_is_not_taken_for_wind():
    machine = ma.Recording(working_machine(), 16000)
    stems = ma.separate(machine)
    assert stems.models[0].rover.activity is not None
    assert 20 * np.log10(stems.wind.samples.std() / machine.samples.std()) < -8


def test_wind_under_a_working_machine_is_still_found():
    rate = 16000
    recording, wind, _ = scene(16, rate, seed=7)
    mixed = ma.Recording(recording.samples[0] + working_machine(), rate)
    stems = ma.separate(mixed)
    assert metrics.si_sdr(stems.wind.samples[0], wind) > metrics.si_sdr(mixed.samples[0], wind) + 5
    assert np.abs(stems.wind.samples + stems.rover.samples - mixed.samples).max() < 1e-6


def test_a_steady_machine_is_none_that_comes_and_goes():
    recording, _, _ = scene(12, 16000)
    assert ma.separate(recording).models[0].rover.activity is None


def test_wind_whose_codec_switches_high_frequencies_on_is_still_wind():
    # Lossy files have faint sound above 4 kHz only while a gust is loud: some 60 dB below it.
    rate = 16000
    recording, wind, _ = scene(16, rate, seed=7)
    time = np.arange(recording.frames) / rate
    gust = np.exp(-(((time - 6.4) / 0.9) ** 2))
    hiss = np.random.default_rng(5).normal(0, 1e-4, len(time))
    high = scipy.signal.sosfilt(scipy.signal.butter(8, 4500, "highpass", fs=rate, output="sos"), hiss)
    wind_only = wind + 1e-5 * np.random.default_rng(6).standard_normal(len(time)) + gust * high
    stems = ma.separate(ma.Recording(wind_only, rate))
    assert metrics.si_sdr(stems.wind.samples[0], wind) > 22


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.array([0.5]), "Too short"),
        (np.full(800, 0.25) + 0.01 * np.sin(np.arange(800)), "Too short"),
        (np.r_[np.zeros(2 * RATE), 0.01 * np.sin(np.arange(800))], "Too short"),
        (np.zeros(2 * RATE), "no sample differs"),
    ],
    ids=["one sample", "a tenth of a second", "mostly muted", "silence"],
)
def test_a_reference_does_not_help_where_nothing_can_be_learned(samples, reason):
    recording = ma.Recording(samples, RATE)
    stems = ma.separate(recording, rover_noise=ma.Recording(scene(6)[2], RATE))
    assert_adds_up(stems, recording)
    assert not stems.wind.samples.any()
    assert reason in stems.notes[0]


def test_models_are_shown_in_a_line():
    stems = ma.separate(scene(12)[0])
    assert repr(stems.models[0]).startswith("<marsaudio.WindModel: channel 0, 0.0 to 12.0 s, wind up to ")
    assert len(repr(stems.models)) < 200


def test_a_short_recording_says_that_it_cannot_check_the_reference():
    second = ma.Recording(scene(6)[2][:RATE], RATE)
    stems = ma.separate(second, rover_noise=ma.Recording(scene(6, seed=9)[2], RATE))
    assert any("too short to hold the reference" in note for note in stems.notes)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("gain", [5, 20, 200])
def test_stems_of_what_was_overdriven_add_up_to_the_bit(seed, gain, tmp_path):
    """Of 24 bits: a stem beyond twice full scale would need more than float32 has."""
    sound = ma.simulate_scene(6.0, sample_rate=8000, rng=seed, gust_count=1).recording.samples[0]
    step = 2.0**-23
    clipped = np.clip(np.round(gain * sound / np.abs(sound).max() / step) * step, -1.0, 1.0 - step)
    path = ma.Recording(clipped, 8000).save(tmp_path / "loud.wav", encoding="PCM_24")
    recording = ma.load(path)
    stems = ma.separate(recording)
    assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)
    files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert np.array_equal(ma.load(files.wind).samples, stems.wind.samples)
    assert np.array_equal(ma.load(files.rover).samples, stems.rover.samples)


def test_the_limit_of_exact_sums_moves_wind_to_the_rover_only_where_it_must():
    step = 2.0**-23
    samples = np.array([[1.0, 1.0, -1.0, -1.0, 0.5, 0.0]], np.float32)
    wind = np.array([[3.0, -1.5, 1.5, -3.0, -1.25, 0.25]], np.float32)
    within = within_exact_sums(wind, samples, step)
    assert within.tolist() == [[2.0, -1.0, 1.0, -2.0, -1.25, 0.25]]
    assert np.array_equal((samples - within) + within, samples)


@pytest.mark.parametrize("name", ["loop.wav", "null\0.wav", "\ud800.wav"])
def test_stems_are_refused_names_that_lead_nowhere(name, tmp_path):
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    with pytest.raises(ma.OutputError, match="Cannot write"):
        ma.separate_file("sample", wind=tmp_path / name, rover=tmp_path / "rover.wav")


def test_stems_never_replace_the_rover_noise(tmp_path):
    noise = scene(3)[0]
    path = noise.save(tmp_path / "calm.wav")
    before = path.read_bytes()
    with pytest.raises(ma.ParameterError, match="neither may be the input"):
        ma.separate_file(
            "sample", wind=tmp_path / "wind.wav", rover=path, rover_noise=ma.load(path, start=0.0)
        )
    assert path.read_bytes() == before


def test_a_spectrum_of_nothing_stays_nothing():
    bands = Bands(np.linspace(0.0, 4000.0, 513))
    nothing = np.zeros(len(bands.centres))
    assert bands.smooth(nothing).max() <= 1e-300
    assert bands.to_bins(nothing).max() <= 1.001e-300  # a logarithm, and back
