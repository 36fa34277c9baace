"""The pages of an Ogg file: whether they are all there, each once, whole and in order.

libsndfile passes over pages that are missing or damaged, and what follows comes earlier than it should.

Source: RFC 3533.
"""

from __future__ import annotations

import os
import zlib
from typing import NamedTuple

from marsaudio.formats.extent import Extent, Window
from marsaudio.formats.guarded_stream import Searchable

MARK = b"OggS\0"  # what pages begin with, and the only version there is
HEADER = 27  # bytes, the last of which counts the segments
PAGE_LIMIT = HEADER + 255 + 255 * 255  # bytes: header, segment table, segments
STREAM_LIMIT = 1000  # streams whose pages are counted; more than two or three take turns in no recording
FIRST_PAGE, LAST_PAGE = 0x02, 0x04  # flags
BITS_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    """What matters of a page."""

    size: int
    flags: int
    serial: bytes
    number: int


def extent_of_ogg(stream: Searchable) -> Extent:
    """Walk over the pages of the first sound in an Ogg file, up to the first that is not as it should be.

    Parameters
    ----------
    stream
        A searchable binary stream whose position 0 is the start of the file. It is left at an undefined
        position.
    """
    size = stream.seek(0, os.SEEK_END)
    window = Window(stream)
    expected: dict[bytes, int] = {}  # the number of the next page of each stream, by its serial number
    first_serial, position = b"", 0
    has_begun = has_ended = False
    while position < size and (page := _page_at(window, position)) is not None:
        begins = bool(page.flags & FIRST_PAGE)
        if begins and has_begun:  # all streams that belong together begin before anything else comes
            return Extent(position, is_cut=not has_ended, goes_on=True)
        # Streams begin with whatever number, mostly 0. Pages of those that never began belong to no sound.
        if not begins and page.number != expected.get(page.serial, page.number):
            break
        first_serial = first_serial or page.serial
        has_begun = has_begun or not begins
        has_ended = has_ended or (page.serial == first_serial and bool(page.flags & LAST_PAGE))
        if page.serial in expected or (begins and len(expected) < STREAM_LIMIT):
            expected[page.serial] = (page.number + 1) % 2**32
        position += page.size
    if has_ended:
        return Extent(position if position < size else None)
    is_cut = position == size or _goes_beyond(window, position, size)
    return Extent(position, is_cut=is_cut, is_broken=not is_cut)


def _page_at(window: Window, position: int) -> Page | None:
    """The page that begins there; None where none does, or where its checksum is of other bytes."""
    length = _length_at(window, position)
    page = window.at(position, length or 0)
    if length is None or len(page) < length:
        return None
    # zlib's checksum is of the same polynomial, but takes each byte from its other end, and so gives it.
    without_checksum = page[:22] + bytes(4) + page[26:]
    checksum = zlib.crc32(without_checksum.translate(BITS_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    if checksum != int.from_bytes(page[22:26].translate(BITS_REVERSED), "big"):
        return None
    return Page(length, page[5], page[14:18], int.from_bytes(page[18:22], "little"))


def _length_at(window: Window, position: int) -> int | None:
    """How long the page that begins there says it is; None where none begins, or its header is cut."""
    header = window.at(position, HEADER)
    if len(header) < HEADER or not header.startswith(MARK):
        return None
    segments = window.at(position + HEADER, header[-1])
    return None if len(segments) < header[-1] else HEADER + len(segments) + sum(segments)


def _goes_beyond(window: Window, position: int, size: int) -> bool:
    """Whether a page begins there whose rest would come after the end of the file."""
    if size - position >= PAGE_LIMIT or not window.at(position, len(MARK)).startswith(
        MARK[: size - position]
    ):
        return False
    length = _length_at(window, position)
    return length is None or position + length > size
