"""What there is to hear, and when, in plain sentences: for those who cannot see the pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from marsaudio.catalog import microphone_named
from marsaudio.errors import ParameterError
from marsaudio.events.detection import WIND_BAND, detect_wind
from marsaudio.events.event import WindEvent
from marsaudio.events.table import WindEvents, require_events, require_same_length
from marsaudio.mars_time import clock
from marsaudio.recording import Recording, require_recording
from marsaudio.separation.hum import Hum, find_hum
from marsaudio.separation.low_band import HIGHEST_WIND
from marsaudio.separation.run import Run
from marsaudio.separation.stems import Stems
from marsaudio.source import FOR_LISTENING, Source

MOST_TOLD_ONE_BY_ONE = 12  # gusts; of more, the strongest few
STRONGEST_TOLD = 5
SHORTEST_PAUSE = 0.5  # seconds
PERHAPS_CHANCE = 0.05  # the p-value from which an event may be chance, as is usual
ROUGH_DB = 0.5  # a ratio of powers that is known no better has one digit
SAME_WITHIN = 1e-6  # of the peak
WAVERS = 1.05  # times what steady noise does
FAINT_BELOW_GUSTS_DB = 50.0
# The lowest strings of instruments that many have heard, in Hz: tuned in fifths or fourths from a at 440 Hz.
LOWEST_STRINGS = {41.2: "a double bass", 65.4: "a cello", 130.8: "a viola", 196.0: "a violin"}
FULL_SCALE_IN_WORDS = (
    "0 dB re full scale is as loud as a file can hold, and every 20 dB less is a tenth of that in amplitude."
)
STEM = (
    "This is a separated stem, in which a part of the sound is missing. Look for events in the recording "
    "itself: the quiet there is another."
)
ALTERED = (
    "This is a copy altered for listening, and no measurement. Its times, levels and frequencies need not be "
    "those of the recording that it was made from."
)


def describe(recording: Recording, events: WindEvents | None = None, *, stems: Stems | None = None) -> str:
    """Say in plain sentences what there is to hear, and when.

    What it is, when a gust blows and how much louder than the quiet, which frequencies, and what hums under
    it. Every figure of a gust is one that `marsaudio.detect_wind` gives: so it is of the band, without the
    rover's tones. The quiet is the level of the calmest moments; between gusts it may blow, too. Of a copy
    that was altered for listening it is only said that it is one.

    Parameters
    ----------
    recording : Recording
    events : WindEvents, optional
        What was found in it. None finds them with `marsaudio.detect_wind`.
    stems : Stems, optional
        Of this recording. None learns the rover's tones as `marsaudio.separate` does.

    Returns
    -------
    str
        Sentences, in paragraphs with an empty line between them.

    Raises
    ------
    ParameterError
        The events or stems are none, the events are of a recording of another length, or the stems of another
        recording.

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
    if stems is not None:
        _require_stems_of(recording, stems)
    if recording.source.is_altered:
        return printable(on_one_line(" ".join((*_what_it_is(recording), ALTERED))))
    if events is None:
        events = detect_wind(recording)
    models = stems.models if stems is not None else Run(recording, None, None, keep=False).learn()
    paragraphs = (
        _what_it_is(recording),
        *_course(recording, events),
        _character(events),
        _rover(find_hum(models, recording), events, recording.level_offset),
        _units(recording),
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


def _require_stems_of(recording: Recording, stems: Stems) -> None:
    if not isinstance(stems, Stems):
        raise ParameterError(
            f"stems={stems!r} must be what marsaudio.separate gives. Leave it out if you have none."
        )
    parts = stems.recording.samples
    # The sum of stems of floats is the recording to half a step of the peak.
    if parts.shape != recording.samples.shape or not np.allclose(
        parts, recording.samples, rtol=0, atol=SAME_WITHIN * float(np.abs(recording.samples).max())
    ):
        raise ParameterError(
            f"stems=... are those of {stems.recording.source.name!r}, and their sum is not this recording. "
            "Give its own, with separate(recording), or leave them out."
        )


def _what_it_is(recording: Recording) -> Iterator[str]:
    source = recording.source
    steps = "".join(f", {step}" for step in source.history if not step.startswith(FOR_LISTENING))
    title, *altered = (source.title or source.name).split(f", {FOR_LISTENING}")
    yield f"{title}{steps}, {_length(recording.duration)} long."
    altered += [step.removeprefix(FOR_LISTENING) for step in source.history if step.startswith(FOR_LISTENING)]
    if altered:
        yield f"Made for listening: {'; '.join(altered)}."
    if source.simulated:
        yield "It is simulated: nobody recorded it on Mars."
    else:
        yield from _where_and_when(recording)
    if source.is_stem and not source.is_altered:
        yield STEM
    if source.offset > 0 and not source.is_altered:
        yield f"Times count from the beginning of this part, {_time(source.offset)} into the recording."


def _where_and_when(recording: Recording) -> Iterator[str]:
    source = recording.source
    known = microphone_named(source.microphone)
    heard = []
    if known is not None:
        heard.append(f"by the {known.name} {known.place.partition(',')[0]}")
    elif source.microphone:
        heard.append(f"by the {source.microphone}")
    if source.sol is not None:
        heard.append(f"on sol {source.sol}, in days on Mars since the landing")
    if recording.start_time is not None:
        heard.append(f"from {clock(recording.start_time.local_mean_solar_time)} local mean solar time")
    if heard:
        yield f"It was recorded {', '.join(heard)}."


def _course(recording: Recording, events: WindEvents) -> Iterator[Iterable[str]]:
    """When it blows, gust by gust, and what was left out."""
    low, high = events.parameters.get("band_hz", WIND_BAND)
    band = f"between {low:g} and {high:g} Hz"
    if not events:
        yield [f"No gust of wind stands out {band}."]
    else:
        yield [f"{_count(events)}, {band} and without the rover's tones.", *_how_sure(events)]
        if len(events) <= MOST_TOLD_ONE_BY_ONE:
            yield from _one_by_one(events)
        else:
            yield _summed_up(events)
    yield _left_out(recording, events)


def _count(events: WindEvents) -> str:
    count = "One gust of wind stands" if len(events) == 1 else f"{len(events)} gusts of wind stand"
    unsure = sum(_may_be_chance(event) for event in events)
    doubt = (
        ""
        if not unsure
        else ", which may be chance"
        if len(events) == 1
        else f", {'one' if unsure == 1 else unsure} of them perhaps by chance"
    )
    return f"{count} out from the quiet{doubt}"


def _may_be_chance(event: WindEvent) -> bool:
    return event.p_value is not None and event.p_value >= PERHAPS_CHANCE


def _how_sure(events: WindEvents) -> Iterator[str]:
    edges = [
        uncertainty
        for event in events
        for uncertainty in (event.start_uncertainty, event.end_uncertainty)
        if uncertainty is not None
    ]
    if edges:
        yield f"Where they begin and end is known to about {max(*edges, 0.05):.1f} s."


def _one_by_one(events: WindEvents) -> Iterator[Iterable[str]]:
    place = 0.0
    for number, event in enumerate(events, start=1):
        pause = [_pause(place, event.start)] if event.start - place >= SHORTEST_PAUSE else []
        yield [*pause, _gust(event, number, is_first=number == 1), *_doubts(event, events)]
        place = event.end
    if events.duration - place >= SHORTEST_PAUSE:
        yield [f"No gust is marked in the last {_seconds(events.duration - place)}."]


def _summed_up(events: WindEvents) -> Iterator[str]:
    if events.windy_share is not None:
        yield f"They fill {100 * events.windy_share:.0f} % of the time."
    strongest = sorted(events, key=lambda event: event.excess, reverse=True)[:STRONGEST_TOLD]
    told = [
        f"at {_time(event.start)}, {_seconds(event.duration)} long and {event.excess:.0f} dB louder"
        for event in sorted(strongest, key=lambda event: event.start)
    ]
    yield f"The {STRONGEST_TOLD} strongest begin {'; '.join(told)}."
    edges = [0.0, *(edge for event in events for edge in (event.start, event.end)), events.duration]
    pauses = list(zip(edges[::2], edges[1::2], strict=True))
    begin, end = max(pauses, key=lambda pause: pause[1] - pause[0])
    yield f"The longest time without one is from {_time(begin)} to {_time(end)}."
    rovers = sum(1 for event in events if event.rover_transient)
    if rovers:
        which = "One of them is heard" if rovers == 1 else f"{rovers} of them are heard"
        yield f"{which} above 1 kHz as well, and may be the rover's own."


def _pause(begin: float, end: float) -> str:
    if begin == 0:
        return f"No gust is marked in the first {_seconds(end)}."
    return f"Then none for {_seconds(end - begin)}."


def _gust(event: WindEvent, number: int, *, is_first: bool) -> str:
    louder = f"{event.excess:.0f} dB"
    if event.excess_uncertainty is not None:
        louder += f", give or take {max(event.excess_uncertainty, 1):.0f},"
    louder += " louder than the quiet"
    if is_first:
        rough = event.excess_uncertainty is not None and event.excess_uncertainty > ROUGH_DB
        louder += f" ({_times(10 ** (event.excess / 10), digits=1 if rough else 2)} its power)"
    # The length is that of the times as they are told, so that whoever adds them up finds it.
    start, end = round(event.start, 1), round(event.end, 1)
    return (
        f"Gust {number} blows from {start:.1f} to {end:.1f} s, {_seconds(end - start)} long, {louder}, and "
        f"is strongest at about {event.peak_time:.1f} s."
    )


def _doubts(event: WindEvent, events: WindEvents) -> Iterator[str]:
    if event.p_value is not None and _may_be_chance(event):
        wavers = any(
            quiet.wavering > WAVERS
            for quiet in events.quiet_levels
            if quiet.start <= event.start <= quiet.end
        )
        noise = "noise that wavers as this quiet does" if wavers else "steady noise like the quiet"
        yield (
            f"It may be chance: in {100 * event.p_value:.0f} of 100 recordings of this length, {noise} gives "
            "one as strong, or stronger."
        )
    if event.rover_transient:
        yield "It may be the rover's own, as it is heard above 1 kHz as well."


def _left_out(recording: Recording, events: WindEvents) -> Iterator[str]:
    """What there is to know of the search, and where nothing was recorded."""
    if events.note:
        yield events.note
    for gap in recording.gaps:
        yield f"From {gap.start:.1f} to {gap.stop:.1f} s there are no data ({gap.reason})."


def _character(events: WindEvents) -> Iterator[str]:
    centroids = [event.centroid for event in events if event.centroid is not None]
    if centroids:
        low, high = f"{min(centroids):.0f}", f"{max(centroids):.0f}"
        where = f"about {low} Hz" if low == high else f"{low} to {high} Hz"
        middle = sum(centroids) / len(centroids)
        nearest = min(LOWEST_STRINGS, key=lambda string: abs(np.log(middle / string)))
        hint = ""
        if abs(np.log2(middle / nearest)) < 0.5:
            hint = f"; the lowest string of {LOWEST_STRINGS[nearest]} sounds at {nearest:.0f} Hz"
        yield f"Within this band, the middle of what the gusts add lies at {where}{hint}."
    if events.quiet_level is not None:
        yield (
            f"The quiet, which is the level of the calmest moments, is at {_level(events.quiet_level)} "
            f"{events.unit} in that band, without the tones."
        )


def _rover(hum: Hum | None, events: WindEvents, level_offset: float) -> Iterator[str]:
    if hum is None:
        yield f"No steady tone, such as the rover's, is found below {HIGHEST_WIND / 1000:g} kHz."
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
            f"{hum.tones} tones from {hum.frequency:.0f} to {hum.highest:.0f} Hz, the strongest at "
            f"{hum.strongest:.0f} Hz"
        )
    always = hum.share == 1
    where = "all of it" if always else f"about {100 * hum.share:.0f} % of it"
    yield f"Under {where} is a steady hum, as the rover's machines make it: {tones}."
    level = hum.level + level_offset
    subject = "together they are" if hum.tones > 1 else "it is"
    told = f"{subject[0].upper()}{subject[1:]}" if always else f"While it is heard, {subject}"
    told += f" at {_level(level)} {events.unit}"
    if events.quiet_level is not None:
        difference = level - events.quiet_level
        side = "above" if difference >= 0 else "below"
        told += f", {abs(difference):.0f} dB {side} the quiet of the wind's band"
    yield f"{told}."
    below = max((event.level for event in events), default=level) - level
    if below >= FAINT_BELOW_GUSTS_DB:
        yield (
            f"That is {below:.0f} dB fainter than the strongest gust: where that is pleasant to hear, the "
            "hum is all but silent."
        )


def _units(recording: Recording) -> Iterator[str]:
    """What the levels are re, and who says so."""
    if recording.calibration is None:
        yield FULL_SCALE_IN_WORDS
    else:
        yield f"Levels are in pascals by the calibration of {recording.calibration.source}."


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


def _length(seconds: float) -> str:
    """Of a whole recording."""
    return f"{seconds:.1f} seconds" if seconds >= 0.05 else f"{1000 * seconds:.2g} milliseconds"


def _level(level: float) -> str:
    """In dB, with a sign that is read aloud as one, and none before zero."""
    return f"{round(level, 1) + 0.0:.1f}".replace("-", "−")


def _times(ratio: float, *, digits: int) -> str:
    """A ratio, in so many digits."""
    return f"{'about ' if digits == 1 else ''}{float(f'{ratio:.{digits}g}'):,.9g} times"
