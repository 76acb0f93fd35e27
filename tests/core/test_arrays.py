import numpy as np

from sklearn_unlearn.core.arrays import powers_of_two


def test_powers_of_two():
    values = np.array([0.3, 1.0, 1.5, 2.0, 1e300, 2.0**-1070])
    found = powers_of_two(values)
    assert np.all((values <= found) & (found < 2.0 * values))
    np.testing.assert_array_equal(powers_of_two(found), found)
    assert not np.any(np.frexp(found)[0] != 0.5)
    assert powers_of_two(np.array([0.0, np.inf])).tolist() == [0.0, np.inf]
