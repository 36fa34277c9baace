"""What holds for everything public: how it is called, what its errors are, and that it keeps quiet."""

import ast
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import marsaudio as ma

SOURCE = Path(ma.__file__).parent
# What a function works on besides its first argument; everything else is a setting, and is named.
WORKED_ON = {
    "Recording.clip": {"stop"},
    "WindEvents.value": {"name"},
    "align": {"second"},
    "analyze": {"directory"},
    "batch.run": {"output"},
    "compare": {"second"},
    "describe": {"events"},
    "metrics.event_scores": {"truth"},
    "metrics.event_scores_by_collar": {"truth"},
    "metrics.false_alarms": {"truth"},
    "metrics.false_alarms_per_minute": {"minutes"},
    "metrics.intersection_over_union": {"b"},
    "metrics.line_suppression": {"after"},
    "metrics.sdr": {"truth"},
    "metrics.si_sdr": {"truth"},
    "plot.level": {"events"},
    "plot.overview": {"events"},
    "shift": {"hertz"},
    "simulate.wind_spectrum": {"speed"},
    "sonify": {"events"},
    "speed_up": {"factor"},
    "write_labels": {"labels"},
    "write_report": {"path"},
}


def public_functions():
    """The functions and methods of the package and its public modules, by name."""
    for name in ma.__all__:
        thing = getattr(ma, name)
        if inspect.ismodule(thing):
            for inside, one in vars(thing).items():
                if not inside.startswith("_") and getattr(one, "__module__", "").startswith("marsaudio"):
                    yield from functions_of(f"{name}.{inside}", one)
        else:
            yield from functions_of(name, thing)


def functions_of(name, thing):
    if inspect.isfunction(thing):
        yield name, thing
    elif inspect.isclass(thing):
        for method, held in vars(thing).items():
            function = getattr(held, "__func__", held)
            if inspect.isfunction(function) and not method.startswith("_"):
                yield f"{name}.{method}", function


def test_there_are_functions_to_look_at():
    names = dict(public_functions())
    assert {"load", "separate", "Recording.save", "batch.run", "plot.level", "metrics.sdr"} <= set(names)
    assert set(WORKED_ON) <= set(names)


def test_what_is_set_is_named():
    """So that a new setting breaks nobody's calls, and a call tells what its numbers mean."""
    unnamed = {name: places_of(function)[1:] for name, function in public_functions()}
    assert {name: set(places) for name, places in unnamed.items() if places} == WORKED_ON


def places_of(function):
    """The parameters that may be given without their names, besides the object of a method."""
    return [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.name not in ("self", "cls")
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ma.ParameterError, ValueError),
        (ma.AudioFormatError, OSError),
        (ma.DataUnavailableError, FileNotFoundError),
        (ma.OutputError, OSError),
        (ma.CalibrationError, ValueError),
        (ma.MissingLibraryError, ImportError),
        (ma.ClusterError, ConnectionError),
    ],
)
def test_errors_are_of_pythons_kinds_too(error, kind):
    assert issubclass(error, kind)
    assert issubclass(error, ma.MarsAudioError)
    assert [one for one in vars(ma.errors).values() if inspect.isclass(one) and issubclass(one, error)] == [
        error
    ]


def test_importing_every_module_prints_and_writes_nothing(tmp_path):
    modules = [
        module.name
        for module in pkgutil.walk_packages([str(SOURCE)], "marsaudio.")
        if not module.name.endswith("__main__")
    ]
    assert len(modules) > 100
    homes = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "TMPDIR", "USERPROFILE")
    caches = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(SOURCE.parent)}
    # Matplotlib writes down which fonts there are when it is imported; that it does in a folder of its own.
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "home").mkdir()
    folders = dict.fromkeys(homes, str(tmp_path / "home")) | {"MPLCONFIGDIR": str(tmp_path / "matplotlib")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(f"import {name}" for name in modules)],
        cwd=tmp_path / "home",
        env=os.environ | folders | caches,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if "font cache" not in line]
    assert (done.stdout, lines) == ("", [])
    assert list((tmp_path / "home").iterdir()) == []


def test_only_the_command_line_writes_to_the_terminal():
    """Elsewhere, what is to be known is in the result, or is logged; a bar of progress is asked for."""
    writing = {"print", "sys.stdout.write", "sys.stderr.write", "typer.echo", "warnings.warn", "input"}
    found = {
        (str(path.relative_to(SOURCE)), ast.unparse(call.func))
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in writing
    }
    assert {file for file, _ in found if not file.startswith(("cli", "__main__"))} == set()
    assert found  # of the command line itself


def test_the_code_logs_under_the_name_of_the_library():
    """So that who uses it can tell its messages from others', and silence them."""
    named = {
        (path.relative_to(SOURCE).as_posix(), ast.unparse(call))
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "logging.getLogger"
    }
    # The workers of a batch turn the levels of others down, and the command keeps those off the terminal.
    of_others = {
        ("batch/workers.py", "logging.getLogger(name)"),
        ("cli/__init__.py", "logging.getLogger()"),
    }
    own = {call for _, call in named - of_others}
    assert own == {"logging.getLogger('marsaudio')", "logging.getLogger(__name__)"}
