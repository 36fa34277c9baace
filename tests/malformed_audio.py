"""Audio files that are damaged, lie about themselves, or were made to do harm; each is made here.

Where it is known which samples a file holds, they come with it: whatever is read of it must begin with these.
"""

import io
import itertools
import struct
import zipfile
from collections.abc import Iterator

import numpy as np
import soundfile
from malformed import Malformed
from ogg_bytes import empty_page, pages_of, with_checksum
from wav_bytes import ALAW, EXTENSIBLE, EXTENSIBLE_PCM, FLOAT, chunk, wav

RATE, FRAMES = 8000, 4000
LARGEST = {1: 2**8 - 1, 2: 2**16 - 1, 4: 2**32 - 1, 8: 2**64 - 1}
ODD_SIZES = (0, 1, 3, 7, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 8, 2**32 - 2, 2**32 - 1)


def sound(name: str, suffix: str, contents: bytes, holds: np.ndarray | None = None) -> Malformed:
    """A file of sound, and the samples that it holds, if any."""
    return Malformed(name, f"sound{suffix}", {f"sound{suffix}": contents}, holds)


def tone(frames: int = FRAMES, channels: int = 1) -> np.ndarray:
    """Samples on the grid of 16 bits, of shape (frames, channels), each unlike the ones before."""
    rng = np.random.default_rng(frames * 7 + channels)
    return rng.integers(-(2**14), 2**14, (frames, channels)).astype(np.int16)


SOUND = tone()
PCM_16 = SOUND.astype("<i2").tobytes()
HELD = SOUND.T / np.float32(2**15)


def written(container: str, subtype: str | None = None, *, channels: int = 1, frames: int = FRAMES) -> bytes:
    """A whole file of that container, by libsndfile."""
    stream = io.BytesIO()
    soundfile.write(stream, tone(frames, channels), RATE, format=container, subtype=subtype)
    return stream.getvalue()


def put(contents: bytes, place: int, *values: int, width: int = 4, order: str = "little") -> bytes:
    """The same bytes with whole numbers written over them from a place on."""
    over = b"".join((value & LARGEST[width]).to_bytes(width, order) for value in values)
    return contents[:place] + over + contents[place + len(over) :]


def cut(container: str, suffix: str, contents: bytes, places: Iterator[int]) -> Iterator[Malformed]:
    for place in places:
        yield sound(f"{container} cut at byte {place}", suffix, contents[:place])


def wav_files() -> Iterator[Malformed]:
    whole = wav(PCM_16)
    data = whole.index(b"data")
    yield from cut("WAV", ".wav", whole, range(data + 9))
    yield from cut("WAV", ".wav", whole, range(data + 9, len(whole), 997))
    yield from cut("WAV", ".wav", whole, range(len(whole) - 4, len(whole)))
    for size in (*ODD_SIZES, len(whole) - 9, len(whole) + 1):
        yield sound(f"RIFF that says {size} bytes", ".wav", put(whole, 4, size), HELD)
        yield sound(f"fmt that says {size} bytes", ".wav", put(whole, 16, size))
        yield sound(f"data that says {size} bytes", ".wav", put(whole, data + 4, size), HELD)
    for name, after in {
        "a title": chunk(b"LIST", b"INFO" + chunk(b"INAM", b"Wind")),
        "a broadcast chunk": chunk(b"bext", bytes(602)),
        "a hundred thousand chunks": chunk(b"fact", b"") * 100_000,
        "an odd tag without padding": chunk(b"id3 ", bytes(99))[:-1],
    }.items():
        for size in (2**32 - 1, 0x7FFFF000):
            contents = wav(PCM_16, data_size=size, form_size=2**32 - 1, after=after)
            yield sound(f"data that says {size} bytes before {name}", ".wav", contents, HELD)
    for rate in (0, 1, 2, 7, 99, 10**6, 2**31 - 1, 2**31, 4 * 10**9, 2**32 - 1):
        yield sound(f"WAV at {rate} Hz", ".wav", wav(PCM_16, rate=rate), HELD)
    for channels in (0, 3, 7, 255, 1024, 1025, 4001, 2**15, 2**16 - 1):
        yield sound(f"WAV with {channels} channels", ".wav", wav(PCM_16, channels=channels))
    for bits in (0, 1, 3, 7, 9, 12, 15, 17, 23, 33, 63, 64, 65, 255, 2**16 - 1):
        yield sound(f"WAV of {bits} bits", ".wav", wav(PCM_16, bits=bits))
    for align in (0, 1, 3, 255, 2**16 - 1):
        yield sound(f"WAV with frames of {align} bytes", ".wav", put(whole, 32, align, width=2))
    for tag in (
        0,
        2,
        ALAW,
        7,
        0x10,
        0x11,
        0x14,
        0x31,
        0x45,
        0x50,
        0x55,
        0x64,
        0xFF,
        0x2000,
        EXTENSIBLE,
        0xFFFF,
    ):
        yield sound(f"WAV in the encoding {tag:#x}", ".wav", wav(PCM_16, tag=tag))
        yield sound(
            f"WAV in the encoding {tag:#x}, compressed",
            ".wav",
            wav(PCM_16, tag=tag, bits=4, format_tail=b"\0\0"),
        )
    for tail in (b"", b"\0\0", b"\xff\xff", EXTENSIBLE_PCM[:10], EXTENSIBLE_PCM[:-1] + b"\0", bytes(1000)):
        yield sound(
            f"WAV with a tail of {len(tail)} bytes", ".wav", wav(PCM_16, tag=EXTENSIBLE, format_tail=tail)
        )
    yield from _odd_chunks(whole, data)
    yield from _odd_floats()


def _odd_chunks(whole: bytes, data: int) -> Iterator[Malformed]:
    nested = b"LIST" + struct.pack("<I", 0) + b"INFO"
    deep = b""
    for _ in range(2000):
        deep = chunk(b"LIST", b"INFO" + deep)
    before = {
        "a hundred thousand empty chunks": chunk(b"junk", b"") * 100_000,
        "lists that hold themselves": nested * 1000,
        "lists in lists in lists": deep,
        "a list that says it is endless": chunk(b"LIST", b"INFO", size=2**32 - 1),
        "a chunk that leads back to the start": chunk(b"junk", b"", size=2**32 - 44),
        "a chunk that leads back to itself": chunk(b"junk", b"", size=2**32 - 8),
        "an entry longer than its list": chunk(b"LIST", b"INFO" + chunk(b"INAM", b"x", size=2**32 - 1)),
        "four billion marks": chunk(b"cue ", struct.pack("<I", 2**32 - 1) + bytes(24)),
        "four billion loops": chunk(b"smpl", struct.pack("<9I", 0, 0, 0, 0, 0, 0, 0, 2**32 - 1, 2**31)),
        "an instrument of one byte": chunk(b"inst", b"\1"),
        "a fact of four billion samples": chunk(b"fact", b"\xff\xff\xff\xff"),
        "a peak that is none": chunk(b"PEAK", bytes(4) + b"\xff" * 12),
        "a broadcast chunk of one byte": chunk(b"bext", b"x"),
        "a broadcast chunk that says 16 MB": chunk(b"bext", bytes(602), size=2**24),
        "a broadcast chunk of nothing but 0xff": chunk(b"bext", b"\xff" * 1000),
        "a cart chunk of one byte": chunk(b"cart", b"x"),
        "an XML bomb": chunk(b"iXML", bomb("BWFXML")),
        "XML nested 20000 times": chunk(b"iXML", b"<a>" * 20000 + b"</a>" * 20000),
        "XML that is none": chunk(b"iXML", b"<<<<>>>>&&&&"),
        "an XMP bomb": chunk(b"_PMX", bomb("xmpmeta")),
        "a namespace in many names": chunk(b"iXML", many_names_of_a_long_namespace()),
        "a channel map of all bits": chunk(b"chna", b"\xff" * 40),
        "a second form": whole[:36],
        "a name of control characters": chunk(b"\x00\x01\x02\x03", b"abcd"),
    }
    for name, chunks in before.items():
        yield sound(f"WAV with {name}", ".wav", wav(PCM_16, before=chunks))
        yield sound(f"WAV with {name} after its samples", ".wav", wav(PCM_16, after=chunks), HELD)
    texts = 10 * b"".join(chunk(name, b"<r>" + b"<a/>" * 520_000 + b"</r>") for name in (b"iXML", b"_PMX"))
    yield sound("WAV with twenty chunks of two megabytes of XML", ".wav", wav(PCM_16, after=texts), HELD)
    yield sound("WAV without fmt", ".wav", whole[:12] + whole[data:])
    yield sound("WAV without data", ".wav", whole[:data])
    yield sound("WAV with data before fmt", ".wav", whole[:12] + whole[data:] + whole[12:data])
    yield sound("WAV with two fmt", ".wav", whole[:data] + whole[12:data] + whole[data:])
    yield sound("WAV with two data", ".wav", whole + whole[data:], HELD)
    yield sound("WAV of big-endian form", ".wav", b"RIFX" + whole[4:])
    yield sound("WAV that is AVI", ".wav", whole[:8] + b"AVI " + whole[12:])


def _odd_floats() -> Iterator[Malformed]:
    floats = HELD[0].copy()
    for name, value in {
        "NaN": np.nan,
        "infinity": np.inf,
        "minus infinity": -np.inf,
        "the largest float": np.finfo(np.float32).max,
        "the smallest float": np.float32(1e-45),
    }.items():
        for place in (0, FRAMES // 2, FRAMES - 1):
            held = floats.copy()
            held[place] = value
            contents = wav(held.astype("<f4").tobytes(), tag=FLOAT, bits=32)
            yield sound(f"floats with {name} at sample {place}", ".wav", contents, held[np.newaxis])
    for peak in (3e38, 3e20, 2.0**40, 1e-18, 1e-38, 1e-43):
        held = (floats.astype(np.float64) * peak / np.abs(floats).max()).astype(np.float32)
        contents = wav(held.astype("<f4").tobytes(), tag=FLOAT, bits=32)
        yield sound(f"floats up to {peak:g}", ".wav", contents, held[np.newaxis])
    for value in (3e20, -(2.0**40)):
        held = floats.copy()
        held[FRAMES // 2] = value
        contents = wav(held.astype("<f4").tobytes(), tag=FLOAT, bits=32)
        yield sound(f"floats with one of {value:g}", ".wav", contents, held[np.newaxis])
    for value in (1e300, -1e300, np.nan, np.inf, 5e-324):
        held = np.full(FRAMES, value)
        yield sound(f"doubles of {value:g}", ".wav", wav(held.astype("<f8").tobytes(), tag=FLOAT, bits=64))
    yield sound("floats of 16 bits", ".wav", wav(PCM_16, tag=FLOAT, bits=16))


def bomb(name: str) -> bytes:
    """XML whose entities grow to a billion laughs."""
    entities = "".join(f"<!ENTITY a{n} '" + f"&a{n - 1};" * 10 + "'>" for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><{name}>&a9;</{name}>'.encode()


def many_names_of_a_long_namespace(codec: str = "utf-8") -> bytes:
    """A megabyte or two of XML that become two gigabytes once each name has its namespace before it."""
    names = " ".join(f'p:a{n}=""' for n in range(2000))
    return f'<?xml version="1.0" encoding="{codec}"?><r xmlns:p="{"n" * 1_000_000}" {names}/>'.encode(codec)


def large_wav_files() -> Iterator[Malformed]:
    """RF64 and Wave64, whose sizes have 64 bits."""
    samples = len(PCM_16)
    for riff, size, count, table in itertools.product(
        (0, 2**64 - 1),
        (0, samples - 1, samples, samples + 1, 2**63, 2**64 - 1),
        (0, 2**64 - 1),
        (0, 2**32 - 1),
    ):
        ds64 = chunk(b"ds64", struct.pack("<QQQI", riff, size, count, table))
        yield sound(
            f"RF64 that says {riff}, {size}, {count}, {table}",
            ".rf64",
            wav(PCM_16, form=b"RF64", form_size=2**32 - 1, data_size=2**32 - 1, before=ds64),
        )
    for body in (b"", bytes(8), bytes(27)):
        contents = wav(PCM_16, form=b"RF64", data_size=2**32 - 1, before=chunk(b"ds64", body))
        yield sound(f"RF64 with {len(body)} bytes of sizes", ".rf64", contents)
    yield sound("RF64 without its sizes", ".rf64", wav(PCM_16, form=b"RF64", data_size=2**32 - 1))
    whole = written("W64")
    yield from cut("W64", ".w64", whole, range(0, 136, 8))
    yield from cut("W64", ".w64", whole, range(136, len(whole), 1999))
    for place, size in itertools.product((16, 56, 96), (0, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 8, 2**64 - 1)):
        yield sound(f"W64 with {size} at byte {place}", ".w64", put(whole, place, size, width=8))


def flac_files() -> Iterator[Malformed]:
    whole = written("FLAC")
    yield from cut("FLAC", ".flac", whole, (1, 3, 4, 5, 8, 17, 18, 26, 41, 42, 43, 50))
    yield from cut("FLAC", ".flac", whole, range(100, len(whole), len(whole) // 12))
    yield from cut("FLAC", ".flac", whole, range(len(whole) - 3, len(whole)))
    about = int.from_bytes(whole[18:26], "big")  # 20 bits of rate, 3 of channels, 5 of width, 36 of length

    def said(rate: int = RATE, channels: int = 1, bits: int = 16, frames: int = FRAMES) -> bytes:
        packed = rate << 44 | (channels - 1) << 41 | (bits - 1) << 36 | frames
        return put(whole, 18, packed, width=8, order="big")

    assert about == int.from_bytes(said()[18:26], "big")
    for rate in (0, 1, 2**20 - 1):
        yield sound(f"FLAC at {rate} Hz", ".flac", said(rate=rate), HELD)
    for channels in range(2, 9):
        yield sound(f"FLAC that says {channels} channels", ".flac", said(channels=channels))
    for bits in (1, 4, 8, 24, 32):
        yield sound(f"FLAC that says {bits} bits", ".flac", said(bits=bits))
    for frames in (0, 1, FRAMES - 1, FRAMES + 1, 2**31, 2**36 - 1):
        yield sound(f"FLAC that says {frames} frames", ".flac", said(frames=frames), HELD)
    for sizes in ((0, 0), (65535, 0), (16, 15), (1, 1)):
        contents = put(whole, 8, *sizes, width=2, order="big")
        yield sound(f"FLAC with blocks of {sizes}", ".flac", contents)
    yield sound("FLAC without a checksum", ".flac", whole[:26] + bytes(16) + whole[42:], HELD)
    yield sound("FLAC with the checksum of another sound", ".flac", put(whole, 26, 1, 2, 3, 4), HELD)
    for kind in (1, 3, 4, 5, 6, 126, 127):
        for size in (0, 1, 8, 2**24 - 1):
            block = bytes([kind]) + size.to_bytes(3, "big")
            yield sound(f"FLAC with a block {kind} of {size}", ".flac", whole[:42] + block + whole[42:])
    comment = b"\4\0\0\x10" + struct.pack("<II", 0, 2**32 - 1) + bytes(8)
    yield sound("FLAC with four billion comments", ".flac", whole[:42] + comment + whole[42:])
    yield sound(
        "FLAC with a thousand seek tables",
        ".flac",
        whole[:42] + (b"\3\0\0\x12" + bytes(18)) * 1000 + whole[42:],
    )
    for place in range(90, len(whole), len(whole) // 8):
        flipped = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        yield sound(f"FLAC with byte {place} turned over", ".flac", flipped)
    yield sound("FLAC behind an ID3 tag of 256 MB", ".flac", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + whole)


def compressed_files() -> Iterator[Malformed]:
    for suffix, container, subtype in (
        (".ogg", "OGG", "VORBIS"),
        (".opus", "OGG", "OPUS"),
        (".mp3", "MP3", None),
    ):
        whole = written(container, subtype, frames=6 * FRAMES)
        kind = subtype or container
        yield from cut(kind, suffix, whole, (1, 4, 10, 26, 27, 28, 29, 58, 100))
        # The last two of MP3's frames are padding, which may or may not be counted.
        yield from cut(kind, suffix, whole, range(200, len(whole) * 3 // 4, len(whole) // 12))
        for place in range(4, len(whole), len(whole) // 12):
            for value in (0, 0xFF):
                changed = put(whole, place, *([value] * 4), width=1)
                yield sound(f"{kind} with {value} from byte {place} on", suffix, changed)
        yield sound(f"{kind} twice", suffix, whole + whole)
        yield sound(f"{kind} without its beginning", suffix, whole[len(whole) // 3 :])
    ogg = written("OGG")
    for name, contents in {
        "with its last position at the end of time": put(ogg, ogg.rindex(b"OggS") + 6, 2**63 - 1, width=8),
        "with a position before its beginning": put(ogg, ogg.rindex(b"OggS") + 6, 2**64 - 2, width=8),
        "of another stream at its end": put(ogg, ogg.rindex(b"OggS") + 14, 12345),
        "with a comment of four billion bytes": put(ogg, ogg.index(b"\3vorbis") + 7, 2**32 - 1),
        "at 0 Hz": put(ogg, ogg.index(b"\1vorbis") + 12, 0),
        "at 4 GHz": put(ogg, ogg.index(b"\1vorbis") + 12, 4 * 10**9),
        "without channels": put(ogg, ogg.index(b"\1vorbis") + 11, 0, width=1),
        "with 255 channels": put(ogg, ogg.index(b"\1vorbis") + 11, 255, width=1),
    }.items():
        yield sound(f"OGG {name}", ".ogg", contents)
        checked = b"".join(map(with_checksum, pages_of(contents)))
        yield sound(f"OGG {name}, its checksums right", ".ogg", checked)
    mp3 = written("MP3")
    for name, contents in {
        "behind a tag of 256 MB": b"ID3\4\0\0\x7f\x7f\x7f\x7f" + mp3,
        "behind a tag that is cut": b"ID3\4\0\0\0\0",
        "of sync words alone": b"\xff\xfb\x90\x00" * 2000,
        "of one frame": mp3[: mp3.index(b"\xff\xfb", 4) if b"\xff\xfb" in mp3[4:] else 200],
        "of no rate and no length": b"\xff\xfb\x0f\xff" * 2000,
        "with a count of no frames": _counted(mp3, 0),
        "with a count of four billion frames": _counted(mp3, 2**32 - 1),
        "with a tag at its end alone": mp3[:100] + b"TAG" + bytes(125),
        "with lyrics of four billion bytes": b"ID3\3\0\0\0\0\0\x20USLT\xff\xff\xff\xff\0\0" + bytes(32) + mp3,
    }.items():
        yield sound(f"MP3 {name}", ".mp3", contents)


def broken_files() -> Iterator[Malformed]:
    """Of which something is missing, damaged or there twice, and after which more follows."""
    for suffix, subtype in ((".ogg", "VORBIS"), (".opus", "OPUS")):
        whole = written("OGG", subtype, frames=40 * FRAMES)
        holds = soundfile.read(io.BytesIO(whole), dtype="float32", always_2d=True)[0].T
        pages = pages_of(whole)
        middle = len(pages) // 2  # those around it are broken no otherwise
        for number in (0, 1, 2, 3, middle, middle + 1, len(pages) - 3, len(pages) - 2):
            before, page, after = pages[:number], pages[number], pages[number + 1 :]
            for what, instead in {
                "missing": [],
                "there twice": [page, page],
                "damaged": [page[:-1] + bytes([page[-1] ^ 1])],
                "without its mark": [b"oggs" + page[4:]],
                "half there": [page[: len(page) // 2]],
                "behind what is none": [bytes(100), page],
                "of another stream": [with_checksum(page[:14] + b"more" + page[18:])],
            }.items():
                contents = b"".join([*before, *instead, *after])
                yield sound(f"{subtype} broken: page {number} is {what}", suffix, contents, holds)
        serial = int.from_bytes(whole[14:18], "little")
        none = b"OggS" + bytes(22) + b"\xff" * 256
        for name, contents in {
            "pages without segments before its sound": [
                *pages[:2],
                *(empty_page(serial, n) for n in range(2, 9999)),
            ],
            "pages of ten thousand other streams": [
                *pages[:2],
                *(empty_page(n, n) for n in range(2, 9999)),
                *pages[2:],
            ],
            "pages that are none in its middle": [*pages[:4], none * 10_000, *pages[4:]],
            "pages that are none at its end": [*pages, none * 40_000],
        }.items():
            yield sound(f"{subtype} with {name}", suffix, b"".join(contents), holds)
        for other in (whole, written("OGG"), pages[0], b"OggS"):
            yield sound(f"{subtype} before {len(other)} bytes of another", suffix, whole + other, holds)
    mp3 = written("MP3", frames=40 * FRAMES)
    for place in range(2000, len(mp3) - 4000, len(mp3) // 9):
        for count in (1, 50, 1001, 3000):
            for what, instead in {
                "missing": b"",
                "zeros": bytes(count),
                "there twice": 2 * mp3[place : place + count],
            }.items():
                if what != "zeros" or count > 1000:  # fewer are within a frame, where nothing tells of them
                    contents = mp3[:place] + instead + mp3[place + count :]
                    yield sound(f"MP3 broken: {count} bytes from {place} on are {what}", ".mp3", contents)
    # Tags in each of which what looks like frames begins at every fourth byte, and leads to the next tag.
    yield sound(
        "MP3 broken: before tags that look like frames",
        ".mp3",
        mp3[:2000] + bytes(7) + tags_like_frames() * 4096 + mp3[2000:],
    )
    yield sound("MP3 with tags without end", ".mp3", mp3[:2000] + b"ID3\4\0\0\0\0\0\0" * 100_000 + mp3[2000:])


def tags_like_frames() -> bytes:
    """An ID3v1 tag of headers of MPEG-1, layer II and III, whose frames end where a tag begins."""
    tag = bytearray(b"TAG" + bytes(125))
    rates = {
        2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
        3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    }
    for layer, number, rate, padding in itertools.product((2, 3), range(14), range(3), range(2)):
        length = 144_000 * rates[layer][number] // (44100, 48000, 32000)[rate] + padding
        place = -length % 128
        if place % 4 == 0 and place:
            tag[place : place + 3] = bytes(
                [0xFF, 0xFD if layer == 2 else 0xFB, number + 1 << 4 | rate << 2 | padding << 1]
            )
    return bytes(tag)


def _counted(mp3: bytes, frames: int) -> bytes:
    """With another number of frames in the frame that counts them, where there is one."""
    tag = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    return put(mp3, tag + 8, frames, order="big") if tag > 0 else mp3


def other_containers() -> Iterator[Malformed]:
    """Whatever else libsndfile tries to read: whole, cut, and with its header overwritten."""
    left_out = {"WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "RAW", "SD2"}  # SD2 writes a second file
    for container in sorted(set(soundfile.available_formats()) - left_out):
        subtype = "PCM_16" if "PCM_16" in soundfile.available_subtypes(container) else None
        try:
            whole = written(container, subtype)
        except (soundfile.SoundFileError, ValueError):
            continue  # those that hold other rates, or nothing that is written so
        suffix = f".{container.lower()}"
        for place in (8, 20, 40, 64, len(whole) // 2, len(whole) - 1):
            yield sound(f"{container} cut at byte {place}", suffix, whole[:place])
        for place, value in itertools.product((4, 8, 12, 16, 20, 24, 28), (0, 1, 2**31, 2**32 - 1)):
            yield sound(f"{container} with {value} at byte {place}", suffix, put(whole, place, value))
    aiff = written("AIFF")
    rate = aiff.index(b"COMM") + 16
    for name, value in {
        "0": bytes(10),
        "infinite": b"\x7f\xff" + bytes(8),
        "negative": b"\xc0\x0b\xfa" + bytes(7),
    }.items():
        yield sound(f"AIFF at a rate that is {name}", ".aiff", aiff[:rate] + value + aiff[rate + 10 :])


def no_audio() -> Iterator[Malformed]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("sound.wav", wav(PCM_16))
    noise = np.random.default_rng(1).integers(0, 256, 20000, dtype=np.uint8).tobytes()
    others = {
        "nothing": b"",
        "one byte": b"\0",
        "zeros": bytes(10000),
        "ones": b"\xff" * 10000,
        "noise": noise,
        "a web page": b"<!doctype html><html><body>404 Not Found</body></html>",
        "an archive": archive.getvalue(),
        "a picture": b"\x89PNG\r\n\x1a\n" + noise,
        "a program": b"\x7fELF" + noise,
        "a pickle": b"\x80\x04cos\nsystem\n\x8c\x02ls\x85R.",
        "names of chunks alone": b"RIFF" * 1000,
        "a playlist": b"#EXTM3U\n/etc/passwd\n",
    }
    for name, contents in others.items():
        for suffix in (".wav", ".flac", ".ogg", ".mp3", ""):
            yield sound(f"{name} called {suffix or 'nothing'}", suffix, contents)
    for suffix in (".flac", ".ogg", ".mp3", ".xyz", ""):
        yield sound(f"WAV called {suffix or 'nothing'}", suffix, wav(PCM_16), HELD)


KINDS = {
    "WAV files": wav_files,
    "large WAV files": large_wav_files,
    "FLAC files": flac_files,
    "compressed files": compressed_files,
    "files broken in the middle": broken_files,
    "other containers": other_containers,
    "what is no audio": no_audio,
}
