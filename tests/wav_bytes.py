"""WAV files byte by byte, right and wrong, for the tests, and AIFF files put right."""

import struct

import numpy as np

PCM, FLOAT, ALAW, EXTENSIBLE = 1, 3, 6, 0xFFFE
# The tail of WAVE_FORMAT_EXTENSIBLE: 22 bytes follow, 16 valid bits, one channel in front, then PCM.
EXTENSIBLE_PCM = struct.pack("<HHI", 22, 16, 4) + bytes.fromhex("0100000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes, *, size: int | None = None) -> bytes:
    """One chunk, padded to an even length; `size` may lie."""
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) & 1)


def wav(
    data: bytes,
    *,
    rate: int = 8000,
    channels: int = 1,
    bits: int = 16,
    tag: int = PCM,
    form: bytes = b"RIFF",
    form_size: int | None = None,
    data_size: int | None = None,
    format_tail: bytes = b"",
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A WAV file with chunks before and after its samples; sizes that are given may lie."""
    frame = channels * bits // 8
    header = struct.pack("<HHIIHH", tag, channels, rate, rate * frame & 0xFFFFFFFF, frame & 0xFFFF, bits)
    body = b"WAVE" + before + chunk(b"fmt ", header + format_tail) + chunk(b"data", data, size=data_size)
    body += after
    return form + struct.pack("<I", len(body) if form_size is None else form_size) + body


def ramp(frames: int = 100) -> bytes:
    """Rising 16-bit samples from -frames / 2 on."""
    return np.arange(-frames // 2, frames - frames // 2, dtype="<i2").tobytes()


def with_frames_of_aiff(contents: bytes, frames: int, *, count_padding: bool = True) -> bytes:
    """An AIFF file of libsndfile's that says how many frames it has.

    Where the bytes of samples are odd, libsndfile writes one more, and counts it as a frame as well.
    `count_padding` leaves it in the size of the chunk of samples, as some write it.
    """
    common, samples = contents.index(b"COMM"), contents.index(b"SSND")
    channels, _, bits = struct.unpack_from(">hIh", contents, common + 8)
    size = struct.unpack_from(">I", contents, samples + 4)[0]
    if not count_padding:
        size = 8 + frames * channels * bits // 8
    changed = bytearray(contents)
    struct.pack_into(">I", changed, common + 10, frames)
    struct.pack_into(">I", changed, samples + 4, size)
    return bytes(changed)
