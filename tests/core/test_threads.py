import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import permutations, product
from types import SimpleNamespace

import pytest

from sklearn_unlearn.core import threads
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
    assert all(number == {1} for _, number in results)
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


# Overlapping users -------------------------------------------------------------------


class FakeController:
    """Two libraries, of 3 and 5 threads, with threadpoolctl's two ways of limiting.

    Up to its version 3.7 any thread may change the numbers; later only the one that
    did so first, until it has left its limit.
    """

    def __init__(self, owned):
        self.owned, self.owner = owned, None
        self.lib_controllers = [SimpleNamespace(num_threads=n) for n in (3, 5)]

    def now(self):
        return [library.num_threads for library in self.lib_controllers]

    def _set(self, numbers):
        if self.owner is None:
            self.owner = threading.get_ident()
        if not self.owned or self.owner == threading.get_ident():
            for library, number in zip(self.lib_controllers, numbers, strict=True):
                library.num_threads = number

    @contextmanager
    def limit(self, *, limits):
        before = self.now()
        self._set([limits, limits])
        try:
            yield
        finally:
            self._set(before)
            if self.owner == threading.get_ident():
                self.owner = None


STEP, LARGE = one_blas_thread, lambda: suited_to(CROSSOVER)
#: What a user enters, one inside the other: a step, a factor, a fit with its factor.
USERS = ([STEP], [LARGE], [STEP, LARGE])


@pytest.mark.parametrize("owned", [False, True])
@pytest.mark.parametrize("users", product(USERS, USERS))
def test_whatever_overlaps_no_limit_is_left_behind(monkeypatch, users, owned):
    fake = FakeController(owned)
    monkeypatch.setattr(threads, "controller", lambda: fake)
    n_steps = [2 * len(user) for user in users]
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        for order in set(permutations([0] * n_steps[0] + [1] * n_steps[1])):
            left = [list(user) for user in users]
            inside = [[], []]
            for who in order:
                actor = (one, two)[who]
                if left[who]:
                    inside[who].append(left[who].pop(0)())
                    step = actor.submit(inside[who][-1].__enter__)
                else:
                    step = actor.submit(inside[who].pop().__exit__, None, None, None)
                step.result(PATIENCE)
                if not any(inside):
                    assert fake.now() == [3, 5], order
                assert n_threads() == 5


# Forks -------------------------------------------------------------------------------


def assert_child_succeeds(code):
    """Run code whose function ``child`` must return True in a forked child."""
    code += """
import os, signal, sys
pid = os.fork()
if pid == 0:
    signal.alarm(300)
    try:
        os._exit(0 if child() else 1)
    finally:
        os._exit(2)
status = os.waitpid(pid, 0)[1]
done.set()
sys.exit(os.waitstatus_to_exitcode(status))
"""
    run = [sys.executable, "-W", "ignore", "-c", code]
    assert subprocess.run(run, timeout=2 * PATIENCE, check=False).returncode == 0


needs_fork = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="the platform has no fork"
)


@needs_fork
def test_a_forked_child_has_threads_of_its_own():
    assert_child_succeeds("""
import threading
from sklearn_unlearn.core.threads import controller, in_order
done = threading.Event()
controller().limit(limits=3)
def child():
    return list(in_order(lambda item: item * item, range(9))) == expected
expected = [item * item for item in range(9)]
assert child()
""")


@needs_fork
def test_a_forked_child_has_no_limit_of_another_thread():
    assert_child_succeeds("""
import threading
from sklearn_unlearn.core.threads import controller, one_blas_thread
inside, done = threading.Event(), threading.Event()
def now():
    return {library.num_threads for library in controller().lib_controllers}
def limit():
    controller().limit(limits=3)
    with one_blas_thread():
        inside.set()
        done.wait()
def child():
    before = now()
    with one_blas_thread():
        return (before, now()) == ({3}, {1})
threading.Thread(target=limit).start()
inside.wait()
""")


@needs_fork
def test_a_child_forked_inside_a_limit_goes_on_inside_it():
    assert_child_succeeds("""
import threading
from sklearn_unlearn.core.threads import controller, one_blas_thread
done = threading.Event()
def now():
    return {library.num_threads for library in controller().lib_controllers}
controller().limit(limits=3)
limit = one_blas_thread()
limit.__enter__()
def child():
    inside = now()
    limit.__exit__(None, None, None)
    return (inside, now()) == ({1}, {3})
""")


@needs_fork
@pytest.mark.parametrize("request_", ["fit(X, y)", "partial_unfit(X[:1], y[:1])"])
def test_a_child_forked_during_a_request_has_an_estimator_it_can_use(request_):
    assert_child_succeeds(f"""
import threading
from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.core.linear.data_checksum import Tally
X, y = [[1.0], [2.0], [4.0], [7.0]], [1.0, 2.0, 2.0, 5.0]
model = UnlearnableRidge().fit(X, y)
inside, done = threading.Event(), threading.Event()
of = Tally.of
def wait(*args):
    inside.set()
    done.wait()
    return of(*args)
Tally.of = staticmethod(wait)
def child():
    Tally.of = staticmethod(of)
    return model.partial_unfit(X[:1], y[:1]).fit(X, y) is model
threading.Thread(target=lambda: model.{request_}).start()
inside.wait()
""")
