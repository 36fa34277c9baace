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
LONGEST_FRAME = 2881  # bytes: layer II at 160 kbit/s and 8 kHz
# In headers that leave nothing open and hold nothing forbidden: the bytes of version and layer, and of rates.
VERSIONS_AND_LAYERS = bytes(byte for byte in range(0xE0, 0x100) if byte >> 3 & 3 != 1 and byte >> 1 & 3)
RATES = bytes(byte for byte in range(0x100) if 0 < byte >> 4 < 15 and byte >> 2 & 3 != 3)
HEADER = re.compile(rb"\xff(?=[" + re.escape(VERSIONS_AND_LAYERS) + rb"][" + re.escape(RATES) + rb"])")
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
# What bounds the time that files take which were made to take long. No recording comes near these.
TAG_LIMIT = 8  # tags one after the other that are passed over at once
TAGGED_LIMIT = 100_000  # places with tags between frames
HEADER_LIMIT = 500_000  # what looks like a header and is none, in a search for the next frames
RESERVOIR_LIMIT = 500_000  # frames whose side information is looked at


class Frame(NamedTuple):
    """What the header of a frame says."""

    length: int  # in bytes
    kind: tuple[int, int, int]  # version, layer and rate, the same in all frames of a file
    samples: int  # of each channel
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
    window = Window(stream)
    first = _after_tags(window, 0)
    size = _before_tags(window, first, stream.seek(0, os.SEEK_END))
    # FLAC files may begin with a tag as well.
    start = None if window.at(first, 4) == b"fLaC" else _first_row(window, first, size)
    if start is None:  # too few follow one another to be sure of them, but the first may count more
        return Extent(is_counted=_frames_stated(window, first) is not None)
    # libsndfile knows the frames of a stream without a name only behind nothing but tags of one kind.
    begin = 0 if start == _after_tags(window, 0, of_kinds=(b"ID3",)) else start
    if _counting_frame_is_there(window, first, start):  # but not whole, or it were the first of the row
        return Extent(start, is_broken=True, begin=start)
    stated = _frames_stated(window, start)
    extent = _extent_of_row(window, start, size, stated)
    return extent._replace(begin=begin if extent.is_broken else 0, is_counted=stated is not None)


def holds_an_mpeg_frame(stream: Searchable) -> bool:
    """Whether what may be the header of an MPEG frame comes soon, as in the middle of an MP3 file."""
    origin = stream.tell()
    head = stream.read(HEADER_SEARCH)
    stream.seek(origin)
    return re.search(rb"\xff[\xe0-\xff]", head) is not None


def _extent_of_row(window: Window, start: int, size: int, stated: int | None) -> Extent:
    """Walk over the frames from the first on, of which a number is stated or is not."""
    before = last = start  # where the last two frames began: FRAMES_IN_DOUBT
    count, uncounted, end, kind, begins_anew = 0, 0, start, None, False
    # How many frames there are before the first that may be of another sound, as counts are not always exact.
    anew_from = None if stated is None else stated + 1 - FRAMES_IN_DOUBT
    for position, frame in _row(window, start, size):
        if frame is None:
            end = position
            break
        if anew_from is not None and anew_from <= count <= anew_from + 2 * FRAMES_IN_DOUBT:
            begins_anew = begins_anew or position > end or _counts_others(window, position)
        before, last = last, position
        count, end, kind = count + 1, position + frame.length, frame.kind
        uncounted += frame.samples if stated is None else 0
    # The first frame, which counts the others, does not count itself. The decoder stops after as many as are
    # stated, so that what comes after them does no harm.
    surplus = 0 if stated is None else count - (stated + 1)
    if surplus > FRAMES_IN_DOUBT:
        return Extent(goes_on=begins_anew, holds_more=not begins_anew)
    follows = _what_follows(window, end, size)
    if follows is not None and stated is not None and count >= stated:
        return Extent(goes_on=True)
    if follows == end and stated is None and (other := _frame_at(window.at(end, 4))) is not None:
        # Another sound, of another kind. The decoder goes on with it unless its rate is another.
        return Extent(goes_on=kind is not None and other.kind[::2] != kind[::2], uncounted=uncounted)
    if follows is not None:
        return Extent(before, is_broken=True)
    if -surplus > FRAMES_IN_DOUBT and (lacks_since := _lacks_since(window, start, size)) is not None:
        return Extent(lacks_since, is_broken=True)
    return Extent(uncounted=uncounted)


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
        side = int.from_bytes(window.at(position + header, size).ljust(size, b"\0"), "big")
        back = side >> 8 * size - (9 if is_mpeg_1 else 8)
        first, step = ((18 if is_mono else 20), 59) if is_mpeg_1 else ((9 if is_mono else 10), 63)
        parts = frame.channels * (2 if is_mpeg_1 else 1)
        used = sum(
            side >> 8 * size - 12 - place & 0xFFF for place in range(first, first + parts * step, step)
        )
        if self._left is not None and back > self._left:
            self.lacks_since = position_before
        self._left = back + frame.length - header - size - -(-used // 8)


def _lacks_since(window: Window, start: int, size: int) -> int | None:
    """Where the frames begin that lack what those before them should have left, if any do."""
    reservoir, before = Reservoir(), start
    for position, frame in itertools.islice(_row(window, start, size), RESERVOIR_LIMIT):
        if frame is not None and reservoir.lacks_since is None:
            reservoir.take(window, position, frame, before)
            before = position
    return reservoir.lacks_since


def _row(window: Window, position: int, size: int) -> Iterator[tuple[int, Frame | None]]:
    """The frames that follow one another from a position on, with tags between them, and where they begin.

    Last comes the place where none follows, with None. Where there are more tags than anybody writes, that is
    the end of the file: what comes after them is not looked at.
    """
    kind = None
    tagged = 0
    held, begin = b"", position
    while position < size:
        header = held[position - begin : position - begin + 4]
        if len(header) < 4:
            held, begin = window.at(position, WINDOW), position
            header = held[:4]
        frame = _frame_at(header)
        if frame is None or (kind is not None and frame.kind != kind):
            after = _after_tags(window, position)
            if after == position:
                break
            tagged += 1
            position = after if tagged < TAGGED_LIMIT else size
        elif position + frame.length > size:
            break
        else:
            yield position, frame
            kind, position = frame.kind, position + frame.length
    yield position, None


def _first_row(window: Window, first: int, size: int) -> int | None:
    """Where the first frames begin that follow one another, from the end of the tags on."""
    return first if _row_begins(window, first, size) else _next_row(window, first, size, HEADER_SEARCH)


def _row_begins(window: Window, position: int, size: int) -> bool:
    """Whether frames follow one another from there on, with tags between them."""
    row = [frame for _, frame in itertools.islice(_row(window, position, size), FRAMES_THAT_CONVINCE)]
    return len(row) == FRAMES_THAT_CONVINCE and None not in row


def _what_follows(window: Window, position: int, size: int) -> int | None:
    """Where frames begin again after the place where a row of them ends; None where they never do."""
    if position >= size:
        return None
    frame = _frame_at(window.at(position, 4))
    if frame is not None and position + frame.length > size:
        return None
    if _row_begins(window, position, size):
        return position
    return _next_row(window, position, size, size - position)


def _next_row(window: Window, position: int, size: int, within: int) -> int | None:
    """Where the first frames begin that follow one another, or follow one another to the end of the file.

    Tags between them are not looked for, as each place may be one from which a long way leads over tags.
    """
    stop, headers = min(position + within, size), 0
    while position < stop:
        held = window.at(position, WINDOW)
        left = size - position
        # The others are looked at with the next bytes, among which the frames after them are.
        searched = left if left <= len(held) else len(held) - FRAMES_THAT_CONVINCE * LONGEST_FRAME - 4
        for match in HEADER.finditer(held):
            headers += 1
            if match.start() >= min(searched, stop - position) or headers > HEADER_LIMIT:
                break
            if _convinces(held, match.start(), left):
                return position + match.start()
        if headers > HEADER_LIMIT:
            return None
        position += searched
    return None


def _convinces(held: bytes, place: int, left: int) -> bool:
    """Whether frames follow one another from that place on, or follow one another to the end of the file."""
    kind = None
    for _ in range(FRAMES_THAT_CONVINCE):
        frame = _frame_at(held[place : place + 4])
        if frame is None or (kind is not None and frame.kind != kind) or place + frame.length > left:
            return False
        kind, place = frame.kind, place + frame.length
        if place == left:
            return True
    return True


@functools.lru_cache(maxsize=4096)
def _frame_at(header: bytes) -> Frame | None:
    """What the four bytes of a header say; None where they are none, or leave the length open."""
    if len(header) < 4 or HEADER.match(header) is None:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bit_rate, rate = header[2] >> 4, header[2] >> 2 & 3
    sample_rate = SAMPLE_RATES[rate] // {MPEG_1: 1, MPEG_2: 2}.get(version, 4)
    bits = 1000 * BIT_RATES[1 if version == MPEG_1 else 2, layer][bit_rate - 1]
    padding = header[2] >> 1 & 1
    if layer == 1:
        samples = 384
        length = (12 * bits // sample_rate + padding) * 4
    else:
        samples = 576 if layer == 3 and version != MPEG_1 else 1152
        length = samples // 8 * bits // sample_rate + padding
    channels = 1 if header[3] >> 6 == 3 else 2
    return Frame(length, (version, layer, rate), samples, channels, not header[1] & 1)


def _counting_frame_is_there(window: Window, first: int, start: int) -> bool:
    """Whether a frame that counts others begins between two places, with its header and its name."""
    between = window.at(first, start - first)
    return any(
        match.start() >= offset
        and _frame_at(between[match.start() - offset : match.start() - offset + 4]) is not None
        for match in COUNTING.finditer(between)
        for offset in TAG_OFFSETS
    )


def _counts_others(window: Window, position: int) -> bool:
    """Whether the frame that begins there is one that encoders put first."""
    return any(COUNTING.match(window.at(position + offset, 4)) for offset in TAG_OFFSETS)


def _frames_stated(window: Window, start: int) -> int | None:
    """How many frames follow the first one, where that is there to count them; 0 says that nobody knew."""
    for offset in TAG_OFFSETS:
        name, flags, count = struct.unpack(">4sII", window.at(start + offset, 12).ljust(12, b"\0"))
        if COUNTING.match(name) and flags & 1:
            return int(count) or None
    return None


def _after_tags(
    window: Window, position: int, *, of_kinds: tuple[bytes, ...] = (b"ID3", b"TAG", b"APE")
) -> int:
    """Where the tags end that begin at a position; the same position where none does."""
    for _ in range(TAG_LIMIT):
        head = window.at(position, 32)
        if head[:3] not in of_kinds:
            break
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


def _before_tags(window: Window, first: int, size: int) -> int:
    """Where the tags begin that end the file: what says how long they are may come last in them."""
    end = size
    if window.at(max(end - 128, 0), 3) == b"TAG":
        end -= 128
    footer = window.at(max(end - 32, 0), 32)
    if footer[:8] == b"APETAGEX" and len(footer) == 32:
        end -= int.from_bytes(footer[12:16], "little")
    return end if first <= end else size
