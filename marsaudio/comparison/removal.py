"""What was removed between two versions of the same take, band by band."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from marsaudio.calibration import level_unit_and_offset
from marsaudio.comparison.alignment import FRAME_SECONDS, Alignment, align
from marsaudio.comparison.cross_spectra import CrossSpectra, cross_spectra, in_one_channel
from marsaudio.errors import ParameterError
from marsaudio.formats import html
from marsaudio.recording import Recording
from marsaudio.source import describe_source
from marsaudio.spectra.sample_rates import require_sample_rate

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

FloatArray = npt.NDArray[np.float64]
BAND_EDGES = (20.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 4000.0, 20000.0)
SHORTEST_SECONDS = 0.5
COLUMNS = ("low_hz", "high_hz", "before_db", "after_db", "change_db", "explained")


@dataclass(frozen=True)
class BandChange:
    """What became of one band of frequencies.

    Attributes
    ----------
    low, high : float
        In Hz.
    before, after : float or None
        Mean square in the band, in dB, of the first and of the second, whose overall gain was taken out.
        None in digital silence.
    explained : float
        The share of the second's power in the band that the first explains, from 0 to 1: what is missing
        from 1 is new in the second.

    Examples
    --------
    >>> import marsaudio as ma
    >>> band = ma.BandChange(500.0, 1000.0, before=-37.25, after=-63.75, explained=0.6)
    >>> band.change
    -26.5
    """

    low: float
    high: float
    before: float | None
    after: float | None
    explained: float

    @property
    def change(self) -> float | None:
        """After minus before, in dB."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two versions of the same take, over the time that both have.

    Attributes
    ----------
    first, second : Recording
        What both have in common, in one channel: the second on the first one's time, without its overall
        gain.
    removed : Recording
        The first less the second: what was taken away, and with a minus what was added.
    bands : tuple of BandChange
    unit : str
        Of the bands' levels.
    frequencies : ndarray of float64, shape (bins,)
        In Hz.
    before, after : ndarray of float64, shape (bins,)
        Power spectral densities of the first and the second, in `unit` without the decibels: FS² or (20 µPa)²
        per hertz.
    explained : ndarray of float64, shape (bins,)
        The share of the second's power that the first explains, from 0 to 1.
    alignment : Alignment
    names : tuple of str
        Of the first and the second, as they were given.

    Examples
    --------
    >>> import marsaudio as ma
    >>> recording = ma.load("sample")
    >>> comparison = ma.compare(recording, ma.separate(recording).wind)
    >>> comparison.names
    ('sample', 'sample, wind stem')
    >>> comparison.removed.duration
    18.0
    >>> print(comparison.table_lines()[1])
             20-60      -34.4     -34.3       +0.0      100 %
    """

    first: Recording
    second: Recording
    removed: Recording
    bands: tuple[BandChange, ...]
    unit: str
    frequencies: FloatArray
    before: FloatArray
    after: FloatArray
    explained: FloatArray
    alignment: Alignment
    names: tuple[str, str]

    @property
    def gain(self) -> FloatArray:
        """By how much the second's density differs from the first's, in dB, at each frequency."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(10 * np.log10(self.after / self.before))

    def to_dataframe(self) -> pd.DataFrame:
        """The bands as a table of pandas.

        Raises
        ------
        MissingLibraryError
            pandas is not installed.
        """
        from marsaudio.errors import MissingLibraryError

        try:
            import pandas as pd
        except ImportError as error:
            raise MissingLibraryError(
                "to_dataframe needs pandas, which is not installed. Install it with pip install "
                "'marsaudio[tables]'."
            ) from error
        rows = [
            [band.low, band.high, band.before, band.after, band.change, band.explained] for band in self.bands
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        first, second = self.names
        return "\n".join(
            [
                f"<marsaudio.Comparison: {first} with {second}, {self.first.duration:.3f} s>",
                *self.table_lines(),
            ]
        )

    def table_lines(self) -> list[str]:
        """The bands in plain text, with a line that names the columns."""
        lines = [
            f"{'band Hz':>14}{'before dB':>11}{'after dB':>10}{'change dB':>11}{'explained':>11}",
        ]
        for band in self.bands:
            name = f"{band.low:g}-{band.high:g}"
            lines.append(
                f"{name:>14}{_decibels(band.before):>11}{_decibels(band.after):>10}"
                f"{_decibels(band.change, '+.1f'):>11}{100 * band.explained:>9.0f} %"
            )
        return lines

    def _repr_html_(self) -> str:
        return html.table_fragment(
            caption=" with ".join(self.names),
            header=["band (Hz)", f"before ({self.unit})", "after", "change (dB)", "explained"],
            rows=[
                [
                    f"{band.low:g} to {band.high:g}",
                    _decibels(band.before),
                    _decibels(band.after),
                    _decibels(band.change, "+.1f"),
                    f"{100 * band.explained:.0f} %",
                ]
                for band in self.bands
            ],
        )


def compare(
    first: Recording,
    second: Recording,
    *,
    alignment: Alignment | None = None,
    bands: Sequence[float] = BAND_EDGES,
) -> Comparison:
    """Tell what was removed from a recording to make another version of it, band by band.

    Parameters
    ----------
    first, second : Recording
        Before and after; of the same take, at the same rate.
    alignment : Alignment, optional
        How they lie to each other. None finds it, with `align`. The stems of `separate` lie on their
        recording to the sample and in gain; there it finds a gain within a tenth of a decibel or so of 0, as
        the wind stem holds a little less than all of the wind.
    bands : sequence of float, optional
        The edges of the bands, in Hz, rising. Those above half the rate are left out.

    Returns
    -------
    Comparison

    Raises
    ------
    ParameterError
        The edges are no edges, or the recordings cannot be aligned.

    See Also
    --------
    align : Only how the two lie to each other.
    marsaudio.plot.comparison : The result as a picture.

    Examples
    --------
    >>> import marsaudio as ma
    >>> recording = ma.load("sample")
    >>> comparison = ma.compare(recording, ma.separate(recording).wind)
    >>> comparison.bands[-1].change < -20
    True
    """
    edges = _checked_edges(bands)
    if alignment is None:
        alignment = align(first, second)
    require_sample_rate(first.sample_rate)
    one, rate, delay = in_one_channel(first), first.sample_rate, alignment.delay_samples
    other = alignment.apply(in_one_channel(second), frames=one.frames)
    begin, end = max(0, round(-delay)), min(one.frames, round(second.frames - delay))
    if end - begin < SHORTEST_SECONDS * rate:
        raise ParameterError(
            f"The recordings have {max(end - begin, 0) / rate:.3f} s in common, too little to compare. At "
            f"least {SHORTEST_SECONDS} s are needed."
        )
    if end - begin < one.frames:
        one, other = (sound.clip(begin / rate, end / rate) for sound in (one, other))
    n_fft = 2 ** round(np.log2(FRAME_SECONDS * rate))
    while n_fft > 64 and n_fft > one.frames // 4:
        n_fft //= 2
    spectra = cross_spectra(one, other, n_fft)
    source = one.source.after(f"less {other.source.name}", encoding=None)
    unit, offset = level_unit_and_offset(one.calibration)
    power_unit = 10 ** (offset / 10)
    return Comparison(
        first=one,
        second=other,
        removed=dataclasses.replace(one, samples=one.samples - other.samples, source=source),
        bands=tuple(
            _change(spectra, low, high, offset) for low, high in itertools.pairwise(edges) if low < rate / 2
        ),
        unit=unit,
        frequencies=spectra.frequencies,
        before=spectra.first * power_unit,
        after=spectra.second * power_unit,
        explained=spectra.coherence,
        alignment=alignment,
        names=(describe_source(first.source), describe_source(second.source)),
    )


def _checked_edges(edges: Sequence[float]) -> list[float]:
    try:
        values = [float(edge) for edge in edges]
    except (TypeError, ValueError):
        values = []
    rising = all(low < high for low, high in itertools.pairwise(values))
    if len(values) < 2 or values[0] < 0 or not rising:
        raise ParameterError(
            f"bands={edges!r} must be at least two frequencies in Hz that rise, such as (20, 250, 4000)."
        )
    return values


def _change(spectra: CrossSpectra, low: float, high: float, offset: float) -> BandChange:
    inside = (spectra.frequencies >= low) & (spectra.frequencies < high)
    spacing = float(spectra.frequencies[1])
    before, after = (float(power[inside].sum() * spacing) for power in (spectra.first, spectra.second))
    common = float((spectra.coherence * spectra.second)[inside].sum() * spacing)
    explained = common / after if after > 0 else 0.0
    return BandChange(low, high, _level(before, offset), _level(after, offset), explained)


def _level(power: float, offset: float) -> float | None:
    return float(10 * np.log10(power)) + offset if power > 0 else None


def _decibels(value: float | None, form: str = ".1f") -> str:
    return "silence" if value is None else format(value, form)
