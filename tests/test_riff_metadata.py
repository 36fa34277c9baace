"""What the chunks of a WAV file say about it is kept, wherever they stand, and can do no harm."""

import io
import struct
import time

import pytest
from wav_bytes import chunk, ramp, wav

import marsaudio as ma
from marsaudio.formats import riff

XMP_OPEN = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:creatorAtom="http://ns.adobe.com/creatorAtom/1.0/">'
)
XMP_CLOSE = '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
BILLION_LAUGHS = "<!DOCTYPE x [" + '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{level + 1} "{f"&a{level};" * 10}">' for level in range(9)
) + "]>"  # fmt: skip


def info(**entries):
    return chunk(b"LIST", b"INFO" + b"".join(chunk(name.encode(), text) for name, text in entries.items()))


def bext(description=b"", originator=b"", date=b"", clock=b"", reference=0):
    parts = [(description, 256), (originator, 32), (b"", 32), (date, 10), (clock, 8)]
    text = b"".join(value.ljust(size, b"\0") for value, size in parts)
    return chunk(b"bext", text + struct.pack("<Q", reference) + bytes(602 - 346))


def ixml(inside, *, declaration='<?xml version="1.0" encoding="UTF-8"?>'):
    return chunk(b"iXML", f"{declaration}<BWFXML>{inside}</BWFXML>".encode())


def xmp(inside):
    return chunk(b"_PMX", (XMP_OPEN + inside + XMP_CLOSE).encode())


def metadata_of(*, before=b"", after=b""):
    recording = ma.load(io.BytesIO(wav(ramp(), before=before, after=after)))
    assert recording.frames == 100
    return recording.source.metadata


def described(title="", **attributes):
    words = "".join(f' xmp:{name}="{value}"' for name, value in attributes.items())
    return f'<rdf:Description rdf:about=""{words}>{title}</rdf:Description>'


@pytest.mark.parametrize("where", ["before", "after"])
def test_chunks_before_and_after_the_samples_are_read(where):
    chunks = (
        info(INAM=b"Wind at noon\0", ICRD=b"2021-02-21T22:56:52-08:00\0", ISFT=b"An editor\0", XYZW=b"own\0")
        + bext(b"A description", b"An editor", b"2021-02-21", b"22:57:22", 1103503)
        + ixml("<PROJECT>M2020</PROJECT><SPEED><NOTE>inner</NOTE></SPEED><NOTE> windy </NOTE>")
        + xmp(described(CreateDate="2021-02-21T22:56:52-08:00"))
    )
    metadata = metadata_of(**{where: chunks})
    assert metadata["title"] == "Wind at noon"
    assert metadata["date"] == metadata["xmp_CreateDate"] == "2021-02-21T22:56:52-08:00"
    assert metadata["info_XYZW"] == "own"
    assert metadata["bext_description"] == "A description"
    assert metadata["bext_originator"] == "An editor"
    assert metadata["bext_origination"] == "2021-02-21 22:57:22"
    assert metadata["bext_time_reference"] == "1103503"
    assert metadata["ixml_project"] == "M2020"
    assert metadata["ixml_note"] == "windy"


def test_the_title_becomes_the_recordings_title():
    recording = ma.load(io.BytesIO(wav(ramp(), after=info(INAM=b"Wind at noon\0"))))
    assert recording.source.title == "Wind at noon"


def test_the_project_and_the_title_of_xmp_are_kept():
    title = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Wind\n at noon</rdf:li></rdf:Alt></dc:title>'
    atom = "<creatorAtom:windowsAtom><creatorAtom:uncProjectPath>\\\\?\\E:\\M2020\\Briefing.prproj"
    metadata = metadata_of(
        after=xmp(described(title + atom + "</creatorAtom:uncProjectPath></creatorAtom:windowsAtom>"))
    )
    assert metadata["title"] == metadata["xmp_title"] == "Wind at noon"
    assert metadata["xmp_project"] == "Briefing.prproj"


def test_what_xmp_says_of_the_material_is_not_taken_for_the_file():
    pantry = (
        "<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description><xmp:CreateDate>1999-01-01</xmp:CreateDate>"
        "</rdf:Description></rdf:li></rdf:Bag></xmpMM:Pantry>"
    )
    metadata = metadata_of(after=xmp(described(pantry, ModifyDate="2021-02-21")))
    assert metadata["xmp_ModifyDate"] == "2021-02-21"
    assert "xmp_CreateDate" not in metadata


def test_the_first_statement_stands():
    metadata = metadata_of(before=info(INAM=b"first\0"), after=info(INAM=b"second\0", IART=b"\0"))
    assert metadata["title"] == "first"
    assert "artist" not in metadata


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("дует\0".encode(), "дует"),
        (b"caf\xe9\0", "café"),  # latin-1, as older programs write
        (b"\xff\xfe broken\0", "ÿþ broken"),
        (b"cut\xe2\x82\0", "cutâ\x82"),
        (b"ends here\0and not here", "ends here"),
        (b"no end", "no end"),
        (b"<script>alert(1)</script>\0", "<script>alert(1)</script>"),
    ],
)
def test_text_in_any_encoding_is_read(raw, text):
    assert metadata_of(after=info(INAM=raw))["title"] == text


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", [b"iXML", b"_PMX"])
def test_xml_that_declares_entities_is_not_read(codec, name):
    declaration = f'<?xml version="1.0" encoding="{codec[:6]}"?>'
    body = f"{declaration}{BILLION_LAUGHS}<BWFXML><PROJECT>&a9;</PROJECT></BWFXML>".encode(codec)
    begin = time.monotonic()
    assert metadata_of(after=chunk(name, body)) == {}
    assert time.monotonic() - begin < 1.0


def test_xml_with_a_namespace_beyond_all_reason_is_not_read():
    def project_with_namespace(letters):
        return metadata_of(
            after=chunk(b"iXML", f'<r xmlns:p="{"n" * letters}" p:a=""><PROJECT>M2020</PROJECT></r>'.encode())
        )

    assert project_with_namespace(256) == {"ixml_project": "M2020"}
    assert project_with_namespace(257) == {}


def test_an_external_entity_is_not_fetched(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    body = f'<!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]><BWFXML><PROJECT>&s;</PROJECT></BWFXML>'
    assert metadata_of(after=chunk(b"iXML", body.encode())) == {}


@pytest.mark.parametrize(
    "damaged",
    [
        ixml("<PROJECT>M2020"),
        ixml("<PROJECT>M2020</PROJECT>", declaration='<?xml version="1.0" encoding="no-such"?>'),
        ixml("<PROJECT>M2020</PROJECT>", declaration='<?xml version="1.0" encoding="shift_jis"?>'),
        chunk(b"iXML", b""),
        chunk(b"iXML", b"> <"),
        chunk(b"_PMX", b"\0" * 100),
        chunk(b"bext", b"too short"),
        chunk(b"LIST", b"adtl"),
        chunk(b"LIST", b"INF"),
        chunk(b"LIST", b"INFOINAM\xff\xff\xff\xffa title that promises more"),
        chunk(b"ds64", b"abc"),
        chunk(b"LIST", b"INFO", size=2**32 - 2),
    ],
)
def test_a_damaged_chunk_does_not_hide_the_samples(damaged):
    metadata = metadata_of(before=info(INAM=b"before\0"), after=damaged)
    assert metadata["title"] == "before"


def test_what_follows_a_damaged_chunk_is_still_read():
    metadata = metadata_of(after=chunk(b"bext", b"short") + ixml("<a>") + ixml("<TAKE>7</TAKE>"))
    assert metadata == {"ixml_take": "7"}


def test_chunks_of_odd_length_are_padded():
    metadata = metadata_of(
        before=chunk(b"JUNK", b"odd"), after=info(INAM=b"odd", XYZW=b"own") + bext(b"after")
    )
    assert metadata["title"] == "odd"
    assert metadata["info_XYZW"] == "own"
    assert metadata["bext_description"] == "after"


def test_odd_names_are_readable():
    assert metadata_of(after=chunk(b"LIST", b"INFO" + chunk(b"\xffA\0B", b"x")))[r"info_\xffA" + "\0B"] == "x"


def test_a_text_chunk_beyond_all_reason_is_left_alone():
    stream = io.BytesIO(wav(ramp(), after=info(INAM=b"x" * riff.TEXT_LIMIT)))
    contents = riff.read_riff(stream)
    assert contents is not None
    assert contents.metadata == {}


def test_text_chunks_that_are_together_beyond_all_reason_are_left_alone():
    third = info(ICMT=b"x" * (riff.TEXT_LIMIT // 3))
    found = metadata_of(after=third * 3 + ixml("<TAKE>7</TAKE>") + info(ISFT=b"x" * (riff.TEXT_LIMIT // 3)))
    assert found.keys() & {"comment", "ixml_take", "software"} == {"comment", "ixml_take"}


def test_a_file_of_nothing_but_chunks_is_given_up():
    many = chunk(b"JUNK", b"") * 5000
    contents = riff.read_riff(io.BytesIO(b"RIFF\0\0\0\0WAVE" + many + ixml("<TAKE>7</TAKE>")))
    assert contents == riff.RiffContents()


def test_other_files_are_none_of_its_business():
    assert riff.read_riff(io.BytesIO(b"fLaC" + bytes(40))) is None
    assert riff.read_riff(io.BytesIO(b"RIFF\0\0\0\0AVI ")) is None
    assert riff.read_riff(io.BytesIO(b"RIFF")) is None
