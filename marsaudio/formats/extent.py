"""How far the bytes of an audio file can be trusted, as a walk over them found it."""

from __future__ import annotations

from typing import NamedTuple

from marsaudio.formats.guarded_stream import Searchable

WINDOW = 2**20  # bytes that are read at once


class Extent(NamedTuple):
    """How far the sound of a file goes before something is missing.

    Attributes
    ----------
    end : int or None
        The byte before which everything is there and in order. None where that is so up to the last one.
    is_cut : bool
        The file ends there, before the sound does.
    is_broken : bool
        Something is missing, damaged or there twice, and more sound follows: at times that nobody knows.
    goes_on : bool
        Another sound follows, which is no part of this one.
    holds_more : bool
        More of it follows than its header states, and decoders stop where that says.
    uncounted : int
        Samples of each channel in the frames of an MP3 file that does not state how many there are. Decoders
        take the length of the first for that of all, and libsndfile stops after as many as there would be.
    is_counted : bool
        An MP3 file states how many frames it has: what libsndfile says of its length is no estimate.
    begin : int
        The byte from which on libsndfile can be given what is there before `end`.
    """

    end: int | None = None
    is_cut: bool = False
    is_broken: bool = False
    goes_on: bool = False
    holds_more: bool = False
    uncounted: int = 0
    is_counted: bool = False
    begin: int = 0


class Window:
    """The bytes of a stream from a place on, of which only about a mebibyte is in memory.

    Parameters
    ----------
    stream
        A searchable binary stream that nothing else reads meanwhile.
    position
        Where to begin.
    """

    def __init__(self, stream: Searchable, position: int = 0) -> None:
        self._stream = stream
        self._held = b""
        self._begin = position

    def at(self, position: int, size: int) -> bytes:
        """The `size` bytes from a position on, fewer at the end of the stream."""
        first = position - self._begin
        if not 0 <= first <= first + size <= len(self._held):
            self._stream.seek(position)
            self._held, self._begin, first = self._stream.read(max(size, WINDOW)), position, 0
        return self._held[first : first + size]
