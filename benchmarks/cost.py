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
    """CPU seconds per minute of audio of a separation, and of transforms forth and back by engine.

    `ratios` are the medians over rounds in which all took their turn.
    """

    separation: float
    transforms: dict[str, float]
    ratios: dict[str, float]
    rounds: int
    audio_seconds: float


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What some work gives, and the CPU seconds that it took."""
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def transforms_of(recording: ma.Recording) -> dict[str, Callable[[], object]]:
    """One short-time Fourier transform forth and back of a recording of one channel, by engine."""
    import librosa  # of the extra, like scipy.signal only wanted where costs are compared
    import scipy.signal

    engine = ShortTimeFourier(N_FFT, HOP_LENGTH, hann(N_FFT), padded=True)
    samples = recording.samples[0]
    window = scipy.signal.windows.hann(N_FFT, sym=False)
    short_time = scipy.signal.ShortTimeFFT(window, HOP_LENGTH, recording.sample_rate)
    sizes = {"n_fft": N_FFT, "hop_length": HOP_LENGTH}
    return {
        "marsaudio's own": lambda: deque(
            engine.inverse(engine.batches(recording), recording.frames), maxlen=0
        ),
        "librosa": lambda: librosa.istft(librosa.stft(samples, **sizes), length=len(samples), **sizes),
        "scipy.signal.ShortTimeFFT": lambda: short_time.istft(short_time.stft(samples), k1=len(samples)),
    }


def paired_cost(*, audio_seconds: float, rounds: int) -> Cost:
    """Separate a simulated recording in memory and transform it forth and back, in turns, on one thread."""
    import threadpoolctl  # of the extra, which the tables do without

    recording = ma.simulate_scene(audio_seconds, rng=1000).recording
    work = {"separation": lambda: ma.separate(recording), **transforms_of(recording)}
    with threadpoolctl.threadpool_limits(1):
        for each in work.values():
            each()  # what is loaded at the first use is not counted
        taken = [{name: timed(each)[1] for name, each in work.items()} for _ in range(rounds)]
    a_minute = 60 / audio_seconds
    engines = [name for name in work if name != "separation"]
    return Cost(
        separation=a_minute * statistics.median(round_["separation"] for round_ in taken),
        transforms={name: a_minute * statistics.median(round_[name] for round_ in taken) for name in engines},
        ratios={
            name: statistics.median(round_["separation"] / round_[name] for round_ in taken)
            for name in engines
        },
        rounds=rounds,
        audio_seconds=audio_seconds,
    )
