"""What each frame says of a tone: its amplitude, its noise, how it turns, swells and beats.

A tone in a frame is its amplitude times the window's transform at its frequency. What it is from frame to
frame is known as well as the noise beside it allows, and that is what every decision here is made by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex128]

MAIN_LOBE_BINS = 2
CHANGE_EXPECTED = 0.1  # relative standard deviation of a line's amplitude within those seconds
CHANGE_DEVIATIONS = 3.0  # standard deviations of chance beyond which it counts as seen
# Of the noise in a Hann frame's main lobe with that one and two quarter hops later; further there is none.
OVERLAP_CORRELATION = (0.485, 0.043)
# Variance of that noise, over what it would be if the noise of neighbouring bins were independent.
BINS_ALIKE = 1.94
NOISE_IN_NEIGHBOURS = BINS_ALIKE * (1 + 2 * sum(OVERLAP_CORRELATION))
# The same for products of noise with noise a frame later, whose correlation is the square.
NOISE_PRODUCTS = BINS_ALIKE**2 * (1 + 2 * sum(rho**2 for rho in OVERLAP_CORRELATION))
LOWEST_BEAT = 2.0  # Hz; what is slower is the line's own change
HIGHEST_BEAT_SHARE = 0.46  # of the frame rate; at a half both sidebands look alike
FALSE_BEATS = 1e-3  # expected number of noises taken for sidebands, a line and some seconds
KERNEL_BINS = 10  # beyond this the Hann window's sidelobes are 75 dB down


@dataclass(frozen=True)
class Tones:
    """Sines that were found in some frames.

    Attributes
    ----------
    frequency : ndarray of float64, shape (tones, frames)
        In cycles a sample.
    amplitude : ndarray of complex128, shape (tones, frames)
        At the centre of each frame.
    """

    frequency: FloatArray
    amplitude: ComplexArray


@dataclass(frozen=True)
class Look:
    """What each frame says of tones at given frequencies.

    Attributes
    ----------
    position : ndarray of float64, shape (tones, frames) or (tones, 1)
        The frequencies, in bins.
    amplitude : ndarray of complex128, shape (tones, frames)
        Of each tone at the frame's centre, fitted to the bins of its main lobe.
    spread : ndarray of float64, shape (tones, frames)
        Mean square of the noise in the amplitude, were the noise of neighbouring bins independent.
    weight : ndarray of float64, shape (tones, frames)
        1 / (power beside the line), 0 in frames that are not usable.
    """

    position: FloatArray
    amplitude: ComplexArray
    spread: FloatArray
    weight: FloatArray

    def only(self, rows: npt.NDArray[np.intp]) -> Look:
        """Of some of the tones."""
        return Look(self.position[rows], self.amplitude[rows], self.spread[rows], self.weight[rows])


def seen_turn(look: Look, forward: ComplexArray, window: FloatArray, least: float) -> FloatArray:
    """By how much each line gains on a course from each frame to the next, where that is seen, in radians.

    Of the amplitudes b_t, turned back along the course, the products z_t = w_t b_(t+1) b_t* have the phase
    that is gained, and the line's power over the noise as weight, w = 1 / (power beside the line): a frame
    in which the line is off, or under a gust, says little. Their sum over the times around,
    Z_t = sum_s h_(t-s) z_s, has the phase omega = arg Z. With a window h that comes and goes smoothly this is
    nearly as precise as can be, because the noise n_s of a frame is in the products before and after it and
    cancels, but for the window's change:

    var omega = C sum_s n_s (w_s h_(t-s) - w_(s-1) h_(t-s+1))² / (2 |Z| sum_s w_s h_(t-s))
    + D sum_s (w_s h_(t-s))² n_s n_(s+1) / (2 |Z|²),

    C = NOISE_IN_NEIGHBOURS, D = NOISE_PRODUCTS. Within 3 standard deviations of zero there is nothing to
    follow, so that a steady line loses nothing; beyond, the posterior mean is taken as in
    `change_of_strength`.

    Source: S. M. Kay, "A fast and accurate single frequency estimator", IEEE Trans. ASSP 37 (1989),
    doi:10.1109/29.45547: smoothly weighted phase increments reach the Cramér-Rao bound.
    """
    course = look.amplitude * forward.conj()
    weight = np.sqrt(look.weight[:, 1:] * look.weight[:, :-1])
    gained = around(weight * course[:, 1:] * course[:, :-1].conj(), window)
    total = around(weight, window)
    before, after = look.spread[:, :-1], look.spread[:, 1:]
    apart = around(weight**2 * (before + after), window**2)
    shared = np.zeros_like(weight)
    shared[:, 1:] = weight[:, 1:] * weight[:, :-1] * before[:, 1:]
    left = np.maximum(apart - 2 * around(shared, window * np.append(window[1:], 0.0)), 0.0)
    alone = around(weight**2 * before * after, window**2)
    known = np.abs(gained) > 0
    strength = np.where(known, np.abs(gained), 1.0)
    variance = NOISE_IN_NEIGHBOURS * left / (2 * strength * np.where(known, total, 1.0))
    variance += NOISE_PRODUCTS * alone / (2 * strength**2) + least**2
    turn = np.where(known, np.angle(gained), 0.0)
    seen = np.maximum(turn**2 - CHANGE_DEVIATIONS**2 * variance, 0.0)
    return np.asarray(turn * seen / (seen + variance))


def in_place(turn: FloatArray, look: Look, window: FloatArray, bridged: bool) -> FloatArray:
    """Turns at the times that they were seen at: the mean time of the line's power over the noise around.

    At an end, and beside a gust, that time lies on the side that can be heard. With `bridged`, where nothing
    was seen the course goes on in a straight line: its mean frequency would be a wrong guess for a line that
    is elsewhere before and after.
    """
    heard = np.abs(look.amplitude) ** 2 * look.weight
    heard = np.sqrt(heard[:, 1:] * heard[:, :-1])
    times = np.arange(turn.shape[1], dtype=np.float64)
    total = around(heard, window)
    seen_at = around(heard * times, window) / np.where(total > 0, total, np.inf)
    placed = np.empty_like(turn)
    for row, (at, values, power) in enumerate(zip(seen_at, turn, total, strict=True)):
        known = (values != 0) if bridged else (power > 0)
        placed[row] = np.interp(times, at[known], values[known])
    return placed


def change_of_strength(
    amplitude: npt.NDArray[np.complex128],
    steady: npt.NDArray[np.complex128],
    spread: FloatArray,
    usable: npt.NDArray[np.bool_],
) -> FloatArray:
    """How much stronger or weaker a line is now than over the seconds around, as far as one can tell.

    The regression of the amplitudes of five frames on the steady one has the variance
    v = spread / |steady|² over the number of independent values; before looking, the factor is 1 with the
    standard deviation s = CHANGE_EXPECTED. The posterior mean is 1 + (measured - 1) s² / (s² + v): a fade or
    a wavering pump is followed where the line stands clear of the noise, and under a gust, where nothing can
    be told, the line is taken to go on. What is measured beyond chance widens s to itself.
    """
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    counts = np.where(usable, 1.0, 0.0)
    strength = around(np.abs(steady) ** 2 * counts, kernel)
    along = around((amplitude * steady.conj()).real * counts, kernel)
    noise = around(spread * counts, kernel)
    known = strength > 0
    safe = np.where(known, strength, 1.0)
    measured = np.where(known, along / safe, 1.0)
    # Of five frames about two are independent, and half of the noise's power lies along the line.
    variance = np.where(known, noise / safe, 1.0) / 4
    # A change far beyond what noise can feign is a change, however unexpected: a fade, a pump that stops.
    beyond = (measured - 1) ** 2 - CHANGE_DEVIATIONS**2 * variance
    expected = np.maximum(CHANGE_EXPECTED**2, beyond)
    trust = expected / (expected + variance)
    return np.asarray(np.maximum(1 + trust * (measured - 1), 0.0))


def significant_mean(course: ComplexArray, look: Look, window: FloatArray) -> ComplexArray:
    """The weighted mean around each frame, as far as it is more than the mean of noise alone would be.

    The mean m of noise has the mean square v = C sum (h w)² n / (sum h w)², letters as in `seen_turn`, and
    |m|² > 9 v happens once in exp(9) times. What is beyond is kept times its share
    (|m|² - 9 v) / (|m|² - 8 v), as in `change_of_strength`.
    """
    total = around(look.weight, window)
    variance = NOISE_IN_NEIGHBOURS * around(look.weight**2 * look.spread, window**2)
    variance /= np.where(total > 0, total, np.inf) ** 2
    mean = local_mean(course, look.weight, window)
    seen = np.maximum(np.abs(mean) ** 2 - CHANGE_DEVIATIONS**2 * variance, 0.0)
    return np.asarray(mean * seen / (seen + variance + 1e-300))


def beats_seen(residual: ComplexArray, look: Look, frame_rate: float, *, alone: bool) -> FloatArray:
    """By how many radians a frame each line's sidebands turn against it; 0 where there are none.

    What the turned-back amplitude is beyond its mean, r_t, holds a sideband at +-f_s as exp(+-2 pi i f_s t).
    In noise of the power density S(f) its periodogram |R(f)|² / S(f) is exponential with mean 1, so that the
    sum at f and -f is more than x with the probability (1 + x) exp(-x). As frames overlap,
    S(f) = sum_tau rho(tau) cos(2 pi f tau), rho of OVERLAP_CORRELATION.

    With `alone`, only where nothing slower is stronger, such as a drift that is not yet followed.
    """
    import scipy.fft

    count = residual.shape[1]
    points = scipy.fft.next_fast_len(4 * count)
    low, high = (math.ceil(f * points) for f in (LOWEST_BEAT / frame_rate, HIGHEST_BEAT_SHARE))
    if high <= low:
        return np.zeros(len(residual))
    taper = np.hanning(count + 2)[1:-1] * look.weight
    spectrum = scipy.fft.fft(residual * taper, points)
    point = np.arange(high)
    lags = np.arange(1, len(OVERLAP_CORRELATION) + 1)
    turns = 2 * np.pi / points * np.outer(point, lags)
    density = 1 + 2 * np.cos(turns) @ np.array(OVERLAP_CORRELATION)
    both = np.abs(spectrum[:, point]) ** 2 + np.abs(spectrum[:, -point]) ** 2
    both /= density * (BINS_ALIKE * np.sum(taper**2 * look.spread, axis=1, keepdims=True) + 1e-300)
    if not alone:
        both[:, :low] = 0.0
    best, most = both.argmax(axis=1), both.max(axis=1)
    # Frequencies that a Hann taper tells apart are 2 / count cycles a frame from each other.
    tried = max((high - low) / points * count / 2, 1.0)
    seen = (best >= low) & (tried * (1 + most) * np.exp(-most) < FALSE_BEATS)
    return np.asarray(np.where(seen, 2 * np.pi / points * best, 0.0))


def local_mean(course: ComplexArray, weight: FloatArray, window: FloatArray) -> ComplexArray:
    """The weighted mean around each frame, sum_s h_(t-s) w_s b_s / sum_s h_(t-s) w_s; 0 where none counts."""
    total = around(weight, window)
    return np.asarray(around(weight * course, window) / np.where(total > 0, total, np.inf))


def around(values: Any, window: FloatArray) -> Any:
    """Convolve along the frames with a window of odd length; beyond the ends there is nothing."""
    from scipy.ndimage import convolve1d

    return convolve1d(values, window, axis=-1, mode="constant")


def sum_of_sines(frequency: FloatArray, amplitude: ComplexArray, n: int) -> ComplexArray:
    """Sum complex sines over n samples; frequencies in cycles a sample, amplitudes at the middle, n // 2.

    With i = m a + b a sine's phasor at i is that at m a times that at b, so that some 2 sqrt(n) are computed.
    """
    length = math.isqrt(n - 1) + 1
    coarse = np.outer(frequency, length * np.arange(-(-n // length)) - n // 2)
    fine = np.outer(frequency, np.arange(length))
    rows = amplitude[:, np.newaxis] * np.exp(2j * np.pi * np.mod(coarse, 1.0))
    return np.asarray((rows.T @ np.exp(2j * np.pi * np.mod(fine, 1.0))).reshape(-1)[:n])


def hann_transform(offset: FloatArray, n: int) -> npt.NDArray[np.complex128]:
    """The transform of a sine under a Hann window of n samples, at `offset` bins from the sine.

    W(x) = D(x) / 2 - D(x + 1) / 4 - D(x - 1) / 4 with Dirichlet's kernel
    D(x) = exp(pi i x (n - 1) / n) sin(pi x) / sin(pi x / n).

    Source: F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
    transform", Proc. IEEE 66 (1978), doi:10.1109/PROC.1978.10837.
    """

    def dirichlet(x: FloatArray) -> npt.NDArray[np.complex128]:
        below = np.sin(np.pi * x / n)
        ratio = np.where(np.abs(below) < 1e-12, n, np.sin(np.pi * x) / np.where(below == 0, 1, below))
        return np.asarray(np.exp(1j * np.pi * x * (n - 1) / n) * ratio)

    return dirichlet(offset) / 2 - dirichlet(offset + 1) / 4 - dirichlet(offset - 1) / 4


def centred_hann_transform(
    position: FloatArray, middle: npt.NDArray[np.intp], half: int, n: int
) -> Float32Array:
    """The transform of sines under a Hann window of n samples, their phases counted from its middle.

    The sine exp(2 pi i p (t - n / 2) / n) has at bin k, x = p - k, the real value

    exp(-pi i p) W(x) = n / 2 (-1)^k sinc(x) / (1 - x²) = n / 2 pi sin(pi p) / (x (1 - x²)),

    W of `hann_transform`, but for terms of the order (x / n)⁴.

    Parameters
    ----------
    position : ndarray of float64, shape (tones, frames)
        p, in bins.
    middle : ndarray of int, shape (tones,)
        A bin near each.
    half : int
        k is from so many bins below it to so many above.
    n : int
        Samples in the window.

    Returns
    -------
    ndarray of float32, shape (tones, 2 half + 1, frames)

    Source: as for `hann_transform`.
    """
    off = position - middle[:, np.newaxis]
    # A hair off the whole bins, at which the quotient is 0 / 0.
    off = np.where(np.abs(off - np.rint(off)) < 1e-6, off + 2e-6, off)
    nearest = np.rint(off)
    odd = (nearest + middle[:, np.newaxis]) % 2
    part = (off - nearest).astype(np.float32)
    height = ((1 - 2 * odd) * (n / (2 * np.pi))).astype(np.float32) * np.sin(np.float32(np.pi) * part)
    # 1 / (x (1 - x²)) in partial fractions, whose poles single precision does not blur.
    places = np.arange(-half - 1, half + 2, dtype=np.float32)
    inverse = 1 / (part[:, np.newaxis] + (nearest.astype(np.float32)[:, np.newaxis] - places[:, np.newaxis]))
    kernel = inverse[:, 1:-1] - np.float32(0.5) * (inverse[:, :-2] + inverse[:, 2:])
    kernel *= height[:, np.newaxis]
    return np.asarray(kernel)
