"""The least that a separation by short-time spectra can cost: one transform forth and back, and two files.

At the full rate, in frames of 2048 samples, and with no model at all: every frame is transformed, and comes
back as it was. What is written are the samples that came back, and what is missing in them.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import soundfile

N_FFT, HOP_LENGTH = 2048, 512
FRAMES = 64  # transformed at once: half a megabyte of samples, which stays in a cache


def forth_and_back(file: str, wind: str, rover: str) -> None:
    """Transform a file of one channel and 16 bits forth and back, in blocks, and write two such files."""
    overlap = N_FFT // HOP_LENGTH
    before = N_FFT - HOP_LENGTH  # samples that a block's first frame has from the block before
    window = (np.sin(np.pi * np.arange(N_FFT) / N_FFT) ** 2).astype(np.float32)
    synthesis_window = window / np.float32(1.5)  # the squares of four overlapping Hann windows add to 1.5
    held = np.zeros(before + FRAMES * HOP_LENGTH, np.int16)  # no scale is needed: all counts in steps
    frames = np.lib.stride_tricks.sliding_window_view(held, N_FFT)[::HOP_LENGTH]
    windowed = np.empty((FRAMES, N_FFT), np.float32)
    added = np.zeros((FRAMES + overlap - 1, HOP_LENGTH), np.float32)
    complete = added[:FRAMES].reshape(-1)
    with (
        soundfile.SoundFile(file) as source,
        soundfile.SoundFile(wind, "w", source.samplerate, 1, "PCM_16") as back,
        soundfile.SoundFile(rover, "w", source.samplerate, 1, "PCM_16") as missing,
    ):
        skipped, left = before, source.frames  # nothing is complete before the first sample
        while left > 0:
            new = held[before:]
            new[source.buffer_read_into(new, "int16") :] = 0
            np.multiply(frames, window, out=windowed)
            pieces = scipy.fft.irfft(scipy.fft.rfft(windowed), N_FFT)
            pieces *= synthesis_window
            hops = pieces.reshape(FRAMES, overlap, HOP_LENGTH)
            for i in range(overlap):
                added[i : i + FRAMES] += hops[:, i]
            ready = slice(skipped, min(skipped + left, len(complete)))
            rounded = np.rint(complete[ready]).clip(-(2**15), 2**15 - 1).astype(np.int16)
            back.buffer_write(rounded, "int16")
            missing.buffer_write(held[ready] - rounded, "int16")
            left -= len(rounded)
            skipped = 0
            held[:before] = held[-before:]
            added[: overlap - 1] = added[FRAMES:]
            added[overlap - 1 :] = 0
