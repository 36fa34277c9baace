"""The rover's hum, as one would name it: the loudest of its machines, by the tones of its sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marsaudio.separation.families import find_families
from marsaudio.separation.lines import Line, distinct_lines
from marsaudio.separation.model import WindModel

NEAR_HZ = 1.0  # from section to section a machine's speed wanders by less


@dataclass(frozen=True)
class Hum:
    """The tones that go together and are the loudest, or one tone where none go together.

    Attributes
    ----------
    frequency : float
        Of the lowest of them, in Hz.
    tones : int
        How many there are.
    harmonic : bool
        The others are multiples of the lowest.
    strongest : float
        The frequency of the strongest of them, in Hz.
    level : float
        Of all of them together, in dB re full scale: their powers are added.
    share : float
        In what share of the time, from 0 to 1, one of them or more was found.
    """

    frequency: float
    tones: int
    harmonic: bool
    strongest: float
    level: float
    share: float


def find_hum(models: Sequence[WindModel]) -> Hum | None:
    """Find the hum in what a separation has learned.

    Of several channels, the one whose hum is loudest counts.

    Parameters
    ----------
    models : sequence of WindModel
        `marsaudio.Stems.models`: their lines reach up to 4 kHz.

    Returns
    -------
    Hum or None
        None where no tone was found.

    Examples
    --------
    >>> import marsaudio as ma
    >>> from marsaudio.separation.hum import find_hum
    >>> round(find_hum(ma.separate(ma.load("sample")).models).frequency, 1)
    195.1
    """
    channels = sorted({model.channel for model in models})
    hums = [_of_channel([model for model in models if model.channel == channel]) for channel in channels]
    return max((hum for hum in hums if hum is not None), key=lambda hum: hum.level, default=None)


def _of_channel(models: Sequence[WindModel]) -> Hum | None:
    lines = distinct_lines(line for model in models for line in model.lines)
    if not lines:
        return None
    _, families = find_families(lines)
    loudest = max(families, key=lambda family: _level(family.lines), default=None)
    tones: Sequence[Line] = (max(lines, key=lambda line: line.level),)
    if loudest is not None and _level(loudest.lines) >= _level(tones):
        tones = loudest.lines
    seconds = [model.stop - model.start for model in models]
    heard = [any(_is_one_of(line, tones) for line in model.lines) for model in models]
    return Hum(
        frequency=tones[0].frequency,
        tones=len(tones),
        harmonic=len(tones) > 1 and loudest is not None and loudest.harmonics[0] == 1,
        strongest=max(tones, key=lambda line: line.level).frequency,
        level=_level(tones),
        share=float(np.dot(seconds, heard) / np.sum(seconds)),
    )


def _level(lines: Sequence[Line]) -> float:
    return float(10 * np.log10(sum(10 ** (line.level / 10) for line in lines)))


def _is_one_of(line: Line, tones: Sequence[Line]) -> bool:
    return any(abs(line.frequency - tone.frequency) < NEAR_HZ for tone in tones)
