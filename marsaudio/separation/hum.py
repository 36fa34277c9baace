"""The rover's hum, as one would name it: the loudest of its machines, how strong it is, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.recording import Recording
from marsaudio.separation.families import find_families
from marsaudio.separation.lines import Line, distinct_lines
from marsaudio.separation.model import WindModel
from marsaudio.spectra.stft import ShortTimeFourier, Spectra, hann

FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.5
BESIDE = 3  # bins on each side of a tone's that hold its power: the main lobe, and some wandering
AROUND = range(BESIDE + 2, 24)  # bins on each side whose median tells the noise under it
# Below a sound's own level: what is fainter may be an image of a tone above 4 kHz, or rounding.
RANGE_DB = 85.0
ALWAYS = 0.9  # of the time; what is heard for longer may be hidden by gusts now and then
HEARD_ABOVE, CLEARLY_ABOVE = 5.0, 15.0  # times the noise in as many bins


@dataclass(frozen=True)
class Hum:
    """The tones that go together and are the loudest, or one tone where none go together.

    Attributes
    ----------
    frequency, highest : float
        Of the lowest and of the highest of them, in Hz.
    tones : int
        How many there are.
    harmonic : bool
        The others are multiples of the lowest.
    strongest : float
        The frequency of the strongest of them, in Hz.
    level : float
        Of all of them together while they are heard, in dB re full scale: the mean of their power.
    share : float
        In what share of the time in which there is any sound, from 0 to 1, one of them or more is heard.
    """

    frequency: float
    highest: float
    tones: int
    harmonic: bool
    strongest: float
    level: float
    share: float


def find_hum(models: Sequence[WindModel], recording: Recording) -> Hum | None:
    """Find the hum in what a separation has learned, and measure it.

    Of several channels, the one whose hum is loudest counts.

    Parameters
    ----------
    models : sequence of WindModel
        `marsaudio.Stems.models`: their lines reach up to 4 kHz.
    recording : Recording
        What they were learned from.

    Returns
    -------
    Hum or None
        None where no tone was found.

    Examples
    --------
    >>> import marsaudio as ma
    >>> from marsaudio.separation.hum import find_hum
    >>> recording = ma.load("sample")
    >>> round(find_hum(ma.separate(recording).models, recording).frequency, 1)
    195.1
    """
    hums = []
    for channel in sorted({model.channel for model in models}):
        samples = recording.samples[channel]
        faintest = float(np.vdot(samples, samples)) / len(samples) * 10 ** (-RANGE_DB / 10)
        lines = distinct_lines(
            line
            for model in models
            if model.channel == channel
            for line in model.lines
            if 10 ** (line.level / 10) > faintest
        )
        if lines:
            hums.append(_measured(*_loudest(lines), recording, channel))
    return max(hums, key=lambda hum: hum.level, default=None)


def _loudest(lines: Sequence[Line]) -> tuple[Sequence[Line], bool]:
    """The tones of the loudest machine, and whether they are multiples of the lowest."""
    _, families = find_families(lines)
    loudest = max(families, key=lambda family: _level(family.lines), default=None)
    tone = max(lines, key=lambda line: line.level)
    if loudest is None or _level(loudest.lines) < tone.level:
        return (tone,), False
    return loudest.lines, len(loudest.lines) > 1 and loudest.harmonics[0] == 1


def _measured(tones: Sequence[Line], harmonic: bool, recording: Recording, channel: int) -> Hum:
    """Measure tones in frames of half a second.

    The power of a sine is 2 sum |X|² / (N sum w²) over its bins; what the noise adds to these is taken from
    its neighbours, whose median is ln 2 times the mean of noise. So a gust neither adds to a tone's level nor
    hides that it is there, and a tone that comes and goes has the level that it has while it is there.
    """
    length = min(2 * max(round(FRAME_SECONDS * recording.sample_rate / 2), 1), recording.frames)
    fourier = ShortTimeFourier(length, max(length // 2, 1), hann(length), padded=False)
    bins = np.round(np.array([tone.frequency for tone in tones]) * length / recording.sample_rate).astype(int)
    power, noise, sounds = (
        np.concatenate(parts) for parts in zip(*_powers(fourier, recording, channel, bins), strict=True)
    )
    above = (power / np.maximum(noise, np.finfo(np.float64).tiny)).max(axis=1)
    heard = (above > HEARD_ABOVE) & sounds
    own = (power - noise).sum(axis=1)
    share = float(heard.sum() / sounds.sum())
    if not heard.any() or np.median(above[heard]) < CLEARLY_ABOVE:
        # One that is faint passes the noise only now and then, and is no weaker in between.
        share = 1.0
    mean = own[heard if share < ALWAYS else sounds].mean()
    level = 10 * np.log10(mean) if mean > 0 and heard.any() else _level(tones)
    return Hum(
        frequency=tones[0].frequency,
        highest=tones[-1].frequency,
        tones=len(tones),
        harmonic=harmonic,
        strongest=max(tones, key=lambda tone: tone.level).frequency,
        level=float(level),
        share=share if share < ALWAYS else 1.0,
    )


def _powers(
    fourier: ShortTimeFourier, recording: Recording, channel: int, bins: npt.NDArray[np.intp]
) -> Iterator[tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]]:
    """Power and noise in the bins of each tone, (frames, tones), and which frames hold any sound."""
    to_mean_square = 2 / (fourier.n_fft * float(np.sum(fourier.window.astype(np.float64) ** 2)))
    around = np.array([*(-step for step in AROUND), *AROUND])
    for _, spectra in fourier.batches(recording):
        periodograms = _periodograms(spectra[channel])
        own = _at(periodograms, bins, np.arange(-BESIDE, BESIDE + 1)).sum(axis=-1)
        noise = np.median(_at(periodograms, bins, around), axis=-1) / np.log(2) * (2 * BESIDE + 1)
        yield to_mean_square * own, to_mean_square * noise, np.asarray(periodograms.any(axis=1))


def _periodograms(spectra: Spectra) -> FloatArray:
    return np.asarray(spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2)


def _at(periodograms: FloatArray, bins: npt.NDArray[np.intp], offsets: npt.NDArray[np.intp]) -> FloatArray:
    """What lies in bins and beside them, of shape (frames, tones, offsets)."""
    places = np.clip(bins[:, np.newaxis] + offsets, 0, periodograms.shape[1] - 1)
    return np.asarray(periodograms[:, places])


def _level(lines: Sequence[Line]) -> float:
    return float(10 * np.log10(sum(10 ** (line.level / 10) for line in lines)))
