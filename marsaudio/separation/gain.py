"""How much of each bin of each frame is wind: Wiener's gain on the model's floor and level.

G = W / (W + R), with the wind's power W estimated from the frame and its neighbours.

Given |X|², and Gaussian wind and rover of powers W and R, the wind's power has the mean G² |X|² + G R.

Source: P. J. Wolfe and S. J. Godsill, "Efficient alternatives to the Ephraim and Malah suppression rule for
audio signal enhancement", EURASIP J. Adv. Signal Process. (2003); the level of each frame by maximum
likelihood, as in `marsaudio.separation.model`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.model import WindModel

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

CONTEXT_FRAMES = 6
SMOOTHED_FRAMES = 5
SMOOTHED_BINS = 7
LEVEL_ROUNDS = 5
TINY = np.float32(1e-30)


@dataclass(frozen=True, eq=False)
class Expected:
    """What the model expects in some frames, in the bins that may hold wind.

    Attributes
    ----------
    wind : ndarray of float32, shape (frames, bins)
        M, without its steady part.
    steady : ndarray of float32, shape (bins,)
    rover : ndarray of float32, shape (frames, bins)
    """

    wind: Float32Array
    steady: Float32Array
    rover: Float32Array


def expected(power: Float32Array, high_power: FloatArray, model: WindModel) -> Expected:
    """What the model expects in frames, whose level it reads from them.

    Parameters
    ----------
    power : ndarray of float32, shape (frames, bins)
        |X|² of whole frames with the lines taken out, in the modelled bins.
    high_power : ndarray of float64, shape (frames, high bands)
        The power above the modelled bins.
    model : WindModel
        With some wind in it.
    """
    reach = model.reach
    shares = model.rover.shares(high_power)
    level = frame_levels(power, shares, model)
    return Expected(
        wind=model.wind.at(level)[:, :reach],
        steady=model.steady[:reach].astype(np.float32),
        rover=(shares @ model.rover.floors[:, :reach]).astype(np.float32),
    )


def frame_levels(power: Float32Array, shares: FloatArray, model: WindModel) -> FloatArray:
    """The wind's level in each frame by maximum likelihood, never above what the model has heard as wind."""
    bands = model.bands
    observed = bands.mean(power)
    floor = shares @ bands.mean(model.rover.floors + model.steady)
    shape = bands.mean(model.shape[np.newaxis])[0]
    part = bands.trust * shape
    level = np.maximum(observed - floor, 0) @ part / max(float(part @ shape), 1e-300)
    level = np.clip(level, 1e-6 * model.loudest, model.loudest)
    for _ in range(LEVEL_ROUNDS):
        inverse = 1 / (floor + np.outer(level, shape))
        level = level * (observed * inverse * inverse @ part) / (inverse @ part)
    return np.asarray(np.minimum(level, model.loudest))


def wind_gain(power: Float32Array, wind: Float32Array, rover: Float32Array) -> Float32Array:
    """Wiener's gain in each bin, W / (W + R), from 0 to 1; everything of shape (frames, bins)."""
    blowing = wind_power(power, wind, rover)
    return np.asarray(blowing / (blowing + np.maximum(rover, TINY)), dtype=np.float32)


def wind_power(power: Float32Array, wind: Float32Array, rover: Float32Array) -> Float32Array:
    """The wind's power W in each bin, from what the model expects and what there is.

    From the prior W, twice: the posterior mean of the wind's power, G² |X|² + G R, is smoothed over
    5 frames and 7 bins and mixed with the prior; so the gain follows what the model did not foresee,
    without the flutter of single bins.

    Parameters
    ----------
    power, wind, rover : ndarray of float32, shape (frames, bins)
        |X|² with the lines taken out, and what the model expects of wind and of rover.

    Returns
    -------
    ndarray of float32, shape (frames, bins)
    """
    from scipy.ndimage import uniform_filter

    rover = np.maximum(rover, TINY)
    blowing = wind
    for _ in range(2):
        gain = blowing / (blowing + rover)
        posterior = posterior_power(power, gain, rover)
        smoothed = uniform_filter(posterior, (SMOOTHED_FRAMES, SMOOTHED_BINS), mode="nearest")
        blowing = (0.5 * wind + smoothed) / np.float32(1.5)
    return np.asarray(blowing)


def posterior_power(power: Float32Array, gain: Float32Array, rover: Float32Array) -> Float32Array:
    """The wind's mean power given |X|²: G² |X|² + G R."""
    return np.asarray(gain * (gain * power + rover))
