"""Sessions of the EDL microphone: products of a second each, joined in time, with gaps for what is missing.

The products ``mic_<session>_<part>_<second>.wav`` of the bundle urn:nasa:pds:m2020_edlcam_raw count their
seconds from 0. What the numbers in the middle stand for is not described in the labels: sessions that have
several are taken apart by them.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from marsaudio.atomic import kind_of
from marsaudio.errors import AudioFormatError, DataUnavailableError, ParameterError
from marsaudio.formats.audio import BLOCK_FRAMES, AudioReader, Samples, no_samples
from marsaudio.formats.audio_info import AudioInfo, Described, Gap
from marsaudio.formats.pds4.inventory import find_collection, is_collection, read_inventory
from marsaudio.formats.pds4.labels import Label, read_label
from marsaudio.mars_time import MarsTime

PRODUCT = re.compile(r"mic_(\d{8})_(\d{3})_(\d{6})\.wav", re.ASCII | re.IGNORECASE)
JOINED = re.compile(r"em__(\d+)_concat_session(\d+)\.wav", re.ASCII | re.IGNORECASE)
PRODUCT_SECONDS = 1
# A session of the EDL microphone lasts minutes. One whose products are hours apart is two, or is misnamed; as
# one, its gaps would take weeks to work on and gigabytes to keep.
MOST_MISSING = 3600  # s
SESSION_PLACE = "session:"  # begins what stands for a session among the files of its folder


@dataclass(frozen=True)
class Session:
    """The products of one session in a folder, and those that should be there.

    Attributes
    ----------
    folder : pathlib.Path
    number : int
        Of the session.
    part : int
        The number in the middle of its products' names.
    products : dict of int to str
        File names by second, of those that are here.
    missing : dict of int to str
        Those that the collection's inventory names and that are not.
    sol : int or None
    start_time : MarsTime or None
        Of second 0, from the label of the joined product, where that is here.
    notes : tuple of str

    Examples
    --------
    >>> from pathlib import Path
    >>> import marsaudio as ma
    >>> session = ma.Session(Path("data_audio"), 170, 0, {0: "mic_00000170_000_000000.xml"})
    >>> session.name, session.place, session.seconds
    ('session 170', 'session:170', 1)
    """

    folder: Path
    number: int
    part: int
    products: dict[int, str]
    missing: dict[int, str] = field(default_factory=dict)
    sol: int | None = None
    start_time: MarsTime | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it."""
        return f"session {self.number}" + (f" part {self.part}" if self.part else "")

    @property
    def place(self) -> str:
        """The name by which `marsaudio.load` takes it, in its folder."""
        return session_place(self.number, self.part)

    @property
    def seconds(self) -> int:
        """From second 0 to the end of the last product that is here, or should be."""
        return (max((*self.products, *self.missing)) + 1) * PRODUCT_SECONDS

    def __repr__(self) -> str:
        when = f", {self.start_time}" if self.start_time else ""
        lacking = f", {len(self.missing)} missing" if self.missing else ""
        return f"<marsaudio.Session: {self.name}, {len(self.products)} products{lacking}{when}>"


def session_place(number: int, part: int) -> str:
    """The name by which `marsaudio.load` takes a session, in its folder."""
    return f"{SESSION_PLACE}{number}" + (f":{part}" if part else "")


def find_sessions(path: Path) -> list[Session]:
    """The sessions in a folder, or of the collection that a label describes.

    Raises
    ------
    DataUnavailableError
        There is no such folder or label.
    AudioFormatError
        It is something else, or its inventory cannot be read.
    """
    kind = kind_of(path)
    if kind == "nothing":
        raise DataUnavailableError(
            f"There is no folder or label {str(path)!r}. Check the spelling and the folder."
        )
    if kind == "folder":
        folder, collection = path, find_collection(path)
    elif path.suffix.lower() == ".xml" and is_collection(path):
        folder, collection = path.parent, path
    else:
        raise AudioFormatError(
            f"{str(path)!r} is neither a folder nor the label of a collection. Sessions are looked for in "
            "the folder that their products are in."
        )
    here = _by_session(sorted(entry.name for entry in folder.iterdir()))
    named = _by_session(read_inventory(collection)) if collection else {}
    starts = _starts(folder)
    sessions = []
    for number, part in sorted({*here, *named}):
        products = here.get((number, part), {})
        wanted = named.get((number, part), {})
        missing = {second: name for second, name in wanted.items() if second not in products}
        label = starts.get(number)
        sessions.append(
            Session(
                folder,
                number,
                part,
                products,
                missing,
                label.sol if label else None,
                label.start_time if label else None,
                label.notes if label else (),
            )
        )
    return sessions


def find_session(path: Path, number: int | None, part: int | None) -> Session:
    """One of them.

    Raises
    ------
    ParameterError
        There is no such session, or it is not clear which.
    DataUnavailableError
        None of its products is here.
    """
    sessions = find_sessions(path)
    known = _listed(sessions)
    chosen = [one for one in sessions if number in (None, one.number) and part in (None, one.part)]
    if not sessions:
        raise no_sessions(path)
    if not chosen:
        wanted = f"session {number}" + (f" with part {part}" if part is not None else "")
        raise ParameterError(f"There is no {wanted} in {str(path)!r}. It holds {known}.")
    if len(chosen) > 1:
        option = "part=..." if len({one.number for one in chosen}) == 1 else "session=..."
        raise ParameterError(f"{str(path)!r} holds {known}. Say which one, with {option}.")
    session = chosen[0]
    if not session.products:
        raise DataUnavailableError(
            f"Of {session.name}, the inventory in {str(session.folder)!r} names {len(session.missing)} "
            f"products, and none is here: {_some(session.missing.values())}. Fetch them into that folder."
        )
    return session


class JoinedProducts(Described):
    """The products of a session, as a source of blocks: opened one after the other, never all at once.

    Parameters
    ----------
    session : Session

    Raises
    ------
    AudioFormatError
        A product cannot be read, or differs from the others in rate, channels or encoding, or more than an
        hour is missing.
    """

    def __init__(self, session: Session) -> None:
        _require_few_missing(session)
        self.name = f"{session.name} in {str(session.folder)!r}"
        self._session = session
        self._checked: set[int] = set()
        self._lengths: dict[int, int] = {}
        kinds: dict[tuple[int, int, str], str] = {}
        metadata: dict[str, str] = {}
        for second, name in session.products.items():
            with AudioReader(session.folder / name) as reader:
                info = reader.info
            kinds.setdefault((int(info.sample_rate), info.channels, info.encoding), name)
            metadata = metadata or info.metadata
            self._lengths[second] = info.frames
        if len(kinds) > 1:
            told = "; ".join(
                f"{name!r} has {rate} Hz, {channels} channels, {encoding}"
                for (rate, channels, encoding), name in kinds.items()
            )
            raise AudioFormatError(f"The products of {self.name} do not fit together: {told}.")
        ((rate, channels, encoding),) = kinds
        self._step = PRODUCT_SECONDS * rate
        for second, frames in self._lengths.items():
            if frames > self._step:
                raise AudioFormatError(
                    f"{session.products[second]!r} lasts {frames / rate:g} s, but the products of "
                    f"{self.name} are {PRODUCT_SECONDS} s apart. It does not belong here."
                )
        last = max((*session.products, *session.missing))
        self._frames = last * self._step + self._lengths.get(last, self._step)
        self.info = AudioInfo(
            sample_rate=rate,
            channels=channels,
            frames=self._frames,
            container="WAV",
            encoding=encoding,
            metadata=metadata,  # the first one's
            gaps=tuple(self._find_gaps(rate)),
        )

    def read(self, start: int = 0, stop: int | None = None) -> Samples:
        """Read the frames from `start` up to `stop`; zero in gaps.

        Returns
        -------
        ndarray of float32, shape (channels, stop - start)

        Raises
        ------
        DataUnavailableError, AudioFormatError
            A product is gone or damaged, or not what its label says.
        ParameterError
            There is not enough memory for so many samples.
        """
        stop = self.frames if stop is None else stop
        samples = no_samples((self.channels, stop - start), self.sample_rate, self.name)
        for second in range(start // self._step, -(-stop // self._step)):
            begin = second * self._step
            first, last = max(start, begin), min(stop, begin + self._lengths.get(second, 0))
            if first < last:
                samples[:, first - start : last - start] = self._product(second)[
                    :, first - begin : last - begin
                ]
        return samples

    def blocks(self, length: int = BLOCK_FRAMES, *, first: int = 0) -> Iterator[Samples]:
        """Read from `first` to the end in blocks of shape (channels, `length`); the last may be shorter."""
        for start in range(first, self.frames, length):
            yield self.read(start, min(start + length, self.frames))

    def _product(self, second: int) -> Samples:
        path = self._session.folder / self._session.products[second]
        if second not in self._checked:
            if (label := label_of(path)) is not None:
                read_label(label).require_file()
            self._checked.add(second)
        with AudioReader(path) as reader:
            if reader.frames != self._lengths[second]:
                raise AudioFormatError(
                    f"{str(path)!r} was written to while its session was read. Wait until it is whole, and "
                    "start again."
                )
            return reader.read()

    def _find_gaps(self, rate: int) -> Iterator[Gap]:
        """What is missing, neighbouring seconds as one."""
        session = self._session

        def reason(second: int) -> str:
            if second in session.products:
                return f"{session.products[second]} is cut short"
            if second in session.missing:
                return f"{session.missing[second]}, which the inventory names, is not here"
            return f"no product of second {second} is here"

        lacking = [s for s in range(session.seconds) if self._lengths.get(s, 0) < self._step]
        for _, group in itertools.groupby(enumerate(lacking), lambda pair: pair[1] - pair[0]):
            seconds = [second for _, second in group]
            # A product that is cut short begins a gap where it ends, also behind others.
            while seconds:
                cut = next(
                    (i for i, s in enumerate(seconds[1:], start=1) if s in self._lengths), len(seconds)
                )
                these, seconds = seconds[:cut], seconds[cut:]
                start = these[0] + self._lengths.get(these[0], 0) / rate
                stop = min(these[-1] + 1, self._frames / rate)
                if start < stop:
                    said = reason(these[0])
                    if len(these) > 1:
                        said += f", nor are those up to second {these[-1]}"
                    yield Gap(start, stop, said)


def _require_few_missing(session: Session) -> None:
    """Refuse a session of which more is missing than any lasts."""
    named = {**session.products, **session.missing}
    seconds = [-1, *sorted(named)]
    lacking = (seconds[-1] + 2 - len(seconds)) * PRODUCT_SECONDS
    if lacking > MOST_MISSING:
        before, after = max(itertools.pairwise(seconds), key=lambda pair: pair[1] - pair[0])
        place = f"before {named[after]!r}"
        if before >= 0:
            place = f"between {named[before]!r} and {named[after]!r}"
        raise AudioFormatError(
            f"Of {session.name} in {str(session.folder)!r}, {lacking} s are missing, most of them {place}, "
            f"and at most {MOST_MISSING} s may be. If they belong to different recordings, move them into "
            "folders of their own; else load single products by the names of their files."
        )


def label_of(path: Path) -> Path | None:
    """The label beside a product, whose name differs in the suffix alone."""
    for suffix in (".xml", ".XML"):
        if (label := path.with_suffix(suffix)).is_file():
            return label
    return None


def labels_of_joined(folder: Path) -> dict[int, list[Path]]:
    """The labels of joined products in a folder, by session."""
    labels: dict[int, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".xml" and (match := JOINED.fullmatch(path.with_suffix(".wav").name)):
            labels.setdefault(int(match.group(2)), []).append(path)
    return labels


def _by_session(names: Iterable[str]) -> dict[tuple[int, int], dict[int, str]]:
    """File names by session and part, and by second."""
    found: dict[tuple[int, int], dict[int, str]] = {}
    for name in names:
        if match := PRODUCT.fullmatch(name):
            number, part, second = map(int, match.groups())
            found.setdefault((number, part), {})[second] = name
    return {key: dict(sorted(seconds.items())) for key, seconds in found.items()}


def _starts(folder: Path) -> dict[int, Label]:
    """The labels of joined products, by session: they carry the local time that the sessions began at."""
    labels = {}
    for number, paths in labels_of_joined(folder).items():
        for path in paths:
            with contextlib.suppress(AudioFormatError, DataUnavailableError):
                labels[number] = read_label(path)
    return labels


def no_sessions(folder: Path) -> ParameterError:
    """What to say where a folder holds no session; those right below it may."""
    below = [
        entry.name
        for entry in sorted(folder.iterdir() if folder.is_dir() else ())
        if entry.is_dir() and any(PRODUCT.fullmatch(file.name) for file in entry.iterdir())
    ]
    advice = f"Its folder {_some(map(repr, below))} does: name that."
    if not below:
        advice = "Name the folder of the archive that does, such as data_audio."
    return ParameterError(
        f"{str(folder)!r} holds no products of a session, such as mic_00000170_000_000000.wav. {advice}"
    )


def _listed(sessions: list[Session]) -> str:
    numbers = sorted({session.number for session in sessions})
    named = _some(str(number) for number in numbers)
    parts = sorted({session.part for session in sessions})
    return f"session {named}" + (f", with parts {_some(map(str, parts))}" if len(parts) > 1 else "")


def _some(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
