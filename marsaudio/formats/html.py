"""Recordings and tables as HTML fragments for notebooks: static, escaped, no script, no network."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from marsaudio.formats.encodings import MOST_CHANNELS

PLAYER_SECONDS = 120.0  # a player for more would put megabytes into a notebook


def recording_fragment(
    *,
    title: str,
    caption: str,
    credit: str | None,
    samples: npt.NDArray[np.float32],
    sample_rate: float,
) -> str:
    """A figure with a player and a caption; without the player where the recording is long.

    The player holds a 16-bit copy. Where the samples exceed full scale it is made quieter, and the
    caption says by how much. WAV files count whole Hz, so a player's rate is a whole one.
    """
    words = caption
    player = ""
    if not 1 <= round(sample_rate) < 2**31 or len(samples) > MOST_CHANNELS["WAV"]:
        words += "; no player can play this rate, or so many channels"
    elif samples.shape[1] / sample_rate <= PLAYER_SECONDS:
        peak = float(np.abs(samples).max())
        if peak >= 1.0:
            words += f"; the player's copy is {20 * np.log10(peak) + 0.1:.1f} dB quieter"
            samples = samples / np.float32(peak * 10**0.005)
        player = (
            f'<audio controls preload="metadata" aria-label="{escape(title, quote=True)}" '
            f'src="data:audio/wav;base64,{_wav_base64(samples, sample_rate)}"></audio>'
        )
    else:
        words += f"; too long for a player here (over {PLAYER_SECONDS:g} s): clip a part to hear it"
    if credit:
        words += f". Credit: {credit}"
    return (
        f'<figure style="margin:0.5em 0"><strong>{escape(title)}</strong><br>{player}'
        f'<figcaption style="font-size:0.9em">{escape(words)}</figcaption></figure>'
    )


def table_fragment(*, caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a caption, its header cells marked as such."""
    head = "".join(f'<th scope="col" style="text-align:right">{escape(cell)}</th>' for cell in header)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f'<table><caption style="text-align:left">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _wav_base64(samples: npt.NDArray[np.float32], sample_rate: float) -> str:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples.T, round(sample_rate), format="WAV", subtype="PCM_16")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
