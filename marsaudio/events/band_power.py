"""The power of a band in short cells of time, and the spectrum there and above, without the rover's lines.

The bins of the band, and no others, go back to time (`BandToTime`): so a click, which fills all frequencies
for a few milliseconds, stays as short, and its cells can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.events.band_to_time import CELL_SECONDS, BandToTime, parts_of
from marsaudio.separation.bands import HighBands
from marsaudio.separation.low_band import HIGHEST_WIND
from marsaudio.separation.tone_free import ToneFreeChannel

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]
BoolArray = npt.NDArray[np.bool_]

MOST_PARTS = 128  # of the band: so many tell its spectrum, however wide it is
LOWEST_ABOVE = 1000.0  # Hz; broadband sound from here on is the rover's
BESIDE_CLICK_SECONDS = 0.01  # what a click spreads to in a band
BLOCK_SECONDS = 0.25  # that spectra are averaged over, so that an hour of them is small


@dataclass(frozen=True, eq=False)
class BlockSpectra:
    """Spectra over time, in blocks of about a quarter of a second.

    Attributes
    ----------
    times : ndarray of float64, shape (blocks,)
        The blocks' centres, in seconds.
    usable : ndarray of bool, shape (blocks,)
        Those in which some frame is sound from end to end; only these count.
    density : ndarray of float32, shape (blocks, parts)
        Power spectral density in parts of the band, in full scale squared per hertz, summed over channels.
    frequencies : ndarray of float64, shape (parts,)
        The parts' centres, in Hz.
    above : ndarray of float32, shape (blocks, bands)
        The density above the band, from 1 kHz on, in bands of a tenth of an octave.
    frequencies_above : ndarray of float64, shape (bands,)
        Their centres, in Hz.
    """

    times: FloatArray
    usable: BoolArray
    density: Float32Array
    frequencies: FloatArray
    above: Float32Array
    frequencies_above: FloatArray

    @property
    def spacing(self) -> float:
        """Width of a part, in Hz: of a band of one part, the distance of two bins or so."""
        return float(self.frequencies[1] - self.frequencies[0]) if len(self.frequencies) > 1 else 3.0

    def __add__(self, other: BlockSpectra) -> BlockSpectra:
        """The sum of two channels, each counting where it sounds."""
        return replace(
            self,
            usable=self.usable | other.usable,
            density=self.density + other.density,
            above=self.above + other.above,
        )


@dataclass(frozen=True, eq=False)
class BandPower:
    """The power of a band, in cells of 5 ms.

    Attributes
    ----------
    power : ndarray of float32, shape (cells,)
        Mean square in the band, summed over the channels that sound; 0 where none does.
    sounding : ndarray of float32, shape (cells,)
        How many channels are neither muted nor clicking.
    spectra : BlockSpectra
    """

    power: Float32Array
    sounding: Float32Array
    spectra: BlockSpectra

    def __add__(self, other: BandPower) -> BandPower:
        """The sum of two channels."""
        return replace(
            self,
            power=self.power + other.power,
            sounding=self.sounding + other.sounding,
            spectra=self.spectra + other.spectra,
        )


def measure_power(channel: ToneFreeChannel, band: tuple[float, float]) -> BandPower:
    """Measure the power of a band of a channel, and the spectrum there and above.

    Parameters
    ----------
    channel : ToneFreeChannel
    band : (low, high)
        In Hz.

    Returns
    -------
    BandPower

    Raises
    ------
    ParameterError
        The band holds no frequency of the frames.
    """
    fourier, rate = channel.fourier, channel.source.sample_rate
    bins = _bins_of(band, rate / fourier.n_fft)
    to_time = BandToTime(fourier, rate, bins, channel.source.frames)
    parts = _Parts(channel, bins)
    for _, clean, spectra in channel.batches():
        to_time.add(clean[:, bins])
        parts.add(clean, spectra)
    sounding = _sounding(channel, to_time)
    return BandPower(to_time.power() * sounding, sounding, parts.spectra())


def _bins_of(band: tuple[float, float], spacing: float) -> slice:
    first, last = int(np.ceil(band[0] / spacing)), int(np.floor(band[1] / spacing))
    if last < first:
        raise ParameterError(
            f"band=({band[0]:g}, {band[1]:g}) lies between two frequencies of the frames, which are "
            f"{spacing:g} Hz apart. Take a wider band."
        )
    return slice(first, last + 1)


class _Parts:
    """Sums bins into parts of the band and bands above it, and frames into blocks."""

    def __init__(self, channel: ToneFreeChannel, bins: slice) -> None:
        fourier, rate = channel.fourier, channel.source.sample_rate
        self._channel = channel
        self._bins = bins
        self._spacing = rate / fourier.n_fft
        self._scale = np.float32(2.0 / (rate * np.sum(fourier.window.astype(np.float64) ** 2)))
        count = bins.stop - bins.start
        self._first = np.arange(0, count, -(-count // MOST_PARTS))
        self._sizes = np.diff(np.append(self._first, count))
        self._lowest = max(LOWEST_ABOVE, (bins.stop - 1) * self._spacing)
        self._limit = int(min(HIGHEST_WIND, rate / 2) / self._spacing)
        self._above = HighBands(int(self._lowest / self._spacing) + 1, self._limit)
        self._usable = channel.coverage.usable
        self._together = max(round(BLOCK_SECONDS * rate / fourier.hop_length), 1)
        self._density = _BlockMeans(self._usable, self._together, len(self._first))
        self._density_above = _BlockMeans(self._usable, self._together, len(self._above.first))

    def add(self, clean: ComplexArray, spectra: ComplexArray) -> None:
        """Add the next frames, without lines and with them."""
        inside = _power(clean[:, self._bins]) * self._scale
        means = np.add.reduceat(inside, self._first, axis=1) / self._sizes
        self._density.add(np.asarray(means, dtype=np.float32))
        if len(self._above.first):
            higher = _power(spectra[:, self._above.first[0] : self._limit]) * self._scale
            self._density_above.add(np.asarray(self._above.mean(higher), dtype=np.float32))

    def spectra(self) -> BlockSpectra:
        """The spectra in blocks, once all frames were added."""
        channel = self._channel
        count = len(self._usable)
        transforms = channel.transforms
        high = (transforms.high_edges[:-1] + transforms.high_edges[1:]) / 2
        wanted = high > self._lowest
        higher = _BlockMeans(self._usable, self._together, int(wanted.sum()))
        higher.add(channel.high_power[:, wanted])
        edges = np.append(self._above.first, self._limit) * self._spacing
        centres = channel.fourier.centres(count, channel.source.sample_rate)
        starts = np.arange(0, count, self._together)
        return BlockSpectra(
            times=np.array([centres[start : start + self._together].mean() for start in starts]),
            usable=np.array(
                [self._usable[start : start + self._together].any() for start in starts], dtype=bool
            ),
            density=self._density.means(),
            frequencies=(self._bins.start + self._first + (self._sizes - 1) / 2) * self._spacing,
            above=np.concatenate([self._density_above.means(), higher.means()], axis=1),
            frequencies_above=np.concatenate([(edges[:-1] + edges[1:]) / 2, high[wanted]]),
        )


class _BlockMeans:
    """Means of rows over blocks of so many, of the usable ones alone; 0 where none is."""

    def __init__(self, usable: BoolArray, together: int, columns: int) -> None:
        self._usable = usable
        self._together = together
        self._sums = np.zeros((-(-len(usable) // together), columns), dtype=np.float32)
        self._place = 0

    def add(self, rows: Float32Array) -> None:
        """Add the next rows."""
        if not len(rows):
            return
        counted = rows * self._usable[self._place : self._place + len(rows), np.newaxis]
        starts = np.arange(-self._place % self._together, len(rows), self._together)
        if not len(starts) or starts[0] > 0:
            starts = np.append(0, starts)  # the rest of the block before
        first = self._place // self._together
        self._sums[first : first + len(starts)] += np.add.reduceat(counted, starts, axis=0)
        self._place += len(rows)

    def means(self) -> Float32Array:
        """The means, once all rows were added."""
        starts = np.arange(0, len(self._usable), self._together)
        counts = np.add.reduceat(self._usable.astype(np.float32), starts) if len(starts) else np.zeros(0)
        return np.asarray(self._sums / np.maximum(counts, 1)[:, np.newaxis], dtype=np.float32)


def _power(spectra: ComplexArray) -> Float32Array:
    return np.asarray(spectra.real**2 + spectra.imag**2)


def _sounding(channel: ToneFreeChannel, to_time: BandToTime) -> Float32Array:
    """1 where a cell is neither muted nor clicks, else 0."""
    sounding = np.empty(to_time.cells, dtype=np.bool_)
    for part in parts_of(to_time.cells):
        edges = np.arange(part.start, part.stop + 1) * CELL_SECONDS * channel.source.sample_rate
        starts, stops = np.floor(edges[:-1]).astype(np.intp), np.ceil(edges[1:]).astype(np.intp)
        sounding[part] = channel.coverage.is_sounding(starts, stops)
    for begin, end in channel.clicks / channel.transforms.resampler.sample_rate:
        first = int((begin - BESIDE_CLICK_SECONDS) // CELL_SECONDS)
        sounding[max(first, 0) : int((end + BESIDE_CLICK_SECONDS) // CELL_SECONDS) + 1] = False
    return np.asarray(sounding, dtype=np.float32)
