"""Spectrograms as pictures: of one recording, or of a recording above its wind."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine

from marsaudio.description import describe, on_one_line, printable, what_it_is
from marsaudio.errors import ParameterError
from marsaudio.events.detection import detect_wind
from marsaudio.events.table import WindEvents, require_events, require_same_length
from marsaudio.plot.level_curve import how_it_is_drawn, level
from marsaudio.plot.marks import mark_on_dark
from marsaudio.plot.picture import (
    LABEL_SIZE,
    TICK_SIZE,
    Picture,
    add_credit,
    add_title,
    enlarge_text,
    set_heading,
    tick_times,
)
from marsaudio.recording import Recording
from marsaudio.separation.stems import Stems, require_stems
from marsaudio.spectra.long_term import LongTermSpectrogram
from marsaudio.spectra.spectrogram import MOST_COLUMNS, Spectrogram
from marsaudio.spectra.spectrogram import spectrogram as compute_spectrogram
from marsaudio.spectra.time_axis import TimeAxis, name_times

FRAME_SECONDS = 0.17  # tells 20 from 30 Hz, where wind is strongest, and is short beside a gust
HOPS_PER_FRAME = 8
FEWEST_SAMPLES = 4  # give two frequencies above 0 Hz


def overview(
    stems: Stems,
    events: WindEvents | None = None,
    *,
    n_fft: int | None = None,
    hop_length: int | None = None,
    minimum_frequency: float = 20.0,
    maximum_frequency: float | None = None,
    minimum_db: float | None = None,
    maximum_db: float | None = None,
    time_axis: TimeAxis = "seconds",
) -> Picture:
    """Draw the recording above its wind stem, and the level of the wind's band below, with the events marked.

    Both spectrograms have the same axes and the same colours. Each event is a numbered bar above every panel
    and a shaded span, so that no colour alone carries it.

    Parameters
    ----------
    stems : Stems
    events : WindEvents, optional
        None finds them with `marsaudio.detect_wind`.
    n_fft, hop_length : int, optional
        Samples in a frame, and from frame to frame. None takes 0.17 s and an eighth of that, or as much
        as gives no more than 4000 frames; the picture's last line says which.
    minimum_frequency, maximum_frequency : float, optional
        What the frequency axes show, in Hz.
    minimum_db, maximum_db : float, optional
        The ends of the colour scale. None takes the recording's 5 and 99.9 % quantiles, as
        `marsaudio.Spectrogram.plot` does.
    time_axis : {"seconds", "utc", "local_mean", "local_true"}, optional
        As for `marsaudio.Spectrogram.plot`.

    Returns
    -------
    Picture

    Raises
    ------
    ParameterError
        A value is out of its range.

    See Also
    --------
    marsaudio.plot.level : Only the lower panel.
    marsaudio.plot.spectrogram : Only one spectrogram.
    marsaudio.describe : The same in words.

    Examples
    --------
    >>> import marsaudio as ma
    >>> figure = ma.plot.overview(ma.separate(ma.load("sample")))
    >>> [axes.get_ylabel() for axes in figure.axes[:2]]
    ['Frequency (Hz)', 'Frequency (Hz)']
    """
    require_stems(stems, "overview")
    recording = stems.recording
    if events is None:
        events = detect_wind(stems)
    require_events(events, "overview")
    require_same_length(events, recording)
    n_fft, hop_length = frame_for_picture(recording, n_fft, hop_length)
    pair = [compute_spectrogram(part, n_fft=n_fft, hop_length=hop_length) for part in (recording, stems.wind)]
    layout = ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06, hspace=0.03)
    figure = Picture(figsize=(8, 9.6), layout=layout)
    panels = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 2])
    names = ("The recording", "The wind in it, separated from the rover")
    for panel, spec, name in zip(panels[:2], pair, names, strict=True):
        mesh = spec.plot(
            panel,
            minimum_frequency=minimum_frequency,
            maximum_frequency=maximum_frequency,
            minimum_db=minimum_db,
            maximum_db=maximum_db,
            colorbar=False,
        )
        minimum_db, maximum_db = mesh.get_clim()  # the recording's colours are the wind's too
        set_heading(panel, name)
        panel.set_xlabel("")
        mark_on_dark(panel, events)
    colours = figure.colorbar(mesh, ax=list(panels[:2]), pad=0.015, aspect=32)
    colours.set_label(f"Power spectral density ({pair[0].db_unit})", size=LABEL_SIZE)
    colours.ax.tick_params(labelsize=TICK_SIZE)
    level(stems, events, ax=panels[2])
    for text in panels[2].texts:
        text.set_in_layout(False)  # there is room for it below the colour bar
    panels[2].set_xlim(0.0, recording.duration)
    name_times(panels[2], time_axis, recording.start_time)
    for panel in panels:
        enlarge_text(panel)
    add_title(figure, recording.source)
    add_credit(
        figure,
        recording.source,
        pair[0],
        recording.sample_rate,
        how_it_is_drawn(events),
        recording.calibration,
    )
    figure.description = on_one_line(
        "Spectrograms of the recording and of its wind, one above the other, and below them the level of the "
        f"wind's band. {describe(recording, events, stems=stems)}"
    )
    return figure


def spectrogram(
    recording: Recording | LongTermSpectrogram,
    *,
    n_fft: int | None = None,
    hop_length: int | None = None,
    time_axis: TimeAxis = "seconds",
    **kwargs: Any,
) -> Picture:
    """Draw the spectrogram of a recording of any length as a picture, with title and credit.

    On axes of your own, draw with `marsaudio.Spectrogram.plot`.

    Parameters
    ----------
    recording : Recording or LongTermSpectrogram
        Of a recording, frames are left out where there are more than 4000; a
        `marsaudio.long_term_spectrogram` is of all the sound.
    n_fft, hop_length : int, optional
        As for `overview`, of a recording.
    time_axis : {"seconds", "utc", "local_mean", "local_true"}, optional
        As for `marsaudio.Spectrogram.plot`.
    **kwargs
        As for `marsaudio.Spectrogram.plot`: `frequency_scale`, `minimum_frequency`, `minimum_db` and more.

    Returns
    -------
    Picture

    Raises
    ------
    ParameterError
        A value is out of its range.

    See Also
    --------
    marsaudio.spectrogram : The figures.
    marsaudio.plot.overview : With wind and events.

    Examples
    --------
    >>> import marsaudio as ma
    >>> picture = ma.plot.spectrogram(ma.load("sample"))
    >>> picture.axes[0].get_ylabel()
    'Frequency (Hz)'
    """
    if not isinstance(recording, (Recording, LongTermSpectrogram)):
        raise ParameterError(
            "plot.spectrogram draws a recording, or what marsaudio.long_term_spectrogram gives, not "
            f"{_kind(recording)}. Give the recording itself; what marsaudio.spectrogram gives has its own "
            "plot()."
        )
    source, duration, sample_rate = recording.source, recording.duration, recording.sample_rate
    how = ""
    if isinstance(recording, LongTermSpectrogram):
        spec: Spectrogram = recording
        how = f"Means over {recording.seconds:g} s"
    else:
        n_fft, hop_length = frame_for_picture(recording, n_fft, hop_length)
        spec = compute_spectrogram(recording, n_fft=n_fft, hop_length=hop_length)
    figure = Picture(figsize=(8, 5.4), layout="constrained")
    panel = figure.subplots()
    mesh = spec.plot(panel, colorbar=False, **kwargs)
    panel.set_title("")
    panel.set_xlim(0.0, duration)
    tick_times(panel)
    name_times(panel, time_axis, spec.start_time)
    colours = figure.colorbar(mesh, ax=panel, pad=0.015, aspect=32)
    colours.set_label(f"Power spectral density\n({spec.db_unit})", size=LABEL_SIZE)
    for axes in (panel, colours.ax):
        enlarge_text(axes)
    add_title(figure, source)
    calibration = recording.calibration if isinstance(recording, Recording) else None
    add_credit(figure, source, spec, sample_rate, how, calibration)
    figure.description = printable(
        f"Spectrogram of {what_it_is(source)}: time from 0 to {duration:.1f} s across, "
        f"frequency in hertz up, power spectral density in {spec.db_unit} as colour."
    )
    return figure


def _kind(value: object) -> str:
    return repr(value) if isinstance(value, str) else f"a {type(value).__name__}"


def frame_for_picture(
    recording: Recording, n_fft: int | None = None, hop_length: int | None = None
) -> tuple[int, int]:
    """Choose frame and hop, in samples, for at most 4000 frames; what is given stays."""
    if recording.frames < FEWEST_SAMPLES:
        raise ParameterError(
            f"{recording.source.name} has {recording.frames} samples, too few for a spectrogram. Take at "
            f"least {FEWEST_SAMPLES}."
        )
    if n_fft is None:
        n_fft = 2 ** max(round(np.log2(FRAME_SECONDS * recording.sample_rate)), 1)
        # Short clips still get some dozens of frames.
        while n_fft > 64 and n_fft * 8 > recording.frames:
            n_fft //= 2
        n_fft = min(n_fft, recording.frames)
    if hop_length is None:
        hop_length = max(n_fft // HOPS_PER_FRAME, -(-(recording.frames - n_fft) // (MOST_COLUMNS - 1)), 1)
    return n_fft, hop_length
