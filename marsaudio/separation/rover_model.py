"""The rover's own sound, to look at, to keep in a file, and to hold other recordings against."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import write_text
from marsaudio.errors import AudioFormatError
from marsaudio.formats import html
from marsaudio.formats.audio_writer import reason_of
from marsaudio.formats.json_document import MOST_VALUES, has_too_many_values
from marsaudio.formats.opening import open_for_reading
from marsaudio.separation.families import FAMILY_HEADER, Family, RoverLine, family_row, named, place_of
from marsaudio.separation.families_json import (
    family_as_json,
    family_from_json,
    line_as_json,
    line_from_json,
)
from marsaudio.separation.floors import FAINTEST, RoverFloor
from marsaudio.separation.frames import Transforms
from marsaudio.separation.machine import Activity
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.rover_picture import draw
from marsaudio.source import Source

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

FloatArray = npt.NDArray[np.float64]

FORMAT = "marsaudio rover model"
VERSION = 2
MOST_BYTES = 32 * 2**20  # one of thousands of lines has a few
LONGEST_REASON = 200  # characters
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
    lines : tuple of RoverLine
        Over the whole spectrum, by frequency; each says which family it belongs to.
    families : tuple of Family
        The machines that the lines tell of, the surest first: harmonics of one frequency, with their
        sidebands and their drift.
    seconds : float
        How much sound it was learned from.
    source : Source
        The recording it was learned from.
    notes : tuple of str
        What a user of it must know.

    Examples
    --------
    >>> import marsaudio as ma
    >>> model = ma.fit_rover(ma.load("sample"))
    >>> [round(family.frequency, 2) for family in model.families]
    [195.15, 1000.0]
    >>> model.floor.shape == model.frequencies.shape
    True
    """

    sample_rate: float
    frequencies: FloatArray
    floors: FloatArray
    activity: Activity | None
    level_shares: FloatArray
    high_frequencies: FloatArray
    high_floor: FloatArray
    lines: tuple[RoverLine, ...]
    families: tuple[Family, ...]
    seconds: float
    source: Source
    notes: tuple[str, ...] = ()

    @property
    def floor(self) -> FloatArray:
        """The mean density over time at `frequencies`, shape (bins,)."""
        return np.asarray(self.level_shares @ self.floors)

    def family_of(self, line: RoverLine) -> Family | None:
        """The family that one of the lines belongs to; None where it belongs to none.

        Examples
        --------
        >>> import marsaudio as ma
        >>> model = ma.fit_rover(ma.simulate_scene(12, rng=1).rover)
        >>> strongest = max(model.lines, key=lambda line: line.level)
        >>> round(model.family_of(strongest).frequency, 1)
        195.1
        """
        return next((family for family in self.families if family.frequency == line.family), None)

    @property
    def as_reference(self) -> RoverReference:
        """What `marsaudio.separate` holds a recording against."""
        # The frames overlap by three quarters.
        frames = self.seconds * 4 * float(self.frequencies[1])
        return RoverReference(RoverFloor(self.floors, self.activity), self.lines, frames, self.notes)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSON, whole or not at all; `marsaudio.load_rover_model` reads it again.

        Raises
        ------
        OutputError
            The file cannot be written; an older one is still there.

        Examples
        --------
        >>> import tempfile
        >>> import marsaudio as ma
        >>> model = ma.fit_rover(ma.simulate_scene(12, rng=1).rover)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/rover.json").name
        'rover.json'
        """
        return write_text(path, self.to_json())

    def to_json(self) -> str:
        """The text that `save` writes."""
        return json.dumps(self._as_json(), ensure_ascii=False, allow_nan=False) + "\n"

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Line2D:
        """Draw the floor over frequency, with the lines as stems on it.

        Each family has a colour and a marker, and the legend says how many lines of which f0 it is.

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
        return draw(self, ax, **kwargs)

    def __repr__(self) -> str:
        kind = "steady" if self.activity is None else f"floors at {len(self.floors)} levels of activity"
        families = f" ({', '.join(str(family) for family in self.families)})" if self.families else ""
        return (
            f"<marsaudio.RoverModel: {self.source.name}, {self.seconds:.1f} s at {self.sample_rate:g} Hz, "
            f"{len(self.lines)} lines{families}, {kind}>"
        )

    def _repr_html_(self) -> str:
        caption = (
            f"marsaudio.RoverModel: {self.source.name}, {self.seconds:.1f} s at {self.sample_rate:g} Hz; "
            f"{len(self.families) or 'no'} families among {len(self.lines)} lines"
        )
        tables = ""
        if self.families:
            tables = html.table_fragment(
                caption=caption,
                header=FAMILY_HEADER,
                rows=[family_row(family) for family in self.families],
            )
            caption = f"{len(self.lines)} lines"
        strongest = sorted(self.lines, key=lambda line: -line.prominence)[:SHOWN_LINES]
        if len(self.lines) > SHOWN_LINES:
            caption += f"; the {SHOWN_LINES} most prominent ones"
        rows = [
            (
                f"{line.frequency:.2f}",
                f"{line.level:.1f}",
                f"{line.prominence:.1f}",
                f"{line.coherence:.2f}",
                place_of(line),
            )
            for line in sorted(strongest, key=lambda line: line.frequency)
        ]
        header = (
            "Frequency (Hz)",
            "Level (dB re full scale)",
            "Above its surroundings (dB)",
            "Coherence",
            "Harmonic of a family",
        )
        return tables + html.table_fragment(caption=caption, header=header, rows=rows)

    def _as_json(self) -> dict[str, Any]:
        source = {
            name: value for name, value in self.source.as_plain().items() if value not in (None, {}, (), [])
        }
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
            "lines": [line_as_json(line) for line in self.lines],
            "families": [family_as_json(family, self.lines) for family in self.families],
            "source": source,
            "notes": list(self.notes),
        }


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

    See Also
    --------
    fit_rover : Learn a model.
    RoverModel.save : What writes the file.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> model = ma.fit_rover(ma.load("sample"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = ma.load_rover_model(model.save(f"{folder}/rover.json"))
    >>> len(again.lines) == len(model.lines)
    True
    """
    with open_for_reading(path, wanted="a rover model") as stream:
        contents = stream.read(MOST_BYTES + 1)
    try:
        if len(contents) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
        text = contents.decode("utf-8")
        if has_too_many_values(text):
            raise ValueError(f"it has more than {MOST_VALUES:,} values")
        held = json.loads(text)
        if not isinstance(held, Mapping) or held.get("format") != FORMAT:
            raise ValueError("it does not say that it is one")
        if held["version"] != VERSION:
            raise AudioFormatError(
                f"{str(path)!r} is a rover model of version {held['version']}, and this marsaudio reads "
                f"version {VERSION}. Fit and save it again, or take the marsaudio that wrote it."
            )
        return _from_json(held)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise AudioFormatError(
            f"{str(path)!r} is no rover model: {_reason(error)}. 'marsaudio fit-rover' writes one, and "
            "in Python fit_rover(recording).save(path)."
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is no text"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    reason = reason_of(error)
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}..."


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
    transforms = Transforms.at(rate)
    if (
        floors.shape != (len(shares), transforms.bins)
        or not len(high_frequencies) == len(high_floor) == len(transforms.high_edges) - 1
        or not np.isclose(step, transforms.frequencies[1])
    ):
        raise ValueError("its arrays do not fit each other, or not its rate")
    lines = tuple(line_from_json(line) for line in held["lines"])
    lines, families = named(lines, [family_from_json(family, lines) for family in held["families"]])
    return RoverModel(
        sample_rate=rate,
        frequencies=np.arange(floors.shape[1], dtype=np.float64) * step,
        floors=np.maximum(floors, FAINTEST),
        activity=activity,
        level_shares=shares,
        high_frequencies=high_frequencies,
        high_floor=high_floor,
        lines=lines,
        families=families,
        seconds=seconds,
        source=Source.from_plain(held["source"]),
        notes=tuple(str(note) for note in held["notes"]),
    )


def _numbers(held: Any, *, dimensions: int) -> FloatArray:
    array = np.asarray(held, dtype=np.float64)
    if array.ndim != dimensions or not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("one of its arrays is not made of positive numbers")
    return array
