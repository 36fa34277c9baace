"""What the page plays: copies inside it that are loud enough to hear, or files beside it."""

from __future__ import annotations

import dataclasses
import io
import math
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from marsaudio.events.table import WindEvents
from marsaudio.formats.encodings import FAINTEST_SAMPLE
from marsaudio.listening.altered import shift
from marsaudio.listening.copies import listening_copy
from marsaudio.listening.sonification import sonify
from marsaudio.recording import Recording, channels_are_equal
from marsaudio.report.facts import sound_facts
from marsaudio.report.page.pictures import as_address
from marsaudio.report.page.wording import capitalised, subject_of
from marsaudio.separation.stems import Stems
from marsaudio.source import FOR_LISTENING, describe_source

LONGEST_INSIDE = 120.0  # seconds; three players of more would make a page of dozens of megabytes
PEAK_DB = -1.0  # of the loudest of the three
PLAYED_RATES = (8000, 48000)  # Hz; what browsers play everywhere
MOST_CHANNELS = 2
FAINT_DB = 40.0  # so far below the recording, a player that works may seem not to
SHIFT_HZ = 300.0
ALTERED_RATE = 16000  # Hz; what is altered has nothing to lose above its half
SAME_MOMENT = "Start one while another plays, and it goes on from the same moment."
DEEP = "Wind on Mars is deep: use headphones"
HIGHER = "the wind, higher"


@dataclass(frozen=True)
class Player:
    """A player of the page.

    Attributes
    ----------
    called, note : str
        What it plays, as inside a sentence, and what is to be known of it.
    address : str
        Of the sound: data, or a file beside the page.
    """

    called: str
    note: str
    address: str

    @property
    def name(self) -> str:
        """What it plays, as a title."""
        return capitalised(self.called)


def players_inside(stems: Stems, events: WindEvents) -> tuple[list[Player], str]:
    """Players that hold their sound, and a sentence on how loud they are.

    The recording, the wind and the rover are made louder, or quieter, by the same factor, so that they can be
    compared: what is played of the wind and of the rover is, in sum, what is played of the recording.
    """
    recording = stems.recording
    equal = channels_are_equal(recording.samples)
    played = [_playable(one, channels_equal=equal) for one in (recording, *stems)]
    peak = max(float(np.abs(one.samples).max()) for one in played)
    gain_db = PEAK_DB - 20 * math.log10(peak) if peak >= FAINTEST_SAMPLE else 0.0
    changes = _changes(recording, played[0])
    players = _of_the_take(recording, played, [_inside(one, gain_db) for one in played], changes)
    altered = _altered(stems, events)
    or_else = f", or “{capitalised(HIGHER)}”" if any(one.called == HIGHER for one in altered) else ""
    words = f"{_how_loud(recording, gain_db, changes)} {SAME_MOMENT} {DEEP}{or_else}."
    return players + altered, words


def players_beside(stems: Stems, names: dict[str, str]) -> tuple[list[Player], str]:
    """Players of the files beside the page, by their names."""
    recording = stems.recording
    addresses = [beside(names[name]) for name in ("recording", "wind", "rover")]
    words = (
        "The sound is too long to be kept in this page: the players need the files beside it. "
        f"{_how_loud(recording, 0.0, '')} {SAME_MOMENT} {DEEP}."
    )
    return _of_the_take(recording, [recording, *stems], addresses, ""), words


def beside(name: str) -> str:
    """The address of a file in the page's folder."""
    return quote(name)


def is_digital_silence(sound: Recording) -> bool:
    """Whether no sample differs from the one before: then a constant offset is all that there is."""
    first = next(sound.blocks(1))
    return all(bool((block == first).all()) for block in sound.blocks())


def _of_the_take(
    recording: Recording, sounds: list[Recording], addresses: list[str], changes: str
) -> list[Player]:
    """Players of the recording, the wind and the rover, with what a listener must know of each."""
    subject = subject_of(recording)
    named = (
        (subject, "wind and rover together."),
        ("the wind", "without the rover."),
        ("the rover", "without the wind."),
    )
    whole = _power(sounds[0])
    players = []
    for (called, note), sound, address in zip(named, sounds, addresses, strict=True):
        told = (note, capitalised(changes), _faintness(sound, whole, subject))
        players.append(Player(called, " ".join(words for words in told if words), address))
    return players


def _how_loud(recording: Recording, gain_db: float, changes: str) -> str:
    three = f"{subject_of(recording)}, the wind and the rover"
    first = f"What is played is {changes} After that, {three}" if changes else capitalised(three)
    direction = "louder" if gain_db >= 0 else "quieter"
    made = f"made {abs(gain_db):.1f} dB {direction}" if abs(gain_db) >= 0.05 else "left as loud as they are"
    return f"{first} are all {made}, so that they can be compared."


def _changes(recording: Recording, played: Recording) -> str:
    """What a player has in place of the channels and the rate of the recording, where it has."""
    words = []
    if played.channels < recording.channels and not channels_are_equal(recording.samples):
        words.append(f"the mean of the {recording.channels} channels")
    if played.sample_rate != recording.sample_rate:
        words.append(f"resampled from {recording.sample_rate:.9g} to {played.sample_rate:g} Hz")
    return f"{', '.join(words)}." if words else ""


def _faintness(sound: Recording, whole: float, subject: str) -> str:
    """A warning where hardly anything, or nothing, is heard of a sound."""
    power = _power(sound)
    if power == 0 or is_digital_silence(sound):
        return "Silent here."
    if whole < power * 10 ** (FAINT_DB / 10):
        return ""
    return f"Very faint here: {10 * math.log10(whole / power):.0f} dB below {subject}."


def _power(sound: Recording) -> float:
    """The mean square of what is heard, which a constant offset is not."""
    facts = sound_facts(sound)
    return facts.mean_square * (1.0 - facts.offset_share)


def _altered(stems: Stems, events: WindEvents) -> list[Player]:
    """Copies in which deep wind, and events, are heard; none where there is nothing to hear in them."""
    found = []
    recording = stems.recording.mono()
    wind = stems.wind.mono()
    if wind.samples.any() and recording.sample_rate > 2 * SHIFT_HZ:
        moved = listening_copy(_at_most(shift(wind, SHIFT_HZ), ALTERED_RATE), peak_db=PEAK_DB)
        note = f"moved up by {SHIFT_HZ:g} Hz, so that small loudspeakers play it. Altered."
        found.append(Player(HIGHER, note, _inside(_playable(moved), 0.0)))
    if len(events) and recording.sample_rate >= ALTERED_RATE:
        small = _at_most(recording, ALTERED_RATE)
        marked = listening_copy(sonify(small, events), peak_db=PEAK_DB)
        note = "a short tone 0.3 s before each gust. Altered."
        found.append(Player(f"{subject_of(recording)}, with marks", note, _inside(marked, 0.0)))
        tone = sonify(small, events, how="level")
        note = "the louder the wind, the higher: an octave for every 12 dB. Altered."
        found.append(Player("the wind's level as a tone", note, _inside(tone, 0.0)))
    return found


def _at_most(recording: Recording, rate: float) -> Recording:
    return recording.resample(rate) if recording.sample_rate > rate else recording


def _playable(sound: Recording, *, channels_equal: bool = False) -> Recording:
    """The sound in so many channels, and at such a rate, as browsers play."""
    if channels_equal:
        sound = dataclasses.replace(sound, samples=sound.samples[:1])
    elif sound.channels > MOST_CHANNELS:
        sound = sound.mono()
    slowest, fastest = PLAYED_RATES
    return sound.resample(min(max(round(sound.sample_rate), slowest), fastest))


def _inside(sound: Recording, gain_db: float) -> str:
    """A playable sound as data: FLAC of 16 bits, with its title for whoever saves it."""
    import soundfile

    samples = np.clip(sound.samples * 10 ** (gain_db / 20), -1.0, 1.0)  # resampling may pass the peak
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", round(sound.sample_rate), len(samples), format="FLAC", subtype="PCM_16"
    ) as file:
        gain = f", {FOR_LISTENING}{gain_db:+.2f} dB" if gain_db else ""
        file.title = f"{describe_source(sound.source)}{gain}"
        file.write(samples.T)
    return as_address("audio/flac", buffer.getvalue())
