"""The main job: two stems that add up, a picture, a table and a summary to rely on, or nothing at all."""

import base64
import csv
import dataclasses
import hashlib
import html
import io
import json
import re

import numpy as np
import pytest
import soundfile
from conftest import GUST, gusty_samples

import marsaudio as ma
from marsaudio.report.facts import file_facts, file_figures, sound_facts
from marsaudio.report.page import sounds
from marsaudio.report.page.content import Results
from marsaudio.report.page.text import page_text
from marsaudio.report.summary import summarize, to_json

NAMES = ["events.csv", "report.html", "rover.wav", "spectrogram.png", "summary.json", "wind.wav"]


@pytest.fixture(scope="module")
def analysis(gusty_wav, tmp_path_factory):
    return ma.analyze(gusty_wav, tmp_path_factory.mktemp("analysis"))


@pytest.fixture(scope="module")
def summary(analysis):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(analysis.files["summary"].read_text(encoding="utf-8"), parse_constant=refuse)


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are saved without being drawn, where the test looks at something else."""

    def save(self, path):
        path.write_bytes(b"a picture")
        return path

    monkeypatch.setattr("marsaudio.plot.Picture.save", save)


def integers(path, bits):
    samples = soundfile.read(path, dtype="int32", always_2d=True)[0]
    return samples >> (32 - bits)


def tree(folder):
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_six_files_are_written_and_nothing_else(analysis):
    assert sorted(path.name for path in analysis.files.values()) == NAMES
    assert sorted(path.name for path in analysis.files["wind"].parent.iterdir()) == NAMES


def test_the_stems_read_back_as_integers_add_up_to_the_input(analysis, gusty_wav):
    stems = [integers(analysis.files[name], 16) for name in ("wind", "rover")]
    assert soundfile.info(analysis.files["wind"]).subtype == "PCM_16"
    assert np.array_equal(stems[0] + stems[1], integers(gusty_wav, 16))
    assert np.abs(stems[0]).max() > 1000  # it is not all in one stem
    assert np.abs(stems[1]).max() > 100


def test_24_bit_stereo_adds_up_too(tmp_path, undrawn):
    rng = np.random.default_rng(2)
    samples = np.rint(rng.normal(0, 2**18, (2, 48000))) / 2**23
    path = ma.Recording(samples, 16000).save(tmp_path / "input.wav", encoding="PCM_24")
    files = ma.analyze(path, tmp_path / "out").files
    assert soundfile.info(files["wind"]).subtype == "PCM_24"
    assert np.array_equal(integers(files["wind"], 24) + integers(files["rover"], 24), integers(path, 24))


def test_where_one_stem_is_too_loud_for_integers_both_are_floats(tmp_path, undrawn):
    # At the gust's clipped peaks the wind is the recording minus a rover of the other sign: more than 1.
    times = np.arange(96000) / 16000
    loud = np.clip(0.3 * np.sin(2 * np.pi * 195 * times) + 12 * gusty_samples(), -1, 1 - 2**-15)
    path = ma.Recording(np.rint(loud * 32768) / 32768, 16000).save(tmp_path / "in.wav", encoding="PCM_16")
    analysis = ma.analyze(path, tmp_path / "out")
    assert max(float(np.abs(stem.samples).max()) for stem in analysis.stems) > 1
    for name in ("wind", "rover"):
        assert soundfile.info(analysis.files[name]).subtype == "FLOAT"
    back = [ma.load(analysis.files[name]).samples for name in ("wind", "rover")]
    assert np.array_equal(back[0] + back[1], analysis.recording.samples)


def test_the_stems_are_those_of_separate(analysis, gusty_stems):
    assert np.array_equal(ma.load(analysis.files["wind"]).samples, gusty_stems.wind.samples)
    assert np.array_equal(ma.load(analysis.files["rover"]).samples, gusty_stems.rover.samples)


def test_the_gust_is_in_the_table_with_its_columns(analysis):
    with open(analysis.files["events"], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:6] == ["start_s", "end_s", "duration_s", "label", "peak_time_s", "level_db"]
    assert {"peak_level_db", "excess_db", "low_hz", "high_hz", "level_unit"} <= set(rows[0])
    assert len(rows) == 1
    assert (float(rows[0]["start_s"]), float(rows[0]["end_s"])) == pytest.approx(GUST, abs=0.2)


def test_the_summary_on_disk_is_the_one_in_memory(analysis, summary):
    assert summary == analysis.summary


def test_the_summary_tells_whence(summary, gusty_wav):
    source = summary["source"]
    assert source["path"] == str(gusty_wav)
    assert source["sha256"] == hashlib.sha256(gusty_wav.read_bytes()).hexdigest()
    assert (source["sample_rate_hz"], source["channels"], source["frames"]) == (16000, 1, 96000)
    assert source["duration_s"] == 6.0
    assert source["encoding"] == "PCM_16"
    assert source["metadata"]["software"].startswith("marsaudio")
    assert summary["simulated"] is False


def test_the_summary_tells_how(summary):
    detection = summary["parameters"]["detection"]
    assert detection["band_hz"] == [20.0, 250.0]
    assert detection["false_alarms_per_minute"] == 0.1
    assert detection["threshold_used_db"] > 0
    separation = summary["parameters"]["separation"]
    assert separation["n_fft"] == 4 * separation["hop_length"]
    assert separation["rover_noise"] is None
    assert summary["software"]["marsaudio"] == ma.__version__
    assert {"python", "numpy", "scipy"} <= set(summary["software"])


def test_the_figures_are_those_of_the_files(analysis, summary):
    figures = summary["figures"]
    assert figures["level_unit"] == "dB re full scale"
    for name in ("wind", "rover"):
        samples = soundfile.read(analysis.files[name])[0]
        assert figures[name]["peak"] == pytest.approx(np.abs(samples).max(), abs=1e-6)
        assert figures[name]["rms_level_db"] == pytest.approx(10 * np.log10(np.mean(samples**2)), abs=1e-5)
    assert figures["event_count"] == len(analysis.events) == 1
    share = analysis.events[0].duration / analysis.events.observed
    assert figures["event_share_of_time"] == pytest.approx(share, abs=1e-6)
    assert figures["quiet_level_db"] == pytest.approx(analysis.events.quiet_level, abs=1e-6)


def test_the_pump_is_among_the_lines_with_its_level(summary):
    (line,) = summary["lines"]
    assert line["frequency_hz"] == pytest.approx(195, abs=0.2)
    assert line["level_db"] == pytest.approx(10 * np.log10(0.02**2 / 2), abs=1)


def test_plain_sentences_say_what_is_in_doubt(summary):
    sentences = summary["in_doubt"].split(". ")
    assert len(sentences) == 3
    assert "cannot be told apart" in sentences[0]
    assert " % never changed in these " in sentences[1]
    assert sentences[2].startswith("Sound that comes and goes below ")


def test_the_picture_in_words_is_in_the_summary(analysis, summary):
    assert summary["description"] == analysis.description
    assert "One gust of wind" in summary["description"]


def test_what_is_no_finite_number_is_null(gusty, gusty_stems):
    events = ma.WindEvents(
        (), "dB re full scale", float("-inf"), 6.0, {"threshold_used_db": np.float32("nan")}
    )
    summary = summarize(gusty, gusty_stems, events)
    assert summary["figures"]["quiet_level_db"] is None
    assert summary["parameters"]["detection"]["threshold_used_db"] is None
    assert json.loads(to_json(summary)) == summary


def test_again_into_the_same_folder_replaces_the_files_and_differs_in_the_time_of_the_run_alone(
    gusty_wav, analysis, tmp_path, undrawn
):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "wind.wav").write_text("old")
    first, second = dict(analysis.summary), dict(ma.analyze(gusty_wav, tmp_path).summary)
    assert set(first.pop("run")) == set(second.pop("run")) == {"finished_utc"}
    assert first == second
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "wind.wav").read_bytes() == analysis.files["wind"].read_bytes()


def test_a_simulated_recording_is_said_to_be_one(tmp_path, undrawn):
    scene = ma.simulate_scene(4.0, sample_rate=16000, gust_count=1, rng=1)
    analysis = ma.analyze(scene.recording, tmp_path)
    assert analysis.summary["simulated"] is True
    assert "simulated: nobody recorded it on Mars" in analysis.description


@pytest.mark.parametrize(
    "samples", [np.zeros(32000), 0.01 * np.random.default_rng(0).normal(size=1600)], ids=["silent", "short"]
)
def test_where_nothing_can_be_told_the_summary_says_so_and_holds_no_infinity(samples, tmp_path, undrawn):
    analysis = ma.analyze(ma.Recording(samples, 16000), tmp_path)
    text = analysis.files["summary"].read_text()
    assert "Infinity" not in text
    assert "NaN" not in text
    assert json.loads(text)["notes"]
    assert "could be told to be wind" in analysis.summary["in_doubt"]


def test_options_are_passed_on_and_stand_in_the_summary(gusty, tmp_path, undrawn):
    noise = ma.Recording(gusty.samples[:, :28000], 16000, source=ma.Source(path="quiet.wav"))
    analysis = ma.analyze(gusty, tmp_path, rover_noise=noise, band=(30.0, 100.0), minimum_duration=5.0)
    assert len(analysis.events) == 0
    parameters = analysis.summary["parameters"]
    assert parameters["detection"]["band_hz"] == [30.0, 100.0]
    assert parameters["separation"]["rover_noise"]["name"] == "quiet.wav"
    expected = ma.separate(gusty, rover_noise=noise).wind.samples
    assert np.array_equal(analysis.stems.wind.samples, expected)
    assert not np.array_equal(expected, ma.separate(gusty).wind.samples)


def test_an_input_in_the_output_folder_is_not_replaced(gusty, tmp_path):
    path = gusty.save(tmp_path / "wind.wav")
    before = tree(tmp_path)
    with pytest.raises(ma.ParameterError, match="would replace the input"):
        ma.analyze(path, tmp_path)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("blocked", NAMES)
def test_where_one_file_cannot_be_written_none_is(gusty_wav, tmp_path, blocked):
    (tmp_path / "wind.wav").write_text("old")
    (tmp_path / blocked).unlink(missing_ok=True)
    (tmp_path / blocked).mkdir()
    before = tree(tmp_path)
    with pytest.raises(ma.OutputError, match=blocked.replace(".", r"\.")):
        ma.analyze(gusty_wav, tmp_path)
    assert tree(tmp_path) == before


def test_a_wrong_option_leaves_no_trace(gusty_wav, tmp_path):
    with pytest.raises(ma.ParameterError, match="band"):
        ma.analyze(gusty_wav, tmp_path / "out", band=(250.0, 20.0))
    assert not (tmp_path / "out").exists()


def test_a_constant_offset_is_told_by_its_share_of_the_power(tmp_path):
    times = np.arange(8000) / 8000
    samples = np.stack([0.3 + 0.2 * np.sqrt(2) * np.sin(2 * np.pi * 440 * times), np.zeros(8000)])
    path = ma.Recording(samples, 8000).save(tmp_path / "offset.wav", encoding="FLOAT")
    assert file_figures(path)["offset_share_of_power"] == pytest.approx(0.09 / (0.09 + 0.04), abs=1e-4)
    assert file_facts(path)["constant offset"].startswith("69 % of the power")
    level = ma.Recording(samples - samples.mean(axis=1, keepdims=True), 8000).save(
        tmp_path / "level.wav", encoding="FLOAT"
    )
    assert file_figures(level)["offset_share_of_power"] < 1e-6
    assert "constant offset" not in file_facts(level)


def test_of_an_altered_copy_the_summary_says_so(gusty, tmp_path, undrawn):
    for recording, altered in ((ma.shift(gusty, 300), True), (gusty, False)):
        notes = ma.analyze(recording, tmp_path / f"altered {altered}").summary["notes"]
        assert any("altered for listening" in note for note in notes) is altered


def test_of_a_stem_the_summary_says_so(gusty_stems, tmp_path, undrawn):
    notes = ma.analyze(gusty_stems.wind, tmp_path).summary["notes"]
    assert any("Look for events in the recording itself" in note for note in notes)


def test_the_figures_of_a_sine_are_the_known_ones():
    sine = ma.Recording(np.tile(np.sin(2 * np.pi * np.arange(48000) / 48), (2, 1)), 48000)
    facts = sound_facts(sine)
    assert facts.equal_channels
    assert facts.peak_level == pytest.approx(0, abs=1e-6)
    assert facts.rms_level == pytest.approx(-3.0103, abs=1e-4)
    assert sound_facts(ma.Recording(np.zeros(10), 48000)).rms_level is None


def page_of(recording, *, stems=None, events=None):
    """The page of a recording, or of what somebody else may have found in it."""
    stems = ma.separate(recording) if stems is None else stems
    events = ma.detect_wind(recording) if events is None else events
    summary = summarize(recording, stems, events)
    return page_text(Results(stems, events, summary, ma.describe(recording, events, stems=stems)), {})


def words_of(page, section=""):
    """What a page says, or one of its sections, by its heading."""
    within = re.search(rf"<h2 id=\"{section}.*?</section>", page, re.DOTALL) if section else None
    text = re.sub(r"<(style|script)>.*?</\1>", " ", within[0] if within else page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def value_of(page, name):
    return re.search(rf"<dt>{re.escape(name)}</dt><dd>(.*?)</dd>", html.unescape(page))[1]


def notes_of(page):
    """What stands over each player."""
    return [words_of(told) for told in re.findall(r"<figcaption id=\"player-\d\">(.*?)</figcaption>", page)]


def sounds_in(page):
    found = re.findall(r"data:audio/flac;base64,([A-Za-z0-9+/=]+)", page)
    return [soundfile.SoundFile(io.BytesIO(base64.b64decode(sound))) for sound in found]


def with_events(gusty, *found, **changes):
    """The table of events of the gusty recording, with others in it."""
    return dataclasses.replace(ma.detect_wind(gusty), events=found, **changes)


def gust_from(start, end, **uncertainties):
    return ma.WindEvent(start, end, (start + end) / 2, -30.0, -29.0, 12.0, 20.0, 250.0, **uncertainties)


def test_each_sound_inside_the_page_has_a_title_that_says_what_was_done(analysis):
    titles = [sound.title for sound in sounds_in(analysis.files["report"].read_text(encoding="utf-8"))]
    assert len(titles) == len(set(titles)) == 6
    assert all(analysis.recording.source.name in title for title in titles)
    assert all("for listening" in title for title in titles)


@pytest.mark.parametrize(
    ("channels", "rate", "note"),
    [
        (1, 16000, ""),
        (4, 16000, "The mean of the 4 channels."),
        (1, 400000, "Resampled from 400000 to 48000 Hz."),
        (3, 4000.5, "The mean of the 3 channels, resampled from 4000.5 to 8000 Hz."),
    ],
)
def test_the_players_are_as_loud_as_the_page_says_and_say_what_was_changed(channels, rate, note):
    samples = 0.1 * np.random.default_rng(4).normal(size=(channels, round(3.5 * rate)))
    recording = ma.Recording(samples, rate)
    page = page_of(recording)
    whole, wind, rover = (sound.read() for sound in sounds_in(page)[:3])
    assert np.abs(wind + rover - whole).max() < 3 * 2**-15
    peak = max(np.abs(sound).max() for sound in (whole, wind, rover))
    assert peak == pytest.approx(10 ** (sounds.PEAK_DB / 20), abs=2**-15)
    told = re.search(r"are all made (\d+\.\d) dB (louder|quieter)", words_of(page, "listen"))
    gain = float(told[1]) * (1 if told[2] == "louder" else -1)
    as_played = recording.mono().resample({400000: 48000, 4000.5: 8000}.get(rate, rate)).samples
    assert 20 * np.log10(whole.std() / as_played.std()) == pytest.approx(gain, abs=0.06)
    assert notes_of(page)[0] == f"The recording: wind and rover together. {note}".strip()
    assert all(note in told for told in notes_of(page)[:3])
    assert ("What is played is" in words_of(page, "listen")) is bool(note)


def test_a_sound_that_is_far_fainter_or_silent_is_said_to_be(gusty, gusty_stems):
    for factor, expected in (
        (1.0, ""),
        (1e-3, "Very faint here: {:.0f} dB below the recording."),
        (0.0, "Silent"),
    ):
        rover = dataclasses.replace(gusty_stems.rover, samples=factor * gusty_stems.rover.samples)
        stems = dataclasses.replace(gusty_stems, rover=rover)
        below = 20 * np.log10(stems.recording.samples.std() / max(rover.samples.std(), 1e-9))
        notes = notes_of(page_of(stems.recording, stems=stems))
        assert notes[2].startswith(f"The rover: without the wind. {expected.format(below)}".strip())
        assert ("faint" in notes[2]) is (factor == 1e-3)
        assert not any("faint" in note or "Silent" in note for note in notes[:2])


def test_the_length_of_a_gust_is_the_difference_of_the_edges_that_are_shown(gusty):
    known = {"start_uncertainty": 0.06, "end_uncertainty": 0.08, "peak_time_uncertainty": 0.21}
    events = with_events(gusty, gust_from(1.474, 3.526, **known), gust_from(4.0, 5.0, end_uncertainty=0.3))
    page = page_of(gusty, events=events)
    rows = re.findall(r"<tr role=\"row\" data-gust.*?</tr>", page, re.DOTALL)
    cells = [[words_of(cell) for cell in re.findall(r"<span>(.*?)</span>", row)] for row in rows]
    assert cells[0][:4] == ["1.47 ± 0.06", "3.53 ± 0.08", "2.06 ± 0.10", "2.50 ± 0.21"]
    assert cells[1][:4] == ["4.00", "5.00 ± 0.30", "1.00", "4.50"]


def test_what_the_figures_of_the_gusts_are_stands_above_them(analysis):
    told = words_of(analysis.files["report"].read_text(encoding="utf-8"), "gusts")
    assert "after the rover's tones were taken out" in told
    assert "Mean level (dB re full scale)" in told
    assert "The mean level is that of the whole gust" in told
    assert "smoothed over half a second" in told
    assert (
        "By chance: how many events as strong, or stronger, noise alone would give in a minute, if it wavers "
        "as this recording's quiet does."
    ) in told


def test_gusts_are_said_to_be_numbered_only_where_they_are(gusty):
    many = [gust_from(0.1 * number, 0.1 * number + 0.05) for number in range(41)]
    for found, numbered, told in (
        (many[:40], 3 * 40, "Numbers above the pictures are the gusts of the table below."),
        (many, 0, "Bars above the pictures are the gusts; there are too many of them to be numbered."),
        ([], 0, "Time goes from left to right. Click or tap"),
    ):
        page = page_of(gusty, events=with_events(gusty, *found))
        assert len(re.findall(r"<b>\d+</b>", page)) == numbered
        assert told in words_of(page, "see")
        assert ("Numbers above" in words_of(page, "see")) is bool(numbered)


def test_what_is_uncertain_is_told_in_whole_sentences_and_all_of_it(gusty, gusty_stems):
    notes = ("made by simulation; not recorded", "Is it? ", "two. And three.", " ")
    source = dataclasses.replace(gusty.source, notes=notes)
    wind = dataclasses.replace(gusty_stems.wind, source=source.after("wind stem"))
    events = with_events(gusty, note="the threshold is held")
    page = page_of(gusty, stems=dataclasses.replace(gusty_stems, wind=wind), events=events)
    section = re.search(r"<h2 id=\"doubt.*?</section>", page, re.DOTALL)[0]
    told = re.findall(r"<p>(.*?)</p>", section)
    assert told[-4:] == [
        "The threshold is held.",
        "Made by simulation; not recorded.",
        "Is it?",
        "Two. And three.",
    ]
    assert all(paragraph[0].isupper() and paragraph[-1] in ".?" for paragraph in told)


def test_the_figures_that_were_found_are_named_by_what_they_are(gusty, gusty_stems):
    page = page_of(gusty, stems=gusty_stems)
    over = "Power of the wind over that of the rover, in the {}: an estimate, below the wind's cut-off"
    assert value_of(page, over.format("recording")) == f"{gusty_stems.snr_before:.1f} dB".replace("-", "−")
    assert value_of(page, over.format("wind stem")) == f"{gusty_stems.snr_after:.1f} dB".replace("-", "−")
    tones = "Tones of the rover, of all its machines, over all frequencies"
    assert value_of(page, tones) == str(len(gusty_stems.line_frequencies[0]))


def test_the_credit_is_a_sentence(gusty, gusty_stems):
    assert words_of(page_of(gusty, stems=gusty_stems), "cite").endswith(
        f"Made with marsaudio {ma.__version__}, a Python library for the sounds that Perseverance's "
        "microphones recorded on Mars, by the marsaudio developers."
    )


def test_an_altered_copy_is_not_called_the_recording(gusty, gusty_stems):
    warning = "All this is of the altered copy, not of the recording that it was made from."
    page = page_of(ma.shift(gusty, 300))
    header = words_of(re.search(r"<header>.*?</header>", page, re.DOTALL)[0])
    assert "Altered: This is a copy altered for listening, and no measurement." in header
    assert [note.split(":")[0] for note in notes_of(page)][:3] == [
        "The altered copy",
        "The wind",
        "The rover",
    ]
    for section in ("listen", "gusts", "made"):
        assert (
            f'<p class="warning">{warning}</p>'
            in re.search(rf"<h2 id=\"{section}.*?</section>", page, re.DOTALL)[0]
        )
    assert "▶ Play the altered copy" in words_of(page)
    assert "Level of the altered copy (rms, all frequencies)" in words_of(page)
    assert "The altered copy: frequency upwards" in words_of(page)
    assert not re.search("the recording(?! that it was made from)", words_of(page), re.IGNORECASE)
    assert "ltered copy" not in words_of(page_of(gusty, stems=gusty_stems))


def test_a_constant_offset_alone_is_digital_silence_wherever_it_is_told():
    page = page_of(ma.Recording(np.full(32000, 0.3), 16000))
    assert "There is nothing to hear in it" in words_of(page, "hear")
    level = value_of(page, "Level of the recording (rms, all frequencies)")
    assert level == "digital silence, with a constant offset at −10.5 dB re full scale, which is no sound"
    assert all(note.endswith("Silent here.") for note in notes_of(page))
    noise = 0.3 + 1e-6 * np.random.default_rng(0).normal(size=32000)
    page = page_of(ma.Recording(noise, 16000))
    assert value_of(page, "Level of the recording (rms, all frequencies)") == "−10.5 dB re full scale"


def test_words_that_a_newcomer_may_not_know_are_told(gusty, gusty_stems):
    page = page_of(gusty, stems=gusty_stems)
    assert "a sine that just reaches full scale is at −3 dB" in value_of(page, "re full scale")
    assert "20 to 250 Hz" in value_of(page, "wind's band")
    for term in (
        "hertz (Hz)",
        "decibel (dB)",
        "rms",
        "the quiet",
        "threshold",
        "stem",
        "cut-off",
        "by chance",
    ):
        assert value_of(page, term).endswith(".")
    assert "chance alone" in value_of(page, "± (standard deviation)")


def test_the_reference_of_a_calibrated_level_is_told(gusty):
    calibrated = dataclasses.replace(gusty, calibration=ma.Calibration(20.0, source="a test"))
    page = page_of(calibrated)
    assert "sound pressure of 20 micropascals" in value_of(page, "re 20 µPa")
    assert "<dt>re full scale</dt>" not in page
    assert "full scale is at" not in words_of(page, "words")
