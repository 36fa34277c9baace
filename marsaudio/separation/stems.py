"""Two stems from one recording, wind and rover, whose sum is the recording to the bit."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

from marsaudio.atomic import place_of, replace_together_when_complete
from marsaudio.errors import ParameterError
from marsaudio.formats import audio
from marsaudio.loading import of_part, open_sound
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.doubt import BandLevels, Doubt, doubt_about
from marsaudio.separation.learning import Learned
from marsaudio.separation.lines import distinct_lines
from marsaudio.separation.model import WindModel
from marsaudio.separation.reference import RoverReference
from marsaudio.separation.rover_fit import rover_reference
from marsaudio.separation.rover_model import RoverModel
from marsaudio.separation.run import Run
from marsaudio.source import Source, comment_for_file, title_for_file
from marsaudio.watching import Progress, Read, watched

logger = logging.getLogger("marsaudio")

SEPARATING = "Separating"  # before a bar


@dataclass(frozen=True, eq=False)
class Stems:
    """A recording taken apart.

    Attributes
    ----------
    wind, rover : Recording
        ``wind.samples + rover.samples`` is the recording's samples, bit for bit, for 16- and 24-bit
        input; for other input to within half a step of 2**-23 of its peak.
    models : tuple of WindModel
        What was learned, one for each channel; one in all where the channels are equal. A recording of many
        minutes has several for each channel, section by section.
    notes : tuple of str
        What a reader of the result must know, such as that there was too little to learn from.
    learned : tuple of Learned
        The models with what they were learned from, for the figures that are worked out when they are
        asked for.
    part : (first, last) or None
        The samples of the recording that the stems are of, where they are of a range of it.

    Examples
    --------
    >>> import marsaudio as ma
    >>> stems = ma.separate(ma.load("sample"))
    >>> bool((stems.wind.samples + stems.rover.samples == stems.recording.samples).all())
    True
    >>> f"wind up to {stems.cut_off:.0f} Hz; {100 * stems.unidentifiable:.1f} % of it may be the rover's"
    "wind up to 715 Hz; 0.1 % of it may be the rover's"
    """

    wind: Recording
    rover: Recording
    models: tuple[WindModel, ...]
    notes: tuple[str, ...]
    learned: tuple[Learned, ...] = field(repr=False)
    part: tuple[int, int] | None = None

    def __iter__(self) -> Iterator[Recording]:
        return iter((self.wind, self.rover))

    @property
    def recording(self) -> Recording:
        """What was taken apart: the sum of the stems."""
        source = dataclasses.replace(self.wind.source, history=self.wind.source.history[:-1])
        return dataclasses.replace(self.wind, samples=self.wind.samples + self.rover.samples, source=source)

    @property
    def line_frequencies(self) -> list[list[float]]:
        """The frequencies of the rover's lines in each distinct channel, in Hz."""
        channels = sorted({model.channel for model in self.models})
        return [
            [
                line.frequency
                for line in distinct_lines(line for model in self.models_of(channel) for line in model.lines)
            ]
            for channel in channels
        ]

    def models_of(self, channel: int) -> list[WindModel]:
        """What was learned from a channel, section by section."""
        return [model for model in self.models if model.channel == channel]

    @property
    def cut_off(self) -> float | None:
        """The highest frequency that wind was found at, in Hz; None where none was found for certain."""
        return max((model.cut_off for model in self.models if model.cut_off is not None), default=None)

    @property
    def wind_lower(self) -> BandLevels:
        """The wind's level with all that never stops counted as the rover's.

        An estimate by the model, like `wind_upper`: no bound that the true wind is sure to lie above.
        """
        return self._levels(self._doubt.lower)

    @property
    def wind_upper(self) -> BandLevels:
        """The wind's level with what may be steady wind given back, as in the wind stem.

        An estimate, no bound: of a breeze that blows evenly under a few gusts little is given back.
        """
        return self._levels(self._doubt.upper)

    @property
    def unidentifiable(self) -> float | None:
        """The share of the wind's power below the cut-off, from 0 to 1, that may as well be the rover's.

        None where no wind was found for certain.
        """
        return self._doubt.unidentifiable

    @property
    def snr_before(self) -> float | None:
        """Wind over rover in the recording, below the cut-off, as estimated, in dB."""
        return self._doubt.before

    @property
    def snr_after(self) -> float | None:
        """Wind over rover in the wind stem, below the cut-off, as estimated, in dB."""
        return self._doubt.after

    @cached_property
    def _doubt(self) -> Doubt:
        return doubt_about(self.learned, self.part)

    def _levels(self, power: npt.NDArray[np.float64]) -> BandLevels:
        with np.errstate(divide="ignore"):
            level = 10 * np.log10(power) + self.wind.level_offset
        return BandLevels(level, self._doubt.times, self._doubt.edges, self.wind.level_unit)

    def __repr__(self) -> str:
        model = self.models[0]
        reach = "no wind for certain" if model.cut_off is None else f"wind up to {model.cut_off:.0f} Hz"
        return (
            f"<marsaudio.Stems: wind and rover of {self.wind.source.name}, {self.wind.duration:.3f} s, "
            f"{len(model.lines)} rover lines, {reach}>"
        )

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return self.wind._repr_html_() + self.rover._repr_html_() + notes


def require_stems(value: object, function: str) -> None:
    """Refuse what is not a separation.

    Raises
    ------
    ParameterError
        Saying how to get one.
    """
    if not isinstance(value, Stems):
        raise ParameterError(
            f"{function} draws what marsaudio.separate gives, not a {type(value).__name__}. Separate first: "
            f"{function}(marsaudio.separate(recording))."
        )


@dataclass(frozen=True)
class SeparatedFiles:
    """Where the stems of a file stand, and what was learned from it.

    Attributes
    ----------
    wind, rover : pathlib.Path
    models : tuple of WindModel
    notes : tuple of str
    source : Source
        Of what was separated.
    duration : float
        Of the stems, in seconds.
    """

    wind: Path
    rover: Path
    models: tuple[WindModel, ...]
    notes: tuple[str, ...]
    source: Source
    duration: float


def separate(
    recording: Recording,
    *,
    start: float = 0.0,
    stop: float | None = None,
    rover_noise: Recording | RoverModel | None = None,
    progress: Progress = False,
) -> Stems:
    """Take a recording apart into wind and rover.

    Clicks are cut out, the rover's lines are found by their steady phase and taken out coherently; a floor is
    learned in every frequency bin, and a wind level with a smooth spectrum over it; Wiener's gain on both
    gives the wind, and the rover is the recording minus the wind. Steady wind and steady rover noise cannot
    be told apart with one microphone: as much of what never changes is taken for wind as leaves the wind's
    level a likely course, and `Stems.unidentifiable` says how much that is. Of an even breeze under a few
    gusts that is next to nothing, and the breeze stays with the rover.

    Parameters
    ----------
    recording : Recording
    start, stop : float, optional
        Give the stems of this range alone, in seconds. They are learned from the whole recording, and are
        the same bits as the range of its whole stems; of a long one, only the sections are learned from that
        have a say in the range.
    rover_noise : Recording or RoverModel, optional
        A recording of the rover alone, by the same microphone at the same rate, or what `marsaudio.fit_rover`
        learned from one: it counts as some more moments of the recording, in which no wind blows, but
        nowhere louder than the recording's own quiet moments allow.
    progress : bool or callable, optional
        True shows a bar on standard error, with the time that is left. A function is given the share that
        is done, from 0 to 1, again and again.

    Returns
    -------
    Stems
        Of the same length, rate and channels; nothing is normalised, trimmed, dithered or clipped.

    Raises
    ------
    ParameterError
        `rover_noise` is at another rate or too short, or the range is not within the recording.

    See Also
    --------
    separate_file : The same for a file of any length, in memory that hardly grows.
    fit_rover : The rover's noise, to give as `rover_noise`.
    detect_wind : When the wind rises.
    marsaudio.plot.overview : The stems as a picture.
    marsaudio.plot.wind_range : How much of the wind is in doubt.

    Examples
    --------
    >>> import marsaudio as ma
    >>> recording = ma.load("sample")
    >>> stems = ma.separate(recording)
    >>> bool((stems.wind.samples + stems.rover.samples == recording.samples).all())
    True
    """
    require_recording(recording, "separate")
    reference = _reference(rover_noise, recording.sample_rate)
    name = f"the recording {recording.source.name!r}"
    first, last = audio.frame_range(start, stop, recording.frames, recording.sample_rate, name)
    whole = last - first == recording.frames
    part = recording if whole else recording.clip(start, stop)
    wind = np.empty_like(part.samples)
    position = 0
    frames = _frames_read(recording, first, last)
    with watched(recording, progress, frames=frames, what=SEPARATING) as sound:
        run = Run(sound, recording.source.encoding, reference, keep=True)
        for _, block in run.blocks(first, last):
            wind[:, position : position + block.shape[1]] = block
            position += block.shape[1]
    rover = part.samples - wind
    for samples in (wind, rover):
        samples.flags.writeable = False
    return Stems(
        wind=dataclasses.replace(part, samples=wind, source=part.source.after("wind stem")),
        rover=dataclasses.replace(part, samples=rover, source=part.source.after("rover stem")),
        models=run.models,
        notes=run.notes,
        learned=tuple(run.learned),
        part=None if whole else (first, last),
    )


def separate_file(
    source: str | os.PathLike[str],
    *,
    wind: str | os.PathLike[str],
    rover: str | os.PathLike[str],
    start: float = 0.0,
    stop: float | None = None,
    rover_noise: Recording | RoverModel | None = None,
    progress: Progress = False,
) -> SeparatedFiles:
    """Take a file apart into two files, block by block: the same numbers as `separate`.

    Memory hardly grows with the length: of each minute, about a hundred kilobytes are kept.

    Parameters
    ----------
    source
        A catalog key, the path of an audio file, or the path of a PDS4 label.
    wind, rover
        Where the stems are to stand; .wav keeps everything. Their encoding is the input's, or 32-bit
        float where a stem is louder than that can hold.
    start, stop : float, optional
        As for `separate`: the stems of this range alone, learned from the whole file.
    rover_noise : Recording or RoverModel, optional
        As for `separate`.
    progress : bool or callable, optional
        True shows a bar on standard error, with the time that is left. A function is given the share that
        is done, from 0 to 1, again and again.

    Returns
    -------
    SeparatedFiles

    Raises
    ------
    ParameterError
        Both stems have one name, or would replace the input; or the range is not within the file.
    DataUnavailableError, AudioFormatError, OutputError
        As `marsaudio.load` and `Recording.save`. No stem appears unless both are whole.

    See Also
    --------
    separate : The same for a recording in memory.
    marsaudio.batch.run : For many files.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = ma.separate_file("sample", wind=f"{folder}/wind.wav", rover=f"{folder}/rover.wav")
    >>> files.wind.name, files.rover.name
    ('wind.wav', 'rover.wav')
    """
    wind_path, rover_path = Path(wind), Path(rover)
    opened, known = open_sound(source)
    targets = {place_of(wind_path), place_of(rover_path)}
    inputs = [known, *([rover_noise.source] if isinstance(rover_noise, Recording) else [])]
    if len(targets) < 2 or any(one.is_read_from(target) for one in inputs for target in targets):
        named = " or ".join(repr(str(one.path)) for one in inputs)
        raise ParameterError(
            f"wind={str(wind_path)!r} and rover={str(rover_path)!r} must be two different files, and neither "
            f"may be the input {named}. Choose other names."
        )
    reference = _reference(rover_noise, opened.sample_rate)
    part = audio.frame_range(start, stop, opened.frames, opened.sample_rate, opened.name)
    known = of_part(known, part, opened.info)
    with watched(opened, progress, frames=_frames_read(opened, *part), what=SEPARATING) as sound:
        run = Run(sound, opened.info.encoding, reference, keep=False)
        encodings = [audio.encoding_for(path, opened.info.encoding) for path in (wind_path, rover_path)]
        try:
            _write_stems(sound, run, part, (wind_path, rover_path), encodings, known)
        except audio.WouldClipError:
            logger.info("A stem of %s exceeds full scale: both are written as 32-bit float.", known.name)
            encodings = [audio.encoding_for(path, None) for path in (wind_path, rover_path)]
            _write_stems(sound, run, part, (wind_path, rover_path), encodings, known)
    duration = (part[1] - part[0]) / opened.sample_rate
    return SeparatedFiles(wind_path, rover_path, run.models, run.notes, known, duration)


def _frames_read(sound: Read, first: int, last: int) -> int:
    """All of it is looked over, then each channel of the part is heard while its samples are given."""
    return sound.frames + (1 + sound.channels) * (last - first)


def _reference(rover_noise: Recording | RoverModel | None, sample_rate: float) -> RoverReference | None:
    """What a recording is held against."""
    if rover_noise is None:
        return None
    if not isinstance(rover_noise, RoverModel):
        require_recording(rover_noise, "separate(..., rover_noise=...)")
    if rover_noise.sample_rate != sample_rate:
        raise ParameterError(
            f"The rover noise is at {rover_noise.sample_rate:g} Hz, the recording at {sample_rate:g} Hz. Use "
            "a reference of the same microphone, or resample it first."
        )
    return rover_noise.as_reference if isinstance(rover_noise, RoverModel) else rover_reference(rover_noise)


def _write_stems(
    opened: Read,
    run: Run,
    part: tuple[int, int],
    paths: tuple[Path, Path],
    encodings: list[str],
    known: Source,
) -> None:
    with replace_together_when_complete(paths) as temporaries:
        writers = [
            audio.AudioWriter(
                temporary,
                sample_rate=opened.sample_rate,
                channels=opened.channels,
                encoding=encoding,
                title=title_for_file(known.after(f"{stem} stem")),
                comment=comment_for_file(known),
            )
            for temporary, encoding, stem in zip(temporaries, encodings, ("wind", "rover"), strict=True)
        ]
        with writers[0] as wind_file, writers[1] as rover_file:
            for samples, wind in run.blocks(*part):
                wind_file.write(wind)
                rover_file.write(samples - wind)
            # Both are complete before the first takes its name.
            wind_file.finish()
            rover_file.finish()
