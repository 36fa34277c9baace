"""The rover's own sound, learned from a recording of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.formats.encodings import FAINTEST_IN_WORDS
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.bands import Bands
from marsaudio.separation.columns import mean_columns
from marsaudio.separation.families import RoverLine, find_families
from marsaudio.separation.floors import (
    FAINTEST,
    RoverFloor,
    refine_floors,
    shares_of,
    ties_of_levels,
)
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT, Transforms
from marsaudio.separation.hearing import hear
from marsaudio.separation.line_free import lines_of, take_lines_out
from marsaudio.separation.line_removal import LineCourses, LineRemoval
from marsaudio.separation.lines import Line, distinct_lines, find_lines
from marsaudio.separation.low_band import HIGHEST_LINE
from marsaudio.separation.machine import learn_activity
from marsaudio.separation.model import WindModel, fit
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.rover_model import RoverModel
from marsaudio.separation.run import Channel, distinct_channels
from marsaudio.separation.sections import Section
from marsaudio.separation.survey import Survey, survey
from marsaudio.spectra.stft import Spectra
from marsaudio.spectra.threads import one_thread
from marsaudio.watching import Progress, Read, watched

FloatArray = npt.NDArray[np.float64]

FEWEST_FRAMES = 5  # those of two thirds of a second
SHORT_SECONDS = 3.0  # some nine independent looks at every bin: 1.4 dB of chance in the floor
FOLLOWED_SECONDS = 180.0  # of sound in which lines are followed, so that hours of it take no more memory
# What is told of lines takes a time that grows with the square of their number. The rover has some 160; so
# many are of a sound made of lines alone, and the most prominent ones tell its families as well.
MOST_TOLD_LINES = 600
FOLLOWED_BATCH = 128  # frames; lines are followed over many, so that long batches save work


def fit_rover(recording: Recording, *, alone: bool = True, progress: Progress = False) -> RoverModel:
    """Learn what the rover sounds like from a recording of it: its floor, its lines, their families.

    Lines are found in the whole recording. How they drift, and what sidebands they have within some 5 Hz, is
    told by following them through the first three minutes of sound, at the recording's own rate; the
    rest of a longer recording has no say in that. Of more than 600 lines, that is told of the 600 most
    prominent ones.

    Parameters
    ----------
    recording : Recording
        Of the rover, by the microphone and at the rate of those it is to be used with.
    alone : bool, optional
        True: there is no wind in it, and all of it counts. False: what comes and goes as wind does is
        left out, as `marsaudio.separate` would without a reference.
    progress : bool or callable, optional
        True shows a bar on standard error, with the time that is left. A function is given the share that
        is done, from 0 to 1, again and again.

    Returns
    -------
    RoverModel
        The floors are of the mean over the distinct channels' spectra; the lines of all channels, each as it
        is in the one where it stands out most.

    Raises
    ------
    ParameterError
        There is too little sound to learn from.

    See Also
    --------
    load_rover_model : A model that was saved.
    separate : Takes the model as `rover_noise`.

    Examples
    --------
    >>> import marsaudio as ma
    >>> scene = ma.simulate_scene(12)
    >>> model = ma.fit_rover(scene.rover)
    >>> stems = ma.separate(scene.recording, rover_noise=model)
    """
    require_recording(recording, "fit_rover")
    # It is looked over once; each channel is heard, searched for high lines, and begun anew to follow them.
    frames = (1 + 2 * recording.channels) * recording.frames
    with watched(recording, progress, frames=frames, what="Learning the rover") as sound:
        learned = _learn(sound, alone=alone)
        transforms = learned.transforms
        told, others = _told_and_others(_all_lines(learned))
        # Lines of other channels than the richest one are not followed where that one does not have them.
        richest = max(learned.heard, key=lambda one: len(one.lines))
        courses = _follow(richest.channel, told, learned) if told else None
    named_lines, families = find_families(told, courses)
    named_lines = (*named_lines, *(RoverLine(**vars(line)) for line in others))
    edges = transforms.high_edges
    activity = learned.rover.activity
    return RoverModel(
        sample_rate=recording.sample_rate,
        frequencies=transforms.frequencies,
        floors=learned.rover.floors,
        activity=activity,
        level_shares=shares_of(activity, learned.high_power).mean(axis=0),
        high_frequencies=(edges[:-1] + edges[1:]) / 2,
        high_floor=learned.high_power.mean(axis=0),
        lines=tuple(sorted(named_lines, key=lambda line: line.frequency)),
        families=families,
        seconds=learned.seconds,
        source=recording.source,
        notes=learned.notes,
    )


def rover_reference(recording: Recording) -> RoverReference:
    """What `marsaudio.separate` holds a recording against, from one of the rover alone.

    As `fit_rover`, without what a separation has no use for.
    """
    learned = _learn(recording, alone=True)
    frames = learned.seconds * learned.transforms.frames_a_second
    return RoverReference(learned.rover, learned.lines, frames, learned.notes)


@dataclass(frozen=True, eq=False)
class _Channel:
    """One channel as it was listened to, from end to end as one section."""

    channel: Channel
    lines: tuple[Line, ...]
    periodograms: npt.NDArray[np.float32]
    high_power: FloatArray
    count: int


@dataclass(frozen=True, eq=False)
class _Learned:
    """What is known of the rover before its families are."""

    transforms: Transforms
    looked: Survey
    heard: list[_Channel]
    rover: RoverFloor
    lines: tuple[Line, ...]
    high_power: FloatArray
    seconds: float
    notes: tuple[str, ...]


def _learn(sound: Read, *, alone: bool) -> _Learned:
    transforms = Transforms.at(sound.sample_rate)
    looked = survey(sound, transforms.resampler.factor)
    with one_thread():
        heard = [_listen(channel, transforms) for channel in distinct_channels(sound, looked, transforms)]
    used = [one for one in heard if one.count >= FEWEST_FRAMES]
    if not used:
        raise ParameterError(
            f"In this recording of {sound.frames / sound.sample_rate:.3f} s too little is sound to learn the "
            f"rover from. Give at least {2 * transforms.full.n_fft / sound.sample_rate:.1f} s of it without "
            f"digital silence, and above {FAINTEST_IN_WORDS}."
        )
    count = sum(one.count for one in used)
    periodograms = np.concatenate([one.periodograms for one in used])
    high_power = np.concatenate([one.high_power for one in used])
    independent = min(count / FRAMES_PER_INDEPENDENT, len(periodograms))
    model = fit(periodograms, transforms.frequencies, high_power, transforms.high, independent=independent)
    notes: tuple[str, ...] = ()
    if alone:
        rover = _floors_of_all(periodograms, high_power, transforms)
        if _is_windy(model, periodograms):
            notes = (
                f"Below {model.cut_off:.0f} Hz its sound rises and falls as wind does. If that is wind, it "
                "is in this model: learn from a calm stretch, or with alone=False.",
            )
    else:
        # What may be steady wind may as well be the rover's, which this is a model of.
        rover = RoverFloor(model.rover.floors + model.steady, model.rover.activity)
        notes = model.notes
        if model.cut_off is not None:
            notes = (f"Wind below {model.cut_off:.0f} Hz was left out.", *notes)
    seconds = count / transforms.frames_a_second
    if seconds < SHORT_SECONDS:
        notes = (*notes, f"Learned from {seconds:.1f} s: a separation without it may be better.")
    lines = distinct_lines(line for one in used for line in one.lines)
    return _Learned(transforms, looked, used, rover, lines, high_power, seconds, notes)


def _listen(channel: Channel, transforms: Transforms) -> _Channel:
    """Listen to a channel from end to end, and take its lines out."""
    coverage = channel.coverage
    whole = Section(0, len(coverage.usable))
    [heard] = hear(channel.source, channel.number, coverage, [whole], transforms, around=0)
    lines = lines_of(heard)
    _, periodograms = take_lines_out(heard, lines)
    high_power = mean_columns(heard.high_power[heard.chosen])
    return _Channel(channel, lines, periodograms, high_power, int(heard.chosen.sum()))


def _is_windy(model: WindModel, periodograms: npt.NDArray[np.float32]) -> bool:
    """Whether more of the power below the cut-off comes and goes as wind does than stays."""
    if model.cut_off is None:
        return False
    below = model.frequencies <= model.cut_off
    mean = periodograms[:, below].mean(axis=0, dtype=np.float64).sum()
    return bool(mean > 2 * model.rover.floors[:, below].mean(axis=0).sum())


def _all_lines(learned: _Learned) -> tuple[Line, ...]:
    """The lines of all channels, those above the wind's frequencies included."""
    above = [
        line
        for one in learned.heard
        for line in find_lines(
            one.channel.source,
            learned.looked.coverage(one.channel.number, learned.transforms.full, one.channel.source.frames),
        )
        if line.frequency > HIGHEST_LINE
    ]
    return distinct_lines((*learned.lines, *above))


def _told_and_others(lines: Iterable[Line]) -> tuple[list[Line], list[Line]]:
    """The most prominent lines, and those that are too many to follow; each by frequency."""
    prominent = sorted(lines, key=lambda line: -line.prominence)
    told, others = (
        sorted(some, key=lambda line: line.frequency)
        for some in (prominent[:MOST_TOLD_LINES], prominent[MOST_TOLD_LINES:])
    )
    return told, others


def _follow(channel: Channel, lines: Iterable[Line], learned: _Learned) -> LineCourses:
    """Follow all lines of a channel, at its own rate, through its first minutes of sound."""
    transforms, source = learned.transforms, channel.source
    fourier = replace(transforms.full, batch_samples=FOLLOWED_BATCH * transforms.full.n_fft)
    coverage = learned.looked.coverage(channel.number, fourier, source.frames)
    first = int(np.argmax(coverage.usable))
    last = first + round(FOLLOWED_SECONDS * transforms.frames_a_second)
    removal = LineRemoval([line.frequency for line in lines], fourier, source.sample_rate, coverage)
    return removal.follow(_between(fourier.batches(source), first, last))


def _between(batches: Iterable[tuple[int, Spectra]], first: int, last: int) -> Iterator[tuple[int, Spectra]]:
    """The frames from one number up to another one; no more are made than needed."""
    for begin, spectra in batches:
        skipped = max(first - begin, 0)
        part = spectra[:, skipped : max(last - begin, 0)]
        if part.shape[1]:
            yield begin + skipped, part
        if begin + spectra.shape[1] >= last:
            return


def _floors_of_all(
    periodograms: npt.NDArray[np.float32], high_power: FloatArray, transforms: Transforms
) -> RoverFloor:
    """The mean periodogram at each level of activity, where the levels differ by more than chance."""
    bands = Bands(transforms.frequencies)
    loudest = float(bands.mean(periodograms).mean(axis=0).max())
    activity = learn_activity(high_power, transforms.high, loudest_low=loudest)
    shares = shares_of(activity, high_power)
    floors = np.maximum(
        shares.T @ periodograms / np.maximum(shares.sum(axis=0), 1e-9)[:, np.newaxis], FAINTEST
    )
    calm = np.zeros_like(periodograms)
    ties = np.zeros(len(bands.centres))
    if activity is not None:
        nothing = np.zeros(len(bands.centres))
        power = np.maximum(bands.mean(periodograms), FAINTEST)
        ties = ties_of_levels(power, shares, bands.mean(floors), np.zeros(len(power)), nothing, bands)
    floors = refine_floors(periodograms, shares, floors, calm, ties=bands.to_bins(ties))
    return RoverFloor(np.maximum(floors, FAINTEST), activity)
