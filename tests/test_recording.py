"""What a recording is: read-only samples at their own rate, with where they came from."""

import copy
import dataclasses
import math
import mmap
import pickle
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

import marsaudio as ma

RATE = 48000


def tone(frequency=195.0, *, seconds=0.5, rate=RATE, channels=1):
    time = np.arange(round(seconds * rate)) / rate
    return np.tile(0.1 * np.sin(2 * np.pi * frequency * time), (channels, 1)).astype(np.float32)


def test_one_dimension_becomes_one_channel():
    recording = ma.Recording([0.0, 0.25, -0.5], RATE)
    assert recording.samples.shape == (1, 3)
    assert recording.samples.dtype == np.float32
    assert recording.samples.tolist() == [[0.0, 0.25, -0.5]]
    assert (recording.channels, recording.frames, recording.duration) == (1, 3, 3 / RATE)


def test_equal_channels_are_kept():
    samples = tone(channels=2)
    recording = ma.Recording(samples, RATE)
    assert recording.channels == 2
    assert np.array_equal(recording.samples, samples)


def test_it_is_frozen():
    recording = ma.Recording(tone(), RATE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        recording.sample_rate = 44100
    with pytest.raises(ValueError, match="read-only"):
        recording.samples[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        recording.clip(0.1, 0.2).samples[0, 0] = 1.0


def test_the_array_it_was_made_from_stays_writeable_and_apart():
    samples = tone()
    recording = ma.Recording(samples, RATE)
    samples[0, 5] = 0.9
    assert recording.samples[0, 5] != np.float32(0.9)


def test_a_read_only_view_of_writeable_memory_is_copied():
    samples = tone()
    view = samples.view()
    view.flags.writeable = False
    recording = ma.Recording(view[:, 2:], RATE)
    samples[...] = 0.9
    assert not (recording.samples == np.float32(0.9)).any()


def test_a_map_of_a_file_is_copied(tmp_path):
    path = tmp_path / "samples"
    path.write_bytes(tone().tobytes())
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        view = np.frombuffer(mapped, dtype=np.float32)
        view.flags.writeable = False
        recording = ma.Recording(view, RATE)
        del view
        mapped[:4] = b"\xff\xff\x7f\x3f"
    assert recording.samples[0, 0] == 0.0


@pytest.mark.parametrize("frozen", ["array", "bytes"])
def test_memory_that_nobody_can_write_to_is_not_copied(frozen):
    samples = tone()
    if frozen == "bytes":
        samples = np.frombuffer(samples.tobytes(), dtype=np.float32)
    samples.flags.writeable = False
    recording = ma.Recording(samples, RATE)
    assert np.shares_memory(recording.samples, samples)
    assert np.shares_memory(recording.clip(0.1, 0.2).samples, samples)


@pytest.mark.parametrize("dtype", ["float16", "float32", ">f4", "float64", "longdouble"])
def test_every_float_type_is_taken(dtype):
    recording = ma.Recording(np.array([0.5, -0.25], dtype=dtype), RATE)
    assert recording.samples.dtype == np.dtype("=f4")
    assert recording.samples.tolist() == [[0.5, -0.25]]


def test_more_channels_than_frames_are_refused_with_the_shape():
    with refused(ma.ParameterError, r"\(480, 2\).*channels, frames.*samples\.T"):
        ma.Recording(np.zeros((480, 2)), RATE)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(8, dtype=np.int16), "int16.*32768"),
        (np.zeros(8, dtype=complex), "complex128"),
        (np.zeros(8, dtype=bool), "bool"),
        (["a", "b"], "no full scale"),
        (None, "object"),
        ([[0.0, 0.1], [0.0]], "every channel of the same length"),
        (np.zeros(0), r"\(0,\)"),
        (np.zeros((2, 0)), r"\(2, 0\)"),
        (np.zeros((0, 2)), r"\(0, 2\)"),
        (np.float64(0.5), r"\(\)"),
        (np.zeros((1, 2, 8)), r"\(1, 2, 8\)"),
        ([0.0, math.nan, math.inf], "channel 0 holds nan at frame 1"),
        ([[0.0, 0.0], [0.0, -math.inf]], "channel 1 holds -inf at frame 1"),
        ([0.0, 1e39], r"Channel 0 holds a sample of 1e\+39 at frame 1, .* 1\.1e\+12 \(2\*\*40\).*Scale"),
        ([[0.0, 0.1], [2.0**41, -(2.0**42)]], r"Channel 1 holds a sample of -4\.4e\+12 at frame 1"),
        (np.float32([0.0, 3e20]), r"3e\+20 at frame 1"),
        (np.ma.masked_array([0.0, 0.1], mask=[False, True]), "masked"),
    ],
)
def test_what_is_no_sound_is_refused(samples, said):
    with refused(ma.ParameterError, said):
        ma.Recording(samples, RATE)


def test_the_largest_sample_that_is_allowed_is_held():
    samples = np.array([2.0**40, -(2.0**40), 0.0])
    assert np.array_equal(ma.Recording(samples, RATE).samples[0], samples)


@pytest.mark.parametrize(
    "rate",
    [0, -48000, math.nan, math.inf, None, "48000", True, [48000], 1j, 10**400, np.array([48000])],
    ids=lambda rate: repr(rate)[:12],
)
def test_a_rate_must_be_a_positive_number(rate):
    with refused(ma.ParameterError, r"sample_rate=.* positive number.*Hz"):
        ma.Recording(tone(), rate)


@pytest.mark.parametrize(
    ("rate", "kept"), [(48000, 48000), (48000.0, 48000), (44100.5, 44100.5), (np.float32(8000), 8000),
                       (np.int64(96000), 96000), (Fraction(48000, 1001), 48000 / 1001)]
)  # fmt: skip
def test_rates_are_kept(rate, kept):
    recording = ma.Recording(tone(), rate)
    assert recording.sample_rate == kept
    assert type(recording.sample_rate) is type(kept)


def test_source_and_calibration_must_be_what_they_are_called():
    with refused(ma.ParameterError, r"source='a\.wav' must be a marsaudio\.Source"):
        ma.Recording(tone(), RATE, source="a.wav")
    with refused(ma.ParameterError, r"calibration=0\.5 must be a marsaudio\.Calibration"):
        ma.Recording(tone(), RATE, calibration=0.5)


def test_levels_are_in_pascals_only_with_a_calibration():
    assert ma.Recording(tone(), RATE).level_unit == "dB re full scale"
    assert ma.Recording(tone(), RATE).level_offset == 0.0
    # A full scale of 20 Pa is a million times the reference of 20 µPa.
    calibrated = ma.Recording(tone(), RATE, calibration=ma.Calibration(20.0, source="a paper"))
    assert calibrated.level_unit == "dB re 20 µPa"
    assert calibrated.level_offset == pytest.approx(120.0)


def test_a_clip_is_that_range_and_says_so():
    recording = ma.Recording(tone(channels=2), RATE, source=ma.Source(path="/there/wind.wav", offset=3.0))
    clip = recording.clip(0.1, 0.25)
    assert np.array_equal(clip.samples, recording.samples[:, 4800:12000])
    assert clip.duration == pytest.approx(0.15)
    assert clip.source.offset == pytest.approx(3.1)
    assert clip.source.history == ("clip from 0.1 to 0.25 s",)
    assert "wind.wav, clip from 0.1 to 0.25 s" in repr(clip)
    assert recording.clip(0.1).frames == recording.frames - 4800


@settings(deadline=None, derandomize=True)
@given(
    frames=st.integers(2, 400),
    rate=st.sampled_from([1, 7, 8000, 44100, 44100.5, 192000]),
    fraction=st.floats(0.0, 1.0),
)
def test_two_clips_that_meet_hold_every_sample_once(frames, rate, fraction):
    recording = ma.Recording(np.arange(frames, dtype=np.float32), rate)
    cut = fraction * recording.duration
    if not 1 <= round(cut * recording.sample_rate) < frames:
        return
    parts = [recording.clip(0.0, cut).samples, recording.clip(cut).samples]
    assert np.array_equal(np.hstack(parts), recording.samples)


def test_ends_that_miss_by_less_than_half_a_sample_are_the_ends():
    recording = ma.Recording(tone(), RATE)
    assert recording.clip(-0.4 / RATE, recording.duration + 0.4 / RATE).frames == recording.frames


@pytest.mark.parametrize(
    ("start", "stop", "said"),
    [
        (-0.1, 0.2, "not within the recording 'recording from memory', which runs from 0 to 0.5 s"),
        (0.2, 0.6, "not within"),
        (0.3, 0.2, "a start before the stop"),
        (0.2, 0.2, "a start before the stop"),
        (0.5, None, "a start before the stop"),
        (math.nan, 0.2, "nan to 0.2"),
        (0.1, math.nan, "0.1 to nan"),
        (0.0, math.inf, "0 to inf"),
        ("a", 0.2, "two numbers of seconds"),
        (None, 0.2, "two numbers of seconds"),
        (0.1, 0.1 + 0.1 / RATE, "holds no sample at 48000 Hz"),
    ],
)
def test_a_clip_outside_the_recording_is_refused(start, stop, said):
    with refused(ma.ParameterError, said):
        ma.Recording(tone(), RATE).clip(start, stop)


def test_a_clip_of_fewer_frames_than_channels_is_refused_as_too_short():
    recording = ma.Recording(tone(channels=3), RATE)
    assert recording.clip(0.0, 3 / RATE).frames == 3
    with refused(ma.ParameterError, r"2 frames of .* too short .* 3 channels"):
        recording.clip(0.0, 2 / RATE)


def test_one_of_equal_channels_is_their_mean_to_the_bit():
    samples = tone(channels=2)
    mono = ma.Recording(samples, RATE, source=ma.Source(encoding="PCM_24")).mono()
    assert np.array_equal(mono.samples, samples[:1])
    assert mono.source.encoding == "PCM_24"


def test_the_mean_of_different_channels_is_marked_as_such():
    recording = ma.Recording([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]], RATE, source=ma.Source(encoding="PCM_16"))
    mono = recording.mono()
    assert mono.samples.tolist() == [[0.25, 0.25, 0.0]]
    assert mono.source.encoding is None
    assert mono.source.history == ("mean of 2 channels",)
    assert mono.mono() is mono


@pytest.mark.parametrize("rate", [8000, 44100, 96000, 22050.5])
def test_resampling_keeps_the_length_and_the_tone(rate):
    recording = ma.Recording(tone(1000.0, seconds=1.0, channels=2), RATE)
    resampled = recording.resample(rate)
    assert resampled.sample_rate == rate
    assert resampled.duration == pytest.approx(1.0, abs=1 / rate)
    spectrum = np.abs(np.fft.rfft(resampled.samples[0] * np.hanning(resampled.frames)))
    assert np.argmax(spectrum) / resampled.duration == pytest.approx(1000.0, abs=1.0)
    assert recording.samples.shape == (2, RATE)
    assert resampled.source.history == (f"resampled from 48000 to {rate:g} Hz",)
    with pytest.raises(ValueError, match="read-only"):
        resampled.samples[0, 0] = 0.0


@pytest.mark.parametrize("frames", [100, 101, 4999, 48000])
@pytest.mark.parametrize("rate", [8000, 44100, 22050.5, 96000])
def test_resampling_gives_what_librosa_does_with_soxr(rate, frames):
    librosa = pytest.importorskip("librosa")
    samples = np.random.default_rng(frames).normal(0, 0.1, (2, frames)).astype(np.float32)
    expected = librosa.resample(samples, orig_sr=RATE, target_sr=rate, res_type="soxr_hq", axis=-1)
    assert np.array_equal(ma.Recording(samples, RATE).resample(rate).samples, expected)


def test_resampling_needs_no_home_directory():
    program = (
        "import pathlib\n"
        "def expanduser(self): raise RuntimeError('Could not determine home directory.')\n"
        "pathlib.Path.expanduser = expanduser\n"
        "import marsaudio as ma, pooch\n"
        "def os_cache(name): raise RuntimeError('Could not determine home directory.')\n"
        "pooch.os_cache = os_cache\n"
        "print(ma.Recording([0.0] * 1000, 48000).resample(16000).frames)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "334\n"


def test_resampling_to_the_same_rate_changes_nothing():
    recording = ma.Recording(tone(), RATE)
    assert recording.resample(48000.0) is recording


def test_resampling_what_is_too_short_is_refused():
    recording = ma.Recording(tone(channels=2, seconds=0.001), RATE)
    with refused(ma.ParameterError, r"At 1000 Hz, the 0.001 s .* too short"):
        recording.resample(1000)
    with refused(ma.ParameterError, "positive number"):
        recording.resample(0)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_it_crosses_to_another_process_and_stays_read_only(protocol):
    recording = ma.Recording(tone(channels=2), RATE, source=ma.Source(metadata={"title": "Wind"})).clip(
        0.1, 0.2
    )
    again = pickle.loads(pickle.dumps(recording, protocol=protocol))
    assert np.array_equal(again.samples, recording.samples)
    assert (again.sample_rate, again.source) == (recording.sample_rate, recording.source)
    assert not again.samples.flags.writeable


def test_it_crosses_with_its_samples_in_a_buffer_of_their_own():
    recording = ma.Recording(tone(), RATE)
    buffers = []
    stream = pickle.dumps(recording, protocol=5, buffer_callback=buffers.append)
    again = pickle.loads(stream, buffers=[bytearray(buffer.raw()) for buffer in buffers])
    assert np.array_equal(again.samples, recording.samples)
    assert not again.samples.flags.writeable


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_copies_are_read_only_too(make):
    recording = ma.Recording(tone(), RATE)
    again = make(recording)
    assert np.array_equal(again.samples, recording.samples)
    assert not again.samples.flags.writeable


def test_replacing_a_part_checks_it_again():
    recording = ma.Recording(tone(), RATE, source=ma.Source(key="sample"))
    louder = dataclasses.replace(recording, samples=recording.samples * 2)
    assert louder.source == recording.source
    assert not louder.samples.flags.writeable
    with refused(ma.ParameterError, "int16"):
        dataclasses.replace(recording, samples=np.zeros(8, dtype=np.int16))


def test_a_recording_equals_itself_alone():
    # Whether two recordings are equal is a question with more than one answer; samples can be compared.
    first, second = ma.Recording(tone(), RATE), ma.Recording(tone(), RATE)
    assert first == first  # noqa: PLR0124, RUF100
    assert first != second
    assert len({first, second, first}) == 2


def test_a_source_keeps_what_it_was_given():
    metadata, history = {"title": "Wind"}, ["read"]
    source = ma.Source(metadata=metadata, history=history)
    metadata["title"] = "Changed"
    history.append("changed")
    assert source.metadata == {"title": "Wind"}
    assert source.history == ("read",)
    assert hash(source) == hash(ma.Source(metadata={"title": "Wind"}, history=("read",)))


def test_blocks_are_the_samples_in_order():
    recording = ma.Recording(tone(channels=2, seconds=0.01), RATE)
    blocks = list(recording.blocks(100))
    assert [block.shape[1] for block in blocks] == [100, 100, 100, 100, 80]
    assert np.array_equal(np.hstack(blocks), recording.samples)
    assert np.array_equal(np.hstack(list(recording.blocks(100, first=130))), recording.samples[:, 130:])
    with refused(ma.ParameterError, "length=0"):
        list(recording.blocks(0))


def test_the_plain_form_says_what_it_is():
    recording = ma.Recording(tone(channels=2), 44100.5, calibration=ma.Calibration(0.5, source="a paper"))
    assert (
        repr(recording) == "<marsaudio.Recording: recording from memory, 0.544 s, 44100.5 Hz, 2 channels, "
        "calibrated: 0.5 Pa at full scale (a paper)>"
    )


@pytest.mark.parametrize("name", ["a\nb.wav", "a\x1b[2Jb.wav", "a\udcffb.wav"])
def test_odd_names_are_shown_on_one_line_and_can_be_encoded(name):
    recording = ma.Recording(tone(), RATE, source=ma.Source(path=f"/there/{name}"))
    assert len(repr(recording).splitlines()) == 1
    assert repr(recording).isprintable()
    repr(recording).encode()


def test_a_saved_copy_of_what_was_simulated_still_says_so(tmp_path):
    part = ma.load("sample").clip(2.0, 4.0)
    again = ma.load(part.save(tmp_path / "clip.wav"))
    assert again.source.simulated
    assert again.source.credit == part.source.credit


def test_a_title_tells_all_that_was_done():
    stem = ma.Recording(np.zeros(8000), 8000, source=ma.Source(title="Mars", history=("wind stem",)))
    assert "Mars, wind stem, clip from 0.25 to 0.5 s" in repr(stem.clip(0.25, 0.5))
