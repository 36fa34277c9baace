"""The errors that marsaudio raises: each names the value, what is allowed, and what to do."""

from __future__ import annotations

import re

LONG_WORD = re.compile(r"(\S{500})\S{500,}")  # longer than any path that a person would read


class MarsAudioError(Exception):
    """Everything that marsaudio raises on purpose.

    Examples
    --------
    >>> import marsaudio as ma
    >>> try:
    ...     recording = ma.load("no_such_recording.wav")
    ... except ma.MarsAudioError as error:
    ...     print(type(error).__name__)
    DataUnavailableError
    """

    def __str__(self) -> str:
        """The message; what somebody wrote into a file to fill the screen is cut short."""
        return LONG_WORD.sub(r"\1...", super().__str__())


class ParameterError(MarsAudioError, ValueError):
    """A value that was passed in cannot be used.

    Examples
    --------
    >>> import marsaudio as ma
    >>> try:
    ...     ma.load("sample").clip(5.0, 4.0)
    ... except ma.ParameterError as error:
    ...     print(error)
    start=5 s is not before stop=4 s. Give a start before the stop, both from 0 to 18 s.
    """


class AudioFormatError(MarsAudioError, OSError):
    """A file cannot be read as audio or as labels, or a format cannot hold these samples.

    Examples
    --------
    >>> import io
    >>> import marsaudio as ma
    >>> try:
    ...     ma.load(io.BytesIO(b"no sound"))
    ... except ma.AudioFormatError as error:
    ...     print(str(error)[:45])
    The given file object cannot be read as audio
    """


class DataUnavailableError(MarsAudioError, FileNotFoundError):
    """A recording is neither on this machine nor to be had from where it is published.

    Examples
    --------
    >>> import marsaudio as ma
    >>> try:
    ...     ma.load("no_such_recording.wav")
    ... except ma.DataUnavailableError as error:
    ...     print(str(error)[:43])
    There is no file 'no_such_recording.wav'. C
    """


class OutputError(MarsAudioError, OSError):
    """A result could not be written; whatever stood at the target is still there.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import marsaudio as ma
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a file, and no folder")
    ...     file.touch()
    ...     try:
    ...         ma.load("sample").save(file / "copy.wav")
    ...     except ma.OutputError as error:
    ...         print(type(error).__name__)
    OutputError
    """


class CalibrationError(MarsAudioError, ValueError):
    """A sensitivity is missing, has no source, is not a positive number, or is given to no measurement.

    Examples
    --------
    >>> import marsaudio as ma
    >>> try:
    ...     ma.Calibration.from_sensitivity(0.0, volt_per_full_scale=2.5, source="an example")
    ... except ma.CalibrationError as error:
    ...     print(error)
    volt_per_pascal=0.0 must be a positive number.
    """


class MissingLibraryError(MarsAudioError, ImportError):
    """What was asked for needs a library that is not installed.

    Examples
    --------
    >>> import marsaudio as ma
    >>> try:
    ...     table = ma.detect_wind(ma.load("sample")).to_dataframe()  # needs pandas
    ... except ma.MissingLibraryError as error:
    ...     print(error)
    """


class ClusterError(MarsAudioError, ConnectionError):
    """The processes or machines that share the work cannot be reached, or went away.

    Examples
    --------
    It is a ConnectionError, too:

    >>> import marsaudio as ma
    >>> issubclass(ma.ClusterError, ConnectionError)
    True
    """
