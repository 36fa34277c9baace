"""What is known of an audio file, or of what is joined from several, before its samples are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Gap(NamedTuple):
    """A stretch of a recording of which there are no data: it holds silence, and counts in no statistic.

    Attributes
    ----------
    start, stop : float
        In seconds from the first sample.
    reason : str
        What is missing.

    Examples
    --------
    >>> import marsaudio as ma
    >>> gap = ma.Gap(12.0, 13.0, reason="no product of second 12 is here")
    >>> gap.stop - gap.start
    1.0
    """

    start: float
    stop: float
    reason: str


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Attributes
    ----------
    sample_rate : float
        In Hz; an int where it is whole.
    channels, frames : int
    container, encoding : str
        libsndfile's names, such as ``"WAV"`` and ``"PCM_16"``.
    metadata : dict of str to str
        What the file says about itself (title, date, software, project, ...).
    gaps : tuple of Gap
        Of what is joined from several files, where some are missing.
    notes : tuple of str
        What is doubtful about how much of the file is its sound, in whole sentences.
    """

    sample_rate: float
    channels: int
    frames: int
    container: str
    encoding: str
    metadata: dict[str, str] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


class Described:
    """What has an `info`, with its essentials at hand."""

    info: AudioInfo

    @property
    def sample_rate(self) -> float:
        """Samples a second, in Hz."""
        return self.info.sample_rate

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return self.info.channels

    @property
    def frames(self) -> int:
        """How many samples each channel has."""
        return self.info.frames
