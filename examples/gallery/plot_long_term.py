"""
Minutes or hours at a glance
============================

Each column is the mean over two seconds, so that a short gust still counts with all its power. Files of
many hours are read block by block: memory does not grow with their length.
"""

import marsaudio as ma

scene = ma.simulate_scene(180.0, sample_rate=16000, gust_count=12, rng=7)
means = ma.long_term_spectrogram(scene.recording, seconds=2.0)
picture = ma.plot.spectrogram(means)
