"""The rover's lines taken out coherently, along the course that each takes.

A line that is removed with its own amplitude and phase leaves the wind beside it untouched, which no notch
filter does. Read `LineRemoval` from top to bottom; how a frame tells a tone is in
`marsaudio.separation.tone_fits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from marsaudio.separation.line_bands import LineBands
from marsaudio.separation.survey import Coverage
from marsaudio.separation.tone_fits import (
    BINS_ALIKE,
    Look,
    Tones,
    beats_seen,
    change_of_strength,
    in_place,
    local_mean,
    seen_turn,
    significant_mean,
    sum_of_sines,
)
from marsaudio.spectra.stft import ShortTimeFourier, Spectra, with_context

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex128]
Complex64Array = npt.NDArray[np.complex64]

MEMORY_SECONDS = 2.0  # half-width of the average over which a line's amplitude and phase are followed
# Half-widths of the windows in which a drift is looked for, each along what the last one told of the course.
FOLLOWING_SECONDS = (2.0, 1.0, 0.5, 0.5)
LEAST_DRIFT = 0.0015  # Hz; three times that costs 75 dB below the line over the seconds of the average
FARTHEST_BINS = 2.0  # from its mean frequency that a line is followed: half a turn a hop
APART_BINS = 12.0  # lines further from each other do not disturb one another's fit


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

    def only(self, rows: npt.NDArray[np.intp]) -> LineCourses:
        """Of some lines alone."""
        return replace(
            self,
            frequencies=self.frequencies[rows],
            offsets=self.offsets[rows],
            amplitudes=self.amplitudes[rows],
            noise=self.noise[rows],
        )


@dataclass
class Course:
    """Lines in some frames, and how they turn.

    Attributes
    ----------
    bands : LineBands
    look : Look
        What the frames say of them along this course.
    forward : ndarray of complex128, shape (lines, frames)
        The phasor of each at the centre of each frame, but for a constant.
    offset : ndarray of float64, shape (lines, frames) or (lines, 1)
        By how many bins the frequency differs from its mean.
    """

    bands: LineBands
    look: Look
    forward: ComplexArray
    offset: FloatArray


def context_frames(frames_a_second: float) -> int:
    """How many frames on both sides of a frame have a say in what is subtracted from it."""
    return max(round(MEMORY_SECONDS * frames_a_second), 1)


class LineRemoval:
    """Subtracts lines from spectra, with the frequency, amplitude and phase that each has around that time.

    In frame t a line at frequency f has the amplitude a_t = sum K X_t / sum K² at the frame's centre, K the
    window's transform at f. Turned back by exp(-2 pi i f c_t / f_s), c_t the centre, it is constant but for
    slow changes, so it is averaged over +-2 s with weights 1 / (power beside the line): frames with gusts
    count little. What is subtracted is K times that average turned forward again, and times how far the
    line's amplitude of the moment is known to differ from it (`change_of_strength`).

    Where the phase of the turned-back amplitude moves on, the line has drifted: then it is turned back along
    its own course (`seen_turn`), and K moves with it. Where that amplitude beats, the line has sidebands
    closer than a frame can resolve (`beats_seen`): these are fitted and subtracted as tones that go along
    with it. In a frame that reaches over an end or into a muted stretch, K is the transform of the window
    over the part that is sound.

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
        self.context = context_frames(sample_rate / fourier.hop_length)
        positions = [frequency * fourier.n_fft / sample_rate for frequency in frequencies]
        self._waves = _waves(positions)
        self._positions = np.array(positions)

    def _window(self, seconds: float) -> FloatArray:
        """A Hann window that reaches so many seconds to both sides, at least one frame."""
        half = max(round(seconds * self._rate / self._fourier.hop_length), 1)
        return np.asarray(np.hanning(2 * half + 3)[1:-1])

    def clean_frames(self, first: int, spectra: Complex64Array) -> npt.NDArray[np.complex64]:
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
        self.take_out(first, rest)
        return rest

    def take_out(self, first: int, spectra: Complex64Array) -> None:
        """The same in place."""
        frames = first + np.arange(len(spectra))
        usable = self._coverage.usable[frames]
        if not usable.any():
            return
        tones = [tone for wave in self._waves for tone in self._subtract(spectra, frames, usable, wave)]
        for i in np.flatnonzero(~usable) if tones else ():
            frequency = np.concatenate([each.frequency[:, i] for each in tones])
            amplitude = np.concatenate([each.amplitude[:, i] for each in tones])
            self._subtract_partly(spectra[i], int(frames[i]), frequency, amplitude)

    def follow(self, batches: Iterable[tuple[int, Spectra]]) -> LineCourses:
        """Give the course of each line, with its sidebands, instead of the rest.

        The batches may begin and end anywhere in the recording.
        """
        positions = np.sort(self._positions)
        parts: list[tuple[FloatArray, ComplexArray, FloatArray]] = []
        begin = 0
        for first, spectra, core in with_context(batches, self.context):
            if not parts:
                begin = first + core.start
            rest = spectra[0].copy()
            frames = first + np.arange(spectra.shape[1])
            usable = self._coverage.usable[frames]
            shape = (len(positions), len(frames))
            offset, amplitude = np.zeros(shape), np.zeros(shape, dtype=np.complex128)
            noise = np.full(shape, np.inf)
            heard: list[tuple[FloatArray, Look, ComplexArray]] = []
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
        times = self._fourier.centres(begin + offsets.shape[1], self._rate)[begin:]
        # Half of a sine's amplitude is at the positive frequency.
        return LineCourses(
            positions * bin_width, times, offsets * bin_width, 2 * amplitudes, 4 * noises, bin_width
        )

    def _subtract(
        self,
        spectra: Complex64Array,
        frames: npt.NDArray[np.intp],
        usable: npt.NDArray[np.bool_],
        positions: FloatArray,
        heard: list[tuple[FloatArray, Look, ComplexArray]] | None = None,
    ) -> list[Tones]:
        """Subtract lines and their sidebands, in place, from the usable frames; give them in all frames.

        Of each group of lines the positions, what was heard of them, sidebands and all, and their phasors at
        mean frequency are added to `heard`, if it is given.
        """
        centres = self._fourier.first_start + self._fourier.n_fft / 2 + self._fourier.hop_length * frames
        forward = np.exp(2j * np.pi * np.mod(np.outer(positions / self._fourier.n_fft, centres), 1.0))
        bands = LineBands(spectra, usable, positions, self._positions, self._fourier.n_fft)
        offset = np.zeros((len(positions), 1))
        look = bands.look(offset)
        turn = seen_turn(look, forward, self._window(FOLLOWING_SECONDS[0]), self._least_turn)
        moves = np.asarray(turn.any(axis=1))
        tones = []
        for rows in (np.flatnonzero(~moves), np.flatnonzero(moves)):
            if len(rows):
                course = Course(bands.only(rows), look.only(rows), forward[rows], offset[rows])
                if moves[rows[0]]:
                    course, beside = self._follow(course, turn[rows])
                    tones += beside
                if heard is not None:
                    heard.append((positions[rows], bands.only(rows).look(course.offset), forward[rows]))
                tones += self._take_sidebands(course)
                tones.append(self._take_followed(course))
                course.bands.take_from(spectra)
        return tones

    @property
    def _least_turn(self) -> float:
        """The standard deviation below which a turn from frame to frame is not worth knowing, in radians."""
        return LEAST_DRIFT * 2 * np.pi * self._fourier.hop_length / self._rate

    @property
    def _bins_a_radian(self) -> float:
        """By how many bins a frequency differs that turns by a radian more from frame to frame."""
        return self._fourier.n_fft / self._fourier.hop_length / (2 * np.pi)

    def _follow(self, course: Course, step: FloatArray) -> tuple[Course, list[Tones]]:
        """Follow lines that drift, closer and closer, from what a first look tells of how they turn."""
        nominal, bands = course.forward, course.bands
        turn = np.zeros_like(step)
        tones: list[Tones] = []
        for seconds in FOLLOWING_SECONDS:
            window, begun = self._window(seconds), turn.any()
            if begun:
                step = seen_turn(course.look, course.forward, window, self._least_turn)
            if not step.any():
                continue
            turn = turn + in_place(step, course.look, window, bridged=not begun)
            phase = np.concatenate([np.zeros((len(turn), 1)), np.cumsum(turn, axis=1)], axis=1)
            ends = np.concatenate([turn[:, :1], turn, turn[:, -1:]], axis=1)
            offset = (ends[:, :-1] + ends[:, 1:]) / 2 * self._bins_a_radian
            offset = np.clip(offset, -FARTHEST_BINS, FARTHEST_BINS)
            course = Course(bands, bands.look(offset), nominal * np.exp(1j * phase), offset)
            if not begun:
                # In the shorter windows that follow, a beat would be taken for a drift.
                tones = self._take_sidebands(course, alone=True)
        return course, tones

    def _take_sidebands(self, course: Course, *, alone: bool = False) -> list[Tones]:
        """Take the sidebands of lines that are followed out of their bins, and look again."""
        memory = self._window(MEMORY_SECONDS)
        amplitude = course.look.amplitude * course.forward.conj()
        steady = local_mean(amplitude, course.look.weight, memory)
        frame_rate = self._rate / self._fourier.hop_length
        beat = beats_seen(amplitude - steady, course.look, frame_rate, alone=alone)
        beats = np.flatnonzero(beat)
        if len(beats) == 0:
            return []
        tones = []
        forward = course.forward[beats]
        within = course.bands.only(beats)
        line = within.tones(steady[beats] * forward, course.look.only(beats))
        within.subtract(line)
        for turn in (-beat[beats, np.newaxis], beat[beats, np.newaxis]):
            along = forward * np.exp(1j * turn * np.arange(forward.shape[1]))
            look = within.look(course.offset[beats] + turn * self._bins_a_radian)
            kept = significant_mean(look.amplitude * along.conj(), look, memory) * along
            sideband = within.tones(kept, look)
            within.take(sideband)
            tones.append(self._as_sines(kept, look))
        course.bands.put_back(within, beats, line)
        course.look = course.bands.look(course.offset)
        return tones

    def _take_followed(self, course: Course) -> Tones:
        """Take lines that are followed out of their bins."""
        look = course.look
        amplitude = look.amplitude * course.forward.conj()
        steady = local_mean(amplitude, look.weight, self._window(MEMORY_SECONDS))
        change = change_of_strength(amplitude, steady, look.spread, look.weight > 0)
        followed = steady * change * course.forward
        course.bands.take(course.bands.tones(followed, look))
        return self._as_sines(followed, look)

    def _as_sines(self, amplitude: ComplexArray, look: Look) -> Tones:
        """Tones of the frequencies of a look."""
        return Tones(np.broadcast_to(look.position, amplitude.shape) / self._fourier.n_fft, amplitude)

    def _subtract_partly(
        self, spectrum: Complex64Array, frame: int, frequency: FloatArray, amplitude: ComplexArray
    ) -> None:
        """Subtract all tones, in place, from a frame of which only a part is sound."""
        import scipy.fft

        mask = self._coverage.mask(frame)
        if mask.any() and amplitude.any():
            sines = sum_of_sines(frequency, amplitude, self._fourier.n_fft)
            spectrum -= scipy.fft.fft(sines * (self._fourier.window * mask))[: len(spectrum)]


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
