"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from marsaudio.recording import Recording
    from marsaudio.separation.rover_model import RoverModel

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


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; for the others the library has its own defaults."""
    return {name: value for name, value in options.items() if value is not None}


def load_reference(rover_noise: str | None) -> Recording | RoverModel | None:
    """A rover model where the name ends in .json, else a recording."""
    from marsaudio.loading import load
    from marsaudio.separation.rover_model import load_rover_model

    if rover_noise is None:
        return None
    return load_rover_model(rover_noise) if rover_noise.lower().endswith(".json") else load(rover_noise)
