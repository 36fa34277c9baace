"""Ranges of a sound, from seconds to frames, and room for their samples."""

from __future__ import annotations

import numpy as np

from marsaudio.errors import ParameterError
from marsaudio.formats.encodings import Samples


def no_samples(shape: tuple[int, int], sample_rate: float, name: str) -> Samples:
    """Zeros of shape (channels, frames), in whose place samples are still to be read.

    Raises
    ------
    ParameterError
        There is not enough memory for so many.
    """
    channels, frames = shape
    try:
        return np.zeros(shape, dtype=np.float32)
    except (MemoryError, ValueError) as error:
        raise ParameterError(
            f"{frames / sample_rate:.0f} s of {name} need {frames * channels * 4 / 2**30:.1f} GiB of memory, "
            "more than there is. Read a part of it with start= and stop=."
        ) from error


def frame_range(
    start: float, stop: float | None, frames: int, sample_rate: float, name: str
) -> tuple[int, int]:
    """Turn a range in seconds into frames, refusing what lies outside of 0 to the end."""
    end = frames / sample_rate
    try:
        begin, finish = float(start), end if stop is None else float(stop)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(
            f"The range start={start!r}, stop={stop!r} must be two numbers of seconds from 0 to {end:.9g}."
        ) from None
    if stop is not None and begin >= finish:
        raise ParameterError(
            f"start={begin:.9g} s is not before stop={finish:.9g} s. Give a start before the stop, both from "
            f"0 to {end:.9g} s."
        )
    half_a_sample = 0.5 / sample_rate
    if not (-half_a_sample <= begin < finish <= end + half_a_sample):
        asked = f"start={begin:.9g} s" if stop is None else f"The range {begin:.9g} to {finish:.9g} s"
        raise ParameterError(
            f"{asked} is not within {name}, which runs from 0 to {end:.9g} s. Give a start before the stop, "
            "both inside it."
        )
    first, last = max(round(begin * sample_rate), 0), min(round(finish * sample_rate), frames)
    if first >= last:
        raise ParameterError(
            f"The range {begin:.9g} to {finish:.9g} s holds no sample at {sample_rate:.9g} Hz. Take a longer "
            "one."
        )
    return first, last
