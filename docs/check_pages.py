"""Check the built pages: links and pictures lead somewhere, words tell each picture, no page is too large.

    python docs/check_pages.py docs/_build/html

Links to other hosts are not followed.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

MOST_BYTES = 1_000_000  # with what is embedded; a phone waits for all of it


class Page(HTMLParser):
    """The links, the anchors, and the pictures without words of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = {""}
        self.untold: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.links |= {found[name] for name in ("href", "src", "poster") if name in found}
        self.links |= {part.split()[0] for part in found.get("srcset", "").split(",") if part.strip()}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "img" and "alt" not in found:
            self.untold.append(found.get("src", "")[:80])


def complaints(folder: Path) -> list[str]:
    """What is wrong with the pages in a folder, one line each."""
    folder = folder.resolve()
    paths = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path) for path in paths}  # what lies in _static is the theme's own
    wrong = [] if pages else [f"{folder} holds no pages"]
    for path, page in pages.items():
        name = path.relative_to(folder)
        if path.stat().st_size > MOST_BYTES:
            wrong.append(f"{name} has {path.stat().st_size} bytes, more than {MOST_BYTES}")
        wrong += [f"{name}: the picture {source} has no alternative text" for source in page.untold]
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target = target / "index.html"
            if not target.is_file():
                wrong.append(f"{name}: {link} leads nowhere")
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f"{name}: {link} names no place on that page")
    return wrong


if __name__ == "__main__":
    found = complaints(Path(sys.argv[1]))
    print("\n".join(found) or "Every link and picture of these pages leads somewhere.")
    sys.exit(bool(found))
