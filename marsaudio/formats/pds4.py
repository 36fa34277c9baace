"""PDS4 labels of audio files: which file, which instrument, when.

Source: *PDS4 Information Model* 1.16, classes Identification_Area, File and Encoded_Audio; the labels
of the bundle urn:nasa:pds:m2020_edlcam_raw.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from marsaudio.errors import AudioFormatError, DataUnavailableError

# Short names for what a label states, and the element that states it.
STATED = {
    "lid": "logical_identifier",
    "version": "version_id",
    "processing_level": "processing_level",
    "start_date_time": "start_date_time",
    "start_local_mean_solar_time": "start_local_mean_solar_time",
    "md5": "md5_checksum",
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
        The file that it names is not beside it.
    """
    root = _parse(path)
    texts = {_local_name(element.tag): element for element in reversed(list(root.iter()))}
    if "Encoded_Audio" not in texts:
        raise AudioFormatError(
            f"{str(path)!r} is not the label of an audio file: it has no Encoded_Audio. "
            "Name the label of one product of a data_audio collection."
        )
    file_name = _stated(texts, "file_name")
    if not file_name:
        raise AudioFormatError(f"{str(path)!r} does not name its audio file: it has no file_name.")
    if Path(file_name).name != file_name or file_name in (".", ".."):
        raise AudioFormatError(f"{str(path)!r} names {file_name!r}, which is not in the label's own folder.")
    audio_path = path.parent / file_name
    if not audio_path.exists():
        raise DataUnavailableError(
            f"The label {str(path)!r} describes {file_name!r}, which is not beside it. "
            "Fetch that file from the same place into the same folder."
        )
    metadata = {
        f"pds_{name}": text for name, element in STATED.items() if (text := _stated(texts, element))
    }
    _check_md5(audio_path, metadata.get("pds_md5"))
    return Label(
        audio_path=audio_path,
        title=_stated(texts, "title"),
        instrument=_instrument(root),
        sol=_sol(metadata.get("pds_start_local_mean_solar_time")),
        metadata=metadata,
    )


def _parse(path: Path) -> ElementTree.Element:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise AudioFormatError(f"Cannot open {str(path)!r}: {error.strerror or error}.") from error
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise AudioFormatError(f"{str(path)!r} declares entities, which no PDS4 label does. It was not read.")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise AudioFormatError(f"{str(path)!r} is not readable XML: {error}.") from error


def _local_name(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _stated(texts: dict[str, ElementTree.Element], name: str) -> str | None:
    element = texts.get(name)
    return (element.text or "").strip() or None if element is not None else None


def _instrument(root: ElementTree.Element) -> str | None:
    for component in root.iter():
        if _local_name(component.tag) == "Observing_System_Component":
            parts = {_local_name(child.tag): (child.text or "").strip() for child in component}
            if parts.get("type") == "Instrument":
                return parts.get("name") or None
    return None


def _sol(local_mean_solar_time: str | None) -> int | None:
    """The sol of a time such as ``Sol-01125M10:31:04.307``."""
    match = re.match(r"Sol-(\d+)M", local_mean_solar_time or "")
    return int(match.group(1)) if match else None


def _check_md5(path: Path, stated: str | None) -> None:
    if stated is None:
        return
    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != stated.lower():
        raise AudioFormatError(
            f"{str(path)!r} has the MD5 {found}, but its label states {stated}. The file changed since it was "
            "archived: fetch it again."
        )
