"""What tests of several parts ask for."""

import pytest

from sklearn_unlearn.core import threads


@pytest.fixture
def _blas_limit():
    """Lift a limit whose very release was interrupted."""
    n_threads = threads.n_threads()
    yield
    threads._Limit.holder, threads._Limit.before = None, []
    if threads._Limit.taken.locked():
        threads._Limit.taken.release()
    threads.controller().limit(limits=n_threads)
