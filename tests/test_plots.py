"""Pictures: named axes with units, as many marks as events, words beside them, whole files."""

import itertools
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch

import marsaudio as ma
from marsaudio.plot.spectrograms import frame_for_picture


@pytest.fixture(scope="module")
def events(gusty_stems):
    return ma.detect_wind(gusty_stems)


@pytest.fixture(scope="module")
def picture(gusty_stems, events):
    return ma.plot.overview(gusty_stems, events)


@pytest.fixture(scope="module")
def several(gusty, events):
    """Three events, though there is one: marks must follow the table."""
    times = [(0.5, 1.0), (2.0, 3.0), (4.2, 4.7)]
    made = tuple(
        ma.WindEvent(start, end, start + 0.1, -20.0, -18.0, 25.0, 20.0, 250.0) for start, end in times
    )
    return ma.WindEvents(made, events.unit, events.quiet_level, gusty.duration, events.parameters)


def marks(axes):
    return {line.get_gid() for line in axes.lines if (line.get_gid() or "").startswith("wind-event-")}


def numbers(axes):
    return [text.get_text() for text in axes.texts if text.get_text().isdigit()]


def test_time_frequency_and_level_have_their_units(picture):
    recording, wind, level, colours = picture.axes
    assert recording.get_ylabel() == wind.get_ylabel() == "Frequency (Hz)"
    assert (recording.get_yscale(), wind.get_yscale()) == ("log", "log")
    assert level.get_xlabel() == "Time (s)"
    assert level.get_ylabel() == "Level\n(dB re full scale)"
    assert colours.get_ylabel() == "Power spectral density (dB re full scale²/Hz)"


def test_recording_and_wind_have_the_same_axes_and_colours(picture):
    recording, wind = (axes.collections[0] for axes in picture.axes[:2])
    assert recording.get_clim() == wind.get_clim()
    assert picture.axes[0].get_ylim() == picture.axes[1].get_ylim()
    assert all(axes.get_xlim() == (0.0, 6.0) for axes in picture.axes[:3])


def test_every_event_has_a_bar_and_a_number_above_every_panel(gusty_stems, several):
    for axes in ma.plot.overview(gusty_stems, several).axes[:3]:
        assert marks(axes) == {"wind-event-1", "wind-event-2", "wind-event-3"}
        assert numbers(axes) == ["1", "2", "3"]


def test_spans_in_the_level_are_hatched_so_that_no_colour_alone_marks_them(gusty, several):
    axes = ma.plot.level(gusty, several).axes
    spans = [patch for patch in axes.patches if patch.get_hatch()]
    assert [span.get_x() for span in spans] == pytest.approx([event.start for event in several])
    assert [span.get_width() for span in spans] == pytest.approx([event.duration for event in several])


def test_of_very_many_events_each_has_a_bar_and_the_numbers_keep_clear_of_each_other(gusty, events):
    starts = np.linspace(0, 5.9, 60)
    crowd = tuple(ma.WindEvent(t, t + 0.03, t, -20.0, -18.0, 25.0, 20.0, 250.0) for t in starts)
    table = ma.WindEvents(crowd, events.unit, events.quiet_level, gusty.duration, events.parameters)
    axes = ma.plot.level(gusty, table).axes
    assert len(marks(axes)) == 60
    axes.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text().isdigit()]
    assert len(boxes) > 10
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_quiet_and_threshold_are_drawn_where_the_detection_had_them(gusty, events):
    patches = ma.plot.level(gusty, events).axes.patches
    drawn = {patch.get_label(): patch.get_data() for patch in patches if isinstance(patch, StepPatch)}
    assert list(drawn["quiet"].values) == [events.quiet_level]
    threshold = events.quiet_level + events.parameters["threshold_used_db"]
    assert list(drawn["threshold"].values) == pytest.approx([threshold])
    assert list(drawn["quiet"].edges) == [0.0, gusty.duration]


def test_the_level_has_a_gap_where_the_recording_is_muted(gusty):
    samples = gusty.samples.copy()
    samples[:, 72000:80000] = 0.0
    line = ma.plot.level(ma.Recording(samples, 16000))
    level = dict(zip(np.round(line.get_xdata(), 3), line.get_ydata(), strict=True))
    assert np.isnan(level[4.725])
    assert np.isfinite(level[2.025])


def test_the_title_says_what_it_is_and_that_it_is_simulated():
    scene = ma.simulate_scene(2.0, sample_rate=16000, gust_count=0, rng=1)
    texts = " ".join(text.get_text() for text in ma.plot.spectrogram(scene.recording).texts)
    assert "Simulated Mars sound" in texts
    assert "SIMULATED, not recorded on Mars" in texts
    assert "Credit: marsaudio (simulated)" in texts


def test_a_recording_from_mars_names_its_microphone_and_sol_and_is_not_called_simulated(gusty):
    source = ma.Source(
        key="feb20_rover", title="First sounds", microphone="EDL microphone", sol=2, credit="NASA/JPL-Caltech"
    )
    picture = ma.plot.spectrogram(ma.Recording(gusty.samples, 16000, source=source))
    texts = " ".join(text.get_text() for text in picture.texts)
    assert "First sounds" in texts
    assert "feb20_rover · EDL microphone · sol 2" in texts
    assert "Credit: NASA/JPL-Caltech" in texts
    assert "simulated" not in (texts + picture.description).lower()


def test_the_words_name_every_event_with_its_times(picture, events):
    assert len(events) == 1
    for event in events:
        assert f"{event.start:.1f} to {event.end:.1f} s" in picture.description


def test_a_notebook_gets_the_words_as_alternative_text_with_everything_escaped(gusty):
    source = ma.Source(title='<script>"x"</script>')
    html = ma.plot.spectrogram(ma.Recording(gusty.samples, 16000, source=source))._repr_html_()
    assert "<script>" not in html
    assert re.search(r'alt="Spectrogram of [^"]*&lt;script&gt;', html)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".jpg"])
def test_a_picture_is_saved_in_each_format_with_its_words_inside(picture, tmp_path, suffix):
    path = picture.save(tmp_path / f"picture{suffix}", dpi=40)
    contents = path.read_bytes()
    starts = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".jpg": b"\xff\xd8"}
    assert contents.startswith(starts[suffix])
    if suffix in (".png", ".svg"):
        assert picture.description.encode() in contents
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_same_input_gives_the_same_picture(gusty_stems, events, tmp_path):
    files = [ma.plot.overview(gusty_stems, events).save(tmp_path / f"{name}.png", dpi=40) for name in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_name_that_is_no_picture_is_refused_and_nothing_appears(picture, tmp_path):
    with pytest.raises(ma.ParameterError, match=r"picture\.wav.*\.png"):
        picture.save(tmp_path / "picture.wav")
    assert not list(tmp_path.iterdir())


def test_names_of_files_are_drawn_as_they_are_not_as_formulas(gusty, tmp_path):
    source = ma.Source(title="a$\\frac{$\udcff")
    picture = ma.plot.spectrogram(ma.Recording(gusty.samples, 16000, source=source))
    assert "a$\\frac{$?" in picture.get_suptitle()
    picture.save(tmp_path / "picture.png", dpi=40)


def test_an_hour_gets_no_more_columns_than_a_screen_has_and_the_picture_says_so():
    hour = ma.Recording(np.zeros(8000 * 3600, dtype=np.float32), 8000)
    n_fft, hop = frame_for_picture(hour)
    assert 3900 < 1 + (hour.frames - n_fft) // hop <= 4000
    picture = ma.plot.spectrogram(hour.clip(0, 60), hop_length=hop, n_fft=n_fft)
    assert f"every {hop / 8000:.3g} s, so not of all the sound" in picture.get_supxlabel()


def test_a_spectrogram_of_very_many_frames_is_drawn_in_few_columns_with_the_same_mean_power():
    noise = ma.Recording(np.random.default_rng(3).normal(0, 0.1, 40000), 8000)
    spec = ma.spectrogram(noise, n_fft=64, hop_length=4)
    assert len(spec.times) > 4000
    mesh = spec.plot(frequency_scale="linear")
    drawn = 10 ** (mesh.get_array() / 10)
    assert drawn.shape[1] <= 4000
    # The last column holds fewer frames, so the means differ a little.
    assert drawn.mean() == pytest.approx(spec.power.mean(), rel=1e-3)


def test_a_steady_line_lies_at_its_frequency_on_a_logarithmic_axis(gusty):
    mesh = ma.spectrogram(gusty, n_fft=4096).plot()
    coordinates, level = mesh.get_coordinates(), mesh.get_array()
    quiet = level[:, : level.shape[1] // 4].mean(axis=1)
    edges = coordinates[:, 0, 1]
    row = int(np.argmax(np.where(edges[1:] > 100, quiet, -np.inf)))
    assert edges[row] < 195 < edges[row + 1]


def test_a_range_of_frequencies_with_nothing_in_it_is_refused(gusty):
    with pytest.raises(ma.ParameterError, match="nothing to show"):
        ma.spectrogram(gusty).plot(minimum_frequency=5000, maximum_frequency=4000)


@pytest.mark.parametrize("frames", [4, 100, 3000])
def test_recordings_too_short_for_any_event_still_have_a_picture(frames):
    short = ma.Recording(0.01 * np.random.default_rng(0).normal(size=frames), 16000)
    stems = ma.separate(short)
    picture = ma.plot.overview(stems)
    assert marks(picture.axes[0]) == set()
    assert "No gust of wind" in picture.description


def test_three_samples_are_too_few_for_a_picture():
    with pytest.raises(ma.ParameterError, match="3 samples"):
        ma.plot.spectrogram(ma.Recording(np.ones(3), 16000))


@pytest.mark.parametrize(
    ("draw", "artist"),
    [
        (lambda stems, ax: ma.spectrogram(stems.wind).plot(ax), QuadMesh),
        (lambda stems, ax: ma.plot.level(stems, ax=ax), Line2D),
        (lambda stems, ax: ma.plot.wind_range(stems, ax=ax), PolyCollection),
    ],
    ids=["spectrogram", "level", "wind_range"],
)
def test_what_has_one_panel_is_drawn_on_axes_of_ones_own_and_gives_its_artist(gusty_stems, draw, artist):
    axes = Figure().subplots()
    drawn = draw(gusty_stems, axes)
    assert isinstance(drawn, artist)
    assert drawn.axes is axes
    assert drawn in axes.get_children()


def test_colours_grow_lighter_with_the_level_for_every_eye(picture, gusty):
    """The lightness of each colour, CIE L*, rises evenly, so that it is read without any hue as well."""
    meshes = [axes.collections[0] for axes in picture.axes[:2]]
    meshes += [
        ma.plot.spectrogram(gusty).axes[0].collections[0],
        ma.plot.spectral_probability_density(ma.spectral_probability_density(gusty)).axes[0].collections[0],
    ]
    for mesh in meshes:
        red_green_blue = mesh.get_cmap()(np.linspace(0, 1, 64))[:, :3]
        linear = np.where(
            red_green_blue <= 0.04045, red_green_blue / 12.92, ((red_green_blue + 0.055) / 1.055) ** 2.4
        )
        luminance = linear @ [0.2126, 0.7152, 0.0722]
        rise = np.diff(np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance))
        assert np.all(rise > 0) or np.all(rise < 0)
        assert np.abs(rise).max() < 3 * np.abs(rise).mean()


def test_no_picture_shows_itself(gusty_stems, events, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda *_, **__: shown.append("pyplot"))
    monkeypatch.setattr(Figure, "show", lambda *_, **__: shown.append("figure"))
    recording = gusty_stems.recording
    ma.spectrogram(recording).plot()
    ma.long_term_spectrogram(recording).plot()
    ma.plot.spectrogram(recording)
    ma.plot.overview(gusty_stems, events)
    ma.plot.level(recording, events)
    ma.plot.wind_range(gusty_stems)
    ma.plot.spectral_probability_density(ma.spectral_probability_density(recording))
    ma.plot.comparison(ma.compare(recording, gusty_stems.wind))
    plt.close("all")
    assert shown == []


def test_matplotlib_is_imported_for_pictures_alone_without_global_state_or_a_display(gusty_wav, tmp_path):
    code = (
        "import sys, marsaudio as ma\n"
        f"recording = ma.load({str(gusty_wav)!r})\n"
        "ma.detect_wind(ma.separate(recording))\n"
        "assert not any(name.startswith('matplotlib') for name in sys.modules)\n"
        f"ma.plot.spectrogram(recording).save({str(tmp_path / 'picture.png')!r}, dpi=40)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": "", "MPLBACKEND": "tkagg"})
    assert (tmp_path / "picture.png").exists()
