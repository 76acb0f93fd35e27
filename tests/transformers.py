"""Transformers that unlearn, their twins, data for them, and a script of requests."""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_unlearn import (
    UnlearnableCountVectorizer,
    UnlearnableKBinsDiscretizer,
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableOrdinalEncoder,
    UnlearnablePCA,
    UnlearnableQuantileTransformer,
    UnlearnableRobustScaler,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    UnlearnableTfidfTransformer,
    UnlearnableTfidfVectorizer,
    UnlearnableTruncatedSVD,
    UnlearnableVarianceThreshold,
)
from sklearn_unlearn.base import Batch, Request
from sklearn_unlearn.core.statistics.counts import keys_of

COMPONENTS = (
    "components_",
    "explained_variance_",
    "explained_variance_ratio_",
    "mean_",
    "n_components_",
    "n_samples_",
    "noise_variance_",
    "singular_values_",
)
SCALER = ("mean_", "n_samples_seen_", "scale_", "var_")
WORDS = ["ash", "birch", "cedar", "elm", "fir", "oak", None, np.nan]

#: Class, twin, parameters, kind of data, attributes.
CASES = {
    "standard": (UnlearnableStandardScaler, StandardScaler, {}, "missing", SCALER),
    **{
        f"standard_{name}": (
            UnlearnableStandardScaler,
            StandardScaler,
            params,
            kind,
            SCALER,
        )
        for name, params, kind in (
            ("uncentred", {"with_mean": False}, "real"),
            ("unscaled", {"with_std": False}, "missing"),
            ("idle", {"with_mean": False, "with_std": False}, "real"),
            ("sparse", {"with_mean": False}, "sparse"),
        )
    },
    **{
        f"one_hot_{name}": (
            UnlearnableOneHotEncoder,
            OneHotEncoder,
            params,
            kind,
            ("categories_", "drop_idx_"),
        )
        for name, params, kind in (
            ("words", {}, "words"),
            ("first", {"drop": "first", "sparse_output": False}, "words"),
            ("binary", {"drop": "if_binary", "dtype": np.float32}, "codes"),
            (
                "rare",
                {"min_frequency": 0.1, "handle_unknown": "infrequent_if_exist"},
                "words",
            ),
            ("most", {"max_categories": 3, "drop": "first"}, "codes"),
            (
                "given_rare",
                {
                    "categories": [list(range(5))] * 4,
                    "min_frequency": 7,
                    "handle_unknown": "ignore",
                },
                "codes",
            ),
            (
                "given",
                {"categories": [list(range(6))] * 4, "drop": [0, 1, 2, 3]},
                "codes",
            ),
        )
    },
    **{
        f"ordinal_{name}": (
            UnlearnableOrdinalEncoder,
            OrdinalEncoder,
            params,
            kind,
            ("categories_",),
        )
        for name, params, kind in (
            ("words", {}, "words"),
            ("coded", {"encoded_missing_value": -3}, "words"),
            ("codes", {"dtype": np.int32}, "codes"),
            ("rare", {"min_frequency": 6, "max_categories": 4}, "words"),
            ("given", {"categories": [list(range(7))] * 4}, "codes"),
        )
    },
    **{
        f"imputer_{name}": (
            UnlearnableSimpleImputer,
            SimpleImputer,
            params,
            kind,
            ("statistics_",),
        )
        for name, params, kind in (
            ("mean", {}, "missing"),
            ("indicator", {"add_indicator": True}, "missing"),
            ("sparse", {"missing_values": -1, "keep_empty_features": True}, "sparse"),
            ("median", {"strategy": "median", "add_indicator": True}, "missing"),
            ("sparse_median", {"strategy": "median"}, "sparse"),
            ("words", {"strategy": "most_frequent"}, "gaps"),
            ("codes", {"strategy": "most_frequent", "missing_values": 1}, "codes"),
            ("constant", {"strategy": "constant", "fill_value": "yew"}, "gaps"),
            ("zero", {"strategy": "constant", "add_indicator": True}, "missing"),
        )
    },
    "min_max": (
        UnlearnableMinMaxScaler,
        MinMaxScaler,
        {"feature_range": (-1, 2), "clip": True},
        "missing",
        ("data_min_", "data_max_", "data_range_", "min_", "scale_", "n_samples_seen_"),
    ),
    **{
        f"max_abs_{kind}": (
            UnlearnableMaxAbsScaler,
            MaxAbsScaler,
            {},
            kind,
            ("max_abs_", "n_samples_seen_", "scale_"),
        )
        for kind in ("missing", "sparse")
    },
    **{
        f"robust_{name}": (
            UnlearnableRobustScaler,
            RobustScaler,
            params,
            kind,
            ("center_", "scale_"),
        )
        for name, params, kind in (
            ("all", {}, "missing"),
            (
                "variance",
                {"quantile_range": (1.0, 90.0), "unit_variance": True},
                "real",
            ),
            ("centred", {"with_scaling": False}, "real"),
            ("sparse", {"with_centering": False}, "sparse"),
            ("codes", {}, "codes"),
        )
    },
    **{
        f"quantiles_{name}": (
            UnlearnableQuantileTransformer,
            QuantileTransformer,
            {"n_quantiles": 7, "subsample": None, **params},
            kind,
            ("n_quantiles_", "quantiles_", "references_"),
        )
        for name, params, kind in (
            ("all", {}, "missing"),
            ("normal", {"output_distribution": "normal"}, "plain"),
            ("sparse", {"n_quantiles": 5}, "counts"),
            ("codes", {"subsample": 500}, "codes"),
        )
    },
    **{
        f"bins_{name}": (
            UnlearnableKBinsDiscretizer,
            KBinsDiscretizer,
            params,
            kind,
            ("n_bins_",),
        )
        for name, params, kind in (
            ("quantile", {"n_bins": 3}, "plain"),
            ("uniform", {"strategy": "uniform", "encode": "ordinal"}, "plain"),
            ("dense", {"n_bins": 4, "encode": "onehot-dense"}, "plain"),
        )
    },
    **{
        f"varying_{name}": (
            UnlearnableVarianceThreshold,
            VarianceThreshold,
            params,
            kind,
            ("variances_",) if params else (),
        )
        for name, params, kind in (
            ("at_all", {}, "real"),
            ("but_for_gaps", {"threshold": 1e-9}, "missing"),
            ("much", {"threshold": 0.5}, "plain"),
            ("sparse", {"threshold": 0.01}, "sparse"),
            ("codes", {"threshold": 1.0}, "codes"),
        )
    },
    **{
        f"count_{name}": (
            UnlearnableCountVectorizer,
            CountVectorizer,
            params,
            "documents",
            ("vocabulary_",),
        )
        for name, params in {
            "all": {"ngram_range": (1, 2)},
            "pruned": {"min_df": 0.05, "max_df": 0.4},
            "frequent": {"max_features": 8, "binary": True},
            "given": {"vocabulary": ["elm", "oak", "yew"]},
        }.items()
    },
    **{
        f"tfidf_{name}": (
            UnlearnableTfidfVectorizer,
            TfidfVectorizer,
            params,
            "documents",
            ("vocabulary_", "idf_"),
        )
        for name, params in {
            "all": {},
            "scaled": {"norm": None, "sublinear_tf": True, "dtype": np.float32},
            "pruned": {"norm": None, "min_df": 3, "smooth_idf": False},
            "frequent": {"max_features": 9, "norm": "l1"},
            "given": {"vocabulary": ["elm", "oak", "yew"], "norm": None},
        }.items()
    },
    **{
        f"weights_{name}": (
            UnlearnableTfidfTransformer,
            TfidfTransformer,
            params,
            "counts",
            ("idf_",),
        )
        for name, params in {
            "l2": {},
            "scaled": {"norm": None, "smooth_idf": False},
        }.items()
    },
    **{
        f"svd_{name}": (
            UnlearnableTruncatedSVD,
            TruncatedSVD,
            params,
            kind,
            (*COMPONENTS[:3], "singular_values_"),
        )
        for name, params, kind in (
            ("one", {"n_components": 1, "algorithm": "arpack"}, "plain"),
            ("two", {}, "plain"),
            ("sparse", {"n_components": 1, "random_state": 0}, "counts"),
        )
    },
    **{
        f"pca_{name}": (UnlearnablePCA, PCA, params, "plain", COMPONENTS)
        for name, params in {
            "all": {"svd_solver": "full"},
            "whitened": {"whiten": True, "svd_solver": "covariance_eigh"},
            "two": {"n_components": 2},
            "share": {"n_components": 0.8, "whiten": True, "svd_solver": "full"},
        }.items()
    },
}
DOCUMENTS = [name for name in CASES if CASES[name][3] == "documents"]
ROWS = [name for name in CASES if name not in DOCUMENTS]
#: The idle scaler's twin counts rows, whatever their weight.
WEIGHTED = [n for n in CASES if n.startswith("standard") and n != "standard_idle"]
VERBS = ["partial_unfit", "replace_features", "forget_features", "partial_fit"]


def make(name, **params):
    cls, _, defaults, _, _ = CASES[name]
    return cls(**{**defaults, **params})


def twin_of(name, **params):
    _, cls, defaults, _, _ = CASES[name]
    return cls(**{**defaults, **params})


def data(name, n_rows=60, seed=0, n_columns=4):
    """Rows; in some kinds values are missing."""
    rng = np.random.default_rng(seed)
    kind = CASES[name][3]
    if kind in ("words", "codes", "gaps"):
        X = rng.integers(0, 6 if kind == "codes" else 8, (n_rows, n_columns))
        if kind == "gaps":  # missing values of one kind
            X[WORDS.index(None) == X] = WORDS.index(np.nan)
        X[:, 0] %= 2
        X[rng.random(X.shape) < 0.5] = 1
        return X if kind == "codes" else np.array(WORDS, dtype=object)[X]
    if kind == "plain":
        return 5.0 + rng.normal(size=(n_rows, n_columns)) * [4.0, 0.2, 2.0, 1.0]
    if kind == "documents":
        words = np.array(["ash", "elm", "fir", "oak", *(f"w{i}" for i in range(40))])
        chosen = rng.geometric(0.12, size=(n_rows, 5)) % words.size
        return np.array([" ".join(words[row]) for row in chosen], dtype=object)
    if kind == "counts":
        X = rng.poisson(0.4, size=(n_rows, n_columns)).astype(float)
        X[0] = 1.0
        return sp.csr_array(X)
    X = rng.normal(size=(n_rows, n_columns)) * [1.0, 1e4, 1e-3, 1.0][:n_columns]
    X[:, 0] += 1e8
    X[:, -1] = 0.1  # does not vary
    if kind == "missing":
        X[rng.random(X.shape) < 0.2] = np.nan
    if kind == "sparse":
        X[rng.random(X.shape) < 0.4] = 0.0
        X[rng.random(X.shape) < 0.2] = -1.0
        X = sp.csr_array(X)
    return X


def weights(n_rows, seed=1):
    return np.random.default_rng(seed).uniform(0.2, 2.0, n_rows)


def dense(Z):
    return Z.toarray() if sp.issparse(Z) else np.asarray(Z)


def replaced(X, rows, new):
    """X with other rows in some places."""
    if sp.issparse(X):
        X = X.toarray()
        X[rows] = new.toarray()
        return sp.csr_array(X)
    X = X.copy()
    X[rows] = new
    return X


def columns_of(X, chosen):
    return X if X.ndim == 1 else X[:, np.flatnonzero(chosen)]


def fit_quietly(estimator, X, **keywords):
    """Fit a twin, which divides zeros and takes roots of rounding errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return estimator.fit(X, **keywords)


def with_columns(estimator, chosen):
    """An estimator with the entries of its parameters for some columns."""
    for parameter in ("categories", "drop"):
        value = getattr(estimator, parameter, None)
        if isinstance(value, list):
            pairs = zip(value, chosen, strict=True)
            left = [entry for entry, there in pairs if there]
            estimator.set_params(**{parameter: left})
    return estimator


def request_of(
    rows_out=None, rows_in=None, columns=None, weight_out=None, weight_in=None
):
    """A request of rows that leave, rows that come and columns that are forgotten."""
    out = None if rows_out is None else Batch(rows_out, sample_weight=weight_out)
    into = None if rows_in is None else Batch(rows_in, sample_weight=weight_in)
    return Request(out, into, columns)


def answer_of(model, request):
    """The fitted value after a request, and how outputs of other rows change."""
    answer = model._apply(model._fitted, request)
    return answer.fitted, answer.outputs


class Script:
    """Data, as requests change them, and a transformer that follows."""

    def __init__(self, name, weighted=False, n_rows=60):
        self.name, self.n_rows = name, n_rows
        self.X, self.spare = data(name, n_rows), data(name, n_rows, seed=5)
        self.weight = weights(n_rows) if weighted else np.ones(n_rows)
        self.weighted = weighted
        self.inside = np.ones(n_rows, dtype=bool)
        self.inside[-10:] = False  # come later
        self.columns = np.ones(self.X.shape[-1] if self.X.ndim > 1 else 1, dtype=bool)
        keywords = {"sample_weight": self.weight[self.inside]} if weighted else {}
        self.model = make(name).fit(self.X[self.inside], **keywords)
        self.changes = []

    def run(self, verb, row):
        """One request; what it says of the outputs of other rows is compared."""
        rows = np.unique([row, (row * 7) % self.n_rows, (row * 11) % self.n_rows])
        rows = rows[rows >= 5]  # some stay
        going, coming = rows[self.inside[rows]], rows[~self.inside[rows]]
        others = self.inside.copy()
        others[going] = False
        weight = {"weight_out": self.weight[going]} if self.weighted else {}
        if verb == "forget_features":
            column = row % self.columns.size
            if self.columns.sum() <= 2 or not self.columns[column]:
                return
            edit = request_of(columns=[column])
            self.columns[column] = False
        elif verb == "partial_fit" and coming.size:
            weight = {"weight_in": self.weight[coming]} if self.weighted else {}
            edit = request_of(rows_in=self.X[coming], **weight)
            self.inside[coming] = True
        elif verb == "partial_unfit" and going.size:
            edit = request_of(rows_out=self.X[going], **weight)
            self.inside[going] = False
        elif verb == "replace_features" and going.size:
            new = self.spare[going]
            if self.weighted:
                weight["weight_in"] = weight["weight_out"]
            edit = request_of(rows_out=self.X[going], rows_in=new, **weight)
            self.X = replaced(self.X, going, new)
        else:
            return
        before = dense(self.model.transform(self.X[others]))
        fitted, change = answer_of(self.model, edit)
        self.model._fitted = fitted
        after = dense(self.model.transform(self.X[others]))
        assert (change.n_old, change.n_new) == (before.shape[1], after.shape[1])
        assert_mapped(change, before, after)
        self.changes.append(change)

    def refit(self, estimator):
        with_columns(estimator, self.columns)
        X = columns_of(self.X[self.inside], self.columns)
        keywords = {"sample_weight": self.weight[self.inside]} if self.weighted else {}
        return fit_quietly(estimator, X, **keywords)

    def query(self):
        return columns_of(self.X[self.inside], self.columns)


def assert_equal(found, expected, rtol, name):
    if isinstance(expected, (list, tuple)):
        assert len(found) == len(expected), name
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other, rtol, name)
        return
    if expected is None or isinstance(expected, (dict, str)):
        assert found == expected, name
        return
    expected = np.asarray(expected)
    if expected.dtype.kind == "O":
        assert found.dtype.kind == "O"
        assert keys_of(found) == keys_of(expected), name
        return
    assert np.shape(found) == expected.shape, name
    if expected.dtype.kind not in "fiu":
        np.testing.assert_array_equal(found, expected, err_msg=name)
        return
    assert np.asarray(found).dtype.kind == expected.dtype.kind or name[0] == "n"
    finite = np.abs(expected[np.isfinite(expected)])
    atol = rtol * 1e-3 * finite.max(initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol, err_msg=name)


def assert_same(name, model, twin, X, rtol=1e-10):
    """Attributes and outputs are the twin's."""
    for attribute in CASES[name][4]:
        assert_equal(
            getattr(model, attribute), getattr(twin, attribute), rtol, attribute
        )
    found, expected = model.transform(X), twin.transform(X)
    assert sp.issparse(found) == sp.issparse(expected)
    assert_close(found, expected)


def assert_close(found, expected):
    """Outputs are the same up to rounding."""
    found, expected = dense(found), dense(expected)
    assert found.dtype == expected.dtype
    if expected.dtype.kind == "f":
        size = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 * size)
    elif expected.dtype.kind == "O":
        assert keys_of(found.ravel()) == keys_of(expected.ravel())
    else:
        np.testing.assert_array_equal(found, expected)


def assert_mapped(change, before, after):
    """Outputs change as was said."""
    known = change.known
    if before.dtype.kind == "O":  # words are the same or unknown
        linear = sp.csr_array(change.linear)
        assert set(np.diff(linear.indptr)[known]) <= {1}
        assert set(linear.data) <= {1.0}
        mapped = before[:, linear.indices]
    else:
        mapped = (np.asarray((change.linear @ before.T).T) + change.shift)[:, known]
    after = after[:, known]
    if after.dtype.kind == "f":
        scale = np.nanmax(np.abs(after), axis=0, initial=1.0)
        mapped, after = mapped / scale, after / scale
    assert_close(mapped, after.astype(mapped.dtype))
