"""How two versions of the same take lie to each other: delay, gain and polarity.

Source: C. H. Knapp and G. C. Carter, "The generalized correlation method for estimation of time delay", IEEE
Trans. ASSP 24 (1976), doi:10.1109/TASSP.1976.1162830: the weights of maximum likelihood, and how exact a
delay can be.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.comparison.cross_spectra import CrossSpectra, cross_spectra, in_one_channel
from marsaudio.errors import ParameterError
from marsaudio.formats.encodings import FAINTEST_IN_WORDS
from marsaudio.recording import Recording, Samples, require_recording
from marsaudio.spectra.sample_rates import require_sample_rate

FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.17
MOST_FRAME_SHARE = 0.125  # of what both have: a coherence needs several frames
# Nearer to plain correlation, which the loudest frequencies rule, and its phase alone: one or the other has
# the delay among its highest peaks.
WHITENINGS = (0.7, 1.0)
CANDIDATES = 12  # of each
MOST_COHERENT = 0.9999  # single bins must not outweigh all others
COHERENT = 0.5
BANDS_PER_OCTAVE = 6
GAIN_SPREAD_DB = 0.25  # within which the gains of bands are alike
SEARCH_SAMPLES = 2.0  # around a delay in whole samples
SEARCH_STEP = 0.05
SHORTEST_SECONDS = 0.5
LEAST_EXPLAINED = 0.05  # of the second's power, for them to be versions of the same
AMBIGUOUS = 0.9  # a second peak of the correlation so high may as well be the first
FINER = 4  # points to a sample, so that no peak is missed between them
INTERPOLATION_TAPS = 129
KAISER_BETA = 10.0


@dataclass(frozen=True)
class Alignment:
    """How a second recording lies to a first one of the same take.

    Attributes
    ----------
    delay : float
        By how many seconds the second is later: what the first has at t, the second has at t + delay.
    delay_uncertainty : float
        Standard deviation, in seconds: the Cramér-Rao bound of what is not common to both, or more where one
        delay does not fit all frequencies, as after most filters. The delay is then a mean over those that
        both have, in which high frequencies weigh most.
    gain_db : float
        The second over the first, in dB, where nothing was filtered out: the gain that most octaves have in
        common.
    inverted : bool
        Whether the second is upside down.
    low, high : float
        The band in which they are coherent, in Hz: from the lowest to the highest frequency at which the
        first explains more than half of the second's power.
    explained : float
        The share of the second's power that the first explains, from 0 to 1.
    sample_rate : float
        Of both, in Hz.

    Examples
    --------
    >>> import marsaudio as ma
    >>> before = ma.load("sample")
    >>> wind = ma.separate(before).wind
    >>> alignment = ma.align(before, wind)
    >>> abs(alignment.delay_samples) < 0.1, alignment.inverted
    (True, False)
    >>> alignment.apply(wind).frames == before.frames
    True
    """

    delay: float
    delay_uncertainty: float
    gain_db: float
    inverted: bool
    low: float
    high: float
    explained: float
    sample_rate: float

    @property
    def delay_samples(self) -> float:
        """The delay in samples."""
        return self.delay * self.sample_rate

    def apply(self, second: Recording, *, frames: int | None = None) -> Recording:
        """Shift the second recording onto the first one's time, and take out gain and polarity.

        Parameters
        ----------
        second : Recording
            What was aligned.
        frames : int, optional
            How many samples to give from the first one's beginning on. None gives as many as it had.

        Returns
        -------
        Recording
            Where it has no samples, zeros. A fraction of a sample is interpolated with
            a windowed sinc of 129 taps, which is exact up to some 0.95 of half the rate.

        Raises
        ------
        ParameterError
            It is no recording, or has another rate.
        """
        require_recording(second, "apply")
        if second.sample_rate != self.sample_rate:
            raise ParameterError(
                f"This alignment is of recordings at {self.sample_rate:g} Hz, not at {second.sample_rate:g} "
                "Hz."
            )
        factor = (-1.0 if self.inverted else 1.0) / 10 ** (self.gain_db / 20)
        samples = factor * shifted(second.samples, self.delay_samples, frames)
        source = second.source.after(
            f"shifted by {-self.delay * 1000:+.4f} ms, {-self.gain_db:+.2f} dB"
            + (", turned upside down" if self.inverted else ""),
            encoding=None,
            offset=second.source.offset + self.delay,
        )
        return dataclasses.replace(second, samples=samples.astype(np.float32), source=source)

    def __repr__(self) -> str:
        upside_down = ", inverted" if self.inverted else ""
        return (
            f"<marsaudio.Alignment: delay {self.delay * 1000:.4f} ± {self.delay_uncertainty * 1000:.4f} ms "
            f"({self.delay_samples:.2f} samples), gain {self.gain_db:+.2f} dB{upside_down}, coherent from "
            f"{self.low:.0f} to {self.high:.0f} Hz>"
        )


def align(first: Recording, second: Recording, *, max_delay: float = 1.0) -> Alignment:
    """Find delay, gain and polarity between two versions of the same take.

    The delay is the maximum of the generalized cross-correlation, ``sum_f W(f) G(f) exp(2 pi i f tau)``, of
    the cross spectrum G: first over all delays with ``W = |G|^-0.7`` and ``W = 1 / |G|``, then around the
    best of them with the weights of maximum likelihood, ``W = C / (|G| (1 - C))``, C being the coherence.
    So what only one version has, such as what a filter removed from the other, counts little.

    Parameters
    ----------
    first, second : Recording
        At the same rate. They may differ in length, level and channels, and in what was filtered out.
    max_delay : float, optional
        Look at delays up to so many seconds in either direction.

    Returns
    -------
    Alignment

    Raises
    ------
    ParameterError
        They have different rates, or one at which no microphone records; they share too little time, or are
        not versions of the same.

    See Also
    --------
    compare : What was removed from the one to make the other.

    Examples
    --------
    >>> import marsaudio as ma
    >>> recording = ma.load("sample")
    >>> found = ma.align(recording.clip(0.1), recording.clip(0.0, 17.5))
    >>> round(found.delay, 6), round(found.gain_db, 3), found.inverted
    (0.1, 0.0, False)
    """
    for recording in (first, second):
        require_recording(recording, "align")
    rate = first.sample_rate
    if second.sample_rate != rate:
        raise ParameterError(
            f"The recordings are at {rate:g} and {second.sample_rate:g} Hz. Bring them to one rate first, "
            "in Python with Recording.resample."
        )
    if not (isinstance(max_delay, int | float) and 0 < max_delay < math.inf):
        raise ParameterError(f"max_delay={max_delay!r} must be a positive number of seconds, such as 1.0.")
    shortest = min(first.duration, second.duration)
    if shortest < SHORTEST_SECONDS:
        raise ParameterError(
            f"The shorter recording lasts {shortest:.3f} s. At least {SHORTEST_SECONDS} s are needed to find "
            "a delay."
        )
    require_sample_rate(rate)
    one, other = in_one_channel(first), in_one_channel(second)
    best: tuple[float, int, CrossSpectra] | None = None
    for whole in _candidates(one, other, round(max_delay * rate)):
        spectra = _spectra_at(one, other, whole)
        if spectra is None:
            continue
        strength = float(np.abs(_correlation(spectra, np.zeros(1))[0]))
        if best is None or strength > best[0]:
            best = strength, whole, spectra
    if best is None:
        raise ParameterError(
            f"Within {max_delay:g} s the recordings do not share {SHORTEST_SECONDS} s in which neither is "
            f"digital silence or fainter than {FAINTEST_IN_WORDS}. Give longer ones, or a larger max_delay."
        )
    _, whole, spectra = best
    fraction = _finest(spectra, rate)
    nearest = whole + round(fraction)
    if nearest != whole and (moved := _spectra_at(one, other, nearest)) is not None:
        whole, spectra = nearest, moved
        fraction = _finest(spectra, rate)
    return _alignment(spectra, whole, fraction, rate)


def _alignment(spectra: CrossSpectra, whole: int, fraction: float, rate: float) -> Alignment:
    coherence = np.where(spectra.coherent, spectra.coherence, 0.0)
    explained = float((coherence * spectra.second).sum() / max(spectra.second.sum(), 1e-300))
    coherent = np.flatnonzero(coherence > COHERENT)
    if explained < LEAST_EXPLAINED or not coherent.size:
        raise ParameterError(
            f"The recordings have nothing in common: at the most likely delay of {whole / rate:.4f} s the "
            f"first explains {100 * explained:.1f} % of the second's power. Give versions of the same "
            "take, and a max_delay that is long enough."
        )
    low, high = (float(spectra.frequencies[coherent[end]]) for end in (0, -1))
    other = _next_likely(spectra, rate)
    if other is not None:
        raise ParameterError(
            f"What the recordings have in common, from {low:.0f} to {high:.0f} Hz, fits as well at a delay "
            f"of {whole / rate + other:.4f} s as at one of {whole / rate:.4f} s: so do the tones of one "
            "machine at any two times. Give versions of the same take, and a max_delay that is long enough."
        )
    return Alignment(
        delay=(whole + fraction) / rate,
        delay_uncertainty=_uncertainty(spectra, fraction / rate),
        gain_db=_commonest_gain(spectra),
        inverted=bool(_correlation(spectra, np.array([fraction / rate]))[0] < 0),
        low=low,
        high=high,
        explained=explained,
        sample_rate=rate,
    )


def _candidates(first: Recording, second: Recording, most: int) -> list[int]:
    """Delays in whole samples that may be the one: the highest peaks of the correlation over all of both."""
    import scipy.fft

    length = scipy.fft.next_fast_len(first.frames + second.frames, real=True)
    one, other = (scipy.fft.rfft(_near_full_scale(each.samples[0]), length) for each in (first, second))
    cross = other * one.conj()
    magnitude = np.abs(cross)
    # Of digital silence it is zero, and any weight will do.
    magnitude = np.maximum(magnitude, 1e-9 * magnitude.max() or 1.0)
    most = min(most, first.frames - 1, second.frames - 1)
    delays = np.arange(-most, most + 1)
    found: set[int] = set()
    for whitening in WHITENINGS:
        heights = np.abs(scipy.fft.irfft(cross / magnitude**whitening, length))[delays]
        inner = heights[1:-1]
        peaks = np.flatnonzero((inner >= heights[:-2]) & (inner >= heights[2:])) + 1
        if not peaks.size:
            peaks = np.array([int(heights.argmax())])
        highest = peaks[np.argsort(heights[peaks])[::-1][:CANDIDATES]]
        found.update(int(delay) for delay in delays[highest])
    return sorted(found)


def _near_full_scale(samples: Samples) -> Samples:
    """The same with a peak from 1/2 to 1, so that products of spectra are neither too much nor nothing.

    By a power of two, so that nothing else changes.
    """
    peak = max(float(samples.max()), -float(samples.min()))
    return np.asarray(np.ldexp(samples, -math.frexp(peak)[1]))


def _spectra_at(first: Recording, second: Recording, delay: int) -> CrossSpectra | None:
    """Cross spectra of what both have in common, the second moved back by whole samples."""
    begin, end = max(0, -delay), min(first.frames, second.frames - delay)
    if end - begin < SHORTEST_SECONDS / 2 * first.sample_rate:
        return None
    n_fft = 2 ** round(np.log2(FRAME_SECONDS * first.sample_rate))
    while n_fft > 64 and n_fft > MOST_FRAME_SHARE * (end - begin):
        n_fft //= 2
    found = cross_spectra(_part(first, begin, end), _part(second, begin + delay, end + delay), n_fft)
    return found if found.frames > 2 else None


def _part(recording: Recording, first: int, last: int) -> Recording:
    return Recording(recording.samples[:, first:last], recording.sample_rate, source=recording.source)


def _weights(spectra: CrossSpectra) -> FloatArray:
    # Chance alone makes some of thousands of bins look coherent, and high frequencies weigh most in a delay.
    coherence = np.where(spectra.coherent, np.minimum(spectra.coherence, MOST_COHERENT), 0.0)
    return np.asarray(coherence / (1 - coherence) / np.maximum(np.abs(spectra.cross), 1e-300))


def _correlation(spectra: CrossSpectra, delays: FloatArray) -> FloatArray:
    """The generalized cross-correlation at some delays in seconds."""
    turned = np.exp(2j * np.pi * np.outer(delays, spectra.frequencies))
    return np.asarray((turned @ (_weights(spectra) * spectra.cross)).real)


def _finest(spectra: CrossSpectra, rate: float) -> float:
    """The delay within some samples at which the correlation is highest, in samples."""
    grid = np.arange(-SEARCH_SAMPLES, SEARCH_SAMPLES + SEARCH_STEP / 2, SEARCH_STEP)
    delay, step = 0.0, SEARCH_STEP
    for _ in range(4):
        heights = np.abs(_correlation(spectra, (delay + grid) / rate))
        delay += float(grid[int(heights.argmax())])
        grid = np.linspace(-step, step, 21)
        step /= 10
    return delay


def _next_likely(spectra: CrossSpectra, rate: float) -> float | None:
    """In seconds from the likeliest delay, another at which the correlation would be about as high, if any.

    Would be, if one delay did fit all frequencies: that they are few, and not what a filter did, makes it so.
    """
    import scipy.fft

    length = FINER * 2 * (len(spectra.frequencies) - 1)
    heights = np.abs(scipy.fft.irfft(np.abs(_weights(spectra) * spectra.cross), length))
    # As it goes round, each place has neighbours on both sides.
    lobes = np.flatnonzero((heights >= np.roll(heights, 1)) & (heights > np.roll(heights, -1)))
    ranked = lobes[np.argsort(heights[lobes])[::-1]]
    if len(ranked) < 2 or heights[ranked[1]] < AMBIGUOUS * heights[ranked[0]]:
        return None
    apart = int(ranked[1] - ranked[0] + length // 2) % length - length // 2
    return apart / (FINER * rate)


def _uncertainty(spectra: CrossSpectra, delay: float) -> float:
    """1 / sqrt(2 T integral of (2 pi f)² C / (1 - C) df), T being how long both were heard.

    The phases miss a straight line by a variance of (1 - C) / 2 n C where that is all that there is, of n
    independent frames. Where they miss it by more, as after a filter, it is so many times more uncertain
    (R. T. Birge, "The calculation of errors by the method of least squares", Phys. Rev. 40 (1932),
    doi:10.1103/PhysRev.40.207).
    """
    coherence = np.where(spectra.coherent, np.minimum(spectra.coherence, MOST_COHERENT), 0.0)
    ratio = coherence / (1 - coherence)
    spacing = float(spectra.frequencies[1])
    heard = (spectra.frames + 1) / 2 / spacing
    information = ((2 * np.pi * spectra.frequencies) ** 2 * ratio).sum() * spacing
    turned = spectra.cross * np.exp(2j * np.pi * spectra.frequencies * delay)
    sign = 1.0 if (ratio * turned.real).sum() >= 0 else -1.0
    phases = np.angle(sign * turned[spectra.coherent])
    misses = float(np.mean(2 * spectra.independent * ratio[spectra.coherent] * phases**2))
    return float(np.sqrt(max(misses, 1.0) / max(2 * heard * information, 1e-300)))


def _commonest_gain(spectra: CrossSpectra) -> float:
    """The gain, in dB, that most octaves have: a filter leaves it where it takes nothing away.

    The mode of the gains of bands of a sixth of an octave, each as wide as what is coherent in it. It is the
    same, but for its sign, the other way round; a mean weighted with one of the two powers is not.
    """
    coherent = np.flatnonzero(spectra.coherent & (spectra.coherence > COHERENT))
    bands = np.floor(BANDS_PER_OCTAVE * np.log2(spectra.frequencies[coherent])).astype(np.intp)
    gains = 20 * np.log10(spectra.gain[coherent])
    octaves = np.log2(1 + spectra.frequencies[1] / spectra.frequencies[coherent])
    _, first = np.unique(bands, return_index=True)
    weights = np.add.reduceat(octaves, first)
    means = np.add.reduceat(octaves * gains, first) / weights
    near = np.exp(-0.5 * ((means[:, np.newaxis] - means) / GAIN_SPREAD_DB) ** 2) * weights
    most = int(near.sum(axis=1).argmax())
    return float(np.average(means, weights=near[most]))


def shifted(samples: npt.NDArray[np.floating], delay: float, frames: int | None = None) -> FloatArray:
    """Samples so many places earlier, a fraction of one by a windowed sinc; zero where there are none."""
    from scipy.signal import oaconvolve

    whole = math.floor(delay)
    fraction = delay - whole
    values = np.asarray(samples, dtype=np.float64)
    if fraction > 1e-9:
        half = INTERPOLATION_TAPS // 2
        places = np.arange(-half, half + 1) + fraction
        taps = np.sinc(places) * np.i0(KAISER_BETA * np.sqrt(1 - (places / (half + 1)) ** 2))
        # x(n + fraction) = sum_k x(n - k) sinc(k + fraction)
        values = oaconvolve(values, (taps / taps.sum())[np.newaxis], mode="same", axes=1)
    moved = np.zeros((len(values), values.shape[1] if frames is None else frames))
    begin, end = max(-whole, 0), min(values.shape[1] - whole, moved.shape[1])
    if begin < end:
        moved[:, begin:end] = values[:, begin + whole : end + whole]
    return moved
