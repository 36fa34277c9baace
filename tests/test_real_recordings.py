"""NASA's own files, where MARSAUDIO_DATA_DIR names a folder that has them."""

import os
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import marsaudio as ma

FILTERED = "sounds-from-mars-filters-out-rover-self-noise.wav"


@pytest.fixture(scope="module")
def real_recordings():
    """The folder with NASA's recordings, laid out as the data directory."""
    folder = os.environ.get("MARSAUDIO_DATA_DIR")
    if not folder:
        pytest.skip("MARSAUDIO_DATA_DIR does not name a folder with NASA's recordings")
    return Path(folder)


@pytest.fixture
def labels(real_recordings):
    return real_recordings / "m2020_edlcam_raw" / "data_audio"


def assert_same_bits(first, second):
    assert np.array_equal(first.view(np.uint32), second.view(np.uint32))


def test_the_filtered_recording_of_20_february(real_recordings):
    recording = ma.load("feb20_filtered")
    assert (recording.sample_rate, recording.frames, recording.channels) == (48000, 864864, 2)
    assert recording.duration == 18.018
    assert np.array_equal(recording.samples[0], recording.samples[1])
    assert recording.source.encoding == "PCM_16"
    assert (recording.source.sol, recording.source.date) == (2, "2021-02-20")
    assert (
        repr(recording)
        == "<marsaudio.Recording: feb20_filtered, 18.018 s, 48000 Hz, 2 channels, uncalibrated>"
    )


def test_what_its_chunks_say_after_the_samples_is_kept(real_recordings):
    recording = ma.load(real_recordings / FILTERED)
    assert recording.source.metadata == {
        "date": "2021-02-21T22:56:52-08:00",
        "software": "Adobe Premiere Pro 2020.0 (Macintosh)",
        "bext_originator": "Adobe Premiere Pro 2020.0 (Macin",
        "bext_origination": "2021-02-21 22:57:22",
        "bext_time_reference": "1103503",
        "xmp_project": "M2020 L+4 Briefing.prproj",
        "xmp_CreateDate": "2021-02-21T22:56:52-08:00",
        "xmp_ModifyDate": "2021-02-21T22:57:22-08:00",
        "xmp_CreatorTool": "Adobe Premiere Pro 2020.0 (Macintosh)",
        "xmp_DocumentID": "e6f024c2-aff6-6bdd-3dbc-5b9b00000095",
    }


@pytest.mark.parametrize("key", ["feb20_filtered", "supercam_sol1"])
def test_a_range_of_it_is_the_clip_of_the_whole(real_recordings, key):
    whole = ma.load(key)
    for start, stop in ((0.0, 0.01), (5.0, 5.5), (17.9, None)):
        assert_same_bits(ma.load(key, start=start, stop=stop).samples, whole.clip(start, stop).samples)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_it_is_saved_to_the_bit(real_recordings, tmp_path, suffix):
    recording = ma.load("feb20_filtered")
    again = ma.load(recording.save(tmp_path / f"again{suffix}"))
    assert again.source.encoding == "PCM_16"
    assert_same_bits(again.samples, recording.samples)


def test_the_first_supercam_recording_as_mp3(real_recordings):
    recording = ma.load("supercam_sol1")
    # Its header has no count of its frames; they are counted by decoding.
    assert (recording.sample_rate, recording.frames, recording.channels) == (44100, 884736, 2)
    assert recording.source.metadata["date"] == "2021"


@pytest.mark.parametrize("second", [0, 1])
def test_a_second_of_sol_1125_by_its_label(labels, second):
    recording = ma.load(labels / f"mic_00000170_000_00000{second}.xml")
    assert (recording.sample_rate, recording.duration, recording.channels) == (48000, 1.0, 2)
    assert recording.source.name == f"mic_00000170_000_00000{second}.wav"
    assert recording.source.microphone == "Mars 2020 Entry, Descent, and Landing Camera Suite (EDL)"
    assert recording.source.metadata["pds_lid"].endswith(f"mic_00000170_000_00000{second}.wav")


def test_a_label_without_its_file_and_one_of_no_file_are_refused(labels):
    with refused(ma.DataUnavailableError, r"'EM__1125_concat_session170\.wav', which is not beside it"):
        ma.load(labels / "EM__1125_concat_session170.xml")
    with refused(ma.AudioFormatError, "is the label of many products"):
        ma.load(labels.parent / "bundle.xml")
    with refused(ma.AudioFormatError, "is the label of many products"):
        ma.load(labels / "data_audio_collection.xml")
