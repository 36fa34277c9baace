"""Axes that show the time of day, on Earth and on Mars."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest

import marsaudio as ma

NOON = ma.MarsTime("2021-02-20T12:00:00Z")  # 06:06:34.7 by the mean sun there


@pytest.fixture
def recording():
    sample = ma.load("sample")
    return dataclasses.replace(sample, source=dataclasses.replace(sample.source, start_time=NOON))


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def ticks(axes):
    return [text.get_text() for text in axes.get_xticklabels()], list(axes.get_xticks())


def test_seconds_are_what_is_shown_otherwise(recording):
    assert ma.spectrogram(recording).plot().axes.get_xlabel() == "Time (s)"


def test_utc_counts_from_the_start(recording):
    axes = ma.spectrogram(recording).plot(time_axis="utc").axes
    labels, places = ticks(axes)
    assert axes.get_xlabel() == "UTC (2021-02-20)"
    assert labels[0] == "12:00:05"
    assert places[0] == pytest.approx(5.0)
    low, high = axes.get_xlim()
    assert (low, high) == pytest.approx((0.0, 18.0), abs=0.05)


@pytest.mark.parametrize(("kind", "name"), [("local_mean", "mean"), ("local_true", "true")])
def test_clocks_of_mars_are_slower(recording, kind, name):
    axes = ma.spectrogram(recording).plot(time_axis=kind).axes
    labels, places = ticks(axes)
    assert axes.get_xlabel() == f"Local {name} solar time (sol 2)"
    assert np.diff(places) == pytest.approx(5 * 88775.244 / 86400)
    for label, place in zip(labels, places, strict=True):
        moment = NOON.after(place)
        hours = moment.local_mean_solar_time if kind == "local_mean" else moment.local_true_solar_time
        hour, minute, second = map(int, label.split(":"))
        assert hours * 3600 == pytest.approx(hour * 3600 + minute * 60 + second, abs=0.02)


def test_clips_show_their_own_time(recording):
    axes = ma.spectrogram(recording.clip(7.0)).plot(time_axis="utc").axes
    labels, places = ticks(axes)
    assert labels[0] == "12:00:08"
    assert places[0] == pytest.approx(1.0)


@pytest.mark.parametrize("part", [lambda: ma.load("sample").clip(6.0), lambda: ma.load("sample", start=6.0)])
def test_times_count_from_the_first_sample_of_a_clip(part):
    clip = part()
    alone = ma.Recording(clip.samples, clip.sample_rate)
    assert clip.source.offset == 6.0
    for times_in in (
        lambda recording: ma.spectrogram(recording).times,
        lambda recording: ma.long_term_spectrogram(recording).times,
        lambda recording: ma.separate(recording).wind_upper.times,
        lambda recording: [(one.start, one.peak_time, one.end) for one in ma.detect_wind(recording)],
    ):
        assert len(times_in(clip)) > 0
        assert np.array_equal(times_in(clip), times_in(alone))


def test_hours_have_ticks_without_seconds():
    noise = np.zeros(3 * 3600 * 10, dtype=np.float32)
    noise[:] = 0.01 * np.random.default_rng(1).standard_normal(len(noise))
    slow = ma.Recording(noise, 10, source=ma.Source(start_time=NOON))
    labels, _ = ticks(ma.spectrogram(slow).plot(time_axis="utc", minimum_frequency=0.1).axes)
    assert labels[:2] == ["12:30", "13:00"]


def test_all_pictures_have_it(recording):
    stems, events = ma.separate(recording), ma.detect_wind(recording)
    shown = "Local mean solar time (sol 2)"
    assert ma.plot.overview(stems, events, time_axis="local_mean").axes[2].get_xlabel() == shown
    assert ma.plot.spectrogram(recording, time_axis="local_mean").axes[0].get_xlabel() == shown
    assert ma.plot.level(recording, events, time_axis="local_mean").axes.get_xlabel() == shown
    assert ma.plot.wind_range(stems, time_axis="local_mean").axes.get_xlabel() == shown


def test_events_have_the_time_of_day(recording):
    events = ma.detect_wind(recording)
    table = events.to_dataframe()
    first = events[0]
    began = NOON.after(first.start)
    assert events.start_time(first) == began
    assert table["sol"][0] == 2
    assert table["start_utc"][0] == began.utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert table["local_mean_solar_time"][0].startswith("06:06:3")
    assert "local mean time" in repr(events)


@pytest.mark.parametrize(
    ("kind", "says"), [("local_mean", "needs to know when the recording began"), ("mars", "must be one of")]
)
def test_without_a_start_there_is_no_time_of_day(kind, says):
    with pytest.raises(ma.ParameterError, match=says):
        ma.spectrogram(ma.load("sample")).plot(time_axis=kind)
