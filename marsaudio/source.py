"""Where a recording came from: its file, who made it and when, what is missing, and what was done to it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from marsaudio.calibration import Calibration
from marsaudio.errors import CalibrationError, ParameterError
from marsaudio.file_state import FileState
from marsaudio.formats.audio_info import Gap
from marsaudio.formats.audio_writer import MADE_BY
from marsaudio.formats.pds4.sessions import PRODUCT, SESSION_PLACE
from marsaudio.mars_time import MarsTime

TEXTS = ("key", "path", "url", "sha256", "title", "microphone", "date", "credit", "licence", "encoding")
FOR_LISTENING = "for listening: "  # how a step begins after which the sound is no measurement any more
NAMELESS = "recording from memory"
STEMS = ("wind stem", "rover stem")  # the steps after which a part of the sound is missing
SIMULATED = "(simulated)"  # ends the comment of what was not recorded on Mars, so that files keep it
LONGEST_TITLE = 500  # characters: where a string in a WAV file has over 2 kB, libsndfile reads none of them
KEPT_OF_LONGER = 200  # characters of each end


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a recording came from and what was done to it since; what is not known is None.

    Attributes
    ----------
    key : str
        Its name in the catalog.
    path, url, sha256 : str
        The file it was read from, or a session as `marsaudio.load` takes it, where that is published, and
        its checksum.
    title, microphone, credit, licence : str
    sol : int
        The Martian day of the mission, counted from landing.
    date : str
        ISO 8601; an interval where only the sol is known.
    encoding : str
        How the samples were stored, such as ``"PCM_16"``. None after a change of the samples.
    offset : float
        Seconds from the file's first sample to this recording's first sample.
    simulated : bool
        Made by ``marsaudio.simulate``, not recorded on Mars.
    start_time : MarsTime
        Of the file's first sample, where that is known.
    gaps : tuple of Gap
        Where data are missing, in seconds from the file's first sample.
    missing : tuple of str
        Files that should be there and are not.
    notes : tuple of str
        What is doubtful about the rest, in whole sentences.
    metadata : dict of str to str
        What the file says about itself.
    history : tuple of str
        What was done since it was read, in order.
    file_state : FileState
        As the file at `path` was when it was read: what is told of it later must be of the same file.

    Examples
    --------
    >>> import marsaudio as ma
    >>> source = ma.load("sample").clip(5.0, 9.0).source
    >>> source.name, source.offset, source.history
    ('sample', 5.0, ('clip from 5 to 9 s',))
    """

    key: str | None = None
    path: str | None = None
    url: str | None = None
    sha256: str | None = None
    title: str | None = None
    microphone: str | None = None
    sol: int | None = None
    date: str | None = None
    credit: str | None = None
    licence: str | None = None
    encoding: str | None = None
    offset: float = 0.0
    simulated: bool = False
    start_time: MarsTime | None = None
    gaps: tuple[Gap, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    history: tuple[str, ...] = ()
    file_state: FileState | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Copies, so that nobody else's changes reach into a frozen object.
        object.__setattr__(self, "metadata", dict(self.metadata))
        for name in TEXTS:
            text = getattr(self, name)
            if text is not None and not isinstance(text, str):
                raise ParameterError(f"{name}={text!r} of a Source must be a text, or None.")
        for name in ("missing", "notes", "history"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "gaps", _checked_gaps(self.gaps))
        if self.start_time is not None and not isinstance(self.start_time, MarsTime):
            raise ParameterError(
                f"start_time={self.start_time!r} must be a marsaudio.MarsTime, such as "
                "MarsTime('2021-02-20T12:00:00Z')."
            )

    @property
    def is_altered(self) -> bool:
        """Whether it was altered for listening, by its history or its file's title: it is no measurement."""
        return FOR_LISTENING in self._told

    @property
    def is_stem(self) -> bool:
        """Whether it is a separated stem, by its history or its file's title: a part of it is missing."""
        return bool(_stems_in(self._told))

    @property
    def _told(self) -> str:
        """All that is told of what was done to it."""
        return ", ".join((self.title or "", self.metadata.get("title", ""), *self.history))

    @property
    def name(self) -> str:
        """What to call it, on one line: its key, its file's name, its title, or where it was made."""
        name = self.key or (Path(self.path).name if self.path else self.title or NAMELESS)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)

    def as_plain(self) -> dict[str, Any]:
        """What is known, as a file of JSON can hold it."""
        known: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        if self.start_time is not None:
            known["start_time"] = self.start_time.utc.isoformat()
        known["gaps"] = [gap._asdict() for gap in self.gaps]
        del known["file_state"]  # means nothing on another machine, or another day
        return known

    @classmethod
    def from_plain(cls, known: Mapping[str, Any]) -> Source:
        """The source that `as_plain` told, whole or in part."""
        known = dict(known)
        if known.get("start_time") is not None:
            known["start_time"] = MarsTime(known["start_time"])
        known["gaps"] = tuple(Gap(**gap) for gap in known.get("gaps", ()))
        return cls(**known)

    def is_read_from(self, path: Path) -> bool:
        """Whether a path is that of the file, or of one of the files, that the recording was read from."""
        if self.path is None:
            return False
        own = Path(self.path)
        if own.name.startswith(SESSION_PLACE) and PRODUCT.fullmatch(path.name):
            return is_same_place(own.parent, path.parent)
        return is_same_place(own, path)

    def gaps_within(self, duration: float) -> tuple[Gap, ...]:
        """The gaps in so many seconds from `offset` on, counted from there."""
        shifted = (
            Gap(max(gap.start - self.offset, 0.0), min(gap.stop - self.offset, duration), gap.reason)
            for gap in self.gaps
        )
        return tuple(gap for gap in shifted if gap.start < gap.stop)

    def after(self, step: str, **changes: Any) -> Source:
        """The same source with one more step in its history."""
        return dataclasses.replace(self, history=(*self.history, step), **changes)


def describe_source(source: Source) -> str:
    """The source's name and what was done to it since it was read, for a title."""
    return ", ".join((source.name, *source.history))


def title_for_file(source: Source) -> str:
    """The title to save it with: whence, and all that was done to it, also before its file was saved.

    What is too long loses its middle; that it is altered for listening, or a stem, is told all the same.
    """
    title = ", ".join((_origin(source), *source.history))
    if len(title) > LONGEST_TITLE:
        title = f"{title[:KEPT_OF_LONGER]} ..., ... {title[-KEPT_OF_LONGER:]}"
    lost = [stem for stem in _stems_in(source._told) if stem not in _stems_in(title)]
    if source.is_altered and FOR_LISTENING not in title:
        lost.append(f"{FOR_LISTENING}altered")
    return ", ".join((title, *lost))


def comment_for_file(source: Source) -> str | None:
    """The comment to save it with: whom to credit, and whether it is simulated."""
    if not source.simulated or (source.credit or "").endswith(SIMULATED):
        return source.credit
    return f"{source.credit or ''} {SIMULATED}".strip()


def is_saved_by_marsaudio(metadata: Mapping[str, str]) -> bool:
    """Whether a file says so; MP3 files, in which LAME calls itself the software, say it as the album."""
    return any(metadata.get(name, "").startswith(MADE_BY) for name in ("software", "album"))


def require_measurement(source: Source, calibration: Calibration | None) -> None:
    """Refuse pascals for what was altered for listening.

    Raises
    ------
    CalibrationError
        There is a calibration for it.
    """
    if calibration is not None and source.is_altered:
        raise CalibrationError(
            f"{source.name!r} is a copy altered for listening, and no measurement: no calibration says what "
            "it is in pascals. Give the calibration to the recording that the copy was made from."
        )


def seconds_text(time: float) -> str:
    """A time to the microsecond, without the zeros at its end."""
    return f"{time:.6f}".rstrip("0").rstrip(".")


def _origin(source: Source) -> str:
    """What the next title begins with: what the file's own title tells, else the name.

    The titles of others name many files alike.
    """
    own = source.metadata.get("title", "")
    tells = FOR_LISTENING in own or bool(_stems_in(own)) or is_saved_by_marsaudio(source.metadata)
    if not own or not tells or source.key is not None:
        return source.name
    if source.path is not None and f"{own},".startswith(f"{NAMELESS},"):
        return source.name + own.removeprefix(NAMELESS)
    return own


def _stems_in(told: str) -> list[str]:
    """The stems that are named as steps in a title."""
    return [stem for stem in STEMS if f", {stem}, " in f", {told}, "]


def _checked_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    checked = []
    for gap in gaps:
        try:
            found = Gap(*gap)
            right = math.isfinite(found.start) and math.isfinite(found.stop) and found.start < found.stop
        except TypeError:
            right = False
        if not right:
            raise ParameterError(
                "A gap of a recording must have a start and a later stop in seconds and a reason, not "
                f"{gap!r}. Write Gap(2.0, 3.0, 'not recorded')."
            )
        checked.append(found)
    return tuple(sorted(checked))


def is_same_place(one: Path, other: Path) -> bool:
    """Whether two paths lead to one place, also through links."""
    try:
        return one.resolve() == other.resolve()
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # an impossible name, or links in a circle: nothing stands there
        return False
