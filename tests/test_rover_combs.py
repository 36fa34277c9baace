"""Families among the rover's lines: fundamentals, sidebands and drift."""

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.separation.combs import find_combs, surest_sideband, without
from marsaudio.separation.frames import Transforms
from marsaudio.separation.line_courses import find_beats, measure_drift
from marsaudio.separation.line_removal import LineCourses, LineRemoval
from marsaudio.separation.lines import Line, PhaseStatistics
from marsaudio.separation.survey import survey
from marsaudio.simulate import simulate_rover

PUMP, CLOCK, SHAFT = 195.145, 1000.0, 17.745
RATE = 8000


def line(frequency, level=-60.0):
    return Line(float(frequency), level, prominence=20.0, coherence=0.95)


def lines_at(frequencies, error=0.003, seed=1):
    rng = np.random.default_rng(seed)
    return [line(frequency + error * rng.normal()) for frequency in frequencies]


def scattered(count, highest=12_000, seed=2):
    return [line(frequency) for frequency in np.random.default_rng(seed).uniform(20, highest, count)]


def sideband_of(comb, lines):
    return surest_sideband(comb, without(lines, [member.line for member in comb.members]))


def pump_lines(harmonics, **options):
    return lines_at([PUMP * k for k in harmonics], **options)


@pytest.fixture(scope="module")
def heard():
    """Lines and their courses in samples at 8 kHz."""

    def listen(samples):
        recording = ma.Recording(samples.astype(np.float32), RATE)
        fourier = Transforms.at(RATE).full
        coverage = survey(recording).coverage(0, fourier, recording.frames)
        statistics = PhaseStatistics(fourier)
        statistics.add(fourier.batches(recording), coverage.usable)
        lines = statistics.lines(RATE)
        removal = LineRemoval([line.frequency for line in lines], fourier, RATE, coverage)
        return lines, removal.follow(fourier.batches(recording))

    return listen


def noise(seconds, level=1e-3, seed=1):
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE))


def test_pump_and_clock_are_told_apart_among_other_lines():
    missing = {3, 11, 12, 25, 40}
    harmonics = [k for k in range(1, 51) if k not in missing]
    lines = [*pump_lines(harmonics), *lines_at(range(2000, 9001, 1000)), *scattered(15)]
    pump, clock = find_combs(lines)
    assert pump.frequency == pytest.approx(PUMP, abs=4 * pump.standard_error)
    assert pump.standard_error < 1e-4
    assert set(harmonics) <= set(pump.harmonics)
    assert len(pump.members) <= len(harmonics) + 1
    assert pump.log10_chance < -50
    assert clock.frequency == pytest.approx(CLOCK, abs=4 * clock.standard_error)
    assert clock.harmonics == tuple(range(2, 10))
    assert pump.multiple is clock.multiple is None


@pytest.mark.parametrize("seed", range(20))
def test_lines_that_lie_anywhere_are_no_comb(seed):
    assert find_combs(scattered(60, seed=seed)) == []


@pytest.mark.parametrize("harmonics", [range(1, 6), range(4, 40), [2, 3, 5, 8, 13, 21], [5, 7, 8, 9]])
def test_the_largest_fundamental_that_explains_the_lines_is_taken(harmonics):
    combs = find_combs(pump_lines(harmonics))
    assert [comb.frequency for comb in combs] == pytest.approx([PUMP], abs=0.01)
    assert combs[0].harmonics == tuple(harmonics)


def test_three_lines_are_too_few_for_a_comb():
    assert find_combs(pump_lines([1, 2, 3], error=0.0)) == []


def test_the_standard_error_tells_how_far_the_fundamental_is_off():
    off = []
    for seed in range(40):
        [comb] = find_combs(pump_lines(range(1, 31), error=0.02, seed=seed))
        off.append((comb.frequency - PUMP) / comb.standard_error)
        assert comb.rms_deviation == pytest.approx(0.02, rel=0.5)
    assert 0.7 < np.std(off) < 1.5


def test_a_line_that_is_drawn_off_stays_a_member_and_hardly_moves_the_fundamental():
    lines = [*pump_lines(range(1, 30)), line(PUMP * 30 + 0.3)]
    [comb] = find_combs(lines)
    assert comb.harmonics[-1] == 30
    assert comb.members[-1].deviation == pytest.approx(0.3, abs=0.02)
    assert comb.frequency == pytest.approx(PUMP, abs=5e-4)


@pytest.mark.parametrize("shaft_lines", [15, 40], ids=["pump first", "shaft first"])
def test_a_shaft_takes_in_the_pump_as_its_eleventh(shaft_lines):
    shaft = lines_at([SHAFT * k for k in range(1, shaft_lines + 1)])
    pump = lines_at([11 * SHAFT * k for k in range(4, 80)], seed=3)
    found = find_combs([*shaft, *pump, *scattered(10)])
    assert len(found) == 2
    combs = {comb.multiple: comb for comb in found}
    assert combs[None].frequency == pytest.approx(SHAFT, abs=1e-3)
    assert set(range(1, shaft_lines + 1)) <= set(combs[None].harmonics)
    assert combs[11].frequency == pytest.approx(11 * SHAFT, abs=0.01)
    assert set(range(4, 80)) <= set(combs[11].harmonics)
    assert {11 * k for k in combs[11].harmonics} <= set(combs[None].harmonics)


def test_the_few_lines_of_sol_1125_tell_of_the_shaft():
    found = [177.44, 195.20, 461.39, 780.77, 1561.55, 15625.58]
    [comb] = find_combs([line(frequency) for frequency in found])
    assert comb.frequency == pytest.approx(17.745, abs=0.002)
    assert comb.harmonics == (10, 11, 26, 44, 88)


@pytest.mark.parametrize("error", [0.003, 0.03])
@pytest.mark.parametrize("first", [1, 21])
def test_lines_beside_a_comb_are_its_sidebands_and_no_comb(error, first):
    # Moved by 14 Hz the multiples of 195.145 Hz lie near those of 13.94 Hz.
    pump = pump_lines(range(1, 80), error=error)
    beside = [Line(one.frequency + 14.0, -66.0, 14.0, 0.9) for one in pump[first - 1 :]]
    lines = [*pump, *beside, *scattered(8)]
    [comb] = find_combs(lines)
    assert comb.frequency == pytest.approx(PUMP, abs=1e-3)
    sideband = sideband_of(comb, lines)
    assert sideband.offset == pytest.approx(14.0, abs=0.02)
    assert sideband.level == pytest.approx(-6.0)
    assert set(range(first, 80)) <= set(sideband.harmonics)
    assert sideband.log10_chance < -30


def test_sidebands_are_found_where_the_lines_between_them_are_missing():
    pump = pump_lines(range(1, 20))
    beside = lines_at([PUMP * k + 14.19 for k in range(43, 60)], seed=4)
    [comb] = find_combs([*pump, *beside])
    sideband = sideband_of(comb, [*pump, *beside])
    assert sideband.offset == pytest.approx(14.19, abs=0.02)
    assert sideband.level is None


def test_lines_that_lie_anywhere_are_no_sidebands():
    pump = pump_lines(range(1, 50))
    [comb] = find_combs(pump)
    for seed in range(10):
        assert sideband_of(comb, [*pump, *scattered(40, seed=seed)]) is None


def test_a_tolerance_that_explains_everything_is_refused():
    with pytest.raises(ma.ParameterError, match="four times the tolerance"):
        find_combs([], tolerance=3.0)
    with pytest.raises(ma.ParameterError, match="tolerance"):
        find_combs([], tolerance=0.0)


def test_no_lines_are_no_comb():
    assert find_combs([]) == []


def test_a_simulated_rover_is_read_as_what_it_is(heard):
    rover = simulate_rover(20.0, sample_rate=RATE, harmonics=19, line_slope=0.0, click_rate=0.0, rng=3)
    lines, courses = heard(0.05 * rover)
    combs = find_combs(lines)
    pump = combs[0]
    assert pump.frequency == pytest.approx(PUMP, rel=2e-5)
    assert pump.harmonics == tuple(range(1, 20))
    assert sideband_of(pump, lines).offset == pytest.approx(14.0, abs=0.02)
    beats = find_beats(pump, courses)
    assert [beat.offset for beat in beats] == pytest.approx([-3.7, 3.7], abs=0.02)
    for beat in beats:
        assert abs(abs(beat.offset) - 3.7) < 4 * beat.standard_error


@pytest.mark.parametrize("level", [-15.0, -25.0])
def test_beats_tell_the_level_of_sidebands(heard, level):
    times = np.arange(20 * RATE) / RATE
    samples = noise(20)
    for k in range(1, 15):
        phase = 2 * np.pi * PUMP * k * times + k
        samples += 0.02 * np.cos(phase) + 0.02 * 10 ** (level / 20) * np.cos(phase + 2 * np.pi * 4.4 * times)
    lines, courses = heard(samples)
    [comb] = find_combs(lines)
    [beat] = find_beats(comb, courses)
    assert beat.offset == pytest.approx(4.4, abs=0.01)
    assert beat.level == pytest.approx(level, abs=1.0)
    assert len(beat.harmonics) == 14


def test_steady_lines_do_not_beat(heard):
    times = np.arange(20 * RATE) / RATE
    samples = noise(20) + sum(0.02 * np.cos(2 * np.pi * PUMP * k * times + k) for k in range(1, 15))
    lines, courses = heard(samples)
    [comb] = find_combs(lines)
    assert find_beats(comb, courses) == []


@pytest.mark.parametrize("seed", range(5))
def test_lines_that_swing_alike_do_not_beat(heard, seed):
    times = np.arange(20 * RATE) / RATE
    at_random = np.random.default_rng(seed).normal(size=401)
    swing = 1 + 0.1 * np.interp(times, 0.05 * np.arange(401), at_random)
    lines = sum(0.02 * np.cos(2 * np.pi * PUMP * k * times + k) for k in range(1, 15))
    found, courses = heard(noise(20) + swing * lines)
    [comb] = find_combs(found)
    assert find_beats(comb, courses) == []


@pytest.mark.parametrize("per_minute", [-1e-3, 5e-5, 0.0])
def test_drift_is_measured_within_its_standard_error(heard, per_minute):
    off = []
    for seed in range(4):
        times = np.arange(24 * RATE) / RATE
        turned = times + per_minute * times**2 / 120
        samples = noise(24, level=0.01, seed=seed)
        samples += sum(0.01 * np.cos(2 * np.pi * PUMP * k * turned + k) for k in range(1, 11))
        lines, courses = heard(samples)
        [comb] = find_combs(lines)
        drift = measure_drift(courses, comb)
        off.append((drift.per_minute - per_minute) / drift.standard_error)
        assert drift.standard_error < 5e-6
    assert np.abs(off).max() < 4


def test_a_line_that_is_heard_for_a_while_brings_no_drift_of_its_own():
    times = 0.085 * np.arange(300)
    frequencies = np.array([1000.0, 2000.0])
    # The second line's mean frequency is known to a hundredth of a hertz only.
    off = np.array([[0.0], [0.01]])
    noises = np.full((2, 300), 1e-4)
    noises[1, 150:] = np.inf
    amplitudes = np.exp(2j * np.pi * off * times)
    courses = LineCourses(frequencies, times, np.zeros((2, 300)), amplitudes, noises, 2.94)
    assert abs(measure_drift(courses).per_minute) < 1e-9


def test_a_frequency_that_goes_to_and_fro_is_no_steady_drift(heard):
    times = np.arange(24 * RATE) / RATE
    turned = times + 1e-4 * np.sin(2 * np.pi * times / 8) * 8 / (2 * np.pi)
    lines, courses = heard(noise(24) + 0.02 * np.cos(2 * np.pi * 1561.16 * turned))
    drift = measure_drift(courses)
    assert drift.standard_error > 1e-4
    assert abs(drift.per_minute) < 3 * drift.standard_error
    assert drift.relative.std() == pytest.approx(1e-4 / np.sqrt(2), rel=0.3)
    assert len(lines) == 1


def test_in_a_few_seconds_no_drift_is_measured(heard):
    times = np.arange(4 * RATE) / RATE
    _, courses = heard(noise(4) + 0.02 * np.cos(2 * np.pi * 1561.16 * times))
    assert measure_drift(courses) is None


def test_a_comb_of_other_lines_is_refused(heard):
    [comb] = find_combs(pump_lines(range(1, 6)))
    times = np.arange(10 * RATE) / RATE
    _, courses = heard(noise(10) + 0.02 * np.cos(2 * np.pi * 1561.16 * times))
    with pytest.raises(ma.ParameterError, match="courses"):
        measure_drift(courses, comb)
