"""The command ``marsaudio``: what the library does, from a terminal.

Results go to standard output, warnings and errors to standard error, one line each; `EXIT_CODES` says how it
ends. A new command is a function in a module here and a line in `COMMANDS`. What takes long to import is
imported by the commands that use it, so that ``marsaudio --help`` is quick.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer
import typer.core

from marsaudio import __version__
from marsaudio.cli import (
    batch,
    events,
    installation,
    interrupts,
    pictures,
    recordings,
    separation,
    simulation,
    streams,
)
from marsaudio.cli.printing import harmless
from marsaudio.cli.wording import in_options, options_of
from marsaudio.errors import MarsAudioError

FAILED, INTERRUPTED, BROKEN_PIPE = 2, 130, 141  # as shells have it: 128 + the signal's number

EXIT_CODES = """Exit codes: 0 done; 1 done, but some of several failed, or doctor found a fault; 2 not
done, and the last line says why; 130 interrupted; 141 the reader of its output went away."""


class Help(typer.core.TyperGroup):
    """The commands by what people want to do."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002, D102
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(60)) for name in commands])


# What people want to do, and in it each command with its function and some examples, as the help shows them.
COMMANDS: dict[str, dict[str, tuple[Callable[..., None], tuple[str, ...]]]] = {
    "Begin here": {
        "analyze": (
            separation.analyze,
            ("analyze", "analyze feb20_filtered --output feb20", "analyze clip.wav --band 30 150"),
        ),
        "report": (separation.report, ("report", "report feb20_filtered --output feb20.html")),
        "describe": (separation.describe, ("describe", "describe sample --start 8 --stop 13")),
        "clip": (
            separation.clip,
            (
                "clip sample --wind --start 9 --stop 12 --peak-db -1 --output gust.wav",
                "clip sample --wind --gust 2 --output gust2.wav",
                "clip sample --wind --shift 300 --output higher.wav",
                "clip sample --marks --output marked.wav",
            ),
        ),
    },
    "Which recordings there are": {
        "list": (recordings.list_recordings, ("list", "list --json")),
        "fetch": (recordings.fetch, ("fetch feb20_filtered feb20_rover", "fetch --all")),
        "info": (recordings.info, ("info", "info clip.wav --json")),
        "sessions": (
            recordings.sessions,
            ("sessions m2020_edlcam_raw/data_audio", "events m2020_edlcam_raw/data_audio/session:170"),
        ),
    },
    "One step at a time": {
        "separate": (
            separation.separate,
            (
                "separate sample --wind wind.wav --rover rover.wav",
                "separate clip.wav --rover-noise rover.json",
            ),
        ),
        "fit-rover": (
            separation.fit_rover,
            (
                "fit-rover clip.wav --with-wind --output rover.json",
                "analyze clip.wav --rover-noise rover.json --output cleaner",
            ),
        ),
        "events": (
            events.events,
            (
                "events",
                "events sample --false-alarms 0.01 --output events.csv",
                "events sample --output audacity.txt",
            ),
        ),
        "spectrogram": (
            pictures.spectrogram,
            (
                "spectrogram sample --max-frequency 2000 --output sample.png",
                "spectrogram clip.wav --start 1 --stop 4 --scale linear --output part.png",
            ),
        ),
        "levels": (
            pictures.levels,
            (
                "levels sample --output levels.png --table levels.csv",
                "levels clip.wav --seconds 0.5 --max-frequency 1000 --output low.png",
            ),
        ),
        "compare": (
            recordings.compare,
            ("compare clip.wav filtered.wav", "compare feb20_rover feb20_filtered --output removed.png"),
        ),
    },
    "Many of them, and with known truth": {
        "batch": (
            batch.batch,
            ("batch recordings --output results --jobs 2", "batch recordings --output results --no-stems"),
        ),
        "simulate": (
            simulation.simulate,
            (
                "simulate --duration 30 --snr-db 6 --seed 7 --output scene",
                "simulate --sample --output sample",
            ),
        ),
    },
    "When something is wrong": {"doctor": (installation.doctor, ("doctor", "doctor --json"))},
}


def _examples(commands: Sequence[str]) -> str:
    """Lines that the help leaves as they are."""
    return "\n".join(["\b", "Examples:", *(f"  marsaudio {command}" for command in commands)])


app = typer.Typer(
    name="marsaudio",
    help="Hear Mars without the rover: separate wind from rover noise in Perseverance's recordings.",
    epilog="\n\n".join(
        [
            _examples(["analyze", "report feb20_filtered --output feb20.html", "clip --help"]),
            EXIT_CODES,
        ]
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=True,
    cls=Help,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _commands in COMMANDS.values():
    for _name, (_function, _shown) in _commands.items():
        app.command(_name, epilog=_examples(_shown))(_function)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code.

    Parameters
    ----------
    arguments
        What follows ``marsaudio`` on the command line. None takes this process's own, which is to end then.
    """
    if arguments is not None:
        return _code_of(arguments)
    try:
        interrupts.raise_again_what_python_drops()
        code = _code_of(sys.argv[1:])
        interrupts.leave_to_the_system()
    except KeyboardInterrupt:  # after all was done
        code = INTERRUPTED
    return code


def _code_of(given: Sequence[str]) -> int:
    try:
        code = _run(list(given))
    except KeyboardInterrupt:  # also before there is a command that could be interrupted
        code = INTERRUPTED
    if code == INTERRUPTED:
        _tell("interrupted")
    return code


def _run(given: list[str]) -> int:
    """Run the command, and say in a line why, where it cannot be done."""
    streams.open_missing()
    with contextlib.suppress(AttributeError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    command = typer.main.get_command(app)
    named, options = _command_and_options(command, given)
    with _warnings_on_stderr(options):
        try:
            code = command.main(
                args=given,
                prog_name="marsaudio",
                standalone_mode=False,
            )
        except MarsAudioError as error:
            return _fail(in_options(str(error), options))
        except typer.Abort:
            code = INTERRUPTED
        except BrokenPipeError:
            streams.close_quietly()
            code = BROKEN_PIPE
        except OSError as error:
            if not streams.is_about_output(error):
                raise
            streams.close_quietly()
            return _fail(f"Cannot write to standard output: {error.strerror or error}.")
        except SystemExit as stop:  # how typer leaves when the reader of a pipe has gone
            if stop.code == 1:
                streams.close_quietly()
            code = BROKEN_PIPE if stop.code == 1 else stop.code
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            # A wrong option or argument. Its class has moved between releases of typer; its method has not.
            context = getattr(error, "ctx", None)
            where = context.command_path if context else " ".join(filter(None, ("marsaudio", named)))
            message = in_options(error.format_message().rstrip(), {})
            end = "" if message.endswith(("?", ".")) else "."
            return _fail(f"{message}{end} See '{where} --help'.")
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


def _command_and_options(group: Any, arguments: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """The command that is meant, and its options by the names that the library has for them."""
    named = next((name for name in arguments if name in group.commands), None)
    return named, options_of(group.commands[named].params if named else ())


def _fail(message: str) -> int:
    _tell(_one_line(message))
    return FAILED


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # the exit code tells it where standard error is full
        typer.echo(f"marsaudio: {harmless(line)}", err=True)


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


class _OneLineFormatter(logging.Formatter):
    def __init__(self, options: dict[str, str]) -> None:
        super().__init__()
        self._options = options

    def format(self, record: logging.LogRecord) -> str:
        message = in_options(_one_line(record.getMessage()), self._options)
        return f"marsaudio: {record.levelname.lower()}: {harmless(message)}"


@contextlib.contextmanager
def _warnings_on_stderr(options: dict[str, str]) -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLineFormatter(options))
    logger = logging.getLogger("marsaudio")
    logger.addHandler(handler)
    # Python itself shows what other libraries log, unless somebody takes it.
    others = logging.NullHandler()
    logging.getLogger().addHandler(others)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # those of other libraries are for who writes programs
            yield
    finally:
        logger.removeHandler(handler)
        logging.getLogger().removeHandler(others)
