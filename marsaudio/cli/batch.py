"""Many recordings."""

from __future__ import annotations

from enum import StrEnum
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
    calibration_of,
    complete_key,
    given,
    load_reference,
)
from marsaudio.cli.printing import harmless, say, show_json, show_table, somebody_waits

if TYPE_CHECKING:
    from marsaudio.batch import BatchReport

MOST_FAILURES = 20  # that are shown; the table has them all
SOME_FAILED = 1


class BackendName(StrEnum):
    """What works on several recordings at a time."""

    loky = "loky"
    threading = "threading"
    dask = "dask"


def batch(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            autocompletion=complete_key,
            help="Folders, patterns in quotation marks, manifests (.txt, .csv), files, labels or keys.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder, or one to go on in.")],
    jobs: Annotated[
        int | None, typer.Option(help="How many at a time: one on each processor if left out.")
    ] = None,
    backend: Annotated[
        BackendName | None, typer.Option(help="Processes (loky, if left out), threads, or a Dask cluster.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a Dask scheduler, whose workers do it.")
    ] = None,
    stems: Annotated[bool, typer.Option(help="Write wind.wav and rover.wav.")] = True,
    rover_noise: NoiseOption = None,
    pascal: PascalOption = None,
    calibration_source: CalibrationSourceOption = None,
    sample_rate: SampleRateOption = None,
    band: BandOption = None,
    false_alarms: RateOption = None,
    minimum_duration: DurationOption = None,
    merge_gap: GapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Separate many recordings and find their wind.

    Writes stems, events and levels of each, summary.csv of all recordings and events.csv of all events. What
    was stopped goes on when it is started again. Exit code 1 means that some recordings failed.
    """
    from marsaudio.batch import run

    report = run(
        sources,
        output,
        stems=stems,
        rover_noise=load_reference(rover_noise),
        calibration=calibration_of(pascal, calibration_source),
        sample_rate=sample_rate,
        jobs=jobs,
        backend=None if backend is None else backend.value,
        scheduler=scheduler,
        progress=somebody_waits(),
        **given(
            false_alarms_per_minute=false_alarms,
            band=band,
            minimum_duration=minimum_duration,
            merge_gap=merge_gap,
        ),
    )
    if as_json:
        show_json(
            {
                "total": report.total,
                "computed": report.computed,
                "kept": report.kept,
                "failures": report.failures,
                "duration_s": report.duration,
                "elapsed_s": report.elapsed,
                "files": {"output": report.output, "summary": report.summary, "events": report.events},
            }
        )
    else:
        _show(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def _show(report: BatchReport) -> None:
    from marsaudio.batch.progress import span

    done = report.computed + report.kept
    count = "1 recording" if report.total == 1 else f"{report.total} recordings"
    before = f", {report.kept} of them before" if report.kept else ""
    say(f"{count}: {done} done{before}, {len(report.failures)} failed.")
    if report.computed:
        rate = report.duration / report.elapsed
        say(f"{span(report.duration)} of sound in {span(report.elapsed)}: {rate:.2g} s of sound a second.")
    for name, reason in list(report.failures.items())[:MOST_FAILURES]:
        line = " ".join(f"{name!r} failed: {reason}".splitlines())
        typer.echo(f"marsaudio: warning: {harmless(line)}", err=True)
    if len(report.failures) > MOST_FAILURES:
        more = len(report.failures) - MOST_FAILURES
        where = harmless(str(report.summary))
        typer.echo(f"marsaudio: warning: {more} more failed; {where} says why.", err=True)
    show_table([("summary", str(report.summary)), ("events", str(report.events))])
