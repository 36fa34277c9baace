"""Why an audio file cannot be read, or only a part of it, in sentences."""

from __future__ import annotations

from marsaudio.formats.opening import capital
from marsaudio.formats.riff import RiffContents


def why_without_samples(name: str, riff: RiffContents | None) -> str:
    """Of a file that can be read, but holds no frames."""
    if riff is not None and riff.data_undeclared:
        return (
            f"{capital(name)} says that it holds no samples, yet {riff.data_undeclared} bytes follow: what "
            "wrote it never finished the header. Write it anew, for example with ffmpeg -i IN OUT.wav."
        )
    return f"{capital(name)} is an audio file, but holds no samples at all. Fetch or record it again."


def why_unreadable(name: str, reason: str) -> str:
    """Of a file that is none, or too damaged to begin with."""
    return (
        f"{capital(name)} cannot be read as audio ({reason}). WAV, W64, FLAC, OGG, MP3, AIFF, AU and CAF "
        "files can: if it is one of them, it is damaged; fetch it again. If it is none, convert it first, "
        "for example with ffmpeg -i IN OUT.wav."
    )


def why_cut_short(name: str, container: str, there: float, promised: float) -> str:
    """Of a file that ends before its sound does: `there` seconds of those `promised`."""
    if container == "OGG":
        what = f"the mark that ends an Ogg file is missing after {there:.3f} s"
    elif there:
        what = f"of {promised:.3f} s, only the first {there:.3f} s are there"
    else:
        what = "none of the samples are there that its header promises"
    advice = f"Fetch it again{_what_is_there(there)}."
    if container == "FLAC":  # whose decoder passes over parts that are missing, as if they had never been
        advice = f"Fetch it again{_what_is_there(there)} if nothing but its end was cut off."
    return f"{capital(name)} is cut short: {what}. {advice}"


def why_broken(name: str, sure: float) -> str:
    """Of a file in which something is missing after `sure` seconds, although more sound follows."""
    return (
        f"{capital(name)} is damaged: after {sure:.3f} s a part is missing, changed or there twice, so that "
        f"nobody can tell at which times the sound after it is. Fetch it again{_what_is_there(sure)}."
    )


def why_other_samples(name: str) -> str:
    """Of a file whose samples are not those that its checksum was made of."""
    return (
        f"{capital(name)} is damaged: its samples are not those whose checksum it keeps, so that a part of "
        "it is changed, missing or there twice. Fetch it again."
    )


def _what_is_there(seconds: float) -> str:
    whole_milliseconds = int(seconds * 1000) / 1000
    return f", or read what is there with stop={whole_milliseconds}" if whole_milliseconds else ""
