"""A short recording that every part of the library has something to find in."""

import numpy as np
import pytest
from rumbling import rumble

import marsaudio as ma

GUST = (2.0, 3.0)  # s


def gusty_samples(rate=16000, duration=6.0):
    """Hiss, a pump's line at 195 Hz, and one gust of low-frequency noise; on the grid of 16-bit samples."""
    rng = np.random.default_rng(5)
    times = np.arange(round(rate * duration)) / rate
    wind = rumble(times.size, rate, rng)
    inside = (times > GUST[0]) & (times < GUST[1])
    sound = 0.003 * rng.normal(size=times.size) + 0.02 * np.sin(2 * np.pi * 195 * times)
    sound += np.where(inside, 0.15, 0.004) * wind
    return np.rint(sound * 32768) / 32768


@pytest.fixture(scope="session")
def gusty():
    return ma.Recording(gusty_samples(), 16000)


@pytest.fixture(scope="session")
def gusty_wav(gusty, tmp_path_factory):
    return gusty.save(tmp_path_factory.mktemp("recordings") / "gusty.wav", encoding="PCM_16")


@pytest.fixture(scope="session")
def gusty_stems(gusty_wav):
    return ma.separate(ma.load(gusty_wav))
