"""Figures of merit against values worked out by hand."""

import numpy as np
import pytest

from marsaudio import metrics
from marsaudio.errors import ParameterError


def test_sdr_counts_scale_and_si_sdr_does_not():
    truth = np.random.default_rng(0).standard_normal(1000)
    assert metrics.sdr(0.5 * truth, truth) == pytest.approx(20 * np.log10(2))
    assert metrics.si_sdr(0.5 * truth, truth) > 200


def test_si_sdr_is_the_ratio_of_orthogonal_parts():
    truth, noise = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    assert metrics.si_sdr(3 * truth + 0.3 * noise, truth) == pytest.approx(20.0)
    assert metrics.si_sdr(noise, truth) == -np.inf
    assert metrics.si_sdr(0 * truth, truth) == -np.inf


def test_a_perfect_estimate_is_infinitely_good():
    assert metrics.sdr([1.0, 2.0], [1.0, 2.0]) == np.inf


@pytest.mark.parametrize("figure", [metrics.sdr, metrics.si_sdr])
def test_a_silent_truth_has_no_ratio(figure):
    with pytest.raises(ParameterError, match="silent"):
        figure([1.0, 2.0], [0.0, 0.0])
    with pytest.raises(ParameterError, match="shapes"):
        figure([1.0, 2.0], [1.0])


def test_line_suppression_is_measured_around_the_line_alone():
    time = np.arange(16000) / 8000
    line, other = np.sin(2 * np.pi * 195 * time), np.sin(2 * np.pi * 500 * time)
    taken = metrics.line_suppression(line + other, 0.01 * line + other, sample_rate=8000, frequency=195)
    assert taken == pytest.approx(40, abs=0.1)
    with pytest.raises(ParameterError, match="too short"):
        metrics.line_suppression(line[:100], line[:100], sample_rate=8000, frequency=200)


def test_an_event_matches_at_most_one_true_event():
    scores = metrics.event_scores([(0.0, 2.0)], [(0.0, 1.0), (1.0, 2.0)], minimum_iou=0.5)
    assert (scores.precision, scores.recall, scores.f1) == (1.0, 0.5, pytest.approx(2 / 3))


def test_the_most_matches_are_taken_even_where_one_overlap_is_smaller():
    # The first detection fits both; only giving it the second lets both match.
    detected, truth = [(0.0, 10.0), (0.0, 5.5)], [(0.0, 6.0), (4.0, 10.0)]
    scores = metrics.event_scores(detected, truth, minimum_iou=0.5)
    assert sorted(scores.matches) == [(0, 1), (1, 0)]


def test_onset_errors_are_detected_minus_true():
    scores = metrics.event_scores([(1.2, 3.0)], [(1.0, 3.0)])
    assert scores.onset_errors == pytest.approx((0.2,))


def test_the_overlap_that_is_asked_for_decides():
    assert metrics.event_scores([(0.0, 1.0)], [(0.5, 1.5)], minimum_iou=0.34).f1 == 0.0
    assert metrics.event_scores([(0.0, 1.0)], [(0.5, 1.5)], minimum_iou=0.33).f1 == 1.0


@pytest.mark.parametrize(
    ("detected", "truth", "expected"),
    [([], [], (1, 1, 1)), ([(0, 1)], [], (0, 0, 0)), ([], [(0, 1)], (0, 0, 0))],
)
def test_nothing_found_is_right_where_there_is_nothing(detected, truth, expected):
    scores = metrics.event_scores(detected, truth)
    assert (scores.precision, scores.recall, scores.f1) == expected


def test_impossible_intervals_are_refused():
    with pytest.raises(ParameterError, match="end after"):
        metrics.event_scores([(2.0, 1.0)], [])
    with pytest.raises(ParameterError, match="minimum_iou=0"):
        metrics.event_scores([], [], minimum_iou=0)
