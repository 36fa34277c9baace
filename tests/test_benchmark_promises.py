"""What breaks promises on purpose: it tells apart what was noticed, what was not, and what no longer fits."""

import pytest
from breakage import Breakage
from breakages import BREAKAGES
from broken_on_purpose import (
    Outcome,
    OutdatedError,
    as_markdown,
    broken,
    failures,
    named,
    refuse_what_moved_on,
)

CODE = "def double(value):\n    return 2 * value\n"


def breakage(before="2 * value", after="3 * value"):
    return Breakage("it doubles", "doubling.py", before, after, "it trebles", ("tests/test_doubling.py",))


def test_a_breakage_replaces_what_stands_there_once():
    assert broken(CODE, breakage()) == "def double(value):\n    return 3 * value\n"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("4 * value", "", r"doubling\.py holds this 0 times, .*\n4 \* value\nRenew the breakage of 'it d"),
        ("value", "worth", "holds this 2 times, and must hold it once"),
        ("2 * value", "2 * ", "would be no Python"),
    ],
)
def test_code_that_has_moved_on_is_named(before, after, said):
    with pytest.raises(OutdatedError, match=said):
        broken(CODE, breakage(before, after))


def test_all_breakages_are_of_the_code_as_it_is():
    refuse_what_moved_on(BREAKAGES)


def test_failed_tests_are_read_from_what_pytest_says():
    said = (
        "E       assert 6 == 4\n"
        "=========== short test summary info ===========\n"
        "FAILED tests/test_doubling.py::TestTwo::test_it_doubles[2 - a b] - assert 6 == 4\n"
        "FAILED tests/test_doubling.py::test_nothing\n"
    )
    both = (
        "tests/test_doubling.py::TestTwo::test_it_doubles[2 - a b]",
        "tests/test_doubling.py::test_nothing",
    )
    assert failures(said) == both
    assert [named(test) for test in both] == [
        "`test_doubling.py::TestTwo::test_it_doubles`",
        "`test_doubling.py::test_nothing`",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "E   NameError: name 'np' is not defined\nFAILED tests/test_doubling.py::test_it - NameError: na\n",
        "ERROR tests/test_doubling.py::test_it - RuntimeError: a fixture failed\n",
        "1 passed in 0.1s\n",
    ],
    ids=["broken too far", "broken before the test", "passed"],
)
def test_what_is_no_failed_test_is_no_notice(said):
    assert failures(said) == ()


def test_what_went_unnoticed_stands_out_in_the_page():
    page = as_markdown([Outcome(breakage(), ("tests/a.py::b",), 1.0, ""), Outcome(breakage(), (), 1.0, "")])
    assert "1 of 2 breakages were noticed" in page
    assert page.splitlines()[-2:] == [
        "| it doubles | it trebles | `a.py::b` |",
        "| it doubles | it trebles | **nothing** |",
    ]


def test_every_breakage_names_tests_and_changes_something():
    for one in BREAKAGES:
        assert one.tests
        assert all(test.startswith("tests/test_") for test in one.tests)
        assert one.before != one.after
        assert "|" not in one.promise + one.means  # cells of a table
