"""The scene that is shipped with the library, as ``sample_data/simulated_18s``."""

from __future__ import annotations

from typing import Any

from marsaudio.simulate.scene import Scene, simulate_scene

SAMPLE_NAME = "simulated_18s"
# Three clear gusts and gusty wind between them, as long as NASA's clip and with the same silence first.
SAMPLE_PARAMETERS: dict[str, Any] = {
    "duration": 18.0,
    "sample_rate": 48000,
    "snr_db": 3.0,
    "gust_count": 3,
    "line_slope": -5.0,
    "clock_level": -46.0,
    "electronics_level": -55.0,
    "peak": 0.3,
    "lead_in": 0.03,
    "rng": 2102,
}


def sample_scene() -> Scene:
    """Make the bundled sample again: the same samples, to the bit, and the same truth.

    Returns
    -------
    Scene
        18 s at 48 kHz. ``sample_scene().save("sample_data", name="simulated_18s")`` writes its files.

    See Also
    --------
    marsaudio.simulate.simulate_scene : Another one.

    Notes
    -----
    All arithmetic is in 64-bit floats, whose differences between versions of NumPy and SciPy and
    between processors are far smaller than the distance of any sample from the next
    rounding edge. NumPy does not promise the same random numbers for ever; a test would notice.
    The audio files' bytes around the samples depend on libsndfile's version.

    Examples
    --------
    >>> from marsaudio.simulate import sample_scene
    >>> sample_scene().recording.duration
    18.0
    """
    return simulate_scene(**SAMPLE_PARAMETERS)
