"""The wind of a section from what was learned: the gain, and the way back to samples.

Where a machine hums or rests, the gain works on the frames that the model was learned in. Where it knocks or
scrapes, these are too long: the wind's power is taken from them, the rover's from short frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.gain import CONTEXT_FRAMES, TINY, Expected, expected, wind_gain, wind_power
from marsaudio.separation.hearing import LEAST_SHARE
from marsaudio.separation.learning import Learned
from marsaudio.spectra.stft import Samples, ShortTimeFourier

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

SHORT_SPACING = 4  # bins of a whole frame to one of a short frame
SMOOTHED_BINS = 5  # of a whole frame, which a short frame's bin is the mean of
BATCH_FRAMES = 128  # at a time: as many as a cache holds
SHORT_BATCH_FRAMES = 512
SILENT_SAMPLES = 2**17  # where there is no wind, so many at a time


@dataclass(frozen=True, eq=False)
class Stretch:
    """Samples at the lower rate from some place on, which are worked out as they are asked for.

    Attributes
    ----------
    start : int
        The number of the first sample; negative before the recording.
    pieces : iterator of ndarray of float32, shape (1, samples)
        One after the other.
    """

    start: int
    pieces: Iterator[Samples]


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


def wind_of(learned: Learned, first: int, last: int) -> Stretch:
    """The wind of a section, which fades into its neighbours: the sum over all sections is the wind.

    Parameters
    ----------
    learned : Learned
    first, last : int
        The samples at the lower rate from `first` up to `last` are wanted; no more is worked out than is
        needed for them, on the same grid.
    """
    start, stop = learned.heard.transforms.low.span(*learned.faded_in)
    if not learned.model.reach:
        return Stretch(start, _silence(stop - start))
    give = _in_short_frames if learned.model.knocks else _in_whole_frames
    return give(learned, first, last)


def _silence(count: int) -> Iterator[Samples]:
    for place in range(0, count, SILENT_SAMPLES):
        yield np.zeros((1, min(SILENT_SAMPLES, count - place)), dtype=np.float32)


def _in_whole_frames(learned: Learned, first: int, last: int) -> Stretch:
    """X G in the frames that the model was learned in."""
    fourier = learned.heard.transforms.low

    def wind(moment: Moment) -> Samples:
        core, expects = moment.core, moment.expected
        reach = expects.steady.size
        gain = wind_gain(moment.power[:, :reach], expects.wind + expects.steady, expects.rover)
        gain *= moment.weight[:, np.newaxis]
        return fourier.overlap_add(moment.rest[np.newaxis, core, :reach] * gain[core])

    begins = _needed(range(*learned.faded_in, BATCH_FRAMES), fourier, fourier.first_start, first, last)
    pieces = (wind(moment_of(learned, begin)) for begin in begins)
    start = fourier.first_start + fourier.hop_length * begins.start
    return Stretch(start, fourier.added_up(pieces))


def _in_short_frames(learned: Learned, first: int, last: int) -> Stretch:
    """The same where a machine knocks: what is left without the lines, in frames a quarter as long.

    G = W / (W + R) with the wind's power W of whole frames, between whose middles it is interpolated, and
    R = sum_j q_j(a) R_j with the activity a of the short frame. Wind does not change so fast, knocks do.
    """
    heard = learned.heard
    short, whole = heard.transforms.low_short, heard.transforms.low
    first_frame, last_frame = learned.faded_in
    power_of_wind = np.concatenate(
        [_power_of_wind(moment_of(learned, begin)) for begin in range(first_frame, last_frame, BATCH_FRAMES)]
    )
    rover = _rover_in_short_frames(learned)
    held_start, _ = whole.span(heard.first, heard.last)
    rest = _without_lines(learned)
    start, stop = whole.span(first_frame, last_frame)
    count = (stop - start - short.n_fft) // short.hop_length + 1

    def wind(number: int) -> Samples:
        starts = start + short.hop_length * np.arange(number, min(number + SHORT_BATCH_FRAMES, count))
        stretch = rest[:, starts[0] - held_start : starts[-1] + short.n_fft - held_start]
        middles = np.asarray(starts + short.n_fft / 2, dtype=np.float64)
        frames = (middles - whole.first_start - whole.n_fft / 2) / whole.hop_length
        power = _between(power_of_wind, frames - first_frame)
        gain = power / (power + np.maximum(rover(middles), TINY))
        gain *= _between(heard.fade[:, np.newaxis], frames - heard.first)
        return short.overlap_add(short.transform(stretch, gain.shape[1]) * gain)

    begins = _needed(range(0, count, SHORT_BATCH_FRAMES), short, start, first, last)
    return Stretch(start + short.hop_length * begins.start, short.added_up(map(wind, begins)))


def moments_between(learned: Learned, first: int, last: int) -> Iterator[int]:
    """The moments of a section, as `moment_of` takes them, with frames from `first` up to `last`."""
    begins, end = learned.faded_in
    for begin in range(begins, end, BATCH_FRAMES):
        if begin < last and min(begin + BATCH_FRAMES, end) > first:
            yield begin


def _needed(begins: range, fourier: ShortTimeFourier, origin: int, first: int, last: int) -> range:
    """Those batches of frames, frame 0 at the sample `origin`, that reach into the samples first to last."""
    hop = fourier.hop_length
    after = fourier.n_fft + (begins.step - 1) * hop
    needed = [number for number, begin in enumerate(begins) if first - after < origin + begin * hop < last]
    return begins[needed[0] : needed[-1] + 1]


def _power_of_wind(moment: Moment) -> Float32Array:
    """W of the frames of a moment, in the bins of short frames."""
    expects = moment.expected
    power = moment.power[:, : expects.steady.size]
    wind = wind_power(power, expects.wind + expects.steady, expects.rover)
    return in_short_bins(wind[moment.core] * moment.weight[moment.core, np.newaxis])


def _without_lines(learned: Learned) -> Samples:
    """The samples of a section without its lines, at the places of `Heard.low`."""
    fourier = learned.heard.transforms.low
    parts = range(0, len(learned.clean), BATCH_FRAMES)
    samples = (fourier.overlap_add(learned.clean[np.newaxis, i : i + BATCH_FRAMES]) for i in parts)
    return np.concatenate(list(fourier.added_up(samples)), axis=1)


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


def moment_of(learned: Learned, begin: int) -> Moment:
    """Some of the frames in which a section counts, from one on, with their neighbours.

    Parameters
    ----------
    learned : Learned
    begin : int
        One of ``range(*learned.faded_in, BATCH_FRAMES)``, so that all who ask get the same moments.
    """
    heard, model, transforms = learned.heard, learned.model, learned.heard.transforms
    end = min(begin + BATCH_FRAMES, learned.faded_in[1])
    first, last = max(begin - CONTEXT_FRAMES, heard.first), min(end + CONTEXT_FRAMES, heard.last)
    here = slice(first - heard.first, last - heard.first)
    rest = learned.clean[here]
    sound = heard.coverage.share[first:last]
    power = transforms.density(rest, transforms.low)
    power /= np.maximum(sound, LEAST_SHARE).astype(np.float32)[:, np.newaxis]
    return Moment(
        first=first,
        core=slice(begin - first, end - first),
        rest=rest,
        power=power,
        expected=expected(power, heard.high_power[here], model),
        weight=np.where(sound > 0, heard.fade[here], np.float32(0)),
    )
