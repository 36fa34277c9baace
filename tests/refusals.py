"""How every refusal must read."""

import contextlib
from collections.abc import Iterator

import pytest

import marsaudio as ma


@contextlib.contextmanager
def refused(kind: type[Exception], said: str) -> Iterator[None]:
    """Expect an error of ours: whole sentences on one line, with words that match `said`."""
    with pytest.raises(kind, match=said) as raised:
        yield
    assert isinstance(raised.value, ma.MarsAudioError)
    text = str(raised.value)
    assert "\n" not in text
    assert text[0] == text[0].upper() or "=" in text.split()[0], text  # a parameter's name stays small
    assert text.endswith("."), text
    assert " object at 0x" not in text, text
