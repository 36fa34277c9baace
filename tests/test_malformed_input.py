"""Whatever is wrong with a file, it loads what is validly there, or is refused in a sentence.

Nothing crashes, hangs for ten seconds or takes a gibibyte: `reading_alone` tells of such.
"""

import sys
from pathlib import Path

import malformed_audio
import malformed_labels
import malformed_readers as readers
import malformed_tables
import numpy as np
import pytest
from reading_alone import Outcome, read_alone

import marsaudio as ma

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Limits are set as POSIX has them.")


def outcomes(reader, cases, folder):
    """What became of each case, with its path; none may end in what must not happen."""
    paths = [case.write(folder / str(number)) for number, case in enumerate(cases)]
    found = read_alone(reader, paths)
    assert len(found) == len(cases)
    faults = [f"{case.name}: {one.fault}" for case, one in zip(cases, found, strict=True) if one.fault]
    assert not faults, "\n".join(faults)
    return list(zip(cases, paths, found, strict=True))


def names_of(found, *, loaded):
    return {case.name for case, _, outcome in found if bool(outcome.told) == loaded}


@pytest.fixture(scope="module", params=malformed_audio.KINDS)
def sounds(request, tmp_path_factory):
    cases = list(malformed_audio.KINDS[request.param]())
    return outcomes(readers.sound, cases, tmp_path_factory.mktemp("sounds"))


class TestSounds:
    def test_what_is_read_is_what_the_file_holds(self, sounds):
        for case, path, outcome in sounds:
            if case.holds is None or not outcome.told:
                continue
            read = np.load(path.with_name(readers.READ))
            frames = read.shape[1]
            assert len(read) == len(case.holds), case.name
            assert frames <= case.holds.shape[1], case.name
            assert np.array_equal(read, case.holds[:, :frames]), case.name

    def test_what_was_cut_off_is_refused_and_not_taken_for_the_whole(self, sounds):
        taken = [case.name for case, _, outcome in sounds if " cut at byte " in case.name and outcome.told]
        assert taken == []

    def test_what_is_broken_in_the_middle_is_refused_and_not_joined_over_the_break(self, sounds):
        taken = [case.name for case, _, outcome in sounds if " broken: " in case.name and outcome.told]
        assert taken == []

    def test_no_sample_too_large_to_be_worked_on_is_given(self, sounds):
        taken = [
            case.name
            for case, _, outcome in sounds
            if outcome.told and case.holds is not None and np.abs(case.holds).max() > 2.0**40
        ]
        assert taken == []

    def test_no_sample_that_is_no_number_is_given(self, sounds):
        taken = [
            case.name
            for case, _, outcome in sounds
            if outcome.told and case.holds is not None and not np.isfinite(case.holds).all()
        ]
        assert taken == []

    def test_what_is_no_audio_is_refused(self, sounds):
        others = [one for one in sounds if one[0].name.partition(" called ")[0] in NO_AUDIO]
        assert names_of(others, loaded=True) == set()

    def test_what_loads_can_be_worked_on_or_is_refused(self, sounds, tmp_path):
        # Most of what loads is one sound, in many files.
        different = {
            (np.load(path.with_name(readers.READ)).tobytes(), outcome.told.partition(",")[2]): case
            for case, path, outcome in sounds
            if outcome.told
        }
        cases = list(different.values())
        found = outcomes(readers.sound_at_work, cases, tmp_path)
        assert names_of(found, loaded=False) == set()


NO_AUDIO = {case.name.partition(" called ")[0] for case in malformed_audio.no_audio()} - {"WAV"}


def test_harmless_oddities_are_read(tmp_path):
    """Else it would be no merit that nothing crashes."""
    cases = [*malformed_audio.wav_files(), *malformed_audio.flac_files(), *malformed_audio.compressed_files()]
    odd = {
        "RIFF that says 0 bytes",
        "RIFF that says 4294967295 bytes",
        "data that says 4294967295 bytes",
        "data that says 4294967295 bytes before a title",
        "WAV with an XML bomb",
        "WAV with four billion marks",
        "WAV with lists that hold themselves after its samples",
        "WAV with a broadcast chunk of nothing but 0xff",
        "FLAC that says 0 frames",
        "FLAC without a checksum",
        "FLAC with a thousand seek tables",
    }
    found = outcomes(readers.sound, [case for case in cases if case.name in odd], tmp_path)
    assert names_of(found, loaded=True) == odd


class TestLabelsOfProducts:
    def test_labels_of_audio(self, tmp_path):
        found = outcomes(readers.audio_label, list(malformed_labels.audio_labels()), tmp_path)
        refused = names_of(found, loaded=False)
        assert "a billion laughs" in refused
        assert {f"a label of {name!r}" for name in ("/etc/passwd", "../sound.wav", "/dev/zero")} <= refused
        assert "a label without title" in names_of(found, loaded=True)

    def test_labels_of_tables(self, tmp_path):
        pytest.importorskip("astropy", reason="astropy comes with the extra 'pds'.")
        pytest.importorskip("pds4_tools", reason="pds4_tools comes with the extra 'pds'.")
        found = outcomes(readers.table_label, list(malformed_labels.table_labels()), tmp_path)
        loaded = names_of(found, loaded=True)
        assert {"a table as it should be", "a table scaled by '1'"} <= loaded
        assert not any(" cut at byte " in name for name in loaded)

    def test_sessions_and_inventories(self, tmp_path):
        found = outcomes(readers.session, list(malformed_labels.sessions()), tmp_path)
        loaded = names_of(found, loaded=True)
        assert "a session as it should be" in loaded
        assert not any(name.startswith("an inventory called") for name in loaded)


@pytest.mark.parametrize("file", malformed_tables.WHOLE)
def test_tables_of_labels(file, tmp_path):
    cases = [case for case in malformed_tables.label_tables() if case.opened == file]
    outcomes(readers.labels, cases, tmp_path)


def test_manifests(tmp_path):
    found = outcomes(readers.manifest, list(malformed_tables.manifests()), tmp_path)
    loaded = names_of(found, loaded=True)
    assert not any(word in name for name in loaded for word in ("passwd", "/dev/zero", "../a.wav"))


def test_rover_models(tmp_path):
    scene = ma.simulate_scene(6.0, sample_rate=8000, gust_count=0, rng=0)
    saved = ma.fit_rover(scene.rover).to_json()
    outcomes(readers.rover_model, list(malformed_tables.rover_models(saved)), tmp_path)


class TestReadingAlone:
    """What watches over the files must see what it is there to see."""

    def outcome_of(self, name: str, tmp_path: Path) -> Outcome:
        (outcome,) = read_alone(getattr(sys.modules[__name__], name), [tmp_path])
        return outcome

    def test_a_crash_is_told(self, tmp_path):
        assert "SIGSEGV" in self.outcome_of("crashes", tmp_path).fault

    def test_an_error_that_is_not_ours_is_told(self, tmp_path):
        assert "ZeroDivisionError" in self.outcome_of("divides", tmp_path).fault

    def test_a_hang_is_told(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MARSAUDIO_TEST_SECONDS", "0.2")
        assert "longer than" in self.outcome_of("waits", tmp_path).fault

    @pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Nobody tells the peak here.")
    def test_memory_is_told(self, tmp_path):
        assert "GiB" in self.outcome_of("takes", tmp_path).fault

    def test_the_files_after_a_crash_are_read(self, tmp_path):
        paths = [tmp_path / "crash", tmp_path / "fine", tmp_path / "crash", tmp_path / "fine"]
        found = read_alone(crashes_at_some, paths)
        assert [bool(one.fault) for one in found] == [True, False, True, False]


def crashes(path):
    import ctypes

    ctypes.string_at(0)


def crashes_at_some(path):
    if path.name == "crash":
        crashes(path)
    return "read"


def divides(path):
    return str(1 / 0)


def waits(path):
    import time

    time.sleep(5)


def takes(path):
    return str(len(b"x" * (2**30 + 2**28)))
