"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from marsaudio.errors import ParameterError

if TYPE_CHECKING:
    from marsaudio.calibration import Calibration
    from marsaudio.recording import Recording
    from marsaudio.separation.rover_model import RoverModel


class TimeAxisName(StrEnum):
    """What a time axis shows."""

    seconds = "seconds"
    utc = "utc"
    local_mean = "local_mean"
    local_true = "local_true"


def complete_key(incomplete: str) -> list[str]:
    """The keys of the catalog that begin so, for the shell; it completes the names of files by itself."""
    from marsaudio import catalog

    return [key for key in catalog.keys() if key.startswith(incomplete)]  # noqa: SIM118 (a function)


SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        autocompletion=complete_key,
        help="A key (see 'marsaudio list'), an audio file, a PDS4 label, or FOLDER/session:N.",
    ),
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
    typer.Option(
        metavar="REF",
        autocompletion=complete_key,
        help="The rover alone: a recording of it, or a .json that fit-rover wrote.",
    ),
]
PascalOption = Annotated[
    float | None,
    typer.Option(
        "--pascal-per-full-scale",
        metavar="PA",
        help="What a sample of 1.0 is in Pa: levels are then in dB re 20 µPa. Say who says so, too.",
    ),
]
CalibrationSourceOption = Annotated[
    str | None,
    typer.Option("--calibration-source", metavar="TEXT", help="Who says what full scale is in Pa."),
]
TimeAxisOption = Annotated[
    TimeAxisName,
    typer.Option(
        "--time-axis",
        help="Seconds, or the time of day: utc, local_mean or local_true, where the start is known.",
    ),
]
SampleRateOption = Annotated[
    float | None,
    typer.Option(help="In Hz, of tables of samples whose labels do not state it: 25000 or 100000."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead, for programs to read.")
]
StartOption = Annotated[float, typer.Option(help="From here, in seconds.")]
StopOption = Annotated[float | None, typer.Option(help="Up to here, in seconds; the end if left out.")]


def calibration_of(pascal: float | None, source: str | None) -> Calibration | None:
    """What both options say, if anything."""
    from marsaudio.calibration import Calibration

    if pascal is None and source is None:
        return None
    if pascal is None or source is None:
        raise ParameterError(
            "--pascal-per-full-scale and --calibration-source belong together: the figure, and who says so."
        )
    return Calibration(pascal, source)


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; for the others the library has its own defaults."""
    return {name: value for name, value in options.items() if value is not None}


def load_reference(rover_noise: str | None, targets: Iterable[Path] = ()) -> Recording | RoverModel | None:
    """A rover model where the name ends in .json, else a recording; no target may replace it."""
    from marsaudio.loading import load
    from marsaudio.separation.rover_model import load_rover_model
    from marsaudio.source import is_same_place

    if rover_noise is None:
        return None
    for target in targets:
        if is_same_place(Path(rover_noise), target):
            raise ParameterError(
                f"The output {str(target)!r} would replace --rover-noise. Give it another name or folder."
            )
    return load_rover_model(rover_noise) if rover_noise.lower().endswith(".json") else load(rover_noise)
