"""All there is of a certified estimator, to show that nothing of it changed."""

import pickle

import numpy as np

from tests.cases import coefficients
from tests.linear_model.test_state import assert_unchanged, snapshot


class Frozen:
    """All there is of an estimator, to be compared with it later."""

    def __init__(self, estimator):
        self.estimator, self.fitted = estimator, estimator._fitted
        self.arrays = snapshot(estimator)
        self.pickled = pickle.dumps(estimator)
        self.released, self.certificate = estimator.release()
        self.record = estimator.private_record()

    def assert_as_it_was(self):
        estimator = self.estimator
        assert estimator._fitted is self.fitted
        assert_unchanged(estimator, self.arrays)
        released, certificate = estimator.release()
        np.testing.assert_array_equal(
            coefficients(released), coefficients(self.released)
        )
        assert certificate == self.certificate
        assert estimator.private_record() == self.record
        assert len(pickle.dumps(estimator)) == len(self.pickled)
