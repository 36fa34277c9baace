"""A wind event."""

from __future__ import annotations

from dataclasses import dataclass

WIND, ROVER = "wind", "rover transient"


@dataclass(frozen=True)
class WindEvent:
    """A stretch of time in which the wind rises above the quiet.

    Uncertainties are standard deviations of what chance alone does: of the time at which the level passes
    halfway from outside to inside, and of the mean level of Gaussian noise of this length and spectrum.

    Attributes
    ----------
    start, end : float
        In seconds from the recording's first sample.
    peak_time : float
        When the level is highest, in seconds.
    level : float
        Mean square in the band from start to end, in dB; ``WindEvents.unit`` says re what. The quiet is
        part of it.
    peak_level : float
        The highest level of a quarter of a second.
    excess : float
        `level` above the quiet level, in dB.
    low, high : float
        The band, in Hz.
    start_uncertainty, end_uncertainty : float or None
        In seconds. None where the event reaches the recording's end or what is muted: so the wind may have
        begun before, or gone on.
    peak_time_uncertainty : float or None
        In seconds: how far from the peak the level is about as high.
    level_uncertainty, excess_uncertainty : float or None
        In dB; of the excess, that of the quiet included.
    false_alarms_per_minute : float or None
        How many events as strong as this one, or stronger, noise like the quiet alone gives in a minute, by a
        fit to simulated noise. Below 0.01 it is an extrapolation; it is never given as less than 1e-6.
    p_value : float or None
        The chance that such noise alone gives at least one so strong in a recording of this length.
    centroid : float or None
        Mean frequency of the power that the event adds in the band, in Hz.
    rise_time, decay_time : float or None
        How long the smoothed level takes from 10 % to 90 % of the way, in dB, from outside to its peak, and
        back, in seconds: at least 0.4 s or so, as it is smoothed. None where it does not come down.
    broadband_excess : float or None
        By how much the noise above 1 kHz, or above the band, is louder than beside the event, in dB. None
        where nothing is recorded there, or there is nothing beside.
    rover_transient : bool
        That is more than chance and more than wind of this strength can reach up there: so the rover did it,
        or has its share in it.

    Examples
    --------
    >>> import marsaudio as ma
    >>> event = ma.detect_wind(ma.load("sample"))[0]
    >>> event
    <WindEvent 2.27 to 3.81 s, peak at 2.98 s, 28.2 dB over quiet>
    >>> round(event.duration, 2)
    1.54
    """

    start: float
    end: float
    peak_time: float
    level: float
    peak_level: float
    excess: float
    low: float
    high: float
    start_uncertainty: float | None = None
    end_uncertainty: float | None = None
    peak_time_uncertainty: float | None = None
    level_uncertainty: float | None = None
    excess_uncertainty: float | None = None
    false_alarms_per_minute: float | None = None
    p_value: float | None = None
    centroid: float | None = None
    rise_time: float | None = None
    decay_time: float | None = None
    broadband_excess: float | None = None
    rover_transient: bool = False

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def __repr__(self) -> str:
        rover = ", perhaps the rover's" if self.rover_transient else ""
        return (
            f"<WindEvent {self.start:.2f} to {self.end:.2f} s, peak at {self.peak_time:.2f} s, "
            f"{self.excess:.1f} dB over quiet{rover}>"
        )


def label_of(event: WindEvent) -> str:
    """What kind of event it is, in a table."""
    return ROVER if event.rover_transient else WIND
