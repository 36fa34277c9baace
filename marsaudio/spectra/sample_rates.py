"""The rates at which sound can be worked on, by separation as by comparison."""

from __future__ import annotations

from marsaudio.errors import ParameterError

# Below, ten milliseconds hold too few samples to tell whether anything sounds; above, a window of a third of
# a second has more samples than a model has use for.
SAMPLE_RATES = (300.0, 1e6)


def require_sample_rate(sample_rate: float) -> None:
    """Refuse rates at which no microphone records: a header that is wrong tells such.

    Raises
    ------
    ParameterError
        It is too low to hold wind, or too high.
    """
    lowest, highest = SAMPLE_RATES
    if not lowest <= sample_rate <= highest:
        raise ParameterError(
            f"A recording of {sample_rate:.9g} samples a second cannot be worked on: wind and rover are told "
            f"apart at {lowest:g} to {highest:,.0f} Hz. Its header may be wrong. In Python, "
            "Recording(recording.samples, rate) has another rate."
        )
