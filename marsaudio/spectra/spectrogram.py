"""Spectrograms with units: power spectral density, power spectrum, or bare squared magnitudes."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from marsaudio.calibration import AIR_REFERENCE_PRESSURE, power_factors
from marsaudio.errors import ParameterError
from marsaudio.formats import html
from marsaudio.formats.audio_info import Gap
from marsaudio.mars_time import MarsTime
from marsaudio.recording import Recording, require_recording
from marsaudio.source import describe_source
from marsaudio.spectra.stft import ShortTimeFourier, hann
from marsaudio.spectra.time_axis import TimeAxis, name_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.collections import QuadMesh

Scaling = Literal["psd", "spectrum", "raw"]
DEFAULT_N_FFT = 2048
FloatArray = npt.NDArray[np.float64]
MOST_COLUMNS = 4000  # more than any screen has pixels
MOST_ROWS = 1500
ROWS_PER_OCTAVE = 48  # finer than a pixel where ten octaves share a few hundred
FEWEST_DB, MOST_DB = 40.0, 110.0  # from the darkest to the brightest colour; the data are never cut


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """Power over frequency and time.

    Attributes
    ----------
    power : ndarray of float32, shape (frequencies, times)
        The mean over the channels.
    frequencies : ndarray of float64
        In Hz, from 0 to half the sample rate.
    times : ndarray of float64
        The centres of the frames, in seconds from the recording's first sample.
    unit : str
        Of `power`: ``"FS²/Hz"`` or ``"Pa²/Hz"`` for densities, ``"FS²"`` or ``"Pa²"`` for spectra.
        FS is full scale: a sine that just reaches 1.0 has a power of 0.5 FS². Where the calibration has a
        frequency response it is taken out, and what lies beyond it is not a number.
    scaling : {"psd", "spectrum", "raw"}
    n_fft, hop_length : int
    window : str
    title : str
    start_time : MarsTime or None
        Of the recording's first sample.
    gaps : tuple of Gap
        Where data are missing: the power of frames that touch them is not a number.

    Examples
    --------
    >>> import marsaudio as ma
    >>> spec = ma.spectrogram(ma.load("sample"), n_fft=4096)
    >>> spec.unit, spec.db_unit
    ('FS²/Hz', 'dB re full scale²/Hz')
    >>> spec.power.shape == (len(spec.frequencies), len(spec.times))
    True
    """

    power: npt.NDArray[np.float32]
    frequencies: npt.NDArray[np.float64]
    times: npt.NDArray[np.float64]
    unit: str
    scaling: Scaling = field(default="psd", kw_only=True)
    n_fft: int = field(default=0, kw_only=True)
    hop_length: int = field(default=0, kw_only=True)
    window: str = field(default="hann", kw_only=True)
    title: str = field(default="", kw_only=True)
    start_time: MarsTime | None = field(default=None, kw_only=True)
    gaps: tuple[Gap, ...] = field(default=(), kw_only=True)

    @property
    def reference(self) -> float:
        """What 0 dB is by default: full scale squared, or 20 µPa squared where calibrated."""
        return AIR_REFERENCE_PRESSURE**2 if self.unit.startswith("Pa") else 1.0

    @property
    def db_unit(self) -> str:
        """The unit of `to_db` with its default reference."""
        name = "(20 µPa)²" if self.unit.startswith("Pa") else "full scale²"
        return f"dB re {name}" + ("/Hz" if self.unit.endswith("/Hz") else "")

    def to_db(self, ref: float | None = None) -> npt.NDArray[np.float32]:
        """The power in decibels, 10 log10(power / ref).

        Parameters
        ----------
        ref : float, optional
            What 0 dB is, in `unit`. None takes `reference`.

        Returns
        -------
        ndarray of float32, shape (frequencies, times)
            Minus infinity where the power is zero, as in digital silence.

        Raises
        ------
        ParameterError
            `ref` is not a positive number.

        Examples
        --------
        >>> import marsaudio as ma
        >>> spec = ma.spectrogram(ma.load("sample"))
        >>> f"{spec.to_db().max():.1f} {spec.db_unit}"
        '-34.0 dB re full scale²/Hz'
        """
        ref = self.reference if ref is None else ref
        if not (np.isfinite(ref) and ref > 0):
            raise ParameterError(f"ref={ref} must be a positive power in {self.unit}: what 0 dB is.")
        with np.errstate(divide="ignore"):
            return np.asarray(10 * np.log10(self.power.astype(np.float64) / ref), dtype=np.float32)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        frequency_scale: Literal["log", "linear"] = "log",
        minimum_frequency: float = 20.0,
        maximum_frequency: float | None = None,
        minimum_db: float | None = None,
        maximum_db: float | None = None,
        colorbar: bool = True,
        time_axis: TimeAxis = "seconds",
        **kwargs: Any,
    ) -> QuadMesh:
        """Draw the spectrogram in decibels, with its axes named.

        What is finer than a picture can show is averaged, as power: frames to at most 4000 columns, bins to
        bands of 1/48 octave (logarithmic axis) or to at most 1500 rows (linear axis).

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw. None makes a new figure.
        frequency_scale : {"log", "linear"}
        minimum_frequency, maximum_frequency : float, optional
            What the frequency axis shows, in Hz. The minimum counts on a logarithmic axis.
        minimum_db, maximum_db : float, optional
            The ends of the colour scale. None takes the 5 and 99.9 % quantiles of what is
            shown, 40 to 110 dB apart.
        colorbar : bool, optional
            Draw the scale of the colours beside it.
        time_axis : {"seconds", "utc", "local_mean", "local_true"}, optional
            What the time axis shows: seconds from the first sample, or the time of day on Earth or on Mars,
            by the mean or the true sun. All but the first need a recording that says when it began.
        **kwargs
            Passed to `matplotlib.axes.Axes.pcolormesh`.

        Returns
        -------
        matplotlib.collections.QuadMesh
            Its ``axes`` and ``figure`` lead to the rest.

        Raises
        ------
        ParameterError
            `frequency_scale` is neither of the two, the range of frequencies is empty, or nobody knows the
            time of day.

        Examples
        --------
        >>> import marsaudio as ma
        >>> mesh = ma.spectrogram(ma.load("sample")).plot()
        >>> mesh.axes.get_ylabel()
        'Frequency (Hz)'
        """
        if frequency_scale not in ("log", "linear"):
            raise ParameterError(f"frequency_scale={frequency_scale!r} must be 'log' or 'linear'.")
        lowest, highest = self._shown_frequencies(frequency_scale, minimum_frequency, maximum_frequency)
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(10, 4), layout="constrained")
        times, frequencies, power = self._cells(frequency_scale)
        with np.errstate(divide="ignore"):
            level = np.ma.masked_invalid(10 * np.log10(power / self.reference))
        shown = level[(frequencies[1:] > lowest) & (frequencies[:-1] < highest)].compressed()
        faintest, loudest = np.quantile(shown, (0.05, 0.999)) if shown.size else (0.0, 0.0)
        if maximum_db is None:
            maximum_db = float(loudest)
        if minimum_db is None:
            minimum_db = float(np.clip(faintest, maximum_db - MOST_DB, maximum_db - FEWEST_DB))
        settings = {"cmap": "magma", "rasterized": True, "vmin": minimum_db, "vmax": maximum_db, **kwargs}
        ax.set_facecolor("black")
        mesh = ax.pcolormesh(times, frequencies, level, **settings)
        ax.set_yscale(frequency_scale)
        ax.set_ylim(lowest, highest)
        if frequency_scale == "log":
            name_round_frequencies(ax.yaxis)
        for gap in self.gaps:
            ax.axvspan(gap.start, gap.stop, facecolor="0.75", edgecolor="0.35", hatch="///", linewidth=0)
        ax.set_xlim(times[0], times[-1])
        ax.set_ylabel("Frequency (Hz)")
        name_times(ax, time_axis, self.start_time)
        ax.set_title(self.title, parse_math=False)  # a file's name may hold dollar signs
        if colorbar:
            ax.figure.colorbar(mesh, ax=ax, label=self.db_unit, pad=0.01)
        return mesh

    def _shown_frequencies(self, scale: str, minimum: float, maximum: float | None) -> tuple[float, float]:
        if len(self.frequencies) < 2:
            raise ParameterError(
                f"n_fft={self.n_fft} gives no frequency but 0 Hz to plot. Take a longer frame."
            )
        lowest = max(minimum, float(self.frequencies[1])) if scale == "log" else 0.0
        highest = float(self.frequencies[-1]) if maximum is None else maximum
        if not lowest < highest:
            raise ParameterError(
                f"minimum_frequency={minimum:g} and maximum_frequency={highest:g} Hz leave nothing to "
                f"show: the frames resolve {self.frequencies[1]:g} to {self.frequencies[-1]:g} Hz."
            )
        return lowest, highest

    def _cells(self, scale: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Edges of columns and rows that a picture can show, and the mean power in each cell."""
        bins, count = self.power.shape
        step = float(self.frequencies[1])
        if scale == "log":
            rows = [1]  # 0 Hz has no place on a logarithmic axis
            while rows[-1] < bins:
                rows.append(max(rows[-1] + 1, round(rows[-1] * 2 ** (1 / ROWS_PER_OCTAVE))))
            rows[-1] = bins
        else:
            rows = [*range(0, bins, -(-bins // MOST_ROWS)), bins]
        columns = [*range(0, count, -(-count // MOST_COLUMNS)), count]
        power = np.add.reduceat(self.power, rows[:-1], axis=0, dtype=np.float64)
        power = np.add.reduceat(power, columns[:-1], axis=1)
        power /= np.outer(np.diff(rows), np.diff(columns))
        hop = float(self.times[1] - self.times[0]) if count > 1 else 1 / step
        times = self.times[0] + hop * (np.array(columns) - 0.5)
        return times, step * (np.array(rows) - 0.5), power

    def __repr__(self) -> str:
        return (
            f"<marsaudio.Spectrogram: {self.title}, {len(self.frequencies)} frequencies to "
            f"{self.frequencies[-1]:g} Hz, {len(self.times)} frames from {self.times[0]:.3f} to "
            f"{self.times[-1]:.3f} s, {self.unit}>"
        )

    def _repr_html_(self) -> str:
        rows = [
            ["frequencies", f"{len(self.frequencies)}, 0 to {self.frequencies[-1]:g} Hz"],
            ["frames", f"{len(self.times)}, centred at {self.times[0]:.3f} to {self.times[-1]:.3f} s"],
            ["unit", f"{self.unit} ({self.scaling})"],
            ["window", f"{self.window}, {self.n_fft} samples, hop {self.hop_length}"],
        ]
        return html.table_fragment(
            caption=f"Spectrogram of {self.title}", header=["what", "value"], rows=rows
        )


def spectrogram(
    recording: Recording,
    *,
    n_fft: int | None = None,
    hop_length: int | None = None,
    window: str = "hann",
    scaling: Scaling = "psd",
    channel: int | None = None,
) -> Spectrogram:
    """Compute the spectrogram of a recording.

    With the transform X of ``marsaudio.spectra.stft``, the window w and the rate f_s:

    - ``"psd"``: ``c |X|² / (f_s sum w²)``, power per hertz; its integral over frequency is the mean square
      of the windowed frame (Parseval);
    - ``"spectrum"``: ``c |X|² / (sum w)²``, power; a sine of amplitude A gives A²/2 at its frequency;
    - ``"raw"``: ``|X|²``.

    c is 2 between 0 and half the rate, whose negative twins are folded in, and 1 at both ends.
    Source: G. Heinzel, A. Rüdiger, R. Schilling, "Spectrum and spectral density estimation by the
    discrete Fourier transform" (2002), hdl:11858/00-001M-0000-0013-557A-5.

    Parameters
    ----------
    recording : Recording
    n_fft : int, optional
        Samples in a frame. None takes 2048, or the whole recording where it is shorter.
    hop_length : int, optional
        Samples from frame to frame. None takes a quarter of `n_fft`.
    window : str, optional
        A name that `scipy.signal.get_window` knows.
    scaling : {"psd", "spectrum", "raw"}, optional
    channel : int, optional
        One channel. None takes the mean power over all channels.

    Returns
    -------
    Spectrogram
        Only of frames that lie inside the recording: no padding biases the ends.

    Raises
    ------
    ParameterError
        A value is out of its range, or the recording is shorter than `n_fft`.

    See Also
    --------
    long_term_spectrogram : Of hours, as means over some seconds.
    marsaudio.plot.spectrogram : As a picture with title and credit.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.spectrogram(ma.load("sample"))
    <marsaudio.Spectrogram: sample, 1025 frequencies to 24000 Hz, 1684 frames from 0.021 to 17.973 s, FS²/Hz>
    """
    require_recording(recording, "spectrogram")
    n_fft = min(DEFAULT_N_FFT, recording.frames) if n_fft is None else _whole_number("n_fft", n_fft)
    hop_length = max(n_fft // 4, 1) if hop_length is None else _whole_number("hop_length", hop_length)
    if not 1 <= n_fft <= recording.frames:
        raise ParameterError(
            f"n_fft={n_fft} must be from 1 to the recording's {recording.frames} samples. Take a shorter "
            "frame or a longer recording."
        )
    if hop_length < 1:
        raise ParameterError(f"hop_length={hop_length} must be at least 1 sample.")
    if scaling not in ("psd", "spectrum", "raw"):
        raise ParameterError(f"scaling={scaling!r} must be 'psd', 'spectrum' or 'raw'.")
    if channel is not None and not 0 <= channel < recording.channels:
        raise ParameterError(f"channel={channel} must be from 0 to {recording.channels - 1}.")
    fourier = ShortTimeFourier(n_fft, hop_length, _window(window, n_fft), padded=False)
    chosen = slice(None) if channel is None else slice(channel, channel + 1)
    factors = scale_factors(fourier, recording.sample_rate, scaling)
    frequencies = fourier.frequencies(recording.sample_rate)
    factors *= power_factors(recording.calibration, frequencies)
    count = fourier.frame_count(recording.frames)
    power = np.empty((fourier.bins, count), dtype=np.float32)
    for first, spectra in fourier.batches(recording):
        mean = (spectra[chosen].real ** 2 + spectra[chosen].imag ** 2).mean(axis=0)
        power[:, first : first + len(mean)] = (mean * factors).T
    centres = fourier.centres(count, recording.sample_rate)
    half = n_fft / 2 / recording.sample_rate
    for gap in recording.gaps:
        power[:, (centres + half > gap.start) & (centres - half < gap.stop)] = np.nan
    unit = ("Pa²" if recording.calibration else "FS²") + ("/Hz" if scaling == "psd" else "")
    return Spectrogram(
        power,
        frequencies,
        centres,
        unit,
        scaling=scaling,
        n_fft=n_fft,
        hop_length=hop_length,
        window=window,
        title=describe_source(recording.source),
        start_time=recording.start_time,
        gaps=recording.gaps,
    )


def name_round_frequencies(axis: Axis) -> None:
    """Ticks at 1, 2 and 5 times powers of ten, as plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_locator(LogLocator(base=10, subs="auto"))
    axis.set_minor_formatter(NullFormatter())


def _whole_number(name: str, value: int) -> int:
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise ParameterError(f"{name}={value!r} must be a whole number of samples.")


def _window(name: str, n_fft: int) -> npt.NDArray[np.float32]:
    if name == "hann":
        return hann(n_fft) if n_fft > 1 else np.ones(1, dtype=np.float32)
    from scipy.signal import get_window

    try:
        return np.asarray(get_window(name, n_fft), dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise ParameterError(
            f"window={name!r} is not a name that scipy.signal.get_window knows ({error}). Try 'hann', "
            "'hamming', 'blackmanharris' or 'boxcar'."
        ) from error


def scale_factors(fourier: ShortTimeFourier, sample_rate: float, scaling: Scaling) -> npt.NDArray[np.float64]:
    """What squared magnitudes in each bin are to be multiplied by, shape (bins,)."""
    factors = np.ones(fourier.bins)
    if scaling == "raw":
        return factors
    window = fourier.window.astype(np.float64)
    factors[1:] = 2.0
    if fourier.n_fft % 2 == 0:
        factors[-1] = 1.0  # half the rate is its own twin
    return factors / (sample_rate * np.sum(window**2) if scaling == "psd" else np.sum(window) ** 2)
