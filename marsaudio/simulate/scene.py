"""A scene: simulated wind and rover noise, their sum, and all that is known about them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import replace_together_when_complete, write_text
from marsaudio.errors import ParameterError
from marsaudio.formats.audio import write_audio
from marsaudio.recording import Recording
from marsaudio.simulate.limits import (
    RandomState,
    check_duration,
    check_range,
    check_sample_rate,
    choose_seed,
    frames_of,
    spawn_generators,
)
from marsaudio.simulate.rover import PUMP_FREQUENCY, SIDEBAND_LEVELS, simulate_rover
from marsaudio.simulate.wind import (
    GUST_SHORTEST,
    WIND_SPEED_RATE,
    GustShape,
    draw_gusts,
    find_gusts,
    simulate_wind,
    simulate_wind_speed,
)
from marsaudio.source import Source

Array = npt.NDArray[np.float64]

SNR_BAND = (20.0, 500.0)  # Hz
GUST_BAND = (20.0, 250.0)  # Hz
STEP = 2.0**-15  # of 16-bit samples
TRUTH_VERSION = 1


@dataclass(frozen=True)
class Gust:
    """A gust as it truly was, from the wind's speed and not from the sound.

    Attributes
    ----------
    start, end : float
        In s from the recording's first sample; see `find_gusts` for the rule.
    peak_time : float
        When the speed was highest, in s.
    peak_speed : float
        In m/s.
    snr_db : float
        Energy of the wind over energy of the rover in 20-250 Hz from start to end, in dB.

    Examples
    --------
    >>> from marsaudio.simulate import simulate_scene
    >>> gust = simulate_scene(10.0, gust_count=1, rng=7).gusts[0]
    >>> f"{gust.start:.1f} to {gust.end:.1f} s, up to {gust.peak_speed:.1f} m/s"
    '5.2 to 7.1 s, up to 11.2 m/s'
    """

    start: float
    end: float
    peak_time: float
    peak_speed: float
    snr_db: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A simulated recording and its truth.

    Attributes
    ----------
    recording, wind, rover : Recording
        One channel each, on the grid of 16-bit samples; wind + rover is the recording, to the bit.
    wind_speed : ndarray of float64, shape (n,)
        In m/s.
    wind_speed_rate : float
        How many speeds there are a second, in Hz; the first belongs to the first sample.
    gusts : tuple of Gust
    snr_db : float
        Wind over rover in 20-500 Hz, as it came out, in dB.
    parameters : dict
        What `simulate_scene` was called with. ``simulate_scene(**scene.parameters)`` makes it again.

    Examples
    --------
    >>> from marsaudio.simulate import simulate_scene
    >>> scene = simulate_scene(10.0, gust_count=1, rng=7)
    >>> scene
    <marsaudio.simulate.Scene: 10.000 s, 48000 Hz, wind +0.0 dB re rover, 1 gusts>
    >>> scene.truth()["simulated"]
    True
    """

    recording: Recording
    wind: Recording
    rover: Recording
    wind_speed: Array
    wind_speed_rate: float
    gusts: tuple[Gust, ...]
    snr_db: float
    parameters: dict[str, Any]

    def truth(self) -> dict[str, Any]:
        """What is known about the scene, as it can be written to JSON."""
        return {
            "format": "marsaudio simulated scene",
            "version": TRUTH_VERSION,
            "simulated": True,
            "duration": self.recording.duration,
            "sample_rate": self.recording.sample_rate,
            "snr_db": round(self.snr_db, 3),
            "snr_band": list(SNR_BAND),
            "gusts": [_rounded(asdict(gust)) for gust in self.gusts],
            "gust_snr_band": list(GUST_BAND),
            "parameters": self.parameters,
            "wind_speed_rate": self.wind_speed_rate,
            "wind_speed": np.round(self.wind_speed, 3).tolist(),
        }

    def save(self, directory: str | os.PathLike[str], *, name: str = "scene") -> dict[str, Path]:
        """Save the recording as WAV, its two parts as FLAC, and the truth as JSON.

        Parameters
        ----------
        directory
            Made when it is missing. Files of the same names are replaced.
        name
            What the files' names begin with.

        Returns
        -------
        dict of str to pathlib.Path
            ``"recording"``: ``name.wav``, ``"wind"``: ``name_wind.flac``, ``"rover"``: ``name_rover.flac``,
            ``"truth"``: ``name_truth.json``.

        Raises
        ------
        ParameterError
            `name` is empty or holds a folder.
        OutputError
            A file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from marsaudio.simulate import simulate_scene
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = simulate_scene(2.0, gust_count=0, rng=1).save(folder)
        >>> files["wind"].name
        'scene_wind.flac'
        """
        if not name or Path(name).name != name:
            raise ParameterError(
                f"name={name!r} must be a plain file name. Give the folder as the directory."
            )
        directory = Path(directory)
        parts = {
            "recording": (self.recording, f"{name}.wav"),
            "wind": (self.wind, f"{name}_wind.flac"),
            "rover": (self.rover, f"{name}_rover.flac"),
        }
        files = {part: directory / file for part, (_, file) in parts.items()}
        truth = self.truth()
        speed = truth.pop("wind_speed")  # last, as it is long
        truth |= {"files": {part: file for part, (_, file) in parts.items()}, "wind_speed": speed}
        files["truth"] = directory / f"{name}_truth.json"
        with replace_together_when_complete(files.values()) as temporaries:
            written = dict(zip(files, temporaries, strict=True))
            for part, (recording, _) in parts.items():
                write_audio(
                    written[part],
                    recording.samples,
                    recording.sample_rate,
                    encoding="PCM_16",
                    title=recording.source.title,
                    comment=recording.source.credit,
                )
            write_text(written["truth"], _json_text(truth))
        return files

    def __repr__(self) -> str:
        return (
            f"<marsaudio.simulate.Scene: {self.recording.duration:.3f} s, {self.recording.sample_rate:g} Hz, "
            f"wind {self.snr_db:+.1f} dB re rover, {len(self.gusts)} gusts>"
        )


def simulate_scene(
    duration: float = 18.0,
    *,
    sample_rate: int = 48000,
    snr_db: float = 0.0,
    mean_speed: float = 3.5,
    turbulence_intensity: float = 0.2,
    length_scale: float = 20.0,
    gust_count: int = 3,
    gusts: Sequence[GustShape | Mapping[str, float]] | None = None,
    level_exponent: float = 4.0,
    obstacle_size: float = 0.05,
    roll_off: float = 3.0,
    pump_frequency: float = PUMP_FREQUENCY,
    harmonics: int = 82,
    line_slope: float = -3.0,
    relative_drift: float = 2e-5,
    amplitude_modulation: float = 0.03,
    sideband_levels: Mapping[float, float] | Sequence[Sequence[float]] = SIDEBAND_LEVELS,
    clock_level: float | None = -40.0,
    shaft_level: float | None = None,
    electronics_level: float | None = -50.0,
    electronics_knee: float = 150.0,
    click_rate: float = 0.5,
    click_level: float = 6.0,
    peak: float = 0.5,
    lead_in: float = 0.0,
    rng: RandomState = None,
) -> Scene:
    """Simulate what the EDL microphone hears on Mars: wind and rover, with the truth about both.

    Wind and rover noise are made apart, brought to the asked ratio, scaled together, and rounded
    each to 16-bit samples; the recording is their sum, so that no rounding stands between it and its
    parts. Gusts, turbulence, wind noise and each part of the rover draw from random generators of their
    own: what one parameter does not concern stays the same realisation, up to the common scale.

    Parameters
    ----------
    duration
        In s, from 1 to 3600. Ten minutes at 48 kHz take about half a minute and 2 GB.
    sample_rate
        In Hz, whole, from 8000 to 192000. The wind's realisation does not depend on it.
    snr_db
        Wind over rover: the ratio of their mean powers in 20-500 Hz over the whole scene, in dB, from -40
        to 40. Most of the wind's power is in its gusts: between them, the ratio is lower.
    mean_speed, turbulence_intensity, length_scale
        The wind between gusts; see `marsaudio.simulate.simulate_wind_speed`.
    gust_count
        How many gusts `marsaudio.simulate.draw_gusts` adds. How many there are in the end is up to the
        speed: `marsaudio.simulate.find_gusts` may find one more where turbulence alone is strong, or join
        two.
    gusts
        These gusts instead, as `marsaudio.simulate.GustShape` or as dicts of its attributes; `gust_count`
        is not used then.
    level_exponent, obstacle_size, roll_off
        From speed to sound; see `marsaudio.simulate.simulate_wind`.
    pump_frequency, harmonics, line_slope, relative_drift, amplitude_modulation, sideband_levels, \
    clock_level, shaft_level, electronics_level, electronics_knee, click_rate, click_level
        The rover; see `marsaudio.simulate.simulate_rover`. `sideband_levels` may also be pairs, as JSON
        holds them.
    peak
        The highest absolute sample of the recording and its two parts, of a full scale of 1.0.
    lead_in
        Seconds of digital silence instead of the first samples, as in NASA's files (0.03).
    rng
        A seed, a generator, or None for another scene each time. ``Scene.parameters`` holds the seed in
        each case. Equal seeds give equal samples as long as NumPy draws the same random numbers.

    Returns
    -------
    Scene

    Raises
    ------
    ParameterError
        A value outside of its range.

    See Also
    --------
    marsaudio.simulate.sample_scene : The scene that comes with marsaudio.
    marsaudio.simulate.simulate_wind : Only the wind.
    marsaudio.simulate.simulate_rover : Only the rover.

    Examples
    --------
    >>> from marsaudio.simulate import simulate_scene
    >>> scene = simulate_scene(10.0, snr_db=6.0, gust_count=2, rng=7)
    >>> bool((scene.wind.samples + scene.rover.samples == scene.recording.samples).all())
    True
    """
    parameters = dict(locals())
    duration = check_duration(duration)
    sample_rate = check_sample_rate(sample_rate)
    snr_db = check_range("snr_db", snr_db, -40.0, 40.0, "dB")
    peak = check_range("peak", peak, 0.05, 0.99, "of full scale")
    lead_in = check_range("lead_in", lead_in, 0.0, min(1.0, duration / 2), "s")
    seed = choose_seed(rng)
    for_gusts, for_speed, for_wind, for_rover = spawn_generators(seed, 4)

    if gusts is None:
        shapes = draw_gusts(gust_count, duration=duration, mean_speed=mean_speed, rng=for_gusts)
    else:
        shapes = tuple(_gust_shape(gust) for gust in gusts)
    speed = simulate_wind_speed(
        duration,
        mean_speed=mean_speed,
        turbulence_intensity=turbulence_intensity,
        length_scale=length_scale,
        gusts=shapes,
        rng=for_speed,
    )
    speed.flags.writeable = False
    frames = frames_of(duration, sample_rate)
    wind = simulate_wind(
        speed,
        sample_rate=sample_rate,
        level_exponent=level_exponent,
        obstacle_size=obstacle_size,
        roll_off=roll_off,
        rng=for_wind,
    )[:frames]
    levels = _sideband_mapping(sideband_levels)
    rover = simulate_rover(
        duration,
        sample_rate=sample_rate,
        pump_frequency=pump_frequency,
        harmonics=harmonics,
        line_slope=line_slope,
        relative_drift=relative_drift,
        amplitude_modulation=amplitude_modulation,
        sideband_levels=levels,
        clock_level=clock_level,
        shaft_level=shaft_level,
        electronics_level=electronics_level,
        electronics_knee=electronics_knee,
        click_rate=click_rate,
        click_level=click_level,
        rng=for_rover,
    )
    wind, rover = _mix(wind, rover, sample_rate, snr_db, peak, round(lead_in * sample_rate))
    parameters |= {
        "gusts": None if gusts is None else [asdict(shape) for shape in shapes],
        "sideband_levels": [[offset, level] for offset, level in levels.items()],
        "rng": seed,
    }
    return Scene(
        recording=_recording(wind + rover, sample_rate, "wind and rover"),
        wind=_recording(wind, sample_rate, "the wind alone"),
        rover=_recording(rover, sample_rate, "the rover alone"),
        wind_speed=speed,
        wind_speed_rate=WIND_SPEED_RATE,
        gusts=_labelled_gusts(speed, wind, rover, sample_rate, lead_in),
        snr_db=_ratio_db(wind, rover, sample_rate, SNR_BAND),
        parameters={name: _plain(value) for name, value in parameters.items()},
    )


def _gust_shape(gust: GustShape | Mapping[str, float]) -> GustShape:
    if isinstance(gust, GustShape):
        return gust
    try:
        return GustShape(**gust)
    except TypeError as error:
        raise ParameterError(
            f"gusts: {gust!r} is no gust. Give a GustShape, or a dict of its attributes."
        ) from error


def _sideband_mapping(levels: Mapping[float, float] | Sequence[Sequence[float]]) -> Mapping[float, float]:
    if isinstance(levels, Mapping):
        return levels
    try:
        return {offset: level for offset, level in levels}  # noqa: C416 - so that pairs are checked
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"sideband_levels={levels!r} must be a mapping or pairs of distance in Hz and level in dB."
        ) from error


def _mix(
    wind: Array, rover: Array, sample_rate: int, snr_db: float, peak: float, silent_frames: int
) -> tuple[Array, Array]:
    """Bring wind and rover to their ratio and level, and round both to 16-bit samples."""
    wind[:silent_frames] = 0.0
    rover[:silent_frames] = 0.0
    rover = rover * 10 ** ((_ratio_db(wind, rover, sample_rate, SNR_BAND) - snr_db) / 20)
    # No part may leave full scale either: at some samples the two cancel.
    loudest = max(float(np.abs(part).max()) for part in (wind + rover, wind, rover))
    scale = (peak - STEP) / loudest / STEP  # one step less, as both may be rounded up
    return np.rint(wind * scale) * STEP, np.rint(rover * scale) * STEP


def _labelled_gusts(
    speed: Array, wind: Array, rover: Array, sample_rate: int, lead_in: float
) -> tuple[Gust, ...]:
    gusts = []
    for start, end in find_gusts(speed):
        start, end = max(start, lead_in), min(end, len(wind) / sample_rate)
        if end - start < GUST_SHORTEST:
            continue
        first, last = round(start * WIND_SPEED_RATE), round(end * WIND_SPEED_RATE)
        highest = first + int(np.argmax(speed[first:last]))
        part = slice(round(start * sample_rate), round(end * sample_rate))
        ratio = _ratio_db(wind[part], rover[part], sample_rate, GUST_BAND)
        gusts.append(Gust(start, end, highest / WIND_SPEED_RATE, float(speed[highest]), ratio))
    return tuple(gusts)


def _ratio_db(wind: Array, rover: Array, sample_rate: int, band: tuple[float, float]) -> float:
    energies = [_band_energy(part, sample_rate, band) for part in (wind, rover)]
    # A part that rounding left without a sample counts as one step in all.
    return 10 * math.log10(max(energies[0], STEP**2) / max(energies[1], STEP**2))


def _band_energy(samples: Array, sample_rate: int, band: tuple[float, float]) -> float:
    """The energy between two frequencies, from blocks of some 4 s, so that memory stays small."""
    energy = 0.0
    for block in np.array_split(samples, math.ceil(len(samples) / (4 * sample_rate))):
        frequencies = np.fft.rfftfreq(len(block), 1 / sample_rate)
        inside = (frequencies >= band[0]) & (frequencies < band[1])
        energy += 2 * float((np.abs(np.fft.rfft(block)[inside]) ** 2).sum()) / len(block)
    return energy


def _recording(samples: Array, sample_rate: int, what: str) -> Recording:
    exact = samples.astype(np.float32)
    exact.flags.writeable = False
    source = Source(
        title=f"Simulated Mars sound: {what}",
        credit="marsaudio (simulated)",
        licence="BSD-3-Clause",
        encoding="PCM_16",
        simulated=True,
    )
    return Recording(exact, sample_rate, source=source)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's, which JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}


def _json_text(truth: Mapping[str, Any]) -> str:
    """JSON with one entry a line, and a list of many numbers on one line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in truth.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
