"""Load a recording: find its file, read it, and write down where it came from."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from marsaudio import catalog
from marsaudio.atomic import kind_of
from marsaudio.errors import ParameterError
from marsaudio.formats import audio
from marsaudio.recording import Calibration, Recording, Source, require_frames, seconds_text

SIMULATED = "(simulated)"  # ends the credit of what was not recorded on Mars, so that files keep it


def load(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    start: float = 0.0,
    stop: float | None = None,
    calibration: Calibration | None = None,
    progress: bool = True,
) -> Recording:
    """Load a recording: by its key in the catalog, from a file, or from a PDS4 label.

    Parameters
    ----------
    source
        A key such as ``"sample"`` or ``"feb20_filtered"`` (see `marsaudio.catalog.keys`), the path
        of a WAV, FLAC, OGG or MP3 file, the path of a PDS4 label (.xml) beside its audio file, or a
        searchable binary file object. A path wins over a key where a file of that name exists.
    start, stop : float, optional
        The range to read, in seconds; only this much is kept in memory. It is exactly what `clip` of
        the whole gives: MP3 and OGG files are decoded from their start for that.
    calibration : Calibration, optional
        What full scale is in pascals. None of NASA's releases has a published one.
    progress : bool, optional
        Show a progress bar while a catalog recording is downloaded.

    Returns
    -------
    Recording
        At the file's own rate, with the file's own channels.

    Raises
    ------
    DataUnavailableError
        There is no such file, or a catalog recording could not be downloaded.
    ParameterError
        There is no such key, or the range lies outside the recording.
    AudioFormatError
        The file cannot be read as audio.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.load("sample")
    <marsaudio.Recording: sample, 18.000 s, 48000 Hz, 1 channel, uncalibrated>
    >>> ma.load("sample", start=5.0, stop=9.0).duration
    4.0
    """
    file, known = locate(source, progress=progress)
    with audio.AudioReader(file) as reader:
        info = reader.info
        first, last = audio.frame_range(start, stop, info.frames, info.sample_rate, reader.name)
        require_frames(last - first, info.channels, reader.name)
        samples = reader.read(first, last)
    samples.flags.writeable = False
    known = of_part(with_what_the_file_says(known, info.metadata), (first, last), info)
    described = dataclasses.replace(known, encoding=info.encoding)
    return Recording(samples, info.sample_rate, source=described, calibration=calibration)


def with_what_the_file_says(known: Source, metadata: Mapping[str, str]) -> Source:
    """Add what a file says about itself; one that marsaudio saved says whom to credit, and if simulated."""
    described = dataclasses.replace(
        known, metadata={**metadata, **known.metadata}, title=known.title or metadata.get("title")
    )
    credit = metadata.get("comment")
    if known.credit or not credit or not metadata.get("software", "").startswith("marsaudio"):
        return described
    return dataclasses.replace(described, credit=credit, simulated=credit.endswith(SIMULATED))


def of_part(known: Source, part: tuple[int, int], info: audio.AudioInfo) -> Source:
    """Add which samples of a file, from the first up to the last, are meant, where these are not all."""
    first, last = part
    if last - first == info.frames:
        return known
    begin, end = first / info.sample_rate, last / info.sample_rate
    return known.after(f"read from {seconds_text(begin)} to {seconds_text(end)} s", offset=begin)


def locate(
    source: str | os.PathLike[str] | BinaryIO, *, progress: bool = True
) -> tuple[audio.PathOrStream, Source]:
    """Find the file that a key, path or label stands for, and what is known about it."""
    if not isinstance(source, (str, os.PathLike)):
        name = getattr(source, "name", None)
        return source, Source(path=name if isinstance(name, str) else None)
    text = os.fsdecode(source)
    stands = kind_of(text) if text else "nothing"
    if not isinstance(source, str) or stands == "file" or _looks_like_a_path(text):
        if text.lower().endswith(".xml"):
            return _locate_labelled(Path(text))
        return text, Source(path=text)
    try:
        entry = catalog.entry(text)
    except ParameterError as error:
        if stands != "nothing":  # a folder, say: reading it tells what is wrong with it
            return text, Source(path=text)
        raise ParameterError(f"There is no file {text!r} here. {error}") from None
    path = catalog.fetch(entry.key, progress=progress)
    return path, Source(
        key=entry.key,
        path=str(path),
        url=entry.urls[0] if entry.urls else None,
        sha256=entry.sha256,
        title=entry.title,
        microphone=entry.microphone,
        sol=entry.sol,
        date=entry.date,
        credit=entry.credit,
        licence=entry.licence,
        simulated=entry.simulated,
    )


def _locate_labelled(path: Path) -> tuple[Path, Source]:
    from marsaudio.formats import pds4

    label = pds4.read_label(path)
    return label.audio_path, Source(
        path=str(label.audio_path),
        title=label.title,
        microphone=label.instrument,
        sol=label.sol,
        credit="NASA/JPL-Caltech",
        metadata=label.metadata,
    )


def _looks_like_a_path(text: str) -> bool:
    return os.sep in text or "/" in text or "." in text
