"""How near the wind stem comes to the wind, on mixtures whose parts are known.

    python benchmarks/separation.py [--seeds 1] [--choosing] [--jobs 2]

Prints the mean SI-SDR of the wind stem in dB for the mixture itself, a 300 Hz low-pass, marsaudio blind,
marsaudio with another take of the machine alone as reference, and an oracle that knows both parts; by
signal-to-noise ratio, by wind and by machine. --choosing draws from the seeds that parameters may be chosen
on, instead of those that are to be reported. With MARSAUDIO_DATA_DIR set, recordings from Mars take part.
"""

from __future__ import annotations

import argparse
import logging
import platform

import joblib
import mixtures
import numpy as np
import numpy.typing as npt
import scipy.ndimage
import scipy.signal

import marsaudio as ma
from marsaudio import metrics

Array = npt.NDArray[np.float64]

SNRS_DB = (-10.0, 0.0, 10.0)
METHODS = ("mixture", "low-pass", "blind", "reference", "oracle")


def low_pass(samples: Array) -> Array:
    sections = scipy.signal.butter(4, 300, fs=mixtures.RATE, output="sos")
    return scipy.signal.sosfiltfilt(sections, samples)


def oracle(wind: Array, machine: Array) -> Array:
    """Wiener's gain from the true parts: frames of 4096 samples, powers smoothed over five of them."""
    transform = scipy.signal.ShortTimeFFT(scipy.signal.windows.hann(4096, sym=False), 1024, mixtures.RATE)
    spectra = [transform.stft(part) for part in (wind, machine)]
    powers = [scipy.ndimage.uniform_filter1d(np.abs(part) ** 2, 5, axis=-1) for part in spectra]
    gain = powers[0] / np.maximum(powers[0] + powers[1], 1e-30)
    return transform.istft((spectra[0] + spectra[1]) * gain, k1=len(wind))


def scores(wind: str, machine: str, snr_db: float, seed: int) -> list[float]:
    """SI-SDR of each method's wind."""
    logging.getLogger("marsaudio").setLevel(logging.ERROR)
    drawn = mixtures.mixture(wind, machine, snr_db=snr_db, seed=seed)
    recording = drawn.recording
    alone = ma.Recording(drawn.machine_alone, mixtures.RATE)
    samples = recording.samples[0].astype(np.float64)
    estimates = {
        "mixture": samples,
        "low-pass": low_pass(samples),
        "blind": ma.separate(recording).wind.samples[0],
        "reference": ma.separate(recording, rover_noise=alone).wind.samples[0],
        "oracle": oracle(drawn.wind, drawn.machine),
    }
    return [metrics.si_sdr(estimates[method], drawn.wind) for method in METHODS]


def print_table(cases: list[tuple[str, str, float, int]], found: Array) -> None:
    print(f"{'mean SI-SDR of the wind, dB':30}{'n':>5}" + "".join(f"{method:>11}" for method in METHODS))

    def row(name: str, chosen: list[bool]) -> None:
        if any(chosen):
            means = found[np.array(chosen)].mean(axis=0)
            print(f"{name:30}{sum(chosen):5d}" + "".join(f"{mean:11.1f}" for mean in means))

    row("all", [True] * len(cases))
    groups = {"steady": mixtures.STEADY_MACHINES, "fluctuating": mixtures.FLUCTUATING_MACHINES}
    for group, machines in groups.items():
        row(f"{group} machines", [case[1] in machines for case in cases])
        for snr_db in SNRS_DB:
            row(f"  at {snr_db:+.0f} dB", [case[1] in machines and case[2] == snr_db for case in cases])
    for wind in mixtures.WINDS:
        row(f"wind: {wind}", [case[0] == wind for case in cases])
    for machine in mixtures.MACHINES:
        row(f"machine: {machine}", [case[1] == machine for case in cases])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1, help="how many draws of each mixture")
    parser.add_argument("--choosing", action="store_true", help="the seeds that parameters may be chosen on")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    seeds = (mixtures.CHOOSING_SEEDS if arguments.choosing else mixtures.REPORTING_SEEDS)[: arguments.seeds]
    cases = [
        (wind, machine, snr_db, seed)
        for wind in mixtures.WINDS
        for machine in mixtures.MACHINES
        for snr_db in SNRS_DB
        for seed in seeds
    ]
    found = joblib.Parallel(n_jobs=arguments.jobs)(joblib.delayed(scores)(*case) for case in cases)
    print(f"marsaudio {ma.__version__}, Python {platform.python_version()}, seeds {[*seeds]}")
    print_table(cases, np.array(found))


if __name__ == "__main__":
    main()
