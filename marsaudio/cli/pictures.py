"""Pictures: a spectrogram, and how often each level occurs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from marsaudio.cli.options import (
    CalibrationSourceOption,
    JsonOption,
    PascalOption,
    SourceArgument,
    StartOption,
    StopOption,
    TimeAxisName,
    TimeAxisOption,
    calibration_of,
)
from marsaudio.cli.printing import say, say_what_it_is, say_where_from, show_json, show_table, somebody_waits

LONG_SECONDS = 600.0  # a spectrogram of more is drawn from means


class FrequencyScale(StrEnum):
    """How the frequency axis is divided."""

    log = "log"
    linear = "linear"


def spectrogram(
    source: SourceArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .png, .svg, .pdf or .jpg file.")],
    n_fft: Annotated[int | None, typer.Option(help="Samples in a frame; 0.17 s if left out.")] = None,
    hop: Annotated[int | None, typer.Option(help="Samples from frame to frame.")] = None,
    scale: Annotated[FrequencyScale, typer.Option(help="Of the frequency axis.")] = FrequencyScale.log,
    min_frequency: Annotated[float, typer.Option(help="In Hz; counts on a log axis.")] = 20.0,
    max_frequency: Annotated[float | None, typer.Option(help="In Hz.")] = None,
    start: StartOption = 0.0,
    stop: StopOption = None,
    time_axis: TimeAxisOption = TimeAxisName.seconds,
    pascal: PascalOption = None,
    calibration_source: CalibrationSourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the spectrogram of a recording.

    Of what is longer than ten minutes, means over some seconds of all the sound are drawn, in little memory,
    unless --hop is given.
    """
    from marsaudio import plot
    from marsaudio.formats import audio
    from marsaudio.loading import load, open_sound
    from marsaudio.plot.picture import picture_format
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.spectra.long_term import long_term_spectrogram

    picture_format(output)  # before any work is done
    opened, known = open_sound(source)
    check_input_is_kept(known, [output])
    first, last = audio.frame_range(start, stop, opened.frames, opened.sample_rate, opened.name)
    is_long = (last - first) / opened.sample_rate > LONG_SECONDS and hop is None
    calibration = calibration_of(pascal, calibration_source)
    recording = (
        long_term_spectrogram(
            source, n_fft=n_fft, start=start, stop=stop, calibration=calibration, progress=somebody_waits()
        )
        if is_long
        else load(source, start=start, stop=stop, calibration=calibration)
    )
    picture = plot.spectrogram(
        recording,
        n_fft=n_fft,
        hop_length=hop,
        frequency_scale=scale.value,
        minimum_frequency=min_frequency,
        maximum_frequency=max_frequency,
        time_axis=time_axis.value,
    )
    saved = picture.save(output)
    if as_json:
        words = {"recording": recording.source.name, "description": picture.description}
        show_json({**words, "files": {"spectrogram": saved}})
        return
    say_what_it_is(recording.source, recording.duration, recording.sample_rate)
    show_table([("spectrogram", str(saved))])


def levels(
    source: SourceArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .png, .svg, .pdf or .jpg file.")],
    table: Annotated[
        Path | None, typer.Option(help="Write percentiles by frequency to this .csv file.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Each level is a mean over so long.")] = 1.0,
    n_fft: Annotated[int | None, typer.Option(help="Samples in a frame; 0.17 s if left out.")] = None,
    min_frequency: Annotated[float, typer.Option(help="In Hz.")] = 20.0,
    max_frequency: Annotated[float | None, typer.Option(help="In Hz.")] = None,
    start: StartOption = 0.0,
    stop: StopOption = None,
    pascal: PascalOption = None,
    calibration_source: CalibrationSourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw how often each level occurs at each frequency.

    Memory stays small at any length.
    """
    from marsaudio import plot
    from marsaudio.loading import open_sound
    from marsaudio.plot.picture import picture_format
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.spectra.level_density import check_table_name, spectral_probability_density

    picture_format(output)  # before any work is done
    if table:
        check_table_name(table)
    _, known = open_sound(source)
    check_input_is_kept(known, [output, *([table] if table else [])])
    density = spectral_probability_density(
        source,
        seconds=seconds,
        n_fft=n_fft,
        start=start,
        stop=stop,
        calibration=calibration_of(pascal, calibration_source),
        progress=somebody_waits(),
    )
    picture = plot.spectral_probability_density(
        density, minimum_frequency=min_frequency, maximum_frequency=max_frequency
    )
    saved = [("levels", str(picture.save(output)))]
    if table:
        saved.append(("table", str(density.save(table))))
    if as_json:
        figures = {
            "level_count": density.count,
            "mean_over_s": density.seconds,
            "level_unit": density.unit,
        }
        words = {"recording": density.source.name, "description": picture.description}
        show_json({**words, **figures, "files": dict(saved)})
        return
    say_where_from(density.source)
    say(f"{density.count} levels of {density.seconds:g} s each, in {density.unit}.")
    show_table(saved)
