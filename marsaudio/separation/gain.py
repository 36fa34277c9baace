"""How much of each bin of each frame is wind: Wiener's gain on the model's floor and level.

G = W / (W + R), with the wind's power W estimated from the frame and its neighbours.

Given |X|², and Gaussian wind and rover of powers W and R, the wind's power has the mean G² |X|² + G R.

Source: P. J. Wolfe and S. J. Godsill, "Efficient alternatives to the Ephraim and Malah suppression rule for
audio signal enhancement", EURASIP J. Adv. Signal Process. (2003); the level of each frame by maximum
likelihood, as in `marsaudio.separation.model`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from marsaudio.separation.model import LOW_FREQUENCIES, WindModel
from marsaudio.spectra.stft import Spectra, with_context

FloatArray = npt.NDArray[np.float64]

CONTEXT_FRAMES = 6
SMOOTHED_FRAMES = 5
SMOOTHED_BINS = 7
LEVEL_ROUNDS = 12
LEAST_SHARE = 0.01  # a frame with less sound in it counts as having this much


def wind_spectra(
    batches: Iterable[tuple[int, Spectra]], model: WindModel, share: FloatArray
) -> Iterator[tuple[int, Spectra]]:
    """Keep the wind's part of each bin of one channel's spectra; nothing above the modelled bins.

    Parameters
    ----------
    batches
        Spectra of one channel with the lines taken out.
    model : WindModel
    share : ndarray of float64
        What part of each frame's window lies on sound: its power is so much less than a whole frame's.

    Yields
    ------
    first : int
        The number of the first frame.
    spectra : ndarray of complex64, shape (1, frames, bins)
    """
    for first, spectra, core in with_context(batches, CONTEXT_FRAMES):
        part = spectra[0, :, : model.bins]
        wind = np.zeros_like(spectra[:, core])
        if model.loudest > 0:
            whole = np.maximum(share[first : first + part.shape[0]], LEAST_SHARE).astype(np.float32)
            power = (part.real**2 + part.imag**2) / whole[:, np.newaxis]
            gain = wind_gain(power, model, rover_power(spectra[0], whole, model))
            wind[0, :, : model.bins] = part[core] * gain[core].astype(np.float32)
        yield first + core.start, wind


def rover_power(
    spectra: npt.NDArray[np.complex64], share: npt.NDArray[np.float32], model: WindModel
) -> FloatArray:
    """The rover's power in each modelled bin, shape (frames or 1, bins): its floor, and a machine at work."""
    floor = np.maximum(model.floor, 1e-30)[np.newaxis]
    if model.machine is None:
        return floor
    power = (spectra.real**2 + spectra.imag**2) / share[:, np.newaxis]
    return np.asarray(floor + np.outer(model.machine.activity(power), model.machine.spectrum))


def wind_gain(power: npt.NDArray[np.float32], model: WindModel, rover: FloatArray) -> FloatArray:
    """Wiener's gain in each bin.

    From the prior W = h w, twice: the posterior mean of the wind's power, G² |X|² + G R, is smoothed over
    5 frames and 7 bins and mixed with the prior; so the gain follows what the model did not foresee,
    without the flutter of single bins.

    Parameters
    ----------
    power : ndarray of float32, shape (frames, bins)
        |X|² with the lines taken out.
    model : WindModel
    rover : ndarray of float64, shape (frames or 1, bins)
        As `rover_power` gives it.

    Returns
    -------
    ndarray of float64, shape (frames, bins)
        From 0 to 1.
    """
    from scipy.ndimage import uniform_filter

    prior = np.outer(frame_levels(power, model, rover), model.shape)
    wind = prior
    for _ in range(2):
        gain = wind / (wind + rover)
        posterior = uniform_filter(
            gain**2 * power + gain * rover, (SMOOTHED_FRAMES, SMOOTHED_BINS), mode="nearest"
        )
        wind = (0.5 * prior + posterior) / 1.5
    return np.asarray(wind / (wind + rover))


def frame_levels(power: npt.NDArray[np.float32], model: WindModel, rover: FloatArray) -> FloatArray:
    """The wind's level in each frame by maximum likelihood, never above what the model has heard as wind."""
    trust = np.minimum(1.0, LOW_FREQUENCIES / np.maximum(model.frequencies, 1.0)) * model.shape
    level = np.maximum((np.maximum(power - rover, 0) @ trust) / max(float(trust @ model.shape), 1e-300), 0)
    level = np.minimum(level, model.loudest)
    for _ in range(LEVEL_ROUNDS):
        expected = rover + np.outer(level, model.shape)
        level = level * np.sqrt(((power / expected**2) @ trust) / np.maximum((1 / expected) @ trust, 1e-300))
    return np.asarray(np.minimum(level, model.loudest))
