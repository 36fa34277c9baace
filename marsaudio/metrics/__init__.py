"""How good a separation or a detection is, against a known truth: one function each."""

from marsaudio.metrics.events import (
    EventScores,
    FalseAlarmRate,
    Interval,
    event_scores,
    event_scores_by_collar,
    false_alarms,
    false_alarms_per_minute,
    intersection_over_union,
)
from marsaudio.metrics.separation import line_suppression, sdr, si_sdr

__all__ = [
    "EventScores",
    "FalseAlarmRate",
    "Interval",
    "event_scores",
    "event_scores_by_collar",
    "false_alarms",
    "false_alarms_per_minute",
    "intersection_over_union",
    "line_suppression",
    "sdr",
    "si_sdr",
]
