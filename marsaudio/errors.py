"""The errors that marsaudio raises: each names the value, what is allowed, and what to do."""

from __future__ import annotations


class MarsAudioError(Exception):
    """Everything that marsaudio raises on purpose."""


class ParameterError(MarsAudioError, ValueError):
    """A value that was passed in cannot be used."""


class AudioFormatError(MarsAudioError, OSError):
    """A file cannot be read as audio or as labels, or a format cannot hold these samples."""


class DataUnavailableError(MarsAudioError, FileNotFoundError):
    """A recording is neither on this machine nor to be had from where it is published."""


class OutputError(MarsAudioError, OSError):
    """A result could not be written; whatever stood at the target is still there."""


class CalibrationError(MarsAudioError, ValueError):
    """A sensitivity is missing, has no source, or is not a positive number."""


class MissingLibraryError(MarsAudioError, ImportError):
    """What was asked for needs a library that is not installed."""


class ClusterError(MarsAudioError, ConnectionError):
    """The processes or machines that share the work cannot be reached, or went away."""
