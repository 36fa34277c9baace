"""Load a recording: find its file, read it, and write down where it came from."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from marsaudio import catalog
from marsaudio.atomic import kind_of
from marsaudio.calibration import Calibration
from marsaudio.catalog.entries import which_keys
from marsaudio.errors import AudioFormatError, ParameterError
from marsaudio.file_state import state_of_file
from marsaudio.formats import audio
from marsaudio.formats.audio_info import AudioInfo, Described
from marsaudio.formats.opening import capital
from marsaudio.recording import Recording, UnreadSamples, require_frames, validated_rate
from marsaudio.source import SIMULATED, Source, is_saved_by_marsaudio, seconds_text

if TYPE_CHECKING:
    from marsaudio.formats.pds4.sessions import Session

EDL_CREDIT = "NASA/JPL-Caltech"
FITS_SUFFIXES = (".fits", ".fit", ".fts")
TABLE = "PDS4 table"
SUPERCAM_CREDIT = "NASA/JPL-Caltech/LANL/CNES/CNRS/ISAE-Supaero"
AS_SESSION = re.compile(
    r"(?:(?P<place>.*)[/\\])?session:(?P<number>\d{1,8})(?::(?P<part>\d{1,3}))?", re.ASCII | re.DOTALL
)

Loadable = str | os.PathLike[str] | BinaryIO


class Sound(Protocol):
    """Samples that can be read in ranges and block by block, as often as wanted, and what is said of them."""

    name: str
    info: AudioInfo

    @property
    def sample_rate(self) -> float: ...  # noqa: D102

    @property
    def channels(self) -> int: ...  # noqa: D102

    @property
    def frames(self) -> int: ...  # noqa: D102

    def read(self, start: int = 0, stop: int | None = None) -> audio.Samples: ...  # noqa: D102

    def blocks(  # noqa: D102
        self, length: int = audio.BLOCK_FRAMES, *, first: int = 0
    ) -> Iterator[audio.Samples]: ...


def load(
    source: Loadable,
    *,
    start: float = 0.0,
    stop: float | None = None,
    calibration: Calibration | None = None,
    sample_rate: float | None = None,
    progress: bool = True,
) -> Recording:
    """Load a recording: by its key in the catalog, from a file, or from a PDS4 label.

    Parameters
    ----------
    source
        A key such as ``"sample"`` or ``"feb20_filtered"`` (see `marsaudio.catalog.keys`), the path
        of a WAV, FLAC, OGG or MP3 file, the path of a PDS4 label (.xml) beside the file that it describes, a
        session such as ``"data_audio/session:170"`` (see `load_session`), or a searchable binary file object.
        A path wins over a key where a file of that name exists.
    start, stop : float, optional
        The range to read, in seconds; only this much is kept in memory. It is exactly what
        `marsaudio.Recording.clip` of the whole gives: MP3 and OGG files are decoded from their start for
        that.
    calibration : Calibration, optional
        What full scale is in pascals. None of NASA's releases has a published one.
    sample_rate : float, optional
        In Hz; only for tables whose labels do not state it, such as SuperCam's raw products.
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
        There is no such key, the range lies outside the recording, or a sample rate is missing or not wanted.
    AudioFormatError
        The file cannot be read as audio, or is not what its label says.
    CalibrationError
        There is a calibration for a copy that was altered for listening.

    See Also
    --------
    load_session : Seconds of NASA's archive, joined.
    marsaudio.catalog.keys : What can be loaded by name.
    separate_file : For files that are larger than memory.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.load("sample")
    <marsaudio.Recording: sample, 18.000 s, 48000 Hz, 1 channel, uncalibrated>
    >>> ma.load("sample", start=5.0, stop=9.0).duration
    4.0
    """
    sound, known = open_sound(source, sample_rate=sample_rate, progress=progress)
    info = sound.info
    first, last = audio.frame_range(start, stop, info.frames, info.sample_rate, sound.name)
    require_frames(last - first, info.channels, sound.name)
    samples = sound.read(first, last)
    samples.flags.writeable = False
    described = dataclasses.replace(of_part(known, (first, last), info), encoding=info.encoding)
    return Recording(samples, info.sample_rate, source=described, calibration=calibration)


def load_session(
    path: str | os.PathLike[str],
    *,
    session: int | None = None,
    part: int | None = None,
    calibration: Calibration | None = None,
) -> Recording:
    """Join the one-second products of a session of the EDL microphone into one recording.

    Every second stays in its place: where a product is missing, the recording has a gap, which holds silence
    and counts in no statistic. `Recording.gaps` names them. If the folder holds the label of its collection,
    the collection's inventory tells which products there should be.

    Parameters
    ----------
    path
        The folder that the products are in, or the label of their collection.
    session : int, optional
        Which one; not needed where there is only one.
    part : int, optional
        Which of its parts, by the number in the middle of its products' names, where there are several.
    calibration : Calibration, optional
        What full scale is in pascals.

    Returns
    -------
    Recording
        Its samples are read when they are first used, and the products' checksums with them;
        `marsaudio.Recording.clip`, and what works block by block (`separate_file`, `detect_wind_file`,
        `long_term_spectrogram`), read only what they need at a time.

    Raises
    ------
    ParameterError
        There is no such session, or it is not clear which.
    DataUnavailableError
        There is no such folder, or none of the session's products is there.
    AudioFormatError
        The products do not fit together, or a label or inventory cannot be read.

    See Also
    --------
    find_sessions : Which sessions a folder holds.
    load : Files, and sessions by one name.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.load_session("m2020_edlcam_raw/data_audio", session=170)  # doctest: +SKIP
    <marsaudio.Recording: session:170, 3.000 s, 48000 Hz, 2 channels, uncalibrated, 1 gap>
    """
    from marsaudio.formats.pds4.sessions import find_session

    sound, known = _open_session(find_session(Path(path), session, part))
    described = with_what_the_file_says(known, sound.info)
    described = dataclasses.replace(described, encoding=sound.info.encoding)
    return Recording(
        UnreadSamples(sound, 0, sound.frames),  # type: ignore[arg-type]
        sound.sample_rate,
        source=described,
        calibration=calibration,
    )


def find_sessions(path: str | os.PathLike[str]) -> list[Session]:
    """List the sessions whose products are in a folder, or that its inventory names.

    Parameters
    ----------
    path
        The folder, or the label of the collection in it.

    Returns
    -------
    list of Session
        By number. Each tells its products by second, which are missing, and when it began, as far as the
        label of the joined product says.

    Raises
    ------
    DataUnavailableError, AudioFormatError
        As `load_session`.

    See Also
    --------
    load_session : Join the products of a session.

    Examples
    --------
    >>> import marsaudio as ma
    >>> ma.find_sessions("m2020_edlcam_raw/data_audio")  # doctest: +SKIP
    [<marsaudio.Session: session 170, 2 products, 1 missing, Sol-01125M10:31:04.307>]
    """
    from marsaudio.formats.pds4.sessions import find_sessions

    return find_sessions(Path(path))


def open_sound(
    source: Loadable | Recording, *, sample_rate: float | None = None, progress: bool = True
) -> tuple[Sound, Source]:
    """Open what `load` takes, or a recording, to be read block by block.

    Returns
    -------
    Sound
    Source
        What is known about it.
    """
    rate = None if sample_rate is None else validated_rate(sample_rate)
    if isinstance(source, Recording):
        sound, known = _of_recording(source)
    else:
        sound, known = _open(source, rate, progress=progress)
    if rate is not None and sound.info.container != TABLE:
        raise ParameterError(
            f"{capital(sound.name)} has its own sample rate, {sound.sample_rate:g} Hz. Leave out "
            "sample_rate=..., which is for tables without one; Recording.resample changes a rate."
        )
    return sound, with_what_the_file_says(known, sound.info)


def _open(source: Loadable, rate: float | None, *, progress: bool) -> tuple[Sound, Source]:
    if not isinstance(source, (str, os.PathLike)):
        name = getattr(source, "name", None)
        return audio.AudioFile(source), Source(path=name if isinstance(name, str) else None)
    text = os.fsdecode(source)
    stands = kind_of(text) if text else "nothing"
    if stands == "nothing" and (session := AS_SESSION.fullmatch(text)):
        return _open_session_text(session)
    if not isinstance(source, str) or stands == "file" or _looks_like_a_path(text):
        return _open_file(Path(text), text, rate)
    try:
        entry = catalog.entry(text)
    except ParameterError as error:
        if stands != "nothing":  # a folder, say: reading it tells what is wrong with it
            return _open_file(Path(text), text, rate)
        raise ParameterError(
            f"There is no file {text!r} here, and no recording of that name in the catalog. "
            f"{which_keys(text)}"
        ) from error
    path = catalog.fetch(entry.key, progress=progress)
    sound = audio.AudioFile(path)
    return sound, Source(
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
        notes=(f"{entry.note.rstrip('.')}.",) if entry.note else (),
        file_state=sound.state,
    )


def _open_file(path: Path, text: str, rate: float | None) -> tuple[Sound, Source]:
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return _open_labelled(path, rate)
    if suffix in FITS_SUFFIXES and kind_of(path) == "file":
        from marsaudio.formats.pds4.sessions import label_of

        label = label_of(path)
        if label is None:
            raise AudioFormatError(
                f"{text!r} is a FITS file: what its tables hold stands in its PDS4 label, which is not "
                f"beside it. Fetch {path.with_suffix('.xml').name!r} into the same folder."
            )
        return _open_labelled(label, rate)
    sound = audio.AudioFile(text)
    return sound, Source(path=text, file_state=sound.state)


def _open_labelled(path: Path, rate: float | None) -> tuple[Sound, Source]:
    from marsaudio.formats.pds4.labels import read_label

    label = read_label(path)
    label.require_file()
    state = state_of_file(label.file_path)
    sound: Sound
    if label.is_table:
        from marsaudio.formats.pds4.tables import SampleTable

        sound = SampleTable(label, rate)
    else:
        label.require_whole_file()
        sound = audio.AudioFile(label.file_path)
    is_supercam = ":mars2020_supercam:" in label.metadata.get("pds_lid", "")
    return sound, Source(
        path=str(label.file_path),
        title=label.title,
        microphone=label.instrument,
        sol=label.sol,
        date=label.start_time.utc.date().isoformat() if label.start_time else None,
        credit=SUPERCAM_CREDIT if is_supercam else EDL_CREDIT,
        metadata=label.metadata,
        start_time=label.start_time,
        notes=label.notes,
        file_state=state,
    )


def _open_session_text(match: re.Match[str]) -> tuple[Sound, Source]:
    from marsaudio.formats.pds4.sessions import find_session

    part = None if match["part"] is None else int(match["part"])
    return _open_session(find_session(folder_of_session(match), int(match["number"]), part))


def folder_of_session(match: re.Match[str]) -> Path:
    """The folder that a text such as ``data_audio/session:170`` names."""
    place = match["place"]
    return Path("." if place is None else place or os.sep)


def _open_session(session: Session) -> tuple[Sound, Source]:
    from marsaudio.formats.pds4.sessions import JoinedProducts

    return JoinedProducts(session), Source(
        path=str(session.folder / session.place),
        title=f"EDL microphone, {session.name}",
        microphone="EDL microphone",
        sol=session.sol,
        date=session.start_time.utc.date().isoformat() if session.start_time else None,
        credit=EDL_CREDIT,
        start_time=session.start_time,
        notes=session.notes,
        missing=tuple(session.missing.values()),
    )


def _of_recording(recording: Recording) -> tuple[Sound, Source]:
    return _OfRecording(recording), recording.source


class _OfRecording(Described):
    """A recording as a sound: in memory, or read as it is needed."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.name = f"the recording {recording.source.name!r}"
        self.info = AudioInfo(
            sample_rate=recording.sample_rate,
            channels=recording.channels,
            frames=recording.frames,
            container="memory",
            encoding=recording.source.encoding or "FLOAT",
        )

    def read(self, start: int = 0, stop: int | None = None) -> audio.Samples:
        return self._recording.samples[:, start:stop]

    def blocks(self, length: int = audio.BLOCK_FRAMES, *, first: int = 0) -> Iterator[audio.Samples]:
        return self._recording.blocks(length, first=first)


def with_what_the_file_says(known: Source, info: AudioInfo) -> Source:
    """Add what a file says about itself; one that marsaudio saved says whom to credit.

    That it is simulated is believed whoever wrote it: other programs keep the comment of what they convert.
    """
    metadata = info.metadata
    described = dataclasses.replace(
        known,
        metadata={**metadata, **known.metadata},
        title=known.title or metadata.get("title"),
        gaps=known.gaps or info.gaps,
        notes=(*known.notes, *info.notes),
    )
    comment = metadata.get("comment", "")
    if comment.endswith(SIMULATED):
        described = dataclasses.replace(described, simulated=True)
    if comment in ("", SIMULATED) or not is_saved_by_marsaudio(metadata):
        return described
    return dataclasses.replace(described, credit=comment)


def of_part(known: Source, part: tuple[int, int], info: AudioInfo) -> Source:
    """Add which samples of a file, from the first up to the last, are meant, where these are not all."""
    first, last = part
    if last - first == info.frames:
        return known
    begin, end = first / info.sample_rate, last / info.sample_rate
    return known.after(
        f"read from {seconds_text(begin)} to {seconds_text(end)} s", offset=known.offset + begin
    )


def _looks_like_a_path(text: str) -> bool:
    return os.sep in text or "/" in text or "." in text
