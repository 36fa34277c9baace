"""What the page draws: spectrograms without axes, as images; curves and ticks, as places in per cent."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from marsaudio.spectra.spectrogram import Spectrogram

FloatArray = npt.NDArray[np.float64]

STRIP_INCHES, STRIP_DPI = (9.2, 2.4), 150  # twice as fine as the page is wide, for screens that are
LOWEST_HZ = 20.0
ROUND_HZ = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)
MINOR_HZ = (50, 500, 5000, 50000)  # left out on a phone
MOST_POINTS = 1500  # of a curve: more lie closer than pixels
SECONDS_STEPS = (1, 2, 5, 10)
CLOCK_STEPS = (1, 1.5, 2, 3, 6, 10)  # in which an hour has round parts


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in per cent of its length, and its name; a minor one may be left out."""

    place: float
    text: str
    minor: bool = False


@dataclass(frozen=True)
class Strip:
    """A spectrogram as an image without axes, and what its axes would say."""

    image: str
    ticks: list[Tick]
    lowest: float
    highest: float
    minimum_db: float
    maximum_db: float


def strip(spec: Spectrogram, duration: float, colours: tuple[float, float] | None = None) -> Strip:
    """Draw a spectrogram from edge to edge of an image.

    Parameters
    ----------
    spec : Spectrogram
    duration : float
        What the image reaches over, from 0 s.
    colours : (minimum, maximum), optional
        In dB; None takes the spectrogram's own.
    """
    figure = Figure(figsize=STRIP_INCHES, dpi=STRIP_DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    minimum, maximum = colours or (None, None)
    lowest = min(LOWEST_HZ, float(spec.frequencies[-1]) / 2)
    mesh = spec.plot(ax, colorbar=False, minimum_frequency=lowest, minimum_db=minimum, maximum_db=maximum)
    ax.set_xlim(0.0, duration)
    low, high = ax.get_ylim()
    ax.set_axis_off()
    figure.set_facecolor("black")
    minimum_db, maximum_db = mesh.get_clim()
    ticks = [
        Tick(_per_cent(np.log(hertz / low) / np.log(high / low)), _hertz(hertz), hertz in MINOR_HZ)
        for hertz in ROUND_HZ
        if low <= hertz <= high
    ]
    return Strip(_as_address(figure), ticks, low, high, float(minimum_db), float(maximum_db))


def colour_scale() -> str:
    """The colours from faint to loud, as an image."""
    figure = Figure(figsize=(2.56, 0.1), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(np.arange(256)[np.newaxis], cmap="magma", aspect="auto")
    ax.set_axis_off()
    return _as_address(figure)


def curve(times: FloatArray, values: FloatArray, duration: float, low: float, high: float) -> str:
    """A curve as an SVG path in a box of 1000 by 100; it is broken where a value is not finite.

    Of many points the highest of each group stays, so that no gust is lost.
    """
    group = -(-len(values) // MOST_POINTS) or 1
    rest = -len(values) % group
    padded = np.concatenate([values, np.full(rest, -np.inf)]).reshape(-1, group)
    highest = np.where(np.isfinite(padded), padded, -np.inf).max(axis=1, initial=-np.inf)
    centres = np.concatenate([times, np.full(rest, times[-1] if len(times) else 0.0)]).reshape(-1, group)
    pieces, drawing = [], False
    for time, value in zip(centres.mean(axis=1), highest, strict=True):
        if not np.isfinite(value):
            drawing = False
            continue
        x, y = 1000 * time / duration, 100 * (1 - (value - low) / (high - low))
        pieces.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.2f}")
        drawing = True
    return "".join(pieces)


def steps(borders: list[float], values: list[float], duration: float, low: float, high: float) -> str:
    """Levels that hold between borders, as an SVG path in the same box."""
    pieces: list[str] = []
    for begin, end, value in zip(borders[:-1], borders[1:], values, strict=True):
        y = 100 * (1 - (value - low) / (high - low))
        pieces.append(
            f"{'L' if pieces else 'M'}{1000 * begin / duration:.1f} {y:.2f}"
            f"L{1000 * end / duration:.1f} {y:.2f}"
        )
    return "".join(pieces)


def level_ticks(low: float, high: float) -> list[Tick]:
    """Round levels between two, in dB."""
    values = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [
        Tick(_per_cent((value - low) / (high - low)), f"{value:g} dB".replace("-", "−"))
        for value in values
        if low <= value <= high
    ]


def time_ticks(duration: float) -> list[Tick]:
    """Round times from 0 to the end; every other one is minor."""
    unit = 1.0 if duration <= 120 else 60.0 if duration <= 7200 else 3600.0
    steps_of = SECONDS_STEPS if unit == 1.0 else CLOCK_STEPS
    values = [
        unit * float(value)
        for value in MaxNLocator(10, steps=list(steps_of)).tick_values(0, duration / unit)
        if 0 <= unit * float(value) <= duration
    ]
    return [
        Tick(_per_cent(value / duration), _seconds(value, unit), number % 2 == 1)
        for number, value in enumerate(values)
    ]


def place_of(time: float, duration: float) -> float:
    """Where a time is, in per cent of the width."""
    return _per_cent(min(max(time / duration, 0.0), 1.0))


def as_address(kind: str, data: bytes) -> str:
    """Data as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _as_address(figure: Figure) -> str:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"format": "png", "metadata": {"Software": None}}
    figure.savefig(buffer, **options)
    return as_address("image/png", buffer.getvalue())


def _per_cent(share: float) -> float:
    return round(100 * float(share), 3)


def _hertz(hertz: float) -> str:
    return f"{hertz:g} Hz" if hertz < 1000 else f"{hertz / 1000:g} kHz"


def _seconds(seconds: float, unit: float) -> str:
    if unit == 1.0:
        return f"{seconds:g}"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours or unit == 3600.0 else f"{minutes}:{left:02}"


def level_range(values: FloatArray, references: list[float]) -> tuple[float, float]:
    """The lowest and highest level to show, with some room."""
    finite = [*values[np.isfinite(values)], *references]
    low, high = (min(finite), max(finite)) if finite else (-1.0, 0.0)
    room = 0.08 * (high - low) + 0.5
    return float(low - room), float(high + room)
