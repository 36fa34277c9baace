"""
A simulated scene and its truth
===============================

A scene is made from the speed of the wind, and the true sound of wind and rover is known to the last
bit. So what :func:`~marsaudio.separate` and :func:`~marsaudio.detect_wind` find in it can be held
against the truth.
"""

import numpy as np

import marsaudio as ma

scene = ma.simulate_scene(18.0, gust_count=3, snr_db=0.0, rng=12)
events = ma.detect_wind(scene.recording)

picture = ma.plot.Picture(figsize=(8, 5.5), layout="constrained")
above, below = picture.subplots(2, 1, sharex=True)
above.plot(np.arange(scene.wind_speed.size) / scene.wind_speed_rate, scene.wind_speed, color="#009E73")
above.set(ylabel="True wind speed (m/s)", title="The wind that was simulated")
ma.plot.level(scene.recording, events, ax=below)
for gust in scene.gusts:
    above.axvspan(gust.start, gust.end, color="0.9")
picture.description = (
    f"Above, the true wind speed over {scene.recording.duration:.0f} s with {len(scene.gusts)} gusts shaded. "
    f"Below, the level of the sound that it makes, with the {len(events)} events that were found marked."
)
