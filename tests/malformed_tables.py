"""Label tables, manifests and rover models that are damaged, lie, or were made to do harm."""

import json
from collections.abc import Iterator

import numpy as np
from malformed import Malformed
from wav_bytes import ramp, wav

NUMBERS = (
    "",
    "-1",
    "-0.0",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "1e-999",
    "1_000",
    "0x10",
    "1,5",
    "1.5.5",
    "1e",
    "٣",
    "²",
    "1" * 400,
    "9" * 5000,
    "0." + "1" * 100_000,
    "true",
    "null",
    "=1+1",
    "\u221e",
    " 1 ",
    "1\x00",
)
BYTES = {
    "nothing": b"",
    "a marker alone": b"\xef\xbb\xbf",
    "a marker of 16 bits alone": b"\xff\xfe",
    "half of 16 bits": b"\xff\xfe1",
    "half a pair of 16 bits": b"\xff\xfe\x00\xd8",
    "letters of 32 bits": "1.0\t2.0\ta\n".encode("utf-32"),
    "half a letter": b"1.0\t2.0\t\xc3\n",
    "overlong letters": b"1.0\t2.0\t\xc0\xaf\n",
    "half a pair": b"1.0\t2.0\t\xed\xa0\x80\n",
    "zeros": bytes(10_000),
    "ones": b"\xff" * 10_000,
    "noise": np.random.default_rng(2).integers(0, 256, 20_000, dtype=np.uint8).tobytes(),
    "a sound": wav(ramp()),
    "an archive": b"PK\x03\x04" + bytes(100),
    "a spreadsheet": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000),
    "a web page": b"<!doctype html><html><body>404</body></html>",
    "line ends alone": b"\r\n\r\r\n\n" * 10_000,
    "tabs alone": b"\t" * 100_000,
    "a pickle": b"\x80\x04cos\nsystem\n\x8c\x02ls\x85R.",
    "a line of ten million letters": b"x" * 10_000_000,
    "more than a million lines": b"1.0\t2.0\n" * 1_000_001,
    "more than 64 MB": b"x" * (65 * 2**20),
}
AUDACITY = "1.5\t2.5\tgust\n\\\t20.0\t250.0\n3.0\t3.0\tknock\n"
RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\n"
    "1\tSpectrogram 1\t1\t1.5\t2.5\t20.0\t250.0\tgust\n2\tWaveform 1\t1\t3.0\t4.0\t0.0\t24000.0\tknock\n"
)
CSV = "start_s,end_s,label,low_hz,high_hz,level\n1.5,2.5,gust,20,250,-30.5\n3.0,4.0,knock,,,\n"
JSON = (
    '{"format": "marsaudio labels", "version": 1, "labels": [\n{"start": 1.5, "end": 2.5, "text": "gust", '
    '"low": 20.0, "high": 250.0, "fields": {"level": -30.5}}\n]}\n'
)
WHOLE = {"labels.txt": AUDACITY, "labels.selections.txt": RAVEN, "labels.csv": CSV, "labels.json": JSON}


def table(name: str, file: str, contents: str | bytes) -> Malformed:
    held = contents if isinstance(contents, bytes) else contents.encode("utf-8", "surrogatepass")
    return Malformed(f"{file}: {name}", file, {file: held})


def label_tables() -> Iterator[Malformed]:
    for file, whole in WHOLE.items():
        for name, contents in BYTES.items():
            yield table(name, file, contents)
        for place in range(1, len(whole), max(len(whole) // 25, 1)):
            yield table(f"cut at byte {place}", file, whole[:place])
        for number in NUMBERS:
            for said in ("1.5", "2.5", "20", "250"):
                if said in whole:
                    yield table(f"{number[:20]!r} for {said}", file, whole.replace(said, number, 1))
        for sign in ('"', "'", "\\", ",", "\t", "\r", "\0", "\u2028", "\ud800", "{", "]"):
            yield table(f"{sign!r} within", file, whole.replace("gust", f"gu{sign}st"))
            yield table(f"{sign!r} before", file, sign + whole)
        for sign in ("\x1e", " ", '"', "'", ",", ";", "=", "\u200b"):
            yield table(f"{sign!r} ten thousand times", file, whole.replace("gust", f"{10_000 * sign}gust"))
        yield table("twice", file, whole + whole)
        yield table("backwards", file, whole[::-1])
    yield from _odd_columns()
    yield from _odd_json()


def _odd_columns() -> Iterator[Malformed]:
    million = 1_000_000
    for sign, file in ((",", "labels.csv"), (";", "labels.csv"), ("\t", "labels.selections.txt")):
        header = sign.join(
            ["start_s", "end_s"] if sign != "\t" else ["Selection", "Begin Time (s)", "End Time (s)"]
        )
        row = sign.join(["1.5", "2.5"] if sign != "\t" else ["1", "1.5", "2.5"])
        yield table(
            f"a million columns of {sign!r}", file, f"{header}{sign * million}\n{row}{sign * million}\n"
        )
        named = sign.join(f"column {n}" for n in range(million // 5))
        yield table(f"many names between {sign!r}", file, f"{header}{sign}{named}\n{row}\n")
        yield table(f"a row of a million cells of {sign!r}", file, f"{header}\n{row}{sign * million}\n")
        yield table(
            f"a cell of a million letters by {sign!r}", file, f"{header}{sign}x\n{row}{sign}{'x' * million}\n"
        )
        yield table(f"rows shorter than the header of {sign!r}", file, f"{header}{sign}x{sign}y\n1.5\n")
        yield table(f"one column twice by {sign!r}", file, f"{header}{sign}x{sign}x\n{row}\n")
        titles = [header, *(f"x{n}" for n in range(996))]
        yield table(
            f"ten million cells between {sign!r}",
            file,
            f"{sign.join(titles)}\n" + f"{row}{f'{sign}ab' * 996}\n" * 10_000,
        )
        yield table(f"the start twice by {sign!r}", file, f"{header}{sign}{header}\n{row}{sign}{row}\n")
    yield table("a quotation mark that never closes", "labels.csv", CSV + '"' + "x\n" * 100_000)
    yield table("a million quotation marks", "labels.csv", CSV + '"' * million)
    yield table(
        "a header in quotation marks that goes on", "labels.csv", '"start_s\n' * 1000 + '",end_s\n1,2\n'
    )
    yield table("a header alone", "labels.csv", "start_s,end_s\n")
    yield table("a header without times", "labels.csv", "a,b\n1,2\n")


def _odd_json() -> Iterator[Malformed]:
    def with_labels(text: str) -> str:
        return f'{{"format": "marsaudio labels", "version": 1, "labels": {text}}}'

    for name, text in {
        "nested 100000 deep": with_labels("[" * 100_000 + "]" * 100_000),
        "open 100000 deep": "[" * 100_000,
        "objects 100000 deep": '{"a":' * 100_000,
        "a field 900 deep": with_labels(
            '[{"start": 1, "end": 2, "fields": ' + '{"a":' * 900 + "1" + "}" * 900 + "}]"
        ),
        "a number of a million digits": with_labels('[{"start": ' + "1" * 1_000_000 + ', "end": 2}]'),
        "one name twice": with_labels('[{"start": 1, "start": 3, "end": 2}]'),
        "labels that are none": with_labels('[1, null, "x", [], true]'),
        "labels of nothing": with_labels("null"),
        "a label without an end": with_labels('[{"start": 1}]'),
        "times as texts": with_labels('[{"start": "1", "end": "2"}]'),
        "times as lists": with_labels('[{"start": [1], "end": {}}]'),
        "times as truth": with_labels('[{"start": false, "end": true}]'),
        "names of Python": with_labels('[{"start": 1, "end": 2, "__class__": "x", "self": 1}]'),
        "fields of Python": with_labels(
            '[{"start": 1, "end": 2, "fields": {"__init__": 1, "": 2, "a\\u0000": 3}}]'
        ),
        "fields that are none": with_labels('[{"start": 1, "end": 2, "fields": [1]}]'),
        "a text that is a number": with_labels('[{"start": 1, "end": 2, "text": 5}]'),
        "half a pair": with_labels('[{"start": 1, "end": 2, "text": "\\ud800"}]'),
        "NaN": with_labels('[{"start": NaN, "end": Infinity}]'),
        "another version": JSON.replace('"version": 1', '"version": 999'),
        "a version that is a list": JSON.replace('"version": 1', '"version": [1]'),
        "a format that is a list": JSON.replace('"marsaudio labels"', "[1]"),
        "a list": "[1, 2]",
        "a number": "1",
        "a text": '"x"',
        "eight million objects": with_labels("[" + '{"":{}},' * 4_100_000 + "{}]"),
        "a text of 31 MB with a letter of 32 bits": with_labels(
            '[{"start": 1, "end": 2, "text": "' + "x" * 31_000_000 + '\U0001f600"}]'
        ),
        "a million labels": with_labels("[" + ",".join(['{"start": 1, "end": 2}'] * 200_000) + "]"),
    }.items():
        yield table(name, "labels.json", text)


def manifests() -> Iterator[Malformed]:
    sound = {"a.wav": wav(ramp()), "b.wav": wav(ramp())}

    def manifest(name: str, file: str, contents: str | bytes) -> Malformed:
        held = contents if isinstance(contents, bytes) else contents.encode("utf-8", "surrogatepass")
        return Malformed(f"{file}: {name}", file, {**sound, file: held})

    for file, whole in {
        "list.txt": "a.wav\nb.wav\n",
        "list.csv": "recording,name\na.wav,one\nb.wav,two\n",
    }.items():
        for name, contents in BYTES.items():
            if name != "more than 64 MB":
                yield manifest(name, file, contents)
        for place in range(1, len(whole), 3):
            yield manifest(f"cut at byte {place}", file, whole[:place])
        for line in (
            "../a.wav",
            "/etc/passwd",
            "/dev/zero",
            "~/a.wav",
            "a.wav\0",
            "-o",
            "session:170",
            "session:" + "9" * 5000,
            "../session:170",
            "no_such_key",
            "*.wav",
            "**/*",
            "[",
            ".",
            "..",
            "",
            "a.wav/..",
            "a" * 5000,
            "\ud800.wav",
            "https://example.org/a.wav",
            file,
        ):
            yield manifest(f"{line[:30]!r} named", file, whole.replace("a.wav", line))
            if file == "list.csv":
                yield manifest(f"{line[:30]!r} as a name", file, whole.replace("one", line))
        yield manifest("one twice", file, whole.replace("b.wav", "a.wav"))
        lines = "recording\n" + "ab\n" * 10_000_000
        yield manifest("ten million lines", file, lines)
        yield manifest("ten million blank lines", file, lines.replace("ab", ""))
        yield manifest(
            "a line of 31 MB with a letter of 32 bits", file, "recording\n" + "x" * 31_000_000 + "\U0001f600"
        )
    yield manifest("two of one name", "list.csv", "recording,name\na.wav,x\nb.wav,x\n")
    yield manifest("one within the other", "list.csv", "recording,name\na.wav,x\nb.wav,x/y\n")
    yield manifest("a million columns", "list.csv", "recording" + "," * 1_000_000 + "\na.wav\n")
    yield manifest("a quotation mark that never closes", "list.csv", 'recording\n"a.wav\nb.wav\n')
    yield manifest("a cell of a million letters", "list.csv", f"recording\n{'x' * 1_000_000}\n")
    yield manifest("rows longer than the header", "list.csv", "recording\na.wav,b,c\n")
    yield manifest("ten thousand lines", "list.txt", "no_such.wav\n" * 10_000)


def rover_models(saved: str) -> Iterator[Malformed]:
    """Of one that was saved: with each of its values replaced by what it cannot be."""
    whole = json.loads(saved)
    wrong = (None, True, -1, 0, 1e308, "x", [], {}, [[]], [None], ["x"], [[1, 2], [3]], 10**400, "9" * 5000)

    def model(name: str, held: object) -> Malformed:
        return table(name, "rover.json", json.dumps(held))

    for name, contents in BYTES.items():
        yield table(name, "rover.json", contents)
    for place in range(0, len(saved), len(saved) // 20):
        yield table(f"cut at byte {place}", "rover.json", saved[:place])
    for key in whole:
        yield model(f"without {key}", {name: value for name, value in whole.items() if name != key})
        for value in wrong:
            yield model(f"{key} is {str(value)[:20]}", whole | {key: value})
    for part in ("lines", "families"):
        for key in whole[part][0]:
            first, *others = whole[part]
            without = {name: value for name, value in first.items() if name != key}
            yield model(f"{part} without {key}", whole | {part: [without, *others]})
            for value in (*wrong, [99999], [-1], 1.5):
                yield model(
                    f"{key} of {part} is {str(value)[:20]}", whole | {part: [first | {key: value}, *others]}
                )
    for key in whole["source"]:
        for value in wrong:
            yield model(
                f"the source's {key} is {str(value)[:20]}", whole | {"source": whole["source"] | {key: value}}
            )
    yield table("NaN for a number", "rover.json", saved.replace(str(whole["seconds"]), "NaN"))
    yield table("nested 100000 deep", "rover.json", "[" * 100_000)
    opened = saved.rstrip().removesuffix("}") + ', "more": ['
    yield table("eight million objects", "rover.json", opened + '{"":{}},' * 4_100_000 + "{}]}")
    wide = '"' + "x" * 31_000_000 + '\U0001f600"]}'
    yield table("a text of 31 MB with a letter of 32 bits", "rover.json", opened + wide)
    yield model("a floor of ten million", whole | {"floors": [[1.0] * 1_000_000]})
