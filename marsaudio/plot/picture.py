"""The figure that all pictures are drawn on: its title, its credit, its words, its file."""

from __future__ import annotations

import base64
import io
import os
import textwrap
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from marsaudio import __version__
from marsaudio.atomic import replace_when_complete
from marsaudio.calibration import Calibration
from marsaudio.catalog import microphone_named
from marsaudio.description import printable
from marsaudio.errors import ParameterError
from marsaudio.mars_time import clock
from marsaudio.source import Source
from marsaudio.spectra.spectrogram import Spectrogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 150
TITLE_SIZE, LABEL_SIZE, TICK_SIZE, NOTE_SIZE = 15.0, 13.0, 12.0, 10.0  # points; read on a phone at 8 inches
FORMATS = {".png": "PNG", ".svg": "SVG", ".pdf": "PDF", ".jpg": "JPEG", ".jpeg": "JPEG"}


def picture_format(path: Path) -> str:
    """The format that a picture's name tells.

    Raises
    ------
    ParameterError
        It tells none.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise ParameterError(
            f"Cannot tell a picture format from the name {path.name!r}. End it with one of "
            f"{', '.join(FORMATS)}."
        ) from None


class Picture(Figure):
    """A matplotlib figure that says in words what it shows.

    Attributes
    ----------
    description : str
        For those who cannot see it: the text instead of the picture in notebooks and saved files.

    Examples
    --------
    >>> import marsaudio as ma
    >>> picture = ma.plot.Picture(figsize=(8, 3), layout="constrained")
    >>> axes = picture.subplots()
    >>> lines = axes.plot(ma.load("sample").samples[0])
    >>> picture.description = "Waveform of the sample: three gusts over a steady hum."
    """

    description: str = ""

    def save(self, path: str | os.PathLike[str], *, dpi: float = DOTS_PER_INCH) -> Path:
        """Save as PNG, SVG, PDF or JPEG, whole or not at all, with the description inside (not in JPEG).

        Parameters
        ----------
        path
            Its suffix names the format.
        dpi : float, optional
            Dots per inch.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        ParameterError
            The suffix is none of those.
        OutputError
            The file cannot be written; an older one is still there.

        Examples
        --------
        >>> import tempfile
        >>> import marsaudio as ma
        >>> picture = ma.plot.spectrogram(ma.load("sample"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     picture.save(f"{folder}/sample.png", dpi=60).name
        'sample.png'
        """
        path = Path(path)
        metadata = self._metadata(picture_format(path))
        with replace_when_complete(path) as temporary:
            self.savefig(temporary, dpi=dpi, metadata=metadata)
        return path

    def _metadata(self, file_format: str) -> dict[str, Any] | None:
        """What the file says about itself; no dates, so that the same input gives the same file."""
        match file_format:
            case "PNG":
                return {"Description": self.description, "Software": f"marsaudio {__version__}"}
            case "SVG":
                return {"Description": self.description, "Creator": f"marsaudio {__version__}", "Date": None}
            case "PDF":
                return {
                    "Subject": self.description,
                    "Creator": f"marsaudio {__version__}",
                    "CreationDate": None,
                }
            case _:
                return None

    def _repr_html_(self) -> str:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        return (
            f'<img style="max-width:{self.get_figwidth() * 100:.0f}px;width:100%" '
            f'alt="{escape(self.description, quote=True)}" src="data:image/png;base64,{data}">'
        )


def add_title(figure: Figure, source: Source) -> None:
    """The source's name in bold; below it who heard it, when, and whether anybody did."""
    title = "\n".join(_lines(source.title or source.name, 64))
    facts = [source.name] if source.title else []
    if source.microphone and not source.simulated:
        known = microphone_named(source.microphone)
        facts.append(known.name if known else source.microphone)
    facts += [f"sol {source.sol}"] if source.sol is not None else []
    if source.start_time:
        began = source.start_time.after(source.offset)
        facts.append(f"from {clock(began.local_mean_solar_time)} local mean solar time")
    facts += [source.date] if source.date else []
    facts += [*source.history]
    if source.simulated:
        facts.append("SIMULATED, not recorded on Mars")
    below = _lines(" · ".join(facts), 84)
    # One text cannot have two sizes: the title keeps lines free, and the facts are set into them.
    room = "\n " * len(below)
    figure.suptitle(title + room, x=0.02, ha="left", size=TITLE_SIZE, weight="bold", parse_math=False)
    down = 8 + 1.3 * TITLE_SIZE * (title.count("\n") + 1)
    place = figure.transFigure + ScaledTranslation(0, -down / 72, figure.dpi_scale_trans)
    facts_text = figure.text(0.02, 1.0, "\n".join(below), transform=place, va="top", parse_math=False)
    facts_text.set(fontsize=TICK_SIZE, in_layout=False)


def add_credit(
    figure: Figure,
    source: Source,
    spec: Spectrogram,
    sample_rate: float,
    more: str = "",
    calibration: Calibration | None = None,
) -> None:
    """Credit, how the picture was made, and who says what a pascal is."""
    made = (
        f"Spectrogram: {spec.window.capitalize()} frames of {spec.n_fft / sample_rate:.3g} s every "
        f"{spec.hop_length / sample_rate:.3g} s"
        + (", so not of all the sound" if spec.hop_length > spec.n_fft else "")
        + f" · marsaudio {__version__}"
    )
    measured = [] if calibration is None else _lines(f"Calibration: {calibration.in_words}", 104)
    add_note(figure, source, [*_lines(more, 104), *measured, made])


def add_note(figure: Figure, source: Source, lines: list[str]) -> None:
    """Credit and other lines, below the picture."""
    credit = _lines(f"Credit: {source.credit}", 104) if source.credit else []
    lines = [*credit, *lines]
    note = figure.supxlabel("\n".join(lines), x=0.02, ha="left", size=NOTE_SIZE, color="0.25")
    note.set_parse_math(False)


def _lines(text: str, width: int) -> list[str]:
    """What a file says about itself may be long: at most three lines of it."""
    return textwrap.wrap(printable(text), width, max_lines=3, placeholder=" …")


def set_heading(ax: Axes, text: str) -> None:
    """Say above a panel, on the left, what it shows."""
    ax.set_title("")
    # The bars of the events and their numbers stand between the panel and its heading.
    ax.set_title(printable(text), loc="left", size=LABEL_SIZE, pad=22, parse_math=False)


def enlarge_text(ax: Axes) -> None:
    """Labels and ticks in the sizes of pictures."""
    ax.tick_params(labelsize=TICK_SIZE)
    ax.xaxis.label.set_fontsize(LABEL_SIZE)
    ax.yaxis.label.set_fontsize(LABEL_SIZE)


def tick_times(ax: Axes) -> None:
    """Ticks at round seconds."""
    ax.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
