"""What there is: the recordings with a key, and what is known about one."""

from __future__ import annotations

from typing import Annotated

import typer

from marsaudio.cli.options import SourceArgument
from marsaudio.cli.printing import show_table


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


def info(source: SourceArgument = "sample") -> None:
    """Show what is known about a recording.

    Its format, length, channels, peak and level, where it comes from, and what the file says about itself.
    """
    from marsaudio.report.facts import file_facts

    show_table(file_facts(source).items())
