"""Whether a compressed file is all there: what MP3 and Ogg files say about their own end.

libsndfile takes the end of the file for the end of the sound. WAV and FLAC files state how much there
should be; these two need a look of their own.

Sources: RFC 3533 (Ogg pages); ISO/IEC 11172-3 (MPEG frames); the frame named ``Xing`` or ``Info`` that
encoders put first, as in LAME's documentation of its tag.
"""

from __future__ import annotations

import os
import re

from marsaudio.formats.guarded_stream import Searchable

OGG_PAGE_LIMIT = 27 + 255 + 255 * 255  # bytes: header, segment table, segments
OGG_LAST_PAGE = 0x04  # the flag of a stream's last page
MP3_HEADER_SEARCH = 4096  # bytes after the ID3 tag in which the first frame must begin
# Where the side information of a layer III frame ends: MPEG-1 or -2, stereo or mono.
MP3_TAG_OFFSETS = (4 + 32, 4 + 17, 4 + 9)
# An encoder's delay and padding may or may not be counted: up to two frames say nothing.
MP3_UNCERTAIN_FRAMES = 2 * 1152


def ogg_has_its_end(stream: Searchable) -> bool:
    """Whether the last page of an Ogg file is whole and marked as the last."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - OGG_PAGE_LIMIT, 0))
    tail = stream.read(OGG_PAGE_LIMIT)
    for match in reversed(list(re.finditer(b"OggS\0", tail))):
        page = tail[match.start() :]
        segments = page[26] if len(page) > 26 else 255
        if len(page) < 27 + segments or len(page) < 27 + segments + sum(page[27 : 27 + segments]):
            continue
        return bool(page[5] & OGG_LAST_PAGE)
    return False


def mp3_states_its_length(stream: Searchable) -> bool:
    """Whether an MP3 file begins with a frame that counts the others."""
    stream.seek(0)
    start = 0
    head = stream.read(10)
    if head[:3] == b"ID3" and len(head) == 10:
        # A tag's size has seven bits in each byte, so that it never looks like a frame.
        start = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    stream.seek(start)
    head = stream.read(MP3_HEADER_SEARCH)
    first = re.search(rb"\xff[\xe2-\xff]", head)
    if first is None:
        return False
    frame = head[first.start() :]
    return any(frame[offset : offset + 4] in (b"Xing", b"Info") for offset in MP3_TAG_OFFSETS)
