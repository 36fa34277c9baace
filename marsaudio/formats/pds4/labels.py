"""PDS4 labels: which file a product is in, which instrument it is from, and when it was recorded.

Source: *PDS4 Information Model* 1.16, classes Identification_Area, Time_Coordinates, File, Encoded_Audio and
Table_Binary; the labels of the bundle urn:nasa:pds:m2020_edlcam_raw.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from marsaudio.atomic import kind_of
from marsaudio.errors import AudioFormatError, DataUnavailableError, ParameterError
from marsaudio.formats.audio_writer import reason_of
from marsaudio.formats.containment import own_folders, stays_within
from marsaudio.formats.opening import open_for_reading
from marsaudio.formats.xml_document import UnreadableXMLError, local_name, parse_xml
from marsaudio.mars_time import MarsTime

LABEL_BYTES_LIMIT = 4 * 2**20  # the longest labels of this mission have some kilobytes

# Short names for what a label states, and the element that states it.
STATED = {
    "lid": "logical_identifier",
    "version": "version_id",
    "processing_level": "processing_level",
    "start_date_time": "start_date_time",
    "stop_date_time": "stop_date_time",
    "start_local_mean_solar_time": "start_local_mean_solar_time",
}
# What the labels of the EDL microphone give as the start of each recording, even three years later.
LANDING = datetime.datetime(2021, 2, 18, 20, 44, 28, 107000, tzinfo=datetime.UTC)
NEAR_LANDING = datetime.timedelta(hours=1)
SOL = re.compile(r"\d{1,6}", re.ASCII)
AGREEING = 60.0  # s; the mission's clock and the longitude of its landing site differ by seconds


@dataclass(frozen=True, eq=False)
class Label:
    """What a PDS4 label says about the file of its product.

    Attributes
    ----------
    path, file_path : pathlib.Path
        Of the label, and of the file that it describes, in the same folder.
    area : xml.etree.ElementTree.Element
        The part of the label that describes the file.
    title, instrument : str or None
    sol : int or None
    start_time : MarsTime or None
        Of the first sample, where the label states a time that can be believed.
    notes : tuple of str
        What is doubtful about the times, in whole sentences.
    metadata : dict of str to str
        What is stated, as it is, under the names ``pds_lid``, ``pds_version``, ``pds_start_date_time``, ...
    """

    path: Path
    file_path: Path
    area: ElementTree.Element
    title: str | None
    instrument: str | None
    sol: int | None
    start_time: MarsTime | None
    notes: tuple[str, ...]
    metadata: dict[str, str]

    @property
    def is_table(self) -> bool:
        """Whether the samples stand in a table, and not in an audio file."""
        return not has(self.area, "Encoded_Audio")

    def require_file(self) -> None:
        """Refuse a file that is not there, or is not the one that was archived.

        Raises
        ------
        DataUnavailableError
            It is not beside the label.
        AudioFormatError
            Its size or its MD5 is not what the label states.
        """
        if kind_of(self.file_path) != "file":
            raise DataUnavailableError(
                f"The label {str(self.path)!r} describes {self.file_path.name!r}, which is not beside it. "
                "Fetch that file from the same place into the same folder."
            )
        size, found = stated(self.area, "file_size"), self.file_path.stat().st_size
        if size is not None and size != str(found):
            raise AudioFormatError(
                f"{str(self.file_path)!r} has {found} bytes, but its label states {size}. The file changed "
                "since it was archived, or was cut short: fetch it again."
            )
        if (checksum := self.metadata.get("pds_md5")) is not None:
            _check_md5(self.file_path, checksum)

    def require_whole_file(self) -> None:
        """Refuse encoded audio that does not begin where its file does.

        Raises
        ------
        AudioFormatError
            The label says that it begins elsewhere.
        """
        described = next(elements(self.area, "Encoded_Audio"))
        offset = stated(described, "offset")
        if offset is not None and offset.strip("0") != "":
            raise AudioFormatError(
                f"The label {str(self.path)!r} says that its audio begins at byte {offset} of "
                f"{self.file_path.name!r}, but audio files are whole files, from byte 0 on. Fetch the label "
                "again, or name the audio file itself."
            )


def read_label(path: Path) -> Label:
    """Read the label of a product of sound; whether its file is there, `Label.require_file` tells.

    Raises
    ------
    AudioFormatError
        It is no PDS4 label of an audio file or of a table.
    DataUnavailableError
        The label is not there.
    """
    root = parse_label(path)
    area, file_path = _file_described(path, root)
    metadata = {
        f"pds_{name}": text for name, element in STATED.items() if (text := stated(root, element)) is not None
    }
    if "pds_lid" not in metadata:
        raise AudioFormatError(
            f"{str(path)!r} has no logical_identifier, which every PDS4 label has: it does not say what it "
            "describes. Fetch it again, or name the audio file itself."
        )
    if (checksum := stated(area, "md5_checksum")) is not None:
        metadata["pds_md5"] = checksum
    start_time, notes = _believed(metadata, stated(area, "creation_date_time"))
    sol = stated(root, "sol_number") or stated(root, "start_sol_number")
    return Label(
        path=path,
        file_path=file_path,
        area=area,
        title=stated(root, "title"),
        instrument=_instrument(root),
        sol=start_time.sol if start_time else int(sol) if sol and SOL.fullmatch(sol) else None,
        start_time=start_time,
        notes=notes,
        metadata=metadata,
    )


def file_described_by(path: Path) -> Path | None:
    """The file of sound that a label describes, be it there or not; None where this is no such label."""
    try:
        return _file_described(path, parse_label(path))[1]
    except AudioFormatError:
        return None


def _file_described(path: Path, root: ElementTree.Element) -> tuple[ElementTree.Element, Path]:
    """The part of a label that describes its file of sound, and where that file should be."""
    area = _area_of_sound(root)
    if area is None:
        if local_name(root.tag) in ("Product_Collection", "Product_Bundle"):
            raise AudioFormatError(
                f"{str(path)!r} is the label of many products. Name the label of one of them, or a whole "
                "session, as 'FOLDER/session:170'."
            )
        raise AudioFormatError(
            f"{str(path)!r} is not the label of an audio file: it has no Encoded_Audio and no Table_Binary. "
            "Name the label of one product of a data_audio collection."
        )
    file_name = stated(area, "file_name")
    if file_name is None:
        raise AudioFormatError(
            f"{str(path)!r} does not name its audio file: it has no file_name. Name the audio file itself."
        )
    return area, named_by(path, file_name)


def named_by(path: Path, file_name: str) -> Path:
    """The file beside a label that it names, unless the name would reach elsewhere, on any system.

    Raises
    ------
    AudioFormatError
        It has a separator in it, means a folder, or is a link that leads out of the label's folder.
    """
    named = path.parent / file_name
    if "/" in file_name or "\\" in file_name or file_name in (".", ".."):
        reason = "is not in the label's own folder"
    elif not stays_within(named, own_folders(path)):
        reason = "is a link that leads out of the label's own folder"
    else:
        return named
    raise AudioFormatError(
        f"{str(path)!r} names {file_name!r}, which {reason}. It was not opened; name the file itself."
    )


def parse_label(path: Path) -> ElementTree.Element:
    """Parse a label, without letting it declare entities.

    Raises
    ------
    AudioFormatError
        It is no file, or cannot be read as a label.
    DataUnavailableError
        It is not there.
    """
    with open_for_reading(path, wanted="a label", may_be_empty=True) as stream:
        try:
            document = stream.read(LABEL_BYTES_LIMIT + 1)
        except OSError as error:
            raise AudioFormatError(f"Cannot read {str(path)!r}: {reason_of(error)}.") from error
    try:
        if len(document) > LABEL_BYTES_LIMIT:
            raise UnreadableXMLError(f"it has more than {LABEL_BYTES_LIMIT >> 20} MiB")
        return parse_xml(document)
    except UnreadableXMLError as error:
        raise AudioFormatError(
            f"{str(path)!r} cannot be read as a PDS4 label: {error}. Fetch it again, or name the audio file "
            "itself."
        ) from error


def _area_of_sound(root: ElementTree.Element) -> ElementTree.Element | None:
    """What describes an encoded file, else a table; labels may describe other files as well."""
    for kind in ("Encoded_Audio", "Table_Binary"):
        for area in root.iter():
            if has(area, kind):
                return area
    return None


def has(element: ElementTree.Element, name: str) -> bool:
    """Whether an element has one of that name right inside it."""
    return any(local_name(child.tag) == name for child in element)


def elements(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """All elements of that name, at any depth."""
    return (element for element in root.iter() if local_name(element.tag) == name)


def stated(root: ElementTree.Element, name: str) -> str | None:
    """The text of the first element of that name, on one line; None where there is none."""
    element = next(elements(root, name), None)
    return None if element is None else " ".join((element.text or "").split()) or None


def _instrument(root: ElementTree.Element) -> str | None:
    for component in elements(root, "Observing_System_Component"):
        if stated(component, "type") == "Instrument":
            return stated(component, "name")
    return None


def _believed(metadata: dict[str, str], created: str | None) -> tuple[MarsTime | None, tuple[str, ...]]:
    """When a recording began, as far as its label can be believed, and what is doubtful."""
    notes: list[str] = []
    utc_text = metadata.get("pds_start_date_time")
    local_text = metadata.get("pds_start_local_mean_solar_time")
    utc = local = None
    if utc_text is not None:
        try:
            utc = MarsTime(utc_text)
        except ParameterError:
            notes.append(f"The label states {utc_text!r} as its start, which is no time.")
    if local_text is not None:
        try:
            local = MarsTime.from_local(local_text)
        except ParameterError:
            notes.append(f"The label states {local_text!r} as its local time, which is none.")
    if utc is not None and (reason := _implausible(utc, created)):
        notes.append(
            f"The label states {utc_text} as its start, {reason}: it is kept as stated, and not used."
        )
        utc = None
    if utc is not None and local is not None:
        apart = (utc.utc - local.utc).total_seconds()
        if abs(apart) > AGREEING:
            notes.append(
                f"The label's start {utc_text} and its local time {local_text} are {abs(apart):.0f} s apart: "
                "neither is used."
            )
            return None, tuple(notes)
        return utc, tuple(notes)
    if local is not None:
        notes.append(
            f"The time in UTC was worked out from the label's local time {local_text}, to some seconds."
        )
    return utc or local, tuple(notes)


def _implausible(start: MarsTime, created: str | None) -> str:
    """Why a time cannot be that of a recording on Mars; empty where it can."""
    if abs(start.utc - LANDING) < NEAR_LANDING:
        return "which is when the rover landed, not when this was recorded"
    if start.utc < LANDING:
        return "which is before the rover landed"
    try:
        if created is not None and start.utc > MarsTime(created).utc + datetime.timedelta(days=1):
            return f"which is later than its file, of {created}"
    except ParameterError:
        pass  # a date that cannot be read says nothing about the start
    return ""


def _check_md5(path: Path, checksum: str) -> None:
    with open_for_reading(path, may_be_empty=True) as stream:
        try:
            found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        except OSError as error:
            raise AudioFormatError(f"Cannot read {str(path)!r}: {reason_of(error)}.") from error
    if found != checksum.lower():
        raise AudioFormatError(
            f"{str(path)!r} has the MD5 {found}, but its label states {checksum}. The file changed since it "
            "was archived: fetch it again."
        )
