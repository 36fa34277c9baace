# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # Take NASA's sounds apart
#
# In February 2021 NASA released the first sounds from Mars twice: as they were recorded, full of the rover's
# own noise, and *filtered*, so that the wind can be heard. How they were filtered was never published.
#
# Here you look at the filtered recording like a detective: what did the filter leave out, and what did it
# leave in? Then you turn the game round. You lay rover noise over the wind yourself, so that you know the
# truth, take both apart again, and see how much of the truth comes back, and how well marsaudio knows what
# it does not know.
#
# New to this? [first_listen](first_listen.ipynb) explains the words *sample*, *hertz*, *full scale*,
# *decibel* and *spectrogram*, and [separate_rover_and_wind](separate_rover_and_wind.ipynb) the word *stem*.

# %%
import logging
import tempfile
from pathlib import Path

import numpy as np
from scipy import ndimage, signal

import marsaudio as ma

# What marsaudio wants to tell goes to the log, too. Here it is printed where it belongs.
logging.getLogger("marsaudio").setLevel(logging.ERROR)

key = "feb20_filtered" if ma.catalog.local_path("feb20_filtered") else "sample"
recording = ma.load(key)
if recording.source.simulated:
    print("THIS IS SIMULATED: the sound was computed. It was not recorded on Mars.")
else:
    print(f"Recorded on Mars. Credit: {recording.source.credit}")

# %% [markdown]
# Where NASA's recording is not on this machine, the notebook works on a simulated sample
# (`ma.catalog.fetch("feb20_filtered")` downloads NASA's recording, once). All cells run on the sample, too,
# but nobody has filtered it, so that there is less for a detective to find.
#
# ## Part one: what the filter left in
#
# Listen first. This is the recording:

# %%
recording

# %% [markdown]
# And this is what marsaudio calls the rover in it, made louder, because it may be very faint. (The words
# below the player say by how much.)

# %%
stems = ma.separate(recording)
ma.listening_copy(stems.rover, peak_db=-6.0)

# %% [markdown]
# Now see it. In the spectrogram of the rover stem, look for thin level lines. Each is a tone that never
# stops: a machine.

# %%
ma.plot.spectrogram(stems.rover).figure

# %% [markdown]
# (In NASA's recording there is more to see: strokes between 500 and 2000 Hz, at just the times of the gusts.
# We come back to them.)
#
# Are the lines related? The overtones of one machine are whole multiples of one frequency. Two such families
# are known in NASA's recording: multiples of 195.145 Hz, and multiples of 1000 Hz. (The simulated sample was
# made to have the same.)

# %%
lines = ma.fit_rover(recording, alone=False).lines
for step in (195.145, 1000.0):
    family = [line for line in lines if abs(line.frequency / step - round(line.frequency / step)) * step < 1]
    numbers = [round(line.frequency / step) for line in family]
    print(f"{len(family)} of {len(lines)} lines are multiples of {step:g} Hz, to within 1 Hz.")
    if numbers:
        print(f"   from number {numbers[0]} to number {numbers[-1]}, at {family[-1].frequency:.0f} Hz")

# %% [markdown]
# On NASA's filtered recording the first family begins at 195 Hz itself, and the second goes up to 23 000 Hz.
# So the filter did not take the tones out one by one: they are still there, only faint. The first family
# probably comes from the pump of the rover's thermal system, since the rover's other microphone has a line at
# about 195 Hz, too; the second probably from a digital clock. Both causes are inferred from the frequencies
# alone.
#
# ## What the filter left out
#
# For that we need rover noise that nobody has filtered, by the same microphone. NASA's archive has some from
# sol 1125, the 1125th Martian day of the mission: two files of one second each. The microphone is just being
# switched on in them, and only the last 1.1 seconds sound steady. Where the files are not on this
# machine, 1.1 seconds of simulated rover stand in.

# %%
folder = ma.catalog.data_directory() / "m2020_edlcam_raw" / "data_audio"
products = [folder / f"mic_00000170_000_00000{second}.xml" for second in (0, 1)]
unfiltered = not recording.source.simulated and all(product.exists() for product in products)
if unfiltered:
    seconds = [ma.load(product) for product in products]
    samples = np.concatenate([second.samples[0] for second in seconds])[round(0.9 * 48000) :]
    source = ma.Source(title="EDL microphone, sol 1125", credit=seconds[0].source.credit)
    print(f"Rover noise of sol 1125, not filtered. Credit: {source.credit}")
else:
    rover_file = ma.catalog.local_path("sample").with_name("simulated_18s_rover.flac")
    rover_truth = ma.load(rover_file, start=1.0, stop=2.1)
    samples = rover_truth.samples[0]
    source = ma.Source(title="simulated rover noise", credit="marsaudio (simulated)", simulated=True)
    print("The rover noise below is simulated: NASA's files of sol 1125 are not on this machine.")

# As it is switched on, its constant offset still settles: we keep what is above 20 Hz.
high_pass = signal.butter(4, 20, "highpass", fs=48000, output="sos")
second = signal.sosfiltfilt(high_pass, samples - samples.mean())
rover_second = ma.Recording(second, 48000, source=source)
ma.listening_copy(rover_second, fade=0.05, peak_db=-6.0)

# %% [markdown]
# Is the family at 195 Hz in it, too? Divide each tone by its number.

# %%
found = ma.fit_rover(rover_second).lines
family = [line for line in found if abs(line.frequency / 195.145 % 1 - 0.5) > 0.49]
for line in family[:8]:
    number = round(line.frequency / 195.145)
    if number:
        print(f"{line.frequency:8.2f} Hz is {number:2} times {line.frequency / number:.2f} Hz")

# %% [markdown]
# On sol 1125 the family is there, too, at 195.19 Hz, as compared to 195.145 Hz on sol 2. Probably it is the
# same machine, three years later. (Without NASA's files, this is the simulated rover, at 195.145 Hz.)
#
# A *spectrum* is a spectrogram without time: the strength of each frequency. Here are the spectra of the
# recording, of the wind that marsaudio finds in it, and of the unfiltered rover. Mind that nobody knows
# whether the microphone was recorded with the same gain on both days, so compare the shapes, not the heights.


# %%
def spectrum(sound):
    """Frequencies, and power density in dB re full scale² per hertz."""
    frequencies, density = signal.welch(sound.samples[0].astype(float), sound.sample_rate, nperseg=16384)
    return frequencies, 10 * np.log10(density + 1e-20)


figure = ma.plot.Picture(figsize=(8, 4.6), layout="constrained")
axes = figure.subplots()
for sound, name, style in (
    (rover_second, "rover, unfiltered", {"color": "#D55E00", "linewidth": 1}),
    (recording, "the recording", {"color": "0.55", "linewidth": 2.5}),
    (stems.wind, "the wind in it", {"color": "#0072B2", "linewidth": 1.4, "linestyle": "--"}),
):
    frequencies, level = spectrum(sound)
    axes.semilogx(frequencies[3:], level[3:], label=name, **style)
highest = spectrum(recording)[1].max()
axes.set(xlim=(10, 24000), ylim=(highest - 135, highest + 5), xticks=[10, 30, 100, 300, 1000, 3000, 10000])
axes.xaxis.set_major_formatter("{x:g}")
axes.set(xlabel="Frequency (Hz)", ylabel="Power density (dB re full scale²/Hz)")
axes.set_title(f"Before and after: {recording.source.name}")
axes.legend()
axes.grid(color="0.92")
figure.description = (
    "Spectra from 10 Hz to 24 kHz of the recording, of the wind stem, and of rover noise alone. Recording "
    "and wind stem share a hump at low pitches and fall together; further up the recording is covered with "
    "narrow peaks, the rover's tones, which the wind stem lacks."
)
figure

# %%
frequencies, level = spectrum(recording)
_, rover_level = spectrum(rover_second)
print("band (Hz)         recording   rover alone   (dB re full scale)")
for low, high in ((20, 60), (60, 120), (120, 250), (250, 1000), (1000, 4000), (4000, 24000)):
    band = (frequencies >= low) & (frequencies < high)
    sums = [10 * np.log10(np.sum(10 ** (part[band] / 10)) * frequencies[1]) for part in (level, rover_level)]
    print(f"{low:5} to {high:5}{sums[0]:14.1f}{sums[1]:14.1f}")

# %%
if unfiltered:
    print("The unfiltered rover is strongest from 250 to 1000 Hz, and it is noise as well as tones. In the")
    print("filtered recording the tones are left there, faint, and next to no noise between them.")
else:
    print("This recording was not filtered: rover and wind are both in it.")

# %% [markdown]
# One more look, through a magnifying glass: only the main gust, only from 100 to 400 Hz.

# %%
gust = recording.clip(5.5, 8.5) if unfiltered else recording
frequencies, density = signal.welch(gust.samples[0].astype(float), 48000, nperseg=8192)
print("frequency (Hz)   power density (dB re full scale²/Hz)")
for wanted in (100, 150, 170, 195, 220, 250, 300, 350, 400):
    print(f"{wanted:10}{10 * np.log10(density[np.abs(frequencies - wanted).argmin()] + 1e-20):20.0f}")
if unfiltered:
    print("There is a gap at 195 Hz: 10 dB deeper than at 220 Hz, and 20 dB deeper than at 170 Hz.")

# %% [markdown]
# What does the detective conclude from NASA's recording? That its filter has a narrow gap at 195 Hz, just
# where the rover's family of tones begins, and above that turns down everything, more and more: tones, noise
# and wind alike. A part of the wind's higher pitches may be left even so: the strokes from 500 to 2000 Hz
# that come with the gusts. Since they come with them, marsaudio takes what stands out of them for wind.
#
# All of that is inferred from the sounds; NASA has not said it. It has a consequence: **the filtered
# recording is no truth**, and what is called wind below is the wind that the filter let through.
#
# ## Part two: lay the rover over the wind
#
# To see how good a separation is you must know the truth. So take the wind of the recording and the noise of
# the rover, and add them yourself.
#
# There is one difficulty. The wind lasts for some fifteen seconds, and of the rover we have 1.1. So we make
# more of it:
#
# - each *tone* that `ma.fit_rover` finds in it goes on as a pure tone, for as long as we like;
# - the rest becomes *noise with the same spectrum*: random numbers, filtered until their spectrum is that.
#
# Be honest about what that means. It has the rover's colour, but it is **perfectly steady**: no wavering
# pump, no valve, no motor that starts. A real rover is harder. What follows says how well it works where the
# rover is steady.


# %%
def extend(sound, frames, rng):
    """Steady sound with the spectrum of a short one."""
    rate = sound.sample_rate
    tones = ma.fit_rover(sound).lines
    frequencies, density = signal.welch(sound.samples[0].astype(float), rate, nperseg=8192)
    without_tones = np.minimum(density, ndimage.median_filter(density, 9))
    for tone in tones:
        near = np.abs(frequencies - tone.frequency) < 4 * frequencies[1]
        density[near] = without_tones[near]
    shape = np.sqrt(np.interp(np.fft.rfftfreq(frames, 1 / rate), frequencies, density) * rate / 2)
    longer = np.fft.irfft(np.fft.rfft(rng.standard_normal(frames)) * shape, frames)
    times = np.arange(frames) / rate
    for tone in tones:
        amplitude = np.sqrt(2 * 10 ** (tone.level / 10))
        longer += amplitude * np.sin(2 * np.pi * (tone.frequency * times + rng.random()))
    return longer


if recording.source.simulated:
    wind_file = ma.catalog.local_path("sample").with_name("simulated_18s_wind.flac")
    wind = ma.load(wind_file, start=0.3, stop=15.0).samples[0].astype(float)
else:
    wind = recording.clip(0.3, 15.0).samples[0].astype(float)  # then NASA fades it out
rover = extend(rover_second, wind.size, np.random.default_rng(1))
print(f"{wind.size / 48000:.1f} s of wind, and as much rover made of {rover_second.duration:.1f} s.")

# %% [markdown]
# How loud should the rover be? The *signal-to-noise ratio* says by how many decibels the wind is stronger
# than the rover. At 0 dB both are equally strong, at -15 dB the rover has about thirty times the power of
# the wind. We take three.


# %%
def mix(snr_db):
    """The true wind, the true rover, and their sum: the recording that we pretend to have."""
    gain = np.sqrt(np.mean(wind**2) / np.mean(rover**2)) * 10 ** (-snr_db / 20)
    scale = 0.5 / np.abs(wind + gain * rover).max()
    credit = " and ".join(dict.fromkeys([recording.source.credit, rover_second.source.credit]))
    either = recording.source.simulated or rover_second.source.simulated
    parts = [np.rint(part * scale * 2**23) / 2**23 for part in (wind, gain * rover)]  # as in a 24-bit file
    names = ("The true wind", "The true rover", f"Wind and rover at {snr_db:g} dB")
    return [
        ma.Recording(part, 48000, source=ma.Source(title=name, credit=credit, simulated=either))
        for part, name in zip((*parts, sum(parts)), names, strict=True)
    ]


mixtures = {snr_db: mix(snr_db) for snr_db in (-15, -5, 5)}
true_wind, true_rover, mixture = mixtures[-15]
print("The mixture at -15 dB. Can you hear the wind?")
mixture

# %% [markdown]
# ## And apart again
#
# First *blind*: marsaudio is given the mixture, and nothing else.

# %%
apart = {snr_db: ma.separate(parts[2]) for snr_db, parts in mixtures.items()}
apart[-15].wind

# %% [markdown]
# The true wind, to compare:

# %%
true_wind

# %%
figure = ma.plot.Picture(figsize=(8, 9), layout="constrained")
panels = figure.subplots(3, 1, sharex=True)
top = None
for panel, sound, name in zip(
    panels, (mixture, apart[-15].wind, true_wind), ("Mixture", "Wind stem", "True wind"), strict=True
):
    picture = ma.spectrogram(sound, n_fft=8192, hop_length=4096)
    top = float(picture.to_db().max()) if top is None else top
    mesh = picture.plot(panel, maximum_frequency=4000, minimum_db=top - 80, maximum_db=top, colorbar=False)
    panel.set_title("")
    panel.set_title(name, loc="left")
    panel.set(yticks=[20, 50, 100, 200, 500, 1000, 2000, 4000])
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter("")
figure.colorbar(mesh, ax=list(panels), label="Power spectral density (dB re full scale²/Hz)")
figure.description = (
    "Three spectrograms one above the other, from 20 Hz to 4 kHz: the mixture, with gusts at the bottom "
    "under the rover's lines and noise; the wind stem, with the gusts alone; and the true wind, nearly the "
    "same where it is strong."
)
figure

# %% [markdown]
# ## How good is it?
#
# The *scale-invariant signal-to-distortion ratio*, SI-SDR, says in one number how much of a sound is what it
# should be, and how much is something else, in decibels: at 0 dB as much is wrong as right, at 20 dB a
# hundredth part is wrong, and it does not matter how loud the whole is played.

# %%
print("wind over rover   SI-SDR of the mixture   SI-SDR of the wind stem")
for snr_db, (truth, _, mixed) in mixtures.items():
    before = ma.metrics.si_sdr(mixed.samples, truth.samples)
    after = ma.metrics.si_sdr(apart[snr_db].wind.samples, truth.samples)
    print(f"{snr_db:12} dB{before:20.1f} dB{after:22.1f} dB")

# %% [markdown]
# ## With the rover known
#
# If you know what the rover sounds like, you need not guess. `ma.fit_rover` learns it from a recording of the
# rover alone, and keeps it as a *rover model*: its tones, and a floor of noise. A model can be saved, loaded
# another day, and given to `ma.separate`.
#
# We fit two. One from the 1.1 seconds that there really are, and one from ten seconds of the extended rover,
# another draw of it: as good as we could know the rover if NASA had recorded it for longer.

# %%
longer = extend(rover_second, 480_000, np.random.default_rng(2))
temporary = tempfile.TemporaryDirectory(prefix="marsaudio-")
models = {}
for name, samples in (("one second", rover_second.samples[0]), ("ten seconds", longer)):
    loudness = np.sqrt(np.mean(true_rover.samples.astype(float) ** 2) / np.mean(rover**2))
    sound = ma.Recording(samples * loudness, 48000, source=rover_second.source)
    path = ma.fit_rover(sound).save(Path(temporary.name) / f"{name}.json")
    models[name] = ma.load_rover_model(path)
    print(models[name])

# %%
figure = ma.plot.Picture(figsize=(8, 4.4), layout="constrained")
models["ten seconds"].plot(figure.subplots())
figure.description = (
    "The rover model: a black curve, the floor of its noise over frequency, with its tones as upright "
    "strokes on it, and in grey the mean above 4 kHz."
)
figure

# %% [markdown]
# (Where a model comes from another day, its loudness must fit. One that is far too loud or too faint is
# noticed, and a note says so.) Now separate the hardest mixture with each:

# %%
print("rover model     SI-SDR of the wind stem")
for name, model in (("none (blind)", None), *models.items()):
    known = apart[-15] if model is None else ma.separate(mixture, rover_noise=model)
    print(f"{name:14}{ma.metrics.si_sdr(known.wind.samples, true_wind.samples):12.1f} dB")
    for note in known.notes:
        print(f"   note: {note}")

# %% [markdown]
# See how little there is to win: blind, the rover was learned from fifteen seconds of the mixture itself. Nor
# does it matter here that a floor from one second is jagged by chance: the model counts only as some more
# moments of the recording. A rover model pays most where the wind never stops.
#
# ## Does it know what it does not know?
#
# Wind that never stops and a rover that never changes are the same to one microphone. So marsaudio gives the
# level of the wind twice: from below, where what never changes counts as the rover's, and from above, where
# what may be steady wind counts as wind. Here you can hold the truth against it.

# %%
doubt = apart[-15]
upper, lower = doubt.wind_upper, doubt.wind_lower
step = round((upper.times[1] - upper.times[0]) * 48000)  # the same frames as the estimates have
true_power = ma.spectrogram(true_wind, n_fft=4 * step, hop_length=step)
inside = (true_power.frequencies >= upper.edges[0]) & (true_power.frequencies < upper.edges[-1])
true_level = 10 * np.log10(true_power.power[inside].sum(axis=0) * true_power.frequencies[1])

figure = ma.plot.Picture(figsize=(8, 5), layout="constrained")
axes = figure.subplots()
ma.plot.wind_range(doubt, ax=axes)
axes.plot(true_power.times, true_level, color="black", linestyle=":", linewidth=1.8)
axes.set(xlabel="Time (s). Dotted: the true wind", ylim=(true_level.min() - 3, None))
figure.description = (
    "The wind's level over time between its estimate from below and from above, with the true level dotted. "
    "In the gusts all three are one line; in the quiet they part."
)
figure


# %%
def summed(levels):
    """The level over all bands, at the times of the true level."""
    power = (10 ** (levels.level[0] / 10)).sum(axis=0)
    return np.interp(true_power.times, levels.times, 10 * np.log10(power + 1e-20))


below, above = true_level < summed(lower) - 0.5, true_level > summed(upper) + 0.5
print("How much of the time the truth lies")
print(f"between both estimates, or within 0.5 dB of that: {100 * np.mean(~below & ~above):3.0f} %")
print(f"below both:                                       {100 * np.mean(below):3.0f} %")
print(f"above both:                                       {100 * np.mean(above):3.0f} %")
if doubt.unidentifiable is not None:
    print(
        f"Of the wind's power, {100 * doubt.unidentifiable:.1f} % may as well be the rover's, says marsaudio."
    )

# %% [markdown]
# Read it like this. In the gusts, where nearly all of the wind's power is, both estimates agree, and they are
# right. In the quiet they part, and there nobody can say from the sound alone. Where the truth lies below
# both, some of the rover's noise was taken for wind. So the two are estimates that trust the model, not
# limits that nature keeps to. The one figure, *unidentifiable*, is a share of the power, and so of the gusts:
# it is small though the quiet is in doubt for seconds.
#
# ## Where to go from here
#
# - Make the rover less steady: multiply `rover` by `1 + 0.3 * np.sin(2 * np.pi * 0.5 * t)` and run part two
#   again. What becomes of the wind stem?
# - Lay another wind under it: any recording of yours with a gust in it.
# - The documentation has the equations, the sources and the limits, under "How it works".

# %%
temporary.cleanup()
