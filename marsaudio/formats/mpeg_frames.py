"""The frames of an MP3 file: whether they follow one another to its end.

Where one is missing, the decoder goes on with the next that it finds, and what follows comes earlier than it
should.

Sources: ISO/IEC 11172-3 and 13818-3 (headers, side information), Fraunhofer's extension to low rates
(version 2.5); the frame named ``Xing`` or ``Info`` that encoders put first, as in LAME's documentation of
its tag; https://id3.org (ID3); the wiki of Hydrogenaudio (APE).
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from marsaudio.formats.extent import WINDOW, Extent, Window
from marsaudio.formats.guarded_stream import Searchable

HEADER_SEARCH = 4096  # bytes after the tags in which the first frame must begin
FRAMES_THAT_CONVINCE = 3  # in a row: one alone may look like a frame and be none
# Before the place where no frame follows, the last may lack its end, and the one before be none at all.
FRAMES_IN_DOUBT = 2
SYNC = re.compile(rb"\xff[\xe2-\xff]")
COUNTING = re.compile(rb"Xing|Info")  # the frame that encoders put first, to count the others
MPEG_1, MPEG_2 = 3, 2  # as their headers have it; 0 is version 2.5
# In kbit/s, by the four bits in the header; 0 leaves it open, 15 is forbidden.
BIT_RATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = (44100, 48000, 32000)  # of MPEG-1; a half of it in MPEG-2, a quarter in 2.5


TAG_OFFSETS = (4 + 32, 4 + 17, 4 + 9)  # of the frame that counts the others: where side information ends
TAG_LIMIT = 64  # tags one after the other


class Frame(NamedTuple):
    """What the header of a frame says."""

    length: int  # in bytes
    kind: tuple[int, int, int]  # version, layer and rate, the same in all frames of a file
    channels: int
    has_checksum: bool


def extent_of_mp3(stream: Searchable) -> Extent:
    """Walk over the frames of an MP3 file, up to the first place where none follows although more come.

    Parameters
    ----------
    stream
        A searchable binary stream whose position 0 is the start of the file. It is left at an undefined
        position.

    Returns
    -------
    Extent
        What is cut at its end is not told apart from what is whole: the decoder counts what is there.
    """
    size = stream.seek(0, os.SEEK_END)
    window = Window(stream)
    first = _after_tags(window, 0)
    start = _next_row(window, first, size, HEADER_SEARCH)
    if start is None:
        return Extent()
    if COUNTING.search(window.at(first, start - first)):  # what counts the others is there, but not whole
        return Extent(first, is_broken=True)
    stated = _frames_stated(window, start)
    reservoir = Reservoir()
    before = [start] * FRAMES_IN_DOUBT  # where the last frames began
    count, end = 0, start
    for position, frame in _row(window, start, size):
        if stated is not None:
            reservoir.take(window, position, frame, before[-1])
        before = [*before[1:], position]
        count, end = count + 1, position + frame.length
    if _more_follows(window, _after_tags(window, end), size):
        return Extent(before[0], is_broken=True)
    # The first frame, which counts the others, does not count itself.
    if stated is not None and stated + 1 - count > FRAMES_IN_DOUBT and reservoir.lacks_since is not None:
        return Extent(reservoir.lacks_since, is_broken=True)
    # The decoder stops after as many as are stated.
    return Extent(goes_on=stated is not None and count - (stated + 1) > FRAMES_IN_DOUBT)


class Reservoir:
    """What frames of layer III leave to later ones, which tells of frames that were taken out whole.

    A frame says how many bytes before it its sound begins. They cannot be more than the frame before it left.
    """

    def __init__(self) -> None:
        self._left: int | None = None
        self.lacks_since: int | None = None

    def take(self, window: Window, position: int, frame: Frame, position_before: int) -> None:
        """Look at the next frame; where it lacks bytes, what is sure ends before the frame before it."""
        version, layer, _ = frame.kind
        if layer != 3 or self.lacks_since is not None:
            return
        is_mpeg_1, is_mono = version == MPEG_1, frame.channels == 1
        header = 4 + 2 * frame.has_checksum
        size = (17 if is_mono else 32) if is_mpeg_1 else (9 if is_mono else 17)
        bits = f"{int.from_bytes(window.at(position + header, size), 'big'):0{8 * size}b}"
        back = int(bits[: 9 if is_mpeg_1 else 8], 2)
        first, step = ((18 if is_mono else 20), 59) if is_mpeg_1 else ((9 if is_mono else 10), 63)
        parts = frame.channels * (2 if is_mpeg_1 else 1)
        used = sum(int(bits[place : place + 12], 2) for place in range(first, first + parts * step, step))
        if self._left is not None and back > self._left:
            self.lacks_since = position_before
        self._left = back + frame.length - header - size - -(-used // 8)


def _row(window: Window, position: int, size: int) -> Iterator[tuple[int, Frame]]:
    """The frames that follow one another from a position on, with tags between them, and where they begin."""
    kind = None
    while position < size:
        frame = _frame_at(window.at(position, 4))
        if frame is None or (kind is not None and frame.kind != kind):
            after = _after_tags(window, position)
            if after == position:
                return
            position = after
        elif position + frame.length > size:
            return
        else:
            yield position, frame
            kind, position = frame.kind, position + frame.length


def _more_follows(window: Window, position: int, size: int) -> bool:
    """Whether sound comes after the place where a row of frames ends, and not just the rest of one."""
    if position >= size:
        return False
    frame = _frame_at(window.at(position, 4))
    if frame is not None and position + frame.length > size:
        return False
    # What is no sound may stand at the end, but not much.
    return size - position > WINDOW or _next_row(window, position, size, WINDOW) is not None


def _next_row(window: Window, position: int, size: int, within: int) -> int | None:
    """Where the first frames begin that follow one another, or follow one another to the end of the file."""
    for match in SYNC.finditer(window.at(position, within)):
        begin = position + match.start()
        row = list(itertools.islice(_row(window, begin, size), FRAMES_THAT_CONVINCE))
        if row and (len(row) == FRAMES_THAT_CONVINCE or row[-1][0] + row[-1][1].length == size):
            return begin
    return None


@functools.lru_cache(maxsize=4096)
def _frame_at(header: bytes) -> Frame | None:
    """What the four bytes of a header say; None where they are none, or leave the length open."""
    if len(header) < 4 or SYNC.match(header) is None:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bit_rate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return None
    sample_rate = SAMPLE_RATES[rate] // {MPEG_1: 1, MPEG_2: 2}.get(version, 4)
    bits = 1000 * BIT_RATES[1 if version == MPEG_1 else 2, layer][bit_rate - 1]
    padding = header[2] >> 1 & 1
    if layer == 1:
        length = (12 * bits // sample_rate + padding) * 4
    else:
        samples = 576 if layer == 3 and version != MPEG_1 else 1152
        length = samples // 8 * bits // sample_rate + padding
    channels = 1 if header[3] >> 6 == 3 else 2
    return Frame(length, (version, layer, rate), channels, not header[1] & 1)


def _frames_stated(window: Window, start: int) -> int | None:
    """How many frames follow the first one, where that is there to count them."""
    for offset in TAG_OFFSETS:
        name, flags, count = struct.unpack(">4sII", window.at(start + offset, 12).ljust(12, b"\0"))
        if name in (b"Xing", b"Info") and flags & 1:
            return int(count)
    return None


def _after_tags(window: Window, position: int) -> int:
    """Where the tags end that begin at a position; the same position where none does."""
    for _ in range(TAG_LIMIT):
        head = window.at(position, 32)
        if head[:3] == b"ID3" and len(head) >= 10:
            # A tag's size has seven bits in each byte, so that it never looks like a frame.
            position += 10 + sum((byte & 0x7F) << 7 * (3 - place) for place, byte in enumerate(head[6:10]))
        elif head[:3] == b"TAG":
            position += 128
        elif head[:8] == b"APETAGEX" and len(head) == 32:
            position += 32 + int.from_bytes(head[12:16], "little")
        else:
            break
    return position
