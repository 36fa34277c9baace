"""The readers that are fuzzed: each takes bytes, and may end in an error of ours or in nothing.

``python benchmarks/fuzz_targets.py NAME FOLDER [options of libFuzzer]`` fuzzes one, from the files in a
folder on.
"""

from __future__ import annotations

import io
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

# Only what is imported in here is counted; marsaudio imports its modules when they are first used.
with atheris.instrument_imports(include=["marsaudio", "json"]):
    import marsaudio as ma
    import marsaudio.loading
    import marsaudio.mars_time
    import marsaudio.separation.rover_model
    from marsaudio.batch.inputs import find_items
    from marsaudio.formats import completeness
    from marsaudio.formats.flac_checksum import checksum_of_flac
    from marsaudio.formats.label_files import FORMATS
    from marsaudio.formats.pds4.inventory import read_inventory
    from marsaudio.formats.pds4.labels import read_label
    from marsaudio.formats.riff import read_riff

LOADED = 2**16  # bytes of samples at most: what is decoded in C is not what coverage tells of
COLLECTION = """<?xml version="1.0"?><Product_Collection xmlns="http://pds.nasa.gov/pds4/pds/v1">
<Identification_Area><logical_identifier>urn:nasa:pds:a:b</logical_identifier></Identification_Area>
<File_Area_Inventory><File><file_name>inventory.csv</file_name></File></File_Area_Inventory>
</Product_Collection>"""


class Readers:
    """What the targets need on the disk, in a folder that goes away with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "sound.wav").write_bytes(b"")
        (folder / "collection.xml").write_text(COLLECTION, encoding="utf-8")

    def chunks(self, data: bytes) -> None:
        """The chunks of WAV files, and what the headers and ends of others say."""
        for look in (
            read_riff,
            completeness.begins_like_audio,
            completeness.bytes_of_samples,
            completeness.extent_of,
            completeness.frames_of_aiff,
            checksum_of_flac,
        ):
            look(io.BytesIO(data))

    def sounds(self, data: bytes) -> None:
        """Whole files of sound, with what libsndfile makes of them."""
        recording = ma.load(io.BytesIO(data[:LOADED]))
        assert recording.samples.dtype == "float32"

    def labels(self, data: bytes) -> None:
        """PDS4 labels, and the file that they name."""
        path = self._written("sound.xml", data)
        read_label(path).require_file()

    def inventories(self, data: bytes) -> None:
        """The inventory of a collection."""
        self._written("inventory.csv", data)
        read_inventory(self._folder / "collection.xml")

    def tables(self, data: bytes) -> None:
        """Tables of labels in each format, and by their names."""
        path = self._written("labels.txt", data)
        for format in (None, *FORMATS):
            try:
                labels = ma.read_labels(path, format=format)
            except ma.MarsAudioError:
                continue
            again = self._folder / "again.json"
            ma.write_labels(again, labels)
            assert ma.read_labels(again) == labels

    def manifests(self, data: bytes) -> None:
        """Manifests of a batch."""
        for name in ("list.txt", "list.csv"):
            try:
                find_items([self._written(name, data)])
            except ma.MarsAudioError:
                continue

    def models(self, data: bytes) -> None:
        """Rover models."""
        ma.load_rover_model(self._written("rover.json", data))

    def times(self, data: bytes) -> None:
        """Times on Earth and on Mars, as labels write them."""
        text = data.decode("utf-8", "replace")
        for read in (ma.MarsTime, ma.MarsTime.from_local):
            try:
                str(read(text))
            except ma.MarsAudioError:
                continue

    def _written(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path


TARGETS = ("chunks", "sounds", "labels", "inventories", "tables", "manifests", "models", "times")


def fuzzed(read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """A reader that lets errors of ours pass."""

    def one_input(data: bytes) -> None:
        try:
            read(data)
        except ma.MarsAudioError as error:
            if not str(error).endswith("."):
                raise AssertionError("this is no sentence") from error

    return one_input


def main() -> None:
    name, *options = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        atheris.Setup([sys.argv[0], *options], fuzzed(getattr(Readers(Path(folder)), name)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
