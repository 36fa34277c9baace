"""Wind and rover apart: everything about a recording, its stems, a model of the rover, a clip."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marsaudio.cli.options import (
    BandOption,
    CalibrationSourceOption,
    DurationOption,
    GapOption,
    JsonOption,
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
from marsaudio.cli.printing import (
    say,
    say_what_it_is,
    say_where_from,
    show_events,
    show_families,
    show_json,
    show_table,
    somebody_waits,
)
from marsaudio.cli.wording import in_options
from marsaudio.errors import ParameterError

if TYPE_CHECKING:
    from marsaudio.recording import Recording

AROUND_GUST_SECONDS = 0.5


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
    as_json: JsonOption = False,
) -> None:
    """Separate, find the wind, write it all down.

    Writes wind.wav and rover.wav, whose sum is the recording, spectrogram.png, events.csv, summary.json, and
    report.html: all of it on one page, to look at and to listen to.
    """
    from marsaudio.loading import load
    from marsaudio.report.analysis import FILE_NAMES, RECORDING, analyze

    targets = [output / name for name in (*FILE_NAMES.values(), RECORDING)]
    calibration = calibration_of(pascal, calibration_source)
    result = analyze(
        source if calibration is None else load(source, calibration=calibration),
        output,
        rover_noise=load_reference(rover_noise, targets),
        progress=somebody_waits(),
        **given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    if as_json:
        show_json({**result.summary, "files": result.files})
        return
    say_what_it_is(result.recording.source, result.recording.duration, result.recording.sample_rate)
    show_events(result.events)
    say(result.summary["in_doubt"])
    show_table((name, str(path)) for name, path in result.files.items())
    say(
        "Wind on Mars is low: listen with headphones. For small loudspeakers: "
        f"marsaudio clip {shlex.quote(source)} --wind --shift 300 --peak-db -1 -o higher.wav"
    )


def report(
    source: SourceArgument = "sample",
    output: Annotated[Path, typer.Option("--output", "-o", help="The .html to write.")] = Path("report.html"),
    rover_noise: NoiseOption = None,
    band: BandOption = None,
    false_alarms: RateOption = None,
    minimum_duration: DurationOption = None,
    merge_gap: GapOption = None,
    pascal: PascalOption = None,
    calibration_source: CalibrationSourceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one page to look at and to listen to.

    It reads well aloud, needs no network, and can be sent as it is; of a recording of more than two minutes,
    together with the sound files that are written beside it.
    """
    from marsaudio.loading import load
    from marsaudio.report.analysis import write_report

    if output.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"--output {str(output)!r} must end in .html.")
    calibration = calibration_of(pascal, calibration_source)
    path = write_report(
        source if calibration is None else load(source, calibration=calibration),
        output,
        rover_noise=load_reference(rover_noise, [output]),
        progress=somebody_waits(),
        **given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    if as_json:
        show_json({"files": {"report": path}})
        return
    show_table([("report", str(path))])
    say("Open it in a browser.")


def describe(
    source: SourceArgument = "sample",
    start: StartOption = 0.0,
    stop: StopOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say in plain sentences what there is to hear, and when."""
    from marsaudio.description import describe
    from marsaudio.loading import load

    recording = load(source, start=start, stop=stop)
    paragraphs = describe(recording).split("\n\n")
    if as_json:
        show_json({"recording": recording.source.name, "paragraphs": paragraphs})
        return
    for number, paragraph in enumerate(paragraphs):
        if number:
            say("")
        say(paragraph)


def separate(
    source: SourceArgument,
    wind: Annotated[Path, typer.Option(help="Where the wind goes.")] = Path("wind.wav"),
    rover: Annotated[Path, typer.Option(help="Where the rover goes.")] = Path("rover.wav"),
    rover_noise: NoiseOption = None,
    start: StartOption = 0.0,
    stop: StopOption = None,
    as_json: JsonOption = False,
) -> None:
    """Separate a recording into wind and rover.

    The sum of the two files is the recording, sample for sample. Memory stays small at any length. With
    --start and --stop the files are of that range, learned from the whole recording.
    """
    from marsaudio.report.summary import what_is_in_doubt
    from marsaudio.separation.stems import separate_file

    reference = load_reference(rover_noise, [wind, rover])
    files = separate_file(
        source,
        wind=wind,
        rover=rover,
        start=start,
        stop=stop,
        rover_noise=reference,
        progress=somebody_waits(),
    )
    doubt = what_is_in_doubt(files.models, has_reference=rover_noise is not None)
    if as_json:
        words = {
            "recording": files.source.name,
            "duration_s": files.duration,
            "notes": [*files.source.notes, *(in_options(note) for note in files.notes)],
        }
        show_json({**words, "in_doubt": doubt, "files": {"wind": files.wind, "rover": files.rover}})
        return
    say_where_from(files.source)
    for note in files.source.notes:
        say(note)
    say(doubt)
    show_table([("wind", str(files.wind)), ("rover", str(files.rover))])


def fit_rover(
    source: SourceArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .json to write.")] = Path("rover.json"),
    with_wind: Annotated[
        bool, typer.Option("--with-wind", help="There is wind in the recording: leave it out.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn what the rover sounds like, to use it as a reference.

    Give the file to 'marsaudio separate' or 'marsaudio analyze' as --rover-noise.
    """
    from marsaudio.loading import load
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.separation.rover_fit import fit_rover

    if output.suffix.lower() != ".json":
        raise ParameterError(f"--output {str(output)!r} must end in .json.")
    recording = load(source)
    check_input_is_kept(recording.source, [output])
    model = fit_rover(recording, alone=not with_wind, progress=somebody_waits())
    path = model.save(output)
    notes = [in_options(note) for note in model.notes]
    if as_json:
        families = [
            {
                "frequency_hz": family.frequency,
                "standard_error_hz": family.standard_error,
                "harmonics": family.harmonics,
                "sidebands_hz": [sideband.offset for sideband in family.sidebands],
                "drift_ppm_per_minute": family.drift and 1e6 * family.drift.per_minute,
                "drift_standard_error_ppm": family.drift and 1e6 * family.drift.standard_error,
            }
            for family in model.families
        ]
        figures = {"learned_from_s": model.seconds, "line_count": len(model.lines), "families": families}
        words = {"recording": recording.source.name, "notes": notes}
        show_json({**words, **figures, "files": {"model": path}})
        return
    say_what_it_is(recording.source, recording.duration, recording.sample_rate)
    for note in notes:
        say(note)
    kind = "steady" if model.activity is None else f"{len(model.floors)} levels of activity"
    show_families(model)
    show_table([("rover", kind), ("lines", str(len(model.lines))), ("model", str(path))])


def clip(
    source: SourceArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .wav, .flac, .ogg or .mp3 file.")],
    start: StartOption = 0.0,
    stop: StopOption = None,
    gust: Annotated[
        int | None,
        typer.Option(
            help="Instead of a range the gust of this number in 'marsaudio events', with half a second around"
            " it."
        ),
    ] = None,
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
    speed_up: Annotated[
        float | None, typer.Option(help="So many times faster, and so many times higher: 8, say.")
    ] = None,
    shift: Annotated[
        float | None, typer.Option(help="So many Hz higher, so that small loudspeakers play wind: 300, say.")
    ] = None,
    marks: Annotated[bool, typer.Option("--marks", help="A short tone before each gust.")] = False,
    level_tone: Annotated[
        bool,
        typer.Option("--level-tone", help="Instead of the sound a tone: the louder the wind, the higher."),
    ] = False,
    sample_rate: SampleRateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cut a range out of a recording or a stem.

    Without a range it is the whole: so a session, or a table of samples, becomes an audio file. The sound
    stays as it is, unless one of the options from --fade on asks for a copy to listen to, in which something
    is altered: its title then says what. Folders that are missing are made, and a file of that name is
    replaced.
    """
    from marsaudio.events.detection import detect_wind
    from marsaudio.formats.encodings import container_of
    from marsaudio.listening import altered as alter
    from marsaudio.listening.copies import listening_copy
    from marsaudio.listening.sonification import sonify
    from marsaudio.loading import load
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.separation.stems import separate

    if wind and rover:
        raise ParameterError(
            "--wind and --rover together are the recording itself. Give one of them or none."
        )
    options = {"--speed-up": speed_up, "--shift": shift, "--marks": marks, "--level-tone": level_tone}
    asked = [name for name, value in options.items() if value not in (None, False)]
    if len(asked) > 1:
        raise ParameterError(f"{' and '.join(asked)} cannot be had in one clip. Give one of them.")
    container_of(output)  # before any work is done
    # Without need of the whole, only the range is read: of a file that was cut short, there may be no more.
    needs_whole = wind or rover or gust is not None
    asked_for = (0.0, None) if needs_whole else (start, stop)
    recording = load(source, start=asked_for[0], stop=asked_for[1], sample_rate=sample_rate)
    check_input_is_kept(recording.source, [output])
    if gust is not None:
        start, stop = _range_of_gust(recording, gust, (start, stop))
    heard = part = recording.clip(start, stop) if needs_whole else recording
    if wind or rover:
        # The separation learns from the whole recording, not from the clip.
        stems = separate(recording, start=start, stop=stop, progress=somebody_waits())
        part = stems.wind if wind else stems.rover
    copy = part
    if speed_up is not None:
        copy = alter.speed_up(part, speed_up)
    elif shift is not None:
        copy = alter.shift(part, shift)
    elif asked:
        # Events are found in the recording, of which the wind or the rover alone may be heard.
        found = detect_wind(heard, progress=somebody_waits())
        copy = sonify(part, found, how="marks" if marks else "level")
    copy = listening_copy(copy, fade=fade, peak_db=peak_db)
    saved = copy.save(output)
    if as_json:
        words = {"recording": copy.source.name, "history": copy.source.history}
        show_json({**words, "duration_s": copy.duration, "files": {"clip": saved}})
        return
    say_what_it_is(copy.source, copy.duration, copy.sample_rate)
    changes = copy.source.history[len(part.source.history) :] or ("the level is unchanged",)
    for change in changes:
        say(f"{change[0].upper()}{change[1:]}.")
    for gap in copy.gaps:
        say(f"From {gap.start:g} to {gap.stop:g} s it is silent, without data: {gap.reason}.")
    show_table([("clip", str(saved))])


def _range_of_gust(
    recording: Recording, number: int, given_range: tuple[float, float | None]
) -> tuple[float, float]:
    """From when to when a gust blows, with a little around it."""
    from marsaudio.events.detection import detect_wind

    if given_range != (0.0, None):
        raise ParameterError("--gust is a range of its own. Leave it out, or --start and --stop.")
    found = detect_wind(recording, progress=somebody_waits())
    if not 1 <= number <= len(found):
        there = f"has gusts 1 to {len(found)}" if len(found) > 1 else f"has {len(found) or 'no'} gust"
        raise ParameterError(
            f"--gust {number} is not there: {recording.source.name!r} {there}. 'marsaudio events' lists them."
        )
    event = found[number - 1]
    start = max(event.start - AROUND_GUST_SECONDS, 0.0)
    return start, min(event.end + AROUND_GUST_SECONDS, recording.duration)
