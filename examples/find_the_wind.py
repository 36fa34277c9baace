# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Find the wind
#
# When does the wind rise? Here you find the gusts in a recording, hear each of them, and save a clip and a
# table.
#
# New to this? [first_listen](first_listen.ipynb) explains the words *sample*, *hertz*, *full scale*,
# *decibel* and *spectrogram*.

# %%
import tempfile
from pathlib import Path

import marsaudio as ma

key = "feb20_filtered" if ma.catalog.local_path("feb20_filtered") else "sample"
recording = ma.load(key)
if recording.source.simulated:
    print("THIS IS SIMULATED: the sound was computed. It was not recorded on Mars.")
else:
    print(f"Recorded on Mars. Credit: {recording.source.credit}")

# %% [markdown]
# `feb20_filtered` is a recording from Mars, filtered by NASA. Where it is not on this machine, the notebook
# works on a simulated sample (`ma.catalog.fetch("feb20_filtered")` downloads NASA's recording, once).

# %%
recording

# %% [markdown]
# ## Find
#
# `detect_wind` looks for *wind events*: stretches of time in which the wind rises above the quiet.

# %%
events = ma.detect_wind(recording)
events

# %% [markdown]
# Each row is an event: when it starts, when it ends, when it is loudest, its mean level in decibels,
# how far that lies over the quiet, and how often noise alone would do the same. What stands after ± is how
# uncertain a figure is. Times are in seconds from the first sample. An event also has its numbers by name:

# %%
for event in events:
    print(f"{event.start:.2f} s: lasts {event.duration:.2f} s, {event.excess:.1f} dB over the quiet")

# %% [markdown]
# ## Why there
#
# The curves show the *level*: how strong the sound is from moment to moment, between 20 and 250 Hz, where
# wind is strongest. The rover's tones were taken out first. The thin curve is as measured, in pieces of a
# quarter of a second; the thick one is smoothed over half a second. Events are found in the thick one, so a
# single short peak is none.

# %%
picture = ma.plot.level(recording, events).figure
picture

# %%
print(picture.description)

# %% [markdown]
# - The **quiet level** is the level of the calmest moments. It stands for "no gust", not for "no wind".
# - The **threshold** is what the level must exceed for an event. It is high enough that noise which wavers
#   as the quiet does exceeds it once in ten minutes: [trust_an_event](trust_an_event.ipynb) shows how to
#   choose that.
# - An event **begins and ends** halfway, in decibels, between the level outside and the level inside, and
#   at most 14 dB below its own peak.

# %%
print(f"quiet level: {events.quiet_level:.1f} {events.unit}")
print(f"threshold:   {events.parameters['threshold_used_db']:.1f} dB above it")

# %% [markdown]
# All can be chosen. A narrower band at the lowest frequencies, for example:

# %%
ma.detect_wind(recording, band=(20.0, 60.0))

# %% [markdown]
# ## Hear the gusts
#
# `clips` cuts each event out of a recording of your choice, here out of the wind alone, with half a second
# before and after. For that the wind is taken apart from the rover first. Headphones help: these are deep
# sounds.

# %%
from IPython.display import display

stems = ma.separate(recording)
gusts = events.clips(stems.wind, margin=0.5)
for gust in gusts:
    display(gust)

# %% [markdown]
# ## Keep them
#
# A clip saves as WAV, FLAC, OGG or MP3, at the level it was recorded with. The table of events saves as
# CSV, which spreadsheets open, or for Audacity and Raven. (This folder is a temporary one: it goes when the
# notebook ends. Take a path of your own to keep the files.)

# %%
folder = tempfile.TemporaryDirectory(prefix="marsaudio-")
clip_file = gusts[0].save(Path(folder.name) / "first_gust.wav")
table_file = events.save(Path(folder.name) / "wind_events.csv")
print(clip_file.name, "has", clip_file.stat().st_size, "bytes")
print("columns:", table_file.read_text().splitlines()[0].replace(",", ", "))

# %% [markdown]
# ## How good is it?
#
# For a recording from Mars nobody knows: the rover's wind sensor has no usable data before its 36th Martian
# day. For the simulated sample, the gusts are known from the wind's speed that it was made with.

# %%
import json

if recording.source.simulated:
    truth_file = ma.catalog.local_path("sample").with_name("simulated_18s_truth.json")
    truth = [(gust["start"], gust["end"]) for gust in json.loads(truth_file.read_text())["gusts"]]
    for start, end in truth:
        print(f"true gust from {start:.2f} to {end:.2f} s")
    scores = ma.metrics.event_scores(events, truth)
    hits = len(scores.matches)
    print(f"{hits} of {len(truth)} were found, and {len(events) - hits} that are none.")
else:
    print("This was recorded on Mars: there is no truth to compare with.")

# %% [markdown]
# ## What this cannot see
#
# - **Steady wind.** It raises the quiet level itself. An event is a rise, and where nothing rises nothing
#   is found.
# - **Weak gusts in a gusty recording.** They stay below the threshold.
# - **Gusts shorter than about half a second.** The smoothing flattens them.
# - **The cause.** Whatever rises between 20 and 250 Hz counts, also an arm that moves or wheels that roll.
#   Only what sounds above 1 kHz as well is marked, as "rover?".
# - **Speed.** The level says when the wind is stronger, not how many metres a second it has. For that, the
#   microphone would have to be compared with a wind sensor.

# %%
folder.cleanup()
