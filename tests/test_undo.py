"""A request is taken back exactly, or not at all."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeCV
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import Normalizer

from sklearn_unlearn import (
    RetrainedClassifier,
    UnlearnableCalibratedClassifierCV,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableKernelRidge,
    UnlearnableKNeighborsClassifier,
    UnlearnableKNeighborsRegressor,
    UnlearnableLogisticRegression,
    UnlearnablePCA,
    UnlearnableRandomForestRegressor,
    UnlearnableRidge,
    UnlearnableRidgeCV,
    UnlearnableStackingClassifier,
    UnlearnableStandardScaler,
    UnlearnableVotingClassifier,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    UndoError,
    UndoOrderError,
    UndoRowsError,
    UnlearningError,
)
from sklearn_unlearn.records import hashes_of, record_key, undo_requests, use_record_key
from tests.families import EXACT, NAMED, X, fitted, snapshot, unfitted, y
from tests.test_batches import argued

RETAINED = ("ridge_retained", "logistic_retained", "pipeline_retained")


def kinds(model):
    """A request of each kind that can be taken back."""
    at = argued(model, [1, 2])
    yield "partial_unfit", at
    yield "partial_fit", {**at, "X": X[[1, 2]] + 0.5}
    yield "replace_features", {**at, "X_new": X[[1, 2]] + 0.5}
    if "y" in model._accepts:
        yield "replace_labels", {**at, "y_new": 1 - y[[1, 2]]}


@pytest.mark.parametrize("family", [*EXACT, *RETAINED, "neighbours"])
def test_requests_are_taken_back_one_after_another(family):
    model, records, states = fitted(family), [], []
    # rows of their own, of which none comes in two requests
    for verb, keywords in kinds(model):
        states.append(snapshot(model))
        getattr(model, verb)(**keywords)
        record = model.request_record_
        records.append((record, keywords))
        record.undo(model, **keywords)
        undone = model.request_record_
        assert undone.undoes == record.identity
        assert (undone.n_rows_out, undone.n_rows_in) == (
            record.n_rows_in,
            record.n_rows_out,
        )
        if family in (*EXACT, "neighbours"):
            assert undone.state_after == record.state_before
            assert np.array_equal(snapshot(model), states[-1])
        else:
            np.testing.assert_allclose(snapshot(model), states[-1], atol=1e-7)
    first = model.partial_unfit(**argued(model, [5])).request_record_
    second = model.partial_unfit(**argued(model, [6])).request_record_
    with pytest.raises(UndoError, match="not the last"):
        first.undo(model, **argued(model, [5]))
    second.undo(model, **argued(model, [6]))
    with pytest.raises(UndoError, match="not the last"):
        model.request_record_.undo(model, **argued(model, [6]))
    first.undo(model, **argued(model, [5]))
    np.testing.assert_allclose(snapshot(model), states[0], atol=1e-7)


@pytest.mark.parametrize("family", ["naive_bayes", "tree", *RETAINED])
def test_other_rows_are_refused(family):
    model = fitted(family)
    record = model.partial_unfit(**argued(model, [1])).request_record_
    held = model._checked()
    for wrong in (
        argued(model, [2]),
        {**argued(model, [1]), "sample_weight": 2.0},
        {**argued(model, [1]), "X": X[[1]] + 1e-9},
        {},
    ):
        with pytest.raises(UndoError, match="not the rows of the request"):
            record.undo(model, **wrong)
    assert model.request_record_ is record
    if not family.startswith("pipeline"):
        assert model._checked() is held
    with pytest.raises(UndoError, match="not the last"):
        record.undo(fitted(family), **argued(model, [1]))


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
def test_what_has_no_exact_opposite():
    for family, way in (("logistic", "with retain_data"), ("network", "with a copy")):
        model = fitted(family)
        record = model.partial_unfit(X[:1], y[:1]).request_record_
        with pytest.raises(UndoError, match=f"not exact.*{way}"):
            record.undo(model, X[:1], y[:1])
    model = fitted("ridge_retained")
    record = model.forget_features([1]).request_record_
    with pytest.raises(UndoError, match="no opposite: fit again"):
        record.undo(model)


@pytest.mark.parametrize("family", NAMED)
def test_names_need_their_values(family):
    if family == "network":
        return
    model = fitted(family, named=True)
    before, held = snapshot(model), model.remaining_ids()
    record = model.partial_unfit(row_ids=[1005, 1031]).request_record_
    left = snapshot(model)
    ids, rows = [1005, 1031], [5, 31]
    wrong = X[rows] + [[1e-9, 0.0, 0.0, 0.0], [0.0] * 4]
    for given, said in (
        ({"row_ids": ids}, "row_ids alone"),
        ({"X": X[rows], "y": y[rows]}, "not the rows"),
        ({"X": X[rows], "y": y[rows], "row_ids": ids[::-1]}, "not the rows"),
        ({"X": X[rows], "y": y[rows], "row_ids": [1005]}, "not the rows"),
        ({"y": y[rows], "row_ids": ids}, "Pass X"),
        ({"X": wrong, "y": y[rows], "row_ids": ids}, "not be the one|not the values"),
        ({"X": X[rows], "y": 1 - y[rows], "row_ids": ids}, "not be the|not the values"),
    ):
        with pytest.raises(UndoRowsError, match=said):
            record.undo(model, **given)
        assert np.array_equal(snapshot(model), left)
        assert model.request_record_ is record
    record.undo(model, X[rows], y[rows], row_ids=ids)
    same = np.testing.assert_allclose
    if family in (*EXACT, "neighbours"):
        same = lambda one, other, **_: np.testing.assert_array_equal(one, other)  # noqa: E731
    same(snapshot(model), before, atol=1e-7)
    np.testing.assert_array_equal(model.remaining_ids(), held)
    # corrections, of what they were
    new = X[rows] + 0.5
    record = model.replace_features(X_new=new, row_ids=ids).request_record_
    with pytest.raises(UndoRowsError, match=r"not be the one|not the values"):
        record.undo(model, X[[6, 7]], X_new=new, row_ids=ids)
    record.undo(model, X[rows], X_new=new, row_ids=ids)
    same(snapshot(model), before, atol=1e-7)
    record = model.replace_labels(y_new=1 - y[rows], row_ids=ids).request_record_
    record.undo(model, y=y[rows], y_new=1 - y[rows], row_ids=ids)
    same(snapshot(model), before, atol=1e-7)
    if family in EXACT:
        assert model.request_record_.state_after == record.state_before


@pytest.mark.parametrize("family", ["ridge_retained", "forest", "pipeline_retained"])
def test_subjects_need_the_values_of_all_their_rows(family):
    subjects = np.arange(90) % 30
    model = unfitted(family).fit(X, y, row_ids=subjects)
    before = snapshot(model)
    record = model.partial_unfit(row_ids=[4, 2]).request_record_
    rows = [4, 34, 64, 2, 32, 62]
    with pytest.raises(UndoError):
        record.undo(model, X[rows[:5]], y[rows[:5]], row_ids=subjects[rows[:5]])
    record.undo(model, X[rows], y[rows], row_ids=subjects[rows])
    np.testing.assert_allclose(snapshot(model), before, atol=1e-7)
    np.testing.assert_array_equal(model.remaining_ids(), subjects)
    record = model.partial_unfit(row_ids=4).request_record_
    record.undo(model, X[rows[:3]], y[rows[:3]], row_ids=4)
    np.testing.assert_allclose(snapshot(model), before, atol=1e-7)


@pytest.mark.parametrize(
    "last",
    [
        UnlearnableRidge(retain_data=True),
        UnlearnableRidgeCV(cv=3),
        UnlearnableKNeighborsRegressor(),
        UnlearnableRandomForestRegressor(2, random_state=0),
    ],
    ids=lambda last: type(last).__name__,
)
@pytest.mark.parametrize("n_keys", [1, 2])
def test_too_few_or_many_rows_of_a_subject_are_refused_behind_steps(last, n_keys):
    ids = np.column_stack([np.arange(90) % 30, np.arange(90)])
    ids = ids[:, 0] if n_keys == 1 else ids
    steps = UnlearnableStandardScaler(), UnlearnablePCA(2), clone(last)
    model = make_unlearnable_pipeline(*steps).fit(X, y, row_ids=ids)
    before = model.predict(X)
    record = model.partial_unfit(row_ids=[29]).request_record_
    left = pickle.dumps(model)
    for rows in ([29, 59], [29], [29, 59, 89, 89]):
        with pytest.raises(UndoRowsError, match="3 rows that left"):
            record.undo(model, X[rows], y[rows], row_ids=ids[rows])
        assert pickle.dumps(model) == left
    rows = [29, 59, 89]
    record.undo(model, X[rows], y[rows], row_ids=ids[rows])
    np.testing.assert_allclose(model.predict(X), before, atol=1e-7)


@pytest.mark.parametrize("family", [name for name in NAMED if name != "network"])
def test_a_subject_named_alone_comes_back_with_both_keys(family):
    subjects = np.arange(90) % 30
    pairs = np.column_stack([subjects, np.arange(90) // 30 + 70])
    model = unfitted(family).fit(X, y, row_ids=pairs)
    before, rows = snapshot(model), [4, 34, 64]
    given = {"X": X[rows], "y": y[rows], "row_ids": pairs[rows]}

    def check():
        np.testing.assert_allclose(snapshot(model), before, atol=1e-7)
        if family in (*EXACT, "neighbours"):
            assert np.array_equal(snapshot(model), before)
        np.testing.assert_array_equal(model.remaining_ids(), pairs)

    for asked in (
        {"row_ids": 4},
        {"row_ids": [4]},
        {"X": X[rows], "y": y[rows], "row_ids": 4},
        {"X": X[rows], "y": y[rows], "row_ids": [4, 4, 4]},
    ):
        record = model.partial_unfit(**asked).request_record_
        left = snapshot(model)
        swapped = given | {"row_ids": pairs[rows[::-1]]}
        others = [given | {"row_ids": pairs[[5, 35, 65]]}, given | {"row_ids": 4}]
        for wrong in [*others, swapped] if "X" not in asked else others:
            with pytest.raises(UnlearningError):
                record.undo(model, **wrong)
            assert np.array_equal(snapshot(model), left)
            assert model.request_record_ is record
        record.undo(model, **given)
        check()
    new = X[rows] + 0.5
    for ids in (4, pairs[rows]):  # these rows did not leave
        record = model.replace_features(X_new=new, row_ids=4).request_record_
        record.undo(model, X[rows], X_new=new, row_ids=ids)
        check()
        record = model.replace_labels(y_new=1 - y[rows], row_ids=4).request_record_
        record.undo(model, y=y[rows], y_new=1 - y[rows], row_ids=ids)
        check()
    record = model.partial_unfit(row_ids=[(5, 71)]).request_record_
    record.undo(model, X[[35]], y[[35]], row_ids=[(5, 71)])
    check()
    if family in ("neighbours", "support_vectors"):
        return  # the order of rows counts, and lists forget it
    requests = [
        ("partial_unfit", {"row_ids": 4}),
        ("replace_labels", {"row_ids": [6], "y_new": 1 - y[[6, 36, 66]]}),
        ("partial_unfit", {"row_ids": [7, 8]}),
    ]
    records = model.carry_out(requests)
    rows = [7, 37, 67, 8, 38, 68]
    requests[0][1].update(given)
    requests[1][1].update(y=y[[6, 36, 66]])
    requests[2][1].update(X=X[rows], y=y[rows], row_ids=pairs[rows])
    undo_requests(model, records, requests)
    np.testing.assert_allclose(snapshot(model), before, atol=1e-7)


def test_a_search_of_models_that_round_is_taken_back():
    kernel = UnlearnableKernelRidge(kernel="rbf", gamma=0.3)
    search = UnlearnableGridSearchCV(kernel, {"alpha": [0.1, 1.0]}, cv=3)
    for model in (search, make_unlearnable_pipeline(Normalizer(), search)):
        model = clone(model).fit(X, X[:, 1] + y)
        before = model.predict(X)
        rows = {"X": X[[4, 9]], "y": (X[:, 1] + y)[[4, 9]]}
        record = model.partial_unfit(**rows).request_record_
        assert record.method == "exact"
        with pytest.raises(UndoRowsError):
            record.undo(model, **rows | {"X": X[[4, 8]]})
        record.undo(model, **rows)
        np.testing.assert_allclose(model.predict(X), before, rtol=1e-9)


@pytest.mark.parametrize(
    "model",
    [
        UnlearnableRidge(),
        make_unlearnable_pipeline(Normalizer(), UnlearnableRidge()),
        make_unlearnable_pipeline(UnlearnableStandardScaler(), UnlearnableGaussianNB()),
    ],
)
def test_closed_forms_that_are_exact_are_taken_back_up_to_rounding(model):
    model = clone(model).fit(X, y)
    before, rows = snapshot(model), {"X": X[[4, 9]], "y": y[[4, 9]]}
    record = model.partial_unfit(**rows).request_record_
    assert record.method == "exact"
    with pytest.raises(UndoRowsError):
        record.undo(model, **rows | {"X": X[[4, 8]]})
    record.undo(model, **rows)
    np.testing.assert_allclose(snapshot(model), before, rtol=1e-9)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("kind", ["search", "calibration", "behind a step"])
def test_rows_come_back_into_their_folds(kind, named):
    naive, grid = UnlearnableGaussianNB(), {"var_smoothing": [1e-9, 1e-2]}
    if kind == "calibration":
        model = UnlearnableCalibratedClassifierCV(naive, cv=3)
    else:
        model = UnlearnableGridSearchCV(naive, grid, cv=3)
    if kind == "behind a step":
        model = make_unlearnable_pipeline(Normalizer(), model)
    model.fit(X, y, row_ids=np.arange(90) if named else None)
    folded = model[-1] if kind == "behind a step" else model
    before, folds = snapshot(model), folded.folds_of(np.arange(90))
    rows = {"X": X[[1, 2]], "y": y[[1, 2]]}  # of one fold
    if named:
        rows["row_ids"] = [1, 2]
    record = model.partial_unfit(**rows).request_record_
    record.undo(model, **rows)
    assert np.array_equal(snapshot(model), before)
    folded = model[-1] if kind == "behind a step" else model
    for one, other in zip(folded.folds_of(np.arange(90)), folds, strict=True):
        for some, others in zip(one, other, strict=True):
            np.testing.assert_array_equal(some, others)
    other = {**rows, "X": X[[3, 4]] + 0.5} | ({"row_ids": [101, 102]} if named else {})
    requests = [("partial_unfit", rows), ("partial_fit", other)]
    records = model.carry_out(requests)
    after = snapshot(model)
    with pytest.raises(UndoError, match="folds"):
        undo_requests(model, records, requests)
    assert np.array_equal(snapshot(model), after)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("taken_over", [False, True])
def test_rows_of_models_that_read_their_order_come_back_into_it(named, taken_over):
    forest = RandomForestClassifier(3, random_state=0)
    ids = {"row_ids": np.arange(90)} if named else {}
    if taken_over:
        fitted_forest = clone(forest).fit(X, y)
        model = RetrainedClassifier.from_sklearn(fitted_forest, X, y, **ids)
    else:
        model = RetrainedClassifier(forest).fit(X, y, **ids)
    before = model.predict_proba(X)
    rows = {"X": X[[40, 2]], "y": y[[40, 2]]} | ({"row_ids": [40, 2]} if named else {})
    record = model.partial_unfit(**rows).request_record_
    assert not np.array_equal(model.predict_proba(X), before)
    record.undo(model, **rows)
    assert np.array_equal(model.predict_proba(X), before)
    # rows that come for good are behind all others, as in a refit
    model.partial_fit(**rows | ({"row_ids": [101, 102]} if named else {}))
    behind = [*range(90), 40, 2]
    refit = clone(forest).fit(X[behind], y[behind])
    assert np.array_equal(model.predict_proba(X), refit.predict_proba(X))


@pytest.mark.parametrize("kind", ["vote", "stack", "search", "pipeline in a vote"])
def test_rows_come_back_into_their_order_in_models_inside(kind):
    again = RetrainedClassifier(RandomForestClassifier(3, random_state=0))
    named = [("one", UnlearnableGaussianNB()), ("other", again)]
    model = {
        "vote": UnlearnableVotingClassifier(named, voting="soft"),
        "stack": UnlearnableStackingClassifier(named, cv=2),
        "search": UnlearnableGridSearchCV(again, {}, cv=2),
        "pipeline in a vote": UnlearnableVotingClassifier(
            [("one", make_unlearnable_pipeline(UnlearnableStandardScaler(), again))],
            voting="soft",
        ),
    }[kind].fit(X, y)
    before = model.predict_proba(X)
    record = model.partial_unfit(X[3:5], y[3:5]).request_record_
    assert not np.array_equal(model.predict_proba(X), before)
    record.undo(model, X[3:5], y[3:5])
    assert np.array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    "model",
    [
        RetrainedClassifier(RandomForestClassifier(3, random_state=0)),
        UnlearnableKNeighborsRegressor(3),
        UnlearnableRidgeCV(cv=3),
        UnlearnableVotingClassifier([("one", UnlearnableKNeighborsClassifier(3))]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_list_whose_order_counts_is_refused_for_that(model):
    model = clone(model).fit(X, y)
    requests = [("partial_unfit", {"X": X[[row]], "y": y[[row]]}) for row in (3, 7)]
    records, state = model.carry_out(requests), pickle.dumps(model)
    with pytest.raises(UndoRowsError, match="order counts"):
        undo_requests(model, records, requests)
    assert pickle.dumps(model) == state


@pytest.mark.parametrize("folds", [None, 3])
def test_a_record_says_which_penalty_is_chosen(folds):
    model = UnlearnableRidgeCV(cv=folds).fit(X, y)
    before = model.alpha_
    for row in (1, 2):
        choice = model.partial_unfit(X[[row]], y[[row]]).request_record_.choice
        assert model.alphas[choice["best_before"]] == before
        assert model.alphas[choice["best_after"]] == (before := model.alpha_)
        assert not choice["frozen"]
    assert (choice["lead_before"] is None) == (folds is not None)
    again = pickle.loads(pickle.dumps(model))
    record = again.partial_unfit(X[[3]], y[[3]]).request_record_
    assert again.alphas[record.choice["best_after"]] == again.alpha_
    assert record.from_json(record.to_json()) == record
    if folds is None:
        left = np.delete(np.arange(len(X)), [1, 2])
        refit = RidgeCV(store_cv_results=True).fit(X[left], y[left])
        scores = np.sort(-refit.cv_results_.mean(axis=0))
        assert choice["lead_after"] == pytest.approx(scores[-1] - scores[-2], rel=1e-6)


def test_a_choice_that_changed_is_taken_back():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(90, 3))
    labels = (Z[:, 0] + rng.normal(size=90) > 0.0).astype(int)
    search = UnlearnableGridSearchCV(
        GaussianNB(), {"var_smoothing": [1e-9, 0.5]}, cv=3
    ).fit(Z, labels)
    fresh, chosen = clone(search).fit(Z, labels), search.best_index_
    for first in range(60):
        rows = {"X": Z[[first, first + 7]], "y": labels[[first, first + 7]]}
        record = search.partial_unfit(**rows).request_record_
        changed = search.request_report_.choice_changed
        record.undo(search, **rows)
        assert search.best_index_ == chosen
        assert np.array_equal(search.predict_proba(Z), fresh.predict_proba(Z))
        assert search.request_record_.state_after == record.state_before
        if changed:
            return
    pytest.fail("no request changed the choice")


def listed(model):
    """A list of requests that all have opposites, one row among several of them."""
    requests = [
        ("partial_unfit", argued(model, [1, 2])),
        ("partial_fit", {**argued(model, [3]), "X": X[[3]] + 0.5}),
        ("replace_features", {**argued(model, [4]), "X_new": X[[4]] + 0.5}),
        ("replace_features", {**argued(model, [5]), "X_new": X[[5]] + 0.25}),
        ("partial_unfit", {**argued(model, [4]), "X": X[[4]] + 0.5}),
    ]
    if "y" in model._accepts:
        requests += [("replace_labels", {**argued(model, [6]), "y_new": 1 - y[[6]]})]
    return requests


@pytest.mark.parametrize("family", EXACT + RETAINED)
def test_a_list_is_taken_back(family):
    model = fitted(family)
    before, requests = snapshot(model), listed(model)
    records = model.carry_out(requests)
    after = snapshot(model)
    with pytest.raises(UndoOrderError, match="not the last"):
        records[0].undo(model, **requests[0][1])
    for some in ((records[1:], requests[1:]), (records, requests[::-1])):
        with pytest.raises(UndoError, match="all those of one list"):
            undo_requests(model, *some)
    others = [(verb, {**given, "X": given["X"] + 1e-9}) for verb, given in requests]
    with pytest.raises(UndoRowsError, match="not the rows"):
        undo_requests(model, records, [*requests[:2], *others[2:]])
    assert np.array_equal(snapshot(model), after)
    assert undo_requests(model, records, requests) is model
    if family in EXACT:
        assert np.array_equal(snapshot(model), before)
        assert model.request_record_.state_after == records[0].state_before
    else:
        np.testing.assert_allclose(snapshot(model), before, atol=1e-7)
    assert model.request_record_.undoes == records[0].identity
    # or one after another, the last one first
    records = model.carry_out(requests)
    for record, (_, given) in zip(records[::-1], requests[::-1], strict=True):
        record.undo(model, **given)
    np.testing.assert_allclose(snapshot(model), before, atol=1e-7)


@pytest.mark.parametrize("family", ["ridge_retained", "forest", "pipeline_retained"])
def test_a_list_by_names_is_taken_back(family):
    model = fitted(family, named=True)
    before, held = snapshot(model), model.remaining_ids()
    requests = [
        ("replace_features", {"row_ids": [1005], "X_new": X[[5]] + 0.5}),
        ("partial_unfit", {"row_ids": [1005, 1007]}),
        ("replace_labels", {"row_ids": [1009], "y_new": 1 - y[[9]]}),
    ]
    records = model.carry_out(requests)
    with pytest.raises(UndoError, match="undo_requests"):
        records[-1].undo(model, y=y[[9]], y_new=1 - y[[9]], row_ids=[1009])
    known = [
        {"X": X[[5]]},
        {"X": np.vstack([X[[5]] + 0.5, X[[7]]]), "y": y[[5, 7]]},
        {"y": y[[9]]},
    ]
    given = [
        (verb, asked | values)
        for (verb, asked), values in zip(requests, known, strict=True)
    ]
    wrong = [(given[0][0], given[0][1] | {"X": X[[6]]}), *given[1:]]
    after = snapshot(model)
    with pytest.raises(UndoRowsError, match=r"not be the one|not the values"):
        undo_requests(model, records, wrong)
    assert np.array_equal(snapshot(model), after)
    undo_requests(model, records, given)
    np.testing.assert_allclose(snapshot(model), before, atol=1e-7)
    assert sorted(model.remaining_ids().tolist()) == sorted(held.tolist())


def test_a_list_without_opposites_stands():
    model = fitted("naive_bayes")
    requests = [
        ("partial_unfit", argued(model, [1])),
        ("forget_features", {"columns": 1}),
    ]
    records = model.carry_out(requests)
    with pytest.raises(UndoError, match="no opposite"):
        undo_requests(model, records, requests)
    with pytest.raises(UndoError, match="no opposite"):
        records[-1].undo(model)


def test_weights_are_needed_where_there_are_some():
    weight = np.where(np.arange(90) == 5, 3.0, 1.5)
    model = UnlearnableRidge(retain_data=True).fit(X, y, sample_weight=weight)
    before = model.coef_
    record = model.partial_unfit(X[[5]], y[[5]]).request_record_
    with pytest.raises(UndoError, match="have weights"):
        record.undo(model, X[[5]], y[[5]])
    model.partial_fit(X[[5]], y[[5]], sample_weight=3.0)
    rows = {"X": X[[5]], "y": y[[5]], "sample_weight": 3.0}
    record = model.partial_unfit(**rows).request_record_
    record.undo(model, **rows)
    np.testing.assert_allclose(model.coef_, before, atol=1e-9)


def test_a_loaded_model_needs_its_key():
    model = fitted("naive_bayes")
    before = snapshot(model)
    key = record_key(model)
    model.partial_unfit(X[:1], y[:1])
    again = pickle.loads(pickle.dumps(model))
    record = again.request_record_
    with pytest.raises(UndoError, match="use_record_key"):
        record.undo(again, X[:1], y[:1])
    use_record_key(again, key)
    record.undo(again, X[:1], y[:1])
    assert np.array_equal(snapshot(again), before)


def test_a_refinement_comes_between():
    model = fitted("ridge_retained")
    record = model.partial_unfit(X[:1], y[:1]).request_record_
    model.refine()
    with pytest.raises(UndoError, match="not the last"):
        record.undo(model, X[:1], y[:1])


@pytest.mark.parametrize("kind", ["logistic", "pipeline", "search"])
def test_a_request_that_skipped_names_is_taken_back_by_those_that_were_there(kind):
    classes = (y > np.median(y)).astype(int)
    last = UnlearnableLogisticRegression(retain_data=True)
    model = {
        "logistic": last,
        "pipeline": make_unlearnable_pipeline(UnlearnableStandardScaler(), last),
        "search": UnlearnableGridSearchCV(last, {"C": [0.1, 1.0]}, cv=2),
    }[kind].fit(X, classes, row_ids=np.arange(len(X)))
    before = model.predict_proba(X)
    for skipped in ([3, 9001, 5], [9001, 3, 5, 9002]):
        model.partial_unfit(row_ids=skipped, on_unknown="skip")
        record = model.request_record_
        assert record.row_ids == hashes_of([3, 5], record_key(model))
        assert record.n_rows_out == 2
        assert not model.has([3, 5]).any()
        record.undo(model, X[[3, 5]], classes[[3, 5]], row_ids=[3, 5])
        np.testing.assert_allclose(model.predict_proba(X), before, atol=1e-5)
    model.partial_unfit(row_ids=[9001], on_unknown="skip")
    assert model.request_record_.row_ids == ()
    assert model.request_record_.n_rows_out == 0
    requests = [("partial_unfit", {"row_ids": [7, 9001], "on_unknown": "skip"})]
    requests.append(("partial_unfit", {"row_ids": [8]}))
    first, _ = model.carry_out(requests)
    assert first.row_ids == hashes_of([7], record_key(model))
