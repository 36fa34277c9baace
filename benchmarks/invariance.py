"""Whether the same sound has the same events when it is louder, fainter, or of another sample rate."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from event_peers import CHOSEN_RATE, Interval, ours
from event_scenes import SCENES
from sounds import Array

import marsaudio as ma
from marsaudio import metrics

SNR_DB = 12.0
INVARIANCE_RATES = (0.1, CHOSEN_RATE)  # false alarms a minute


@dataclass(frozen=True, eq=False)
class Variation:
    """What became of a scene's events when it was varied.

    Attributes
    ----------
    name : str
        What was done.
    rate : float
        The false alarms a minute that were asked for.
    moves : ndarray of float64, shape (2 * events in both,)
        How far each edge moved, in seconds.
    alone : int
        Events that were found only before or only after.
    """

    name: str
    rate: float
    moves: Array
    alone: int


def _louder(factor: float) -> Callable[[ma.Recording], ma.Recording]:
    return lambda recording: ma.Recording(recording.samples * np.float32(factor), recording.sample_rate)


def _at(rate: int) -> Callable[[ma.Recording], ma.Recording]:
    return lambda recording: recording.resample(rate)


VARIED: dict[str, Callable[[ma.Recording], ma.Recording]] = {
    "× 0.01": _louder(0.01),
    "× 10": _louder(10.0),
    "44.1 kHz": _at(44_100),
    "48 kHz": _at(48_000),
    "100 kHz": _at(100_000),
}


def variations(scene: str, seed: int) -> list[Variation]:
    """Vary one scene in all ways."""
    logging.getLogger("marsaudio").setLevel(logging.ERROR)
    recording = SCENES[scene](SNR_DB, seed).recording
    before = {rate: ours(recording, rate) for rate in INVARIANCE_RATES}
    return [
        variation(name, rate, before[rate], ours(changed, rate))
        for name, vary in VARIED.items()
        for changed in [vary(recording)]
        for rate in INVARIANCE_RATES
    ]


def variation(name: str, rate: float, before: list[Interval], after: list[Interval]) -> Variation:
    """Compare two lists of events, those that overlap by half."""
    scores = metrics.event_scores(after, before)
    errors = np.abs([*scores.onset_errors, *scores.offset_errors])
    return Variation(name, rate, errors, len(before) + len(after) - 2 * len(scores.matches))
