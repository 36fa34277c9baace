"""Ask web servers so that every byte is told of as it arrives, and no redirect is followed unseen.

requests gives a part of a file only once that part is full, a line of a header only once the line is, and
reads the bodies of redirects whole. So who looks only at what it gives can be kept waiting for years by a
server that sends a byte now and then, and have the memory filled by one that does not end.
"""

from __future__ import annotations

import functools
import http.client
import io
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter

Arrived = Callable[[int], None]


class Session(requests.Session):
    """A session of requests that follows nothing by itself.

    Parameters
    ----------
    arrived
        Called with the number of bytes at each arrival, those of headers and proxies included; what it raises
        ends the answer.
    """

    def __init__(self, arrived: Arrived) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(arrived))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """None: requests would read the body of a redirect also where it is not to follow."""
        return None

    def moved_to(self, redirect: requests.Response) -> str:
        """The address that a redirect sends on to, as it stands there.

        Raises
        ------
        ValueError
            It cannot be read.
        """
        return super().get_redirect_target(redirect) or ""


class _Adapter(HTTPAdapter):
    def __init__(self, arrived: Arrived) -> None:
        self._arrived = arrived
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _watch(self.poolmanager, self._arrived)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            _watch(manager, self._arrived)
        return manager


def _watch(manager: Any, arrived: Arrived) -> None:
    """Have the connections that a manager of urllib3 will make, through SOCKS as well, tell what arrives."""
    manager.pool_classes_by_scheme = {
        scheme: _watched(pool, arrived) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


def _watched(pool: Any, arrived: Arrived) -> Any:
    # Made from the classes that are there, so that it stays theirs to know of certificates and of proxies.
    answer = staticmethod(functools.partial(_WatchedAnswer, arrived))
    connection = type("WatchedConnection", (pool.ConnectionCls,), {"response_class": answer})
    return type("WatchedPool", (pool,), {"ConnectionCls": connection})


class _WatchedAnswer(http.client.HTTPResponse):
    def __init__(self, arrived: Arrived, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fp = io.BufferedReader(_WatchedStream(self.fp.detach(), arrived))


class _WatchedStream(io.RawIOBase):
    """What stands between a socket and the buffer before it."""

    def __init__(self, stream: io.RawIOBase, arrived: Arrived) -> None:
        self._stream, self._arrived = stream, arrived

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._stream.readinto(buffer)
        if count:
            self._arrived(count)
        return count

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            super().close()
