"""
What one microphone cannot tell
===============================

Wind that never stops and a rover that never changes sound alike. So the level of the wind is a range:
the shaded area lies between the least that must be wind and the most that may be. Where it is thin, the
recording is clear about it.
"""

import marsaudio as ma

scene = ma.simulate_scene(18.0, mean_speed=6.0, gust_count=2, snr_db=0.0, rng=4)
picture = ma.plot.wind_range(ma.separate(scene.recording)).figure
