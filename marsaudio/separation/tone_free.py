"""A recording without the rover's lines, and all else left as it is: what wind events are looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from marsaudio.separation.frames import OneChannel, Transforms
from marsaudio.separation.lines import distinct_lines
from marsaudio.separation.readings import line_removal, listen
from marsaudio.separation.survey import Coverage, survey
from marsaudio.spectra.stft import OneChannelOf, Samples, SampleSource


@dataclass(frozen=True, eq=False)
class ToneFreeChannel(OneChannelOf):
    """One channel of a source with its lines subtracted, as a source."""

    coverage: Coverage
    line_frequencies: list[float]

    def blocks(self) -> Iterator[Samples]:
        """Give the samples without the lines."""
        removal = line_removal(self.line_frequencies, self.sample_rate, self.coverage)
        fourier = self.coverage.fourier
        return fourier.inverse(removal.clean(fourier.batches(self.source)), self.frames)


def tone_free_channels(
    source: SampleSource, line_frequencies: list[list[float]] | None = None
) -> list[ToneFreeChannel]:
    """The distinct channels of a source without their lines, which are found where they are not given."""
    transforms = Transforms.at(source.sample_rate)
    looked = survey(source, transforms.resampler.factor)
    channels = []
    for number in range(1 if looked.equal_channels else source.channels):
        if line_frequencies is None:
            heard = listen(source, looked, number, transforms)
            lines = distinct_lines(line for section in heard.sections for line in section.lines)
            frequencies = [line.frequency for line in lines]
        else:
            frequencies = line_frequencies[number]
        one = OneChannel(source, number, looked.offset(number))
        channels.append(
            ToneFreeChannel(one, looked.coverage(number, transforms.full, source.frames), frequencies)
        )
    return channels
