# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # From an archive to a table
#
# NASA's Planetary Data System (PDS) keeps what the microphones recorded: thousands of small files, each with
# a *label* beside it, an XML file that says what it is. Here you go from a folder of them to one table of
# wind events, with the time of day on Mars.
#
# New to this? [find_the_wind](find_the_wind.ipynb) explains what a wind event is.

# %%
import os
import tempfile
from pathlib import Path

import pandas as pd

import marsaudio as ma

key = "feb20_filtered" if ma.catalog.local_path("feb20_filtered") else "sample"
recording = ma.load(key)
if recording.source.simulated:
    print("THIS IS SIMULATED: the sound was computed. It was not recorded on Mars.")
else:
    print(f"Recorded on Mars. Credit: {recording.source.credit}")

# %% [markdown]
# ## A small archive
#
# The archive of the body microphone has one file for each second: `mic_00000170_000_000000.wav` is second 0
# of *session* 170. So that this notebook runs without a network, it cuts a recording into such files. **The
# times in the labels here are made up for the exercise.** Second 12 is left out on purpose: in real
# archives, too, some are missing.

# %%
archive = tempfile.TemporaryDirectory(prefix="marsaudio-")
folder = Path(archive.name) / "data_audio"
folder.mkdir()

LABEL = """<?xml version="1.0"?>
<Product_Ancillary>
  <logical_identifier>urn:nasa:pds:made_up:{name}</logical_identifier>
  <Identification_Area><title>Made up for this notebook</title></Identification_Area>
  <start_local_mean_solar_time>{time}</start_local_mean_solar_time>
  <File_Area_Ancillary><File><file_name>{name}.wav</file_name></File><Encoded_Audio/></File_Area_Ancillary>
</Product_Ancillary>
"""

for session, time in ((170, "Sol-01125M10:31:04.307"), (171, "Sol-01125M13:02:40.000")):
    for second in range(17):
        if (session, second) != (170, 12):
            product = recording.clip(second, second + 1)
            product.save(folder / f"mic_{session:08d}_000_{second:06d}.wav")
    name = f"EM__1125_concat_session{session}"
    (folder / f"{name}.xml").write_text(LABEL.format(time=time, name=name))

print(
    len(list(folder.iterdir())), "files, the first of them:", min(path.name for path in folder.glob("*.wav"))
)

# %% [markdown]
# ## Sessions
#
# `find_sessions` looks at the names, and `load_session` joins the seconds of one session to a recording.
# Nothing is closed up: what is missing stays a *gap*, with silence in it, so that times stay right.

# %%
for session in ma.find_sessions(folder):
    print(session)

# %%
first = ma.load_session(folder, session=170)
for gap in first.gaps:
    print(f"{gap.start:g} to {gap.stop:g} s: {gap.reason}")
first

# %% [markdown]
# A gap counts in no statistic: not in levels, not in what the separation learns, and no event can be in it.
# In the picture it is hatched. The axis shows the time of day on Mars: a Martian day, a *sol*, has 24 hours
# as well, but each of its seconds lasts 2.7 % longer than ours.

# %%
picture = ma.plot.overview(ma.separate(first), time_axis="local_mean")
picture

# %% [markdown]
# ## What time is it on Mars?
#
# The label says when the session began by *local mean solar time*, the time of a clock at the landing site.
# From that follow the date on Earth, the time by the real sun, which runs fast or slow with the season, and
# the season itself, as the *solar longitude*: 0° is the beginning of the northern spring.

# %%
began = first.start_time
print(began)
print(f"On Earth: {began.utc:%d %B %Y, %H:%M:%S} UTC")
print(f"By the real sun: {began.local_true_solar_time:.2f} hours since midnight")
print(f"Solar longitude: {began.solar_longitude:.1f}°")

# %% [markdown]
# ## One table
#
# `batch.run` works through a whole folder, and goes on where it was stopped. Seconds of a session are one
# recording. It writes a table of all recordings and one of all events.

# %%
results = Path(archive.name) / "results"
report = ma.batch.run(folder, results, jobs=1, progress=False, stems=False)
print(report)

# %%
recordings = pd.read_csv(report.summary)
recordings[["recording", "state", "duration_s", "gaps_s", "event_count", "start_local_mean_solar_time"]]

# %% [markdown]
# Two rows, one a session. The labels of the joined files, which are not here, tell when each began.

# %%
events = pd.read_csv(report.events)
events[
    ["recording", "start_s", "end_s", "excess_db", "sol", "local_mean_solar_time", "local_true_solar_time"]
]

# %% [markdown]
# ## The real ones
#
# Two seconds of the real session 170 tell much less: one cannot learn what the rover sounds like from them.
# But the folder is read in the same way, and the catalogue of the archive, its *inventory*, says which
# second is missing.

# %%
real = Path(os.environ.get("MARSAUDIO_DATA_DIR", "."), "m2020_edlcam_raw", "data_audio")
if real.is_dir():
    session = ma.load_session(real, session=170)
    print(session)
    for gap in session.gaps:
        print(f"{gap.start:g} to {gap.stop:g} s: {gap.reason}")
    for note in session.source.notes:
        print("-", note)
else:
    print("They are not on this machine: marsaudio's examples/README.md says where NASA has them.")

# %%
archive.cleanup()
