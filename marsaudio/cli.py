"""The command ``marsaudio``: what the library does, from a terminal.

Results go to standard output, warnings and errors to standard error, one line each. Exit codes: 0 done,
2 it could not be done and the line says why, 130 interrupted. What takes long to import is imported by the
commands that use it, so that ``marsaudio --help`` is quick.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from marsaudio import __version__
from marsaudio.errors import MarsAudioError, ParameterError

if TYPE_CHECKING:
    from marsaudio.events.table import WindEvents
    from marsaudio.recording import Recording, Source
    from marsaudio.separation.rover_model import RoverModel

LONG_SECONDS = 600.0  # a spectrogram of more is drawn from means
FAILED, INTERRUPTED, BROKEN_PIPE = 2, 130, 141  # as shells have it: 128 + the signal's number

app = typer.Typer(
    name="marsaudio",
    help="Hear Mars without the rover: separate wind from rover noise in Perseverance's recordings.",
    epilog="Example: marsaudio analyze feb20_filtered --output feb20",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SourceArgument = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A key (see 'marsaudio list'), an audio file or a PDS4 label.")
]
BandOption = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="LOW HIGH", help="Where wind is looked for, in Hz: 20 250 if left out."),
]
RateOption = Annotated[
    float | None,
    typer.Option(
        "--false-alarms",
        metavar="RATE",
        help="How many events a minute may be chance, from 0.000001 to 5: 0.1 if left out.",
    ),
]
DurationOption = Annotated[
    float | None, typer.Option(help="Shorter events are left out, in seconds: 0.3 if left out.")
]
GapOption = Annotated[
    float | None, typer.Option(help="Events that are closer become one, in seconds: 0.25 if left out.")
]
NoiseOption = Annotated[
    str | None,
    typer.Option(metavar="REF", help="The rover alone: a recording of it, or a .json that fit-rover wrote."),
]
StartOption = Annotated[float, typer.Option(help="From here, in seconds.")]
StopOption = Annotated[float | None, typer.Option(help="Up to here, in seconds; the end if left out.")]


class FrequencyScale(StrEnum):
    """How the frequency axis is divided."""

    log = "log"
    linear = "linear"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code.

    Parameters
    ----------
    arguments
        What follows ``marsaudio`` on the command line. None takes this process's own.
    """
    with contextlib.suppress(AttributeError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    command = typer.main.get_command(app)
    with _warnings_on_stderr():
        try:
            code = command.main(
                args=None if arguments is None else list(arguments),
                prog_name="marsaudio",
                standalone_mode=False,
            )
        except MarsAudioError as error:
            return _fail(str(error))
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        except BrokenPipeError:
            code = _close_quietly()
        except SystemExit as stop:  # how typer leaves when the reader of a pipe has gone
            code = _close_quietly() if stop.code == 1 else stop.code
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            # A wrong option or argument. Its class has moved between releases of typer; its method has not.
            context = getattr(error, "ctx", None)
            where = context.command_path if context else "marsaudio"
            message = error.format_message().rstrip()
            end = "" if message.endswith(("?", ".")) else "."
            return _fail(f"{message}{end} See '{where} --help'.")
    if code == INTERRUPTED:
        typer.echo("marsaudio: interrupted", err=True)
    return code if isinstance(code, int) else 0


@app.callback(invoke_without_command=True)
def _marsaudio(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"marsaudio {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list", epilog="Example: marsaudio list")
def list_recordings() -> None:
    """Show the recordings that have a key.

    Those that are not here are downloaded when they are first used.
    """
    from marsaudio import catalog

    keys = catalog.keys()
    width = max(map(len, keys))
    typer.echo(f"{'key':{width}}  {'length':>8}  {'here':4}  title")
    for key in keys:
        entry = catalog.entry(key)
        length = "" if entry.duration is None else f"{entry.duration:.1f} s"
        here = "yes" if catalog.local_path(key) else "no"
        typer.echo(f"{key:{width}}  {length:>8}  {here:4}  {entry.title}")


@app.command(epilog="Example: marsaudio fetch feb20_filtered feb20_rover")
def fetch(
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Keys that 'marsaudio list' shows.")],
) -> None:
    """Download recordings by their keys.

    Shows where they are; what is here already is checked and kept.
    """
    from marsaudio import catalog

    for key in keys:
        catalog.entry(key)  # before anything is downloaded
    for key in keys:
        typer.echo(f"{key}: {catalog.fetch(key)}")


@app.command(epilog="Example: marsaudio info sample")
def info(source: SourceArgument = "sample") -> None:
    """Show what is known about a recording.

    Its format, length, channels, peak and level, where it comes from, and what the file says about itself.
    """
    from marsaudio.report.facts import file_facts

    _table(file_facts(source).items())


@app.command(epilog="Example: marsaudio analyze feb20_filtered --output feb20")
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
) -> None:
    """Separate, find the wind, write it all down.

    Writes wind.wav and rover.wav, whose sum is the recording, spectrogram.png, events.csv and summary.json.
    """
    from marsaudio.report.analysis import analyze

    result = analyze(
        source,
        output,
        rover_noise=_load_reference(rover_noise),
        **_given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    _say_what_it_is(result.recording.source, result.recording.duration, result.recording.sample_rate)
    _show_events(result.events)
    typer.echo(result.summary["in_doubt"])
    _table((name, str(path)) for name, path in result.files.items())
    typer.echo(
        "Wind on Mars is low: listen with headphones, and make a quiet stem louder with 'marsaudio clip'."
    )


@app.command(epilog="Example: marsaudio separate feb20_filtered --wind wind.wav --rover rover.wav")
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

    reference = _load_reference(rover_noise)
    files = separate_file(source, wind=wind, rover=rover, start=start, stop=stop, rover_noise=reference)
    _say_where_from(files.source)
    typer.echo(what_is_in_doubt(files.models, has_reference=rover_noise is not None))
    _table([("wind", str(files.wind)), ("rover", str(files.rover))])


@app.command("fit-rover", epilog="Example: marsaudio fit-rover rover.wav --output rover.json")
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
    _say_what_it_is(recording.source, recording.duration, recording.sample_rate)
    for note in model.notes:
        typer.echo(note)
    kind = "steady" if model.activity is None else f"{len(model.floors)} levels of activity"
    _show_families(model)
    _table([("rover", kind), ("lines", str(len(model.lines))), ("model", str(path))])


@app.command(epilog="Example: marsaudio spectrogram feb20_filtered --output feb20.png --max-frequency 2000")
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
) -> None:
    """Draw the spectrogram of a recording.

    Of what is longer than ten minutes, means over some seconds of all the sound are drawn, in little memory,
    unless --hop is given.
    """
    from marsaudio import plot
    from marsaudio.formats import audio
    from marsaudio.loading import load, locate
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.spectra.long_term import long_term_spectrogram

    file, known = locate(source)
    check_input_is_kept(known, [output])
    opened = audio.AudioFile(file)
    first, last = audio.frame_range(start, stop, opened.frames, opened.sample_rate, opened.name)
    is_long = (last - first) / opened.sample_rate > LONG_SECONDS and hop is None
    recording = (
        long_term_spectrogram(source, n_fft=n_fft, start=start, stop=stop)
        if is_long
        else load(source, start=start, stop=stop)
    )
    picture = plot.spectrogram(
        recording,
        n_fft=n_fft,
        hop_length=hop,
        frequency_scale=scale.value,
        minimum_frequency=min_frequency,
        maximum_frequency=max_frequency,
    )
    saved = picture.save(output)
    _say_what_it_is(recording.source, recording.duration, recording.sample_rate)
    _table([("spectrogram", str(saved))])


@app.command(epilog="Example: marsaudio levels feb20_filtered --output levels.png --table levels.csv")
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
) -> None:
    """Draw how often each level occurs at each frequency.

    Memory stays small at any length.
    """
    from marsaudio import plot
    from marsaudio.loading import locate
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.spectra.long_term import spectral_probability_density

    _, known = locate(source)
    check_input_is_kept(known, [output, *([table] if table else [])])
    density = spectral_probability_density(source, seconds=seconds, n_fft=n_fft, start=start, stop=stop)
    picture = plot.spectral_probability_density(
        density, minimum_frequency=min_frequency, maximum_frequency=max_frequency
    )
    saved = [("levels", str(picture.save(output)))]
    if table:
        saved.append(("table", str(density.save(table))))
    _say_where_from(density.source)
    typer.echo(f"{density.count} levels of {density.seconds:g} s each, in {density.unit}.")
    _table(saved)


@app.command(epilog="Example: marsaudio events feb20_filtered --false-alarms 0.01 --output events.csv")
def events(
    source: SourceArgument = "sample",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write them to this file: .csv, .json, .txt for Audacity, .selections.txt for Raven.",
        ),
    ] = None,
    band: BandOption = None,
    false_alarms: RateOption = None,
    minimum_duration: DurationOption = None,
    merge_gap: GapOption = None,
) -> None:
    """Find when the wind rises above the quiet.

    In noise alone, as many events a minute are found as --false-alarms says. Memory stays small at any
    length.
    """
    from marsaudio.events.detection import detect_wind_file
    from marsaudio.formats import audio
    from marsaudio.formats.label_files import format_of_new
    from marsaudio.loading import locate, with_what_the_file_says
    from marsaudio.report.targets import check_input_is_kept

    file, known = locate(source)
    check_input_is_kept(known, [output] if output else [])
    if output is not None:
        format_of_new(output, None)  # before any work is done
    found = detect_wind_file(
        source,
        **_given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    saved = found.save(output) if output is not None else None
    opened = audio.AudioFile(file)
    known = with_what_the_file_says(known, opened.info.metadata)
    _say_what_it_is(known, found.duration, opened.sample_rate)
    _show_events(found)
    if saved is not None:
        _table([("events", str(saved))])


@app.command(epilog="Example: marsaudio clip sample --wind --start 9 --stop 12 --peak-db -1 -o gust.wav")
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
) -> None:
    """Cut a range out of a recording or a stem.

    The level stays as it is, unless --fade or --peak-db asks for a copy to listen to.
    """
    from marsaudio.loading import load
    from marsaudio.report.listening import listening_copy
    from marsaudio.report.targets import check_input_is_kept
    from marsaudio.separation.stems import separate

    if wind and rover:
        raise ParameterError(
            "--wind and --rover together are the recording itself. Give one of them or none."
        )
    recording = load(source)
    check_input_is_kept(recording.source, [output])
    part = recording.clip(start, stop)
    if wind or rover:
        # The separation learns from the whole recording, not from the clip.
        stems = separate(recording, start=start, stop=stop)
        part = stems.wind if wind else stems.rover
    copy = listening_copy(part, fade=fade, peak_db=peak_db)
    saved = copy.save(output)
    _say_what_it_is(copy.source, copy.duration, copy.sample_rate)
    change = copy.source.history[-1] if copy is not part else "the level is unchanged"
    typer.echo(f"{change[0].upper()}{change[1:]}.")
    _table([("clip", str(saved))])


@app.command(epilog="Example: marsaudio simulate --duration 30 --snr-db 6 --seed 7 --output scene")
def simulate(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write into.")],
    duration: Annotated[float | None, typer.Option(help="In seconds.")] = None,
    sample_rate: Annotated[int | None, typer.Option(help="In Hz.")] = None,
    snr_db: Annotated[float | None, typer.Option(help="Wind over rover from 20 to 500 Hz, in dB.")] = None,
    mean_speed: Annotated[float | None, typer.Option(help="Of the wind between gusts, in m/s.")] = None,
    gust_count: Annotated[int | None, typer.Option(help="How many gusts are added.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same number gives the same sound.")] = None,
    name: Annotated[str | None, typer.Option(help="What the files' names begin with.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Make the bundled sample again.")] = False,
) -> None:
    """Simulate Mars wind and rover noise.

    Writes the recording, its two parts, and the truth about its gusts.
    """
    from marsaudio.simulate import SAMPLE_NAME, sample_scene, simulate_scene

    asked = _given(
        duration=duration,
        sample_rate=sample_rate,
        snr_db=snr_db,
        mean_speed=mean_speed,
        gust_count=gust_count,
        rng=seed,
    )
    if sample and (asked or name):
        raise ParameterError("--sample makes the bundled sample as it is. Leave out the other options.")
    scene = sample_scene() if sample else simulate_scene(**asked)
    files = scene.save(output, name=name or (SAMPLE_NAME if sample else "scene"))
    typer.echo(
        f"Simulated, not recorded on Mars: {scene.recording.duration:.1f} s, {len(scene.gusts)} gusts, wind "
        f"{scene.snr_db:+.1f} dB re rover. The seed is {scene.parameters['rng']}."
    )
    _table((part, str(path)) for part, path in files.items())


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given; for the others the library has its own defaults."""
    return {name: value for name, value in options.items() if value is not None}


def _load_reference(rover_noise: str | None) -> Recording | RoverModel | None:
    """A rover model where the name ends in .json, else a recording."""
    from marsaudio.loading import load
    from marsaudio.separation.rover_model import load_rover_model

    if rover_noise is None:
        return None
    return load_rover_model(rover_noise) if rover_noise.lower().endswith(".json") else load(rover_noise)


def _say_what_it_is(source: Source, duration: float, sample_rate: float) -> None:
    title = f" ({source.title})" if source.title else ""
    steps = "".join(f", {step}" for step in source.history if not step.startswith("for listening"))
    typer.echo(f"{source.name}{title}{steps}: {duration:.3f} s at {sample_rate:g} Hz.")
    _say_where_from(source)


def _say_where_from(source: Source) -> None:
    if source.simulated:
        typer.echo("Simulated, not recorded on Mars.")
    if source.credit:
        typer.echo(f"Credit: {source.credit}")


def _show_events(events: WindEvents) -> None:
    """The events with the numbers that the picture gives them."""
    count = "1 wind event" if len(events) == 1 else f"{len(events) or 'No'} wind events"
    quiet = "" if events.quiet_level is None else f"; quiet is {events.quiet_level:.1f} {events.unit}"
    typer.echo(f"{count}{quiet}. {events.note}".rstrip())
    if not events:
        return
    for line in events.table_lines():
        typer.echo(line)


def _show_families(model: RoverModel) -> None:
    """The families among the rover's lines, one a row."""
    from marsaudio.separation.families import FAMILY_HEADER, family_row

    if not model.families:
        return
    rows = [FAMILY_HEADER, *(family_row(family) for family in model.families)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(FAMILY_HEADER))]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _table(rows: Iterable[tuple[str, str]]) -> None:
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        typer.echo(f"{name:{width}}  {value}")


def _fail(message: str) -> int:
    typer.echo(f"marsaudio: {_one_line(message)}", err=True)
    return FAILED


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _close_quietly() -> int:
    """Let the interpreter's last flush go nowhere, as the reader of the pipe has gone."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


class _OneLineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"marsaudio: {record.levelname.lower()}: {_one_line(record.getMessage())}"


@contextlib.contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLineFormatter())
    logger = logging.getLogger("marsaudio")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # those of other libraries are for who writes programs
            yield
    finally:
        logger.removeHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
