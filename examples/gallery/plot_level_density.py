"""
How often each level occurs
===========================

A hum is always equally loud, so its levels lie close together. Wind comes and goes, so below 100 Hz the
levels are far apart. The lines say which level the sound is at or below for 5, 50 and 95 percent of the
time.
"""

import marsaudio as ma

scene = ma.simulate_scene(180.0, sample_rate=16000, gust_count=12, rng=7)
density = ma.spectral_probability_density(scene.recording)
picture = ma.plot.spectral_probability_density(density)
