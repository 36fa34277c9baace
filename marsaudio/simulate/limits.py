"""What the simulator's parameters may be, and the random generators that its parts draw from."""

from __future__ import annotations

import numpy as np

from marsaudio.errors import ParameterError

RandomState = int | np.random.Generator | None


def check_range(name: str, value: float, low: float, high: float, unit: str, advice: str = "") -> float:
    """Give `value` as a float, refusing what is no number from `low` to `high`.

    Raises
    ------
    ParameterError
        Naming the value, the range and what to do.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not low <= number <= high:  # so that NaN is refused too
        quantity = f" {unit}" if unit else ""
        raise ParameterError(
            f"{name}={value!r} must be a number from {low:g} to {high:g}{quantity}. "
            f"{advice or 'Choose one in that range.'}"
        )
    return number


def check_whole(name: str, value: float, low: int, high: int, unit: str, advice: str = "") -> int:
    """Give `value` as an int, refusing what is no whole number from `low` to `high`."""
    number = check_range(name, value, low, high, unit, advice)
    if not number.is_integer():
        raise ParameterError(f"{name}={value!r} must be a whole number of {unit}. Round it.")
    return int(number)


def check_level(name: str, value: float | None, low: float, high: float, unit: str) -> float | None:
    """Give a level as a float, or None for a part that is switched off."""
    if value is None:
        return None
    return check_range(name, value, low, high, unit, "Give None to leave this part out.")


def choose_seed(rng: RandomState) -> int:
    """The seed that `rng` stands for: itself, one drawn from it, or a fresh one for None.

    Drawing a seed, rather than using a generator as it is, lets a scene write down what makes it again.
    """
    if rng is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return int(rng)
    raise ParameterError(
        f"rng={rng!r} must be a whole number of at least 0, a numpy.random.Generator, or None. "
        "Give a number to get the same noise each time."
    )


def make_generator(rng: RandomState) -> np.random.Generator:
    """The generator itself, or one made from the seed that `rng` is, or from a fresh one."""
    return rng if isinstance(rng, np.random.Generator) else np.random.default_rng(choose_seed(rng))


def spawn_generators(rng: RandomState, count: int) -> list[np.random.Generator]:
    """Make `count` independent generators, so that no part's draws move another part's."""
    children = np.random.SeedSequence(choose_seed(rng)).spawn(count)
    return [np.random.default_rng(child) for child in children]


def frames_of(duration: float, sample_rate: int) -> int:
    """How many samples `duration` seconds have, to the nearest."""
    return round(duration * sample_rate)


def check_duration(duration: float) -> float:
    """Give a duration in seconds, from one second (so that 20 Hz is resolved) to one hour."""
    return check_range("duration", duration, 1.0, 3600.0, "s")


def check_sample_rate(sample_rate: float) -> int:
    """Give a sample rate in Hz, refusing what a FLAC file cannot hold."""
    rate = check_whole("sample_rate", sample_rate, 8000, 192_000, "Hz")
    if rate > 65_535 and rate % 10:
        raise ParameterError(
            f"sample_rate={rate} must be a multiple of 10 Hz, as all rates above 65535 Hz in FLAC files are. "
            "Round it."
        )
    return rate
