"""Python's binary files as libsndfile can use them: errors kept instead of printed, the start at 0."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeVar

Result = TypeVar("Result")


class Searchable(Protocol):
    """A binary stream that is read and searched, as far as looking for chunks and marks needs it."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Go to a position, and tell which."""

    def tell(self) -> int:
        """Where the stream stands."""


class GuardedStream:
    """A binary stream for C code that cannot pass on an exception.

    An exception in a call from C is printed to standard error and lost. Here the first one is kept, nothing
    more is read or written after it, and `fault` tells it once the C code has come back.

    Parameters
    ----------
    stream
        A searchable binary stream. Where it stands now counts as position 0.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._origin = stream.tell()
        self._end: int | None = None
        self.fault: BaseException | None = None

    def begin_at(self, position: int) -> None:
        """From now on, what reads it finds its position 0 there."""
        self._origin += position

    def end_at(self, position: int) -> None:
        """From now on, what reads it finds the end of the stream there."""
        self._end = position

    def read(self, size: int) -> bytes:
        """Read exactly `size` bytes, fewer only at the end of the stream."""
        if self._end is not None:
            size = min(size, self._end - self.tell())
        return self._guarded(lambda: self._read_fully(size), b"")

    def write(self, data: bytes) -> int:
        """Write, and tell how many bytes were taken: none after a fault."""
        return self._guarded(lambda: self._stream.write(data), 0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position; one before the start is ignored, as C's fseek does."""
        return self._guarded(lambda: self._go_to(offset, whence), 0)

    def tell(self) -> int:
        """Where the stream stands."""
        return self._guarded(lambda: self._stream.tell() - self._origin, 0)

    def _read_fully(self, size: int) -> bytes:
        # Streams without a buffer may give less than was asked for; C would take that for the end.
        parts = []
        while size > 0 and (part := self._stream.read(size)):
            if len(part) > size:
                raise OSError(f"it gave {len(part)} bytes where {size} were asked for")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _go_to(self, offset: int, whence: int) -> int:
        before = self._stream.tell()
        base = before if whence == os.SEEK_CUR else self._origin
        if whence == os.SEEK_END:
            base = self._stream.seek(0, os.SEEK_END) if self._end is None else self._origin + self._end
        target = base + offset
        self._stream.seek(target if target >= self._origin else before)
        return self._stream.tell() - self._origin

    def _guarded(self, action: Callable[[], Result], after_fault: Result) -> Result:
        if self.fault is None:
            try:
                return action()
            except BaseException as fault:  # an interrupt from the keyboard would be lost as well
                self.fault = fault
        return after_fault
