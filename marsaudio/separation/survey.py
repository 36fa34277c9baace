"""One look over a recording before anything is learned from it: peak, equal channels, muted parts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.formats.audio import BLOCK_FRAMES
from marsaudio.formats.encodings import FAINTEST_SAMPLE
from marsaudio.separation.clicks import Ranges, find_clicks
from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier, SlidingRange

Float32Array = npt.NDArray[np.float32]

STRETCH_SECONDS = 0.01
ROUGHNESS_RATE = 8000.0  # Hz; twice the frequency at which clicks are looked for
SHORT_STRETCHES = 5  # in a stretch: two milliseconds tell clicks
# What leads out of digital silence or into it, such as a fade, is this much fainter than the sound itself.
FADE_BELOW_MEDIAN_DB = 30.0
FADE_SECONDS = 0.5
BESIDE_SILENCE = 5  # stretches: long enough for wind to even out, short enough for what is slower
FAINTEST_PEAK = 1e-12
# Above all but the loudest tenth: 24 bits span no more than 150 dB, and a single damaged sample beyond would
# move the offset so far that the sound was rounded away beside it.
NO_SOUND_DB = 160.0


@dataclass(frozen=True)
class Silence:
    """Digital silence.

    Attributes
    ----------
    start, stop : int
        The first sample, and the one after the last.
    before, after : float
        The mean of the samples just before, and just after.
    """

    start: int
    stop: int
    before: float
    after: float

    def bridge(self, first: int, last: int) -> Float32Array:
        """A straight line from the one mean to the other, from sample `first` up to `last`."""
        share = (np.arange(first, last) + 0.5 - self.start) / (self.stop - self.start)
        return np.asarray(self.before + share * (self.after - self.before), dtype=np.float32)


def silences_between(silences: Sequence[Silence], first: int, last: int) -> Sequence[Silence]:
    """Those of some silences, in order, that reach into the samples from `first` up to `last`."""
    begin = bisect_right(silences, first, key=lambda silence: silence.stop)
    return silences[begin : bisect_left(silences, last, key=lambda silence: silence.start)]


@dataclass(frozen=True)
class Survey:
    """What one reading of a recording tells.

    Attributes
    ----------
    peak : float
        The largest magnitude of a sample.
    equal_channels : bool
        All channels hold the same samples: NASA's stereo files do.
    stretch : int
        Samples in a stretch of `activity`.
    activity : ndarray of float64, shape (channels, stretches)
        Mean square of the differences between neighbouring samples, which ignores a constant offset.
    means : ndarray of float64, shape (channels, stretches)
        Mean of the samples.
    short_stretch : int
        Samples in a stretch of `roughness`.
    roughness : ndarray of float32, shape (channels, short stretches)
        Mean square of what is left without low frequencies, as `_roughness` gives it.
    """

    peak: float
    equal_channels: bool
    stretch: int
    activity: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    short_stretch: int
    roughness: npt.NDArray[np.float32]

    def clicks(self, channel: int, sample_rate: float) -> Ranges:
        """Where clicks are in a channel: the first sample of each and the first after it."""
        return find_clicks(self.roughness[channel], self.short_stretch, sample_rate, peak=self.peak)

    def silent(self, channel: int) -> npt.NDArray[np.bool_]:
        """Which stretches of a channel are digital silence: no sample differs from the one before.

        All, where the whole recording is fainter than FAINTEST_SAMPLE.
        """
        return np.asarray((self.activity[channel] == 0) | self.too_faint)

    @property
    def too_faint(self) -> bool:
        """Whether there is sound, but all of it so faint that it counts as silence."""
        return 0 < self.peak < FAINTEST_SAMPLE

    def silences(self, channel: int) -> list[Silence]:
        """Digital silence in a channel, with the means of the stretches beside it."""
        silent, means = self.silent(channel), self.means[channel]
        if self.too_faint:
            # To the end, with what is shorter than a stretch, for nothing can be told from powers of 0.
            return [Silence(0, (len(silent) + 1) * self.stretch, 0.0, 0.0)]
        if silent.all():
            return []
        edges = np.diff(np.concatenate([[0], silent.astype(np.int8), [0]]))
        found = []
        for start, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
            before = means[max(start - BESIDE_SILENCE, 0) : start][
                ~silent[max(start - BESIDE_SILENCE, 0) : start]
            ]
            after = means[stop : stop + BESIDE_SILENCE][~silent[stop : stop + BESIDE_SILENCE]]
            found.append(
                Silence(
                    int(start) * self.stretch,
                    int(stop) * self.stretch,
                    float((before if len(before) else after).mean()),
                    float((after if len(after) else before).mean()),
                )
            )
        return found

    def muted(self, channel: int) -> npt.NDArray[np.bool_]:
        """Which stretches of a channel are digital silence, or a fade of up to half a second beside it.

        No microphone gives digital silence. A quiet moment, however faint beside a gust, is none.
        """
        activity, silent = self.activity[channel], self.silent(channel)
        if silent.all() or not silent.any():
            return np.asarray(silent)
        faint = activity <= np.median(activity[~silent]) * 10 ** (-FADE_BELOW_MEDIAN_DB / 10)
        muted = silent.copy()
        for _ in range(round(FADE_SECONDS / STRETCH_SECONDS)):
            beside = np.zeros_like(muted)
            beside[1:] |= muted[:-1]
            beside[:-1] |= muted[1:]
            muted |= beside & faint
        return np.asarray(muted)

    def offset(self, channel: int) -> float:
        """The constant offset of a channel: the mean of what is not muted, nor too loud to be sound."""
        sounding, activity = ~self.muted(channel), self.activity[channel]
        if sounding.any():
            loud = np.quantile(activity[sounding], 0.9, method="lower")
            sounding &= activity <= loud * 10 ** (NO_SOUND_DB / 10)
        return float(self.means[channel, sounding].mean()) if sounding.any() else 0.0

    def coverage(self, channel: int, fourier: ShortTimeFourier, frames: int, *, factor: int = 1) -> Coverage:
        """What part of each frame of a channel is sound, at a rate lowered by a whole factor."""
        return Coverage(fourier, frames, self.stretch // factor, self.muted(channel))


@dataclass(frozen=True, eq=False)
class Coverage:
    """What part of each frame of one channel is sound: not beyond an end, not muted.

    Attributes
    ----------
    fourier : ShortTimeFourier
    frames : int
        Samples in the channel.
    stretch : int
        Samples in a stretch of `muted`.
    muted : ndarray of bool, shape (stretches,)
    """

    fourier: ShortTimeFourier
    frames: int
    stretch: int
    muted: npt.NDArray[np.bool_]

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """The frames that are sound from end to end; only these count in statistics."""
        starts = self._starts()
        inside = (starts >= 0) & (starts + self.fourier.n_fft <= self.frames)
        return np.asarray(inside & self.is_sounding(starts, starts + self.fourier.n_fft))

    @cached_property
    def share(self) -> npt.NDArray[np.float64]:
        """The share of each frame's window energy that lies on sound, from 0 to 1."""
        energy = self.fourier.window.astype(np.float64) ** 2
        share = np.ones(len(self.usable))
        for frame in np.flatnonzero(~self.usable):
            share[frame] = energy[self.mask(int(frame))].sum() / energy.sum()
        return share

    def mask(self, frame: int) -> npt.NDArray[np.bool_]:
        """Which samples of a frame are sound, shape (n_fft,)."""
        number = self.fourier.first_start + frame * self.fourier.hop_length + np.arange(self.fourier.n_fft)
        stretch = np.clip(number // self.stretch, 0, self.muted.size - 1)
        return np.asarray((number >= 0) & (number < self.frames) & ~self.muted[stretch])

    def is_sounding(self, starts: npt.NDArray[np.intp], stops: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether the samples from each start up to each stop touch no muted stretch."""
        before = np.concatenate([[0], np.cumsum(self.muted)])  # muted stretches before each stretch
        first = np.clip(starts // self.stretch, 0, self.muted.size)
        last = np.clip(-(-stops // self.stretch), 0, self.muted.size)
        return np.asarray(before[last] == before[first])

    def _starts(self) -> npt.NDArray[np.intp]:
        count = self.fourier.frame_count(self.frames)
        return np.asarray(self.fourier.first_start + self.fourier.hop_length * np.arange(count))


def survey(source: SampleSource, factor: int = 1) -> Survey:
    """Read a source once, front to back, in stretches of a multiple of `factor` samples."""
    stretch = max(round(STRETCH_SECONDS * source.sample_rate / factor), 2) * factor
    short = next(n for n in range(max(stretch // SHORT_STRETCHES, 3), stretch + 1) if stretch % n == 0)
    samples = SlidingRange.of(source)
    size = max(BLOCK_FRAMES // stretch, 1) * stretch
    stretches = source.frames // stretch
    # What a block tells goes straight to its place: parts of each would leave holes between them in memory.
    activity, means = np.ones((2, source.channels, max(stretches, 1)))
    means[:, stretches:] = 0.0
    roughness = np.ones((source.channels, max(stretches * (stretch // short), 1)), dtype=np.float32)
    peak, equal_channels = 0.0, True
    for start in range(0, source.frames, size):
        block = samples.take(start, min(start + size, source.frames))
        look = _look(block, stretch=stretch, short=short, sample_rate=source.sample_rate)
        peak, equal_channels = max(peak, look.peak), equal_channels and look.equal_channels
        here = slice(start // stretch, start // stretch + look.activity.shape[1])
        activity[:, here], means[:, here] = look.activity, look.means
        roughness[:, start // short : start // short + look.roughness.shape[1]] = look.roughness
    return Survey(peak, equal_channels, stretch, activity, means, short, roughness)


@dataclass(frozen=True, eq=False)
class _Look:
    """What a block tells: its peak, whether its channels are equal, and activity, means and roughness."""

    peak: float
    equal_channels: bool
    activity: npt.NDArray[np.floating]
    means: Float32Array
    roughness: Float32Array


def _look(block: Samples, *, stretch: int, short: int, sample_rate: float) -> _Look:
    """Look at a block; what is beyond its whole stretches counts for the peak alone."""
    peak = max(float(block.max()), -float(block.min()))
    whole = block[:, : block.shape[1] // stretch * stretch]
    pieces = whole.reshape(len(block), -1, stretch)
    changes = np.diff(pieces, axis=-1)
    # Squares of what is so faint are nothing in single precision.
    kind = np.float32 if peak > FAINTEST_PEAK else np.float64
    activity = np.vecdot(changes, changes, dtype=kind) / (stretch - 1)
    equal = bool((block[1:] == block[0]).all())
    return _Look(peak, equal, activity, pieces.mean(axis=-1), _roughness(whole, short, sample_rate))


def _roughness(samples: Samples, stretch: int, sample_rate: float) -> Float32Array:
    """Mean square of the fourth difference over d samples: its gain 16 sin(pi f d / f_s)**4 peaks at 4 kHz.

    At a rate of f_s, d = f_s / 8 kHz, but at least a sample. At 250 Hz it is 81 dB less, so that a gust does
    not pass for a click.

    Returns
    -------
    ndarray of float32, shape (channels, stretches)
        Of what lies within each stretch.
    """
    distance = max(round(sample_rate / ROUGHNESS_RATE), 1)
    channels, count = len(samples), samples.shape[1] // stretch
    inside = stretch - 4 * distance
    if inside < 1 or not count:  # at rates below some 2.5 kHz nothing tells a click
        return np.ones((channels, count), dtype=np.float32)
    rough = np.zeros_like(samples)
    differences = samples
    for _ in range(4):
        differences = differences[:, distance:] - differences[:, :-distance]
    rough[:, : differences.shape[1]] = differences
    within = rough.reshape(channels, count, stretch)[..., :inside]
    return np.asarray(np.vecdot(within, within) / inside, dtype=np.float32)
