"""Which recordings exist and how each reaches this machine.

The recordings are listed in ``recordings.toml``; `keys` and `entry` read it. `fetch` gives a path to a
recording's file: it takes what is already here and downloads the rest, once, into `data_directory`. What is
published about the microphones stands in ``microphones.toml``; `microphones` and `microphone_named` read it.

Examples
--------
>>> from marsaudio import catalog
>>> catalog.entry("feb20_rover").microphone
'EDL microphone'
>>> catalog.fetch("sample").name
'simulated_18s.wav'
"""

from marsaudio.catalog.entries import Entry, entry, keys
from marsaudio.catalog.fetching import fetch, is_verified
from marsaudio.catalog.microphones import Microphone, microphone_named, microphones
from marsaudio.catalog.storage import data_directory, local_path

__all__ = [
    "Entry",
    "Microphone",
    "data_directory",
    "entry",
    "fetch",
    "is_verified",
    "keys",
    "local_path",
    "microphone_named",
    "microphones",
]
