"""What the chunks of a WAV file say about it: title, dates, project.

libsndfile gives the samples and some of the strings in LIST, but soundfile passes on no other chunk.
NASA's recordings of 20 February 2021 carry LIST, bext, iXML and _PMX chunks after their samples.

Sources: Microsoft and IBM, *Multimedia Programming Interface and Data Specifications 1.0* (RIFF,
LIST/INFO); EBU Tech 3285 (bext); http://www.gallery.co.uk/ixml (iXML); Adobe, *XMP Specification
Part 3* (_PMX); EBU Tech 3306 (RF64 and its ds64 chunk).
"""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from marsaudio.formats.chunks import CHUNK_COUNT_LIMIT
from marsaudio.formats.guarded_stream import Searchable
from marsaudio.formats.xml_document import UnreadableXMLError, local_name, parse_xml

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
TEXT_LIMIT = 4 * 2**20  # bytes of all text chunks together; more is not metadata that anybody wrote
PCM, EXTENSIBLE = 1, 0xFFFE  # encodings
SIZE_ELSEWHERE = 0xFFFFFFFF  # what RF64 files say, and programs that stream to a pipe, such as ffmpeg
SIZE_NOWHERE = 2**64 - 1  # the same in 64 bits
# What SoX writes to a pipe: MS_UNSPEC in its wav.c, rounded down to whole frames.
SOX_SIZE_UNKNOWN = range(0x7FFFF000 - 4096, 0x7FFFF000 + 1)
# The byte that pads an odd number of samples of 8 bits is the lowest of them there is; sound has others near.
NEAR_THE_LOWEST = 64
TAIL_LIMIT = 4 * 2**20  # bytes in which chunks are looked for behind samples of unknown number
CHUNKS_AFTER_SAMPLES = re.compile(
    rb"LIST(?=....(?:INFO|adtl|exif))|(?:bext|iXML|_PMX|axml|id3 |ID3 |cue |smpl|inst|fact|cart|PEAK|DISP"
    rb"|afsp|acid|chna|umid|JUNK|junk|PAD |FLLR)(?=....)",
    re.DOTALL,
)


@dataclass(frozen=True)
class RiffContents:
    """What a walk over the chunks of a WAV file found.

    Attributes
    ----------
    metadata : dict of str to str
        Plain names (``title``, ``date``, ``software``, ...) and, for what has none, names that
        start with the chunk (``bext_originator``, ``ixml_project``, ``xmp_ModifyDate``).
    data_declared : int or None
        Bytes of samples that the header promises; None where it leaves their number open.
    data_present : int
        Bytes of samples that are there.
    data_undeclared : int
        Bytes that follow a header which says that there are no samples, and that are no chunk.
    chunks_after : int or None
        Where chunks begin that follow samples whose number the header leaves open, if any do; before them
        may come the byte that pads the samples.
    """

    metadata: dict[str, str] = field(default_factory=dict)
    data_declared: int | None = None
    data_present: int = 0
    data_undeclared: int = 0
    chunks_after: int | None = None


def read_riff(stream: Searchable) -> RiffContents | None:
    """Walk over the chunks of a WAV file, from wherever the stream stands.

    Parameters
    ----------
    stream
        A searchable binary stream at the start of the file. It is left at an undefined position.

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
    present = undeclared = 0
    size_of_data_64: int | None = None
    chunks_after: int | None = None
    is_of_single_bytes = False
    text_left = TEXT_LIMIT
    position = origin + 12
    for _ in range(CHUNK_COUNT_LIMIT):
        stream.seek(position)
        head = stream.read(8)
        if len(head) < 8:
            break
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        body = position + 8
        if name == b"ds64":
            size_of_data_64 = _size_of_data_64(stream.read(min(size, 24)))
        elif name == b"fmt ":
            is_of_single_bytes = _is_of_single_bytes(stream.read(min(size, 16)))
        elif name == b"data":
            declared = size_of_data_64 if size == SIZE_ELSEWHERE else size
            if size in SOX_SIZE_UNKNOWN and size > end - body:
                declared = None
            present = end - body if declared is None else min(end - body, declared)
            if declared is None and (chunks_after := _chunks_at_the_end(stream, body, end)) is not None:
                if is_of_single_bytes and _is_padded(stream, body, chunks_after):
                    chunks_after -= 1
                present = chunks_after - body
                chunks_after -= origin
            if declared == 0 and not _is_chunk(stream.read(8), end - body - 8):
                undeclared = end - body
                break
            size = present
        elif size <= text_left and name in TEXT_CHUNKS:
            text_left -= size
            TEXT_CHUNKS[name](stream.read(min(size, end - body)), metadata)
        position = body + size + (size & 1)  # chunks are padded to even lengths
    return RiffContents(metadata, declared, present, undeclared, chunks_after)


def _chunks_at_the_end(stream: Searchable, start: int, end: int) -> int | None:
    """Where chunks of known names begin that follow one another exactly to the end, if any do.

    What is written to a pipe leaves the number of samples open, yet chunks may follow them. Samples that look
    like that by chance are not to be feared: name and size have 64 bits.
    """
    first = max(start, end - TAIL_LIMIT)
    stream.seek(first)
    tail = stream.read(end - first)
    begins, fits = None, {len(tail)}  # where what comes before may end
    for match in reversed(list(CHUNKS_AFTER_SAMPLES.finditer(tail))):
        place = match.start()
        if (first + place - start) % 2 == 0:
            (size,) = struct.unpack_from("<I", tail, place + 4)
            after = place + 8 + size
            if after in fits or after + (size & 1) in fits:  # the last may lack the byte that pads it
                begins = place
                fits.add(place)
    return None if begins is None else first + begins


def _is_of_single_bytes(body: bytes) -> bool:
    """Whether the samples are of one channel and 8 bits, from 0 to 255, as the chunk ``fmt`` tells."""
    if len(body) < 16:
        return False
    encoding, channels, _, _, _, bits = struct.unpack("<HHIIHH", body)
    return encoding in (PCM, EXTENSIBLE) and channels == 1 and bits == 8


def _is_padded(stream: Searchable, start: int, end: int) -> bool:
    """Whether the last of the bytes up to the chunks after samples pads these and is none of them.

    Nothing but how it sounds can tell: a single sample at the lowest value, to which the one before it is not
    near, is taken for none.
    """
    if end - start < 2:
        return False
    stream.seek(end - 2)
    before, last = stream.read(2)
    return last == 0 and before >= NEAR_THE_LOWEST


def _size_of_data_64(body: bytes) -> int | None:
    """EBU Tech 3306: the sizes of the file and of its data, and the number of samples, 64 bits each."""
    if len(body) < 24:
        return None
    size: int = struct.unpack_from("<Q", body, 8)[0]
    return None if size == SIZE_NOWHERE else size


def _is_chunk(head: bytes, bytes_left: int) -> bool:
    """Whether a chunk begins with these bytes, and not something else; at the end there is none."""
    if not head:
        return True
    name_is_text = len(head) == 8 and all(0x20 <= byte < 0x7F for byte in head[:4])
    return name_is_text and struct.unpack("<I", head[4:])[0] <= bytes_left


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
        _keep(metadata, INFO_NAMES.get(name) or f"info_{name.decode('ascii', 'backslashreplace')}", value)
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


def _parsed(body: bytes) -> ElementTree.Element | None:
    start, stop = body.find(b"<"), body.rfind(b">")
    try:
        return parse_xml(body[start : stop + 1])
    except UnreadableXMLError:
        return None


def _read_ixml(body: bytes, metadata: dict[str, str]) -> None:
    root = _parsed(body)
    if root is None:
        return
    for name in ("PROJECT", "SCENE", "TAPE", "TAKE", "NOTE"):
        _keep(metadata, f"ixml_{name.lower()}", (root.findtext(name) or "").strip())


def _read_xmp(body: bytes, metadata: dict[str, str]) -> None:
    root = _parsed(body)
    if root is None:
        return
    # Only the descriptions of this file: deeper ones describe the material it was made from.
    for description in root.iterfind(f"{RDF}RDF/{RDF}Description"):
        simple = {local_name(name): value for name, value in description.attrib.items()}
        for child in description:
            name = local_name(child.tag)
            if name in XMP_NAMES:
                simple[name] = " ".join(" ".join(child.itertext()).split())
            for element in child:
                if local_name(element.tag) in XMP_PROJECT_PATHS and element.text:
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
