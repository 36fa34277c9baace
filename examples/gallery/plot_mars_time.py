"""
The time of day on Mars
=======================

Where it is known when a recording began, pictures can show the local time at the rover. The sample is
simulated and began at no time at all; here it is given one, noon of the second sol.
"""

import dataclasses

import marsaudio as ma

recording = ma.load("sample")
noon = ma.MarsTime.from_local(sol=2, hours=12.0)
recording = dataclasses.replace(recording, source=dataclasses.replace(recording.source, start_time=noon))
picture = ma.plot.spectrogram(recording, time_axis="local_mean")
