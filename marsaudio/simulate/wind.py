"""Mars wind with known truth: its speed from turbulence and gusts, and the pressure it makes.

The speed is a stationary Gaussian process with von Kármán's longitudinal spectrum (in the form of the
specification MIL-F-8785C), lifted by gusts of the (1 - cos) shape. The pressure is one realisation of
white noise seen through a filter that follows the speed.

The level law is the guide line RMS(20-60 Hz) = 5e-6 Pa U**4 that Stott et al. 2023 (JGR Planets)
draw for SuperCam's microphone in their plotting code. The spectrum's shape and the sizes of gusts are
choices of this model: nobody has published them for the EDL microphone, and NASA's filtered recording
is too steep to show them. How much its gusts exceed its quiet, which no steady filter changes, agrees:
24 to 27 dB at 30 Hz and 26 to 32 dB at 120 Hz there, 23 and 27 to 28 dB in the bundled sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.simulate.limits import (
    RandomState,
    check_duration,
    check_range,
    check_sample_rate,
    check_whole,
    frames_of,
    make_generator,
)

Array = npt.NDArray[np.float64]

WIND_SPEED_RATE = 200.0  # Hz: the filter follows the speed every 5 ms
TURBULENCE_LIMIT = 10.0  # Hz: faster eddies are smaller than the rover and belong to the pressure noise
SLOWEST_SPEED = 0.2  # m/s: the speed is kept above, so that its powers and ratios stay defined
REFERENCE_SPEED = 5.0  # m/s: where all level exponents give the same pressure
REFERENCE_PRESSURE = 5e-6 * REFERENCE_SPEED**4  # Pa

WIND_RATE = 4000  # Hz: four times the highest frequency of wind noise, whatever the output's rate
WIND_TAPS = 2048  # half a second: resolves the 15 Hz high-pass
WIND_FADE = (500.0, 1000.0)  # Hz: above the second there is no wind
SPEED_STEP = 1.12  # ratio of neighbouring speeds in the filter bank

GUST_CORE = 1.5  # times the quiet speed: what a gust exceeds for GUST_SHORTEST
GUST_EDGE = 1.25  # times the quiet speed: a gust's edges are not below
GUST_RISE_PART = 1 / 3  # of the way from the quiet to the peak speed: where its edges are
GUST_SHORTEST = 0.5  # s
GUST_GAP = 0.3  # s: shorter lulls do not divide a gust
GUST_AVERAGE = 0.25  # s: about what hearing takes together of such low sounds

SHORTEST_SHAPE = 1.3  # s: the quickest rise and decay that are drawn
SHAPE_MARGIN = 0.5  # s without gust at both ends
SHAPE_GAP = 1.0  # s without gust between two


@dataclass(frozen=True)
class GustShape:
    """How a gust raises the mean wind speed: (1 - cos)/2 up, level, and (1 + cos)/2 down again.

    Attributes
    ----------
    start : float
        When it sets in, in s.
    increase : float
        By how much it raises the mean speed at its height, in m/s.
    rise, hold, decay : float
        How long it takes to come, stays, and takes to go, in s.

    Raises
    ------
    ParameterError
        A value outside of its range.

    Examples
    --------
    >>> from marsaudio.simulate import GustShape
    >>> gust = GustShape(start=2.0, increase=4.0, rise=0.5, hold=1.0, decay=1.5)
    >>> gust.duration
    3.0
    >>> import numpy as np
    >>> gust.increase_at(np.array([0.0, 3.0]))
    array([0., 4.])
    """

    start: float
    increase: float
    rise: float = 0.5
    hold: float = 0.0
    decay: float = 1.5

    def __post_init__(self) -> None:
        check_range("start", self.start, 0.0, 3600.0, "s")
        check_range("increase", self.increase, 0.0, 30.0, "m/s")
        check_range("rise", self.rise, 0.05, 60.0, "s")
        check_range("hold", self.hold, 0.0, 600.0, "s")
        check_range("decay", self.decay, 0.05, 60.0, "s")

    @property
    def duration(self) -> float:
        """From setting in to being gone, in s."""
        return self.rise + self.hold + self.decay

    def increase_at(self, times: Array) -> Array:
        """By how much it raises the mean speed at `times` (s), in m/s."""
        since = times - self.start
        rising = np.clip(since / self.rise, 0.0, 1.0)
        falling = np.clip((since - self.rise - self.hold) / self.decay, 0.0, 1.0)
        shape: Array = 0.5 * (np.cos(np.pi * falling) - np.cos(np.pi * rising))
        return self.increase * shape


def draw_gusts(
    count: int, *, duration: float, mean_speed: float = 3.5, rng: RandomState = None
) -> tuple[GustShape, ...]:
    """Draw gusts of random size and shape, spread at random over a scene, none touching another.

    They rise in 0.3-1 s, hold for up to 1 s, decay in 1-3 s, and lift the speed to 2-2.4 times its mean,
    which is what the gusts of 20 February 2021 take if the level goes with the fourth power.
    They are shortened where they would not fit.

    Parameters
    ----------
    count
        How many.
    duration
        Of the scene, in s.
    mean_speed
        The speed that they rise from, in m/s.
    rng
        A seed, a generator, or None for another result each time.

    Returns
    -------
    tuple of GustShape

    Raises
    ------
    ParameterError
        So many do not fit, or a value is outside of its range.

    See Also
    --------
    marsaudio.simulate.find_gusts : The gusts that a speed has.

    Examples
    --------
    >>> from marsaudio.simulate import draw_gusts
    >>> len(draw_gusts(3, duration=18.0, rng=1))
    3
    """
    duration = check_duration(duration)
    mean_speed = check_range("mean_speed", mean_speed, 0.5, 30.0, "m/s")
    room = duration - 2 * SHAPE_MARGIN + SHAPE_GAP
    most = int(room / (SHORTEST_SHAPE + SHAPE_GAP))
    count = check_whole(
        "gust_count", count, 0, most, "gusts", f"No more fit into {duration:g} s: lengthen it, or take fewer."
    )
    generator = make_generator(rng)
    rises, holds, decays, factors = (
        generator.uniform(low, high, count) for low, high in ((0.3, 1.0), (0.0, 1.0), (1.0, 3.0), (2.0, 2.4))
    )
    lengths = rises + holds + decays
    free = float(room - count * SHAPE_GAP - lengths.sum())
    if free < 0:
        shrink = 1 + free / lengths.sum()
        rises, holds, decays, lengths, free = (*(shrink * a for a in (rises, holds, decays, lengths)), 0.0)
    waits = np.sort(generator.uniform(0.0, free, count))
    starts = SHAPE_MARGIN + waits + np.concatenate([[0.0], np.cumsum(lengths + SHAPE_GAP)])[:count]
    rows = zip(starts, (factors - 1) * mean_speed, rises, holds, decays, strict=True)
    return tuple(GustShape(*(float(value) for value in row)) for row in rows)


def simulate_wind_speed(
    duration: float,
    *,
    mean_speed: float = 3.5,
    turbulence_intensity: float = 0.2,
    length_scale: float = 20.0,
    gusts: Sequence[GustShape] = (),
    rng: RandomState = None,
) -> Array:
    r"""Simulate the wind's speed at the microphone.

    .. math:: U(t) = \left(\bar U + \sum_i \Delta_i(t)\right) \left(1 + I\,u(t)\right)

    with the gusts' increases :math:`\Delta_i` and turbulence *u* of unit variance, whose spectrum is von
    Kármán's, :math:`S(f) \propto [1 + 70.8 (f L / \bar U)^2]^{-5/6}` up to 10 Hz. Turbulence is thus
    stronger in gusts. Mean, intensity and length scale hold for the process: a short
    scene's own mean differs, as a short measurement's does.

    Parameters
    ----------
    duration
        In s.
    mean_speed
        Between the gusts, in m/s.
    turbulence_intensity
        Standard deviation of the speed over its mean ("gustiness"); SuperCam's windows have 0 to 0.4.
    length_scale
        Of the largest eddies, in m.
    gusts
        Such as `draw_gusts` gives.
    rng
        A seed, a generator, or None for another result each time.

    Returns
    -------
    ndarray, shape (duration * 200,)
        The speed in m/s every 5 ms, never below 0.2 m/s.

    Raises
    ------
    ParameterError
        A value outside of its range.

    See Also
    --------
    marsaudio.simulate.simulate_wind : What it sounds like.
    marsaudio.simulate.draw_gusts : Gusts to add.

    Examples
    --------
    >>> from marsaudio.simulate import GustShape, simulate_wind_speed
    >>> speed = simulate_wind_speed(10.0, gusts=[GustShape(start=4.0, increase=5.0)], rng=1)
    >>> speed.shape
    (2000,)
    """
    duration = check_duration(duration)
    mean_speed = check_range("mean_speed", mean_speed, 0.5, 30.0, "m/s")
    intensity = check_range("turbulence_intensity", turbulence_intensity, 0.0, 0.5, "of the mean speed")
    length_scale = check_range("length_scale", length_scale, 1.0, 500.0, "m")
    count = math.ceil(duration * WIND_SPEED_RATE)
    times = np.arange(count) / WIND_SPEED_RATE
    mean = mean_speed + sum((gust.increase_at(times) for gust in gusts), np.zeros(count))
    turbulence = _turbulence(count, length_scale / mean_speed, make_generator(rng))
    return np.maximum(mean * (1.0 + intensity * turbulence), SLOWEST_SPEED)


def _turbulence(count: int, time_scale: float, generator: np.random.Generator) -> Array:
    # A discrete Fourier transform makes a periodic process; what is cut off keeps the ends independent.
    total = count + math.ceil(10 * time_scale * WIND_SPEED_RATE)
    frequencies = np.fft.rfftfreq(total, 1 / WIND_SPEED_RATE)
    spectrum = (1.0 + 70.8 * (frequencies * time_scale) ** 2) ** (-5 / 6)
    spectrum[frequencies > TURBULENCE_LIMIT] = 0.0
    variance = (2 * spectrum[1:].sum() + spectrum[0]) / total
    noise = generator.standard_normal(total)
    return np.fft.irfft(np.fft.rfft(noise) * np.sqrt(spectrum / variance), total)[:count]


def simulate_wind(
    wind_speed: npt.ArrayLike,
    *,
    wind_speed_rate: float = WIND_SPEED_RATE,
    sample_rate: int = 48000,
    level_exponent: float = 4.0,
    obstacle_size: float = 0.05,
    roll_off: float = 3.0,
    rng: RandomState = None,
) -> Array:
    r"""Simulate the pressure that wind of a given speed makes at the microphone.

    White noise *w* goes through a filter whose shape and gain follow the speed *U(t)*:

    .. math::

        p(t) = A\,U^n\,(h_U * w)(t), \qquad
        |H_U(f)|^2 \propto \left[1 + \left(\tfrac{f}{f_1}\right)^2\right]^{-7/6}
        \left[1 + \left(\tfrac{f}{f_2}\right)^2\right]^{-m}

    with :math:`f_1 = 0.6 U / D` and :math:`f_2 = U / 0.02\,\mathrm{m}`, so that a gust is not only louder
    but reaches higher. Every :math:`H_U` has unit RMS in 20-60 Hz, where the level law is defined.
    A second-order high-pass at 15 Hz stands for the microphone; from 500 Hz the wind is
    faded out, and above 1 kHz there is none. The same noise goes through a bank of such
    filters, between whose outputs the speed cross-fades with every sample: nothing is switched.

    Parameters
    ----------
    wind_speed : array_like, shape (n,)
        In m/s.
    wind_speed_rate
        How many speeds there are a second, in Hz; at least 100, for an update every 10 ms.
    sample_rate
        Of the result, in Hz.
    level_exponent
        *n*, from 2 (dynamic pressure) to 4 (Stott's guide line). All exponents give the same pressure at
        5 m/s, 3.1 mPa.
    obstacle_size
        *D*, in m: the size that the lower corner belongs to.
    roll_off
        *m*, from 2 to 3: how steeply the smallest eddies die out.
    rng
        A seed, a generator, or None for another result each time.

    Returns
    -------
    ndarray, shape (n / wind_speed_rate * sample_rate,)
        In Pa.

    Raises
    ------
    ParameterError
        A value outside of its range.

    See Also
    --------
    marsaudio.simulate.simulate_wind_speed : The speed that it takes.
    marsaudio.simulate.wind_spectrum : The spectrum that it has.

    Examples
    --------
    >>> from marsaudio.simulate import simulate_wind, simulate_wind_speed
    >>> speed = simulate_wind_speed(2.0, rng=1)
    >>> simulate_wind(speed, sample_rate=16000, rng=2).shape
    (32000,)
    """
    speed = _checked_speed(wind_speed)
    wind_speed_rate = check_range("wind_speed_rate", wind_speed_rate, 100.0, 10_000.0, "Hz")
    sample_rate = check_sample_rate(sample_rate)
    exponent = check_range("level_exponent", level_exponent, 2.0, 4.0, "")
    obstacle_size = check_range("obstacle_size", obstacle_size, 0.01, 1.0, "m")
    roll_off = check_range("roll_off", roll_off, 2.0, 3.0, "")
    frames = frames_of(len(speed) / wind_speed_rate, sample_rate)

    ratio = Fraction(sample_rate, WIND_RATE)
    # Some samples more at both ends, where the interpolation to the output's rate has one-sided support.
    margin = ratio.denominator * math.ceil(16 / ratio.denominator)
    count = math.ceil(frames / ratio) + 2 * margin
    times = (np.arange(count) - margin) / WIND_RATE
    speed_now = np.interp(times, np.arange(len(speed)) / wind_speed_rate, speed)
    noise = make_generator(rng).standard_normal(count + WIND_TAPS)
    pressure = np.zeros(count)
    for filtered, weight in _filter_bank(noise, speed_now, obstacle_size, roll_off):
        pressure += weight * filtered
    pressure *= REFERENCE_PRESSURE * (speed_now / REFERENCE_SPEED) ** exponent
    return _interpolate(pressure, ratio)[int(margin * ratio) :][:frames]


def _checked_speed(wind_speed: npt.ArrayLike) -> Array:
    speed = np.asarray(wind_speed, dtype=np.float64)
    if speed.ndim != 1 or speed.size < 2:
        raise ParameterError(
            f"wind_speed of shape {speed.shape} must be one-dimensional, with two speeds or more."
        )
    if not (np.isfinite(speed).all() and speed.min() > 0):
        raise ParameterError(
            f"wind_speed must be finite and above 0 m/s; the lowest is {speed.min()!r}. "
            f"Use np.maximum(wind_speed, {SLOWEST_SPEED}) for a calm."
        )
    return speed


def _filter_bank(
    noise: Array, speed: Array, obstacle_size: float, roll_off: float
) -> Iterator[tuple[Array, Array]]:
    """The noise through the filter of each speed of a ladder, with how much each counts when."""
    from scipy.signal import oaconvolve

    position = np.log(speed) / math.log(SPEED_STEP)
    for step in range(math.floor(position.min()), math.floor(position.max()) + 2):
        weight = np.maximum(0.0, 1.0 - np.abs(position - step))
        if weight.any():
            taps = _wind_filter(SPEED_STEP**step, obstacle_size, roll_off)
            yield oaconvolve(noise, taps, mode="valid")[: len(speed)], weight


def wind_spectrum(
    frequencies: npt.ArrayLike, speed: float, *, obstacle_size: float = 0.05, roll_off: float = 3.0
) -> Array:
    """The shape of wind noise's power spectrum, with the microphone's high-pass, up to a factor.

    Parameters
    ----------
    frequencies : array_like
        In Hz.
    speed
        In m/s.
    obstacle_size, roll_off
        As in `simulate_wind`.

    Returns
    -------
    ndarray
        Power per hertz, of the same shape as `frequencies`.

    See Also
    --------
    marsaudio.simulate.simulate_wind : A sound with this spectrum.

    Examples
    --------
    >>> from marsaudio.simulate import wind_spectrum
    >>> low, high = wind_spectrum([20.0, 200.0], speed=5.0)
    >>> bool(low > high)
    True
    """
    f = np.asarray(frequencies, dtype=np.float64)
    large, small = 0.6 * speed / obstacle_size, speed / 0.02
    eddies = (1 + (f / large) ** 2) ** (-7 / 6) * (1 + (f / small) ** 2) ** -roll_off
    microphone = (f / 15.0) ** 4 / (1 + (f / 15.0) ** 4)
    begin, end = WIND_FADE
    fade = np.cos(0.5 * np.pi * np.clip((f - begin) / (end - begin), 0.0, 1.0)) ** 4
    return np.asarray(eddies * microphone * fade)


def _wind_filter(speed: float, obstacle_size: float, roll_off: float) -> Array:
    """A linear-phase filter that gives white noise of unit variance an RMS of 1 in 20-60 Hz."""
    frequencies = np.fft.rfftfreq(WIND_TAPS, 1 / WIND_RATE)
    spectrum = wind_spectrum(frequencies, speed, obstacle_size=obstacle_size, roll_off=roll_off)
    taps = np.roll(np.fft.irfft(np.sqrt(spectrum)), WIND_TAPS // 2)
    taps *= np.hanning(WIND_TAPS + 1)[:-1]  # one longer, so that its top is at the filter's middle
    fine = np.fft.rfftfreq(8 * WIND_TAPS, 1 / WIND_RATE)
    response = np.abs(np.fft.rfft(taps, 8 * WIND_TAPS)) ** 2
    band = (fine >= 20.0) & (fine < 60.0)
    return taps / math.sqrt(response[band].sum() * 2 / (8 * WIND_TAPS))


def _interpolate(samples: Array, ratio: Fraction) -> Array:
    """Raise the rate by `ratio`; wind ends at a quarter of the old rate, so a short filter is enough."""
    from scipy.signal import firwin, resample_poly

    up, down = ratio.numerator, ratio.denominator
    taps = firwin(16 * up + 1, 1 / up, window=("kaiser", 12.0))
    return np.asarray(resample_poly(samples, up, down, window=taps), dtype=np.float64)


def find_gusts(wind_speed: npt.ArrayLike, *, rate: float = WIND_SPEED_RATE) -> list[tuple[float, float]]:
    """Find the gusts in a known wind speed: the truth that a detector is measured against.

    The speed is averaged over 0.25 s. The quiet speed is the median of what lies below 1.25 times its
    30 % quantile. A gust exceeds 1.5 times the quiet speed for at least 0.5 s. It begins and ends where the
    speed passes a third of the way from the quiet to the highest speed around, yet never
    below 1.25 times the quiet speed; lulls shorter than 0.3 s do not divide it. With the fourth-power
    level law, 1.25 and 1.5 times are 8 dB and 14 dB.

    Parameters
    ----------
    wind_speed : array_like, shape (n,)
        In m/s.
    rate
        How many speeds there are a second, in Hz.

    Returns
    -------
    list of (start, end)
        In s from the first speed, in order.

    Raises
    ------
    ParameterError
        The speeds are not one-dimensional, or not above 0.

    See Also
    --------
    marsaudio.simulate.draw_gusts : Gusts by chance.

    Examples
    --------
    >>> from marsaudio.simulate import GustShape, find_gusts, simulate_wind_speed
    >>> gust = GustShape(start=4.0, increase=5.0, rise=0.5, decay=2.0)
    >>> find_gusts(simulate_wind_speed(10.0, turbulence_intensity=0.0, gusts=[gust]))
    [(4.195, 5.725)]
    """
    speed = _smoothed(_checked_speed(wind_speed), round(GUST_AVERAGE * rate))
    low = speed[speed <= GUST_EDGE * np.quantile(speed, 0.3)]
    quiet = float(np.median(low))
    gap, shortest = round(GUST_GAP * rate), GUST_SHORTEST * rate
    found = []
    for outer_begin, outer_end in _runs(speed > GUST_EDGE * quiet, gap):
        part = speed[outer_begin:outer_end]
        edge = max(GUST_EDGE * quiet, quiet + GUST_RISE_PART * (part.max() - quiet))
        for begin, end in _runs(part > edge, gap):
            if np.count_nonzero(part[begin:end] > GUST_CORE * quiet) >= shortest:
                found.append(((outer_begin + begin) / rate, (outer_begin + end) / rate))
    return found


def _smoothed(values: Array, width: int) -> Array:
    """A centred moving average, over what there is near the ends."""
    width = min(max(width, 1), len(values))
    window = np.ones(width)
    return np.convolve(values, window, "same") / np.convolve(np.ones(len(values)), window, "same")


def _runs(mask: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """The stretches where `mask` holds, as (first, after the last); gaps below `gap` do not divide."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    runs: list[tuple[int, int]] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if runs and begin - runs[-1][1] < gap:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return runs
