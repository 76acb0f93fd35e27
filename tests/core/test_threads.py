import os
import subprocess
import sys
import threading

import pytest

from sklearn_unlearn.core.threads import (
    CROSSOVER,
    controller,
    in_order,
    n_threads,
    one_blas_thread,
    suited_to,
)
from tests.observers import PATIENCE


@pytest.fixture
def _three_threads():
    with controller().limit(limits=3, user_api="blas"):
        yield


def blas_threads():
    return {
        library["num_threads"]
        for library in controller().info()
        if library["user_api"] == "blas"
    }


def test_the_controller_is_made_once():
    assert controller() is controller()


@pytest.mark.usefixtures("_three_threads")
def test_small_factors_have_one_thread():
    assert blas_threads() == {3}
    assert n_threads() == 3
    with suited_to(CROSSOVER - 1):
        assert blas_threads() == {1}
        assert n_threads() == 3  # that there are to go back to
        with suited_to(1):
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {3}


@pytest.mark.usefixtures("_three_threads")
def test_large_factors_have_all_threads():
    with suited_to(CROSSOVER):
        assert blas_threads() == {3}
    with one_blas_thread():
        assert blas_threads() == {1}
        with suited_to(CROSSOVER):
            assert blas_threads() == {3}
        assert blas_threads() == {1}
    assert blas_threads() == {3}


@pytest.mark.usefixtures("_three_threads")
def test_the_limit_is_lifted_after_an_error():
    with pytest.raises(KeyboardInterrupt), suited_to(1):
        raise KeyboardInterrupt
    assert blas_threads() == {3}


@pytest.mark.usefixtures("_three_threads")
def test_overlapping_requests_leave_no_limit_behind():
    entered, leave = threading.Event(), threading.Event()

    def second():
        with suited_to(1):
            entered.set()
            assert leave.wait(PATIENCE)

    with suited_to(1):
        other = threading.Thread(target=second)
        other.start()
        assert entered.wait(PATIENCE)
        assert blas_threads() == {1}
    leave.set()
    other.join(PATIENCE)
    assert not other.is_alive()
    assert blas_threads() == {3}


@pytest.mark.usefixtures("_three_threads")
def test_results_come_in_order_from_several_threads():
    seen = set()
    together, later = threading.Barrier(3), threading.Event()

    def first_last(item):
        seen.add(threading.get_ident())
        if item < 3:  # three threads are here at once
            together.wait(PATIENCE)
        if item == 0:  # the first result is the last to come
            assert later.wait(PATIENCE)
        elif item == 3:
            later.set()
        return item * item, blas_threads()

    results = list(in_order(first_last, range(20)))
    assert [square for square, _ in results] == [i * i for i in range(20)]
    assert all(threads == {1} for _, threads in results)
    assert len(seen) == 3
    assert blas_threads() == {3}


def test_one_thread_or_one_item_needs_no_pool():
    def identify(item):
        return threading.get_ident()

    here = threading.get_ident()
    with controller().limit(limits=1, user_api="blas"):
        assert set(in_order(identify, range(5))) == {here}
    with controller().limit(limits=3, user_api="blas"):
        assert set(in_order(identify, [0])) == {here}
        assert list(in_order(identify, [])) == []


@pytest.mark.usefixtures("_three_threads")
def test_items_are_not_read_far_ahead():
    read = []

    def items():
        for item in range(1000):
            read.append(item)
            yield item

    results = in_order(lambda item: item, items())
    assert next(results) == 0
    assert len(read) <= 8
    results.close()
    assert blas_threads() == {3}


@pytest.mark.usefixtures("_three_threads")
def test_an_error_in_a_thread_is_raised_here():
    def fail(item):
        if item == 5:
            raise MemoryError("item 5")
        return item

    with pytest.raises(MemoryError, match="item 5"):
        list(in_order(fail, range(10)))
    assert blas_threads() == {3}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_forked_child_has_threads_of_its_own():
    code = """
import os, sys
from sklearn_unlearn.core.threads import controller, in_order
controller().limit(limits=3)
squares = lambda: list(in_order(lambda item: item * item, range(9)))
assert squares() == [item * item for item in range(9)]
child = os.fork()
if child == 0:
    os._exit(0 if squares() == [item * item for item in range(9)] else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    run = [sys.executable, "-W", "ignore", "-c", code]
    assert subprocess.run(run, timeout=PATIENCE, check=False).returncode == 0
