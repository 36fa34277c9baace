"""Scenes whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marsaudio.cli.options import JsonOption, given
from marsaudio.cli.printing import say, show_json, show_table
from marsaudio.errors import ParameterError


def simulate(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write into.")],
    duration: Annotated[float | None, typer.Option(help="In seconds.")] = None,
    sample_rate: Annotated[int | None, typer.Option(help="In Hz.")] = None,
    snr_db: Annotated[float | None, typer.Option(help="Wind over rover from 20 to 500 Hz, in dB.")] = None,
    mean_speed: Annotated[float | None, typer.Option(help="Of the wind between gusts, in m/s.")] = None,
    gust_count: Annotated[int | None, typer.Option(help="How many gusts are added.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same number gives the same sound.")] = None,
    name: Annotated[str | None, typer.Option(help="What the files' names begin with.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Make the bundled sample again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Simulate Mars wind and rover noise.

    Writes the recording, its two parts, and the truth about its gusts.
    """
    from marsaudio.simulate import SAMPLE_NAME, sample_scene, simulate_scene

    asked = given(
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
    if as_json:
        figures = {"duration_s": scene.recording.duration, "gusts": len(scene.gusts), "snr_db": scene.snr_db}
        show_json({"simulated": True, **figures, "seed": scene.parameters["rng"], "files": files})
        return
    say(
        f"Simulated, not recorded on Mars: {scene.recording.duration:.1f} s, {len(scene.gusts)} gusts, wind "
        f"{scene.snr_db:+.1f} dB re rover. The seed is {scene.parameters['rng']}."
    )
    show_table((part, str(path)) for part, path in files.items())
