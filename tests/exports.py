"""What an export has in common with a fit of scikit-learn's to the remaining data."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRequest

#: What may differ: steps of solvers, signs, marks of single rows, the order of words,
#: what PCA notes of a solver that was not asked, variances where the twin has ranges.
FREE = {"n_iter_", "rotations_", "scalings_", "outliers_", "vocabulary_"}
FREE |= {"_fit_svd_solver", "_stop_words_id", "variances_"}

#: Whole numbers in some releases, for some kinds of rows.
OF_RELEASES = "n_samples_seen_"


def assert_as_fitted(found, expected, name="", rtol=1e-5):
    """All that ``clone``, ``get_params``, ``set_output``, ONNX and skops look at."""
    name = f"{name}{type(expected).__name__}"
    assert type(found) is type(expected), name
    given, wanted = found.get_params(), expected.get_params()
    assert list(map(repr, given.items())) == list(map(repr, wanted.items())), name
    params = found.get_params(deep=False).keys()
    known, wanted = vars(found), vars(expected)
    different = (known.keys() ^ wanted.keys()) - FREE
    assert not different, (name, different)
    for attribute in known.keys() - params - FREE:
        pair = known[attribute], wanted[attribute]
        _assert_same(*pair, f"{name}.{attribute}", rtol)
    if isinstance(found, Pipeline):
        for (step, one), (_, other) in zip(found.steps, expected.steps, strict=True):
            if not isinstance(one, str):
                assert_as_fitted(one, other, f"{name}.{step}: ", rtol)


def _assert_same(found, expected, name, rtol):
    if hasattr(expected, "get_params") and not isinstance(expected, type):
        assert_as_fitted(found, expected, f"{name}: ", rtol)
    elif isinstance(expected, np.ndarray) and any(
        isinstance(each, np.ndarray) for each in expected if expected.dtype.kind == "O"
    ):
        _assert_same(list(found), list(expected), name, rtol)
    elif isinstance(expected, list | tuple):
        assert type(found) is type(expected), name
        assert len(found) == len(expected), name
        for pair in zip(found, expected, strict=True):
            _assert_same(*pair, name, rtol)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys(), name
        for key in expected:
            _assert_same(found[key], expected[key], f"{name}[{key!r}]", rtol)
    elif isinstance(expected, MetadataRequest):
        assert repr(found) == repr(expected), name
        assert type(found.owner) is type(expected.owner), name
    elif isinstance(expected, np.ndarray | np.generic | float | int):
        found, expected = np.asarray(found), np.asarray(expected)
        assert found.shape == expected.shape, name
        if not name.endswith(OF_RELEASES):
            assert found.dtype == expected.dtype, name
        if expected.dtype.kind in "biufc":
            np.testing.assert_allclose(found, expected, rtol, 1e-8, err_msg=name)
        else:
            np.testing.assert_array_equal(
                found.astype(str), expected.astype(str), err_msg=name
            )
    elif type(expected).__repr__ is object.__repr__:
        assert type(found) is type(expected), name
    else:
        assert repr(found) == repr(expected), name
