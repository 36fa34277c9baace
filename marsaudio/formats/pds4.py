"""PDS4 labels of audio files: which file, which instrument, when.

Source: *PDS4 Information Model* 1.16, classes Identification_Area, File and Encoded_Audio; the labels
of the bundle urn:nasa:pds:m2020_edlcam_raw.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from marsaudio.atomic import kind_of
from marsaudio.errors import AudioFormatError, DataUnavailableError
from marsaudio.formats.xml_document import UnreadableXMLError, local_name, parse_xml

LABEL_BYTES_LIMIT = 16 * 2**20  # the longest labels of this mission have some kilobytes

# Short names for what a label states, and the element that states it.
STATED = {
    "lid": "logical_identifier",
    "version": "version_id",
    "processing_level": "processing_level",
    "start_date_time": "start_date_time",
    "start_local_mean_solar_time": "start_local_mean_solar_time",
}


@dataclass(frozen=True)
class Label:
    """What a PDS4 label says about its audio file.

    Attributes
    ----------
    audio_path : pathlib.Path
        The file it describes, in the label's folder.
    title, instrument : str or None
    sol : int or None
        From the local mean solar time, where the label states it.
    metadata : dict of str to str
        What is stated, under the names ``pds_lid``, ``pds_version``, ``pds_start_date_time``, ...
        Times are kept as stated: the labels of the EDL microphone carry the time of the landing.
    """

    audio_path: Path
    title: str | None
    instrument: str | None
    sol: int | None
    metadata: dict[str, str]


def read_label(path: Path) -> Label:
    """Read the label of an encoded audio file, and check the file against the label's checksum.

    Raises
    ------
    AudioFormatError
        It is no PDS4 label of an audio file, or the checksum differs.
    DataUnavailableError
        The label is not there, or the file that it names is not beside it.
    """
    root = _parse(path)
    file, audio_path = _audio_described(path, root)
    file_name = audio_path.name
    if kind_of(audio_path) != "file":
        raise DataUnavailableError(
            f"The label {str(path)!r} describes {file_name!r}, which is not beside it. "
            "Fetch that file from the same place into the same folder."
        )
    metadata = {
        f"pds_{name}": text
        for name, element in STATED.items()
        if (text := _stated(root, element)) is not None
    }
    checksum = _stated(file, "md5_checksum")
    if checksum is not None:
        metadata["pds_md5"] = checksum
        _check_md5(audio_path, checksum)
    return Label(
        audio_path=audio_path,
        title=_stated(root, "title"),
        instrument=_instrument(root),
        sol=_sol(metadata.get("pds_start_local_mean_solar_time")),
        metadata=metadata,
    )


def audio_described_by(path: Path) -> Path | None:
    """The audio file that a label describes, be it there or not; None where this is no such label."""
    try:
        return _audio_described(path, _parse(path))[1]
    except AudioFormatError:
        return None


def _audio_described(path: Path, root: ElementTree.Element) -> tuple[ElementTree.Element, Path]:
    """What a label says about its audio file, and where that file should be."""
    file = _file_of_audio(root)
    if file is None:
        raise AudioFormatError(
            f"{str(path)!r} is not the label of an audio file: it has no Encoded_Audio. "
            "Name the label of one product of a data_audio collection."
        )
    file_name = _stated(file, "file_name")
    if file_name is None:
        raise AudioFormatError(
            f"{str(path)!r} does not name its audio file: it has no file_name. Name the audio file itself."
        )
    # Separators of any system: a label must not reach outside of its folder anywhere.
    if "/" in file_name or "\\" in file_name or file_name in (".", ".."):
        raise AudioFormatError(
            f"{str(path)!r} names {file_name!r}, which is not in the label's own folder. It was not opened; "
            "name the audio file itself."
        )
    return file, path.parent / file_name


def _parse(path: Path) -> ElementTree.Element:
    if kind_of(path) == "folder":
        raise AudioFormatError(f"{str(path)!r} is a folder, not a label. Name a label inside it.")
    try:
        with open(path, "rb") as stream:
            document = stream.read(LABEL_BYTES_LIMIT + 1)
    except FileNotFoundError as error:
        raise DataUnavailableError(
            f"There is no file {str(path)!r}. Check the spelling and the folder."
        ) from error
    except OSError as error:
        raise AudioFormatError(f"Cannot open {str(path)!r}: {error.strerror or error}.") from error
    try:
        if len(document) > LABEL_BYTES_LIMIT:
            raise UnreadableXMLError(f"it has more than {LABEL_BYTES_LIMIT >> 20} MiB")
        return parse_xml(document)
    except UnreadableXMLError as error:
        raise AudioFormatError(
            f"{str(path)!r} cannot be read as a PDS4 label: {error}. Fetch it again, or name the audio file "
            "itself."
        ) from error


def _file_of_audio(root: ElementTree.Element) -> ElementTree.Element | None:
    """The File that stands beside Encoded_Audio; labels may describe other files as well."""
    for area in root.iter():
        parts = {local_name(child.tag): child for child in area}
        if "Encoded_Audio" in parts:
            return parts.get("File", area)
    return None


def _elements(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (element for element in root.iter() if local_name(element.tag) == name)


def _stated(root: ElementTree.Element, name: str) -> str | None:
    """The text of the first element of that name, on one line; None where there is none."""
    element = next(_elements(root, name), None)
    return None if element is None else " ".join((element.text or "").split()) or None


def _instrument(root: ElementTree.Element) -> str | None:
    for component in _elements(root, "Observing_System_Component"):
        if _stated(component, "type") == "Instrument":
            return _stated(component, "name")
    return None


def _sol(local_mean_solar_time: str | None) -> int | None:
    """The sol of a time such as ``Sol-01125M10:31:04.307``."""
    match = re.match(r"Sol-(\d{1,9})M", local_mean_solar_time or "", re.ASCII)
    return int(match.group(1)) if match else None


def _check_md5(path: Path, stated: str) -> None:
    try:
        with open(path, "rb") as stream:
            found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise AudioFormatError(f"Cannot read {str(path)!r}: {error.strerror or error}.") from error
    if found != stated.lower():
        raise AudioFormatError(
            f"{str(path)!r} has the MD5 {found}, but its label states {stated}. The file changed since it "
            "was archived: fetch it again."
        )
