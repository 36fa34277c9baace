"""A range of a recording, separated with what the whole recording tells: the same bits as of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marsaudio as ma
from marsaudio.separation.low_band import SEGMENT, Resampler

RATE = 8000
DURATION = 500.0  # two sections, which fade into each other


@pytest.fixture(scope="module")
def long():
    return ma.simulate_scene(DURATION, sample_rate=RATE, rng=12).recording


@pytest.fixture(scope="module")
def whole(long):
    return ma.separate(long)


@pytest.fixture(scope="module")
def short():
    scene = ma.simulate_scene(12, sample_rate=48000, rng=4).recording
    left = scene.samples[0]
    return ma.Recording(np.stack([left, np.roll(left, 480)]), 48000, source=ma.Source(encoding="PCM_16"))


@pytest.fixture(scope="module")
def whole_short(short):
    return ma.separate(short)


@pytest.mark.parametrize(
    ("start", "stop"), [(0.0, 3.0), (100.0, 101.0), (230.0, 270.0), (249.9, 250.1), (470.0, None)]
)
def test_a_range_is_the_same_bits_as_that_range_of_the_whole(long, whole, start, stop):
    part = ma.separate(long, start=start, stop=stop)
    assert np.array_equal(part.wind.samples, whole.wind.clip(start, stop).samples)
    assert np.array_equal(part.rover.samples, whole.rover.clip(start, stop).samples)


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_any_range_of_two_channels_is_the_same_bits(short, whole_short, data):
    border = SEGMENT * Resampler.for_wind(short.sample_rate).factor  # of what is worked out at once
    first = data.draw(st.one_of(st.integers(0, short.frames - 2), st.integers(0, 100).map(border.__add__)))
    last = data.draw(st.integers(first + 2, short.frames))
    part = ma.separate(short, start=first / short.sample_rate, stop=last / short.sample_rate)
    assert np.array_equal(part.wind.samples, whole_short.wind.samples[:, first:last])


def test_only_the_sections_are_learned_from_that_have_a_say(long, whole):
    assert len(whole.models) == 2
    assert [model.start for model in ma.separate(long, start=100, stop=101).models] == [0.0]
    assert len(ma.separate(long, start=245, stop=255).models) == 2


def test_a_range_of_a_file_is_the_same_bits_and_says_what_it_is(long, whole, tmp_path):
    path = long.save(tmp_path / "long.wav", encoding="PCM_16")
    stems = ma.separate(ma.load(path))
    files = ma.separate_file(
        path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav", start=240.0, stop=262.5
    )
    assert np.array_equal(ma.load(files.wind).samples, stems.wind.clip(240.0, 262.5).samples)
    assert np.array_equal(ma.load(files.rover).samples, stems.rover.clip(240.0, 262.5).samples)
    assert files.duration == 22.5
    assert files.source.offset == 240.0
    assert "from 240 to 262.5 s" in files.source.history[-1]


def test_the_doubt_about_a_range_is_that_of_its_frames(long, whole):
    part = ma.separate(long, start=100.0, stop=160.0)
    levels, all_levels = part.wind_upper, whole.wind_upper
    inside = (all_levels.times >= 100.0) & (all_levels.times < 160.0)
    assert np.allclose(levels.times, all_levels.times[inside] - 100.0)
    assert np.array_equal(levels.level, all_levels.level[:, :, inside])
    assert 0 <= part.unidentifiable <= 1
    assert np.array_equal(part.recording.samples, long.clip(100.0, 160.0).samples)
    assert part.wind.source.offset == 100.0


@pytest.mark.parametrize("after_the_border", [4.0, 4.8, 4.9, 5.0, 5.1, 5.2, 5.4])
def test_there_is_a_doubt_about_ranges_just_after_a_section(long, whole, after_the_border):
    # There the section before fades out: it may have a say in samples, but in no frame.
    start = 250.0 + after_the_border
    part = ma.separate(long, start=start, stop=start + 10.0)
    assert np.isfinite(part.wind_upper.level).any()
    assert part.unidentifiable is not None


def test_a_range_that_is_not_within_the_recording_is_refused(long, tmp_path):
    with pytest.raises(ma.ParameterError, match="is not within the recording"):
        ma.separate(long, start=400, stop=600)
    path = long.clip(0, 5).save(tmp_path / "short.wav")
    with pytest.raises(ma.ParameterError, match=r"is not within .*short\.wav"):
        ma.separate_file(path, wind=tmp_path / "w.wav", rover=tmp_path / "r.wav", start=3, stop=6)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["short.wav"]
