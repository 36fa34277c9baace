"""What the catalog says about the recordings, and where it looks for them on this machine."""

import dataclasses
import datetime
import hashlib
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import marsaudio as ma
from marsaudio import catalog
from marsaudio.catalog import storage
from marsaudio.errors import DataUnavailableError, ParameterError

KEYS = catalog.keys()
MISSION_START = datetime.datetime(2021, 2, 18, 4, 24, 10, tzinfo=datetime.UTC)
SOL = datetime.timedelta(seconds=88775.244)

every_entry = pytest.mark.parametrize("entry", [catalog.entry(key) for key in KEYS], ids=KEYS)
real_recordings = pytest.mark.skipif(
    not os.environ.get("MARSAUDIO_DATA_DIR"),
    reason="MARSAUDIO_DATA_DIR does not name a folder with NASA's recordings",
)


@pytest.fixture
def bundled_folders(monkeypatch, tmp_path):
    inside, beside = tmp_path / "package", tmp_path / "checkout"
    inside.mkdir()
    beside.mkdir()
    monkeypatch.setattr(storage, "_BUNDLED_FOLDERS", (inside, beside))
    return inside, beside


@pytest.fixture(params=["unknown", "a folder called ~"])
def homeless(request, monkeypatch):
    """A user without a home directory, for one version of platformdirs and another."""

    def os_cache(name):
        if request.param == "unknown":
            raise RuntimeError("could not determine the home directory.")
        return Path("~/.cache", name)

    monkeypatch.delenv("MARSAUDIO_DATA_DIR", raising=False)
    monkeypatch.setattr("pooch.os_cache", os_cache)


def test_without_a_home_nothing_is_here_and_a_download_says_what_to_set(homeless, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert catalog.local_path("feb20_rover") is None
    assert catalog.is_verified("feb20_rover") is None
    assert catalog.local_path("sample") is not None
    with refused(DataUnavailableError, "no home directory.*Set the environment variable MARSAUDIO_DATA"):
        catalog.fetch("feb20_rover")
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_in_a_home_that_nobody_has_is_named(monkeypatch):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", "~nobody_has_this_name/mars")
    with refused(DataUnavailableError, "MARSAUDIO_DATA_DIR='~nobody_has_this_name/mars' is no place"):
        catalog.fetch("feb20_rover")


def dates_of(text):
    return [datetime.date.fromisoformat(part) for part in text.split("/")]


def dates_of_sol(sol):
    begin = MISSION_START + sol * SOL
    return [begin.date(), (begin + SOL).date()]


def test_the_recordings_of_the_readme_have_keys():
    assert KEYS[0] == "sample"
    assert {
        "feb20_filtered",
        "feb20_rover",
        "supercam_sol1",
        "supercam_sol1_wav",
        "supercam_sol4_wind",
        "supercam_sol4_wind_wav",
        "drive_sol16",
        "drive_sol16_highlights",
        "ingenuity_flight4",
        "dust_devil_sol215",
        "laser_sol12",
        "gdrt_sol346",
    } <= set(KEYS)


@pytest.mark.parametrize("spelling", ["feb20-fitered", "FEB20 FILTERED", "filtered_feb20"])
def test_an_unknown_key_names_the_nearest_ones(spelling):
    with pytest.raises(ParameterError, match=f"'{spelling}'.*Nearest keys: feb20_filtered") as caught:
        catalog.entry(spelling)
    assert "supercam" not in str(caught.value)


def test_for_a_key_like_no_other_it_is_said_where_they_are_listed():
    with pytest.raises(ParameterError, match=r"catalog\. 'marsaudio list' shows which keys there are\."):
        catalog.entry("§")


@pytest.mark.parametrize("value", [None, 5, ["sample"]])
@pytest.mark.parametrize("function", [catalog.entry, catalog.local_path, catalog.fetch])
def test_what_is_no_key_at_all_is_refused_as_one(function, value):
    with pytest.raises(ParameterError, match="There is no recording"):
        function(value)


@every_entry
def test_an_entry_is_published_over_https_or_bundled(entry):
    if not entry.urls:
        assert entry.simulated
        assert entry.page is None
    for url in (*entry.urls, *([entry.page] if entry.page else [])):
        parts = urllib.parse.urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname is not None
        assert parts.hostname.endswith(".nasa.gov")
    for url, name in zip(entry.urls, entry.file_names, strict=False):
        assert url.endswith("/" + name)


@every_entry
def test_an_entry_names_its_microphone_its_terms_and_whom_to_credit(entry):
    credit_of_microphone = {
        "EDL microphone": "NASA/JPL-Caltech",
        "SuperCam microphone": "NASA/JPL-Caltech/LANL/CNES/CNRS/ISAE-Supaero",
        "simulated": "marsaudio (simulated)",
    }
    assert entry.credit == credit_of_microphone[entry.microphone]
    assert entry.simulated == (entry.microphone == "simulated")
    assert entry.title
    assert entry.licence == "BSD-3-Clause" if entry.simulated else "with credit" in entry.licence


@every_entry
def test_an_entry_has_a_date_that_lies_in_its_sol(entry):
    assert (entry.sol is None) == (entry.date is None) == entry.simulated
    if entry.date is not None:
        dates = dates_of(entry.date)
        if len(dates) == 2:
            assert dates == dates_of_sol(entry.sol)
        else:
            assert dates[0] in dates_of_sol(entry.sol)


@every_entry
def test_an_entry_has_plausible_numbers(entry):
    assert entry.duration is None or 1 < entry.duration < 3600
    assert entry.sample_rate is None or entry.sample_rate in (44100, 48000, 100000)
    assert entry.size is None or entry.size > 10_000
    assert entry.sha256 is None or (len(entry.sha256) == 64 and int(entry.sha256, 16))


def test_no_two_entries_share_a_file_name():
    names = [name.lower() for key in KEYS for name in catalog.entry(key).file_names]
    assert len(names) == len(set(names))


def test_an_entry_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalog.entry("sample").title = "Something else"


def test_the_data_directory_is_what_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path / "mars"))
    assert catalog.data_directory() == tmp_path / "mars"
    assert not (tmp_path / "mars").exists()


def test_the_data_directory_may_begin_at_home_or_here(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", "~/mars")
    assert catalog.data_directory() == tmp_path / "mars"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", "here")
    assert catalog.data_directory() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_the_data_directory_is_the_users_cache_unless_told_otherwise(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("MARSAUDIO_DATA_DIR", raising=False)
    else:
        monkeypatch.setenv("MARSAUDIO_DATA_DIR", value)
    assert catalog.data_directory().is_absolute()
    assert "marsaudio" in catalog.data_directory().parts


def test_the_local_path_is_none_where_the_file_is_not_here(monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path / "nowhere"))
    assert catalog.local_path("feb20_rover") is None


def test_a_file_is_found_under_the_name_that_either_server_gives_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path))
    own, other = (tmp_path / name for name in catalog.entry("feb20_rover").file_names)
    other.write_bytes(b"audio")
    assert catalog.local_path("feb20_rover") == other
    own.write_bytes(b"audio")
    assert catalog.local_path("feb20_rover") == own


def test_a_folder_of_the_files_name_is_not_taken_for_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path))
    (tmp_path / catalog.entry("feb20_rover").file_name).mkdir()
    assert catalog.local_path("feb20_rover") is None


def test_the_sample_is_found_inside_the_package_or_beside_it(bundled_folders):
    inside, beside = bundled_folders
    assert catalog.local_path("sample") is None
    (beside / "simulated_18s.wav").write_bytes(b"audio")
    assert catalog.local_path("sample") == beside / "simulated_18s.wav"
    (inside / "simulated_18s.wav").write_bytes(b"audio")
    assert catalog.local_path("sample") == inside / "simulated_18s.wav"
    with pytest.raises(DataUnavailableError, match=r"damaged or another file.*Install marsaudio again"):
        catalog.fetch("sample")


def test_the_sample_is_looked_for_where_the_wheel_and_the_checkout_have_it():
    package = Path(catalog.__file__).parents[1]
    assert list(storage._BUNDLED_FOLDERS) == [package / "sample_data", package.parent / "sample_data"]


def test_a_missing_sample_says_to_install_again(bundled_folders):
    with pytest.raises(DataUnavailableError, match=r"simulated_18s\.wav.*Install marsaudio again"):
        catalog.fetch("sample")


def test_a_key_loads_its_own_recording(monkeypatch, tmp_path):
    monkeypatch.setenv("MARSAUDIO_DATA_DIR", str(tmp_path))
    for number, key in enumerate(("feb20_rover", "dust_devil_sol215")):
        samples = np.full(100, (number + 1) / 4)
        ma.Recording(samples, 8000).save(tmp_path / catalog.entry(key).file_name, encoding="PCM_16")
        recording = ma.load(key)
        assert np.array_equal(recording.samples[0], samples)
        assert (recording.source.key, recording.source.credit) == (key, catalog.entry(key).credit)


def test_importing_the_catalog_loads_nothing_heavy_and_reads_nothing():
    code = (
        "import sys, marsaudio.catalog as c;"
        "heavy = {'pooch', 'requests', 'tqdm', 'numpy', 'tomllib', 'soundfile'} & set(sys.modules);"
        "print(heavy, c.entries._catalog.cache_info().currsize)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set() 0"


@real_recordings
@pytest.mark.parametrize("key", ["feb20_filtered", "supercam_sol1"])
def test_the_real_recordings_are_the_files_that_the_catalog_describes(key):
    path = catalog.fetch(key)
    entry = catalog.entry(key)
    assert path.name in entry.file_names
    assert path.stat().st_size == entry.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256


@real_recordings
@pytest.mark.parametrize("key", ["feb20_filtered", "supercam_sol1"])
def test_the_real_recordings_have_the_rate_and_length_that_the_catalog_says(key):
    soundfile = pytest.importorskip("soundfile")
    # Decoded, because the length in front of an MP3 file is an estimate.
    samples, rate = soundfile.read(catalog.fetch(key))
    entry = catalog.entry(key)
    assert rate == entry.sample_rate
    assert len(samples) / rate == pytest.approx(entry.duration, abs=0.1)


def test_both_microphones_are_described_with_who_says_so():
    edl, supercam = catalog.microphones()
    assert (edl.name, supercam.name) == ("EDL microphone", "SuperCam microphone")
    assert edl.band(48000) == (20.0, 20000.0)
    assert supercam.band(25000) == (20.0, 12500.0)
    assert supercam.band(100000) == (20.0, 50000.0)
    assert supercam.band(44100) == (20.0, 22050.0)  # a clip that was released: no more than its rate holds
    for microphone in (edl, supercam):
        assert microphone.made_of
        assert microphone.place
        assert len(microphone.sources) >= 3


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("EDL microphone", "EDL microphone"),
        ("Mars 2020 Entry, Descent, and Landing Camera Suite (EDL)", "EDL microphone"),
        ("SuperCam", "SuperCam microphone"),
        ("Navigation Camera Left", None),
        (None, None),
    ],
)
def test_a_label_leads_to_its_microphone(name, found):
    microphone = catalog.microphone_named(name)
    assert (microphone and microphone.name) == found


def test_every_recording_of_the_catalog_has_a_known_microphone():
    for key in KEYS:
        entry = catalog.entry(key)
        assert (catalog.microphone_named(entry.microphone) is None) == entry.simulated
