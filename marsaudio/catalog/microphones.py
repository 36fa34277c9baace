"""The two microphones of Perseverance: what is published about each."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Microphone:
    """A microphone, with what is published about it.

    Attributes
    ----------
    name : str
        Such as ``"EDL microphone"``.
    made_of, place : str
        The parts, and where on the rover it is.
    bands : dict of int to tuple of float
        The lowest and the highest frequency in Hz that it records, by sample rate in Hz.
    sources : tuple of str
        Who says so.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> microphone = catalog.microphones()[0]
    >>> microphone.name, microphone.band(48000)
    ('EDL microphone', (20.0, 20000.0))
    """

    name: str
    made_of: str
    place: str
    bands: dict[int, tuple[float, float]]
    sources: tuple[str, ...]

    def band(self, sample_rate: float) -> tuple[float, float]:
        """What it records, as far as a recording at some rate can hold it, in Hz.

        At a rate that it does not record at itself, such as that of a clip that was released, the widest
        band up to half that rate.
        """
        low, high = self.bands.get(int(sample_rate), max(self.bands.values(), key=lambda band: band[1]))
        return low, min(high, sample_rate / 2)


def microphones() -> tuple[Microphone, ...]:
    """Tell what is published about Perseverance's microphones.

    Returns
    -------
    tuple of Microphone

    See Also
    --------
    marsaudio.catalog.microphone_named : One of them.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> for microphone in catalog.microphones():
    ...     print(f"{microphone.name}: {microphone.place}")
    EDL microphone: on the port side of the rover's body, above the wall ports of MOXIE
    SuperCam microphone: at the top of the mast, 2.1 m above the ground, turning with it
    """
    return tuple(microphone for microphone, _ in _table())


def microphone_named(name: str | None) -> Microphone | None:
    """The microphone that a label or a catalog means; None where that is neither of the two.

    Parameters
    ----------
    name
        Such as ``"Mars 2020 Entry, Descent, and Landing Camera Suite (EDL)"``.

    See Also
    --------
    marsaudio.catalog.microphones : All of them.

    Examples
    --------
    >>> from marsaudio import catalog
    >>> catalog.microphone_named("SuperCam").name
    'SuperCam microphone'
    """
    words = (name or "").lower()
    return next(
        (found for found, aliases in _table() if any(alias in words for alias in aliases)),
        None,
    )


@functools.lru_cache(maxsize=1)
def _table() -> tuple[tuple[Microphone, tuple[str, ...]], ...]:
    import tomllib

    document = tomllib.loads(Path(__file__).with_name("microphones.toml").read_text(encoding="utf-8"))
    return tuple(
        (
            Microphone(
                name=entry["name"],
                made_of=entry["made_of"],
                place=entry["place"],
                bands={int(rate): (low, high) for rate, (low, high) in entry["bands"].items()},
                sources=tuple(entry["sources"]),
            ),
            tuple(entry["aliases"]),
        )
        for entry in document.values()
    )
