"""
A recording, its wind, its gusts
================================

The whole story of a recording in one picture. Above, the recording with the level lines of the rover's
machines; in the middle, the wind alone; below, how loud the wind is. Each gust is a numbered bar.
"""

import marsaudio as ma

stems = ma.separate(ma.load("sample"))
picture = ma.plot.overview(stems)
