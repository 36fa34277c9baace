"""A file appears whole or not at all; what stood there before stays until then."""

import contextlib
import errno
import os
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from refusals import refused

import marsaudio as ma
from marsaudio.atomic import replace_together_when_complete, replace_when_complete, write_text
from marsaudio.formats.audio import AudioWriter

SUFFIXES = [".wav", ".flac", ".ogg", ".mp3"]


def noise(frames=100_000):
    return ma.Recording(np.random.default_rng(0).normal(0.0, 0.1, (2, frames)), 48000)


@pytest.fixture
def folder(tmp_path):
    """A folder that must hold nothing but what the test names."""
    return tmp_path


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_when_it_is_whole(folder):
    target = folder / "new.txt"
    with replace_when_complete(target) as temporary:
        assert temporary.parent == folder
        assert temporary.suffix == ".txt"
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert names_in(folder) == ["new.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, ma.AudioFormatError])
def test_where_the_block_fails_nothing_changes(folder, error):
    target = folder / "old.txt"
    target.write_text("old")

    def write_half():
        with replace_when_complete(target) as temporary:
            temporary.write_text("half")
            raise error("on the way")

    with pytest.raises(error, match="on the way"):
        write_half()
    assert target.read_text() == "old"
    assert names_in(folder) == ["old.txt"]


def test_a_full_disk_is_named_and_the_old_file_stays(folder):
    target = folder / "old.txt"
    target.write_text("old")
    with refused(ma.OutputError, r"Cannot write '.*old\.txt': No space left on device\. Nothing was changed"):
        with replace_when_complete(target) as temporary:
            temporary.symlink_to("/dev/full")  # a disk that is always full
            temporary.write_text("new")
    assert target.read_text() == "old"
    assert names_in(folder) == ["old.txt"]


def test_where_the_process_is_killed_the_old_file_is_there(folder):
    script = """
        import os, signal, sys
        from marsaudio.atomic import replace_when_complete
        with replace_when_complete("old.txt") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    (folder / "old.txt").write_text("old")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=folder, check=False)
    assert done.returncode == -9
    assert (folder / "old.txt").read_text() == "old"
    # What is left of it is hidden, and named as what it is.
    assert [name for name in names_in(folder) if not name.startswith(".marsaudio-")] == ["old.txt"]


WRITERS = {
    "Recording.save": lambda wav, to: ma.load(wav).save(to / "sound.flac"),
    "separate_file": lambda wav, to: ma.separate_file(wav, wind=to / "wind.wav", rover=to / "rover.wav"),
    "WindEvents.save": lambda wav, to: ma.detect_wind_file(wav).save(to / "events.csv"),
    "write_labels": lambda wav, to: ma.write_labels(to / "labels.txt", [ma.Label(1, 2, "a gust")]),
    "RoverModel.save": lambda wav, to: ma.fit_rover(ma.load(wav)).save(to / "rover.json"),
    "Picture.save": lambda wav, to: ma.plot.spectrogram(ma.load(wav)).save(to / "picture.png", dpi=40),
    "percentiles": lambda wav, to: ma.spectral_probability_density(wav).save(to / "levels.csv"),
    "scene.save": lambda wav, to: ma.simulate_scene(2.0, sample_rate=8000, gust_count=0, rng=1).save(to),
    "analyze": lambda wav, to: ma.analyze(wav, to),
    "write_report": lambda wav, to: ma.write_report(wav, to / "report.html"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_whatever_is_written_the_old_files_stay_until_the_new_ones_are_whole(
    write, gusty_wav, folder, monkeypatch
):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    write(gusty_wav, folder)
    written = names_in(folder)
    assert written
    for name in written:
        (folder / name).write_text("old")
    monkeypatch.setattr(Path, "replace", fail)
    with refused(ma.OutputError, "Input/output error"):
        write(gusty_wav, folder)
    assert {name: (folder / name).read_text() for name in names_in(folder)} == dict.fromkeys(written, "old")


OLD, NEW = "old", "new"


@pytest.fixture
def renames(monkeypatch):
    """What stands in a folder before each rename and after the last one; a rename can be told to fail."""

    class Renames:
        folder, fails_at, seen = None, None, None

        def look(self):
            texts = {path.name: path.read_text() for path in self.folder.iterdir() if path.name[0] != "."}
            self.seen.append(texts)

    watched = Renames()
    watched.seen = []

    def watch(method):
        before = getattr(Path, method)

        def rename(path, target):
            if path.parent == watched.folder:
                watched.look()
                if len(watched.seen) == watched.fails_at:
                    raise OSError(5, "Input/output error")
            return before(path, target)

        monkeypatch.setattr(Path, method, rename)

    watch("rename")
    watch("replace")
    return watched


def write_both(folder, names=("a.txt", "b.txt")):
    with replace_together_when_complete(folder / name for name in names) as temporaries:
        for temporary in temporaries:
            write_text(temporary, NEW)


def test_of_files_that_belong_together_an_older_one_never_stands_beside_a_new_one(folder, renames):
    for name in ("a.txt", "b.txt"):
        write_text(folder / name, OLD)
    renames.folder = folder
    write_both(folder)
    renames.look()
    assert all(len(set(texts.values())) <= 1 for texts in renames.seen)
    assert renames.seen[0] == {"a.txt": OLD, "b.txt": OLD}
    assert renames.seen[-1] == {"a.txt": NEW, "b.txt": NEW}
    assert names_in(folder) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("number", range(1, 7))  # two within the block, two aside, two to their places
def test_where_a_rename_fails_all_older_files_are_back(folder, renames, number):
    for name in ("a.txt", "b.txt"):
        write_text(folder / name, OLD)
    renames.folder, renames.fails_at = folder, number
    with refused(ma.OutputError, r"Cannot write '[^']*/[ab]\.txt': Input/output error"):
        write_both(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.txt": OLD, "b.txt": OLD}


def test_new_files_of_which_one_fails_all_stay_away_and_so_does_their_folder(folder, renames):
    renames.folder, renames.fails_at = folder / "new", 4
    with refused(ma.OutputError, "Input/output error"):
        write_both(folder / "new")
    assert names_in(folder) == []


def test_stems_that_are_replaced_never_stand_beside_those_of_another_recording(folder, renames):
    sound = noise(20_000).save(folder / "sound.flac", encoding="PCM_16")
    stems = {"wind": folder / "stems" / "wind.wav", "rover": folder / "stems" / "rover.wav"}
    for path in stems.values():
        write_text(path, OLD)
    renames.folder = folder / "stems"
    renames.look = lambda: renames.seen.append(
        {path.read_bytes() == OLD.encode() for path in renames.folder.iterdir() if path.name[0] != "."}
    )
    ma.separate_file(sound, **stems)
    renames.look()
    assert renames.seen[0] == {True}
    assert renames.seen[-1] == {False}
    assert all(len(whether_old) <= 1 for whether_old in renames.seen)
    assert names_in(folder / "stems") == ["rover.wav", "wind.wav"]


def test_stems_for_which_there_is_no_room_leave_the_older_ones(folder):
    script = """
        import numpy as np
        import marsaudio as ma
        recording = ma.Recording(np.random.default_rng(0).normal(0.0, 0.1, 30000), 8000)
        recording.save("sound.flac", encoding="PCM_16")
        LIMIT
        try:
            ma.separate_file("sound.flac", wind="wind.wav", rover="rover.wav")
        except ma.OutputError as error:
            print(error)
    """
    for name in ("wind.wav", "rover.wav"):
        write_text(folder / name, OLD)
    done = run_where_files_end_at(20_000, script, folder)
    assert "File too large" in done.stdout
    assert names_in(folder) == ["rover.wav", "sound.flac", "wind.wav"]
    assert (folder / "wind.wav").read_text() == (folder / "rover.wav").read_text() == OLD


def run_where_files_end_at(limit, script, folder):
    """Run a script in a process whose files cannot grow beyond `limit` bytes."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script).replace("LIMIT\n", limited)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


# 20 000 bytes end in the middle; 0 bytes at the first, where a buffer hides it until the file is closed.
@pytest.mark.parametrize(("limit", "frames"), [(20_000, 100_000), (0, 100)])
def test_sound_for_which_there_is_no_room(folder, limit, frames):
    script = f"""
        import numpy as np
        import marsaudio as ma
        recording = ma.Recording(np.random.default_rng(0).normal(0.0, 0.1, (2, {frames})), 48000)
        LIMIT
        for suffix in {SUFFIXES}:
            try:
                recording.save("sound" + suffix)
            except ma.OutputError as error:
                print(error)
    """
    for suffix in SUFFIXES:
        (folder / f"sound{suffix}").write_text("old")
    done = run_where_files_end_at(limit, script, folder)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"Cannot write 'sound{suffix}': File too large. Nothing was changed there; make room, or choose "
        "another place, then run this again."
        for suffix in SUFFIXES
    ]
    assert names_in(folder) == sorted(f"sound{suffix}" for suffix in SUFFIXES)
    assert {path.read_text() for path in folder.iterdir()} == {"old"}


def test_a_table_for_which_there_is_no_room(folder):
    script = """
        import marsaudio as ma
        from marsaudio.atomic import write_text
        LIMIT
        try:
            write_text("table.csv", "1,2\\n" * 100)
        except ma.OutputError as error:
            print(error)
    """
    (folder / "table.csv").write_text("old")
    done = run_where_files_end_at(10, script, folder)
    assert done.stdout.startswith("Cannot write 'table.csv': File too large.")
    assert done.stderr == ""
    assert names_in(folder) == ["table.csv"]
    assert (folder / "table.csv").read_text() == "old"


def test_a_writer_whose_block_fails_leaves_nothing(folder):
    def write_half():
        target = folder / "sound.wav"
        with AudioWriter(target, sample_rate=48000, channels=2, encoding="FLOAT") as writer:
            writer.write(noise(1000).samples)
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        write_half()
    assert names_in(folder) == []


def test_a_finished_writer_has_everything_on_the_disk_but_the_name(folder):
    recording = noise(5000)
    target = folder / "sound.wav"
    with AudioWriter(target, sample_rate=48000, channels=2, encoding="FLOAT") as writer:
        writer.write(recording.samples)
        writer.finish()
        assert not target.exists()
        (temporary,) = folder.iterdir()
        assert ma.load(temporary).frames == 5000
    assert names_in(folder) == ["sound.wav"]


def test_a_writer_that_cannot_finish_says_so_before_anything_is_renamed(folder):
    script = """
        import numpy as np
        import marsaudio as ma
        from marsaudio.formats.audio import AudioWriter
        options = dict(sample_rate=48000, channels=1, encoding="FLOAT")
        LIMIT
        try:
            with AudioWriter("large.wav", **options) as large, AudioWriter("small.wav", **options) as small:
                small.write(np.zeros((1, 10), dtype=np.float32))
                large.write(np.zeros((1, 1000), dtype=np.float32))
                small.finish()
                large.finish()
        except ma.OutputError as error:
            print(error)
    """
    done = run_where_files_end_at(1000, script, folder)
    assert done.stdout.startswith("Cannot write 'large.wav': File too large.")
    assert names_in(folder) == []


def test_missing_folders_are_made(folder):
    path = noise(1000).save(folder / "a" / "b" / "sound.wav")
    assert ma.load(path).frames == 1000


def test_folders_made_for_nothing_are_taken_away(folder):
    (folder / "a").mkdir()
    loud = ma.Recording([2.0, 0.0], 48000)
    with refused(ma.ParameterError, "would be clipped"):
        loud.save(folder / "a" / "b" / "c" / "sound.flac")
    assert names_in(folder) == ["a"]
    assert names_in(folder / "a") == []


def test_a_folder_is_refused(folder):
    (folder / "sound.wav").mkdir()
    with refused(ma.OutputError, r"sound\.wav': it is a folder\. Name a file inside it"):
        noise(1000).save(folder / "sound.wav")
    with refused(ma.OutputError, "it is a folder"):
        write_text(folder, "text")


def test_a_file_where_a_folder_should_be_is_refused(folder):
    (folder / "a").write_text("old")
    with refused(ma.OutputError, "a' is no folder"):
        noise(1000).save(folder / "a" / "sound.wav")
    with refused(ma.OutputError, "a' is no folder"):
        noise(1000).save(folder / "a" / "b" / "sound.wav")
    assert (folder / "a").read_text() == "old"


def test_a_device_stays_a_device(folder):
    os.mkfifo(folder / "sound.wav")
    (folder / "link.wav").symlink_to(os.devnull)
    for name in ("sound.wav", "link.wav"):
        with refused(ma.OutputError, "it is a pipe or a device"):
            noise(1000).save(folder / name)
    assert stat.S_ISFIFO((folder / "sound.wav").stat().st_mode)
    assert names_in(folder) == ["link.wav", "sound.wav"]


def test_a_link_stays_a_link(folder):
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "real.wav").write_text("old")
    (folder / "link.wav").symlink_to(folder / "elsewhere" / "real.wav")
    noise(1000).save(folder / "link.wav")
    assert (folder / "link.wav").is_symlink()
    assert ma.load(folder / "elsewhere" / "real.wav").frames == 1000
    assert names_in(folder / "elsewhere") == ["real.wav"]


def test_links_in_a_circle_are_refused_or_replaced(folder):
    (folder / "a.txt").symlink_to("b.txt")
    (folder / "b.txt").symlink_to("a.txt")
    # Which of both it is changed with Python 3.13; a bare error of the system it is not.
    with contextlib.suppress(ma.OutputError):
        write_text(folder / "a.txt", "text")
        assert (folder / "a.txt").read_text() == "text"


def test_permissions_of_the_older_file_stay(folder):
    path = folder / "table.csv"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text() == "new"


def test_a_write_protected_file_is_not_replaced(folder, monkeypatch):
    path = folder / "table.csv"
    path.write_text("old")
    path.chmod(0o444)
    if os.access(path, os.W_OK):  # as the superuser, to whom nothing is protected
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with refused(ma.OutputError, "it is write-protected"):
        write_text(path, "new")
    assert path.read_text() == "old"


def test_a_folder_that_may_not_be_written_to(folder):
    locked = folder / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        locked = Path("/proc")  # where even the superuser makes no files
        if not locked.is_dir():
            pytest.skip("there is no folder that this user may not write to")
    with refused(ma.OutputError, "Cannot write '.*new/sound.wav'"):
        noise(1000).save(locked / "new" / "sound.wav")


def test_a_name_as_long_as_names_can_be(folder):
    path = folder / ("x" * 251 + ".wav")
    assert noise(1000).save(path) == path
    assert names_in(folder) == [path.name]


@pytest.mark.parametrize("name", ["x" * 252 + ".wav", "a\0b.wav", "\ud800.wav"])
def test_a_name_that_no_file_can_have(folder, name):
    with refused(ma.OutputError, "Cannot write"):
        noise(1000).save(folder / name)
    assert names_in(folder) == []


def test_text_is_utf_8_with_plain_line_ends_whatever_it_holds(folder):
    path = write_text(folder / "text.txt", "20 µPa\nx\udcff.wav\n")
    assert path.read_bytes() == "20 µPa\nx\\udcff.wav\n".encode()


def test_the_same_sound_is_the_same_bytes_at_any_time(tmp_path):
    samples = 0.1 * np.random.default_rng(4).standard_normal((2, 4800))
    titles = [None, "PEAK of the wind on sol 16", "wind, " * 1000]

    def saved():
        return {
            (title, encoding): ma.Recording(samples, 48000, source=ma.Source(title=title))
            .save(tmp_path / "sound.wav", encoding=encoding)
            .read_bytes()
            for title in titles
            for encoding in ("FLOAT", "DOUBLE", "PCM_16")
        }

    first = saved()
    time.sleep(1.1)  # libsndfile writes the second into files of floats
    assert saved() == first


@pytest.mark.parametrize("encoding", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_samples_and_titles_that_spell_the_name_of_a_chunk_are_kept(tmp_path, encoding):
    spelled = np.frombuffer(b"PEAK\1\0\0\0PEAKPEAKPEAKPEAK", {"FLOAT": "<f4"}.get(encoding, "<i2"))
    scale = 1 if encoding == "FLOAT" else 2.0**-15
    samples = np.concatenate([np.zeros(100), spelled * scale, np.full(100, 0.25)]).astype(np.float32)
    title = "PEAK of the wind on sol 16, PEAK of the year"
    recording = ma.Recording(samples, 48000, source=ma.Source(title=title))
    again = ma.load(recording.save(tmp_path / "sound.wav", encoding=encoding))
    assert np.array_equal(again.samples, recording.samples)
    assert again.source.title == title


def test_room_is_asked_for_only_where_there_is_none(folder):
    (folder / "file").write_text("no folder")
    with refused(ma.OutputError, "file' is no folder.* choose another place, then"):
        write_text(folder / "file" / "table.csv", "1,2")
    with (
        refused(ma.OutputError, "Read-only file system.*there; choose another place, then"),
        replace_when_complete(folder / "table.csv"),
    ):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    with refused(ma.OutputError, "there; make room, or"), replace_when_complete(folder / "table.csv"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_two_names_of_one_place_are_refused_and_the_file_stays(folder):
    (folder / "one").write_text("old")
    (folder / "other").symlink_to("one")
    for names in [("one", "other"), ("one", "one"), ("other", "../" + folder.name + "/one")]:
        with (
            refused(ma.ParameterError, "they are one file"),
            replace_together_when_complete(folder / name for name in names),
        ):
            pytest.fail("it began to write")
    assert (folder / "one").read_text() == "old"


def test_what_is_written_through_a_link_is_of_the_kind_that_the_name_says(folder):
    (folder / "sound.wav").symlink_to("place.flac")
    (folder / "other.wav").symlink_to("place")
    targets = [folder / "sound.wav", folder / "other.wav"]
    with replace_together_when_complete(targets) as temporaries:
        for temporary in temporaries:
            noise(100).save(temporary)
    assert [soundfile.info(target).format for target in targets] == ["WAV", "WAV"]
