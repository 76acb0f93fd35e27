"""Models that unlearn from sums, their twins, and data for them."""

import numpy as np
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.neighbors import NearestCentroid

from sklearn_unlearn import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableGaussianNB,
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableMultinomialNB,
    UnlearnableNearestCentroid,
    UnlearnableQuadraticDiscriminantAnalysis,
)
from tests.decisions import assert_same_labels, decided
from tests.linear_model.arrays import arrays_of

GAUSSIAN = ("class_count_", "class_prior_", "epsilon_", "theta_", "var_")
DISCRETE = ("class_count_", "class_log_prior_", "feature_log_prob_")
COUNTS = (*DISCRETE, "feature_count_")
CATEGORIES = (*DISCRETE, "category_count_", "n_categories_")
CENTROIDS = ("centroids_", "class_prior_", "deviations_", "within_class_std_dev_")
LINEAR = ("intercept_", "means_", "priors_")
QUADRATIC = ("covariance_", "means_", "priors_", "scalings_")

#: Class, twin, parameters, kind of data, attributes.
CASES = {
    "gaussian": (UnlearnableGaussianNB, GaussianNB, {}, "real", GAUSSIAN),
    "gaussian_smoothed": (
        UnlearnableGaussianNB,
        GaussianNB,
        {"var_smoothing": 0.1},
        "real",
        GAUSSIAN,
    ),
    "multinomial": (UnlearnableMultinomialNB, MultinomialNB, {}, "counts", COUNTS),
    "multinomial_uniform": (
        UnlearnableMultinomialNB,
        MultinomialNB,
        {"alpha": 0.2, "fit_prior": False},
        "counts",
        COUNTS,
    ),
    "complement": (
        UnlearnableComplementNB,
        ComplementNB,
        {},
        "counts",
        (*COUNTS, "feature_all_"),
    ),
    "complement_normed": (
        UnlearnableComplementNB,
        ComplementNB,
        {"norm": True, "alpha": 0.5},
        "counts",
        COUNTS,
    ),
    "bernoulli": (UnlearnableBernoulliNB, BernoulliNB, {}, "counts", COUNTS),
    "bernoulli_binarized": (
        UnlearnableBernoulliNB,
        BernoulliNB,
        {"binarize": 0.4},
        "real",
        COUNTS,
    ),
    "categorical": (UnlearnableCategoricalNB, CategoricalNB, {}, "counts", CATEGORIES),
    **{
        name: (UnlearnableNearestCentroid, NearestCentroid, params, "plain", CENTROIDS)
        for name, params in {
            "centroid": {},
            "centroid_shrunken": {"shrink_threshold": 0.7, "priors": "empirical"},
        }.items()
    },
    **{
        name: (
            UnlearnableLinearDiscriminantAnalysis,
            LinearDiscriminantAnalysis,
            params,
            "plain",
            (*LINEAR, *further),
        )
        for name, params, further in (
            ("lda_svd", {"store_covariance": True}, ("covariance_", "xbar_")),
            ("lda_lsqr", {"solver": "lsqr"}, ("covariance_",)),
            (
                "lda_shrunken",
                {"solver": "lsqr", "shrinkage": 0.3, "priors": [0.2, 0.3, 0.5]},
                ("covariance_",),
            ),
            ("lda_eigen", {"solver": "eigen", "shrinkage": 0.1}, ("covariance_",)),
            ("lda_one", {"n_components": 1}, ("explained_variance_ratio_",)),
        )
    },
    **{
        name: (
            UnlearnableQuadraticDiscriminantAnalysis,
            QuadraticDiscriminantAnalysis,
            params,
            "plain",
            QUADRATIC,
        )
        for name, params in {
            "qda": {"store_covariance": True},
            "qda_regular": {"reg_param": 0.2, "store_covariance": True},
            "qda_eigen": {
                "solver": "eigen",
                "shrinkage": 0.2,
                "store_covariance": True,
            },
        }.items()
        if params.keys() <= QuadraticDiscriminantAnalysis().get_params().keys()
    },
    "categorical_wide": (
        UnlearnableCategoricalNB,
        CategoricalNB,
        {"min_categories": [2, 9, 4, 3]},
        "counts",
        CATEGORIES,
    ),
}
WEIGHTED = [name for name in CASES if CASES[name][3] != "plain"]
LEARNED_PRIORS = [name for name in CASES if "priors" not in CASES[name][2]]
LEARNED_PRIORS += ["centroid_shrunken"]
SPARSE = [
    name
    for name in CASES
    if name.startswith(("multinomial", "complement", "bernoulli", "centroid"))
]


def make(name, **params):
    cls, _, defaults, _, _ = CASES[name]
    return cls(**{**defaults, **params})


def twin_of(name, **params):
    _, cls, defaults, _, _ = CASES[name]
    return cls(**{**defaults, **params})


def data(name, n_rows=90, seed=0):
    """Rows of three classes in four columns."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n_rows)
    y[:9] = np.repeat(range(3), 3)
    if CASES[name][3] == "counts":
        X = rng.poisson(1.0 + y[:, None] * [0.2, 0.5, 0.0, 1.0]).astype(float)
    else:
        X = rng.normal(size=(n_rows, 4)) @ rng.normal(size=(4, 4))
        X += y[:, None] * [1.0, 0.0, -0.5, 0.3]
    return X, np.array(["a", "b", "c"])[y]


def weights(n_rows, seed=1):
    return np.random.default_rng(seed).uniform(0.2, 2.0, n_rows)


def assert_same(name, model, twin, X, rtol=1e-10):
    """Attributes and predictions are the twin's."""
    np.testing.assert_array_equal(model.classes_, twin.classes_)
    for attribute in CASES[name][4]:
        found, expected = getattr(model, attribute), getattr(twin, attribute)
        if not isinstance(found, list):
            found, expected = [found], [expected]
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert np.shape(one) == np.shape(other), attribute
            scale = np.abs(other).max(initial=0.0)
            np.testing.assert_allclose(
                one, other, rtol=rtol, atol=rtol * scale, err_msg=attribute
            )
    for method in ("decision_function", "predict_joint_log_proba", "predict_proba"):
        if hasattr(twin, method):
            found, expected = getattr(model, method)(X), getattr(twin, method)(X)
            scale = np.abs(expected).max(initial=1.0)
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * scale)
    if decided(twin, X).any():  # shrunken centroids may all be one
        assert_same_labels(model.predict(X), twin, X)


def assert_identical(one, other):
    """All that two models keep of rows is equal to the bit."""
    found, expected = (
        [array for path, array in arrays_of(model._fitted.statistics)]
        for model in (one, other)
    )
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
