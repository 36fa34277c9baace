"""The same in words: what a picture of a recording and its wind events shows."""

from __future__ import annotations

from marsaudio.events.table import WindEvents
from marsaudio.recording import Recording
from marsaudio.source import Source

MOST_EVENTS_TOLD = 40


def describe(recording: Recording, events: WindEvents) -> str:
    """Say in words what a picture of a recording and its wind events shows.

    Parameters
    ----------
    recording : Recording
    events : WindEvents
        What was found in it.

    Returns
    -------
    str
        On one line, for an alternative text.

    See Also
    --------
    marsaudio.plot.overview : The picture that it tells.

    Examples
    --------
    >>> import marsaudio as ma
    >>> recording = ma.load("sample")
    >>> ma.plot.describe(recording, ma.detect_wind(recording))[:44]
    'Sound of sample (Simulated Mars wind and rov'
    """
    words = [f"Sound of {what_it_is(recording.source)}, {recording.duration:.1f} s."]
    if not events:
        words.append(f"No wind event stands out. {events.note}".strip())
    else:
        share = events.windy_share
        if share is None:
            share = sum(event.duration for event in events) / recording.duration
        words.append(
            f"{_count(len(events))}, {100 * share:.0f} % of the time, between "
            f"{events[0].low:g} and {events[0].high:g} Hz:"
        )
        shown = [
            f"{number}: {event.start:.2f} to {event.end:.2f} s, {event.excess:.0f} dB over the quiet"
            for number, event in enumerate(events[:MOST_EVENTS_TOLD], start=1)
        ]
        words.append("; ".join(shown) + (" and more." if len(events) > MOST_EVENTS_TOLD else "."))
    if events.quiet_level is not None:
        words.append(f"Quiet is {events.quiet_level:.1f} {events.unit}.")
    return printable(" ".join(words))


def _count(number: int) -> str:
    return "1 wind event" if number == 1 else f"{number} wind events"


def what_it_is(source: Source) -> str:
    """The source's name and title, and that it is simulated where it is."""
    title = f"{source.name} ({source.title})" if source.title and source.title != source.name else source.name
    return f"{title}, simulated, not recorded on Mars" if source.simulated else title


def printable(text: str) -> str:
    """The text with a question mark for each character that cannot be drawn, as in some names of files."""
    return "".join(character if character.isprintable() else "?" for character in text)
