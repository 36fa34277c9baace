"""The rover's tones, found by their steady phase.

Pumps and clocks make lines that keep their phase for seconds; wind does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.frames import FRAMES_PER_INDEPENDENT
from marsaudio.separation.survey import Coverage
from marsaudio.separation.tone_fits import MAIN_LOBE_BINS, hann_transform
from marsaudio.spectra.stft import SampleSource, ShortTimeFourier, Spectra, with_context

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
Parts = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]  # real and imaginary

BASELINE_BINS = 61  # neighbours whose median is the level around a line: +-30 bins
FALSE_LINES = 0.01  # expected number of noise bins taken for lines in a whole spectrum
PROMINENCE_DB = 6.0  # a weaker line is lost in the noise of its own bin and needs no removal
SAME_LINE_HZ = 2.0  # lines that are nearer than this are one
LOG_PERIODOGRAM_SPREAD_DB = 5.57  # standard deviation of 10 log10 of an exponential variable


@dataclass(frozen=True)
class Line:
    """A tone of the rover.

    Attributes
    ----------
    frequency : float
        In Hz.
    level : float
        Of the sine, mean square, in dB re full scale: the mean of the decibels of all frames, which is less
        than that of the mean where the line comes and goes.
    prominence : float
        Above the noise around it in the bins of the transform, in dB.
    coherence : float
        From 0 (its phase is random from frame to frame) to 1 (a clock).
    wanders : bool
        Its frequency moves by half a bin or more within the recording: then `frequency` is the mean, `level`
        that in the bin where it is found most, and `coherence` that of its turn from one pair of frames to
        the next.
    """

    frequency: float
    level: float
    prominence: float
    coherence: float
    wanders: bool = False


def find_lines(source: SampleSource, coverage: Coverage) -> list[Line]:
    """Find the lines of a source of one channel, over the whole spectrum of its coverage's frames."""
    statistics = PhaseStatistics(coverage.fourier)
    statistics.add(coverage.fourier.batches(source), coverage.usable)
    return statistics.lines(source.sample_rate)


def density_of_lines(lines: Iterable[Line], frequencies: FloatArray) -> FloatArray:
    """The density of lines in the bins they fall into, in full scale squared per hertz, shape (bins,).

    A Hann window's bin is 1.5 times as wide as bins are apart.
    """
    density = np.zeros(len(frequencies))
    for line in lines:
        bin_of_line = round(line.frequency / frequencies[1])
        if bin_of_line < len(density):
            density[bin_of_line] += 10 ** (line.level / 10) / (1.5 * frequencies[1])
    return density


def distinct_lines(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Of lines that are one, in several channels or sections, the most prominent; by frequency."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: line.frequency):
        if kept and line.frequency - kept[-1].frequency < SAME_LINE_HZ:
            kept[-1] = max(kept[-1], line, key=lambda one: one.prominence)
        else:
            kept.append(line)
    return tuple(kept)


class PhaseStatistics:
    """Level and steadiness of phase in every bin, gathered over the usable frames.

    Between frames that do not overlap, N samples apart, a tone at frequency f turns by 2 pi f N / f_s; noise
    turns by chance. So with the unit phasor u_t = q_t q_(t-L)*, q = X / |X|, L = N / H, the resultant
    R = |mean u| is 1 for a tone and near 0 for noise, whatever the level does. Rayleigh's test gives
    P(R > r) = exp(-n r²) for n independent phasors of noise.

    A tone whose frequency wanders by half a bin or more turns by every angle in the course of a recording,
    but from one pair of frames to the next nearly by the same: its second differences u_t u_(t-L)*, which a
    steady change of frequency leaves at one angle, have a resultant near 1, those of noise again near 0.

    Source: K. V. Mardia and P. E. Jupp, *Directional Statistics* (2000), section 6.3; the phase increment
    as a measure of frequency: J. L. Flanagan and R. M. Golden, "Phase vocoder", Bell Syst. Tech. J. 45
    (1966), doi:10.1002/j.1538-7305.1966.tb01706.x.

    Parameters
    ----------
    fourier : ShortTimeFourier
        The grid of frames, with a Hann window.
    highest : int, optional
        Lines are looked for in so many bins from 0 on; in all of them where it is not given.
    least_prominence : float, optional
        Of a line, in dB above the noise around it in the bins of the transform.
    """

    def __init__(
        self,
        fourier: ShortTimeFourier,
        *,
        highest: int | None = None,
        least_prominence: float = PROMINENCE_DB,
    ) -> None:
        self._fourier = fourier
        self._least_prominence = least_prominence
        self._lag = fourier.n_fft // fourier.hop_length
        self._highest = fourier.bins if highest is None else min(highest, fourier.bins)
        # The level around a line is read a little further up.
        bins = min(self._highest + BASELINE_BINS // 2, fourier.bins)
        self._phasors = np.zeros(bins, dtype=np.complex128)
        self._second_differences = np.zeros(bins, dtype=np.complex128)
        self._hops = np.zeros(bins, dtype=np.complex128)
        self._log_power = np.zeros(bins)
        self.pairs = 0
        self.triples = 0
        self.frames = 0

    @property
    def context(self) -> int:
        """How many frames before a frame have a say in what it tells."""
        return 2 * self._lag

    def add(self, batches: Iterable[tuple[int, Spectra]], usable: npt.NDArray[np.bool_]) -> None:
        """Take in the spectra of one channel."""
        for first, spectra, core in with_context(batches, self.context):
            self.add_frames(first, spectra[0], core, usable)

    def add_frames(
        self, first: int, spectra: npt.NDArray[np.complex64], core: slice, usable: npt.NDArray[np.bool_]
    ) -> None:
        """Take in the frames `core` of some from number `first` on, with `context` frames before."""
        lag, begin = self._lag, max(core.start - self.context, 0)
        old = core.start - begin
        sound = usable[first + begin : first + core.stop]
        rows = spectra[begin : core.stop, : len(self._log_power)]
        power = rows.real**2 + rows.imag**2 + np.float32(np.finfo(np.float32).tiny)
        power[~sound] = 1.0
        # Phasors of 0 for frames that do not count make all their products 0.
        scale = np.where(sound[:, np.newaxis], 1 / np.sqrt(power), np.float32(0))
        phase = rows.real * scale, rows.imag * scale
        turn = _turns(phase, lag)
        self._log_power += np.log(power[old:]).sum(axis=0) / np.log(10)
        self._hops += _sum(_turns(phase, 1), from_row=old - 1)
        self._phasors += _sum(turn, from_row=old - lag)
        self._second_differences += _sum(_turns(turn, lag), from_row=old - 2 * lag)
        self.frames += int(sound[old:].sum())
        # Counted like the products, of which none is of frames that do not count.
        pairs = sound[lag:] & sound[: max(len(sound) - lag, 0)]
        self.pairs += int(pairs[max(old - lag, 0) :].sum())
        triples = pairs[lag:] & pairs[: max(len(pairs) - lag, 0)]
        self.triples += int(triples[max(old - 2 * lag, 0) :].sum())

    def lines(self, sample_rate: float) -> list[Line]:
        """The lines that stand out in level and keep their phase, or turn evenly while they wander."""
        if self.pairs < 2:
            return []
        bins = len(self._log_power)
        level, prominence, coherence = self._heard()
        evenness = np.abs(self._second_differences) / max(self.triples, 1)
        independent = max(self.frames / FRAMES_PER_INDEPENDENT, 1.0)
        peak = np.zeros(bins, dtype=bool)
        peak[1:-1] = (level[1:-1] >= level[:-2]) & (level[1:-1] > level[2:])
        peak &= prominence > self._least_prominence
        peak[self._highest :] = False
        beyond_chance = np.log(self._highest / FALSE_LINES)
        # Either the phase alone is beyond chance, or (in short recordings, where it cannot be) the level is.
        steady = independent * coherence**2 > beyond_chance
        needed = np.sqrt(2 * beyond_chance) * LOG_PERIODOGRAM_SPREAD_DB / np.sqrt(independent)
        loud = (prominence > needed) & (coherence > 0.5)
        even = independent * evenness**2 > beyond_chance
        wandering = even & (evenness > coherence) & (coherence < 0.5)
        found = np.flatnonzero(peak & (steady | loud) & ~wandering)
        offsets = np.angle(self._phasors[found]) / (2 * np.pi)
        # Half-way between two bins a hair decides the phase's sign; the larger neighbour says which it is.
        towards = np.sign(level[found + 1] - level[found - 1])
        offsets = np.where(
            (np.abs(offsets) > 0.4) & (np.sign(offsets) != towards), offsets + towards, offsets
        )
        between = 20 * np.log10(np.abs(hann_transform(offsets, self._fourier.n_fft)) / self._window_sum)
        to_full_scale = self._to_full_scale
        spacing = sample_rate / self._fourier.n_fft
        lines = [
            Line(
                frequency=float((k + offset) * spacing),
                level=float(level[k] + to_full_scale - correction),
                prominence=float(prominence[k]),
                coherence=float(coherence[k]),
            )
            for k, offset, correction in zip(found, offsets, between, strict=True)
        ]
        for group in _neighbours(np.flatnonzero(peak & wandering)):
            loudest = group[np.argmax(level[group])]
            positions = group + self._offsets_by_hop(group)
            middle = np.average(positions, weights=10 ** (level[group] / 10))
            lines.append(
                Line(
                    frequency=float(middle * spacing),
                    level=float(level[loudest] + to_full_scale),
                    prominence=float(prominence[loudest]),
                    coherence=float(evenness[loudest]),
                    wanders=True,
                )
            )
        return sorted(lines, key=lambda line: line.frequency)

    def _heard(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Level and prominence in dB, and coherence, in every bin."""
        from scipy.ndimage import median_filter

        level = 10 * self._log_power / self.frames
        around = median_filter(level, size=min(BASELINE_BINS, len(level)), mode="nearest")
        return level, level - around, np.abs(self._phasors) / self.pairs

    @property
    def _window_sum(self) -> float:
        return float(np.sum(self._fourier.window.astype(np.float64)))

    @property
    def _to_full_scale(self) -> float:
        """In dB: a sine of mean square s at a bin has |X|² = s (sum w)² / 2 there, and less beside it."""
        return float(10 * np.log10(2 / self._window_sum**2))

    def _offsets_by_hop(self, k: npt.NDArray[np.intp]) -> FloatArray:
        """How many bins from bin k the frequency is on average, from the turn between neighbouring frames.

        A tone turns by 2 pi (k + x) H / N from one frame to the next, which tells x up to +-N / 2H = +-2 bins
        at a quarter hop, where frames that do not overlap tell it up to +-1/2.
        """
        own = np.exp(-2j * np.pi * np.mod(k / self._lag, 1.0))
        return np.asarray(np.angle(self._hops[k] * own) / (2 * np.pi) * self._lag)


def _turns(phasors: Parts, lag: int) -> Parts:
    """Real and imaginary parts of z_t z_(t-lag)*, from row `lag` on."""
    (x, y), (u, v) = ([part[lag:] for part in phasors], [part[: max(len(part) - lag, 0)] for part in phasors])
    return x * u + y * v, y * u - x * v


def _sum(phasors: Parts, *, from_row: int) -> ComplexArray:
    """The sum over the rows from one on."""
    real, imaginary = (part[max(from_row, 0) :].sum(axis=0) for part in phasors)
    return np.asarray(real + 1j * imaginary.astype(np.float64))


def _neighbours(bins: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Split ascending bins into groups in which each is within two main lobes' half-widths of the next."""
    if len(bins) == 0:
        return []
    return np.split(bins, np.flatnonzero(np.diff(bins) > 2 * MAIN_LOBE_BINS) + 1)
