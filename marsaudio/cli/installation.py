"""What there is to know of this installation."""

from __future__ import annotations

import itertools

import typer

from marsaudio.cli.options import JsonOption
from marsaudio.cli.printing import say, show_json, show_table

SOMETHING_IS_WRONG = 1


def doctor(as_json: JsonOption = False) -> None:
    """Look at this installation, for a bug report.

    Versions, what can be read and written, the recordings that are here, and whether promises of the
    documentation are kept. Nothing is downloaded. Ends with 1 where something is wrong.
    """
    from marsaudio.doctor import examine

    findings = examine()
    wrong = [finding for finding in findings if not finding.fine]
    if as_json:
        show_json({"fine": not wrong, "findings": [vars(finding) for finding in findings]})
    else:
        for group, members in itertools.groupby(findings, lambda finding: finding.group):
            say(group)
            show_table((f"  {finding.name}", finding.told) for finding in members)
        named = ", ".join(f"{finding.name}" for finding in wrong)
        say(
            f"NO stands where something is wrong: {named}. If what is said there does not help, put all of "
            "this into a bug report."
            if wrong
            else "All is well."
        )
    if wrong:
        raise typer.Exit(SOMETHING_IS_WRONG)
