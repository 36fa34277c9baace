"""The report in a real browser: it plays, seeks by click and by key, and can be read aloud."""

import contextlib
import dataclasses
import functools
import http.server
import shutil
import threading

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.report.page import sounds

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed."),
    pytest.mark.shown,
]

SECONDS = 12.0
MUTED = ((5.0, 5.4), (9.0, 12.0))  # s; a moment, and the end
LOOKS = {
    "desktop": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "desktop, dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "has_touch": True},
    "phone, dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True},
}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def recording():
    source = ma.Source(title="Wind at <noon>", credit="Nobody", simulated=True)
    scene = ma.simulate_scene(SECONDS, gust_count=2, sample_rate=16000, rng=7)
    return ma.Recording(scene.recording.samples, 16000, source=source)


@pytest.fixture(scope="module")
def analysis(recording, tmp_path_factory):
    return ma.analyze(recording, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def muted(recording, tmp_path_factory):
    samples = recording.samples.copy()
    for start, end in MUTED:
        samples[:, round(start * 16000) : round(end * 16000)] = 0.0
    return ma.write_report(ma.Recording(samples, 16000), tmp_path_factory.mktemp("muted") / "muted.html")


@pytest.fixture(scope="module")
def wide(recording, tmp_path_factory):
    """A page whose table of gusts has all the columns that there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("marsaudio.report.analysis.detect_wind", _perhaps_the_rovers)
        source = ma.Source(start_time=ma.MarsTime("2021-02-20T12:00:00Z"))
        timed = dataclasses.replace(recording, source=source)
        return ma.write_report(timed, tmp_path_factory.mktemp("wide") / "wide.html")


def _perhaps_the_rovers(recording, **options):
    events = ma.detect_wind(recording, **options)
    doubted = tuple(dataclasses.replace(event, rover_transient=True) for event in events)
    return dataclasses.replace(events, events=doubted)


@pytest.fixture(scope="module")
def long_analysis(recording, tmp_path_factory):
    """As of a recording that is too long for its sound to be kept in the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("marsaudio.report.page.text.LONGEST_INSIDE", SECONDS / 2)
        return ma.analyze(recording, tmp_path_factory.mktemp("a long report"))


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def opened(browser, address, **look):
    """The page, which must say nothing wrong, and fetch nothing from elsewhere."""
    context = browser.new_context(**look)
    page = context.new_page()
    complaints, fetched = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(address)
    yield page
    context.close()
    assert complaints == []
    folder = address.rpartition("/")[0]
    assert all(url.startswith((folder, "data:")) for url in fetched)


@pytest.fixture
def page(browser, analysis):
    with opened(browser, analysis.files["report"].as_uri(), **LOOKS["desktop"]) as page:
        yield page


def players(page):
    return page.locator("audio")


def time_of(page, number=0):
    return players(page).nth(number).evaluate("player => player.currentTime")


def is_playing(page, number=0):
    return players(page).nth(number).evaluate("player => !player.paused")


def head_of(page):
    """Where the playhead is, as a share of the picture's width."""
    picture = page.locator(".plot").first.bounding_box()
    head = page.locator(".playhead").first.bounding_box()
    return (head["x"] - picture["x"]) / picture["width"]


def wait_until_plays(page, number=0, after=0.0):
    page.wait_for_function(
        "([number, after]) => { const player = document.querySelectorAll('audio')[number];"
        " return !player.paused && player.currentTime > after; }",
        arg=[number, after],
        timeout=20000,
    )


@pytest.mark.parametrize("way", ["file", "http"])
def test_it_plays_and_the_playhead_follows(browser, analysis, way):
    report = analysis.files["report"]
    with served(report.parent) if way == "http" else contextlib.nullcontext() as server:
        with opened(browser, f"{server}/report.html" if server else report.as_uri()) as page:
            assert head_of(page) == pytest.approx(0.0, abs=0.01)
            page.get_by_role("button", name="Play", exact=False).first.click()
            wait_until_plays(page, after=1.0)
            page.wait_for_function("document.querySelector('output').textContent > '1'")
            place = head_of(page)
            assert place > 0.9 / SECONDS
            assert place == pytest.approx(time_of(page) / SECONDS, abs=0.05)


@pytest.mark.parametrize("way", ["file", "http"])
def test_a_long_one_plays_the_files_beside_it(browser, long_analysis, way):
    report = long_analysis.files["report"]
    assert long_analysis.files["recording"].name == "recording.wav"
    assert "data:audio" not in report.read_text(encoding="utf-8")
    with served(report.parent) if way == "http" else contextlib.nullcontext() as server:
        with opened(browser, f"{server}/report.html" if server else report.as_uri()) as page:
            assert players(page).count() == 3
            for number in range(3):
                players(page).nth(number).evaluate("player => player.play()")
                wait_until_plays(page, number, after=0.2)


def test_a_click_into_a_picture_seeks_there_and_plays(page):
    for picture, share in ((0, 0.25), (1, 0.5), (2, 0.75)):
        box = page.locator(".plot").nth(picture).bounding_box()
        page.locator(".plot").nth(picture).click(position={"x": share * box["width"], "y": box["height"] / 2})
        wait_until_plays(page, after=share * SECONDS - 0.1)
        assert time_of(page) == pytest.approx(share * SECONDS, abs=1.0)
        assert head_of(page) == pytest.approx(share, abs=1.0 / SECONDS)


def test_a_click_on_a_gust_over_a_picture_seeks_to_its_start(page, analysis):
    number = len(analysis.events)
    page.locator(".plot").first.locator(".event b").nth(number - 1).click()
    wait_until_plays(page, after=analysis.events[-1].start - 0.1)
    assert time_of(page) == pytest.approx(analysis.events[-1].start, abs=1.0)


def test_the_keyboard_alone_seeks_plays_and_stops(page):
    slider = page.get_by_role("slider", name="Place in the sound")
    slider.focus()
    steps = [
        ("ArrowRight", 1),
        ("ArrowUp", 2),
        ("ArrowLeft", 1),
        ("PageUp", 1 + SECONDS / 10),
        ("PageDown", 1),
    ]
    for key, expected in [*steps, ("End", SECONDS), ("Home", 0)]:
        page.keyboard.press(key)
        assert time_of(page) == pytest.approx(expected, abs=0.01), key
        assert head_of(page) == pytest.approx(expected / SECONDS, abs=0.01), key
        assert slider.get_attribute("aria-valuetext").startswith(f"{expected:.1f} seconds")
    page.keyboard.press(" ")
    wait_until_plays(page, after=0.1)
    page.keyboard.press(" ")
    assert not is_playing(page)


def test_every_control_is_reached_with_the_tab_key(page, analysis):
    reached = []
    for _ in range(120):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(one => one === document.body ? '' : one.getAttribute('aria-label')"
            " || one.textContent.trim() || one.tagName)(document.activeElement)"
        )
        if reached and told == "":
            break
        reached.append(told)
    assert reached[0] == "Skip to the sound"
    assert reached.count("AUDIO") >= players(page).count()
    assert "Place in the sound" in reached
    for number, event in enumerate(analysis.events, start=1):
        assert f"Play gust {number}, from {event.start:.1f} s" in reached
    assert "wind.wav" in reached


def button_of(page, number=1):
    return page.locator("tbody tr").nth(number - 1).locator("button")


def wait_until_stopped(page, number=0):
    page.wait_for_function(
        "number => document.querySelectorAll('audio')[number].paused", arg=number, timeout=20000
    )


def test_the_button_of_a_gust_plays_the_wind_of_it_alone(page, analysis):
    event = analysis.events[0]
    page.get_by_role("button", name="Play gust 1").press("Enter")
    wait_until_plays(page, 1, after=event.start + 0.2)
    assert not is_playing(page, 0)
    assert page.locator("tr[aria-current]").get_attribute("data-from") == f"{event.start:.3f}".rstrip("0")
    assert "gust 1" in page.locator("output").text_content()
    assert button_of(page).text_content() == "■ Stop"
    assert button_of(page).get_attribute("aria-label") == f"Stop gust 1, from {event.start:.1f} s"
    assert button_of(page, 2).text_content() == "▶ Play"
    wait_until_stopped(page, 1)
    assert time_of(page, 1) == pytest.approx(event.end, abs=0.3)
    assert button_of(page).text_content() == "▶ Play"
    assert button_of(page).get_attribute("aria-label") == f"Play gust 1, from {event.start:.1f} s"
    assert "plays the wind of its gust" in page.locator("main").inner_text()


def test_the_button_of_a_gust_stops_it_and_goes_on_to_another(page, analysis):
    first, second = analysis.events[:2]
    button_of(page).click()
    wait_until_plays(page, 1, after=first.start)
    button_of(page, 2).click()
    wait_until_plays(page, 1, after=second.start)
    assert [button_of(page, number).text_content() for number in (1, 2)] == ["▶ Play", "■ Stop"]
    button_of(page, 2).click()
    wait_until_stopped(page, 1)
    assert time_of(page, 1) < second.end
    assert button_of(page, 2).text_content() == "▶ Play"


def test_a_gust_is_heard_in_the_sound_that_was_started_before(page, analysis):
    players(page).nth(2).evaluate("player => player.play()")
    wait_until_plays(page, 2, after=0.1)
    for number in (1, 2):
        button_of(page, number).click()
        wait_until_plays(page, 2, after=analysis.events[number - 1].start)
        assert not is_playing(page, 1)


def test_what_the_button_below_the_pictures_plays_is_no_choice(page, analysis):
    page.locator("[data-toggle]").click()
    wait_until_plays(page, 0, after=0.1)
    button_of(page).click()
    wait_until_plays(page, 1, after=analysis.events[0].start)
    assert not is_playing(page, 0)


SEEKS = {
    "by the keyboard": lambda page, _: page.get_by_role("slider").press("ArrowRight"),
    "by a click": lambda page, time: page.locator(".plot").first.click(
        position={"x": time / SECONDS * page.locator(".plot").first.bounding_box()["width"], "y": 90}
    ),
    "by the player": lambda page, time: (
        players(page).nth(1).evaluate("(player, time) => { player.currentTime = time; }", time)
    ),
    "by another player": lambda page, _: players(page).nth(0).evaluate("player => player.play()"),
}


@pytest.mark.parametrize("way", SEEKS)
def test_after_a_seek_it_does_not_stop_at_the_end_of_the_gust(page, analysis, way):
    event = analysis.events[0]
    button_of(page).click()
    wait_until_plays(page, 1, after=event.start)
    SEEKS[way](page, event.end - 0.3)
    number = 0 if way == "by another player" else 1
    wait_until_plays(page, number, after=event.start)
    assert button_of(page).text_content() == "▶ Play"
    wait_until_plays(page, number, after=event.end + 0.3)


def test_the_button_below_the_pictures_says_what_it_plays(page):
    button = page.locator("[data-toggle]")
    assert button.text_content() == "▶ Play the recording"
    for number, name in ((1, "the wind"), (2, "the rover")):
        players(page).nth(number).evaluate("player => player.play()")
        wait_until_plays(page, number, after=0.1)
        page.wait_for_function("document.querySelector('[data-toggle]').textContent === '■ Stop'")
        button.click()
        assert not is_playing(page, number)
        assert button.text_content() == f"▶ Play {name}"


def test_another_version_goes_on_from_the_same_moment(page):
    page.get_by_role("slider").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    wait_until_plays(page, 0, after=4.1)
    players(page).nth(1).evaluate("player => { player.currentTime = 9; player.play(); }")
    wait_until_plays(page, 1, after=4.1)
    assert not is_playing(page, 0)
    assert time_of(page, 1) < 7
    assert head_of(page) == pytest.approx(time_of(page, 1) / SECONDS, abs=0.05)


@pytest.mark.parametrize("look", ["desktop", "phone"])
def test_the_lines_of_the_level_are_told_below_it_by_their_patterns(browser, analysis, look):
    with opened(browser, analysis.files["report"].as_uri(), **LOOKS[look]) as page:
        plot, legend = page.locator(".plot.level"), page.locator(".legend")
        quiet = analysis.events.quiet_levels[0]
        for name, level in (("quiet", quiet.level), ("threshold", quiet.level + quiet.threshold)):
            assert f"{name} −{-level:.1f} dB" in legend.inner_text()
        drawn, told = (
            {
                kind: one.locator(f"path.{kind}").evaluate("path => getComputedStyle(path).strokeDasharray")
                for kind in ("curve", "quiet", "threshold")
            }
            for one in (plot, legend)
        )
        assert told == drawn
        assert len(set(told.values())) == 3
        box = plot.bounding_box()
        assert legend.bounding_box()["y"] >= box["y"] + box["height"]
        words = plot.locator(":not(:has(*)):text-matches('.')").all()
        assert len(words) == len(analysis.events)
        assert all(word.bounding_box()["y"] < box["y"] for word in words), "only numbers, above the picture"
        over = "svg => Number(getComputedStyle(svg).zIndex) > 0"
        assert plot.locator("svg").evaluate(over), "the curve is above the areas"


def test_what_was_left_out_of_the_search_is_shaded_and_told(browser, muted, page):
    assert page.locator(".left-out").count() == 0
    with opened(browser, muted.as_uri(), **LOOKS["desktop"]) as page:
        whole = page.locator(".plot.level").bounding_box()
        shaded = page.locator(".plot .left-out")
        assert page.locator(".plot.spectrogram .left-out").count() == 0
        assert shaded.count() == len(MUTED)
        for number, (start, end) in enumerate(MUTED):
            box = shaded.nth(number).bounding_box()
            begins = (box["x"] - whole["x"]) / whole["width"] * SECONDS
            assert begins == pytest.approx(start, abs=0.15)
            assert begins + box["width"] / whole["width"] * SECONDS == pytest.approx(end, abs=0.15)
        words = shaded.locator("i")
        assert [words.nth(number).is_visible() for number in range(2)] == [False, True]
        assert words.nth(1).text_content() == "left out"
        assert "left out of the search for wind" in page.locator(".legend").inner_text()
        picture = page.locator(".plot.level svg").get_attribute("aria-label")
        assert "Left out of the search for wind, as it is silent, faded out or missing: 5." in picture
        assert picture.endswith(" to 12.0 s.")


@pytest.mark.parametrize("kind", ["usual", "of all columns"])
def test_the_table_of_gusts_is_never_cut(browser, analysis, wide, kind):
    report = wide if kind == "of all columns" else analysis.files["report"]
    with opened(browser, report.as_uri()) as page:
        for width in (360, 700, 980, 1000, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
            cut = page.locator("tbody th, tbody td").evaluate_all(
                "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1)"
                ".map(cell => cell.textContent)"
            )
            assert cut == [], width
            if width < 992:  # where there is no header between them
                band = page.locator("tbody tr").first.evaluate(
                    "row => row.getBoundingClientRect().top"
                    " - row.closest('table').previousElementSibling.getBoundingClientRect().bottom"
                )
                assert band < 30, width


def test_on_a_phone_every_figure_stands_with_its_name(browser, wide):
    with opened(browser, wide.as_uri(), **LOOKS["phone"]) as page:
        names = page.locator("thead th").all_text_contents()
        assert names[-2:] == ["Local mean solar time", "Remark"]
        for row in page.locator("tbody tr").all():
            assert row.locator("th").inner_text().startswith("Gust")
            told = [cell.inner_text() for cell in row.locator("td:not(.scripted)").all()]
            assert [text.split("\n")[0] for text in told] == names[2:]
            assert all(text.split("\n")[1] for text in told)


@pytest.mark.parametrize("look", ["desktop", "phone"])
def test_to_a_screen_reader_it_is_a_table_at_any_width(browser, analysis, look):
    with opened(browser, analysis.files["report"].as_uri(), **LOOKS[look]) as page:
        # Some browsers take what is not laid out as a table for none, unless it says that it is one.
        for name in ("table", "thead", "tbody", "tr", "th", "td"):
            assert page.locator(f"{name}:not([role])").count() == 0
        tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in tree if not node["ignored"]]
        gusts, columns = len(analysis.events), page.locator("thead th").count()
        assert roles.count("table") == 1
        assert roles.count("row") == 1 + gusts
        assert roles.count("columnheader") == columns
        assert roles.count("rowheader") == gusts
        assert roles.count("cell") == gusts * (columns - 1)
        named = [node["name"]["value"] for node in tree if node["role"]["value"] == "cell"]
        assert not any("Length" in name for name in named), "names of columns are not read twice"


def test_the_keys_are_told_only_where_there_is_a_keyboard(browser, analysis):
    touched = LOOKS["phone"] | {"is_mobile": True}
    for look, told in ((LOOKS["desktop"], True), (touched, False)):
        with opened(browser, analysis.files["report"].as_uri(), **look) as page:
            assert page.get_by_text("Page Up").is_visible() is told
            assert page.get_by_text("Click or tap into a picture").is_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_the_screen(browser, analysis, wide, muted, look):
    # What other pages have more of is looked at once in each of the colours, and once at each of the widths.
    others = (wide, muted) if look in ("desktop", "phone, dark") else ()
    for report in (analysis.files["report"], *others):
        with opened(browser, report.as_uri(), **LOOKS[look]) as page:
            found = axe.Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_without_scripts_it_still_plays_and_tells(browser, analysis):
    with opened(browser, analysis.files["report"].as_uri(), java_script_enabled=False) as page:
        assert players(page).first.get_attribute("controls") is not None
        assert page.get_by_role("slider").count() == 0
        assert page.get_by_role("button").count() == 0
        assert "of wind stand" in page.locator("main").inner_text()


def test_on_paper_there_are_no_players(page):
    page.emulate_media(media="print")
    assert not players(page).first.is_visible()
    assert not page.locator(".transport").is_visible()
    assert page.locator(".plot img").first.is_visible()
    assert page.locator("table").is_visible()


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onload='alert(1)"


def test_what_a_recording_is_called_cannot_run(browser, tmp_path):
    gap = ma.Gap(1.0, 1.5, ATTACK)
    words = {"title": ATTACK, "credit": ATTACK, "licence": ATTACK, "url": ATTACK, "notes": (ATTACK,)}
    source = ma.Source(microphone=ATTACK, date=ATTACK, path=f"/tmp/{ATTACK}", gaps=(gap,), **words)
    noise = 0.01 * np.random.default_rng(0).normal(size=32000)
    analysis = ma.analyze(ma.Recording(noise, 16000, source=source), tmp_path)
    with opened(browser, analysis.files["report"].as_uri()) as page:
        page.wait_for_timeout(200)
        assert page.locator("h1").text_content() == ATTACK
        assert page.locator("script").count() == 1


# The sounds of the first three players, as the browser decodes them: by how much wind and rover miss the
# recording, its peak, and every hundredth of its samples.
DECODE = """async rate => {
  const decoded = await Promise.all([...document.querySelectorAll('audio')].slice(0, 3).map(async player => {
    const bytes = Uint8Array.from(atob(player.src.split(',')[1]), one => one.charCodeAt(0));
    const sound = await new OfflineAudioContext(1, rate, rate).decodeAudioData(bytes.buffer);
    return sound.getChannelData(0);
  }));
  const [whole, wind, rover] = decoded;
  let [missed, peak] = [0, 0];
  whole.forEach((value, i) => {
    missed = Math.max(missed, Math.abs(wind[i] + rover[i] - value));
    peak = Math.max(peak, Math.abs(value));
  });
  return [missed, peak, Array.from(whole.filter((_, i) => i % 100 === 0))];
}"""


def test_its_sounds_are_the_recording_and_its_stems_at_one_gain(page, analysis):
    missed, peak, some = page.evaluate(DECODE, 16000)
    assert missed < 3 * 2**-15
    assert 10 ** (sounds.PEAK_DB / 20) * 0.5 < peak <= 10 ** (sounds.PEAK_DB / 20) + 2**-15
    gain = peak / np.abs(analysis.recording.samples).max()
    assert np.abs(np.array(some) - gain * analysis.recording.samples[0, ::100]).max() < 2**-14
