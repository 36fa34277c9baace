"""The command: what it prints, what it writes, and one line where it cannot."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pds4_products import label_of_audio, write_product

import marsaudio as ma
from marsaudio import cli
from marsaudio.description import ALTERED
from marsaudio.simulate import sample_scene

COMMANDS = {name: examples for group in cli.COMMANDS.values() for name, (_, examples) in group.items()}


@pytest.fixture
def run(capsys):
    """Run a command; give its exit code, its lines on standard output, and those on standard error."""

    def run_command(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run_command


def tree(folder):
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def is_refused(outcome, *words):
    """Exit code 2, nothing on standard output, and one line that names what matters."""
    code, out, err = outcome
    assert code == 2
    assert out == []
    assert len(err) == 1
    assert err[0].startswith("marsaudio: ")
    for word in words:
        assert word in err[0]
    return True


@pytest.fixture
def bad_inputs(tmp_path, gusty_wav):
    """Files that are no recordings, and what the line about each must say."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "text.wav").write_text("This is no sound at all, whatever its name says.")
    (folder / "empty.wav").touch()
    contents = gusty_wav.read_bytes()
    (folder / "cut.wav").write_bytes(contents[: len(contents) // 2])
    samples = np.zeros(32000, dtype=np.float32)
    samples[16000] = np.nan
    soundfile.write(folder / "nan.wav", samples, 16000, subtype="FLOAT")
    return {
        folder / "nowhere.wav": "There is no file",
        "feb20_filterd": "feb20_filtered",
        folder: "folder",
        folder / "text.wav": "cannot be read as audio",
        folder / "empty.wav": "empty",
        folder / "cut.wav": "cut short",
        folder / "nan.wav": "1.000000 s",
    }


@pytest.mark.parametrize(
    "command",
    [
        ["info", "IN"],
        ["analyze", "IN", "-o", "OUT/analysis"],
        ["report", "IN", "-o", "OUT/report.html"],
        ["describe", "IN"],
        ["separate", "IN", "--wind", "OUT/wind.wav", "--rover", "OUT/rover.wav"],
        ["spectrogram", "IN", "-o", "OUT/picture.png"],
        ["levels", "IN", "-o", "OUT/picture.png", "--table", "OUT/table.csv"],
        ["events", "IN", "-o", "OUT/events.csv"],
        ["clip", "IN", "-o", "OUT/clip.wav"],
    ],
    ids=lambda command: command[0],
)
def test_what_is_no_recording_is_one_line_and_nothing_is_written(command, run, bad_inputs, tmp_path):
    before = tree(tmp_path)
    for source, said in bad_inputs.items():
        arguments = [
            str(source) if part == "IN" else part.replace("OUT", str(tmp_path / "out")) for part in command
        ]
        assert is_refused(run(*arguments), said)
        assert tree(tmp_path) == before


@pytest.mark.parametrize("command", ["info", "analyze", "separate", "clip"])
def test_what_there_is_of_a_file_that_was_cut_short_can_be_had_as_the_message_says(
    command, run, bad_inputs, tmp_path
):
    cut = next(str(path) for path, said in bad_inputs.items() if said == "cut short")
    outputs = {"info": [], "separate": ["--wind", "w.wav", "--rover", "r.wav"]}
    _, _, (line,) = run(command, cut, *outputs.get(command, ["-o", tmp_path / "out.wav"]))
    advice = re.search(r"save what is there with 'marsaudio (clip --stop \S+)' and take that\.$", line)
    saved = tmp_path / "what_is_there.wav"
    assert run(*advice[1].split(), cut, "-o", saved)[0] == 0
    assert np.array_equal(ma.load(saved).samples, ma.load(cut, stop=float(advice[1].split()[-1])).samples)


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        (["analyze", "IN", "-o", "OUT"], ["file", "file/below"]),
        (["report", "IN", "-o", "OUT"], ["folder.html", "file/below.html"]),
        (["separate", "IN", "--wind", "OUT", "--rover", "OUT.wav"], ["folder.wav", "file/below.wav"]),
        (["spectrogram", "IN", "-o", "OUT"], ["folder.png", "file/below.png"]),
        (["levels", "IN", "-o", "OUT"], ["folder.png", "file/below.png"]),
        (["events", "IN", "-o", "OUT"], ["folder.csv", "file/below.csv"]),
        (["clip", "IN", "-o", "OUT"], ["folder.wav", "file/below.wav"]),
        (["simulate", "--duration", "2", "--gust-count", "0", "-o", "OUT"], ["file", "file/below"]),
    ],
    ids=lambda part: part[0],
)
def test_where_it_cannot_write_it_is_one_line_and_nothing_changes(command, targets, run, gusty_wav, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.png").mkdir()
    before = tree(tmp_path)
    for target in targets:
        target = str(tmp_path / target)
        arguments = [str(gusty_wav) if part == "IN" else part.replace("OUT", target) for part in command]
        assert is_refused(run(*arguments), "Cannot write", target)
        assert tree(tmp_path) == before


@pytest.mark.parametrize(("start", "stop"), [(5, 9), (-1, 2), (3, 3), (4, 2)])
def test_a_clip_outside_the_recording_is_refused_with_its_length(run, gusty_wav, tmp_path, start, stop):
    target = tmp_path / "clip.wav"
    assert is_refused(run("clip", gusty_wav, "--start", start, "--stop", stop, "-o", target), "from 0 to 6")
    assert not target.exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["bogus"], ["bogus", "'marsaudio --help'"]),
        (["analyze", "--nope"], ["--nope", "'marsaudio analyze --help'"]),
        (["clip", "sample"], ["--output", "'marsaudio clip --help'"]),
        (["clip", "sample", "-o", "x.wav", "--start", "soon"], ["--start", "number"]),
        (["events", "sample", "--band", "20"], ["--band"]),
        (["spectrogram", "sample", "-o", "x.png", "--scale", "mel"], ["mel", "log", "linear"]),
        (["fetch"], ["--all"]),
        (["simulate", "--sample", "--seed", "1", "-o", "x"], ["--sample"]),
        (["simulate", "--snr-db", "99", "-o", "x"], ["--snr-db 99"]),
    ],
    ids=lambda part: " ".join(part),
)
def test_a_wrong_command_line_is_one_line_that_says_where_to_look(run, command, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_refused(run(*command), *words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("spectrogram sample -o x.png --time-axis utc", "--time-axis 'utc' needs to know when"),
        (
            "spectrogram sample -o x.png --max-frequency 10",
            "--min-frequency 20 and --max-frequency 10 Hz leave",
        ),
        ("spectrogram sample -o x.png --n-fft 0", "--n-fft 0 must be from 1"),
        ("events sample --false-alarms 100", "--false-alarms 100 must be"),
        ("events sample --band 250 20", "--band 250 20 must be two rising"),
        (
            "events sample --pascal-per-full-scale -3 --calibration-source me",
            "--pascal-per-full-scale -3 must",
        ),
        ("clip sample -o x.wav --start 9 --stop 3", "--start 9 s is not before --stop 3 s"),
        ("clip sample -o x.wav --shift 90000", "--shift 90000 must be"),
        ("clip sample -o x.wav --speed-up 0.1", "--speed-up 0.1 must be"),
        ("clip sample -o x.wav --start abc", "'--start': that is no number"),
        ("separate sample --wind w.wav --rover w.wav", "--wind 'w.wav' and --rover 'w.wav' must be two"),
        ("batch sample -o out --jobs 0", "--jobs 0 must be"),
        ("compare sample sample --max-delay 0", "--max-delay 0 must be"),
        (
            "clip sample -o x.wav --sample-rate 25000",
            "Leave out --sample-rate, which is for tables",
        ),
        ("simulate -o x --seed -1", "'--seed': it must be at least 0"),
        ("simulate -o x --name a/b --duration 4 --gust-count 0", "--name 'a/b' must be a plain file name"),
        ("events sample --band 20", "See 'marsaudio events --help'"),
        ("spectrogram sample -o x.png --time-axis mars", "'--time-axis': 'mars' is not one of"),
    ],
)
def test_errors_speak_of_options_as_they_were_typed(run, command, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run(*command.split())
    assert is_refused(outcome, words)
    assert not re.search(r"Python|Recording|\bNone\b|\w=", outcome[2][0])
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]


@pytest.mark.parametrize(
    ("command", "work"),
    [
        ("clip sample --wind -o x.xyz", "marsaudio.loading.load"),
        ("compare sample sample --removed x.png", "marsaudio.loading.load"),
        ("fit-rover sample -o x.txt", "marsaudio.loading.load"),
        ("events sample -o x.wav", "marsaudio.events.detection.detect_wind_file"),
    ],
)
def test_names_that_cannot_be_written_are_refused_before_any_work(run, command, work, monkeypatch):
    monkeypatch.setattr(work, lambda *_, **__: pytest.fail("It worked before it looked."))
    assert is_refused(run(*command.split()), "'x.")


def test_what_only_looks_like_a_parameter_is_left_alone(run, tmp_path):
    path = tmp_path / "start=1 band=2 max_delay.wav"
    assert is_refused(run("compare", path, "sample"), str(path))


def test_fetch_names_the_nearest_keys_before_it_downloads_anything(run, monkeypatch):
    monkeypatch.setattr(ma.catalog, "fetch", lambda key: pytest.fail(f"{key} was fetched"))
    assert is_refused(run("fetch", "sample", "feb20_rovr"), "feb20_rover")


def test_an_output_in_place_of_the_input_is_refused(run, gusty, tmp_path):
    path = gusty.save(tmp_path / "mine.wav", encoding="PCM_16")
    before = tree(tmp_path)
    for command in ("clip", "events"):
        assert is_refused(run(command, path, "-o", path), "would replace the input")
    assert tree(tmp_path) == before


def test_an_error_of_several_lines_is_one_line(run, monkeypatch):
    def fail(*_, **__):
        raise ma.DataUnavailableError("What a server said:\nit is closed.\r\nCome back.")

    monkeypatch.setattr("marsaudio.catalog.fetch", fail)
    assert is_refused(run("fetch", "feb20_rover"), "What a server said: it is closed. Come back.")


def test_interrupted_is_130_without_a_traceback(run, monkeypatch, tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("marsaudio.report.analysis.load", interrupt)
    code, out, err = run("analyze", "sample", "-o", tmp_path / "out")
    assert (code, out, err[-1]) == (130, [], "marsaudio: interrupted")
    assert not (tmp_path / "out").exists()


def test_interrupted_before_there_is_a_command_is_the_same(run, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.main.get_command", interrupt)
    assert run("list") == (130, [], ["marsaudio: interrupted"])


def end_of(*lines, handler="default_int_handler"):
    """How a process ended that calls the command after some lines, and what it said on standard error."""
    program = "\n".join(
        [
            "import signal, sys, time",
            f"signal.signal(signal.SIGINT, signal.{handler})",
            "from marsaudio import cli",
            "sys.argv[1:] = ['list']",
            *lines,
            "sys.exit(cli.main())",
        ]
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    return done.returncode, done.stderr.splitlines()


def test_interrupted_while_the_commands_are_imported_is_the_same():
    program = """
import sys
class Interrupts:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from marsaudio.__main__ import main
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "marsaudio: interrupted\n")


def test_interrupted_while_python_ends_shows_no_traceback():
    at_the_end = ["import atexit", "atexit.register(signal.raise_signal, signal.SIGINT)"]
    assert end_of(*at_the_end) == (-signal.SIGINT, [])
    assert end_of(*at_the_end, handler="SIG_IGN") == (0, [])


def test_interrupted_within_a_finalizer_is_interrupted_all_the_same():
    program = [
        "class Last:",
        "    def __del__(self):",
        "        signal.raise_signal(signal.SIGINT)",
        "def wait(*_):",
        "    Last()",
        "    time.sleep(10)",
        "    sys.stderr.write('it went on')",
        "import typer",
        "typer.main.get_command = wait",
    ]
    assert end_of(*program) == (130, ["marsaudio: interrupted"])


def test_what_else_fails_in_a_finalizer_is_shown():
    code, err = end_of(
        "class Last:",
        "    def __del__(self):",
        "        1 / 0",
        "import typer",
        "get = typer.main.get_command",
        "typer.main.get_command = lambda app: [Last(), get(app)][1]",
    )
    assert (code, err[-1]) == (0, "ZeroDivisionError: division by zero")


def test_interrupts_of_a_program_that_calls_a_command_stay_its_own(run):
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert run("--version")[0] == 0
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before


def test_what_is_wrong_with_the_program_itself_is_not_hidden(monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("marsaudio.catalog.keys", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["list"])


def test_a_reader_that_goes_away_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-m", "marsaudio", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def in_shell(command, tmp_path, **variables):
    """A command in a shell, which can close and redirect what the process is given."""
    program = f"{sys.executable} -m marsaudio"
    return subprocess.run(
        ["bash", "-c", command.replace("marsaudio", program, 1)],
        cwd=tmp_path,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_where_streams_are_closed_the_files_are_the_same(closed, run, gusty_wav, tmp_path):
    run("events", gusty_wav, "-o", tmp_path / "whole.csv")
    done = in_shell(f"marsaudio events {gusty_wav} -o events.csv {closed}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "events.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_batch_runs_where_standard_error_is_closed(gusty_wav, tmp_path):
    done = in_shell(f"marsaudio batch {gusty_wav} -o out --jobs 2 2>&-", tmp_path)
    assert done.returncode == 0
    assert "1 recording: 1 done" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
@pytest.mark.parametrize("command", ["list", "list --json", "--help", "--version"])
def test_where_what_is_said_cannot_be_written_it_is_one_line(command, tmp_path):
    done = in_shell(f"marsaudio {command} > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "marsaudio: Cannot write to standard output: No space left on device.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
def test_where_an_error_cannot_be_written_the_exit_code_tells_it(tmp_path):
    assert in_shell("marsaudio info nothing 2> /dev/full", tmp_path).returncode == 2


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no folder that even a superuser cannot use")
def test_what_other_libraries_log_stays_away(gusty_wav, tmp_path):
    command = f"marsaudio spectrogram {gusty_wav} -o picture.png"
    # Where it finds no home, matplotlib says that it has no place for its cache.
    done = in_shell(
        command, tmp_path, HOME="/proc/none", XDG_CACHE_HOME="", XDG_CONFIG_HOME="", MPLCONFIGDIR=""
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_help_is_there_for_every_command_with_an_example_and_without_heavy_imports():
    code = (
        "import sys\nfrom marsaudio import cli\n"
        f"for command in [[], *([name] for name in {list(COMMANDS)})]:\n"
        "    assert cli.main([*command, '--help']) == 0\n"
        "heavy = {'numpy', 'scipy', 'soxr', 'matplotlib', 'soundfile', 'pooch', 'rich'}\n"
        "assert not heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    for examples in COMMANDS.values():
        for example in examples:
            assert f"    marsaudio {example}" in lines
    assert "..." not in done.stdout.partition("Begin here:")[2].partition("Example")[0]  # none is cut off
    assert "Exit codes: 0 done;" in done.stdout


OFFLINE = [
    example
    for examples in COMMANDS.values()
    for example in examples
    if not any(word in example for word in ("feb20", "fetch", "simulate --sample"))
    and example != "analyze"  # which the test of what it says runs, too
]


@pytest.fixture(scope="module")
def place_of_examples(gusty_wav, tmp_path_factory):
    """A folder with all that the examples of the help name."""
    folder = tmp_path_factory.mktemp("examples")
    clip = ma.load(gusty_wav)
    clip.save(folder / "clip.wav")
    ma.Recording(0.5 * clip.samples, clip.sample_rate).save(folder / "filtered.wav")
    ma.fit_rover(clip, alone=False).save(folder / "rover.json")
    (folder / "recordings").mkdir()
    clip.save(folder / "recordings" / "clip.wav")
    archive = folder / "m2020_edlcam_raw" / "data_audio"
    archive.mkdir(parents=True)
    write_product(archive, 0)
    return folder


@pytest.mark.parametrize("example", OFFLINE)
def test_the_examples_of_the_help_run(run, example, place_of_examples, tmp_path, monkeypatch):
    work = tmp_path / "work"
    shutil.copytree(place_of_examples, work)
    monkeypatch.chdir(work)
    code, out, err = run(*example.split())
    assert (code, [line for line in err if not line.startswith("marsaudio: warning: ")]) == (0, [])
    assert out


def names_in_the_documentation(command):
    """The names that the page has for a command's document, without those of its parts."""
    page = Path(__file__).parent.parent / "docs" / "howto" / "command-line.md"
    tables = page.read_text(encoding="utf-8").partition("names in its document")[2]
    (row,) = (line for line in tables.splitlines() if line.startswith(f"| `{command}` |"))
    names = re.sub(r"\(.*?\)|; those of `list`.*|`summary.json`", "", row.split("|")[2])
    return set(re.findall(r"`(\w+)`", names))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["list"], lambda found: found[0]["key"] == "sample" and found[0]["size_bytes"] > 1e6),
        (["fetch", "sample"], lambda found: found["files"]["sample"].endswith(".wav")),
        (["info", "IN"], lambda found: found["duration_s"] == 6.0 and found["channels"] == 1),
        (["analyze", "IN", "-o", "out"], lambda found: found["figures"]["event_count"] == 1),
        (["report", "IN"], lambda found: found["files"] == {"report": "report.html"}),
        (["describe", "IN"], lambda found: any("Gust 1 blows" in one for one in found["paragraphs"])),
        (["clip", "IN", "-o", "c.wav"], lambda found: found["files"] == {"clip": "c.wav"}),
        (["separate", "IN"], lambda found: found["files"] == {"wind": "wind.wav", "rover": "rover.wav"}),
        (["fit-rover", "IN"], lambda found: found["line_count"] > 0 and "alone" not in found["notes"][0]),
        (["events", "IN"], lambda found: len(found["events"]) == 1 and found["level_unit"].startswith("dB")),
        (["spectrogram", "IN", "-o", "p.png"], lambda found: found["files"] == {"spectrogram": "p.png"}),
        (
            ["levels", "IN", "-o", "p.png"],
            lambda found: found["level_count"] == 6 and found["mean_over_s"] == 1,
        ),
        (["compare", "IN", "IN"], lambda found: found["delay_ms"] == 0 and found["before"] == "gusty.wav"),
        (["sessions", "ARCHIVE"], lambda found: found[0]["session"].endswith("data_audio/session:170")),
        (
            ["batch", "IN", "-o", "out", "--jobs", "1"],
            lambda found: found["duration_s"] == 6 and len(found["files"]) == 3,
        ),
        (["simulate", "--duration", "4", "--gust-count", "0", "-o", "out"], lambda found: found["simulated"]),
    ],
    ids=lambda part: part[0] if isinstance(part, list) else "",
)
def test_json_is_one_document_and_nothing_else(
    run, command, expected, gusty_wav, place_of_examples, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    archive = place_of_examples / "m2020_edlcam_raw" / "data_audio"
    places = {"IN": gusty_wav, "ARCHIVE": archive}
    code, out, _ = run(*(places.get(part, part) for part in command), "--json")
    assert code == 0
    found = json.loads("\n".join(out))
    assert expected(found)
    assert set(found[0] if isinstance(found, list) else found) == names_in_the_documentation(command[0])


def test_json_of_a_family_of_lines_has_its_sidebands_and_drift(run, tmp_path):
    code, out, _ = run("fit-rover", "sample", "--with-wind", "-o", tmp_path / "rover.json", "--json")
    (pump, *_) = json.loads("\n".join(out))["families"]
    assert code == 0
    assert pump["frequency_hz"] == pytest.approx(195.146, abs=0.01)
    assert np.allclose(pump["sidebands_hz"], [-3.7, 3.7, 14.0], atol=0.02)
    assert abs(pump["drift_ppm_per_minute"]) > 3 * pump["drift_standard_error_ppm"]


def test_json_about_a_recording_that_is_not_here_has_the_names_of_the_list(run, monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path))
    (listed,) = (
        one for one in json.loads("\n".join(run("list", "--json")[1])) if one["key"] == "feb20_rover"
    )
    assert json.loads("\n".join(run("info", "feb20_rover", "--json")[1])) == listed
    assert (listed["path"], listed["duration_s"]) == (None, 18.0)


def test_json_is_utf_8_whatever_the_terminal_speaks(gusty_wav, tmp_path):
    path = tmp_path / "Máaz µ.wav"
    shutil.copy(gusty_wav, path)
    done = subprocess.run(
        [sys.executable, "-m", "marsaudio", "info", path, "--json"],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode("utf-8"))["path"] == str(path)


def test_an_error_with_json_leaves_standard_output_empty(run):
    assert is_refused(run("info", "nowhere.wav", "--json"), "nowhere.wav")


def test_json_is_there_for_every_command(run):
    for command in COMMANDS:
        assert any("--json" in line for line in run(command, "--help")[1]), command


def test_without_a_command_it_shows_the_help(run):
    code, out, err = run()
    assert (code, err) == (0, [])
    assert out[0].startswith("Usage: marsaudio")


def test_the_version_is_the_libraries(run):
    assert run("--version") == (0, [f"marsaudio {ma.__version__}"], [])


def test_the_list_names_every_key_and_whether_it_is_here(run):
    code, out, err = run("list")
    assert (code, err) == (0, [])
    assert [line.split()[0] for line in out[1:]] == list(ma.catalog.keys())
    (sample,) = (line for line in out if line.startswith("sample "))
    assert sample.split()[1:6] == ["18.0", "s", "1.73", "MB", "yes"]


def test_fetch_shows_where_a_recording_is(run):
    assert run("fetch", "sample") == (0, [f"sample: {ma.catalog.local_path('sample')}"], [])


def test_info_says_what_is_known(run, gusty, tmp_path):
    stereo = ma.Recording(np.concatenate([gusty.samples] * 2), 16000)
    code, out, err = run("info", stereo.save(tmp_path / "stereo.wav", encoding="PCM_16"))
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in out)
    assert (code, err) == (0, [])
    assert facts["format"] == "WAV, PCM_16"
    assert facts["duration"] == "6.000 s (96000 frames)"
    assert facts["channels"] == "2, all equal"
    assert facts["peak"].startswith(f"{np.abs(gusty.samples).max():.6f}")
    rms = 10 * np.log10(np.mean(gusty.samples.astype(float) ** 2))
    assert facts["level (rms)"] == f"{rms:.2f} dB re full scale"


def test_warnings_of_the_library_are_one_line_on_standard_error(run, gusty, tmp_path):
    path = gusty.clip(0, 0.5).save(tmp_path / "short.wav", encoding="PCM_16")
    code, _, err = run("separate", path, "--wind", tmp_path / "w.wav", "--rover", tmp_path / "r.wav")
    assert code == 0
    assert len(err) == 1
    assert err[0].startswith("marsaudio: warning: Too short")


def test_a_rover_model_is_kept_and_used(run, gusty, gusty_wav, tmp_path):
    rover = gusty.clip(3.5, 6.0).save(tmp_path / "quiet.wav", encoding="PCM_16")
    code, out, err = run("fit-rover", rover, "--output", tmp_path / "rover.json")
    assert (code, out[-1], err) == (0, f"model  {tmp_path / 'rover.json'}", [])
    stems = [tmp_path / "wind.wav", tmp_path / "rover.wav"]
    options = ("--wind", stems[0], "--rover", stems[1], "--rover-noise", tmp_path / "rover.json")
    code, out, err = run("separate", gusty_wav, *options)
    assert code == 0
    assert [line for line in err if "Learned from 2.2 s" not in line] == []
    assert "What the reference holds" in out[-3]
    expected = ma.separate(ma.load(gusty_wav), rover_noise=ma.fit_rover(ma.load(rover)))
    assert np.array_equal(ma.load(stems[0]).samples, expected.wind.samples)
    assert is_refused(run("fit-rover", rover, "--output", tmp_path / "rover.txt"), "must end in .json")


def test_fit_rover_shows_the_families_of_lines(run, tmp_path):
    scene = ma.simulate_scene(12.0, rng=1)
    rover = scene.rover.save(tmp_path / "rover.wav", encoding="PCM_16")
    code, out, err = run("fit-rover", rover, "--output", tmp_path / "rover.json")
    assert (code, err) == (0, [])
    (header,) = [i for i, line in enumerate(out) if line.startswith("Fundamental (Hz)")]
    model = ma.load_rover_model(tmp_path / "rover.json")
    rows = [re.split(r" {2,}", line) for line in out[header : header + 1 + len(model.families)]]
    assert rows[0][1:] == ["Lines", "Harmonics", "Sidebands (Hz)", "Drift a minute"]
    (pump,) = [row for row in rows if row[0].startswith("195.1")]
    assert re.fullmatch(r"195\.1\d+ ± 0\.0\d+", pump[0])
    assert int(pump[1]) > 30
    assert re.fullmatch(r"1 to \d\d", pump[2])
    assert pump[3] == "-3.70, +3.70, +14.00"
    assert "±" in pump[4]


def test_separate_gives_the_stems_of_the_library(run, gusty_wav, gusty_stems, tmp_path):
    wind, rover = tmp_path / "wind.wav", tmp_path / "rover.wav"
    code, out, err = run("separate", gusty_wav, "--wind", wind, "--rover", rover)
    assert (code, out[-2:], err) == (0, [f"wind   {wind}", f"rover  {rover}"], [])
    assert "cannot be told apart" in out[-3]
    assert np.array_equal(ma.load(wind).samples, gusty_stems.wind.samples)
    assert np.array_equal(ma.load(rover).samples, gusty_stems.rover.samples)


def test_separate_gives_a_range_learned_from_the_whole(run, gusty_wav, gusty_stems, tmp_path):
    wind, rover = tmp_path / "wind.wav", tmp_path / "rover.wav"
    code, out, err = run("separate", gusty_wav, "--wind", wind, "--rover", rover, "--start", 2, "--stop", 3.5)
    assert (code, err) == (0, [])
    assert "in these 6.0 s" in out[-3]
    assert np.array_equal(ma.load(wind).samples, gusty_stems.wind.clip(2, 3.5).samples)


def test_a_report_is_one_page(run, gusty_wav, tmp_path):
    page = tmp_path / "gust.html"
    code, out, err = run("report", gusty_wav, "-o", page)
    assert (code, out[0], err) == (0, f"report  {page}", [])
    assert [path.name for path in tmp_path.iterdir()] == ["gust.html"]
    assert "Gust 1 blows from" in page.read_text(encoding="utf-8")
    assert is_refused(run("report", gusty_wav, "-o", tmp_path / "gust.pdf"), "--output", "must end in .html")


def test_a_recording_is_described(run, gusty_wav):
    code, out, err = run("describe", gusty_wav)
    assert (code, err) == (0, [])
    assert "\n".join(out) == ma.describe(ma.load(gusty_wav))
    code, out, _ = run("describe", gusty_wav, "--start", 3.5)
    assert out[0].endswith("into the recording.")


@pytest.mark.parametrize(
    ("option", "says", "seconds"),
    [
        (["--speed-up", 4], "For listening: 4 times faster", 1.5),
        (["--shift", 300], "For listening: 300 Hz higher.", 6.0),
        (["--marks"], "For listening: a mark before each of 1 wind event.", 6.0),
        (["--level-tone"], "For listening: the level from 20 to 250 Hz as a tone.", 6.0),
    ],
)
def test_a_clip_may_be_altered_and_says_so(run, gusty_wav, tmp_path, option, says, seconds):
    target = tmp_path / "clip.wav"
    code, out, err = run("clip", gusty_wav, *option, "--wind", "-o", target)
    assert (code, err) == (0, [])
    assert any(line.startswith(says) for line in out)
    made = ma.load(target)
    assert made.duration == pytest.approx(seconds, abs=1e-3)
    assert says[:-1].split(": ")[1] in made.source.title


def test_a_clip_is_altered_in_one_way(run, gusty_wav, tmp_path):
    outcome = run("clip", gusty_wav, "--marks", "--shift", 300, "-o", tmp_path / "clip.wav")
    assert is_refused(outcome, "--shift and --marks cannot be had in one clip")


def test_events_are_shown_with_their_numbers_and_saved(run, gusty_wav, tmp_path):
    table = tmp_path / "events.csv"
    code, out, err = run("events", gusty_wav, "-o", table, "--band", 20, 250)
    assert (code, err) == (0, [])
    (event,) = ma.detect_wind(ma.load(gusty_wav))
    assert any(re.match(rf"1\s+{event.start:.2f}\s+{event.end:.2f}\s", line) for line in out)
    with open(table, newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["start_s"]) == pytest.approx(event.start, abs=1e-6)


def test_events_of_an_altered_copy_are_told_to_be_such(run, gusty, tmp_path):
    shifted = ma.shift(gusty, 60).save(tmp_path / "shifted.wav")
    for path in (shifted, ma.load(shifted).clip(0.0, 5.0).save(tmp_path / "part.mp3")):
        assert any(ALTERED in line for line in run("events", path)[1])
        assert ALTERED in json.loads("\n".join(run("events", path, "--json")[1]))["note"]
    calibrated = ("--pascal-per-full-scale", 2, "--calibration-source", "a test")
    assert is_refused(run("events", shifted, *calibrated), "a copy altered for listening")


def test_events_of_a_stem_are_told_to_be_looked_for_in_the_recording(run, gusty_wav, gusty_stems, tmp_path):
    for stem in gusty_stems:
        path = stem.save(tmp_path / "stem.wav")
        assert any("Look for events in the recording itself" in line for line in run("events", path)[1])
        note = json.loads("\n".join(run("events", path, "--json")[1]))["note"]
        assert note.startswith("This is a separated stem")
    assert not any("stem" in line or ALTERED in line for line in run("events", gusty_wav)[1])


def test_no_events_are_said_to_be_none(run, gusty_wav):
    code, out, _ = run("events", gusty_wav, "--minimum-duration", 5)
    assert code == 0
    assert any(line.startswith("No wind events; quiet is ") for line in out)


def test_a_range_is_drawn_with_the_options_asked_for(run, gusty_wav, tmp_path, monkeypatch):
    picture = tmp_path / "picture.png"
    drawn = []
    monkeypatch.setattr(ma.plot.Picture, "save", lambda self, path: drawn.append(self) or path)
    arguments = ["--start", 1, "--stop", 4, "--scale", "linear", "--max-frequency", 2000, "--n-fft", 512]
    code, _, err = run("spectrogram", gusty_wav, "-o", picture, *arguments, "--hop", 128)
    assert (code, err) == (0, [])
    axes = drawn[0].axes[0]
    assert (axes.get_yscale(), axes.get_ylim(), axes.get_xlim()) == ("linear", (0, 2000), (0, 3))
    assert "frames of 0.032 s every 0.008 s" in drawn[0].get_supxlabel()


def test_what_is_long_is_drawn_from_means_unless_a_hop_is_asked_for(run, gusty_wav, tmp_path, monkeypatch):
    picture = tmp_path / "picture.png"
    drawn = []
    monkeypatch.setattr(cli.pictures, "LONG_SECONDS", 3.0)
    monkeypatch.setattr(ma.plot.Picture, "save", lambda self, path: drawn.append(self) or path)
    for arguments in ([], ["--stop", 2], ["--hop", 512]):
        code, out, err = run("spectrogram", gusty_wav, "-o", picture, *arguments)
        assert (code, err) == (0, [])
        assert out[-1].endswith(str(picture))
    means, short, frames = (one.get_supxlabel() for one in drawn)
    assert "Means over" in means
    assert "Means over" not in short
    assert "every 0.032 s" in frames


def test_levels_are_drawn_and_their_percentiles_written(run, gusty_wav, tmp_path):
    picture, table = tmp_path / "levels.png", tmp_path / "levels.csv"
    code, out, err = run("levels", gusty_wav, "-o", picture, "--table", table, "--seconds", 0.5)
    assert (code, err) == (0, [])
    assert out[-2:] == [f"levels  {picture}", f"table   {table}"]
    assert "12 levels of 0.5 s each, in dB re full scale²/Hz" in out[-3]
    assert picture.stat().st_size > 0
    density = ma.spectral_probability_density(gusty_wav, seconds=0.5)
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert len(rows) == len(density.frequencies)


def test_a_clip_is_that_part_of_the_recording_to_the_bit(run, gusty_wav, tmp_path):
    target = tmp_path / "clip.wav"
    code, out, err = run("clip", gusty_wav, "--start", 1, "--stop", 2.5, "-o", target)
    assert (code, err) == (0, [])
    assert "The level is unchanged." in out
    assert np.array_equal(ma.load(target).samples, ma.load(gusty_wav).clip(1, 2.5).samples)


@pytest.mark.parametrize("stem", ["wind", "rover"])
def test_a_clip_of_a_stem_is_that_part_of_what_the_whole_recording_gives(
    run, gusty_wav, gusty_stems, tmp_path, stem
):
    target = tmp_path / "clip.wav"
    code, _, _ = run("clip", gusty_wav, f"--{stem}", "--start", 2, "--stop", 3, "-o", target)
    assert code == 0
    assert np.array_equal(ma.load(target).samples, getattr(gusty_stems, stem).clip(2, 3).samples)


def test_a_changed_level_is_stated_in_decibels_on_the_terminal_and_in_the_file(run, gusty_wav, tmp_path):
    target = tmp_path / "gust.wav"
    arguments = ["--start", 2, "--stop", 3, "--fade", 0.1, "--peak-db", -1]
    code, out, _ = run("clip", gusty_wav, *arguments, "-o", target)
    before, after = ma.load(gusty_wav).clip(2, 3).samples, ma.load(target).samples
    gain = 20 * np.log10(after[0, 8000] / before[0, 8000])
    assert code == 0
    assert any(f"{gain:.2f} dB louder, to a peak of -1 dB" in line for line in out)
    assert f"{gain:.2f} dB louder" in ma.load(target).source.metadata["title"]
    assert 20 * np.log10(np.abs(after).max()) == pytest.approx(-1, abs=1e-4)


def test_simulate_writes_a_scene_that_its_seed_makes_again(run, tmp_path):
    arguments = ["--duration", 2, "--sample-rate", 16000, "--gust-count", 0, "--seed", 7]
    code, out, err = run("simulate", *arguments, "-o", tmp_path)
    assert (code, err) == (0, [])
    assert out[0].startswith("Simulated, not recorded on Mars")
    scene = ma.simulate_scene(2.0, sample_rate=16000, gust_count=0, rng=7)
    assert np.array_equal(ma.load(tmp_path / "scene.wav").samples, scene.recording.samples)


def test_simulate_sample_makes_the_bundled_sample_again_bit_for_bit(run, tmp_path):
    code, _, err = run("simulate", "--sample", "-o", tmp_path)
    assert (code, err) == (0, [])
    bundled = ma.catalog.fetch("sample")
    again = tmp_path / bundled.name
    assert np.array_equal(soundfile.read(again, dtype="int16")[0], soundfile.read(bundled, dtype="int16")[0])


def test_analyze_without_a_source_takes_the_sample_and_says_that_it_is_simulated(run, tmp_path):
    code, out, err = run("analyze", "--output", tmp_path / "demo")
    assert (code, err) == (0, [])
    text = "\n".join(out)
    assert "Simulated, not recorded on Mars." in text
    assert "cannot be told apart" in text
    for name in ("wind.wav", "rover.wav", "spectrogram.png", "events.csv", "summary.json"):
        assert str(tmp_path / "demo" / name) in text
        assert (tmp_path / "demo" / name).stat().st_size > 0
    found = [tuple(map(float, line.split()[1:3])) for line in out if re.match(r"\d+ +\d+\.\d\d ", line)]
    for gust in sample_scene().gusts:
        assert any(start < gust.end and gust.start < end for start, end in found)


def test_wind_and_rover_together_are_refused(run, gusty_wav, tmp_path):
    code, out, err = run("clip", gusty_wav, "--wind", "--rover", "-o", tmp_path / "clip.wav")
    assert (code, out, len(err)) == (2, [], 1)
    assert not (tmp_path / "clip.wav").exists()


def test_info_of_a_recording_that_is_not_here_says_what_the_catalog_knows(run, monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path))
    code, out, err = run("info", "feb20_rover")
    assert (code, err) == (0, [])
    assert any("NASA/JPL-Caltech" in line for line in out)
    assert any("marsaudio fetch feb20_rover" in line for line in out)
    assert list(tmp_path.iterdir()) == []


def test_info_of_an_altered_copy_or_of_a_stem_says_that_it_is_one(run, gusty_wav, gusty_stems, tmp_path):
    altered = ma.shift(gusty_stems.wind, 300).save(tmp_path / "altered.wav")
    stem = gusty_stems.rover.save(tmp_path / "stem.flac")
    for path, is_altered, is_stem in ((altered, True, True), (stem, False, True), (gusty_wav, False, False)):
        lines = run("info", path)[1]
        assert any(line.startswith("altered for listening  yes") for line in lines) is is_altered
        assert any(re.match(r"separated stem +yes", line) for line in lines) is is_stem
        told = json.loads("\n".join(run("info", path, "--json")[1]))
        assert (told["altered_for_listening"], told["separated_stem"]) == (is_altered, is_stem)


def test_info_of_a_saved_simulation_says_that_it_is_one(run, tmp_path):
    ma.load("sample").clip(0, 1).save(tmp_path / "part.wav")
    code, out, _ = run("info", tmp_path / "part.wav")
    assert code == 0
    assert any("not recorded on Mars" in line for line in out)


def test_a_table_of_events_must_be_named_as_one(run, gusty_wav, tmp_path):
    code, _, err = run("events", gusty_wav, "-o", tmp_path / "events.wav")
    assert (code, len(err)) == (2, 1)
    assert ".csv" in err[0]


def test_events_go_to_audacity_as_well(run, gusty_wav, tmp_path):
    code, out, _ = run("events", gusty_wav, "--false-alarms", "0.01", "-o", tmp_path / "events.txt")
    assert code == 0
    (label,) = ma.read_labels(tmp_path / "events.txt")
    assert label.text == "wind"
    assert any(f"{label.start:.2f}" in line for line in out)


def test_sessions_are_listed_by_the_names_that_other_commands_take(run, tmp_path):
    write_product(tmp_path, 0)
    write_product(tmp_path, 2)
    joined = tmp_path / "EM__1125_concat_session170.wav"
    joined.with_suffix(".xml").write_text(label_of_audio(joined, local_time="Sol-01125M10:31:04.307"))
    code, out, err = run("sessions", tmp_path)
    assert (code, err) == (0, [])
    assert out[1].split() == [f"{tmp_path}/session:170", "3", "1", "1125", "10:31:04"]
    code, out, _ = run("info", out[1].split()[0])
    assert code == 0
    told = dict(line.split(maxsplit=1) for line in out)
    assert told["begins"].startswith("Sol-01125M10:31:04.307 (local mean solar time")
    assert told["gaps"] == "1 to 2 s: no product of second 1 is here"
    assert told["duration"].startswith("3.000 s")


def test_a_folder_without_sessions_is_refused(run, tmp_path):
    assert is_refused(run("sessions", tmp_path), "holds no products of a session")


def test_a_session_becomes_a_file(run, tmp_path):
    for second in (0, 1):
        write_product(tmp_path, second)
    code, _, err = run("clip", f"{tmp_path}/session:170", "-o", tmp_path / "session.wav")
    assert (code, err) == (0, [])
    assert np.array_equal(ma.load(tmp_path / "session.wav").samples, ma.load_session(tmp_path).samples)


def test_versions_are_compared_band_by_band(run, tmp_path):
    sample = ma.load("sample")
    late = ma.Recording(0.5 * sample.samples[:, :-480], 48000)
    shifted = np.concatenate([np.zeros((1, 480), np.float32), late.samples], axis=1)
    ma.Recording(shifted, 48000).save(tmp_path / "late.wav", encoding="FLOAT")
    picture, removed = tmp_path / "removed.png", tmp_path / "removed.wav"
    code, out, err = run("compare", "sample", tmp_path / "late.wav", "-o", picture, "--removed", removed)
    assert (code, err) == (0, [])
    assert out[0].startswith("The second is 10.0000 ms later")
    assert "-6.02 dB" in out[0]
    assert out[2].split()[:1] == ["20-60"]
    assert picture.stat().st_size > 10_000
    assert ma.load(removed).duration == pytest.approx(18.0, abs=0.02)


def test_a_calibration_needs_both_of_its_options(run, tmp_path):
    code, out, err = run(
        "events", "sample", "--pascal-per-full-scale", "2", "--calibration-source", "a test, not measured"
    )
    assert (code, err) == (0, [])
    assert any("dB re 20 µPa" in line for line in out)
    assert is_refused(run("events", "sample", "--pascal-per-full-scale", "2"), "--calibration-source")
    picture = tmp_path / "levels.png"
    code, out, _ = run(
        "levels", "sample", "-o", picture, "--pascal-per-full-scale", "2", "--calibration-source", "a test"
    )
    assert code == 0
    assert any("dB re (20 µPa)²/Hz" in line for line in out)


def test_a_time_axis_needs_a_time(run, tmp_path):
    refused = run("spectrogram", "sample", "-o", tmp_path / "x.png", "--time-axis", "local_mean")
    assert is_refused(refused, "needs to know when the recording began")
    assert not (tmp_path / "x.png").exists()


def test_all_recordings_are_fetched_as_far_as_they_can_be(run, monkeypatch):
    def fetch(key):
        if key == "feb20_rover":
            raise ma.DataUnavailableError("It is not there.")
        return f"/data/{key}"

    monkeypatch.setattr(ma.catalog, "fetch", fetch)
    code, out, err = run("fetch", "--all")
    assert code == 1
    assert len(out) == len(ma.catalog.keys()) - 1
    assert err == ["feb20_rover: It is not there."]
    assert is_refused(run("fetch", "--all", "sample"), "--all")


@pytest.mark.parametrize(
    "arguments",
    [
        ["spectrogram", "CLIP", "--output", "picture.gif"],
        ["levels", "CLIP", "--output", "picture.gif"],
        ["levels", "CLIP", "--output", "picture.png", "--table", "table.gif"],
        ["compare", "CLIP", "CLIP", "--output", "picture.gif"],
        ["compare", "CLIP", "CLIP", "--removed", "sound.gif"],
        ["clip", "CLIP", "--wind", "--output", "sound.gif"],
        ["events", "CLIP", "--output", "events.gif"],
        ["report", "CLIP", "--output", "page.gif"],
        ["fit-rover", "CLIP", "--output", "model.gif"],
    ],
    ids=" ".join,
)
def test_a_name_that_cannot_be_written_is_refused_before_any_work(arguments, run, gusty_wav, monkeypatch):
    def work(*_, **__):
        raise AssertionError("It was read.")

    monkeypatch.setattr("marsaudio.formats.audio.AudioFile.blocks", work)
    monkeypatch.setattr("marsaudio.formats.audio.AudioFile.read", work)
    assert is_refused(run(*(str(gusty_wav) if word == "CLIP" else word for word in arguments)), ".gif")


class TestTheClipOfAGust:
    def test_is_that_of_its_times_and_half_a_second_around(self, run, gusty_wav, tmp_path):
        (event,) = ma.detect_wind(ma.load(gusty_wav))
        code, _, _ = run("clip", gusty_wav, "--gust", 1, "--output", tmp_path / "gust.wav")
        assert code == 0
        expected = ma.load(gusty_wav).clip(event.start - 0.5, event.end + 0.5)
        np.testing.assert_array_equal(ma.load(tmp_path / "gust.wav").samples, expected.samples)

    @pytest.mark.parametrize("number", [0, -1, 2])
    def test_that_is_not_there_is_refused(self, run, gusty_wav, tmp_path, number):
        code, _, (line,) = run("clip", gusty_wav, f"--gust={number}", "--output", tmp_path / "gust.wav")
        assert code == 2
        assert f"--gust {number} is not there: 'gusty.wav' has 1 gust. 'marsaudio events' lists" in line

    def test_goes_with_no_other_range(self, run, gusty_wav, tmp_path):
        options = ("--gust", 1, "--start", 1, "--output", tmp_path / "gust.wav")
        code, _, (line,) = run("clip", gusty_wav, *options)
        assert (code, line) == (
            2,
            "marsaudio: --gust is a range of its own. Leave it out, or --start and --stop.",
        )


def test_neither_what_is_given_nor_another_output_is_replaced(run, gusty_wav, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(gusty_wav, "in.wav")
    shutil.copy(gusty_wav, "in.json")
    assert run("fit-rover", "in.wav", "--with-wind", "-o", "rover.json")[0] == 0
    Path("out").mkdir()
    shutil.copy("rover.json", "out/summary.json")
    Path("linked").mkdir()
    Path("linked/wind.wav").symlink_to("rover.wav")
    Path("table.csv").symlink_to("picture.png")
    before = tree(tmp_path)
    for command, said in {
        "separate in.wav --rover-noise in.json --rover in.json": "would replace --rover-noise",
        "analyze in.wav --rover-noise out/summary.json -o out": "would replace --rover-noise",
        "report in.wav --rover-noise rover.json -o ../" + tmp_path.name + "/rover.json": "must end in .html",
        "fit-rover in.json --with-wind -o in.json": "would replace the input",
        "analyze in.wav -o linked": "they are one file",
        "levels in.wav -o picture.png --table table.csv": "they are one file",
    }.items():
        assert is_refused(run(*command.split()), said)
        assert tree(tmp_path) == before
