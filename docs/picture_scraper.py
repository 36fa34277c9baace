"""How the gallery shows the pictures of its scripts: each with its description as the alternative text."""

from __future__ import annotations

from typing import Any

from sphinx_gallery.scrapers import figure_rst

import marsaudio as ma


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the pictures that a block of a script has made, and give the reStructuredText that shows them."""
    del block
    shown = block_vars.setdefault("pictures_shown", [])
    words = []
    for value in block_vars["example_globals"].values():
        if isinstance(value, ma.plot.Picture) and not any(value is other for other in shown):
            shown.append(value)
            if not value.description:
                raise ValueError(f"{block_vars['src_file']}: a picture has no description for the blind.")
            path = value.save(next(block_vars["image_path_iterator"]), dpi=110)
            words.append(figure_rst([path], gallery_conf["src_dir"], value.description))
    return "\n".join(words)
