"""What the page plays: copies inside it that are loud enough to hear, or files beside it."""

from __future__ import annotations

import dataclasses
import io
import math
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from marsaudio.events.table import WindEvents
from marsaudio.listening.altered import shift
from marsaudio.listening.copies import listening_copy
from marsaudio.listening.sonification import sonify
from marsaudio.recording import Recording, channels_are_equal
from marsaudio.report.page.pictures import as_address
from marsaudio.separation.stems import Stems
from marsaudio.source import FOR_LISTENING, describe_source

LONGEST_INSIDE = 120.0  # seconds; three players of more would make a page of dozens of megabytes
PEAK_DB = -1.0  # of the loudest of the three
PLAYED_RATES = (8000, 48000)  # Hz; what browsers play everywhere
MOST_CHANNELS = 2
SHIFT_HZ = 300.0
ALTERED_RATE = 16000  # Hz; what is altered has nothing to lose above its half


@dataclass(frozen=True)
class Player:
    """A player of the page.

    Attributes
    ----------
    name, note : str
        What it plays, and what was done to it.
    address : str
        Of the sound: data, or a file beside the page.
    """

    name: str
    note: str
    address: str


def players_inside(stems: Stems, events: WindEvents) -> tuple[list[Player], str]:
    """Players that hold their sound, and a sentence on how loud they are.

    The recording, the wind and the rover are made louder, or quieter, by the same factor, so that they can be
    compared.
    """
    recording = stems.recording
    peak = max(float(np.abs(one.samples).max()) for one in (recording, *stems))
    gain_db = PEAK_DB - 20 * math.log10(peak) if peak > 0 else 0.0
    named = (
        ("The recording", "as it was made: wind and rover.", recording),
        ("The wind", "without the rover.", stems.wind),
        ("The rover", "without the wind.", stems.rover),
    )
    players = [Player(name, note, _inside(sound, gain_db)) for name, note, sound in named]
    direction = "louder" if gain_db >= 0 else "quieter"
    words = (
        f"The recording, the wind and the rover are all played {abs(gain_db):.1f} dB {direction} than they "
        "were recorded, so that they can be compared. Start one while another plays, and it goes on from the "
        "same moment. Wind on Mars is deep: use headphones, or the altered copies."
    )
    return players + _altered(stems, events), words


def players_beside(names: dict[str, str]) -> tuple[list[Player], str]:
    """Players of the files beside the page, by their names."""
    players = [
        Player("The recording", "as it was made: wind and rover.", beside(names["recording"])),
        Player("The wind", "without the rover.", beside(names["wind"])),
        Player("The rover", "without the wind.", beside(names["rover"])),
    ]
    words = (
        "The sound is too long to be kept in this page: the players need the files beside it. All are as "
        "loud as they were recorded. Start one while another plays, and it goes on from the same moment. "
        "Wind on Mars is deep: use headphones."
    )
    return players, words


def beside(name: str) -> str:
    """The address of a file in the page's folder."""
    return quote(name)


def _altered(stems: Stems, events: WindEvents) -> list[Player]:
    """Copies in which deep wind, and events, are heard; none where there is nothing to hear in them."""
    found = []
    recording = stems.recording.mono()
    wind = stems.wind.mono()
    if wind.samples.any() and recording.sample_rate > 2 * SHIFT_HZ:
        moved = listening_copy(_at_most(shift(wind, SHIFT_HZ), ALTERED_RATE), peak_db=PEAK_DB)
        note = f"moved up by {SHIFT_HZ:g} Hz, so that small loudspeakers play it. Altered."
        found.append(Player("The wind, higher", note, _inside(moved, 0.0)))
    if len(events) and recording.sample_rate >= ALTERED_RATE:
        small = _at_most(recording, ALTERED_RATE)
        marked = listening_copy(sonify(small, events), peak_db=PEAK_DB)
        note = "a short tone 0.3 s before each gust. Altered."
        found.append(Player("The recording, with marks", note, _inside(marked, 0.0)))
        tone = sonify(small, events, how="level")
        note = "the louder the wind, the higher: an octave for every 12 dB. Altered."
        found.append(Player("The wind's level as a tone", note, _inside(tone, 0.0)))
    return found


def _at_most(recording: Recording, rate: float) -> Recording:
    return recording.resample(rate) if recording.sample_rate > rate else recording


def _inside(recording: Recording, gain_db: float) -> str:
    """A recording as data that browsers play: FLAC of 16 bits, with its title for whoever saves it."""
    import soundfile

    if recording.channels > 1 and channels_are_equal(recording.samples):
        recording = dataclasses.replace(recording, samples=recording.samples[:1])
    if recording.channels > MOST_CHANNELS:
        recording = recording.mono()
    slowest, fastest = PLAYED_RATES
    if not slowest <= recording.sample_rate <= fastest or not float(recording.sample_rate).is_integer():
        recording = recording.resample(min(max(round(recording.sample_rate), slowest), fastest))
    samples = np.clip(recording.samples * 10 ** (gain_db / 20), -1.0, 1.0)  # resampling may pass the peak
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", round(recording.sample_rate), len(samples), format="FLAC", subtype="PCM_16"
    ) as sound:
        gain = f", {FOR_LISTENING}{gain_db:+.2f} dB" if gain_db else ""
        sound.title = f"{describe_source(recording.source)}{gain}"
        sound.write(samples.T)
    return as_address("audio/flac", buffer.getvalue())
