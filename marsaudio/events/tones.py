"""Whether a rise is no wind but a tone: one that comes and goes, or what is left of a line that stops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from marsaudio.separation.tone_fits import MAIN_LOBE_BINS

FloatArray = npt.NDArray[np.float64]

TONE_BINS = MAIN_LOBE_BINS + 1  # on both sides of a tone: one that starts or stops within a frame is wider
BESIDE_BINS = 2  # and so many beside these
MOST_SHARE = 0.5


def is_tonal(added: FloatArray) -> bool:
    """Whether more than half of what an event adds to the quiet stands out at single frequencies.

    A tone fills the main lobe of the window or a little more, and wind, whose spectrum is smooth, the bins
    beside it as well: so in each bin there counts what is more than on the louder of both sides.

    Parameters
    ----------
    added : ndarray of float64, shape (parts of the band,)
        What the event adds to the density of the quiet.

    Returns
    -------
    bool
        False where the band is too narrow to tell.
    """
    reach = TONE_BINS + BESIDE_BINS
    if len(added) <= 2 * reach:
        return False
    sides = np.convolve(added, np.full(BESIDE_BINS, 1 / BESIDE_BINS), mode="valid")
    below, above = sides[: len(added) - 2 * reach], sides[2 * reach - 1 :]
    standing_out = np.maximum(added[reach:-reach] - np.maximum(below, above), 0.0)
    return bool(standing_out.sum() > MOST_SHARE * added.sum())
