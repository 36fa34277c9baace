"""Cross spectra of two recordings, and how coherent they are.

Source: G. C. Carter, C. H. Knapp, A. H. Nuttall, "Estimation of the magnitude-squared coherence function via
overlapped fast Fourier transform processing", IEEE Trans. Audio Electroacoust. 21 (1973),
doi:10.1109/TAU.1973.1162496.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.formats.encodings import FAINTEST_SAMPLE
from marsaudio.recording import Recording, channels_are_equal
from marsaudio.spectra.spectrogram import scale_factors
from marsaudio.spectra.stft import ShortTimeFourier, hann

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
CHANCE = 1e-4  # of a bin to pass for coherent
WIDER_THAN_A_TONE = 6  # bins
OVERLAPPING_FRAMES = 18 / 11  # half overlapping Hann frames that count as one independent (Carter et al.)


@dataclass(frozen=True, eq=False)
class CrossSpectra:
    """Mean spectra of two recordings over the same time.

    Attributes
    ----------
    frequencies : ndarray of float64, shape (bins,)
        In Hz.
    first, second : ndarray of float64, shape (bins,)
        Power spectral densities, in full scale squared per hertz.
    cross : ndarray of complex128, shape (bins,)
        The second times the first's conjugate.
    frames : int
        How many were averaged.
    """

    frequencies: FloatArray
    first: FloatArray
    second: FloatArray
    cross: ComplexArray
    frames: int

    @property
    def coherence(self) -> FloatArray:
        """The share of the second's power that the first explains, from 0 to 1, corrected for its bias.

        With n independent frames, unrelated noise alone gives 1 / n in the mean.
        """
        chance = min(1 / self.independent, 1 - 1e-9)
        return np.clip((self._raw_coherence - chance) / (1 - chance), 0.0, 1.0)

    @property
    def independent(self) -> float:
        """As how many frames that do not overlap those that were averaged count."""
        return max(self.frames / OVERLAPPING_FRAMES, 1.0)

    @property
    def coherent(self) -> npt.NDArray[np.bool_]:
        """The bins in which both have more in common than chance gives, and more than single tones.

        Of n independent frames, unrelated noise exceeds a coherence of 1 - p^(1 / (n - 1)) with a probability
        of p.
        A tone lies in four bins of a Hann frame, and every pump hums in step with itself at all times.
        """
        least = 1 - CHANCE ** (1 / max(self.independent - 1, 1e-9))
        common = self._raw_coherence > least
        common[0] = False  # an offset tells nothing
        edges = np.diff(np.concatenate([[0], common.astype(np.int8), [0]]))
        for start, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
            if stop - start < WIDER_THAN_A_TONE:
                common[start:stop] = False
        return np.asarray(common)

    @property
    def _raw_coherence(self) -> FloatArray:
        power = self.first * self.second
        return np.asarray(np.abs(self.cross) ** 2 / np.where(power > 0, power, 1.0))

    @property
    def gain(self) -> FloatArray:
        """By how much the first's amplitude is multiplied in the second: |cross| / first."""
        return np.asarray(np.abs(self.cross) / np.where(self.first > 0, self.first, np.inf))


def cross_spectra(first: Recording, second: Recording, n_fft: int) -> CrossSpectra:
    """Average the spectra of two recordings of the same length and rate, in half overlapping Hann frames.

    Of several channels, the mean of their samples; frames that touch digital silence in either do not count.
    """
    grid = ShortTimeFourier(n_fft, n_fft // 2, hann(n_fft), padded=False)
    of_first, of_second = np.zeros((2, grid.bins))
    cross, frames = np.zeros(grid.bins, dtype=np.complex128), 0
    one, other = in_one_channel(first), in_one_channel(second)
    for (number, a), (_, b) in zip(grid.batches(one), grid.batches(other), strict=True):
        heard = _sounding(one, grid, number, a.shape[1]) & _sounding(other, grid, number, b.shape[1])
        x, y = a[0][heard].astype(np.complex128), b[0][heard].astype(np.complex128)
        of_first += (x.real**2 + x.imag**2).sum(axis=0)
        of_second += (y.real**2 + y.imag**2).sum(axis=0)
        cross += (y * x.conj()).sum(axis=0)
        frames += int(heard.sum())
    factors = scale_factors(grid, first.sample_rate, "psd") / max(frames, 1)
    return CrossSpectra(
        grid.frequencies(first.sample_rate), of_first * factors, of_second * factors, cross * factors, frames
    )


def in_one_channel(recording: Recording) -> Recording:
    """The same in one channel."""
    if recording.channels > 1 and channels_are_equal(recording.samples):
        return Recording(recording.samples[:1], recording.sample_rate, source=recording.source)
    return recording.mono()


def _sounding(recording: Recording, grid: ShortTimeFourier, first: int, count: int) -> npt.NDArray[np.bool_]:
    """Which frames hold no digital silence, nor what is as faint, of a sixteenth of a frame or more."""
    start, stop = grid.span(first, first + count)
    piece = max(grid.n_fft // 16, 2)
    samples = recording.samples[0, start:stop]
    whole = samples[: len(samples) // piece * piece].reshape(-1, piece)
    still = (whole == whole[:, :1]).all(axis=1)
    still |= np.abs(whole).max(axis=1) < FAINTEST_SAMPLE
    before = np.concatenate([[0], np.cumsum(still)])
    begins = np.arange(count) * grid.hop_length // piece
    ends = np.minimum(begins + grid.n_fft // piece, len(still))
    return np.asarray(before[ends] == before[begins])
