"""Nothing that left is in pickles, and nothing secret in what is shown."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from tests.cases import LARGE_STEPS, coefficients, data, make
from tests.linear_model.arrays import arrays_of, holds_multiple, pickled_arrays
from tests.pairwise import pairwise


@pytest.mark.parametrize(
    ("name", "verb", "retain_data", "name_format"),
    pairwise(
        ["logistic", "multinomial", "ridge"],
        ["partial_unfit", "replace_features"],
        [False, True],
        ["dense", "sparse"],
    ),
)
def test_no_erased_row_is_pickled(name, verb, retain_data, name_format):
    rng = np.random.default_rng(5)
    X, y = data(name, 120, 24)
    X = X + 0.01 * rng.normal(size=X.shape)
    as_format = sp.csr_array if name_format == "sparse" else np.asarray
    estimator = make(name, retain_data=retain_data).fit(as_format(X), y)
    erased = X[7]
    rows = as_format(X[7:8])
    if verb == "partial_unfit":
        estimator.partial_unfit(rows, y[7:8])
    else:
        estimator.replace_features(rows, y[7:8], as_format(X[7:8] * 0.9 + 0.1))
    if not retain_data:
        # in memory the row is pending: the search can find what is there
        assert estimator._fitted.model.state.factor.pending_rank > 0
        assert any(
            holds_multiple(array, erased) for _, array in arrays_of(vars(estimator))
        )
    arrays = pickled_arrays(estimator)
    assert len(arrays) > 3
    assert not any(holds_multiple(array, erased) for array in arrays)
    if retain_data:
        kept = X[8]
        found = any(holds_multiple(array, kept) for array in arrays)
        assert found == (name_format == "dense" or np.all(kept != 0))


@pytest.mark.parametrize("retain_data", [False, True])
def test_no_erased_target_is_pickled(retain_data):
    X, y = data("ridge", 60, 4)
    y[7] = 12345.678
    estimator = make("ridge", retain_data=retain_data).fit(X, y)
    assert any(np.any(array == y[7]) for array in pickled_arrays(estimator)) == (
        retain_data
    )
    estimator.replace_labels(X[7:8], y[7:8], [1.5])
    assert not any(np.any(array == y[7]) for array in pickled_arrays(estimator))


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("verb", ["partial_unfit", "replace_features"])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge_classifiers"])
def test_sums_of_classes_hold_no_erased_row_and_no_forgotten_column(name, verb):
    X, y = data(name, 120, 5)
    X = X + 0.01 * np.random.default_rng(5).normal(size=X.shape)
    # of two rows of a class, one leaves: what is left is a multiple of the other
    keep = np.r_[np.flatnonzero(y != y[0]), np.flatnonzero(y == y[0])[:2]]
    X, y = X[keep], y[keep]
    strength = {"alpha": 9.0} if name == "ridge_classifiers" else {"C": 0.01}
    estimator = make(name, class_weight="balanced", **strength).fit(X, y)
    erased = np.append(X[-1], 1.0)
    if verb == "partial_unfit":
        estimator.partial_unfit(X[-1:], y[-1:])
    else:
        estimator.replace_features(X[-1:], y[-1:], X[-2:-1])
    for last in (erased, erased[:5]):
        for _, array in arrays_of(vars(estimator)):
            assert not holds_multiple(array, last)
    found = [array for _, array in arrays_of(estimator._fitted.model.state.parts)]
    gradients = found[0]
    assert holds_multiple(gradients.transpose(0, 2, 1), np.append(X[-2], 1.0))
    estimator.forget_features(2)
    for parts in (
        estimator._fitted.model.state.parts,
        pickle.loads(pickle.dumps(estimator))._fitted.model.state.parts,
    ):
        assert not parts.gradients[:, 2].any()
        dead = np.arange(parts.hessians[0].shape[0]) % 6 == 2
        assert not any(H[dead].any() or H[:, dead].any() for H in parts.hessians)


@pytest.mark.filterwarnings(LARGE_STEPS)
@pytest.mark.parametrize("retain_data", [False, True])
@pytest.mark.parametrize("name", ["logistic", "ridge"])
def test_no_forgotten_column_is_pickled(name, retain_data):
    X, y = data(name, 120, 5)
    X = X + 0.01
    estimator = make(name, retain_data=retain_data).fit(X, y).forget_features(0)
    arrays = pickled_arrays(estimator)
    assert not any(holds_multiple(array, X[:, 0]) for array in arrays)
    state = pickle.loads(pickle.dumps(estimator))._fitted.model.state
    assert state.factor.array.shape == (5, 5)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("name", ["logistic", "multinomial", "ridge"])
def test_html_representation_shows_no_secret(name, balanced):
    X, y = data(name, 60, 4)
    X = X + np.random.default_rng(1).normal(size=X.shape)
    params = {"class_weight": "balanced"} if balanced and name != "ridge" else {}
    estimator = make(name, retain_data=True, **params).fit(X, y)
    estimator.partial_unfit(X[:2], y[:2])
    # the milliseconds of a time may be the digits of any number
    time = estimator.request_record_.time
    html = estimator._repr_html_().replace(time, "") + repr(estimator)
    assert type(estimator).__name__ in html
    public = {float(value) for value in coefficients(estimator)}
    for path, array in arrays_of(vars(estimator)):
        if array.dtype.kind != "f":
            continue
        for value in np.unique(array):
            number = float(value)
            if number in public or number == round(number, 3):
                continue
            for digits in (4, 6, 8):
                text = f"{number:.{digits}g}"
                if len(text.strip("-0.").replace(".", "")) >= 4:
                    assert text not in html, path
