"""The readings of a recording: look, listen for the rover, learn the wind, then give the wind's samples.

1. `survey`: what counts.
2. `listen`, on all of the spectrum: the rover's lines, and what there is above the wind's frequencies.
3. `learn`, on the part that wind can be in, at a lower rate: floor and wind, section by section.
4. `wind_blocks`, on the same part: the gain, and the wind's samples at the full rate.

All work on any source of samples in blocks, a recording in memory or a file, on one grid of frames: so whole
or block by block, the numbers are the same.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.formats import audio
from marsaudio.separation.bands import HighBands
from marsaudio.separation.clicks import WithoutClicks
from marsaudio.separation.gain import CONTEXT_FRAMES, Expected, expected, wind_gain
from marsaudio.separation.lines import LineRemoval, PhaseStatistics
from marsaudio.separation.low_band import HIGHEST_WIND, LowBand, Resampler
from marsaudio.separation.model import (
    FRAMES_PER_INDEPENDENT,
    RoverFloor,
    WindModel,
    fit,
    mean_columns,
)
from marsaudio.separation.sections import Section, find_sections
from marsaudio.separation.survey import Coverage, Survey, survey
from marsaudio.spectra.stft import Samples, SampleSource, ShortTimeFourier, Spectra, hann, with_context

logger = logging.getLogger("marsaudio")

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

FRAME_SECONDS = 0.34  # long enough to tell lines some 10 Hz apart, short enough to follow gusts
FADE_SECONDS = 10.0  # from one section's model to the next one's
LEAST_SHARE = 0.01  # a frame with less sound in it counts as having this much
GRID_BITS = 24  # what float32 holds exactly


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
        full, low = (
            ShortTimeFourier(4 * step, step, hann(4 * step), padded=True)
            for step in (hop * resampler.factor, hop)
        )
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


@dataclass(frozen=True, eq=False)
class Heard:
    """One channel of a source after the reading of all of its spectrum.

    Attributes
    ----------
    number : int
        Of the channel.
    channel : WithoutClicks
        The channel, without its offset and its clicks.
    low : LowBand
        The part of it that wind can be in.
    coverage : Coverage
        Of the frames at the lower rate.
    high_power : ndarray of float64, shape (frames, high bands)
        The power above the wind's frequencies.
    sections : tuple of Section
    """

    number: int
    channel: WithoutClicks
    low: LowBand
    coverage: Coverage
    high_power: FloatArray
    sections: tuple[Section, ...]

    def chosen(self, section: Section) -> BoolArray:
        """Which frames a section is learned from."""
        frames = np.arange(len(self.coverage.usable))
        return np.asarray(self.coverage.usable & section.holds(frames))

    def high_columns(self, chosen: BoolArray) -> FloatArray:
        """The power above the wind's frequencies in chosen frames, or in means over neighbouring ones."""
        return np.asarray(mean_columns([self.high_power[chosen]], int(chosen.sum())))


@dataclass(frozen=True, eq=False)
class ChannelPlan:
    """All that giving the wind of one channel needs."""

    heard: Heard
    models: tuple[WindModel, ...]
    transforms: Transforms

    @property
    def removals(self) -> list[LineRemoval]:
        """Of the lines of each section."""
        return [
            line_removal(
                [line.frequency for line in section.lines], self.heard.low.sample_rate, self.heard.coverage
            )
            for section in self.heard.sections
        ]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that giving the wind of a source needs."""

    channels: tuple[ChannelPlan, ...]
    step: float

    @property
    def models(self) -> tuple[WindModel, ...]:
        """What was learned, channel by channel and section by section."""
        return tuple(model for channel in self.channels for model in channel.models)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the result must know, once each."""
        return tuple(dict.fromkeys(note for model in self.models for note in model.notes))


def plan_separation(source: SampleSource, encoding: str | None, reference: RoverFloor | None) -> Plan:
    """Learn from a source what separating it needs."""
    transforms = Transforms.at(source.sample_rate)
    looked = survey(source, transforms.resampler.factor)
    channels = tuple(
        learn(listen(source, looked, number, transforms), transforms, reference)
        for number in range(1 if looked.equal_channels else source.channels)
    )
    plan = Plan(channels, grid_step(encoding, looked.peak))
    for note in sorted(plan.notes):
        logger.warning("%s", note)
    return plan


def listen(
    source: SampleSource, looked: Survey, number: int, transforms: Transforms, *, in_sections: bool = True
) -> Heard:
    """Read all of a channel's spectrum: its lines, section by section, and the power above the wind."""
    clicks = looked.clicks(number, source.sample_rate)
    channel = WithoutClicks(OneChannel(source, number, looked.offset(number)), clicks)
    count = transforms.full.frame_count(source.frames)
    full = looked.coverage(number, transforms.full, source.frames, factor=1)
    sections = [Section(0, count)]
    if in_sections:
        seconds = source.frames / source.sample_rate
        sections = find_sections(looked.activity[number], seconds, count)
    statistics = [PhaseStatistics(transforms.full) for _ in sections]
    high_power = np.zeros((count, len(transforms.high.first)))
    frames = np.arange(count)
    chosen = [full.usable & section.holds(frames) for section in sections]
    for first, spectra, core in with_context(transforms.full.batches(channel), statistics[0].context):
        here = slice(first + core.start, first + core.stop)
        above = transforms.density(spectra[0, core, transforms.bins :], low=False)
        share = np.maximum(full.share[here], LEAST_SHARE)
        high_power[here] = transforms.high.mean(above) / share[:, np.newaxis]
        for usable, statistic in zip(chosen, statistics, strict=True):
            if usable[here].any():
                statistic.add_frames(first, spectra[0], core, usable)
    low = LowBand(channel, transforms.resampler)
    return Heard(
        number=number,
        channel=channel,
        low=low,
        coverage=looked.coverage(number, transforms.low, low.frames, factor=transforms.resampler.factor),
        high_power=high_power,
        sections=tuple(
            dataclasses.replace(section, lines=tuple(statistic.lines(source.sample_rate)))
            for section, statistic in zip(sections, statistics, strict=True)
        ),
    )


def line_removal(frequencies: Iterable[float], sample_rate: float, coverage: Coverage) -> LineRemoval:
    """The removal of those lines that lie where wind is looked for; above, all is the rover's anyway."""
    within = [frequency for frequency in frequencies if frequency <= HIGHEST_WIND]
    return LineRemoval(within, coverage.fourier, sample_rate, coverage)


def periodograms_of(heard: Heard, transforms: Transforms, removals: list[LineRemoval]) -> list[Float32Array]:
    """The periodograms of the usable frames of each section, its lines taken out.

    Returns
    -------
    list of ndarray of float32, shape (columns, bins)
        Each frame's, or means over neighbouring frames where there are very many.
    """
    collected: list[list[Float32Array]] = [[] for _ in heard.sections]
    chosen = [heard.chosen(section) for section in heard.sections]
    for first, spectra, core in with_context(transforms.low.batches(heard.low), removals[0].context):
        here = slice(first + core.start, first + core.stop)
        for usable, removal, columns in zip(chosen, removals, collected, strict=True):
            if usable[here].any():
                rest = removal.clean_frames(first, spectra[0])[core][usable[here], : transforms.bins]
                columns.append(transforms.density(rest, low=True))
    nothing = np.zeros((0, transforms.bins), dtype=np.float32)
    return [
        np.asarray(mean_columns(columns or [nothing], int(usable.sum())), dtype=np.float32)
        for columns, usable in zip(collected, chosen, strict=True)
    ]


def learn(heard: Heard, transforms: Transforms, reference: RoverFloor | None) -> ChannelPlan:
    """Learn floor and wind of each section of a channel."""
    plan = ChannelPlan(heard, (), transforms)
    duration = heard.channel.frames / heard.channel.sample_rate
    models = []
    collected = periodograms_of(heard, transforms, plan.removals)
    for section, periodograms in zip(heard.sections, collected, strict=True):
        usable = heard.chosen(section)
        count = int(usable.sum())
        model = fit(
            periodograms,
            transforms.frequencies,
            heard.high_columns(usable),
            transforms.high,
            # Of columns that are means of many frames, each is independent.
            independent=min(count / FRAMES_PER_INDEPENDENT, len(periodograms)),
            reference=reference,
        )
        models.append(
            dataclasses.replace(
                model,
                lines=section.lines,
                channel=heard.number,
                start=section.first / transforms.frames_a_second,
                stop=min(section.last / transforms.frames_a_second, duration),
            )
        )
    return dataclasses.replace(plan, models=tuple(models))


def wind_blocks(source: SampleSource, plan: Plan) -> Iterator[tuple[Samples, Samples]]:
    """Read a source again: its samples and the wind in them, block by block, on the grid of its steps."""
    winds = [_wind_samples(channel) for channel in plan.channels]
    samples = _Cutter(source.blocks())
    for parts in zip(*winds, strict=True):
        wind = np.concatenate(parts, axis=0) if len(parts) > 1 else parts[0]
        if len(wind) < source.channels:
            wind = np.repeat(wind, source.channels, axis=0)
        yield samples.take(wind.shape[1]), np.asarray(np.rint(wind / plan.step) * plan.step, dtype=np.float32)


def _wind_samples(plan: ChannelPlan) -> Iterator[Samples]:
    low = plan.heard.low
    spectra = ((first, wind[np.newaxis]) for first, wind in wind_spectra(plan))
    return low.resampler.raise_again(
        plan.transforms.low.inverse(spectra, low.frames), plan.heard.channel.frames
    )


def wind_spectra(plan: ChannelPlan) -> Iterator[tuple[int, npt.NDArray[np.complex64]]]:
    """The wind's part of each bin of a channel's spectra at the lower rate.

    Yields
    ------
    first : int
        The number of the first frame.
    spectra : ndarray of complex64, shape (frames, bins)
    """
    for first, spectra, core, moments in moments_of(plan):
        wind = np.zeros_like(spectra[core])
        for moment in moments:
            if moment.expected is None:
                continue
            expects = moment.expected
            reach = expects.steady.size
            gain = wind_gain(moment.power[:, :reach], expects.wind + expects.steady, expects.rover)
            share = np.where(moment.sounding, moment.fade, 0)[core, np.newaxis] * gain[core]
            wind[:, :reach] += moment.rest[core, :reach] * share
        yield first + core.start, wind


@dataclass(frozen=True, eq=False)
class Moment:
    """Some frames as one section's model sees them.

    Attributes
    ----------
    rest : ndarray of complex64, shape (frames, bins)
        The spectra without the section's lines.
    power : ndarray of float32, shape (frames, modelled bins)
        Their periodograms, as of whole frames.
    expected : Expected or None
        None where the model holds no wind.
    cut_off : float or None
        The model's, in Hz.
    sounding : ndarray of bool, shape (frames,)
        Where any sound is in the frame.
    fade : ndarray of float32, shape (frames,)
        How much this section counts in each frame; all sections together count 1.
    """

    rest: npt.NDArray[np.complex64]
    power: Float32Array
    expected: Expected | None
    cut_off: float | None
    sounding: BoolArray
    fade: Float32Array


def moments_of(
    plan: ChannelPlan,
) -> Iterator[tuple[int, npt.NDArray[np.complex64], slice, list[Moment]]]:
    """Frames with their neighbours, and what the model of each section near them expects there."""
    heard, transforms = plan.heard, plan.transforms
    removals = plan.removals
    context = removals[0].context + CONTEXT_FRAMES
    fades = _fades(heard.sections, len(heard.coverage.usable), FADE_SECONDS * transforms.frames_a_second)
    for first, spectra, core in with_context(transforms.low.batches(heard.low), context):
        moments = []
        around = slice(max(core.start - CONTEXT_FRAMES, 0), min(core.stop + CONTEXT_FRAMES, spectra.shape[1]))
        here = slice(first + around.start, first + around.stop)
        for model, removal, fade in zip(plan.models, removals, fades, strict=True):
            if not fade[here].any():
                continue
            rest = removal.clean_frames(first, spectra[0])[around]
            share = np.maximum(heard.coverage.share[here], LEAST_SHARE).astype(np.float32)
            power = transforms.density(rest[:, : transforms.bins], low=True) / share[:, np.newaxis]
            expects = expected(power, heard.high_power[here], model) if model.reach else None
            moments.append(
                Moment(rest, power, expects, model.cut_off, heard.coverage.share[here] > 0, fade[here])
            )
        inner = slice(core.start - around.start, core.stop - around.start)
        yield first + around.start, spectra[0, around], inner, moments


def _fades(sections: tuple[Section, ...], count: int, length: float) -> list[Float32Array]:
    """How much each section's model counts in each frame: fading linearly around their borders."""
    if len(sections) == 1:
        return [np.ones(count, dtype=np.float32)]
    middles = [(section.first + section.last) / 2 for section in sections]
    borders = [section.first for section in sections[1:]]
    knots, owners = [middles[0]], [0]
    for number, border in enumerate(borders):
        knots += [border - length / 2, border + length / 2]
        owners += [number, number + 1]
    knots.append(middles[-1])
    owners.append(len(sections) - 1)
    frames = np.arange(count)
    return [
        np.interp(frames, knots, [float(owner == number) for owner in owners]).astype(np.float32)
        for number in range(len(sections))
    ]


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
    fourier = Transforms.at(source.sample_rate).full
    looked = survey(source)
    channels = []
    for number in range(1 if looked.equal_channels else source.channels):
        one = OneChannel(source, number, looked.offset(number))
        coverage = looked.coverage(number, fourier, source.frames)
        if line_frequencies is None:
            statistics = PhaseStatistics(fourier)
            statistics.add(fourier.batches(one), coverage.usable)
            frequencies = [line.frequency for line in statistics.lines(source.sample_rate)]
        else:
            frequencies = line_frequencies[number]
        channels.append(ToneFreeChannel(one, coverage, frequencies))
    return channels
