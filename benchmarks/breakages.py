"""Ways to break marsaudio, each a promise, what replaces a piece of the code, and the tests that must notice.

`broken_on_purpose` tries them. The promises are those of the public contract and of the conventions; a new
one belongs here as well.
"""

from __future__ import annotations

from breakages_of_analysis import EVENTS, REFERENCES, SPECTRA, UNITS
from breakages_of_conduct import CONVENTIONS, FILES
from breakages_of_sound import ADDITIVE, LOADING, ONE_ANSWER, RECORDINGS

BREAKAGES = (
    *LOADING,
    *RECORDINGS,
    *ADDITIVE,
    *ONE_ANSWER,
    *REFERENCES,
    *SPECTRA,
    *EVENTS,
    *UNITS,
    *CONVENTIONS,
    *FILES,
)
