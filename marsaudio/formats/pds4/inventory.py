"""The inventory of a PDS4 collection: the products that it says there are.

Source: *PDS4 Information Model* 1.16, class Inventory; *PDS4 Data Standards Reference*, section on
collections.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from marsaudio.atomic import kind_of
from marsaudio.errors import AudioFormatError, DataUnavailableError
from marsaudio.formats.opening import open_for_reading
from marsaudio.formats.pds4.labels import elements, named_by, parse_label, stated
from marsaudio.formats.xml_document import local_name

INVENTORY_BYTES_LIMIT = 256 * 2**20  # a million products have some hundred megabytes
DELIMITERS = {"Comma": ",", "Semicolon": ";", "Horizontal Tab": "\t", "Vertical Bar": "|"}


def is_collection(path: Path) -> bool:
    """Whether this is the label of a collection."""
    return local_name(parse_label(path).tag) == "Product_Collection"


def find_collection(folder: Path) -> Path | None:
    """The label of the collection in a folder; None where there is none.

    Raises
    ------
    AudioFormatError
        There are several.
    """
    found = []
    for path in sorted(folder.glob("*collection*.[xX][mM][lL]")):
        try:
            if is_collection(path):
                found.append(path)
        except AudioFormatError:
            continue
    if len(found) > 1:
        raise AudioFormatError(
            f"{str(folder)!r} holds several collections ({', '.join(path.name for path in found)}). Name the "
            "label of one of them instead of the folder."
        )
    return found[0] if found else None


def read_inventory(path: Path) -> list[str]:
    """The products of a collection's own, by the last part of their identifiers, such as ``mic_….wav``.

    Parameters
    ----------
    path
        Of the collection's label. PDS writes identifiers in small letters, whatever the files are called.

    Raises
    ------
    AudioFormatError
        It is no such label, or its inventory cannot be read.
    DataUnavailableError
        The inventory is not beside it.
    """
    root = parse_label(path)
    area = next(elements(root, "File_Area_Inventory"), None)
    file_name = None if area is None else stated(area, "file_name")
    if area is None or file_name is None or local_name(root.tag) != "Product_Collection":
        raise AudioFormatError(
            f"{str(path)!r} is not the label of a collection with an inventory. Name the label of a "
            "data_audio collection, or the folder that its products are in."
        )
    inventory = named_by(path, file_name)
    if kind_of(inventory) != "file":
        raise DataUnavailableError(
            f"The label {str(path)!r} names the inventory {file_name!r}, which is not beside it. Fetch it "
            "from the same place into the same folder."
        )
    with open_for_reading(inventory, wanted="an inventory", may_be_empty=True) as stream:
        try:
            contents = stream.read(INVENTORY_BYTES_LIMIT + 1)
            text = contents.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise AudioFormatError(f"Cannot read {str(inventory)!r}: {error}. Fetch it again.") from error
    if len(contents) > INVENTORY_BYTES_LIMIT:
        raise AudioFormatError(
            f"{str(inventory)!r} has more than {INVENTORY_BYTES_LIMIT >> 20} MiB, which no inventory has."
        )
    delimiter = DELIMITERS.get(stated(area, "field_delimiter") or "Comma", ",")
    own = f"{stated(root, 'logical_identifier')}:".lower()
    products = []
    for number, row in enumerate(_rows(inventory, text, delimiter), start=1):
        if not row:
            continue
        if len(row) < 2 or not row[1].strip().lower().startswith("urn:"):
            raise AudioFormatError(
                f"Line {number} of {str(inventory)!r} is no line of an inventory, such as "
                "'P,urn:nasa:pds:...::1.0'. Fetch it again."
            )
        identifier = row[1].strip().lower().split("::")[0]
        if identifier.startswith(own):
            products.append(identifier.removeprefix(own))
    return products


def _rows(inventory: Path, text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise AudioFormatError(
            f"Line {reader.line_num} of {str(inventory)!r} cannot be read ({error}). Fetch it again."
        ) from error
