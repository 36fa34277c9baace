"""What is done with each malformed file, in a process of its own: read whole, in blocks, and worked on."""

import contextlib
import io
from pathlib import Path

import numpy as np

import marsaudio as ma
from marsaudio.batch.inputs import find_items
from marsaudio.formats.audio import AudioFile
from marsaudio.report.facts import file_facts

NOISE = ma.Recording(np.random.default_rng(0).normal(0, 0.01, 4000), 8000)
READ = "read.npy"  # beside a file of sound, what was read of it


def sound(path: Path) -> str:
    """Read a file whole, in blocks and from a stream, which must be the same; keep its samples beside it."""
    recording = ma.load(path)
    assert recording.samples.dtype == np.float32
    assert np.isfinite(recording.samples).all()
    blocks = np.concatenate(list(AudioFile(path).blocks(1000)), axis=1)
    assert np.array_equal(blocks, recording.samples)
    assert np.array_equal(ma.load(io.BytesIO(path.read_bytes())).samples, recording.samples)
    np.save(path.with_name(READ), recording.samples)
    return repr(recording)


def sound_at_work(path: Path) -> str:
    """Do with a recording what people do; some of it may be refused, one by one."""
    recording = ma.load(path)
    for work in (
        lambda: file_facts(str(path)),
        lambda: ma.separate(recording),
        lambda: ma.detect_wind(recording),
        lambda: ma.describe(recording),
        lambda: ma.spectrogram(recording),
        lambda: ma.long_term_spectrogram(recording),
        lambda: ma.spectral_probability_density(recording),
        recording._repr_html_,
        lambda: recording.resample(8000),
        lambda: ma.speed_up(recording, 2),
    ):
        with contextlib.suppress(ma.MarsAudioError):
            work()
    return repr(recording)


def audio_label(path: Path) -> str:
    """Load what a label describes."""
    recording = ma.load(path)
    return f"{recording!r} {recording.source.notes}"


def table_label(path: Path) -> str:
    """Load the table that a label describes, and find it in its folder."""
    find_items([path.parent])
    return repr(ma.load(path, sample_rate=25000))


def session(path: Path) -> str:
    """Find the sessions in a folder, and read from the one there is."""
    sessions = ma.find_sessions(path)
    find_items([path])
    return f"{sessions} {ma.load_session(path).clip(0, 0.5).samples.shape}"


def labels(path: Path) -> str:
    """Read a file of labels, and write them in each format."""
    found = ma.read_labels(path)
    for name in ("again.csv", "again.json", "again.txt", "again.selections.txt"):
        with contextlib.suppress(ma.ParameterError):  # a field has the name of a column that is there already
            ma.write_labels(path.with_name(name), found[:1000])
    return f"{len(found)} labels"


def manifest(path: Path) -> str:
    """Find the recordings of a manifest."""
    return f"{len(find_items([path]))} recordings"


def rover_model(path: Path) -> str:
    """Load a model, show and save it, and separate with it."""
    model = ma.load_rover_model(path)
    model.plot()
    model.save(path.with_name("again.json"))
    ma.separate(NOISE, rover_noise=model)
    return f"{model!r} {len(model._repr_html_())}"
