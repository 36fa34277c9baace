"""Take the sounds and pictures that notebooks show out of their pages, into files beside them.

A notebook holds its sounds as text, which makes pages of many megabytes. On the site they are FLAC,
which has the same samples and is smaller.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path
from typing import Any

import soundfile
from sphinx.application import Sphinx

EMBEDDED = re.compile(r'src="data:(audio/wav|image/png);base64,([A-Za-z0-9+/=\s]+)"')
FOLDER = "_media"


def take_out(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Write what a page embeds, and let the page name the files."""
    del template, doctree
    up = "../" * page.count("/")

    def file_instead(found: re.Match[str]) -> str:
        content, ending = base64.b64decode(found[2]), "png"
        if found[1] == "audio/wav":
            content, ending = in_flac(content), "flac"
        path = Path(app.outdir, FOLDER, f"{hashlib.sha256(content).hexdigest()[:16]}.{ending}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return f'src="{up}{FOLDER}/{path.name}"'

    if "body" in context:
        context["body"] = EMBEDDED.sub(file_instead, context["body"])


def in_flac(wav: bytes) -> bytes:
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="int16")
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format="FLAC", subtype="PCM_16")
    return content.getvalue()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", take_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
