"""Requests to searches, against fresh searches on the edited rows in the same folds."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.tree import DecisionTreeClassifier

from sklearn_unlearn import (
    UnlearnableColumnTransformer,
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnablePipeline,
    UnlearnableRandomizedSearchCV,
    UnlearnableRidge,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import (
    EmptyClassError,
    NotForgottenWarning,
    RowNotFoundError,
    UnlearningError,
)
from sklearn_unlearn.records import RequestRecord
from tests.model_selection.searches import (
    assert_same_search,
    classes,
    folds_of,
    fresh,
    numbers,
    without,
)

ROWS = np.array([0, 7, 31])
BAYES = {"var_smoothing": [1e-9, 0.1, 1.0]}
RIDGE = {"alpha": [1e-2, 1.0, 10.0, 100.0]}


def bayes(**keywords):
    return UnlearnableGridSearchCV(UnlearnableGaussianNB(), BAYES, cv=3, **keywords)


def ridge(**keywords):
    estimator = UnlearnableRidge(retain_data=True, tol=1e-12)
    return UnlearnableGridSearchCV(estimator, RIDGE, cv=4, **keywords)


def logistic(**keywords):
    pipeline = make_unlearnable_pipeline(
        UnlearnableStandardScaler(),
        UnlearnableLogisticRegression(retain_data=True, tol=1e-11),
    )
    grid = {"unlearnablelogisticregression__C": [1e-3, 0.1, 10.0]}
    return UnlearnableGridSearchCV(pipeline, grid, cv=3, **keywords)


def trees(**keywords):
    tree = DecisionTreeClassifier(random_state=0)
    return UnlearnableGridSearchCV(tree, {"max_depth": [1, 2, 4]}, cv=3, **keywords)


def data_of(search):
    return numbers() if search.estimator.__class__ is UnlearnableRidge else classes()


@pytest.mark.parametrize("make", [bayes, ridge, logistic, trees])
def test_a_fit_is_that_of_scikit_learn(make):
    search = make(return_train_score=True)
    X, y = data_of(search)
    search.fit(X, y)
    assert_same_search(search, fresh(search, X, y, search.cv), X)
    assert search.n_splits_ == search.cv
    assert search.unlearns_ == (make is not trees)
    assert not search.choice_frozen_
    assert not hasattr(search, "request_report_")


@pytest.mark.parametrize("make", [bayes, ridge, logistic, trees])
def test_rows_that_leave(make):
    search = make()
    X, y = data_of(search)
    folds = folds_of(search, X, y)
    search.fit(X, y).partial_unfit(X[ROWS[:2]], y[ROWS[:2]])
    search.partial_unfit(X[ROWS[2:]], y[ROWS[2:]])
    left = np.delete(np.arange(len(y)), ROWS)
    twin = fresh(search, X[left], y[left], without(folds, ROWS, len(y)))
    assert_same_search(search, twin, X)
    report = search.request_report_
    refitted = report.n_refitted if make is trees else report.n_unlearned
    # the best, and the next one where it unlearns, are fitted to all rows as well
    n_whole = 1 if make is trees else 2
    n_candidates = len(search.cv_results_["params"])
    assert refitted == n_candidates * (search.n_splits_ - 1) + n_whole


@pytest.mark.parametrize("make", [bayes, ridge, trees])
@pytest.mark.parametrize("verb", ["replace_labels", "replace_features", "partial_fit"])
def test_rows_that_change_or_come(make, verb):
    search = make()
    X, y = data_of(search)
    folds = folds_of(search, X, y)
    search.fit(X, y)
    after, targets = X.copy(), y.copy()
    if verb == "replace_labels":
        targets[ROWS] = y[ROWS + 1]
        search.replace_labels(X[ROWS], y[ROWS], targets[ROWS])
    elif verb == "replace_features":
        after[ROWS] += 1.0
        search.replace_features(X[ROWS], y[ROWS], after[ROWS])
    else:
        after, targets = np.vstack([X, X[ROWS] + 1.0]), np.append(y, y[ROWS])
        search.partial_fit(X[ROWS] + 1.0, y[ROWS])
        new = len(y) + np.arange(ROWS.size)
        held = new % search.n_splits_  # in turn
        folds = [
            (np.append(a, new[held != k]), np.append(b, new[held == k]))
            for k, (a, b) in enumerate(folds)
        ]
    assert_same_search(search, fresh(search, after, targets, folds), X)


@pytest.mark.parametrize("make", [bayes, ridge, logistic, trees])
def test_a_column_that_is_forgotten(make):
    search = make()
    X, y = data_of(search)
    folds = folds_of(search, X, y)
    search.fit(X, y).forget_features([1])
    left = np.delete(X, 1, axis=1)
    twin = fresh(search, left, y, folds)
    assert_same_search(search, twin, left)
    asked = "predict_proba" if hasattr(search, "predict_proba") else "predict"
    answers = [getattr(search, asked)(rows) for rows in (X, left)]
    np.testing.assert_allclose(*answers, atol=1e-12)
    assert search.n_features_in_ == X.shape[1]
    gone = np.delete(np.arange(len(y)), ROWS)
    search.partial_unfit(left[ROWS], y[ROWS])
    twin = fresh(search, left[gone], y[gone], without(folds, ROWS, len(y)))
    assert_same_search(search, twin, left)
    search.forget_features([1, 3])
    twin = fresh(
        search, np.delete(left, 2, 1)[gone], y[gone], without(folds, ROWS, len(y))
    )
    assert_same_search(search, twin, np.delete(left, 2, 1))


def test_a_choice_that_changes_gives_the_other_model():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 10))
    y = X[:, 0] + 0.3 * rng.standard_normal(80)
    y[:12] = 25.0 * rng.standard_normal(12)  # which ask for a strong penalty
    search = ridge()
    folds = folds_of(search, X, y)
    search.fit(X, y)
    before = search.best_index_
    gone = np.arange(12)
    search.partial_unfit(X[gone], y[gone])
    assert search.best_index_ != before
    report = search.request_report_
    assert report.choice_changed
    assert (report.best_index_before, report.best_index_after) == (
        before,
        search.best_index_,
    )
    means = np.sort(search.cv_results_["mean_test_score"])
    assert report.lead == pytest.approx(means[-1] - means[-2])
    twin = fresh(search, X[12:], y[12:], without(folds, gone, 80))
    assert_same_search(search, twin, X)


def test_of_equal_candidates_the_first_is_the_best():
    X, y = classes()
    search = bayes().set_params(param_grid={"var_smoothing": [0.1, 0.1]}).fit(X, y)
    search.partial_unfit(X[:2], y[:2])
    assert search.cv_results_["rank_test_score"].tolist() == [1, 1]
    assert search.best_index_ == 0


@pytest.mark.parametrize(
    "grid",
    [
        {"scaler": ["passthrough", None, UnlearnableStandardScaler()]},
        {"columns__some": ["drop", "passthrough", UnlearnableStandardScaler()]},
        [{"model__C": [0.1]}, {"model": [UnlearnableGaussianNB()]}],
    ],
    ids=["step", "columns", "model"],
)
def test_a_grid_of_steps(grid):
    X, y = classes()
    columns = UnlearnableColumnTransformer(
        [("some", UnlearnableStandardScaler(), [0, 1])], remainder="passthrough"
    )
    model = UnlearnableLogisticRegression(retain_data=True, tol=1e-11)
    steps = [("scaler", UnlearnableStandardScaler()), ("columns", columns)]
    pipeline = UnlearnablePipeline([*steps, ("model", model)])
    search = UnlearnableGridSearchCV(pipeline, grid, cv=3)
    folds = folds_of(search, X, y)
    search.fit(X, y).partial_unfit(X[ROWS], y[ROWS])
    rest = np.delete(np.arange(len(y)), ROWS)
    twin = fresh(search, X[rest], y[rest], without(folds, ROWS, len(y)))
    assert_same_search(search, twin, X)


def test_several_metrics_and_a_function_that_chooses():
    X, y = classes()

    def last(results):
        return len(results["mean_test_accuracy"]) - 1

    left = np.delete(np.arange(len(y)), ROWS)
    for refit in ("f1_macro", last):
        search = bayes(scoring=["accuracy", "f1_macro"], refit=refit)
        folds = without(folds_of(search, X, y), ROWS, len(y))
        search.fit(X, y).partial_unfit(X[ROWS], y[ROWS])
        assert search.multimetric_
        assert_same_search(search, fresh(search, X[left], y[left], folds), X)
    assert not hasattr(search, "best_score_")


def test_without_a_model_the_results_are_kept_up():
    X, y = classes()
    search = bayes(refit=False)
    folds = without(folds_of(search, X, y), ROWS, len(y))
    search.fit(X, y).partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(len(y)), ROWS)
    assert_same_search(search, fresh(search, X[left], y[left], folds), X)
    assert not hasattr(search, "predict")
    assert not hasattr(search, "best_estimator_")


def test_groups_stay_apart():
    X, y = numbers()
    groups = np.arange(60) // 6
    search = ridge().set_params(cv=GroupKFold(3))
    folds = folds_of(search, X, y, groups)
    search.fit(X, y, groups=groups).partial_unfit(X[:6], y[:6])
    twin = fresh(search, X[6:], y[6:], without(folds, np.arange(6), 60))
    assert_same_search(search, twin, X)


def test_weights():
    X, y = numbers()
    weight = np.linspace(0.5, 2.0, 60)
    weight[5] = 0.0
    search = ridge()
    folds = folds_of(search, X, y)
    search.fit(X, y, weight)
    # half of one row, and all of another
    search.partial_unfit(X[[3]], y[[3]], weight[[3]] / 2).partial_unfit(X[[4]], y[[4]])
    weight[3] /= 2
    gone = [4, 5]
    left = np.delete(np.arange(60), gone)
    twin = fresh(
        search,
        X[left],
        y[left],
        without(folds, gone, 60),
        sample_weight=weight[left],
    )
    assert_same_search(search, twin, X)


def test_rows_that_are_drawn_for_each_split():
    X, y = numbers()
    search = ridge().set_params(cv=ShuffleSplit(3, test_size=0.3, random_state=0))
    folds = folds_of(search, X, y)
    search.fit(X, y).partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(60), ROWS)
    twin = fresh(search, X[left], y[left], without(folds, ROWS, 60))
    assert_same_search(search, twin, X)
    with pytest.raises(UnlearningError, match="in which folds a new row would be"):
        search.partial_fit(X[:1], y[:1])


def test_everything_may_be_in_one_fold():
    X, y = numbers()
    search = ridge().set_params(cv=[(slice(None), slice(None))]).fit(X, y)
    search.partial_unfit(X[:1], y[:1])
    every = np.arange(59)
    assert_same_search(search, fresh(search, X[1:], y[1:], [(every, every)]), X)


def test_names_of_rows():
    X, y = numbers()
    names = [f"row {number}" for number in range(60)]
    search, other = ridge().fit(X, y, row_ids=names), ridge().fit(X, y)
    search.partial_unfit(row_ids=["row 3", "row 9"])
    other.partial_unfit(X[[3, 9]], y[[3, 9]])
    assert_same_search(search, other, X)
    assert search.has(["row 3", "row 4"]).tolist() == [False, True]


def test_records_tell_states_apart():
    X, y = numbers()
    search = ridge().fit(X, y)
    (first, second) = (
        search.partial_unfit(X[[row]], y[[row]]).request_record_ for row in (3, 9)
    )
    assert first.state_before != first.state_after == second.state_before
    assert second.state_after != first.state_after


def test_records_are_of_the_request_not_of_one_of_the_models():
    X, y = numbers()
    search = ridge().fit(X, y)
    gone = np.array([0, 1, 2, 50])  # in two folds
    record = search.partial_unfit(X[gone], y[gone]).request_record_
    assert record.n_rows_out == 4
    assert record.residual_after is None


def test_records_say_what_became_of_the_choice():
    X, y = numbers()
    search = ridge().fit(X, y)
    means = search.cv_results_["mean_test_score"]
    best, lead = int(search.best_index_), np.diff(np.sort(means))[-1]
    record = search.partial_unfit(X[ROWS], y[ROWS]).request_record_
    report = search.request_report_
    assert record.choice == {
        "best_before": best,
        "best_after": int(search.best_index_),
        "lead_before": pytest.approx(lead),
        "lead_after": report.lead,
        "runner_up": report.runner_up,
        "frozen": False,
    }
    assert RequestRecord.from_json(record.to_json()) == record
    alone = UnlearnableRidge().fit(X, y)
    assert alone.partial_unfit(X[:1], y[:1]).request_record_.choice is None


def test_requests_together():
    X, y = numbers()
    search = ridge()
    folds = without(folds_of(search, X, y), [3], 60)
    target = y[[5]].copy()
    after = y.copy()
    after[5] += 1.0
    search.fit(X, y).carry_out(
        [
            ("partial_unfit", {"X": X[[3]], "y": y[[3]]}),
            ("replace_labels", {"X": X[[5]], "y": target, "y_new": after[[5]]}),
            ("forget_features", {"columns": [1]}),
        ]
    )
    narrow, left = np.delete(X, 1, axis=1), np.delete(np.arange(60), 3)
    assert_same_search(search, fresh(search, narrow[left], after[left], folds), narrow)


def test_random_candidates_stay():
    X, y = numbers()
    search = UnlearnableRandomizedSearchCV(
        UnlearnableRidge(retain_data=True, tol=1e-12),
        RIDGE,
        n_iter=2,
        cv=4,
        random_state=3,
    )
    folds = without(folds_of(search, X, y), ROWS, 60)
    search.fit(X, y)
    drawn = search.cv_results_["params"]
    search.partial_unfit(X[ROWS], y[ROWS])
    assert search.cv_results_["params"] == drawn
    search.param_grid = [{"alpha": [each["alpha"]]} for each in drawn]
    left = np.delete(np.arange(60), ROWS)
    assert_same_search(search, fresh(search, X[left], y[left], folds), X)


def test_folds_drawn_anew():
    X, y = numbers()
    search = ridge(refold=True).fit(X, y).partial_unfit(X[ROWS], y[ROWS])
    left = np.delete(np.arange(60), ROWS)
    assert_same_search(search, fresh(search, X[left], y[left], 4), X)
    search.partial_fit(X[:1] + 1.0, y[:1])
    X_now, y_now = np.vstack([X[left], X[:1] + 1.0]), np.append(y[left], y[:1])
    assert_same_search(search, fresh(search, X_now, y_now, 4), X)


def test_a_frozen_choice_says_so():
    X, y = numbers()
    search, full = ridge(keep="best").fit(X, y), ridge().fit(X, y)
    results = copy.deepcopy(search.cv_results_)
    assert search.choice_frozen_
    with pytest.warns(NotForgottenWarning, match="the choice"):
        search.partial_unfit(X[ROWS], y[ROWS])
    assert search.request_record_.choice["frozen"]
    assert repr(search.cv_results_) == repr(results)
    full.partial_unfit(X[ROWS], y[ROWS])
    assert search.best_params_ == full.best_params_
    np.testing.assert_allclose(search.predict(X), full.predict(X), atol=1e-8)


# Failures ---------------------------------------------------------------------------


def test_a_fold_that_loses_a_class_is_what_a_fresh_search_finds():
    X, y = classes()
    search = bayes()
    folds = folds_of(search, X, y)
    gone = np.flatnonzero(y == "c")
    gone = gone[np.isin(gone, folds[0][0])]  # all that the first split trains on
    search.fit(X, y).partial_unfit(X[gone], y[gone])
    left = np.delete(np.arange(len(y)), gone)
    twin = fresh(search, X[left], y[left], without(folds, gone, len(y)))
    assert_same_search(search, twin, X)
    assert search.classes_.tolist() == ["a", "b", "c"]


def test_a_fit_that_fails_gets_the_error_score():
    X, y = classes(n_classes=2)
    search = UnlearnableGridSearchCV(
        UnlearnableLogisticRegression(retain_data=True, tol=1e-11),
        {"C": [0.1, 1.0]},
        cv=3,
    )
    folds = folds_of(search, X, y)
    gone = np.flatnonzero(y == "b")
    gone = gone[np.isin(gone, folds[0][0])]
    search.fit(X, y)
    before = pickle.dumps(search.cv_results_)
    with pytest.raises(UnlearningError):
        clone(search).set_params(error_score="raise").fit(X, y).partial_unfit(
            X[gone], y[gone]
        )
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 6"):
        search.partial_unfit(X[gone], y[gone])
    assert pickle.dumps(search.cv_results_) != before
    left = np.delete(np.arange(len(y)), gone)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twin = fresh(search, X[left], y[left], without(folds, gone, len(y)))
    assert_same_search(search, twin, X)
    last = np.setdiff1d(np.flatnonzero(y == "b"), gone)
    with pytest.raises(EmptyClassError, match="'b'"):
        search.partial_unfit(X[last], y[last])


def test_a_request_that_is_refused_changes_nothing():
    X, y = numbers()
    fails = []

    def score(true, found):
        if fails:
            raise ValueError("no score today")
        return -np.mean((true - found) ** 2)

    search = ridge(scoring=make_scorer(score), error_score="raise").fit(X, y)
    before = pickle.dumps([search.cv_results_, search.predict(X)])
    models = dict(search._fitted.members.fitted)
    fails.append(True)
    with pytest.raises(UnlearningError, match="no score today"):
        search.partial_unfit(X[:1], y[:1])
    with pytest.raises(RowNotFoundError):
        search.partial_unfit(X[:1] + 1.0, y[:1])
    fails.clear()
    assert search._fitted.members.fitted == models
    assert pickle.dumps([search.cv_results_, search.predict(X)]) == before


class Counting(UnlearnableRidge):
    """Counts its fits."""

    fits = 0

    def fit(self, *arguments, **keywords):
        Counting.fits += 1
        return super().fit(*arguments, **keywords)


def test_memory_is_stated_before_it_is_taken():
    X, y = numbers()

    search = UnlearnableGridSearchCV(Counting(), RIDGE, cv=4, max_bytes=1000)
    with pytest.raises(ValueError, match="max_bytes=1,000"):
        search.fit(X, y)
    assert Counting.fits == 1
    assert ridge().fit(X, y).n_bytes_ > 17 * 1000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keep": "none"}, "keep must be"),
        ({"keep": "best", "refit": False}, "keep='best'"),
        ({"keep": "best", "refold": True}, "refold=True"),
        ({"refold": True, "cv": [([0], [1])]}, "refold=True"),
        ({"scoring": ["r2", "neg_max_error"]}, "refit"),
        ({"scoring": "nothing"}, "nothing"),
        ({"param_grid": {"beta": [1]}}, "beta"),
        ({"cv": "many"}, "cv"),
    ],
)
def test_parameters_that_make_no_search(wrong, message):
    X, y = numbers()
    with pytest.raises(ValueError, match=message):
        ridge().set_params(**wrong).fit(X, y)


class Writes(ClassifierMixin, BaseEstimator):
    """Overwrites what it is given."""

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y):
        self.model_ = LogisticRegression(C=self.C).fit(X, y)
        X[:] = 0.0
        return self

    def predict(self, X):
        return self.model_.predict(X)


def test_a_foreign_estimator_may_overwrite_its_rows():
    X, y = classes()
    before = X.copy()
    search = UnlearnableGridSearchCV(Writes(), {"C": [0.1, 10.0]}, cv=3)
    folds = without(folds_of(search, X, y), ROWS, len(y))
    search.fit(X, y).partial_unfit(X[ROWS], y[ROWS])
    np.testing.assert_array_equal(X, before)
    left = np.delete(np.arange(len(y)), ROWS)
    twin = fresh(search, X[left], y[left], folds)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], twin.cv_results_["mean_test_score"]
    )


def test_nothing_erased_is_in_the_pickle():
    X, y = classes()
    marked = 1234.56789
    X[7, 2] = marked
    for search in (bayes(), logistic(), trees()):
        search.fit(X, y)
        assert np.float64(marked).tobytes() in pickle.dumps(search)
        search.partial_unfit(X[[7]], y[[7]])
        assert np.float64(marked).tobytes() not in pickle.dumps(search)
        again = pickle.loads(pickle.dumps(search))
        again.partial_unfit(X[[8]], y[[8]])
        search.partial_unfit(X[[8]], y[[8]])
        assert_same_search(again, search, X)


def test_fits_at_the_same_time_give_the_same():
    X, y = numbers()
    alone = ridge().fit(X, y)
    with parallel_config(backend="threading"):
        search = ridge(n_jobs=2).fit(X, y)
    for each in (search, alone):
        each.partial_unfit(X[ROWS], y[ROWS])
    assert_same_search(search, alone, X)
