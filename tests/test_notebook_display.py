"""What notebooks show: a player and words, everything escaped, nothing from the network."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
import soundfile

import marsaudio as ma
from marsaudio.formats import html as fragments

RATE = 48000


class Tags(html.parser.HTMLParser):
    """The tags and attributes of a fragment, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)

    def of(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def shown(recording):
    return Tags(recording._repr_html_())


def played(tags):
    (player,) = tags.of("audio")
    kind, _, data = player["src"].partition(",")
    assert kind == "data:audio/wav;base64"
    return soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="float64", always_2d=True)


def tone(peak=0.5, channels=1):
    samples = peak * np.sin(2 * np.pi * 195 * np.arange(4800) / RATE)
    return np.tile(samples, (channels, 1)).astype(np.float32)


def test_the_player_plays_the_recording():
    recording = ma.Recording(tone(), RATE, source=ma.Source(key="wind", title="Wind at noon", credit="NASA"))
    tags = shown(recording)
    samples, rate = played(tags)
    assert rate == RATE
    assert np.abs(samples.T - recording.samples).max() < 2.0**-14
    assert "Wind at noon" in tags.text
    assert "marsaudio.Recording: wind, 0.100 s, 48000 Hz, 1 channel, uncalibrated" in tags.text
    assert "Credit: NASA" in tags.text
    assert tags.of("audio")[0]["aria-label"] == "Wind at noon"


def test_what_was_done_since_it_was_read_is_told_above_the_player_and_to_those_who_cannot_see_it():
    source = ma.Source(key="wind", title="Wind at noon", history=("wind stem",))
    tags = shown(ma.Recording(tone(), RATE, source=source).clip(0.025, 0.05))
    told = "Wind at noon, wind stem, clip from 0.025 to 0.05 s"
    assert told in tags.words
    assert tags.of("audio")[0]["aria-label"] == told


@pytest.mark.parametrize("peak", [1.0, 4.0])
def test_what_is_too_loud_for_the_player_is_quieter_there_and_the_caption_says_so(peak):
    tags = shown(ma.Recording(tone(peak), RATE))
    samples, _ = played(tags)
    quieter = float(re.search(r"copy is ([0-9.]+) dB quieter", tags.text).group(1))
    assert quieter == pytest.approx(20 * np.log10(peak) + 0.1, abs=0.06)
    assert np.abs(samples).max() == pytest.approx(peak / 10 ** (quieter / 20), rel=0.01)
    assert np.abs(samples).max() < 1.0


def test_equal_channels_are_played_once_and_different_ones_as_they_are():
    assert played(shown(ma.Recording(tone(channels=2), RATE)))[0].shape == (4800, 1)
    different = tone(channels=2) * np.array([[1.0], [0.5]])
    samples, _ = played(shown(ma.Recording(different, RATE)))
    assert np.abs(samples.T - different).max() < 2.0**-14


def test_a_long_recording_has_words_instead_of_a_player(monkeypatch):
    monkeypatch.setattr(fragments, "PLAYER_SECONDS", 0.05)
    tags = shown(ma.Recording(tone(), RATE))
    assert not tags.of("audio")
    assert "too long for a player" in tags.text


@pytest.mark.parametrize(("rate", "channels"), [(0.4, 1), (2**31, 1), (RATE, 1025)])
def test_what_no_player_can_play_has_words_instead(rate, channels):
    tags = shown(ma.Recording(np.random.default_rng(0).normal(0, 0.1, (channels, 2000)), rate))
    assert not tags.of("audio")
    assert "no player can play" in tags.text


def test_a_rate_that_is_not_whole_is_played_at_the_nearest():
    assert played(shown(ma.Recording(tone(), 44100.4)))[1] == 44100


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onplay='alert(1)"


@pytest.mark.parametrize("field", ["title", "credit", "path", "key"])
def test_names_and_titles_cannot_become_tags(field):
    recording = ma.Recording(tone(), RATE, source=ma.Source(**{field: ATTACK})).clip(0.0, 0.05)
    tags = shown(recording)
    assert {tag for tag, _ in tags.tags} == {"figure", "strong", "br", "audio", "figcaption"}
    assert set(tags.of("audio")[0]) == {"controls", "preload", "aria-label", "src"}
    assert "alert(1)" in tags.text


def test_nothing_is_fetched_and_nothing_runs():
    text = ma.Recording(tone(), RATE)._repr_html_()
    assert not re.search(r"https?:|<script|<link|@import", text)


def test_a_table_is_escaped_and_its_header_marked():
    tags = Tags(
        fragments.table_fragment(caption="<b>c", header=["a<b", "d"], rows=[["1", ATTACK], ["2", "&"]])
    )
    assert [attributes["scope"] for attributes in tags.of("th")] == ["col", "col"]
    assert len(tags.of("td")) == 4
    assert {tag for tag, _ in tags.tags} == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert "<b>c" in tags.text
    assert ATTACK in tags.text
