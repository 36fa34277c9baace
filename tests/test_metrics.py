"""Figures of merit of separations against values worked out by hand."""

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
