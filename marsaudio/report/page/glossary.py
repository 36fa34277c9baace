"""The words on the page that a newcomer may not know, each in one plain sentence."""

from __future__ import annotations

from marsaudio.events.detection import WIND_BAND
from marsaudio.events.table import WindEvents
from marsaudio.recording import Recording
from marsaudio.report.page.gusts import BY_CHANCE
from marsaudio.report.page.wording import capitalised, subject_of


def glossary(recording: Recording, events: WindEvents) -> list[tuple[str, str]]:
    """Terms and what they mean, from those of all sound to those of this page."""
    low, high = events.parameters.get("band_hz", WIND_BAND)
    return [
        ("hertz (Hz)", "Vibrations in a second: the more, the higher the sound; 1 kHz is 1000 of them."),
        (
            "decibel (dB)",
            "A measure of ratios: 10 dB more is ten times the power, and 20 dB more is ten times the "
            "amplitude, which is how far a sound swings.",
        ),
        _reference(recording),
        ("per hertz (/Hz)", "The power in a strip of frequencies that is one hertz wide."),
        (
            "rms",
            "Root mean square: the square root of the mean of the squared samples, which tells how strong a "
            "sound is as a whole.",
        ),
        (
            "the quiet",
            "The level of the calmest moments, in the wind's band and without the rover's tones.",
        ),
        ("threshold", "The level that the curve must rise above to count as a gust."),
        ("wind's band", f"The frequencies from {low:g} to {high:g} Hz, in which gusts are looked for."),
        ("stem", f"One of the two parts, wind and rover, whose sum is {subject_of(recording)}."),
        ("cut-off", "The highest frequency at which wind was found."),
        (
            "± (standard deviation)",
            "How far chance alone moves a figure: about two times in three by no more than what stands after "
            "the sign.",
        ),
        ("by chance", capitalised(BY_CHANCE)),
    ]


def _reference(recording: Recording) -> tuple[str, str]:
    if recording.calibration is None:
        return (
            "re full scale",
            "Against the most that the file can hold: 0 dB is a mean square of 1, a sine that just reaches "
            "full scale is at −3 dB, and −20 dB is a tenth of the amplitude of 0 dB.",
        )
    return (
        "re 20 µPa",
        "Against a sound pressure of 20 micropascals: 0 dB is a root mean square of just that, and 20 dB is "
        "ten times the pressure.",
    )
