"""The rover's lines: found by their steady phase, and taken out without the wind beside them."""

import numpy as np
import pytest
from scipy.signal import oaconvolve

import marsaudio as ma
from marsaudio.separation.frames import OneChannel, Transforms
from marsaudio.separation.line_removal import LineRemoval
from marsaudio.separation.lines import PhaseStatistics, find_lines
from marsaudio.separation.survey import survey
from marsaudio.separation.tone_fits import centred_hann_transform, hann_transform
from marsaudio.spectra.stft import hann, with_context

RATE = 8000


def noise(seconds, level=0.01, seed=1):
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE))


def sine(frequency, seconds, amplitude):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE + 0.7)


def lines_of(samples):
    fourier = Transforms.at(RATE).full
    recording = ma.Recording(samples, RATE)
    statistics = PhaseStatistics(fourier)
    coverage = survey(recording).coverage(0, fourier, recording.frames)
    statistics.add(fourier.batches(recording), coverage.usable)
    return statistics.lines(RATE)


def power_around(samples, frequency, half_width=0.5):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return spectrum[np.abs(frequencies - frequency) <= half_width].sum()


def turning(frequency, deviation):
    """The phase of a line whose relative frequency deviation is given at every sample."""
    return 2 * np.pi * np.cumsum(frequency * (1 + deviation)) / RATE + 0.3


def drift(course, relative, seconds):
    times = np.arange(round(seconds * RATE)) / seconds / RATE
    if course == "steady change":
        return relative * (times - 0.5)
    return relative / 2 * np.sin(2 * np.pi * times + 0.5)


def power_along(samples, phase, seconds=1.0):
    """Mean square of what follows a known phase, within about a hertz."""
    window = np.hanning(round(seconds * RATE))
    return np.mean(np.abs(oaconvolve(samples * np.exp(-1j * phase), window / window.sum(), "same")) ** 2)


def cleaned_of_lines(sound, frequencies=None):
    """Samples, or a source of them, without the lines: those that are found, or those that are given."""
    source = ma.Recording(sound, RATE) if isinstance(sound, np.ndarray) else sound
    fourier = Transforms.at(RATE).full
    looked = survey(source)
    coverage = looked.coverage(0, fourier, source.frames)
    channel = OneChannel(source, 0, looked.offset(0), looked.silences(0))
    if frequencies is None:
        frequencies = [line.frequency for line in find_lines(channel, coverage)]
    batches = clean(LineRemoval(frequencies, fourier, RATE, coverage), fourier.batches(channel))
    return np.concatenate(list(fourier.inverse(batches, source.frames)), axis=1)[0].astype(np.float64)


def clean(removal, batches):
    for first, spectra, core in with_context(batches, removal.context):
        yield first + core.start, removal.clean_frames(first, spectra[0])[np.newaxis, core]


def decibels(ratio):
    return 10 * np.log10(ratio)


def test_lines_are_found_to_a_hundredth_of_a_hertz():
    samples = noise(20) + sine(195.145, 20, 0.01) + sine(781.3, 20, 0.02)
    frequencies = [line.frequency for line in lines_of(samples)]
    assert frequencies == pytest.approx([195.145, 781.3], abs=0.01)


def test_a_line_carries_its_level_re_full_scale():
    line = lines_of(noise(20, level=1e-4) + sine(500.0, 20, 0.1))[0]
    assert line.level == pytest.approx(10 * np.log10(0.1**2 / 2), abs=1.5)
    assert line.coherence > 0.95
    assert line.prominence > 30


def test_noise_has_no_lines():
    found = [len(lines_of(noise(30, seed=seed))) for seed in range(10)]
    assert sum(found) == 0


def test_a_narrow_band_of_noise_is_no_line():
    # Wind on Mars peaks near 30 Hz: loud, narrow, but of random phase.
    spectrum = np.fft.rfft(noise(30, level=1.0))
    frequencies = np.fft.rfftfreq(30 * RATE, 1 / RATE)
    hump = np.fft.irfft(spectrum * np.exp(-(((frequencies - 40) / 3) ** 2)))
    assert lines_of(0.3 * hump + noise(30, level=1e-4, seed=2)) == []


def test_a_loud_line_is_found_in_two_seconds():
    frequencies = [line.frequency for line in lines_of(noise(2) + sine(781.0, 2, 0.05))]
    assert frequencies == pytest.approx([781.0], abs=0.1)


def test_removal_takes_the_line_to_the_noise_beside_it():
    background = noise(20)
    samples = background + sine(195.145, 20, 0.05) + sine(390.29, 20, 0.02)
    cleaned = cleaned_of_lines(samples)
    for frequency in (195.145, 390.29):
        left = power_around(cleaned, frequency) / power_around(background, frequency)
        taken = power_around(samples, frequency) / power_around(cleaned, frequency)
        assert left < 2.0
        assert 10 * np.log10(taken) > 20


def test_removal_leaves_what_is_beside_the_line():
    background = noise(20)
    samples = background + sine(195.145, 20, 0.05)
    cleaned = cleaned_of_lines(samples)
    inside = slice(RATE, -RATE)
    change = power_around(cleaned[inside] - background[inside], 215, 15)
    assert 10 * np.log10(change / power_around(background[inside], 215, 15)) < -30


def test_a_gust_over_a_line_is_not_taken_for_the_line():
    gust = np.zeros(20 * RATE)
    gust[8 * RATE : 11 * RATE] = np.random.default_rng(3).normal(0, 0.3, 3 * RATE)
    samples = noise(20) + gust + sine(195.145, 20, 0.05)
    cleaned = cleaned_of_lines(samples)
    error = (cleaned - (noise(20) + gust))[8 * RATE : 11 * RATE]
    # What remains of the line during the gust is far below the line itself.
    assert 10 * np.log10(np.mean(error**2) / (0.05**2 / 2)) < -20


@pytest.mark.parametrize("part", [slice(0, RATE // 2), slice(-RATE // 2, None)], ids=["start", "end"])
def test_lines_are_removed_up_to_both_ends(part):
    background = noise(20)
    samples = background + sine(195.145, 20, 0.05)
    cleaned = cleaned_of_lines(samples)
    error = (cleaned - background)[part]
    assert 10 * np.log10(np.mean(error**2) / (0.05**2 / 2)) < -20


def test_lines_are_removed_up_to_a_muted_stretch_and_not_put_into_it():
    sounding = np.ones(20 * RATE, dtype=bool)
    sounding[8 * RATE : 10 * RATE + 400] = False
    background = noise(20)
    samples = (background + sine(195.145, 20, 0.05)) * sounding
    cleaned = cleaned_of_lines(samples)
    error = cleaned - background * sounding
    for part in (slice(7 * RATE, 8 * RATE), slice(8 * RATE, 10 * RATE), slice(10 * RATE + 400, 11 * RATE)):
        assert 10 * np.log10(np.mean(error[part] ** 2) / (0.05**2 / 2)) < -17


def test_without_lines_nothing_changes():
    recording = ma.Recording(noise(3), RATE)
    fourier = Transforms.at(RATE).full
    coverage = survey(recording).coverage(0, fourier, recording.frames)
    removal = LineRemoval([], fourier, RATE, coverage)
    before = list(fourier.batches(recording))
    after = [removal.clean_frames(first, spectra[0]) for first, spectra in before]
    assert all(np.array_equal(a[1][0], b) for a, b in zip(before, after, strict=True))


def test_the_kernel_is_the_transform_of_a_windowed_sine():
    n, position = 256, 20.3
    windowed = np.exp(2j * np.pi * position * np.arange(n) / n) * hann(n)
    expected = np.fft.fft(windowed)[15:26]
    assert np.allclose(hann_transform(position - np.arange(15.0, 26.0), n), expected, atol=1e-4)


def test_a_line_that_fades_out_is_followed():
    seconds = 20
    fade = np.clip((14 - np.arange(seconds * RATE) / RATE) / 2, 1e-3, 1)  # from 12 to 14 s
    background = noise(seconds) * fade
    samples = background + sine(195.145, seconds, 0.05) * fade
    cleaned = cleaned_of_lines(samples)
    error = (cleaned - background)[11 * RATE : 15 * RATE]
    assert 10 * np.log10(np.mean(error**2) / np.mean((0.05 * fade[11 * RATE : 15 * RATE]) ** 2 / 2)) < -20


def test_a_line_that_wavers_by_a_tenth_is_followed():
    seconds = 20
    waver = 1 + 0.1 * np.sin(2 * np.pi * 0.3 * np.arange(seconds * RATE) / RATE)
    background = noise(seconds, level=0.003)
    samples = background + sine(195.145, seconds, 0.05) * waver
    cleaned = cleaned_of_lines(samples)
    error = cleaned - background
    assert 10 * np.log10(np.mean(error**2) / (0.05**2 / 2)) < -28


def test_a_line_half_way_between_two_bins_is_not_taken_for_the_next():
    fourier = Transforms.at(RATE).full
    for k in range(100, 1000, 90):
        frequency = (k + 0.5) * RATE / fourier.n_fft
        line = lines_of(noise(12, level=1e-3) + sine(frequency, 12, 0.05))[0]
        assert line.frequency == pytest.approx(frequency, abs=0.02)
        assert line.level == pytest.approx(10 * np.log10(0.05**2 / 2), abs=0.3)


def test_the_kernel_at_the_frames_centre_is_the_same_but_for_its_phase():
    n = 256
    positions = np.array([[20.3, 31.0], [5.5, 99.99999999]])
    middle = np.rint(positions[:, 0]).astype(int)
    bins = middle[:, np.newaxis] + np.arange(-8, 9)
    centred = centred_hann_transform(positions, middle, 8, n)
    for row in range(2):
        for column in range(2):
            position = positions[row, column]
            expected = hann_transform(position - bins[row], n) * np.exp(-1j * np.pi * position)
            assert np.allclose(centred[row, :, column], expected, atol=1e-4)


@pytest.mark.parametrize("course", ["steady change", "to and fro"])
@pytest.mark.parametrize("relative", [2e-5, 1e-4, 1e-3])
@pytest.mark.parametrize("seconds", [30, 60])
def test_a_line_that_drifts_is_found_and_followed(course, relative, seconds):
    background = noise(seconds)
    phases = {f: turning(f, drift(course, relative, seconds)) for f in (195.145, 1170.87, 3902.9)}
    rover = sum(0.02 * np.cos(phase) for phase in phases.values())
    assert len(lines_of(background + rover)) == 3
    cleaned = cleaned_of_lines(background + rover)
    for phase in phases.values():
        left = power_along(cleaned, phase)
        assert decibels(left / power_along(rover, phase)) < -30
        assert left < 1.6 * power_along(background, phase)
    assert decibels(np.mean((cleaned - background) ** 2) / np.mean(rover**2)) < -33


def test_a_line_that_drifts_by_a_thousandth_is_followed_however_strong():
    background = noise(30, level=1e-4)
    phase = turning(3902.9, drift("to and fro", 1e-3, 30))
    cleaned = cleaned_of_lines(background + 0.02 * np.cos(phase))
    assert decibels(np.mean((cleaned - background) ** 2) / (0.02**2 / 2)) < -42


def test_a_line_that_wanders_over_bins_is_found_once_and_said_to_wander():
    phase = turning(3902.9, drift("to and fro", 1e-3, 60))
    [line] = lines_of(noise(60) + 0.02 * np.cos(phase))
    assert line.wanders
    assert line.frequency == pytest.approx(3902.9, abs=0.1)
    assert line.coherence > 0.9


def test_a_steady_line_does_not_wander():
    [line] = lines_of(noise(60) + sine(3902.9, 60, 0.02))
    assert not line.wanders


@pytest.mark.parametrize("relative", [0.0, 1e-4, 1e-3])
def test_a_line_that_drifts_is_followed_through_a_gust(relative):
    gust = np.zeros(30 * RATE)
    gust[12 * RATE : 15 * RATE] = np.random.default_rng(3).normal(0, 0.1, 3 * RATE)
    wind = noise(30) + gust
    phase = turning(1951.45, drift("steady change", relative, 30))
    cleaned = cleaned_of_lines(wind + 0.02 * np.cos(phase))
    during = slice(12 * RATE, 15 * RATE)
    error = (cleaned - wind)[during]
    assert decibels(np.mean(error**2) / (0.02**2 / 2)) < -15
    # The gust keeps what it has around the line, but for the line's own tenth of a bin.
    assert power_along(cleaned[during], phase[during], 0.3) > 0.7 * power_along(
        wind[during], phase[during], 0.3
    )


@pytest.mark.parametrize("relative", [0.0, 1e-3])
def test_a_line_that_is_switched_on_and_off_is_followed_while_it_is_on(relative):
    on = np.arange(30 * RATE) % (7 * RATE) < 4 * RATE
    background = noise(30)
    phase = turning(1951.45, drift("steady change", relative, 30))
    rover = 0.02 * np.cos(phase) * on
    cleaned = cleaned_of_lines(background + rover)
    well_on, well_off = (np.convolve(state, np.ones(RATE), "same") > RATE - 1 for state in (on, ~on))
    error = cleaned - background
    assert decibels(np.mean(error[well_on] ** 2) / (0.02**2 / 2)) < -30
    assert decibels(np.mean(error[well_off] ** 2) / (0.02**2 / 2)) < -30


@pytest.mark.parametrize("depth", [0.01, 0.05])
@pytest.mark.parametrize("relative", [0.0, 1e-4])
def test_a_line_whose_level_swings_is_followed(depth, relative):
    background = noise(30, level=0.003)
    swing = 1 + depth * np.sin(2 * np.pi * 0.3 * np.arange(30 * RATE) / RATE)
    phase = turning(1951.45, drift("to and fro", relative, 30))
    cleaned = cleaned_of_lines(background + 0.02 * swing * np.cos(phase))
    assert decibels(np.mean((cleaned - background) ** 2) / (0.02**2 / 2)) < -40


@pytest.mark.parametrize("relative", [0.0, 1e-4])
@pytest.mark.parametrize("level", [-10, -20])
def test_sidebands_too_close_to_be_lines_of_their_own_are_removed(relative, level):
    background = noise(30, level=0.003)
    beat = 2 * np.pi * 3.7 * np.arange(30 * RATE) / RATE
    rover = 0.0
    sidebands = []
    for frequency in (1951.45, 3122.32):
        phase = turning(frequency, drift("to and fro", relative, 30))
        sidebands += [phase - beat, phase + beat + 1]
        rover = rover + 0.02 * np.cos(phase)
        rover = rover + 0.02 * 10 ** (level / 20) * (np.cos(phase - beat) + np.cos(phase + beat + 1))
    cleaned = cleaned_of_lines(background + rover)
    for phase in sidebands:
        left = power_along(cleaned, phase)
        assert decibels(left / power_along(rover, phase)) < -20
        assert left < 2.0 * power_along(background, phase)
    assert decibels(np.mean((cleaned - background) ** 2) / np.mean(rover**2)) < -33


def test_where_there_is_no_line_the_noise_stays():
    background = noise(30)
    frequencies = [60.0 + 41.0 * k for k in range(90)]
    removed = background - cleaned_of_lines(background, frequencies)
    around = sum(power_around(removed, f, 6) for f in frequencies)
    assert decibels(around / sum(power_around(background, f, 6) for f in frequencies)) < -13.5


def drifting_comb(seconds):
    deviation = drift("to and fro", 1e-3, seconds)
    beat = 1 + 0.2 * np.cos(2 * np.pi * 3.7 * np.arange(round(seconds * RATE)) / RATE)
    frequencies = [17.745 * k for k in range(8, 90)]
    lines = sum(np.cos(turning(frequency, deviation) + frequency) for frequency in frequencies)
    return noise(seconds) + 0.01 * beat * lines, frequencies


class InBlocks:
    """A recording as a source that gives its samples in blocks of a length."""

    def __init__(self, recording, length):
        self.sample_rate, self.frames, self.channels = recording.sample_rate, recording.frames, 1
        self._samples, self._length = recording.samples, length

    def blocks(self, *, first=0):
        for start in range(first, self.frames, self._length):
            yield self._samples[:, start : start + self._length]


def test_lines_are_followed_alike_however_the_samples_arrive():
    samples, frequencies = drifting_comb(40)
    recording = ma.Recording(samples, RATE)
    results = []
    for source in (recording, InBlocks(recording, 4096), InBlocks(recording, 100_001)):
        results.append(cleaned_of_lines(source, frequencies))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_widened_batches_can_be_cleaned_one_by_one():
    samples, frequencies = drifting_comb(40)
    recording = ma.Recording(samples, RATE)
    fourier = Transforms.at(RATE).full
    removal = LineRemoval(
        frequencies, fourier, RATE, survey(recording).coverage(0, fourier, recording.frames)
    )
    whole = dict(clean(removal, fourier.batches(recording)))
    for first, spectra, core in with_context(fourier.batches(recording), removal.context):
        before = spectra.copy()
        cleaned = removal.clean_frames(first, spectra[0])
        assert cleaned.dtype == np.complex64
        assert np.array_equal(spectra, before)
        assert np.array_equal(cleaned[core], whole[first + core.start][0])


def test_close_lines_of_a_drifting_comb_do_not_disturb_one_another():
    samples, frequencies = drifting_comb(40)
    cleaned = cleaned_of_lines(samples, frequencies)
    error = cleaned - noise(40)
    assert decibels(np.mean(error**2) / np.mean((samples - noise(40)) ** 2)) < -27
