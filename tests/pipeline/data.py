"""Raw data of the tests of pipelines, and pipelines that are fitted to them."""

import numpy as np
import pytest

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from tests.cases import data, make

NUMBERS, WORDS = ["age", "income", "hours"], ["city", "work"]
_VOCABULARY = np.array([f"word{i}" for i in range(40)])


def raw(name, n_rows=150, seed=0):
    """Data on other scales, with a few outliers."""
    X, y = data(name, n_rows, seed=seed)
    X = X * [1.0, 1e3, 1e-2, 5.0, 1.0] + [0.0, 1e4, 1.0, -3.0, 0.0]
    X[:3] += [3.0, 2e3, 0.05, 10.0, 3.0]
    return X, y


def scaled(name, **params):
    return make_unlearnable_pipeline(UnlearnableStandardScaler(), make(name, **params))


def people(n_rows=200, seed=0):
    """A frame of numbers and words, and whether somebody earns much.

    The first row alone is of its city; the last rows are from a new one.
    """
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40.0, 10.0, n_rows),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n_rows).astype(object),
            "income": rng.gamma(2.0, 1e4, n_rows),
            "work": rng.choice(["state", "self"], n_rows).astype(object),
            "hours": rng.integers(1, 60, n_rows),
        }
    )
    frame.loc[0, "city"] = "Lima"
    frame.loc[n_rows - 3 :, "city"] = "Kyiv"
    signal = frame["age"] / 10.0 + frame["income"] / 1e4 + (frame["city"] == "Oslo")
    y = np.where(signal + rng.logistic(size=n_rows) > 6.0, "much", "little")
    return frame, y


def columns(**params):
    return UnlearnableColumnTransformer(
        [
            ("numbers", UnlearnableStandardScaler(), NUMBERS),
            ("words", UnlearnableOneHotEncoder(handle_unknown="ignore"), WORDS),
        ],
        **params,
    )


def encoded(last=None, retain_data=True, **params):
    last = UnlearnableLogisticRegression(C=0.5) if last is None else last
    last.set_params(retain_data=retain_data)
    return make_unlearnable_pipeline(columns(**params), last)


def mails(n_rows=200, seed=0):
    """Documents, the first two with names of their own, and which are unwanted."""
    rng = np.random.default_rng(seed)
    n_words = _VOCABULARY.size
    counts = rng.poisson(np.linspace(0.02, 1.0, n_words), (n_rows, n_words))
    texts = [" ".join(np.repeat(_VOCABULARY, row)) or "word0" for row in counts]
    texts[0] += " Rosalind Franklin"
    texts[1] += " Rosalind"
    texts[-1] += " Ada"
    raw = counts @ rng.normal(size=n_words) * 0.6
    return texts, np.where(raw + rng.logistic(size=n_rows) > 0.0, "spam", "ham")
