"""Mixtures of wind and machines with known parts, for benchmarks.

Winds and machines come from the simulator, from noise shaped here, and, where MARSAUDIO_DATA_DIR has them,
from recordings: NASA's filtered recording of 20 February 2021 and the SuperCam microphone's first one for
wind, the EDL microphone's products of sol 1125 for the rover. Each is drawn with a seed, so that parameters
can be chosen on other draws than those that are reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.signal

import marsaudio as ma

Array = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator], Array]

RATE = 48000
SECONDS = 16
FRAMES = SECONDS * RATE
CHOOSING_SEEDS = range(1, 100)  # parameters may be chosen on these
REPORTING_SEEDS = range(1000, 1100)  # and are reported on these
STEP = 2.0**-23
EDL_PRODUCTS = [f"m2020_edlcam_raw/data_audio/mic_00000170_000_00000{second}.wav" for second in (0, 1)]


@dataclass(frozen=True)
class Mixture:
    """Wind and machine on the grid of 24-bit samples, and another draw of the same machine alone."""

    wind: Array
    machine: Array
    machine_alone: Array

    @property
    def recording(self) -> ma.Recording:
        """What a microphone would have recorded."""
        return ma.Recording(self.wind + self.machine, RATE)


def mixture(wind: str, machine: str, *, snr_db: float, seed: int) -> Mixture:
    """Mix a wind and a machine with a ratio of their mean powers."""
    rng = np.random.default_rng([seed, *f"{wind} {machine}".encode()])
    parts = [_normalised(draw(rng)) for draw in (WINDS[wind], MACHINES[machine], MACHINES[machine])]
    gain = 10 ** (-snr_db / 20)
    scale = 0.4 / np.abs(parts[0] + gain * parts[1]).max()
    gains = (scale, scale * gain, scale * gain)
    return Mixture(*(np.rint(part * g / STEP) * STEP for part, g in zip(parts, gains, strict=True)))


def _normalised(samples: Array) -> Array:
    return samples / np.sqrt(np.mean(samples**2))


def shaped_noise(
    rng: np.random.Generator, frames: int, frequencies: list[float], levels_db: list[float]
) -> Array:
    """Gaussian noise with a spectrum given at a few frequencies, straight in between on log axes."""
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    grid = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 1.0)
    gain_db = np.interp(np.log(grid), np.log(frequencies), levels_db)
    return _normalised(np.fft.irfft(spectrum * 10 ** (gain_db / 20), frames))


def slow_walk(rng: np.random.Generator, cut_off: float) -> Array:
    """A smooth random course of unit variance, slower than a frequency in Hz."""
    rate = 200
    low_pass = scipy.signal.butter(2, cut_off, fs=rate, output="sos")
    course = scipy.signal.sosfilt(low_pass, rng.standard_normal(SECONDS * rate + 400))[400:]
    course /= course.std()
    return np.interp(np.arange(FRAMES) / RATE, np.arange(len(course)) / rate, course)


def _recorded(name: str) -> Path:
    return Path(os.environ.get("MARSAUDIO_DATA_DIR", "")) / name


def _wind_feb20(_: np.random.Generator) -> Array:
    whole = ma.load("feb20_filtered").samples[0].astype(np.float64)
    return np.resize(whole[round(0.3 * RATE) : round(15.3 * RATE)], FRAMES)


def _wind_supercam(_: np.random.Generator) -> Array:
    whole = ma.load("supercam_sol1").mono().resample(RATE).samples[0].astype(np.float64)
    return whole[RATE : RATE + FRAMES]


def _simulated_wind(**parameters: float) -> Draw:
    def draw(rng: np.random.Generator) -> Array:
        scene = ma.simulate_scene(float(SECONDS), rng=int(rng.integers(2**31)), **parameters)
        return scene.wind.samples[0].astype(np.float64)

    return draw


def _wind_broad(rng: np.random.Generator) -> Array:
    """Wind with more high frequencies the stronger it blows, as over an open microphone."""
    level = np.exp(0.7 * slow_walk(rng, 0.5))
    low = shaped_noise(rng, FRAMES, [1, 15, 40, 100, 400, 2000, 24000], [-20, 0, 0, -10, -30, -60, -120])
    high = shaped_noise(rng, FRAMES, [1, 40, 100, 400, 1500, 4000, 24000], [-40, -10, 0, -12, -30, -60, -120])
    return level * low + 0.15 * level**2 * high


def _simulated_rover(**parameters: float) -> Draw:
    def draw(rng: np.random.Generator) -> Array:
        scene = ma.simulate_scene(float(SECONDS), rng=int(rng.integers(2**31)), **parameters)
        return scene.rover.samples[0].astype(np.float64)

    return draw


def _rover_sol1125(rng: np.random.Generator) -> Array:
    """A steady sound with the spectrum of the second of rover noise that the EDL microphone recorded."""
    parts = [ma.load(_recorded(name)).samples[1] for name in EDL_PRODUCTS]
    second = np.concatenate(parts).astype(np.float64)[round(0.9 * RATE) :]
    high_pass = scipy.signal.butter(2, 20, "highpass", fs=RATE, output="sos")
    frequencies, density = scipy.signal.welch(
        scipy.signal.sosfiltfilt(high_pass, second), RATE, nperseg=RATE // 2
    )
    spectrum = np.fft.rfft(rng.standard_normal(FRAMES))
    grid = np.fft.rfftfreq(FRAMES, 1 / RATE)
    return np.fft.irfft(spectrum * np.sqrt(np.interp(grid, frequencies, density)), FRAMES)


def _hum(rng: np.random.Generator) -> Array:
    time = np.arange(FRAMES) / RATE
    sound = 0.05 * shaped_noise(rng, FRAMES, [1, 20, 20000], [13, 0, -30])
    for harmonic in range(1, 30):
        level = 0.6 * harmonic + 5 * rng.standard_normal()
        phase = rng.uniform(0, 2 * np.pi)
        sound += 10 ** (-level / 20) * np.sin(2 * np.pi * 50.03 * harmonic * time + phase)
    return sound


def _rumble(rng: np.random.Generator) -> Array:
    return shaped_noise(rng, FRAMES, [1, 15, 40, 120, 300, 1000, 24000], [-20, 0, 0, -6, -20, -40, -60])


def _drive(rng: np.random.Generator) -> Array:
    """Motors whose pitch wanders, and wheels whose noise comes and goes."""
    turns = np.cumsum(85 * np.exp(0.08 * slow_walk(rng, 0.3))) / RATE
    motors = np.zeros(FRAMES)
    for harmonic in range(1, 25):
        level = 0.8 * harmonic + 4 * rng.standard_normal()
        motors += 10 ** (-level / 20) * np.sin(2 * np.pi * harmonic * turns + rng.uniform(0, 2 * np.pi))
    wheels = shaped_noise(rng, FRAMES, [1, 30, 300, 3000, 24000], [-10, -3, 0, -6, -20])
    return _normalised(motors) + 1.2 * _normalised(np.exp(0.8 * slow_walk(rng, 2.0)) * wheels)


def _saw(rng: np.random.Generator) -> Array:
    """An engine that is revved up again and again."""
    on = (slow_walk(rng, 0.4) > 0.2).astype(np.float64)
    revs = scipy.signal.sosfiltfilt(scipy.signal.butter(1, 1.5, fs=RATE, output="sos"), on)
    turns = np.cumsum((60 + 80 * revs) * (1 + 0.01 * slow_walk(rng, 5.0))) / RATE
    engine = np.zeros(FRAMES)
    for harmonic in range(1, 40):
        engine += np.sin(2 * np.pi * harmonic * turns + rng.uniform(0, 2 * np.pi)) / np.sqrt(harmonic)
    hiss = shaped_noise(rng, FRAMES, [1, 100, 1000, 5000, 24000], [-20, -5, 0, 0, -10])
    return (0.3 + revs) * (_normalised(engine) + hiss)


def _train(rng: np.random.Generator) -> Array:
    """A rumble that swells, with knocks."""
    sound = (0.6 + 0.4 * np.exp(0.6 * slow_walk(rng, 0.5))) * _rumble(rng)
    sound += 0.3 * shaped_noise(rng, FRAMES, [1, 20, 20000], [13, 0, -30])
    time = 0.0
    while (time := time + rng.uniform(0.3, 1.2)) < SECONDS - 0.5:
        start, length = round(time * RATE), round(0.25 * RATE)
        knock = shaped_noise(rng, length, [1, 60, 200, 1500, 24000], [-10, 0, 0, -15, -30])
        sound[start : start + length] += 2 * rng.standard_normal() * np.exp(-np.arange(length) / 2880) * knock
    return sound


WINDS: dict[str, Draw] = {
    "gusty": _simulated_wind(),
    "steady": _simulated_wind(gust_count=0, turbulence_intensity=0.12, mean_speed=6.0),
    "lively": _simulated_wind(gust_count=1, turbulence_intensity=0.35, mean_speed=5.0, length_scale=10.0),
    "quadratic": _simulated_wind(level_exponent=2.0, mean_speed=5.0, gust_count=4),
    "broad": _wind_broad,
}
STEADY_MACHINES: dict[str, Draw] = {
    "rover": _simulated_rover(),
    "rover, noisy": _simulated_rover(line_slope=0.0, electronics_level=-44.0, shaft_level=-20.0),
    "pink": lambda rng: shaped_noise(rng, FRAMES, [1, 20, 20000], [13, 0, -30]),
    "white": lambda rng: rng.standard_normal(FRAMES),
    "hum": _hum,
    "rumble": _rumble,
}
FLUCTUATING_MACHINES: dict[str, Draw] = {"drive": _drive, "saw": _saw, "train": _train}
IN_THE_WINDS_BAND = ("rumble", "train")

if "MARSAUDIO_DATA_DIR" in os.environ:
    if ma.catalog.local_path("feb20_filtered"):
        WINDS["20 Feb 2021"] = _wind_feb20
    if ma.catalog.local_path("supercam_sol1"):
        WINDS["SuperCam sol 1"] = _wind_supercam
    if all(_recorded(name).exists() for name in EDL_PRODUCTS):
        STEADY_MACHINES["rover, sol 1125"] = _rover_sol1125

MACHINES = STEADY_MACHINES | FLUCTUATING_MACHINES
