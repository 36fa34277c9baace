"""The main job: load, separate, find the wind, and write what was found into one folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from marsaudio.atomic import kind_of, replace_together_when_complete, write_text
from marsaudio.description import describe
from marsaudio.errors import AudioFormatError, OutputError, ParameterError
from marsaudio.events.detection import detect_wind
from marsaudio.events.table import WindEvents
from marsaudio.file_state import sha256_of_state
from marsaudio.formats.encodings import FALLBACK_ENCODING, choose_encoding
from marsaudio.loading import load
from marsaudio.recording import Recording
from marsaudio.report.page.content import Results
from marsaudio.report.page.text import fits_inside, page_text
from marsaudio.report.summary import summarize, to_json
from marsaudio.report.targets import check_input_is_kept
from marsaudio.separation.rover_model import RoverModel
from marsaudio.separation.stems import Stems, separate
from marsaudio.watching import Progress, Tell, of_part, telling

DEFAULT_DIRECTORY = "marsaudio-output"
FILE_NAMES = {
    "wind": "wind.wav",
    "rover": "rover.wav",
    "spectrogram": "spectrogram.png",
    "events": "events.csv",
    "summary": "summary.json",
    "report": "report.html",
}
# The share of the work that is done when there are stems, events, a picture; of ten minutes of sound.
SEPARATED, FOUND, DRAWN = 0.25, 0.4, 0.6
RECORDING = "recording.wav"  # for the players of a page whose sound is too long to be kept inside


@dataclass(frozen=True, eq=False)
class Analysis:
    """What an analysis found, and where it was written.

    Attributes
    ----------
    recording : Recording
    stems : Stems
    events : WindEvents
    summary : dict
        What ``summary.json`` holds.
    description : str
        What there is to hear, and when, in sentences: `marsaudio.describe`.
    files : dict of str to pathlib.Path
        ``"wind"``, ``"rover"``, ``"spectrogram"``, ``"events"``, ``"summary"`` and ``"report"``; and
        ``"recording"`` where the report needs it.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     analysis = ma.analyze(ma.load("sample"), folder, progress=False)
    >>> len(analysis.events), analysis.files["wind"].name
    (3, 'wind.wav')
    """

    recording: Recording
    stems: Stems
    events: WindEvents
    summary: Mapping[str, Any]
    description: str
    files: Mapping[str, Path]

    def __repr__(self) -> str:
        count = "1 wind event" if len(self.events) == 1 else f"{len(self.events)} wind events"
        return (
            f"<marsaudio.Analysis: {self.recording.source.name}, {self.recording.duration:.3f} s, {count}, "
            f"written to {str(self.files['summary'].parent)!r}>"
        )


def analyze(
    source: str | os.PathLike[str] | BinaryIO | Recording = "sample",
    directory: str | os.PathLike[str] = DEFAULT_DIRECTORY,
    *,
    rover_noise: Recording | RoverModel | None = None,
    progress: Progress = True,
    **detection: Any,
) -> Analysis:
    """Separate a recording, find its wind events, and write stems, picture, table, summary and report.

    Into `directory` go ``wind.wav`` and ``rover.wav``, whose sum is the recording sample for sample,
    ``spectrogram.png`` (see `marsaudio.plot.overview`), ``events.csv``, ``summary.json``, and
    ``report.html``: one page to look at, to listen to and to have read aloud, which needs no network. Where
    the recording is longer than two minutes, the page plays the files beside it, and ``recording.wav`` is
    one of them. Either all are written or none; older ones of the same names are replaced. Who is killed in
    the moment of that may find some of the files missing, and never one beside others of another recording.

    Parameters
    ----------
    source
        As for `marsaudio.load`, or a recording.
    directory
        Made when it is missing.
    rover_noise : Recording or RoverModel, optional
        A recording of the rover alone, or what was learned from one, as for `marsaudio.separate`.
    progress : bool or callable, optional
        True shows a bar on standard error where it takes longer than a second, and one of a download. A
        function is given the share that is done, from 0 to 1, again and again.
    **detection
        `false_alarms_per_minute`, `band`, `minimum_duration` and `merge_gap`, as for
        `marsaudio.detect_wind`.

    Returns
    -------
    Analysis

    Raises
    ------
    ParameterError
        A value is out of its range, or an output would replace the input.
    DataUnavailableError, AudioFormatError
        As `marsaudio.load`.
    OutputError
        The folder or a file in it cannot be written. What stood there before still does.

    See Also
    --------
    marsaudio.write_report : The page alone.
    marsaudio.batch.run : The same for many recordings.
    separate : Only the stems.
    detect_wind : Only the events.

    Notes
    -----
    It holds the recording and both stems in memory. For hours of sound use `marsaudio.separate_file`.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     analysis = ma.analyze("sample", folder)
    ...     sorted(path.name for path in analysis.files.values())
    ['events.csv', 'report.html', 'rover.wav', 'spectrogram.png', 'summary.json', 'wind.wav']
    """
    folder = Path(directory)
    _check_folder(folder)
    recording = source if isinstance(source, Recording) else _load(source, progress=progress is True)
    names = FILE_NAMES if fits_inside(recording.duration) else FILE_NAMES | {"recording": RECORDING}
    files = {name: folder / file_name for name, file_name in names.items()}
    for one in _inputs(recording, rover_noise):
        check_input_is_kept(one.source, files.values())
    from marsaudio import plot

    with telling(progress, _what_is_done(recording)) as tell:
        found = _find(recording, rover_noise, detection, tell)
        stems, events, summary = found.stems, found.events, dict(found.summary)
        figure = plot.overview(stems, events)
        tell(DRAWN)
        lines = summary.pop("lines")  # last, as they are many
        summary |= {
            "description": found.description,
            "files": dict(names),
            # Apart from the rest, which is the same each time the same recording is analysed.
            "run": {"finished_utc": datetime.now(UTC).isoformat(timespec="seconds")},
            "lines": lines,
        }
        # All under temporary names first; they take their own only when the last of them is whole.
        with replace_together_when_complete(files.values()) as temporaries:
            written = dict(zip(files, temporaries, strict=True))
            encoding = _stem_encoding(stems)
            stems.wind.save(written["wind"], encoding=encoding)
            stems.rover.save(written["rover"], encoding=encoding)
            figure.save(written["spectrogram"])
            events.save(written["events"])
            write_text(written["summary"], to_json(summary))
            if "recording" in written:
                recording.save(written["recording"], encoding=encoding)
            write_text(written["report"], page_text(found, names))
    return Analysis(recording, stems, events, summary, found.description, files)


def write_report(
    source: str | os.PathLike[str] | BinaryIO | Recording = "sample",
    path: str | os.PathLike[str] = "report.html",
    *,
    rover_noise: Recording | RoverModel | None = None,
    progress: Progress = True,
    **detection: Any,
) -> Path:
    """Separate a recording, find its wind events, and write one page to look at, to listen to and to read.

    The page holds all that it needs, and fetches nothing: players, pictures with a playhead, the events, what
    was done and what is uncertain. Where the recording is longer than two minutes, its sound does not go
    into the page but beside it, as ``report-recording.wav``, ``report-wind.wav`` and ``report-rover.wav``
    for a page called ``report.html``.

    Parameters
    ----------
    source
        As for `marsaudio.load`, or a recording.
    path
        Of the page: it ends in .html.
    rover_noise, progress, **detection
        As for `analyze`.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    ParameterError
        A value is out of its range, the name does not end in .html, or an output would replace the input.
    DataUnavailableError, AudioFormatError, OutputError
        As `analyze`.

    See Also
    --------
    marsaudio.analyze : The page together with stems, picture, table and summary as files.

    Examples
    --------
    >>> import tempfile
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = ma.write_report("sample", f"{folder}/sample.html")
    ...     "Gust 1 blows from 2.3 to 3.8 s" in page.read_text(encoding="utf-8")
    True
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"path={str(path)!r} must end in .html, as the report is a page.")
    recording = source if isinstance(source, Recording) else _load(source, progress=progress is True)
    names = {}
    if not fits_inside(recording.duration):
        names = {name: f"{path.stem}-{name}.wav" for name in ("recording", "wind", "rover")}
    files = {name: path.with_name(file_name) for name, file_name in names.items()}
    for one in _inputs(recording, rover_noise):
        check_input_is_kept(one.source, [path, *files.values()])
    with telling(progress, _what_is_done(recording)) as tell:
        found = _find(recording, rover_noise, detection, tell)
        sounds = {"recording": recording, "wind": found.stems.wind, "rover": found.stems.rover}
        with replace_together_when_complete([path, *files.values()]) as (page, *temporaries):
            for name, temporary in zip(files, temporaries, strict=True):
                sounds[name].save(temporary, encoding=_stem_encoding(found.stems))
            write_text(page, page_text(found, names))
    return path


def _inputs(recording: Recording, rover_noise: Recording | RoverModel | None) -> list[Recording]:
    return [recording, *([rover_noise] if isinstance(rover_noise, Recording) else [])]


def _load(source: str | os.PathLike[str] | BinaryIO, *, progress: bool) -> Recording:
    """Load, and note the file's checksum at once: later, another one may stand there."""
    recording = load(source, progress=progress)
    known = recording.source
    if known.path is None or known.file_state is None:
        return recording
    sha256 = sha256_of_state(Path(known.path), known.file_state)
    if sha256 is None:
        raise AudioFormatError(
            f"{known.path!r} was written to or removed while it was read: its checksum cannot be told. Wait "
            "until it is whole, and start again."
        )
    return dataclasses.replace(recording, source=dataclasses.replace(known, sha256=sha256))


def _what_is_done(recording: Recording) -> str:
    return f"Analysing, {recording.duration:.0f} s of sound"


def _find(
    recording: Recording,
    rover_noise: Recording | RoverModel | None,
    detection: Mapping[str, Any],
    tell: Tell,
) -> Results:
    stems = separate(recording, rover_noise=rover_noise, progress=of_part(tell, 0.0, SEPARATED))
    events = detect_wind(recording, progress=of_part(tell, SEPARATED, FOUND), **detection)
    summary = summarize(recording, stems, events, rover_noise=rover_noise)
    return Results(stems, events, summary, describe(recording, events, stems=stems))


def _stem_encoding(stems: Stems) -> str:
    """One encoding for both stems: the recording's, or float where one of them is too loud for it."""
    chosen = {choose_encoding(stem.samples, "WAV", preferred=stem.source.encoding) for stem in stems}
    if len(chosen) == 1:
        return chosen.pop()
    return FALLBACK_ENCODING["WAV"]


def _check_folder(folder: Path) -> None:
    """Refuse, before any work is done, a place where nothing can be written."""
    nearest = folder
    while kind_of(nearest) == "nothing" and nearest != nearest.parent:
        nearest = nearest.parent
    if kind_of(nearest) != "folder":
        raise OutputError(f"Cannot write into {str(folder)!r}: {str(nearest)!r} is no folder. Name one.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(
            f"Cannot write into {str(folder)!r}: nothing may be written in {str(nearest.absolute())!r}. "
            "Choose another folder."
        )
