"""PDS4 labels, tables, inventories and sessions that are damaged, lie, or were made to do harm."""

import functools
import hashlib
import io
from collections.abc import Iterator

import numpy as np
from malformed import Malformed
from malformed_audio import bomb, many_names_of_a_long_namespace
from wav_bytes import ramp, wav

NAMESPACE = 'xmlns="http://pds.nasa.gov/pds4/pds/v1" xmlns:m="http://pds.nasa.gov/pds4/mission/mars2020/v1"'
SOUND = wav(ramp(48000), rate=48000)
LABEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<Product_Ancillary {NAMESPACE}>
  <Identification_Area>
    <logical_identifier>urn:nasa:pds:m2020_edlcam_raw:data_audio:sound.wav</logical_identifier>
    <version_id>1.0</version_id><title>A title</title>
  </Identification_Area>
  <Context_Area>
    <Time_Coordinates><start_date_time>2024-04-19T12:00:00Z</start_date_time></Time_Coordinates>
    <Observing_System><Observing_System_Component>
      <name>EDL Camera Suite</name><type>Instrument</type>
    </Observing_System_Component></Observing_System>
    <Mission_Area>
      <m:sol_number>1125</m:sol_number>
      <m:start_local_mean_solar_time>Sol-01125M10:31:04.307</m:start_local_mean_solar_time>
    </Mission_Area>
  </Context_Area>
  <File_Area_Ancillary>
    <File><file_name>sound.wav</file_name><creation_date_time>2024-11-11</creation_date_time>
      <file_size unit="byte">{len(SOUND)}</file_size>
      <md5_checksum>{hashlib.md5(SOUND).hexdigest()}</md5_checksum></File>
    <Encoded_Audio><offset unit="byte">0</offset></Encoded_Audio>
  </File_Area_Ancillary>
</Product_Ancillary>
"""
NAMES = (
    "../sound.wav",
    "../../../../etc/passwd",
    "/etc/passwd",
    "/dev/zero",
    "..\\sound.wav",
    "C:\\sound.wav",
    "sound.wav/",
    "below/sound.wav",
    ".",
    "..",
    "...",
    "~",
    "~/sound.wav",
    "$HOME",
    "sound.wav\u202egpj",
    "s" * 255,
    "s" * 100_000,
    "-rf",
    "file:///etc/passwd",
    "https://example.org/sound.wav",
    "sound.xml",
    "sound.wav;ls",
)
TIMES = (
    "",
    "never",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "99999-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-04-19T25:61:61Z",
    "2024-04-19T12:00:00+99:99",
    "2024-110T12:00:00Z",
    "2024-366",
    "2016-12-31T23:59:60Z",
    "1e400",
    "9" * 5000,
)
LOCAL_TIMES = (
    "",
    "Sol-",
    "Sol-99999999M10:31:04.307",
    "Sol-00000M00:00:00.000",
    "Sol--1125M10:31:04",
    "Sol-01125M99:99:99",
    "Sol-01125M10:31:1e400",
    "Sol-" + "9" * 5000 + "M10:31:04",
)


def labelled(name: str, label: str | bytes, **files: bytes) -> Malformed:
    contents = label if isinstance(label, bytes) else label.encode()
    return Malformed(name, "sound.xml", {"sound.xml": contents, "sound.wav": SOUND} | files)


def audio_labels() -> Iterator[Malformed]:
    whole = LABEL.encode()
    for place in [*range(0, 60, 4), *range(60, len(whole), 61)]:
        yield labelled(f"a label cut at byte {place}", whole[:place])
    for name in NAMES:
        yield labelled(f"a label of {name[:40]!r}", LABEL.replace(">sound.wav<", f">{name}<"))
    for time in TIMES:
        yield labelled(f"a label of {time[:40]!r}", LABEL.replace("2024-04-19T12:00:00Z", time))
        yield labelled(f"a label of a file of {time[:40]!r}", LABEL.replace("2024-11-11", time))
    for time in LOCAL_TIMES:
        yield labelled(f"a label of {time[:40]!r}", LABEL.replace("Sol-01125M10:31:04.307", time))
    timeless = LABEL.replace("2024-04-19T12:00:00Z", "").replace("Sol-01125M10:31:04.307", "")
    for sol in ("", "-1", "1e400", "NaN", "1125.5", "9" * 5000, "٣", "²"):
        yield labelled(f"a label of sol {sol[:40]!r}", timeless.replace(">1125<", f">{sol}<"))
    size = str(len(SOUND))
    for said in ("", "0", "-1", "1e5", size + "0", "9" * 5000, f"0{size}", f"+{size}"):
        yield labelled(f"a label of {said[:40]!r} bytes", LABEL.replace(f">{size}<", f">{said}<"))
    for checksum in ("", "0" * 32, "z" * 32, "0" * 100_000):
        found = hashlib.md5(SOUND).hexdigest()
        yield labelled(f"a label with the MD5 {checksum[:40]!r}", LABEL.replace(found, checksum))
    for offset in ("", "1", "-1", "0.0", "00", "+0", "9" * 5000, "x"):
        changed = LABEL.replace('"byte">0</offset', f'"byte">{offset}</offset')
        yield labelled(f"a label of audio from byte {offset[:40]!r} on", changed)
    for element in ("logical_identifier", "version_id", "title", "file_name", "Encoded_Audio", "File"):
        yield labelled(f"a label without {element}", LABEL.replace(element, "other"))
    yield from _hostile_xml()


def _hostile_xml() -> Iterator[Malformed]:
    root = LABEL.index("<Product_Ancillary")
    inside = LABEL.index("<Identification_Area>")

    def with_doctype(declared: str, text: str) -> str:
        changed = LABEL[root:].replace("A title", text)
        return f'<?xml version="1.0"?><!DOCTYPE Product_Ancillary [{declared}]>{changed}'

    yield labelled("a billion laughs", bomb("Product_Ancillary"))
    yield labelled("a namespace in many names", many_names_of_a_long_namespace())
    yield labelled("a namespace in many names of 16 bits", many_names_of_a_long_namespace("utf-16"))
    yield labelled("an external entity", with_doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"))
    yield labelled(
        "an entity of the network", with_doctype('<!ENTITY x SYSTEM "http://127.0.0.1:9/">', "&x;")
    )
    yield labelled("a parameter entity", with_doctype('<!ENTITY % x SYSTEM "file:///dev/random"> %x;', ""))
    yield labelled("an entity of itself", with_doctype('<!ENTITY x "&x;">', "&x;"))
    yield labelled("an entity that nobody declared", LABEL.replace("A title", "&x;"))
    large = with_doctype("<!ENTITY x '" + "x" * 100_000 + "'>", "&x;" * 10_000)
    yield labelled("an entity of quadratic growth", large)
    for depth in (1000, 100_000):
        deep = "<a>" * depth + "</a>" * depth
        yield labelled(f"elements {depth} deep", LABEL[:inside] + deep + LABEL[inside:])
    many = {
        "a hundred thousand instruments": 100_000
        * "<Observing_System_Component><type>x</type></Observing_System_Component>",
        "instruments in instruments": "<Observing_System_Component>" * 3000
        + "</Observing_System_Component>" * 3000,
        "a hundred thousand tables": "<Table_Binary></Table_Binary>" * 100_000,
        "a million elements": "<x/>" * 1_000_000,
        "a text of ten million letters": f"<title>{'x' * 10_000_000}</title>",
        "a comment of ten million letters": f"<!--{'x' * 10_000_000}-->",
        "a name of ten million letters": f"<{'x' * 5_000_000}/>",
        "a thousand namespaces": "".join(f'<n{i}:a xmlns:n{i}="u{i}"/>' for i in range(1000)),
        "an attribute of ten million letters": f"<a b='{'x' * 10_000_000}'/>",
        "a hundred thousand attributes": "<a" + "".join(f' a{i}="1"' for i in range(100_000)) + "/>",
        "instructions for programs": "<?php system('ls')?>" * 1000,
        "a style sheet": '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>',
        "an inclusion": '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>',
        "letters that XML forbids": "<title>\x01\x02\x08</title>",
        "half a letter": "<title>\ufffe</title>",
        "numbered letters": "<title>&#0;&#xD800;&#x110000;</title>",
    }
    for name, text in many.items():
        yield labelled(f"a label with {name}", LABEL[:inside] + text + LABEL[inside:])
    yield labelled("a label of more than 4 MiB", LABEL + " " * (5 * 2**20))
    for codec in ("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037", "latin-1"):
        yield labelled(f"a label in {codec}", LABEL.replace("UTF-8", codec).encode(codec))
    for codec in ("utf-7", "utf-32", "idna", "rot13", "base64", "unknown", "x" * 10_000, ""):
        yield labelled(f"a label that says {codec[:20]!r}", LABEL.replace("UTF-8", codec))
    for name, contents in {
        "zeros": bytes(10_000),
        "ones": b"\xff" * 10_000,
        "a marker alone": b"\xef\xbb\xbf",
        "a sound": SOUND,
        "a web page": b"<!doctype html><html><body>404</body></html>",
        "JSON": b'{"a": 1}',
        "two documents": LABEL.encode() * 2,
    }.items():
        yield labelled(f"a label of {name}", contents)


FIELD = """<Field_Binary><name>SOUND</name><field_number>1</field_number>
  <field_location unit="byte">1</field_location><data_type>SignedMSB2</data_type>
  <field_length unit="byte">2</field_length><value_offset>32768</value_offset></Field_Binary>"""
RECORDS = 1000
TABLE = f"""<Table_Binary><name>SOUND TABLE</name>
  <offset unit="byte">OFFSET</offset><records>{RECORDS}</records>
  <Record_Binary><fields>1</fields><groups>0</groups><record_length unit="byte">2</record_length>{FIELD}
  </Record_Binary></Table_Binary>"""


@functools.cache
def fits_file() -> tuple[bytes, int]:
    """A table of samples as FITS, and where its data begin."""
    from astropy.io import fits

    samples = np.arange(RECORDS, dtype=np.int32) + 32768
    column = fits.Column(name="SOUND", format="I", bzero=32768, array=samples)
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column], name="SOUND")]).writeto(stream)
    return stream.getvalue(), 2880 * 2


def tabled(name: str, label: str, contents: bytes) -> Malformed:
    return Malformed(name, "sound.xml", {"sound.xml": label.encode(), "sound.fits": contents})


def table_labels() -> Iterator[Malformed]:
    contents, offset = fits_file()
    audio = LABEL[LABEL.index("<Encoded_Audio>") : LABEL.index("</File_Area_Ancillary>")]
    label = LABEL.replace(audio, TABLE.replace("OFFSET", str(offset))).replace("sound.wav", "sound.fits")
    label = label.replace(f'<file_size unit="byte">{len(SOUND)}</file_size>', "")
    label = label.replace(f"<md5_checksum>{hashlib.md5(SOUND).hexdigest()}</md5_checksum>", "")
    yield tabled("a table as it should be", label, contents)
    numbers = ("", "0", "-1", "1", "1.5", "nan", "1e3", str(2**31), str(2**63), str(2**64), "9" * 5000, "٣")
    for element, said in {
        "offset": f'<offset unit="byte">{offset}</offset>',
        "records": f"<records>{RECORDS}</records>",
        "record_length": '<record_length unit="byte">2</record_length>',
        "field_location": '<field_location unit="byte">1</field_location>',
        "field_length": '<field_length unit="byte">2</field_length>',
        "value_offset": "<value_offset>32768</value_offset>",
        "fields": "<fields>1</fields>",
        "groups": "<groups>0</groups>",
    }.items():
        assert said in label
        for number in numbers:
            changed = label.replace(said, f"<{element}>{number}</{element}>")
            yield tabled(f"a table whose {element} is {number[:20]!r}", changed, contents)
        yield tabled(f"a table without {element}", label.replace(said, ""), contents)
    for scaling in ("", "1", "0", "x", "nan", "inf", "1e400", "2", "9" * 5000):
        changed = label.replace("<value_offset>", f"<scaling_factor>{scaling}</scaling_factor><value_offset>")
        yield tabled(f"a table scaled by {scaling[:20]!r}", changed, contents)
    for kind in (
        "",
        "SignedLSB2",
        "UnsignedMSB2",
        "IEEE754MSBSingle",
        "ASCII_Real",
        "SignedMSB8",
        "x" * 1000,
    ):
        yield tabled(f"a table of {kind[:20]!r}", label.replace("SignedMSB2", kind), contents)
    yield tabled("a table of two columns", label.replace(FIELD, FIELD * 2), contents)
    yield tabled("a table of a thousand columns", label.replace(FIELD, FIELD * 1000), contents)
    yield tabled("a table of no column", label.replace(FIELD, ""), contents)
    yield tabled(
        "two tables", label.replace("<Table_Binary>", "<Table_Binary></Table_Binary><Table_Binary>"), contents
    )
    for place in (0, 1, 9, 80, 2879, 2880, 2881, 5759, 5760, 5761, 5760 + 2 * RECORDS - 1):
        yield tabled(f"a FITS file cut at byte {place}", label, contents[:place])
    header = contents[2880:5760]
    for card in (
        b"XTENSION",
        b"BITPIX  ",
        b"NAXIS   ",
        b"NAXIS1  ",
        b"NAXIS2  ",
        b"PCOUNT  ",
        b"TFIELDS ",
        b"TFORM1  ",
        b"TZERO1  ",
        b"END     ",
    ):
        place = header.index(card)
        for value in (
            b"0",
            b"-1",
            b"9999999999999999999",
            b"'x'",
            b"NaN",
            b"1E999",
            b"'999999999999I'",
            b"\xff\xff",
        ):
            card_there = card + b"= " + value.rjust(20) + b" " * 50
            changed = header[:place] + card_there + header[place + 80 :]
            yield tabled(
                f"FITS with {card.decode().strip()} {value!r}",
                label,
                contents[:2880] + changed + contents[5760:],
            )
        changed = header[:place] + b"XXXXXXXX" + header[place + 8 :]
        yield tabled(
            f"FITS without {card.decode().strip()}", label, contents[:2880] + changed + contents[5760:]
        )
    yield tabled("FITS of zeros", label, contents[:2880] + bytes(2880) + contents[5760:])


COLLECTION = f"""<?xml version="1.0"?><Product_Collection {NAMESPACE}><Identification_Area>
  <logical_identifier>urn:nasa:pds:m2020_edlcam_raw:data_audio</logical_identifier></Identification_Area>
  <File_Area_Inventory><File><file_name>inventory.csv</file_name></File>
  <Inventory><field_delimiter>Comma</field_delimiter></Inventory></File_Area_Inventory></Product_Collection>"""
PRODUCT = "mic_00000170_000_{:06d}.wav"
MEMBER = "P,urn:nasa:pds:m2020_edlcam_raw:data_audio:{}::1.0\r\n"


def session(name: str, inventory: bytes | None = None, label: str = COLLECTION, **files: bytes) -> Malformed:
    held = {PRODUCT.format(0): SOUND, "data_audio_collection.xml": label.encode()}
    if inventory is not None:
        held["inventory.csv"] = inventory
    return Malformed(name, ".", held | files)


def sessions() -> Iterator[Malformed]:
    good = "".join(MEMBER.format(PRODUCT.format(second)) for second in range(3)).encode()
    yield session("a session as it should be", good)
    for name, inventory in {
        "no line": b"",
        "empty lines": b"\r\n" * 1000,
        "a null character": good + b"\0",
        "half a letter": good + b"\xc3",
        "16 bits a letter": good.decode().encode("utf-16"),
        "a quotation mark that never closes": good + b'P,"urn:nasa',
        "a quotation mark in the middle": good + b'P,urn:"nasa"x\r\n',
        "a cell of a million letters": good + b"P,urn:" + b"x" * 1_000_000 + b"\r\n",
        "a million cells": good + b"P,urn:x" + b"," * 1_000_000 + b"\r\n",
        "a million lines": good + b"P,urn:x\r\n" * 1_000_000,
        "a single cell": b"P\r\n",
        "a carriage return alone": b"P,urn:x\rP,urn:y\r",
        "a formula": b"=cmd|' /C calc'!A0,urn:x\r\n",
        "second 999999": MEMBER.format(PRODUCT.format(999999)).encode(),
        "paths": b"P,urn:nasa:pds:m2020_edlcam_raw:data_audio:../../etc/passwd::1.0\r\n",
        "zeros": bytes(10_000),
        "ones": b"\xff" * 10_000,
        "a sound": SOUND,
    }.items():
        yield session(f"an inventory of {name}", inventory)
    yield session("an inventory that is not there")
    for name in NAMES:
        yield session(f"an inventory called {name[:30]!r}", good, COLLECTION.replace("inventory.csv", name))
    for delimiter in ("", "x", "Comma" * 1000, "Horizontal Tab", "\n"):
        changed = COLLECTION.replace(">Comma<", f">{delimiter}<")
        yield session(f"an inventory divided by {delimiter[:20]!r}", good, changed)
    label = COLLECTION.encode()
    for place in range(0, len(label), 40):
        yield session(f"a collection cut at byte {place}", good, label[:place].decode())
    second = PRODUCT.format(1)
    for name, contents in {
        "that is empty": b"",
        "that is cut": SOUND[:30],
        "of another rate": wav(ramp(), rate=44100),
        "of two seconds": wav(ramp(48000) * 2, rate=48000),
        "at 4 GHz": wav(ramp(), rate=2**32 - 1),
        "at 1 Hz": wav(ramp(), rate=1),
        "that is no sound": b"x" * 1000,
    }.items():
        yield session(f"a product {name}", good, **{second: contents})
    yield session("a product of second 999999", None, "<x/>", **{PRODUCT.format(999999): SOUND})


KINDS = {"labels of audio": audio_labels, "labels of tables": table_labels}
