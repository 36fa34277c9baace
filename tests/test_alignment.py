"""Two versions of one take: how they lie to each other, and what was removed."""

import functools

import numpy as np
import pytest
from refusals import refused
from scipy import signal
from scipy.signal import butter, sosfilt

import marsaudio as ma

RATE = 48000


def moved(samples, delay):
    """The same sound `delay` samples later, a fraction of one through the phases of its whole transform."""
    padded = np.concatenate([samples, np.zeros(RATE)])
    frequencies = np.fft.rfftfreq(len(padded))
    late = np.fft.irfft(np.fft.rfft(padded) * np.exp(-2j * np.pi * frequencies * delay), len(padded))
    return late[: len(samples)]


def take(seconds=18.0, seed=4):
    """Wind-like noise, a machine's hum with harmonics, and white noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    wind = signal.sosfilt(signal.butter(2, 120, fs=RATE, output="sos"), rng.standard_normal(len(time)))
    hum = sum(np.sin(2 * np.pi * 195.145 * k * time + k) / k for k in range(1, 9))
    return 0.6 * wind + 0.02 * hum + 0.01 * rng.standard_normal(len(time))


def low_passed(samples, frequency=150.0):
    """Without delay: forth and back."""
    return signal.sosfiltfilt(signal.butter(3, frequency, fs=RATE, output="sos"), samples)


def in_16_bits(samples):
    return ma.Recording(np.rint(samples * 2**15) / 2**15, RATE)


@functools.cache  # most of the tests begin with the same two
def pair(delay=96.3, gain_db=-3.1, sign=1, seed=4, filtered=True):
    original = 0.3 * take(seed=seed)
    late = moved(low_passed(original) if filtered else original, delay)
    return in_16_bits(original), in_16_bits(sign * 10 ** (gain_db / 20) * late)


@pytest.mark.parametrize("delay", [96.3, -41.75, 0.0, 4800.5])
def test_a_filtered_version_is_aligned_to_a_tenth_of_a_sample(delay):
    first, second = pair(delay)
    found = ma.align(first, second)
    assert found.delay_samples == pytest.approx(delay, abs=0.1)
    assert found.gain_db == pytest.approx(-3.1, abs=0.5)
    assert not found.inverted
    assert found.explained > 0.9


def test_an_unfiltered_version_is_aligned_to_a_hundredth_of_a_sample():
    first, second = pair(filtered=False)
    found = ma.align(first, second)
    assert found.delay_samples == pytest.approx(96.3, abs=0.01)
    assert found.gain_db == pytest.approx(-3.1, abs=0.02)
    assert found.delay == pytest.approx(96.3 / RATE, abs=3 * found.delay_uncertainty + 2e-8)


def test_delays_scatter_as_their_uncertainty_says():
    errors = []
    for seed in range(8):
        original = 0.3 * take(6.0, seed=seed)
        rng = np.random.default_rng(100 + seed)
        late = moved(low_passed(original), 30.4) + 0.002 * rng.standard_normal(len(original))
        found = ma.align(in_16_bits(original), in_16_bits(late))
        errors.append((found.delay_samples - 30.4) / (found.delay_uncertainty * RATE))
    assert 0.3 < np.sqrt(np.mean(np.square(errors))) < 2.5


def test_a_version_that_is_upside_down_is_told():
    first, second = pair(sign=-1)
    found = ma.align(first, second)
    assert found.inverted
    assert found.delay_samples == pytest.approx(96.3, abs=0.1)
    assert "inverted" in repr(found)


def test_the_other_way_round_is_the_opposite():
    first, second = pair()
    there, back = ma.align(first, second), ma.align(second, first)
    assert back.delay_samples == pytest.approx(-there.delay_samples, abs=0.1)


def test_an_offset_and_noise_of_the_same_strength_do_not_disturb():
    original = 0.3 * take(12.0, seed=1)
    rng = np.random.default_rng(9)
    noisy = moved(original, 10.5) + 0.05 + np.std(original) * rng.standard_normal(len(original))
    found = ma.align(in_16_bits(original), in_16_bits(noisy))
    assert found.delay_samples == pytest.approx(10.5, abs=4 * found.delay_uncertainty * RATE)
    assert found.gain_db == pytest.approx(0.0, abs=0.2)


def test_lengths_and_channels_may_differ():
    first, second = pair(delay=4800.0)
    stereo = ma.Recording(np.repeat(second.samples[:, RATE : 12 * RATE], 2, axis=0), RATE)
    found = ma.align(first, stereo)
    assert found.delay_samples == pytest.approx(4800.0 - RATE, abs=0.1)
    assert ma.align(first.clip(0.5), stereo, max_delay=2.0).delay_samples == pytest.approx(
        4800.0 - RATE / 2, abs=0.1
    )


def test_digital_silence_at_the_ends_does_not_matter():
    first, second = pair()
    silent = second.samples.copy()
    silent[:, :3000] = 0
    silent[:, -RATE:] = 0
    assert ma.align(first, ma.Recording(silent, RATE)).delay_samples == pytest.approx(96.3, abs=0.1)


def test_applied_it_lays_the_second_on_the_first():
    first, second = pair(filtered=False, sign=-1)
    again = ma.align(first, second).apply(second)
    rest = ma.Recording(again.samples - first.samples, RATE).clip(2.0, 16.0)
    density = ma.spectrogram(rest).power.mean(axis=1)
    rounding = 2 * (2**-15) ** 2 / 12 / (RATE / 2)  # of both, to 16 bits
    assert density[: len(density) * 9 // 10].max() < 2 * rounding  # the interpolation ends above
    assert again.frames == second.frames
    assert "turned upside down" in again.source.history[-1]


def test_what_was_removed_is_told_band_by_band():
    first, second = pair()
    comparison = ma.compare(first, second)
    changes = {(band.low, band.high): band for band in comparison.bands}
    assert list(changes) == [
        (20, 60), (60, 120), (120, 250), (250, 500), (500, 1000), (1000, 4000), (4000, 20000)
    ]  # fmt: skip
    # The filter forth and back: 1 / (1 + (f / 150 Hz)^6)², of the power.
    assert changes[20, 60].change == pytest.approx(0.0, abs=0.5)
    assert changes[20, 60].explained > 0.99
    assert changes[250, 500].change < -20
    assert changes[1000, 4000].explained < 0.1  # rounding to 16 bits is all there is
    at = np.argmin(np.abs(comparison.frequencies - 200.0))
    expected = -20 * np.log10(1 + (comparison.frequencies[at] / 150) ** 6)
    assert comparison.gain[at] == pytest.approx(expected, abs=1.0)
    difference = comparison.first.samples - comparison.second.samples
    assert np.array_equal(comparison.removed.samples, difference)


def test_a_path_is_no_recording():
    first, _ = pair()
    with pytest.raises(ma.ParameterError, match=r"align works on a recording, not on 'b\.wav'"):
        ma.align(first, "b.wav")


def test_stems_are_compared_with_their_recording():
    recording = ma.load("sample")
    wind = ma.separate(recording).wind
    comparison = ma.compare(recording, wind)
    assert comparison.alignment.delay_samples == pytest.approx(0.0, abs=0.05)
    assert "change dB" in repr(comparison)
    table = comparison.to_dataframe()
    assert list(table.columns) == ["low_hz", "high_hz", "before_db", "after_db", "change_db", "explained"]
    assert len(table) == len(comparison.bands)


def test_bands_may_be_chosen():
    first, second = pair()
    comparison = ma.compare(first, second, bands=(10, 100, 1000, 30000, 40000))
    assert [(band.low, band.high) for band in comparison.bands] == [(10, 100), (100, 1000), (1000, 30000)]


def test_a_calibration_gives_the_unit():
    first, second = pair()
    calibrated = ma.Recording(first.samples, RATE, calibration=ma.Calibration(2.0, source="a test"))
    plain, in_pascals = ma.compare(first, second), ma.compare(calibrated, second)
    assert in_pascals.unit == "dB re 20 µPa"
    assert in_pascals.bands[0].before - plain.bands[0].before == pytest.approx(100.0)


@pytest.mark.parametrize(("kind", "edge"), [("highpass", 60.0), ("highpass", 150.0), ("lowpass", 400.0)])
@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_a_filter_leaves_the_gain_where_it_takes_nothing_away_in_both_directions(kind, edge, slope):
    # Without and with nearly all of the power at low frequencies, as of wind.
    rng = np.random.default_rng(3)
    spectrum = np.fft.rfft(rng.normal(size=12 * 16000))
    frequencies = np.fft.rfftfreq(12 * 16000, 1 / 16000)
    sound = np.fft.irfft(spectrum / (1 + frequencies / 30.0) ** slope)
    first = ma.Recording(0.1 * sound / sound.std(), 16000)
    kept = sosfilt(butter(4, edge, kind, fs=16000, output="sos"), first.samples.astype(np.float64))
    second = ma.Recording(0.5 * kept, 16000)
    there, back = ma.align(first, second), ma.align(second, first)
    assert there.gain_db == pytest.approx(-6.02, abs=0.1)
    assert back.gain_db == pytest.approx(6.02, abs=0.1)
    assert back.delay == pytest.approx(-there.delay, abs=1e-5)
    if kind == "highpass":  # which leaves most of the spectrum in its place
        assert abs(there.delay_samples) < 0.05
    passed = 3 * edge if kind == "highpass" else edge / 3
    below, above = (passed, 6000.0) if kind == "highpass" else (20.0, passed)
    for one, other in ((first, second), (second, first)):
        (change,) = ma.compare(one, other, bands=(below, above)).bands
        assert change.change == pytest.approx(0.0, abs=0.3)


def test_a_delay_that_does_not_fit_all_frequencies_is_said_to_be_uncertain():
    rng = np.random.default_rng(5)
    first = ma.Recording(0.1 * rng.normal(size=5 * 16000), 16000)
    plain = ma.Recording(0.5 * first.samples, 16000)
    low = sosfilt(butter(4, 1000, fs=16000, output="sos"), first.samples.astype(np.float64))
    for second, certain in ((plain, True), (ma.Recording(low, 16000), False)):
        assert (ma.align(first, second).delay_uncertainty < 1e-7) is certain


@pytest.mark.parametrize("seed", range(3))
def test_takes_that_share_no_more_than_a_hum_are_refused(seed):
    # The same machine with its sidebands at two times: some other delay fits as well.
    first, second = (
        ma.simulate_scene(20.0, rng=rng, sample_rate=16000).recording for rng in (seed, seed + 50)
    )
    with refused(ma.ParameterError, "fits as well at a delay|have nothing in common"):
        ma.align(first, second)


def at_rate(recording, rate):
    """The first thousand samples as if they had been recorded at another rate."""
    return ma.Recording(recording.samples[:, :1000], rate)


def at_once(rate):
    return ma.Alignment(0.0, 0.0, 0.0, False, 0.0, rate / 2, 1.0, rate)


def louder(recording, factor):
    return ma.Recording(recording.samples * np.float32(factor), recording.sample_rate)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda a, b: ma.align(a, b.resample(44100)), "at 48000 and 44100 Hz"),
        (lambda a, b: ma.align(at_rate(a, 3), at_rate(b, 3)), "3 samples a second cannot be worked on"),
        (lambda a, b: ma.compare(at_rate(a, 8), at_rate(b, 8)), "8 samples a second cannot be worked on"),
        (lambda a, b: ma.compare(at_rate(a, 8), at_rate(b, 8), alignment=at_once(8)), "8 samples a second"),
        (lambda a, b: ma.align(a, louder(b, 2.0**-90)), "digital silence or fainter than -361 dB"),
        (lambda a, b: ma.align(louder(a, 2.0**-64), louder(b, 2.0**-64)), "or fainter than -361 dB"),
        (lambda a, b: ma.align(a, b, max_delay=0), "max_delay=0 must be a positive"),
        (lambda a, b: ma.align(a, b, max_delay="long"), "max_delay='long' must be a positive"),
        (lambda a, b: ma.align(a, ma.Recording(0 * b.samples, RATE)), "neither is digital silence"),
        (
            lambda a, b: ma.align(a, ma.Recording(b.samples[:, 3 * RATE :], RATE)),
            "max_delay that is long enough",
        ),
        (lambda a, b: ma.align(a, b.clip(0, 0.4)), r"The shorter recording lasts 0\.400 s"),
        (lambda a, b: ma.align(a, in_16_bits(0.3 * take(seed=9))), "have nothing in common"),
        (lambda a, b: ma.compare(a, b, bands=(20,)), "at least two frequencies"),
        (lambda a, b: ma.compare(a, b, bands=(20, 20)), "at least two frequencies"),
        (lambda a, b: ma.compare(a, b, bands="low"), "at least two frequencies"),
        (lambda a, b: ma.align(a, b).apply(b.resample(44100)), "not at 44100 Hz"),
    ],
)
def test_what_cannot_be_aligned_is_refused(make, says):
    first, second = pair()
    with refused(ma.ParameterError, says):
        make(first, second)
