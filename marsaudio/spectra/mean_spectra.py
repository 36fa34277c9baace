"""Mean power spectral densities of a range of sound, one after the other, in one reading and flat memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from marsaudio.calibration import Calibration
from marsaudio.errors import ParameterError
from marsaudio.formats import audio
from marsaudio.loading import Loadable, of_part, open_sound
from marsaudio.recording import Recording, channels_are_equal
from marsaudio.source import Source, require_measurement
from marsaudio.spectra.spectrogram import scale_factors
from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier, SlidingRange, hann
from marsaudio.watching import Progress, watched

FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.17  # tells 20 from 30 Hz, where wind is strongest
MUTED_SECONDS = 0.01
FEWEST_MUTED = 8  # samples: a few of quiet sound may well be equal


@dataclass(frozen=True, eq=False)
class SoundRange:
    """A range of a source of samples, as a source, with what is known about it.

    Attributes
    ----------
    whole : SampleSource
    first, last : int
        Its samples are those from `first` up to `last`.
    known : Source
        Of the range.
    calibration : Calibration or None
    """

    whole: SampleSource
    first: int
    last: int
    known: Source
    calibration: Calibration | None

    @classmethod
    def of(
        cls,
        source: Loadable | Recording,
        start: float,
        stop: float | None,
        calibration: Calibration | None,
    ) -> Self:
        """Find the range of a recording, or of what `marsaudio.load` takes."""
        opened, known = open_sound(source)
        first, last = audio.frame_range(start, stop, opened.frames, opened.sample_rate, opened.name)
        known = of_part(known, (first, last), opened.info)
        require_measurement(known, calibration)
        own = source.calibration if isinstance(source, Recording) else None
        return cls(opened, first, last, known, calibration or own)

    @contextlib.contextmanager
    def watched(self, progress: Progress, what: str) -> Iterator[Self]:
        """The same range, which tells how much of it was read."""
        with watched(self.whole, progress, frames=self.frames, what=what) as whole:
            yield dataclasses.replace(self, whole=whole)

    @property
    def sample_rate(self) -> float:
        """Samples a second, in Hz."""
        return self.whole.sample_rate

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return self.whole.channels

    @property
    def frames(self) -> int:
        """How many samples each channel has."""
        return self.last - self.first

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    def blocks(self, *, first: int = 0) -> Iterator[Samples]:
        """Give the samples of the range from one on."""
        place = self.first + first
        for block in self.whole.blocks(first=place):
            part = block[:, : max(self.last - place, 0)]
            if part.shape[1]:
                yield part
            place += block.shape[1]
            if place >= self.last:
                return


class MeanSpectra:
    """Gives the mean power spectral density of each column, in full scale²/Hz, and of how many frames.

    A frame is in the column that its middle is in. Frames that touch digital silence are left out.

    Parameters
    ----------
    sound : SoundRange
    grid : ShortTimeFourier
    seconds : float
        From column to column.

    Raises
    ------
    ParameterError
        A column is shorter than half a frame.
    """

    def __init__(self, sound: SoundRange, grid: ShortTimeFourier, seconds: float) -> None:
        length = seconds * sound.sample_rate
        if not grid.hop_length <= length < np.inf:
            raise ParameterError(
                f"seconds={seconds!r} must be at least {grid.hop_length / sound.sample_rate:g} s, half a "
                f"frame of {grid.n_fft} samples. Take longer columns or shorter frames."
            )
        self._sound, self._grid = sound, grid
        middles = grid.n_fft / 2 + grid.hop_length * np.arange(grid.frame_count(sound.frames))
        self._column = (middles // length).astype(np.intp)
        self.count = int(self._column[-1]) + 1

    def __iter__(self) -> Iterator[tuple[FloatArray, int]]:
        factors = scale_factors(self._grid, self._sound.sample_rate, "psd")
        total, frames, current = np.zeros(self._grid.bins), 0, 0
        for first, power in self._powers():
            column = self._column[first : first + len(power)]
            sounding = power.any(axis=1)
            starts = np.flatnonzero(np.append(True, np.diff(column) > 0))
            sums = np.add.reduceat(power, starts, axis=0, dtype=np.float64)
            counts = np.add.reduceat(sounding, starts, dtype=np.intp)
            for number, part, count in zip(column[starts], sums, counts, strict=True):
                while current < number:
                    yield total * (factors / max(frames, 1)), frames
                    total, frames, current = np.zeros(self._grid.bins), 0, current + 1
                total += part
                frames += int(count)
        while current < self.count:
            yield total * (factors / max(frames, 1)), frames
            total, frames, current = np.zeros(self._grid.bins), 0, current + 1

    def _powers(self) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Squared magnitudes of all frames, means over the channels, batch by batch; 0 of muted ones."""
        grid, samples = self._grid, SlidingRange.of(self._sound)
        for first in range(0, len(self._column), grid.batch_size):
            last = min(first + grid.batch_size, len(self._column))
            stretch = samples.take(*grid.span(first, last))
            if channels_are_equal(stretch):
                stretch = stretch[:1]
            spectra = grid.transform(stretch)
            power = np.square(spectra.real)
            power += np.square(spectra.imag)
            mean = power[0] if len(power) == 1 else power.mean(axis=0, dtype=np.float32)
            mean[self._muted(stretch)] = 0.0
            yield first, mean

    def _muted(self, stretch: Samples) -> npt.NDArray[np.bool_]:
        """Which frames touch digital silence: about ten milliseconds in which no channel's sample changes."""
        hop = self._grid.hop_length
        parts = min(round(hop / (MUTED_SECONDS * self._sound.sample_rate)), hop // FEWEST_MUTED)
        if not parts:
            return np.zeros((stretch.shape[1] - self._grid.n_fft) // hop + 1, dtype=bool)
        length = hop // parts
        hops = stretch[:, : stretch.shape[1] // hop * hop].reshape(len(stretch), -1, hop)
        pieces = hops[..., : hop // length * length].reshape(*hops.shape[:2], -1, length)
        still = (pieces == pieces[..., :1]).all(axis=(0, 3)).any(axis=1)
        return np.asarray(still[:-1] | still[1:])[: (stretch.shape[1] - self._grid.n_fft) // hop + 1]


def half_overlapping_frames(sound: SoundRange, n_fft: int | None) -> ShortTimeFourier:
    """Half overlapping Hann frames."""
    if n_fft is None:
        n_fft = 2 ** max(round(np.log2(FRAME_SECONDS * sound.sample_rate)), 2)
        while n_fft > 4 and n_fft > sound.frames:
            n_fft //= 2
    if isinstance(n_fft, bool) or not isinstance(n_fft, int | np.integer) or not 4 <= n_fft <= sound.frames:
        raise ParameterError(
            f"n_fft={n_fft!r} must be a whole number from 4 to the {sound.frames} samples that there are."
        )
    return ShortTimeFourier(int(n_fft), int(n_fft) // 2, hann(int(n_fft)), padded=False)
