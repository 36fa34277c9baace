"""Hear Mars without the rover: load, separate, look at and find the wind in Perseverance's recordings.

Everything public is named here and imported when it is first used, so that ``import marsaudio`` is quick.
The names and their types stand in ``__init__.pyi``.
"""

from importlib import import_module

__version__ = "0.1.0"

_MODULE_OF_NAME = {
    "Alignment": "comparison.alignment",
    "BandChange": "comparison.removal",
    "Comparison": "comparison.removal",
    "Analysis": "report.analysis",
    "AudioFormatError": "errors",
    "Calibration": "calibration",
    "CalibrationError": "errors",
    "ClusterError": "errors",
    "DataUnavailableError": "errors",
    "Drift": "separation.line_courses",
    "Gap": "formats.audio_info",
    "Family": "separation.families",
    "FrequencyResponse": "calibration",
    "Label": "formats.labels",
    "LongTermSpectrogram": "spectra.long_term",
    "MarsAudioError": "errors",
    "MarsTime": "mars_time",
    "MissingLibraryError": "errors",
    "OutputError": "errors",
    "ParameterError": "errors",
    "QuietLevel": "events.baseline",
    "Recording": "recording",
    "RoverLine": "separation.families",
    "RoverModel": "separation.rover_model",
    "Session": "formats.pds4.sessions",
    "Sideband": "separation.combs",
    "Source": "source",
    "SpectralProbabilityDensity": "spectra.level_density",
    "Spectrogram": "spectra.spectrogram",
    "Stems": "separation.stems",
    "WindEvent": "events.event",
    "WindEvents": "events.table",
    "align": "comparison.alignment",
    "compare": "comparison.removal",
    "analyze": "report.analysis",
    "describe": "description",
    "detect_wind": "events.detection",
    "detect_wind_file": "events.detection",
    "find_sessions": "loading",
    "fit_rover": "separation.rover_fit",
    "listening_copy": "listening.copies",
    "load": "loading",
    "long_term_spectrogram": "spectra.long_term",
    "load_session": "loading",
    "load_rover_model": "separation.rover_model",
    "read_labels": "formats.label_files",
    "separate": "separation.stems",
    "separate_file": "separation.stems",
    "shift": "listening.altered",
    "simulate_scene": "simulate",
    "sonify": "listening.sonification",
    "spectral_probability_density": "spectra.level_density",
    "spectrogram": "spectra.spectrogram",
    "speed_up": "listening.altered",
    "write_labels": "formats.label_files",
    "write_report": "report.analysis",
}
_MODULES = ("batch", "catalog", "errors", "metrics", "plot", "simulate")

__all__ = ["__version__", *_MODULE_OF_NAME, *_MODULES]  # noqa: PLE0604, RUF100


def __getattr__(name: str) -> object:
    if name in _MODULE_OF_NAME:
        value = getattr(import_module(f"{__name__}.{_MODULE_OF_NAME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
