"""The frames that a recording is looked at in, at its own rate and at the lower one of the wind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import HighBands
from marsaudio.separation.low_band import HIGHEST_WIND, Resampler
from marsaudio.spectra.stft import OneChannelOf, Samples, ShortTimeFourier, Spectra, hann

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

FRAME_SECONDS = 0.34  # long enough to tell lines some 10 Hz apart, short enough to follow gusts
FRAMES_PER_INDEPENDENT = 3.0  # Hann frames at a quarter hop: about one in three is independent


@dataclass(frozen=True)
class Transforms:
    """The frames of a recording at its own rate, and the same moments at the lower one of the wind."""

    resampler: Resampler
    full: ShortTimeFourier
    low: ShortTimeFourier

    @classmethod
    def at(cls, sample_rate: float) -> Transforms:
        """Hann frames of about a third of a second at a quarter hop, of a length that transforms quickly."""
        import scipy.fft

        resampler = Resampler.for_wind(sample_rate)
        hop = max(int(scipy.fft.next_fast_len(round(FRAME_SECONDS / 4 * resampler.low_rate), real=True)), 2)
        step = hop * resampler.factor
        full = ShortTimeFourier(4 * step, step, hann(4 * step), padded=True)
        # Lines are followed over many frames, so that long batches save work there.
        low = ShortTimeFourier(4 * hop, hop, hann(4 * hop), padded=True, batch_samples=512 * 4 * hop)
        return cls(resampler, full, low)

    @property
    def bins(self) -> int:
        """How many bins lie at or below the highest frequency that wind is looked for at."""
        return len(self.frequencies)

    @cached_property
    def frequencies(self) -> FloatArray:
        """Of these bins, in Hz."""
        frequencies = self.low.frequencies(self.resampler.low_rate)
        return frequencies[frequencies <= HIGHEST_WIND]

    @cached_property
    def high(self) -> HighBands:
        """The bands above these bins, at the full rate."""
        return HighBands(self.bins, self.full.bins)

    def density(self, spectra: Spectra, *, low: bool) -> Float32Array:
        """Periodograms in full scale squared per hertz, one-sided: 2 |X|² / (f_s sum w²)."""
        fourier = self.low if low else self.full
        rate = self.resampler.low_rate if low else self.resampler.sample_rate
        energy = float(np.sum(fourier.window.astype(np.float64) ** 2))
        return np.asarray(
            (spectra.real**2 + spectra.imag**2) * np.float32(2 / (rate * energy)), dtype=np.float32
        )

    @property
    def frames_a_second(self) -> float:
        """Frames of both transforms."""
        return self.resampler.sample_rate / self.full.hop_length


@dataclass(frozen=True, eq=False)
class OneChannel(OneChannelOf):
    """One channel of a source without its constant offset, as a source.

    At the ends, where frames reach beyond the recording, an offset would be a step, and sound like wind.
    """

    channel: int
    offset: float

    def blocks(self) -> Iterator[Samples]:
        """Give the channel's samples."""
        for block in self.source.blocks():
            part = block[self.channel : self.channel + 1]
            yield part - np.float32(self.offset) if self.offset else part
