"""The machines of the mixtures: what stands for the rover, steady or fluctuating.

The fluctuating ones and the steady ones that are no rover ask more of a method than the pump and the clocks
that the recordings of 2021 are full of: what it takes for a machine must not be that one machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import scipy.signal
from sounds import FRAMES, RATE, SECONDS, Array, Draw, normalised, shaped_noise, slow_walk

import marsaudio as ma

EDL_PRODUCTS = [f"m2020_edlcam_raw/data_audio/mic_00000170_000_00000{second}.wav" for second in (0, 1)]


def recorded(name: str) -> Path:
    return Path(os.environ.get("MARSAUDIO_DATA_DIR", "")) / name


def _simulated_rover(**parameters: float) -> Draw:
    def draw(rng: np.random.Generator) -> Array:
        scene = ma.simulate_scene(float(SECONDS), rng=int(rng.integers(2**31)), **parameters)
        return scene.rover.samples[0].astype(np.float64)

    return draw


def _rover_sol1125(rng: np.random.Generator) -> Array:
    """A steady sound with the spectrum of the second of rover noise that the EDL microphone recorded."""
    parts = [ma.load(recorded(name)).samples[1] for name in EDL_PRODUCTS]
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
    return normalised(motors) + 1.2 * normalised(np.exp(0.8 * slow_walk(rng, 2.0)) * wheels)


def _saw(rng: np.random.Generator) -> Array:
    """An engine that is revved up again and again."""
    on = (slow_walk(rng, 0.4) > 0.2).astype(np.float64)
    revs = scipy.signal.sosfiltfilt(scipy.signal.butter(1, 1.5, fs=RATE, output="sos"), on)
    turns = np.cumsum((60 + 80 * revs) * (1 + 0.01 * slow_walk(rng, 5.0))) / RATE
    engine = np.zeros(FRAMES)
    for harmonic in range(1, 40):
        engine += np.sin(2 * np.pi * harmonic * turns + rng.uniform(0, 2 * np.pi)) / np.sqrt(harmonic)
    hiss = shaped_noise(rng, FRAMES, [1, 100, 1000, 5000, 24000], [-20, -5, 0, 0, -10])
    return (0.3 + revs) * (normalised(engine) + hiss)


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


def _rover_drifting(rng: np.random.Generator) -> Array:
    """The EDL microphone's rover with a pump that is less steady than it was on 20 February 2021.

    All its lines drift slowly by some part of their frequency between 2e-5, which was measured that day, and
    1e-3. Their levels waver by 1 to 5 %, and beside each stand two weaker ones, 3.7 Hz away.
    """
    drift = float(np.exp(rng.uniform(np.log(2e-5), np.log(1e-3))))
    return ma.simulate.simulate_rover(
        float(SECONDS),
        sample_rate=RATE,
        relative_drift=drift,
        amplitude_modulation=float(rng.uniform(0.01, 0.05)),
        sideband_levels={-3.7: -10.0, 3.7: -10.0},
        rng=rng,
    )


def _electronics(rng: np.random.Generator) -> Array:
    """The floor of a microphone's electronics: flat, and rising as f^-1.2 below 150 Hz."""
    return shaped_noise(rng, FRAMES, [1, 10, 150, 16000, 24000], [0, 14, 0, 0, -25])


def _arm_motors(rng: np.random.Generator) -> Array:
    """Three motors of an arm that turn for 0.5-3 s and rest for 0.5-4 s, each for itself, over electronics.

    Each has its own speed (2000-5500 turns a minute), gear and loudness. While it speeds up and slows down
    (0.1-0.4 s) its pitch and its level, in proportion to its speed, rise and fall.
    """
    sound = 0.05 * _electronics(rng)
    for _ in range(3):
        speed = np.zeros(FRAMES)
        for start, stop in _spells(rng, moving=(0.5, 3.0), resting=(0.5, 4.0)):
            ramp = min(rng.uniform(0.1, 0.4) * RATE, (stop - start) / 2)
            from_the_ends = np.minimum(np.arange(stop - start), np.arange(stop - start)[::-1])
            speed[start:stop] = np.sin(np.pi / 2 * np.minimum(from_the_ends / ramp, 1.0)) ** 2
        sound += 10 ** (3 * rng.standard_normal() / 20) * _geared_motor(rng, speed)
    return sound


def _geared_motor(rng: np.random.Generator, speed: Array) -> Array:
    """A motor and its gear, of a power of about 1 at full speed, which is 1.

    Tones stand at multiples of the shaft's turns, of the teeth that mesh in that time (9 to 17), and one turn
    beside these, because no gear is quite round; the broadband noise is that of teeth and bearings.
    """
    turns = np.cumsum(rng.uniform(33.0, 92.0) * speed) / RATE
    teeth = int(rng.integers(9, 18))
    lines = [(order, -6.0 * order) for order in (1, 2)]
    for mesh in range(1, 7):
        lines += [(teeth * mesh + beside, -5.0 * mesh - 10.0 * abs(beside)) for beside in (-1, 0, 1)]
    tones, power = np.zeros(len(speed)), 0.0
    for order, level in lines:
        amplitude = 10 ** ((level + 4 * rng.standard_normal()) / 20)
        tones += amplitude * np.sin(2 * np.pi * order * turns + rng.uniform(0, 2 * np.pi))
        power += amplitude**2 / 2
    noise = shaped_noise(rng, len(speed), [1, 200, 800, 3000, 8000, 24000], [-30, -10, 0, 0, -12, -40])
    return speed * (tones / np.sqrt(power) + 0.5 * noise)


def _scraping_wheel(rng: np.random.Generator) -> Array:
    """A wheel that sticks and slips over rock for spells of 0.5-4 s, over electronics.

    8 to 25 times a second, irregularly, it slips: a burst of noise from 200 Hz to 10 kHz that dies away with
    a time constant of 10-60 ms, a squeal of the wheel's own four tones (600-4000 Hz), and, where it slips
    hardest (one in five), a thump of the body at 35-80 Hz.
    """
    times = [
        time
        for start, stop in _spells(rng, moving=(0.5, 4.0), resting=(0.3, 2.0))
        for time in _slips(rng, start, stop, rng.uniform(8.0, 25.0))
    ]
    strengths = np.exp(0.6 * rng.standard_normal(len(times)))
    knocks = np.zeros(FRAMES)
    knocks[times] = strengths
    envelope = np.zeros(FRAMES)
    for time, strength in zip(times, strengths, strict=True):
        decay = rng.uniform(0.01, 0.06) * RATE
        burst = envelope[time : time + round(8 * decay)]
        burst += strength * np.exp(-np.arange(len(burst)) / decay)
    grit = shaped_noise(rng, FRAMES, [1, 60, 200, 2000, 10000, 16000, 24000], [-60, -30, 0, 0, -6, -30, -50])
    tones = np.exp(rng.uniform(np.log(600.0), np.log(4000.0), 4))
    squeal = np.sum([_ringing(knocks, tone, rng.uniform(20.0, 80.0)) for tone in tones], axis=0)
    hardest = np.where(knocks >= np.quantile(strengths, 0.8), knocks, 0.0)
    thump = _ringing(hardest, rng.uniform(35.0, 80.0), 4.0)
    scrape = normalised(envelope * grit) + 0.5 * normalised(squeal) + 0.3 * normalised(thump)
    return scrape + 0.05 * _electronics(rng)


def _spells(
    rng: np.random.Generator, *, moving: tuple[float, float], resting: tuple[float, float]
) -> list[tuple[int, int]]:
    """The first and last samples of spells of motion, with rests between them, of lengths in seconds."""
    spells = []
    time = rng.uniform(0.0, resting[1])
    while time < SECONDS - moving[0]:
        stop = min(time + rng.uniform(*moving), float(SECONDS))
        spells.append((round(time * RATE), round(stop * RATE)))
        time = stop + rng.uniform(*resting)
    return spells


def _slips(rng: np.random.Generator, start: int, stop: int, rate: float) -> list[int]:
    """Samples at which a wheel slips: less regularly than a clock, more regularly than chance."""
    count = 2 * round(rate * (stop - start) / RATE) + 9
    gaps = np.maximum(rng.gamma(3.0, RATE / (3.0 * rate), size=count), 1.0)
    times = start + np.cumsum(gaps).astype(int)
    return [int(time) for time in times[times < stop]]


def _ringing(knocks: Array, frequency: float, quality: float) -> Array:
    """What knocks make of a body with one resonance in Hz: sines that die away."""
    angle = 2 * np.pi * frequency / RATE
    radius = np.exp(-angle / (2 * quality))
    return scipy.signal.lfilter([np.sin(angle)], [1.0, -2 * radius * np.cos(angle), radius**2], knocks)


STEADY_MACHINES: dict[str, Draw] = {
    "rover": _simulated_rover(),
    "rover, noisy": _simulated_rover(line_slope=0.0, electronics_level=-44.0, shaft_level=-20.0),
    "rover, drifting": _rover_drifting,
    "pink": lambda rng: shaped_noise(rng, FRAMES, [1, 20, 20000], [13, 0, -30]),
    "white": lambda rng: rng.standard_normal(FRAMES),
    "hum": _hum,
    "rumble": _rumble,
}
FLUCTUATING_MACHINES: dict[str, Draw] = {
    "drive": _drive,
    "saw": _saw,
    "train": _train,
    "arm motors": _arm_motors,
    "scraping wheel": _scraping_wheel,
}
SIMULATED_ROVERS = ("rover", "rover, noisy", "rover, drifting")  # whose lines are known
IN_THE_WINDS_BAND = ("rumble", "train")

if "MARSAUDIO_DATA_DIR" in os.environ and all(recorded(name).exists() for name in EDL_PRODUCTS):
    STEADY_MACHINES["rover, sol 1125"] = _rover_sol1125
