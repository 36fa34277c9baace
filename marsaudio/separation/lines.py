"""The rover's tones: found by their steady phase, followed, and taken out coherently.

Pumps and clocks make lines that keep their phase for seconds; wind does not. A line that is removed with
its own amplitude and phase leaves the wind beside it untouched, which no notch filter does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from marsaudio.separation.survey import Coverage
from marsaudio.spectra.stft import ShortTimeFourier, Spectra, with_context

FloatArray = npt.NDArray[np.float64]

BASELINE_BINS = 61  # neighbours whose median is the level around a line: +-30 bins
FRAMES_PER_INDEPENDENT = 3.0  # Hann frames at a quarter hop: about one in three is independent
FALSE_LINES = 0.01  # expected number of noise bins taken for lines in a whole spectrum
PROMINENCE_DB = 6.0  # a weaker line is lost in the noise of its own bin and needs no removal
LOG_PERIODOGRAM_SPREAD_DB = 5.57  # standard deviation of 10 log10 of an exponential variable
MEMORY_SECONDS = 2.0  # half-width of the average over which a line's amplitude and phase are followed
CHANGE_EXPECTED = 0.1  # relative standard deviation of a line's amplitude within those seconds
CHANGE_DEVIATIONS = 3.0  # standard deviations of chance beyond which it counts as seen
MAIN_LOBE_BINS = 2
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
    """

    frequency: float
    level: float
    prominence: float
    coherence: float


class PhaseStatistics:
    """Level and steadiness of phase in every bin, gathered over the usable frames.

    Between frames that do not overlap, N samples apart, a tone at frequency f turns by 2 pi f N / f_s; noise
    turns by chance. So with the unit phasor u_t = X_(t+L) X_t* / |X_(t+L) X_t*|, L = N / H, the resultant
    R = |mean u| is 1 for a tone and near 0 for noise, whatever the level does. Rayleigh's test gives
    P(R > r) = exp(-n r²) for n independent phasors of noise.

    Source: K. V. Mardia and P. E. Jupp, *Directional Statistics* (2000), section 6.3; the phase increment
    as a measure of frequency: J. L. Flanagan and R. M. Golden, "Phase vocoder", Bell Syst. Tech. J. 45
    (1966), doi:10.1002/j.1538-7305.1966.tb01706.x.
    """

    def __init__(self, fourier: ShortTimeFourier) -> None:
        self._fourier = fourier
        self.context = fourier.n_fft // fourier.hop_length
        self._phasors = np.zeros(fourier.bins, dtype=np.complex128)
        self._log_power = np.zeros(fourier.bins)
        self.pairs = 0
        self.frames = 0

    def add(self, batches: Iterable[tuple[int, Spectra]], usable: npt.NDArray[np.bool_]) -> None:
        """Take in the spectra of one channel."""
        for first, spectra, core in with_context(batches, self.context):
            self.add_frames(first, spectra[0], core, usable)

    def add_frames(
        self, first: int, spectra: npt.NDArray[np.complex64], core: slice, usable: npt.NDArray[np.bool_]
    ) -> None:
        """Take in the frames `core` of some from number `first` on, with `context` frames before."""
        tiny = np.finfo(np.float32).tiny
        later = spectra[core]
        begin = max(core.start - self.context, 0)
        earlier = spectra[begin : core.stop - self.context]
        frames = first + np.arange(core.start, core.stop)
        chosen = usable[frames]
        self._log_power += np.log10(np.abs(later[chosen]) ** 2 + tiny, dtype=np.float64).sum(axis=0)
        self.frames += int(chosen.sum())
        later, frames = later[len(later) - len(earlier) :], frames[len(frames) - len(earlier) :]
        both = usable[frames] & usable[frames - self.context]
        turn = later[both] * earlier[both].conj()
        self._phasors += (turn / (np.abs(turn) + tiny)).sum(axis=0, dtype=np.complex128)
        self.pairs += int(both.sum())

    def lines(self, sample_rate: float) -> list[Line]:
        """The lines that stand out in level and keep their phase."""
        from scipy.ndimage import median_filter

        if self.pairs < 2:
            return []
        bins = self._fourier.bins
        level = 10 * self._log_power / self.frames
        around = median_filter(level, size=min(BASELINE_BINS, bins), mode="nearest")
        prominence = level - around
        coherence = np.abs(self._phasors) / self.pairs
        independent = max(self.frames / FRAMES_PER_INDEPENDENT, 1.0)
        peak = np.zeros(bins, dtype=bool)
        peak[1:-1] = (level[1:-1] >= level[:-2]) & (level[1:-1] > level[2:])
        # Either the phase alone is beyond chance, or (in short recordings, where it cannot be) the level is.
        steady = independent * coherence**2 > np.log(bins / FALSE_LINES)
        needed = np.sqrt(2 * np.log(bins / FALSE_LINES)) * LOG_PERIODOGRAM_SPREAD_DB / np.sqrt(independent)
        loud = (prominence > needed) & (coherence > 0.5)
        found = np.flatnonzero(peak & (prominence > PROMINENCE_DB) & (steady | loud))
        offsets = np.angle(self._phasors[found]) / (2 * np.pi)
        # Half-way between two bins a hair decides the phase's sign; the larger neighbour says which it is.
        towards = np.sign(level[found + 1] - level[found - 1])
        offsets = np.where(
            (np.abs(offsets) > 0.4) & (np.sign(offsets) != towards), offsets + towards, offsets
        )
        window = self._fourier.window.astype(np.float64)
        # A sine of mean square s at a bin has |X|² = s (sum w)² / 2 there, and less beside it.
        between = 20 * np.log10(np.abs(hann_transform(offsets, self._fourier.n_fft)) / np.sum(window))
        to_full_scale = 10 * np.log10(2 / np.sum(window) ** 2) - between
        return [
            Line(
                frequency=float((k + offset) * sample_rate / self._fourier.n_fft),
                level=float(level[k] + correction),
                prominence=float(prominence[k]),
                coherence=float(coherence[k]),
            )
            for k, offset, correction in zip(found, offsets, to_full_scale, strict=True)
        ]


class LineRemoval:
    """Subtracts lines from spectra, each with the amplitude and phase that it has around that time.

    In frame t a line at frequency f has the amplitude a_t = K^H X_t / K^H K, K the window's transform at f.
    Turned back by exp(-2 pi i f s_t / f_s) it is constant but for slow changes, so it is averaged over
    +-2 s with weights 1 / (power beside the line): frames with gusts count little. What is subtracted is K
    times that average turned forward again, and times how far the line's amplitude of the moment is known to
    differ from it (`_change`). In a frame that reaches over an end or into a muted stretch, K is
    the transform of the window over the part that is sound.

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
        self.context = max(round(MEMORY_SECONDS * sample_rate / fourier.hop_length), 1)
        # Each is fitted to what the ones below it left.
        self._kernels = [self._kernel(frequency) for frequency in sorted(frequencies)]

    def _kernel(self, frequency: float) -> tuple[float, slice, npt.NDArray[np.complex64], int]:
        """The window's transform at a frequency, over the bins around it, and where its middle is."""
        n_fft = self._fourier.n_fft
        position = frequency * n_fft / self._rate
        middle = round(position)
        low, high = max(middle - KERNEL_BINS, 0), min(middle + KERNEL_BINS + 1, self._fourier.bins)
        kernel = hann_transform(np.asarray(position - np.arange(low, high), dtype=np.float64), n_fft)
        return frequency, slice(low, high), kernel.astype(np.complex64), middle - low

    def clean(self, batches: Iterable[tuple[int, Spectra]]) -> Iterator[tuple[int, Spectra]]:
        """Give the same batches without the lines."""
        if not self._kernels:
            yield from batches
            return
        for first, spectra, core in with_context(batches, self.context):
            yield first + core.start, self.clean_frames(first, spectra[0])[np.newaxis, core]

    def clean_frames(self, first: int, spectra: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
        """Frames from number `first` on without the lines; right from `context` frames off a cut on."""
        if not self._kernels:
            return spectra
        frames = first + np.arange(len(spectra))
        rest = spectra.copy()
        steady = np.array([self._subtract(rest, frames, kernel) for kernel in self._kernels])
        for i in np.flatnonzero(~self._coverage.usable[frames]):
            self._subtract_partly(rest[i], int(frames[i]), steady[:, i])
        return rest

    def _subtract(
        self,
        spectra: npt.NDArray[np.complex64],
        frames: npt.NDArray[np.intp],
        kernel: tuple[float, slice, npt.NDArray[np.complex64], int],
    ) -> npt.NDArray[np.complex128]:
        """Subtract one line, in place, from the usable frames of one channel; give its amplitude in all."""
        frequency, bins, shape, middle = kernel
        usable = self._coverage.usable[frames]
        if not usable.any():
            return np.zeros(len(frames), dtype=np.complex128)
        starts = self._fourier.first_start + self._fourier.hop_length * frames
        turns = np.exp(-2j * np.pi * np.mod(frequency / self._rate * starts, 1.0))
        lobe = slice(max(middle - MAIN_LOBE_BINS, 0), middle + MAIN_LOBE_BINS + 1)
        beside = np.ones(len(shape), dtype=bool)
        beside[max(middle - MAIN_LOBE_BINS - 1, 0) : middle + MAIN_LOBE_BINS + 2] = False
        part = spectra[:, bins]
        amplitude = part[:, lobe] @ shape[lobe].conj() / np.sum(np.abs(shape[lobe]) ** 2)
        noise = np.mean(np.abs(part[:, beside]) ** 2, axis=1)
        weight = np.where(usable, 1.0 / (noise + 1e-3 * np.median(noise[usable]) + 1e-30), 0.0)
        window = np.hanning(2 * self.context + 3)[1:-1]
        here = slice(self.context, self.context + len(frames))
        total = np.convolve(weight, window)[here]
        mean = np.convolve(weight * amplitude * turns, window)[here]
        steady = np.where(total > 0, mean / np.maximum(total, 1e-300), 0.0)
        spread = noise / np.sum(np.abs(shape[lobe]) ** 2)
        steady = steady * _change(amplitude * turns, steady, spread, usable) * turns.conj()
        part[usable] -= (steady[usable, np.newaxis] * shape).astype(np.complex64)
        return np.asarray(steady)

    def _subtract_partly(
        self, spectrum: npt.NDArray[np.complex64], frame: int, steady: npt.NDArray[np.complex128]
    ) -> None:
        """Subtract all lines, in place, from a frame of which only a part is sound."""
        import scipy.fft

        mask = self._coverage.mask(frame)
        if mask.any() and steady.any():
            lines = (steady.astype(np.complex64) @ self._sines) * (self._fourier.window * mask)
            spectrum -= scipy.fft.fft(lines)[: self._fourier.bins]

    @cached_property
    def _sines(self) -> npt.NDArray[np.complex64]:
        """Each line's turning phasor over the samples of a frame, shape (lines, n_fft)."""
        frequencies = np.array([kernel[0] for kernel in self._kernels])
        turns = np.outer(frequencies / self._rate, np.arange(self._fourier.n_fft))
        return np.asarray(np.exp(2j * np.pi * np.mod(turns, 1.0)), dtype=np.complex64)


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
    strength = np.convolve(np.abs(steady) ** 2 * counts, kernel, mode="same")
    along = np.convolve((amplitude * steady.conj()).real * counts, kernel, mode="same")
    noise = np.convolve(spread * counts, kernel, mode="same")
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
