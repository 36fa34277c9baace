"""How good a separation is, against a known truth: one function each.

Arrays of samples are of shape (..., frames) and are compared as one signal over all their channels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError


def sdr(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """The signal-to-distortion ratio, 10 log10( sum s² / sum (s - ŝ)² ), in dB.

    Scale errors count, as they must for stems that add up to the recording.

    Parameters
    ----------
    estimate, truth : array_like of the same shape

    Returns
    -------
    float
        Infinite where the estimate is the truth.

    Raises
    ------
    ParameterError
        The shapes differ, or the truth is silent.

    See Also
    --------
    marsaudio.metrics.si_sdr : Whatever the scale.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> round(metrics.sdr([0.9, -0.9], [1.0, -1.0]), 6)
    20.0
    """
    s_hat, s = _validated(estimate, truth)
    return _ratio_db(np.sum(s**2), np.sum((s - s_hat) ** 2))


def si_sdr(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """The scale-invariant signal-to-distortion ratio, in dB.

    ``10 log10( |a s|² / |a s - ŝ|² )`` with ``a = <ŝ, s> / <s, s>``.

    Source: J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR - half-baked or well done?", ICASSP 2019,
    doi:10.1109/ICASSP.2019.8683855.

    Parameters
    ----------
    estimate, truth : array_like of the same shape

    Returns
    -------
    float
        Infinite where the estimate is a multiple of the truth, minus infinity where it holds nothing of it.

    Raises
    ------
    ParameterError
        The shapes differ, or the truth is silent.

    See Also
    --------
    marsaudio.metrics.sdr : Where the scale counts, too.

    Examples
    --------
    >>> from marsaudio import metrics
    >>> round(metrics.si_sdr([1.0, 1.1], [2.0, 2.0]), 3)
    26.444
    """
    s_hat, s = _validated(estimate, truth)
    target = np.dot(s_hat, s) / np.dot(s, s) * s
    return _ratio_db(np.sum(target**2), np.sum((target - s_hat) ** 2))


def line_suppression(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    sample_rate: float,
    frequency: float,
    half_width: float = 2.0,
) -> float:
    """How much weaker a line became, in dB: the ratio of the power within `half_width` around it.

    What lies beside the line within that width counts too, so that the figure cannot exceed how far the line
    stood above it, unless that was weakened as well.

    Parameters
    ----------
    before, after : array_like of the same shape
    sample_rate : float
        In Hz.
    frequency, half_width : float
        In Hz.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        The shapes differ, `before` is silent, or the signal is too short to tell such a width.

    See Also
    --------
    marsaudio.metrics.si_sdr : For the whole sound.

    Examples
    --------
    >>> import numpy as np
    >>> from marsaudio import metrics
    >>> hum = np.sin(2 * np.pi * 195.0 * np.arange(16000) / 8000)
    >>> level = metrics.line_suppression(hum, 0.1 * hum, sample_rate=8000, frequency=195.0)
    >>> round(level, 3)
    20.0
    """
    after, before = _validated(after, before, flat=False)
    window = np.hanning(before.shape[-1])
    frequencies = np.fft.rfftfreq(before.shape[-1], 1 / sample_rate)
    inside = np.abs(frequencies - frequency) <= half_width
    if not inside.any():
        raise ParameterError(
            f"{before.shape[-1] / sample_rate:.3f} s are too short to tell {half_width:g} Hz around "
            f"{frequency:g} Hz. Take a longer signal or a wider half_width."
        )
    powers = [np.sum(np.abs(np.fft.rfft(x * window)[..., inside]) ** 2) for x in (before, after)]
    return _ratio_db(*powers)


def _validated(
    estimate: npt.ArrayLike, truth: npt.ArrayLike, *, flat: bool = True
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    s_hat, s = np.asarray(estimate, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if s_hat.shape != s.shape:
        raise ParameterError(f"The shapes {s_hat.shape} and {s.shape} differ. Give two of equal shape.")
    if not np.any(s):
        raise ParameterError("The truth is silent: no ratio to it is defined.")
    return (s_hat.ravel(), s.ravel()) if flat else (s_hat, s)


def _ratio_db(signal: float, distortion: float) -> float:
    if signal == 0:
        return float("-inf")
    return float(10 * np.log10(signal / distortion)) if distortion > 0 else float("inf")
