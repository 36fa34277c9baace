"""How many events are found in rover noise without any wind, beside how many were asked for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from event_peers import PEERS, band_passed, ours
from rover_noise import ROVERS, rover_alone

from marsaudio import metrics

# False alarms a minute that are asked for, and between which rates the found one is to lie.
RATES = {0.1: (0.02, 0.2), 1.0: (0.5, 2.0)}
LENGTHS = (20.0, 60.0, 300.0)  # s; each for a third of the minutes
SAMPLE_RATE, OTHER_SAMPLE_RATE = 16000, 48000  # Hz; the second is slower, and for every tenth recording
OTHER_EVERY = 10

Counts = dict[float | str, int]


@dataclass(frozen=True)
class RoverRecording:
    """What `rover_alone` makes a recording from."""

    kind: str
    seconds: float
    seed: int
    sample_rate: int


def recordings_of(minutes: float, first_seed: int) -> list[RoverRecording]:
    """So many minutes of each kind of rover, in recordings of all lengths."""
    return [
        RoverRecording(
            kind, seconds, first_seed + number, SAMPLE_RATE if number % OTHER_EVERY else OTHER_SAMPLE_RATE
        )
        for kind in ROVERS
        for seconds in LENGTHS
        for number in range(max(round(minutes / len(LENGTHS) * 60 / seconds), 1))
    ]


def found_in(one: RoverRecording) -> Counts:
    """How many events there are in a recording, by the rate that is asked for, and by each peer."""
    logging.getLogger("marsaudio").setLevel(logging.ERROR)
    recording = rover_alone(one.kind, one.seconds, one.seed, one.sample_rate)
    samples = band_passed(recording)
    counts: Counts = {rate: metrics.false_alarms(ours(recording, rate), []) for rate in RATES}
    return counts | {name: metrics.false_alarms(peer(samples), []) for name, peer in PEERS.items()}


class FalseAlarms:
    """The counts in all recordings."""

    def __init__(self, recordings: Sequence[RoverRecording], counts: Sequence[Counts]) -> None:
        self._rows = list(zip(recordings, counts, strict=True))

    def count(self, kind: str, rate: float | str, seconds: float | None = None) -> tuple[int, float]:
        """How many there are, and in how many minutes; in the recordings of one length, or in all."""
        rows = [
            (one, counts) for one, counts in self._rows if one.kind == kind and seconds in (None, one.seconds)
        ]
        return sum(counts[rate] for _, counts in rows), sum(one.seconds for one, _ in rows) / 60

    def rate(self, kind: str, rate: float, seconds: float | None = None) -> metrics.FalseAlarmRate:
        """The rate that was found where `rate` was asked for, with its 95 % interval."""
        return metrics.false_alarms_per_minute(*self.count(kind, rate, seconds))

    def peer_rate(self, kind: str, peer: str) -> float:
        """How many events a minute a peer finds."""
        count, minutes = self.count(kind, peer)
        return count / minutes
