"""Wind that is too deep for small loudspeakers, made higher: by speeding up, or by moving it up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.formats.audio_info import Gap
from marsaudio.recording import Recording, require_recording
from marsaudio.source import FOR_LISTENING

FASTEST = 1000.0
SILENCE_SECONDS = 0.01  # zeros for shorter are moments of a faint sound


def speed_up(recording: Recording, factor: float) -> Recording:
    """Make a copy that plays faster: so many times shorter, and so many times higher.

    It keeps the sample rate, so that every player plays it. What lies above the `factor`-th part of half
    the sample rate would be too high for that, and is gone. It is for listening, no measurement: it has no
    calibration and no start time, and its history says what was done.

    Parameters
    ----------
    recording : Recording
    factor : float
        From 1 to 1000; 8 is three octaves up.

    Returns
    -------
    Recording
        The same recording where the factor is 1.

    Raises
    ------
    ParameterError
        The factor is out of its range, or leaves fewer frames than channels.

    See Also
    --------
    marsaudio.shift : Higher, but as long as before.

    Examples
    --------
    >>> import marsaudio as ma
    >>> wind = ma.separate(ma.load("sample")).wind
    >>> ma.speed_up(wind, 8).duration
    2.25
    """
    require_recording(recording, "speed_up")
    if not (isinstance(factor, (int, float)) and 1 <= factor <= FASTEST):
        raise ParameterError(
            f"factor={factor!r} must be a number from 1 to {FASTEST:g}: how many times faster. Try 8."
        )
    if factor == 1:
        return recording
    rate = recording.sample_rate
    # As if it had been recorded at a higher rate: what was a second is then less.
    faster = dataclasses.replace(recording, sample_rate=rate * factor).resample(rate)
    source = dataclasses.replace(
        recording.source.after(
            f"{FOR_LISTENING}{factor:g} times faster, and so {factor:g} times higher", encoding=None
        ),
        offset=0.0,
        start_time=None,
        gaps=tuple(Gap(gap.start / factor, gap.stop / factor, gap.reason) for gap in recording.gaps),
    )
    return dataclasses.replace(faster, source=source, calibration=None)


def shift(recording: Recording, hertz: float) -> Recording:
    """Make a copy in which every frequency is so many hertz higher; times and levels stay.

    Y(f) = X(f - Δf) for f > Δf, else 0: the one-sided spectrum is moved up (single-sideband modulation), so
    that a gust rises and falls as it did. Only what begins or ends at once rings before and after: noise from
    20 to 250 Hz, 0.1 s away, 40 dB or more below its peak. Digital silence of a hundredth of a second or more
    stays silent. Intervals between tones do not stay: it is made for noise, such as wind. Δf is rounded to
    the distance of two bins, 1 / (2 duration); what would come above half the sample rate is gone. It is for
    listening, no measurement: it has no calibration, and its history says what was done.

    Parameters
    ----------
    recording : Recording
        Held in memory, with its spectrum.
    hertz : float
        Δf: more than 0, and less than half the sample rate.

    Returns
    -------
    Recording

    Raises
    ------
    ParameterError
        The shift is out of its range.

    See Also
    --------
    marsaudio.speed_up : Higher by a factor, and shorter.

    Examples
    --------
    >>> import marsaudio as ma
    >>> wind = ma.separate(ma.load("sample")).wind
    >>> ma.shift(wind, 300).source.history[-1]
    'for listening: 300 Hz higher'
    """
    require_recording(recording, "shift")
    nyquist = recording.sample_rate / 2
    if not (isinstance(hertz, (int, float)) and math.isfinite(hertz) and 0 < hertz < nyquist):
        raise ParameterError(
            f"hertz={hertz!r} must be a number above 0 and below {nyquist:g}, half the sample rate. Try 300."
        )
    import scipy.fft

    # Silence as long again behind it keeps its end from ringing at its beginning.
    length = 2 * recording.frames
    # Its mean has no frequency to be moved from.
    mean = recording.samples.mean(axis=-1, keepdims=True, dtype=np.float64).astype(np.float32)
    spectrum = scipy.fft.rfft(recording.samples - mean, n=length, axis=-1)
    bins = max(round(hertz / recording.sample_rate * length), 1)
    moved = np.zeros_like(spectrum)
    moved[:, bins + 1 :] = spectrum[:, 1 : spectrum.shape[1] - bins]
    samples = scipy.fft.irfft(moved, n=length, axis=-1)[:, : recording.frames]
    samples[_silent(recording)] = 0.0
    by = bins * recording.sample_rate / length
    told = hertz if abs(by - hertz) < 0.1 else by
    source = recording.source.after(f"{FOR_LISTENING}{told:.5g} Hz higher", encoding=None)
    return dataclasses.replace(recording, samples=samples, source=source, calibration=None)


def _silent(recording: Recording) -> npt.NDArray[np.bool_]:
    """Which samples lie in digital silence."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    size = 2 * round(SILENCE_SECONDS / 2 * recording.sample_rate) + 1
    zero = (recording.samples == 0).astype(np.uint8)
    middle = minimum_filter1d(zero, size, axis=-1, mode="constant")
    return np.asarray(maximum_filter1d(middle, size, axis=-1, mode="constant"), dtype=np.bool_)
