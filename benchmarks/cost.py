"""What a separation costs beside the least that its kind must do: one transform forth and back."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import marsaudio as ma
from marsaudio.spectra.stft import ShortTimeFourier, hann

Result = TypeVar("Result")

N_FFT, HOP_LENGTH = 2048, 512


@dataclass(frozen=True)
class Cost:
    """CPU seconds per minute of audio, and the median ratio of rounds in which both took their turn."""

    separation: float
    transforms: float
    ratio: float
    rounds: int
    audio_seconds: float


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work gives, and the CPU seconds of all threads that it took."""
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def paired_cost(*, audio_seconds: float, rounds: int) -> Cost:
    """Separate a simulated recording in memory and transform it forth and back, in turns, on one thread."""
    import threadpoolctl  # of the extra, which the tables do without

    recording = ma.simulate_scene(audio_seconds, rng=1000).recording
    engine = ShortTimeFourier(N_FFT, HOP_LENGTH, hann(N_FFT), padded=True)

    def transform() -> None:
        deque(engine.inverse(engine.batches(recording), recording.frames), maxlen=0)

    def separate() -> None:
        ma.separate(recording)

    with threadpoolctl.threadpool_limits(1):
        separate()  # what is loaded at the first use is not counted
        transform()
        taken = [(timed(separate)[1], timed(transform)[1]) for _ in range(rounds)]
    a_minute = 60 / audio_seconds
    return Cost(
        separation=a_minute * statistics.median(whole for whole, _ in taken),
        transforms=a_minute * statistics.median(floor for _, floor in taken),
        ratio=statistics.median(whole / floor for whole, floor in taken),
        rounds=rounds,
        audio_seconds=audio_seconds,
    )
