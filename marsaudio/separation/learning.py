"""What is learned from a section: its lines, what is left without them, the rover's floor and the wind."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.formats.encodings import FAINTEST_IN_WORDS
from marsaudio.separation.columns import mean_columns
from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT, SHORT_FRAMES
from marsaudio.separation.hearing import Heard
from marsaudio.separation.line_free import lines_of, take_lines_out
from marsaudio.separation.lines import density_of_lines
from marsaudio.separation.machine import comes_in_knocks
from marsaudio.separation.model import WindModel, fit
from marsaudio.separation.reference import RoverReference

SILENCE = (
    f"From end to end no sample differs from the next, or none is above {FAINTEST_IN_WORDS}: there is "
    "nothing in it to take apart."
)


@dataclass(frozen=True, eq=False)
class Learned:
    """One section of a channel after it was learned from.

    Attributes
    ----------
    heard : Heard
    clean : ndarray of complex64, shape (frames, bins)
        The spectra of the frames that are held, up to the modelled frequencies, without the lines.
    model : WindModel
    """

    heard: Heard
    clean: npt.NDArray[np.complex64]
    model: WindModel

    @property
    def faded_in(self) -> tuple[int, int]:
        """The frames in which the section counts: the first, and the one after the last."""
        counting = np.flatnonzero(self.heard.fade)
        return self.heard.first + int(counting[0]), self.heard.first + int(counting[-1]) + 1


def learn(heard: Heard, reference: RoverReference | None) -> Learned:
    """Find the lines of a section, take them out, and learn floor and wind from what is left."""
    transforms, section = heard.transforms, heard.section
    lines = lines_of(heard)
    clean, periodograms = take_lines_out(heard, lines)
    count = int(heard.chosen.sum())
    model = fit(
        periodograms,
        transforms.frequencies,
        mean_columns(heard.high_power[heard.chosen]),
        transforms.high,
        # Of columns that are means of many frames, each is independent.
        independent=min(count / FRAMES_PER_INDEPENDENT, len(periodograms)),
        lines=density_of_lines(lines, transforms.frequencies),
        reference=reference and reference.without(lines, transforms.frequencies),
    )
    if heard.coverage.muted.all():
        model = dataclasses.replace(model, notes=(SILENCE,))
    model = dataclasses.replace(
        model,
        lines=lines,
        knocks=_knocks(heard, model),
        channel=heard.number,
        start=section.first / transforms.frames_a_second,
        stop=min(section.last / transforms.frames_a_second, heard.coverage.frames / heard.sample_rate),
    )
    return Learned(heard, clean, model)


def _knocks(heard: Heard, model: WindModel) -> bool:
    """Whether the machine of a section knocks or scrapes, so that its frames are too long for it."""
    activity = model.rover.activity
    if activity is None:
        return False
    first, last = (2 * (frame - heard.first) for frame in (heard.section.first, heard.section.last))
    return comes_in_knocks(heard.short_power[first:last] @ activity.weights, SHORT_FRAMES)
