"""Pictures: a recording and its wind one above the other, with the wind events and the level of their band.

Each is a `Picture`, a matplotlib figure that needs no display, is shown by a notebook with words for those
who cannot see it, and is saved whole or not at all. Nothing here calls ``show()``.
"""

from marsaudio.plot.comparison import comparison
from marsaudio.plot.level_curve import level
from marsaudio.plot.level_density import spectral_probability_density
from marsaudio.plot.picture import Picture
from marsaudio.plot.spectrograms import overview, spectrogram
from marsaudio.plot.wind_range import wind_range

__all__ = [
    "Picture",
    "comparison",
    "level",
    "overview",
    "spectral_probability_density",
    "spectrogram",
    "wind_range",
]
