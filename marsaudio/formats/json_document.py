"""JSON that somebody else wrote, looked at before it is parsed."""

from __future__ import annotations

# Each takes up to 150 bytes once it is parsed, where the file may have two, and a microsecond or two.
MOST_VALUES = 2_000_000


def has_too_many_values(text: str) -> bool:
    """Whether it may hold more than `MOST_VALUES`; commas within texts count as well.

    Each value but the first of a list or an object stands behind a comma, and each of these opens with a
    bracket or a brace.
    """
    return sum(map(text.count, ",[{")) > MOST_VALUES
