# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Trust an event
#
# Noise wavers by chance, and now and then it wavers as a gust would. So when a program says "here the wind
# rose", how sure is it? Here you look at noise without any wind, see what chance makes of it, and choose how
# often you want to be fooled.
#
# New to this? [first_listen](first_listen.ipynb) explains the words, and
# [find_the_wind](find_the_wind.ipynb) how events are found.

# %%
import numpy as np

import marsaudio as ma

# %% [markdown]
# ## A rover and no wind
#
# Five minutes of a simulated rover: pumps, electronics, clicks. **It was computed, not recorded on Mars**, so
# we know for certain that there is no wind in it.

# %%
rate = 16000
rover = 0.1 * ma.simulate.simulate_rover(300.0, sample_rate=rate, rng=1)
noise = ma.Recording(rover, rate, source=ma.Source(title="rover alone", simulated=True))
noise.clip(0, 10)

# %% [markdown]
# Let `detect_wind` look for wind where there is none. `false_alarms_per_minute` is how many events a minute
# you allow it to find in noise. Five a minute is a lot:

# %%
fooled = ma.detect_wind(noise, false_alarms_per_minute=5.0)
fooled

# %% [markdown]
# All of these are chance. They are faint, about a decibel over the quiet, and short. (Rises that were left
# out are what is left of the rover's tones: those are no wind, and do not count.) In the picture of the
# first minute you see why: the level never stands still, and its highest moments look like small gusts.

# %%
minute = noise.clip(0, 60)
ma.plot.level(minute, ma.detect_wind(minute, false_alarms_per_minute=5.0)).figure

# %% [markdown]
# ## How often do you want to be fooled?
#
# Allow fewer, and the threshold rises:

# %%
for allowed in (5.0, 1.0, 0.1, 0.01):
    found = ma.detect_wind(noise, false_alarms_per_minute=allowed)
    threshold = found.parameters["threshold_used_db"]
    print(f"{allowed:5} a minute allowed: {len(found):2} found in 5 minutes, threshold {threshold:.2f} dB")

# %% [markdown]
# Where 25 are expected you may find 19, or 30: chance is like that. The interval that a count leaves open can
# be computed:

# %%
count = len(fooled)
interval = ma.metrics.false_alarms_per_minute(count, noise.duration / 60)
print(
    f"{count} in 5 minutes: with 95 % confidence the true rate lies between {interval.low:.1f} and "
    f"{interval.high:.1f} a minute"
)

# %% [markdown]
# How does it know? It makes noise of its own, with the spectrum of this recording's quiet moments, runs the
# whole search over it, and counts. Nothing is read off a table for ideal noise.
#
# ## What a false-alarm rate is not
#
# It is **not** the share of your events that are false. That depends on how many gusts there are:

# %%
minutes, allowed = 10, 0.1
for gusts in (30, 3, 0):
    false = allowed * minutes
    share = false / (gusts + false)
    print(f"{gusts:2} gusts in {minutes} minutes: of all events, {100 * share:3.0f} % are chance, on average")

# %% [markdown]
# The same rule, the same noise, and another answer. In calm weather, distrust a lone event.
#
# ## Each event for itself
#
# Now a recording with gusts.

# %%
key = "feb20_filtered" if ma.catalog.local_path("feb20_filtered") else "sample"
recording = ma.load(key)
if recording.source.simulated:
    print("THIS IS SIMULATED: the sound was computed. It was not recorded on Mars.")
else:
    print(f"Recorded on Mars. Credit: {recording.source.credit}")
recording

# %%
events = ma.detect_wind(recording, false_alarms_per_minute=5.0)
events

# %% [markdown]
# We allowed five a minute, so some may be chance. Each says for itself how often noise gives one so strong,
# and how likely at least one such is in a recording as long as this (`p_value`):

# %%
for event in events:
    print(f"{event.start:6.2f} s, {event.excess:4.1f} dB over quiet: p = {event.p_value:.2g}")

# %% [markdown]
# So look first, and choose afterwards:

# %%
sure = events.filter(lambda event: event.p_value < 0.01)
print(f"{len(sure)} of {len(events)} are more than chance.")

# %% [markdown]
# Times and levels are uncertain, too. What stands after ± is a standard deviation: of what chance does, not
# of what a gust *is*. A gust that swells slowly has no exact beginning.

# %%
for event in sure:
    start = "open" if event.start_uncertainty is None else f"± {event.start_uncertainty:.2f} s"
    print(
        f"starts at {event.start:.2f} s {start}, level {event.level:.1f} ± {event.level_uncertainty:.1f} "
        f"{sure.unit}"
    )

# %% [markdown]
# ## Was it the rover?
#
# Wind on Mars is low. Where a rise is heard above 1 kHz as well, stronger than wind could be up there, the
# rover did it, and the event is marked. Here something shakes the simulated rover for two seconds:

# %%
times = np.arange(60 * rate) / rate
shaking = np.random.default_rng(1).normal(0, 0.05, len(times)) * ((times > 20) & (times < 22))
shaken = rover[: len(times)] + shaking
ma.detect_wind(ma.Recording(shaken, rate))

# %% [markdown]
# ## What it cannot see: steady wind
#
# An event is a rise. Now wind that blows evenly, ten times the amplitude of the rover:

# %%
breeze = ma.simulate.simulate_wind(np.full(60 * 200, 6.0), sample_rate=rate, rng=2)
both = rover[: len(breeze)] + 10 * rover.std() / breeze.std() * breeze
steady = ma.detect_wind(ma.Recording(0.2 * both, rate))
steady

# %% [markdown]
# Nothing, and rightly so by the rule: it *is* the quiet now. One microphone cannot tell an even breeze from a
# fan. `quiet_level` tells how loud that is, but not what made it.
#
# ## Try it
#
# - Take `band=(20.0, 60.0)`. Why is the threshold higher? (Fewer frequencies, fewer waves to average over.)
# - Take `minimum_duration=1.0`. Why is it lower?
# - Cut the noise into ten pieces, and count the false alarms in each.

# %%
for name, value in (("band", (20.0, 60.0)), ("minimum_duration", 1.0)):
    threshold = ma.detect_wind(noise, **{name: value}).parameters["threshold_used_db"]
    print(f"{name}={value}: {threshold:.2f} dB")
