"""The page as a text: the template, filled in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from marsaudio.report.page.content import Results, content_of
from marsaudio.report.page.sounds import LONGEST_INSIDE, beside, players_beside, players_inside
from marsaudio.report.page.wording import subject_of

if TYPE_CHECKING:
    import jinja2

INSIDE, BESIDE = "data:", "data: 'self' file:"
WORDS_FOR_FILES = {
    "recording": "{subject}",
    "wind": "the wind",
    "rover": "the rover: added to the wind, sample by sample, it is {subject}",
    "spectrogram": "a picture of {subject} and its wind",
    "events": "the gusts as a table",
    "summary": "all figures and parameters, for programs",
}


def fits_inside(duration: float) -> bool:
    """Whether a recording of so many seconds is short enough for its sound to be kept in a page."""
    return duration <= LONGEST_INSIDE


def page_text(results: Results, names: Mapping[str, str]) -> str:
    """The page as HTML.

    Parameters
    ----------
    results : Results
    names : dict of str to str
        Of the files beside the page, which it links to: ``"wind"``, ``"rover"`` and more. Of a recording
        that does not fit inside, its players need ``"recording"``, ``"wind"`` and ``"rover"``.
    """
    inside = fits_inside(results.stems.wind.duration)
    if inside:
        players, how_to_listen = players_inside(results.stems, results.events)
    else:
        players, how_to_listen = players_beside(results.stems, dict(names))
    script = _asset("page.js")
    return _template().render(
        **content_of(results),
        players=players,
        how_to_listen=how_to_listen,
        files=_links(names, subject_of(results.stems.wind)),
        media_sources=INSIDE if inside else BESIDE,
        style=_asset("page.css"),
        script=script,
        script_hash=_hash_of(f"\n{script}\n"),
    )


def _links(names: Mapping[str, str], subject: str) -> Sequence[dict[str, Any]]:
    return [
        {"address": beside(name), "name": name, "words": WORDS_FOR_FILES[what].format(subject=subject)}
        for what, name in names.items()
        if what in WORDS_FOR_FILES
    ]


@lru_cache
def _asset(name: str) -> str:
    return files("marsaudio.report.page").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


@lru_cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    # The style and the script are our own, and hold no words of a recording.
    environment.filters["own"] = _own
    return environment.from_string(_asset("page.html"))


def _own(text: str) -> Any:
    import markupsafe

    return markupsafe.Markup(text)  # noqa: S704


def _hash_of(script: str) -> str:
    """How the page's policy names the one script that may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}"
