"""Copies to listen to: the one place where a level is changed, and it says by how much."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.recording import Recording, require_recording
from marsaudio.source import FOR_LISTENING


def listening_copy(recording: Recording, *, fade: float = 0.0, peak_db: float | None = None) -> Recording:
    """Make a copy that is pleasant to hear: faded at both ends, brought to a peak.

    What was done stands in the copy's ``source.history``, and so in the title of a file saved from it. It
    is no longer a measurement and has no calibration.

    Parameters
    ----------
    recording : Recording
    fade : float, optional
        Seconds over which it rises at its start and falls at its end, as half a period of a raised cosine.
    peak_db : float, optional
        Where its highest sample is to lie, in dB re full scale, at most 0. None leaves the level.

    Returns
    -------
    Recording
        The same recording where there is nothing to do.

    Raises
    ------
    ParameterError
        A value is out of its range, or there is nothing but digital silence to make louder.

    See Also
    --------
    Recording.save : The samples as they are, for science.

    Examples
    --------
    >>> import marsaudio as ma
    >>> from marsaudio.listening.copies import listening_copy
    >>> clip = ma.load("sample").clip(5.0, 9.0)
    >>> copy = listening_copy(clip, fade=0.05, peak_db=-1.0)
    >>> round(float(abs(copy.samples).max()), 4)
    0.8913
    """
    require_recording(recording, "listening_copy")
    if not (math.isfinite(fade) and 0 <= 2 * fade <= recording.duration):
        raise ParameterError(
            f"fade={fade:g} must be from 0 to {recording.duration / 2:.3f} s, half of what is to be faded."
        )
    if peak_db is not None and not (math.isfinite(peak_db) and peak_db <= 0):
        raise ParameterError(f"peak_db={peak_db:g} must be 0 or less: full scale is 0 dB. Try -1.")
    frames = round(fade * recording.sample_rate)
    if frames == 0 and peak_db is None:
        return recording
    samples = recording.samples.astype(np.float64)
    steps = []
    if frames:
        ramp = raised_cosine(frames)
        samples[:, :frames] *= ramp
        samples[:, -frames:] *= ramp[::-1]
        steps.append(f"faded over {frames / recording.sample_rate:.4g} s at both ends")
    if peak_db is not None:
        gain_db = _gain_db(samples, peak_db, recording.source.name)
        samples *= 10 ** (gain_db / 20)
        direction = "louder" if gain_db >= 0 else "quieter"
        steps.append(f"{abs(gain_db):.2f} dB {direction}, to a peak of {peak_db:g} dB re full scale")
    source = recording.source.after(FOR_LISTENING + ", ".join(steps), encoding=None)
    return dataclasses.replace(recording, samples=samples.astype(np.float32), source=source, calibration=None)


def raised_cosine(frames: int) -> npt.NDArray[np.float64]:
    """The rise from 0 towards 1, w(i) = sin(pi i / 2 n)**2 for i = 0 ... n - 1."""
    return np.asarray(np.sin(0.5 * np.pi * np.arange(frames) / frames) ** 2)


def _gain_db(samples: npt.NDArray[np.float64], peak_db: float, name: str) -> float:
    peak = float(np.abs(samples).max())
    if peak == 0:
        raise ParameterError(
            f"{name} holds nothing but digital silence here: no gain brings it to a peak of {peak_db:g} dB. "
            "Take another range or leave out the peak."
        )
    return peak_db - 20 * math.log10(peak)
