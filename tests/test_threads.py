"""Work on threads: in order, with the errors of each piece, and the same bits on any number of them."""

import threading

import numpy as np
import pytest

import marsaudio as ma
from marsaudio.separation import run
from marsaudio.spectra.threads import in_order, on_this_thread, threads


def test_results_come_in_the_order_of_the_items_whatever_is_done_first():
    first_may_end = threading.Event()

    def work(item):
        if item == 0:
            first_may_end.wait(5)
        else:
            first_may_end.set()
        return item * item

    with threads() as pool:
        assert list(in_order(pool, work, range(20))) == [item * item for item in range(20)]


def test_no_more_items_are_drawn_than_are_in_work():
    drawn = []

    def items():
        for item in range(100):
            drawn.append(item)
            yield item

    with threads() as pool:
        results = in_order(pool, abs, items(), ahead=2)
        next(results)
        assert len(drawn) == 3


def test_an_error_in_a_piece_is_raised_and_what_is_left_is_not_begun():
    done = []

    def work(item):
        done.append(item)
        if item == 3:
            raise ma.ParameterError("This piece is bad.")
        return item

    with pytest.raises(ma.ParameterError, match="This piece is bad"), threads() as pool:
        list(in_order(pool, work, range(1000)))
    assert max(done) < 10


@pytest.mark.parametrize("count", [1, 2, 5])
def test_stems_are_the_same_bits_on_any_number_of_threads(count, monkeypatch):
    scene = ma.simulate_scene(130, sample_rate=8000, rng=5)  # several batches of frames
    expected = ma.separate(scene.recording).wind.samples
    monkeypatch.setattr(run, "threads", lambda _=0: threads(count))
    assert np.array_equal(ma.separate(scene.recording).wind.samples, expected)


def test_all_work_can_stay_on_the_calling_thread_with_the_same_bits():
    scene = ma.simulate_scene(130, sample_rate=8000, rng=5)
    expected = ma.separate(scene.recording).wind.samples
    with on_this_thread():
        with threads() as pool:
            assert (
                list(in_order(pool, lambda _: threading.get_ident(), range(3))) == [threading.get_ident()] * 3
            )
        assert np.array_equal(ma.separate(scene.recording).wind.samples, expected)
    with threads() as pool:
        assert threading.get_ident() not in in_order(pool, lambda _: threading.get_ident(), range(3))


def test_an_error_on_the_calling_thread_is_raised_where_its_result_is_asked_for():
    def work(item):
        raise ma.ParameterError("This piece is bad.")

    with on_this_thread(), pytest.raises(ma.ParameterError, match="This piece is bad"), threads() as pool:
        list(in_order(pool, work, range(3)))
