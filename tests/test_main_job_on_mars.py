"""The main job on what was recorded on Mars. Skipped where MARSAUDIO_DATA_DIR does not have the files."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

import marsaudio as ma
from marsaudio import metrics

DATA = Path(os.environ.get("MARSAUDIO_DATA_DIR", "no folder was named"))
PRODUCTS = [
    DATA / "m2020_edlcam_raw" / "data_audio" / f"mic_00000170_000_00000{second}.wav" for second in (0, 1)
]

needs_feb20 = pytest.mark.skipif(
    "MARSAUDIO_DATA_DIR" not in os.environ or ma.catalog.local_path("feb20_filtered") is None,
    reason="MARSAUDIO_DATA_DIR does not name a folder with feb20_filtered",
)
needs_sol_1125 = pytest.mark.skipif(
    not all(path.exists() for path in PRODUCTS),
    reason="MARSAUDIO_DATA_DIR does not name a folder with the EDL products of sol 1125",
)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    return ma.analyze("feb20_filtered", tmp_path_factory.mktemp("feb20"))


@needs_feb20
@pytest.mark.parametrize("gust", [(5.5, 8.5), (10.0, 11.5)])
def test_both_gusts_of_20_february_2021_are_found_with_their_edges(analysis, gust):
    nearest = min(analysis.events, key=lambda event: abs(event.start - gust[0]))
    assert (nearest.start, nearest.end) == pytest.approx(gust, abs=0.5)


@needs_feb20
def test_nothing_is_found_where_nasa_faded_the_recording_out(analysis):
    assert all(event.end < 15.5 for event in analysis.events)


@needs_feb20
def test_the_stems_as_integers_add_up_to_nasas_file_sample_for_sample(analysis):
    parts = [soundfile.read(analysis.files[name], dtype="int32")[0] >> 16 for name in ("wind", "rover")]
    whole = soundfile.read(analysis.recording.source.path, dtype="int32")[0] >> 16
    assert soundfile.info(analysis.files["wind"]).subtype == "PCM_16"
    assert np.array_equal(parts[0] + parts[1], whole)


@needs_feb20
def test_the_pump_of_20_february_2021_is_found(analysis):
    frequencies = np.array([line.frequency for line in analysis.stems.models[0].lines])
    for harmonic in (1, 2, 3, 4, 6, 7, 8):
        assert np.abs(frequencies - harmonic * 195.145).min() < 0.05
    for clock in (2000, 3000, 4000):
        assert np.abs(frequencies - clock).min() < 0.05


@needs_feb20
def test_wind_is_below_the_cut_off_and_hardly_any_above(analysis):
    wind = ma.spectrogram(analysis.stems.wind, scaling="psd")
    above = wind.frequencies > 4000
    # What is left there is the rounding to 16 bits: -101 dB over the whole band, spread evenly.
    density = 10 * np.log10(wind.power[above].mean())
    assert density < -101 - 10 * np.log10(24000) + 3


@needs_sol_1125
@pytest.mark.parametrize("frequency", [195.16, 780.9, 18890.0])
def test_lines_of_sol_1125_are_at_least_twenty_decibels_weaker_in_the_wind_stem(frequency):
    samples = np.concatenate([ma.load(path).samples for path in PRODUCTS], axis=1)
    stems = ma.separate(ma.Recording(samples, 48000))
    assert np.array_equal(stems.wind.samples + stems.rover.samples, samples)
    for channel in (0, 1):
        taken = metrics.line_suppression(
            samples[channel], stems.wind.samples[channel], sample_rate=48000, frequency=frequency
        )
        assert taken >= 20


@needs_sol_1125
def test_two_seconds_that_begin_muted_are_said_to_be_too_little():
    samples = np.concatenate([ma.load(path).samples for path in PRODUCTS], axis=1)
    stems = ma.separate(ma.Recording(samples, 48000))
    assert any("too much of it muted" in note for note in stems.notes)
