"""The two readings of a recording: learn what the rover and the wind are, then give the wind's samples.

Both work on any source of samples in blocks, a recording in memory or a file, on one grid of frames: so whole
or block by block, the numbers are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.formats import audio
from marsaudio.recording import Recording
from marsaudio.separation.gain import wind_spectra
from marsaudio.separation.lines import FRAMES_PER_INDEPENDENT, Line, LineRemoval, PhaseStatistics
from marsaudio.separation.machine import HighBands
from marsaudio.separation.model import HIGHEST_WIND, WindModel, fit, gather_periodograms, modelled_bins
from marsaudio.separation.survey import Coverage, survey
from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier, hann

logger = logging.getLogger("marsaudio")

FRAME_SECONDS = 0.34  # long enough to tell lines some 10 Hz apart, short enough to follow gusts
GRID_BITS = 24  # what float32 holds exactly


@dataclass(frozen=True)
class Plan:
    """All that the second reading of a recording needs."""

    fourier: ShortTimeFourier
    sources: tuple[OneChannel, ...]
    coverages: tuple[Coverage, ...]
    models: tuple[WindModel, ...]
    step: float

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the result must know, once each."""
        return tuple(dict.fromkeys(note for model in self.models for note in model.notes))


@dataclass(frozen=True)
class OneChannel:
    """One channel of a source without its constant offset, as a source.

    At the ends, where frames reach beyond the recording, an offset would be a step, and sound like wind.
    """

    source: SampleSource
    channel: int
    offset: float
    channels: int = 1

    @property
    def sample_rate(self) -> float:
        """Samples a second, in Hz."""
        return self.source.sample_rate

    @property
    def frames(self) -> int:
        """How many samples there are."""
        return self.source.frames

    def blocks(self) -> Iterator[Samples]:
        """Give the channel's samples."""
        for block in self.source.blocks():
            part = block[self.channel : self.channel + 1]
            yield part - np.float32(self.offset) if self.offset else part


def separation_transform(sample_rate: float) -> ShortTimeFourier:
    """Hann frames of about a third of a second at a quarter hop, of a length that transforms quickly."""
    import scipy.fft

    hop = max(int(scipy.fft.next_fast_len(round(FRAME_SECONDS / 4 * sample_rate), real=True)), 2)
    return ShortTimeFourier(4 * hop, hop, hann(4 * hop), padded=True)


def plan_separation(source: SampleSource, encoding: str | None, rover_noise: Recording | None) -> Plan:
    """Learn from a source what separating it needs."""
    fourier = separation_transform(source.sample_rate)
    looked = survey(source)
    reference = _reference_floor(rover_noise, source.sample_rate, fourier) if rover_noise else None
    channels = range(1 if looked.equal_channels else source.channels)
    coverages = tuple(looked.coverage(channel, fourier, source.frames) for channel in channels)
    sources = tuple(OneChannel(source, channel, looked.offset(channel)) for channel in channels)
    models = tuple(_learn(one, coverage, reference) for one, coverage in zip(sources, coverages, strict=True))
    notes = {note for model in models for note in model.notes}
    for note in sorted(notes):
        logger.warning("%s", note)
    return Plan(fourier, sources, coverages, models, grid_step(encoding, looked.peak))


def _learn(source: SampleSource, coverage: Coverage, reference: npt.NDArray[np.float64] | None) -> WindModel:
    """Find the lines of one channel, then its floor and wind without them."""
    fourier = coverage.fourier
    lines = find_lines(source, coverage)
    bins = modelled_bins(fourier, source.sample_rate)
    high = HighBands(bins, fourier.bins)
    removal = line_removal([line.frequency for line in lines], source.sample_rate, coverage)
    cleaned = removal.clean(fourier.batches(source))
    periodograms, high_power = gather_periodograms(cleaned, coverage.usable, bins, high)
    return fit(
        periodograms,
        fourier.frequencies(source.sample_rate)[:bins],
        lines,
        high=high,
        high_power=high_power,
        # Of columns that are means of many frames, each is independent.
        independent=min(int(coverage.usable.sum()) / FRAMES_PER_INDEPENDENT, len(periodograms)),
        reference=None if reference is None else reference[:bins],
    )


def find_lines(source: SampleSource, coverage: Coverage) -> list[Line]:
    """The lines of a source of one channel."""
    statistics = PhaseStatistics(coverage.fourier)
    statistics.add(coverage.fourier.batches(source), coverage.usable)
    return statistics.lines(source.sample_rate)


def line_removal(frequencies: Iterable[float], sample_rate: float, coverage: Coverage) -> LineRemoval:
    """The removal of those lines that lie where wind is looked for; above, all is the rover's anyway."""
    within = [frequency for frequency in frequencies if frequency <= HIGHEST_WIND]
    return LineRemoval(within, coverage.fourier, sample_rate, coverage)


@dataclass(frozen=True)
class ToneFreeChannel:
    """One channel of a source with its lines subtracted, as a source."""

    source: OneChannel
    coverage: Coverage
    line_frequencies: list[float]
    channels: int = 1

    @property
    def sample_rate(self) -> float:
        """Samples a second, in Hz."""
        return self.source.sample_rate

    @property
    def frames(self) -> int:
        """How many samples there are."""
        return self.source.frames

    def blocks(self) -> Iterator[Samples]:
        """Give the samples without the lines."""
        removal = line_removal(self.line_frequencies, self.sample_rate, self.coverage)
        fourier = self.coverage.fourier
        return fourier.inverse(removal.clean(fourier.batches(self.source)), self.frames)


def tone_free_channels(
    source: SampleSource, line_frequencies: list[list[float]] | None = None
) -> list[ToneFreeChannel]:
    """The distinct channels of a source without their lines, which are found where they are not given."""
    fourier = separation_transform(source.sample_rate)
    looked = survey(source)
    channels = []
    for number in range(1 if looked.equal_channels else source.channels):
        one = OneChannel(source, number, looked.offset(number))
        coverage = looked.coverage(number, fourier, source.frames)
        if line_frequencies is None:
            frequencies = [line.frequency for line in find_lines(one, coverage)]
        else:
            frequencies = line_frequencies[number]
        channels.append(ToneFreeChannel(one, coverage, frequencies))
    return channels


def _reference_floor(
    rover_noise: Recording, sample_rate: float, fourier: ShortTimeFourier
) -> npt.NDArray[np.float64]:
    """The mean periodogram of a recording of the rover alone, over its channels and usable frames."""
    if rover_noise.sample_rate != sample_rate:
        raise ParameterError(
            f"rover_noise is at {rover_noise.sample_rate:g} Hz, the recording at {sample_rate:g} Hz. Use a "
            "reference of the same microphone, or resample it first."
        )
    looked = survey(rover_noise)
    total, count = np.zeros(fourier.bins), 0
    for channel in range(1 if looked.equal_channels else rover_noise.channels):
        one = OneChannel(rover_noise, channel, looked.offset(channel))
        coverage = looked.coverage(channel, fourier, rover_noise.frames)
        # Without its lines, as the recording's own floor will be.
        lines = [line.frequency for line in find_lines(one, coverage)]
        for first, spectra in line_removal(lines, sample_rate, coverage).clean(fourier.batches(one)):
            chosen = spectra[0, coverage.usable[first : first + spectra.shape[1]]]
            total += np.square(np.abs(chosen), dtype=np.float64).sum(axis=0)
            count += len(chosen)
    if count == 0:
        raise ParameterError(
            f"rover_noise lasts {rover_noise.duration:.3f} s, too short to learn from. Give at least "
            f"{2 * fourier.n_fft / sample_rate:.1f} s without digital silence."
        )
    return total / count


def wind_blocks(source: SampleSource, plan: Plan) -> Iterator[tuple[Samples, Samples]]:
    """Read a source again: its samples and the wind in them, block by block, on the grid of its steps."""
    winds = [_wind_samples(plan, channel) for channel in range(len(plan.models))]
    samples = _Cutter(source.blocks())
    for parts in zip(*winds, strict=True):
        wind = np.concatenate(parts, axis=0) if len(parts) > 1 else parts[0]
        if len(wind) < source.channels:
            wind = np.repeat(wind, source.channels, axis=0)
        yield samples.take(wind.shape[1]), np.asarray(np.rint(wind / plan.step) * plan.step, dtype=np.float32)


def _wind_samples(plan: Plan, channel: int) -> Iterator[Samples]:
    source, model, coverage = plan.sources[channel], plan.models[channel], plan.coverages[channel]
    removal = line_removal([line.frequency for line in model.lines], source.sample_rate, coverage)
    spectra = removal.clean(plan.fourier.batches(source))
    return plan.fourier.inverse(wind_spectra(spectra, model, coverage.share), source.frames)


def grid_step(encoding: str | None, peak: float) -> float:
    """The step that one stem is rounded to, so that the other is one exact subtraction.

    For 8- to 24-bit integers their own step; else 2**-23 of the peak, rounded up to a power of two: on that
    grid every 24-bit recording's samples lie too, and float32 holds each sum exactly.
    """
    bits = audio.INTEGER_BITS.get(encoding or "", GRID_BITS + 1)
    if bits <= GRID_BITS:
        return float(2.0 ** (1 - bits))
    exponent = np.ceil(np.log2(peak)) if peak > 0 else 0.0
    return float(2.0 ** (exponent - GRID_BITS + 1))


class _Cutter:
    """A stream of blocks, cut again to the lengths that are asked for."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._held: list[Samples] = []
        self._length = 0

    def take(self, length: int) -> Samples:
        while self._length < length:
            block = next(self._blocks)
            self._held.append(block)
            self._length += block.shape[1]
        joined = self._held[0] if len(self._held) == 1 else np.concatenate(self._held, axis=1)
        self._held = [joined[:, length:]]
        self._length -= length
        return joined[:, :length]
