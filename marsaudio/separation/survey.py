"""One look over a recording before anything is learned from it: peak, equal channels, muted parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.separation.clicks import Ranges, find_clicks
from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier

STRETCH_SECONDS = 0.01
ROUGHNESS_RATE = 8000.0  # Hz; twice the frequency at which clicks are looked for
SHORT_STRETCHES = 5  # in a stretch: two milliseconds tell clicks
# What leads out of digital silence or into it, such as a fade, is this much fainter than the sound itself.
FADE_BELOW_MEDIAN_DB = 30.0
FADE_SECONDS = 0.5


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

    def muted(self, channel: int) -> npt.NDArray[np.bool_]:
        """Which stretches of a channel are digital silence, or a fade of up to half a second beside it.

        Silence is a stretch in which no sample differs from the one before: no microphone gives that. A quiet
        moment, however faint beside a gust, is none.
        """
        activity = self.activity[channel]
        silent = activity == 0
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
        """The constant offset of a channel: the mean of what is not muted."""
        sounding = ~self.muted(channel)
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
    peak, equal = 0.0, True
    activity, means, roughness = [], [], []
    for block in _whole_stretches(source, stretch):
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        equal = equal and bool((block[1:] == block[0]).all())
        pieces = block[:, : block.shape[1] // stretch * stretch].reshape(len(block), -1, stretch)
        if pieces.shape[1]:
            activity.append(np.square(np.diff(pieces, axis=-1), dtype=np.float64).mean(axis=-1))
            roughness.append(_roughness(pieces.reshape(len(block), -1, short), source.sample_rate))
            means.append(pieces.mean(axis=-1, dtype=np.float64))
    if not activity:  # shorter than a stretch
        activity, means = [np.ones((source.channels, 1))], [np.zeros((source.channels, 1))]
        roughness = [np.ones((source.channels, 1), dtype=np.float32)]
    return Survey(
        peak,
        equal,
        stretch,
        np.concatenate(activity, axis=1),
        np.concatenate(means, axis=1),
        short,
        np.concatenate(roughness, axis=1),
    )


def _roughness(pieces: Samples, sample_rate: float) -> npt.NDArray[np.float32]:
    """Mean square of the fourth difference over d samples: its gain 16 sin(pi f d / f_s)**4 peaks at 4 kHz.

    At a rate of f_s, d = f_s / 8 kHz, but at least a sample. At 250 Hz it is 81 dB less, so that a gust does
    not pass for a click.
    """
    distance = max(round(sample_rate / ROUGHNESS_RATE), 1)
    if pieces.shape[-1] <= 4 * distance:  # at rates below some 2.5 kHz nothing tells a click
        return np.ones(pieces.shape[:-1], dtype=np.float32)
    for _ in range(4):
        pieces = pieces[..., distance:] - pieces[..., :-distance]
    return np.asarray(np.square(pieces).mean(axis=-1), dtype=np.float32)


def _whole_stretches(source: SampleSource, stretch: int) -> Iterator[Samples]:
    """Blocks that hold whole stretches, so that no stretch is cut by the way the samples arrive."""
    rest = np.zeros((source.channels, 0), dtype=np.float32)
    for block in source.blocks():
        joined = np.concatenate([rest, block], axis=1) if rest.shape[1] else block
        whole = joined.shape[1] // stretch * stretch
        if whole:
            yield joined[:, :whole]
        rest = joined[:, whole:]
    if rest.shape[1]:
        yield rest
