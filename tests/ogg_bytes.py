"""The pages of Ogg files, for the tests that take them apart or make their own."""

import struct


def pages_of(contents: bytes) -> list[bytes]:
    """The pages of an intact file."""
    pages = []
    while contents:
        segments = contents[26]
        length = 27 + segments + sum(contents[27 : 27 + segments])
        pages.append(contents[:length])
        contents = contents[length:]
    return pages


def with_checksum(page: bytes) -> bytes:
    """The same page with the checksum that RFC 3533 wants, bit by bit."""
    page = page[:22] + bytes(4) + page[26:]
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ 0x04C11DB7 * (checksum >> 31)) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", checksum) + page[26:]


def empty_page(serial: int, number: int, *, flags: int = 0) -> bytes:
    """A page of no segments, as small as pages can be."""
    return with_checksum(b"OggS\0" + bytes([flags]) + struct.pack("<qII", -1, serial, number) + bytes(5))
