"""What a recording is and how loud, from its header and one reading of its samples."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from marsaudio import catalog
from marsaudio.description import ALTERED, STEM
from marsaudio.formats.audio_info import Gap
from marsaudio.loading import open_sound
from marsaudio.mars_time import MarsTime, clock
from marsaudio.source import Source
from marsaudio.spectra.stft import SampleSource

LEAST_OFFSET_TOLD = 0.01  # of the power: less changes no level by 0.05 dB


@dataclass(frozen=True)
class SoundFacts:
    """What the samples of a sound say about it as a whole.

    Attributes
    ----------
    peak : float
        The largest magnitude of a sample; full scale is 1.0.
    mean_square : float
        Over all samples of all channels, in full scale squared.
    equal_channels : bool
        All channels hold the same samples.
    offset_share : float
        How much of the mean square is that of each channel's own mean, from 0 to 1: a constant offset, which
        is no sound.
    """

    peak: float
    mean_square: float
    equal_channels: bool
    offset_share: float = 0.0

    @property
    def peak_level(self) -> float | None:
        """The peak in dB re full scale, 20 log10(peak); None in digital silence."""
        return 20 * math.log10(self.peak) if self.peak > 0 else None

    @property
    def rms_level(self) -> float | None:
        """The mean square in dB re full scale, 10 log10(mean square); None in digital silence.

        A sine that just reaches full scale has -3.01 dB.
        """
        return 10 * math.log10(self.mean_square) if self.mean_square > 0 else None


def sound_facts(sound: SampleSource, gaps: Iterable[Gap] = ()) -> SoundFacts:
    """Read a recording, or an open file, once from front to back.

    Parameters
    ----------
    sound
        A `marsaudio.Recording`, or what `marsaudio.loading.open_sound` gives: both give the same figures.
    gaps : iterable of Gap, optional
        Where there are no data: the silence there does not count.

    Returns
    -------
    SoundFacts

    Raises
    ------
    AudioFormatError
        A file is cut short, or holds samples that are not numbers.

    Examples
    --------
    >>> import marsaudio as ma
    >>> from marsaudio.report.facts import sound_facts
    >>> sound_facts(ma.load("sample")).peak < 1.0
    True
    """
    peak, total, equal = 0.0, 0.0, True
    sums = np.zeros(sound.channels)
    for block in sound.blocks():
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        total += float(np.square(block, dtype=np.float64).sum())
        sums += block.sum(axis=-1, dtype=np.float64)
        equal = equal and bool((block[1:] == block[0]).all())
    lacking = round(sum(gap.stop - gap.start for gap in gaps) * sound.sample_rate)
    frames = max(sound.frames - lacking, 1)
    share = float(np.square(sums).sum()) / (frames * total) if total > 0 else 0.0
    return SoundFacts(peak, total / (sound.channels * frames), equal, min(share, 1.0))


def file_facts(source: str | os.PathLike[str]) -> dict[str, str]:
    """Tell what is known about a recording, in words; a file of any length, in flat memory.

    Of a catalog recording that is not on this machine, what the catalog says; nothing is downloaded.

    Parameters
    ----------
    source
        A catalog key, the path of an audio file, or the path of a PDS4 label.

    Returns
    -------
    dict of str to str
        Name and value, in the order in which to show them; what the file says about itself comes last.

    Raises
    ------
    ParameterError, DataUnavailableError, AudioFormatError
        As `marsaudio.load`.

    Examples
    --------
    >>> from marsaudio.report.facts import file_facts
    >>> file_facts("sample")["simulated"]
    'yes, not recorded on Mars'
    """
    known_keys = catalog.keys()
    if isinstance(source, str) and source in known_keys and catalog.local_path(source) is None:
        return _catalog_facts(catalog.entry(source))
    opened, known = open_sound(source)
    info, facts = opened.info, sound_facts(opened, known.gaps)
    metadata = dict(known.metadata)
    microphone = None if known.simulated else catalog.microphone_named(known.microphone)
    channels = str(info.channels)
    if info.channels > 1:
        channels += ", all equal" if facts.equal_channels else ", different"
    told = {
        "name": known.name,
        "title": known.title,
        "simulated": "yes, not recorded on Mars" if known.simulated else None,
        "altered for listening": "yes, no measurement" if known.is_altered else None,
        "separated stem": "yes, a part of the sound is missing" if known.is_stem else None,
        "microphone": known.microphone if not known.simulated else None,
        "microphone's place": microphone and microphone.place,
        "microphone's band": microphone and "{:g} to {:g} Hz".format(*microphone.band(info.sample_rate)),
        "sol": None if known.sol is None else str(known.sol),
        "date": known.date,
        "begins": known.start_time and _begin(known.start_time.after(known.offset)),
        "file": known.path,
        "format": f"{info.container}, {info.encoding}",
        "sample rate": f"{info.sample_rate} Hz",
        "duration": f"{info.frames / info.sample_rate:.3f} s ({info.frames} frames)",
        "channels": channels,
        "peak": f"{facts.peak:.6f} ({_level(facts.peak_level)})",
        "level (rms)": _level(facts.rms_level),
        "constant offset": offset_in_words(facts.offset_share),
        "credit": known.credit,
        "licence": known.licence,
        "published at": known.url,
        "gaps": "; ".join(f"{gap.start:g} to {gap.stop:g} s: {gap.reason}" for gap in known.gaps),
        "missing": ", ".join(known.missing),
        "note": " ".join(known.notes),
    }
    return {name: value for name, value in told.items() if value} | {
        _who_says(name): " ".join(value.split()) for name, value in metadata.items() if name != "title"
    }


def file_figures(source: str | os.PathLike[str]) -> dict[str, Any]:
    """The same as figures with their units, for programs.

    Examples
    --------
    >>> from marsaudio.report.facts import file_figures
    >>> file_figures("sample")["duration_s"]
    18.0
    """
    opened, known = open_sound(source)
    info, facts = opened.info, sound_facts(opened, known.gaps)
    told = known.as_plain()
    return {
        "name": known.name,
        **{name: value for name, value in told.items() if name not in ("offset", "start_time")},
        "start_utc": told["start_time"],
        "altered_for_listening": known.is_altered,
        "separated_stem": known.is_stem,
        "container": info.container,
        "encoding": info.encoding,
        "sample_rate_hz": info.sample_rate,
        "frames": info.frames,
        "duration_s": info.frames / info.sample_rate,
        "channels": info.channels,
        "channels_equal": facts.equal_channels,
        "peak": facts.peak,
        "peak_level_db": facts.peak_level,
        "rms_level_db": facts.rms_level,
        "offset_share_of_power": facts.offset_share,
        "level_unit": "dB re full scale",
    }


def notes_on(source: Source) -> list[str]:
    """What a reader of figures must know of what was measured, where it is no recording as it was made."""
    return [note for note, holds in ((ALTERED, source.is_altered), (STEM, source.is_stem)) if holds]


def offset_in_words(share: float) -> str | None:
    """What a constant offset means for the levels; None where it hardly changes them."""
    if share < LEAST_OFFSET_TOLD:
        return None
    return f"{100 * share:.0f} % of the power; it is no sound, but counts in level and peak"


def _who_says(name: str) -> str:
    return f"label says {name.removeprefix('pds_')}" if name.startswith("pds_") else f"file says {name}"


def _catalog_facts(entry: catalog.Entry) -> dict[str, str]:
    told = {
        "name": entry.key,
        "title": entry.title,
        "microphone": entry.microphone,
        "sol": None if entry.sol is None else str(entry.sol),
        "date": entry.date,
        "file": f"not on this machine; 'marsaudio fetch {entry.key}' downloads it",
        "sample rate": None if entry.sample_rate is None else f"{entry.sample_rate} Hz",
        "duration": None if entry.duration is None else f"{entry.duration:g} s",
        "credit": entry.credit,
        "licence": entry.licence,
        "note": entry.note,
        "described at": entry.page,
        "published at": entry.urls[0] if entry.urls else None,
    }
    return {name: value for name, value in told.items() if value}


def _begin(time: MarsTime) -> str:
    return (
        f"{time} (local mean solar time; true solar time {clock(time.local_true_solar_time)}), "
        f"{time.utc:%Y-%m-%d %H:%M:%S} UTC, solar longitude {time.solar_longitude:.1f}°"
    )


def _level(level: float | None) -> str:
    return "digital silence" if level is None else f"{level:.2f} dB re full scale"
