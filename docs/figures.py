"""Make the figures of docs/explanation/how-it-works.md: the same recordings give the same figures.

    MARSAUDIO_DATA_DIR=... python docs/figures.py

What is taken apart is a mixture with known parts. Its wind is NASA's filtered recording of 20 February 2021,
from 0.3 to 15 s. Its rover is steady sound with the spectrum of the 1.1 s of rover that the EDL microphone's
two products of sol 1125 hold (PDS, m2020_edlcam_raw, session 170): tones as pure sines, the rest as noise.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.ndimage
import scipy.signal
from PIL import Image

import marsaudio as ma
from marsaudio.plot.picture import LABEL_SIZE, NOTE_SIZE, TICK_SIZE, TITLE_SIZE, enlarge_text, tick_times
from marsaudio.separation.gain import frame_levels, wind_gain
from marsaudio.separation.wind_stem import moments_of

Array = npt.NDArray[np.float64]

FOLDER = Path(__file__).parent / "images"
PRODUCTS = "m2020_edlcam_raw/data_audio/mic_00000170_000_00000{}.xml"
RATE = 48000
CREDIT = (
    "Sounds: NASA/JPL-Caltech (wind of 20 Feb 2021, rover noise of sol 1125, mixed and drawn by marsaudio)"
)
DOTS_PER_INCH = 110
# Of Okabe and Ito's palette, whose colours stay apart for colour-blind eyes.
BLUE, ORANGE, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"
MOST_BYTES = 150_000


@dataclass(frozen=True, eq=False)
class Mixture:
    """A recording with its parts, and what was found in it."""

    wind: ma.Recording
    rover: ma.Recording
    stems: ma.Stems


def rover_second() -> Array:
    """The 1.1 s in which the EDL microphone's products of sol 1125 hold the rover's steady sound."""
    folder = ma.catalog.data_directory()
    parts = [ma.load(folder / PRODUCTS.format(second)).samples[0] for second in (0, 1)]
    second = np.concatenate(parts).astype(np.float64)[round(0.9 * RATE) :]
    # The offset of the converter still settles in it: nothing below 20 Hz is told of the rover.
    high_pass = scipy.signal.butter(4, 20, "highpass", fs=RATE, output="sos")
    return np.asarray(scipy.signal.sosfiltfilt(high_pass, second - second.mean()))


def extended(second: Array, frames: int, seed: int) -> Array:
    """Steady sound with the spectrum of a short one: its tones as sines, the rest as noise."""
    rng = np.random.default_rng(seed)
    lines = ma.fit_rover(ma.Recording(second, RATE)).lines
    frequencies, density = scipy.signal.welch(second, RATE, nperseg=8192)
    smooth = scipy.ndimage.median_filter(density, 9)
    noise_density = density.copy()
    for line in lines:
        near = np.abs(frequencies - line.frequency) < 4 * frequencies[1]
        noise_density[near] = np.minimum(density, smooth)[near]
    grid = np.fft.rfftfreq(frames, 1 / RATE)
    shape = np.sqrt(np.interp(grid, frequencies, noise_density) * RATE / 2)
    sound = np.fft.irfft(np.fft.rfft(rng.standard_normal(frames)) * shape, frames)
    time = np.arange(frames) / RATE
    for line in lines:
        amplitude = np.sqrt(2 * 10 ** (line.level / 10))
        sound += amplitude * np.sin(2 * np.pi * (line.frequency * time + rng.random()))
    return np.asarray(sound)


def mixed(snr_db: float = -15.0, seed: int = 1) -> Mixture:
    """Wind and rover with a ratio of their mean powers, taken apart."""
    heard = ma.load("feb20_filtered", start=0.3, stop=15.0)
    wind = heard.samples[0].astype(np.float64)
    rover = extended(rover_second(), wind.size, seed)
    rover *= np.sqrt(np.mean(wind**2) / np.mean(rover**2)) * 10 ** (-snr_db / 20)
    step = 2.0**-23
    parts = [np.rint(part / step) * step for part in (wind, rover)]
    source = ma.Source(title="Wind and rover of Mars, mixed", credit="NASA/JPL-Caltech")
    recording = ma.Recording(parts[0] + parts[1], RATE, source=source)
    first, second = (ma.Recording(part, RATE, source=source) for part in parts)
    return Mixture(first, second, ma.separate(recording))


def density_of(recording: ma.Recording, hertz: float = 2.93) -> tuple[Array, Array]:
    """Mean power spectral density, in full scale squared per hertz."""
    return scipy.signal.welch(recording.samples[0].astype(np.float64), RATE, nperseg=round(RATE / hertz))


def decibels(power: Array) -> Array:
    return np.asarray(10 * np.log10(np.maximum(power, 1e-30)))


def new_picture(height: float, title: str) -> ma.plot.Picture:
    figure = ma.plot.Picture(figsize=(8, height), layout="constrained")
    figure.suptitle(title, x=0.02, ha="left", size=TITLE_SIZE, weight="bold")
    figure.supxlabel(CREDIT, x=0.02, ha="left", size=NOTE_SIZE - 1.5, color="0.3")
    return figure


def hertz_axis(axis: object, ticks: tuple[float, ...] = (10, 20, 50, 100, 200, 500, 1000)) -> None:
    """A logarithmic axis of frequency with plain figures."""
    axis.set_ticks(ticks, [f"{tick / 1000:g}k" if tick >= 1000 else f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)


def lines_and_floor(mixture: Mixture) -> ma.plot.Picture:
    model = mixture.stems.models[0]
    figure = new_picture(5.0, "Tones and floor of the rover, as learned")
    ax = figure.subplots()
    frequencies, power = density_of(mixture.stems.recording)
    ax.plot(frequencies, decibels(power), color="0.72", linewidth=1.0, label="the recording, on average")
    frequencies, power = density_of(mixture.rover)
    ax.plot(
        frequencies,
        decibels(power),
        color=BLACK,
        linewidth=0.7,
        linestyle=(0, (4, 1.5)),
        label="the true rover",
    )
    ax.plot(
        model.frequencies[1:],
        decibels(model.floor[1:]),
        color=ORANGE,
        linewidth=1.8,
        label="the floor R, learned",
    )
    width = float(model.frequencies[1])
    tops = np.array([line.level for line in model.lines]) - 10 * np.log10(1.5 * width)
    places = [line.frequency for line in model.lines]
    ax.plot(
        places,
        tops + 4,
        linestyle="",
        marker="v",
        color=BLUE,
        markersize=7,
        label=f"{len(places)} tones found",
    )
    ax.axvline(4000, color="0.5", linewidth=0.8)
    ax.annotate(
        "above 4 kHz\nno wind is sought", (4000, 1), xycoords=("data", "axes fraction"), xytext=(5, -6),
        textcoords="offset points", va="top", size=NOTE_SIZE,
    )  # fmt: skip
    ax.set(xscale="log", xlim=(10, 24000), xlabel="Frequency (Hz)", ylabel="Density (dB re full scale²/Hz)")
    bottom = float(decibels(density_of(mixture.rover)[1][5:]).min())
    ax.set_ylim(bottom - 5, float(decibels(power).max()) + 28)
    hertz_axis(ax.xaxis, (10, 30, 100, 300, 1000, 3000, 10000))
    ax.grid(color="0.92")
    ax.legend(loc="upper left", fontsize=NOTE_SIZE)
    enlarge_text(ax)
    return figure


def level_and_spectra(mixture: Mixture) -> ma.plot.Picture:
    model = mixture.stems.models[0]
    channel = mixture.stems.plan.channels[0]
    transforms = channel.heard.transforms
    times = transforms.low.centres(len(channel.heard.coverage.usable), transforms.resampler.low_rate)
    level = np.zeros(len(times))
    for frames, moments in moments_of(channel):
        core = frames.core
        here = slice(frames.first + core.start, frames.first + core.stop)
        shares = model.rover.shares(channel.heard.high_power[here])
        level[here] = frame_levels(moments[0].power[core], shares, model)
    figure = new_picture(7.4, "The wind: one level, and a spectrum that follows it")
    above, below = figure.subplots(2, 1, height_ratios=[2, 3])
    shown = channel.heard.coverage.usable
    to_power = float(model.shape.sum() * model.frequencies[1])  # a level of 1 is so much mean square
    above.plot(times[shown], decibels(level[shown] * to_power), color=BLUE, linewidth=1.6)
    above.set(xlim=(0, mixture.wind.duration), xlabel="Time (s)", ylabel="Level h\n(dB re full scale)")
    tick_times(above)
    colours = ["#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08306b"]
    names = ["faintest", "", "middle", "", "loudest"]
    for knot, spectrum, colour, name in zip(
        model.wind.levels, model.wind.shapes, colours, names, strict=True
    ):
        value = float(decibels(np.array([knot * to_power]))[0])
        above.axhline(value, color=colour, linewidth=1.2, linestyle=(0, (4, 2)))
        words = f"w at {value:.0f} dB" + (f", {name}" if name else "")
        below.plot(
            model.frequencies[1:],
            decibels(spectrum[1:]),
            color=colour,
            linewidth=1.8,
            label=words.replace("-", "−"),
        )
    below.plot(
        model.frequencies[1:], decibels(model.floor[1:]), color=ORANGE, linewidth=1.4, label="the floor R"
    )
    if model.steady.max() > 0:
        below.plot(
            model.frequencies[1:], decibels(model.steady[1:]), color=GREEN, linewidth=1.4,
            linestyle=(0, (1, 1)), label="s, perhaps steady wind",
        )  # fmt: skip
    below.axvline(model.cut_off, color="0.4", linewidth=0.9)
    below.annotate(
        f"cut-off\n{model.cut_off:.0f} Hz", (model.cut_off, 1), xycoords=("data", "axes fraction"),
        xytext=(5, -6), textcoords="offset points", va="top", size=NOTE_SIZE,
    )  # fmt: skip
    top = float(decibels(model.wind.shapes).max())
    below.set(xscale="log", xlim=(10, 2000), ylim=(top - 95, top + 5))
    below.set(xlabel="Frequency (Hz)", ylabel="Density\n(dB re full scale²/Hz)")
    hertz_axis(below.xaxis, (10, 20, 50, 100, 200, 500, 1000, 2000))
    below.legend(loc="lower right", fontsize=NOTE_SIZE)
    for ax in (above, below):
        ax.grid(color="0.92")
        enlarge_text(ax)
    return figure


def gain_over_time(mixture: Mixture) -> ma.plot.Picture:
    channel = mixture.stems.plan.channels[0]
    count = len(channel.heard.coverage.usable)
    transforms = channel.heard.transforms
    gain = np.zeros((count, transforms.bins), dtype=np.float32)
    for frames, moments in moments_of(channel):
        core, expects = frames.core, moments[0].expected
        reach = expects.steady.size
        part = wind_gain(moments[0].power[:, :reach], expects.wind + expects.steady, expects.rover)
        gain[frames.first + core.start : frames.first + core.stop, :reach] = part[core]
    figure = new_picture(4.6, "How much of each moment and pitch is wind")
    ax = figure.subplots()
    times = transforms.low.centres(count, transforms.resampler.low_rate)
    mesh = ax.pcolormesh(
        times, transforms.frequencies[2:400], gain.T[2:400], cmap="cividis", vmin=0, vmax=1, rasterized=True
    )
    ax.set(yscale="log", ylim=(10, 1000), xlim=(0, mixture.wind.duration))
    ax.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
    hertz_axis(ax.yaxis)
    tick_times(ax)
    enlarge_text(ax)
    bar = figure.colorbar(mesh, ax=ax, pad=0.015)
    bar.set_label("Gain G (0: all rover, 1: all wind)", size=LABEL_SIZE)
    bar.ax.tick_params(labelsize=TICK_SIZE)
    return figure


def three_spectrograms(mixture: Mixture) -> ma.plot.Picture:
    figure = new_picture(9.4, "One recording, two stems")
    panels = figure.subplots(3, 1, sharex=True)
    stems = mixture.stems
    parts = (
        (stems.recording, "The recording"),
        (stems.wind, "The wind in it"),
        (stems.rover, "The rover in it"),
    )
    limits = {"minimum_db": -110.0, "maximum_db": -30.0}
    for panel, (part, name) in zip(panels, parts, strict=True):
        spectrogram = ma.spectrogram(part, n_fft=8192, hop_length=4096)
        mesh = spectrogram.plot(panel, colorbar=False, maximum_frequency=4000, **limits)
        panel.set_title("")
        panel.set_title(name, loc="left", size=LABEL_SIZE)
        panel.set_xlabel("")
        hertz_axis(panel.yaxis, (20, 50, 100, 200, 500, 1000, 2000, 4000))
        enlarge_text(panel)
    panels[-1].set_xlabel("Time (s)", size=LABEL_SIZE)
    panels[-1].set_xlim(0.1, mixture.wind.duration - 0.1)
    tick_times(panels[-1])
    bar = figure.colorbar(mesh, ax=list(panels), pad=0.015, aspect=40)
    bar.set_label("Power spectral density (dB re full scale²/Hz)", size=LABEL_SIZE)
    bar.ax.tick_params(labelsize=TICK_SIZE)
    return figure


def true_level(mixture: Mixture) -> tuple[Array, Array]:
    """The level of the true wind, in the frames and over the octave bands of the estimates."""
    upper = mixture.stems.wind_upper
    hop = upper.times[1] - upper.times[0]
    spectrogram = ma.spectrogram(mixture.wind, n_fft=round(4 * hop * RATE), hop_length=round(hop * RATE))
    inside = (spectrogram.frequencies >= upper.edges[0]) & (spectrogram.frequencies < upper.edges[-1])
    return spectrogram.times, decibels(spectrogram.power[inside].sum(axis=0) * spectrogram.frequencies[1])


def range_and_truth(mixture: Mixture) -> ma.plot.Picture:
    figure = new_picture(5.4, "The wind's level from below and from above, and the truth")
    ax = figure.subplots()
    ma.plot.wind_range(mixture.stems, ax=ax)
    ax.set_title("", loc="left")
    ax.texts[0].set_text("")
    times, truth = true_level(mixture)
    (line,) = ax.plot(times, truth, color=BLACK, linewidth=1.6, linestyle=(0, (1, 1.2)))
    handles = [*ax.get_legend().legend_handles, line]
    names = [*(text.get_text() for text in ax.get_legend().get_texts()), "the true wind"]
    ax.legend(
        handles, names, loc="upper center", bbox_to_anchor=(0.48, -0.2), ncols=4, frameon=False,
        fontsize=NOTE_SIZE, columnspacing=1.2,
    )  # fmt: skip
    return figure


FIGURES = {
    "lines-and-floor": lines_and_floor,
    "level-and-spectra": level_and_spectra,
    "gain": gain_over_time,
    "stems": three_spectrograms,
    "wind-range": range_and_truth,
}


def save_small(figure: ma.plot.Picture, path: Path) -> None:
    """As a PNG of few colours."""
    figure.save(path, dpi=DOTS_PER_INCH)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(200, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size} bytes, more than {MOST_BYTES}")


def figures_of_merit(mixture: Mixture) -> None:
    """The figures that the page quotes."""
    stems, model = mixture.stems, mixture.stems.models[0]
    truth = mixture.wind.samples[0]
    print(stems)
    for name, sound in (("recording", stems.recording), ("wind stem", stems.wind)):
        print(f"SI-SDR of the {name}: {ma.metrics.si_sdr(sound.samples[0], truth):.1f} dB")
    print("cut-off", stems.cut_off, "unidentifiable", stems.unidentifiable)
    print("before", stems.snr_before, "after", stems.snr_after, "lines", len(model.lines))
    frequencies, wind = density_of(mixture.wind)
    below = (frequencies > 0) & (frequencies <= stems.cut_off)
    ratio = wind[below].sum() / density_of(mixture.rover)[1][below].sum()
    print(f"true wind over rover below the cut-off: {10 * np.log10(ratio):.1f} dB")
    times, truth = true_level(mixture)
    lower, upper = (
        np.interp(times, levels.times, decibels((10 ** (levels.level[0] / 10)).sum(axis=0)))
        for levels in (stems.wind_lower, stems.wind_upper)
    )
    print(
        f"true level within 0.5 dB of the range: {np.mean((truth > lower - 0.5) & (truth < upper + 0.5)):.3f}"
    )
    print(f"above it: {np.mean(truth >= upper + 0.5):.3f}, below it: {np.mean(truth <= lower - 0.5):.3f}")
    for line in model.lines:
        print(f"  {line.frequency:9.2f} Hz {line.level:7.1f} dB, prominence {line.prominence:.1f} dB")
    for low, high in itertools.pairwise((20, 60, 250, 1000, 4000)):
        parts = []
        for part in (mixture.wind, mixture.rover, stems.wind, stems.rover):
            frequencies, power = density_of(part)
            inside = (frequencies >= low) & (frequencies < high)
            parts.append(f"{10 * np.log10(power[inside].sum() * frequencies[1]):.1f}")
        print(f"{low}-{high} Hz: true wind, true rover, wind stem, rover stem:", *parts, "dB")


def main() -> None:
    mixture = mixed()
    figures_of_merit(mixture)
    for name, draw in FIGURES.items():
        path = FOLDER / f"{name}.png"
        save_small(draw(mixture), path)
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
