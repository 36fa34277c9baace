"""Mixtures of wind and machines with known parts, for benchmarks.

Winds and machines come from the simulator, from noise shaped in `winds` and `machines`, and, where
MARSAUDIO_DATA_DIR has them, from recordings: NASA's filtered recording of 20 February 2021 and the SuperCam
microphone's first one for wind, the EDL microphone's products of sol 1125 for the rover. Each is drawn with a
seed, so that parameters can be chosen on other draws than those that are reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from machines import FLUCTUATING_MACHINES, IN_THE_WINDS_BAND, SIMULATED_ROVERS, STEADY_MACHINES
from sounds import FRAMES, RATE, SECONDS, Array, normalised
from winds import WINDS

import marsaudio as ma

__all__ = [
    "CHOOSING_SEEDS",
    "FLUCTUATING_MACHINES",
    "FRAMES",
    "IN_THE_WINDS_BAND",
    "MACHINES",
    "RATE",
    "RECORDED",
    "REPORTING_SEEDS",
    "SECONDS",
    "SIMULATED_ROVERS",
    "STEADY_MACHINES",
    "WINDS",
    "Mixture",
    "mixture",
]

CHOOSING_SEEDS = range(1, 100)  # parameters may be chosen on these
REPORTING_SEEDS = range(1000, 1100)  # and are reported on these
PEAK = 0.4
STEP = 2.0**-23
RECORDED = ("20 Feb 2021", "SuperCam sol 1", "rover, sol 1125")  # where they are at hand
MACHINES = STEADY_MACHINES | FLUCTUATING_MACHINES


@dataclass(frozen=True)
class Mixture:
    """Wind and machine on the grid of 24-bit samples, and another draw of the same machine alone."""

    wind: Array
    machine: Array
    machine_alone: Array

    @property
    def recording(self) -> ma.Recording:
        """What a microphone would have recorded."""
        return ma.Recording((self.wind + self.machine).astype(np.float32), RATE)


def mixture(wind: str, machine: str, *, snr_db: float, seed: int) -> Mixture:
    """Mix a wind and a machine with a ratio of their mean powers."""
    rng = np.random.default_rng([seed, *f"{wind} {machine}".encode()])
    parts = [normalised(draw(rng)) for draw in (WINDS[wind], MACHINES[machine], MACHINES[machine])]
    gain = 10 ** (-snr_db / 20)
    scale = PEAK / np.abs(parts[0] + gain * parts[1]).max()
    gains = (scale, scale * gain, scale * gain)
    return Mixture(*(np.rint(part * g / STEP) * STEP for part, g in zip(parts, gains, strict=True)))
