"""Tables of samples in FITS files with PDS4 labels, written after the published structure of SuperCam's."""

import builtins
import os

import numpy as np
import pytest
from refusals import refused

import marsaudio as ma

fits = pytest.importorskip("astropy.io.fits", reason="astropy comes with the extra 'pds'.")
pytest.importorskip("pds4_tools", reason="pds4_tools comes with the extra 'pds'.")

LABEL = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1"
    xmlns:mars2020="http://pds.nasa.gov/pds4/mission/mars2020/v1">
  <Identification_Area>
    <logical_identifier>urn:nasa:pds:mars2020_supercam:data_raw_audio:ls__0100</logical_identifier>
    <version_id>1.0</version_id>
    <title>SuperCam raw audio</title>
    <information_model_version>1.15.0.0</information_model_version>
    <product_class>Product_Observational</product_class>
  </Identification_Area>
  <Observation_Area>
    <Time_Coordinates>
      <start_date_time>2021-06-01T14:14:37.984Z</start_date_time>
      <stop_date_time>2021-06-01T14:14:38.984Z</stop_date_time>
    </Time_Coordinates>
    <Primary_Result_Summary><processing_level>Raw</processing_level></Primary_Result_Summary>
    <Observing_System>
      <Observing_System_Component><name>SuperCam</name><type>Instrument</type></Observing_System_Component>
    </Observing_System>
    <Mission_Area><mars2020:Observation_Information>
      <mars2020:sol_number>100</mars2020:sol_number>
      <mars2020:start_local_mean_solar_time>Sol-00100M15:26:09.623</mars2020:start_local_mean_solar_time>
    </mars2020:Observation_Information></Mission_Area>
  </Observation_Area>
  <File_Area_Observational>
    <File><file_name>{file_name}</file_name></File>
    <Table_Binary>
      <name>{table}</name>
      <offset unit="byte">{offset}</offset>
      <records>{records}</records>
      <Record_Binary>
        <fields>1</fields>
        <groups>0</groups>
        <record_length unit="byte">2</record_length>
        {fields}
      </Record_Binary>
    </Table_Binary>
  </File_Area_Observational>
</Product_Observational>
"""
FIELD = """<Field_Binary>
          <name>{column}</name>
          <field_number>{number}</field_number>
          <field_location unit="byte">1</field_location>
          <data_type>{kind}</data_type>
          <field_length unit="byte">2</field_length>
          {scaling}
        </Field_Binary>"""
SHIFTED = "<value_offset>32768</value_offset>"


@pytest.fixture
def integers():
    """All that a 16-bit sample can be, and noise: the stored integers."""
    noise = np.random.default_rng(3).integers(-3000, 3000, 20000)
    return np.concatenate([[-32768, 32767, 0, -1, 1], noise]).astype(np.int16)


@pytest.fixture
def write(tmp_path, integers):
    """Writes a FITS file with astropy, and its label; gives the label's path."""

    def write_product(*, column="SOUND", table="SOUND TABLE", kind="SignedMSB2", scaling=SHIFTED, **changes):
        path = tmp_path / "LS__0100_0675819581_368EA2.fits"
        stored = fits.Column(name=column, format="I", bzero=32768, array=integers.astype(np.int32) + 32768)
        part = fits.BinTableHDU.from_columns([stored], name="SOUND")
        fits.HDUList([fits.PrimaryHDU(), part]).writeto(path, overwrite=True)
        with fits.open(path) as parts:
            place = parts["SOUND"].fileinfo()["datLoc"]
            assert parts["SOUND"].header["TFORM1"] == "I"
            assert parts["SOUND"].header["TZERO1"] == 32768
        fields = {"file_name": path.name, "offset": place, "records": len(integers), "doctype": ""} | changes
        columns = fields.pop("columns", 1)
        described = "".join(
            FIELD.format(column=column, number=number + 1, kind=kind, scaling=scaling)
            for number in range(columns)
        )
        label = path.with_suffix(".xml")
        label.write_text(LABEL.format(table=table, fields=described, **fields))
        return label

    return write_product


def test_it_loads_exactly_the_samples_that_were_stored(write, integers):
    recording = ma.load(write(), sample_rate=25000)
    assert recording.samples.shape == (1, len(integers))
    assert np.array_equal(recording.samples[0] * 2**15, integers)
    assert recording.sample_rate == 25000
    assert recording.source.encoding == "PCM_16"


def test_its_label_says_whence_and_when(write):
    source = ma.load(write(), sample_rate=25000).source
    assert (source.title, source.microphone, source.sol) == ("SuperCam raw audio", "SuperCam", 100)
    assert source.credit == "NASA/JPL-Caltech/LANL/CNES/CNRS/ISAE-Supaero"
    assert source.start_time == ma.MarsTime("2021-06-01T14:14:37.984Z")
    assert source.metadata["pds_stop_date_time"] == "2021-06-01T14:14:38.984Z"
    assert source.metadata["pds_start_local_mean_solar_time"] == "Sol-00100M15:26:09.623"
    assert source.notes == ()


def test_ranges_and_blocks_are_the_same_samples(write, integers, tmp_path):
    label = write()
    whole = ma.load(label, sample_rate=25000)
    assert np.array_equal(
        ma.load(label, sample_rate=25000, start=0.1, stop=0.2).samples, whole.clip(0.1, 0.2).samples
    )
    assert np.array_equal(ma.load(label.with_suffix(".fits"), sample_rate=25000).samples, whole.samples)
    saved = ma.load(whole.save(tmp_path / "sound.wav"))
    assert np.array_equal(saved.samples, whole.samples)


def test_unsigned_integers_without_a_shift_are_the_same_sound(tmp_path, integers):
    # Without FITS around them: the label alone says what is there.
    path = tmp_path / "sound.dat"
    path.write_bytes(b"head" + (integers.astype(np.int32) + 32768).astype(">u2").tobytes())
    label = tmp_path / "sound.xml"
    field = FIELD.format(column="SOUND", number=1, kind="UnsignedMSB2", scaling="")
    label.write_text(
        LABEL.format(
            doctype="", file_name=path.name, table="SOUND", offset=4, records=len(integers), fields=field
        )
    )
    assert np.array_equal(ma.load(label, sample_rate=100000).samples[0] * 2**15, integers)


def test_signed_integers_around_zero_stay_as_they_are(tmp_path, integers):
    path = tmp_path / "sound.dat"
    path.write_bytes(integers.astype("<i2").tobytes())
    label = tmp_path / "sound.xml"
    field = FIELD.format(column="SOUND", number=1, kind="SignedLSB2", scaling="")
    label.write_text(
        LABEL.format(
            doctype="", file_name=path.name, table="SOUND", offset=0, records=len(integers), fields=field
        )
    )
    assert np.array_equal(ma.load(label, sample_rate=100000).samples[0] * 2**15, integers)


def test_a_sample_rate_is_asked_for_where_none_is_stated(write):
    with refused(ma.ParameterError, r"does not say how many samples a second.*25000 or 100000"):
        ma.load(write())


def test_a_sample_rate_is_refused_where_the_file_has_one():
    with refused(ma.ParameterError, r"has its own sample rate, 48000 Hz"):
        ma.load("sample", sample_rate=25000)
    with refused(ma.ParameterError, "positive number of samples a second"):
        ma.load("sample", sample_rate=-1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"offset": 2880}, r"at byte 2880, .* but the FITS file has 20005 rows of 2 bytes at byte 8640|byte"),
        ({"offset": 10**9}, "which has [0-9]+ bytes"),
        ({"offset": -5}, "begin at byte -5"),
        ({"offset": "here"}, "should give the offset .* but it says 'here'"),
        ({"offset": ""}, "should give the offset .* but it is missing"),
        ({"records": 20004}, "but the FITS file has 20005 rows"),
        ({"records": 0}, "that 0 samples"),
        ({"records": ""}, "should give the records"),
        ({"scaling": ""}, "to which 0 is added, but the FITS file has .* to which 32768 is added"),
        ({"scaling": "<value_offset>17</value_offset>"}, "full scale is not known"),
        ({"scaling": SHIFTED + "<scaling_factor>0.5</scaling_factor>"}, "full scale is not known"),
        ({"kind": "IEEE754MSBDouble"}, "holds IEEE754MSBDouble, of which full scale is not known"),
        ({"columns": 2}, "has 2 columns"),
        ({"columns": 0}, "has 0 columns"),
        ({"file_name": "../sound.fits"}, "not in the label's own folder"),
        ({"doctype": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'}, "declares a document type"),
    ],
)
def test_a_label_that_does_not_fit_its_file_is_refused(write, changes, says):
    with refused(ma.AudioFormatError, says):
        ma.load(write(**changes), sample_rate=25000)


def test_a_file_that_is_not_there_is_named(write):
    label = write()
    label.with_suffix(".fits").unlink()
    with refused(ma.DataUnavailableError, r"'LS__0100_0675819581_368EA2\.fits', which is not beside it"):
        ma.load(label, sample_rate=25000)


def test_a_fits_file_without_its_label_says_what_to_fetch(write):
    label = write()
    label.unlink()
    with refused(ma.AudioFormatError, r"Fetch 'LS__0100_0675819581_368EA2\.xml'"):
        ma.load(label.with_suffix(".fits"), sample_rate=25000)


def test_a_file_that_is_cut_short_is_refused(write):
    label = write()
    path = label.with_suffix(".fits")
    os.truncate(path, path.stat().st_size // 2)
    with refused(ma.AudioFormatError, r"begin at byte|cannot be read as FITS"):
        ma.load(label, sample_rate=25000)


@pytest.mark.parametrize("library", ["pds4_tools", "astropy.io"])
def test_it_says_what_to_install(write, monkeypatch, library):
    label, original = write(), builtins.__import__

    def without(name, *args, **kwargs):
        if name == library:
            raise ImportError(f"No module named {name!r}")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with refused(ma.MissingLibraryError, r"marsaudio\[pds\]"):
        ma.load(label, sample_rate=25000)
