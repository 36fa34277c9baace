"""Clicks: found above the wind's frequencies, and taken out of the few milliseconds that they last.

Discharges and relays give bursts of a few milliseconds over many frequencies. A frame of the transform lasts
a hundred times longer, and what is done to all of it would leave a hole in the wind. So a click is cut out
in time before the model sees it, and stays with the rover; of what was under it, the low frequencies, where
wind is, are kept unless the click fills them, too.

Source: the detection by a running median of short-time power above the signal's band: S. V. Vaseghi and
P. J. W. Rayner, "Detection and suppression of impulsive noise in speech communication systems", IEE Proc. I
137 (1990), there with a predictor instead of differences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.spectra.stft import OneChannelOf, Samples, SlidingRange

FloatArray = npt.NDArray[np.float64]
Ranges = npt.NDArray[np.intp]

SURROUNDINGS_SECONDS = 0.5
START_DB = 10.0  # over the median of the surroundings: no noise does that by chance
FAINTEST_DB = 60.0  # below the peak
END_DB = 3.0  # the click goes on while its power stands out so far
LONGEST_SECONDS = 0.03  # what lasts longer is a machine at work
JOINED_SECONDS = 0.01  # clicks nearer to each other than this are one
MOST_OF_TIME = 0.05  # where more of the time is clicks, they are a machine at work, too
MARGIN_SECONDS = 0.001
SPLIT_SECONDS = 0.002  # length of the kernel that tells low frequencies from high: below some 600 Hz
SPLIT_HZ, ABOVE_HZ = 600.0, 900.0
SEGMENT = 2**17  # samples that are given at once
PART_SURROUNDINGS = 200  # so many surroundings are looked at at once


def find_clicks(power: npt.NDArray[np.floating], stretch: int, sample_rate: float, *, peak: float) -> Ranges:
    """Where clicks are, from the power of a high-passed channel in stretches of two milliseconds.

    A click starts where a stretch is 10 dB above the median of the half second around it, and lasts as long
    as its neighbours are 3 dB above; what lasts over 30 ms, or returns so often that it fills a twentieth of
    the time, is none. Nor is what stays 60 dB below the recording's peak, where samples are rounded.

    Parameters
    ----------
    power : ndarray, shape (stretches,)
        Of what is left without low frequencies.
    stretch : int
        Samples in a stretch.
    sample_rate : float
        In Hz.
    peak : float
        The largest magnitude of a sample.

    Returns
    -------
    ndarray of int, shape (clicks, 2)
        The first sample of each and the first after it, in order, apart from each other.
    """
    around = max(round(SURROUNDINGS_SECONDS * sample_rate / stretch), 3)
    longest = LONGEST_SECONDS * sample_rate / stretch
    loudest = peak**2 * 10 ** (-FAINTEST_DB / 10)
    firsts = range(0, len(power), PART_SURROUNDINGS * around)
    found = np.concatenate([_bursts(power, first, around, longest, loudest) for first in firsts]) * stretch
    margin = round(MARGIN_SECONDS * sample_rate)
    clicks = _joined(found + np.array([-margin, margin]), round(JOINED_SECONDS * sample_rate))
    clicks = clicks[clicks[:, 1] - clicks[:, 0] <= 2 * LONGEST_SECONDS * sample_rate]
    if (clicks[:, 1] - clicks[:, 0]).sum() > MOST_OF_TIME * len(power) * stretch:
        return np.zeros((0, 2), dtype=np.intp)
    return clicks


def _bursts(
    power: npt.NDArray[np.floating], first: int, around: int, longest: float, faintest: float
) -> Ranges:
    """The short bursts that begin in one part of the stretches, in stretches, shape (bursts, 2)."""
    # Of the parts before and after, more is looked at than a burst is long.
    begin, end = max(first - around, 0), min(first + (PART_SURROUNDINGS + 1) * around, len(power))
    here, quiet = power[begin:end], _median_around(power, begin, end, around)
    standing_out = (here > quiet * 10 ** (END_DB / 10)) & (quiet > 0)
    loud = (here > quiet * 10 ** (START_DB / 10)) & (here > faintest)
    edges = np.diff(np.concatenate([[0], standing_out.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    before = np.concatenate([[0], np.cumsum(loud)])
    is_burst = (before[stops] > before[starts]) & (stops - starts <= longest)
    is_burst &= (starts + begin >= first) & (starts + begin < first + PART_SURROUNDINGS * around)
    return np.stack([starts[is_burst], stops[is_burst]], axis=1) + begin


def _median_around(
    power: npt.NDArray[np.floating], begin: int, end: int, around: int
) -> npt.NDArray[np.floating]:
    """The median of the stretches around each of some, looked at anew every tenth of that time."""
    every = max(around // 10, 1)
    looks = np.arange(begin // every, -(-end // every)) * every + every // 2
    places = np.arange(looks[0] - around // 2, looks[-1] - around // 2 + around)
    nearby = power[np.clip(places, 0, len(power) - 1)]
    medians = np.median(np.lib.stride_tricks.sliding_window_view(nearby, around)[::every], axis=1)
    return np.repeat(medians, every)[begin % every :][: end - begin]


def _joined(ranges: Ranges, gap: int) -> Ranges:
    """Ranges with those joined that are nearer to each other than a gap."""
    joined: list[list[int]] = []
    for start, stop in ranges:
        if joined and start - joined[-1][1] < gap:
            joined[-1][1] = int(stop)
        else:
            joined.append([max(int(start), 0), int(stop)])
    return np.asarray(joined, dtype=np.intp).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class WithoutClicks(OneChannelOf):
    """One channel of a source without its clicks, as a source.

    Parameters
    ----------
    source : SampleSource
    clicks : ndarray of int, shape (clicks, 2)
        As `find_clicks` gives them, in the source's samples.
    """

    clicks: Ranges

    def blocks(self, *, first: int = 0) -> Iterator[Samples]:
        """Give the samples from one on."""
        if not len(self.clicks):
            yield from self.source.blocks(first=first)
            return
        half = round(SPLIT_SECONDS / 2 * self.sample_rate)
        reach = int((self.clicks[:, 1] - self.clicks[:, 0]).max()) + half + 1
        begun = first // SEGMENT * SEGMENT
        samples = SlidingRange.of(self.source, max(begun - reach, 0))
        for begin in range(begun, self.frames, SEGMENT):
            end = min(begin + SEGMENT, self.frames)
            widened = samples.take(begin - reach, end + reach)
            near = (self.clicks[:, 1] + half > begin) & (self.clicks[:, 0] - half < end)
            if near.any():
                widened = widened.copy()
            for start, stop in self.clicks[near] - (begin - reach):
                self._take_out(
                    widened[0], max(int(start), half + 1), min(int(stop), widened.shape[1] - half - 1)
                )
            yield widened[:, reach + max(first - begin, 0) : reach + end - begin]

    def _take_out(self, samples: npt.NDArray[np.float32], start: int, stop: int) -> None:
        """Replace, in place, what stands out of the straight line between both ends of a click."""
        if stop <= start:
            return
        line = np.linspace(samples[start - 1], samples[stop], stop - start + 2)[1:-1]
        burst = samples[start:stop] - line
        samples[start:stop] = line
        if not fills_low_frequencies(burst, self.sample_rate):
            half = round(SPLIT_SECONDS / 2 * self.sample_rate)
            kernel = np.hanning(2 * half + 3)[1:-1]
            samples[start - half : stop + half] += np.convolve(burst, kernel / kernel.sum()).astype(
                np.float32
            )


def fills_low_frequencies(burst: npt.NDArray[np.floating], sample_rate: float) -> bool:
    """Whether a burst below 600 Hz is mostly the click's, as its density up to 900 Hz lets expect."""
    count = max(4096, len(burst))
    spectrum = np.abs(np.fft.rfft(burst, count)) ** 2
    low, high = (round(edge * count / sample_rate) for edge in (SPLIT_HZ, ABOVE_HZ))
    if high >= len(spectrum) or high <= low:
        return False
    return bool(1.2 * spectrum[low:high].mean() * low > spectrum[:low].sum())
