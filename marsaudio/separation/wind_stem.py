"""The wind's samples from what was learned: the gain, and the way back to the full rate.

Where a machine hums or rests, the gain works on the frames that the model was learned in. Where it knocks or
scrapes, these are too long: the wind's power is taken from them, the rover's from short frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.gain import TINY, Expected, expected, wind_gain, wind_power
from marsaudio.separation.low_band import OnceReadBlocks
from marsaudio.separation.readings import LEAST_SHARE, ChannelPlan, LineFree, Plan
from marsaudio.spectra.stft import Samples, SampleSource

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]

SHORT_SPACING = 4  # bins of a whole frame to one of a short frame
SMOOTHED_BINS = 5  # of a whole frame, which a short frame's bin is the mean of


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
    """The wind of a channel, from the sections whose machine knocks and from the others."""
    heard = plan.heard
    of_kind = {False: _in_whole_frames, True: _in_short_frames}
    kinds = sorted({model.knocks for model in plan.models})
    samples = of_kind[kinds[0]](plan)
    if len(kinds) > 1:
        samples = _sum(samples, of_kind[kinds[1]](plan))
    return heard.low.resampler.raise_again(samples, heard.channel.frames)


def _in_whole_frames(plan: ChannelPlan) -> Iterator[Samples]:
    """The wind's samples at the lower rate: X G in the frames that the model was learned in."""

    def spectra() -> Iterator[tuple[int, ComplexArray]]:
        for frames, moments in moments_of(plan, knocks=False):
            core = frames.core
            wind = np.zeros((core.stop - core.start, plan.heard.transforms.low.bins), dtype=np.complex64)
            for moment in moments:
                expects = moment.expected
                reach = expects.steady.size
                gain = wind_gain(moment.power[:, :reach], expects.wind + expects.steady, expects.rover)
                wind[:, :reach] += moment.rest[core, :reach] * (moment.weight[core, np.newaxis] * gain[core])
            yield frames.first + core.start, wind[np.newaxis]

    return plan.heard.transforms.low.inverse(spectra(), plan.heard.low.frames)


def _in_short_frames(plan: ChannelPlan) -> Iterator[Samples]:
    """The same where a machine knocks: what is left without the lines, in frames a quarter as long.

    G = W / (W + R) with the wind's power W of whole frames, between whose middles it is interpolated, and
    R = sum_j q_j(a) R_j with the activity a of the short frame. Wind does not change so fast, knocks do.
    """
    heard = plan.heard
    transforms, frames = heard.transforms, heard.low.frames
    short, whole = transforms.low_short, transforms.low
    powers = _Course()

    def rests() -> Iterator[tuple[int, ComplexArray]]:
        for part, moments in moments_of(plan, knocks=True):
            core = part.core
            shape = (core.stop - core.start, transforms.bins)
            rest = np.zeros((shape[0], whole.bins), dtype=np.complex64)
            power = np.zeros(shape, dtype=np.float32)
            for moment in moments:
                expects, weight = moment.expected, moment.weight[core, np.newaxis]
                reach = expects.steady.size
                wind = wind_power(moment.power[:, :reach], expects.wind + expects.steady, expects.rover)
                power[:, :reach] += weight * wind[core]
                rest[:, : transforms.bins] += weight * moment.rest[core]
            powers.add(in_short_bins(power))
            yield part.first + core.start, rest[np.newaxis]

    def spectra() -> Iterator[tuple[int, ComplexArray]]:
        source = OnceReadBlocks(whole.inverse(rests(), frames), frames)
        rover = _rover_in_short_frames(plan)
        for first, batch in short.batches(source):
            numbers = np.arange(first, first + batch.shape[1])
            middles = short.first_start + short.n_fft / 2 + short.hop_length * numbers
            power = powers.at((middles - whole.first_start - whole.n_fft / 2) / whole.hop_length)
            gain = power / (power + np.maximum(rover(middles), TINY))
            wind = np.zeros_like(batch)
            wind[0, :, : gain.shape[1]] = batch[0, :, : gain.shape[1]] * gain
            yield first, wind

    return short.inverse(spectra(), frames)


def in_short_bins(power: npt.NDArray[np.floating]) -> Float32Array:
    """Power spectra in the bins of whole frames as means in those of short ones, (frames, short bins)."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(
        uniform_filter1d(power, SMOOTHED_BINS, axis=1, mode="nearest")[:, ::SHORT_SPACING], dtype=np.float32
    )


def _rover_in_short_frames(plan: ChannelPlan) -> Callable[[FloatArray], Float32Array]:
    """What the models of the sections whose machine knocks expect of the rover in the middle of a sample."""
    heard = plan.heard
    transforms = heard.transforms
    sections = []
    for model, fade in zip(plan.models, heard.fades, strict=True):
        activity = model.rover.activity
        if model.knocks and activity is not None:
            course = np.maximum(heard.short_power @ activity.weights - 1, 0.0)
            sections.append((activity, course, in_short_bins(model.rover.floors), fade))

    def rover(middles: FloatArray) -> Float32Array:
        shorts = transforms.short_frame_at(middles)
        wholes = (middles - transforms.low.first_start) / transforms.low.hop_length - 2
        power = np.zeros((len(middles), sections[0][2].shape[1]), dtype=np.float32)
        for activity, course, floors, fade in sections:
            shares = activity.shares(np.interp(shorts, np.arange(len(course)), course))
            shares *= np.interp(wholes, np.arange(len(fade)), fade)[:, np.newaxis]
            power += shares.astype(np.float32) @ floors
        return power

    return rover


class _Course:
    """Rows that are added one after the other and asked for between them, each time a little further on."""

    def __init__(self) -> None:
        self._rows: Float32Array | None = None
        self._first = 0

    def add(self, rows: Float32Array) -> None:
        self._rows = rows if self._rows is None else np.concatenate([self._rows, rows])

    def at(self, places: FloatArray) -> Float32Array:
        """Linear interpolation between the rows; beyond the first and the last, these."""
        if self._rows is None:
            raise RuntimeError("Rows are asked for before any was added.")
        drop = min(max(int(places[0]) - self._first, 0), len(self._rows) - 1)
        self._rows, self._first = self._rows[drop:], self._first + drop
        places = np.clip(places - self._first, 0, len(self._rows) - 1)
        before = np.minimum(places.astype(np.intp), max(len(self._rows) - 2, 0))
        after = np.minimum(before + 1, len(self._rows) - 1)
        part = (places - before)[:, np.newaxis].astype(np.float32)
        return np.asarray(self._rows[before] * (1 - part) + self._rows[after] * part)


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


def moments_of(plan: ChannelPlan, *, knocks: bool | None = None) -> Iterator[tuple[LineFree, list[Moment]]]:
    """Frames with their neighbours, and what the model of each section near them expects of wind there.

    With `knocks`, only of the sections whose machine knocks, or only of the others.
    """
    heard = plan.heard
    for frames in heard.line_free():
        here, moments = frames.here, []
        sound = heard.coverage.share[here]
        for model, rest, fade in zip(plan.models, frames.rests, heard.fades, strict=True):
            if rest is None or not model.reach or knocks not in (None, model.knocks):
                continue
            share = np.maximum(sound, LEAST_SHARE).astype(np.float32)
            power = heard.transforms.density(rest, heard.transforms.low) / share[:, np.newaxis]
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


def _sum(first: Iterator[Samples], second: Iterator[Samples]) -> Iterator[Samples]:
    """The sum of two streams of samples whose blocks differ in length."""
    cut = _Cutter(second)
    for block in first:
        yield block + cut.take(block.shape[1])


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
