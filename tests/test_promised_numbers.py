"""What is promised of the numbers, held by any sound that a file can hold."""

import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rumbling import rumble
from threadpoolctl import threadpool_limits
from wav_bytes import with_frames_of_aiff

import marsaudio as ma

RATES = [8000, 11025, 22050, 44100, 48000, 96000, 192000]
STEPS = {"PCM_U8": 2.0**-7, "PCM_16": 2.0**-15, "PCM_24": 2.0**-23}
CONTAINERS = ["wav", "flac", "aiff", "au", "caf", "w64"]
WITHOUT_UNSIGNED = ["flac", "au", "caf"]


def square_wave(frames, rate, rng):
    return np.where(np.arange(frames) // max(int(rng.integers(1, 500)), 1) % 2, 1.0, -1.0)


def last_bit(frames, rate, rng):
    return rng.integers(-1, 2, frames) * 1e-9  # rounded away from zero to one step


def impulses(frames, rate, rng):
    return np.where(rng.random(frames) < 0.001, rng.choice([-1.0, 1.0], frames), 0.0)


def gust(frames, rate, rng):
    """Deep noise that swells for a second over hiss and a tone, as it must be for any wind to be found."""
    times = np.arange(frames) / rate
    swell = np.exp(-(((times - rng.uniform(0.3, 0.7) * frames / rate) / 0.5) ** 2))
    hiss = 0.003 * rng.normal(size=frames) + 0.01 * np.sin(2 * np.pi * 195.3 * times)
    return hiss + (0.003 + 0.1 * swell) * rumble(frames, rate, rng)


GUST = "a gust"
KINDS = {
    "full-scale square wave": square_wave,
    "the last bit alone": last_bit,
    "an offset of 0.9": lambda frames, rate, rng: 0.9 + 0.05 * rng.standard_normal(frames),
    "full-scale noise": lambda frames, rate, rng: rng.uniform(-1, 1, frames),
    "impulses": impulses,
    "digital silence": lambda frames, rate, rng: np.zeros(frames),
    "a tone": lambda frames, rate, rng: 0.5 * np.sin(rng.uniform(0.001, 3) * np.arange(frames)),
    "half silence": lambda frames, rate, rng: rng.normal(0, 0.1, frames) * (np.arange(frames) > frames / 2),
    GUST: gust,
}


def on_grid(samples, encoding):
    """Samples as an encoding holds them; what is not zero stays so."""
    step = STEPS[encoding]
    steps = np.sign(samples) * np.ceil(np.abs(samples) / step - 0.5)
    steps = np.where((samples != 0) & (steps == 0), np.sign(samples), steps)
    return np.clip(steps * step, -1.0, 1.0 - step).astype(np.float32)


@st.composite
def sounds(draw, encodings=tuple(STEPS), seconds=1.5):
    rate = draw(st.sampled_from(RATES))
    windy = draw(st.booleans())
    if windy:
        rate = draw(st.sampled_from(RATES[:5]))
        frames = draw(st.integers(3 * rate, 6 * rate))
    else:
        frames = draw(st.one_of(st.integers(1, 100), st.integers(1, round(seconds * rate))))
    channels = min(draw(st.sampled_from([1, 2, 2, 3])), frames)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    encoding = draw(st.sampled_from(encodings))
    names = [GUST if windy else draw(st.sampled_from(sorted(KINDS))) for _ in range(channels)]
    samples = np.stack([on_grid(KINDS[name](frames, rate, rng), encoding) for name in names])
    if draw(st.booleans()):
        samples[:] = samples[0]
    return ma.Recording(samples, rate, source=ma.Source(encoding=encoding))


slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("rate", RATES[:5])
@pytest.mark.parametrize("encoding", STEPS)
def test_the_gusts_that_are_drawn_hold_wind(rate, encoding):
    """Else what is promised of stems would be held by stems of zeros."""
    samples = on_grid(gust(3 * rate, rate, np.random.default_rng(rate)), encoding)
    wind = ma.separate(ma.Recording(samples, rate, source=ma.Source(encoding=encoding))).wind.samples
    assert np.square(wind).sum() > 0.5 * np.square(samples).sum()


class TestStems:
    @given(recording=sounds())
    @settings(slow, max_examples=60)
    def test_add_up_to_the_bit_whatever_the_sound(self, recording):
        stems = ma.separate(recording)
        assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)

    @given(recording=sounds(), container=st.sampled_from(CONTAINERS))
    @settings(slow, max_examples=30)
    def test_add_up_to_the_bit_between_files(self, recording, container, tmp_path_factory):
        encoding = recording.source.encoding
        if encoding == "PCM_U8" and container in WITHOUT_UNSIGNED:
            encoding = "PCM_S8"
        folder = tmp_path_factory.mktemp("sum")
        path = folder / f"input.{container}"
        integers = (recording.samples.astype(np.float64) * 2**31).astype(np.int32)
        soundfile.write(path, integers.T, recording.sample_rate, subtype=encoding)
        if container == "aiff":
            path.write_bytes(with_frames_of_aiff(path.read_bytes(), recording.frames))
        files = ma.separate_file(path, wind=folder / "wind.wav", rover=folder / "rover.wav")
        total = ma.load(files.wind).samples + ma.load(files.rover).samples
        assert np.array_equal(total, recording.samples)

    @given(recording=sounds(["PCM_24"]), exponent=st.integers(-20, 40), scale=st.floats(0.5, 1.0))
    @settings(slow, max_examples=30)
    def test_of_floats_add_up_to_half_a_step_of_the_peak(self, recording, exponent, scale):
        samples = recording.samples * np.float32(scale * 2.0**exponent)
        stems = ma.separate(ma.Recording(samples, recording.sample_rate))
        error = np.abs(stems.wind.samples + stems.rover.samples - samples).max()
        assert error <= 2.0**-23 * np.abs(samples).max()

    @given(recording=sounds(), exponent=st.integers(-12, 10))
    @settings(slow, max_examples=60)
    def test_are_louder_by_as_much_as_the_recording_is(self, recording, exponent):
        """By powers of two, so that no rounding differs."""
        before = ma.separate(ma.Recording(recording.samples, recording.sample_rate)).wind.samples
        for factor in np.float32([2.0**-12, 2.0**exponent, 2.0**10]):
            after = ma.separate(ma.Recording(factor * recording.samples, recording.sample_rate)).wind.samples
            assert np.array_equal(after, factor * before)

    @pytest.mark.parametrize("rate", [16000, 44100, 48000])
    @pytest.mark.parametrize("exponent", [-12, 10])
    def test_what_is_learned_is_louder_by_as_much_to_the_last_digit(self, rate, exponent):
        """Else stems are as well, but for a sample in millions that is rounded to the other side."""
        samples = on_grid(gust(5 * rate, rate, np.random.default_rng(rate)), "PCM_24")
        (quiet,), (loud,) = (
            ma.separate(ma.Recording(np.float32(2.0**by) * samples, rate)).models for by in (0, exponent)
        )
        powers = [(one.wind.levels, one.wind.shapes, one.steady, one.rover.floors) for one in (quiet, loud)]
        for before, after in zip(*powers, strict=True):
            assert before.any()
            assert np.array_equal(after, 4.0**exponent * before)

    @given(recording=sounds())
    @settings(slow, max_examples=30)
    def test_of_what_is_upside_down_are_upside_down(self, recording):
        samples = np.maximum(recording.samples, -1.0 + STEPS[recording.source.encoding])
        sources = [ma.Recording(sign * samples, recording.sample_rate) for sign in (1, -1)]
        upright, inverted = (ma.separate(source).wind.samples for source in sources)
        assert np.array_equal(inverted, -upright)

    @given(recording=sounds())
    @settings(slow, max_examples=30)
    def test_follow_their_channels(self, recording):
        wind = ma.separate(recording).wind.samples
        turned = ma.Recording(recording.samples[::-1], recording.sample_rate, source=recording.source)
        assert np.array_equal(ma.separate(turned).wind.samples[::-1], wind)
        alone = ma.Recording(recording.samples[:1], recording.sample_rate, source=recording.source)
        assert np.array_equal(ma.separate(alone).wind.samples, wind[:1])


LARGEST, FAINTEST = 2.0**40, 2.0**-60  # peaks of what is worked on


def with_peak(samples, peak):
    return ma.Recording((samples * (peak / np.abs(samples).max())).astype(np.float32), 16000)


@pytest.fixture(scope="module")
def breeze():
    return gust(4 * 16000, 16000, np.random.default_rng(1)).astype(np.float32)


class TestFarFromFullScale:
    def test_stems_stay_within_what_is_allowed_however_loud(self, breeze):
        recording = with_peak(np.clip(breeze, -0.3, 0.3), LARGEST)
        stems = ma.separate(recording)
        assert max(np.abs(stem.samples).max() for stem in (stems.wind, stems.rover)) <= LARGEST
        error = np.abs(stems.wind.samples + stems.rover.samples - recording.samples).max()
        assert error <= 2.0**-23 * LARGEST
        assert np.square(stems.wind.samples / LARGEST).sum() > 0

    def test_events_and_lines_are_the_same_however_loud(self, breeze):
        usual, loud = (with_peak(breeze, peak) for peak in (1.0, LARGEST))
        edges = [[(event.start, event.end) for event in ma.detect_wind(sound)] for sound in (usual, loud)]
        assert edges[0] == edges[1] != []
        lines = [[line.frequency for line in ma.fit_rover(sound).lines] for sound in (usual, loud)]
        assert lines[0] == lines[1] != []

    def test_one_damaged_sample_hides_neither_wind_nor_lines(self, breeze):
        """It would, if the constant offset were the mean of it and all others."""
        damaged = breeze.copy()
        damaged[20000] = LARGEST
        whole, spoilt = (ma.Recording(samples, 16000) for samples in (breeze, damaged))
        models = [ma.fit_rover(sound) for sound in (whole, spoilt)]
        lines = [[round(line.frequency, 1) for line in model.lines] for model in models]
        assert lines[0] == lines[1] != []
        events = [ma.detect_wind(sound) for sound in (whole, spoilt)]
        assert len(events[0]) == len(events[1]) > 0
        stems = ma.separate(spoilt)
        error = np.abs(stems.wind.samples + stems.rover.samples - damaged).max()
        assert error <= 2.0**-23 * LARGEST

    @pytest.mark.parametrize("peak", [0.9 * FAINTEST, 1e-30, 1e-38, 1e-44])
    def test_what_is_too_faint_is_silence_and_stays_as_it_is(self, breeze, peak, tmp_path):
        recording = with_peak(breeze, peak)
        path = recording.save(tmp_path / "faint.wav")
        assert np.array_equal(ma.load(path).samples, recording.samples)
        stems = ma.separate(recording)
        assert not stems.wind.samples.any()
        assert np.array_equal(stems.rover.samples, recording.samples)
        assert "none is above -361 dB re full scale" in stems.notes[0]
        files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
        assert np.array_equal(ma.load(files.rover).samples, recording.samples)
        found = ma.detect_wind(recording)
        assert len(found) == 0
        assert "nothing above -361 dB re full scale" in found.note
        with pytest.raises(ma.ParameterError, match=r"too little is sound .* above -361 dB"):
            ma.fit_rover(recording)
        page = ma.write_report(path, tmp_path / "page.html").read_text("utf-8")
        assert page.count("digital silence") == 1  # the wind stem
        assert ma.listening_copy(recording, peak_db=-1.0).samples.any()

    @pytest.mark.parametrize("frames", [1, 79, 161])
    def test_so_is_what_is_shorter_than_a_hundredth_of_a_second(self, breeze, frames):
        recording = with_peak(breeze[:frames], 1e-40)
        stems = ma.separate(recording)
        assert np.array_equal(stems.rover.samples, recording.samples)


class TestFiles:
    @given(recording=sounds(), container=st.sampled_from(["wav", "flac"]), silent=st.floats(0.0, 0.5))
    @settings(slow, max_examples=30)
    def test_what_is_saved_is_loaded_to_the_bit_with_all_its_silence(
        self, recording, container, silent, tmp_path_factory
    ):
        samples, edge = recording.samples.copy(), round(silent * recording.frames)
        samples[:, :edge] = samples[:, recording.frames - edge :] = 0.0
        given = ma.Recording(samples, recording.sample_rate, source=recording.source)
        again = ma.load(given.save(tmp_path_factory.mktemp("saved") / f"sound.{container}"))
        assert again.sample_rate == given.sample_rate
        assert np.array_equal(again.samples, given.samples)


def test_three_hours_add_up_to_the_bit_between_files(tmp_path):
    rate, minutes = 8000, 180
    rng = np.random.default_rng(180)
    path = tmp_path / "hours.wav"
    with soundfile.SoundFile(path, "w", rate, 1, "PCM_16") as file:
        different = [on_grid(gust(60 * rate, rate, rng), "PCM_16") for _ in range(7)]
        for number in range(minutes):
            file.write(different[number % len(different)])
    files = ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    heard = [soundfile.SoundFile(each) for each in (path, files.wind, files.rover)]
    assert [file.frames for file in heard] == [60 * minutes * rate] * 3
    wind_power = 0.0
    for _ in range(minutes):
        whole, wind, rover = (file.read(60 * rate, dtype="float32") for file in heard)
        assert np.array_equal(wind + rover, whole)
        wind_power += float(np.square(wind).sum())
    assert wind_power > 0
    for file in heard:
        file.close()


@pytest.fixture(scope="module", params=[11, 12, 13])
def windy(request):
    return ma.simulate_scene(20.0, sample_rate=8000, rng=request.param).recording


def later(recording, frames):
    """The recording after so much digital silence."""
    silence = np.zeros((recording.channels, frames), np.float32)
    samples = np.concatenate([silence, recording.samples], axis=1)
    return ma.Recording(samples, recording.sample_rate, source=recording.source)


@pytest.mark.parametrize("frames", [1, 997, 24000])
class TestLater:
    def test_stems_are_the_same(self, windy, frames):
        """To a hundredth of the wind's power: the frames lie elsewhere."""
        wind = ma.separate(windy).wind.samples
        moved = ma.separate(later(windy, frames)).wind.samples
        assert np.square(moved[:, frames:] - wind).sum() < 0.02 * np.square(wind).sum()

    def test_gusts_are_as_much_later(self, windy, frames):
        """Those that stand out clearly: the edges of faint ones are a matter of chance."""
        before, after = (
            [event for event in ma.detect_wind(sound) if event.excess > 10]
            for sound in (windy, later(windy, frames))
        )
        assert len(after) == len(before) > 0
        for one, other in zip(before, after, strict=True):
            assert other.start - one.start == pytest.approx(frames / 8000, abs=0.02)
            assert other.end - one.end == pytest.approx(frames / 8000, abs=0.02)


class TestEvents:
    @given(recording=sounds(seconds=8.0))
    @settings(slow, max_examples=30)
    def test_lie_within_the_recording_in_order_and_apart(self, recording):
        edges = [edge for event in ma.detect_wind(recording) for edge in (event.start, event.end)]
        assert edges == sorted(edges)
        assert all(0 <= edge <= recording.duration for edge in edges)

    @pytest.mark.parametrize("exponent", [-10, 3])
    def test_are_the_same_however_loud(self, windy, exponent):
        louder = ma.Recording(windy.samples * np.float32(2.0**exponent), windy.sample_rate)
        before, after = ma.detect_wind(windy), ma.detect_wind(louder)
        assert [(event.start, event.end) for event in after] == [(event.start, event.end) for event in before]
        assert after[0].peak_level - before[0].peak_level == pytest.approx(20 * exponent * np.log10(2))

    def test_do_not_depend_on_the_order_of_channels_nor_on_their_sign(self, windy):
        other = ma.simulate_scene(20.0, sample_rate=8000, rng=99).recording.samples
        both = np.concatenate([windy.samples, other])
        expected = ma.detect_wind(ma.Recording(both, 8000)).events
        assert ma.detect_wind(ma.Recording(both[::-1], 8000)).events == expected
        assert ma.detect_wind(ma.Recording(-both, 8000)).events == expected

    @given(
        seed=st.integers(0, 2**16),
        rates=st.lists(st.floats(1e-6, 5.0), min_size=2, max_size=4, unique=True),
    )
    @settings(slow, max_examples=25)
    def test_the_fewer_false_alarms_are_allowed_the_higher_is_the_threshold(self, seed, rates):
        noise = ma.Recording(np.random.default_rng(seed).normal(0, 0.01, 96000), 8000)
        thresholds = [
            ma.detect_wind(noise, false_alarms_per_minute=rate).parameters["threshold_used_db"]
            for rate in sorted(rates)
        ]
        assert thresholds == sorted(thresholds, reverse=True)

    @pytest.mark.parametrize("rates", [(0.001, 0.1), (0.1, 1.0), (1.0, 5.0)])
    def test_what_is_found_at_few_false_alarms_is_found_at_many(self, windy, rates):
        strict, loose = (ma.detect_wind(windy, false_alarms_per_minute=rate) for rate in rates)
        for event in strict:
            assert any(other.start <= event.peak_time <= other.end for other in loose)


class TestSpectra:
    @given(
        seed=st.integers(0, 2**16),
        n_fft=st.integers(2, 4096),
        overlap=st.floats(0, 0.9),
        rate=st.sampled_from(RATES),
        window=st.sampled_from(["hann", "hamming", "blackman", "boxcar"]),
    )
    @settings(slow, max_examples=60)
    def test_the_density_of_each_frame_integrates_to_its_windowed_power(
        self, seed, n_fft, overlap, rate, window
    ):
        """Parseval: over frequency, to the mean square of the windowed frame over that of the window."""
        from scipy.signal import get_window

        samples = np.random.default_rng(seed).normal(0, 0.1, 3 * n_fft).astype(np.float32)
        hop = max(round(n_fft * (1 - overlap)), 1)
        spec = ma.spectrogram(ma.Recording(samples, rate), n_fft=n_fft, hop_length=hop, window=window)
        shape = get_window(window, n_fft)
        if not np.square(shape).sum():
            return
        for column, centre in enumerate(spec.times):
            first = round(centre * rate - n_fft / 2)
            if first < 0 or first + n_fft > len(samples):
                continue
            frame = samples[first : first + n_fft].astype(np.float64)
            expected = np.square(frame * shape).sum() / np.square(shape).sum()
            assert spec.power[..., column].sum() * rate / n_fft == pytest.approx(expected, rel=1e-4)


PRINT_DIGEST = """
import dataclasses, hashlib, marsaudio as ma
recording = ma.load("sample")
wind = ma.separate(recording).wind.samples.tobytes()
found = ma.detect_wind(recording)
events = repr([found.parameters, *map(dataclasses.astuple, found)])
print(hashlib.sha256(wind + events.encode() + ma.spectrogram(recording).power.tobytes()).hexdigest())
"""


def test_every_process_gives_the_same_bits(capsys):
    """As a worker of a batch does, or the same script tomorrow."""
    exec(PRINT_DIGEST, {})
    here = capsys.readouterr().out
    elsewhere = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST], capture_output=True, text=True, check=True
    )
    assert elsewhere.stdout == here


def test_one_thread_and_two_give_the_same_bits_in_other_processes():
    digests = set()
    for threads in ("1", "2"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        environment = dict.fromkeys(names, threads)
        run = subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(run.stdout)
    assert len(digests) == 1


def test_one_thread_and_two_give_the_same_bits(windy):
    winds = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            winds.append(ma.separate(windy).wind.samples)
    assert np.array_equal(*winds)
