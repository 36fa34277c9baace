"""How a recording reaches this machine, with real servers on the loopback interface."""

import contextlib
import dataclasses
import gzip
import hashlib
import http.server
import io
import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import wave

import pytest

from marsaudio import catalog, file_state
from marsaudio.catalog import entries, fetching, storage
from marsaudio.errors import DataUnavailableError, OutputError

KEY = "gust"
FILE_NAME = "gust.wav"


def wav(frames):
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(bytes(2 * frames))
    return stream.getvalue()


GOOD, OTHER = wav(40_000), wav(50_000)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = 2**26  # bytes: far more than the system takes on where nobody reads


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@dataclasses.dataclass
class Answer:
    body: bytes = GOOD
    status: int = 200
    length: int | None = -1  # -1: the true one; None: not told
    redirect: str | None = None
    head: bytes | None = None  # in place of all that goes before the body
    pause: float = 0.0  # before every hundred bytes
    then: "Answer | None" = None  # from the second question on


class Server:
    """An HTTP server on a free port that gives one answer to everything.

    It counts the questions and the bytes of bodies that it got rid of, and keeps the headers that it was
    sent.
    With a certificate, and its key in the same file, it speaks https.
    """

    def __init__(self, answer, certificate=None):
        self.answer = answer
        self.requests = 0
        self.sent = 0
        self.headers = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                outer.headers.append(self.headers)
                answer = outer.answer
                outer.answer = answer.then or answer
                if answer.head is None:
                    self.send_head(answer)
                else:
                    self.wfile.write(answer.head)
                step = 100 if answer.pause else 2**20
                with contextlib.suppress(ConnectionError):
                    for start in range(0, len(answer.body), step):
                        time.sleep(answer.pause)
                        self.wfile.write(answer.body[start : start + step])
                        self.wfile.flush()
                        outer.sent += len(answer.body[start : start + step])

            def send_head(self, answer):
                self.send_response(answer.status)
                if answer.redirect is not None:
                    self.send_header("Location", answer.redirect)
                if answer.length is not None:
                    self.send_header(
                        "Content-Length", str(len(answer.body) if answer.length < 0 else answer.length)
                    )
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._server.handle_error = lambda *_: None  # of clients that hang up
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.address = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def serve():
    servers = []

    def start(*, certificate=None, **answer):
        servers.append(Server(Answer(**answer), certificate))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture
def publish(monkeypatch, folder):
    """Put an entry into the catalog whose file the given servers have."""

    def publish(*servers, names=(FILE_NAME, "GUST_2.wav"), **known):
        addresses = [server if isinstance(server, str) else server.address for server in servers]
        urls = tuple(f"{address}/{name}" for address, name in zip(addresses, names, strict=False))
        made = dataclasses.replace(
            catalog.entry("feb20_rover"),
            key=KEY,
            urls=urls,
            file_name=names[0],
            other_file_names=names[1:],
            **{"sha256": None, "size": None} | known,
        )
        monkeypatch.setitem(entries._catalog(), KEY, made)
        return made

    return publish


@pytest.fixture
def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def files_in(folder):
    """All but the empty files by which processes keep out of each other's way."""
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    return [name for name in names if not name.endswith(".lock")]


def fetch_fails(match):
    return pytest.raises(DataUnavailableError, match=match)


def test_a_recording_is_downloaded_once_and_then_found(serve, publish, folder):
    server = serve()
    publish(server)
    assert catalog.local_path(KEY) is None
    path = catalog.fetch(KEY)
    assert path == folder / FILE_NAME == catalog.local_path(KEY)
    assert path.read_bytes() == GOOD
    assert catalog.fetch(KEY) == path
    assert server.requests == 1


def test_nothing_is_printed_and_no_log_reaches_the_terminal(serve, publish, capfd, monkeypatch):
    monkeypatch.setattr(logging.getLogger("marsaudio"), "propagate", False)
    publish(serve(status=404), serve())
    catalog.fetch(KEY)
    assert capfd.readouterr() == ("", "")


def test_where_it_came_from_is_logged_under_marsaudio(serve, publish, caplog):
    caplog.set_level(logging.INFO, logger="marsaudio")
    publish(serve(status=404), server := serve())
    catalog.fetch(KEY)
    assert any("404" in record.message for record in caplog.records)
    assert any(server.address in record.message for record in caplog.records)
    assert all(
        record.name.startswith("marsaudio.") for record in caplog.records if "GET" not in record.message
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("length", "shown"), [(len(GOOD), "100%"), (None, "B/s")])
def test_a_progress_bar_is_shown_on_a_terminal(serve, publish, monkeypatch, length, shown):
    publish(serve(status=404), serve(length=length))
    monkeypatch.setattr(sys, "stderr", Terminal())
    catalog.fetch(KEY)
    assert shown in sys.stderr.getvalue()


def test_no_progress_bar_is_shown_where_it_is_not_wanted(serve, publish, monkeypatch):
    publish(serve())
    monkeypatch.setattr(sys, "stderr", Terminal())
    catalog.fetch(KEY, progress=False)
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "body": b"gone"},
        {"status": 503, "body": b""},
        {"body": OTHER},
        {"body": GOOD[:-20_000], "length": len(GOOD)},
        {"body": GOOD[:-20_000], "length": None},
        {"body": b"<!DOCTYPE html><title>We have moved</title>"},
        {"body": b""},
    ],
    ids=["404", "503", "wrong checksum", "cut short", "cut short, no length", "web page", "nothing"],
)
def test_where_the_first_server_fails_the_second_is_tried(serve, publish, folder, answer):
    first, second = serve(**answer), serve()
    publish(first, second, sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    # A connection that breaks off is begun anew once.
    breaks_off = answer.get("length", 0) not in (None, 0) and len(answer["body"]) < answer["length"]
    assert (first.requests, second.requests) == (2 if breaks_off else 1, 1)
    assert files_in(folder) == [FILE_NAME]


@pytest.mark.parametrize("status", [203, 204, 206, 300, 304])
def test_an_answer_that_is_not_of_the_whole_file_is_not_taken_for_it(serve, publish, folder, status):
    publish(serve(body=GOOD, status=status))
    with fetch_fails(f"it answered with {status}, and not with the whole file"):
        catalog.fetch(KEY)
    assert not (folder / FILE_NAME).exists()


def test_a_connection_that_broke_off_is_begun_anew(serve, publish, folder):
    server = serve(body=GOOD[:-20_000], length=len(GOOD), then=Answer())
    publish(server, sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert server.requests == 2
    assert files_in(folder) == [FILE_NAME]


def test_a_file_that_has_moved_is_followed(serve, publish):
    there = serve()
    here = serve(status=302, body=b"", redirect=f"{there.address}/elsewhere.wav")
    publish(here, sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert (here.requests, there.requests) == (1, 1)


def test_a_file_that_has_moved_on_the_same_server_is_followed(serve, publish):
    server = serve(status=301, body=b"", redirect="elsewhere.wav?version=2", then=Answer())
    publish(server, sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert server.requests == 2


def test_what_comes_with_a_redirect_is_not_read(serve, publish):
    there = serve()
    here = serve(status=302, body=bytes(ENDLESS), redirect=f"{there.address}/elsewhere.wav")
    publish(here, sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert here.sent < ENDLESS / 2


@pytest.mark.parametrize(
    "redirect",
    [
        "http://[::1",
        "http://.nowhere/",
        "ftp://127.0.0.1/gust.wav",
        "http://127.0.0.1:99999/",
        "\xff",
    ],
)
def test_an_address_to_be_sent_on_to_that_is_none_is_told(serve, publish, folder, redirect):
    publish(serve(status=302, body=b"", redirect=redirect, then=Answer(status=404)))
    with fetch_fails("one of the addresses on the way to it is none"):
        catalog.fetch(KEY)
    assert files_in(folder) == []


def test_a_password_for_one_server_is_not_told_to_another(serve, publish, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine localhost login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    there = serve()
    here = serve(status=302, body=b"", redirect=f"{there.address}/{FILE_NAME}")
    publish(here.address.replace("127.0.0.1", "localhost"))
    catalog.fetch(KEY)
    assert here.headers[0]["Authorization"] is not None
    assert there.headers[0]["Authorization"] is None


def test_servers_that_send_each_other_round_in_circles_are_given_up_on(serve, publish, folder):
    server = serve(status=302, body=b"")
    server.answer.redirect = f"{server.address}/again.wav"
    publish(server)
    with fetch_fails("it sends from one place to another without end"):
        catalog.fetch(KEY)
    assert files_in(folder) == []


@pytest.mark.parametrize(
    "dribble",
    [
        {},
        {"length": None},
        {"head": CHUNKED, "body": 20_000 * b"1\r\nA\r\n"},
        {"head": CHUNKED + b"1;", "body": 80_000 * b"A"},
        {"head": b"HTTP/1.0 200 OK\r\nX-Filler: ", "body": 80_000 * b"A"},
    ],
    ids=["length told", "until it closes", "chunks", "the line of a chunk", "header"],
)
def test_a_server_that_only_dribbles_is_given_up_on(serve, publish, folder, monkeypatch, dribble):
    monkeypatch.setattr(fetching, "READ_TIMEOUT", 0.3)
    publish(serve(pause=0.15, **dribble), serve(), sha256=sha256(GOOD))
    began = time.monotonic()
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert time.monotonic() - began < 30  # the whole would take over a minute
    publish(serve(pause=0.15, **dribble), names=("slow.wav",))
    with fetch_fails(r"it sent only \d+ bytes in \d+ s"):
        catalog.fetch(KEY)
    assert files_in(folder) == [FILE_NAME]


def test_a_slow_line_is_enough(serve, publish, monkeypatch):
    monkeypatch.setattr(fetching, "READ_TIMEOUT", 0.3)
    server = serve(pause=0.05, body=(small := wav(1000)))  # two thousand bytes a second at most
    publish(server)
    assert catalog.fetch(KEY).read_bytes() == small
    assert server.requests == 1


def test_a_chunked_file_is_taken(serve, publish):
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:99], GOOD[99:50_000], GOOD[50_000:])
    )
    publish(serve(head=CHUNKED, body=chunks + b"0\r\n\r\n"), sha256=sha256(GOOD), size=len(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD


def test_a_compressed_file_is_not_asked_for_and_taken_where_it_comes(serve, publish):
    packed = gzip.compress(GOOD)
    head = b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    publish(server := serve(head=head, body=packed), sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert server.headers[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("known", "allowed"),
    [
        ({"size": len(GOOD)}, f"not {len(GOOD)}"),
        ({}, f"more than the {2**20} that a file of unknown size may have"),
    ],
    ids=["size known", "size unknown"],
)
@pytest.mark.parametrize("length", [-1, None], ids=["length told", "length not told"])
def test_a_server_that_sends_more_than_the_file_is_stopped(
    serve, publish, folder, monkeypatch, known, allowed, length
):
    monkeypatch.setattr(fetching, "MOST_BYTES", 2**20)
    server = serve(body=GOOD + bytes(ENDLESS), length=length)
    publish(server, **known)
    said = "it had sent" if length is None else "it would send"
    with fetch_fails(rf"{said} \d+ bytes.*, {allowed}\)"):
        catalog.fetch(KEY)
    assert (server.requests, files_in(folder)) == (1, [])
    assert server.sent < ENDLESS / 2


@pytest.mark.parametrize(
    "answer",
    [
        {"head": b"", "body": ENDLESS // 25 * b"HTTP/1.0 100 Continue\r\n\r\n"},
        {"head": CHUNKED, "body": ENDLESS // 1007 * (b"1;" + 1000 * b"x" + b"\r\nA\r\n")},
    ],
    ids=["before the answer", "in the lines of chunks"],
)
def test_what_goes_around_a_file_has_an_end_as_well(serve, publish, folder, monkeypatch, answer):
    monkeypatch.setattr(fetching, "MOST_BYTES", 2**20)
    server = serve(**answer)
    publish(server)
    with fetch_fails(r"it sent \d+ bytes of what goes before or around a file"):
        catalog.fetch(KEY)
    assert (server.requests, files_in(folder)) == (1, [])
    assert server.sent < ENDLESS / 2


@pytest.mark.parametrize("told", ["9" * 5000, "-5", "many", "5, 6"])
def test_a_length_that_is_none_is_no_length(serve, publish, folder, told):
    bad = serve(head=f"HTTP/1.0 200 OK\r\nContent-Length: {told}\r\n\r\n".encode())
    publish(bad, serve(), sha256=sha256(GOOD))
    assert catalog.fetch(KEY).read_bytes() == GOOD
    assert files_in(folder) == [FILE_NAME]


def test_processes_that_want_the_same_recording_fetch_it_once(serve, publish, folder):
    server = serve(pause=0.002)
    made = publish(server, sha256=sha256(GOOD))
    code = (
        "import dataclasses\nfrom marsaudio import catalog\nfrom marsaudio.catalog import entries\n"
        f"made = entries.Entry(**{dataclasses.asdict(made)!r})\n"
        f"entries._catalog()[{KEY!r}] = made\n"
        f"print(catalog.fetch({KEY!r}))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    told = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert told == {str(folder / FILE_NAME)}
    assert (folder / FILE_NAME).read_bytes() == GOOD
    assert server.requests == 1
    assert files_in(folder) == [FILE_NAME]


def test_whether_a_recording_is_what_it_should_be_is_told_without_the_network(publish, folder, closed_port):
    publish(closed_port, sha256=sha256(GOOD))
    assert catalog.is_verified(KEY) is None
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(GOOD)
    assert catalog.is_verified(KEY) is True
    (folder / FILE_NAME).write_bytes(OTHER)
    assert catalog.is_verified(KEY) is False
    publish(closed_port)
    assert catalog.is_verified(KEY) is None  # nobody knows what it should be


def test_where_the_first_server_is_not_there_the_second_is_tried(serve, publish, closed_port):
    publish(closed_port, serve())
    assert catalog.fetch(KEY).read_bytes() == GOOD


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 404}, "the server answered 404 Not Found"),
        ({"body": OTHER}, f"it would send {len(OTHER)} bytes, not {len(GOOD)}"),
        ({"body": GOOD[:-100]}, f"it sent {len(GOOD) - 100} bytes, not {len(GOOD)}"),
        ({"body": GOOD[:-1] + b"\1"}, f"the SHA-256 of what it sent is [0-9a-f]{{64}}, not {sha256(GOOD)}"),
        ({"body": GOOD[:-9], "length": len(GOOD)}, "the connection broke off before the file was whole"),
        ({"body": b"<html></html>"}, r"what it sent is no \.wav file"),
    ],
    ids=["404", "too long", "too short", "wrong checksum", "cut short", "web page"],
)
def test_where_both_servers_fail_nothing_is_left_and_both_reasons_are_told(
    serve, publish, folder, answer, reason
):
    made = publish(serve(**answer), serve(**answer), sha256=sha256(GOOD), size=len(GOOD))
    with fetch_fails(f"{made.urls[0]} \\({reason}.*{made.urls[1]} \\({reason}"):
        catalog.fetch(KEY)
    assert files_in(folder) == []


def test_a_missing_file_names_its_urls_and_where_to_put_it(publish, folder, closed_port):
    made = publish(closed_port, closed_port)
    with fetch_fails("the connection to the server failed") as caught:
        catalog.fetch(KEY)
    message = str(caught.value)
    assert all(
        text in message for text in (KEY, *made.urls, repr(str(folder / FILE_NAME)), "MARSAUDIO_DATA_DIR")
    )
    assert "\n" not in message
    assert files_in(folder) == []


def test_a_server_that_says_nothing_is_given_up_on(publish, folder, monkeypatch):
    monkeypatch.setattr(fetching, "READ_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publish(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with fetch_fails("the server did not answer in time"):
            catalog.fetch(KEY)
    assert files_in(folder) == []


def test_a_file_that_ends_early_is_noticed_where_the_server_names_no_length(serve, publish, folder):
    publish(serve(body=GOOD[:-20_000], length=None))
    with fetch_fails(f"it sent {len(GOOD) - 20_000} of {len(GOOD)} bytes"):
        catalog.fetch(KEY)
    assert files_in(folder) == []


@pytest.mark.parametrize("declared", [0, 2**32 - 1])
def test_a_wav_file_written_without_its_size_is_taken(serve, publish, declared):
    streamed = GOOD[:4] + declared.to_bytes(4, "little") + GOOD[8:]
    publish(serve(body=streamed))
    assert catalog.fetch(KEY).read_bytes() == streamed


@pytest.mark.parametrize(
    "body", [b"ID3\x03" + bytes(500), b"\xff\xfb\x90\x64" + bytes(500)], ids=["ID3", "frame"]
)
def test_an_mp3_file_is_taken_for_one(serve, publish, body):
    publish(serve(body=body), names=("gust.mp3",))
    assert catalog.fetch(KEY).read_bytes() == body


def test_a_wav_file_is_not_taken_for_an_mp3_file(serve, publish):
    publish(serve(), names=("gust.mp3",))
    with fetch_fails(r"no \.mp3 file"):
        catalog.fetch(KEY)


def test_an_interrupted_download_leaves_nothing(serve, publish, folder, monkeypatch):
    def interrupt(*_):
        assert len(files_in(folder)) == 1
        raise KeyboardInterrupt

    publish(serve())
    monkeypatch.setattr(fetching, "_check_received", interrupt)
    with pytest.raises(KeyboardInterrupt):
        catalog.fetch(KEY)
    assert files_in(folder) == []


def test_a_file_that_is_here_needs_no_network(publish, folder, closed_port):
    publish(closed_port, closed_port, sha256=sha256(GOOD))
    folder.mkdir()
    (folder / "GUST_2.wav").write_bytes(GOOD)
    assert catalog.fetch(KEY) == folder / "GUST_2.wav"


def test_a_file_here_that_is_not_what_the_catalog_says_is_refused(serve, publish, folder):
    server = serve()
    publish(server, sha256=sha256(GOOD))
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(OTHER)
    with fetch_fails("Delete it to fetch it again") as caught:
        catalog.fetch(KEY)
    assert all(text in str(caught.value) for text in (str(folder / FILE_NAME), sha256(GOOD), sha256(OTHER)))
    assert (folder / FILE_NAME).read_bytes() == OTHER
    assert server.requests == 0


def test_a_file_here_of_another_size_is_refused(serve, publish, folder):
    publish(serve(), size=len(GOOD))
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(GOOD[:-1])
    with fetch_fails(f"it has {len(GOOD) - 1} bytes, not {len(GOOD)}. Delete it"):
        catalog.fetch(KEY)


def test_a_file_is_read_for_its_checksum_only_once_until_it_changes(serve, publish, monkeypatch):
    publish(serve(), sha256=sha256(GOOD))
    path = catalog.fetch(KEY)
    catalog.fetch(KEY)
    with monkeypatch.context() as blind:
        blind.setattr(file_state.hashlib, "file_digest", None)
        catalog.fetch(KEY)
    path.write_bytes(GOOD[:-1] + b"\1")
    os.utime(path, ns=(1, 1))
    with fetch_fails("damaged or another file"):
        catalog.fetch(KEY)


def test_the_checksum_of_a_first_download_is_recorded_and_a_later_change_noticed(serve, publish, folder):
    publish(serve())
    path = catalog.fetch(KEY)
    assert json.loads((folder / "checksums.json").read_text()) == {KEY: sha256(GOOD)}
    assert files_in(folder) == ["checksums.json", FILE_NAME]
    catalog.fetch(KEY)
    path.write_bytes(OTHER)
    with fetch_fails("checksums.json") as caught:
        catalog.fetch(KEY)
    assert all(
        text in str(caught.value) for text in (sha256(GOOD), sha256(OTHER), "Delete it to fetch it again")
    )


def test_a_file_whose_checksum_cannot_be_recorded_does_not_appear(serve, publish, folder, monkeypatch):
    publish(serve())

    def there_is_no_room(*_):
        raise OutputError("Cannot write 'checksums.json': No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "record_checksum", there_is_no_room)
        with pytest.raises(OutputError, match="No space left"):
            catalog.fetch(KEY)
    assert files_in(folder) == []  # else it would be taken as it is, unchecked, from then on
    catalog.fetch(KEY)
    assert json.loads((folder / "checksums.json").read_text()) == {KEY: sha256(GOOD)}


def test_a_later_download_must_be_what_the_first_one_was(serve, publish, folder):
    server = serve()
    publish(server)
    catalog.fetch(KEY).unlink()
    catalog.fetch(KEY).unlink()
    server.answer = Answer(body=OTHER)
    with fetch_fails(
        f"{sha256(OTHER)}, not {sha256(GOOD)}.*if NASA has published a new version.*remove '{KEY}'"
    ):
        catalog.fetch(KEY)
    assert files_in(folder) == ["checksums.json"]
    (folder / "checksums.json").unlink()
    assert catalog.fetch(KEY).read_bytes() == OTHER


def test_a_published_checksum_is_not_recorded_again(serve, publish, folder):
    publish(serve(), sha256=sha256(GOOD))
    catalog.fetch(KEY)
    assert files_in(folder) == [FILE_NAME]


def test_recording_a_checksum_keeps_the_others(folder):
    storage.record_checksum("first", sha256(GOOD), folder)
    storage.record_checksum("second", sha256(OTHER), folder)
    assert json.loads((folder / "checksums.json").read_text()) == {
        "first": sha256(GOOD),
        "second": sha256(OTHER),
    }


def test_checksums_recorded_at_the_same_time_are_all_kept(folder):
    threads = [
        threading.Thread(target=storage.record_checksum, args=(f"key{number}", sha256(GOOD), folder))
        for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads((folder / "checksums.json").read_text())) == 16


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"gust": 5}',
        b'{"gust": "abc"}',
        b'{"other": null}',
        b"[" * 100_000,
        b" " * 2**25,
    ],
)
@pytest.mark.parametrize("already_here", [True, False])
def test_a_damaged_record_of_checksums_is_named_and_left_to_a_person(
    serve, publish, folder, contents, already_here
):
    server = serve()
    publish(server)
    folder.mkdir()
    (folder / "checksums.json").write_bytes(contents)
    if already_here:
        (folder / FILE_NAME).write_bytes(GOOD)
    with fetch_fails(r"checksums\.json'.*is damaged.*Repair or delete it"):
        catalog.fetch(KEY)
    assert (folder / "checksums.json").read_bytes() == contents
    assert server.requests == 0


def test_a_damaged_record_is_no_trouble_where_the_catalog_has_the_checksum(serve, publish, folder):
    publish(serve(), sha256=sha256(GOOD))
    folder.mkdir()
    (folder / "checksums.json").write_bytes(b"{")
    assert catalog.fetch(KEY).read_bytes() == GOOD


def test_a_file_put_there_by_hand_is_taken_without_writing_beside_it(publish, folder, closed_port):
    publish(closed_port)
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(OTHER)
    assert catalog.fetch(KEY) == folder / FILE_NAME
    assert files_in(folder) == [FILE_NAME]


def test_a_data_directory_that_cannot_be_written_is_an_output_error(serve, publish, monkeypatch, tmp_path):
    server = serve()
    publish(server)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(OutputError, match=r"Cannot write .*MARSAUDIO_DATA_DIR"):
        catalog.fetch(KEY)
    assert server.requests == 0


def test_a_full_disk_is_an_output_error_and_no_other_server_is_asked(serve, publish, folder, monkeypatch):
    first, second = serve(), serve()
    publish(first, second)

    def fill_up(*_args, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching, "_receive", fill_up)
    with pytest.raises(OutputError, match="No space left on device"):
        catalog.fetch(KEY)
    assert files_in(folder) == []


def test_two_threads_that_want_the_same_recording_both_get_it(serve, publish, folder):
    publish(serve())
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(catalog.fetch(KEY))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [folder / FILE_NAME] * 4
    assert files_in(folder) == ["checksums.json", FILE_NAME]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine that nobody has signed, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed.")
    path = tmp_path_factory.mktemp("certificate") / "own.pem"
    options = "-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", "req", *options.split(), "-keyout", str(path), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


class TestEncryption:
    @pytest.fixture(autouse=True)
    def nobody_is_trusted(self, monkeypatch):
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name, raising=False)

    def test_a_server_whose_certificate_nobody_signed_is_not_believed(
        self, serve, publish, folder, certificate
    ):
        server = serve(certificate=certificate)
        publish(server)
        with fetch_fails("the server's certificate was refused"):
            catalog.fetch(KEY)
        assert server.requests == 0
        assert files_in(folder) == []

    def test_a_server_whose_certificate_is_known_is_believed(self, serve, publish, certificate, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        publish(serve(certificate=certificate))
        assert catalog.fetch(KEY).read_bytes() == GOOD

    def test_what_is_sent_on_to_a_place_without_encryption_is_not_taken(
        self, serve, publish, folder, certificate, monkeypatch
    ):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        plain = serve()
        publish(serve(certificate=certificate, status=302, redirect=f"{plain.address}/{FILE_NAME}", body=b""))
        with fetch_fails("it sends on to a place without encryption"):
            catalog.fetch(KEY)
        assert plain.requests == 0
        assert files_in(folder) == []

    def test_a_server_that_only_dribbles_is_given_up_on(
        self, serve, publish, folder, certificate, monkeypatch
    ):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setattr(fetching, "READ_TIMEOUT", 0.3)
        publish(serve(certificate=certificate, pause=0.15))
        began = time.monotonic()
        with fetch_fails(r"it sent only \d+ bytes in \d+ s"):
            catalog.fetch(KEY)
        assert time.monotonic() - began < 30
        assert files_in(folder) == []
