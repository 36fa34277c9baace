"""How the page puts things: what it calls its subject, how it writes figures, and whole sentences."""

from __future__ import annotations

from marsaudio.recording import Recording

ENDS = (".", "!", "?", "…")


def subject_of(recording: Recording) -> str:
    """What the page calls it inside a sentence: a copy altered for listening is not "the recording"."""
    return "the altered copy" if recording.source.is_altered else "the recording"


def capitalised(text: str) -> str:
    """The text with a capital first letter, and the rest as it is."""
    return text[:1].upper() + text[1:]


def whole_sentence(text: str) -> str:
    """The text from a capital letter to a full stop, whoever wrote it."""
    text = capitalised(text.strip())
    return text if text.endswith(ENDS) else f"{text}."


def figure(value: float, decimals: int) -> str:
    """A figure, with a minus that is read aloud as one."""
    return f"{value:.{decimals}f}".replace("-", "−")
