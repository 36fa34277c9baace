"""A PDS4 label leads to its audio file, and to no other."""

import hashlib

import pytest
from refusals import refused
from wav_bytes import ramp, wav

import marsaudio as ma

CONTENTS = wav(ramp())
LABEL = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<Product_Ancillary xmlns="http://pds.nasa.gov/pds4/pds/v1"
    xmlns:mars2020="http://pds.nasa.gov/pds4/mission/mars2020/v1">
  <Identification_Area>
    <logical_identifier>urn:nasa:pds:m2020_edlcam_raw:data_audio:{name}</logical_identifier>
    <version_id>1.0</version_id>
    <title>{title}</title>
    <Modification_History><Modification_Detail><version_id>0.1</version_id></Modification_Detail>
    </Modification_History>
  </Identification_Area>
  <Context_Area>
    <Time_Coordinates><start_date_time>2021-02-18T20:44:28.107000Z</start_date_time></Time_Coordinates>
    <Primary_Result_Summary><processing_level>Raw</processing_level></Primary_Result_Summary>
    <Observing_System>
      <Observing_System_Component><name>Mars 2020</name><type>Host</type></Observing_System_Component>
      <Observing_System_Component><name>EDL Camera Suite</name><type>Instrument</type>
      </Observing_System_Component>
    </Observing_System>
    <Mission_Area><mars2020:Observation_Information>{time}</mars2020:Observation_Information></Mission_Area>
  </Context_Area>
  {before}
  <File_Area_Ancillary>
    <File>{file_name}{checksum}</File>
    {audio}
  </File_Area_Ancillary>
</Product_Ancillary>
"""


@pytest.fixture
def write_label(tmp_path):
    """Writes mic.wav and a label of it, with what is asked for."""

    def write(*, name="mic.wav", label="mic.xml", codec="utf-8", audio=True, **parts):
        (tmp_path / "mic.wav").write_bytes(CONTENTS)
        checksum = hashlib.md5(CONTENTS).hexdigest()
        fields = {
            "doctype": "",
            "name": name,
            "title": "Mars 2020 EDLCam Audio WAV Product",
            "time": "",
            "before": "",
            "file_name": f"<file_name>{name}</file_name>",
            "checksum": f"<md5_checksum>{checksum}</md5_checksum>",
            "audio": "<Encoded_Audio><offset unit='byte'>0</offset></Encoded_Audio>" if audio else "",
        }
        path = tmp_path / label
        path.write_bytes(LABEL.format(**fields | parts).encode(codec))
        return path

    return write


def test_it_loads_the_file_it_describes_and_keeps_what_it_says(write_label):
    path = write_label()
    recording = ma.load(path)
    assert recording.frames == 100
    source = recording.source
    assert source.path == str(path.with_name("mic.wav"))
    assert source.title == "Mars 2020 EDLCam Audio WAV Product"
    assert source.microphone == "EDL Camera Suite"
    assert source.sol is None
    assert source.metadata == {
        "pds_lid": "urn:nasa:pds:m2020_edlcam_raw:data_audio:mic.wav",
        "pds_version": "1.0",
        "pds_processing_level": "Raw",
        "pds_start_date_time": "2021-02-18T20:44:28.107000Z",
        "pds_md5": hashlib.md5(CONTENTS).hexdigest(),
    }
    assert ma.load(str(path), start=0.005).frames == 60


def test_the_sol_is_taken_from_the_local_time(write_label):
    time = (
        "<mars2020:start_local_mean_solar_time>Sol-01125M10:31:04.307</mars2020:start_local_mean_solar_time>"
    )
    source = ma.load(write_label(time=time)).source
    assert source.sol == 1125
    assert source.metadata["pds_start_local_mean_solar_time"] == "Sol-01125M10:31:04.307"


def test_the_suffix_may_be_in_capitals(write_label):
    assert ma.load(write_label(label="MIC.XML")).frames == 100


def test_other_files_of_the_label_are_not_taken_for_the_audio(write_label):
    file = "<File><file_name>readme.txt</file_name><md5_checksum>0</md5_checksum></File>"
    recording = ma.load(write_label(before=f"<File_Area_Text>{file}</File_Area_Text>"))
    assert recording.source.name == "mic.wav"


@pytest.mark.parametrize("checksum", ["", "<md5_checksum/>", "<md5_checksum> </md5_checksum>"])
def test_a_label_without_a_checksum_is_taken_as_it_is(write_label, checksum):
    recording = ma.load(write_label(checksum=checksum))
    assert "pds_md5" not in recording.source.metadata


def test_a_checksum_in_capitals_is_the_same(write_label):
    capitals = hashlib.md5(CONTENTS).hexdigest().upper()
    assert ma.load(write_label(checksum=f"<md5_checksum>\n {capitals}\n</md5_checksum>")).frames == 100


@pytest.mark.parametrize("checksum", ["0" * 32, "short", "0\n1"])
def test_a_file_that_changed_is_refused(write_label, checksum):
    path = write_label(checksum=f"<md5_checksum>{checksum}</md5_checksum>")
    with refused(ma.AudioFormatError, r"mic\.wav' has the MD5 [0-9a-f]{32}, but its label states"):
        ma.load(path)


@pytest.mark.parametrize(
    "name", ["../mic.wav", "/etc/passwd", "sub/mic.wav", "..", ".", "..\\mic.wav", "C:\\mic.wav"]
)
def test_a_file_outside_of_its_folder_is_refused(write_label, name, tmp_path):
    (tmp_path.parent / "mic.wav").write_bytes(CONTENTS)
    with refused(ma.AudioFormatError, "not in the label's own folder"):
        ma.load(write_label(name=name))


def test_a_file_that_is_not_there_is_named(write_label):
    with refused(ma.DataUnavailableError, r"mic\.xml' describes 'mic_000001\.wav', which is not beside it"):
        ma.load(write_label(name="mic_000001.wav"))
    with refused(ma.DataUnavailableError, "not beside it"):
        ma.load(write_label(name="m" * 300 + ".wav"))


@pytest.mark.parametrize("file_name", ["", "<file_name/>"])
def test_a_label_that_names_no_file_is_refused(write_label, file_name):
    with refused(ma.AudioFormatError, "has no file_name"):
        ma.load(write_label(file_name=file_name))


def test_a_label_without_an_identifier_is_refused(write_label):
    path = write_label()
    text = path.read_text()
    begin, end = text.index("<logical_identifier>"), text.index("<version_id>")
    path.write_text(text[:begin] + text[end:])
    with refused(ma.AudioFormatError, r"mic\.xml' has no logical_identifier"):
        ma.load(path)


@pytest.mark.parametrize(("size", "is_taken"), [(len(CONTENTS), True), (len(CONTENTS) + 1, False)])
def test_a_file_of_another_size_is_refused(write_label, size, is_taken):
    path = write_label(checksum=f"<file_size unit='byte'>{size}</file_size>")
    if is_taken:
        assert ma.load(path).frames
    else:
        with refused(ma.AudioFormatError, rf"has {len(CONTENTS)} bytes, but its label states {size}"):
            ma.load(path)


def test_a_label_of_something_else_is_refused(write_label):
    with refused(ma.AudioFormatError, "has no Encoded_Audio"):
        ma.load(write_label(audio=False))


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_label_that_declares_entities_is_refused(write_label, codec):
    declaration = '<!DOCTYPE x [<!ENTITY a "mic.wav">]>'
    path = write_label(doctype=declaration, file_name="<file_name>&a;</file_name>", codec=codec)
    if codec == "utf-16":
        path.write_bytes(path.read_bytes().decode(codec).replace("UTF-8", "UTF-16").encode(codec))
    with refused(ma.AudioFormatError, r"declares a document type \('x'\)"):
        ma.load(path)


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"<a>",
        b"RIFF" + bytes(40),
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
        b"<a>" + b" " * (17 * 2**20) + b"</a>",
    ],
    ids=["empty", "cut", "audio", "unknown encoding", "encoding of several bytes", "huge"],
)
def test_what_is_no_xml_is_refused(tmp_path, contents):
    path = tmp_path / "mic.xml"
    path.write_bytes(contents)
    with refused(ma.AudioFormatError, r"mic\.xml' cannot be read as a PDS4 label: it "):
        ma.load(path)


def test_a_missing_label_and_a_folder_are_refused(tmp_path):
    with refused(ma.DataUnavailableError, r"There is no file .*mic\.xml"):
        ma.load(tmp_path / "mic.xml")
    (tmp_path / "mic.xml").mkdir()
    with refused(ma.AudioFormatError, "is a folder"):
        ma.load(tmp_path / "mic.xml")


def test_what_a_label_says_is_escaped_in_a_notebook(write_label):
    recording = ma.load(write_label(title="&lt;script&gt;alert(1)&lt;/script&gt; &quot;wind&quot;"))
    assert recording.source.title == '<script>alert(1)</script> "wind"'
    shown = recording._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;wind&quot;" in shown


@pytest.mark.parametrize(("offset", "is_taken"), [("0", True), ("44", False), ("-1", False), ("soon", False)])
def test_audio_that_does_not_begin_its_file_is_refused(write_label, offset, is_taken):
    path = write_label(audio=False)
    described = (
        f"<Encoded_Audio><offset unit='byte'>{offset}</offset></Encoded_Audio>\n  </File_Area_Ancillary>"
    )
    path.write_text(path.read_text().replace("</File_Area_Ancillary>", described))
    if is_taken:
        assert ma.load(path).frames == 100
    else:
        with refused(ma.AudioFormatError, f"begins at byte {offset} of 'mic.wav'"):
            ma.load(path)


def test_a_time_of_the_landing_is_kept_as_stated_and_not_believed(write_label):
    source = ma.load(write_label()).source
    assert source.start_time is None
    assert source.metadata["pds_start_date_time"] == "2021-02-18T20:44:28.107000Z"
    assert "which is when the rover landed, not when this was recorded" in source.notes[0]


@pytest.mark.parametrize(
    ("stated", "note"),
    [
        ("2020-07-30T11:50:00Z", "which is before the rover landed"),
        ("2031-01-01T00:00:00Z", "which is later than its file, of 2024-11-11"),
        ("in the morning", "'in the morning' as its start, which is no time"),
        ("", None),
    ],
)
def test_times_that_cannot_be_true_are_not_believed(write_label, stated, note):
    path = write_label()
    created = "<creation_date_time>2024-11-11</creation_date_time></File>"
    text = path.read_text().replace("2021-02-18T20:44:28.107000Z", stated).replace("</File>", created)
    path.write_text(text)
    source = ma.load(path).source
    assert source.start_time is None
    assert [note in said for said in source.notes] == ([True] if note else [])


def test_a_time_that_may_be_true_is_believed(write_label):
    path = write_label()
    path.write_text(path.read_text().replace("2021-02-18T20:44:28.107000Z", "2021-06-01T14:14:37.984Z"))
    recording = ma.load(path)
    assert recording.start_time == ma.MarsTime("2021-06-01T14:14:37.984Z")
    assert recording.source.sol == 100
    assert recording.clip(0.005).start_time == recording.start_time.after(0.005)
    assert recording.source.notes == ()


def test_times_that_contradict_each_other_are_not_believed(write_label):
    time = (
        "<mars2020:start_local_mean_solar_time>Sol-00100M10:00:00.000</mars2020:start_local_mean_solar_time>"
    )
    path = write_label(time=time)
    path.write_text(path.read_text().replace("2021-02-18T20:44:28.107000Z", "2021-06-01T14:14:37.984Z"))
    source = ma.load(path).source
    assert source.start_time is None
    assert "s apart: neither is used" in source.notes[0]
