"""Make each notebook of this folder from its script: the same script gives the same file, to the byte.

    python examples/make_notebooks.py

Cells are numbered, and outputs and what varies from editor to editor are left out. It needs jupytext.
"""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat

FOLDER = Path(__file__).parent
NAMES = (
    "first_listen",
    "separate_rover_and_wind",
    "find_the_wind",
    "trust_an_event",
    "take_nasa_apart",
    "archive_to_table",
)


def notebook_text(script: Path) -> str:
    """The notebook of a py:percent script, as the text of an .ipynb file."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(
        {
            "jupytext": {"formats": "ipynb,py:percent"},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({})
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def main() -> None:
    for name in NAMES:
        target = FOLDER / f"{name}.ipynb"
        target.write_text(notebook_text(FOLDER / f"{name}.py"), encoding="utf-8", newline="\n")
        print(target)


if __name__ == "__main__":
    main()
