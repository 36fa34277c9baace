"""What all recordings of a batch are worked on with, kept in the folder of its results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marsaudio import __version__
from marsaudio.atomic import kind_of, write_text
from marsaudio.calibration import Calibration
from marsaudio.errors import OutputError, ParameterError
from marsaudio.events.detection import detection_settings
from marsaudio.json_file import read_json
from marsaudio.recording import Recording, require_recording, validated_rate
from marsaudio.separation.rover_fit import fit_rover
from marsaudio.separation.rover_model import RoverModel

RUN_FILE = "run.json"
RUN_VERSION = 1


@dataclass(frozen=True, eq=False)
class Settings:
    """How each recording is worked on.

    Attributes
    ----------
    stems : bool
        Whether wind and rover are written.
    detection : dict
        All arguments of `marsaudio.detect_wind`.
    rover_noise : RoverModel or None
        What the separation is given as its reference.
    calibration : Calibration or None
        Of all recordings.
    sample_rate : float or None
        Of tables whose labels do not state it, in Hz.
    """

    stems: bool
    detection: Mapping[str, Any]
    rover_noise: RoverModel | None
    calibration: Calibration | None = None
    sample_rate: float | None = None

    @classmethod
    def of(
        cls,
        *,
        stems: bool,
        rover_noise: Recording | RoverModel | None,
        detection: Mapping[str, Any],
        calibration: Calibration | None = None,
        sample_rate: float | None = None,
    ) -> Settings:
        """Check them all, before any work is done."""
        if rover_noise is not None:
            if not stems:
                raise ParameterError(
                    "stems=False writes no stems, and rover_noise is for them. Leave out one of the two."
                )
            if not isinstance(rover_noise, RoverModel):
                require_recording(rover_noise, "rover_noise=...")
                rover_noise = fit_rover(rover_noise)
        if calibration is not None and not isinstance(calibration, Calibration):
            raise ParameterError(
                f"calibration={calibration!r} must be a marsaudio.Calibration, or None for levels in dB re "
                "full scale."
            )
        rate = None if sample_rate is None else validated_rate(sample_rate)
        return cls(bool(stems), detection_settings(**detection), rover_noise, calibration, rate)

    def described(self) -> dict[str, Any]:
        """For a file: two settings that differ are described differently."""
        low, high = self.detection["band"]
        return {
            "stems": self.stems,
            **{name: value for name, value in self.detection.items() if name != "band"},
            "band_low": low,
            "band_high": high,
            "rover_noise": None if self.rover_noise is None else self.rover_noise.source.name,
            "rover_noise_sha256": None if self.rover_noise is None else _checksum(self.rover_noise),
            **self._further(),
        }

    def _further(self) -> dict[str, Any]:
        """What is only said where it was given."""
        found: dict[str, Any] = {}
        if self.calibration is not None:
            found["calibration"] = asdict(self.calibration)
        if self.sample_rate is not None:
            found["sample_rate"] = self.sample_rate
        return found


def _checksum(model: RoverModel) -> str:
    return hashlib.sha256(model.to_json().encode("utf-8", "backslashreplace")).hexdigest()


def keep_settings(output: Path, sources: Sequence[str], settings: Settings, *, own: frozenset[str]) -> None:
    """Write ``run.json`` into a new folder; go on in one whose ``run.json`` says the same.

    Parameters
    ----------
    own
        Names in the folder that do not count as something else's.

    Raises
    ------
    ParameterError
        The folder belongs to a batch of other recordings, with other settings, or by another version. More
        recordings than before are no others.
    OutputError
        The folder holds something else, or cannot be written.
    """
    path = output / RUN_FILE
    text = json.dumps(
        {
            "format": "marsaudio batch",
            "version": RUN_VERSION,
            "marsaudio": __version__,
            "sources": list(sources),
            "settings": settings.described(),
        },
        indent=2,
    )
    wanted = json.loads(text)  # as it is read again: of tuples, lists are kept
    if kind_of(path) == "nothing":
        other = sorted(entry.name for entry in output.iterdir() if entry.name not in own)
        if other:
            raise OutputError(
                f"Cannot write into {str(output)!r}: it holds {other[0]!r}, which no batch wrote, and has no "
                f"{RUN_FILE}. Name an empty or a new folder."
            )
        write_text(path, text + "\n")
        return
    held = _read(path)
    _check_same(output, held, wanted)
    if held["sources"] != wanted["sources"]:
        write_text(path, text + "\n")


def _check_same(output: Path, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Let recordings be added to those from before, and nothing else differ."""
    go_on = "Give what was given before to go on there, or name another folder."
    if held.get("marsaudio") != __version__:
        raise ParameterError(
            f"{str(output)!r} was begun by marsaudio {held.get('marsaudio')}, and this is {__version__}: "
            "their results may differ. Go on with that version, or name another folder."
        )
    missing = [source for source in held["sources"] if source not in wanted["sources"]]
    if missing:
        raise ParameterError(
            f"{str(output)!r} was begun with the recordings {missing[0]!r}, which are not given now. {go_on} "
            f"If they have only moved, write so into {RUN_FILE} there."
        )
    # Also what was only given before: to go on without it would mix results.
    for name in dict.fromkeys([*wanted["settings"], *held["settings"]]):
        before, now = held["settings"].get(name), wanted["settings"].get(name)
        if before != now:
            raise ParameterError(
                f"{str(output)!r} was begun with {name}={before!r}, and now it is {now!r}. {go_on}"
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        held = read_json(path)
        if not isinstance(held, dict) or held.get("format") != "marsaudio batch":
            raise ValueError("it was not written by a batch")
        if held.get("version") != RUN_VERSION:
            raise ValueError(f"it is of version {held.get('version')!r}, not {RUN_VERSION}")
        if not isinstance(held.get("settings"), dict) or not isinstance(held.get("sources"), list):
            raise ValueError("it does not say what the batch was begun with")
    except (OSError, ValueError) as error:
        raise OutputError(
            f"Cannot go on in {str(path.parent)!r}: {RUN_FILE} in it cannot be read ({error}). Name another "
            "folder."
        ) from error
    return held
