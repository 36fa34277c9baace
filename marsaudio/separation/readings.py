"""The readings of a recording from which the wind is learned: look, listen for the rover, learn.

1. `survey`: what counts.
2. `listen`: the rover's lines, and the power above the wind's frequencies.
3. `learn`, on the part that wind can be in, at a lower rate: floor and wind, section by section.

What comes of them is given by `marsaudio.separation.wind_stem`. All work on any source of samples in blocks,
a recording in memory or a file, on one grid of frames: so whole or block by block, the numbers are the same.
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
from marsaudio.separation.clicks import WithoutClicks
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT, SHORT_FRAMES, OneChannel, Transforms
from marsaudio.separation.gain import CONTEXT_FRAMES
from marsaudio.separation.line_removal import LineRemoval
from marsaudio.separation.lines import PROMINENCE_DB, PhaseStatistics, density_of_lines
from marsaudio.separation.low_band import HIGHEST_LINE, LowBand
from marsaudio.separation.machine import comes_in_knocks
from marsaudio.separation.model import WindModel, fit, mean_columns
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.sections import Section, find_sections
from marsaudio.separation.survey import Coverage, Survey, survey
from marsaudio.spectra.stft import SampleSource, with_context

logger = logging.getLogger("marsaudio")

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

FADE_SECONDS = 10.0  # from one section's model to the next one's
LEAST_SHARE = 0.01  # a frame with less sound in it counts as having this much
LISTENED_FRAMES = 128  # at a time: as many as a cache holds
FOLLOWED_FRAMES = 512  # at a time: lines are followed over many frames, so that long batches save work
HELD_FRAMES = 2400  # of all channels, some three minutes of one: beyond, line-free frames are made twice
GRID_BITS = 24  # what float32 holds exactly
SILENCE = "This is digital silence from end to end: there is nothing in it to take apart."


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
    short_power : ndarray of float32, shape (short frames, high bands)
        The power above the wind's frequencies, as `Transforms.short_power` gives it.
    high_power : ndarray of float64, shape (frames, high bands)
        The same in whole frames.
    sections : tuple of Section
    is_short : bool
        Its line-free frames may be kept, beside those of the other channels.
    """

    number: int
    channel: WithoutClicks
    transforms: Transforms
    low: LowBand
    coverage: Coverage
    short_power: Float32Array
    high_power: FloatArray
    sections: tuple[Section, ...]
    is_short: bool

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
        return iter(self._held) if self.is_short else self._take_lines_out()

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
        for first, spectra, core in with_context(
            self.transforms.low_batches(self.low, FOLLOWED_FRAMES), context
        ):
            begin = max(core.start - CONTEXT_FRAMES, 0)
            around = slice(begin, min(core.stop + CONTEXT_FRAMES, spectra.shape[1]))
            yield LineFree(
                first=first + begin,
                core=slice(core.start - begin, core.stop - begin),
                spectra=spectra[0, around, :bins],
                rests=[
                    removal.clean_frames(first, spectra[0])[around, :bins]
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
    reference_notes: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[WindModel, ...]:
        """What was learned, channel by channel and section by section."""
        return tuple(model for channel in self.channels for model in channel.models)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the result must know, once each."""
        of_models = (note for model in self.models for note in model.notes)
        return tuple(
            dict.fromkeys((*(f"Of the reference: {note}" for note in self.reference_notes), *of_models))
        )


def plan_separation(source: SampleSource, encoding: str | None, reference: RoverReference | None) -> Plan:
    """Learn from a source what separating it needs."""
    transforms = Transforms.at(source.sample_rate)
    looked = survey(source, transforms.resampler.factor)
    channels = tuple(
        learn(listen(source, looked, number, transforms), reference)
        for number in range(1 if looked.equal_channels else source.channels)
    )
    plan = Plan(channels, grid_step(encoding, looked.peak), reference.notes if reference else ())
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
    highest_line: float = HIGHEST_LINE,
    least_prominence: float = PROMINENCE_DB,
) -> Heard:
    """Read a channel: its lines up to a frequency, section by section, and the power above the wind's."""
    clicks = looked.clicks(number, source.sample_rate)
    channel = WithoutClicks(OneChannel(source, number, looked.offset(number)), clicks)
    low = LowBand(channel, transforms.resampler)
    coverage = looked.coverage(number, transforms.low, low.frames, factor=transforms.resampler.factor)
    frames = np.arange(len(coverage.usable))
    sections = [Section(0, len(frames))]
    if in_sections:
        seconds = source.frames / source.sample_rate
        sections = find_sections(looked.activity[number], seconds, len(frames))
    chosen = [coverage.usable & section.holds(frames) for section in sections]
    bins = int(highest_line / transforms.frequencies[1])
    statistics = [
        PhaseStatistics(transforms.low, highest=bins, least_prominence=least_prominence) for _ in sections
    ]
    for first, spectra, core in with_context(
        transforms.low_batches(low, LISTENED_FRAMES), statistics[0].context
    ):
        for usable, statistic in zip(chosen, statistics, strict=True):
            if usable[first + core.start : first + core.stop].any():
                statistic.add_frames(first, spectra[0], core, usable)
    short_power = transforms.short_power(channel)
    share = np.maximum(coverage.share, LEAST_SHARE)
    return Heard(
        number=number,
        channel=channel,
        transforms=transforms,
        low=low,
        coverage=coverage,
        short_power=short_power,
        high_power=transforms.whole_frames(short_power) / share[:, np.newaxis],
        sections=tuple(
            dataclasses.replace(section, lines=tuple(statistic.lines(low.sample_rate)))
            for section, statistic in zip(sections, statistics, strict=True)
        ),
        is_short=len(frames) * source.channels <= HELD_FRAMES,
    )


def line_removal(frequencies: Iterable[float], sample_rate: float, coverage: Coverage) -> LineRemoval:
    """The removal of those lines that lie where wind is looked for; above, all is the rover's anyway."""
    within = [frequency for frequency in frequencies if frequency <= HIGHEST_LINE]
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
                columns.append(heard.transforms.density(rest[frames.core][wanted], heard.transforms.low))
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
            lines=density_of_lines(section.lines, transforms.frequencies),
            reference=reference and reference.without(section.lines, transforms.frequencies),
        )
        if heard.coverage.muted.all():
            model = dataclasses.replace(model, notes=(SILENCE,))
        models.append(
            dataclasses.replace(
                model,
                lines=section.lines,
                knocks=_knocks(heard, model, section),
                channel=heard.number,
                start=section.first / transforms.frames_a_second,
                stop=min(section.last / transforms.frames_a_second, duration),
            )
        )
    return ChannelPlan(heard, tuple(models))


def _knocks(heard: Heard, model: WindModel, section: Section) -> bool:
    """Whether the machine of a section knocks or scrapes, so that its frames are too long for it."""
    activity = model.rover.activity
    if activity is None:
        return False
    first, last = (heard.transforms.first_short_frame(frame) for frame in (section.first, section.last))
    return comes_in_knocks(heard.short_power[first:last] @ activity.weights, SHORT_FRAMES)


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
