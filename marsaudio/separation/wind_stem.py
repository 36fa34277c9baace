"""The wind of a section from what was learned: the gain, and the way back to samples.

Where a machine hums or rests, the gain works on the frames that the model was learned in. Where it knocks or
scrapes, these are too long: the wind's power is taken from them, the rover's from short frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from marsaudio.separation.gain import CONTEXT_FRAMES, TINY, Expected, expected, wind_gain, wind_power
from marsaudio.separation.hearing import LEAST_SHARE
from marsaudio.separation.learning import Learned
from marsaudio.spectra.stft import Samples
from marsaudio.spectra.threads import in_order

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

Result = TypeVar("Result")

SHORT_SPACING = 4  # bins of a whole frame to one of a short frame
SMOOTHED_BINS = 5  # of a whole frame, which a short frame's bin is the mean of
BATCH_FRAMES = 128  # at a time: as many as a cache holds
SHORT_BATCH_FRAMES = 512


@dataclass(frozen=True, eq=False)
class Stretch:
    """Samples at the lower rate from some place on.

    Attributes
    ----------
    start : int
        The number of the first sample; negative before the recording.
    samples : ndarray of float32, shape (1, samples)
    """

    start: int
    samples: Samples

    @property
    def stop(self) -> int:
        """The number of the first sample after it."""
        return self.start + int(self.samples.shape[1])

    def from_sample(self, number: int) -> Samples:
        """The samples from one on."""
        return self.samples[:, max(number - self.start, 0) :]


@dataclass(frozen=True, eq=False)
class Moment:
    """Some frames as a section's model sees them.

    Attributes
    ----------
    first : int
        The number of the first frame.
    core : slice
        Those that no other such frames hold; the rest are neighbours.
    rest : ndarray of complex64, shape (frames, modelled bins)
        The spectra without the section's lines.
    power : ndarray of float32, shape (frames, modelled bins)
        Their periodograms, as of whole frames.
    expected : Expected
    weight : ndarray of float32, shape (frames,)
        How much this section counts in each frame; all sections together count 1, and 0 in silence.
    """

    first: int
    core: slice
    rest: npt.NDArray[np.complex64]
    power: Float32Array
    expected: Expected
    weight: Float32Array


def wind_of(learned: Learned, pool: Executor) -> Stretch:
    """The wind of a section, which fades into its neighbours: the sum over all sections is the wind."""
    start, stop = learned.heard.transforms.low.span(*learned.faded_in)
    samples = np.zeros((1, stop - start), dtype=np.float32)
    if learned.model.reach:
        give = _in_short_frames if learned.model.knocks else _in_whole_frames
        give(learned, pool, samples)
    return Stretch(start, samples)


def _in_whole_frames(learned: Learned, pool: Executor, samples: Samples) -> None:
    """X G in the frames that the model was learned in."""
    fourier = learned.heard.transforms.low

    def wind(moment: Moment) -> Samples:
        core, expects = moment.core, moment.expected
        reach = expects.steady.size
        gain = wind_gain(moment.power[:, :reach], expects.wind + expects.steady, expects.rover)
        gain *= moment.weight[:, np.newaxis]
        return fourier.overlap_add(moment.rest[np.newaxis, core, :reach] * gain[core])

    fourier.add_up(of_moments(wind, learned, pool), samples)


def _in_short_frames(learned: Learned, pool: Executor, samples: Samples) -> None:
    """The same where a machine knocks: what is left without the lines, in frames a quarter as long.

    G = W / (W + R) with the wind's power W of whole frames, between whose middles it is interpolated, and
    R = sum_j q_j(a) R_j with the activity a of the short frame. Wind does not change so fast, knocks do.
    """
    heard = learned.heard
    short, whole = heard.transforms.low_short, heard.transforms.low
    first, last = learned.faded_in

    def power_of_wind(moment: Moment) -> Float32Array:
        expects = moment.expected
        power = moment.power[:, : expects.steady.size]
        wind = wind_power(power, expects.wind + expects.steady, expects.rover)
        return in_short_bins(wind[moment.core] * moment.weight[moment.core, np.newaxis])

    powers = np.concatenate(list(of_moments(power_of_wind, learned, pool)))
    rover = _rover_in_short_frames(learned)
    held_start, _ = whole.span(heard.first, heard.last)
    start, stop = whole.span(first, last)
    count = (stop - start - short.n_fft) // short.hop_length + 1

    def wind(number: int) -> Samples:
        starts = start + short.hop_length * np.arange(number, min(number + SHORT_BATCH_FRAMES, count))
        stretch = learned.rest[:, starts[0] - held_start : starts[-1] + short.n_fft - held_start]
        middles = np.asarray(starts + short.n_fft / 2, dtype=np.float64)
        frames = (middles - whole.first_start - whole.n_fft / 2) / whole.hop_length
        power = _between(powers, frames - first)
        gain = power / (power + np.maximum(rover(middles), TINY))
        gain *= _between(heard.fade[:, np.newaxis], frames - heard.first)
        return short.overlap_add(short.transform(stretch, gain.shape[1]) * gain)

    short.add_up(in_order(pool, wind, range(0, count, SHORT_BATCH_FRAMES)), samples)


def in_short_bins(power: npt.NDArray[np.floating]) -> Float32Array:
    """Power spectra in the bins of whole frames as means in those of short ones, (frames, short bins)."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(
        uniform_filter1d(power, SMOOTHED_BINS, axis=1, mode="nearest")[:, ::SHORT_SPACING], dtype=np.float32
    )


def _rover_in_short_frames(learned: Learned) -> Callable[[FloatArray], Float32Array]:
    """What the model expects of the rover in short frames, their middles in samples at the lower rate."""
    heard, model = learned.heard, learned.model
    activity = model.rover.activity
    if activity is None:
        raise ValueError("A machine that knocks has an activity.")
    course = np.maximum(heard.short_power @ activity.weights - 1, 0.0)
    floors = in_short_bins(model.rover.floors[:, : model.reach])

    def rover(middles: FloatArray) -> Float32Array:
        places = heard.transforms.short_frame_at(middles) - heard.transforms.first_short_frame(heard.first)
        shares = activity.shares(np.interp(places, np.arange(len(course)), course))
        return np.asarray(shares.astype(np.float32) @ floors)

    return rover


def _between(rows: Float32Array, places: FloatArray) -> Float32Array:
    """Rows at places between their numbers, by linear interpolation; beyond the ends, the first and last."""
    places = np.clip(places, 0, len(rows) - 1)
    before = np.minimum(places.astype(np.intp), max(len(rows) - 2, 0))
    after = np.minimum(before + 1, len(rows) - 1)
    part = (places - before)[:, np.newaxis].astype(np.float32)
    return np.asarray(rows[before] * (1 - part) + rows[after] * part)


def of_moments(function: Callable[[Moment], Result], learned: Learned, pool: Executor) -> Iterator[Result]:
    """What a function makes of the frames in which a section counts, in order."""
    first, last = learned.faded_in

    def of_moment(begin: int) -> Result:
        return function(moment_of(learned, begin, min(begin + BATCH_FRAMES, last)))

    return in_order(pool, of_moment, range(first, last, BATCH_FRAMES))


def moment_of(learned: Learned, first: int, last: int) -> Moment:
    """Frames from `first` up to `last` with their neighbours, and what the model expects of wind there."""
    heard, model = learned.heard, learned.model
    transforms = heard.transforms
    number, spectra, core = heard.with_neighbours(first, last, CONTEXT_FRAMES, transforms.bins, learned.rest)
    rest = spectra[0]
    here = slice(number - heard.first, number - heard.first + len(rest))
    sound = heard.coverage.share[number : number + len(rest)]
    power = transforms.density(rest, transforms.low)
    power /= np.maximum(sound, LEAST_SHARE).astype(np.float32)[:, np.newaxis]
    return Moment(
        first=number,
        core=core,
        rest=rest,
        power=power,
        expected=expected(power, heard.high_power[here], model),
        weight=np.where(sound > 0, heard.fade[here], np.float32(0)),
    )
