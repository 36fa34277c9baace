"""What takes wind and machine apart in the benchmark: marsaudio, what one would do without it, and an oracle.

Each method is given a `Task` and returns the wind and the rover as 32-bit floats. Where a method makes only a
wind, the rover is the mixture minus that wind. Libraries are called as their documentation does, with the
defaults of their parameters: nobody tuned them to Mars. The parameters
of marsaudio were chosen on other draws of these winds and machines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.ndimage
import scipy.signal
from mixtures import RATE, Mixture

import marsaudio as ma

Samples = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex128]
Powers = npt.NDArray[np.float64]
Pair = tuple[Samples, Samples]

CUT_OFF = 300.0  # Hz, of the low-pass
FRAME = 4096  # samples of the two Wiener filters' frames
HOP = 1024
SMOOTHED_FRAMES = 5
QUIET = 0.2  # of all frames: what the scipy filter takes its floor from


@dataclass(frozen=True)
class Task:
    """What a method may look at. Only the oracle looks at `parts`."""

    recording: ma.Recording
    machine_alone: ma.Recording
    parts: Mixture

    @classmethod
    def of(cls, parts: Mixture) -> Task:
        """The task that a mixture poses."""
        return cls(parts.recording, ma.Recording(parts.machine_alone.astype(np.float32), RATE), parts)

    @property
    def samples(self) -> Samples:
        """The mixture's one channel."""
        return self.recording.samples[0]

    def with_wind(self, wind: npt.ArrayLike) -> Pair:
        """The wind, and the rest."""
        found = np.asarray(wind, dtype=np.float32)
        return found, self.samples - found


def mixture_itself(task: Task) -> Pair:
    """Nothing is done: both stems are the mixture."""
    return task.samples, task.samples


def low_pass(task: Task) -> Pair:
    """What one would do by hand: keep what lies below 300 Hz (Butterworth, fourth order, forth and back)."""
    sections = scipy.signal.butter(4, CUT_OFF, fs=RATE, output="sos")
    return task.with_wind(scipy.signal.sosfiltfilt(sections, task.samples))


def noisereduce_stationary(task: Task) -> Pair:
    """Spectral gating with one threshold per frequency (noisereduce, its defaults)."""
    return task.with_wind(_noisereduce(task, stationary=True))


def noisereduce_nonstationary(task: Task) -> Pair:
    """Spectral gating with a threshold that follows the sound (noisereduce, its defaults)."""
    return task.with_wind(_noisereduce(task, stationary=False))


def noisereduce_reference(task: Task) -> Pair:
    """Spectral gating with thresholds from the machine alone (noisereduce, its defaults)."""
    return task.with_wind(_noisereduce(task, stationary=True, y_noise=task.machine_alone.samples[0]))


def _noisereduce(task: Task, **parameters: object) -> Samples:
    import noisereduce  # only here, so that the other methods work without the extra

    found: Samples = noisereduce.reduce_noise(y=task.samples, sr=RATE, **parameters)
    return found


def hpss(task: Task) -> Pair:
    """Harmonic-percussive separation (librosa, its defaults): the percussive part counts as the wind."""
    import librosa

    harmonic, percussive = librosa.effects.hpss(task.samples)
    return percussive, harmonic


def scipy_wiener(task: Task) -> Pair:
    """A Wiener filter as one would write it with scipy, in a dozen lines.

    The floor R of a frequency is the 20 % quantile of its power over time, divided by -ln(1 - 0.2), which
    it would be of Gaussian noise with the mean power 1. The gain is max(1 - R / P, 0), with P the power
    smoothed over five frames. (`scipy.signal.wiener` smooths samples and knows no frequencies: it is not it.)
    """
    transform = _transform()
    spectra = transform.stft(task.samples)
    powers = np.abs(spectra) ** 2
    floor = np.quantile(powers, QUIET, axis=-1, keepdims=True) / -np.log(1 - QUIET)
    gain = np.maximum(1 - floor / np.maximum(_smoothed(powers), 1e-30), 0.0)
    return task.with_wind(transform.istft(spectra * gain, k1=len(task.samples)))


def marsaudio_blind(task: Task) -> Pair:
    """`marsaudio.separate`."""
    wind, rover = ma.separate(task.recording)
    return wind.samples[0], rover.samples[0]


def marsaudio_reference(task: Task) -> Pair:
    """`marsaudio.separate` with another draw of the machine alone as `rover_noise`."""
    wind, rover = ma.separate(task.recording, rover_noise=task.machine_alone)
    return wind.samples[0], rover.samples[0]


def oracle(task: Task) -> Pair:
    """Wiener's gain from the true parts: frames of 4096 samples, powers smoothed over five of them.

    It is a mark to look at and no upper bound: with longer frames, or by taking tones out coherently, one can
    do better where the machine is a set of lines.
    """
    transform = _transform()
    wind, machine = (transform.stft(part) for part in (task.parts.wind, task.parts.machine))
    power, rest = (_smoothed(np.abs(part) ** 2) for part in (wind, machine))
    gain = power / np.maximum(power + rest, 1e-30)
    return task.with_wind(transform.istft((wind + machine) * gain, k1=len(task.samples)))


def _transform() -> scipy.signal.ShortTimeFFT:
    return scipy.signal.ShortTimeFFT(scipy.signal.windows.hann(FRAME, sym=False), HOP, RATE)


def _smoothed(powers: Powers) -> Powers:
    return scipy.ndimage.uniform_filter1d(powers, SMOOTHED_FRAMES, axis=-1)


MIXTURE, LOW_PASS, BLIND, REFERENCE, ORACLE = "mixture", "low-pass", "marsaudio", "marsaudio, ref.", "oracle"
METHODS: dict[str, Callable[[Task], Pair]] = {
    MIXTURE: mixture_itself,
    LOW_PASS: low_pass,
    "noisereduce": noisereduce_stationary,
    "noisereduce, non-st.": noisereduce_nonstationary,
    "noisereduce, ref.": noisereduce_reference,
    "HPSS": hpss,
    "scipy Wiener": scipy_wiener,
    BLIND: marsaudio_blind,
    REFERENCE: marsaudio_reference,
    ORACLE: oracle,
}
BLIND_PEERS = (LOW_PASS, "noisereduce", "noisereduce, non-st.", "HPSS", "scipy Wiener")
