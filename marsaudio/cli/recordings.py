"""What there is: the recordings with a key, the sessions in a folder, and what is known about one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from marsaudio.cli.options import JsonOption, SourceArgument, complete_key
from marsaudio.cli.printing import harmless, say, show_columns, show_flush_table, show_json, show_table
from marsaudio.errors import MarsAudioError, ParameterError

SOME_FAILED = 1
VERIFIED = {True: "yes", False: "DAMAGED", None: "unknown"}


def list_recordings(as_json: JsonOption = False) -> None:
    """Show the recordings that have a key.

    Those that are not here are downloaded when they are first used. Of those that are here, the size, and
    whether they are what the catalog, or the first download, says.
    """
    from marsaudio import catalog

    keys = catalog.keys()
    if as_json:
        show_json([_entry(key) for key in keys])
        return
    rows = []
    for key in keys:
        entry, path = catalog.entry(key), catalog.local_path(key)
        length = "" if entry.duration is None else f"{entry.duration:.1f} s"
        here = "no" if path is None else f"{path.stat().st_size / 1e6:.2f} MB"
        verified = "" if path is None else VERIFIED[catalog.is_verified(key)]
        rows.append((key, length, here, verified, entry.title))
    show_columns(("key", "length", "here", "verified", "title"), rows, right=("length", "here"))


def _entry(key: str) -> dict[str, Any]:
    """What the catalog says about a recording, and whether it is here."""
    from marsaudio import catalog

    entry, path = catalog.entry(key), catalog.local_path(key)
    return {
        "key": key,
        "title": entry.title,
        "simulated": entry.simulated,
        "microphone": entry.microphone,
        "sol": entry.sol,
        "duration_s": entry.duration,
        "sample_rate_hz": entry.sample_rate,
        "credit": entry.credit,
        "note": entry.note,
        "path": path,
        "size_bytes": None if path is None else path.stat().st_size,
        "verified": None if path is None else catalog.is_verified(key),
    }


def fetch(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", autocompletion=complete_key, help="Keys that 'marsaudio list' shows."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All recordings that have a key.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Download recordings by their keys.

    Shows where they are; what is here already is checked and kept. Of several, those that cannot be had do
    not keep the others away.
    """
    from marsaudio import catalog

    if bool(keys) == every:
        raise ParameterError(
            "Name the keys of recordings, or give --all instead of them. 'marsaudio list' shows all."
        )
    wanted = list(catalog.keys()) if every else list(keys or ())
    for key in wanted:
        catalog.entry(key)  # before anything is downloaded
    found, failures = {}, {}
    for key in wanted:
        try:
            found[key] = catalog.fetch(key)
        except MarsAudioError as error:
            if len(wanted) == 1:
                raise
            failures[key] = str(error)
            typer.echo(harmless(f"{key}: {error}"), err=True)
            continue
        if not as_json:
            say(f"{key}: {found[key]}")
    if as_json:
        show_json({"files": found, "failures": failures})
    if failures:
        raise typer.Exit(SOME_FAILED)


def sessions(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="With one-second products, or the label of their collection."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show the sessions in a folder of the archive.

    Of the EDL microphone, whose products are a second each. Each is a recording of its own, under the name
    in the first column: 'marsaudio events FOLDER/session:170'.
    """
    from marsaudio.formats.pds4.sessions import find_sessions, no_sessions
    from marsaudio.mars_time import clock

    found = find_sessions(folder)
    if not found:
        raise no_sessions(folder)
    place = folder if folder.is_dir() else folder.parent
    if as_json:
        show_json(
            [
                {
                    "session": place / one.place,
                    "duration_s": one.seconds,
                    "products": list(one.products.values()),
                    "missing": list(one.missing.values()),
                    "sol": one.sol,
                    "start_utc": one.start_time and one.start_time.utc.isoformat(),
                    "start_local_mean_solar_time": one.start_time and str(one.start_time),
                    "notes": list(one.notes),
                }
                for one in found
            ]
        )
        return
    rows = []
    for one in found:
        lacking = one.seconds - len(one.products)
        sol = "" if one.sol is None else str(one.sol)
        began = "" if one.start_time is None else clock(one.start_time.local_mean_solar_time)
        rows.append((str(place / one.place), str(one.seconds), str(lacking), sol, began))
    show_columns(
        ("session", "seconds", "missing", "sol", "local mean solar time"),
        rows,
        right=("seconds", "missing", "sol"),
    )


def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="BEFORE", autocompletion=complete_key, help="A recording, as for 'marsaudio info'."
        ),
    ],
    second: Annotated[
        str,
        typer.Argument(
            metavar="AFTER", autocompletion=complete_key, help="Another version of the same take."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Draw both spectra into this .png, .svg, .pdf or .jpg."),
    ] = None,
    removed: Annotated[
        Path | None, typer.Option(help="Write what was removed into this .wav, .flac, .ogg or .mp3.")
    ] = None,
    max_delay: Annotated[float, typer.Option(help="How far apart they may be, in seconds.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Show what was removed between two versions.

    Of the same take: they are aligned first, then their bands are compared.
    """
    from marsaudio import plot
    from marsaudio.comparison.alignment import align
    from marsaudio.comparison.removal import compare
    from marsaudio.formats.encodings import container_of
    from marsaudio.loading import load
    from marsaudio.plot.picture import picture_format
    from marsaudio.report.targets import check_input_is_kept

    if removed is not None:
        container_of(removed)  # before any work is done
    if output is not None:
        picture_format(output)
    before, after = load(first), load(second)
    for recording in (before, after):
        check_input_is_kept(recording.source, [path for path in (output, removed) if path is not None])
    alignment = align(before, after, max_delay=max_delay)
    found = compare(before, after, alignment=alignment)
    saved = []
    if output is not None:
        saved.append(("picture", str(plot.comparison(found).save(output))))
    if removed is not None:
        saved.append(("removed", str(found.removed.save(removed))))
    if as_json:
        show_json(
            {
                "before": before.source.name,
                "after": after.source.name,
                "delay_ms": 1000 * alignment.delay,
                "delay_uncertainty_ms": 1000 * alignment.delay_uncertainty,
                "gain_db": alignment.gain_db,
                "inverted": alignment.inverted,
                "coherent_hz": [alignment.low, alignment.high],
                "explained": alignment.explained,
                "level_unit": found.unit,
                "bands": [
                    {
                        "low_hz": band.low,
                        "high_hz": band.high,
                        "before_db": band.before,
                        "after_db": band.after,
                        "change_db": band.change,
                        "explained": band.explained,
                    }
                    for band in found.bands
                ],
                "files": dict(saved),
            }
        )
        return
    side = "later" if alignment.delay >= 0 else "earlier"
    say(
        f"The second is {abs(alignment.delay) * 1000:.4f} ms {side} "
        f"(± {alignment.delay_uncertainty * 1000:.4f}), "
        f"{alignment.gain_db:+.2f} dB{', and upside down' if alignment.inverted else ''}; they are coherent "
        f"from {alignment.low:.0f} to {alignment.high:.0f} Hz. Levels are in {found.unit}."
    )
    show_flush_table(found.table_lines())
    if saved:
        show_table(saved)


def info(source: SourceArgument = "sample", as_json: JsonOption = False) -> None:
    """Show what is known about a recording.

    Its format, length, channels, peak and level, where it comes from, and what the file says about itself.
    """
    from marsaudio import catalog
    from marsaudio.report.facts import file_facts, file_figures

    if as_json:
        is_away = source in catalog.keys() and catalog.local_path(source) is None  # noqa: SIM118 (a function)
        show_json(_entry(source) if is_away else file_figures(source))
        return
    show_table(file_facts(source).items())
