"""Threads that look at an estimator over and over while a test changes it."""

import threading

import pytest

#: Seconds after which a thread that has not been heard of is given up.
PATIENCE = 300.0


class Observers:
    """Threads that call ``observe`` without pause inside a ``with`` statement.

    They run freely, so that they observe in the middle of changes too; what they surely
    see is settled by `look`, not by the scheduler.
    """

    def __init__(self, observe, n_threads=2):
        self._observe = observe
        self._changed = threading.Condition()
        self._round, self._stop = 0, False
        self._seen = [-1] * n_threads  # the round in which the last observation began
        self._latest = [None] * n_threads
        self._errors = []
        self._threads = [
            threading.Thread(target=self._run, args=(place,), daemon=True)
            for place in range(n_threads)
        ]

    def _run(self, place):
        while not self._stop:
            begun = self._round
            try:
                seen = self._observe()
            except BaseException as error:  # raised again where the test waits
                with self._changed:
                    self._errors.append(error)
                    self._changed.notify_all()
                return
            with self._changed:
                self._seen[place], self._latest[place] = begun, seen
                self._changed.notify_all()

    def look(self):
        """What each thread sees in an observation that begins after this call."""
        with self._changed:
            self._round += 1
            heard = self._changed.wait_for(
                lambda: self._errors or min(self._seen) >= self._round, PATIENCE
            )
            if self._errors:
                raise self._errors[0]
            if not heard:
                pytest.fail(f"An observer has not been heard of for {PATIENCE:g} s.")
            return list(self._latest)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop = True
        for thread in self._threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                pytest.fail(f"An observer has not ended within {PATIENCE:g} s.")
        if self._errors:
            raise self._errors[0]
