"""What the documentation says is true: examples run, names exist, parameters are told."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import marsaudio

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "marsaudio"
DOCS = ROOT / "docs"


def files_with(text: str, folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if text in path.read_text(encoding="utf-8"))


WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in files_with(">>>", PACKAGE, "*.py")
]
PAGES = files_with("```python\n", DOCS, "*.md")
# Their examples need NASA's archive on the machine.
SHOWN_ONLY = {"find_sessions", "load_session"}
PUBLIC = {name: getattr(marsaudio, name) for name in marsaudio.__all__ if name != "__version__"}
PUBLIC_MODULES = {name: thing for name, thing in PUBLIC.items() if isinstance(thing, ModuleType)}
PUBLIC_THINGS = {name: thing for name, thing in PUBLIC.items() if name not in PUBLIC_MODULES}


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to run examples in, with no recordings but the sample, and no display."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path / "no recordings here"))
    before = mpl.get_backend()
    mpl.use("Agg")
    yield folder
    plt.close("all")
    mpl.use(before)


@pytest.mark.shown
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_run(name: str, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0, capsys.readouterr().out
    assert list(workplace.iterdir()) == [], "examples leave no files behind"


@pytest.mark.shown
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_examples_on_pages_run_and_print_what_the_page_says(
    page: Path, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A block that follows an example and names no language is what the example prints.
    blocks = re.findall(
        r"^```python\n(.*?)^```\n(?:\n^```\n(.*?)^```\n)?",
        page.read_text(encoding="utf-8"),
        flags=re.M | re.S,
    )
    names = {"__name__": "page"}
    for example, expected in blocks:
        exec(compile(example, str(page), "exec"), names)
        printed = capsys.readouterr().out
        if expected:
            assert printed == expected


def test_public_modules_have_examples_and_pages_do() -> None:
    assert {"marsaudio.recording", "marsaudio.separation.stems"} <= set(WITH_EXAMPLES)
    assert DOCS / "start.md" in PAGES


@pytest.mark.parametrize("name", sorted(PUBLIC_THINGS.keys() - SHOWN_ONLY))
def test_public_name_has_an_example_that_runs(name: str) -> None:
    check_example(name, PUBLIC_THINGS[name])


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_public_names_of_modules_have_examples_that_run(name: str) -> None:
    for inside, thing in contents(PUBLIC_MODULES[name]).items():
        check_example(f"{name}.{inside}", thing)


@pytest.mark.parametrize("name", PUBLIC_THINGS)
def test_public_name_tells_its_parameters(name: str) -> None:
    check_documented(name, PUBLIC_THINGS[name])


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_public_module_tells_what_is_in_it(name: str) -> None:
    assert inspect.getdoc(PUBLIC_MODULES[name])
    for inside, thing in contents(PUBLIC_MODULES[name]).items():
        check_documented(f"{name}.{inside}", thing)


def test_stub_names_what_the_package_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    stated = {"__version__"}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            origin = importlib.import_module(str(statement.module))
            for name in statement.names:
                # Only "import x as x" makes a name of a stub public.
                assert name.asname == name.name
                assert getattr(marsaudio, name.name) is getattr(origin, name.name)
                stated.add(name.name)
    assert stated == set(marsaudio.__all__) == set(dir(marsaudio))


def test_reference_lists_everything_public() -> None:
    words = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   ([A-Za-z_][\w.]*)$", words, flags=re.M))
    public = set(PUBLIC_THINGS)
    for module, thing in PUBLIC_MODULES.items():
        # The errors stand under the names they have at the top.
        public |= {name if module == "errors" else f"{module}.{name}" for name in contents(thing)}
    assert listed == public


def contents(module: ModuleType) -> dict[str, object]:
    """The functions and classes that a public module offers: those it lists, or else defines."""
    names = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    ]
    things = {name: getattr(module, name) for name in names}
    return {
        name: thing for name, thing in things.items() if inspect.isroutine(thing) or inspect.isclass(thing)
    }


def check_example(name: str, thing: object) -> None:
    """Whether the docstring has an example, of which more than the imports is run."""
    lines = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    run = [line for line in lines if not line.options.get(doctest.SKIP)]
    assert [line for line in run if "import" not in line.source], f"{name} has no example that runs"
    assert getattr(thing, "__module__", "") in WITH_EXAMPLES, f"the examples of {name} are not run"


def check_documented(name: str, thing: object) -> None:
    """Whether a class or function has a docstring of its own, which tells each parameter."""
    assert thing.__doc__, f"{name} has no docstring"
    told = names_told(inspect.cleandoc(thing.__doc__))
    untold = [parameter for parameter in parameters(thing) if parameter not in told]
    assert not untold, f"{name}: no Parameters or Attributes section tells {untold}"


def parameters(thing: object) -> list[str]:
    if dataclasses.is_dataclass(thing):
        return [field.name for field in dataclasses.fields(thing)]
    if isinstance(thing, type) and "__init__" not in vars(thing):
        return []
    return [name for name in inspect.signature(thing).parameters if name != "self"]  # type: ignore[arg-type]


def names_told(words: str) -> set[str]:
    """The names that the Parameters and Attributes sections of a numpydoc docstring tell about."""
    sections = re.split(r"^(\w[\w ]*)\n-{3,}$", words, flags=re.M)
    told: set[str] = set()
    for title, body in zip(sections[1::2], sections[2::2], strict=True):
        if title in ("Parameters", "Attributes"):
            for line in re.findall(r"^\S.*$", body.replace("\\\n", " "), flags=re.M):
                told |= {name.strip().lstrip("*") for name in line.partition(" : ")[0].split(",")}
    return told
