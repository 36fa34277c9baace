"""Ways to break what is promised of loading, of recordings, of stems that add up, and of one answer."""

from __future__ import annotations

from breakage import Breakage

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
