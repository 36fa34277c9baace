"""Wind and rover apart: everything about a recording, its stems, a model of the rover, a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marsaudio.cli.options import (
    BandOption,
    CalibrationSourceOption,
    DurationOption,
    GapOption,
    NoiseOption,
    PascalOption,
    RateOption,
    SampleRateOption,
    SourceArgument,
    StartOption,
    StopOption,
    calibration_of,
    given,
    load_reference,
)
from marsaudio.cli.printing import say_what_it_is, say_where_from, show_events, show_families, show_table
from marsaudio.errors import ParameterError


def analyze(
    source: SourceArgument = "sample",
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write into.")] = Path(
        "marsaudio-output"
    ),
    rover_noise: NoiseOption = None,
    band: BandOption = None,
    false_alarms: RateOption = None,
    minimum_duration: DurationOption = None,
    merge_gap: GapOption = None,
    pascal: PascalOption = None,
    calibration_source: CalibrationSourceOption = None,
) -> None:
    """Separate, find the wind, write it all down.

    Writes wind.wav and rover.wav, whose sum is the recording, spectrogram.png, events.csv and summary.json.
    """
    from marsaudio.loading import load
    from marsaudio.report.analysis import analyze

    calibration = calibration_of(pascal, calibration_source)
    result = analyze(
        source if calibration is None else load(source, calibration=calibration),
        output,
        rover_noise=load_reference(rover_noise),
        **given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    say_what_it_is(result.recording.source, result.recording.duration, result.recording.sample_rate)
    show_events(result.events)
    typer.echo(result.summary["in_doubt"])
    show_table((name, str(path)) for name, path in result.files.items())
    typer.echo(
        "Wind on Mars is low: listen with headphones, and make a quiet stem louder with 'marsaudio clip'."
    )


def separate(
    source: SourceArgument,
    wind: Annotated[Path, typer.Option(help="Where the wind goes.")] = Path("wind.wav"),
    rover: Annotated[Path, typer.Option(help="Where the rover goes.")] = Path("rover.wav"),
    rover_noise: NoiseOption = None,
    start: StartOption = 0.0,
    stop: StopOption = None,
) -> None:
    """Separate a recording into wind and rover.

    The sum of the two files is the recording, sample for sample. Memory stays small at any length. With
    --start and --stop the files are of that range, learned from the whole recording.
    """
    from marsaudio.report.summary import what_is_in_doubt
    from marsaudio.separation.stems import separate_file

    reference = load_reference(rover_noise)
    files = separate_file(source, wind=wind, rover=rover, start=start, stop=stop, rover_noise=reference)
    say_where_from(files.source)
    typer.echo(what_is_in_doubt(files.models, has_reference=rover_noise is not None))
    show_table([("wind", str(files.wind)), ("rover", str(files.rover))])


def fit_rover(
    source: SourceArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .json to write.")] = Path("rover.json"),
    with_wind: Annotated[
        bool, typer.Option("--with-wind", help="There is wind in the recording: leave it out.")
    ] = False,
) -> None:
    """Learn what the rover sounds like, to use it as a reference.

    Give the file to 'marsaudio separate' or 'marsaudio analyze' as --rover-noise.
    """
    from marsaudio.loading import load
    from marsaudio.separation.rover_fit import fit_rover

    recording = load(source)
    if output.suffix.lower() != ".json":
        raise ParameterError(f"--output {str(output)!r} must end in .json.")
    model = fit_rover(recording, alone=not with_wind)
    path = model.save(output)
    say_what_it_is(recording.source, recording.duration, recording.sample_rate)
    for note in model.notes:
        typer.echo(note)
    kind = "steady" if model.activity is None else f"{len(model.floors)} levels of activity"
    show_families(model)
    show_table([("rover", kind), ("lines", str(len(model.lines))), ("model", str(path))])


def clip(
    source: SourceArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .wav, .flac, .ogg or .mp3 file.")],
    start: StartOption = 0.0,
    stop: StopOption = None,
    wind: Annotated[
        bool, typer.Option("--wind", help="Of the wind alone, separated in the whole recording.")
    ] = False,
    rover: Annotated[
        bool, typer.Option("--rover", help="Of the rover alone, separated in the whole recording.")
    ] = False,
    fade: Annotated[float, typer.Option(help="Fade in and out, in seconds.")] = 0.0,
    peak_db: Annotated[
        float | None, typer.Option(help="Change the level to this peak, in dB re full scale.")
    ] = None,
    sample_rate: SampleRateOption = None,
) -> None:
    """Cut a range out of a recording or a stem.

    Without a range it is the whole: so a session, or a table of samples, becomes an audio file. The level
    stays as it is, unless --fade or --peak-db asks for a copy to listen to.
    """
    from marsaudio.listening.copies import listening_copy
    from marsaudio.loading import load
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.separation.stems import separate

    if wind and rover:
        raise ParameterError(
            "--wind and --rover together are the recording itself. Give one of them or none."
        )
    recording = load(source, sample_rate=sample_rate)
    check_input_is_kept(recording.source, [output])
    part = recording.clip(start, stop)
    if wind or rover:
        # The separation learns from the whole recording, not from the clip.
        stems = separate(recording, start=start, stop=stop)
        part = stems.wind if wind else stems.rover
    copy = listening_copy(part, fade=fade, peak_db=peak_db)
    saved = copy.save(output)
    say_what_it_is(copy.source, copy.duration, copy.sample_rate)
    change = copy.source.history[-1] if copy is not part else "the level is unchanged"
    typer.echo(f"{change[0].upper()}{change[1:]}.")
    for gap in copy.gaps:
        typer.echo(f"From {gap.start:g} to {gap.stop:g} s it is silent, without data: {gap.reason}.")
    show_table([("clip", str(saved))])
