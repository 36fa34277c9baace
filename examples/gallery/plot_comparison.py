"""
Two versions of one recording
=============================

What has a filter taken away? Here a high-pass has removed what is below 80 Hz, the deepest part of the
wind. The two versions are aligned first, so that neither a delay nor another volume counts as a change.
"""

import scipy.signal

import marsaudio as ma

before = ma.load("sample")
high_pass = scipy.signal.butter(4, 80, "highpass", fs=before.sample_rate, output="sos")
after = ma.Recording(
    scipy.signal.sosfilt(high_pass, before.samples),
    before.sample_rate,
    source=before.source.after("high-pass at 80 Hz", encoding=None),
)
compared = ma.compare(before, after)
picture = ma.plot.comparison(compared)

# %%
# The same as a table:

print(compared)
