"""What is known about each recording that has a name."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marsaudio.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A recording in the catalog; what is not known is None.

    Attributes
    ----------
    key : str
        Its name, as given to `marsaudio.load`.
    title : str
    microphone : str
        ``"EDL microphone"``, ``"SuperCam microphone"`` or ``"simulated"``.
    sol : int
        The Martian day of the mission, counted from landing.
    date : str
        ISO 8601. An interval such as ``"2021-02-22/2021-02-23"`` gives the two UTC dates that the sol
        spans, where only the sol is published.
    duration : float
        In seconds, as published. The file's own header is what counts.
    sample_rate : int
        In Hz.
    licence, credit : str
        On which terms it may be used, and whom to name.
    urls : tuple of str
        Where it is published, in the order in which they are tried. Empty where the file comes with
        marsaudio.
    page : str
        Where it is described.
    file_name : str
        Its name in the data directory.
    other_file_names : tuple of str
        The names that other servers give to the same file; taken too where they are found there.
    size : int
        In bytes.
    sha256 : str
        Of the file, in hexadecimal digits.
    simulated : bool
        Made by simulation, not recorded on Mars.
    note : str
        What else a reader should know, such as that a sol was inferred from the file name.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> entry = catalog.entry("sample")
    >>> entry.duration, entry.sample_rate, entry.credit
    (18.0, 48000, 'marsaudio (simulated)')
    """

    key: str
    title: str
    microphone: str
    licence: str
    credit: str
    file_name: str
    sol: int | None = None
    date: str | None = None
    duration: float | None = None
    sample_rate: int | None = None
    urls: tuple[str, ...] = ()
    page: str | None = None
    other_file_names: tuple[str, ...] = ()
    size: int | None = None
    sha256: str | None = None
    simulated: bool = False
    note: str | None = None

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every name under which the file is known, its own first."""
        return (self.file_name, *self.other_file_names)


def keys() -> tuple[str, ...]:
    """Name every recording in the catalog, in its order.

    Returns
    -------
    tuple of str

    See Also
    --------
    marsaudio.catalog.entry : What is known about one.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.keys()[:3]
    ('sample', 'feb20_filtered', 'feb20_rover')
    """
    return tuple(_catalog())


def entry(key: str) -> Entry:
    """Look up what is known about a recording.

    Parameters
    ----------
    key
        One of `keys`.

    Returns
    -------
    Entry

    Raises
    ------
    ParameterError
        There is no such key.

    See Also
    --------
    marsaudio.catalog.keys : Which there are.
    marsaudio.load : Its sound.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.entry("sample").title
    'Simulated Mars wind and rover noise'
    >>> catalog.entry("drive_sol16").sol
    16
    """
    if key not in keys():
        raise ParameterError(f"There is no recording {key!r} in the catalog. {which_keys(key)}")
    return _catalog()[key]


def which_keys(wanted: object) -> str:
    """What to say to somebody who wants a key that is none: those that are near it, if any."""
    nearest = difflib.get_close_matches(_as_keys_are_spelt(wanted), keys(), n=3, cutoff=0.5)
    if nearest:
        return f"Nearest keys: {', '.join(nearest)}. 'marsaudio list' shows what they are."
    return "'marsaudio list' shows which keys there are."


def _as_keys_are_spelt(key: object) -> str:
    return str(key).strip().lower().replace("-", "_").replace(" ", "_")


@functools.lru_cache(maxsize=1)
def _catalog() -> dict[str, Entry]:
    # Read at the first question, not at import, so that importing marsaudio stays quick.
    import tomllib

    document = tomllib.loads(Path(__file__).with_name("recordings.toml").read_text(encoding="utf-8"))
    common = {"licence": document["licence"]}
    return {key: _read_entry(key, common | table) for key, table in document["recordings"].items()}


def _read_entry(key: str, table: dict[str, Any]) -> Entry:
    urls = tuple(table.pop("urls", ()))
    names = [url.rpartition("/")[2] for url in urls]
    file_name = table.pop("file_name", None) or names[0]
    others = tuple(name for name in names if name != file_name)
    return Entry(key=key, urls=urls, file_name=file_name, other_file_names=others, **table)
