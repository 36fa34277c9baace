"""The winds of the mixtures: simulated ones, and two recordings from Mars where they are at hand."""

from __future__ import annotations

import os

import numpy as np
from sounds import FRAMES, RATE, SECONDS, Array, Draw, shaped_noise, slow_walk

import marsaudio as ma


def _feb20(_: np.random.Generator) -> Array:
    whole = ma.load("feb20_filtered").samples[0].astype(np.float64)
    return np.resize(whole[round(0.3 * RATE) : round(15.3 * RATE)], FRAMES)


def _supercam(_: np.random.Generator) -> Array:
    whole = ma.load("supercam_sol1").mono().resample(RATE).samples[0].astype(np.float64)
    return whole[RATE : RATE + FRAMES]


def _simulated_wind(**parameters: float) -> Draw:
    def draw(rng: np.random.Generator) -> Array:
        scene = ma.simulate_scene(float(SECONDS), rng=int(rng.integers(2**31)), **parameters)
        return scene.wind.samples[0].astype(np.float64)

    return draw


def _broad(rng: np.random.Generator) -> Array:
    """Wind with more high frequencies the stronger it blows, as over an open microphone."""
    level = np.exp(0.7 * slow_walk(rng, 0.5))
    low = shaped_noise(rng, FRAMES, [1, 15, 40, 100, 400, 2000, 24000], [-20, 0, 0, -10, -30, -60, -120])
    high = shaped_noise(rng, FRAMES, [1, 40, 100, 400, 1500, 4000, 24000], [-40, -10, 0, -12, -30, -60, -120])
    return level * low + 0.15 * level**2 * high


WINDS: dict[str, Draw] = {
    "gusty": _simulated_wind(),
    "steady": _simulated_wind(gust_count=0, turbulence_intensity=0.12, mean_speed=6.0),
    "lively": _simulated_wind(gust_count=1, turbulence_intensity=0.35, mean_speed=5.0, length_scale=10.0),
    "quadratic": _simulated_wind(level_exponent=2.0, mean_speed=5.0, gust_count=4),
    "broad": _broad,
}

if "MARSAUDIO_DATA_DIR" in os.environ:
    if ma.catalog.local_path("feb20_filtered"):
        WINDS["20 Feb 2021"] = _feb20
    if ma.catalog.local_path("supercam_sol1"):
        WINDS["SuperCam sol 1"] = _supercam
