"""What the chunks of a WAV file say about it: title, dates, project.

libsndfile gives the samples, yet it stops reading strings at ``data``; editing programs write theirs
after it. NASA's recordings of 20 February 2021 carry LIST, bext, iXML and _PMX chunks there.

Sources: Microsoft and IBM, *Multimedia Programming Interface and Data Specifications 1.0* (RIFF,
LIST/INFO); EBU Tech 3285 (bext); http://www.gallery.co.uk/ixml (iXML); Adobe, *XMP Specification
Part 3* (_PMX); EBU Tech 3306 (RF64 and its ds64 chunk).
"""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from typing import BinaryIO

# Names of the RIFF INFO entries, in the words that Recording.source.metadata uses.
INFO_NAMES = {
    b"INAM": "title",
    b"IART": "artist",
    b"ICMT": "comment",
    b"ICOP": "copyright",
    b"ICRD": "date",
    b"IGNR": "genre",
    b"IPRD": "album",
    b"ISFT": "software",
    b"IENG": "engineer",
    b"ISBJ": "subject",
    b"ISRC": "source",
}
TEXT_CHUNK_LIMIT = 4 * 2**20  # bytes; a longer text chunk is not metadata that anybody wrote
CHUNK_COUNT_LIMIT = 4096
SIZE_UNKNOWN = 0xFFFFFFFF  # what programs write that stream to a pipe, and RF64 files


@dataclass(frozen=True)
class RiffContents:
    """What a walk over the chunks of a WAV file found.

    Attributes
    ----------
    metadata : dict of str to str
        Plain names (``title``, ``date``, ``software``, ...) and, for what has none, names that
        start with the chunk (``bext_originator``, ``ixml_project``, ``xmp_ModifyDate``).
    data_declared, data_present : int or None
        Bytes of samples that the header promises and that are there. `data_declared` is None
        where the header leaves the size open.
    """

    metadata: dict[str, str] = field(default_factory=dict)
    data_declared: int | None = None
    data_present: int | None = None


def read_riff(stream: BinaryIO) -> RiffContents | None:
    """Walk over the chunks of a WAV file, from wherever the stream stands.

    Parameters
    ----------
    stream
        A seekable binary stream at the start of the file. It is left at an undefined position.

    Returns
    -------
    RiffContents or None
        None where the stream holds no RIFF/WAVE file. A damaged chunk ends the walk; what came
        before it is kept.
    """
    origin = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(origin)
    header = stream.read(12)
    if len(header) < 12 or header[:4] not in (b"RIFF", b"RF64") or header[8:] != b"WAVE":
        return None
    metadata: dict[str, str] = {}
    declared: int | None = None
    present: int | None = None
    size_of_data_64: int | None = None
    position = origin + 12
    for _ in range(CHUNK_COUNT_LIMIT):
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            break
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        body = position + 8
        if name == b"ds64" and size >= 24:
            size_of_data_64 = struct.unpack("<Q", stream.read(24)[8:16])[0]
        elif name == b"data":
            is_open = size == SIZE_UNKNOWN
            declared = size_of_data_64 if is_open else size
            present = min(end - body, declared) if declared is not None else end - body
            size = present
        elif size <= TEXT_CHUNK_LIMIT and name in TEXT_CHUNKS:
            TEXT_CHUNKS[name](stream.read(min(size, end - body)), metadata)
        position = body + size + (size & 1)  # chunks are padded to even lengths
    return RiffContents(metadata, declared, present)


def _text(raw: bytes) -> str:
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def _keep(metadata: dict[str, str], name: str, value: str) -> None:
    """Keep the first non-empty statement of a name: later chunks repeat earlier ones."""
    if value:
        metadata.setdefault(name, value)


def _read_info(body: bytes, metadata: dict[str, str]) -> None:
    if body[:4] != b"INFO":
        return
    position = 4
    while position + 8 <= len(body):
        name, size = body[position : position + 4], struct.unpack_from("<I", body, position + 4)[0]
        value = _text(body[position + 8 : position + 8 + size])
        _keep(metadata, INFO_NAMES.get(name, f"info_{_text(name)}"), value)
        position += 8 + size + (size & 1)


def _read_bext(body: bytes, metadata: dict[str, str]) -> None:
    """EBU Tech 3285: description 256, originator 32, reference 32, date 10, time 8, time reference 8."""
    if len(body) < 346:
        return
    _keep(metadata, "bext_description", _text(body[0:256]))
    _keep(metadata, "bext_originator", _text(body[256:288]))
    _keep(metadata, "bext_originator_reference", _text(body[288:320]))
    date, time = _text(body[320:330]), _text(body[330:338])
    _keep(metadata, "bext_origination", f"{date} {time}".strip())
    _keep(metadata, "bext_time_reference", str(struct.unpack_from("<Q", body, 338)[0]))


def _parse_xml(body: bytes) -> ElementTree.Element | None:
    # No document that describes a recording declares entities; one that does is an attack.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return None
    start, stop = body.find(b"<"), body.rfind(b">")
    try:
        return ElementTree.fromstring(body[start : stop + 1])
    except (ElementTree.ParseError, ValueError):
        return None


def _local_name(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _read_ixml(body: bytes, metadata: dict[str, str]) -> None:
    root = _parse_xml(body)
    if root is None:
        return
    for name in ("PROJECT", "SCENE", "TAPE", "TAKE", "NOTE"):
        _keep(metadata, f"ixml_{name.lower()}", (root.findtext(name) or "").strip())


def _read_xmp(body: bytes, metadata: dict[str, str]) -> None:
    root = _parse_xml(body)
    if root is None:
        return
    # Only the descriptions of this file: deeper ones describe the material it was made from.
    for description in root.iterfind(f"{RDF}RDF/{RDF}Description"):
        simple = {_local_name(name): value for name, value in description.attrib.items()}
        for child in description:
            name = _local_name(child.tag)
            if name in XMP_NAMES:
                simple[name] = " ".join(" ".join(child.itertext()).split())
            for element in child:
                if _local_name(element.tag) in XMP_PROJECT_PATHS and element.text:
                    simple["project"] = element.text.strip().replace("\\", "/").rsplit("/", 1)[-1]
        _keep(metadata, "title", simple.get("title", ""))
        for name in XMP_NAMES:
            _keep(metadata, f"xmp_{name}", simple.get(name, ""))


RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP_PROJECT_PATHS = ("posixProjectPath", "uncProjectPath")
XMP_NAMES = (
    "title",
    "description",
    "creator",
    "rights",
    "project",
    "CreateDate",
    "ModifyDate",
    "CreatorTool",
    "DocumentID",
)
TEXT_CHUNKS = {
    b"LIST": _read_info,
    b"bext": _read_bext,
    b"iXML": _read_ixml,
    b"_PMX": _read_xmp,
}
