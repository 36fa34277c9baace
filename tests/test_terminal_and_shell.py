"""What the command is on a terminal and in a shell: lines that fit, no colours, and completion."""

import os
import re
import shutil
import subprocess
import sys

import pytest

import marsaudio as ma
from marsaudio import cli

COMMAND = [sys.executable, "-m", "marsaudio"]


@pytest.fixture
def said(capsys):
    """What a command says on standard output, in lines."""

    def lines_of(*arguments):
        assert cli.main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out.splitlines()

    return lines_of


def on_a_terminal(monkeypatch, columns):
    monkeypatch.setattr("marsaudio.cli.printing.terminal_width", lambda: columns)


def words_of(lines):
    return {word.strip(":;") for line in lines for word in line.split()}


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 200])
def test_what_is_said_fits_the_terminal_and_is_whole(said, columns, monkeypatch):
    plain = said("list")
    on_a_terminal(monkeypatch, columns)
    fitted = said("list")
    assert max(map(len, fitted)) <= columns
    assert words_of(fitted) == words_of(plain)


@pytest.mark.parametrize("command", ["events", "compare"])
def test_tables_of_figures_fit_a_narrow_terminal_with_their_numbers_whole(
    said, command, gusty_wav, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    arguments = [command, gusty_wav, *([gusty_wav] if command == "compare" else [])]
    plain = said(*arguments)
    on_a_terminal(monkeypatch, 30)
    fitted = said(*arguments)
    assert max(map(len, fitted)) <= 30
    assert words_of(fitted) == words_of(plain)
    for number in re.findall(r"\d\S* ± \S+|< \S+ a minute|\d+ %", "\n".join(plain[3:])):
        assert any(number in line for line in fitted)


def test_a_row_is_broken_within_its_columns(said, monkeypatch):
    on_a_terminal(monkeypatch, 80)
    lines = said("list")
    at = lines[0].index("title")
    assert lines[1][at:] == "Simulated Mars wind and"
    assert lines[2] == at * " " + "rover noise"


@pytest.mark.parametrize("columns", [60, 70])  # the columns have no room; they have, for a word or two
def test_where_rows_would_be_many_lines_each_is_a_paragraph(said, monkeypatch, columns):
    on_a_terminal(monkeypatch, columns)
    lines = said("list")
    assert lines[0] == "key: sample"
    assert lines[1].startswith("  length: 18.0 s; here: 1.73 MB; verified: yes; title:")


def test_elsewhere_lines_are_not_broken(said, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert len(said("list")) == 1 + len(ma.catalog.keys())


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="This system has no pseudo-terminals.")
@pytest.mark.parametrize("command", [["list"], ["events", "sample"], ["info", "nowhere.wav"]])
def test_on_a_terminal_there_are_lines_that_fit_and_no_colours(command):
    import fcntl
    import struct
    import termios

    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 50, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [*COMMAND, *command], stdout=its, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(its)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:  # how Linux tells that the other side has closed
            pass
        errors = process.stderr.read()
    os.close(ours)
    lines = text.decode().splitlines()
    assert max(map(len, lines), default=0) <= 50
    assert b"\x1b" not in text + errors
    assert (len(lines) > 10) is (process.returncode == 0)


def completed(shell, line, **variables):
    """What the shell is told when the Tab key is pressed at the end of a line, and the exit code."""
    environment = os.environ | {"_MARSAUDIO_COMPLETE": f"complete_{shell}", **variables}
    if shell == "bash":
        environment |= {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    else:
        environment["_TYPER_COMPLETE_ARGS"] = line
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout, done.returncode


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("marsaudio spectr", ["spectrogram"]),
        ("marsaudio clip --sp", ["--speed-up"]),
        ("marsaudio spectrogram --time-axis lo", ["local_mean", "local_true"]),
        ("marsaudio info supercam_sol1", ["supercam_sol1", "supercam_sol1_wav"]),
        ("marsaudio fetch sample feb20_r", ["feb20_rover"]),
        ("marsaudio compare feb20_rover feb20_f", ["feb20_filtered"]),
        ("marsaudio batch sam", ["sample"]),
        ("marsaudio separate mine.wav --rover-noise feb20_r", ["feb20_rover"]),
        ("marsaudio info record", []),  # the shell then completes the names of files
    ],
)
def test_the_shell_completes_commands_options_and_keys(line, words):
    assert completed("bash", line)[0].split() == words


def test_other_shells_are_told_in_their_own_ways():
    keys = ["supercam_sol4_wind", "supercam_sol4_wind_wav"]
    line = "marsaudio info supercam_sol4"
    assert re.findall(r'"(\w+)"', completed("zsh", line)[0]) == keys
    assert completed("zsh", "marsaudio info record")[0].strip() == "_files"
    assert completed("fish", line, _TYPER_COMPLETE_FISH_ACTION="get-args")[0].split() == keys
    assert completed("fish", line, _TYPER_COMPLETE_FISH_ACTION="is-args")[1] == 0
    assert completed("fish", "marsaudio info record", _TYPER_COMPLETE_FISH_ACTION="is-args")[1] != 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="There is no bash here.")
def test_bash_completes_with_what_show_completion_prints(tmp_path):
    program = tmp_path / "marsaudio"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m marsaudio "$@"\n')
    program.chmod(0o755)
    script = """
        source <(marsaudio --show-completion bash)
        COMP_WORDS=(marsaudio events feb20_); COMP_CWORD=2
        _marsaudio_completion marsaudio
        echo "${COMPREPLY[@]}"
        complete -p marsaudio
    """
    environment = os.environ | {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",  # the option then takes the name of a shell
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    keys, rule = done.stdout.splitlines()
    assert keys == "feb20_filtered feb20_rover"
    assert "-o default" in rule  # names of files, where there is no key
