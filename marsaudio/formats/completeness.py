"""Which kind of audio file it is, and whether it is all there.

libsndfile takes the end of the file for the end of the sound, and tries some twenty formats on whatever it
is given. Here a file must begin like one of those that people record in, each of which says how much there
should be or how it ends. What the headers of WAV files say stands in `marsaudio.formats.riff`, whether all
of an Ogg or MP3 file is there and in order in `marsaudio.formats.ogg_pages` and
`marsaudio.formats.mpeg_frames`, and FLAC's decoder holds files against theirs; the others need a look of
their own.

Sources: Sonic Foundry, *Sony Wave64* (W64); Apple, *Audio Interchange File Format* (AIFF) and *Core Audio
Format Specification* (CAF); the manual page of NeXT's and Sun's audio files (AU).
"""

from __future__ import annotations

import os
import re
import struct
from typing import NamedTuple

from marsaudio.formats.chunks import chunks_of
from marsaudio.formats.extent import Extent
from marsaudio.formats.guarded_stream import Searchable
from marsaudio.formats.mpeg_frames import extent_of_mp3
from marsaudio.formats.ogg_pages import extent_of_ogg

WAVE64_BEGINS_WITH = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
WAVE64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
AU_SIZE_UNKNOWN, CAF_SIZE_UNKNOWN = 2**32 - 1, -1
BEGINNINGS = re.compile(
    rb"RIFF....WAVE|RF64....WAVE|fLaC|OggS|ID3|\xff[\xe0-\xff]|FORM....AIF[FC]|\.snd|dns\.|caff|"
    + re.escape(WAVE64_BEGINS_WITH),
    re.DOTALL,
)
OTHER_NAMES = {b"RIFF", b"RF64", b"riff", b"fLaC", b"FORM", b".snd", b"dns.", b"caff"}

# What libsndfile calls them.
FORMATS = {"WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF"}

# An encoder's delay and padding may or may not be counted: up to two frames say nothing.
MP3_UNCERTAIN_FRAMES = 2 * 1152


class SampleBytes(NamedTuple):
    """Bytes of samples that a header promises, and those that are there."""

    declared: int
    present: int


def begins_like_audio(stream: Searchable) -> bool:
    """Whether a stream begins like a WAV, RF64, W64, FLAC, Ogg, MP3, AIFF, AU or CAF file."""
    origin = stream.tell()
    head = stream.read(16)
    stream.seek(origin)
    return BEGINNINGS.match(head) is not None


def is_taken_for_another(stream: Searchable) -> bool:
    """Whether libsndfile would open the file called ``._NAME`` beside it instead, where there is one.

    Macs leave such files on the disks of others. It looks for them wherever a file does not begin with a name
    of its kind, as MP3 files without a tag.
    """
    origin = stream.tell()
    first = stream.read(1)
    stream.seek(origin)
    return not (first.isalpha() or first == b".")


def bytes_of_samples(stream: Searchable) -> SampleBytes | None:
    """What the headers of W64, AIFF, AU and CAF files promise.

    Parameters
    ----------
    stream
        A searchable binary stream whose position 0 is the start of the file. It is left at an undefined
        position.

    Returns
    -------
    SampleBytes or None
        None for other files, and where the header leaves it open or is damaged.
    """
    end = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(16)
    if head == WAVE64_BEGINS_WITH:
        # A chunk's size counts its own header of 24 bytes, and chunks begin at multiples of 8.
        chunks = chunks_of(stream, 40, "<16sQ", counted=24, padded_to=8)
        found = next(((body, size) for name, body, size in chunks if name == WAVE64_DATA), None)
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        chunks = chunks_of(stream, 12, ">4sI", counted=0, padded_to=2)
        # Its samples come after an offset and the size of a block, mostly 0.
        found = next(((body + 8, size - 8) for name, body, size in chunks if name == b"SSND"), None)
    elif head[:4] == b"caff":
        chunks = chunks_of(stream, 8, ">4sq", counted=0, padded_to=1)
        # Its samples come after a count of edits.
        found = next(((body + 4, size - 4) for name, body, size in chunks if name == b"data"), None)
        if found is not None and found[1] == CAF_SIZE_UNKNOWN - 4:
            return None
    elif head[:4] in (b".snd", b"dns.") and len(head) >= 12:
        body, size = struct.unpack_from(">II" if head[:4] == b".snd" else "<II", head, 4)
        found = None if size == AU_SIZE_UNKNOWN else (body, size)
    else:
        return None
    return None if found is None else SampleBytes(found[1], max(min(found[1], end - found[0]), 0))


def frames_of_aiff(stream: Searchable) -> int | None:
    """How many frames the chunk COMM of an AIFF file says there are.

    libsndfile goes by the size of the chunk of samples alone. Where what wrote it counted in it the byte that
    pads an odd number of them, libsndfile takes that for a sample. (It writes so itself, and then counts it
    here as well: such a file says of itself that it has one sample more.)

    Parameters
    ----------
    stream
        As of `bytes_of_samples`.

    Returns
    -------
    int or None
        None for other files, and where there is no such chunk or it is cut short.
    """
    stream.seek(0)
    head = stream.read(12)
    if head[:4] != b"FORM" or head[8:12] not in (b"AIFF", b"AIFC"):
        return None
    for name, body, size in chunks_of(stream, 12, ">4sI", counted=0, padded_to=2):
        if name == b"COMM":
            stream.seek(body)
            common = stream.read(min(size, 6))  # the number of channels comes first, in two bytes
            return struct.unpack_from(">I", common, 2)[0] if len(common) == 6 else None
    return None


def extent_of(stream: Searchable) -> Extent:
    """How far the sound of an Ogg or MP3 file goes before something is missing.

    Parameters
    ----------
    stream
        As of `bytes_of_samples`.
    """
    stream.seek(0)
    head = stream.read(4)
    if head == b"OggS":
        return extent_of_ogg(stream)
    # MP3 files have no name of their kind: they begin with a tag, or anywhere in a frame.
    return Extent() if head in OTHER_NAMES else extent_of_mp3(stream)
