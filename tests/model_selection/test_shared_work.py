"""What candidates of a search have in common is worked out once for all of them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score

from sklearn_unlearn import (
    UnlearnableGaussianNB,
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableStackingClassifier,
    UnlearnableStandardScaler,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.folds import FoldRows, Part
from sklearn_unlearn.model_selection._fronts import fitted_to_all, fronts_of
from sklearn_unlearn.model_selection._plain_scores import plain_score, plainly_scored
from sklearn_unlearn.utils import validation
from tests.model_selection.searches import classes, numbers


def piped(Cs, retain_data=False, **keywords):
    model = UnlearnableLogisticRegression(retain_data=retain_data, tol=1e-10)
    pipeline = make_unlearnable_pipeline(UnlearnableStandardScaler(), model)
    grid = {"unlearnablelogisticregression__C": Cs}
    return UnlearnableGridSearchCV(pipeline, grid, cv=3, **keywords)


def test_rows_are_validated_once_for_all_candidates(monkeypatch):
    X, y = classes()
    n_calls, validate = [0], validation.validate_data

    def counted(*arguments, **keywords):
        n_calls[0] += 1
        return validate(*arguments, **keywords)

    counts = []
    for n_candidates in (2, 6):
        search = piped(np.logspace(-2, 0, n_candidates), refit=False).fit(X, y)
        with monkeypatch.context() as patched:
            patched.setattr(validation, "validate_data", counted)
            n_calls[0] = 0
            search.partial_unfit(X[:1], y[:1])
        counts.append(n_calls[0])
    assert counts[0] == counts[1]


@pytest.mark.parametrize("weighted", [True, False])
def test_a_model_behind_steps_that_are_fitted_is_that_of_a_fit(weighted):
    X, y = classes()
    weight = np.linspace(0.5, 2.0, len(y)) if weighted else None
    search = piped([1e-3, 0.1, 10.0], retain_data=True).fit(X, y, weight)
    fitted = search._fitted
    candidates, living = fitted.outcome.candidates, fitted.model.living()
    (other,) = {0, 1, 2} - {n for n, split in fitted.members.fitted if split is None}
    members = fitted_to_all(fitted.members, candidates, other, living)
    best = members.fitted[int(search.best_index_), None].estimator
    found = members.fitted[other, None].estimator
    assert found.steps[0][1] is best.steps[0][1]
    expected = search.estimator.set_params(**candidates[other]).fit(X, y, weight)
    answers = [each.predict_proba(X) for each in (found, expected)]
    np.testing.assert_allclose(*answers, atol=1e-9)
    for each in (found, expected):
        each.partial_unfit(X[:3], y[:3])
    answers = [each.predict_proba(X) for each in (found, expected)]
    np.testing.assert_allclose(*answers, atol=1e-9)


def test_steps_that_differ_or_draw_at_random_are_not_shared():
    spec = piped([1.0]).estimator
    candidates = [{"unlearnablestandardscaler__with_mean": each} for each in (1, 0)]
    specs = [spec.set_params(**each) for each in candidates]
    assert len(set(fronts_of(specs, candidates))) == 2
    foreign = make_unlearnable_pipeline(LogisticRegression(), UnlearnableRidge())
    assert fronts_of([spec, foreign], [{}, {}]) == ()


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("kind", ["accuracy", "r2"])
def test_plain_scores_are_those_of_scikit_learn(kind, weighted):
    X, y = classes() if kind == "accuracy" else numbers()
    model = LogisticRegression(C=0.01) if kind == "accuracy" else Ridge()
    model.fit(X, y)
    weight = np.linspace(0.1, 1.0, len(y)) if weighted else None
    score = accuracy_score if kind == "accuracy" else r2_score
    expected = score(y, model.predict(X), sample_weight=weight)
    found = plainly_scored(kind, model, Part(X, y, weight), weight)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for given in (None, kind):
        assert plain_score(given, model) == kind


def test_other_scores_are_asked_of_scikit_learn():
    X, y = numbers()
    model = Ridge().fit(X, y)
    assert plain_score("neg_mean_squared_error", model) is None
    assert plain_score(lambda model, X, y: 0.0, model) is None
    constant, one = Part(X, np.ones(len(y)), None), Part(X[:1], y[:1], None)
    for rows in (constant, one):
        assert plainly_scored("r2", model, rows, None) is None

    class Own(Ridge):
        def score(self, X, y, sample_weight=None):
            return 0.5

    assert plain_score(None, Own().fit(X, y)) is None


def test_a_stack_takes_held_out_rows_once_for_all_models(monkeypatch):
    X, y = classes()
    counts, n_calls, part = [], [0], FoldRows.part

    def counted(*arguments, **keywords):
        n_calls[0] += 1
        return part(*arguments, **keywords)

    for n_models in (2, 4):
        models = [(str(n), UnlearnableGaussianNB()) for n in range(n_models)]
        stack = UnlearnableStackingClassifier(models, cv=3).fit(X, y)
        with monkeypatch.context() as patched:
            patched.setattr(FoldRows, "part", counted)
            n_calls[0] = 0
            stack.partial_unfit(X[:1], y[:1])
        counts.append(n_calls[0])
    assert counts[0] == counts[1]


def last_models(search):
    """The last steps, by candidate and split."""
    fitted = search._fitted.members.fitted
    return {cell: member.estimator.steps[-1][1] for cell, member in fitted.items()}


@pytest.mark.filterwarnings("ignore:The request may be too large")
@pytest.mark.parametrize("retain_data", [True, False])
def test_rows_of_a_fold_are_kept_once_for_all_candidates(retain_data, monkeypatch):
    X, y = classes()
    requests = [
        ("partial_unfit", (X[:2], y[:2])),
        ("partial_unfit", (X[5:6], y[5:6])),
        ("replace_features", (X[2:4], y[2:4], X[2:4] + 0.1)),
        ("partial_unfit", (X[8:9], y[8:9])),
    ]
    both = [piped([0.01, 0.1, 1.0], retain_data).fit(X, y)]
    with monkeypatch.context() as patched:
        kind = UnlearnableLogisticRegression
        patched.setattr(kind, "_of_the_rows_of", lambda model, other: model)
        both.append(piped([0.01, 0.1, 1.0], retain_data).fit(X, y))
    for number, (name, arguments) in enumerate(requests):
        found, alone = (last_models(getattr(s, name)(*arguments)) for s in both)
        for cell, model in found.items():  # to the last bit
            np.testing.assert_array_equal(model.coef_, alone[cell].coef_)
        if number > 1:
            continue  # rows that come are read by each model
        for split in range(3):
            first, *others = (found[n, split]._fitted.model for n in range(3))
            assert all(one.tally is first.tally for one in others)
            assert all(one.retained is first.retained for one in others)


def test_weights_and_targets_tell_rows_apart():
    X, y = classes()
    weight = np.linspace(0.5, 2.0, len(y))
    one, two, three = (
        UnlearnableLogisticRegression(retain_data=True) for _ in range(3)
    )
    one.fit(X, y), two.fit(X, y, weight), three.fit(X, np.roll(y, 1))
    for other in (two, three):
        assert other._of_the_rows_of(one)._fitted.model.retained is not (
            one._fitted.model.retained
        )
    like = UnlearnableLogisticRegression(C=0.1, retain_data=True).fit(X, y)
    shared = like._of_the_rows_of(one)._fitted.model
    assert shared.retained is one._fitted.model.retained
    assert like._fitted.model.retained is not shared.retained
