"""Gaps: silence in the place of data that are missing counts in no statistic, and makes no wind."""

import dataclasses

import numpy as np
import pytest

import marsaudio as ma

RATE = 48000
GAP = ma.Gap(8.0, 11.0, "a test")


def with_drift(samples):
    """As of a microphone with an offset, and with what is slower than any wind."""
    time = np.arange(samples.shape[-1]) / RATE
    return samples - 0.012 + 0.0025 * np.sin(2 * np.pi * 1.3 * time)


def with_gap(samples):
    samples = np.rint(np.asarray(samples) * 2**15) / 2**15
    samples[..., int(GAP.start * RATE) : int(GAP.stop * RATE)] = 0.0
    return ma.Recording(samples.astype(np.float32), RATE, source=ma.Source(title="gapped", gaps=[GAP]))


@pytest.fixture(scope="module")
def noise():
    return 0.001 * np.random.default_rng(8).standard_normal(20 * RATE)


@pytest.fixture(scope="module")
def scene():
    return ma.simulate_scene(20.0, rng=21).recording


def test_a_gap_in_what_drifts_is_no_wind(noise):
    events = ma.detect_wind(with_gap(with_drift(noise)))
    assert len(events) == 0
    assert events.observed == pytest.approx(17.0, abs=0.6)


def test_wind_is_silent_in_a_gap_and_the_same_beside_it(scene):
    drifting = with_drift(scene.samples[0].astype(np.float64))
    whole = ma.separate(ma.Recording(drifting.astype(np.float32), RATE)).wind.samples[0]
    gapped = ma.separate(with_gap(drifting))
    wind = gapped.wind.samples[0]
    inside = slice(int(GAP.start * RATE), int(GAP.stop * RATE))
    assert not wind[inside].any()
    assert not gapped.rover.samples[0, inside].any()
    for first, last in ((7.5, 8.0), (11.0, 11.5)):
        beside = slice(int(first * RATE), int(last * RATE))
        difference = np.mean((wind[beside] - whole[beside]) ** 2)
        assert difference < 0.1 * np.mean(whole[beside] ** 2)


def test_blocks_and_ranges_beside_a_gap_are_the_same_bits(scene, tmp_path):
    gapped = with_gap(with_drift(scene.samples[0]))
    path = gapped.save(tmp_path / "gapped.wav")
    stems = ma.separate(gapped)
    ma.separate_file(path, wind=tmp_path / "wind.wav", rover=tmp_path / "rover.wav")
    assert np.array_equal(ma.load(tmp_path / "wind.wav").samples, stems.wind.samples)
    part = ma.separate(gapped, start=7.0, stop=12.0)
    assert np.array_equal(part.wind.samples, stems.wind.clip(7.0, 12.0).samples)
    assert np.array_equal(stems.wind.samples + stems.rover.samples, gapped.samples)


def test_frames_that_touch_a_gap_have_no_power(noise):
    spectrum = ma.spectrogram(with_gap(noise), n_fft=4800, hop_length=2400)
    half = 0.05
    touches = (spectrum.times + half > GAP.start + 1e-9) & (spectrum.times - half < GAP.stop - 1e-9)
    assert np.isnan(spectrum.power[:, touches]).all()
    assert np.isfinite(spectrum.power[:, ~touches]).all()
    assert spectrum.gaps == (GAP,)
    assert spectrum.plot().axes.patches  # the gap is drawn


def test_long_spectra_leave_gaps_out(noise):
    gapped, whole = with_gap(noise), ma.Recording(noise, RATE)
    long = ma.long_term_spectrogram(gapped, seconds=1.0)
    assert list(np.flatnonzero(long.frames == 0)) == [8, 9, 10]
    assert np.isnan(long.power[:, 8:11]).all()
    assert np.isfinite(np.delete(long.power, [8, 9, 10], axis=1)).all()
    assert long.gaps == (GAP,)
    density = ma.spectral_probability_density(gapped)
    assert density.count == 17
    expected = ma.spectral_probability_density(whole).mean
    np.testing.assert_allclose(density.mean[50:-50].mean(), expected[50:-50].mean(), atol=0.1)


def test_levels_of_the_whole_leave_gaps_out(noise):
    from marsaudio.report.facts import sound_facts

    gapped = with_gap(noise)
    level = sound_facts(gapped, gapped.gaps).rms_level
    assert level == pytest.approx(20 * np.log10(0.001), abs=0.05)
    assert sound_facts(gapped).rms_level == pytest.approx(level + 10 * np.log10(17 / 20), abs=1e-6)


def test_an_analysis_names_its_gaps(noise, tmp_path):
    analysis = ma.analyze(with_gap(noise), tmp_path)
    source = analysis.summary["source"]
    assert source["gaps"] == [{"start": 8.0, "stop": 11.0, "reason": "a test"}]


def test_what_a_recording_holds_in_a_gap_is_no_data(scene):
    silent = with_gap(scene.samples)
    loud = ma.Recording(np.rint(scene.samples * 2**15) / 2**15, RATE, source=silent.source)
    assert np.array_equal(loud.samples, silent.samples)
    for made in (loud.resample(16000), loud.clip(0.0, 10.0)):
        first, last = (round(edge * made.sample_rate) for edge in (made.gaps[0].start, made.gaps[0].stop))
        assert not made.samples[:, first:last].any()


def test_wind_on_both_sides_of_a_gap_does_not_reach_into_it(noise):
    gust = np.random.default_rng(4).standard_normal(len(noise))
    gust = 0.05 * np.convolve(gust, np.ones(400) / 20, mode="same")
    gust *= np.abs(np.arange(len(noise)) / RATE - 9.5) < 3
    events = ma.detect_wind(with_gap(noise + gust))
    assert len(events) == 2
    assert GAP.start - 0.15 < events[0].end <= GAP.start
    assert GAP.stop <= events[1].start < GAP.stop + 0.15
    assert events[0].end_uncertainty is None
    assert events[1].start_uncertainty is None


def test_gaps_stay_with_what_is_made_of_a_recording(noise):
    gapped = with_gap(noise)
    again = gapped.resample(16000)
    assert again.gaps == (GAP,)
    assert dataclasses.replace(gapped, samples=gapped.samples * 0.5).gaps == (GAP,)
    assert ma.separate(gapped).rover.clip(7.0, 9.0).gaps == (ma.Gap(1.0, 2.0, "a test"),)


@pytest.mark.parametrize(
    "gap", [(3.0, 2.0, "backwards"), (0.0, np.inf, "endless"), (1.0, 2.0), ("a", "b", "c")]
)
def test_what_is_no_gap_is_refused(gap):
    with pytest.raises(ma.ParameterError, match="must have a start and a later stop in seconds and a reason"):
        ma.Source(gaps=[gap])


def test_a_start_that_is_no_time_on_mars_is_refused():
    with pytest.raises(ma.ParameterError, match=r"must be a marsaudio\.MarsTime"):
        ma.Source(start_time="2021-02-20T12:00:00Z")
