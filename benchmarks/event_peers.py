"""What finds gusts in the event benchmark: marsaudio, and what one would take without it.

Every peer is given the same samples: the recording's one channel, band-passed to 20-250 Hz at 1 kHz. It
returns the intervals that it finds, in seconds. The parameters of those called "chosen" are the best of a
grid, by the mean F1 over all kinds of scenes and all ratios, on other draws than those that are reported;
`python benchmarks/events.py --choose --seeds 6` finds them again. So is marsaudio's one parameter, the rate
of false alarms, beside its default.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np
import scipy.ndimage
import scipy.signal
from event_scenes import BAND, Interval
from sounds import Array

import marsaudio as ma

Peer = Callable[[Array], list[Interval]]

PEER_RATE = 1000  # Hz: four times the highest frequency of the band
FRAME, HOP = 250, 50  # samples: a quarter of a second, every 50 ms
FLOOR = 1e-20  # of the power of a frame, so that digital silence has a level
SMOOTHED_FRAMES = 11  # half a second
QUIET_QUANTILE, RISE_DB = 0.2, 3.0
LOW_QUANTILE = 0.25  # the median of the lower half

CHOSEN_RATE = 0.0001  # false alarms a minute
RATE_GRID = (0.0001, 0.001, 0.01, 0.1, 1.0)
CHOSEN_STA_LTA = {"sta": 0.25, "lta": 2.5, "on": 1.75, "off": 0.9}
CHOSEN_PELT = {"penalty": 37.5, "rise_db": 2.0}
STA_LTA_GRID = {
    "sta": (0.1, 0.25, 0.35, 0.5, 1.0),
    "lta": (1.25, 2.5, 5.0, 10.0, 20.0),
    "on": (1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0),
    "off": (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5),
}
PELT_GRID = {
    "penalty": (12.5, 25.0, 37.5, 50.0, 75.0, 100.0, 200.0, 400.0),
    "rise_db": (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0),
}


def ours(recording: ma.Recording, rate: float = 0.1) -> list[Interval]:
    """`marsaudio.detect_wind` with so many false alarms a minute asked for."""
    events = ma.detect_wind(recording, false_alarms_per_minute=rate, band=BAND)
    return [(event.start, event.end) for event in events]


def band_passed(recording: ma.Recording) -> Array:
    """What the peers look at (Butterworth, fourth order, forth and back)."""
    samples = recording.resample(PEER_RATE).samples[0].astype(np.float64)
    return scipy.signal.sosfiltfilt(
        scipy.signal.butter(4, BAND, "bandpass", fs=PEER_RATE, output="sos"), samples
    )


def sta_lta(samples: Array, *, sta: float, lta: float, on: float, off: float) -> list[Interval]:
    """The recursive ratio of short-term to long-term averages, with two thresholds (obspy)."""
    from obspy.signal.trigger import trigger_onset  # only here, so that the others work without the extra

    ratio = _sta_lta_ratio(samples.tobytes(), sta, lta)
    found = [(first / PEER_RATE, (last + 1) / PEER_RATE) for first, last in trigger_onset(ratio, on, off)]
    return [(float(start), float(end)) for start, end in found]


@functools.lru_cache(maxsize=16)
def _sta_lta_ratio(samples: bytes, sta: float, lta: float) -> Array:
    from obspy.signal.trigger import recursive_sta_lta

    return recursive_sta_lta(np.frombuffer(samples), round(sta * PEER_RATE), round(lta * PEER_RATE))


def pelt(samples: Array, *, penalty: float, rise_db: float) -> list[Interval]:
    """Changes of the level's mean by PELT (ruptures), and what lies above the quiet between them.

    `penalty` is in dB² a change. The quiet is the median of the lower half of all levels.
    """
    level = band_level(samples)
    bounds = [0, *_changes(level.tobytes(), penalty)]
    loud = np.zeros(len(level), dtype=bool)
    for first, stop in itertools.pairwise(bounds):
        loud[first:stop] = level[first:stop].mean() > np.quantile(level, LOW_QUANTILE) + rise_db
    return runs(loud)


@functools.lru_cache(maxsize=16)
def _changes(level: bytes, penalty: float) -> list[int]:
    import ruptures  # only here, so that the others work without the extra

    found: list[int] = ruptures.KernelCPD(kernel="linear", min_size=2).fit_predict(
        np.frombuffer(level)[:, None].copy(), pen=penalty
    )
    return found


def quantile_threshold(samples: Array) -> list[Interval]:
    """The level, smoothed over half a second, 3 dB above its own 20 % quantile."""
    level = scipy.ndimage.uniform_filter1d(band_level(samples), SMOOTHED_FRAMES)
    return runs(level > np.quantile(level, QUIET_QUANTILE) + RISE_DB)


def band_level(samples: Array) -> Array:
    """The mean square of frames, in dB."""
    powers = np.lib.stride_tricks.sliding_window_view(samples**2, FRAME)[::HOP].mean(axis=-1)
    return 10 * np.log10(powers + FLOOR)


def runs(loud: np.ndarray) -> list[Interval]:
    """Where frames are loud, half a hop around the centres of the first and the last one included."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    times = (edges * HOP + (FRAME - HOP) / 2) / PEER_RATE
    return [(float(start), float(end)) for start, end in times.reshape(-1, 2)]


def every(grid: dict[str, tuple[float, ...]]) -> Iterator[dict[str, float]]:
    """All combinations of a grid's values in which a trigger ends no higher than it begins."""
    for values in itertools.product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        if chosen.get("off", 0.0) <= chosen.get("on", np.inf):
            yield chosen


OURS, OURS_CHOSEN = "marsaudio", "marsaudio, chosen"
PEERS: dict[str, Peer] = {
    "STA/LTA 2.5/1.5": functools.partial(sta_lta, sta=0.5, lta=10.0, on=2.5, off=1.5),
    "STA/LTA, chosen": functools.partial(sta_lta, **CHOSEN_STA_LTA),
    "PELT, chosen": functools.partial(pelt, **CHOSEN_PELT),
    "3 dB over quantile": quantile_threshold,
}
TUNED = {"STA/LTA, chosen": (sta_lta, STA_LTA_GRID), "PELT, chosen": (pelt, PELT_GRID)}
