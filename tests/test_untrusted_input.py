"""What files and servers say leads nowhere else and runs nothing."""

import ast
import json
import os
import signal
import struct
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pds4_products import write_collection, write_product
from wav_bytes import chunk

import marsaudio as ma
from marsaudio import catalog, cli
from marsaudio.batch.inputs import find_items
from marsaudio.catalog.storage import recorded_checksums

SOURCE = Path(ma.__file__).parent


@pytest.fixture
def archive(tmp_path):
    """A folder with a product and its label, and one beside it that is none of its business."""
    for name in ("archive", "private"):
        (tmp_path / name).mkdir()
        write_product(tmp_path / name, 0)
    return tmp_path / "archive"


def link_to_private(file):
    private = file.parents[1] / "private" / file.name
    file.unlink(missing_ok=True)
    file.symlink_to(os.path.relpath(private, file.parent))


class TestLinks:
    def test_a_label_does_not_open_a_link_that_leads_out_of_its_folder(self, archive):
        (sound,) = archive.glob("*.wav")
        link_to_private(sound)
        with pytest.raises(ma.AudioFormatError, match=r"is a link that leads out .* name the file itself\."):
            ma.load(sound.with_suffix(".xml"))

    def test_a_session_does_not_open_a_link_that_leads_out_of_its_folder(self, archive):
        (sound,) = archive.glob("*.wav")
        link_to_private(sound)
        with pytest.raises(ma.AudioFormatError, match="is a link that leads out"):
            _ = ma.load(f"{archive}/session:170").samples

    def test_an_inventory_is_not_read_through_a_link_that_leads_out(self, archive):
        write_collection(archive, ["mic_00000170_000_000000.wav"])
        (archive.parent / "private/inventory.csv").write_text("secret\n")
        link_to_private(archive / "inventory.csv")
        with pytest.raises(ma.AudioFormatError, match="is a link that leads out") as refusal:
            ma.find_sessions(archive)
        assert "secret" not in str(refusal.value)

    def test_links_within_the_folder_are_followed(self, archive):
        (sound,) = archive.glob("*.wav")
        (archive / "below").mkdir()
        sound.rename(archive / "below/other.wav")
        sound.symlink_to("below/other.wav")
        assert ma.load(sound.with_suffix(".xml")).duration == 1.0

    def test_a_folder_of_links_to_labels_and_their_files_works(self, archive):
        links = archive.parent / "links"
        links.mkdir()
        for file in archive.iterdir():
            (links / file.name).symlink_to(file)
        (label,) = links.glob("*.xml")
        assert ma.load(label).duration == 1.0

    def test_a_download_is_not_written_through_a_link(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path))
        target = tmp_path / catalog.entry("feb20_rover").file_name
        target.symlink_to(tmp_path / "elsewhere.wav")
        with pytest.raises(ma.DataUnavailableError, match=r"is a link to .* remove it\."):
            catalog.fetch("feb20_rover")
        assert not (tmp_path / "elsewhere.wav").exists()


@pytest.fixture
def soon():
    """What waits for somebody to write into a pipe fails after a while, instead of never."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with names")

    def fail(*_):
        raise AssertionError("it waits for a pipe")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("soon")
class TestPipes:
    def test_a_pipe_called_as_a_label_is_refused(self, tmp_path, capsys):
        os.mkfifo(tmp_path / "mic.xml")
        with pytest.raises(ma.AudioFormatError, match=r"mic\.xml' is a pipe or a device"):
            ma.load(tmp_path / "mic.xml")
        assert cli.main(["info", str(tmp_path / "mic.xml")]) == 2
        assert "is a pipe or a device" in capsys.readouterr().err

    def test_a_device_that_a_link_called_as_a_label_leads_to_is_refused(self, tmp_path):
        (tmp_path / "mic.xml").symlink_to("/dev/zero")
        with pytest.raises(ma.AudioFormatError, match="is a pipe or a device"):
            ma.load(tmp_path / "mic.xml")

    def test_a_pipe_among_the_files_of_a_folder_is_passed_over(self, archive):
        os.mkfifo(archive / "other.xml")
        os.mkfifo(archive / "a_collection.xml")
        os.mkfifo(archive / "em__0001_concat_session170.xml")
        assert [item.name for item in find_items([archive])] == ["session-170"]
        assert [session.number for session in ma.find_sessions(archive)] == [170]

    def test_a_pipe_called_as_an_inventory_or_as_a_product_is_refused(self, archive):
        write_collection(archive, ["mic_00000170_000_000000.wav"])
        (archive / "inventory.csv").unlink()
        os.mkfifo(archive / "inventory.csv")
        with pytest.raises(ma.DataUnavailableError, match="not beside it"):
            ma.find_sessions(archive)
        (archive / "inventory.csv").unlink()
        (archive / "data_audio_collection.xml").unlink()
        os.mkfifo(archive / "mic_00000170_000_000001.wav")
        with pytest.raises(ma.AudioFormatError, match="is a pipe or a device"):
            ma.load(f"{archive}/session:170")

    def test_a_pipe_in_the_place_of_the_recorded_checksums_is_refused(self, tmp_path):
        os.mkfifo(tmp_path / "checksums.json")
        with pytest.raises(ma.DataUnavailableError, match="is damaged: it is a pipe or a device"):
            recorded_checksums(tmp_path)

    def test_a_pipe_in_the_place_of_what_a_batch_left_is_refused_or_replaced(self, tmp_path, gusty):
        sound = gusty.clip(1.0, 3.0).save(tmp_path / "a.wav", encoding="PCM_16")
        ma.batch.run(sound, tmp_path / "out", jobs=1, progress=False, stems=False)
        (result,) = (tmp_path / "out").rglob("result.json")
        result.unlink()
        os.mkfifo(result)
        report = ma.batch.run(sound, tmp_path / "out", jobs=1, progress=False, stems=False)
        assert (report.computed, report.failures) == (1, {})
        assert result.is_file()
        (tmp_path / "out/run.json").unlink()
        os.mkfifo(tmp_path / "out/run.json")
        with pytest.raises(
            ma.OutputError, match=r"run\.json in it cannot be read \(it is a pipe or a device, not a file\)"
        ):
            ma.batch.run(sound, tmp_path / "out", jobs=1, progress=False, stems=False)


class TestManifests:
    @pytest.mark.parametrize(
        "written", ["../private/{}", "{private}/{}", "link/{}", "link.wav", "below/../../x.wav"]
    )
    def test_a_manifest_reaches_no_recording_outside_of_its_folder(self, archive, written):
        (sound,) = archive.glob("*.wav")
        private = archive.parent / "private"
        (archive / "link").symlink_to(private)
        (archive / "link.wav").symlink_to(private / sound.name)
        manifest = archive / "list.txt"
        manifest.write_text(written.format(sound.name, private=private) + "\n")
        with pytest.raises(ma.ParameterError, match=r"leads out of the manifest's folder\. It was not"):
            find_items([manifest])

    def test_a_manifest_reaches_no_session_outside_of_its_folder(self, archive):
        manifest = archive / "list.txt"
        manifest.write_text("../private/session:170\n")
        with pytest.raises(ma.ParameterError, match="leads out of the manifest's folder"):
            find_items([manifest])

    def test_a_manifest_may_name_what_is_in_its_folder_in_any_way(self, archive):
        (sound,) = archive.glob("*.wav")
        manifest = archive / "list.csv"
        manifest.write_text(f"recording,name\n{sound},a\nbelow/../{sound.name},b\nsession:170,c\nsample,d\n")
        assert [item.name for item in find_items([manifest])] == ["a", "b", "c", "d"]


COMMANDS_OF_TERMINALS = "\x1b]0;PWNED\x07\x1b[2J\x9b31m\x7f\u202e\u2066Mars\nline\x1b]52;c;ZWNobw==\x07"
OF_TERMINALS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066)} - {"\n"}


class TestTerminals:
    @pytest.fixture
    def titled(self, tmp_path, gusty):
        """A recording with such a title and name, whose bytes hold them as they are."""
        plain = gusty.clip(1.0, 3.0).save(tmp_path / "plain.wav", encoding="PCM_16")
        contents = plain.read_bytes()
        title = COMMANDS_OF_TERMINALS.encode()
        title += b"\0" * (len(title) % 2)
        info = b"INFOINAM" + struct.pack("<I", len(title)) + title
        contents = contents[:12] + chunk(b"LIST", info) + contents[12:]
        path = tmp_path / "a\x1b[31m\u202eb\x9b.wav"
        path.write_bytes(contents[:4] + struct.pack("<I", len(contents) - 8) + contents[8:])
        return path

    @pytest.mark.parametrize("columns", [None, 40])
    def test_what_a_file_says_commands_no_terminal(self, titled, tmp_path, capsys, monkeypatch, columns):
        monkeypatch.setattr("marsaudio.cli.printing.terminal_width", lambda: columns)
        assert "\x1b[2J" in ma.load(titled).source.title
        out = titled.with_name("out\x1b[2J")
        for command in (
            ["info", titled],
            ["clip", titled, "-o", tmp_path / "c\x1b.wav"],
            ["events", titled, "-o", tmp_path / "e\x1b.csv"],
            ["describe", titled],
            ["separate", titled, "--wind", tmp_path / "w\x9b.wav", "--rover", tmp_path / "r.wav"],
            ["compare", titled, titled],
            ["batch", titled, "-o", out, "--jobs", "1"],
        ):
            assert cli.main([str(part) for part in command]) == 0
            said = capsys.readouterr()
            assert said.out
            assert not OF_TERMINALS & set(said.out + said.err), command[0]
            assert columns or "\nline" not in said.out

    def test_what_is_wrong_with_a_file_is_told_without_commands(self, tmp_path, capsys):
        name = "no\x1b]0;PWNED\x07\u202e\x9b.wav"
        (tmp_path / name).write_bytes(b"no sound")
        for command in (
            ["info", tmp_path / name],
            ["info", tmp_path / f"x{name}"],
            ["info", "--\x1b[2J"],
            ["batch", tmp_path, "-o", tmp_path / "out"],
        ):
            assert cli.main([str(part) for part in command]) in (1, 2)
            said = capsys.readouterr()
            assert said.err
            assert not OF_TERMINALS & set(said.out + said.err), command

    def test_json_escapes_them(self, titled, capsys):
        assert cli.main(["info", str(titled), "--json"]) == 0
        said = capsys.readouterr().out
        assert not OF_TERMINALS & set(said)
        assert json.loads(said)["title"] == ma.load(titled).source.title


def calls():
    """Every call in the library's code: its file, what is called, and the names of its arguments."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.name, ast.unparse(node.func), {keyword.arg for keyword in node.keywords}


def imported_modules():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path.name, (node.module or "").partition(".")[0]


def test_the_code_holds_nothing_that_unpickles_or_runs_what_it_reads():
    modules = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "yaml", "subprocess"}
    assert [found for found in imported_modules() if found[1] in modules] == []
    functions = {"eval", "exec", "__import__", "os.system", "np.load", "joblib.load", "pd.read_pickle"}
    assert [found for found in calls() if found[1] in functions] == []


def test_the_code_leaves_certificates_to_be_checked_and_starts_no_shell():
    options = {"verify", "shell", "allow_pickle"}
    assert [found for found in calls() if found[2] & options] == []


def test_the_catalog_names_files_that_stay_in_its_folder():
    for key in catalog.keys():  # noqa: SIM118 (a function, not a dict)
        for name in catalog.entry(key).file_names:
            assert Path(name).name == name
            assert "\\" not in name


def test_every_recording_of_the_catalog_is_published_over_https():
    urls = [url for key in catalog.keys() for url in catalog.entry(key).urls]  # noqa: SIM118
    assert urls
    assert all(url.startswith("https://") for url in urls)


ATTACKS = [
    "]]><script>alert(1)</script>",
    '&lt;script&gt;" onload="alert(1)',
    r"$\frac{1$",
    "$x$ \\ { } % # ^ _",
    "\u202egpj.exe\nb\r\nc",
    "x" * 10_000,
]


@pytest.mark.parametrize("title", ATTACKS)
def test_what_a_recording_is_called_runs_nothing_in_pictures_and_notebooks(title, tmp_path):
    known = ma.Source(title=title, credit=title, microphone=title, metadata={title: title}, notes=(title,))
    recording = ma.Recording(ma.load("sample", stop=3.0).samples, 48000, source=known)
    stems, events = ma.separate(recording), ma.detect_wind(recording)
    picture = ma.plot.overview(stems, events)
    drawn = ElementTree.parse(picture.save(tmp_path / "picture.svg")).getroot()
    assert not ACTIVE & {element.tag.rsplit("}")[-1] for element in drawn.iter()}
    assert not any(name.startswith("on") for element in drawn.iter() for name in element.attrib)
    shown = [
        *(one._repr_html_() for one in (recording, stems, events, stems.wind)),
        picture._repr_html_(),
    ]
    assert not any("<script" in text for text in shown)
    parser = _Attributes()
    parser.feed("".join(shown))
    assert not any(name.startswith("on") for name in parser.names)


ACTIVE = {"script", "foreignObject", "a", "animate", "set", "iframe"}


class _Attributes(HTMLParser):
    """The names of all attributes."""

    def __init__(self):
        super().__init__()
        self.names = []

    def handle_starttag(self, tag, attrs):
        self.names += [name for name, _ in attrs]
