"""The check of the built pages finds what is wrong with them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

CHECK = Path(__file__).parents[1] / "docs" / "check_pages.py"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_pages", CHECK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two pages and a picture, with nothing wrong."""
    (tmp_path / "how to").mkdir()
    (tmp_path / "picture.png").touch()
    (tmp_path / "index.html").write_text(
        '<a href="how%20to/clip.html?x=1#fade">clip</a> <a href="how%20to/">all</a>'
        '<a href="#top" id="top">up</a>'
        '<img src="picture.png" alt="a gust" srcset="picture.png 2x"> <a href="https://www.nasa.gov/x">NASA</a>',
        encoding="utf-8",
    )
    (tmp_path / "how to" / "index.html").write_text('<a href="../index.html">home</a>', encoding="utf-8")
    (tmp_path / "how to" / "clip.html").write_text('<h2 id="fade">Fade</h2>', encoding="utf-8")
    return tmp_path


def test_nothing_is_wrong_with_pages_whose_links_lead_somewhere(check: ModuleType, site: Path) -> None:
    assert check.complaints(site) == []


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ('<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ('<img src="gone.png" alt="x">', "gone.png leads nowhere"),
        ('<audio src="gone.flac"></audio>', "gone.flac leads nowhere"),
        ('<a href="index.html#gone">x</a>', "index.html#gone names no place on that page"),
        ('<a href="#gone">x</a>', "#gone names no place on that page"),
        ('<img src="picture.png">', "the picture picture.png has no alternative text"),
        ("x" * 1_000_001, "more than 1000000"),
    ],
)
def test_what_is_wrong_with_a_page_is_told(
    check: ModuleType, site: Path, broken: str, complaint: str
) -> None:
    (site / "broken.html").write_text(broken, encoding="utf-8")
    (found,) = check.complaints(site)
    assert found.startswith("broken.html")
    assert complaint in found


def test_a_folder_without_pages_is_no_site(check: ModuleType, tmp_path: Path) -> None:
    assert len(check.complaints(tmp_path)) == 1
