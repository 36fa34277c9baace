"""What the simulated winds and machines of the mixtures are made of: shaped noise and slow random courses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.signal

Array = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator], Array]

RATE = 48000
SECONDS = 16
FRAMES = SECONDS * RATE


def normalised(samples: Array) -> Array:
    """Give samples a root mean square of 1."""
    return samples / np.sqrt(np.mean(samples**2))


def shaped_noise(
    rng: np.random.Generator, frames: int, frequencies: list[float], levels_db: list[float]
) -> Array:
    """Gaussian noise with a spectrum given at a few frequencies, straight in between on log axes."""
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    grid = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 1.0)
    gain_db = np.interp(np.log(grid), np.log(frequencies), levels_db)
    return normalised(np.fft.irfft(spectrum * 10 ** (gain_db / 20), frames))


def slow_walk(rng: np.random.Generator, cut_off: float) -> Array:
    """A smooth random course of unit variance, slower than a frequency in Hz."""
    rate = 200
    low_pass = scipy.signal.butter(2, cut_off, fs=rate, output="sos")
    course = scipy.signal.sosfilt(low_pass, rng.standard_normal(SECONDS * rate + 400))[400:]
    course /= course.std()
    return np.interp(np.arange(FRAMES) / RATE, np.arange(len(course)) / rate, course)
