"""The mixtures that the separation is measured on: known parts, drawn again at will."""

import machines
import mixtures
import numpy as np
import pytest
from sounds import RATE

NEW_MACHINES = ("rover, drifting", "arm motors", "scraping wheel")


@pytest.fixture(scope="module")
def drawn():
    return mixtures.mixture("broad", "scraping wheel", snr_db=-10.0, seed=1)


def power(samples):
    return np.mean(np.asarray(samples, dtype=np.float64) ** 2)


def half_second_levels(samples):
    return 10 * np.log10((samples.reshape(-1, RATE // 2) ** 2).mean(axis=1))


def test_the_parts_add_up_to_the_recording(drawn):
    assert (drawn.recording.samples[0] == drawn.wind + drawn.machine).all()
    assert (drawn.recording.samples[0] != drawn.wind).any()


def test_every_part_is_on_the_grid_of_24_bit_samples(drawn):
    for part in (drawn.wind, drawn.machine, drawn.machine_alone):
        assert (part * 2**23 == np.rint(part * 2**23)).all()
        assert np.abs(part).max() < 1


def test_the_ratio_is_the_one_asked_for(drawn):
    assert 10 * np.log10(power(drawn.wind) / power(drawn.machine)) == pytest.approx(-10, abs=1e-3)


def test_a_seed_draws_the_same_again_and_another_seed_does_not(drawn):
    again = mixtures.mixture("broad", "scraping wheel", snr_db=-10.0, seed=1)
    assert (again.wind == drawn.wind).all()
    assert (again.machine == drawn.machine).all()
    assert (again.machine_alone == drawn.machine_alone).all()
    other = mixtures.mixture("broad", "scraping wheel", snr_db=-10.0, seed=2)
    assert abs(np.corrcoef(other.wind, drawn.wind)[0, 1]) < 0.1
    assert abs(np.corrcoef(other.machine, drawn.machine)[0, 1]) < 0.1


def test_the_reference_is_another_draw_as_loud_as_the_machine(drawn):
    assert abs(np.corrcoef(drawn.machine_alone, drawn.machine)[0, 1]) < 0.1
    assert power(drawn.machine_alone) == pytest.approx(power(drawn.machine), rel=1e-3)


def test_what_parameters_are_chosen_on_is_never_reported():
    assert not set(mixtures.CHOOSING_SEEDS) & set(mixtures.REPORTING_SEEDS)


def test_a_machine_is_steady_or_fluctuates():
    assert not set(mixtures.STEADY_MACHINES) & set(mixtures.FLUCTUATING_MACHINES)
    assert set(NEW_MACHINES) | set(mixtures.SIMULATED_ROVERS) <= set(mixtures.MACHINES)
    assert set(mixtures.IN_THE_WINDS_BAND) <= set(mixtures.MACHINES)


@pytest.mark.parametrize("name", ["arm motors", "scraping wheel"])
def test_a_fluctuating_machine_comes_and_goes(name):
    levels = half_second_levels(mixtures.MACHINES[name](np.random.default_rng(2)))
    assert np.ptp(levels) > 20


def test_the_drifting_rover_is_steady_and_hums_at_the_pumps_harmonics():
    samples = mixtures.MACHINES["rover, drifting"](np.random.default_rng(2))
    assert np.ptp(half_second_levels(samples)) < 2
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    line = 4 * 195.145
    near, beside = (
        spectrum[(np.abs(frequencies - line) > low) & (np.abs(frequencies - line) < high)].mean()
        for low, high in ((-1, 2), (10, 30))
    )
    assert near > 1000 * beside


def test_a_geared_motor_is_silent_at_rest_and_turns_as_fast_as_it_is_told():
    speed = np.repeat([0.0, 0.5, 1.0], RATE)
    sound = machines._geared_motor(np.random.default_rng(3), speed)
    assert not sound[:RATE].any()
    # Half the speed: half the amplitude of the tones, an octave lower.
    slow, fast = (np.abs(np.fft.rfft(sound[start : start + RATE])) for start in (RATE, 2 * RATE))
    assert 2 * np.argmax(slow) == pytest.approx(np.argmax(fast), abs=2)


def test_scraping_reaches_from_thumps_to_high_frequencies():
    samples = mixtures.MACHINES["scraping wheel"](np.random.default_rng(2))
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    shares = [
        spectrum[(frequencies >= low) & (frequencies < high)].sum() / spectrum.sum()
        for low, high in ((20, 120), (200, 10000), (12000, 24000))
    ]
    assert 0.01 < shares[0] < 0.2
    assert shares[1] > 0.75
    assert shares[2] < 0.05
