"""Rover noise for the scenes of the event benchmark: simulated at random, or made from what was recorded."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import scipy.ndimage
import scipy.signal
from machines import EDL_PRODUCTS, recorded
from sounds import Array

import marsaudio as ma
from marsaudio.simulate.rover import PUMP_FREQUENCY, simulate_rover

PEAK = 0.4
NOISE_SECONDS = 0.9  # into the two products of sol 1125: before, the microphone is switched on
LOWEST = 20.0  # Hz: below, the products hold more than rover
LINE_ABOVE_FLOOR_DB = 13.0  # one in a million bins of Gaussian noise stands so far above the median
FLOOR_HZ = 75.0  # the width over which the floor is the median
MEDIAN_OF_POWER = np.log(2)  # of Gaussian noise with the mean power 1


def rover_alone(kind: str, seconds: float, seed: int, sample_rate: int = 48000) -> ma.Recording:
    """Noise without any wind.

    Parameters
    ----------
    kind
        A key of `ROVERS`: "EDL-like" is the simulated rover with parameters drawn at random, "white" is white
        noise, "1/f" noise whose power goes with 1/f from 1 Hz up.
    """
    rng = np.random.default_rng([seed, round(seconds), sample_rate, *kind.encode()])
    noise = ROVERS[kind](rng, seconds, sample_rate)
    return ma.Recording((PEAK * noise / np.abs(noise).max()).astype(np.float32), sample_rate)


def random_rover_parameters(rng: np.random.Generator) -> dict[str, float | None]:
    """What `simulate_rover` and `simulate_scene` take, from one recorded day to another.

    From a fall by 3 dB an octave and a quiet floor, as on 20 February 2021, to flat lines, a floor 6 dB
    higher and lines of the shaft, as on sol 1125. The drift is a fourth to four times what was measured.
    """
    day = rng.uniform()  # 0: like 20 February 2021, 1: like sol 1125
    return {
        "pump_frequency": PUMP_FREQUENCY * float(np.exp(0.01 * rng.uniform(-1, 1))),
        "line_slope": -3.0 * (1 - day),
        "electronics_level": -50.0 + 6.0 * day,
        "electronics_knee": 150.0 * float(2 ** rng.uniform(-1, 1)),
        "shaft_level": -20.0 if day > 0.5 else None,
        "relative_drift": 2e-5 * float(4 ** rng.uniform(-1, 1)),
        "amplitude_modulation": float(rng.uniform(0.01, 0.05)),
        "click_rate": float(rng.uniform(0.0, 1.0)),
    }


def edl_like(rng: np.random.Generator, seconds: float, sample_rate: int) -> Array:
    """The simulated rover, with parameters drawn at random."""
    parameters = random_rover_parameters(rng)
    return simulate_rover(seconds, sample_rate=sample_rate, rng=rng, **parameters)


def white(rng: np.random.Generator, seconds: float, sample_rate: int) -> Array:
    """White noise."""
    return rng.standard_normal(round(seconds * sample_rate))


def one_over_f(rng: np.random.Generator, seconds: float, sample_rate: int) -> Array:
    """Noise whose power goes with 1/f, and is constant below 1 Hz."""
    frames = round(seconds * sample_rate)
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.fft.rfftfreq(frames, 1 / sample_rate), 1.0)), frames)


ROVERS: dict[str, Callable[[np.random.Generator, float, int], Array]] = {
    "EDL-like": edl_like,
    "white": white,
    "1/f": one_over_f,
}


def has_recorded_rover() -> bool:
    """Whether the products of sol 1125 are at hand."""
    return all(recorded(name).exists() for name in EDL_PRODUCTS)


def like_sol_1125(rng: np.random.Generator, seconds: float, sample_rate: int) -> Array:
    """Noise like the second that was recorded on sol 1125: its lines as sines, its floor as Gaussian noise.

    The sines have the lines' frequencies and levels, and phases drawn at random.
    """
    frequencies, floor, lines = recorded_lines_and_floor(sample_rate)
    frames = round(seconds * sample_rate)
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    density = np.interp(np.fft.rfftfreq(frames, 1 / sample_rate), frequencies, floor)
    noise = np.fft.irfft(spectrum * np.sqrt(density * sample_rate / 2), frames)
    return noise + _sines(rng, lines, frames, sample_rate)


def _sines(
    rng: np.random.Generator, lines: list[tuple[float, float]], frames: int, sample_rate: int
) -> Array:
    """The sum of sines of random phases: exp(ia) exp(ib), with a of blocks and b within a block."""
    block = int(np.sqrt(frames)) + 1
    frequencies, amplitudes = np.array(lines).T
    turns = 2j * np.pi * frequencies / sample_rate
    phases = np.exp(2j * np.pi * rng.uniform(size=len(lines)))
    starts = np.exp(np.outer(np.arange(0, frames, block), turns)) * amplitudes * phases
    within = np.exp(np.outer(turns, np.arange(block)))
    return (starts.real @ within.real - starts.imag @ within.imag).ravel()[:frames]


@functools.cache
def recorded_lines_and_floor(sample_rate: int) -> tuple[Array, Array, list[tuple[float, float]]]:
    """Frequencies, the floor's power per hertz at these, and each line's frequency and amplitude.

    A line is a peak of the Hann-windowed spectrum of the whole second, 13 dB above the floor: the running
    median over 75 Hz. Its frequency is where the parabola through the peak and its neighbours is highest.
    """
    samples = _recorded_second(sample_rate)
    window = scipy.signal.windows.hann(len(samples), sym=False)
    frequencies = np.fft.rfftfreq(len(samples), 1 / sample_rate)
    level = 20 * np.log10(np.abs(np.fft.rfft(samples * window)) + 1e-12)
    median = scipy.ndimage.median_filter(level, round(FLOOR_HZ / frequencies[1]) | 1)
    lines = []
    for peak in scipy.signal.argrelmax(level, order=2)[0]:
        if frequencies[peak] > LOWEST and level[peak] > median[peak] + LINE_ABOVE_FLOOR_DB:
            before, top, after = level[peak - 1 : peak + 2]
            offset = (before - after) / (before - 2 * top + after) / 2
            height = top - (before - after) * offset / 4
            frequency = float((peak + offset) * frequencies[1])
            lines.append((frequency, float(2 * 10 ** (height / 20) / window.sum())))
    density = 2 * 10 ** (median / 10) / MEDIAN_OF_POWER / (sample_rate * np.sum(window**2))
    return frequencies, density, lines


def _recorded_second(sample_rate: int) -> Array:
    parts = [ma.load(recorded(name)).samples[1] for name in EDL_PRODUCTS]
    second = np.concatenate(parts).astype(np.float64)[round(NOISE_SECONDS * sample_rate) :]
    high_pass = scipy.signal.butter(2, LOWEST, "highpass", fs=sample_rate, output="sos")
    return scipy.signal.sosfiltfilt(high_pass, second)
