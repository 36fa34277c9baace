"""What the page on reliability sums up is what its tables, which programs write, say."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
ROW = re.compile(
    r"^\| \[(?P<what>.+?)\]\(.+?\) \| (?P<count>[\d,]+) \| (?P<wrong>\d+) \| (?P<dates>.+?) \|$", re.M
)


def number(text):
    return int(text.replace(",", ""))


def table(name):
    return (DOCS / "reliability" / f"{name}.md").read_text(encoding="utf-8")


def dates_in(text):
    return tuple(sorted(set(re.findall(r"(?:Measured|made) on (\d{4}-\d\d-\d\d)", text))))


def rows_of(text):
    """The cells of a table's rows."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]


def malformed():
    text = table("malformed")
    (total,) = (cells for cells in rows_of(text) if cells[0] == "**all**")
    return number(total[1].strip("*")), number(total[4].strip("*")), dates_in(text)


def fuzzed():
    text = table("fuzz")
    readers = rows_of(text)[2:]
    return (
        sum(number(cells[2]) for cells in readers),
        sum(number(cells[4]) for cells in readers),
        dates_in(text),
    )


def stressed():
    text = table("stress")
    attempts, broken = re.match(r"(\d+) attempts, of which (\d+) broke a promise", text).groups()
    return number(attempts), number(broken), dates_in(text)


def promised():
    text = table("promises")
    noticed, breakages = re.search(r"(\d+) of (\d+) breakages were noticed", text).groups()
    return number(breakages), number(breakages) - number(noticed), dates_in(text)


def test_the_summary_is_that_of_the_tables():
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    told = {
        row["what"]: (number(row["count"]), number(row["wrong"]), tuple(row["dates"].split(" to ")))
        for row in ROW.finditer(page)
    }
    assert told == {
        "broken and hostile files read": malformed(),
        "inputs of a fuzzer": fuzzed(),
        "kills, faults and bad surroundings": stressed(),
        "promises broken on purpose": promised(),
    }
