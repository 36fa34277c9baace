"""Sessions of one-second products: joined in time, and what is missing stays a gap."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from pds4_products import (
    COLLECTION,
    label_of_audio,
    product_name,
    write_collection,
    write_product,
)
from refusals import refused

import marsaudio as ma
from marsaudio import cli

RATE = 48000
SECOND = np.zeros((2, RATE), dtype=np.float32)
DATA = os.environ.get("MARSAUDIO_DATA_DIR")
real_products = pytest.mark.skipif(
    not (DATA and Path(DATA, "m2020_edlcam_raw", "data_audio").is_dir()),
    reason="MARSAUDIO_DATA_DIR does not name a folder with m2020_edlcam_raw",
)


def test_products_are_joined_in_the_order_of_their_seconds(tmp_path):
    seconds = {second: write_product(tmp_path, second) for second in (2, 0, 1)}
    recording = ma.load_session(tmp_path)
    assert np.array_equal(recording.samples, np.concatenate([seconds[0], seconds[1], seconds[2]], axis=1))
    assert recording.sample_rate == RATE
    assert recording.gaps == ()
    assert recording.source.encoding == "PCM_16"
    assert recording.source.credit == "NASA/JPL-Caltech"


def test_a_missing_second_is_a_gap_that_is_named_and_kept_in_time(tmp_path):
    first, third = write_product(tmp_path, 0), write_product(tmp_path, 2)
    recording = ma.load_session(tmp_path)
    assert recording.duration == 3.0
    assert np.array_equal(recording.samples, np.concatenate([first, SECOND, third], axis=1))
    ((start, stop, reason),) = recording.gaps
    assert (start, stop) == (1.0, 2.0)
    assert reason == "no product of second 1 is here"
    assert repr(recording).endswith("uncalibrated, 1 gap>")


def test_what_the_inventory_names_and_is_not_there_is_a_gap_and_listed(tmp_path):
    first, second = write_product(tmp_path, 0), write_product(tmp_path, 1)
    collection = write_collection(tmp_path, [product_name(n) for n in range(3)])
    for place in (tmp_path, collection, str(collection)):
        recording = ma.load_session(place, session=170)
        assert np.array_equal(recording.samples, np.concatenate([first, second, SECOND], axis=1))
        assert recording.gaps == (
            ma.Gap(2.0, 3.0, f"{product_name(2)}, which the inventory names, is not here"),
        )
        assert recording.source.missing == (product_name(2),)


def test_neighbouring_gaps_are_one(tmp_path):
    write_product(tmp_path, 3)
    write_collection(tmp_path, [product_name(n) for n in range(7)])
    recording = ma.load_session(tmp_path)
    assert [(gap.start, gap.stop) for gap in recording.gaps] == [(0.0, 3.0), (4.0, 7.0)]
    assert "nor are those up to second 2" in recording.gaps[0].reason
    assert len(recording.source.missing) == 6


def test_a_product_that_is_cut_short_leaves_a_gap_for_its_rest(tmp_path):
    write_product(tmp_path, 0, seconds=0.25)
    write_product(tmp_path, 1)
    recording = ma.load_session(tmp_path)
    assert recording.duration == 2.0
    assert recording.gaps == (ma.Gap(0.25, 1.0, f"{product_name(0)} is cut short"),)
    assert not recording.samples[:, RATE // 4 : RATE].any()


def test_clips_have_the_gaps_that_lie_in_them(tmp_path):
    for second in (0, 2, 3):
        write_product(tmp_path, second)
    recording = ma.load_session(tmp_path)
    assert [(gap.start, gap.stop) for gap in recording.clip(0.5, 1.5).gaps] == [(0.5, 1.0)]
    assert [(gap.start, gap.stop) for gap in recording.clip(1.25, 4.0).clip(0.25, 2.0).gaps] == [(0.0, 0.5)]
    assert recording.clip(2.0, 4.0).gaps == ()


def test_the_start_comes_from_the_label_of_the_joined_product(tmp_path):
    write_product(tmp_path, 0)
    joined = tmp_path / "EM__1125_concat_session170.wav"
    joined.with_suffix(".xml").write_text(label_of_audio(joined, local_time="Sol-01125M10:31:04.307"))
    recording = ma.load_session(tmp_path)
    assert recording.source.sol == 1125
    assert str(recording.start_time) == "Sol-01125M10:31:04.307"
    assert recording.source.date == "2024-04-19"
    assert any("when the rover landed" in note for note in recording.source.notes)
    later = recording.clip(0.5).start_time
    assert (later.utc - recording.start_time.utc).total_seconds() == pytest.approx(0.5, abs=2e-6)
    assert "Sol-01125M10:31:04" in repr(recording)


def test_samples_are_read_when_they_are_wanted(tmp_path):
    for second in range(4):
        write_product(tmp_path, second)
    recording = ma.load_session(tmp_path)
    (tmp_path / product_name(3)).write_bytes(b"gone")
    assert recording.duration == 4.0
    assert recording.clip(0.5, 2.5).samples.shape == (2, 2 * RATE)  # the fourth is not opened
    with pytest.raises(ma.AudioFormatError):
        _ = recording.samples


def test_blocks_of_any_length_are_the_samples(tmp_path):
    for second in (0, 1, 3):
        write_product(tmp_path, second)
    whole = ma.load_session(tmp_path).samples
    for length in (1000, RATE, 70001):
        blocks = list(ma.load_session(tmp_path).blocks(length))
        assert np.array_equal(np.concatenate(blocks, axis=1), whole)
    assert not whole.flags.writeable


def test_an_unread_recording_can_be_sent_to_another_process(tmp_path):
    write_product(tmp_path, 0)
    recording = ma.load_session(tmp_path)
    again = pickle.loads(pickle.dumps(recording))
    assert np.array_equal(again.samples, recording.samples)
    assert not again.samples.flags.writeable
    with pytest.raises(AttributeError, match="no attribute 'sound'"):
        _ = recording.sound


def test_a_text_stands_for_a_session_wherever_a_recording_is_named(tmp_path, monkeypatch):
    for second in (0, 2):
        write_product(tmp_path, second)
    expected = ma.load_session(tmp_path)
    loaded = ma.load(f"{tmp_path}/session:170")
    assert np.array_equal(loaded.samples, expected.samples)
    assert loaded.gaps == expected.gaps
    assert np.array_equal(
        ma.load(f"{tmp_path}/session:170:0", start=1.5).samples, expected.samples[:, 72000:]
    )
    monkeypatch.chdir(tmp_path)
    assert ma.load("session:170").duration == 3.0


def test_a_session_is_separated_the_same_from_memory_and_from_its_products(tmp_path):
    for second in (0, 1, 2, 4, 5, 6, 7):
        write_product(tmp_path, second)
    recording = ma.load_session(tmp_path)
    wind, rover = tmp_path / "wind.wav", tmp_path / "rover.wav"
    ma.separate_file(recording, wind=wind, rover=rover)
    stems = ma.separate(recording)
    assert np.array_equal(ma.load(wind).samples, stems.wind.samples)
    assert np.array_equal(stems.wind.samples + stems.rover.samples, recording.samples)
    assert stems.wind.gaps == recording.gaps
    ma.separate_file(f"{tmp_path}/session:170", wind=tmp_path / "w.wav", rover=tmp_path / "r.wav")
    assert np.array_equal(ma.load(tmp_path / "w.wav").samples, stems.wind.samples)


def test_no_product_is_replaced_by_what_is_made_of_it(tmp_path):
    for second in range(3):
        write_product(tmp_path, second)
    before = (tmp_path / product_name(0)).read_bytes()
    with refused(ma.ParameterError, "neither may be the input"):
        ma.separate_file(
            f"{tmp_path}/session:170", wind=tmp_path / product_name(0), rover=tmp_path / "rover.wav"
        )
    assert (tmp_path / product_name(0)).read_bytes() == before


def test_sessions_are_listed_with_what_is_missing(tmp_path):
    write_product(tmp_path, 0, session=170)
    write_product(tmp_path, 1, session=171)
    write_collection(tmp_path, [product_name(0), product_name(1, session=171), product_name(0, session=172)])
    found = ma.find_sessions(tmp_path)
    assert [(one.number, len(one.products), len(one.missing), one.seconds) for one in found] == [
        (170, 1, 0, 1),
        (171, 1, 0, 2),
        (172, 0, 1, 1),
    ]
    assert repr(found[2]) == "<marsaudio.Session: session 172, 0 products, 1 missing>"


def test_it_must_be_clear_which_session(tmp_path):
    write_product(tmp_path, 0, session=170)
    write_product(tmp_path, 0, session=171)
    write_product(tmp_path, 0, session=171, part=1)
    with refused(ma.ParameterError, r"holds session 170, 171.*session=\.\.\."):
        ma.load_session(tmp_path)
    with refused(ma.ParameterError, r"with parts 0, 1.*part=\.\.\."):
        ma.load_session(tmp_path, session=171)
    with refused(ma.ParameterError, "There is no session 9"):
        ma.load_session(tmp_path, session=9)
    assert ma.load_session(tmp_path, session=171, part=1).duration == 1.0


def test_a_session_of_which_nothing_is_here_names_what_to_fetch(tmp_path):
    write_collection(tmp_path, [product_name(0)])
    with refused(ma.DataUnavailableError, f"none is here: {product_name(0)}"):
        ma.load_session(tmp_path)


def test_what_is_no_place_of_sessions_is_refused(tmp_path):
    with refused(ma.ParameterError, "holds no products of a session"):
        ma.load_session(tmp_path)
    with refused(ma.DataUnavailableError, "There is no folder or label"):
        ma.load_session(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello")
    with refused(ma.AudioFormatError, "neither a folder nor the label"):
        ma.load_session(tmp_path / "notes.txt")
    with refused(ma.DataUnavailableError, "There is no folder or label"):
        ma.load(f"{tmp_path}/nowhere/session:170")


def test_products_that_do_not_fit_together_are_named(tmp_path):
    write_product(tmp_path, 0)
    write_product(tmp_path, 1, rate=44100)
    with refused(ma.AudioFormatError, f"do not fit together.*{product_name(1)}.*44100 Hz"):
        ma.load_session(tmp_path)


def test_a_product_that_is_too_long_is_refused(tmp_path):
    write_product(tmp_path, 0, seconds=1.5)
    with refused(ma.AudioFormatError, "lasts 1.5 s"):
        ma.load_session(tmp_path)


def test_products_that_are_hours_apart_are_no_one_session(tmp_path, capsys):
    folder = tmp_path / "archive"
    folder.mkdir()
    write_product(folder, 0, rate=8000)
    write_product(folder, 999_999, rate=8000)
    says = (
        r"Of session 170 .* 999998 s are missing, most of them between 'mic_00000170_000_000000\.wav' and "
        r"'mic_00000170_000_999999\.wav', and at most 3600 s may be\. .*move them into"
    )
    with refused(ma.AudioFormatError, says):
        ma.load(f"{folder}/session:170", start=0.0, stop=0.5)
    assert [session.seconds for session in ma.find_sessions(folder)] == [1_000_000]
    assert cli.main(["sessions", str(folder)]) == 0
    assert "session:170" in capsys.readouterr().out
    assert cli.main(["info", f"{folder}/session:170"]) == 2
    assert "999998 s are missing" in capsys.readouterr().err
    report = ma.batch.run(folder, tmp_path / "out", jobs=1, progress=False)
    assert "999998 s are missing" in report.failures["session-170"]
    assert ma.load(folder / product_name(999_999)).duration == 1.0


def test_an_hour_that_is_missing_in_pieces_is_too_much_as_well(tmp_path):
    for second in (0, 1201, 2402, 3604):
        write_product(tmp_path, second, rate=8000)
    with refused(ma.AudioFormatError, "3601 s are missing, most of them between .*_002402.* and .*_003604"):
        ma.load_session(tmp_path)


def test_an_hour_that_is_missing_is_a_gap_and_a_second_more_is_refused(tmp_path):
    write_product(tmp_path, 3600, rate=8000)
    assert ma.load_session(tmp_path).gaps[0].stop == 3600.0
    (tmp_path / product_name(3600)).rename(tmp_path / product_name(3601))
    with refused(
        ma.AudioFormatError, r"3601 s are missing, most of them before 'mic_00000170_000_003601\.wav'"
    ):
        ma.load_session(tmp_path)


def test_what_a_session_has_no_memory_for_is_refused_and_its_parts_are_read(tmp_path, monkeypatch):
    kept = write_product(tmp_path, 0, rate=8000)
    write_product(tmp_path, 3500, rate=8000)
    zeros = np.zeros

    def little(shape, **options):
        if np.prod(shape) > 1e7:
            raise MemoryError
        return zeros(shape, **options)

    monkeypatch.setattr(np, "zeros", little)
    recording = ma.load_session(tmp_path)
    with refused(ma.ParameterError, r"3501 s of session 170 .* need 0\.2 GiB of memory.*start= and stop="):
        _ = recording.samples
    assert np.array_equal(ma.load(f"{tmp_path}/session:170", stop=0.5).samples, kept[:, :4000])


def test_a_product_that_is_not_what_its_label_says_is_refused_when_it_is_read(tmp_path):
    write_product(tmp_path, 0)
    product = tmp_path / product_name(0)
    product.write_bytes(product.read_bytes()[:-1] + b"\x01")
    recording = ma.load_session(tmp_path)
    with refused(ma.AudioFormatError, "has the MD5 [0-9a-f]{32}, but its label states [0-9a-f]{32}"):
        _ = recording.samples


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"file_name": "elsewhere.csv"}, "names the inventory 'elsewhere.csv', which is not beside it"),
        ({"file_name": "../inventory.csv"}, "not in the label's own folder"),
        ({"line": "{}"}, "Line 1 of .* is no line of an inventory"),
        ({"line": "P,not an identifier\r\n"}, "Line 1 of .* is no line of an inventory"),
    ],
)
def test_an_inventory_that_cannot_be_read_is_refused(tmp_path, change, says):
    write_product(tmp_path, 0)
    write_collection(tmp_path, [product_name(0)], **change)
    with pytest.raises((ma.AudioFormatError, ma.DataUnavailableError), match=says):
        ma.load_session(tmp_path)


def test_members_of_other_collections_do_not_count(tmp_path):
    write_product(tmp_path, 0)
    write_collection(tmp_path, [product_name(0)])
    with open(tmp_path / "inventory.csv", "a") as inventory:
        inventory.write(f"S,urn:nasa:pds:other:data_audio:{product_name(5)}::1.0\n\n")
    assert ma.load_session(tmp_path).duration == 1.0


def test_a_label_of_a_collection_is_no_recording(tmp_path):
    collection = write_collection(tmp_path, [product_name(0)])
    assert COLLECTION in collection.read_text()
    with refused(ma.AudioFormatError, r"the label of many products.*FOLDER/session:170"):
        ma.load(collection)


@real_products
def test_the_real_session_has_its_two_seconds_and_names_the_third():
    folder = Path(DATA, "m2020_edlcam_raw", "data_audio")
    recording = ma.load_session(folder, session=170)
    assert recording.duration == 3.0
    assert recording.gaps == (
        ma.Gap(2.0, 3.0, "mic_00000170_000_000002.wav, which the inventory names, is not here"),
    )
    two = [ma.load(folder / product_name(second).replace(".wav", ".xml")) for second in (0, 1)]
    assert np.array_equal(recording.samples[:, : 2 * RATE], np.concatenate([r.samples for r in two], axis=1))
    assert not recording.samples[:, 2 * RATE :].any()
    assert str(recording.start_time) == "Sol-01125M10:31:04.307"
    assert two[0].start_time is None
    assert two[0].source.metadata["pds_start_date_time"] == "2021-02-18T20:44:28.107000Z"
    assert any("when the rover landed" in note for note in two[0].source.notes)


@real_products
def test_the_real_joined_product_says_which_file_is_missing():
    folder = Path(DATA, "m2020_edlcam_raw", "data_audio")
    with refused(ma.DataUnavailableError, r"'EM__1125_concat_session170\.wav', which is not beside it"):
        ma.load(folder / "EM__1125_concat_session170.xml")
