"""One way to break a promise of marsaudio's on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breakage:
    """A promise that is broken on purpose.

    Attributes
    ----------
    promise : str
        In the words of the contract.
    file : str
        Of marsaudio, the folder of the package left out.
    before, after : str
        What stands there, once, and what it is replaced with.
    means : str
        What that does, in plain words.
    tests : tuple of str
        What pytest is asked to run; at least one of them must fail.
    """

    promise: str
    file: str
    before: str
    after: str
    means: str
    tests: tuple[str, ...]
