"""Ways to break what is promised of references, of spectra, of events and of units."""

from __future__ import annotations

from breakage import Breakage

REFERENCES = (
    Breakage(
        "separate with a recording of the rover alone uses it",
        "separation/stems.py",
        "return rover_noise.as_reference if isinstance(rover_noise, RoverModel) else "
        "rover_reference(rover_noise)",
        "return rover_noise.as_reference if isinstance(rover_noise, RoverModel) else None",
        "a recording of the rover is taken, and not used",
        ("tests/test_rover_model.py::test_a_recording_of_the_rover_is_as_good_as_its_model",),
    ),
    Breakage(
        "separate with a saved rover model uses it",
        "separation/stems.py",
        "return rover_noise.as_reference if isinstance(rover_noise, RoverModel) else "
        "rover_reference(rover_noise)",
        "return None if isinstance(rover_noise, RoverModel) else rover_reference(rover_noise)",
        "a model is taken, and not used",
        ("tests/test_rover_model.py::test_a_recording_of_the_rover_is_as_good_as_its_model",),
    ),
    Breakage(
        "separate with a recording or a model of the rover uses it",
        "separation/learning.py",
        "reference=reference and reference.without(lines, transforms.frequencies),",
        "reference=None,",
        "the floors of the reference have no say",
        (
            "tests/test_rover_model.py::test_a_reference_tells_even_wind_from_the_rover_and_a_saved_one_does_alike",
        ),
    ),
    Breakage(
        "a saved rover model is the model",
        "separation/rover_model.py",
        '"floors": self.floors.tolist(),',
        '"floors": np.round(self.floors, 12).tolist(),',
        "floors are saved with twelve decimals, where quiet ones have none",
        ("tests/test_rover_model.py::test_a_kept_model_gives_the_same_stems",),
    ),
)

SPECTRA = (
    Breakage(
        "PSD means power per hertz",
        "spectra/spectrogram.py",
        'return factors / (sample_rate * np.sum(window**2) if scaling == "psd"',
        'return factors / (len(window) * np.sum(window**2) if scaling == "psd"',
        "the density is power per bin",
        (
            "tests/test_spectrogram_scaling.py::"
            "test_the_density_of_white_noise_is_its_variance_over_half_the_rate",
        ),
    ),
    Breakage(
        "PSD is one-sided",
        "spectra/spectrogram.py",
        "factors[1:] = 2.0",
        "factors[1:] = 1.0",
        "negative frequencies are not folded in",
        ("tests/test_spectrogram_scaling.py::test_densities_equal_those_of_scipy",),
    ),
    Breakage(
        "Parseval holds",
        "spectra/spectrogram.py",
        "factors[-1] = 1.0  # half the rate",
        "factors[-1] = 2.0  # half the rate",
        "half the rate, which is its own twin, is counted twice",
        ("tests/test_promised_numbers.py::TestSpectra",),
    ),
    Breakage(
        "frames are named by their centre",
        "spectra/stft.py",
        "centres = self.first_start + self.n_fft / 2 + self.hop_length * np.arange(count)",
        "centres = self.first_start + self.hop_length * np.arange(count)",
        "frames are named by their first sample",
        ("tests/test_spectrogram_scaling.py::test_densities_equal_those_of_scipy",),
    ),
    Breakage(
        "times are seconds from the recording's first sample",
        "spectra/spectrogram.py",
        "        frequencies,\n        centres,\n",
        "        frequencies,\n        centres + recording.source.offset,\n",
        "a clip's spectrogram counts from the beginning of what it was cut from",
        ("tests/test_time_axes.py::test_times_count_from_the_first_sample_of_a_clip",),
    ),
)

EVENTS = (
    Breakage(
        "detect_wind gives events in seconds",
        "events/measuring.py",
        "(FRAME_SECONDS / 2 + edge * HOP_SECONDS for edge in (stretch.start, stretch.end))",
        "(edge for edge in (stretch.start, stretch.end))",
        "edges are numbers of frames",
        ("tests/test_wind_detection.py::test_gusts_are_found_with_their_edges",),
    ),
    Breakage(
        "times are seconds from the recording's first sample",
        "events/detection.py",
        "tuple(measure_event(evidence, stretch) for stretch in wind),",
        "tuple(__import__('dataclasses').replace(event, start=event.start + known.offset)"
        " for event in (measure_event(evidence, stretch) for stretch in wind)),",
        "a clip's events begin at times that count from the beginning of what it was cut from",
        ("tests/test_time_axes.py::test_times_count_from_the_first_sample_of_a_clip",),
    ),
    Breakage(
        "events are the same however loud",
        "events/level.py",
        "usable = share >= LEAST_SHARE\n",
        "usable = (share >= LEAST_SHARE) & (energy > 1e-7)\n",
        "what is fainter than a fixed level is not listened to",
        ("tests/test_promised_numbers.py::TestEvents::test_are_the_same_however_loud",),
    ),
    Breakage(
        "events come as much later as the recording does",
        "events/level.py",
        "times = np.arange(len(level)) * HOP_SECONDS + FRAME_SECONDS / 2\n",
        "times = np.arange(len(level)) * HOP_SECONDS + FRAME_SECONDS / 2\n    usable &= times < 20.0\n",
        "what comes later than twenty seconds is not listened to",
        ("tests/test_promised_numbers.py::TestLater::test_gusts_are_as_much_later",),
    ),
    Breakage(
        "false alarms as stated",
        "events/chance.py",
        "return float(max(root, self.lowest))",
        "return float(max(0.6 * root, self.lowest))",
        "the threshold is lower than the stated false alarms ask for",
        (
            "tests/test_wind_detection.py::TestFalseAlarms::"
            "test_noise_alone_gives_as_many_events_as_were_asked_for[white]",
        ),
    ),
    Breakage(
        "the fewer false alarms are allowed, the higher is the threshold",
        "events/chance.py",
        "c0 -= np.log(a_minute)",
        "c0 += np.log(a_minute)",
        "the threshold rises with the false alarms that are allowed",
        (
            "tests/test_promised_numbers.py::TestEvents::"
            "test_the_fewer_false_alarms_are_allowed_the_higher_is_the_threshold",
        ),
    ),
)

UNITS = (
    Breakage(
        'uncalibrated is "dB re full scale"',
        "calibration.py",
        'return "dB re full scale", 0.0',
        'return "dB re 20 µPa", 94.0',
        "levels of what is not calibrated are given in pascals, full scale being one of them",
        ("tests/test_recording.py::test_levels_are_in_pascals_only_with_a_calibration",),
    ),
    Breakage(
        "pascals appear only where a sensitivity was given",
        "spectra/spectrogram.py",
        'unit = ("Pa²" if recording.calibration else "FS²")',
        'unit = "Pa²"',
        "every spectrogram claims to be in pascals",
        ("tests/test_spectrogram_scaling.py::test_an_uncalibrated_recording_has_no_pascals",),
    ),
    Breakage(
        "units ride on results: events",
        "events/measuring.py",
        "peak_level=float(measured.level[peak]) + evidence.offset",
        "peak_level=float(measured.level[peak])",
        "the highest level of an event stays in dB re full scale, where the others are in pascals",
        ("tests/test_calibration.py::test_events_are_the_same_and_their_levels_in_pascals",),
    ),
    Breakage(
        "units ride on results: pictures",
        "plot/level_curve.py",
        "values = _visible(measured, measured.level) + recording.level_offset",
        "values = _visible(measured, measured.level)",
        "a level is drawn in dB re full scale on an axis in pascals",
        (
            "tests/test_calibration.py::"
            "test_the_picture_of_a_level_is_in_pascals_with_all_that_is_drawn_in_it",
        ),
    ),
    Breakage(
        "units ride on results: summaries",
        "report/summary.py",
        '"level_db": line.level + recording.level_offset,',
        '"level_db": line.level,',
        "the rover's lines stay in dB re full scale, where the others are in pascals",
        (
            "tests/test_calibration.py::"
            "test_all_levels_of_an_analysis_are_in_pascals_and_no_difference_of_levels_is",
        ),
    ),
    Breakage(
        "a sensitivity comes with its source",
        "calibration.py",
        "if not isinstance(self.source, str) or not self.source.strip():",
        "if not isinstance(self.source, str):",
        "a calibration may have an empty source",
        ("tests/test_calibration.py::test_a_calibration_has_a_source",),
    ),
    Breakage(
        "the result says which part is in doubt",
        "separation/wind.py",
        "    share = steady_share(",
        "    return np.zeros(len(floor))\n    share = steady_share(",
        "steady wind is never thought of, and no part of any wind is in doubt",
        ("tests/test_doubt.py::test_even_wind_is_in_more_doubt_than_gusts",),
    ),
    Breakage(
        "the result says which part is in doubt",
        "separation/doubt.py",
        "unidentifiable=1 - sums.lower / sums.upper if sums.upper > 0 else None,",
        "unidentifiable=0.0,",
        "the share in doubt is said to be nothing",
        ("tests/test_doubt.py::test_even_wind_is_in_more_doubt_than_gusts",),
    ),
)
