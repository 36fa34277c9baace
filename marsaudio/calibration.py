"""What full scale is in pascals, at which frequencies, and who says so."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from marsaudio.errors import CalibrationError

FloatArray = npt.NDArray[np.float64]
AIR_REFERENCE_PRESSURE = 20e-6  # Pa; ISO 1683


@dataclass(frozen=True)
class FrequencyResponse:
    """How much more or less a microphone gives at some frequencies than its sensitivity says.

    Parameters
    ----------
    frequencies : array_like of float, shape (n,)
        In Hz, rising, above 0; at least two.
    decibels : array_like of float, shape (n,)
        What it gives there, in dB re the sensitivity of the calibration: +3 where it exaggerates.

    Raises
    ------
    CalibrationError
        The table is no such table.

    Examples
    --------
    >>> import marsaudio as ma
    >>> response = ma.FrequencyResponse([20.0, 100.0, 10000.0], [-3.0, 0.0, 0.0])
    >>> response.at([44.72136, 1000.0, 20000.0]).round(2)
    array([-1.5,  0. ,  nan])
    """

    frequencies: tuple[float, ...]
    decibels: tuple[float, ...]

    def __init__(
        self, frequencies: Sequence[float] | FloatArray, decibels: Sequence[float] | FloatArray
    ) -> None:
        columns = []
        for name, values in (("frequencies", frequencies), ("decibels", decibels)):
            try:
                column = np.asarray(values, dtype=np.float64)
            except (TypeError, ValueError):
                column = np.zeros(0)
            if column.ndim != 1 or len(column) < 2 or not np.isfinite(column).all():
                raise CalibrationError(
                    f"The {name} of a frequency response must be at least two finite numbers, such as "
                    "[20.0, 1000.0, 10000.0]."
                )
            columns.append(column)
        if len(columns[0]) != len(columns[1]):
            raise CalibrationError(
                f"A frequency response has as many decibels as frequencies, not {len(columns[1])} and "
                f"{len(columns[0])}."
            )
        if columns[0][0] <= 0 or (np.diff(columns[0]) <= 0).any():
            raise CalibrationError(
                "The frequencies of a frequency response must be above 0 Hz and rise from each to the next."
            )
        object.__setattr__(self, "frequencies", tuple(columns[0].tolist()))
        object.__setattr__(self, "decibels", tuple(columns[1].tolist()))

    def at(self, frequencies: Sequence[float] | FloatArray) -> FloatArray:
        """The response in dB, linear between the table's points over the logarithm of the frequency.

        Parameters
        ----------
        frequencies : array_like of float
            In Hz.

        Returns
        -------
        ndarray of float64
            Not a number beyond both ends of the table, where it says nothing.
        """
        with np.errstate(divide="ignore"):
            wanted = np.log(np.asarray(frequencies, dtype=np.float64))
        table = np.log(self.frequencies)
        # The table's own ends count as inside, however their logarithms are rounded.
        inside = (wanted >= table[0] - 1e-9) & (wanted <= table[-1] + 1e-9)
        return np.where(inside, np.interp(wanted, table, self.decibels), np.nan)


@dataclass(frozen=True)
class Calibration:
    """What full scale is in pascals, and who says so.

    Parameters
    ----------
    pascal_per_full_scale : float
        The sound pressure, in Pa, of a sample of 1.0. `from_sensitivity` works it out.
    source : str
        Where the figure is published, or how it was measured.
    response : FrequencyResponse, optional
        Applied to spectra: `spectrogram`, `long_term_spectrogram` and `spectral_probability_density`. Levels
        of bands and of events, and samples, stay as the one figure makes them.

    Raises
    ------
    CalibrationError
        The figure is not a positive number, or has no source.

    Examples
    --------
    >>> import numpy as np
    >>> import marsaudio as ma
    >>> calibration = ma.Calibration(20.0, source="an example, not measured")
    >>> ma.Recording(np.zeros(480), 48000, calibration=calibration).level_unit
    'dB re 20 µPa'
    """

    pascal_per_full_scale: float
    source: str
    response: FrequencyResponse | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        value = self.pascal_per_full_scale
        if not is_positive_number(value):
            raise CalibrationError(
                f"pascal_per_full_scale={value!r} must be a positive number: the pascals of a sample of 1.0."
            )
        if not isinstance(self.source, str) or not self.source.strip():
            raise CalibrationError(
                "A calibration needs its source: give source='...', where the sensitivity is published or "
                "how it was measured."
            )
        if self.response is not None and not isinstance(self.response, FrequencyResponse):
            raise CalibrationError(
                f"response={self.response!r} must be a marsaudio.FrequencyResponse, or None where it is "
                "taken to be flat."
            )

    @property
    def in_words(self) -> str:
        """What full scale is, and who says so."""
        return f"{self.pascal_per_full_scale:.6g} Pa at full scale ({self.source})"

    @classmethod
    def from_sensitivity(
        cls,
        volt_per_pascal: float,
        *,
        volt_per_full_scale: float,
        source: str,
        gain: float = 1.0,
        response: FrequencyResponse | None = None,
    ) -> Calibration:
        """What follows from a microphone's sensitivity, an amplifier's gain and a converter's range.

        A sample of 1.0 is ``volt_per_full_scale / (gain * volt_per_pascal)`` pascals.

        Parameters
        ----------
        volt_per_pascal : float
            Of the microphone.
        volt_per_full_scale : float
            The voltage at the converter that gives a sample of 1.0: half of its range from peak to peak.
        source : str
            Where these are published, or how they were measured.
        gain : float, optional
            From the microphone to the converter, as a factor of the voltage: 10 for 20 dB.
        response : FrequencyResponse, optional

        Returns
        -------
        Calibration

        Raises
        ------
        CalibrationError
            One of them is not a positive number, or there is no source.

        Examples
        --------
        >>> import marsaudio as ma
        >>> calibration = ma.Calibration.from_sensitivity(
        ...     0.02, volt_per_full_scale=2.5, gain=10.0, source="an example, not measured"
        ... )
        >>> calibration.pascal_per_full_scale
        12.5
        """
        named = {"volt_per_pascal": volt_per_pascal, "volt_per_full_scale": volt_per_full_scale, "gain": gain}
        for name, value in named.items():
            if not is_positive_number(value):
                raise CalibrationError(f"{name}={value!r} must be a positive number.")
        return cls(volt_per_full_scale / (gain * volt_per_pascal), source, response=response)

    def power_factors(self, frequencies: FloatArray) -> FloatArray:
        """What a power in full scale squared is multiplied by for Pa², at each frequency in Hz.

        With the sensitivity's p pascals at full scale and the response of H dB, p² / 10^(H / 10). Not a
        number where the response says nothing.
        """
        power = np.full(len(frequencies), self.pascal_per_full_scale**2)
        return power if self.response is None else power / 10 ** (self.response.at(frequencies) / 10)


def power_factors(calibration: Calibration | None, frequencies: FloatArray) -> FloatArray:
    """The same; 1 where there is no calibration."""
    return np.ones(len(frequencies)) if calibration is None else calibration.power_factors(frequencies)


def level_unit_and_offset(calibration: Calibration | None) -> tuple[str, float]:
    """The unit of levels, and what to add to one in dB re full scale for it, in dB."""
    if calibration is None:
        return "dB re full scale", 0.0
    offset = 20 * np.log10(calibration.pascal_per_full_scale / AIR_REFERENCE_PRESSURE)
    return "dB re 20 µPa", float(offset)


def is_positive_number(value: object) -> bool:
    """Whether it is one finite, positive number; text and truth values are none."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(value) and float(value) > 0
    except OverflowError:  # a whole number beyond all floats
        return False
