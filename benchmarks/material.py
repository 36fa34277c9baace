"""What speed is measured on: files of 16 bits and one channel, of any length, made of simulated minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

import marsaudio as ma
from marsaudio.formats import audio

RATE = 48000
SCENE_SECONDS = 60
SCENES = 6  # minutes that differ in wind, gusts and noise; the pump has the same pitch in all
SEED = 1000
LENGTHS = {"60 s": 60, "16 min": 960, "1 h": 3600, "2 h": 7200}  # of files, in seconds
BATCH = 64


def scene(number: int) -> npt.NDArray[np.float32]:
    """A minute of gusts over a rover whose lines are the simulator's: a comb, its sidebands, and clocks."""
    return ma.simulate_scene(SCENE_SECONDS, sample_rate=RATE, rng=SEED + number).recording.samples


def long_file(folder: Path, seconds: int) -> Path:
    """A file of so many seconds, made unless it is there: one of the scenes after another, by chance."""
    path = folder / f"{seconds} s.wav"
    if not path.exists() or soundfile.info(path).frames != seconds * RATE:
        scenes = [scene(number) for number in range(min(SCENES, -(-seconds // SCENE_SECONDS)))]
        rng = np.random.default_rng(SEED)
        left = seconds * RATE
        folder.mkdir(parents=True, exist_ok=True)
        with audio.AudioWriter(path, sample_rate=RATE, channels=1, encoding="PCM_16") as file:
            while left > 0:
                minute = scenes[rng.integers(len(scenes))][:, :left]
                file.write(minute)
                left -= minute.shape[1]
            file.finish()
    return path


def many_files(folder: Path, count: int) -> Path:
    """A folder of so many recordings of a minute, each of which begins elsewhere in one of the scenes."""
    recordings = folder / f"{count} recordings"
    paths = [recordings / f"minute {number:03}.wav" for number in range(count)]
    if not all(path.exists() for path in paths):
        scenes = [scene(number) for number in range(min(SCENES, count))]
        rng = np.random.default_rng(SEED)
        recordings.mkdir(parents=True, exist_ok=True)
        for path in paths:
            samples = np.roll(scenes[rng.integers(len(scenes))], rng.integers(SCENE_SECONDS * RATE), axis=1)
            audio.write_audio(path, samples, RATE, encoding="PCM_16")
    return recordings
