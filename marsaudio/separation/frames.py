"""The frames that a recording is looked at in, at its own rate and at the lower one of the wind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.separation.bands import HighBands
from marsaudio.separation.low_band import HIGHEST_WIND, Resampler
from marsaudio.separation.survey import Silence, silences_between
from marsaudio.spectra.stft import OneChannelOf, Samples, ShortTimeFourier, Spectra, hann

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

FRAME_SECONDS = 0.34  # long enough to tell lines some 10 Hz apart, short enough to follow gusts
SHORT_FRAMES = 7  # half overlapping, in a frame four times as long
SHORT_FRAMES_BEFORE = 5  # in the first frame, before the first short one that reaches the recording
FRAMES_PER_INDEPENDENT = 3.0  # Hann frames at a quarter hop: about one in three is independent


@dataclass(frozen=True)
class Transforms:
    """The frames of a recording at its own rate, and the same moments at the lower one of the wind.

    Attributes
    ----------
    resampler : Resampler
    full, low : ShortTimeFourier
        At the two rates, of the same moments.
    short : ShortTimeFourier
        At the full rate, frames a quarter as long, half overlapping: seven of them make up a frame.
    low_short : ShortTimeFourier
        As long as those at the lower rate, at a quarter hop.
    """

    resampler: Resampler
    full: ShortTimeFourier
    low: ShortTimeFourier
    short: ShortTimeFourier
    low_short: ShortTimeFourier

    @classmethod
    def at(cls, sample_rate: float) -> Transforms:
        """Hann frames of about a third of a second at a quarter hop, of a length that transforms quickly."""
        import scipy.fft

        resampler = Resampler.for_wind(sample_rate)
        quarter = int(scipy.fft.next_fast_len(round(FRAME_SECONDS / 16 * resampler.low_rate), real=True))
        hop = 4 * max(quarter, 1)
        step = hop * resampler.factor
        return cls(
            resampler,
            full=ShortTimeFourier(4 * step, step, hann(4 * step), padded=True),
            low=ShortTimeFourier(4 * hop, hop, hann(4 * hop), padded=True),
            short=ShortTimeFourier(step, step // 2, hann(step), padded=True),
            low_short=ShortTimeFourier(hop, hop // 4, hann(hop), padded=True),
        )

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
        """The bands above these frequencies, of the short frames."""
        frequencies = self.short.frequencies(self.resampler.sample_rate)
        return HighBands(int(np.searchsorted(frequencies, HIGHEST_WIND, side="right")), self.short.bins)

    @property
    def high_edges(self) -> FloatArray:
        """Of those bands, in Hz."""
        spacing = self.resampler.sample_rate / self.short.n_fft
        return np.append(self.high.first, self.short.bins) * spacing

    def density(self, spectra: Spectra, fourier: ShortTimeFourier) -> Float32Array:
        """Periodograms in full scale squared per hertz, one-sided: 2 |X|² / (f_s sum w²)."""
        rate = self.resampler.low_rate if fourier is self.low else self.resampler.sample_rate
        energy = float(np.sum(fourier.window.astype(np.float64) ** 2))
        power = np.square(spectra.real)
        power += np.square(spectra.imag)
        power *= np.float32(2 / (rate * energy))
        return power

    def first_short_frame(self, frame: int) -> int:
        """The number of the first short frame in a frame."""
        return 2 * frame

    def short_frame_at(self, middles: FloatArray) -> FloatArray:
        """The number, with fractions, of the short frames with given middles, in samples at the low rate."""
        return np.asarray(middles / (self.low.hop_length / 2) + SHORT_FRAMES_BEFORE)

    def whole_frames(self, short_power: Float32Array) -> FloatArray:
        """The power in whole frames, from that in the short ones within them.

        P(t) = sum_i w_i² P(t, i) / sum_i w_i², i = 1 to 7, with the window w_i of the whole frame in the
        middle of the short one: a quarter of the transforms' length tells bands of a tenth of an octave as
        well, for less work.

        Source: P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE
        Trans. Audio Electroacoust. 15 (1967), doi:10.1109/TAU.1967.1161901.

        Returns
        -------
        ndarray of float64, shape (frames, high bands)
        """
        count = (len(short_power) - SHORT_FRAMES_BEFORE) // 2
        weights = np.sin(np.pi * np.arange(1, SHORT_FRAMES + 1) / (SHORT_FRAMES + 1)) ** 4
        parts = [weight * short_power[i : i + 2 * count : 2][:count] for i, weight in enumerate(weights)]
        return np.asarray(sum(parts) / weights.sum(), dtype=np.float64)

    @property
    def frames_a_second(self) -> float:
        """Frames of both rates."""
        return self.resampler.sample_rate / self.full.hop_length


@dataclass(frozen=True, eq=False)
class OneChannel(OneChannelOf):
    """One channel without its constant offset, and with bridges over digital silence, as a source.

    At the ends, where frames reach beyond the recording, an offset would be a step, and sound like wind. So
    it would beside digital silence, where what is slower than any wind breaks off as well: over silence, a
    straight line leads from the mean just before to the mean just after.

    Parameters
    ----------
    source : SampleSource
    channel : int
    offset : float
    silences : sequence of Silence
        In order.
    """

    channel: int
    offset: float
    silences: Sequence[Silence]

    def blocks(self, *, first: int = 0) -> Iterator[Samples]:
        """Give the channel's samples from one on."""
        place = first
        for block in self.source.blocks(first=first):
            part = block[self.channel : self.channel + 1]
            if self.offset:
                part = part - np.float32(self.offset)
            end = place + part.shape[1]
            inside = silences_between(self.silences, place, end)
            if inside and not self.offset:
                part = part.copy()
            for silence in inside:
                begin, stop = max(silence.start, place), min(silence.stop, end)
                part[:, begin - place : stop - place] = silence.bridge(begin, stop) - np.float32(self.offset)
            place = end
            yield part
