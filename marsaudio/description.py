"""What there is to hear, and when, in plain sentences: for those who cannot see the pictures."""

from __future__ import annotations

from collections.abc import Iterator

from marsaudio.catalog import microphone_named
from marsaudio.errors import ParameterError
from marsaudio.events.detection import WIND_BAND, detect_wind
from marsaudio.events.table import WindEvent, WindEvents, require_events, require_same_length
from marsaudio.mars_time import clock
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.hum import Hum, find_hum
from marsaudio.separation.low_band import HIGHEST_WIND
from marsaudio.separation.run import Run
from marsaudio.separation.stems import Stems
from marsaudio.source import Source

MOST_TOLD_ONE_BY_ONE = 12  # gusts; of more, the strongest few
STRONGEST_TOLD = 5
SHORTEST_PAUSE = 0.5  # seconds
PERHAPS_CHANCE = 0.05  # the p-value from which an event may be chance, as is usual
ALTERED = (
    "This is a copy altered for listening, and no measurement. Its times, levels and frequencies need not be "
    "those of the recording that it was made from."
)


def describe(recording: Recording, events: WindEvents | None = None, *, stems: Stems | None = None) -> str:
    """Say in plain sentences what there is to hear, and when.

    What it is, when a gust blows and how much louder than the quiet, which frequencies, and what the rover
    hums under it. Every figure is one that `marsaudio.detect_wind` or `marsaudio.separate` gives. The quiet
    is the level of the calmest moments; between gusts it may blow, too, but nothing stands out there. Of a
    copy that was altered for listening it is only said that it is one.

    Parameters
    ----------
    recording : Recording
    events : WindEvents, optional
        What was found in it. None finds them with `marsaudio.detect_wind`.
    stems : Stems, optional
        Of the recording. None learns the rover's tones as `marsaudio.separate` does.

    Returns
    -------
    str
        Sentences, in paragraphs with an empty line between them.

    Raises
    ------
    ParameterError
        The events or stems are none, or of a recording of another length.

    See Also
    --------
    marsaudio.sonify : Hear where the gusts begin, or their level as a tone.

    Examples
    --------
    >>> import marsaudio as ma
    >>> print(ma.describe(ma.load("sample")).splitlines()[0])
    Simulated Mars wind and rover noise, 18.0 seconds long. It is simulated: nobody recorded it on Mars.
    """
    require_recording(recording, "describe")
    if events is not None:
        require_events(events, "describe")
        require_same_length(events, recording)
    if stems is not None and not isinstance(stems, Stems):
        raise ParameterError(
            f"stems={stems!r} must be what marsaudio.separate gives. Leave it out if you have none."
        )
    if recording.source.is_altered:
        return printable(on_one_line(" ".join((*_what_it_is(recording), ALTERED))))
    if events is None:
        events = detect_wind(recording)
    models = stems.models if stems is not None else Run(recording, None, None, keep=False).learn()
    paragraphs = (
        _what_it_is(recording),
        _course(recording, events),
        _character(events),
        _rover(find_hum(models), events, recording.level_offset),
    )
    told = (printable(on_one_line(" ".join(sentences))) for sentences in paragraphs)
    return "\n\n".join(paragraph for paragraph in told if paragraph)


def what_it_is(source: Source) -> str:
    """The source's name and title, and that it is simulated where it is."""
    title = f"{source.name} ({source.title})" if source.title and source.title != source.name else source.name
    return f"{title}, simulated, not recorded on Mars" if source.simulated else title


def printable(text: str) -> str:
    """The text with a question mark for each character that cannot be drawn, as in some names of files."""
    return "".join(character if character.isprintable() else "?" for character in text)


def on_one_line(text: str) -> str:
    """Paragraphs as one, for an alternative text."""
    return " ".join(text.split())


def _what_it_is(recording: Recording) -> Iterator[str]:
    source = recording.source
    steps = "".join(f", {step}" for step in source.history)
    yield f"{source.title or source.name}{steps}, {recording.duration:.1f} seconds long."
    if source.simulated:
        yield "It is simulated: nobody recorded it on Mars."
        return
    known = microphone_named(source.microphone)
    heard = []
    if source.microphone:
        heard.append(f"by the {known.name if known else source.microphone}")
    if source.sol is not None:
        heard.append(f"on sol {source.sol} of the mission")
    if recording.start_time is not None:
        heard.append(f"from {clock(recording.start_time.local_mean_solar_time)} local mean solar time")
    if heard:
        yield f"It was recorded {', '.join(heard)}."


def _course(recording: Recording, events: WindEvents) -> Iterator[str]:
    """When it is quiet, and when it blows."""
    if not events:
        low, high = events.parameters.get("band_hz", WIND_BAND)
        yield f"No gust of wind stands out between {low:g} and {high:g} Hz. {events.note}".strip()
    elif len(events) <= MOST_TOLD_ONE_BY_ONE:
        yield from _one_by_one(events)
    else:
        yield from _summed_up(events)
    for gap in recording.gaps:
        yield f"From {gap.start:.1f} to {gap.stop:.1f} s there are no data ({gap.reason})."
    if events.observed is not None and events.duration - events.observed >= SHORTEST_PAUSE:
        yield (
            f"Wind was listened for in {_seconds(events.observed)} of it; the rest is silent, faded out or "
            "missing."
        )


def _one_by_one(events: WindEvents) -> Iterator[str]:
    count = "One gust of wind stands" if len(events) == 1 else f"{len(events)} gusts of wind stand"
    yield f"{count} out from the quiet, between {events[0].low:g} and {events[0].high:g} Hz."
    place = 0.0
    for number, event in enumerate(events, start=1):
        if event.start - place >= SHORTEST_PAUSE:
            yield _pause(place, event.start)
        yield _gust(event, number, is_first=number == 1)
        yield from _doubts(event)
        place = event.end
    if events.duration - place >= SHORTEST_PAUSE:
        yield f"Nothing stands out in the last {_seconds(events.duration - place)}."


def _summed_up(events: WindEvents) -> Iterator[str]:
    share = "" if events.windy_share is None else f", {100 * events.windy_share:.0f} % of the time"
    yield (
        f"{len(events)} gusts of wind stand out from the quiet{share}, between {events[0].low:g} and "
        f"{events[0].high:g} Hz."
    )
    strongest = sorted(events, key=lambda event: event.excess, reverse=True)[:STRONGEST_TOLD]
    told = [
        f"at {_time(event.start)}, {_seconds(event.duration)} long and {event.excess:.0f} dB louder"
        for event in sorted(strongest, key=lambda event: event.start)
    ]
    yield f"The {STRONGEST_TOLD} strongest begin {'; '.join(told)}."
    edges = [0.0, *(edge for event in events for edge in (event.start, event.end)), events.duration]
    pauses = list(zip(edges[::2], edges[1::2], strict=True))
    begin, end = max(pauses, key=lambda pause: pause[1] - pause[0])
    yield f"The longest time in which none stands out is from {_time(begin)} to {_time(end)}."
    unsure = sum(1 for event in events if (event.p_value or 0.0) >= PERHAPS_CHANCE)
    if unsure:
        yield f"{unsure} of the gusts may be chance: steady noise alone does as much now and then."
    rovers = sum(1 for event in events if event.rover_transient)
    if rovers:
        yield f"{rovers} of them may be the rover's own, as they are heard above 1 kHz as well."


def _pause(begin: float, end: float) -> str:
    if begin == 0:
        return f"Nothing stands out in the first {_seconds(end)}."
    return f"Then nothing stands out for {_seconds(end - begin)}."


def _gust(event: WindEvent, number: int, *, is_first: bool) -> str:
    louder = f"{event.excess:.0f} dB louder than the quiet"
    if is_first:
        louder += f" ({_times(10 ** (event.excess / 10))} its power)"
    return (
        f"Gust {number} blows from {event.start:.1f} to {event.end:.1f} s, {_seconds(event.duration)} long, "
        f"{louder}, and is strongest at {event.peak_time:.1f} s."
    )


def _doubts(event: WindEvent) -> Iterator[str]:
    if event.p_value is not None and event.p_value >= PERHAPS_CHANCE:
        yield (
            f"It may be chance: in {100 * event.p_value:.0f} of 100 recordings of this length, steady noise "
            "as loud as the quiet gives one as strong, or stronger."
        )
    if event.rover_transient:
        yield "It may be the rover's own, as it is heard above 1 kHz as well."


def _character(events: WindEvents) -> Iterator[str]:
    centroids = [event.centroid for event in events if event.centroid is not None]
    if centroids:
        low, high = f"{min(centroids):.0f}", f"{max(centroids):.0f}"
        where = f"about {low} Hz" if low == high else f"{low} to {high} Hz"
        yield f"What the gusts add is deep: its middle lies at {where}."
    if events.quiet_level is not None:
        yield (
            f"The quiet, which is the level of the calmest moments, is at {_level(events.quiet_level)} "
            f"{events.unit} in that band."
        )


def _rover(hum: Hum | None, events: WindEvents, level_offset: float) -> Iterator[str]:
    if hum is None:
        yield f"No tone of the rover is found below {HIGHEST_WIND / 1000:g} kHz."
        return
    if hum.tones == 1:
        tones = f"a tone at {hum.frequency:.0f} Hz"
    elif hum.harmonic:
        multiples = "one multiple" if hum.tones == 2 else f"{hum.tones - 1} multiples"
        tones = (
            f"a tone at {hum.frequency:.0f} Hz and {multiples} of it below {HIGHEST_WIND / 1000:g} kHz, the "
            f"strongest at {hum.strongest:.0f} Hz"
        )
    else:
        tones = (
            f"{hum.tones} tones from {hum.frequency:.0f} Hz to {HIGHEST_WIND / 1000:g} kHz, the strongest at "
            f"{hum.strongest:.0f} Hz"
        )
    where = "all of it" if hum.share > 0.99 else f"{100 * hum.share:.0f} % of it"
    level = hum.level + level_offset
    yield f"Under {where} is the hum of the rover: {tones}."
    told = f"{'Together they are' if hum.tones > 1 else 'It is'} at {_level(level)} {events.unit}"
    if events.quiet_level is not None:
        difference = level - events.quiet_level
        side = "above" if difference >= 0 else "below"
        told += f", {abs(difference):.0f} dB {side} the quiet of the wind's band"
    yield f"{told}."


def _time(seconds: float) -> str:
    """Of a moment: in minutes and hours where there are some."""
    tenths = round(10 * seconds)
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    if tenths < 36000:
        return f"{tenths // 600} min {tenths % 600 / 10:04.1f} s"
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min {left:02} s"


def _seconds(seconds: float) -> str:
    """Of a length of time."""
    return f"{seconds:.1f} s" if seconds < 60 else _time(seconds)


def _level(level: float) -> str:
    """In dB, with a sign that is read aloud as one."""
    return f"{level:.1f}".replace("-", "−")


def _times(ratio: float) -> str:
    """A ratio, in two digits."""
    return f"{float(f'{ratio:.2g}'):,.9g} times"
