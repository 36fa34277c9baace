# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Separate rover and wind
#
# A microphone on a rover hears the rover. Here you take a recording apart into two: the wind, and the
# rover. You hear and see both, check that nothing was lost, and learn what nobody can know from one
# microphone.
#
# New to this? [first_listen](first_listen.ipynb) explains the words *sample*, *hertz*, *full scale*,
# *decibel* and *spectrogram*.

# %%
import tempfile
from pathlib import Path

import numpy as np

import marsaudio as ma

key = "feb20_filtered" if ma.catalog.local_path("feb20_filtered") else "sample"
recording = ma.load(key)
if recording.source.simulated:
    print("THIS IS SIMULATED: the sound was computed. It was not recorded on Mars.")
else:
    print(f"Recorded on Mars. Credit: {recording.source.credit}")

# %% [markdown]
# `feb20_filtered` is a recording from Mars that NASA has filtered already; how is not published. So what
# marsaudio takes out of it is the rest of the rover that NASA's filter has left. Where it is not on this
# machine, the notebook works on a simulated sample (`ma.catalog.fetch("feb20_filtered")` downloads NASA's
# recording, once).
#
# ## Take it apart
#
# One line does it. The two parts are called *stems*, as in a music studio.

# %%
stems = ma.separate(recording)
print(stems)

# %% [markdown]
# ## Hear the three
#
# First the recording as it is:

# %%
recording

# %% [markdown]
# The wind in it:

# %%
stems.wind

# %% [markdown]
# And the rover:

# %%
stems.rover

# %% [markdown]
# The rover may be too faint to hear beside the wind. Here is a copy of it for listening; the words below
# its player say how much louder it was made. The stems themselves are never changed in level.

# %%
ma.listening_copy(stems.rover, peak_db=-6.0)

# %% [markdown]
# ## See both
#
# Above is the spectrogram of the recording, in the middle that of the wind, in the same colours. The
# rover's level lines are gone. The curve below is the level of the wind's band; the numbered spans are wind
# events, which [find_the_wind](find_the_wind.ipynb) explains.

# %%
picture = ma.plot.overview(stems)
picture

# %%
print(picture.description)

# %% [markdown]
# ## Who has which frequencies
#
# A *spectrum* is a spectrogram without time: the strength of each frequency, averaged over the whole
# recording.


# %%
def mean_spectrum(sound):
    spectrogram = ma.spectrogram(sound, n_fft=16384)
    return spectrogram.frequencies, spectrogram.power.mean(axis=1)


frequencies, recording_power = mean_spectrum(recording)
_, wind_power = mean_spectrum(stems.wind)
_, rover_power = mean_spectrum(stems.rover)

# %%
figure = ma.plot.Picture(figsize=(8, 4), layout="constrained")
axes = figure.subplots()
shown = (frequencies >= 20) & (frequencies <= 4000)
for power, name, style in (
    (recording_power, "recording", {"color": "0.7", "linewidth": 3}),
    (rover_power, "rover", {"color": "#D55E00", "linewidth": 1}),
    (wind_power, "wind", {"color": "#0072B2", "linewidth": 1.5, "linestyle": "--"}),
):
    axes.semilogx(frequencies[shown], 10 * np.log10(power[shown] + 1e-20), label=name, **style)
highest = 10 * np.log10(recording_power[shown].max())
axes.set(ylim=(highest - 110, highest + 5), xticks=[20, 50, 100, 200, 500, 1000, 2000, 4000])
axes.xaxis.set_major_formatter("{x:g}")
axes.set(xlabel="Frequency (Hz)", ylabel="Power density (dB re full scale²/Hz)", title="Mean spectra")
axes.legend()
figure.description = (
    "Mean spectra from 20 to 4000 Hz of the recording, the wind and the rover. At low frequencies the wind "
    "follows the recording, then it falls off steeply; there the rover, with narrow peaks, follows the "
    "recording instead. The table below has the figures."
)
figure

# %% [markdown]
# The same in figures: of all the power in a band of frequencies, which part went to which stem.

# %%
print("band (Hz)         wind     rover")
for low, high in ((20, 60), (60, 120), (120, 250), (250, 1000), (1000, 4000), (4000, 24000)):
    band = (frequencies >= low) & (frequencies < high)
    wind, rover = wind_power[band].sum(), rover_power[band].sum()
    print(f"{low:5} to {high:5}  {100 * wind / (wind + rover):6.1f} %  {100 * rover / (wind + rover):6.1f} %")

# %% [markdown]
# Above 4000 Hz everything is counted as the rover's: no wind is looked for there. Where the wind has a
# little even so, and where its curve runs flat at the lower right, it is the rounding of its samples to the
# steps of the file.
#
# ## Nothing was lost
#
# The two stems add up to the recording. Not nearly: each sample is exactly the same number.

# %%
total = stems.wind.samples + stems.rover.samples
different = np.count_nonzero(total != recording.samples)
print(f"{different} of {total.size} samples differ from the recording.")

# %% [markdown]
# That holds after saving, too. (The folder is a temporary one: it goes when the notebook ends. Take a path
# of your own to keep the files.)

# %%
folder = tempfile.TemporaryDirectory(prefix="marsaudio-")
wind_file = stems.wind.save(Path(folder.name) / "wind.wav")
rover_file = stems.rover.save(Path(folder.name) / "rover.wav")
total = ma.load(wind_file).samples + ma.load(rover_file).samples
print(f"Read back from two files: {np.count_nonzero(total != recording.samples)} samples differ.")

# %% [markdown]
# ## The rover's lines
#
# The rover's tones give themselves away by their steadiness: a tone swings on like a clock, and wind does
# not. Each tone is a *line* in the spectrogram. Here are the strongest. *Prominence* is how far a line
# stands above the noise beside it; *coherence* says how steadily it swings, from 0 (by chance) to 1 (a
# perfect clock).

# %%
lines = ma.fit_rover(recording, alone=False).lines
below_4000 = [line for line in lines if line.frequency <= 4000]
strongest = sorted(below_4000, key=lambda line: line.level, reverse=True)[:12]
print(f"{len(lines)} lines found. The strongest up to 4000 Hz:")
print("frequency (Hz)   level (dB re full scale)   prominence (dB)   coherence   frequency / 195.145 Hz")
for line in strongest:
    print(
        f"{line.frequency:14.2f}{line.level:27.1f}{line.prominence:18.1f}{line.coherence:12.3f}"
        f"{line.frequency / 195.145:25.3f}"
    )

# %% [markdown]
# Look at the last column. Most of these lines are whole multiples of one frequency, 195.145 Hz, as measured
# on NASA's recording; the simulation uses the same. So they are overtones of one machine. And the rest?


# %%
def distance_to_multiple(frequency, step):
    return abs(frequency - step * round(frequency / step))


print(f"Of {len(lines)} lines,")
for step, above, words in (
    (195.145, 0, "multiples of 195.145 Hz"),
    (195.145, 14, "14 Hz above a multiple of 195.145 Hz"),
    (1000, 0, "multiples of 1000 Hz"),
):
    close = [line for line in lines if distance_to_multiple(line.frequency - above, step) < 1]
    print(f"{len(close)} are {words}, to within 1 Hz")

# %% [markdown]
# The machine is probably the pump of the rover's thermal system: SuperCam's microphone, the rover's other
# one, has a line at about 195 Hz, too. Multiples of exactly 1000 Hz come, probably, from a digital clock.
# Both causes are inferred from the frequencies alone.
#
# ## How good is it?
#
# For a recording from Mars nobody knows: the true wind was never recorded alone. For the simulated sample
# the truth is known. The *signal-to-distortion ratio* says how far the wanted sound lies above all that is
# wrong, in decibels; more is better.

# %%
if recording.source.simulated:
    truth = ma.load(ma.catalog.local_path("sample").with_name("simulated_18s_wind.flac"))
    print(f"recording as it is: {ma.metrics.sdr(recording.samples, truth.samples):5.1f} dB")
    print(f"wind stem:          {ma.metrics.sdr(stems.wind.samples, truth.samples):5.1f} dB")
else:
    print("This was recorded on Mars: there is no truth to compare with.")

# %% [markdown]
# ## What cannot be known
#
# Wind that never changes and a machine that never changes sound alike to a single microphone. marsaudio has
# to decide, and by and large counts **what never changes as the rover's**. A test shows what that means.
# Below are two winds that are simulated, without any rover. One blows perfectly evenly, the other in gusts.

# %%
from marsaudio.simulate import GustShape, simulate_wind, simulate_wind_speed

gusty_speed = simulate_wind_speed(10.0, gusts=[GustShape(start=4.0, increase=5.0)], rng=1)
even_speed = np.full_like(gusty_speed, 5.0)  # always 5 metres a second

for name, speed in (("even wind", even_speed), ("gusty wind", gusty_speed)):
    pressure = simulate_wind(speed, rng=2)
    only_wind = ma.Recording(pressure / np.abs(pressure).max() * 0.5, 48000)
    wind, rover = ma.separate(only_wind)
    share = np.square(wind.samples).mean() / np.square(only_wind.samples).mean()
    print(f"{name}: {100 * share:5.1f} % of its power ended up in the wind stem")

# %% [markdown]
# Nearly all of the even wind was taken for the rover, and marsaudio warned of it: nothing in it comes and
# goes as wind does. No method can do better from the sound alone: the quiet hiss between gusts may be a
# breeze or a machine, and the numbers are the same. Keep it in mind:
#
# - The wind stem holds the wind that **rises and falls**. Where wind is found, a share of what never changes
#   is given to it, too: as much as such a wind may have in it. `stems.unidentifiable` says how much of the
#   wind's power is in doubt, and `ma.plot.wind_range(stems)` draws it.
# - A machine that rises and falls at low frequencies would be counted as wind.
# - A recording of the rover alone helps: `ma.separate(recording, rover_noise=that_recording)`.
#
# [take_nasa_apart](take_nasa_apart.ipynb) puts all of this to the test, on a mixture whose truth is known.

# %%
folder.cleanup()
