"""Which recordings exist and how each reaches this machine.

The recordings are listed in ``recordings.toml``; `keys` and `entry` read it. `fetch` gives a path to a
recording's file: it takes what is already here and downloads the rest, once, into `data_directory`.

Examples
--------
>>> from marsaudio import catalog
>>> catalog.entry("feb20_rover").microphone
'EDL microphone'
>>> catalog.fetch("sample").name
'simulated_18s.wav'
"""

from marsaudio.catalog.entries import Entry, entry, keys
from marsaudio.catalog.fetching import fetch
from marsaudio.catalog.storage import data_directory, local_path

__all__ = ["Entry", "data_directory", "entry", "fetch", "keys", "local_path"]
