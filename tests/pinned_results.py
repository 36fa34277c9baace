"""What separation and events make of the sample: figures that must not change unnoticed.

Written anew, where a change is meant, with ``python tests/pinned_results.py``; the change log then says why.
"""

import json
from pathlib import Path

import numpy as np

import marsaudio as ma

FILE = Path(__file__).with_suffix(".json")
BANDS = ((20, 60), (60, 150), (150, 400), (400, 1000), (1000, 4000), (4000, 12000))  # Hz


def band_levels(recording):
    """Mean power in each band, in dB re full scale."""
    spec = ma.spectrogram(recording)
    density = spec.power.mean(axis=-1).ravel()
    width = spec.frequencies[1] - spec.frequencies[0]
    inside = [(spec.frequencies >= low) & (spec.frequencies < high) for low, high in BANDS]
    return [float(10 * np.log10(density[band].sum() * width)) for band in inside]


def results():
    """The figures, by name; each name ends in its unit."""
    recording = ma.load("sample")
    stems, events = ma.separate(recording), ma.detect_wind(recording)
    model = ma.fit_rover(stems.rover)
    return {
        "wind_bands_db": band_levels(stems.wind),
        "rover_bands_db": band_levels(stems.rover),
        "cut_off_hz": stems.cut_off,
        "line_frequencies_hz": stems.line_frequencies[0],
        "family_frequencies_hz": [family.frequency for family in model.families],
        "event_edges_s": [edge for event in events for edge in (event.start, event.end, event.peak_time)],
        "event_peaks_db": [level for event in events for level in (event.peak_level, event.excess)],
        "quiet_db": events.quiet_level,
        "threshold_db": events.parameters["threshold_used_db"],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(results(), indent=1) + "\n")
