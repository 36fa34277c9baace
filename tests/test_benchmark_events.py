"""The scenes that the detection of wind is measured on, and what it is measured beside."""

import event_peers
import event_scenes
import event_tables
import false_alarms
import numpy as np
import pytest
import rover_noise
from event_peers import OURS
from event_results import EventCase, EventResults
from event_tables import METHODS
from invariance import variation

import marsaudio as ma
from marsaudio import metrics

RATE = 8000  # enough for the wind's band
PACKAGES = {"STA/LTA 2.5/1.5": "obspy", "STA/LTA, chosen": "obspy", "PELT, chosen": "ruptures"}


@pytest.fixture(scope="module")
def gusts():
    return event_scenes.gust_scene(6.0, 1, RATE)


@pytest.fixture(scope="module")
def turbulent():
    return event_scenes.turbulent_scene(6.0, 1, RATE)


@pytest.fixture(scope="module", params=event_scenes.SCENES)
def scene(request):
    if request.param == "bursts":
        return event_scenes.burst_scene(6.0, 1)
    return request.getfixturevalue(request.param)


def test_what_parameters_are_chosen_on_is_never_reported():
    assert not set(event_scenes.CHOOSING_SEEDS) & set(event_scenes.REPORTING_SEEDS)


def test_a_scene_lasts_a_minute_and_holds_wind_and_rover(scene):
    assert scene.recording.duration == event_scenes.SECONDS
    np.testing.assert_array_equal(scene.recording.samples[0], scene.wind + scene.rover)
    assert np.abs(scene.recording.samples).max() <= event_scenes.PEAK + event_scenes.STEP


def test_the_truth_is_in_order_and_within_the_scene(scene):
    edges = np.ravel(scene.truth)
    assert (np.diff(edges) > 0).all()
    assert edges[0] >= 0
    assert edges[-1] <= event_scenes.SECONDS
    assert len(scene.truth) == event_scenes.GUSTS


@pytest.mark.parametrize("make", [event_scenes.gust_scene, event_scenes.turbulent_scene])
def test_a_seed_draws_the_same_again_and_another_seed_does_not(make):
    first, again, other = (make(6.0, seed, RATE) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.recording.samples, again.recording.samples)
    assert first.truth == again.truth
    assert abs(np.corrcoef(first.rover, other.rover)[0, 1]) < 0.1
    assert first.truth != other.truth


@pytest.mark.parametrize("snr_db", [3.0, 20.0])
def test_each_gust_has_the_ratio_that_is_asked_for(snr_db):
    scene = event_scenes.gust_scene(snr_db, 2, RATE)
    assert scene.snr_db() == pytest.approx([snr_db] * event_scenes.GUSTS, abs=0.01)


def test_the_ratio_is_that_of_the_samples_within_the_band(gusts):
    for start, end in gusts.truth:
        wind, rover = (
            np.abs(np.fft.rfft(part[round(start * RATE) : round(end * RATE)])) ** 2
            for part in (gusts.wind, gusts.rover)
        )
        frequencies = np.arange(len(wind)) / (end - start)
        inside = (frequencies >= 20) & (frequencies <= 250)
        assert 10 * np.log10(wind[inside].sum() / rover[inside].sum()) == pytest.approx(6, abs=0.05)


def test_turbulent_gusts_have_the_ratio_in_their_median_and_wind_blows_between_them(turbulent):
    assert np.median(turbulent.snr_db()) == pytest.approx(6, abs=0.1)
    between = turbulent.wind[round(turbulent.truth[0][1] * RATE) : round(turbulent.truth[1][0] * RATE)]
    assert (between != 0).mean() > 0.9


def test_between_gusts_there_is_the_rover_alone(gusts):
    times = np.arange(len(gusts.wind)) / RATE
    longest_ramp = max(event_scenes.RAMP_SECONDS)
    outside = np.all(
        [(times < start - longest_ramp) | (times > end + longest_ramp) for start, end in gusts.truth], axis=0
    )
    assert not gusts.wind[outside].any()
    assert 0.5 < outside.mean() < 0.95


def test_a_gust_is_half_as_loud_at_its_edges():
    rover = np.random.default_rng(0).standard_normal(60 * RATE)
    wind = np.zeros_like(rover)
    event_scenes.lay(wind, rover, np.ones(round(2.3 * RATE)), (10.0, 12.0), (0.2, 0.4), 0.0, RATE)
    full = wind[11 * RATE]
    assert wind[[10 * RATE, 12 * RATE]] == pytest.approx([full / 2, full / 2], rel=0.01)
    assert not wind[: round(9.9 * RATE)].any()
    assert not wind[round(12.2 * RATE) + 1 :].any()


@pytest.mark.skipif(bool(event_scenes.missing_recordings()), reason=event_scenes.missing_recordings())
def test_bursts_have_the_ratio_that_is_asked_for_over_the_recorded_rovers_lines():
    scene = event_scenes.burst_scene(12.0, 1)
    assert scene.snr_db() == pytest.approx([12.0] * event_scenes.GUSTS, abs=0.01)
    np.testing.assert_array_equal(scene.wind, event_scenes.burst_scene(12.0, 1).wind)
    spectrum = np.abs(np.fft.rfft(scene.rover * np.hanning(len(scene.rover)))) ** 2
    frequencies = np.arange(len(spectrum)) / event_scenes.SECONDS
    for line in (177.4, 780.9):
        near, beside = (
            spectrum[(np.abs(frequencies - line) > low) & (np.abs(frequencies - line) < high)].max()
            for low, high in ((-1, 1), (2, 6))
        )
        assert near > 1000 * beside


@pytest.mark.parametrize("kind", rover_noise.ROVERS)
def test_a_rover_alone_is_drawn_again_and_steady(kind):
    noise = event_scenes.rover_alone(kind, 20.0, 3, RATE)
    np.testing.assert_array_equal(noise.samples, event_scenes.rover_alone(kind, 20.0, 3, RATE).samples)
    assert (noise.duration, noise.sample_rate) == (20.0, RATE)
    assert noise.samples[0].std() > 0
    assert (
        abs(np.corrcoef(noise.samples[0], event_scenes.rover_alone(kind, 20.0, 4, RATE).samples[0])[0, 1])
        < 0.1
    )


def test_the_power_of_one_over_f_noise_halves_with_each_octave():
    noise = event_scenes.rover_alone("1/f", 60.0, 1, RATE).samples[0]
    powers = np.abs(np.fft.rfft(noise)) ** 2
    densities = [powers[60 * low : 120 * low].mean() for low in (1, 10, 100, 1000)]
    assert np.diff(10 * np.log10(densities)) == pytest.approx([-10, -10, -10], abs=1)


def test_false_alarms_are_counted_over_as_many_minutes_as_asked_for():
    recordings = false_alarms.recordings_of(30.0, 1)
    for kind in rover_noise.ROVERS:
        lengths = [one.seconds for one in recordings if one.kind == kind]
        assert sum(lengths) / 60 == 30
        assert set(lengths) == set(false_alarms.LENGTHS)
    assert len(set(recordings)) == len(recordings)
    counts = [{0.1: 0, 1.0: int(one.kind == "white")} for one in recordings]
    found = false_alarms.FalseAlarms(recordings, counts)
    assert found.count("white", 1.0, 20.0) == (30, 10.0)
    assert found.rate("1/f", 1.0).rate == 0


@pytest.mark.parametrize("name", event_peers.PEERS)
def test_every_peer_finds_an_obvious_gust(name):
    if package := PACKAGES.get(name):
        pytest.importorskip(package, reason="This peer comes with the extra 'compare'.")
    rng = np.random.default_rng(5)
    samples = 0.001 * rng.standard_normal(60 * RATE)
    samples[30 * RATE : 33 * RATE] *= 10
    found = event_peers.PEERS[name](event_peers.band_passed(ma.Recording(samples, RATE)))
    scores = metrics.event_scores(found, [(30.0, 33.0)])
    assert scores.recall == 1.0
    assert scores.median_onset_error < 0.3


def test_a_peers_intervals_lie_half_a_hop_around_its_frames():
    loud = np.array([False, True, True, False])
    # The frames' centres are 0.125, 0.175, 0.225 and 0.275 s.
    assert event_peers.runs(loud) == [pytest.approx((0.15, 0.25))]


def test_the_table_says_where_a_peer_is_better():
    perfect, wrong = ([(1.0, 2.0)], [(5.0, 6.0)])
    cases = [EventCase("gusts", snr_db, 1) for snr_db in (3.0, 6.0)]
    rows = [
        {method: metrics.event_scores(perfect if method in good else wrong, perfect) for method in METHODS}
        for good in ((OURS,), tuple(event_peers.PEERS))
    ]
    lines = event_tables.f1(EventResults(cases, rows)).splitlines()
    verdicts = [[cell.strip() for cell in line.split("|")[-3:-1]] for line in lines[2:5]]
    assert verdicts == [["yes", "as good"], ["no", "no"], ["as good", "no"]]


def test_an_edge_that_moves_is_seen_and_so_is_another_number_of_events():
    events = [(1.0, 2.0), (5.0, 6.0)]
    moved = variation("moved", 0.1, events, [(1.0, 2.0), (5.0, 6.25)])
    assert (sorted(moved.moves), moved.alone) == ([0.0, 0.0, 0.0, 0.25], 0)
    lost = variation("lost", 0.1, events, events[:1])
    assert (len(lost.moves), lost.alone) == (2, 1)
