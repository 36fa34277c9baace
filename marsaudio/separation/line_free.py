"""The rover's lines in a section, and the section without them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from marsaudio.separation.columns import ColumnMeans
from marsaudio.separation.hearing import Heard
from marsaudio.separation.line_removal import LineRemoval
from marsaudio.separation.lines import PROMINENCE_DB, Line, PhaseStatistics
from marsaudio.separation.low_band import HIGHEST_LINE
from marsaudio.separation.survey import Coverage

Float32Array = npt.NDArray[np.float32]
Complex64Array = npt.NDArray[np.complex64]

BINS_ABOVE = 48  # those that tell of lines near the highest modelled bin
LISTENED_FRAMES = 128  # at a time: as many as a cache holds
LISTENED_OF_SECTION = 1024  # or more, over a minute: in longer sections every second batch does, and so on
FOLLOWED_FRAMES = 512  # at a time: lines are followed over many frames, so that long batches save work


def lines_of(
    heard: Heard, *, highest: float = HIGHEST_LINE, least_prominence: float = PROMINENCE_DB
) -> tuple[Line, ...]:
    """The lines up to a frequency in the frames that a section is learned from."""
    transforms, section = heard.transforms, heard.section
    bins = int(highest / transforms.frequencies[1])
    statistics = PhaseStatistics(transforms.low, highest=bins, least_prominence=least_prominence)
    usable = heard.coverage.usable & section.holds(np.arange(len(heard.coverage.usable)))
    together = max((section.last - section.first) // LISTENED_OF_SECTION, 1)
    for begin in range(section.first, section.last, together * LISTENED_FRAMES):
        end = min(begin + LISTENED_FRAMES, section.last)
        if usable[begin:end].any():
            first = max(begin - statistics.context, section.first)
            spectra = heard.spectra(first, end, transforms.bins + BINS_ABOVE)[0]
            statistics.add_frames(first, spectra, slice(begin - first, end - first), usable)
    return tuple(statistics.lines(heard.sample_rate))


def line_removal(frequencies: Iterable[float], sample_rate: float, coverage: Coverage) -> LineRemoval:
    """The removal of those lines that lie where wind is looked for; above, all is the rover's anyway."""
    within = [frequency for frequency in frequencies if frequency <= HIGHEST_LINE]
    return LineRemoval(within, coverage.fourier, sample_rate, coverage)


def take_lines_out(heard: Heard, lines: Iterable[Line]) -> tuple[Complex64Array, Float32Array]:
    """Take lines out of a section and the frames around it.

    Parameters
    ----------
    heard : Heard
    lines : iterable of Line

    Returns
    -------
    clean : ndarray of complex64, shape (frames, bins)
        The spectra of the frames that are held, up to the modelled frequencies, without the lines.
    periodograms : ndarray of float32, shape (columns, bins)
        Of those frames that the section is learned from, or means over neighbouring ones where there are
        very many.
    """
    transforms, bins = heard.transforms, heard.transforms.bins
    removal = line_removal((line.frequency for line in lines), heard.sample_rate, heard.coverage)
    clean = np.empty((heard.last - heard.first, bins), dtype=np.complex64)
    columns = ColumnMeans(int(heard.chosen.sum()), bins)
    for begin in range(heard.first, heard.last, FOLLOWED_FRAMES):
        end = min(begin + FOLLOWED_FRAMES, heard.last)
        first, spectra, core = heard.with_neighbours(begin, end, removal.context, bins + BINS_ABOVE)
        removal.take_out(first, spectra[0])
        here = slice(begin - heard.first, end - heard.first)
        clean[here] = spectra[0, core, :bins]
        columns.add(transforms.density(clean[here], transforms.low)[heard.chosen[here]])
    return clean, columns.means()
