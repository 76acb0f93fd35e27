"""A list of requests is one edit: the model that they lead to one after another."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.ensemble import VotingRegressor

from sklearn_unlearn import (
    UnlearnableCountVectorizer,
    UnlearnableGaussianNB,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    carry_out,
)
from sklearn_unlearn.exceptions import ContradictionError, UnlearningError
from tests.cases import make
from tests.families import FAMILIES, NAMED, X, fitted, rows_of, snapshot, y

SMALL = [each for each in FAMILIES if each != "network"]


def argued(model, rows):
    """Keyword arguments of some rows."""
    return dict(zip(("X", "y"), rows_of(model, rows), strict=False))


def script(model):
    """Requests of all kinds that the model has, rows followed through several."""
    new = X + 0.25
    at = argued(model, [0, 1])
    steps = [
        ("partial_unfit", argued(model, [4])),
        ("replace_features", at | {"X_new": new[[0, 1]]}),
        ("replace_features", at | {"X": new[[0, 1]], "X_new": new[[2, 3]]}),
        ("partial_fit", argued(model, [60]) | {"X": new[[60]]}),
        # one of those corrected twice leaves, and so does the one that came
        ("partial_unfit", argued(model, [1]) | {"X": new[[3]]}),
        ("partial_fit", argued(model, [61]) | {"X": new[[61]]}),
        ("partial_unfit", argued(model, [60]) | {"X": new[[60]]}),
        ("partial_unfit", argued(model, [5, 6])),
    ]
    if "y" in model._accepts:
        steps += [
            ("replace_labels", argued(model, [8, 9]) | {"y_new": 1 - y[[8, 9]]}),
            ("replace_labels", {"X": new[[2]], "y": y[[0]], "y_new": 1 - y[[0]]}),
        ]
    # what Normalizer makes of a row without a column nobody can follow
    if hasattr(model, "forget_features") and not hasattr(model, "steps"):
        steps += [("forget_features", {"columns": [3]})]
        steps += [("partial_unfit", argued(model, [20]))]
        steps += [("forget_features", {"columns": 1})]
    return steps


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize("family", SMALL)
def test_a_list_leads_where_its_requests_lead(family):
    model, one_by_one = fitted(family), fitted(family)
    requests = script(model)
    for verb, keywords in requests:
        getattr(one_by_one, verb)(**keywords)
    records = model.carry_out(requests)
    assert [each.verb for each in records] == [verb for verb, _ in requests]
    assert model.request_record_ is records[-1]
    # without data and iterations, steps in another order differ in second order
    tolerance = 0.02 if family == "logistic" else 1e-6
    np.testing.assert_allclose(
        snapshot(model), snapshot(one_by_one), atol=tolerance, rtol=0
    )


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("family", NAMED)
def test_rows_are_followed_by_name(family):
    model, expected = fitted(family, named=True), fitted(family, named=True)
    new = X + 0.25
    model.carry_out(
        [
            ("replace_features", {"row_ids": [1003], "X_new": new[[3]]}),
            ("partial_unfit", {"row_ids": 1007}),
            ("replace_features", {"row_ids": [1004], "X_new": new[[4]]}),
            ("partial_unfit", {"row_ids": [1003, 1008]}),
            ("replace_features", {"row_ids": [1004], "X_new": new[[5]]}),
        ]
    )
    expected.replace_features(row_ids=[1004], X_new=new[[5]])
    expected.partial_unfit(row_ids=[1007, 1003, 1008])
    if family == "network":  # whose steps depend on where they start
        assert not model.has([1003, 1007, 1008]).any()
        return
    np.testing.assert_allclose(snapshot(model), snapshot(expected), atol=1e-6, rtol=0)


def test_requests_of_one_kind_are_one(monkeypatch):
    asked = []
    apply = UnlearnableGaussianNB._apply

    def counted(self, fitted, request):
        asked.append(request.verb)
        return apply(self, fitted, request)

    monkeypatch.setattr(UnlearnableGaussianNB, "_apply", counted)
    model = fitted("naive_bayes")
    records = model.carry_out(
        [("partial_unfit", {"X": X[[i]], "y": y[[i]]}) for i in range(20)]
        + [("partial_fit", {"X": X[[i]] + 1, "y": y[[i]]}) for i in range(20)]
    )
    assert asked == ["carry_out"]
    assert {each.n_together for each in records} == {40}
    assert records[1].follows == records[0].identity
    assert len({each.state_before for each in records}) == 1
    refit = UnlearnableGaussianNB().fit(
        np.concatenate([X[20:], X[:20] + 1]), np.concatenate([y[20:], y[:20]])
    )
    assert np.array_equal(snapshot(model), snapshot(refit))


def test_single_names_are_asked_about_at_once(monkeypatch):
    asked = []
    carried = UnlearnableRidge._carried

    def counted(self, fitted, request):
        asked.append(request)
        return carried(self, fitted, request)

    monkeypatch.setattr(UnlearnableRidge, "_carried", counted)
    subjects = np.arange(90) // 2
    model = UnlearnableRidge(retain_data=True).fit(X, y, row_ids=subjects)
    model.carry_out([("partial_unfit", {"row_ids": i}) for i in range(20)])
    assert len(asked) == 1
    # what is given for all rows of a subject is not one of its names each
    new = {"X_new": X[60:62] + 1.0}
    model.carry_out(
        [
            ("replace_features", {"row_ids": 30} | new),
            ("replace_features", {"row_ids": [31], "X_new": X[62:64] + 2.0}),
            ("partial_unfit", {"row_ids": 32}),
        ]
    )
    edited = X.copy()
    edited[60:62] += 1.0
    edited[62:64] += 2.0
    left = np.r_[40:64, 66:90]
    refit = UnlearnableRidge(retain_data=True).fit(edited[left], y[left])
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-9)


def test_what_cancels_changes_nothing():
    model = fitted("naive_bayes")
    before = model._checked()
    new = {"X": X[[0]] + 5, "y": y[[0]]}
    assert len(model.carry_out([("partial_fit", new), ("partial_unfit", new)])) == 2
    record = model.request_record_
    assert model._checked() is before
    assert model.carry_out([]) == []
    assert model.request_record_ is record
    assert record.state_before == record.state_after


CONTRADICTIONS = {
    "twice": [
        ("replace_features", {"X": X[[0]], "y": y[[0]], "X_new": X[[0]] + 1}),
        ("replace_features", {"X": X[[0]], "y": y[[0]], "X_new": X[[0]] + 2}),
    ],
    "at once": [
        (
            "replace_features",
            {"X": X[[0, 0]], "y": y[[0, 0]], "X_new": X[[1, 2]] + 1},
        ),
        ("partial_unfit", {"X": X[[7]], "y": y[[7]]}),
    ],
    "labels": [
        ("replace_features", {"X": X[[0]], "y": y[[0]], "X_new": X[[0]] + 1}),
        ("replace_labels", {"X": X[[0]], "y": y[[0]], "y_new": 1 - y[[0]]}),
    ],
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
@pytest.mark.parametrize("family", ["naive_bayes", "ridge_retained", "pipeline"])
def test_contradictions_are_refused(family, case):
    model = fitted(family)
    before = model._checked()
    with pytest.raises(ContradictionError, match="two things about a row"):
        model.carry_out(CONTRADICTIONS[case])
    assert not hasattr(model, "request_record_")
    assert np.array_equal(snapshot(model), snapshot(fitted(family)))
    if family != "pipeline":
        assert model._checked() is before


def test_rows_named_twice_are_refused():
    model = fitted("ridge_retained", named=True)
    before = model._checked()
    for requests, message in (
        ([("partial_unfit", {"row_ids": [1003]})] * 2, "1003"),
        (
            [
                ("partial_unfit", {"X": X[[3]], "y": y[[3]], "row_ids": [1003]}),
                ("partial_unfit", {"X": X[[3]], "y": y[[3]], "row_ids": [1003]}),
            ],
            "more often",
        ),
        (
            [
                ("partial_unfit", {"row_ids": [1003]}),
                ("replace_features", {"row_ids": [1003], "X_new": X[[3]]}),
            ],
            "1003",
        ),
        # a row that was corrected is what it is now
        (
            [
                ("replace_features", {"X": X[[0]], "y": y[[0]], "X_new": X[[0]] + 1}),
                ("partial_unfit", {"X": X[[0]], "y": y[[0]]}),
            ],
            "Row 0 of X",
        ),
    ):
        with pytest.raises(UnlearningError, match=message):
            model.carry_out(requests)
        assert model._checked() is before


@pytest.mark.parametrize("family", SMALL)
def test_a_list_is_refused_as_a_whole(family):
    model = fitted(family)
    good = ("partial_fit", argued(model, [0]))
    bad = (
        "partial_unfit",
        {"X": X[:2, :1]} | ({"y": y[:2]} if "y" in model._accepts else {}),
    )
    with pytest.raises((UnlearningError, ValueError)):
        model.carry_out([good, bad])
    assert not hasattr(model, "request_record_")
    assert np.array_equal(snapshot(model), snapshot(fitted(family)))


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ("partial_unfit", "list of pairs"),
        ({"partial_unfit": {}}, "list of pairs"),
        ([("refit", {})], r"requests\[0\] must be a pair"),
        ([("refit", {})], r"its verb is 'refit'"),
        (("refit", {}), r"its verb is 'refit'"),
        ([("partial_unfit", X)], r"requests\[0\] must be a pair"),
        ([("partial_unfit", {"X": X[:1], "y": y[:1]}), 3], r"requests\[1\] must be"),
        ([("partial_unfit", {"Z": X[:1]})], r"requests\[0\].*'Z'"),
        ([("partial_unfit", {"X": X[:1]})], r"requests\[0\]: Pass X and y"),
        (
            [("partial_unfit", {"X": X[:1], "y": y[:1], "row_ids": [1, 2]})],
            "row_ids",
        ),
    ],
)
def test_what_is_no_list_of_requests(requests, message):
    with pytest.raises(UnlearningError, match=message):
        fitted("ridge").carry_out(requests)


def test_a_verb_that_is_absent():
    with pytest.raises(UnlearningError, match=r"requests\[0\].*replace_labels"):
        fitted("scaler").carry_out([("replace_labels", {"X": X[:1], "y_new": y[:1]})])


def test_a_verb_that_is_somebody_elses():
    class Own(UnlearnableRidge):
        def partial_unfit(self, X=None, y=None):
            return self

    model = Own().fit(X, y)
    with pytest.raises(UnlearningError, match="none of UnlearnerMixin's"):
        model.carry_out([("partial_unfit", {"X": X[:1], "y": y[:1]})])


def test_weights_and_subjects():
    weight = 1.0 + np.arange(90) % 3
    subjects = np.arange(90) // 3
    model = UnlearnableRidge(retain_data=True)
    model.fit(X, y, sample_weight=weight, row_ids=subjects)
    model.carry_out(
        [
            ("partial_unfit", {"row_ids": [3]}),
            # part of the weight of one row, then the rest of its subject
            (
                "partial_unfit",
                {"X": X[[0]], "y": y[[0]], "sample_weight": 0.5, "row_ids": 0},
            ),
            ("partial_unfit", {"row_ids": 0}),
            ("partial_fit", {"X": X[[0]], "y": y[[0]], "row_ids": 99}),
            ("partial_unfit", {"row_ids": [5, 98], "on_unknown": "skip"}),
        ]
    )
    some = ~np.isin(subjects, [0, 3, 5])
    refit = UnlearnableRidge(retain_data=True).fit(
        np.concatenate([X[some], X[[0]]]),
        np.append(y[some], y[0]),
        sample_weight=np.append(weight[some], 1.0),
    )
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-9)


def test_sparse_rows_and_texts():
    rows = sp.csr_matrix(np.where(X > 0.3, X, 0.0))
    model = UnlearnableRidgeClassifier().fit(rows, y)
    model.carry_out(
        [
            ("replace_features", {"X": rows[:1], "y": y[:1], "X_new": rows[5:6]}),
            ("partial_unfit", {"X": rows[5:6], "y": y[:1]}),
            ("partial_unfit", {"X": rows[2:4], "y": y[2:4]}),
        ]
    )
    some = np.delete(np.arange(90), [0, 2, 3])
    refit = UnlearnableRidgeClassifier().fit(rows[some], y[some])
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-9)
    texts = ["an ash", "a birch", "an elm", "a fir", "an oak and an ash"]
    words = UnlearnableCountVectorizer().fit(texts)
    words.carry_out(
        [
            ("replace_features", {"X": texts[1:2], "X_new": ["a beech"]}),
            ("replace_features", {"X": ["a beech"], "X_new": ["a yew"]}),
            ("partial_unfit", {"X": texts[3:4]}),
        ]
    )
    refit = UnlearnableCountVectorizer().fit(["an ash", "a yew", *texts[2::2]])
    assert list(words.get_feature_names_out()) == list(refit.get_feature_names_out())


def test_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})
    model = UnlearnableGaussianNB().fit(frame, pd.Series(y))
    model.carry_out(
        [
            ("partial_unfit", {"X": frame[i : i + 1], "y": pd.Series(y)[i : i + 1]})
            for i in range(3)
        ]
        + [("forget_features", {"columns": "b"}), ("forget_features", {"columns": [0]})]
    )
    refit = UnlearnableGaussianNB().fit(frame[["c"]][3:], y[3:])
    assert np.array_equal(model.theta_, refit.theta_)
    assert model.request_record_.columns == ("a",)


def test_one_request_is_carried_out_without_a_list():
    request = ("partial_unfit", {"X": X[:1], "y": y[:1]})
    [record] = fitted("ridge").carry_out(request)
    assert record.n_rows_out == 1
    vote = VotingRegressor([("one", make("ridge"))]).fit(X, y)
    model = carry_out(vote, request).named_estimators_["one"]
    assert model.request_record_.n_rows_out == 1
