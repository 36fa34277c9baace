"""A recording without the rover's lines, and all else left as it is: what wind events are looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marsaudio.separation.clicks import Ranges
from marsaudio.separation.frames import Transforms
from marsaudio.separation.hearing import hear
from marsaudio.separation.line_free import BINS_ABOVE, line_removal, lines_of
from marsaudio.separation.lines import Line, distinct_lines
from marsaudio.separation.low_band import HIGHEST_LINE, HIGHEST_WIND, LowBand
from marsaudio.separation.run import distinct_channels
from marsaudio.separation.survey import Coverage, survey
from marsaudio.spectra.stft import SampleSource, ShortTimeFourier, SlidingRange

Float32Array = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]

BATCH_BYTES = 2**23  # of spectra: lines are followed over many frames, so that long batches save work
# Of a line whose phase is steady beyond chance. The separation leaves such faint ones alone; but together
# they raise the level of a quiet band, and one that is now found and now missed, as it lies on a bin or
# between two, moves it.
LEAST_PROMINENCE_DB = 1.0
LINES_BESIDE = HIGHEST_LINE - HIGHEST_WIND  # Hz; so far above a band lines reach into it


@dataclass(frozen=True, eq=False)
class ToneFreeChannel:
    """One channel of a source, whose lines up to some frequency can be taken out.

    Attributes
    ----------
    transforms : Transforms
    clicks : ndarray of int, shape (clicks, 2)
        In the channel: the first sample of each and the first after it, at its own rate.
    high_power : ndarray of float32, shape (frames, high bands)
        The power above the wind's frequencies.
    source : SampleSource
        The channel at the rate of the frames.
    fourier : ShortTimeFourier
        The frames: at the lower rate of the wind, where that is enough, else at the full rate.
    coverage : Coverage
        What part of each is sound.
    lines : list of Line
        Those that are taken out.
    highest : float
        The highest frequency that is needed without lines, in Hz.
    """

    transforms: Transforms
    clicks: Ranges
    high_power: Float32Array
    source: SampleSource
    fourier: ShortTimeFourier
    coverage: Coverage
    lines: list[Line]
    highest: float

    @property
    def bins(self) -> int:
        """How many bins are given without lines."""
        last = int(self.highest * self.fourier.n_fft / self.source.sample_rate)
        return min(last + 1 + BINS_ABOVE, self.fourier.bins)

    def batches(self) -> Iterator[tuple[int, ComplexArray, ComplexArray]]:
        """Give all frames, some at a time.

        Yields
        ------
        first : int
            The number of the first of these frames.
        clean : ndarray of complex64, shape (frames, bins)
            Without the lines, up to the highest frequency that is needed, or a little more.
        spectra : ndarray of complex64, shape (frames, all bins)
            With them.
        """
        fourier = self.fourier
        frequencies = [line.frequency for line in self.lines]
        removal = line_removal(frequencies, self.source.sample_rate, self.coverage)
        size = BATCH_BYTES // (8 * fourier.bins)
        count = fourier.frame_count(self.source.frames)
        samples = SlidingRange.of(self.source)

        for first in range(0, count, size):
            begin, end = max(first - removal.context, 0), min(first + size + removal.context, count)
            spectra = fourier.transform(samples.take(*fourier.span(begin, end)))[0]
            core = slice(first - begin, min(first + size, count) - begin)
            yield first, removal.clean_frames(begin, spectra[:, : self.bins])[core], spectra[core]


def tone_free_channels(
    source: SampleSource, *, highest: float | None = None, remove_lines: bool = True
) -> list[ToneFreeChannel]:
    """The distinct channels of a source without their lines.

    Parameters
    ----------
    source : SampleSource
    highest : float, optional
        The highest frequency that is needed, in Hz; None for all. Lines above are left alone.
    remove_lines : bool, optional
        False leaves all lines alone.

    Returns
    -------
    list of ToneFreeChannel
    """
    transforms = Transforms.at(source.sample_rate)
    looked = survey(source, transforms.resampler.factor)
    reach = HIGHEST_LINE if highest is None else min(highest + LINES_BESIDE, HIGHEST_LINE)
    low = highest is not None and highest <= HIGHEST_WIND
    fourier = transforms.low if low else transforms.full
    free = []
    for channel in distinct_channels(source, looked, transforms):
        lines: list[Line] = []
        high_power: list[Float32Array] = []
        sections = channel.sections
        for heard in hear(channel.source, channel.number, channel.coverage, sections, transforms, around=0):
            lines += lines_of(heard, highest=reach, least_prominence=LEAST_PROMINENCE_DB)
            high_power.append(heard.high_power.astype(np.float32))
        within = [line for line in distinct_lines(lines) if line.frequency <= reach]
        free.append(
            ToneFreeChannel(
                transforms,
                channel.source.clicks,
                np.concatenate(high_power),
                LowBand(channel.source, transforms.resampler) if low else channel.source,
                fourier,
                channel.coverage if low else looked.coverage(channel.number, fourier, source.frames),
                within if remove_lines else [],
                source.sample_rate / 2 if highest is None else highest,
            )
        )
    return free
