"""A folder of downloads that several processes, or several versions, share."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from stress_children import DONE, REFUSED, Child, Ended, Surroundings, complaints, driven, started
from stress_folders import leftovers
from stress_record import Trial
from stress_server import KEY, OTHER_KEY, sound_of
from stress_works import Material

CHECKSUMS = "checksums.json"
FUTURE_KEY = "a key of a later version"
FUTURE = {FUTURE_KEY: hashlib.sha256(b"").hexdigest()}
FUTURE_FORMAT = {"format": 2, "files": {KEY: {"sha256": FUTURE[FUTURE_KEY], "size": 0}}}
DAY = 86400


def shared(material: Material, times: int, rng: np.random.Generator) -> list[Trial]:
    """Fetch with two processes, of two versions, with one that is killed, and where an older one was."""
    length = material.work("fetch").length
    attempts = [
        *[functools.partial(two_versions, material)] * times,
        *(functools.partial(one_is_killed, material, float(share) * length) for share in rng.random(times)),
        *[functools.partial(after_a_lock, material)] * times,
        *[functools.partial(a_later_format, material)] * times,
        *[functools.partial(another_checksum, material)] * times,
    ]
    return material.tried(attempts)


def fetch(material: Material, place: Path, key: str, name: str, **fields: Any) -> Child:
    """Fetch a key into the folder "out" with a catalog that knows nothing else."""
    own = place / name
    own.mkdir()
    around = Surroundings(place, {"MARSAUDIO_DATA_DIR": str(place / "out")})
    entries = {key: {**material.entries[key], **fields}}
    modules = str(material.work("fetch").modules)
    program = driven(["fetch", key], entries=entries, modules=modules, ready=str(own / "ready"))
    return started(program, own, around)


def holds(place: Path, checksums: dict[str, str], *keys: str) -> list[str]:
    """What is wrong with the folder, which must hold these recordings, and these checksums."""
    out = place / "out"
    wrong = [
        f"{key}.wav: other bytes"
        for key in keys
        if (out / f"{key}.wav").read_bytes() != sound_of(f"{key}.wav")
    ]
    wanted = checksums | {key: hashlib.sha256(sound_of(f"{key}.wav")).hexdigest() for key in keys}
    if (found := json.loads((out / CHECKSUMS).read_text())) != wanted:
        wrong.append(f"{CHECKSUMS} knows {', '.join(found)} instead of {', '.join(wanted)}")
    return wrong


def result(place: Path, what: str, ended: Ended, wrong: list[str], example: str = "") -> Trial:
    left = len(leftovers(place / "out"))
    shutil.rmtree(place)
    outcome = {DONE: "done", REFUSED: "refused"}.get(ended.code, "failed")
    return Trial(what, outcome, tuple(wrong), left, left, example)


def two_versions(material: Material) -> Trial:
    """Two versions at once, each of which knows another recording, and a third knew one more."""
    place = material.place()
    (place / "out").mkdir()
    (place / "out" / CHECKSUMS).write_text(json.dumps(FUTURE))
    children = [fetch(material, place, key, key) for key in (KEY, OTHER_KEY)]
    ends = [child.end() for child in children]
    wrong = [one for ended in ends for one in complaints(ended, (DONE,))]
    wrong += holds(place, FUTURE, KEY, OTHER_KEY)
    return result(place, "two versions at once, each with a recording of its own", ends[0], wrong)


def one_is_killed(material: Material, seconds: float) -> Trial:
    """Two that want the same recording, of which one is killed."""
    place = material.place()
    (place / "out").mkdir()
    first, second = (fetch(material, place, KEY, name) for name in ("first", "second"))
    first.wait_for(seconds)
    first.signal(signal.SIGKILL)
    first.end()
    ended = second.end()
    wrong = complaints(ended, (DONE,)) + holds(place, {}, KEY)
    what = "two that want the same recording, one of them killed"
    return result(place, what, ended, wrong, f"after {seconds:.4f} s")


def after_a_lock(material: Material) -> Trial:
    """A process was killed that had the lock: its file is there, from tomorrow, with something in it."""
    place = material.place()
    out = place / "out"
    out.mkdir()
    for name in (f".{KEY}.wav.lock", f".{CHECKSUMS}.lock"):
        (out / name).write_text("12345")
        os.utime(out / name, (time.time() + DAY, time.time() + DAY))
    ended = fetch(material, place, KEY, "only").end()
    wrong = complaints(ended, (DONE,)) + holds(place, {}, KEY)
    return result(place, "the locks of a process that is gone", ended, wrong)


def a_later_format(material: Material) -> Trial:
    """A later version keeps its checksums in another form: that is refused, and left as it is."""
    place = material.place()
    out = place / "out"
    out.mkdir()
    text = json.dumps(FUTURE_FORMAT)
    (out / CHECKSUMS).write_text(text)
    ended = fetch(material, place, KEY, "only").end()
    wrong = complaints(ended, (REFUSED,))
    if (out / CHECKSUMS).read_text() != text:
        wrong.append(f"{CHECKSUMS} was changed")
    return result(place, "checksums in the form of a later version", ended, wrong)


def another_checksum(material: Material) -> Trial:
    """A version that knows another checksum of a file that is there refuses it, and leaves it."""
    place = material.place()
    (place / "out").mkdir()
    wrong = complaints(fetch(material, place, KEY, "one").end(), (DONE,))
    ended = fetch(material, place, KEY, "another", sha256=FUTURE[FUTURE_KEY]).end()
    wrong += complaints(ended, (REFUSED,)) + holds(place, {}, KEY)
    return result(place, "a version that knows another checksum of what is there", ended, wrong)
