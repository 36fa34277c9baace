"""The rover as the EDL microphone hears it: pump, clock, electronics and clicks, each switchable.

Frequencies, stability and sidebands are measured on NASA's filtered recording of 20 February 2021: a
comb of 195.145 Hz, constant to 2e-5, with sidebands at +-3.7 Hz and +14 Hz, and an exact 1 kHz comb. The
levels between the parts, the flat floor's bend at 12 kHz and the strong line near 781 Hz follow the two
products of sol 1125 (PDS bundle urn:nasa:pds:m2020_edlcam_raw), which NASA did not filter. How the lines'
levels scatter, how clicks look, and the floor's rise to low frequencies are choices of this model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError
from marsaudio.simulate.limits import (
    RandomState,
    check_duration,
    check_level,
    check_range,
    check_sample_rate,
    check_whole,
    frames_of,
    spawn_generators,
)

Array = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

PUMP_FREQUENCY = 195.145  # Hz
SIDEBAND_LEVELS: Mapping[float, float] = MappingProxyType({-3.7: -10.0, 3.7: -10.0, 14.0: 0.0})
CLOCK_FREQUENCY = 1000  # Hz
CLOCK_LINES = 23
SHAFT_LINES = 60
SHAFT_LINES_PER_PUMP_LINE = 11

MOST_HARMONICS = 120
# (centre in Hz, width in Hz, dB above the other lines): where the recordings' lines are strong.
RESONANCES = ((781.0, 60.0, 12.0), (6000.0, 600.0, 6.0), (13_000.0, 700.0, 12.0), (15_600.0, 200.0, 15.0))
LINE_FALL = (7000.0, 12.0)  # Hz and dB an octave: lines get weaker above
SIDEBAND_RISE = (1000.0, 8000.0, 25.0)  # below the first their level is 25 dB less than above the second

MODULATION_GROUPS = 3  # of harmonics whose levels swing together
MODULATION_TIME = 0.5  # s
DRIFT_TIME = 10.0  # s
SLOW_RATE = 100.0  # Hz: of what varies slowly

FLOOR_SLOPE = 1.2
FLOOR_BEND = 12_500.0  # Hz
FLOOR_DROP = 25.0  # dB, from below the bend to the converter's own noise
FLOOR_SECONDS = 0.2  # of filter, for 1/f down to 5 Hz
BLOCK = 2**14  # samples: the working arrays stay in the processor's cache


def simulate_rover(
    duration: float,
    *,
    sample_rate: int = 48000,
    pump_frequency: float = PUMP_FREQUENCY,
    harmonics: int = 82,
    line_slope: float = -3.0,
    relative_drift: float = 2e-5,
    amplitude_modulation: float = 0.03,
    sideband_levels: Mapping[float, float] = SIDEBAND_LEVELS,
    clock_level: float | None = -40.0,
    shaft_level: float | None = None,
    electronics_level: float | None = -50.0,
    electronics_knee: float = 150.0,
    click_rate: float = 0.5,
    click_level: float = 6.0,
    rng: RandomState = None,
) -> Array:
    r"""Simulate the rover's own noise, from which no component reaches half the sample rate.

    Levels are in dB re the RMS of the pump's comb (all harmonics, without sidebands), which is 1.

    - The pump, :math:`\sum_k a_k (1 + m_k(t)) \cos(k \varphi(t) + \theta_k)` with
      :math:`\varphi' = 2 \pi f_0 (1 + \delta(t))`: all harmonics share one phase, so they drift together.
      The drift :math:`\delta` is a slow random walk that never exceeds `relative_drift`. The levels
      :math:`a_k` are smooth at random, with resonances at 781 Hz, 5-7, 12-14 and 15.6 kHz.
    - Its sidebands, at fixed distances from each line, weak at 1 kHz and as given from 8 kHz on.
    - The clock, exact multiples of 1 kHz up to 23 kHz.
    - Electronics, :math:`S(f) = S_0 [1 + (f_{knee}/f)^{1.2}]`, and 25 dB less from some 18 kHz on.
    - Clicks, exponentially decaying tones (0.5-2 ms, 1.5-6 kHz) at the times of a Poisson process.

    Parameters
    ----------
    duration
        In s.
    sample_rate
        In Hz.
    pump_frequency
        Of the pump's comb, in Hz.
    harmonics
        How many; 82 reach 16 kHz.
    line_slope
        How the harmonics' levels go with frequency, in dB an octave. Sol 1125 has about 0; on 20 February
        2021 the first, third and fourth stand 10 to 20 dB above those that follow.
    relative_drift
        The largest relative deviation of the pump's frequency; 1e-4 to 1e-3 is a stress test.
    amplitude_modulation
        The standard deviation of the lines' slow relative amplitude changes.
    sideband_levels : mapping of float to float
        Distance from each line in Hz, and level in dB re that line; ``{}`` for none.
    clock_level
        Of each line of the 1 kHz comb, give or take 4 dB, in dB; None for none.
    shaft_level
        Of the lines at multiples of an eleventh of the pump's frequency, give or take 6 dB, in dB; None
        for none. They stand out on sol 1125 and cannot be seen on 20 February 2021.
    electronics_level
        :math:`S_0`, in dB per hertz; None for none.
    electronics_knee
        Where the rise to low frequencies has doubled the floor, in Hz.
    click_rate
        Clicks a second, on average; 0 for none.
    click_level
        The median peak of a click, give or take 4 dB, in dB.
    rng
        A seed, a generator, or None for another result each time. Each part draws from a
        generator of its own: a change of one leaves the others as they are.

    Returns
    -------
    ndarray, shape (duration * sample_rate,)
        In units of the pump comb's RMS.

    Raises
    ------
    ParameterError
        A value outside of its range.

    See Also
    --------
    marsaudio.simulate.simulate_wind : What is heard with it.

    Examples
    --------
    >>> from marsaudio.simulate import simulate_rover
    >>> simulate_rover(2.0, sample_rate=16000, rng=1).shape
    (32000,)
    """
    duration = check_duration(duration)
    sample_rate = check_sample_rate(sample_rate)
    pump_frequency = check_range("pump_frequency", pump_frequency, 20.0, 2000.0, "Hz")
    harmonics = check_whole("harmonics", harmonics, 1, MOST_HARMONICS, "lines")
    line_slope = check_range("line_slope", line_slope, -12.0, 6.0, "dB an octave")
    relative_drift = check_range("relative_drift", relative_drift, 0.0, 0.01, "of the frequency")
    amplitude_modulation = check_range("amplitude_modulation", amplitude_modulation, 0.0, 0.3, "")
    sidebands = _checked_sidebands(sideband_levels)
    clock_level = check_level("clock_level", clock_level, -120.0, 20.0, "dB")
    shaft_level = check_level("shaft_level", shaft_level, -120.0, 20.0, "dB")
    electronics_level = check_level("electronics_level", electronics_level, -150.0, 0.0, "dB per hertz")
    electronics_knee = check_range("electronics_knee", electronics_knee, 1.0, 2000.0, "Hz")
    click_rate = check_range("click_rate", click_rate, 0.0, 20.0, "a second")
    click_level = check_range("click_level", click_level, -60.0, 40.0, "dB")
    levels, drift, modulation, clock, shaft, electronics, clicks = spawn_generators(rng, 7)

    frames = frames_of(duration, sample_rate)
    lag = _timing_lag(duration, relative_drift, drift)
    swings = amplitude_modulation * np.array(
        [_slow_walk(duration, MODULATION_TIME, modulation) for _ in range(MODULATION_GROUPS)]
    )
    lines, lines_beside = _pump_amplitudes(pump_frequency, harmonics, line_slope, levels)
    noise = _comb(
        frames,
        sample_rate,
        pump_frequency,
        lines,
        lag,
        swings=swings,
        lines_beside=lines_beside if sidebands else None,
        sidebands=sidebands,
    )
    if clock_level is not None:
        noise += _clock(frames, sample_rate, clock_level, clock)
    if shaft_level is not None:
        noise += _shaft(frames, sample_rate, pump_frequency, shaft_level, lag, shaft)
    if electronics_level is not None:
        noise += _electronics(frames, sample_rate, electronics_level, electronics_knee, electronics)
    _add_clicks(noise, sample_rate, click_rate, click_level, clicks)
    return noise


def _checked_sidebands(levels: Mapping[float, float]) -> dict[float, float]:
    if not isinstance(levels, Mapping):
        raise ParameterError(
            f"sideband_levels={levels!r} must map distances in Hz to levels in dB, such as {{3.7: -10.0}}. "
            "Give {} for no sidebands."
        )
    return {
        check_range("sideband_levels: distance", offset, -90.0, 90.0, "Hz"): check_range(
            "sideband_levels: level", level, -100.0, 20.0, "dB"
        )
        for offset, level in levels.items()
    }


def _slow_walk(duration: float, time_constant: float, generator: np.random.Generator) -> Array:
    """A first-order random process of unit variance, already settled at its start."""
    from scipy.signal import lfilter

    count = math.ceil(duration * SLOW_RATE) + 1
    keep = math.exp(-1 / (time_constant * SLOW_RATE))
    steps = generator.standard_normal(count) * math.sqrt(1 - keep**2)
    steps[0] /= math.sqrt(1 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], steps), dtype=np.float64)


def _timing_lag(duration: float, relative_drift: float, generator: np.random.Generator) -> Array:
    """By how many seconds the pump is ahead of its mean frequency; its slope is the relative drift."""
    deviation = relative_drift * np.tanh(0.6 * _slow_walk(duration, DRIFT_TIME, generator))
    return np.concatenate([[0.0], np.cumsum(deviation)[:-1]]) / SLOW_RATE


def _pump_amplitudes(
    pump_frequency: float, harmonics: int, line_slope: float, generator: np.random.Generator
) -> tuple[ComplexArray, ComplexArray]:
    """Complex amplitudes of the lines, with an RMS of 1 together, and of what stands beside each."""
    # All that could be asked for is drawn, so that a line stays the same with more or fewer beside it.
    knots = generator.standard_normal(32)
    scatter = generator.standard_normal(MOST_HARMONICS)[:harmonics]
    phase, phase_beside = generator.uniform(0.0, 2 * np.pi, (2, MOST_HARMONICS))[:, :harmonics]
    frequency = pump_frequency * np.arange(1, harmonics + 1)
    level = 5.0 * np.interp(frequency, np.arange(32) * 600.0, knots) + 4.0 * scatter
    level += line_slope * np.log2(np.arange(1, harmonics + 1))
    level -= LINE_FALL[1] * np.log2(np.maximum(frequency / LINE_FALL[0], 1.0))
    for centre, width, gain in RESONANCES:
        level += gain * np.exp(-0.5 * ((frequency - centre) / width) ** 2)
    amplitude = 10 ** (level / 20)
    amplitude *= math.sqrt(2 / (amplitude**2).sum())
    begin, end, deficit = SIDEBAND_RISE
    part = np.clip(np.log(frequency / begin) / math.log(end / begin), 0.0, 1.0)
    beside = amplitude * 10 ** (deficit * (part - 1) / 20)
    return amplitude * np.exp(1j * phase), beside * np.exp(1j * phase_beside)


def _comb(
    frames: int,
    sample_rate: int,
    fundamental: float,
    lines: ComplexArray,
    lag: Array,
    *,
    swings: Array,
    lines_beside: ComplexArray | None = None,
    sidebands: Mapping[float, float] = MappingProxyType({}),
) -> Array:
    """Sum a comb's lines as polynomials in exp(i phase), which takes one sine and cosine a sample."""
    frequency = fundamental * np.arange(1, len(lines) + 1)
    highest = sample_rate / 2 - 0.01 * frequency - 10.0  # room for the largest drift, and for modulation
    lines = np.where(frequency < highest, lines, 0.0)
    if lines_beside is not None:
        lines_beside = np.where(frequency + max([0.0, *sidebands]) < highest, lines_beside, 0.0)
    slow_times = np.arange(len(lag)) / SLOW_RATE
    result = np.empty(frames)
    for start in range(0, frames, BLOCK):
        times = np.arange(start, min(start + BLOCK, frames)) / sample_rate
        turn = np.exp(2j * np.pi * fundamental * (times + np.interp(times, slow_times, lag)))
        step = turn ** len(swings)
        total = np.zeros(len(times), dtype=np.complex128)
        for group, swing in enumerate(swings):
            part = _polynomial(step, lines[group :: len(swings)]) * turn ** (group + 1)
            total += part * (1 + np.interp(times, slow_times, swing))
        if lines_beside is not None:
            shift = np.zeros(len(times), dtype=np.complex128)
            for offset, level in sidebands.items():
                shift += 10 ** (level / 20) * np.exp(2j * np.pi * offset * times)
            total += _polynomial(turn, lines_beside) * turn * shift
        result[start : start + BLOCK] = total.real
    return result


def _polynomial(variable: ComplexArray, coefficients: ComplexArray) -> ComplexArray:
    """Horner's rule, in place: the first coefficient is the constant."""
    result = np.zeros_like(variable)
    for coefficient in coefficients[::-1]:
        result *= variable
        result += coefficient
    return result


def _shaft(
    frames: int,
    sample_rate: int,
    pump_frequency: float,
    level: float,
    lag: Array,
    generator: np.random.Generator,
) -> Array:
    phase = generator.uniform(0.0, 2 * np.pi, SHAFT_LINES)
    levels = level + 6.0 * generator.standard_normal(SHAFT_LINES)
    levels[SHAFT_LINES_PER_PUMP_LINE - 1 :: SHAFT_LINES_PER_PUMP_LINE] = -np.inf  # the pump's own lines
    lines: ComplexArray = np.asarray(math.sqrt(2) * 10 ** (levels / 20) * np.exp(1j * phase))
    fundamental = pump_frequency / SHAFT_LINES_PER_PUMP_LINE
    return _comb(frames, sample_rate, fundamental, lines, lag, swings=np.zeros((1, len(lag))))


def _clock(frames: int, sample_rate: int, level: float, generator: np.random.Generator) -> Array:
    """Repeat one period, computed from whole numbers: the lines are exact to any length."""
    phases = generator.uniform(0.0, 1.0, CLOCK_LINES)
    amplitudes = math.sqrt(2) * 10 ** ((level + 4.0 * generator.standard_normal(CLOCK_LINES)) / 20)
    ticks = np.arange(sample_rate // math.gcd(sample_rate, CLOCK_FREQUENCY)) * CLOCK_FREQUENCY
    period = np.zeros(len(ticks))
    for line in range(1, CLOCK_LINES + 1):
        if line * CLOCK_FREQUENCY < sample_rate / 2:
            turns = (ticks * line % sample_rate) / sample_rate + phases[line - 1]
            period += amplitudes[line - 1] * np.cos(2 * np.pi * turns)
    return np.resize(period, frames)


def _electronics(
    frames: int, sample_rate: int, level: float, knee: float, generator: np.random.Generator
) -> Array:
    from scipy.signal import oaconvolve

    count = 2 * round(FLOOR_SECONDS * sample_rate / 2)
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / sample_rate), 1 / FLOOR_SECONDS)
    converter = 10 ** (-FLOOR_DROP / 10)
    spectrum = converter + (1 - converter) / (1 + (frequency / FLOOR_BEND) ** 20)
    spectrum *= 10 ** (level / 10) * (1 + (knee / frequency) ** FLOOR_SLOPE)
    taps = np.roll(np.fft.irfft(np.sqrt(spectrum * sample_rate / 2)), count // 2) * np.hanning(count + 1)[:-1]
    noise = generator.standard_normal(frames + count - 1)
    return np.asarray(oaconvolve(noise, taps, mode="valid"), dtype=np.float64)


def _add_clicks(
    noise: Array, sample_rate: int, rate: float, level: float, generator: np.random.Generator
) -> None:
    """Add clicks to `noise`, in place."""
    time = generator.exponential()
    while rate > 0 and (start := math.ceil(time / rate * sample_rate)) < len(noise):
        decay = generator.uniform(0.5e-3, 2e-3)
        frequency = generator.uniform(1500.0, 6000.0)
        peak = 10 ** ((level + 4.0 * generator.standard_normal()) / 20)
        sign = generator.choice([-1.0, 1.0])
        time += generator.exponential()
        if frequency < 0.45 * sample_rate:
            since = np.arange(min(round(12 * decay * sample_rate), len(noise) - start)) / sample_rate
            tone = np.sin(2 * np.pi * frequency * since) * np.exp(-since / decay)
            noise[start : start + len(since)] += sign * peak * tone
