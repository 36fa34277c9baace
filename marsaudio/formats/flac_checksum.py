"""The checksum of its samples that a FLAC file keeps, which libsndfile does not look at.

Its frames have checksums and numbers, but where whole ones are missing libsndfile puts silence, and one that
is there twice it gives twice.

Source: RFC 9639, section 8.2 (streaminfo: an MD5 of the samples, interleaved, signed, least significant byte
first, each in as few whole bytes as hold it).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from marsaudio.formats.guarded_stream import Searchable

STREAMINFO_AT, STREAMINFO_SIZE = 8, 34  # bytes: after the mark and the block's header
SAMPLE_BYTES = {8: 1, 16: 2, 24: 3}  # others fill no whole bytes: libsndfile gives them another scale
LEFT_OUT = bytes(16)  # as the checksum, where who wrote it could not go back to the header


class SampleChecksum:
    """Holds samples, as they are read from first to last, against the checksum of them.

    Parameters
    ----------
    expected
        The MD5 of all samples.
    sample_bytes
        How many bytes of each sample it is made of.
    """

    def __init__(self, expected: bytes, sample_bytes: int) -> None:
        self._expected = expected
        self._sample_bytes = sample_bytes
        self._next = -1  # the frame that must follow; none where some were left out

    def add(self, start: int, block: npt.NDArray[np.signedinteger]) -> None:
        """Take frames of shape (frames, channels), scaled to the whole of their type, from `start` on."""
        if start == 0:
            self._sum = hashlib.md5(usedforsecurity=False)
        elif start != self._next:
            self._next = -1
            return
        each = block.astype(block.dtype.newbyteorder("<"), copy=False).view(np.uint8)
        each = each.reshape(-1, block.itemsize)[:, block.itemsize - self._sample_bytes :]
        packed = np.empty(each.shape, dtype=np.uint8)
        for place in range(self._sample_bytes):  # a fifth of the time that it takes all at once
            packed[:, place] = each[:, place]
        self._sum.update(packed.data)
        self._next = start + len(block)

    def is_wrong(self, frames: int) -> bool:
        """Whether all `frames` were taken, and are not those that the file was made of."""
        return self._next == frames and self._sum.digest() != self._expected


def checksum_of_flac(stream: Searchable) -> SampleChecksum | None:
    """What a FLAC file's samples can be held against; None where it is none, or keeps no checksum.

    Parameters
    ----------
    stream
        A searchable binary stream whose position 0 is the start of the file. It is left at an undefined
        position.
    """
    stream.seek(0)
    head = stream.read(STREAMINFO_AT + STREAMINFO_SIZE)
    if len(head) < STREAMINFO_AT + STREAMINFO_SIZE or not head.startswith(b"fLaC") or head[4] & 0x7F:
        return None
    streaminfo = head[STREAMINFO_AT:]
    bits = (int.from_bytes(streaminfo[12:14], "big") >> 4 & 0x1F) + 1
    if bits not in SAMPLE_BYTES or streaminfo[18:] == LEFT_OUT:
        return None
    return SampleChecksum(streaminfo[18:], SAMPLE_BYTES[bits])
