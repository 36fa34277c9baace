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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.formats import audio
from marsaudio.separation.clicks import WithoutClicks
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT, OneChannel, Transforms
from marsaudio.separation.gain import CONTEXT_FRAMES, Expected, expected, wind_gain
from marsaudio.separation.line_removal import LineRemoval
from marsaudio.separation.lines import Line, PhaseStatistics
from marsaudio.separation.low_band import HIGHEST_WIND, LowBand
from marsaudio.separation.model import WindModel, fit, mean_columns
from marsaudio.separation.reference import RoverReference, missing
from marsaudio.separation.sections import Section, find_sections
from marsaudio.separation.survey import Coverage, Survey, survey
from marsaudio.spectra.stft import Samples, SampleSource, with_context

logger = logging.getLogger("marsaudio")

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

FADE_SECONDS = 10.0  # from one section's model to the next one's
LEAST_SHARE = 0.01  # a frame with less sound in it counts as having this much
LISTENED_FRAMES = 700  # some minute
HELD_FRAMES = 2400  # some three minutes; the line-free frames of a longer recording are made twice
GRID_BITS = 24  # what float32 holds exactly


@dataclass(frozen=True, eq=False)
class LineFree:
    """Some frames with their neighbours, before and after the lines are taken out.

    Attributes
    ----------
    first : int
        The number of the first frame.
    core : slice
        Those that no other such frames hold; the rest are neighbours.
    spectra : ndarray of complex64, shape (frames, modelled bins)
        At the lower rate, lines included.
    rests : list of ndarray of complex64 or None, shape (frames, modelled bins)
        Without the lines of each section; None for sections that are far away.
    """

    first: int
    core: slice
    spectra: npt.NDArray[np.complex64]
    rests: list[npt.NDArray[np.complex64] | None]

    @property
    def here(self) -> slice:
        """The numbers of all frames."""
        return slice(self.first, self.first + len(self.spectra))


@dataclass(frozen=True, eq=False)
class Heard:
    """One channel of a source after the reading of all of its spectrum.

    Attributes
    ----------
    number : int
        Of the channel.
    channel : WithoutClicks
        The channel, without its offset and its clicks.
    transforms : Transforms
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
    transforms: Transforms
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

    @cached_property
    def fades(self) -> list[Float32Array]:
        """How much each section counts in each frame: it fades into the next around their border."""
        length = FADE_SECONDS * self.transforms.frames_a_second
        return _fades(self.sections, len(self.coverage.usable), length)

    def line_free(self) -> Iterator[LineFree]:
        """Give all frames without their lines; of a short recording they are kept for the next reading."""
        if len(self.coverage.usable) > HELD_FRAMES:
            return self._take_lines_out()
        return iter(self._held)

    @cached_property
    def _held(self) -> list[LineFree]:
        return list(self._take_lines_out())

    def _take_lines_out(self) -> Iterator[LineFree]:
        removals = [
            line_removal([line.frequency for line in section.lines], self.low.sample_rate, self.coverage)
            for section in self.sections
        ]
        bins = self.transforms.bins
        context = removals[0].context + CONTEXT_FRAMES
        for first, spectra, core in with_context(self.transforms.low.batches(self.low), context):
            begin = max(core.start - CONTEXT_FRAMES, 0)
            around = slice(begin, min(core.stop + CONTEXT_FRAMES, spectra.shape[1]))
            yield LineFree(
                first=first + begin,
                core=slice(core.start - begin, core.stop - begin),
                spectra=spectra[0, around, :bins].copy(),
                rests=[
                    removal.clean_frames(first, spectra[0])[around, :bins].copy()
                    if fade[first + around.start : first + around.stop].any()
                    else None
                    for removal, fade in zip(removals, self.fades, strict=True)
                ],
            )


@dataclass(frozen=True, eq=False)
class ChannelPlan:
    """All that giving the wind of one channel needs."""

    heard: Heard
    models: tuple[WindModel, ...]


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


def plan_separation(source: SampleSource, encoding: str | None, reference: RoverReference | None) -> Plan:
    """Learn from a source what separating it needs."""
    transforms = Transforms.at(source.sample_rate)
    looked = survey(source, transforms.resampler.factor)
    known = reference.lines if reference else ()
    channels = tuple(
        learn(listen(source, looked, number, transforms, known=known), reference)
        for number in range(1 if looked.equal_channels else source.channels)
    )
    plan = Plan(channels, grid_step(encoding, looked.peak))
    for note in sorted(plan.notes):
        logger.warning("%s", note)
    return plan


def listen(
    source: SampleSource,
    looked: Survey,
    number: int,
    transforms: Transforms,
    *,
    in_sections: bool = True,
    known: Sequence[Line] = (),
) -> Heard:
    """Read all of a channel's spectrum: its lines, section by section, and the power above the wind.

    Lines that are `known` from a reference are looked for, too, where wind may be.
    """
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
    # Of a long section, batches spread over it tell the lines well enough.
    strides = [max(int(usable.sum()) // LISTENED_FRAMES, 1) for usable in chosen]
    batches = with_context(transforms.full.batches(channel), statistics[0].context)
    for number_of_batch, (first, spectra, core) in enumerate(batches):
        here = slice(first + core.start, first + core.stop)
        above = transforms.density(spectra[0, core, transforms.bins :], low=False)
        share = np.maximum(full.share[here], LEAST_SHARE)
        high_power[here] = transforms.high.mean(above) / share[:, np.newaxis]
        for usable, statistic, every in zip(chosen, statistics, strides, strict=True):
            if usable[here].any() and number_of_batch % every == 0:
                statistic.add_frames(first, spectra[0], core, usable)
    low = LowBand(channel, transforms.resampler)
    return Heard(
        number=number,
        channel=channel,
        transforms=transforms,
        low=low,
        coverage=looked.coverage(number, transforms.low, low.frames, factor=transforms.resampler.factor),
        high_power=high_power,
        sections=tuple(
            dataclasses.replace(section, lines=_lines(statistic, known, source.sample_rate))
            for section, statistic in zip(sections, statistics, strict=True)
        ),
    )


def _lines(statistic: PhaseStatistics, known: Sequence[Line], sample_rate: float) -> tuple[Line, ...]:
    """The lines that stand out by themselves, and those that are known to be there."""
    lines = statistic.lines(sample_rate)
    hidden = [line for line in missing(known, lines) if line.frequency <= HIGHEST_WIND]
    lines += statistic.known(hidden, sample_rate)
    return tuple(sorted(lines, key=lambda line: line.frequency))


def line_removal(frequencies: Iterable[float], sample_rate: float, coverage: Coverage) -> LineRemoval:
    """The removal of those lines that lie where wind is looked for; above, all is the rover's anyway."""
    within = [frequency for frequency in frequencies if frequency <= HIGHEST_WIND]
    return LineRemoval(within, coverage.fourier, sample_rate, coverage)


def periodograms_of(heard: Heard) -> list[Float32Array]:
    """The periodograms of the usable frames of each section, its lines taken out.

    Returns
    -------
    list of ndarray of float32, shape (columns, bins)
        Each frame's, or means over neighbouring frames where there are very many.
    """
    nothing = np.zeros((0, heard.transforms.bins), dtype=np.float32)
    collected: list[list[Float32Array]] = [[nothing] for _ in heard.sections]
    chosen = [heard.chosen(section) for section in heard.sections]
    for frames in heard.line_free():
        for usable, rest, columns in zip(chosen, frames.rests, collected, strict=True):
            wanted = usable[frames.here][frames.core]
            if rest is not None and wanted.any():
                columns.append(heard.transforms.density(rest[frames.core][wanted], low=True))
    return [
        np.asarray(mean_columns(columns, int(usable.sum())), dtype=np.float32)
        for columns, usable in zip(collected, chosen, strict=True)
    ]


def learn(heard: Heard, reference: RoverReference | None) -> ChannelPlan:
    """Learn floor and wind of each section of a channel."""
    transforms = heard.transforms
    duration = heard.channel.frames / heard.channel.sample_rate
    models = []
    for section, periodograms in zip(heard.sections, periodograms_of(heard), strict=True):
        usable = heard.chosen(section)
        count = int(usable.sum())
        model = fit(
            periodograms,
            transforms.frequencies,
            heard.high_columns(usable),
            transforms.high,
            # Of columns that are means of many frames, each is independent.
            independent=min(count / FRAMES_PER_INDEPENDENT, len(periodograms)),
            reference=reference and reference.without(section.lines, transforms.frequencies),
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
    return ChannelPlan(heard, tuple(models))


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
    heard = plan.heard
    spectra = ((first, wind[np.newaxis]) for first, wind in wind_spectra(plan))
    samples = heard.transforms.low.inverse(spectra, heard.low.frames)
    return heard.low.resampler.raise_again(samples, heard.channel.frames)


def wind_spectra(plan: ChannelPlan) -> Iterator[tuple[int, npt.NDArray[np.complex64]]]:
    """The wind's part of each bin of a channel's spectra at the lower rate.

    Yields
    ------
    first : int
        The number of the first frame.
    spectra : ndarray of complex64, shape (frames, bins)
    """
    for frames, moments in moments_of(plan):
        core = frames.core
        wind = np.zeros((core.stop - core.start, plan.heard.transforms.low.bins), dtype=np.complex64)
        for moment in moments:
            expects = moment.expected
            reach = expects.steady.size
            gain = wind_gain(moment.power[:, :reach], expects.wind + expects.steady, expects.rover)
            wind[:, :reach] += moment.rest[core, :reach] * (moment.weight[core, np.newaxis] * gain[core])
        yield frames.first + core.start, wind


@dataclass(frozen=True, eq=False)
class Moment:
    """Some frames as one section's model sees them.

    Attributes
    ----------
    rest : ndarray of complex64, shape (frames, modelled bins)
        The spectra without the section's lines.
    power : ndarray of float32, shape (frames, modelled bins)
        Their periodograms, as of whole frames.
    expected : Expected
    cut_off : float or None
        The model's, in Hz.
    weight : ndarray of float32, shape (frames,)
        How much this section counts in each frame; all sections together count 1, and 0 in silence.
    """

    rest: npt.NDArray[np.complex64]
    power: Float32Array
    expected: Expected
    cut_off: float | None
    weight: Float32Array


def moments_of(plan: ChannelPlan) -> Iterator[tuple[LineFree, list[Moment]]]:
    """Frames with their neighbours, and what the model of each section near them expects of wind there."""
    heard = plan.heard
    for frames in heard.line_free():
        here, moments = frames.here, []
        sound = heard.coverage.share[here]
        for model, rest, fade in zip(plan.models, frames.rests, heard.fades, strict=True):
            if rest is None or not model.reach:
                continue
            share = np.maximum(sound, LEAST_SHARE).astype(np.float32)
            power = heard.transforms.density(rest, low=True) / share[:, np.newaxis]
            moments.append(
                Moment(
                    rest=rest,
                    power=power,
                    expected=expected(power, heard.high_power[here], model),
                    cut_off=model.cut_off,
                    weight=np.where(sound > 0, fade[here], np.float32(0)),
                )
            )
        yield frames, moments


def _fades(sections: tuple[Section, ...], count: int, length: float) -> list[Float32Array]:
    """Weights that fade linearly from one section to the next."""
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
