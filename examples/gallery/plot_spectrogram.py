"""
The spectrogram of the wind
===========================

Which pitches the wind has at each moment, after the rover was taken out. What is left is deep and comes
and goes. Any :class:`~marsaudio.Recording` can be drawn like this, whole or a part of it.
"""

import marsaudio as ma

stems = ma.separate(ma.load("sample"))
picture = ma.plot.spectrogram(stems.wind.clip(8.0, 13.0), maximum_frequency=2000)
