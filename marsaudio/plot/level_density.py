"""How often each level occurs at each frequency, as a picture."""

from __future__ import annotations

import numpy as np

from marsaudio.description import printable, what_it_is
from marsaudio.errors import ParameterError
from marsaudio.plot.picture import LABEL_SIZE, NOTE_SIZE, Picture, add_title, enlarge_text
from marsaudio.spectra.level_density import SpectralProbabilityDensity
from marsaudio.spectra.spectrogram import name_round_frequencies

LINES = {5: ":", 50: "-", 95: "--"}  # percent: told apart without colours
EDGE_SHARE = 0.01  # of the most likely level: fainter is background


def spectral_probability_density(
    density: SpectralProbabilityDensity,
    *,
    minimum_frequency: float = 20.0,
    maximum_frequency: float | None = None,
) -> Picture:
    """Draw how often each level occurs at each frequency, with percentiles and the mean.

    Parameters
    ----------
    density : SpectralProbabilityDensity
        As `marsaudio.spectral_probability_density` gives it.
    minimum_frequency, maximum_frequency : float, optional
        What the frequency axis shows, in Hz.

    Returns
    -------
    Picture

    Raises
    ------
    ParameterError
        It is something else, or the range of frequencies is empty.

    See Also
    --------
    marsaudio.spectral_probability_density : The figures.

    Examples
    --------
    >>> import marsaudio as ma
    >>> picture = ma.plot.spectral_probability_density(ma.spectral_probability_density("sample"))
    >>> picture.axes[0].get_xlabel()
    'Frequency (Hz)'
    """
    if not isinstance(density, SpectralProbabilityDensity):
        raise ParameterError(
            "spectral_probability_density draws what marsaudio.spectral_probability_density gives, not a "
            f"{type(density).__name__}. Compute it first."
        )
    known = density.frequencies[np.isfinite(density.mean)]  # a calibration may not reach to all of them
    highest = float(known[-1]) if maximum_frequency is None else min(maximum_frequency, float(known[-1]))
    lowest = max(minimum_frequency, float(density.frequencies[1]), float(known[0]))
    if not lowest < highest:
        raise ParameterError(
            f"minimum_frequency={lowest:g} and maximum_frequency={highest:g} Hz leave nothing to show."
        )
    figure = Picture(figsize=(8, 5.8), layout="constrained")
    panel = figure.subplots()
    shown = (density.frequencies >= lowest) & (density.frequencies <= highest)
    spacing = float(density.frequencies[1])
    middles = density.frequencies[shown]
    edges = np.append(middles, middles[-1] + spacing) - spacing / 2
    levels = np.append(density.levels, density.levels[-1] + density.step) - density.step / 2
    values = density.density[:, shown]
    most = float(np.quantile(values.max(axis=0), 0.9))
    mesh = panel.pcolormesh(
        edges,
        levels,
        np.ma.masked_less(values, EDGE_SHARE * most),
        cmap="viridis",
        vmin=0.0,
        vmax=most,
        rasterized=True,
    )
    panel.plot(middles, density.mean[shown], color="#D55E00", linewidth=0.9, label="mean power")
    for q, style in LINES.items():
        label = f"{q} % of the time at or below"
        panel.plot(middles, density.percentile(q)[shown], "k" + style, linewidth=0.9, label=label)
    panel.set_xscale("log")
    name_round_frequencies(panel.xaxis)
    panel.set(xlabel="Frequency (Hz)", ylabel=f"Power spectral density\n({density.unit})")
    panel.set_xlim(lowest, highest)
    panel.grid(alpha=0.25)
    panel.legend(loc="lower left", fontsize=NOTE_SIZE)
    colours = figure.colorbar(mesh, ax=panel, pad=0.015, aspect=32, extend="max")
    colours.set_label("Probability per decibel", size=LABEL_SIZE)
    for axes in (panel, colours.ax):
        enlarge_text(axes)
    add_title(figure, density.source)
    credit = f"Credit: {density.source.credit} · " if density.source.credit else ""
    made = printable(f"{credit}{density.count} levels of {density.seconds:g} s each")
    note = figure.supxlabel(made, x=0.02, ha="left", size=NOTE_SIZE, color="0.25")
    note.set_parse_math(False)
    figure.description = _in_words(density, lowest, highest)
    return figure


def _in_words(density: SpectralProbabilityDensity, lowest: float, highest: float) -> str:
    """The levels at some frequencies, for those who cannot see the picture."""
    wanted = [frequency for frequency in (30, 100, 300, 1000, 3000, 10000) if lowest <= frequency <= highest]
    quiet, middle, loud = (density.percentile(q) for q in LINES)
    told = []
    for frequency in wanted:
        at = int(np.argmin(np.abs(density.frequencies - frequency)))
        told.append(f"at {frequency} Hz {quiet[at]:.0f}, {middle[at]:.0f} and {loud[at]:.0f}")
    return printable(
        f"How often each level occurs in {what_it_is(density.source)}, {density.duration:.0f} s: frequency "
        f"in hertz across, level in {density.unit} up, probability as colour. At or below, for 5, 50 and "
        f"95 % of the time: {'; '.join(told)}."
    )
