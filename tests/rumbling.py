"""Noise that sounds like wind: as deep, and as ragged."""

import numpy as np


def rumble(frames, rate, rng):
    """Gaussian noise of unit power, whose density falls with the fourth power of frequency above 60 Hz."""
    spectrum = np.fft.rfft(rng.normal(size=frames))
    shaped = np.fft.irfft(spectrum / (1 + (np.fft.rfftfreq(frames, 1 / rate) / 60) ** 2), n=frames)
    return shaped / (shaped.std() or 1.0)
