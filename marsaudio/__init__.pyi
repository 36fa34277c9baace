from marsaudio import catalog as catalog
from marsaudio import errors as errors
from marsaudio import metrics as metrics
from marsaudio import plot as plot
from marsaudio import simulate as simulate
from marsaudio.errors import AudioFormatError as AudioFormatError
from marsaudio.errors import CalibrationError as CalibrationError
from marsaudio.errors import DataUnavailableError as DataUnavailableError
from marsaudio.errors import MarsAudioError as MarsAudioError
from marsaudio.errors import OutputError as OutputError
from marsaudio.errors import ParameterError as ParameterError
from marsaudio.events.detection import detect_wind as detect_wind
from marsaudio.events.table import WindEvent as WindEvent
from marsaudio.events.table import WindEvents as WindEvents
from marsaudio.recording import Calibration as Calibration
from marsaudio.recording import Recording as Recording
from marsaudio.recording import Source as Source
from marsaudio.recording import load as load
from marsaudio.report.analysis import analyze as analyze
from marsaudio.separation.stems import Stems as Stems
from marsaudio.separation.stems import separate as separate
from marsaudio.separation.stems import separate_file as separate_file
from marsaudio.simulate import simulate_scene as simulate_scene
from marsaudio.spectra.spectrogram import Spectrogram as Spectrogram
from marsaudio.spectra.spectrogram import spectrogram as spectrogram

__version__: str
