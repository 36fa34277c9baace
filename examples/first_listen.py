# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # First listen
#
# NASA's rover Perseverance carries two microphones on Mars. In this notebook you load a recording, hear it,
# and look at it in three ways. You need a little Python and no acoustics: each term is explained where it
# first appears.
#
# Take headphones if you can. Wind on Mars is a deep sound, and small loudspeakers do not play it.

# %% [markdown]
# ## Load a recording
#
# `feb20_filtered` is what a microphone on the rover's body recorded on 20 February 2021, two days after the
# landing, with the rover's own noise filtered out by NASA. Where it is not on this machine, the notebook
# takes `sample` instead: it comes with marsaudio, and it is **simulated**. The next cell says which of the
# two you have.

# %%
import numpy as np

import marsaudio as ma

key = "feb20_filtered" if ma.catalog.local_path("feb20_filtered") else "sample"
recording = ma.load(key)
if recording.source.simulated:
    print("THIS IS SIMULATED: the sound was computed. It was not recorded on Mars.")
else:
    print(f"Recorded on Mars. Credit: {recording.source.credit}")

# %% [markdown]
# To get NASA's recording, run `ma.catalog.fetch("feb20_filtered")` in a new cell. It downloads 3.5 MB,
# once. Then run the notebook again from the top.

# %% [markdown]
# ## Hear it
#
# A recording as the last line of a cell shows a player. Press play.

# %%
recording

# %% [markdown]
# ## What is in it
#
# A recording is a long list of numbers, the *samples*: how far the microphone's membrane was pushed in or
# out, many thousand times a second. How many times is the *sample rate*, in *hertz* (Hz), which means
# "times a second". Where there are two lists they are two *channels*, as for left and right; NASA's two are
# equal, because there was one microphone.

# %%
channels, frames = recording.samples.shape
print(f"channels: {channels}, with {frames} samples each")
print(f"at {recording.sample_rate} Hz these last {recording.duration:.3f} seconds")

# %% [markdown]
# *Full scale* is the largest sample that the file can hold. Here it is 1.0. Which sound pressure full scale
# stands for is not published for NASA's recordings, as far as we know, so these notebooks tell all loudness
# relative to full scale.

# %%
samples = recording.samples[0]
times = np.arange(frames) / recording.sample_rate
loudest = np.abs(samples).argmax()
print(f"The largest sample is {samples[loudest]:.3f}, at {times[loudest]:.2f} s.")

# %% [markdown]
# ## See it: the waveform
#
# The simplest picture draws every sample over time. Where it is thick, it is loud.

# %%
figure = ma.plot.Picture(figsize=(8, 3), layout="constrained")
axes = figure.subplots()
axes.plot(times, samples, linewidth=0.4)
axes.set(xlabel="Time (s)", ylabel="Sample (full scale is 1)", xlim=(0, recording.duration))
axes.set_title(f"Waveform of {recording.source.name}")
figure.description = (
    f"Waveform of {recording.source.name}: a band around zero that swells in gusts. "
    f"It is thickest, {abs(samples[loudest]):.2f} of full scale, at {times[loudest]:.1f} s."
)
figure

# %% [markdown]
# ## How loud, in decibels
#
# Soft and loud sounds differ by so much that in the waveform the soft ones vanish. The *decibel* (dB)
# helps, because it counts ratios: 20 dB more are samples ten times as large, 40 dB more a hundred times.
# The *level* is how large the samples are on average over a short time, in decibels. Full scale is at 0 dB,
# so real sounds have negative levels.
#
# (In full: 10 times the logarithm of the mean of the squared samples, here of every twentieth of a second.)

# %%
length = recording.sample_rate // 20
count = frames // length
mean_square = np.square(samples[: count * length].reshape(count, length)).mean(axis=1)
level = 10 * np.log10(np.maximum(mean_square, 1e-10))  # silence is drawn at -100 dB
level_times = (np.arange(count) + 0.5) / 20

# %%
figure = ma.plot.Picture(figsize=(8, 3), layout="constrained")
axes = figure.subplots()
axes.plot(level_times, level)
axes.set(xlabel="Time (s)", ylabel="Level (dB re full scale)", xlim=(0, recording.duration))
axes.set_title(f"Level of {recording.source.name}")
axes.grid(color="0.9")
lower, upper = np.quantile(level, [0.25, 0.75])
figure.description = (
    f"Level of {recording.source.name} over time: half of the time between {lower:.0f} and {upper:.0f} dB, "
    f"highest with {level.max():.0f} dB at {level_times[level.argmax()]:.1f} s."
)
figure

# %%
print(figure.description)

# %% [markdown]
# ## See it like a musician: the spectrogram
#
# A *spectrogram* shows which pitches a sound has at each moment. Time runs to the right and *frequency*,
# the scientist's word for pitch, upwards, in hertz: 100 Hz is a deep hum, 10 000 Hz a thin hiss. The
# brighter the colour, the stronger the sound. The scale beside it counts decibels, of the sound's power in
# each hertz of pitch.

# %%
picture = ma.plot.spectrogram(recording).figure
picture

# %% [markdown]
# - **Bright patches at the bottom that come and go** are wind. It is strongest at the lowest frequencies
#   and rises and falls with the gusts.
# - **Thin level lines** are tones that never change: machines on the rover. Lines at equal distances belong
#   together, like the overtones of a string.
# - **Short upright strokes** are clicks.

# %%
if recording.source.simulated:
    print("In the simulated sample the lines are strong: a hum, all the time, and gusts that swell over it.")
else:
    print("NASA's filter has left the lines very faint here. Near the end the recording was faded out.")

# %% [markdown]
# ## Where to listen
#
# `detect_wind` finds when the wind rises. Play those moments again.

# %%
events = ma.detect_wind(recording)
for event in events:
    print(f"From {event.start:.1f} to {event.end:.1f} s the wind is {event.excess:.0f} dB over the quiet.")

# %% [markdown]
# ## No headphones? Four times faster
#
# Played four times faster, every pitch is four times as high, and small loudspeakers can play the wind. Of
# course this is no longer how Mars sounds. (Every fourth sample is kept, after all that is too high for so
# few was removed.)

# %%
from scipy.signal import resample_poly

fewer = resample_poly(recording.samples, up=1, down=4, axis=1)
faster = ma.Recording(
    fewer, recording.sample_rate, source=recording.source.after("played four times faster", encoding=None)
)
faster

# %% [markdown]
# ## Where to go from here
#
# - [separate_rover_and_wind](separate_rover_and_wind.ipynb) takes the rover out.
# - [find_the_wind](find_the_wind.ipynb) finds the gusts, and saves them as clips.
