"""What time it is on Mars, against worked examples and what the mission itself wrote."""

import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import marsaudio as ma

UTC = datetime.UTC


def hours(text):
    hour, minute, second = text.split(":")
    return int(hour) + int(minute) / 60 + float(second) / 3600


def seconds_apart(found, stated):
    """Between two times of day, in local seconds, whichever side of midnight they are on."""
    return abs((found - hours(stated) + 12) % 24 - 12) * 3600


def test_the_worked_example_of_2000_at_the_prime_meridian():
    mars = ma.MarsTime("2000-01-06T00:00:00Z", longitude=0.0)
    assert mars.mars_sol_date == pytest.approx(44795.99976, abs=5e-6)
    assert seconds_apart(mars.coordinated_mars_time, "23:59:39") < 1
    assert mars.solar_longitude == pytest.approx(277.18758, abs=5e-5)
    assert mars.equation_of_time == pytest.approx(-5.18775, abs=5e-5)
    assert seconds_apart(mars.local_true_solar_time, "23:38:54") < 1


def test_the_worked_example_of_spirit_whose_longitude_is_counted_to_the_west():
    mars = ma.MarsTime("2004-01-03T13:46:31Z", longitude=360 - 184.702)
    assert mars.solar_longitude == pytest.approx(327.3242, abs=5e-4)
    assert seconds_apart(mars.local_mean_solar_time, "00:51:06") < 1
    assert seconds_apart(mars.local_true_solar_time, "00:00:00") < 1


@pytest.mark.parametrize(
    ("sol", "utc"),
    [
        (0, "2021-02-18T04:24:10"),
        (1, "2021-02-19T05:03:45"),
        (2, "2021-02-20T05:43:21"),
        (3, "2021-02-21T06:22:56"),
    ],
)
def test_the_first_sols_begin_when_they_did(sol, utc):
    began = ma.MarsTime.from_local(sol=sol, hours=0.0).utc
    assert abs((began - datetime.datetime.fromisoformat(utc).replace(tzinfo=UTC)).total_seconds()) < 1


@pytest.mark.parametrize(
    ("utc", "sol", "mean"),
    [
        ("2021-02-18T20:55:00Z", 0, "16:04:19"),
        ("2021-02-18T20:43:48Z", 0, "15:53:25"),
        ("2021-02-20T00:00:00Z", 1, "18:25:50"),
        ("2021-02-20T12:00:00Z", 2, "06:06:34"),
        ("2021-02-21T00:00:00Z", 2, "17:47:18"),
    ],
)
def test_the_days_of_the_landing_and_of_the_first_sounds(utc, sol, mean):
    mars = ma.MarsTime(utc)
    assert mars.sol == sol
    assert seconds_apart(mars.local_mean_solar_time, mean) < 1


def test_the_sun_at_touchdown():
    mars = ma.MarsTime("2021-02-18T20:43:48Z")
    assert seconds_apart(mars.local_true_solar_time, "15:15:30") < 1
    assert ma.MarsTime("2021-02-18T20:55:00Z").solar_longitude == pytest.approx(5.649, abs=5e-4)


@pytest.mark.parametrize(
    ("utc", "label"),
    [  # of images of the left navigation camera and others, as published with them
        ("2021-06-01T14:14:37.984", "Sol-00100M15:26:09.623"),
        ("2022-11-27T01:08:36.002", "Sol-00629M13:21:49.137"),
        ("2025-04-23T16:40:44.575", "Sol-01484M16:41:15.133"),
        ("2025-10-07T02:08:38", "Sol-01646M15:18:15"),
    ],
)
def test_local_times_of_the_missions_own_labels_are_met_within_seven_seconds(utc, label):
    mars = ma.MarsTime(utc)
    behind = (mars.utc - ma.MarsTime.from_local(label).utc).total_seconds()
    assert 5 < behind < 7  # the mission's clock is a little behind: the class says so
    assert str(mars).startswith(label[:10])


def test_true_solar_time_and_season_are_those_of_a_label():
    mars = ma.MarsTime("2022-11-27T01:08:36.002Z")
    assert seconds_apart(mars.local_true_solar_time, "12:33:33") < 2
    assert mars.solar_longitude == pytest.approx(344.968, abs=1e-3)


@given(
    sol=st.integers(-17000, 20000),
    hour=st.floats(0, 24, exclude_max=True),
    longitude=st.floats(-180, 360),
)
def test_local_time_to_utc_and_back_is_the_same(sol, hour, longitude):
    mars = ma.MarsTime.from_local(sol=sol, hours=hour, longitude=longitude)
    days = mars.sol + mars.local_mean_solar_time / 24
    assert days == pytest.approx(sol + hour / 24, abs=2e-8)  # two thousandths of a second


@given(st.datetimes(datetime.datetime(1972, 1, 2), datetime.datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_its_text_leads_back_to_the_moment(utc):
    mars = ma.MarsTime(utc)
    if mars.sol >= 0:
        again = ma.MarsTime.from_local(str(mars)).utc
        assert abs((again - utc).total_seconds()) < 0.002


@given(
    st.datetimes(datetime.datetime(1973, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.floats(0, 1e6),
)
def test_later_moments_are_later_by_so_many_seconds_on_mars(utc, seconds):
    mars = ma.MarsTime(utc)
    later = mars.after(seconds)
    assume(later.utc.time() != datetime.time())  # it may stand for all of the leap second before it
    assert (later.mars_sol_date - mars.mars_sol_date) * 88775.244 == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("within", [0.0, 0.5, 0.999, 1.0])
def test_within_a_leap_second_it_is_the_end_of_it(within):
    before = ma.MarsTime("1998-12-31T23:59:00Z")
    assert before.after(60 + within).utc == datetime.datetime(1999, 1, 1, tzinfo=UTC)
    assert before.after(62.5).utc == datetime.datetime(1999, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)


@given(sol=st.integers(0, 20000), second=st.integers(0, 86399), thousandth=st.integers(0, 999))
def test_a_local_time_is_told_as_it_was_given(sol, second, thousandth):
    hours = (second + thousandth / 1000) / 3600
    mars = ma.MarsTime.from_local(sol=sol, hours=hours)
    text = f"Sol-{sol:05d}M{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{thousandth:03d}"
    assert str(mars) == text
    assert str(ma.MarsTime.from_local(text)) == text
    assert mars.sol == sol


def test_a_leap_second_counts():
    before = ma.MarsTime("2016-12-31T23:59:59Z")
    assert before.after(2.0).utc == datetime.datetime(2017, 1, 1, tzinfo=UTC)
    assert (ma.MarsTime("2017-01-01T00:00:00Z").mars_sol_date - before.mars_sol_date) * 88775.244 == (
        pytest.approx(2.0, abs=0.01)
    )


def test_a_time_of_another_zone_is_the_same_moment():
    assert ma.MarsTime("2021-02-20T13:00:00+01:00") == ma.MarsTime("2021-02-20T12:00:00")
    east = datetime.datetime(2021, 2, 20, 13, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    assert ma.MarsTime(east) == ma.MarsTime("2021-02-20T12:00:00Z")


def test_east_by_fifteen_degrees_is_an_hour_later():
    here, there = ma.MarsTime("2021-02-20T12:00:00Z"), ma.MarsTime("2021-02-20T12:00:00Z", longitude=92.45088)
    assert there.local_mean_solar_time - here.local_mean_solar_time == pytest.approx(1.0)


def test_times_are_ordered_wherever_on_mars():
    early, late = ma.MarsTime("2021-02-20T12:00:00Z", longitude=137.4), ma.MarsTime("2021-02-20T12:00:01Z")
    assert sorted([late, early]) == [early, late]
    assert late > early


def test_it_says_what_it_is():
    assert repr(ma.MarsTime("2021-02-20T12:00:00Z")) == (
        "<marsaudio.MarsTime: sol 2, 06:06:34 local mean solar time, 2021-02-20 12:00:00 UTC>"
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ma.MarsTime("noon"), "'noon' cannot be read as a time"),
        (lambda: ma.MarsTime(datetime.datetime(2021, 2, 20)), "has no time zone"),
        (lambda: ma.MarsTime(1613822400), "must be a datetime or text"),
        (lambda: ma.MarsTime("1969-07-20T20:17:40Z"), "is before 1972"),
        (lambda: ma.MarsTime("0001-01-01T00:00:00+23:00"), "beyond the years"),
        (lambda: ma.MarsTime("2021-02-20T12:00:00Z", longitude=1000), "from -180 to 360"),
        (lambda: ma.MarsTime("2021-02-20T12:00:00Z", longitude="77 E"), "from -180 to 360"),
        (lambda: ma.MarsTime.from_local("1125M10:31:04"), "no local mean solar time"),
        (lambda: ma.MarsTime.from_local("Sol-01125M24:31:04"), "no local mean solar time"),
        (lambda: ma.MarsTime.from_local("Sol-01125M10:61:04"), "no local mean solar time"),
        (lambda: ma.MarsTime.from_local(), "Give a local time as text"),
        (lambda: ma.MarsTime.from_local(sol=3), "Give a local time as text"),
        (lambda: ma.MarsTime.from_local("Sol-01125M10:31:04", sol=3, hours=1.0), "Give a local time as text"),
        (lambda: ma.MarsTime.from_local(sol=2.5, hours=1.0), "whole number of sols"),
        (lambda: ma.MarsTime.from_local(sol=2, hours=24.0), "from 0 up to 24"),
        (lambda: ma.MarsTime.from_local(sol=10**7, hours=1.0), "beyond the years"),
        (lambda: ma.MarsTime.from_local(sol=-30000, hours=1.0), "is before 1972"),
    ],
)
def test_what_is_no_time_is_refused_with_one_that_is(make, says):
    with pytest.raises(ma.ParameterError, match=says):
        make()
