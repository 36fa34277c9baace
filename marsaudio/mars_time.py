"""The time of day on Mars: sols, local mean and true solar time, and the season.

Source: M. Allison and M. McEwen, "A post-Pathfinder evaluation of areocentric solar coordinates with improved
timing recipes for Mars seasonal/diurnal climate studies", Planet. Space Sci. 48 (2000) 215-235,
doi:10.1016/S0032-0633(99)00092-6, with the constants of NASA GISS's page of the Mars24 algorithm.
"""

from __future__ import annotations

import datetime
import math
import numbers
import re
from bisect import bisect_right
from dataclasses import dataclass

from marsaudio.errors import ParameterError

PERSEVERANCE_LONGITUDE = 77.45088  # degrees east; where it landed, which the mission's clock stays with
SOL_SECONDS = 88775.244  # a mean solar day of Mars
_DAYS_IN_SOL = 1.0274912517
_SOL_OF_LANDING = 52304  # the Mars sol date, at the landing site, that sol 0 of the mission began with
_J2000 = datetime.datetime(2000, 1, 1, 12, tzinfo=datetime.UTC)
_TT_MINUS_TAI = 32.184  # s
# TAI - UTC, in s, from the beginning of each of these days: IERS Bulletin C. Since 2017 it has not changed.
_LEAP_SECONDS = (
    ("1972-01-01", 10), ("1972-07-01", 11), ("1973-01-01", 12), ("1974-01-01", 13), ("1975-01-01", 14),
    ("1976-01-01", 15), ("1977-01-01", 16), ("1978-01-01", 17), ("1979-01-01", 18), ("1980-01-01", 19),
    ("1981-07-01", 20), ("1982-07-01", 21), ("1983-07-01", 22), ("1985-07-01", 23), ("1988-01-01", 24),
    ("1990-01-01", 25), ("1991-01-01", 26), ("1992-07-01", 27), ("1993-07-01", 28), ("1994-07-01", 29),
    ("1996-01-01", 30), ("1997-07-01", 31), ("1999-01-01", 32), ("2006-01-01", 33), ("2009-01-01", 34),
    ("2012-07-01", 35), ("2015-07-01", 36), ("2017-01-01", 37),
)  # fmt: skip
# Perturbations by the planets: amplitude in degrees, period in Julian years, phase in degrees.
_PERTURBERS = (
    (0.0071, 2.2353, 49.409),
    (0.0057, 2.7543, 168.173),
    (0.0039, 1.1177, 191.837),
    (0.0037, 15.7866, 21.736),
    (0.0021, 2.1354, 15.704),
    (0.0020, 2.4694, 95.528),
    (0.0018, 32.8493, 49.095),
)
_AS_IN_LABELS = re.compile(r"Sol-(\d{1,9})M(\d{1,2}):(\d{2}):(\d{2}(?:\.\d{1,9})?)", re.ASCII)


@dataclass(frozen=True)
class MarsTime:
    """A moment, and what the sun says it is at some place on Mars.

    Parameters
    ----------
    utc : datetime.datetime or str
        With its time zone, or as text in ISO 8601, which is UTC where it names no other zone. Kept in UTC.
    longitude : float, optional
        Of the place, in degrees east. By default that of Perseverance's landing site, at which the mission's
        sols and local times are counted wherever the rover is.

    Raises
    ------
    ParameterError
        The time has no zone, is before 1972 or cannot be read; or the longitude is not one.

    Notes
    -----
    Local times follow from the longitude alone. The mean solar time that the mission writes into its labels
    is a clock of its own: in four published pairs of UTC and local time, of sols 100 to 1646, it is 5 to 7 s
    behind what is found here. True solar time and season agree with a label to a second and to 0.001 degrees.

    Examples
    --------
    >>> import marsaudio as ma
    >>> noon = ma.MarsTime("2021-02-20T12:00:00Z")
    >>> noon
    <marsaudio.MarsTime: sol 2, 06:06:34 local mean solar time, 2021-02-20 12:00:00 UTC>
    >>> noon.sol, round(noon.solar_longitude, 2)
    (2, 6.45)
    >>> ma.MarsTime.from_local("Sol-01125M10:31:04.307").utc.isoformat(timespec="seconds")
    '2024-04-19T13:28:25+00:00'
    """

    utc: datetime.datetime
    longitude: float = PERSEVERANCE_LONGITUDE

    def __init__(self, utc: datetime.datetime | str, *, longitude: float = PERSEVERANCE_LONGITUDE) -> None:
        object.__setattr__(self, "utc", _in_utc(utc))
        object.__setattr__(self, "longitude", _validated_longitude(longitude))

    @classmethod
    def from_local(
        cls, text: str | None = None, *, sol: int | None = None, hours: float | None = None,
        longitude: float = PERSEVERANCE_LONGITUDE,
    ) -> MarsTime:  # fmt: skip
        """The moment of a sol and a local mean solar time.

        Parameters
        ----------
        text : str, optional
            As labels write it: ``"Sol-01125M10:31:04.307"``.
        sol : int, optional
            Instead of the text, together with `hours`.
        hours : float, optional
            Since the sol's local midnight, of which it has 24.
        longitude : float, optional
            Of the place, in degrees east.

        Returns
        -------
        MarsTime
            To some microseconds, and never before.

        Raises
        ------
        ParameterError
            The text is no such time, or not exactly one of the two forms was given.

        Examples
        --------
        >>> import marsaudio as ma
        >>> ma.MarsTime.from_local(sol=2, hours=12.0)
        <marsaudio.MarsTime: sol 2, 12:00:00 local mean solar time, 2021-02-20 18:03:08 UTC>
        """
        if (text is None) == (sol is None) or (sol is None) != (hours is None):
            raise ParameterError(
                "Give a local time as text, such as 'Sol-01125M10:31:04.307', or both sol=1125 and "
                "hours=10.5."
            )
        days = _days_from_text(text) if text is not None else _days_from_numbers(sol, hours)
        longitude = _validated_longitude(longitude)
        try:
            found = _utc_of(days + _SOL_OF_LANDING - longitude / 360)
            # Rounded up: so it is never the sol, or the second, before.
            return cls(found + datetime.timedelta(microseconds=2), longitude=longitude)
        except OverflowError:
            raise ParameterError(f"sol={days:.0f} is beyond the years that a date can have.") from None

    def __lt__(self, other: MarsTime) -> bool:
        """Whether it is earlier, wherever on Mars."""
        return self.utc < other.utc if isinstance(other, MarsTime) else NotImplemented

    def after(self, seconds: float) -> MarsTime:
        """The moment so many seconds later, at the same place.

        Within a leap second, which a date cannot have, it is the end of that second.

        Examples
        --------
        >>> import marsaudio as ma
        >>> ma.MarsTime("2021-02-20T12:00:00Z").after(88775.244).sol
        3
        """
        # Through the even time of the atomic clocks, so that a leap second counts.
        return MarsTime(_utc_after_j2000(_tt_after_j2000(self.utc) + seconds), longitude=self.longitude)

    @property
    def mars_sol_date(self) -> float:
        """Sols since a midnight at Mars's prime meridian on 29 December 1873, as Allison and McEwen count."""
        return (_tt_after_j2000(self.utc) / 86400 - 4.5) / _DAYS_IN_SOL + 44796.0 - 0.0009626

    @property
    def coordinated_mars_time(self) -> float:
        """The mean solar time at Mars's prime meridian, in hours of a sol from 0 to 24."""
        return self.mars_sol_date % 1 * 24

    @property
    def sol(self) -> int:
        """The local day; that of Perseverance's landing is sol 0."""
        return math.floor(self.mars_sol_date + self.longitude / 360) - _SOL_OF_LANDING

    @property
    def local_mean_solar_time(self) -> float:
        """In hours of a sol from 0 to 24: what a clock there shows."""
        return (self.mars_sol_date + self.longitude / 360) % 1 * 24

    @property
    def local_true_solar_time(self) -> float:
        """In hours of a sol from 0 to 24: at 12 the sun stands highest."""
        return (self.local_mean_solar_time + self.equation_of_time / 15) % 24

    @property
    def equation_of_time(self) -> float:
        """How far true solar time is ahead of the mean, in degrees, of which 15 are an hour."""
        beyond_mean, longitude = self._sun()
        season = math.radians(longitude)
        return (
            2.861 * math.sin(2 * season) - 0.071 * math.sin(4 * season) + 0.002 * math.sin(6 * season)
        ) - beyond_mean

    @property
    def solar_longitude(self) -> float:
        """L_s, Mars's season, in degrees: 0 where the northern spring begins, and 90 the summer."""
        return self._sun()[1] % 360

    def _sun(self) -> tuple[float, float]:
        """How far Mars is ahead of an even motion on its orbit, and the areocentric longitude of the sun."""
        days = _tt_after_j2000(self.utc) / 86400
        mean_anomaly = math.radians(19.3871 + 0.52402073 * days)
        fictitious_mean_sun = 270.3871 + 0.524038496 * days
        perturbation = sum(
            amplitude * math.cos(math.radians(0.985626 * days / period + phase))
            for amplitude, period, phase in _PERTURBERS
        )
        beyond_mean = (
            (10.691 + 3e-7 * days) * math.sin(mean_anomaly)
            + 0.623 * math.sin(2 * mean_anomaly)
            + 0.050 * math.sin(3 * mean_anomaly)
            + 0.005 * math.sin(4 * mean_anomaly)
            + 0.0005 * math.sin(5 * mean_anomaly)
            + perturbation
        )
        return beyond_mean, fictitious_mean_sun + beyond_mean

    def __str__(self) -> str:
        """As labels write it: ``Sol-01125M10:31:04.307``."""
        local = self.local_mean_solar_time
        return f"Sol-{self.sol:05d}M{clock(local)}.{math.floor(local * 3.6e6) % 1000:03d}"

    def __repr__(self) -> str:
        return (
            f"<marsaudio.MarsTime: sol {self.sol}, {clock(self.local_mean_solar_time)} local mean solar "
            f"time, {self.utc:%Y-%m-%d %H:%M:%S} UTC>"
        )


def clock(hours: float) -> str:
    """Hours as a clock shows them, to the second: ``10:31:04``."""
    seconds = math.floor(hours * 3600)
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _in_utc(time: datetime.datetime | str) -> datetime.datetime:
    if isinstance(time, str):
        try:
            moment = datetime.datetime.fromisoformat(time.strip())
        except ValueError:
            raise ParameterError(
                f"utc={time!r} cannot be read as a time. Write it as 2021-02-20T12:00:00Z."
            ) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    elif not isinstance(time, datetime.datetime):
        raise ParameterError(f"utc={time!r} must be a datetime or text such as '2021-02-20T12:00:00Z'.")
    elif time.utcoffset() is None:
        raise ParameterError(
            f"utc={time.isoformat()!r} has no time zone. Give it one, with tzinfo=datetime.timezone.utc."
        )
    else:
        moment = time
    try:
        moment = moment.astimezone(datetime.UTC)
    except OverflowError:
        raise ParameterError(f"utc={time!r} is beyond the years that a date can have.") from None
    if moment < _STARTS[0]:
        raise ParameterError(
            f"utc={moment.isoformat()!r} is before 1972, when UTC began to be counted in whole seconds."
        )
    return moment


def _validated_longitude(longitude: float) -> float:
    if not _is_number(longitude) or not -180 <= float(longitude) <= 360:
        raise ParameterError(
            f"longitude={longitude!r} must be a number of degrees east, from -180 to 360. For one that is "
            "counted to the west, give its negative."
        )
    return float(longitude)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)


def _days_from_numbers(sol: object, hours: object) -> float:
    """Sols since the midnight before the landing."""
    if isinstance(sol, bool) or not isinstance(sol, numbers.Integral):
        raise ParameterError(f"sol={sol!r} must be a whole number of sols since the landing.")
    if not isinstance(hours, numbers.Real) or not _is_number(hours) or not 0 <= float(hours) < 24:
        raise ParameterError(
            f"hours={hours!r} must be a number from 0 up to 24, the hours since midnight on Mars."
        )
    return int(sol) + float(hours) / 24


def _days_from_text(text: str) -> float:
    match = _AS_IN_LABELS.fullmatch(text.strip()) if isinstance(text, str) else None
    if match:
        sol, hours, minutes, seconds = match.groups()
        if int(hours) < 24 and int(minutes) < 60 and float(seconds) < 60:
            return int(sol) + (int(hours) + int(minutes) / 60 + float(seconds) / 3600) / 24
    raise ParameterError(
        f"{text!r} is no local mean solar time. Write it as labels do: Sol-01125M10:31:04.307, with "
        "24 hours to the sol."
    )


_STARTS = [datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00") for day, _ in _LEAP_SECONDS]
_AHEAD = [seconds for _, seconds in _LEAP_SECONDS]


def _tt_after_j2000(utc: datetime.datetime) -> float:
    """Seconds of Terrestrial Time from 2000-01-01T12:00:00 TT."""
    ahead = _AHEAD[bisect_right(_STARTS, utc) - 1]
    return (utc - _J2000).total_seconds() + ahead + _TT_MINUS_TAI


def _utc_after_j2000(tt: float) -> datetime.datetime:
    """The other way round; within a leap second, which a date cannot have, the end of it."""
    tai = tt - _TT_MINUS_TAI
    later = [(start - _J2000).total_seconds() + ahead for start, ahead in zip(_STARTS, _AHEAD, strict=True)]
    number = max(bisect_right(later, tai) - 1, 0)
    found = _J2000 + datetime.timedelta(seconds=tai - _AHEAD[number])
    return min([found, *_STARTS[number + 1 : number + 2]])


def _utc_of(sol_date: float) -> datetime.datetime:
    days = (sol_date - 44796.0 + 0.0009626) * _DAYS_IN_SOL + 4.5
    return _utc_after_j2000(days * 86400)
