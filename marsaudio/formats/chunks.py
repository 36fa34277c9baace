"""The chunks that WAV, W64, AIFF and CAF files are made of."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from marsaudio.formats.guarded_stream import Searchable

CHUNK_COUNT_LIMIT = 4096


def chunks_of(
    stream: Searchable, position: int, header: str, *, counted: int, padded_to: int
) -> Iterator[tuple[bytes, int, int]]:
    """The chunks from a position on: their names, where their bodies begin, and the sizes of these.

    Parameters
    ----------
    stream
        A searchable binary stream whose position 0 is the start of the file.
    position
        Where the first chunk begins.
    header
        Name and size, as `struct` writes them.
    counted
        How many bytes of the header a chunk's size counts.
    padded_to
        Chunks begin at multiples of this.
    """
    end = stream.seek(0, os.SEEK_END)
    for _ in range(CHUNK_COUNT_LIMIT):
        if position >= end:
            return
        stream.seek(position)
        head = stream.read(struct.calcsize(header))
        if len(head) < struct.calcsize(header):
            return
        name, size = struct.unpack(header, head)
        body, size = position + len(head), size - counted
        yield name, body, size
        if size < 0:
            return
        position = body + size + -(body + size) % padded_to
