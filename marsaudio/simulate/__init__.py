"""Mars wind and rover noise with known truth: to develop with, to measure with, and to learn from.

Nothing here was recorded on Mars: every recording says so (``source.simulated``). Frequencies, levels and
laws that were measured or published are named as such where they stand; the rest are choices of the model.
"""

from marsaudio.simulate.rover import simulate_rover
from marsaudio.simulate.sample import SAMPLE_NAME, SAMPLE_PARAMETERS, sample_scene
from marsaudio.simulate.scene import Gust, Scene, simulate_scene
from marsaudio.simulate.wind import (
    GustShape,
    draw_gusts,
    find_gusts,
    simulate_wind,
    simulate_wind_speed,
    wind_spectrum,
)

__all__ = [
    "SAMPLE_NAME",
    "SAMPLE_PARAMETERS",
    "Gust",
    "GustShape",
    "Scene",
    "draw_gusts",
    "find_gusts",
    "sample_scene",
    "simulate_rover",
    "simulate_scene",
    "simulate_wind",
    "simulate_wind_speed",
    "wind_spectrum",
]
