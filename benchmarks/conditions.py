"""What the figures of a measurement hold for: the program, the machine, the libraries."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from tables import processor

import marsaudio

LIBRARIES = ("numpy", "scipy", "soundfile", "librosa", "noisereduce", "numba", "joblib")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
MEASURING = ("competitors.py", "floor.py", "material.py", "processes.py")


def all_conditions() -> dict[str, str]:
    """By name, in words."""
    return {
        "marsaudio": marsaudio.__version__,
        "source code": fingerprint(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(filter(None, map(named_version, LIBRARIES))),
        "machine": machine(),
        "system": f"{platform.system()} {platform.release()}",
        "environment": ", ".join(f"{name}={os.environ[name]}" for name in THREADS if name in os.environ),
    }


def in_a_sentence() -> str:
    """When, with what and on what."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    about = all_conditions()
    return (
        f"Measured on {today} with marsaudio {about['marsaudio']} (source {about['source code']}), "
        f"{about['Python']}, on {about['machine']}."
    )


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{processor()}, {psutil.cpu_count()} processors, {memory:.0f} GiB of memory"


def named_version(library: str) -> str | None:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return None


def fingerprint() -> str:
    """Eight digits that change with the source of marsaudio, or of what measures it."""
    package, here = Path(marsaudio.__file__).parent, Path(__file__).parent
    digest = hashlib.sha256()
    for path in (*sorted(package.rglob("*.py")), *(here / name for name in MEASURING)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
