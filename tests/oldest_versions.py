"""Print the oldest versions that pyproject.toml allows of what users need, as constraints for pip.

``make test-oldest`` installs these, and runs the tests with them.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS = ("tables", "cluster", "pds")  # the others are for those who work on marsaudio itself
LOWER_BOUND = re.compile(r"(?P<name>[\w.-]+)\s*>=\s*(?P<version>[\w.]+)")


def constraints() -> Iterator[str]:
    """One line for each library."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = (line for extra in EXTRAS for line in project["optional-dependencies"][extra])
    for line in (*project["dependencies"], *extras):
        match = LOWER_BOUND.match(line)
        if match is None:
            raise SystemExit(f"{line!r} in {PROJECT.name} has no lower bound.")
        yield f"{match['name']}=={match['version']}"


if __name__ == "__main__":
    print(*constraints(), sep="\n")  # noqa: T201
