"""What is timed, each in a process of its own: functions of a file, and of a folder for what they write.

Libraries are called as their documentation does. What they need is imported by the function, as a script
would, so that nobody pays for another's imports.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

SIZES = {"n_fft": 2048, "hop_length": 512}
DISK_BLOCK = 2**22


def separate_file(file: str, folder: str) -> None:
    import marsaudio as ma

    ma.separate_file(file, wind=Path(folder, "wind.wav"), rover=Path(folder, "rover.wav"))


def detect_wind_file(file: str, _: str) -> None:
    import marsaudio as ma

    ma.detect_wind_file(file)


def long_term_spectrogram(file: str, _: str) -> None:
    import marsaudio as ma

    ma.long_term_spectrogram(file)


def floor(file: str, folder: str) -> None:
    from floor import forth_and_back

    forth_and_back(file, f"{folder}/wind.wav", f"{folder}/rover.wav")


def noisereduce(file: str, folder: str) -> None:
    _reduced_noise(file, folder, jobs=1)


def noisereduce_two_jobs(file: str, folder: str) -> None:
    _reduced_noise(file, folder, jobs=2)


def _reduced_noise(file: str, folder: str, *, jobs: int) -> None:
    import noisereduce

    samples, rate = _read(file)
    wind = noisereduce.reduce_noise(y=samples, sr=rate, stationary=True, n_jobs=jobs)
    _write_both(folder, wind, samples - wind, rate)


def librosa_forth_and_back(file: str, folder: str) -> None:
    import librosa

    samples, rate = _read(file)
    back = librosa.istft(librosa.stft(samples, **SIZES), length=len(samples), **SIZES)
    _write_both(folder, back, samples - back, rate)


def librosa_hpss(file: str, folder: str) -> None:
    import librosa

    samples, rate = _read(file)
    harmonic, percussive = librosa.effects.hpss(samples)
    _write_both(folder, percussive, harmonic, rate)


def librosa_stft(file: str, _: str) -> None:
    import librosa

    samples, _rate = _read(file)
    librosa.stft(samples, **SIZES)


def scipy_short_time_fft(file: str, _: str) -> None:
    import scipy.signal

    samples, rate = _read(file)
    window = scipy.signal.windows.hann(SIZES["n_fft"], sym=False)
    scipy.signal.ShortTimeFFT(window, SIZES["hop_length"], rate).stft(samples)


def disk_read(file: str, _: str) -> None:
    """Read a file that is in no cache."""
    import os

    with open(file, "rb", buffering=0) as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while source.read(DISK_BLOCK):
            pass


def disk_write(file: str, folder: str) -> None:
    """Copy a file, until it is on the disk."""
    import os

    with open(file, "rb", buffering=0) as source, open(f"{folder}/copy", "wb", buffering=0) as copy:
        while block := source.read(DISK_BLOCK):
            copy.write(block)
        os.fsync(copy.fileno())


def batch_one_worker(recordings: str, folder: str) -> None:
    _batch(recordings, folder, jobs=1)


def batch_two_workers(recordings: str, folder: str) -> None:
    _batch(recordings, folder, jobs=2)


def _batch(recordings: str, folder: str, *, jobs: int) -> None:
    from marsaudio.cli import main

    if code := main(["batch", recordings, "-o", f"{folder}/out", "--jobs", str(jobs)]):
        raise SystemExit(code)


def _read(file: str) -> tuple[Samples, int]:
    import soundfile

    samples, rate = soundfile.read(file, dtype="float32")
    return samples, rate


def _write_both(folder: str, wind: Samples, rover: Samples, rate: int) -> None:
    import soundfile

    soundfile.write(f"{folder}/wind.wav", wind, rate, subtype="PCM_16")
    soundfile.write(f"{folder}/rover.wav", rover, rate, subtype="PCM_16")
