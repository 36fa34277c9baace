"""The benchmark's own figures of merit, against values worked out by hand."""

import matplotlib.image
import measures
import mixtures
import numpy as np
import peers
import picture
import pytest
import tables
from mixtures import RATE
from results import LEAST_RATIO_DB, Case, Results

RNG = np.random.default_rng(7)
TIME = np.arange(4 * RATE) / RATE
TRUTH = RNG.standard_normal(4 * RATE)
WIND = "wind_si_sdr_db"


def test_the_log_spectral_error_of_the_truth_is_zero():
    assert measures.log_spectral_errors(TRUTH, TRUTH) == [0.0] * len(measures.BANDS)


@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_twice_and_half_the_amplitude_are_wrong_by_6_db_in_every_band(factor):
    errors = measures.log_spectral_errors(factor * TRUTH, TRUTH)
    assert errors == pytest.approx([20 * np.log10(2)] * len(measures.BANDS))


def test_the_log_spectral_error_is_told_in_the_band_where_it_is():
    tone = np.sin(2 * np.pi * 450 * TIME)
    errors = measures.log_spectral_errors(TRUTH + tone, TRUTH)
    assert np.argmax(errors) == measures.BANDS.index((320, 640))
    assert max(error for error in errors if error < max(errors)) < 1e-3


def test_what_is_60_db_below_the_wind_is_not_listened_to():
    loud, faint = np.sin(2 * np.pi * 50 * TIME), 1e-4 * np.sin(2 * np.pi * 450 * TIME)
    assert max(measures.log_spectral_errors(loud + faint, loud)) < 0.01
    assert max(measures.log_spectral_errors(loud + 100 * faint, loud)) > 15


def test_silence_has_finite_errors():
    assert np.isfinite(measures.log_spectral_errors(0 * TRUTH, TRUTH)).all()
    assert np.isfinite(measures.level_errors(0 * TRUTH, TRUTH)).all()


def test_level_errors_tell_gusts_from_quiet():
    rising = TRUTH * np.linspace(0.1, 1.0, len(TRUTH))
    estimate = rising * np.where(TIME < 2, 0.5, 1.0)  # the quiet first half is too faint
    assert measures.level_errors(estimate, rising) == pytest.approx((0, -20 * np.log10(2)), abs=0.1)


def test_level_errors_listen_to_the_winds_band_alone():
    tone = np.sin(2 * np.pi * 2000 * TIME)
    assert measures.level_errors(TRUTH + tone, TRUTH) == pytest.approx((0, 0), abs=1e-3)


def test_lines_are_down_by_what_they_were_weakened():
    lines = sum(np.sin(2 * np.pi * frequency * TIME) for frequency in measures.LINES)
    background = 1e-4 * TRUTH
    assert measures.line_suppression(lines + background, 0.1 * lines + background) == pytest.approx(
        20, abs=0.1
    )
    assert measures.line_suppression(0.1 * lines + background, background) > 20


def test_additivity_is_exact_or_it_is_not():
    wind, rover = (TRUTH.astype(np.float32) * gain for gain in (np.float32(0.5), np.float32(0.25)))
    mixture = wind.astype(np.float64) + rover
    assert measures.additivity_error(wind, rover, mixture) < 1e-6
    assert measures.additivity_error(wind, rover, mixture + 0.125) == pytest.approx(0.125, abs=1e-6)


@pytest.fixture(scope="module")
def task():
    """Three seconds, because every method is linear in time."""
    whole = mixtures.mixture("broad", "white", snr_db=0.0, seed=1)
    parts = (part[: 3 * RATE] for part in (whole.wind, whole.machine, whole.machine_alone))
    return peers.Task.of(mixtures.Mixture(*parts))


@pytest.mark.parametrize("method", [peers.low_pass, peers.scipy_wiener, peers.oracle, peers.marsaudio_blind])
def test_methods_bring_wind_and_rover_nearer_to_the_truth(method, task):
    wind, rover = method(task)
    assert wind.dtype == rover.dtype == np.float32
    figures = measures.all_measures(wind, rover, task.parts.wind, task.parts.machine, lines=False)
    assert figures["wind_sdr_db"] > 3
    assert figures["rover_sdr_db"] > 3
    assert np.isnan(figures["line_suppression_db"])
    if method is peers.marsaudio_blind:
        assert figures["additivity_error"] == 0


def test_nothing_done_is_the_ratio_of_the_mixture(task):
    wind, rover = peers.mixture_itself(task)
    figures = measures.all_measures(wind, rover, task.parts.wind, task.parts.machine, lines=False)
    ratio = 10 * np.log10(np.sum(task.parts.wind**2) / np.sum(task.parts.machine**2))
    assert figures["wind_sdr_db"] == pytest.approx(ratio, abs=0.01)
    assert figures["rover_sdr_db"] == pytest.approx(-ratio, abs=0.01)


def results(**si_sdr):
    """Two mixtures; what a method is not given is -40 dB."""
    cases = [Case("gusty", "rover", 0.0, 1), Case("gusty", "saw", 10.0, 1)]
    given = {method: si_sdr.get(method.replace("-", "_"), (-40.0, -40.0)) for method in peers.METHODS}
    return Results(cases, [{name: {WIND: pair[row]} for name, pair in given.items()} for row in (0, 1)])


def test_means_are_of_the_chosen_mixtures_and_no_ratio_is_below_the_least():
    found = results(marsaudio=(10.0, 20.0), oracle=(-np.inf, 0.0))
    assert found.mean(WIND, peers.BLIND) == 15
    assert found.mean(WIND, peers.BLIND, tables.case_with("group", "fluctuating")) == 20
    assert found.mean(WIND, peers.ORACLE, tables.case_with("machine", "rover")) == LEAST_RATIO_DB
    assert np.isnan(found.mean(WIND, peers.BLIND, tables.case_with("machine", "pink")))


def test_losses_and_better_peers_are_named():
    found = results(marsaudio=(10.0, 20.0), low_pass=(14.0, 12.0))
    assert "worse than the low-pass on 1." in " ".join(tables.low_pass_losses(found).split())
    assert "gusty wind + rover, 0 dB" in tables.low_pass_losses(found)
    assert "machine: rover, 0 dB" in tables.better_peers(found)
    assert "machine: saw" not in tables.better_peers(found)
    nothing = results(marsaudio=(10.0, 20.0), low_pass=(9.0, 12.0))
    assert "worse than the low-pass on 0." in tables.low_pass_losses(nothing)
    assert "|" not in tables.better_peers(nothing)


def test_tables_say_nothing_of_what_was_not_measured():
    table = tables.by_ratio(results(marsaudio=(10.0, 20.0)), WIND)
    row = next(line for line in table.splitlines() if line.startswith("| marsaudio  "))
    assert row.replace(" ", "") == "|marsaudio|15.0|–|10.0|–|–|–|20.0|"


def test_the_picture_can_be_drawn_of_a_few_mixtures(tmp_path):
    picture.draw(results(marsaudio=(10.0, 20.0)), tmp_path / "picture.png")
    height, width, _ = matplotlib.image.imread(tmp_path / "picture.png").shape
    assert (width, height) == (1500, 1575)


def test_a_csv_file_has_a_row_for_each_mixture_and_method(tmp_path):
    results(marsaudio=(10.0, 20.0)).write_csv(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 2 * len(peers.METHODS)
    assert "gusty,saw,fluctuating,10,1,marsaudio,20" in lines
