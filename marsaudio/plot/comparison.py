"""Two versions of the same take as a picture: how loud each is at each frequency, and what changed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from marsaudio.comparison.removal import Comparison
from marsaudio.description import printable
from marsaudio.errors import ParameterError
from marsaudio.plot.picture import NOTE_SIZE, Picture, add_note, add_title, enlarge_text, set_heading
from marsaudio.spectra.spectrogram import name_round_frequencies

FloatArray = npt.NDArray[np.float64]
BEFORE, AFTER = "#E69F00", "#0072B2"  # apart for every eye, and of different line styles
LEAST_EXPLAINED = 0.5


def comparison(
    compared: Comparison,
    *,
    minimum_frequency: float = 20.0,
    maximum_frequency: float | None = None,
) -> Picture:
    """Draw the spectra of two versions of a take one over the other, and by how much they differ below.

    Parameters
    ----------
    compared : Comparison
        As `marsaudio.compare` gives it.
    minimum_frequency, maximum_frequency : float, optional
        What the frequency axis shows, in Hz.

    Returns
    -------
    Picture
        The lower panel is shaded where the first explains less than half of the second's power: what is there
        in the second is not what was in the first.

    Raises
    ------
    ParameterError
        It is something else, or the range of frequencies is empty.

    See Also
    --------
    marsaudio.compare : The figures.

    Examples
    --------
    >>> import marsaudio as ma
    >>> recording = ma.load("sample")
    >>> picture = ma.plot.comparison(ma.compare(recording, ma.separate(recording).wind))
    >>> picture.axes[1].get_ylabel()
    'Change (dB)'
    """
    if not isinstance(compared, Comparison):
        raise ParameterError(
            f"comparison draws what marsaudio.compare gives, not a {type(compared).__name__}. Compare first."
        )
    frequencies = compared.frequencies
    highest = float(frequencies[-1]) if maximum_frequency is None else maximum_frequency
    lowest = max(minimum_frequency, float(frequencies[1]))
    shown = (frequencies >= lowest) & (frequencies <= highest)
    if shown.sum() < 2:
        raise ParameterError(
            f"minimum_frequency={minimum_frequency:g} and maximum_frequency={highest:g} Hz leave nothing to "
            "show."
        )
    figure = Picture(figsize=(8, 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    across = frequencies[shown]
    before, after = (_smooth(across, density[shown]) for density in (compared.before, compared.after))
    above.plot(
        across,
        before,
        color=BEFORE,
        linewidth=1.4,
        linestyle=(0, (5, 1.5)),
        label=f"before: {printable(compared.names[0])}",
    )
    above.plot(across, after, color=AFTER, linewidth=1.4, label=f"after: {printable(compared.names[1])}")
    per_hertz = "(20 µPa)²/Hz" if compared.first.calibration else "full scale²/Hz"
    above.set_ylabel(f"Power spectral density\n(dB re {per_hertz})")
    above.legend(loc="upper right", fontsize=NOTE_SIZE)
    below.axhline(0.0, color="0.5", linewidth=0.8)
    below.plot(across, after - before, color="black", linewidth=1.2)
    new = _smoothed(across, compared.explained[shown]) < LEAST_EXPLAINED
    below.fill_between(
        across, 0, 1, where=new, transform=below.get_xaxis_transform(), facecolor="0.88", edgecolor="0.65",
        hatch="//", linewidth=0, label="mostly not in the first",
    )  # fmt: skip
    if new.any():
        below.legend(loc="lower left", fontsize=NOTE_SIZE)
    below.set(xlabel="Frequency (Hz)", ylabel="Change (dB)", xscale="log", xlim=(lowest, highest))
    gain = f"{compared.alignment.gain_db:+.1f} dB".replace("-", "−")
    set_heading(below, "What became of it: below 0, it was taken away")
    name_round_frequencies(below.xaxis)
    for panel in (above, below):
        panel.grid(alpha=0.25)
        enlarge_text(panel)
    set_heading(above, "Before (dashed) and after")
    add_title(figure, compared.first.source)
    add_note(figure, compared.first.source, [f"The overall gain between the two, {gain}, was taken out."])
    figure.description = _in_words(compared)
    return figure


def _smooth(frequencies: FloatArray, density: FloatArray) -> FloatArray:
    """Densities in dB, means over a twelfth of an octave."""
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(_smoothed(frequencies, density)))


def _smoothed(frequencies: FloatArray, values: FloatArray) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    first = np.searchsorted(frequencies, frequencies * 2 ** (-1 / 24))
    last = np.searchsorted(frequencies, frequencies * 2 ** (1 / 24), side="right")
    return np.asarray((total[last] - total[first]) / (last - first))


def _in_words(compared: Comparison) -> str:
    """The changes of the bands, for those who cannot see the picture."""
    told = [
        f"from {band.low:g} to {band.high:g} Hz {band.change:+.0f}"
        for band in compared.bands
        if band.change is not None
    ]
    alignment = compared.alignment
    return printable(
        f"Spectra of {compared.names[0]} and of {compared.names[1]}, "
        f"{compared.first.duration:.1f} s that both have, the second shifted by "
        f"{-alignment.delay * 1000:+.2f} ms and {-alignment.gain_db:+.1f} dB. Change in decibels: "
        f"{'; '.join(told)}."
    )
