"""Ways to break marsaudio, each a promise, what replaces a piece of the code, and the tests that must notice.

`broken_on_purpose` tries them. The promises are those of the public contract and of the conventions; a new
one belongs here as well.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breakage:
    """A promise that is broken on purpose.

    Attributes
    ----------
    promise : str
        In the words of the contract.
    file : str
        Of marsaudio, the folder of the package left out.
    before, after : str
        What stands there, once, and what it is replaced with.
    means : str
        What that does, in plain words.
    tests : tuple of str
        What pytest is asked to run; at least one of them must fail.
    """

    promise: str
    file: str
    before: str
    after: str
    means: str
    tests: tuple[str, ...]


LOADING = (
    Breakage(
        "load takes a catalog key",
        "loading.py",
        "path = catalog.fetch(entry.key, progress=progress)",
        'path = catalog.fetch("sample", progress=False)',
        "whatever the key, the sample is loaded",
        ("tests/test_catalog.py::test_a_key_loads_its_own_recording",),
    ),
    Breakage(
        "load takes a path",
        "loading.py",
        'if not isinstance(source, str) or stands == "file" or _looks_like_a_path(text):',
        "if not isinstance(source, str) or _looks_like_a_path(text):",
        "a file without a suffix, named alone, is looked for in the catalog",
        ("tests/test_audio_files.py::TestPaths",),
    ),
    Breakage(
        "load takes a PDS4 label (.xml)",
        "loading.py",
        'if suffix == ".xml":',
        'if suffix == ".lbl":',
        "labels are read as if they were audio",
        ("tests/test_pds4_labels.py::test_it_loads_the_file_it_describes_and_keeps_what_it_says",),
    ),
    Breakage(
        "load takes a binary file object",
        "loading.py",
        "return audio.AudioFile(source), Source(path=name if isinstance(name, str) else None)",
        "source.seek(0)\n        return audio.AudioFile(source), "
        "Source(path=name if isinstance(name, str) else None)",
        "a file object is read from its beginning, and not from where it stands",
        ("tests/test_audio_files.py::TestFileObjects::test_sound_that_begins_where_the_stream_stands",),
    ),
    Breakage(
        "rate in Hz, never changed silently",
        "loading.py",
        "return Recording(samples, info.sample_rate, source=described, calibration=calibration)",
        "return Recording(samples, info.sample_rate, source=described, calibration=calibration)"
        ".resample(22050)",
        "what is loaded is resampled to 22050 Hz",
        ("tests/test_audio_files.py::TestWhatIsSavedIsLoadedAgain::test_integers_to_the_bit",),
    ),
    Breakage(
        "nothing is trimmed",
        "loading.py",
        "samples = sound.read(first, last)\n",
        "samples = sound.read(first, last)\n"
        "    samples = samples[:, int(samples.any(axis=0).argmax()) :].copy()\n",
        "digital silence at the beginning is cut off when a file is loaded",
        ("tests/test_promised_numbers.py::TestFiles",),
    ),
)

RECORDINGS = (
    Breakage(
        "Recording is frozen",
        "recording.py",
        "@dataclass(frozen=True, eq=False)\nclass Recording:",
        "@dataclass(eq=False)\nclass Recording:",
        "its rate can be set to another one",
        ("tests/test_recording.py::test_it_is_frozen",),
    ),
    Breakage(
        "samples are read-only",
        "recording.py",
        "        silent.flags.writeable = False\n        return silent",
        "        return silent.copy()",
        "samples can be written to",
        ("tests/test_recording.py::test_it_is_frozen",),
    ),
    Breakage(
        "samples are float32",
        "recording.py",
        'copy = np.array(array, dtype=np.float32, order="C")',
        'copy = np.array(array, dtype=np.float64, order="C")',
        "samples are kept in double precision",
        ("tests/test_recording.py::test_every_float_type_is_taken",),
    ),
    Breakage(
        "samples have the shape (channels, frames); a 1-D array becomes one channel",
        "recording.py",
        "array = array[np.newaxis]",
        "array = np.stack([array, array])",
        "a 1-D array becomes two channels",
        ("tests/test_recording.py::test_one_dimension_becomes_one_channel",),
    ),
    Breakage(
        "more channels than frames is refused with the shape in the message",
        "recording.py",
        "    if array.shape[0] > array.shape[1]:",
        "    if array.shape[0] > array.shape[1]:\n        array = array.T\n    if not array.size:",
        "samples the wrong way round are turned without a word",
        ("tests/test_recording.py::test_more_channels_than_frames_are_refused_with_the_shape",),
    ),
    Breakage(
        "rate in Hz, never changed silently",
        "recording.py",
        "value = float(rate)\n",
        "value = float(round(rate))\n",
        "rates are rounded to whole hertz",
        ("tests/test_recording.py::test_rates_are_kept",),
    ),
    Breakage(
        "clip(start, stop)",
        "formats/ranges.py",
        "first, last = max(round(begin * sample_rate), 0), min(round(finish * sample_rate), frames)",
        "first, last = max(round(begin * sample_rate), 0), min(round(finish * sample_rate) + 1, frames)",
        "a clip holds the sample at its end as well, so that two that meet share one",
        ("tests/test_recording.py::test_two_clips_that_meet_hold_every_sample_once",),
    ),
    Breakage(
        "mono()",
        "recording.py",
        "samples=self.samples.mean(axis=0, dtype=np.float64), source=source)",
        "samples=self.samples[0], source=source)",
        "the first channel stands for the mean of all",
        ("tests/test_recording.py::test_the_mean_of_different_channels_is_marked_as_such",),
    ),
    Breakage(
        "resample(rate)",
        "recording.py",
        "return dataclasses.replace(self, samples=samples, sample_rate=rate, source=source)",
        "return dataclasses.replace(self, samples=samples, source=source)",
        "the samples are those of another rate, which is not told",
        ("tests/test_recording.py::test_resampling_keeps_the_length_and_the_tone",),
    ),
    Breakage(
        "a plain repr",
        "recording.py",
        'f"{self.sample_rate:g} Hz, {channels}, {calibrated}>"',
        'f"{channels}, {calibrated}>"',
        "it does not tell the rate",
        ("tests/test_recording.py::test_the_plain_form_says_what_it_is",),
    ),
    Breakage(
        "an HTML repr with a player",
        "formats/html.py",
        "<audio controls preload=",
        "<span controls preload=",
        "the player is no player",
        ("tests/test_notebook_display.py::test_the_player_plays_the_recording",),
    ),
    Breakage(
        "NASA's stereo files are two equal channels: kept",
        "recording.py",
        "    if array.dtype == np.float32 and _is_frozen(array):\n",
        "    if array.ndim == 2 and len(array) > 1 and (array == array[0]).all():\n"
        "        array = array[:1]\n"
        "    if array.dtype == np.float32 and _is_frozen(array):\n",
        "of equal channels, one is kept",
        ("tests/test_recording.py::test_equal_channels_are_kept",),
    ),
    Breakage(
        "equal channels are worked on once",
        "separation/run.py",
        "range(1 if looked.equal_channels else source.channels)",
        "range(source.channels)",
        "each of two equal channels is separated",
        ("tests/test_separation.py::test_equal_channels_stay_equal_and_are_worked_on_once",),
    ),
)

ADDITIVE = (
    Breakage(
        "additive to the bit",
        "separation/run.py",
        "            np.rint(wind, out=wind)\n",
        "",
        "the wind is not rounded to the input's step, so that the subtraction is",
        ("tests/test_promised_numbers.py::TestStems::test_add_up_to_the_bit_whatever_the_sound",),
    ),
    Breakage(
        "additive again after both are saved and read back",
        "separation/run.py",
        "return float(2.0 ** (1 - bits))",
        "return float(2.0**-bits)",
        "the wind is rounded to half of the input's step, which files of that encoding do not hold",
        ("tests/test_promised_numbers.py::TestStems::test_add_up_to_the_bit_between_files",),
    ),
    Breakage(
        "additive for 24-bit input",
        "formats/encodings.py",
        "return integers.astype(np.int32) << np.int32(32 - bits)",
        "return integers.astype(np.int32) << np.int32(32 - bits) & np.int32(-65536)",
        "files of 24 bits are written with 16 of them",
        ("tests/test_separation.py::test_stems_add_up_again_after_both_were_saved_and_read_back",),
    ),
    Breakage(
        "additive for 24-bit input: overdriven",
        "separation/run.py",
        "yield both, within_exact_sums(wind, both, self._step)",
        "yield both, wind",
        "a stem may be so loud that float32 has no room for its last bit",
        ("tests/test_separation.py::test_stems_of_what_was_overdriven_add_up_to_the_bit",),
    ),
    Breakage(
        "nothing is normalised",
        "formats/audio_writer.py",
        "            writer.write(samples[:, start : start + BLOCK_FRAMES])",
        "            writer.write(samples[:, start : start + BLOCK_FRAMES] / np.abs(samples).max() / 2)",
        "what is saved is brought to a peak of one half",
        ("tests/test_audio_files.py::TestWhatIsSavedIsLoadedAgain::test_integers_to_the_bit",),
    ),
    Breakage(
        "nothing is trimmed",
        "formats/audio_writer.py",
        "        for start in range(0, samples.shape[1], BLOCK_FRAMES):\n            writer",
        "        samples = samples[:, : samples.shape[1] - int(samples[:, ::-1].any(axis=0).argmax())]\n"
        "        for start in range(0, samples.shape[1], BLOCK_FRAMES):\n            writer",
        "digital silence at the end is not saved",
        ("tests/test_promised_numbers.py::TestFiles",),
    ),
    Breakage(
        "nothing is dithered",
        "formats/encodings.py",
        "    np.rint(integers, out=integers)\n    if bits",
        "    integers += np.random.default_rng(0).triangular(-1, 0, 1, integers.shape).astype(np.float32)\n"
        "    np.rint(integers, out=integers)\n    if bits",
        "noise of a step is added before integers are saved",
        ("tests/test_audio_files.py::TestWhatIsSavedIsLoadedAgain::test_integers_to_the_bit",),
    ),
    Breakage(
        "nothing is clipped: what is too loud is refused",
        "formats/audio_writer.py",
        "        if not fits(samples, self.encoding):",
        "        samples = np.clip(samples, -1.0, 1.0 - 2.0**-15)\n"
        "        if not fits(samples, self.encoding):",
        "what is too loud for a file is clipped",
        ("tests/test_audio_files.py::TestNothingIsClipped::test_too_loud_is_refused_with_advice",),
    ),
    Breakage(
        "nothing is clipped",
        "separation/run.py",
        "            wind *= step\n",
        "            wind *= step\n            np.clip(wind, -1.0, 1.0, out=wind)\n",
        "a wind louder than full scale is clipped, and the rover takes the rest",
        ("tests/test_separation.py::test_a_stem_louder_than_full_scale_is_written_as_float",),
    ),
)

ONE_ANSWER = (
    Breakage(
        "one answer: in blocks",
        "spectra/stft.py",
        "            parts.append(block)\n            length += block.shape[1]\n",
        "            parts.append(block - block.mean())\n            length += block.shape[1]\n",
        "the offset is taken out of each block that arrives",
        ("tests/test_one_answer.py::test_levels_are_the_same_bits_however_samples_arrive",),
    ),
    Breakage(
        "one answer: from a file",
        "separation/stems.py",
        "run = Run(sound, opened.info.encoding, reference, keep=False)",
        "run = Run(sound, None, reference, keep=False)",
        "stems of a file are rounded as if it held floats",
        ("tests/test_separation.py::test_a_file_is_separated_to_the_same_bits_as_a_recording",),
    ),
    Breakage(
        "one answer: events from a file",
        "events/detection.py",
        "opened, known = open_sound(source)\n    if isinstance",
        "opened, known = open_sound(source)\n    band = (band[0], 0.9 * band[1])\n    if isinstance",
        "in a file, wind is looked for in a narrower band",
        ("tests/test_wind_detection.py::test_a_file_gives_the_same_events_as_the_recording_in_memory",),
    ),
    Breakage(
        "one answer: of a range",
        "separation/low_band.py",
        "return max(start * SEGMENT - self.low_margin, 0), stop * SEGMENT + self.low_margin",
        "return start * SEGMENT, stop * SEGMENT + self.low_margin",
        "a range is separated without what just before it has a say in it",
        ("tests/test_separating_a_range.py::test_any_range_of_two_channels_is_the_same_bits",),
    ),
    Breakage(
        "one answer: in a worker process",
        "events/chance.py",
        "rng = np.random.default_rng(SEED)",
        "rng = np.random.default_rng(hash(str(SEED)) % 2**32)",
        "the noise that thresholds are told from is another one in each process",
        ("tests/test_promised_numbers.py::test_every_process_gives_the_same_bits",),
    ),
    Breakage(
        "one answer: on one thread and two",
        "separation/wind.py",
        "return np.asarray(self._shares(level).astype(np.float32) @ self.shapes.astype(np.float32))",
        "threads = int(__import__('os').environ.get('OMP_NUM_THREADS', '1'))\n"
        "        shares, shapes = self._shares(level).astype(np.float32), self.shapes.astype(np.float32)\n"
        "        return sum(shares[:, i::threads] @ shapes[i::threads] for i in range(threads))",
        "a matrix product is divided among as many threads as there are, and its parts are added",
        ("tests/test_promised_numbers.py::test_one_thread_and_two_give_the_same_bits_in_other_processes",),
    ),
    Breakage(
        "separate_file: the same numbers",
        "separation/stems.py",
        "            rover_file.write(samples - wind)",
        "            rover_file.write(samples - np.float32(0.999) * wind)",
        "a thousandth of the wind stays in the rover's file",
        ("tests/test_separation.py::test_a_file_is_separated_to_the_same_bits_as_a_recording",),
    ),
    Breakage(
        "separate_file: flat memory",
        "separation/stems.py",
        "run = Run(sound, opened.info.encoding, reference, keep=False)",
        "run = Run(sound, opened.info.encoding, reference, keep=True)",
        "all that was learned is kept to the end",
        ("tests/test_long_recordings.py::test_memory_hardly_grows_with_the_length_of_a_file",),
    ),
    Breakage(
        "separate_file: flat memory",
        "spectra/stft.py",
        "        self._held = held[:, drop:]\n        self._first += drop\n        inside = self._held[:, :",
        "        self._held = held\n        self._all = [*getattr(self, '_all', []), held]\n"
        "        self._held = held[:, drop:]\n        self._first += drop\n        inside = self._held[:, :",
        "the samples that were read are never forgotten",
        ("tests/test_long_recordings.py::test_memory_hardly_grows_with_the_length_of_a_file",),
    ),
)

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

CONVENTIONS = (
    Breakage(
        "keyword-only after the first argument",
        "separation/stems.py",
        "    recording: Recording,\n    *,\n    start",
        "    recording: Recording,\n    start",
        "a range can be given to separate without naming it",
        ("tests/test_conventions.py::test_what_is_set_is_named",),
    ),
    Breakage(
        "keyword-only after the first argument",
        "recording.py",
        "path: str | os.PathLike[str], *, encoding: str | None = None) -> Path:",
        "path: str | os.PathLike[str], encoding: str | None = None) -> Path:",
        "an encoding can be given to save without naming it",
        ("tests/test_conventions.py::test_what_is_set_is_named",),
    ),
    Breakage(
        "rng makes the same again",
        "simulate/limits.py",
        "and rng >= 0:\n        return int(rng)",
        "and rng >= 0:\n        return choose_seed(None)",
        "a seed is taken, and another one used",
        ("tests/test_simulation.py::test_equal_seeds_give_equal_bits_and_others_do_not",),
    ),
    Breakage(
        "rng may be a generator",
        "simulate/limits.py",
        "return int(rng.integers(2**63))",
        "return int(np.random.default_rng().integers(2**63))",
        "a generator is taken, and not drawn from",
        ("tests/test_simulation.py::test_a_generator_in_the_same_state_makes_the_same_scene",),
    ),
    Breakage(
        "progress may be a callable",
        "watching.py",
        "if share - self._told >= TOLD_SHARE:",
        "if share - self._told >= 2:",
        "it is told nothing between the beginning and the end",
        ("tests/test_progress.py::test_a_function_is_told_the_share_that_is_done[detect_wind]",),
    ),
    Breakage(
        "colour maps are perceptual and colour-blind safe",
        "spectra/spectrogram.py",
        '"cmap": "magma"',
        '"cmap": "jet"',
        "spectrograms are drawn in the colours of a rainbow",
        ("tests/test_plots.py::test_colours_grow_lighter_with_the_level_for_every_eye",),
    ),
    Breakage(
        "plot functions take ax",
        "spectra/spectrogram.py",
        "        if ax is None:\n",
        "        if True:\n",
        "a spectrogram is always drawn in a figure of its own",
        ("tests/test_spectrogram_scaling.py::test_the_plot_goes_where_the_caller_wants_it",),
    ),
    Breakage(
        "plot functions take ax",
        "plot/level_curve.py",
        "    if ax is None:\n",
        "    if True:\n",
        "a level is always drawn in a figure of its own",
        ("tests/test_plots.py::test_what_has_one_panel_is_drawn_on_axes_of_ones_own_and_gives_its_artist",),
    ),
    Breakage(
        "plot functions return the artist",
        "plot/level_curve.py",
        "    return line\n",
        "    return ax\n",
        "the axes are returned, and not the line",
        ("tests/test_plots.py::test_what_has_one_panel_is_drawn_on_axes_of_ones_own_and_gives_its_artist",),
    ),
    Breakage(
        "plot functions never call show()",
        "spectra/spectrogram.py",
        "        return mesh\n",
        "        import matplotlib.pyplot as plt\n\n        plt.show(block=False)\n        return mesh\n",
        "a window opens for each spectrogram",
        ("tests/test_plots.py::test_no_picture_shows_itself",),
    ),
    Breakage(
        "errors name the value",
        "recording.py",
        'f"sample_rate={rate!r} must be a positive number of samples a second (Hz)."',
        '"A sample rate must be a positive number of samples a second (Hz)."',
        "a rate that is refused is not told",
        ("tests/test_recording.py::test_a_rate_must_be_a_positive_number",),
    ),
    Breakage(
        "ParameterError is a ValueError",
        "errors.py",
        "class ParameterError(MarsAudioError, ValueError):",
        "class ParameterError(MarsAudioError):",
        "who catches ValueError does not catch it",
        ("tests/test_conventions.py::test_errors_are_of_pythons_kinds_too",),
    ),
    Breakage(
        "AudioFormatError is an OSError",
        "errors.py",
        "class AudioFormatError(MarsAudioError, OSError):",
        "class AudioFormatError(MarsAudioError, TypeError):",
        "who catches OSError does not catch it",
        ("tests/test_conventions.py::test_errors_are_of_pythons_kinds_too",),
    ),
    Breakage(
        "the CLI exits 2",
        "cli/__init__.py",
        "FAILED, INTERRUPTED, BROKEN_PIPE = 2, 130, 141",
        "FAILED, INTERRUPTED, BROKEN_PIPE = 1, 130, 141",
        "it ends with 1",
        ("tests/test_command_line.py::test_what_is_no_recording_is_one_line_and_nothing_is_written",),
    ),
    Breakage(
        "the CLI prints one line",
        "cli/__init__.py",
        "        except MarsAudioError as error:\n            return _fail(",
        "        except MarsAudioError as error:\n            __import__('traceback').print_exc()\n"
        "            return _fail(",
        "a traceback stands before the line",
        ("tests/test_command_line.py::test_what_is_no_recording_is_one_line_and_nothing_is_written",),
    ),
    Breakage(
        "the CLI prints one line",
        "cli/__init__.py",
        '    return " ".join(text.splitlines())',
        "    return text",
        "a message with a line break in it is printed as it is",
        ("tests/test_command_line.py::test_an_error_of_several_lines_is_one_line",),
    ),
    Breakage(
        "the library never prints",
        "separation/stems.py",
        "    rover = part.samples - wind\n",
        '    rover = part.samples - wind\n    print("Separated.")\n',
        "separate says when it is done",
        ("tests/test_progress.py::test_by_default_nothing_is_shown",),
    ),
    Breakage(
        "the library never prints",
        "events/detection.py",
        "    _check_rate(rate)\n    measured = ",
        '    _check_rate(rate)\n    print("Listening.")\n    measured = ',
        "detect_wind says what it does",
        ("tests/test_conventions.py::test_only_the_command_line_writes_to_the_terminal",),
    ),
    Breakage(
        "the library writes nothing on import",
        "catalog/storage.py",
        'CHECKSUMS_FILE = "checksums.json"\n',
        'CHECKSUMS_FILE = "checksums.json"\n'
        '(Path.home() / ".cache" / "marsaudio").mkdir(parents=True, exist_ok=True)\n',
        "a folder for recordings is made when the catalog is imported",
        ("tests/test_conventions.py::test_importing_every_module_prints_and_writes_nothing",),
    ),
    Breakage(
        "the library prints nothing on import",
        "plot/__init__.py",
        "__all__ = [",
        'print("Pictures are drawn with matplotlib.")\n\n__all__ = [',
        "the module of pictures says what it uses",
        ("tests/test_conventions.py::test_importing_every_module_prints_and_writes_nothing",),
    ),
    Breakage(
        "logging under the name marsaudio",
        "separation/stems.py",
        'logger = logging.getLogger("marsaudio")',
        "logger = logging.getLogger()",
        "messages are logged under no name",
        ("tests/test_conventions.py::test_the_code_logs_under_the_name_of_the_library",),
    ),
)

FILES = (
    Breakage(
        "outputs are written to a temporary name and renamed: after an error the old file is there",
        "atomic.py",
        "self.temporary = _unused_name(self._final, self.target.suffix)",
        "self.temporary = self._final",
        "files are written in place",
        ("tests/test_whole_file_writing.py::test_where_the_block_fails_nothing_changes",),
    ),
    Breakage(
        "outputs are written to a temporary name and renamed: after a kill the old file is there",
        "atomic.py",
        "        self._made = _make_folder(self._final.parent)\n",
        "        self._made = _make_folder(self._final.parent)\n"
        "        self._final.unlink(missing_ok=True)\n",
        "the old file is removed before the new one is whole",
        ("tests/test_whole_file_writing.py::test_where_the_process_is_killed_the_old_file_is_there",),
    ),
    Breakage(
        "outputs are written to a temporary name and renamed: pictures",
        "plot/picture.py",
        "        with replace_when_complete(path) as temporary:\n            self.savefig(temporary, ",
        "        if True:\n            self.savefig(path, ",
        "pictures are written in place",
        (
            "tests/test_whole_file_writing.py::"
            "test_whatever_is_written_the_old_files_stay_until_the_new_ones_are_whole[Picture.save]",
        ),
    ),
    Breakage(
        "outputs are written to a temporary name and renamed: tables and models",
        "atomic.py",
        "    with replace_when_complete(target) as temporary:\n        temporary.write_text(",
        "    if True:\n        target.write_text(",
        "texts are written in place",
        (
            "tests/test_whole_file_writing.py::"
            "test_whatever_is_written_the_old_files_stay_until_the_new_ones_are_whole[WindEvents.save]",
        ),
    ),
    Breakage(
        "both stems appear, or none",
        "separation/stems.py",
        "            wind_file.finish()\n            rover_file.finish()\n",
        "",
        "a stem takes its name before the other one is on the disk",
        ("tests/test_separation.py::test_no_stem_appears_where_the_other_fails_while_it_is_finished",),
    ),
    Breakage(
        "no output replaces another",
        "atomic.py",
        "    check_places_differ(one.target for one in replacements)\n",
        "",
        "of two names of one file, the second takes the place of the first",
        ("tests/test_whole_file_writing.py::test_two_names_of_one_place_are_refused_and_the_file_stays",),
    ),
    Breakage(
        "what a label names stays in its folder: links",
        "formats/pds4/labels.py",
        "elif not stays_within(named, own_folders(path)):",
        "elif False:",
        "a link beside a label is followed to wherever it leads",
        ("tests/test_untrusted_input.py::TestLinks",),
    ),
    Breakage(
        "what a label names stays in its folder: names",
        "formats/pds4/labels.py",
        """if "/" in file_name or "\\\\" in file_name or file_name in (".", ".."):""",
        'if file_name in (".", ".."):',
        "a label may name ../private/sound.wav",
        ("tests/test_pds4_labels.py::test_a_file_outside_of_its_folder_is_refused",),
    ),
    Breakage(
        "what a manifest names stays in its folder",
        "batch/inputs.py",
        "    if not stays_within(path, folders):",
        "    if False:",
        "a manifest may name recordings anywhere",
        ("tests/test_untrusted_input.py::TestManifests",),
    ),
    Breakage(
        "no finished result is lost",
        "batch/results.py",
        "if _is_taken(older) and not _is_taken(target):",
        "if False:",
        "the older result is gone where the newer one cannot take its place",
        ("tests/test_batch.py::test_a_result_that_cannot_take_the_place_of_an_older_one_leaves_that_there",),
    ),
    Breakage(
        "no finished result is lost, and none is taken for finished that is not",
        "batch/results.py",
        'whole = _is_result(held) and held.get("files") == written_files(folder, stems=stems)',
        "whole = _is_result(held)",
        "a result counts as finished whatever became of its files",
        ("tests/test_batch.py::test_a_result_that_was_damaged_is_made_again",),
    ),
    Breakage(
        "units ride on results: batches",
        "batch/settings.py",
        'for name in dict.fromkeys([*wanted["settings"], *held["settings"]]):',
        'for name in wanted["settings"]:',
        "a batch in pascals goes on in dB re full scale",
        ("tests/test_batch.py::test_to_go_on_without_what_was_given_before_is_refused",),
    ),
    Breakage(
        "a damaged file is refused: frames of FLAC",
        "formats/audio_reader.py",
        "if self._checksum.is_wrong(self.frames):",
        "if False:",
        "what follows a missing frame is given at other times",
        (
            "tests/test_audio_files.py::TestDamagedInTheMiddle::"
            "test_a_flac_file_whose_frames_are_not_those_it_was_made_of_is_refused",
        ),
    ),
    Breakage(
        "a damaged file is refused: pages of Ogg",
        "formats/ogg_pages.py",
        'if checksum != int.from_bytes(page[22:26].translate(BITS_REVERSED), "big"):',
        "if False:",
        "a page is taken whatever became of its bytes",
        (
            "tests/test_audio_files.py::TestDamagedInTheMiddle::"
            "test_an_ogg_file_is_read_up_to_the_first_page_that_is_wrong",
        ),
    ),
    Breakage(
        "a damaged file is refused: samples that no computation bears",
        "formats/encodings.py",
        "LARGEST_SAMPLE = 2.0**40",
        "LARGEST_SAMPLE = 2.0**127",
        "samples are taken whose powers are more than floats hold",
        ("tests/test_malformed_input.py::TestSounds::test_no_sample_too_large_to_be_worked_on_is_given",),
    ),
    Breakage(
        "CSV cells are not run",
        "formats/csv_text.py",
        """return RUNS.sub(r"\\1'", text)""",
        "return text",
        "a text that is a formula stays one",
        ("tests/test_label_files.py::TestCSV::test_no_spreadsheet_runs_a_text_as_a_formula",),
    ),
    Breakage(
        "CSV cells are not run",
        "batch/tables.py",
        "return safe_text(value) if isinstance(value, str) else value_cell(value)",
        "return value_cell(value)",
        "a recording's name that is a formula stays one in the summary of a batch",
        ("tests/test_batch.py::test_a_table_runs_nothing_in_a_spreadsheet",),
    ),
    Breakage(
        "CSV cells are not run",
        "batch/tables.py",
        "yield csv_line([safe_text(name), *",
        "yield csv_line([name, *",
        "a recording's name that is a formula stays one in the events of a batch",
        ("tests/test_batch.py::test_a_table_runs_nothing_in_a_spreadsheet",),
    ),
    Breakage(
        "downloads are checked",
        "catalog/fetching.py",
        "if expected is not None and sha256 != expected.sha256:",
        "if False:",
        "what a server sends is kept, whatever its checksum",
        ("tests/test_downloading.py::test_a_later_download_must_be_what_the_first_one_was",),
    ),
    Breakage(
        "downloads are checked: what is here as well",
        "catalog/fetching.py",
        "if (actual := file_sha256(path)) != expected.sha256:",
        "if not (actual := file_sha256(path)):",
        "a file on this machine is taken, whatever its checksum",
        ("tests/test_downloading.py::test_a_file_here_that_is_not_what_the_catalog_says_is_refused",),
    ),
    Breakage(
        "downloads are checked: encrypted all the way",
        "catalog/fetching.py",
        'if is_encrypted and urlsplit(url).scheme != "https":',
        'if is_encrypted and urlsplit(url).scheme == "ftp":',
        "a server may send on to a place without encryption",
        (
            "tests/test_downloading.py::TestEncryption::"
            "test_what_is_sent_on_to_a_place_without_encryption_is_not_taken",
        ),
    ),
)

BREAKAGES = (
    *LOADING,
    *RECORDINGS,
    *ADDITIVE,
    *ONE_ANSWER,
    *REFERENCES,
    *SPECTRA,
    *EVENTS,
    *UNITS,
    *CONVENTIONS,
    *FILES,
)
