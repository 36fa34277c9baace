"""The table of wind events: a sequence that filters, sums up, and goes to files and to other tools."""

import csv
import sys

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.formats.event_table import COLUMNS


@pytest.fixture(scope="module")
def recording():
    return ma.load("sample")


@pytest.fixture(scope="module")
def events(recording):
    found = ma.detect_wind(recording)
    assert len(found) == 3
    return found


def test_slices_are_tables_of_the_same_recording(events):
    assert len(events[1:]) == 2
    assert events[1:][0] == events[1]
    assert events[-1] == events[2]
    assert list(events[:2]) == [events[0], events[1]]
    assert events[1:].quiet_level == events.quiet_level


def test_a_filter_keeps_what_it_is_asked_to_keep(events):
    loudest = max(event.excess for event in events)
    kept = events.filter(lambda event: event.excess == loudest)
    assert [event.excess for event in kept] == [loudest]
    assert kept.observed == events.observed
    assert len(events) == 3


def test_the_summary_figures_are_those_of_the_time_that_was_looked_at(events):
    assert events.observed == pytest.approx(events.duration, abs=0.3)
    assert events.events_per_minute == pytest.approx(3 / events.observed * 60)
    assert events.windy_share == pytest.approx(sum(event.duration for event in events) / events.observed)
    assert events[:1].events_per_minute == pytest.approx(events.events_per_minute / 3)


def test_gustiness_is_the_spread_of_the_level_without_that_of_noise(events):
    noise = np.random.default_rng(1).normal(0, 0.01, 30 * 8000)
    assert ma.detect_wind(ma.Recording(noise, 8000)).gustiness < 0.3
    assert events.gustiness > 5
    # A level that is up by 20 dB for half of the time has a standard deviation of 10 dB.
    half = np.where(np.arange(len(noise)) % 80000 < 40000, 10.0, 1.0)
    assert ma.detect_wind(ma.Recording(0.1 * half * noise, 8000)).gustiness == pytest.approx(10, abs=1)


def test_a_table_without_anything_to_measure_has_no_figures():
    events = ma.detect_wind(ma.Recording(np.zeros(8000), 8000))
    assert (events.events_per_minute, events.windy_share, events.gustiness) == (None, None, None)
    assert (events.quiet_level, events.quiet_levels) == (None, ())


def test_clips_hold_each_event_with_its_margin(recording, events):
    clips = events.clips(recording, margin=0.5)
    for clip, event in zip(clips, events, strict=True):
        assert clip.duration == pytest.approx(event.duration + 1.0, abs=0.01)
    assert len(events.clips(ma.separate(recording).wind)) == 3
    with pytest.raises(ma.ParameterError, match="same recording"):
        events.clips(recording.clip(0, 10))


@pytest.mark.parametrize("name", ["events.csv", "events.json", "events.selections.txt"])
def test_a_saved_table_comes_back_with_all_its_figures(events, tmp_path, name):
    labels = ma.read_labels(events.save(tmp_path / name))
    for label, event in zip(labels, events, strict=True):
        assert (label.start, label.end) == pytest.approx((event.start, event.end), abs=1e-6)
        assert (label.text, label.low, label.high) == ("wind", 20.0, 250.0)
        assert label.fields["level_unit"] == "dB re full scale"
        assert label.fields["rover_transient"] is False
        for attribute in ("peak_time", "level", "excess", "start_uncertainty", "centroid", "rise_time"):
            assert label.fields[COLUMNS[attribute]] == pytest.approx(getattr(event, attribute), abs=1e-3)
        assert label.fields["p_value"] == pytest.approx(event.p_value, rel=0.01)


def test_audacity_gets_times_and_band(events, tmp_path):
    labels = ma.read_labels(events.save(tmp_path / "events.txt"))
    assert [label.start for label in labels] == pytest.approx([event.start for event in events], abs=1e-6)
    assert {(label.text, label.low, label.high) for label in labels} == {("wind", 20.0, 250.0)}


def test_the_saved_table_has_units_in_its_header_also_without_events(events, tmp_path):
    lines = events.save(tmp_path / "events.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("start_s,end_s,duration_s,label,peak_time_s,level_db")
    assert set(lines[0].split(",")) == {*COLUMNS.values(), "label"}
    empty = events[:0].save(tmp_path / "empty.csv").read_text(encoding="utf-8").splitlines()
    assert empty == [lines[0]]


def test_the_table_can_be_saved_in_a_format_that_the_name_does_not_tell(events, tmp_path):
    path = events.save(tmp_path / "events.table", format="csv")
    assert len(ma.read_labels(path)) == 3
    with pytest.raises(ma.ParameterError, match=r"\.csv"):
        events.save(tmp_path / "events.wav")
    assert [file.name for file in tmp_path.iterdir()] == ["events.table"]


def test_a_rover_transient_is_labelled_as_one(events):
    shaken = ma.WindEvents(
        (ma.WindEvent(1.0, 2.0, 1.5, -20.0, -18.0, 9.0, 20.0, 250.0, rover_transient=True),),
        events.unit,
        events.quiet_level,
        events.duration,
        events.parameters,
    )
    assert shaken.labels()[0].text == "rover transient"
    assert "rover?" in repr(shaken)
    assert "rover?" in shaken._repr_html_()


class TestTheDataFrame:
    def test_has_the_columns_of_the_file_and_a_row_an_event(self, events, tmp_path):
        pandas = pytest.importorskip("pandas", reason="pandas comes with the extra 'tables'.")
        table = events.to_dataframe()
        assert isinstance(table, pandas.DataFrame)
        with open(events.save(tmp_path / "events.csv"), newline="", encoding="utf-8") as file:
            assert list(table.columns) == next(csv.reader(file))
        assert list(table["label"]) == [label.text for label in events.labels()]
        assert list(table["start_s"]) == [event.start for event in events]
        assert list(table["duration_s"]) == [event.duration for event in events]
        assert set(table["level_unit"]) == {events.unit}
        assert list(events[:0].to_dataframe().columns) == list(table.columns)

    def test_without_pandas_it_says_what_to_install(self, events, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ma.MissingLibraryError, match=r"pip install 'marsaudio\[tables\]'"):
            events.to_dataframe()


def test_the_table_reads_well(events):
    text = repr(events)
    assert "3 wind events in sample (simulated), 18.000 s" in text
    assert "over quiet" in text
    assert " ± " in text
    assert max(map(len, text.splitlines()[1:])) <= 90


def test_a_table_says_which_recording_it_is_of_and_whether_that_is_simulated(events, tmp_path):
    label = ma.read_labels(events.save(tmp_path / "events.csv"))[0]
    assert (label.fields["recording"], label.fields["simulated"]) == ("sample", True)
    named = ma.Source(title="made here")
    noise = np.random.default_rng(1).normal(0, 0.01, 8000 * 10)
    assert ma.detect_wind(ma.Recording(noise, 8000, source=named)).source == named
    assert ma.detect_wind_file("sample").source.simulated


@pytest.mark.parametrize(
    "draw", [ma.plot.level, lambda sound, events: ma.plot.overview(ma.separate(sound), events)]
)
def test_a_picture_wants_the_events_of_the_same_recording(draw, recording, events):
    with pytest.raises(ma.ParameterError, match="same recording"):
        draw(recording.clip(0, 10), events)
    with pytest.raises(ma.ParameterError, match=r"not a WindEvent.*events\[:1\]"):
        draw(recording, events[0])


def test_what_is_no_filter_and_no_margin_is_refused(recording, events):
    with pytest.raises(ma.ParameterError, match="lambda event"):
        events.filter("p_value < 0.01")
    with pytest.raises(ma.ParameterError, match="margin=-1"):
        events.clips(recording, margin=-1)


def test_events_and_labels_are_scored_as_they_are(events):
    assert ma.metrics.event_scores(events, events.labels()).f1 == 1.0
    assert ma.metrics.false_alarms(events[:1], events[1:]) == 1


def test_the_table_in_a_notebook_escapes_what_it_shows(events):
    odd = ma.WindEvents(events.events, "<script>", -50.0, 18.0, {}, "a & b")
    fragment = odd._repr_html_()
    assert "<script>" not in fragment
    assert "a &amp; b" in fragment
    assert fragment.count("<tr>") == 4
