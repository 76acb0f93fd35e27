import pytest

from sklearn_unlearn.core.threads import controller


@pytest.fixture(autouse=True, scope="module")
def _one_blas_thread():
    """Small matrices: several threads of BLAS only wait for one another."""
    with controller().limit(limits=1, user_api="blas"):
        yield
