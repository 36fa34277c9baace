"""The command ``marsaudio``: what the library does, from a terminal.

Results go to standard output, warnings and errors to standard error, one line each. Exit codes: 0 done,
1 it was, but of a batch some recordings failed, 2 it could not be done and the line says why, 130
interrupted. What takes long to import is imported by the
commands that use it, so that ``marsaudio --help`` is quick.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from marsaudio import __version__
from marsaudio.cli import batch, events, pictures, recordings, separation, simulation
from marsaudio.cli.wording import in_options, options_of
from marsaudio.errors import MarsAudioError

FAILED, INTERRUPTED, BROKEN_PIPE = 2, 130, 141  # as shells have it: 128 + the signal's number

app = typer.Typer(
    name="marsaudio",
    help="Hear Mars without the rover: separate wind from rover noise in Perseverance's recordings.",
    epilog="Example: marsaudio analyze feb20_filtered --output feb20",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Name, function and example, in the order in which the help shows them.
for _name, _function, _example in (
    ("list", recordings.list_recordings, "list"),
    ("fetch", recordings.fetch, "fetch feb20_filtered feb20_rover"),
    ("info", recordings.info, "info sample"),
    ("sessions", recordings.sessions, "sessions m2020_edlcam_raw/data_audio"),
    ("analyze", separation.analyze, "analyze feb20_filtered --output feb20"),
    ("report", separation.report, "report feb20_filtered --output feb20.html"),
    ("describe", separation.describe, "describe feb20_filtered"),
    ("separate", separation.separate, "separate feb20_filtered --wind wind.wav --rover rover.wav"),
    ("fit-rover", separation.fit_rover, "fit-rover rover.wav --output rover.json"),
    (
        "spectrogram",
        pictures.spectrogram,
        "spectrogram feb20_filtered --output feb20.png --max-frequency 2000",
    ),
    ("levels", pictures.levels, "levels feb20_filtered --output levels.png --table levels.csv"),
    ("events", events.events, "events feb20_filtered --false-alarms 0.01 --output events.csv"),
    ("clip", separation.clip, "clip sample --wind --start 9 --stop 12 --peak-db -1 -o gust.wav"),
    ("compare", recordings.compare, "compare feb20_rover feb20_filtered --output removed.png"),
    ("batch", batch.batch, "batch recordings --output results --jobs 2"),
    ("simulate", simulation.simulate, "simulate --duration 30 --snr-db 6 --seed 7 --output scene"),
):
    app.command(_name, epilog=f"Example: marsaudio {_example}")(_function)


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
    given = sys.argv[1:] if arguments is None else list(arguments)
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
            where = context.command_path if context else " ".join(filter(None, ("marsaudio", named)))
            message = in_options(error.format_message().rstrip(), {})
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


def _command_and_options(group: Any, arguments: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """The command that is meant, and its options by the names that the library has for them."""
    named = next((name for name in arguments if name in group.commands), None)
    return named, options_of(group.commands[named].params if named else ())


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
    def __init__(self, options: dict[str, str]) -> None:
        super().__init__()
        self._options = options

    def format(self, record: logging.LogRecord) -> str:
        message = in_options(_one_line(record.getMessage()), self._options)
        return f"marsaudio: {record.levelname.lower()}: {message}"


@contextlib.contextmanager
def _warnings_on_stderr(options: dict[str, str]) -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_OneLineFormatter(options))
    logger = logging.getLogger("marsaudio")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # those of other libraries are for who writes programs
            yield
    finally:
        logger.removeHandler(handler)
