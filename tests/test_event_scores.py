"""How detections are scored: by hand, beside sed_eval and mir_eval, and beside published intervals."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats

from marsaudio import metrics
from marsaudio.errors import ParameterError


def test_an_event_matches_at_most_one_true_event():
    scores = metrics.event_scores([(0.0, 2.0)], [(0.0, 1.0), (1.0, 2.0)], minimum_iou=0.5)
    assert (scores.precision, scores.recall, scores.f1) == (1.0, 0.5, pytest.approx(2 / 3))


def test_the_most_matches_are_taken_even_where_one_overlap_is_smaller():
    # The first detection fits both; only giving it the second lets both match.
    detected, truth = [(0.0, 10.0), (0.0, 5.5)], [(0.0, 6.0), (4.0, 10.0)]
    scores = metrics.event_scores(detected, truth, minimum_iou=0.5)
    assert sorted(scores.matches) == [(0, 1), (1, 0)]


def test_errors_of_edges_are_detected_minus_true():
    scores = metrics.event_scores([(1.2, 2.9), (8.0, 9.0)], [(1.0, 3.0), (8.1, 9.0)])
    assert scores.onset_errors == pytest.approx((0.2, -0.1))
    assert scores.offset_errors == pytest.approx((-0.1, 0.0))
    assert scores.median_onset_error == pytest.approx(0.15)
    assert math.isnan(metrics.event_scores([], [(1.0, 3.0)]).median_onset_error)


def test_edges_must_be_within_the_collar_and_the_end_within_a_part_of_the_length():
    truth = [(2.0, 6.0)]
    fits = {"collar": 0.5, "offset_ratio": 0.25}
    assert metrics.event_scores_by_collar([(2.5, 7.0)], truth, **fits).f1 == 1.0
    assert metrics.event_scores_by_collar([(2.51, 7.0)], truth, **fits).f1 == 0.0
    assert metrics.event_scores_by_collar([(2.5, 7.01)], truth, **fits).f1 == 0.0
    assert metrics.event_scores_by_collar([(2.5, 6.5)], truth, collar=0.5, offset_ratio=0.0).f1 == 1.0


def test_among_equally_many_matches_the_nearest_are_taken():
    assert metrics.event_scores_by_collar([(1.3, 3.3), (1.1, 3.1)], [(1.0, 3.0)]).matches == ((1, 0),)


def test_the_overlap_that_is_asked_for_decides():
    assert metrics.event_scores([(0.0, 1.0)], [(0.5, 1.5)], minimum_iou=0.34).f1 == 0.0
    assert metrics.event_scores([(0.0, 1.0)], [(0.5, 1.5)], minimum_iou=0.33).f1 == 1.0


@pytest.mark.parametrize(
    ("detected", "truth", "expected"),
    [([], [], (1, 1, 1)), ([(0, 1)], [], (0, 0, 0)), ([], [(0, 1)], (0, 0, 0))],
)
def test_nothing_found_is_right_where_there_is_nothing(detected, truth, expected):
    for scores in (metrics.event_scores(detected, truth), metrics.event_scores_by_collar(detected, truth)):
        assert (scores.precision, scores.recall, scores.f1) == expected


@pytest.mark.parametrize(
    "figure", [metrics.event_scores, metrics.event_scores_by_collar, metrics.false_alarms]
)
@pytest.mark.parametrize("interval", [(2.0, 1.0), (1.0, 1.0), (1.0, math.nan), (1.0, math.inf)])
def test_impossible_intervals_are_refused(figure, interval):
    with pytest.raises(ParameterError, match="end after"):
        figure([interval], [])
    with pytest.raises(ParameterError, match="end after"):
        figure([], [interval])


def test_impossible_criteria_are_refused():
    with pytest.raises(ParameterError, match="minimum_iou=0"):
        metrics.event_scores([], [], minimum_iou=0)
    with pytest.raises(ParameterError, match="collar=-1"):
        metrics.event_scores_by_collar([], [], collar=-1)
    with pytest.raises(ParameterError, match="offset_ratio=nan"):
        metrics.event_scores_by_collar([], [], offset_ratio=math.nan)


def random_intervals(rng, count):
    """Intervals that overlap at will, on a grid on which no library's rounding decides.

    Of lengths of an odd number of 1024ths of a second, so that half a length is never a distance on the grid.
    """
    starts = rng.integers(1024, 6 * 1024, count)
    return [
        (start / 1024, (start + 2 * length + 1) / 1024)
        for start, length in zip(starts, rng.integers(500, 1500, count), strict=True)
    ]


def jittered(rng, intervals):
    """The same intervals with edges moved by up to 0.4 s, some left out."""
    moved = np.asarray(intervals) + rng.integers(-400, 401, (len(intervals), 2)) / 1024
    return [tuple(interval) for interval in moved.tolist() if rng.uniform() < 0.9] or [
        tuple(moved[0].tolist())
    ]


CRITERIA = [(0.25, 0.5), (0.5, 0.5), (0.125, 0.5)]
DRAWS = range(60)


def sed_eval_scores(detected, truth, collar, offset_ratio, matching):
    # dcase_util, which it imports, asks for what is deprecated, and writes escapes that are none.
    with warnings.catch_warnings(action="ignore"):
        import sed_eval

    events = [
        [{"event_label": "wind", "event_onset": start, "event_offset": end} for start, end in intervals]
        for intervals in (truth, detected)
    ]
    scores = sed_eval.sound_event.EventBasedMetrics(
        ["wind"], t_collar=collar, percentage_of_length=offset_ratio, event_matching_type=matching
    )
    found = scores.evaluate(*events).results_overall_metrics()["f_measure"]
    return found["precision"], found["recall"], found["f_measure"]


def mir_eval_scores(detected, truth, collar, offset_ratio):
    import mir_eval

    return mir_eval.transcription.precision_recall_f1_overlap(
        np.array(truth),
        np.full(len(truth), 100.0),
        np.array(detected),
        np.full(len(detected), 100.0),
        onset_tolerance=collar,
        offset_ratio=offset_ratio,
        offset_min_tolerance=collar,
    )


@pytest.mark.parametrize(("collar", "offset_ratio"), CRITERIA)
def test_scores_by_collar_are_those_of_sed_eval_and_mir_eval(collar, offset_ratio):
    hits = 0
    for seed in DRAWS:
        rng = np.random.default_rng(seed)
        truth = random_intervals(rng, rng.integers(1, 9))
        detected = random_intervals(rng, rng.integers(1, 5)) + jittered(rng, truth)
        ours = metrics.event_scores_by_collar(detected, truth, collar=collar, offset_ratio=offset_ratio)
        expected = pytest.approx((ours.precision, ours.recall, ours.f1), nan_ok=False)
        hits += len(ours.matches)
        assert mir_eval_scores(detected, truth, collar, offset_ratio)[:3] == expected
        if ours.matches:  # without any, sed_eval divides by zero
            assert sed_eval_scores(detected, truth, collar, offset_ratio, "optimal") == expected
            greedy = sed_eval_scores(detected, truth, collar, offset_ratio, "greedy")
            assert greedy[2] <= ours.f1 + 1e-12
    assert hits > len(DRAWS)


def test_where_matches_are_unambiguous_greedy_ones_and_mean_overlaps_agree_too():
    for seed in DRAWS:
        rng = np.random.default_rng(seed)
        truth = [(6.0 * number, 6.0 * number + 3.0 + 1 / 1024) for number in range(1, 7)]
        detected = jittered(rng, truth)
        ours = metrics.event_scores_by_collar(detected, truth, collar=0.25, offset_ratio=0.0)
        if not ours.matches:
            continue
        overlaps = [metrics.intersection_over_union(detected[i], truth[j]) for i, j in ours.matches]
        assert mir_eval_scores(detected, truth, 0.25, 0.0)[3] == pytest.approx(np.mean(overlaps))
        greedy = sed_eval_scores(detected, truth, 0.25, 0.0, "greedy")
        assert greedy == pytest.approx((ours.precision, ours.recall, ours.f1))


def test_only_what_touches_no_true_interval_is_a_false_alarm():
    truth = [(2.0, 4.0), (10.0, 11.0)]
    assert metrics.false_alarms([(0.0, 1.0), (3.9, 9.0), (4.0, 5.0), (4.1, 9.9), (1.0, 12.0)], truth) == 2
    assert metrics.false_alarms([(0.0, 1.0)], []) == 1
    assert metrics.false_alarms([], truth) == 0


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("count", [0, 1, 5, 100, 3000])
def test_the_interval_of_a_rate_is_that_of_chi_square_quantiles(count, confidence):
    found = metrics.false_alarms_per_minute(count, 20.0, confidence=confidence)
    beyond = (1 - confidence) / 2
    low = scipy.stats.chi2.ppf(beyond, 2 * count) / 2 if count else 0.0
    high = scipy.stats.chi2.ppf(1 - beyond, 2 * count + 2) / 2
    assert found.rate == count / 20
    assert (found.low, found.high) == pytest.approx((low / 20, high / 20), rel=1e-9)


def test_the_interval_of_a_rate_is_as_published():
    # Garwood's table for 95 %: 0 to 3.69 for none, 4.80 to 18.39 for ten.
    none, ten = (metrics.false_alarms_per_minute(count, 1.0) for count in (0, 10))
    assert (none.low, none.high) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert (ten.low, ten.high) == pytest.approx((4.795, 18.390), abs=1e-3)


def test_the_interval_covers_the_true_rate_at_least_as_often_as_it_says():
    means = np.linspace(0.1, 12.0, 60)
    covered = [
        sum(
            scipy.stats.poisson.pmf(count, mean)
            for count in range(60)
            if (found := metrics.false_alarms_per_minute(count, 1.0)).low <= mean <= found.high
        )
        for mean in means
    ]
    assert min(covered) >= 0.95


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": -1}, "count=-1"),
        ({"count": 1.5}, "count=1.5"),
        ({"count": math.nan}, "count=nan"),
        ({"count": True}, "count=True"),
        ({"minutes": 0}, "minutes=0"),
        ({"minutes": math.inf}, "minutes=inf"),
        ({"confidence": 1}, "confidence=1"),
        ({"confidence": 95}, "confidence=95"),
    ],
)
def test_impossible_rates_are_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        metrics.false_alarms_per_minute(**({"count": 3, "minutes": 30.0} | values))
