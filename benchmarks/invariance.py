"""Whether the same sound has the same events when it is louder, fainter, or of another sample rate."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from event_peers import Interval, ours
from event_scenes import SCENES

import marsaudio as ma

SNR_DB = 12.0


@dataclass(frozen=True)
class Variation:
    """What became of a scene's events: the largest move of an edge in s, NaN if not as many were found."""

    name: str
    edge_move: float


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
    events = ours(recording)
    return [Variation(name, edge_move(events, ours(vary(recording)))) for name, vary in VARIED.items()]


def edge_move(before: list[Interval], after: list[Interval]) -> float:
    """The largest difference of two edges, in s; NaN where there are not as many events."""
    if len(before) != len(after):
        return float("nan")
    return float(np.abs(np.array(before) - np.array(after)).max()) if before else 0.0
