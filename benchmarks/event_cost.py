"""What the detection of wind costs beside a separation of the same file: whole processes, in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import marsaudio as ma
from marsaudio.formats import audio

RATE = 48000
SCENE_SECONDS = 60.0

DETECTION = "marsaudio.detect_wind_file({file!r})"
SEPARATION = "marsaudio.separate_file({file!r}, wind={file!r} + '.wind.wav', rover={file!r} + '.rover.wav')"
# The peak of this program alone: ru_maxrss has the one in it that it was started from.
MEASURED = """
import pathlib
import re
import resource
import marsaudio
{statement}
used = resource.getrusage(resource.RUSAGE_SELF)
peak = re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())
print(used.ru_utime + used.ru_stime, peak[1])
"""


@dataclass(frozen=True)
class EventCost:
    """CPU seconds of both, medians; the median of their ratios; and the detection's peak memory in MB."""

    detection: float
    separation: float
    ratio: float
    memory: float
    memory_of_twice: float
    minutes: float
    rounds: int


def paired_cost(*, minutes: float, rounds: int) -> EventCost:
    """Detect and separate a simulated recording of so many minutes, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        once = write_scene(Path(folder, "once.wav"), minutes)
        twice = write_scene(Path(folder, "twice.wav"), 2 * minutes)
        taken = [(run(DETECTION, once), run(SEPARATION, once)) for _ in range(rounds)]
        return EventCost(
            detection=statistics.median(detection for (detection, _), _ in taken),
            separation=statistics.median(separation for _, (separation, _) in taken),
            ratio=statistics.median(one[0] / other[0] for one, other in taken),
            memory=statistics.median(memory for (_, memory), _ in taken),
            memory_of_twice=run(DETECTION, twice)[1],
            minutes=minutes,
            rounds=rounds,
        )


def write_scene(path: Path, minutes: float) -> Path:
    """A simulated scene, again and again, as a 16-bit file of one channel."""
    scene = ma.simulate_scene(SCENE_SECONDS, sample_rate=RATE, rng=1000).recording
    samples = np.tile(scene.samples, 2)
    left = round(minutes * 60 * RATE)
    with audio.AudioWriter(path, sample_rate=RATE, channels=1, encoding="PCM_16") as file:
        while left > 0:
            file.write(samples[:, : min(left, samples.shape[1])])
            left -= samples.shape[1]
        file.finish()
    return path


def run(statement: str, file: Path) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of a fresh process."""
    program = MEASURED.format(statement=statement.format(file=str(file)))
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    seconds, kilobytes = printed.split()
    return float(seconds), float(kilobytes) / 1024
