"""How far something long is: told while a sound is read, by a bar or to a function of the caller's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from marsaudio.errors import ParameterError

Samples = npt.NDArray[np.float32]
Tell = Callable[[float], object]
Progress = bool | Tell

SHOWN_AFTER = 1.0  # seconds; before, nobody has begun to wait
TOLD_SHARE = 0.001  # of the whole; more often nobody looks


class Read(Protocol):
    """What is read block by block."""

    @property
    def sample_rate(self) -> float: ...  # noqa: D102
    @property
    def channels(self) -> int: ...  # noqa: D102
    @property
    def frames(self) -> int: ...  # noqa: D102
    def blocks(self, *, first: int = 0) -> Iterator[Samples]: ...  # noqa: D102


class WatchedSound:
    """A sound that counts how much of it was read.

    Parameters
    ----------
    sound
        What is read; the samples are the same.
    frames : int
        How many will be read, each as often as it is.
    tell : callable
        Given the share that was read, from 0 to 1, again and again, and never less than before.
    """

    def __init__(self, sound: Read, frames: int, tell: Tell) -> None:
        self._sound, self._tell = sound, tell
        self._all, self._read, self._told = max(frames, 1), 0, 0.0
        self.sample_rate, self.channels, self.frames = sound.sample_rate, sound.channels, sound.frames

    def blocks(self, *, first: int = 0) -> Iterator[Samples]:
        """The sound's own blocks."""
        for block in self._sound.blocks(first=first):
            self._count(block.shape[1])
            yield block

    def _count(self, frames: int) -> None:
        self._read += frames
        share = min(self._read / self._all, 1.0)
        if share - self._told >= TOLD_SHARE:
            self._told = share
            self._tell(share)


@contextlib.contextmanager
def watched(sound: Read, progress: Progress, *, frames: int, what: str) -> Iterator[Read]:
    """The same sound, which tells how much of it was read; at the end, all of it.

    Parameters
    ----------
    sound
    progress : bool or callable
        True shows a bar on standard error, with the time that is left. A function is given the share that is
        done, from 0 to 1.
    frames : int
        How many will be read, at most, each as often as it is.
    what : str
        For the bar.

    Raises
    ------
    ParameterError
        `progress` is neither.
    """
    seconds = sound.frames / sound.sample_rate
    with telling(progress, f"{what}, {seconds:.0f} s of sound") as tell:
        yield sound if progress is False else WatchedSound(sound, frames, tell)


@contextlib.contextmanager
def telling(progress: Progress, what: str) -> Iterator[Tell]:
    """A function to tell the share that is done to, from 0 to 1; at the end, all of it.

    Parameters
    ----------
    progress : bool or callable
    what : str
        For the bar.

    Raises
    ------
    ParameterError
        `progress` is neither.
    """
    if callable(progress):
        progress(0.0)
        yield progress
        progress(1.0)
    elif progress is True:
        from tqdm.auto import tqdm

        with tqdm(
            total=100,
            desc=what,
            bar_format="{desc}: {percentage:3.0f} % |{bar}| {remaining} left",
            delay=SHOWN_AFTER,
        ) as bar:

            def show(share: float) -> None:
                bar.update(100 * share - bar.n)

            yield show
            show(1.0)
    elif progress is False:
        yield _tell_nobody
    else:
        raise ParameterError(
            f"progress={progress!r} must be True, False, or a function that is given the share that is done."
        )


def of_part(tell: Tell, first: float, last: float) -> Tell:
    """How to tell of a part of the work: its shares become those from `first` to `last` of the whole."""
    return lambda share: tell(first + share * (last - first))


def _tell_nobody(share: float) -> None:
    pass
