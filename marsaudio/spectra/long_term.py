"""Hours of sound at a glance: mean spectra over time.

The sound is read once, in blocks, and only what is drawn is kept: memory does not grow with the length.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from marsaudio.calibration import Calibration, power_factors
from marsaudio.loading import Loadable
from marsaudio.recording import Recording
from marsaudio.source import Source, describe_source
from marsaudio.spectra.mean_spectra import MeanSpectra, SoundRange, half_overlapping_frames
from marsaudio.spectra.spectrogram import Spectrogram
from marsaudio.watching import Progress

MOST_COLUMNS = 1000
ROUND_SECONDS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, eq=False)
class LongTermSpectrogram(Spectrogram):
    """Mean power spectral densities, one after the other.

    Attributes
    ----------
    power : ndarray of float32, shape (frequencies, times)
        The mean over the frames and the channels.
    frequencies : ndarray of float64
        In Hz, from 0 to half the sample rate.
    times : ndarray of float64
        The middles of the columns, in seconds from the first sample.
    unit : str
        ``"FS²/Hz"`` or ``"Pa²/Hz"``.
    scaling : str
        ``"psd"``.
    n_fft, hop_length : int
        Of the frames, in samples.
    window : str
    title : str
    start_time : MarsTime or None
    gaps : tuple of Gap
        Where data are missing. Frames that touch them are left out, as those that touch digital silence.
    seconds : float
        That each is the mean over; the last one may be over less.
    frames : ndarray of int, shape (times,)
        How many frames, half overlapping, are in each mean. A density has a relative standard deviation of
        about sqrt(19 / 18 / frames) in steady noise (Welch 1967); 0 frames: digital silence, of power 0.
    source : Source
    duration : float
        In seconds.
    sample_rate : float
        In Hz.

    Examples
    --------
    >>> import marsaudio as ma
    >>> means = ma.long_term_spectrogram("sample", seconds=6.0)
    >>> means.times
    array([ 3.,  9., 15.])
    >>> means.frames
    array([69, 70, 69])
    """

    seconds: float = field(default=0.0, kw_only=True)
    frames: npt.NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp), kw_only=True)
    source: Source = field(default_factory=Source, kw_only=True)
    duration: float = field(default=0.0, kw_only=True)
    sample_rate: float = field(default=0.0, kw_only=True)

    def __repr__(self) -> str:
        return (
            f"<marsaudio.LongTermSpectrogram: {self.title}, {len(self.frequencies)} frequencies to "
            f"{self.frequencies[-1]:g} Hz, {len(self.times)} means over {self.seconds:g} s, {self.unit}>"
        )


def long_term_spectrogram(
    source: Loadable | Recording,
    *,
    seconds: float | None = None,
    n_fft: int | None = None,
    start: float = 0.0,
    stop: float | None = None,
    calibration: Calibration | None = None,
    progress: Progress = False,
) -> LongTermSpectrogram:
    """Average the spectrogram of a recording of any length over time, in flat memory.

    The mean power spectral density over each `seconds`, of Hann frames that overlap by half. Frames
    that touch digital silence are left out.

    Parameters
    ----------
    source
        A recording, or what `marsaudio.load` takes: a catalog key, the path of an audio file or of a PDS4
        label, or a binary file object.
    seconds : float, optional
        From column to column. None takes a round number that gives at most 1000 columns.
    n_fft : int, optional
        Samples in a frame. None takes the power of two nearest to 0.17 s.
    start, stop : float, optional
        A range in seconds; times are from its first sample on, as those of ``marsaudio.load(..., start=)``.
    calibration : Calibration, optional
        Of a file; a recording has its own.
    progress : bool or callable, optional
        True shows a bar on standard error, with the time that is left. A function is given the share that
        is done, from 0 to 1, again and again.

    Returns
    -------
    LongTermSpectrogram

    Raises
    ------
    ParameterError
        A value is out of its range, or the recording is shorter than a frame.
    DataUnavailableError, AudioFormatError
        As `marsaudio.load`.

    See Also
    --------
    spectrogram : Each frame by itself.
    spectral_probability_density : How often each level occurs.

    Notes
    -----
    Known in marine acoustics as long-term spectral average. P. D. Welch, "The use of fast Fourier transform
    for the estimation of power spectra", IEEE Trans. Audio Electroacoust. 15 (1967),
    doi:10.1109/TAU.1967.1161901.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.long_term_spectrogram("sample", seconds=1.0)
    <marsaudio.LongTermSpectrogram: sample, 4097 frequencies to 24000 Hz, 18 means over 1 s, FS²/Hz>
    """
    sound = SoundRange.of(source, start, stop, calibration)
    grid = half_overlapping_frames(sound, n_fft)
    seconds = _round_seconds(sound.duration) if seconds is None else seconds
    count = MeanSpectra(sound, grid, seconds).count
    frequencies = grid.frequencies(sound.sample_rate)
    factors = power_factors(sound.calibration, frequencies)
    power = np.zeros((grid.bins, count), dtype=np.float32)
    frames = np.zeros(count, dtype=np.intp)
    with sound.watched(progress, "Averaging") as heard:
        for number, (mean, averaged) in enumerate(MeanSpectra(heard, grid, seconds)):
            power[:, number] = mean * factors
            frames[number] = averaged
    gaps = sound.known.gaps_within(sound.duration)
    for number in (int(column) for column in np.flatnonzero(frames == 0)):
        if any(gap.start < (number + 1) * seconds and gap.stop > number * seconds for gap in gaps):
            power[:, number] = np.nan
    return LongTermSpectrogram(
        power,
        frequencies,
        np.asarray((np.arange(count) + 0.5) * seconds, dtype=np.float64),
        "Pa²/Hz" if sound.calibration else "FS²/Hz",
        n_fft=grid.n_fft,
        hop_length=grid.hop_length,
        title=describe_source(sound.known),
        start_time=sound.known.start_time and sound.known.start_time.after(sound.known.offset),
        gaps=gaps,
        seconds=seconds,
        frames=frames,
        source=sound.known,
        duration=sound.duration,
        sample_rate=sound.sample_rate,
    )


def _round_seconds(duration: float) -> float:
    """The shortest round time that divides a duration into at most 1000 columns."""
    least = duration / MOST_COLUMNS
    longer = np.ceil(least / ROUND_SECONDS[-1]) * ROUND_SECONDS[-1]
    return float(next((seconds for seconds in ROUND_SECONDS if seconds >= least), longer))
