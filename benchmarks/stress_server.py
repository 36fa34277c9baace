"""An HTTP server on this machine that gives a recording bit by bit, as a slow connection does."""

from __future__ import annotations

import contextlib
import http.server
import io
import threading
import time
import wave
from types import TracebackType

import numpy as np

KEY, OTHER_KEY = "stress", "other"
FRAMES, SEED = 50_000, 20
PARTS, PART_SECONDS = 20, 0.05


def sound_of(name: str) -> bytes:
    """The WAV file of that name: noise, so that no two parts of it are alike."""
    rng = np.random.default_rng([SEED, *name.encode()])
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(rng.integers(-1000, 1000, FRAMES).astype("<i2").tobytes())
    return stream.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives the file that is asked for, slowly."""

    def do_GET(self) -> None:
        """Answer."""
        body = sound_of(self.path.rpartition("/")[2])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        step = -(-len(body) // PARTS)
        with contextlib.suppress(OSError):  # who asked may be dead
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                self.wfile.flush()
                time.sleep(PART_SECONDS)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server:
    """The server, while its block runs.

    Attributes
    ----------
    address : str
        Such as http://127.0.0.1:8000.
    """

    def __enter__(self) -> Server:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
