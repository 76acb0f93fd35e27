"""Parts of a column transformer that a request about columns leaves as they are."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableMLPClassifier,
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
)
from tests.pairwise import pairwise
from tests.pipeline.scripts import answers, rows_of

COLUMNS = ["size", "colour", "flag"]


def table(kind):
    """A number, and two columns of so many categories that outputs are sparse."""
    rng = np.random.default_rng(0)
    size = rng.uniform(1.0, 9.0, 120)
    colour, flag = (rng.integers(0, n, 120).astype(str).astype(object) for n in (9, 7))
    y = np.where(size + 2.0 * (colour == "3") > 5.0, "yes", "no")
    columns = dict(zip(COLUMNS, (size, colour, flag), strict=True))
    if kind == "array":
        return np.column_stack([each.astype(object) for each in columns.values()]), y
    library = pytest.importorskip(kind)
    return library.DataFrame({name: list(each) for name, each in columns.items()}), y


def model(X, names, threshold, *then):
    """A pipeline that scales the number and encodes the others."""

    def places(chosen):
        chosen = [name for name in chosen if name in names]
        if hasattr(X, "columns"):
            return chosen
        return [list(names).index(name) for name in chosen]

    parts = [
        (UnlearnableMinMaxScaler(), places(["size"])),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), places(["colour", "flag"])),
    ]
    columns = make_unlearnable_column_transformer(
        *(part for part in parts if part[1]), sparse_threshold=threshold
    )
    return make_unlearnable_pipeline(
        columns, *then, UnlearnableLogisticRegression(retain_data=True)
    )


@pytest.mark.parametrize(
    ("kind", "gone", "threshold", "scaled"),
    pairwise(
        ["array", "pandas", "polars"],
        ["size", "flag", "colour and flag"],
        [0.0, 0.3, 0.4, 1.0],
        [False, True],
    ),
)
def test_outputs_are_sparse_where_those_of_a_refit_are(kind, gone, threshold, scaled):
    X, y = table(kind)
    gone, then = gone.split(" and "), [UnlearnableMaxAbsScaler()] * scaled
    names = [name for name in COLUMNS if name not in gone]
    if kind == "array":
        columns = [COLUMNS.index(name) for name in gone]
        left = np.delete(X, columns, axis=1)
    else:
        columns, left = gone, X[names]
    pipeline = model(X, COLUMNS, threshold, *then).fit(X, y)
    pipeline.forget_features(columns)
    refit = model(X, names, threshold, *then).fit(left, y)
    made = [each[:-1].transform(left) for each in (pipeline, refit)]
    assert sp.issparse(made[0]) == sp.issparse(made[1])
    np.testing.assert_allclose(
        answers(pipeline, left), answers(refit, left), rtol=1e-6, atol=1e-9
    )
    pipeline.partial_unfit(rows_of(left, [0, 1]), y[:2])
    refit.fit(rows_of(left, np.arange(2, 120)), y[2:])
    np.testing.assert_allclose(
        answers(pipeline, left), answers(refit, left), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("then", ["passthrough", UnlearnableMaxAbsScaler()])
def test_networks_get_their_outputs(then):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3)) * [1.0, 10.0, 100.0] + [5.0, 0.0, 3.0]
    y = (X[:, 0] > 5.0).astype(int)
    columns = make_unlearnable_column_transformer(
        (UnlearnableMinMaxScaler(), [0]), (UnlearnableStandardScaler(), [1, 2])
    )
    network = UnlearnableMLPClassifier(4, max_iter=9, tol=10.0, n_iter_no_change=1)
    pipeline = make_unlearnable_pipeline(columns, then, network).fit(X, y)
    pipeline.forget_features([1])
    rows = pipeline[-1]._fitted.model.retained.chunks[0].rows.X
    np.testing.assert_allclose(rows[:, [0, 2]], pipeline[:-1].transform(X))
