"""How good two stems are, beside the true wind and the true machine: each figure of the separation benchmark.

SI-SDR, SDR and the suppression of lines are those of `marsaudio.metrics`; the others stand here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.signal
from sounds import RATE

from marsaudio import metrics
from marsaudio.simulate.rover import PUMP_FREQUENCY

Array = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]

BANDS = tuple((10 * 2**octave, 20 * 2**octave) for octave in range(8))  # Hz
LONG_FRAME = 16384  # samples: 0.34 s and bins of 2.9 Hz, so that the lowest band has three of them
FAINT = 1e-6  # of the wind's mean power: what is fainter counts as this
LINES = tuple(PUMP_FREQUENCY * harmonic for harmonic in range(1, 6))  # Hz: those up to 1 kHz
LINE_RATE = RATE // 12  # Hz: enough for them, and twelve times as fast
LINE_HALF_WIDTH = 2.0  # Hz, and in addition:
LINE_DRIFT = 1e-3  # of the frequency, as far as any of the simulated rovers drifts
WIND_BAND = (20.0, 250.0)  # Hz
LEVEL_SECONDS = 0.5
LOUDEST, QUIETEST = 0.2, 0.3  # of all levels: gusts, and quiet


def all_measures(
    wind: Samples, rover: Samples, true_wind: Array, true_rover: Array, *, lines: bool
) -> dict[str, float]:
    """Every figure by its name; those of lines only where the machine is a simulated rover."""
    mixture = true_wind + true_rover
    gusts, quiet = level_errors(wind, true_wind)
    figures = {
        "wind_si_sdr_db": metrics.si_sdr(wind, true_wind),
        "wind_sdr_db": metrics.sdr(wind, true_wind),
        "rover_si_sdr_db": metrics.si_sdr(rover, true_rover),
        "rover_sdr_db": metrics.sdr(rover, true_rover),
        "gust_level_error_db": gusts,
        "quiet_level_error_db": quiet,
        "line_suppression_db": line_suppression(mixture, wind) if lines else np.nan,
        "line_excess_db": line_suppression(wind, true_wind) if lines else np.nan,
        "additivity_error": additivity_error(wind, rover, mixture),
    }
    errors = log_spectral_errors(wind, true_wind)
    return figures | {band_name(band): error for band, error in zip(BANDS, errors, strict=True)}


def band_name(band: tuple[float, float]) -> str:
    """What the log-spectral error of a band is called."""
    return f"log_spectral_error_db_{band[0]:.0f}_{band[1]:.0f}_hz"


def log_spectral_errors(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> list[float]:
    """How far the levels of octave bands are from the true ones, in dB, one figure for each of `BANDS`.

    E_b = mean over t of | 10 log10( max(Q_tb, e) / max(P_tb, e) ) |

    with P_tb the sum of |X_t(f)|^2 over the bins f of the band b in the Hann frame t of the truth (16384
    samples, half overlapping), Q_tb the same of the estimate, and e = 10^-6 times the truth's mean power
    over all bands and frames: what is 60 dB fainter than the wind as a whole is not listened to. Both too
    much and too little count; 0 dB is perfect, and twice the amplitude is 6.02 dB.
    """
    power, true_power = band_powers(estimate), band_powers(truth)
    faint = FAINT * true_power.sum(axis=0).mean()
    ratios = np.maximum(power, faint) / np.maximum(true_power, faint)
    return [float(error) for error in np.abs(10 * np.log10(ratios)).mean(axis=1)]


def band_powers(samples: npt.ArrayLike) -> Array:
    """The power in each band (rows) and frame (columns)."""
    window = scipy.signal.windows.hann(LONG_FRAME, sym=False)
    transform = scipy.signal.ShortTimeFFT(window, LONG_FRAME // 2, RATE)
    inside = slice(transform.lower_border_end[1], transform.upper_border_begin(np.size(samples))[1])
    powers = np.abs(transform.stft(np.asarray(samples, dtype=np.float64))[:, inside]) ** 2
    edges = [(transform.f >= low) & (transform.f < high) for low, high in BANDS]
    return np.array([powers[band].sum(axis=0) for band in edges])


def line_suppression(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """By how many dB the simulated pump's lines up to 1 kHz got weaker, the mean over the lines.

    From the mixture to the wind stem it is how far they are down. From the wind stem to the true wind it
    is how far what is left stands above what belongs there; below 0 there is a hole.
    """
    low, low_after = (
        scipy.signal.resample_poly(samples, 1, RATE // LINE_RATE) for samples in (before, after)
    )
    ratios = [
        metrics.line_suppression(
            low,
            low_after,
            sample_rate=LINE_RATE,
            frequency=line,
            half_width=LINE_HALF_WIDTH + LINE_DRIFT * line,
        )
        for line in LINES
    ]
    return float(np.mean(ratios))


def level_errors(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[float, float]:
    """By how many dB the wind's band (20-250 Hz) is too loud in gusts and in quiet; negative: too faint.

    The mean over half seconds of 10 log10( max(q, e) / max(p, e) ), with p and q the mean squares of the
    truth and of the estimate in the band, and e = 10^-6 times the mean of p. Gusts are the half seconds with
    the loudest 20 % of p, quiet those with the faintest 30 %; the first and the last are left out.
    """
    power, true_power = half_second_powers(estimate), half_second_powers(truth)
    faint = FAINT * true_power.mean()
    errors = 10 * np.log10(np.maximum(power, faint) / np.maximum(true_power, faint))
    order = np.argsort(true_power)
    loudest, quietest = (round(part * len(order)) for part in (LOUDEST, QUIETEST))
    return float(errors[order[-loudest:]].mean()), float(errors[order[:quietest]].mean())


def half_second_powers(samples: npt.ArrayLike) -> Array:
    """The mean squares in the wind's band, one each half second but for the first and the last.

    At these the band-pass rings from the ends.
    """
    sections = scipy.signal.butter(4, WIND_BAND, "bandpass", fs=RATE, output="sos")
    inside = scipy.signal.sosfiltfilt(sections, np.asarray(samples, dtype=np.float64))
    length = round(LEVEL_SECONDS * RATE)
    whole = len(inside) // length * length
    return np.asarray((inside[:whole].reshape(-1, length)[1:-1] ** 2).mean(axis=1))


def additivity_error(wind: Samples, rover: Samples, mixture: Array) -> float:
    """The largest |wind + rover - mixture|, full scale being 1; the stems are added as 32-bit floats."""
    return float(np.abs((wind + rover).astype(np.float64) - mixture).max())
