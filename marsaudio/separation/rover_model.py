"""The rover's own sound, to look at, to keep in a file, and to hold other recordings against."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import write_text
from marsaudio.errors import AudioFormatError, DataUnavailableError, ParameterError
from marsaudio.formats import html
from marsaudio.recording import Recording, Source, require_recording
from marsaudio.separation.bands import Bands
from marsaudio.separation.combs import Comb, find_combs
from marsaudio.separation.floors import (
    FAINTEST,
    RoverFloor,
    refine_floors,
    shares_of,
    ties_of_levels,
)
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT, Transforms
from marsaudio.separation.lines import Line, find_lines
from marsaudio.separation.machine import Activity, learn_activity
from marsaudio.separation.model import fit, mean_columns
from marsaudio.separation.readings import listen, periodograms_of
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.survey import survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

FloatArray = npt.NDArray[np.float64]

FORMAT = "marsaudio rover model"
VERSION = 1
SHORT_SECONDS = 3.0  # some nine independent looks at every bin: 1.4 dB of chance in the floor
SHOWN_LINES = 20  # in a notebook


@dataclass(frozen=True, eq=False)
class RoverModel:
    """What the rover sounds like by itself: its lines, and a floor of noise.

    Attributes
    ----------
    sample_rate : float
        Of the recording it was learned from, in Hz.
    frequencies : ndarray of float64, shape (bins,)
        Where wind may be, up to 4 kHz, in Hz.
    floors : ndarray of float64, shape (levels, bins)
        Power spectral density without the lines, in full scale squared per hertz, one-sided: one floor for a
        steady rover, or one for each level of activity, rising.
    activity : Activity or None
        What tells how active the rover is; None for a steady one.
    level_shares : ndarray of float64, shape (levels,)
        How much of the time it was at each level.
    high_frequencies, high_floor : ndarray of float64, shape (high bands,)
        Above: the centres of bands of a tenth of an octave, and the mean density in each, lines included.
    lines : tuple of Line
        Over the whole spectrum.
    seconds : float
        How much sound it was learned from.
    source : Source
        The recording it was learned from.
    notes : tuple of str
        What a user of it must know.
    """

    sample_rate: float
    frequencies: FloatArray
    floors: FloatArray
    activity: Activity | None
    level_shares: FloatArray
    high_frequencies: FloatArray
    high_floor: FloatArray
    lines: tuple[Line, ...]
    seconds: float
    source: Source
    notes: tuple[str, ...] = ()

    @property
    def floor(self) -> FloatArray:
        """The mean density over time at `frequencies`, shape (bins,)."""
        return np.asarray(self.level_shares @ self.floors)

    @cached_property
    def combs(self) -> tuple[Comb, ...]:
        """The families of lines at multiples of one frequency, the surest first."""
        return tuple(find_combs(self.lines))

    @property
    def as_reference(self) -> RoverReference:
        """What `marsaudio.separate` holds a recording against."""
        # The frames overlap by three quarters.
        frames = self.seconds * 4 * float(self.frequencies[1])
        return RoverReference(RoverFloor(self.floors, self.activity), self.lines, frames)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSON, whole or not at all; `marsaudio.load_rover_model` reads it again.

        Raises
        ------
        OutputError
            The file cannot be written; an older one is still there.
        """
        return write_text(path, json.dumps(self._as_json(), ensure_ascii=False, allow_nan=False) + "\n")

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Line2D:
        """Draw the floor over frequency, with the lines as stems on it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw. None makes a new figure.
        **kwargs
            Passed to `matplotlib.axes.Axes.plot` for the floor.

        Returns
        -------
        matplotlib.lines.Line2D
            The floor; its ``axes`` and ``figure`` lead to the rest.

        Examples
        --------
        >>> import marsaudio as ma
        >>> line = ma.fit_rover(ma.simulate_scene(10).rover).plot()
        >>> line.axes.get_xlabel()
        'Frequency (Hz)'
        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
        settings = {"color": "black", "linewidth": 1.2, "label": "floor, lines taken out", **kwargs}
        (floor,) = ax.plot(self.frequencies[1:], decibels(self.floor[1:]), **settings)
        if len(self.floors) > 1:
            ax.fill_between(
                self.frequencies[1:],
                decibels(self.floors.min(axis=0)[1:]),
                decibels(self.floors.max(axis=0)[1:]),
                color="0.8",
                label="between rest and most activity",
            )
        ax.plot(self.high_frequencies, decibels(self.high_floor), color="0.5", label="above, lines included")
        if self.lines:
            # A line's power stands against the power of the floor in the bin it falls into.
            width = float(self.frequencies[1])
            tops = np.array([line.level for line in self.lines]) - 10 * np.log10(width)
            ax.vlines(
                [line.frequency for line in self.lines],
                tops - [line.prominence for line in self.lines],
                tops,
                color="#0072B2",
                linewidth=0.9,
                label=f"{len(self.lines)} lines",
            )
        ax.set_xscale("log")
        ax.set_xlim(max(5.0, float(self.frequencies[1])), self.sample_rate / 2)
        ax.set(xlabel="Frequency (Hz)", ylabel="Level (dB re full scale²/Hz)")
        ax.set_title(f"The rover in {self.source.name}", parse_math=False)
        ax.grid(True, which="major", color="0.9")
        ax.legend(loc="upper right")
        return floor

    def __repr__(self) -> str:
        kind = "steady" if self.activity is None else f"floors at {len(self.floors)} levels of activity"
        combs = "".join(f" ({len(comb.members)} of {comb.frequency:.3f} Hz)" for comb in self.combs[:2])
        return (
            f"<marsaudio.RoverModel: {self.source.name}, {self.seconds:.1f} s at {self.sample_rate:g} Hz, "
            f"{len(self.lines)} lines{combs}, {kind}>"
        )

    def _repr_html_(self) -> str:
        strongest = sorted(self.lines, key=lambda line: -line.prominence)[:SHOWN_LINES]
        rows = [
            (f"{line.frequency:.2f}", f"{line.level:.1f}", f"{line.prominence:.1f}", f"{line.coherence:.2f}")
            for line in sorted(strongest, key=lambda line: line.frequency)
        ]
        caption = repr(self).strip("<>")
        if len(self.lines) > SHOWN_LINES:
            caption += f"; the {SHOWN_LINES} most prominent lines"
        header = ("Frequency (Hz)", "Level (dB re full scale)", "Above its surroundings (dB)", "Coherence")
        return html.table_fragment(caption=caption, header=header, rows=rows)

    def _as_json(self) -> dict[str, Any]:
        source = {name: value for name, value in asdict(self.source).items() if value not in (None, {}, ())}
        activity = self.activity
        return {
            "format": FORMAT,
            "version": VERSION,
            "unit": "full scale²/Hz, one-sided",
            "sample_rate_hz": self.sample_rate,
            "seconds": self.seconds,
            "frequency_step_hz": float(self.frequencies[1]),
            "floors": self.floors.tolist(),
            "level_shares": self.level_shares.tolist(),
            "activity": None
            if activity is None
            else {"weights": activity.weights.tolist(), "levels": activity.levels.tolist()},
            "high_frequencies_hz": self.high_frequencies.tolist(),
            "high_floor": self.high_floor.tolist(),
            "lines": [asdict(line) for line in self.lines],
            "source": source,
            "notes": list(self.notes),
        }


def fit_rover(recording: Recording, *, alone: bool = True) -> RoverModel:
    """Learn what the rover sounds like from a recording of it.

    Parameters
    ----------
    recording : Recording
        Of the rover, by the microphone and at the rate of those it is to be used with.
    alone : bool, optional
        True: there is no wind in it, and all of it counts. False: what comes and goes as wind does is
        left out, as `marsaudio.separate` would without a reference.

    Returns
    -------
    RoverModel
        Of the mean over the distinct channels' spectra.

    Raises
    ------
    ParameterError
        There is too little sound to learn from.

    Examples
    --------
    >>> import marsaudio as ma
    >>> scene = ma.simulate_scene(12)
    >>> model = ma.fit_rover(scene.rover)
    >>> stems = ma.separate(scene.recording, rover_noise=model)
    """
    require_recording(recording, "fit_rover")
    transforms = Transforms.at(recording.sample_rate)
    looked = survey(recording, transforms.resampler.factor)
    heard = [
        listen(recording, looked, number, transforms, in_sections=False)
        for number in range(1 if looked.equal_channels else recording.channels)
    ]
    used = [one for one in heard if one.coverage.usable.any()]
    if not used:
        raise ParameterError(
            f"In this recording of {recording.duration:.3f} s too little is sound to learn the rover from. "
            f"Give at least {2 * transforms.full.n_fft / recording.sample_rate:.1f} s of it without digital "
            "silence."
        )
    count = sum(int(one.coverage.usable.sum()) for one in used)
    periodograms = np.concatenate([periodograms_of(one)[0] for one in used])
    high_power = np.concatenate(
        [
            np.asarray(mean_columns([one.high_power[one.coverage.usable]], int(one.coverage.usable.sum())))
            for one in used
        ]
    )
    notes: tuple[str, ...] = ()
    if alone:
        rover = _floors_of_all(periodograms, high_power, transforms)
    else:
        independent = min(count / FRAMES_PER_INDEPENDENT, len(periodograms))
        model = fit(
            periodograms, transforms.frequencies, high_power, transforms.high, independent=independent
        )
        # What may be steady wind may as well be the rover's, which this is a model of.
        rover = RoverFloor(model.rover.floors + model.steady, model.rover.activity)
        notes = model.notes
        if model.cut_off is not None:
            notes = (f"Wind below {model.cut_off:.0f} Hz was left out.", *notes)
    edges = transforms.high_edges
    seconds = count / transforms.frames_a_second
    if seconds < SHORT_SECONDS:
        notes = (*notes, f"Learned from {seconds:.1f} s: a separation without it may be better.")
    return RoverModel(
        sample_rate=recording.sample_rate,
        frequencies=transforms.frequencies,
        floors=rover.floors,
        activity=rover.activity,
        level_shares=shares_of(rover.activity, high_power).mean(axis=0),
        high_frequencies=(edges[:-1] + edges[1:]) / 2,
        high_floor=high_power.mean(axis=0),
        lines=tuple(
            find_lines(used[0].channel, looked.coverage(used[0].number, transforms.full, recording.frames))
        ),
        seconds=seconds,
        source=recording.source,
        notes=notes,
    )


def load_rover_model(path: str | os.PathLike[str]) -> RoverModel:
    """Read what `RoverModel.save` wrote.

    Parameters
    ----------
    path
        A JSON file.

    Returns
    -------
    RoverModel

    Raises
    ------
    DataUnavailableError
        There is no such file, or it may not be read.
    AudioFormatError
        It is no rover model, or one of a later version.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise AudioFormatError(f"{str(path)!r} is no rover model: it is no text.") from error
        reason = getattr(error, "strerror", None) or str(error)
        raise DataUnavailableError(f"{str(path)!r} cannot be read: {reason}.") from error
    try:
        held = json.loads(text)
        if not isinstance(held, Mapping) or held.get("format") != FORMAT:
            raise ValueError("it does not say that it is one")
        if held["version"] != VERSION:
            raise AudioFormatError(
                f"{str(path)!r} is a rover model of version {held['version']}, and this marsaudio reads "
                f"version {VERSION}. Fit and save it again, or take the marsaudio that wrote it."
            )
        return _from_json(held)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise AudioFormatError(
            f"{str(path)!r} is no rover model: {error}. Save one with fit_rover(recording).save(path)."
        ) from error


def _from_json(held: Mapping[str, Any]) -> RoverModel:
    floors = _numbers(held["floors"], dimensions=2)
    high_frequencies = _numbers(held["high_frequencies_hz"], dimensions=1)
    high_floor = _numbers(held["high_floor"], dimensions=1)
    shares = _numbers(held["level_shares"], dimensions=1)
    step, rate, seconds = (float(held[name]) for name in ("frequency_step_hz", "sample_rate_hz", "seconds"))
    activity = None
    if held["activity"] is not None:
        weights = _numbers(held["activity"]["weights"], dimensions=1)
        activity = Activity(weights, _numbers(held["activity"]["levels"], dimensions=1))
        if len(weights) != len(high_floor) or len(activity.levels) != len(floors):
            raise ValueError("its levels of activity do not fit its floors")
    if not (step > 0 and rate > 0 and np.isfinite([step, rate, seconds]).all()):
        raise ValueError("its rate or its step of frequency is no positive number")
    if len(high_frequencies) != len(high_floor) or len(shares) != len(floors):
        raise ValueError("its arrays do not fit each other")
    source: dict[str, Any] = {
        name: tuple(value) if name == "history" else value for name, value in held["source"].items()
    }
    return RoverModel(
        sample_rate=rate,
        frequencies=np.arange(floors.shape[1], dtype=np.float64) * step,
        floors=np.maximum(floors, FAINTEST),
        activity=activity,
        level_shares=shares,
        high_frequencies=high_frequencies,
        high_floor=high_floor,
        lines=tuple(Line(**line) for line in held["lines"]),
        seconds=seconds,
        source=Source(**source),
        notes=tuple(str(note) for note in held["notes"]),
    )


def decibels(power: FloatArray) -> FloatArray:
    """10 log10 of a power, of none as well."""
    return np.asarray(10 * np.log10(np.maximum(power, FAINTEST)))


def _numbers(held: Any, *, dimensions: int) -> FloatArray:
    array = np.asarray(held, dtype=np.float64)
    if array.ndim != dimensions or not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("one of its arrays is not made of positive numbers")
    return array


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
