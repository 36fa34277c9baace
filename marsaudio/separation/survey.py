"""One look over a recording before anything is learned from it: peak, equal channels, muted parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier

STRETCH_SECONDS = 0.01
# A microphone's own noise does not fall by this much; a fader, a mute or a codec's padding does.
MUTED_BELOW_MEDIAN_DB = 30.0


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
    """

    peak: float
    equal_channels: bool
    stretch: int
    activity: npt.NDArray[np.float64]

    def muted(self, channel: int) -> npt.NDArray[np.bool_]:
        """Which stretches of a channel are digital silence or faded far below the recording's own noise."""
        activity = self.activity[channel]
        alive = activity[activity > 0]
        if alive.size == 0:
            return np.ones(activity.shape, dtype=bool)
        return np.asarray(activity <= np.median(alive) * 10 ** (-MUTED_BELOW_MEDIAN_DB / 10))

    def is_sounding(
        self, channel: int, starts: npt.NDArray[np.intp], stops: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.bool_]:
        """Whether the samples from each start up to each stop of a channel touch no muted stretch."""
        muted = self.muted(channel)
        before = np.concatenate([[0], np.cumsum(muted)])  # muted stretches before each stretch
        first = np.clip(starts // self.stretch, 0, muted.size)
        last = np.clip(-(-stops // self.stretch), 0, muted.size)
        return np.asarray(before[last] == before[first])


def survey(source: SampleSource) -> Survey:
    """Read a source once, front to back."""
    stretch = max(round(STRETCH_SECONDS * source.sample_rate), 2)
    peak, equal = 0.0, True
    parts = []
    for block in _whole_stretches(source, stretch):
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        equal = equal and bool((block[1:] == block[0]).all())
        pieces = block[:, : block.shape[1] // stretch * stretch].reshape(len(block), -1, stretch)
        if pieces.shape[1]:
            parts.append(np.square(np.diff(pieces, axis=-1), dtype=np.float64).mean(axis=-1))
    activity = np.concatenate(parts, axis=1) if parts else np.ones((source.channels, 1))
    return Survey(peak, equal, stretch, activity)


def usable_frames(
    looked: Survey, channel: int, fourier: ShortTimeFourier, frames: int
) -> npt.NDArray[np.bool_]:
    """Which frames of the transform hold nothing but sound: no muted stretch, no end of the recording."""
    count = fourier.frame_count(frames)
    starts = fourier.first_start + fourier.hop_length * np.arange(count)
    inside = (starts >= 0) & (starts + fourier.n_fft <= frames)
    return np.asarray(inside & looked.is_sounding(channel, starts, starts + fourier.n_fft))


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
