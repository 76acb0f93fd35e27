"""Each entry of the tags of transformers is measured; of requests' worth, elsewhere.

`tests/test_transformers.py` compares the transformers with refits after any requests:
they are exact, to the last bit of what they keep.
"""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils import get_tags

from sklearn_unlearn import (
    UnlearnablePipeline,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    UnlearnableTfidfVectorizer,
    make_unlearnable_column_transformer,
)
from sklearn_unlearn._capabilities import HEADERS, capabilities
from sklearn_unlearn.utils.tags import (
    REQUEST_VERBS,
    UnlearnerTags,
    UnlearningTags,
    unlearning_tags,
)
from tests.transformers import CASES, DOCUMENTS, ROWS, data, make, twin_of
from tests.utils.test_tags import JUNK


@pytest.mark.parametrize("name", CASES)
def test_verbs(name):
    promised = unlearning_tags(make(name))
    for verb in REQUEST_VERBS:
        expected = "exact" if hasattr(make(name), verb) else None
        assert getattr(promised, verb) == expected
    assert promised.replace_labels is None
    assert (promised.forget_features is None) == (name in DOCUMENTS)
    assert not promised.certified
    assert not promised.row_ids


@pytest.mark.parametrize("name", CASES)
def test_sample_weight(name):
    X = data(name)
    ones = np.ones(X.shape[0])
    if unlearning_tags(make(name)).sample_weight:
        model = make(name).fit(X, sample_weight=ones)
        model.partial_unfit(X[:2], sample_weight=ones[:2])
    else:
        with pytest.raises(TypeError, match="sample_weight"):
            make(name).fit(X, sample_weight=ones)


@pytest.mark.parametrize("name", ROWS)
def test_sparse(name):
    X = data(name)
    if X.dtype.kind == "O":
        assert not get_tags(make(name)).input_tags.sparse or name.startswith("imputer")
        return
    X = X if sp.issparse(X) else sp.csr_array(X)
    if get_tags(make(name)).input_tags.sparse:
        X = abs(X)  # as quantiles take it
        make(name).fit(X).partial_unfit(X[:2])
    else:
        with pytest.raises(TypeError, match=r"[Ss]parse data was passed"):
            make(name).fit(X)


@pytest.mark.parametrize("name", CASES)
def test_tags_are_those_of_scikit_learn(name):
    estimator = make(name)
    tags = get_tags(estimator)
    assert isinstance(tags, UnlearnerTags)
    assert get_tags(clone(estimator)) == tags
    assert copy.deepcopy(tags) == tags
    assert pickle.loads(pickle.dumps(tags)) == tags
    assert get_tags(make(name).fit(data(name))) == tags


@pytest.mark.parametrize("name", CASES)
def test_tags_of_parameters_that_fit_refuses(name):
    for parameter in make(name).get_params(deep=False):
        for junk in JUNK:
            changed, twin = make(name), twin_of(name)
            for estimator in (changed, twin):
                setattr(estimator, parameter, junk)
            try:
                get_tags(twin)
            except ValueError:  # of an array the twin asks whether it is true
                continue
            tags = get_tags(changed)
            assert isinstance(tags.unlearning, UnlearningTags), (parameter, junk)


def test_entries():
    for estimator, expected in (
        (UnlearnableStandardScaler(with_mean=False), ["exact", "yes", "yes"]),
        (UnlearnableStandardScaler(), ["exact", "no", "yes"]),
        (UnlearnableTfidfVectorizer(), ["no", "no", "no"]),
    ):
        entries = capabilities(estimator)
        found = dict(zip(HEADERS["transformers"], entries, strict=True))
        wanted = ("forget_features", "sparse", "sample_weight")
        assert [found[name] for name in wanted] == expected


def test_what_consists_of_others_leaves_its_worth_to_them():
    scaler = UnlearnableStandardScaler()
    columns = make_unlearnable_column_transformer((scaler, [0]))
    pipeline = UnlearnablePipeline([("columns", columns), ("last", UnlearnableRidge())])
    assert unlearning_tags(pipeline) is None
    assert unlearning_tags(columns) is None
    assert unlearning_tags(pipeline[-1]).partial_unfit == "exact"
