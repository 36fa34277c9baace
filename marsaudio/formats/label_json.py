"""Labels as JSON, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from marsaudio.formats.json_document import MOST_VALUES, has_too_many_values
from marsaudio.formats.label_table import label_at
from marsaudio.formats.labels import Label, UnreadableLabelsError, shown

FORMAT = "marsaudio labels"
VERSION = 1
ENTRIES = ("start", "end", "text", "low", "high", "fields")


def labels_to_text(labels: Sequence[Label]) -> str:
    """Write all that labels hold, each on a line of its own."""
    lines = [json.dumps(vars(label), ensure_ascii=False, allow_nan=False) for label in labels]
    entries = "".join(f"\n{line}," for line in lines).removesuffix(",")
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "labels": [{entries}\n]}}\n'


def labels_from_text(text: str) -> list[Label]:
    """Read what `labels_to_text` wrote, with every value checked."""
    if has_too_many_values(text):
        raise UnreadableLabelsError(
            "", f"it has more than {MOST_VALUES:,} values. Divide it into several files."
        )
    try:
        # Whole numbers as well: one of thousands of digits is infinite, and refused with its label.
        held = json.loads(text, parse_int=float, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UnreadableLabelsError(
            f"line {error.lineno}", f"it is no JSON ({error.msg}). Save the labels with write_labels."
        ) from error
    except RecursionError as error:
        raise UnreadableLabelsError(
            "", "it is nested too deeply. Save the labels with write_labels."
        ) from error
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise UnreadableLabelsError(
            "", f'it is some other JSON, without "format": "{FORMAT}". Save labels with write_labels.'
        )
    if held.get("version") != VERSION:
        raise UnreadableLabelsError(
            "",
            f"it is of version {shown(held.get('version'))}, and this marsaudio reads version {VERSION}. "
            "Take the marsaudio that wrote it.",
        )
    labels = held.get("labels")
    if not isinstance(labels, list):
        raise UnreadableLabelsError("", 'its "labels" are no list. Save the labels with write_labels.')
    return [_label_in(entry, f"label {number}") for number, entry in enumerate(labels, start=1)]


def _label_in(entry: Any, place: str) -> Label:
    if not isinstance(entry, dict):
        raise UnreadableLabelsError(
            place, f"it is {shown(entry)}. Write it as {{...}}, with a start and an end."
        )
    unknown = [name for name in entry if name not in ENTRIES]
    if unknown:
        raise UnreadableLabelsError(
            place, f'a label has no {shown(unknown[0])}. Put what is of your own into its "fields".'
        )
    for name in ("start", "end"):
        if name not in entry:
            raise UnreadableLabelsError(place, f"it has no {name}. Give it in seconds.")
    return label_at(place, **entry)


def _refuse_constant(name: str) -> float:
    raise UnreadableLabelsError("", f"{name} is no value that labels can have. Write null instead.")
