"""Scenes of a minute in which it is known when wind blows over the rover's noise, for the event benchmark.

Each is drawn with a seed, so that parameters can be chosen on other draws than those that are reported. Every
ratio of wind to rover is one of energies in 20-250 Hz, lines included, from the start to the end of a gust.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mixtures import CHOOSING_SEEDS, REPORTING_SEEDS
from rover_noise import (
    ROVERS,
    edl_like,
    has_recorded_rover,
    like_sol_1125,
    random_rover_parameters,
    rover_alone,
)
from sounds import Array

import marsaudio as ma

__all__ = [
    "CHOOSING_SEEDS",
    "REPORTING_SEEDS",
    "ROVERS",
    "SCENES",
    "EventScene",
    "burst_scene",
    "gust_scene",
    "rover_alone",
    "turbulent_scene",
]

Interval = tuple[float, float]

SECONDS = 60.0
RATE = 48000
GUSTS = 5
BAND = (20.0, 250.0)  # Hz
PEAK = 0.4
STEP = 2.0**-23

GUST_SECONDS = (1.5, 4.5)
RAMP_SECONDS = (0.1, 0.4)
MARGIN = 1.0  # s without wind at both ends, and between two gusts

# NASA's filtered recording of 20 February 2021, where its level rises and falls, and how softly it is cut.
BURSTS = ((5.8, 8.4), (9.95, 11.4), (13.1, 14.3))
BURST_RAMP = 0.1  # s


@dataclass(frozen=True)
class EventScene:
    """Wind and rover on the grid of 24-bit samples, and when gusts begin and end, in seconds."""

    wind: Array
    rover: Array
    truth: tuple[Interval, ...]
    sample_rate: int

    @property
    def recording(self) -> ma.Recording:
        """What a microphone would have recorded."""
        return ma.Recording((self.wind + self.rover).astype(np.float32), self.sample_rate)

    def snr_db(self) -> list[float]:
        """The ratio of wind to rover in each gust."""
        return [gust_snr_db(self.wind, self.rover, gust, self.sample_rate) for gust in self.truth]


def gust_scene(snr_db: float, seed: int, sample_rate: int = RATE) -> EventScene:
    """Five gusts of 1.5-4.5 s over the simulated rover, and no wind between them.

    A gust is simulated wind of its own mean speed (5-9 m/s), turbulence (5-15 % of the speed, von Karman's
    spectrum) and level exponent (2-4), with raised-cosine ramps of 0.1-0.4 s, at whose middles it begins and
    ends by definition.
    """
    rng = np.random.default_rng([seed, *b"gusts"])
    rover = edl_like(rng, SECONDS, sample_rate)
    wind = np.zeros(len(rover))
    truth = random_times(rng, [float(length) for length in rng.uniform(*GUST_SECONDS, GUSTS)])
    for gust in truth:
        ramps = rng.uniform(*RAMP_SECONDS, 2)
        sound = _simulated_gust(rng, gust[1] - gust[0] + ramps.sum() / 2, sample_rate)
        lay(wind, rover, sound, gust, ramps, snr_db, sample_rate)
    return _scene(wind, rover, truth, sample_rate)


def turbulent_scene(snr_db: float, seed: int, sample_rate: int = RATE) -> EventScene:
    """A simulated scene with five gusts in which wind blows between them, too.

    The gusts' ratios differ; their median is the one that is asked for.
    """
    rng = np.random.default_rng([seed, *b"turbulent"])
    made = ma.simulate_scene(
        SECONDS,
        sample_rate=sample_rate,
        gust_count=GUSTS,
        mean_speed=float(rng.uniform(2.5, 4.5)),
        turbulence_intensity=float(rng.uniform(0.1, 0.25)),
        rng=int(rng.integers(2**31)),
        **random_rover_parameters(rng),
    )
    gain = 10 ** ((snr_db - np.median([gust.snr_db for gust in made.gusts])) / 20)
    wind, rover = (part.samples[0].astype(np.float64) for part in (made.wind, made.rover))
    return _scene(gain * wind, rover, [(gust.start, gust.end) for gust in made.gusts], sample_rate)


def burst_scene(snr_db: float, seed: int) -> EventScene:
    """Five bursts of real wind over noise like the real rover's.

    The bursts are cut from NASA's filtered recording of 20 February 2021, each of its three at least once;
    the noise has the lines and the floor of the EDL microphone's products of sol 1125.
    """
    rng = np.random.default_rng([seed, *b"bursts"])
    recorded = ma.load("feb20_filtered").samples[0].astype(np.float64)
    rover = like_sol_1125(rng, SECONDS, RATE)
    wind = np.zeros(len(rover))
    chosen = rng.permutation([*range(len(BURSTS)), *rng.integers(len(BURSTS), size=GUSTS - len(BURSTS))])
    bursts = [BURSTS[number] for number in chosen]
    truth = random_times(rng, [end - start for start, end in bursts])
    for gust, (start, end) in zip(truth, bursts, strict=True):
        first, last = round((start - BURST_RAMP / 2) * RATE), round((end + BURST_RAMP / 2) * RATE)
        lay(wind, rover, recorded[first:last], gust, (BURST_RAMP, BURST_RAMP), snr_db, RATE)
    return _scene(wind, rover, truth, RATE)


def missing_recordings() -> str:
    """Why `burst_scene` cannot be made; empty where it can."""
    if not ma.catalog.local_path("feb20_filtered"):
        return "NASA's filtered recording of 20 February 2021 is not at hand."
    return "" if has_recorded_rover() else "The EDL microphone's products of sol 1125 are not at hand."


SCENES: dict[str, Callable[[float, int], EventScene]] = {"gusts": gust_scene, "turbulent": turbulent_scene}
if not missing_recordings():
    SCENES["bursts"] = burst_scene


def random_times(rng: np.random.Generator, lengths: Sequence[float]) -> list[Interval]:
    """Spread gusts of these lengths over the scene at random, in order, a margin between any two."""
    free = SECONDS - MARGIN * (len(lengths) + 1) - sum(lengths)
    waits = np.sort(rng.uniform(0.0, free, len(lengths)))
    starts = MARGIN + waits + np.concatenate([[0.0], np.cumsum(np.add(lengths, MARGIN))[:-1]])
    return [(float(start), float(start + length)) for start, length in zip(starts, lengths, strict=True)]


def lay(
    wind: Array,
    rover: Array,
    sound: Array,
    gust: Interval,
    ramps: Sequence[float],
    snr_db: float,
    sample_rate: int,
) -> None:
    """Add a sound to the wind, in place: its ramps' middles at the gust's ends, its ratio as asked for."""
    first = round((gust[0] - ramps[0] / 2) * sample_rate)
    alone = np.zeros(len(wind))
    alone[first : first + len(sound)] = sound * _envelope(len(sound), ramps, sample_rate)
    wind += 10 ** ((snr_db - gust_snr_db(alone, rover, gust, sample_rate)) / 20) * alone


def gust_snr_db(wind: Array, rover: Array, gust: Interval, sample_rate: int) -> float:
    """Energy of the wind over energy of the rover, from the gust's start to its end, in dB."""
    part = slice(round(gust[0] * sample_rate), round(gust[1] * sample_rate))
    inside = np.fft.rfftfreq(part.stop - part.start, 1 / sample_rate)
    inside = (inside >= BAND[0]) & (inside <= BAND[1])
    energies = [np.sum(np.abs(np.fft.rfft(samples[part])[inside]) ** 2) for samples in (wind, rover)]
    return float(10 * np.log10(energies[0] / energies[1]))


def _simulated_gust(rng: np.random.Generator, seconds: float, sample_rate: int) -> Array:
    speed = ma.simulate.simulate_wind_speed(
        seconds + 0.1,
        mean_speed=float(rng.uniform(5.0, 9.0)),
        turbulence_intensity=float(rng.uniform(0.05, 0.15)),
        rng=rng,
    )
    sound = ma.simulate.simulate_wind(
        speed, sample_rate=sample_rate, level_exponent=float(rng.uniform(2.0, 4.0)), rng=rng
    )
    return sound[: round(seconds * sample_rate)]


def _envelope(frames: int, ramps: Sequence[float], sample_rate: int) -> Array:
    """Raised cosines up and down over the ramps' lengths in seconds, and 1 between them."""
    since, until = np.arange(frames) / sample_rate, np.arange(frames)[::-1] / sample_rate
    nearest = np.minimum(since / ramps[0], until / ramps[1])
    return (1 - np.cos(np.pi * np.minimum(nearest, 1.0))) / 2


def _scene(wind: Array, rover: Array, truth: Sequence[Interval], sample_rate: int) -> EventScene:
    scale = PEAK / np.abs(wind + rover).max()
    parts = (np.rint(part * scale / STEP) * STEP for part in (wind, rover))
    return EventScene(*parts, tuple(truth), sample_rate)
