"""The rover's tones: found by their steady phase, followed, and taken out coherently.

Pumps and clocks make lines that keep their phase for seconds; wind does not. A line that is removed with
its own amplitude and phase leaves the wind beside it untouched, which no notch filter does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.separation.survey import Coverage
from marsaudio.spectra.stft import ShortTimeFourier, Spectra, with_context

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

BASELINE_BINS = 61  # neighbours whose median is the level around a line: +-30 bins
FRAMES_PER_INDEPENDENT = 3.0  # Hann frames at a quarter hop: about one in three is independent
FALSE_LINES = 0.01  # expected number of noise bins taken for lines in a whole spectrum
PROMINENCE_DB = 6.0  # a weaker line is lost in the noise of its own bin and needs no removal
LOG_PERIODOGRAM_SPREAD_DB = 5.57  # standard deviation of 10 log10 of an exponential variable
MEMORY_SECONDS = 2.0  # half-width of the average over which a line's amplitude and phase are followed
CHANGE_EXPECTED = 0.1  # relative standard deviation of a line's amplitude within those seconds
CHANGE_DEVIATIONS = 3.0  # standard deviations of chance beyond which it counts as seen
MAIN_LOBE_BINS = 2
# Half-widths of the windows in which a drift is looked for, each along what the last one told of the course.
FOLLOWING_SECONDS = (2.0, 1.0, 0.5, 0.5)
LEAST_DRIFT = 0.0015  # Hz; three times that costs 75 dB below the line over the seconds of the average
FARTHEST_BINS = 2.0  # from its mean frequency that a line is followed: half a turn a hop
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
APART_BINS = 12.0  # lines further from each other do not disturb one another's fit
KERNEL_BINS = 10  # beyond this the Hann window's sidelobes are 75 dB down


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
    """

    def __init__(self, fourier: ShortTimeFourier) -> None:
        self._fourier = fourier
        self._lag = fourier.n_fft // fourier.hop_length
        self._phasors = np.zeros(fourier.bins, dtype=np.complex128)
        self._second_differences = np.zeros(fourier.bins, dtype=np.complex128)
        self._hops = np.zeros(fourier.bins, dtype=np.complex128)
        self._log_power = np.zeros(fourier.bins)
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
        lag = self._lag
        begin = max(core.start - self.context, 0)
        rows = spectra[begin : core.stop]
        sound = usable[first + begin : first + core.stop]
        new = np.arange(core.start - begin, len(rows))
        magnitude = np.sqrt(rows.real**2 + rows.imag**2) + np.finfo(np.float32).tiny
        phase = rows / magnitude
        chosen = new[sound[new]]
        self._log_power += 2 / np.log(10) * np.log(magnitude[chosen]).sum(axis=0, dtype=np.float64)
        self.frames += len(chosen)
        beside = chosen[chosen >= 1]
        beside = beside[sound[beside - 1]]
        self._hops += (phase[beside] * phase[beside - 1].conj()).sum(axis=0, dtype=np.complex128)
        turn = phase[lag:] * phase[:-lag].conj() if len(phase) > lag else phase[:0]
        both = chosen[chosen >= lag]
        both = both[sound[both - lag]]
        self._phasors += turn[both - lag].sum(axis=0, dtype=np.complex128)
        self.pairs += len(both)
        three = both[both >= 2 * lag]
        three = three[sound[three - 2 * lag]]
        changes = turn[three - lag] * turn[three - 2 * lag].conj()
        self._second_differences += changes.sum(axis=0, dtype=np.complex128)
        self.triples += len(three)

    def lines(self, sample_rate: float) -> list[Line]:
        """The lines that stand out in level and keep their phase, or turn evenly while they wander."""
        from scipy.ndimage import median_filter

        if self.pairs < 2:
            return []
        bins = self._fourier.bins
        level = 10 * self._log_power / self.frames
        around = median_filter(level, size=min(BASELINE_BINS, bins), mode="nearest")
        prominence = level - around
        coherence = np.abs(self._phasors) / self.pairs
        evenness = np.abs(self._second_differences) / max(self.triples, 1)
        independent = max(self.frames / FRAMES_PER_INDEPENDENT, 1.0)
        peak = np.zeros(bins, dtype=bool)
        peak[1:-1] = (level[1:-1] >= level[:-2]) & (level[1:-1] > level[2:])
        peak &= prominence > PROMINENCE_DB
        beyond_chance = np.log(bins / FALSE_LINES)
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
        window = self._fourier.window.astype(np.float64)
        # A sine of mean square s at a bin has |X|² = s (sum w)² / 2 there, and less beside it.
        between = 20 * np.log10(np.abs(hann_transform(offsets, self._fourier.n_fft)) / np.sum(window))
        to_full_scale = 10 * np.log10(2 / np.sum(window) ** 2)
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

    def _offsets_by_hop(self, k: npt.NDArray[np.intp]) -> FloatArray:
        """How many bins from bin k the frequency is on average, from the turn between neighbouring frames.

        A tone turns by 2 pi (k + x) H / N from one frame to the next, which tells x up to +-N / 2H = +-2 bins
        at a quarter hop, where frames that do not overlap tell it up to +-1/2.
        """
        own = np.exp(-2j * np.pi * np.mod(k / self._lag, 1.0))
        return np.asarray(np.angle(self._hops[k] * own) / (2 * np.pi) * self._lag)


def _neighbours(bins: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Split ascending bins into groups in which each is within two main lobes' half-widths of the next."""
    if len(bins) == 0:
        return []
    return np.split(bins, np.flatnonzero(np.diff(bins) > 2 * MAIN_LOBE_BINS) + 1)


@dataclass(frozen=True, eq=False)
class LineCourses:
    """What became of each line in the course of a recording.

    Attributes
    ----------
    frequencies : ndarray of float64, shape (lines,)
        Each line's mean, in Hz, ascending.
    times : ndarray of float64, shape (frames,)
        Of the frames' centres, in seconds from the first sample.
    offsets : ndarray of float64, shape (lines, frames)
        By how many hertz the frequency differs from the mean, as far as that was followed.
    amplitudes : ndarray of complex128, shape (lines, frames)
        A exp(i phi) of A cos(2 pi f t + phi), f the mean frequency, as each frame alone tells it.
    noise : ndarray of float64, shape (lines, frames)
        Mean square of the noise in the amplitude; infinite where a frame is not sound from end to end.
    bin_width : float
        Of the frames' transform, in Hz.
    """

    frequencies: FloatArray
    times: FloatArray
    offsets: FloatArray
    amplitudes: ComplexArray
    noise: FloatArray
    bin_width: float


class LineRemoval:
    """Subtracts lines from spectra, with the frequency, amplitude and phase that each has around that time.

    In frame t a line at frequency f has the amplitude a_t = sum K X_t / sum K² at the frame's centre, K the
    window's transform at f. Turned back by exp(-2 pi i f c_t / f_s), c_t the centre, it is constant but for
    slow changes, so it is averaged over +-2 s with weights 1 / (power beside the line): frames with gusts
    count little. What is subtracted is K times that average turned forward again, and times how far the
    line's amplitude of the moment is known to differ from it (`_change`).

    Where the phase of the turned-back amplitude moves on, the line has drifted: then it is turned back along
    its own course (`_drift`), and K moves with it. Where that amplitude beats, the line has sidebands closer
    than a frame can resolve (`_beats`): these are fitted and subtracted as tones that go along with it. In a
    frame that reaches over an end or into a muted stretch, K is the transform of the window over the part
    that is sound.

    Parameters
    ----------
    frequencies : iterable of float
        Of the lines, in Hz: each line's mean over the recording.
    fourier : ShortTimeFourier
        The grid of frames, with a Hann window.
    sample_rate : float
        In Hz.
    coverage : Coverage
        What part of each frame is sound.

    Attributes
    ----------
    context : int
        How many frames on both sides of a frame have a say in what is subtracted from it.

    Source: weighted least squares on a sinusoid, S. M. Kay, *Fundamentals of Statistical Signal
    Processing: Estimation Theory* (1993), example 4.2.
    """

    def __init__(
        self,
        frequencies: Iterable[float],
        fourier: ShortTimeFourier,
        sample_rate: float,
        coverage: Coverage,
    ) -> None:
        self._fourier = fourier
        self._rate = sample_rate
        self._coverage = coverage
        self.context = self._window(MEMORY_SECONDS).size // 2
        positions = [frequency * fourier.n_fft / sample_rate for frequency in frequencies]
        self._waves = _waves(positions)
        self._positions = np.array(positions)

    def _window(self, seconds: float) -> FloatArray:
        """A Hann window that reaches so many seconds to both sides, at least one frame."""
        half = max(round(seconds * self._rate / self._fourier.hop_length), 1)
        return np.asarray(np.hanning(2 * half + 3)[1:-1])

    def clean(self, batches: Iterable[tuple[int, Spectra]]) -> Iterator[tuple[int, Spectra]]:
        """Give the same batches without the lines."""
        if not self._waves:
            yield from batches
            return
        for first, spectra, core in with_context(batches, self.context):
            yield first + core.start, self.clean_frames(first, spectra[0])[np.newaxis, core]

    def clean_frames(self, first: int, spectra: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
        """Give neighbouring frames of the channel without the lines.

        Parameters
        ----------
        first : int
            The number of the first frame.
        spectra : ndarray of complex64, shape (frames, bins)
            Left as they are.

        Returns
        -------
        ndarray of complex64, shape (frames, bins)
            Valid from `context` frames after the first to `context` before the last, and up to the
            recording's own ends.
        """
        rest = spectra.copy()
        frames = first + np.arange(len(rest))
        usable = self._coverage.usable[frames]
        if not usable.any():
            return rest
        tones = [tone for wave in self._waves for tone in self._subtract(rest, frames, usable, wave)]
        for i in np.flatnonzero(~usable) if tones else ():
            frequency = np.concatenate([each.frequency[:, i] for each in tones])
            amplitude = np.concatenate([each.amplitude[:, i] for each in tones])
            self._subtract_partly(rest[i], int(frames[i]), frequency, amplitude)
        return rest

    def follow(self, batches: Iterable[tuple[int, Spectra]]) -> LineCourses:
        """Give the course of each line, with its sidebands, instead of the rest."""
        positions = np.sort(self._positions)
        parts = []
        for first, spectra, core in with_context(batches, self.context):
            rest = spectra[0].copy()
            frames = first + np.arange(len(rest))
            usable = self._coverage.usable[frames]
            shape = (len(positions), len(frames))
            offset, amplitude = np.zeros(shape), np.zeros(shape, dtype=np.complex128)
            noise = np.full(shape, np.inf)
            heard: list[tuple[FloatArray, _Look, ComplexArray]] = []
            for wave in self._waves if usable.any() else ():
                self._subtract(rest, frames, usable, wave, heard)
            for wave, look, nominal in heard:
                rows = np.searchsorted(positions, wave)
                offset[rows] = look.position - wave[:, np.newaxis]
                amplitude[rows] = np.where(usable, look.amplitude * nominal.conj(), 0.0)
                noise[rows] = np.where(usable, BINS_ALIKE * look.spread, np.inf)
            parts.append((offset[:, core], amplitude[:, core], noise[:, core]))
        offsets, amplitudes, noises = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        bin_width = self._rate / self._fourier.n_fft
        times = self._fourier.centres(offsets.shape[1], self._rate)
        # Half of a sine's amplitude is at the positive frequency.
        return LineCourses(
            positions * bin_width, times, offsets * bin_width, 2 * amplitudes, 4 * noises, bin_width
        )

    def _subtract(
        self,
        spectra: npt.NDArray[np.complex64],
        frames: npt.NDArray[np.intp],
        usable: npt.NDArray[np.bool_],
        positions: FloatArray,
        heard: list[tuple[FloatArray, _Look, ComplexArray]] | None = None,
    ) -> list[_Tones]:
        """Subtract lines and their sidebands, in place, from the usable frames; give them in all frames.

        Of each group of lines the positions, what was heard of them, sidebands and all, and their phasors at
        mean frequency are added to `heard`, if it is given.
        """
        centres = self._fourier.first_start + self._fourier.n_fft / 2 + self._fourier.hop_length * frames
        forward = np.exp(2j * np.pi * np.mod(np.outer(positions / self._fourier.n_fft, centres), 1.0))
        bands = _Bands(spectra, usable, positions, self._positions, self._fourier.n_fft)
        offset = np.zeros((len(positions), 1))
        look = bands.look(offset)
        turn = _drift(look, forward, self._window(FOLLOWING_SECONDS[0]), self._least_turn)
        moves = np.asarray(turn.any(axis=1))
        tones = []
        for rows in (np.flatnonzero(~moves), np.flatnonzero(moves)):
            if len(rows):
                course = _Course(bands.only(rows), look.only(rows), forward[rows], offset[rows])
                if moves[rows[0]]:
                    course, beside = self._follow(course, turn[rows], spectra)
                    tones += beside
                if heard is not None:
                    heard.append((positions[rows], bands.only(rows).look(course.offset), forward[rows]))
                tones += self._subtract_sidebands(course, spectra)
                tones.append(self._subtract_followed(course, spectra))
        return tones

    @property
    def _least_turn(self) -> float:
        """The standard deviation below which a turn from frame to frame is not worth knowing, in radians."""
        return LEAST_DRIFT * 2 * np.pi * self._fourier.hop_length / self._rate

    @property
    def _bins_a_radian(self) -> float:
        """By how many bins a frequency differs that turns by a radian more from frame to frame."""
        return self._fourier.n_fft / self._fourier.hop_length / (2 * np.pi)

    def _follow(
        self, course: _Course, step: FloatArray, spectra: npt.NDArray[np.complex64]
    ) -> tuple[_Course, list[_Tones]]:
        """Follow lines that drift, closer and closer, from what a first look tells of how they turn."""
        nominal, bands = course.forward, course.bands
        turn = np.zeros_like(step)
        tones: list[_Tones] = []
        for seconds in FOLLOWING_SECONDS:
            window, begun = self._window(seconds), turn.any()
            if begun:
                step = _drift(course.look, course.forward, window, self._least_turn)
            if not step.any():
                continue
            turn = turn + _in_place(step, course.look, window, bridged=not begun)
            phase = np.concatenate([np.zeros((len(turn), 1)), np.cumsum(turn, axis=1)], axis=1)
            ends = np.concatenate([turn[:, :1], turn, turn[:, -1:]], axis=1)
            offset = (ends[:, :-1] + ends[:, 1:]) / 2 * self._bins_a_radian
            offset = np.clip(offset, -FARTHEST_BINS, FARTHEST_BINS)
            course = _Course(bands, bands.look(offset), nominal * np.exp(1j * phase), offset)
            if not begun:
                # In the shorter windows that follow, a beat would be taken for a drift.
                tones = self._subtract_sidebands(course, spectra, alone=True)
        return course, tones

    def _subtract_sidebands(
        self, course: _Course, spectra: npt.NDArray[np.complex64], *, alone: bool = False
    ) -> list[_Tones]:
        """Subtract the sidebands of lines that are followed, in place, and look again."""
        memory = self._window(MEMORY_SECONDS)
        amplitude = course.look.amplitude * course.forward.conj()
        steady = local_mean(amplitude, course.look.weight, memory)
        frame_rate = self._rate / self._fourier.hop_length
        beat = _beats(amplitude - steady, course.look, frame_rate, alone=alone)
        beats = np.flatnonzero(beat)
        if len(beats) == 0:
            return []
        tones = []
        forward = course.forward[beats]
        within = course.bands.only(beats)
        within.subtract(steady[beats] * forward, course.look.only(beats))
        for turn in (-beat[beats, np.newaxis], beat[beats, np.newaxis]):
            along = forward * np.exp(1j * turn * np.arange(forward.shape[1]))
            look = within.look(course.offset[beats] + turn * self._bins_a_radian)
            kept = _significant_mean(look.amplitude * along.conj(), look, memory) * along
            within.subtract(kept, look)
            course.bands.subtract(kept, look, beats)
            tones.append(within.subtract_from(spectra, kept, look))
        course.look = course.bands.look(course.offset)
        return tones

    def _subtract_followed(self, course: _Course, spectra: npt.NDArray[np.complex64]) -> _Tones:
        """Subtract lines that are followed, in place."""
        look = course.look
        amplitude = look.amplitude * course.forward.conj()
        steady = local_mean(amplitude, look.weight, self._window(MEMORY_SECONDS))
        change = _change(amplitude, steady, look.spread, look.weight > 0)
        return course.bands.subtract_from(spectra, steady * change * course.forward, look)

    def _subtract_partly(
        self, spectrum: npt.NDArray[np.complex64], frame: int, frequency: FloatArray, amplitude: ComplexArray
    ) -> None:
        """Subtract all tones, in place, from a frame of which only a part is sound."""
        import scipy.fft

        mask = self._coverage.mask(frame)
        if mask.any() and amplitude.any():
            sines = _sum_of_sines(frequency, amplitude, self._fourier.n_fft)
            spectrum -= scipy.fft.fft(sines * (self._fourier.window * mask))[: self._fourier.bins]


def _waves(positions: list[float]) -> list[FloatArray]:
    """Sort lines, at positions in bins, into groups that can be fitted together, one group after the other.

    Each is fitted to what the ones below it left, as far as they are near enough to disturb it.
    """
    waves: dict[int, list[float]] = {}
    placed: list[tuple[float, int]] = []
    for position in sorted(positions):
        placed = [(other, wave) for other, wave in placed if position - other <= APART_BINS]
        wave = max((wave for _, wave in placed), default=-1) + 1
        placed.append((position, wave))
        waves.setdefault(wave, []).append(position)
    return [np.array(waves[wave]) for wave in sorted(waves)]


@dataclass(frozen=True)
class _Tones:
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
class _Look:
    """What each frame says of tones at given frequencies.

    Attributes
    ----------
    position : ndarray of float64, shape (tones, frames) or (tones, 1)
        The frequencies, in bins.
    kernel : ndarray of float32, shape (tones, bins, frames) or (tones, bins, 1)
        The window's transform around them.
    amplitude : ndarray of complex128, shape (tones, frames)
        Of each tone at the frame's centre, fitted to the bins of its main lobe.
    spread : ndarray of float64, shape (tones, frames)
        Mean square of the noise in the amplitude, were the noise of neighbouring bins independent.
    weight : ndarray of float64, shape (tones, frames)
        1 / (power beside the line), 0 in frames that are not usable.
    """

    position: FloatArray
    kernel: npt.NDArray[np.float32]
    amplitude: ComplexArray
    spread: FloatArray
    weight: FloatArray

    def only(self, rows: npt.NDArray[np.intp]) -> _Look:
        """Of some of the tones."""
        return _Look(
            self.position[rows],
            self.kernel[rows],
            self.amplitude[rows],
            self.spread[rows],
            self.weight[rows],
        )


class _Bands:
    """A copy of the bins around each of some lines."""

    def __init__(
        self,
        spectra: npt.NDArray[np.complex64],
        usable: npt.NDArray[np.bool_],
        positions: FloatArray,
        all_positions: FloatArray,
        n_fft: int,
    ) -> None:
        self._usable, self._positions, self._n_fft = usable, positions, n_fft
        middle = np.rint(positions).astype(np.intp)
        self._bins = middle[:, np.newaxis] + np.arange(-KERNEL_BINS, KERNEL_BINS + 1)
        self._inside = (self._bins >= 0) & (self._bins < spectra.shape[1])
        self._part = spectra.T[np.clip(self._bins, 0, spectra.shape[1] - 1)]
        self._nearest, self._clear = _quiet_bins(positions, self._bins, self._inside, all_positions)

    def only(self, rows: npt.NDArray[np.intp]) -> _Bands:
        """A copy, of some of the lines."""
        chosen = copy(self)
        for name in ("_positions", "_bins", "_inside", "_part", "_nearest", "_clear"):
            setattr(chosen, name, getattr(self, name)[rows])
        return chosen

    def look(self, offset: FloatArray) -> _Look:
        """Fit a tone so many bins away from each line's mean frequency to each frame."""
        position = self._positions[:, np.newaxis] + offset
        distance = position[:, np.newaxis, :] - self._bins[:, :, np.newaxis]
        inside = self._inside[:, :, np.newaxis]
        kernel = (centred_hann_transform(position, self._bins, self._n_fft) * inside).astype(np.float32)
        lobe = kernel * (np.abs(distance) <= MAIN_LOBE_BINS + 0.5)
        energy = np.sum(lobe**2, axis=1, dtype=np.float64)
        amplitude = np.asarray(np.sum(self._part * lobe, axis=1, dtype=np.complex128) / energy)
        beside = np.abs(distance) > self._nearest[:, np.newaxis, np.newaxis]
        beside = (beside & self._clear[:, :, np.newaxis]).astype(np.float32)
        power = (self._part.real**2 + self._part.imag**2) * beside
        noise = np.sum(power, axis=1, dtype=np.float64) / np.maximum(beside.sum(axis=1), 1.0)
        floor = 1e-3 * np.median(noise[:, self._usable], axis=1, keepdims=True) + 1e-30
        weight = np.where(self._usable, 1.0 / (noise + floor), 0.0)
        return _Look(position, kernel, amplitude, noise / energy, weight)

    def subtract(
        self, amplitude: ComplexArray, look: _Look, rows: npt.NDArray[np.intp] | slice = slice(None)
    ) -> None:
        """Subtract tones, of the frequencies of a look, from these bins of all lines or some."""
        self._part[rows] -= amplitude.astype(np.complex64)[:, np.newaxis] * look.kernel

    def subtract_from(
        self, spectra: npt.NDArray[np.complex64], amplitude: ComplexArray, look: _Look
    ) -> _Tones:
        """Subtract such tones from the spectra's usable frames, in place."""
        course = np.where(self._usable, amplitude, 0.0).astype(np.complex64)
        tones = course[:, np.newaxis] * look.kernel
        for bins, inside, tone in zip(self._bins, self._inside, tones, strict=True):
            spectra[:, bins[inside][0] : bins[inside][-1] + 1] -= tone[inside].T
        return _Tones(np.broadcast_to(look.position, amplitude.shape) / self._n_fft, amplitude)


@dataclass
class _Course:
    """Lines in some frames, and how they turn.

    Attributes
    ----------
    bands : _Bands
    look : _Look
        What the frames say of them along this course.
    forward : ndarray of complex128, shape (lines, frames)
        The phasor of each at the centre of each frame, but for a constant.
    offset : ndarray of float64, shape (lines, frames) or (lines, 1)
        By how many bins the frequency differs from its mean.
    """

    bands: _Bands
    look: _Look
    forward: ComplexArray
    offset: FloatArray


def _quiet_bins(
    positions: FloatArray,
    bins: npt.NDArray[np.intp],
    inside: npt.NDArray[np.bool_],
    all_positions: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """From how far off each line, and in which bins, the noise is read: beside the other lines, if possible.

    In a dense comb the bins in the middle between two lines have to do, and in a yet denser one all.
    """
    nearest = np.full(len(positions), MAIN_LOBE_BINS + 1.5)
    clear = inside.copy()
    for row, position in enumerate(positions):
        others = all_positions[
            (all_positions != position) & (np.abs(all_positions - position) < 2 * KERNEL_BINS)
        ]
        if len(others) == 0:
            continue
        off = np.abs(bins[row][:, np.newaxis] - others).min(axis=1)
        quiet = inside[row] & (off > MAIN_LOBE_BINS + 0.5)
        for least, enough in ((MAIN_LOBE_BINS + 1.5, 6), (MAIN_LOBE_BINS + 0.5, 3)):
            if np.count_nonzero(quiet & (np.abs(bins[row] - position) > least)) >= enough:
                nearest[row], clear[row] = least, quiet
                break
    return nearest, clear


def local_mean(course: ComplexArray, weight: FloatArray, window: FloatArray) -> ComplexArray:
    """The weighted mean around each frame, sum_s h_(t-s) w_s b_s / sum_s h_(t-s) w_s; 0 where none counts."""
    total = _around(weight, window)
    return np.asarray(_around(weight * course, window) / np.where(total > 0, total, np.inf))


def _around(values: Any, window: FloatArray) -> Any:
    """Convolve along the frames with a window of odd length; beyond the ends there is nothing."""
    from scipy.ndimage import convolve1d

    return convolve1d(values, window, axis=-1, mode="constant")


def _drift(look: _Look, forward: ComplexArray, window: FloatArray, least: float) -> FloatArray:
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
    follow, so that a steady line loses nothing; beyond, the posterior mean is taken as in `_change`.

    Source: S. M. Kay, "A fast and accurate single frequency estimator", IEEE Trans. ASSP 37 (1989),
    doi:10.1109/29.45547: smoothly weighted phase increments reach the Cramér-Rao bound.
    """
    course = look.amplitude * forward.conj()
    weight = np.sqrt(look.weight[:, 1:] * look.weight[:, :-1])
    gained = _around(weight * course[:, 1:] * course[:, :-1].conj(), window)
    total = _around(weight, window)
    before, after = look.spread[:, :-1], look.spread[:, 1:]
    apart = _around(weight**2 * (before + after), window**2)
    shared = np.zeros_like(weight)
    shared[:, 1:] = weight[:, 1:] * weight[:, :-1] * before[:, 1:]
    left = np.maximum(apart - 2 * _around(shared, window * np.append(window[1:], 0.0)), 0.0)
    alone = _around(weight**2 * before * after, window**2)
    known = np.abs(gained) > 0
    strength = np.where(known, np.abs(gained), 1.0)
    variance = NOISE_IN_NEIGHBOURS * left / (2 * strength * np.where(known, total, 1.0))
    variance += NOISE_PRODUCTS * alone / (2 * strength**2) + least**2
    turn = np.where(known, np.angle(gained), 0.0)
    seen = np.maximum(turn**2 - CHANGE_DEVIATIONS**2 * variance, 0.0)
    return np.asarray(turn * seen / (seen + variance))


def _in_place(turn: FloatArray, look: _Look, window: FloatArray, bridged: bool) -> FloatArray:
    """Turns at the times that they were seen at: the mean time of the line's power over the noise around.

    At an end, and beside a gust, that time lies on the side that can be heard. With `bridged`, where nothing
    was seen the course goes on in a straight line: its mean frequency would be a wrong guess for a line that
    is elsewhere before and after.
    """
    heard = np.abs(look.amplitude) ** 2 * look.weight
    heard = np.sqrt(heard[:, 1:] * heard[:, :-1])
    times = np.arange(turn.shape[1], dtype=np.float64)
    total = _around(heard, window)
    seen_at = _around(heard * times, window) / np.where(total > 0, total, np.inf)
    placed = np.empty_like(turn)
    for row, (at, values, power) in enumerate(zip(seen_at, turn, total, strict=True)):
        known = (values != 0) if bridged else (power > 0)
        placed[row] = np.interp(times, at[known], values[known])
    return placed


def _change(
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
    strength = _around(np.abs(steady) ** 2 * counts, kernel)
    along = _around((amplitude * steady.conj()).real * counts, kernel)
    noise = _around(spread * counts, kernel)
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


def _significant_mean(course: ComplexArray, look: _Look, window: FloatArray) -> ComplexArray:
    """The weighted mean around each frame, as far as it is more than the mean of noise alone would be.

    The mean m of noise has the mean square v = C sum (h w)² n / (sum h w)², letters as in `_drift`, and
    |m|² > 9 v happens once in exp(9) times. What is beyond is kept times its share
    (|m|² - 9 v) / (|m|² - 8 v), as in `_change`.
    """
    total = _around(look.weight, window)
    variance = NOISE_IN_NEIGHBOURS * _around(look.weight**2 * look.spread, window**2)
    variance /= np.where(total > 0, total, np.inf) ** 2
    mean = local_mean(course, look.weight, window)
    seen = np.maximum(np.abs(mean) ** 2 - CHANGE_DEVIATIONS**2 * variance, 0.0)
    return np.asarray(mean * seen / (seen + variance + 1e-300))


def _beats(residual: ComplexArray, look: _Look, frame_rate: float, *, alone: bool) -> FloatArray:
    """By how many radians a frame each line's sidebands turn against it; 0 where there are none.

    What the turned-back amplitude is beyond its mean, r_t, holds a sideband at +-f_s as exp(+-2 pi i f_s t).
    In noise of the power density S(f) its periodogram |R(f)|² / S(f) is exponential with mean 1, so that the
    sum at f and -f is more than x with the probability (1 + x) exp(-x). As frames overlap,
    S(f) = sum_tau rho(tau) cos(2 pi f tau), rho of OVERLAP_CORRELATION.

    With `alone`, only where nothing slower is stronger, such as a drift that is not yet followed.
    """
    count = residual.shape[1]
    points = 4 * 2 ** math.ceil(math.log2(count))
    low, high = (math.ceil(f * points) for f in (LOWEST_BEAT / frame_rate, HIGHEST_BEAT_SHARE))
    if high <= low:
        return np.zeros(len(residual))
    taper = np.hanning(count + 2)[1:-1] * look.weight
    spectrum = np.fft.fft(residual * taper, points)
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


def _sum_of_sines(frequency: FloatArray, amplitude: ComplexArray, n: int) -> ComplexArray:
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


def centred_hann_transform(position: FloatArray, bins: npt.NDArray[np.intp], n: int) -> FloatArray:
    """The transform of sines under a Hann window of n samples, their phases counted from its middle.

    The sine exp(2 pi i p (t - n / 2) / n) has at bin k, x = p - k, the real value

    exp(-pi i p) W(x) = n / 2 (-1)^k sinc(x) / (1 - x²) = n / 2 pi sin(pi p) / (x (1 - x²)),

    W of `hann_transform`, but for terms of the order (x / n)⁴.

    Parameters
    ----------
    position : ndarray of float64, shape (tones, frames)
        p, in bins.
    bins : ndarray of int, shape (tones, bins)
        k.
    n : int
        Samples in the window.

    Returns
    -------
    ndarray of float64, shape (tones, bins, frames)

    Source: as for `hann_transform`.
    """
    # A hair off the whole bins, at which the quotient is 0 / 0.
    p = np.where(np.abs(position - np.rint(position)) < 1e-7, position + 2e-7, position)
    x = p[:, np.newaxis, :] - bins[:, :, np.newaxis]
    return np.asarray((n / (2 * np.pi) * np.sin(np.pi * p))[:, np.newaxis, :] / (x * (1 - x * x)))
