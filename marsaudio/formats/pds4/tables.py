"""Samples that stand in a binary table, as in SuperCam's raw products: FITS files with PDS4 labels.

The table SOUND of those has one column of big-endian 16-bit integers, to which the label adds 32768: samples
in offset binary, whose middle is silence. The file is FITS as well, and both descriptions are held against
each other.

Source: *PDS4 Information Model* 1.16, classes Table_Binary, Record_Binary and Field_Binary; *Definition of
the Flexible Image Transport System* 4.0, section 7.3. The table's structure is that published for SuperCam's
raw audio; no such product was at hand when this was written.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from marsaudio.errors import AudioFormatError, MissingLibraryError, ParameterError
from marsaudio.formats.audio import BLOCK_FRAMES, Samples
from marsaudio.formats.audio_info import AudioInfo, Described
from marsaudio.formats.encodings import from_integers
from marsaudio.formats.opening import open_for_reading
from marsaudio.formats.pds4.labels import Label, elements, stated

# Bits of the whole numbers that a table may hold, and whether they have a sign.
INTEGERS = {
    "SignedByte": (8, True),
    "UnsignedByte": (8, False),
    "SignedMSB2": (16, True),
    "SignedLSB2": (16, True),
    "UnsignedMSB2": (16, False),
    "UnsignedLSB2": (16, False),
}
UNSCALED = re.compile(r"\+?0*1(\.0*)?([eE][+-]?0+)?")
MOST_COLUMNS = 999  # as the standard of FITS says
FITS_BEGINS_WITH = b"SIMPLE  ="


@dataclass(frozen=True)
class _Column:
    """What a label says of the column of samples."""

    table: str
    name: str
    kind: str
    middle: int  # what silence is, as the label's scaling gives it
    offset: int  # of the table in its file, in bytes
    records: int
    record_length: int
    value_offset: int

    @property
    def bits(self) -> int:
        return INTEGERS[self.kind][0]


class SampleTable(Described):
    """A table of samples, as a source of blocks.

    Parameters
    ----------
    label : Label
        Of the table; its file is there.
    sample_rate : float, optional
        In Hz. Such labels do not state it.

    Raises
    ------
    AudioFormatError
        The label describes no column of samples, or its file is not what it says.
    ParameterError
        There is no sample rate.
    MissingLibraryError
        The libraries that read such tables are not installed.
    """

    def __init__(self, label: Label, sample_rate: float | None) -> None:
        self.name = repr(str(label.path))
        column = _column_of_samples(label)
        if sample_rate is None:
            raise ParameterError(
                f"The label {self.name} does not say how many samples a second its table holds. Give it, "
                "with sample_rate=... in Hz: SuperCam's microphone records at 25000 or 100000. On the "
                "command line, 'marsaudio clip LABEL --sample-rate 25000 -o sound.wav' makes an audio file "
                "of it."
            )
        _require_within_file(label, column)
        self._integers = _read(label, column)
        self.info = AudioInfo(
            sample_rate=sample_rate,
            channels=1,
            frames=len(self._integers),
            container="PDS4 table",
            encoding="PCM_16" if column.bits == 16 else "PCM_U8",
        )

    def read(self, start: int = 0, stop: int | None = None) -> Samples:
        """Read the samples from `start` up to `stop`, of shape (1, stop - start)."""
        return from_integers(self._integers[np.newaxis, start:stop])

    def blocks(self, length: int = BLOCK_FRAMES, *, first: int = 0) -> Iterator[Samples]:
        """Read from `first` to the end in blocks of shape (1, `length`); the last may be shorter."""
        for start in range(first, self.frames, length):
            yield self.read(start, min(start + length, self.frames))


def _column_of_samples(label: Label) -> _Column:
    """The one column of whole numbers in the label's table; of several tables, the one of sound."""
    tables = [child for child in label.area.iter() if child.tag.endswith("Table_Binary")]
    named = [table for table in tables if "SOUND" in (stated(table, "name") or "").upper()]
    table = (named or tables)[0]
    fields = list(elements(table, "Field_Binary"))
    if len(fields) != 1:
        raise AudioFormatError(
            f"The table that {str(label.path)!r} describes has {len(fields)} columns, and nothing says which "
            "is sound. Only tables of one column of samples are known."
        )
    kind = stated(fields[0], "data_type") or "no type"
    if kind not in INTEGERS:
        raise AudioFormatError(
            f"The table that {str(label.path)!r} describes holds {kind}, of which full scale is not known. "
            f"Only tables of {', '.join(INTEGERS)} are."
        )
    bits, has_sign = INTEGERS[kind]
    value_offset = _number(label, fields[0], "value_offset", default=0)
    scaling = stated(fields[0], "scaling_factor") or "1"
    lowest = value_offset - (2 ** (bits - 1) if has_sign else 0)
    # Values from 0 on are in offset binary, and those around 0 are not; others have a unit that nobody
    # stated.
    if lowest not in (0, -(2 ** (bits - 1))) or not UNSCALED.fullmatch(scaling):
        raise AudioFormatError(
            f"{str(label.path)!r} says that its values are scaled by {scaling} and shifted by "
            f"{value_offset}: full scale is not known of such. Only whole numbers around 0, or from 0 on, "
            "are."
        )
    return _Column(
        table=stated(table, "name") or "",
        name=stated(fields[0], "name") or "",
        kind=kind,
        middle=lowest + 2 ** (bits - 1),
        offset=_number(label, table, "offset"),
        records=_number(label, table, "records"),
        record_length=_number(label, table, "record_length"),
        value_offset=value_offset,
    )


def _number(label: Label, element: ElementTree.Element, name: str, default: int | None = None) -> int:
    text = stated(element, name)
    if text is None and default is not None:
        return default
    try:
        return int(text or "")
    except ValueError:
        found = "it is missing" if text is None else f"it says {text!r}"
        raise AudioFormatError(
            f"{str(label.path)!r} should give the {name} of its table as a whole number, but {found}. Fetch "
            "the label again."
        ) from None


def _require_within_file(label: Label, column: _Column) -> None:
    size = label.file_path.stat().st_size
    end = column.offset + column.records * column.record_length
    if column.offset < 0 or column.records < 1 or column.record_length * 8 < column.bits or end > size:
        raise AudioFormatError(
            f"{str(label.path)!r} says that {column.records} samples of {column.record_length} bytes begin "
            f"at byte {column.offset} of {label.file_path.name!r}, which has {size} bytes. Fetch both again."
        )


def _read(label: Label, column: _Column) -> npt.NDArray[np.int16]:
    """The samples as 16-bit integers around 0."""
    try:
        import pds4_tools
    except ImportError as error:
        raise MissingLibraryError(
            "Tables of samples are read with pds4_tools and astropy. Install them: pip install "
            "'marsaudio[pds]'."
        ) from error
    with open_for_reading(label.file_path, wanted="a table of samples", may_be_empty=True) as file:
        is_fits = file.read(len(FITS_BEGINS_WITH)) == FITS_BEGINS_WITH
    if is_fits:
        _require_as_in_fits(label, column)
    try:
        structures = pds4_tools.read(os.fspath(label.path), lazy_load=True, quiet=True)
        values = np.asarray(structures[column.table].data[column.name])
    except Exception as error:  # of many kinds, whatever is wrong with the label
        raise AudioFormatError(
            f"The table that {str(label.path)!r} describes cannot be read ({type(error).__name__}: {error}). "
            "Fetch label and file again."
        ) from error
    around_zero = values.astype(np.int32) - column.middle
    return np.asarray(around_zero << (16 - column.bits), dtype=np.int16)


def _require_as_in_fits(label: Label, column: _Column) -> None:
    """Hold the label against what the FITS file says about itself."""
    try:
        from astropy.io import fits
    except ImportError as error:
        raise MissingLibraryError(
            "FITS files are held against their labels with astropy. Install it: pip install 'marsaudio[pds]'."
        ) from error
    try:
        with fits.open(label.file_path, mode="denywrite", memmap=True) as parts:
            found = [_as_fits_has_it(part) for part in parts if isinstance(part, fits.BinTableHDU)]
    except Exception as error:  # of many kinds, whatever is wrong with its header
        raise AudioFormatError(
            f"{str(label.file_path)!r} cannot be read as FITS ({error}). Fetch it again."
        ) from error
    wanted = (column.offset, column.records, column.record_length, column.value_offset)
    if wanted not in found:
        tables = "; ".join(
            f"{rows} rows of {width} bytes at byte {offset}, to which {zero} is added"
            for offset, rows, width, zero in found
        )
        raise AudioFormatError(
            f"{str(label.path)!r} describes {column.records} rows of {column.record_length} bytes at byte "
            f"{column.offset}, to which {column.value_offset} is added, but the FITS file has "
            f"{tables or 'no table'}. Fetch both again."
        )


def _as_fits_has_it(part: Any) -> tuple[int, int, int, int]:
    """Offset, rows, bytes in a row, and what is added to the first column."""
    header = part.header
    if not 0 <= header["TFIELDS"] <= MOST_COLUMNS:
        raise ValueError(f"it says that a table has {header['TFIELDS']} columns")
    return part.fileinfo()["datLoc"], header["NAXIS2"], header["NAXIS1"], int(header.get("TZERO1", 0))
