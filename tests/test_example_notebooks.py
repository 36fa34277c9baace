"""The example notebooks run as a person would run them, and each is what its script says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from marsaudio import catalog

EXAMPLES = Path(__file__).parents[1] / "examples"
RUNNER = Path(__file__).with_name("run_notebook.py")
NAMES = (
    "archive_to_table",
    "find_the_wind",
    "first_listen",
    "separate_rover_and_wind",
    "take_nasa_apart",
    "trust_an_event",
)
PLAYERS_AT_LEAST = {
    "archive_to_table": 1,
    "first_listen": 2,
    "separate_rover_and_wind": 4,
    "find_the_wind": 3,
    "take_nasa_apart": 6,
    "trust_an_event": 2,
}
FIGURES = {
    "archive_to_table": 1,
    "first_listen": 3,
    "separate_rover_and_wind": 2,
    "find_the_wind": 1,
    "take_nasa_apart": 5,
    "trust_an_event": 1,
}
ALSO_ON_THE_SAMPLE = ("first_listen",)  # where NASA's recording is on the machine
ROVER_OF_SOL_1125 = Path("m2020_edlcam_raw/data_audio/mic_00000170_000_000001.xml")


def test_every_script_has_a_notebook(maker: ModuleType) -> None:
    scripts = {path.stem for path in EXAMPLES.glob("*.py")} - {"make_notebooks"}
    assert scripts == {path.stem for path in EXAMPLES.glob("*.ipynb")} == set(maker.NAMES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_agrees_with_its_script(name: str, maker: ModuleType) -> None:
    committed = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    assert committed == maker.notebook_text(EXAMPLES / f"{name}.py"), "run: python examples/make_notebooks.py"


@pytest.mark.parametrize("name", NAMES)
def test_notebook_on_the_sample_says_that_it_is_simulated(name: str, tmp_path: Path) -> None:
    if os.environ.get("MARSAUDIO_DATA_DIR") and name not in ALSO_ON_THE_SAMPLE:
        pytest.skip("It runs on NASA's recording here; 'make docs' runs it on the sample.")
    shown = run(name, tmp_path, data_directory=tmp_path / "no recordings here")
    assert "THIS IS SIMULATED" in shown.text
    assert "Recorded on Mars. Credit" not in shown.text
    assert "Credit: marsaudio (simulated)" in shown.html
    check_players_and_figures(name, shown)


@pytest.mark.shown
@pytest.mark.parametrize("name", NAMES)
def test_notebook_on_the_recording_of_february_20_credits_nasa(name: str, tmp_path: Path) -> None:
    path = catalog.local_path("feb20_filtered") if os.environ.get("MARSAUDIO_DATA_DIR") else None
    if path is None:
        pytest.skip("MARSAUDIO_DATA_DIR names no folder with feb20_filtered")
    shown = run(name, tmp_path, data_directory=path.parent)
    assert "Recorded on Mars. Credit: NASA/JPL-Caltech" in shown.text
    assert "THIS IS SIMULATED" not in shown.text
    assert "Credit: NASA/JPL-Caltech" in shown.html
    if name != "take_nasa_apart" or (path.parent / ROVER_OF_SOL_1125).exists():
        assert "Credit: marsaudio (simulated)" not in shown.html
    else:
        assert "The rover noise below is simulated" in shown.text
    check_players_and_figures(name, shown)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_notebooks", EXAMPLES / "make_notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Shown:
    """What the cells of a notebook that ran have shown."""

    def __init__(self, notebook: dict[str, Any]) -> None:
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        data = [output["data"] for output in outputs if "data" in output]
        self.text = self._stream(outputs, "stdout")
        self.warnings = self._stream(outputs, "stderr")
        self.html = "".join(_joined(each.get("text/html", "")) for each in data)
        self.bare = [each for each in data if "text/html" not in each]

    @staticmethod
    def _stream(outputs: list[dict[str, Any]], name: str) -> str:
        return "".join(_joined(output["text"]) for output in outputs if output.get("name") == name)


def _joined(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)


def check_players_and_figures(name: str, shown: Shown) -> None:
    # One notebook shows a wind so even that the library says that there may be none.
    expected = ["No band of frequencies was found"] if name == "separate_rover_and_wind" else []
    warnings = shown.warnings.splitlines()
    assert len(warnings) == len(expected)
    assert all(line.startswith(words) for line, words in zip(warnings, expected, strict=True))
    assert shown.bare == [], "a bare object was shown where a picture, a player or a table was meant"
    assert shown.html.count('src="data:audio/wav;base64,') >= PLAYERS_AT_LEAST[name]
    pictures = shown.html.split("<img ")[1:]
    assert len(pictures) == FIGURES[name]
    for picture in pictures:
        words = picture.partition('alt="')[2].partition('"')[0]
        assert len(words) > 60, "each picture is told in words, too"
    if name == "separate_rover_and_wind":
        assert "\n0 of " in f"\n{shown.text}"
        assert "Read back from two files: 0 samples differ." in shown.text
    if name == "take_nasa_apart":
        before, after = re.findall(r"^ +-15 dB +(\S+) dB +(\S+) dB$", shown.text, flags=re.M)[0]
        assert float(after) > float(before) + 20
    if name == "archive_to_table":
        assert "12 to 13 s: no product of second 12 is here" in shown.text
        assert "local_mean_solar_time" in shown.html
    if name == "find_the_wind":
        assert "first_gust.wav has" in shown.text
        assert "columns: start_s, end_s" in shown.text


def run(name: str, folder: Path, *, data_directory: Path) -> Shown:
    """Run a notebook in an empty folder; it leaves nothing there, nor among the temporary files."""
    work, temporary, result = folder / "work", folder / "temporary", folder / "result.ipynb"
    work.mkdir()
    temporary.mkdir()
    environment = os.environ | {
        "MARSAUDIO_DATA_DIR": str(data_directory),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "TMPDIR": str(temporary),
    }
    command = [sys.executable, str(RUNNER), str(EXAMPLES / f"{name}.ipynb"), str(result), str(work)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == []
    assert list(temporary.glob("marsaudio-*")) == []
    return Shown(json.loads(result.read_text(encoding="utf-8")))
