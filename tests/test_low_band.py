"""The part that wind can be in, at a lower rate: nothing of it is lost on the way there and back."""

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.separation.low_band import HIGHEST_WIND, LowBand, Resampler

RATES = [8000, 16000, 22050, 25000, 44100, 48000, 96000, 100000, 192000]


def tones(rate, frequencies, frames):
    time = np.arange(frames) / rate
    return sum(0.1 * np.sin(2 * np.pi * frequency * time + frequency) for frequency in frequencies)


def there_and_back(samples, rate, pieces=1):
    resampler = Resampler.for_wind(rate)
    low = np.concatenate(list(resampler.lower(ma.Recording(samples, rate))), axis=1)
    blocks = np.array_split(low, pieces, axis=1)
    raised = np.concatenate(list(resampler.higher(iter(blocks), 0, len(samples), len(samples))), axis=1)
    return low, raised[0]


@pytest.mark.parametrize("rate", RATES)
def test_what_is_below_four_kilohertz_comes_back_as_it_was(rate):
    samples = tones(rate, [3.0, 50.0, 700.0, 3900.0], 2 * rate + 7)
    _, back = there_and_back(samples, rate)
    assert back.shape == samples.shape
    inside = slice(rate // 10, -rate // 10)
    assert np.abs(back - samples)[inside].max() < 1e-4 * np.abs(samples).max()


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate >= 22050])
def test_what_is_above_does_not_fold_into_the_winds_frequencies(rate):
    low, _ = there_and_back(tones(rate, [0.3 * rate, 0.45 * rate], rate), rate)
    low_rate = Resampler.for_wind(rate).low_rate
    spectrum = np.abs(np.fft.rfft(low[0] * np.hanning(low.shape[1]))) / (low.shape[1] / 4)
    frequencies = np.fft.rfftfreq(low.shape[1], 1 / low_rate)
    assert spectrum[frequencies < HIGHEST_WIND].max() < 1e-4 * 0.1


def test_the_way_back_does_not_depend_on_how_samples_arrive():
    samples = tones(48000, [50.0, 700.0], 150001)
    assert np.array_equal(there_and_back(samples, 48000)[1], there_and_back(samples, 48000, pieces=17)[1])


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 4097])
def test_any_length_comes_back(frames):
    _, back = there_and_back(np.ones(frames) * 0.1, 48000)
    assert back.shape == (frames,)


def test_a_source_that_begins_later_gives_the_same_bits():
    samples = tones(48000, [50.0, 700.0], 600000)
    low = LowBand(ma.Recording(samples, 48000), Resampler.for_wind(48000))
    whole = np.concatenate(list(low.blocks()), axis=1)
    for first in (1, 65535, 65536, 140000):
        assert np.array_equal(np.concatenate(list(low.blocks(first=first)), axis=1), whole[:, first:])


def test_low_samples_stand_at_every_fourth_of_the_full_ones():
    samples = tones(48000, [30.0, 200.0], 48000)
    low = np.concatenate(
        list(LowBand(ma.Recording(samples, 48000), Resampler.for_wind(48000)).blocks()), axis=1
    )
    inside = slice(100, -100)
    assert np.abs(low[0] - samples[::4])[inside].max() < 1e-4


@pytest.mark.parametrize(
    ("first", "last"), [(0, 1), (262143, 262145), (262144, 262200), (270000, 530000), (599990, 600000)]
)
def test_the_way_back_of_a_range_is_the_same_bits(first, last):
    samples = tones(48000, [50.0, 700.0], 600000)
    low, whole = there_and_back(samples, 48000)
    resampler = Resampler.for_wind(48000)
    begin, end = resampler.low_range(first, last)
    part = np.concatenate(
        list(resampler.higher(iter([low[:, begin:end]]), first, last, len(samples))), axis=1
    )
    assert np.array_equal(part[0], whole[first:last])
