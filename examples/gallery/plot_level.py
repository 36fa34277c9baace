"""
The level of the wind, with its events
======================================

How loud the band of the wind is over time. The dotted line is the quiet between gusts, the dashed one
the threshold that a gust has to pass. How high it lies is up to you: it follows from how often you
accept to be fooled by chance.
"""

import marsaudio as ma

recording = ma.load("sample")
line = ma.plot.level(recording, ma.detect_wind(recording, false_alarms_per_minute=0.01))
picture = line.figure
