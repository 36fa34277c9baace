"""What can be told of the wind and what cannot: its level by two estimates, and the rover left in it.

Wind that never stops and a rover that never changes are the same to one microphone. So the wind's level is
given twice: without what may be steady wind, and with it. Both are estimates by the model, no bounds: where
they are far apart, the recording does not say; where they are one, it may still not, since a level with
a few gusts over an even breeze has no tail that would tell of the breeze (`marsaudio.separation.wind`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.frames import Transforms
from marsaudio.separation.gain import Expected, posterior_power, wind_gain
from marsaudio.separation.learning import Learned
from marsaudio.separation.wind_stem import moment_of, moments_between

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

# Exact centres and edges of octave bands, 1000 Hz times 10**(0.3 k), after IEC 61260-1:2014.
OCTAVES = range(-6, 2)


@dataclass(frozen=True, eq=False)
class BandLevels:
    """Levels in octave bands over time.

    Attributes
    ----------
    level : ndarray of float64, shape (channels, bands, times)
        In dB; minus infinity where there is nothing. One channel where all are equal.
    times : ndarray of float64, shape (times,)
        Of the centres of the frames, in seconds from the first sample; each frame is a third of a second.
    edges : ndarray of float64, shape (bands + 1,)
        Of the bands, in Hz.
    unit : str
        Of the level.
    """

    level: FloatArray
    times: FloatArray
    edges: FloatArray
    unit: str

    @property
    def centres(self) -> FloatArray:
        """Of the bands, in Hz: the geometric means of their edges."""
        return np.asarray(np.sqrt(self.edges[:-1] * self.edges[1:]))

    def __repr__(self) -> str:
        channels, bands, times = self.level.shape
        return (
            f"<marsaudio.BandLevels: {bands} octave bands, {self.edges[0]:.0f} to {self.edges[-1]:.0f} Hz, "
            f"{times} times, {channels} channel{'s' if channels > 1 else ''}, {self.unit}>"
        )


@dataclass(frozen=True, eq=False)
class Doubt:
    """The wind's power without and with what may be steady wind, and what is left of the rover.

    Attributes
    ----------
    times : ndarray of float64, shape (times,)
        In seconds.
    edges : ndarray of float64, shape (bands + 1,)
        Of the octave bands, in Hz.
    lower, upper : ndarray of float64, shape (channels, bands, times)
        The wind's mean square, in full scale squared: without and with what may be steady wind.
    unidentifiable : float or None
        The share of the wind's power, the steady part given back, that is that part; None where no
        wind was found.
    before, after : float or None
        Wind over rover, lines included, in the recording and in the wind stem, in dB, below the cut-off;
        None likewise.
    """

    times: FloatArray
    edges: FloatArray
    lower: FloatArray
    upper: FloatArray
    unidentifiable: float | None
    before: float | None
    after: float | None


@dataclass
class _Sums:
    """Powers below the cut-off, added up over the recording."""

    lower: float = 0.0
    upper: float = 0.0
    rover: float = 0.0
    wind_kept: float = 0.0
    rover_kept: float = 0.0


def doubt_about(learned: Sequence[Learned], part: tuple[int, int] | None = None) -> Doubt:
    """Estimate the wind's power twice, with the steady part in the rover and in the wind.

    Given |X|², and Gaussian wind and rover of powers W and R, the wind's power has the mean G² |X|² + G R
    with G = W / (W + R), and the rover's (1 - G)² |X|² + G R. Summed over the bins of a band, that is its
    mean square in the frame. What the wind stem keeps is G² of each, and none of the lines.

    Parameters
    ----------
    learned : sequence of Learned
        All sections that have a say in the part.
    part : (first, last), optional
        Samples of the recording, at its own rate, from first up to last: frames count whose centres are
        among them, and times begin at the first. All of it where it is not given.
    """
    transforms, coverage = learned[0].heard.transforms, learned[0].heard.coverage
    channels = 1 + max(part.heard.number for part in learned)
    step = float(transforms.frequencies[1])
    edges = 1000.0 * 10 ** (0.3 * (np.arange(OCTAVES.start, OCTAVES.stop + 1) - 0.5))
    first_bins = np.searchsorted(transforms.frequencies, edges)
    first_frame, last_frame = _frames_of(part, transforms, len(coverage.usable))
    count = last_frame - first_frame
    lower, upper = (np.zeros((channels, len(edges) - 1, count)) for _ in range(2))
    sums = _Sums()
    for section in learned:
        if not section.model.reach:
            continue
        number = section.heard.number
        cut = int(np.searchsorted(transforms.frequencies, section.model.cut_off or 0.0))
        for begin in moments_between(section, first_frame, last_frame):
            moment = moment_of(section, begin)
            begin = max(moment.first + moment.core.start, first_frame)
            end = min(moment.first + moment.core.stop, last_frame)
            core = slice(begin - moment.first, end - moment.first)
            here = slice(begin - first_frame, end - first_frame)
            bounds = _wind_powers(moment.power, moment.expected, step)
            weight = moment.weight[core, np.newaxis]
            for levels, power in zip((lower, upper), bounds[:2], strict=True):
                levels[number, :, here] += (_in_bands(power[core], first_bins) * weight).T
            all_of_it = section.heard.spectra(begin, end, cut)[0]
            lines = transforms.density(all_of_it - moment.rest[core, :cut], transforms.low) * step
            sums.rover += float((lines[:, 1:] * weight).sum())
            for name, power in zip(vars(sums), bounds, strict=True):
                setattr(sums, name, getattr(sums, name) + float((power[core, 1:cut] * weight).sum()))
    times = transforms.low.centres(last_frame, transforms.resampler.low_rate)[first_frame:]
    return Doubt(
        times=times - (part[0] / transforms.resampler.sample_rate if part else 0.0),
        edges=np.asarray(edges, dtype=np.float64),
        lower=lower,
        upper=upper,
        unidentifiable=1 - sums.lower / sums.upper if sums.upper > 0 else None,
        before=_ratio(sums.upper, sums.rover),
        after=_ratio(sums.wind_kept, sums.rover_kept),
    )


def _frames_of(part: tuple[int, int] | None, transforms: Transforms, count: int) -> tuple[int, int]:
    """The frames whose centres are in a part, from the first up to the last; at least one."""
    if part is None:
        return 0, count
    centres = transforms.low.centres(count, transforms.resampler.low_rate)
    first, last = np.searchsorted(centres, np.array(part) / transforms.resampler.sample_rate)
    return int(min(first, count - 1)), int(max(last, first + 1))


def _wind_powers(power: Float32Array, expected: Expected, step: float) -> list[Float32Array]:
    """In each bin the wind's power without and with the steady part, the rover's, and what the stem keeps."""
    power = power[:, : expected.steady.size]
    all_rover = expected.rover + expected.steady
    low_gain = wind_gain(power, expected.wind, all_rover)
    gain = wind_gain(power, expected.wind + expected.steady, expected.rover)
    wind = posterior_power(power, gain, expected.rover)
    rover = (1 - gain) ** 2 * power + gain * expected.rover
    lower = np.minimum(posterior_power(power, low_gain, all_rover), wind)
    return [part * np.float32(step) for part in (lower, wind, rover, gain**2 * wind, gain**2 * rover)]


def _in_bands(power: Float32Array, first_bins: npt.NDArray[np.intp]) -> FloatArray:
    """Sums over the bins of each band, shape (frames, bands)."""
    total = np.zeros((len(power), power.shape[1] + 1))
    np.cumsum(power, axis=1, out=total[:, 1:])
    at = np.minimum(first_bins, power.shape[1])
    return np.asarray(total[:, at[1:]] - total[:, at[:-1]])


def _ratio(wind: float, rover: float) -> float | None:
    return float(10 * np.log10(wind / rover)) if wind > 0 and rover > 0 else None
