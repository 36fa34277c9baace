"""What each kind of audio file can hold: its encodings, rates and channels, and which samples fit.

An integer k of b bits is the sample k / 2**(b - 1), which float32 holds exactly up to 24 bits, and which
is written back as the same integer.

Sources: RFC 9639 (FLAC); ISO/IEC 11172-3 and 13818-3, and Fraunhofer's extension to 8, 11.025 and 12 kHz
(MP3); the rest is where libsndfile 1.2 and the libraries below it end.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from marsaudio.errors import AudioFormatError, ParameterError

Samples = npt.NDArray[np.float32]

BLOCK_FRAMES = 2**18  # 5.5 s at 48 kHz: large enough that reading costs nothing beside the rest
INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
# Encodings in which each sample stands for itself, in this many bits.
SAMPLE_BITS = INTEGER_BITS | {"FLOAT": 32, "DOUBLE": 64, "ALAW": 8, "ULAW": 8}
CONTAINER_OF_SUFFIX = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".mp3": "MP3",
}
ENCODINGS_OF_CONTAINER = {
    "WAV": ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"),
    "FLAC": ("PCM_16", "PCM_24"),
    "OGG": ("VORBIS",),
    "MP3": ("MPEG_LAYER_III",),
}
# What holds any float32 samples best in each container.
FALLBACK_ENCODING = {"WAV": "FLOAT", "FLAC": "PCM_24", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
MOST_CHANNELS = {"WAV": 1024, "FLAC": 8, "OGG": 255, "MP3": 2}
HIGHEST_RATE = {"WAV": 2**31 - 1, "FLAC": 655350, "OGG": 200000}
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
FLAC_FINE_RATES = 65535  # Hz; above it, FLAC counts rates in steps of 10 Hz

# Sums of powers are worked out in single precision, which ends at 2**128; a frame's are far below.
# No recording needs more, as integers of 32 bits that are kept as floats end at 2**31.
LARGEST_SAMPLE = 2.0**40
LARGEST_IN_WORDS = f"samples of up to {LARGEST_SAMPLE:.2g} (2**40) can be worked on, where full scale is 1.0"

# Of full scale: powers of what is fainter are lost in single precision, which ends at 2**-126.
FAINTEST_SAMPLE = 2.0**-60
FAINTEST_IN_WORDS = f"{20 * math.log10(FAINTEST_SAMPLE):.0f} dB re full scale"


def container_of(path: Path) -> str:
    """The container that a path's suffix names."""
    try:
        return CONTAINER_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        allowed = ", ".join(CONTAINER_OF_SUFFIX)
        raise ParameterError(
            f"Cannot tell an audio format from the name {path.name!r}. End it with one of {allowed}."
        ) from None


def check_shape(container: str, sample_rate: float, channels: int) -> None:
    """Refuse a rate or a number of channels that a container cannot hold.

    It is refused here and not by libsndfile, which ends the whole process where an Ogg file is asked to
    hold more than 200 kHz or more than 255 channels.

    Raises
    ------
    ParameterError
        The rate is not a whole number.
    AudioFormatError
        The container does not have that rate, or not so many channels.
    """
    if sample_rate != int(sample_rate):
        raise ParameterError(
            f"Audio files hold whole sample rates, not {sample_rate} Hz. Resample to a whole rate first."
        )
    if channels > MOST_CHANNELS[container]:
        raise AudioFormatError(
            f"{container} files hold at most {MOST_CHANNELS[container]} channels, not {channels}. "
            "Save as .wav, or save some channels at a time."
        )
    if container == "MP3":
        if sample_rate not in MP3_RATES:
            allowed = ", ".join(map(str, MP3_RATES))
            raise AudioFormatError(
                f"MP3 files cannot hold {sample_rate:.9g} Hz. Resample to one of {allowed} Hz first, or save "
                "as .wav or .flac."
            )
    elif sample_rate > HIGHEST_RATE[container]:
        raise AudioFormatError(
            f"{container} files hold at most {HIGHEST_RATE[container]} Hz, not {sample_rate:.9g} Hz. "
            "Save as .wav, or resample first."
        )
    elif container == "FLAC" and sample_rate > FLAC_FINE_RATES and sample_rate % 10:
        raise AudioFormatError(
            f"FLAC files hold rates above {FLAC_FINE_RATES} Hz in steps of 10 Hz, not {sample_rate:.9g} Hz. "
            "Save as .wav, or resample first."
        )


def choose_encoding(samples: Samples, container: str, *, preferred: str | None) -> str:
    """Choose the encoding that loses nothing: the samples' own where it holds them, else float.

    FLAC, which has no floats, gets 24 bits; MP3 and OGG have one encoding each.
    """
    bits = INTEGER_BITS.get(preferred or "", 0)
    widened = "PCM_16" if bits == 8 else preferred
    if widened is None or widened not in ENCODINGS_OF_CONTAINER[container]:
        return FALLBACK_ENCODING[container]
    if bits and not (fits(samples, widened) and is_on_grid(samples, INTEGER_BITS[widened])):
        return FALLBACK_ENCODING[container]
    return widened


def encoding_for(path: Path, input_encoding: str | None) -> str:
    """The encoding of a file made from an input of that encoding, with the input's own step."""
    container = container_of(path)
    if INTEGER_BITS.get(input_encoding or "", 32) <= 24:
        widened = "PCM_16" if INTEGER_BITS[input_encoding or ""] == 8 else input_encoding
        if widened in ENCODINGS_OF_CONTAINER[container]:
            return str(widened)
    return FALLBACK_ENCODING[container]


def is_on_grid(samples: Samples, bits: int) -> bool:
    """Whether every sample is a multiple of 2**(1 - bits), the step of `bits`-bit integers."""
    # Scaling by a power of two is exact in float32; in blocks, so that hours of sound need no copy.
    scale = np.float32(2.0 ** (bits - 1))
    with np.errstate(over="ignore"):
        for start in range(0, samples.shape[-1], BLOCK_FRAMES):
            scaled = samples[..., start : start + BLOCK_FRAMES] * scale
            if not np.array_equal(scaled, np.rint(scaled)):
                return False
    return True


def fits(samples: Samples, encoding: str) -> bool:
    """Whether an encoding holds the samples without clipping one.

    Integers hold -1, but +1 is one step too much; OGG and MP3 hold both; floats hold everything.
    """
    if encoding in ("FLOAT", "DOUBLE") or samples.size == 0:
        return True
    lowest, highest = float(samples.min()), float(samples.max())
    if encoding not in INTEGER_BITS:
        return lowest >= -1.0 and highest <= 1.0
    step = 2.0 ** (1 - INTEGER_BITS[encoding])
    return lowest >= -1.0 and highest < 1.0 - step / 2  # from there on, rounding gives +1


def to_integers(samples: Samples, encoding: str) -> npt.NDArray[np.int16] | npt.NDArray[np.int32]:
    """Round to the integers of an encoding, left-justified as libsndfile takes them; no dither."""
    bits = INTEGER_BITS[encoding]
    integers = samples * np.float32(2.0 ** (bits - 1))  # exact
    np.rint(integers, out=integers)
    if bits == 16:
        return integers.astype(np.int16)
    return integers.astype(np.int32) << np.int32(32 - bits)


def from_integers(integers: npt.NDArray[np.int16] | npt.NDArray[np.int32]) -> Samples:
    """What left-justified integers stand for, as libsndfile gives them."""
    samples = integers.astype(np.float32)
    samples *= np.float32(0.5 ** (8 * integers.itemsize - 1))
    return samples


def first_unfit(samples: npt.NDArray[np.floating]) -> tuple[int, ...] | None:
    """Where the first sample is that is not finite, else the largest one if it is beyond LARGEST_SAMPLE.

    Returns
    -------
    tuple of int or None
        Its place in the array; None if all are fit.
    """
    # What is not a number is so in both; neither needs as much memory as the magnitudes would.
    highest, lowest = float(samples.max(initial=0.0)), float(samples.min(initial=0.0))
    if highest <= LARGEST_SAMPLE and lowest >= -LARGEST_SAMPLE:
        return None
    finite = np.isfinite(samples)
    place = np.abs(samples).argmax() if finite.all() else finite.argmin()
    return tuple(int(index) for index in np.unravel_index(place, samples.shape))
