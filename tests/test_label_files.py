"""Files of labels: as Audacity, Raven, spreadsheets and people write them, and back."""

import copy
import csv
import io
import json
import math
import os
import pickle
import re
import string
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

import marsaudio as ma
from marsaudio.formats import json_document, label_files, label_table

FORMULA_STARTS = set("=+-@\uff1d\uff0b\uff0d\uff20")  # a spreadsheet runs what begins so

GUSTS = (
    ma.Label(0.5, 1.25, "gust", 20.0, 200.0, {"level_db": -31.5, "checked": True}),
    ma.Label(2.0, 2.0, "knock", fields={"level_db": None, "checked": False}),
)


@pytest.fixture
def read(tmp_path):
    """Writes what is given under a name, and reads it as labels."""

    def read(contents, name="labels.txt", **kwargs):
        path = tmp_path / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return ma.read_labels(path, **kwargs)

    return read


@pytest.fixture
def written(tmp_path):
    """Writes labels under a name, and gives the text of the file."""
    return lambda labels, name: ma.write_labels(tmp_path / name, labels).read_bytes().decode()


def written_and_read(labels, name):
    with tempfile.TemporaryDirectory() as folder:
        return ma.read_labels(ma.write_labels(Path(folder, name), labels))


class TestLabels:
    def test_a_label_keeps_what_it_is_given(self):
        label = ma.Label(1, np.float32(2.5), "gust", low=np.int64(20), fields={"snr_db": np.float32(0.5)})
        assert label == ma.Label(1.0, 2.5, "gust", 20.0, None, {"snr_db": 0.5})
        assert label.duration == 1.5
        assert type(label.end) is type(label.fields["snr_db"]) is float

    def test_nobody_changes_it_from_outside(self):
        fields = {"level_db": -30.0}
        label = ma.Label(0.0, 1.0, fields=fields)
        fields["level_db"] = 0.0
        assert label.fields == {"level_db": -30.0}
        with pytest.raises(AttributeError):
            label.start = 3.0

    def test_it_can_be_hashed_copied_and_sent_to_another_process(self):
        assert len({GUSTS[0], copy.deepcopy(GUSTS[0]), pickle.loads(pickle.dumps(GUSTS[0]))}) == 1

    def test_no_time_has_a_minus(self):
        assert str(ma.Label(-0.0, -0.0).start) == "0.0"

    def test_a_single_frequency_is_a_band(self):
        assert ma.Label(0, 1, low=100.0, high=100.0).high == 100.0

    @pytest.mark.parametrize(
        ("kwargs", "said"),
        [
            ({"start": math.nan}, "start=nan must be a time"),
            ({"end": math.inf}, "end=inf"),
            ({"start": -0.5}, r"start=-0\.5 .* not negative"),
            ({"start": 3.0}, r"end=2\.0 lies before start=3\.0"),
            ({"end": 10**400}, "end=a int"),
            ({"start": "1.0"}, r"start='1\.0'"),
            ({"start": True}, "start=True"),
            ({"low": -1.0}, "low=-1.0 must be a frequency"),
            ({"low": 200, "high": 20}, r"high=20\.0 lies below low=200\.0"),
            ({"text": None}, "text=None must be a text"),
            ({"text": "a\0b"}, "null"),
            ({"fields": [("a", 1)]}, "fields=a list must be a dict"),
            ({"fields": {"": 1}}, "field called ''"),
            ({"fields": {" a": 1}}, "field called ' a'"),
            ({"fields": {"a\tb": 1}}, "cannot head a column"),
            ({"fields": {5: 1}}, "field called 5"),
            ({"fields": {"a": math.nan}}, r"fields\['a'\]=nan must be a finite number"),
            ({"fields": {"a": object()}}, "a object must be"),
            ({"fields": {"a": "x\0"}}, "null"),
        ],
    )
    def test_what_is_no_label_is_refused(self, kwargs, said):
        with refused(ma.ParameterError, said):
            ma.Label(**{"start": 1.0, "end": 2.0} | kwargs)


class TestAudacity:
    # The manual's examples (manual.audacityteam.org, "Importing and Exporting Labels").
    MANUAL = (
        "1.000000\t1.000000\tThis point was clicked at 6928.456055 Hz\n"
        "\\\t6928.456055\t6928.456055\n"
        "2.000000\t2.500000\tLow frequency undefined, High frequency 6334.588867 Hz\n"
        "\\\t-1.000000\t6334.588867\n"
        "3.000000\t3.500000\tLow frequency 8908.015625, High frequency undefined\n"
        "\\\t8908.015625\t-1.000000\n"
        "3.400000\t6.100000\tregion label from 3.4 to 6.1 seconds\n"
    )

    def test_points_regions_and_bands_are_read_as_in_the_manual(self, read):
        found = read(self.MANUAL)
        assert [(label.start, label.end) for label in found] == [(1, 1), (2, 2.5), (3, 3.5), (3.4, 6.1)]
        assert [(label.low, label.high) for label in found] == [
            (6928.456055, 6928.456055),
            (None, 6334.588867),
            (8908.015625, None),
            (None, None),
        ]
        assert found[3].text == "region label from 3.4 to 6.1 seconds"

    def test_what_is_written_is_as_in_the_manual(self, read, written):
        assert written(read(self.MANUAL), "again.txt") == self.MANUAL

    # As exported under a German locale (github.com/ynop/audiomate, issue 30).
    def test_decimal_commas_are_read(self, read):
        assert read("43352,824046\t43525,837661\tmusic\n") == (ma.Label(43352.824046, 43525.837661, "music"),)

    # As Audacity reads it, by the remarks in its LabelTrack.cpp; version 1.2 wrote such lines.
    def test_a_line_without_an_end_is_a_moment(self, read):
        texts = [
            (label.start, label.end, label.text) for label in read("0.5\tknock\n0.75\n1\t\tknock\n2\t3\n")
        ]
        assert texts == [(0.5, 0.5, "knock"), (0.75, 0.75, ""), (1.0, 1.0, "knock"), (2.0, 3.0, "")]

    # As Audacity reads it: its LabelTrack.cpp leaves them to future formats.
    def test_lines_of_formats_to_come_are_skipped(self, read):
        (label,) = read("1.0\t2.0\tgust\n\\\t20\t200\n\\colour\tred\n")
        assert label == ma.Label(1.0, 2.0, "gust", 20.0, 200.0)

    def test_texts_are_kept_with_their_spaces_and_quotes(self, read):
        assert [label.text for label in read('1\t2\t  "a", b \n1\t2\t\n1\t2\t\\x\n')] == [
            '  "a", b ',
            "",
            "\\x",
        ]

    def test_columns_that_audacity_does_not_know_are_not_lost(self, read):
        assert read("1\t2\tgust\tstrong\n")[0].text == "gust strong"

    def test_an_empty_track_has_no_labels(self, read, written):
        assert read("") == read("\n\n") == ()
        assert written([], "none.txt") == ""

    def test_tabs_and_line_breaks_become_spaces(self, written):
        assert written([ma.Label(1, 2, "a\tb\r\nc\nd")], "x.txt") == "1.000000\t2.000000\ta b c d\n"

    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            (
                "1\t2\tgust\n0.18131 5.127892 siren\n",
                "Line 2 of .*labels.txt' .*'0.18131 5.127892 siren' is no label",
            ),
            ("1\tx2\tgust\n", "Line 1 .*end 'x2' is no number of seconds"),
            ("1\tnan\tgust\n", "end 'nan'"),
            ("inf\t2\tgust\n", "start 'inf'"),
            ("1\t1e999\tgust\n", "end=inf must be a time"),
            ("1\t1_000\tgust\n", "end '1_000'"),
            ("00:01:02\t00:01:03\tgust\n", "start '00:01:02'"),
            ("1.234,5\t2\tgust\n", "start '1.234,5'"),
            ("-1\t2\tgust\n", r"start=-1\.0 must be"),
            ("\n\n3\t2\tgust\n", r"Line 3 .*end=2\.0 lies before start=3\.0"),
            ("\\\t20\t200\n", "Line 1 .*no label stands above"),
            ("1\t2\tgust\n\\\t20\n", "Line 2 .*is no band"),
            ("1\t2\tgust\n\\\tx\t200\n", "Line 2 .*is no band"),
            ("1\t2\tgust\n\\\t200\t20\n", r"Line 2 .*high=20\.0 lies below"),
        ],
    )
    def test_broken_lines_are_named(self, read, contents, said):
        with refused(ma.AudioFormatError, said):
            read(contents)


RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"

# As Raven saves a table with both views: the waveform's row has nothing that is measured in the spectrogram.
# Form and digits are those of a table with which a server for recordings of animals tests its import.
BOTH_VIEWS = (
    f"{RAVEN}Delta Time (s)\tDelta Freq (Hz)\tAvg Power Density (dB FS/Hz)\tAnnotation\n"
    "1\tWaveform 1\t1\t6.709509878\t15.096397225\t1739.012\t3798.813\t8.3869\t2059.801\t\tBirb\n"
    "1\tSpectrogram 1\t1\t6.709509878\t15.096397225\t1739.012\t3798.813\t8.3869\t2059.801\t-75.87\tBirb\n"
    "2\tWaveform 1\t1\t29.383026016\t40.257059266\t1587.060\t4136.485\t10.8740\t2549.426\t\towl\n"
    "2\tSpectrogram 1\t1\t29.383026016\t40.257059266\t1587.060\t4136.485\t10.8740\t2549.426\t-75.64\towl\n"
)
# As BirdNET-Analyzer writes one for several recordings.
BIRDNET = (
    "Selection\tView\tChannel\tBegin File\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
    "Species Code\tCommon Name\tConfidence\n"
    "1\tSpectrogram 1\t1\tPAM10.wav\t27.0\t30.0\t0\t15000\tcomyel\tCommon Yellowthroat\t0.1509\n"
    "3\tSpectrogram 1\t1\tPAM10.wav\t51.0\t54.0\t0\t15000\trensap\tRed-naped Sapsucker\t0.2931\n"
    "4\tSpectrogram 1\t1\tPAM10.wav\t51.0\t54.0\t0\t15000\tazujay1\tAzure Jay\t0.1941\n"
)


class TestRaven:
    def test_a_selection_with_two_views_is_one_label(self, read):
        first, second = read(BOTH_VIEWS)
        assert (first.start, first.end, first.text) == (6.709509878, 15.096397225, "Birb")
        assert (first.low, first.high) == (1739.012, 3798.813)
        assert first.fields == {
            "Delta Time (s)": 8.3869,
            "Delta Freq (Hz)": 2059.801,
            "Avg Power Density (dB FS/Hz)": -75.87,
        }
        assert second.text == "owl"

    def test_each_view_tells_what_it_measured(self, read):
        head = f"{RAVEN}Peak\tRMS\n"
        rows = ["7\tSpectrogram 1\t1\t1\t2\t20\t200\t50\t\n", "7\tWaveform 1\t1\t1\t2\t\t\t49\t0.5\n"]
        for table in (head + rows[0] + rows[1], head + rows[1] + rows[0]):
            assert read(table) == (ma.Label(1.0, 2.0, "", 20.0, 200.0, {"Peak": 50.0, "RMS": 0.5}),)

    def test_selections_that_only_look_alike_stay_apart(self, read):
        head = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tBegin File\n"
        rows = [
            "1\tWaveform 1\t1\t1\t2\ta.wav\n",
            "1\tSpectrogram 1\t1\t1\t2\tb.wav\n",
            "1\tSpectrogram 1\t2\t1\t2\ta.wav\n",
            "1\tSpectrogram 1\t1\t1\t2.5\ta.wav\n",
            "2\tSpectrogram 1\t1\t1\t2\ta.wav\n",
            "2\tSpectrogram 1\t1\t1\t2\ta.wav\n",
            "\tWaveform 1\t1\t1\t2\ta.wav\n",
            "\tSpectrogram 1\t1\t1\t2\ta.wav\n",
        ]
        assert len(read(head + "".join(rows))) == len(rows)
        assert len(read("Begin Time (s)\tEnd Time (s)\n1\t2\n1\t2\n")) == 2

    def test_tables_of_other_programs_and_several_files_keep_their_columns(self, read):
        found = read(BIRDNET, "night.BirdNET.selection.table.txt")
        assert [label.fields["Common Name"] for label in found] == [
            "Common Yellowthroat",
            "Red-naped Sapsucker",
            "Azure Jay",
        ]
        assert found[0].fields["Begin File"] == "PAM10.wav"
        assert found[0].fields["Confidence"] == 0.1509
        assert (found[0].low, found[0].high) == (0.0, 15000.0)

    def test_decimal_commas_are_read_in_all_numbers(self, read):
        (label,) = read("Selection\tBegin Time (s)\tEnd Time (s)\tRMS\tNote\n1\t0,5\t2\t-3,25\t1,x\n")
        assert label == ma.Label(0.5, 2.0, fields={"RMS": -3.25, "Note": "1,x"})

    @pytest.mark.parametrize("header", ["Begin Time (S)\tEnd Time (S)", "Begin Time(s)\tEnd Time(s)"])
    def test_spelling_of_the_columns_may_differ(self, read, header):
        assert read(f"{header}\tAnnotation\n1\t2\tgust\n") == (ma.Label(1.0, 2.0, "gust"),)

    def test_what_is_written_has_ravens_columns(self, written):
        assert written(GUSTS, "x.Table.1.selections.txt") == (
            f"{RAVEN}Annotation\tlevel_db\tchecked\n"
            "1\tSpectrogram 1\t1\t0.500000\t1.250000\t20\t200\tgust\t-31.5\ttrue\n"
            "2\tSpectrogram 1\t1\t2.000000\t2.000000\t\t\tknock\t\tfalse\n"
        )

    def test_a_channel_beside_the_first_is_kept(self, written, read):
        label = ma.Label(1, 2, "gust", fields={"Channel": 2.0})
        text = written([label], "x.selections.txt")
        assert text.splitlines()[1].startswith("1\tSpectrogram 1\t2\t")
        assert read(text) == (label,)

    def test_tabs_and_line_breaks_become_spaces(self, written, read):
        text = written([ma.Label(1, 2, "a\tb\r\nc", fields={"note": "d\ne"})], "x.selections.txt")
        assert read(text) == (ma.Label(1, 2, "a b c", fields={"note": "d e"}),)

    def test_a_table_without_selections_has_no_labels(self, written, read):
        assert read(written([], "none.selections.txt")) == ()

    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            (
                "Selection\tView\tChannel\n1\tWaveform 1\t1\n",
                "Line 1 .*'Begin Time \\(s\\)'.*'End Time \\(s\\)'",
            ),
            ("Begin Time (s)\tEnd Time (s)\n\n1\tx\n", "Line 3 .*end 'x' is no number of seconds"),
            ("Begin Time (s)\tEnd Time (s)\n1\n", "Line 2 .*end '' is no number"),
            ("Begin Time (s)\tEnd Time (s)\tLow Freq (Hz)\n1\t2\thigh\n", "Line 2 .*low frequency 'high'"),
            ("Begin Time (s)\tEnd Time (s)\n1\t2\t3\n", "Line 2 .*it has 3 cells, but the header names 2"),
            ("Begin Time (s)\tEnd Time (s)\ta\ta\n", "Line 1 .*two columns are called 'a'"),
        ],
    )
    def test_broken_tables_are_refused(self, read, contents, said):
        with refused(ma.AudioFormatError, said):
            read(contents)

    def test_an_empty_file_is_no_table(self, read):
        with refused(ma.AudioFormatError, "it is empty"):
            read("", format="raven")

    def test_a_field_cannot_be_one_of_ravens_columns(self, tmp_path):
        with refused(ma.ParameterError, "'annotation'.*Rename the field"):
            ma.write_labels(tmp_path / "x.selections.txt", [ma.Label(1, 2, fields={"annotation": "x"})])


class TestCSV:
    def test_what_is_written_has_units_in_its_header(self, written):
        assert written(GUSTS, "x.csv") == (
            "start_s,end_s,duration_s,label,level_db,low_hz,high_hz,checked\n"
            "0.500000,1.250000,0.750000,gust,-31.5,20,200,true\n"
            "2.000000,2.000000,0.000000,knock,,,,false\n"
        )
        assert written([], "x.csv") == "start_s,end_s,duration_s,label,low_hz,high_hz\n"
        assert written([ma.Label(1, 2)], "x.csv") == "start_s,end_s,duration_s\n1.000000,2.000000,1.000000\n"

    def test_small_and_large_numbers_keep_their_digits(self, written, read):
        fields = {"p": 1e-9, "n": 123456789.0, "third": 1 / 3, "huge": 1e300, "minus": -0.5, "nought": 0.0}
        assert "1e-09,123456789,0.3333333333333333,1e+300,-0.5,0\n" in (
            text := written([ma.Label(1, 2, fields=fields)], "x.csv")
        )
        assert read(text, "x.csv")[0].fields == fields

    def test_the_table_of_wind_events_is_read(self, tmp_path):
        events = ma.detect_wind(ma.load("sample"))
        found = ma.read_labels(events.save(tmp_path / "events.csv"))
        assert len(found) == len(events) > 0
        for label, event in zip(found, events, strict=True):
            assert label.start == pytest.approx(event.start, abs=1e-3)
            assert label.low == event.low
            assert label.fields["level_unit"] == events.unit
            assert "duration_s" not in label.fields

    # The tables of sed_eval and of the DCASE challenges: separated by tabs, or in lines without a header.
    @pytest.mark.parametrize("name", ["x.tsv", "x.csv", "x.txt", "x.ann"])
    def test_event_lists_of_dcase_are_read(self, read, name):
        text = "filename\tonset\toffset\tevent_label\na.wav\t21.64715\t23.00552\talert\n"
        assert read(text, name) == (ma.Label(21.64715, 23.00552, "alert", fields={"filename": "a.wav"}),)

    def test_event_lists_without_a_header_are_read_as_label_tracks(self, read):
        assert read("21.64715\t23.00552\talert\n", "x.ann") == (ma.Label(21.64715, 23.00552, "alert"),)

    # As Excel writes a sheet in a country with decimal commas: "CSV UTF-8" begins with a byte order mark.
    def test_semicolons_and_decimal_commas_are_read(self, read):
        text = '\ufeffstart;end;label;level\r\n0,5;1,25;"Böe; stark";-31,5\r\n2;3;;\r\n;;;\r\n'
        assert read(text, "x.csv") == (
            ma.Label(0.5, 1.25, "Böe; stark", fields={"level": -31.5}),
            ma.Label(2.0, 3.0, "", fields={"level": None}),
        )

    def test_commas_in_a_text_are_no_decimal_commas_where_times_have_points(self, read):
        assert read('start,end,note\n0.5,1,"1,5"\n', "x.csv")[0].fields == {"note": "1,5"}

    def test_decimal_commas_may_be_quoted_instead(self, read):
        assert read('start,end,p\n"0,5","1,5","0,1"\n', "x.csv") == (ma.Label(0.5, 1.5, fields={"p": 0.1}),)

    # As pandas writes it: with a column of row numbers that has no name.
    def test_columns_without_a_name_are_left_out(self, read):
        assert read(",start,end,label\n0,1.0,2.0,gust\n", "x.csv") == (ma.Label(1.0, 2.0, "gust"),)

    def test_spaces_and_capitals_in_the_header_do_not_matter(self, read):
        assert read(" Start , END,Label\n1 , 2 ,gust\n", "x.csv") == (ma.Label(1.0, 2.0, "gust"),)

    def test_quoted_cells_hold_anything(self, read):
        text = 'start,end,label\n1,2,"a ""b"", c\nd"\n3,4,"e"'
        assert [label.text for label in read(text, "x.csv")] == ['a "b", c\nd', "e"]

    def test_short_rows_and_empty_ends_of_rows_are_read(self, read):
        found = read("start,end,label,note\n1,2\n3,4,gust,x,,\n", "x.csv")
        assert found == (ma.Label(1.0, 2.0), ma.Label(3.0, 4.0, "gust", fields={"note": "x"}))

    def test_true_false_and_nothing_are_such_values(self, read):
        (label,) = read("start,end,a,b,c,d\n1,2,TRUE,false,,x\n", "x.csv")
        assert label.fields == {"a": True, "b": False, "c": None, "d": "x"}

    def test_what_no_float_can_hold_stays_a_text(self, read):
        assert read("start,end,a\n1,2,1e999\n", "x.csv")[0].fields == {"a": "1e999"}

    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+x",
            "-5",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "'=1",
            "''-x",
            "\uff1d1",
            "x;=1",
            "x;'-1;5",
            "x\t\t@y",
            'x;"=1+1;y',
            'x\t"=1+1\ty',
            'x; "" =1',
            "x, =1",
            'x\n"-1',
            '"=1+1',
            " =1+1",
            "  '=1",
            "\x0b=1",
            "\x01=1",
            "\u00a0=1",
            "\u3000=1",
            "\ufeff=1",
            "\u200b+1",
            "x;\u202e@1",
            40 * "\x1e" + "x;=1",  # of which no pattern may try every division
        ],
    )
    def test_no_spreadsheet_runs_a_text_as_a_formula(self, written, read, text):
        label = ma.Label(1, 2, text, fields={"note": text, f"{' '.join(text.split())}!": 1.0})
        contents = written([label], "x.csv")
        # Also where semicolons or tabs divide them, and what cannot be seen is passed over.
        cells = re.split("[,;\t\r\n]", contents.replace('"', ""))
        seen = [cell.strip("\x01\ufeff\u200b\u202e" + string.whitespace + "\xa0\u3000") for cell in cells]
        assert not [cell for cell in (*cells, *seen) if cell[:1] in FORMULA_STARTS], contents
        for delimiter in ",;\t":
            rows = csv.reader(io.StringIO(contents, newline=""), delimiter=delimiter)
            assert not [cell for row in rows for cell in row if cell.strip()[:1] in FORMULA_STARTS]
        assert read(contents, "x.csv") == (label,)

    def test_numbers_below_zero_are_no_formulas(self, written):
        assert ",-5\n" in written([ma.Label(1, 2, fields={"level": -5})], "x.csv")

    def test_apostrophes_of_others_stay(self, written, read):
        label = ma.Label(1, 2, "'tis", fields={"note": "'"})
        text = written([label], "x.csv")
        assert ",'tis," in text
        assert read(text, "x.csv") == (label,)

    def test_texts_that_look_like_numbers_stay_texts(self, written, read):
        label = ma.Label(1, 2, "12", fields={"a": "12", "b": "True", "c": " ", "d": "1e5", "e": "1\t\r "})
        assert read(written([label], "x.csv"), "x.csv") == (label,)

    @pytest.mark.parametrize("name", ["text", "low", "High Freq (Hz)", "start", "offset", "event_label"])
    def test_fields_with_the_meaning_of_a_column_stay_fields(self, written, read, name):
        label = ma.Label(1, 2, fields={name: 7.0})
        assert read(written([label], "x.csv"), "x.csv") == (label,)

    def test_a_field_cannot_be_one_of_the_own_columns(self, tmp_path):
        with refused(ma.ParameterError, "'End_s'.*'end_s' is a column.*Rename the field"):
            ma.write_labels(tmp_path / "x.csv", [ma.Label(1, 2, fields={"End_s": 3.0})])

    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            ("", "it is empty"),
            ("\n \n", "it is empty"),
            ("1,2,gust\n", "Line 1 .*'1, 2, gust'.*'start_s'.*'end_s'"),
            ("\nstart,label\n1,gust\n", "Line 2 .*without one for the ends, called 'end_s', .* or "),
            ("start,end\n1,2\n\n3,x\n", "Line 4 .*end 'x' is no number of seconds"),
            ('start,end,label\n1,2,"a\nb"\n3,NaN,c\n', "Line 4 .*end 'NaN'"),
            ("start,end\n,2\n", "Line 2 .*start '' is no number"),
            ("start,end\n3,2\n", r"Line 2 .*end=2\.0 lies before start=3\.0"),
            ("start,end,label\n1,5,2,5,gust\n", "Line 2 .*5 cells, but the header names 3.*decimal comma"),
            ('start,end,label\n1,2,"gust\n3,4,x\n', "Line 2 .*it is no row of a table .*quotation marks"),
            ("start,end,low\n1,2,deep\n", "Line 2 .*low frequency 'deep' is no number of hertz"),
            ("start,end,a,a\n", "two columns are called 'a'"),
            ("start,end,label\n1,2," + "x" * 200_000, "Line 2 .*no row of a table"),
            ("start,end," + ",".join(f"c{i}" for i in range(200_000)), "Line 1 .*names 200002 columns"),
        ],
        ids=lambda value: value[:20],
    )
    def test_broken_tables_are_refused(self, read, contents, said):
        with refused(ma.AudioFormatError, said):
            read(contents, "x.csv")


class TestJSON:
    def test_what_is_written_says_what_it_is(self, written):
        assert json.loads(written(GUSTS, "x.json")) == {
            "format": "marsaudio labels",
            "version": 1,
            "labels": [
                {
                    "start": 0.5,
                    "end": 1.25,
                    "text": "gust",
                    "low": 20.0,
                    "high": 200.0,
                    "fields": {"level_db": -31.5, "checked": True},
                },
                {
                    "start": 2.0,
                    "end": 2.0,
                    "text": "knock",
                    "low": None,
                    "high": None,
                    "fields": {"level_db": None, "checked": False},
                },
            ],
        }

    def test_each_label_has_a_line(self, written):
        assert written(GUSTS, "x.json").count("\n") == len(GUSTS) + 2

    def test_only_start_and_end_must_be_there(self, read):
        text = '{"format": "marsaudio labels", "version": 1, "labels": [{"start": 1, "end": 2}]}'
        assert read(text, "x.json") == read(text, "x.anything") == read(text, "x.txt") == (ma.Label(1, 2),)

    def test_names_that_are_no_unicode_come_back(self):
        label = ma.Label(1, 2, "x\udcff.wav")
        assert written_and_read([label], "x.json") == (label,)

    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            ("", "Line 1 .*it is no JSON"),
            ('{\n"format":\n', "Line 3 .*it is no JSON"),
            ("[1, 2]", 'some other JSON, without "format": "marsaudio labels"'),
            # What Audacity exports for podcasts under this name (its pull request 9935).
            ('{"version": "1.2.0", "chapters": [{"startTime": 1.5, "title": "a"}]}', "some other JSON"),
            (
                '{"format": "marsaudio labels", "version": 2, "labels": []}',
                r"of version 2\.0, .*reads version 1",
            ),
            ('{"format": "marsaudio labels", "labels": []}', "of version None"),
            ('{"format": "marsaudio labels", "version": 1}', '"labels" are no list'),
            ("[" * 100_000, "nested too deeply"),
            ('{"format": NaN}', "NaN is no value"),
        ],
        ids=lambda value: value[:20],
    )
    def test_what_is_no_file_of_labels_is_refused(self, read, contents, said):
        with refused(ma.AudioFormatError, said):
            read(contents, "x.json")

    @pytest.mark.parametrize(
        ("label", "said"),
        [
            ("5", r"Label 2 of .*x.json' .*it is 5"),
            ('{"start": 1}', "it has no end"),
            ('{"start": 1, "end": "2"}', "end='2' must be a time"),
            ('{"start": 1, "end": 0}', "lies before"),
            ('{"start": 1, "end": 1e999}', "end=inf"),
            ('{"start": 1, "end": ' + "9" * 5000 + "}", "end=inf"),
            ('{"start": true, "end": 1}', "start=True"),
            ('{"start": 1, "end": 2, "text": null}', "text=None"),
            ('{"start": 1, "end": 2, "lable": "x"}', "a label has no 'lable'"),
            ('{"start": 1, "end": 2, "fields": {"a": [1]}}', r"fields\['a'\]=a list"),
            ('{"start": 1, "end": 2, "text": "\\u0000"}', "null"),
        ],
    )
    def test_broken_labels_are_named(self, read, label, said):
        first = '{"start": 1, "end": 2}'
        with refused(ma.AudioFormatError, said):
            read(f'{{"format": "marsaudio labels", "version": 1, "labels": [{first}, {label}]}}', "x.json")

    def test_too_many_values_are_refused_before_they_are_parsed(self, read, monkeypatch):
        monkeypatch.setattr(json_document, "MOST_VALUES", 6)
        label = '{"start": 1, "end": 2}'
        opened = '{"format": "marsaudio labels", "version": 1, "labels": ['
        assert len(read(f"{opened}{label}]}}", "x.json")) == 1
        for more in (f"{opened}{label}, {{}}]}}", f"{opened}[1, 2, 3]", "[" * 7, "{}," * 4):
            with refused(ma.AudioFormatError, "more than .* values. Divide it into several files"):
                read(more, "x.json")


CONTENTS = {
    "x.txt": "1.0\t2.0\tBöe\n3.0\t4.0\tknock\n",
    "x.selections.txt": "Begin Time (s)\tEnd Time (s)\tAnnotation\n1.0\t2.0\tBöe\n3.0\t4.0\tknock\n",
    "x.csv": "start,end,label\n1.0,2.0,Böe\n3.0,4.0,knock\n",
    "x.json": '{"format": "marsaudio labels", "version": 1, "labels": [\n'
    '{"start": 1, "end": 2, "text": "Böe"},\n{"start": 3, "end": 4, "text": "knock"}]}\n',
}
EXPECTED = (ma.Label(1.0, 2.0, "Böe"), ma.Label(3.0, 4.0, "knock"))


class TestFiles:
    @pytest.mark.parametrize("name", CONTENTS)
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("last", [True, False])
    def test_texts_are_read_in_whatever_encoding_and_line_ends(self, read, name, encoding, line_end, last):
        text = CONTENTS[name] if last else CONTENTS[name].removesuffix("\n")
        if encoding == "utf-16-be":
            text = "\ufeff" + text
        assert read(text.replace("\n", line_end).encode(encoding), name) == EXPECTED

    @pytest.mark.parametrize("name", CONTENTS)
    def test_the_format_can_be_said_instead_of_found(self, read, name):
        format = {"x.txt": "audacity", "x.selections.txt": "raven"}.get(name, name.removeprefix("x."))
        assert read(CONTENTS[name], "labels.dat", format=format) == EXPECTED
        assert read(CONTENTS[name], "labels.dat") == EXPECTED

    def test_a_format_that_is_said_goes_before_the_name(self, tmp_path):
        path = ma.write_labels(tmp_path / "x.txt", GUSTS, format="json")
        assert ma.read_labels(path, format="json") == GUSTS
        with refused(ma.AudioFormatError, "Line 1"):
            ma.read_labels(path, format="audacity")

    def test_capitals_in_the_name_do_not_matter(self, tmp_path):
        assert ma.write_labels(tmp_path / "X.CSV", GUSTS).read_text().startswith("start_s,")
        assert ma.write_labels(tmp_path / "X.SELECTIONS.TXT", GUSTS).read_text().startswith("Selection\t")

    @pytest.mark.parametrize("name", ["x.wav", "x", "x.tsv"])
    def test_a_name_that_tells_no_format_is_not_written(self, tmp_path, name):
        with refused(ma.ParameterError, r"does not tell the format\. End it in \.selections\.txt, \.txt"):
            ma.write_labels(tmp_path / name, GUSTS)
        assert list(tmp_path.iterdir()) == []

    def test_an_unknown_format_is_refused(self, tmp_path):
        with refused(ma.ParameterError, "format='xml' is none of 'audacity', 'raven'"):
            ma.write_labels(tmp_path / "x.csv", GUSTS, format="xml")
        with refused(ma.ParameterError, "format='xml'"):
            ma.read_labels(tmp_path / "x.csv", format="xml")

    def test_what_is_no_label_is_not_written(self, tmp_path):
        with refused(ma.ParameterError, "one is a tuple"):
            ma.write_labels(tmp_path / "x.csv", [(1.0, 2.0)])
        with refused(ma.ParameterError, "one is a WindEvent"):
            ma.write_labels(tmp_path / "x.csv", ma.detect_wind(ma.load("sample")))
        assert list(tmp_path.iterdir()) == []

    def test_labels_may_come_one_by_one(self, tmp_path):
        assert ma.read_labels(ma.write_labels(tmp_path / "x.json", iter(GUSTS))) == GUSTS

    def test_an_older_file_stays_where_writing_fails(self, tmp_path):
        path = ma.write_labels(tmp_path / "x.csv", GUSTS)
        before = path.read_bytes()
        with refused(ma.ParameterError, "Rename the field"):
            ma.write_labels(path, [ma.Label(1, 2, fields={"label": "x"})])
        assert path.read_bytes() == before
        with refused(ma.OutputError, "it is a folder"):
            ma.write_labels(tmp_path, GUSTS, format="csv")

    def test_a_missing_file_is_refused_as_a_missing_recording_is(self, tmp_path):
        with refused(ma.DataUnavailableError, "There is no file .*gone.csv'. Check the spelling"):
            ma.read_labels(tmp_path / "gone.csv")

    def test_what_is_no_file_is_refused(self, tmp_path):
        with refused(ma.AudioFormatError, "is a folder, not a file of labels"):
            ma.read_labels(tmp_path)
        os.mkfifo(tmp_path / "pipe.txt")
        with refused(ma.AudioFormatError, "is a pipe"):
            ma.read_labels(tmp_path / "pipe.txt")
        with refused(ma.AudioFormatError, "Cannot open"):
            ma.read_labels("a\0b.txt")

    @pytest.mark.parametrize("name", CONTENTS)
    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            (b"1\t2\tok\n1\t2\tB\xf6e\n", r"Line 2 .*b'\\xf6' is no text in UTF-8.*CSV UTF-8"),
            (b"RIFF\x24\x00\x00\x00WAVEfmt ", "Line 1 .*null character"),
            (b"\xff\xfe1\x00\t", "is no text in UTF-16"),
            ("1\t2\tx\n".encode("utf-16-le"), "null character"),
            (bytes(range(256)), "cannot be read"),
        ],
        ids=["latin", "wav", "half a character", "no byte order mark", "all bytes"],
    )
    def test_what_is_no_text_is_refused(self, read, name, contents, said):
        with refused(ma.AudioFormatError, said):
            read(contents, name)

    def test_huge_files_are_refused_without_reading_them_whole(self, tmp_path):
        path = tmp_path / "huge.txt"
        with open(path, "wb") as file:
            file.truncate(2**40)
        tracemalloc.start()
        try:
            with refused(ma.AudioFormatError, "huge.txt' cannot be read: it is larger than 40 MB"):
                ma.read_labels(path)
            assert tracemalloc.get_traced_memory()[1] < 200e6
        finally:
            tracemalloc.stop()

    def test_too_many_lines_or_cells_are_refused(self, read, monkeypatch):
        monkeypatch.setattr(label_files, "MOST_LINES", 3)
        assert len(read("1\t2\n1\t2\r\n1\t2\r")) == 3
        with refused(ma.AudioFormatError, "more than 3 lines"):
            read("1\t2\r1\t2\n1\t2\r\n\n")
        monkeypatch.undo()
        for module in (label_table, label_files.label_csv, label_files.raven):
            monkeypatch.setattr(module, "MOST_CELLS", 10)
        with refused(ma.AudioFormatError, "more than 10 cells"):
            read("start,end\n1,2" + "," * 20, "x.csv")
        with refused(ma.AudioFormatError, "more than 10 cells"):
            read("Begin Time (s)\tEnd Time (s)\n1\t2" + "\t" * 20)

    @pytest.mark.parametrize("name", ["x.csv", "x.json"])
    def test_a_hundred_thousand_labels_with_ten_fields_are_read(self, written, read, name):
        fields = {f"level_{number}_db": -30.25 for number in range(10)}
        label = ma.Label(1.5, 2.5, "gust", low=20.0, high=250.0, fields=fields)
        head, row, last, *end = written([label] * 2, name).splitlines(keepends=True)
        found = read(head + row * 99_999 + last + "".join(end), name)
        assert len(found) == 100_000
        assert all(one == label for one in found)

    def test_errors_show_only_the_beginning_of_long_values(self, read):
        with pytest.raises(ma.AudioFormatError) as raised:
            read("x" * 100_000 + "\t2\n")
        assert len(str(raised.value)) < 500

    @settings(deadline=None, derandomize=True, max_examples=150)
    @given(
        name=st.sampled_from(list(CONTENTS)),
        contents=st.one_of(
            st.binary(max_size=200),
            st.text(alphabet="\t\n\r,;\"\\'0123456789.-+eE{}[]:startendonsetBginTime ()", max_size=200).map(
                str.encode
            ),
            st.tuples(
                st.sampled_from([text.encode() for text in CONTENTS.values()]),
                st.integers(0, 120),
                st.binary(max_size=6),
            ).map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]),
        ),
    )
    def test_whatever_the_bytes_are_they_are_labels_or_refused(self, name, contents):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(contents)
            try:
                found = ma.read_labels(path)
            except ma.AudioFormatError as error:
                found, said = (), str(error)
                assert "\n" not in said and said.endswith(".")  # noqa: PT018
        assert all(isinstance(label, ma.Label) for label in found)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.text(alphabet="=+-@\t\r\n'\"\\,; 01.eBöµ\u2028\x85truefalse", max_size=8),
)
TIMES = st.floats(0, 1e6)
FREQUENCIES = st.floats(0, 1e5)
NAMES = TEXTS.map(lambda text: text.translate(str.maketrans("", "", "\t\r\n")).strip()).filter(bool)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(NUMBERS, TEXTS, st.booleans(), st.none())
OWN = {
    "csv": {"start_s", "end_s", "duration_s", "label", "low_hz", "high_hz"},
    "raven": {
        "selection",
        "view",
        "channel",
        "begintime(s)",
        "endtime(s)",
        "lowfreq(hz)",
        "highfreq(hz)",
        "annotation",
    },
}


@st.composite
def labels(draw, names=NAMES, most_fields=3):
    """A few labels with the same fields, as a table has them."""
    columns = draw(st.lists(names, max_size=most_fields, unique=True))
    edges = st.one_of(
        st.just((None, None)), st.tuples(st.none(), FREQUENCIES), st.tuples(FREQUENCIES, st.none())
    )
    bands = edges | st.tuples(FREQUENCIES, FREQUENCIES).map(sorted)

    def label(times, text, band, held):
        fields = dict(zip(columns, held, strict=True))
        return ma.Label(min(times), max(times), text, *band, fields)

    held = st.tuples(*[VALUES] * len(columns))
    return draw(st.lists(st.builds(label, st.tuples(TIMES, TIMES), TEXTS, bands, held), max_size=4))


def without(own):
    return NAMES.filter(lambda name: "".join(name.split()).casefold() not in own)


STEADY = settings(deadline=None, derandomize=True, max_examples=200)


class TestRoundTrips:
    def check(self, found, wanted, *, text=str, value=lambda value: value, frequency=0.0):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=1e-6, rel=0)
            assert one.text == text(other.text)
            for edge, was in ((one.low, other.low), (one.high, other.high)):
                assert edge == (was if was is None else pytest.approx(was, abs=frequency, rel=0))
            assert one.fields == {name: value(held) for name, held in other.fields.items()}

    @STEADY
    @given(labels())
    def test_json_gives_back_everything_to_the_last_digit(self, wanted):
        assert written_and_read(wanted, "x.json") == tuple(wanted)

    @STEADY
    @given(labels(names=without(OWN["csv"])))
    def test_csv_gives_back_texts_and_fields_as_they_were(self, wanted):
        found = written_and_read(wanted, "x.csv")
        self.check(found, wanted, value=lambda value: None if value == "" else value)

    @STEADY
    @given(labels(names=without(OWN["raven"])))
    def test_raven_gives_back_all_but_line_breaks_and_texts_that_look_like_values(self, wanted):
        self.check(
            written_and_read(wanted, "x.selections.txt"),
            wanted,
            text=label_table.on_one_line,
            value=lambda value: (
                label_table.value_in(label_table.on_one_line(value)) if isinstance(value, str) else value
            ),
        )

    @STEADY
    @given(labels(most_fields=0))
    def test_audacity_gives_back_times_bands_and_texts(self, wanted):
        found = written_and_read(wanted, "x.txt")
        self.check(found, wanted, text=label_table.on_one_line, frequency=1e-6)

    @pytest.mark.parametrize("name", ["x.csv", "x.selections.txt"])
    def test_labels_with_different_fields_share_the_columns(self, name):
        found = written_and_read([ma.Label(1, 2, fields={"a": 1.0}), ma.Label(3, 4, fields={"b": "x"})], name)
        assert [label.fields for label in found] == [{"a": 1.0, "b": None}, {"a": None, "b": "x"}]

    @pytest.mark.parametrize("one", CONTENTS)
    @pytest.mark.parametrize("other", CONTENTS)
    def test_labels_go_from_format_to_format(self, one, other, tmp_path):
        first = ma.write_labels(tmp_path / f"1{one}", EXPECTED)
        second = ma.write_labels(tmp_path / f"2{other}", ma.read_labels(first))
        assert ma.read_labels(second) == EXPECTED
