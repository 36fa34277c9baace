"""What the numbers of a spectrogram mean: densities, spectra, units, times."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT, get_window

import marsaudio as ma

RATE = 8000


@pytest.fixture
def noise():
    return ma.Recording(np.random.default_rng(5).normal(0, 0.1, 4 * RATE), RATE)


@pytest.mark.parametrize("n_fft", [512, 500])
def test_densities_equal_those_of_scipy(noise, n_fft):
    hop = n_fft // 4
    ours = ma.spectrogram(noise, n_fft=n_fft, hop_length=hop)
    reference = ShortTimeFFT(
        get_window("hann", n_fft), hop, RATE, fft_mode="onesided2X", scale_to="psd", phase_shift=None
    )
    power = np.abs(reference.stft(noise.samples[0].astype(float))) ** 2
    first = n_fft // 2 // hop - reference.p_min
    expected = power[:, first : first + len(ours.times)]
    assert np.allclose(ours.power, expected, rtol=1e-4, atol=1e-9 * expected.max())
    assert np.allclose(ours.times, reference.t(noise.frames)[first : first + len(ours.times)])
    assert np.allclose(ours.frequencies, reference.f)


@pytest.mark.parametrize("window", ["hann", "blackmanharris", "boxcar"])
@pytest.mark.parametrize("n_fft", [256, 255])
def test_densities_integrate_to_the_mean_square_of_the_windowed_frame(noise, window, n_fft):
    spec = ma.spectrogram(noise, n_fft=n_fft, hop_length=64, window=window)
    shape = get_window(window, n_fft)
    frame = noise.samples[0, 640 : 640 + n_fft] * shape
    mean_square = np.sum(frame**2) / np.sum(shape**2)
    integral = np.sum(spec.power[:, 10].astype(float)) * spec.frequencies[1]
    assert integral == pytest.approx(mean_square, rel=1e-5)


@pytest.mark.parametrize("window", ["hann", "blackmanharris"])
@pytest.mark.parametrize("n_fft", [512, 1024])
def test_a_sine_has_half_its_squared_amplitude_in_the_power_spectrum(window, n_fft):
    time = np.arange(2 * RATE) / RATE
    tone = ma.Recording(0.3 * np.sin(2 * np.pi * 1000 * time), RATE)  # 1000 Hz is on a bin of both lengths
    spec = ma.spectrogram(tone, n_fft=n_fft, window=window, scaling="spectrum")
    assert spec.frequencies[spec.power[:, 3].argmax()] == 1000
    assert spec.power.max() == pytest.approx(0.3**2 / 2, rel=1e-4)
    assert spec.to_db().max() == pytest.approx(10 * np.log10(0.045), abs=0.001)
    assert spec.unit == "FS²"


def test_the_density_of_white_noise_is_its_variance_over_half_the_rate(noise):
    spec = ma.spectrogram(noise)
    assert spec.power[5:-5].mean() == pytest.approx(0.1**2 / (RATE / 2), rel=0.03)


def test_a_constant_is_not_doubled():
    constant = ma.Recording(np.full(RATE, 0.25), RATE)
    spec = ma.spectrogram(constant, n_fft=256, scaling="spectrum", window="boxcar")
    assert spec.power[0] == pytest.approx(0.0625, rel=1e-5)


def test_raw_power_is_the_squared_magnitude_of_the_transform(noise):
    spec = ma.spectrogram(noise, n_fft=128, hop_length=32, scaling="raw")
    frame = noise.samples[0, 64:192] * get_window("hann", 128)
    assert np.allclose(spec.power[:, 2], np.abs(np.fft.rfft(frame)) ** 2, rtol=1e-3, atol=1e-6)


def test_a_calibrated_recording_has_pascals(noise):
    calibration = ma.Calibration(2.0, source="made up for this test")
    in_pascal = ma.spectrogram(ma.Recording(noise.samples, RATE, calibration=calibration))
    assert in_pascal.unit == "Pa²/Hz"
    assert in_pascal.db_unit == "dB re (20 µPa)²/Hz"
    assert np.allclose(in_pascal.power, 4 * ma.spectrogram(noise).power, rtol=1e-6)
    shift = in_pascal.to_db() - ma.spectrogram(noise).to_db()
    assert np.allclose(shift, 20 * np.log10(2.0 / 20e-6), atol=1e-3)


def test_an_uncalibrated_recording_has_no_pascals(noise):
    spec = ma.spectrogram(noise)
    assert spec.unit == "FS²/Hz"
    assert "Pa" not in spec.db_unit


def test_digital_silence_is_minus_infinity_and_can_still_be_plotted():
    silence = ma.spectrogram(ma.Recording(np.zeros(RATE), RATE))
    assert np.isneginf(silence.to_db()).all()
    assert silence.plot().axes.get_xlabel() == "Time (s)"


def test_equal_channels_have_the_power_of_one(noise):
    stereo = ma.Recording(np.concatenate([noise.samples] * 2), RATE)
    assert np.array_equal(ma.spectrogram(stereo).power, ma.spectrogram(noise).power)


def test_one_channel_can_be_chosen(noise):
    both = ma.Recording(np.concatenate([noise.samples, 0 * noise.samples]), RATE)
    assert np.allclose(ma.spectrogram(both).power, ma.spectrogram(noise).power / 2)
    assert np.array_equal(ma.spectrogram(both, channel=0).power, ma.spectrogram(noise).power)
    assert not ma.spectrogram(both, channel=1).power.any()


def test_a_recording_shorter_than_the_default_frame_gets_one_frame_of_its_length():
    spec = ma.spectrogram(ma.Recording(np.ones(100), RATE))
    assert spec.n_fft == 100
    assert spec.times.tolist() == [50 / RATE]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"n_fft": 0}, "n_fft=0"),
        ({"n_fft": 10**6}, "n_fft=1000000"),
        ({"n_fft": 1024.5}, "n_fft=1024.5"),
        ({"n_fft": True}, "n_fft=True"),
        ({"hop_length": "a"}, "hop_length='a'"),
        ({"hop_length": 0}, "hop_length=0"),
        ({"window": "round"}, "window='round'"),
        ({"scaling": "loudness"}, "scaling='loudness'"),
        ({"channel": 1}, "channel=1"),
    ],
)
def test_a_value_out_of_range_is_named(noise, values, word):
    with pytest.raises(ma.ParameterError, match=word):
        ma.spectrogram(noise, **values)


@pytest.mark.parametrize("ref", [0.0, -1.0, float("nan")])
def test_a_reference_that_is_no_power_is_refused(noise, ref):
    with pytest.raises(ma.ParameterError, match="ref="):
        ma.spectrogram(noise).to_db(ref)


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_the_plot_names_its_axes_with_units(noise, scale):
    mesh = ma.spectrogram(noise).plot(frequency_scale=scale)
    axes = mesh.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (s)", "Frequency (Hz)")
    assert axes.get_yscale() == scale
    assert mesh.colorbar.ax.get_ylabel() == "dB re full scale²/Hz"


def test_the_plot_goes_where_the_caller_wants_it(noise):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert ma.spectrogram(noise).plot(axes).axes is axes


def test_the_colour_scale_does_not_change_the_data(noise):
    spec = ma.spectrogram(noise)
    before = spec.power.copy()
    spec.plot(minimum_db=-60, maximum_db=-50)
    assert np.array_equal(spec.power, before)
