"""What `import marsaudio` costs beside `import numpy`: whole fresh processes, in pairs.

    python benchmarks/import_time.py [--rounds 15]

Prints the median seconds of each and the median of the paired ratios. Also what the first use of `load`,
`separate` and `detect_wind` brings in, since imports that are put off are paid there.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time

import marsaudio

STATEMENTS = {
    "import numpy": "import numpy",
    "import marsaudio": "import marsaudio",
    "import marsaudio; marsaudio.load": "import marsaudio; marsaudio.load",
    "import marsaudio; marsaudio.separate": "import marsaudio; marsaudio.separate",
    "import marsaudio; marsaudio.detect_wind": "import marsaudio; marsaudio.detect_wind",
}


def seconds(statement: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for statement in STATEMENTS.values():
        seconds(statement)  # so that every round finds the same compiled files and disk cache
    taken: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            taken[name].append(seconds(statement))
    print(f"marsaudio {marsaudio.__version__}, Python {platform.python_version()}, {rounds} paired rounds")
    print(f"{'fresh process':42}{'median s':>10}{'/ numpy':>10}")
    base = taken["import numpy"]
    for name, values in taken.items():
        ratio = statistics.median(a / b for a, b in zip(values, base, strict=True))
        print(f"{name:42}{statistics.median(values):10.3f}{ratio:10.2f}")


if __name__ == "__main__":
    main()
