"""The rows that a choice hangs on, against searches without them."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import UnlearnableGridSearchCV, UnlearnableRidge
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.model_selection import (
    ChoiceInfluence,
    ChoiceInfluenceDisplay,
    cross_validate_without,
)
from tests.model_selection.searches import folds_of, fresh, without

SEARCH = UnlearnableGridSearchCV(
    UnlearnableRidge(retain_data=True, tol=1e-12), {"alpha": [1e-2, 10.0, 300.0]}, cv=3
)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 10))
    y = X[:, 0] + 0.5 * rng.standard_normal(60)
    y[:6] = 12.0 * rng.standard_normal(6)  # which ask for a strong penalty
    return X, y


def lead_of(twin, best):
    means = twin.cv_results_["mean_test_score"]
    return means[best] - np.delete(means, best).max()


def test_a_verb_with_its_arguments_names_no_rows(problem):
    X, y = problem
    search = clone(SEARCH).fit(X, y)
    request = ("partial_unfit", {"X": X[:1], "y": y[:1]})
    with pytest.raises(TypeError, match="rows must name rows by"):
        search.choice_influence([request])
    with pytest.raises(TypeError, match="requests must name rows by"):
        cross_validate_without(search, X, y, [request])


def test_leads_are_those_of_searches_without_the_rows(problem):
    X, y = problem
    search = clone(SEARCH)
    folds = folds_of(search, X, y)
    search.fit(X, y)
    best, before = search.best_index_, search.cv_results_
    asked = [np.arange(6), 0, [7, 31], np.arange(60) == 59]
    found = search.choice_influence(asked)
    assert search.cv_results_ is before
    assert not hasattr(search, "request_report_")
    assert found.n_rows.tolist() == [6, 1, 2, 1]
    assert found.lead == pytest.approx(lead_of(search, best))
    for some, lead in zip(asked, found.leads, strict=True):
        out = np.arange(60)[some] if np.size(some) == 60 else np.atleast_1d(some)
        left = np.delete(np.arange(60), out)
        twin = fresh(search, X[left], y[left], without(folds, out, 60))
        assert lead == pytest.approx(lead_of(twin, best), abs=1e-9)
        assert (twin.best_index_ != best) == (lead < 0.0)
    assert found.chosen[0] != best == found.chosen[1] == found.best
    assert found.decisive.tolist() == [0]
    assert found.order[0] == 0
    np.testing.assert_allclose(found.changes, found.leads - found.lead)


def test_the_report_of_a_request_says_how_near_the_next_was(problem):
    X, y = problem
    search = clone(SEARCH).fit(X, y)
    best, lead = search.best_index_, lead_of(search, search.best_index_)
    report = search.partial_unfit(X[:6], y[:6]).request_report_
    assert report.choice_changed
    assert report.best_index_before == best
    assert report.lead_before == pytest.approx(lead)
    assert report.lead == pytest.approx(lead_of(search, search.best_index_))
    ranks = search.cv_results_["rank_test_score"]
    assert ranks[report.runner_up] == 2


def test_every_row_by_default_and_a_refusal_is_not_a_number(problem):
    X, y = problem
    search = clone(SEARCH).fit(X[:12], y[:12])
    folds = folds_of(search, X[:12], y[:12])
    found = search.choice_influence()
    assert np.isfinite(found.leads).all()
    assert found.n_rows.tolist() == [1] * 12
    assert np.isnan(search.choice_influence([folds[0][1]]).leads).all()


def test_where_nothing_is_chosen_by_a_score(problem):
    X, y = problem
    frozen = clone(SEARCH).set_params(keep="best").fit(X, y)
    with pytest.raises(UnlearningError, match="frozen"):
        frozen.choice_influence([1])
    alone = clone(SEARCH).set_params(param_grid={"alpha": [1.0]}).fit(X, y)
    with pytest.raises(UnlearningError, match="no lead"):
        alone.choice_influence([1])


def test_display(problem):
    plt = pytest.importorskip("matplotlib.pyplot")
    X, y = problem
    search = clone(SEARCH).fit(X, y)
    _, ax = plt.subplots()
    display = ChoiceInfluenceDisplay.from_estimator(search, [0, 1, 2], ax=ax, c="red")
    (found,) = display.results["UnlearnableGridSearchCV"]
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), np.sort(found.leads))
    assert display.lines_[0].get_color() == "red"
    assert display.lead_lines_[0].get_ydata()[0] == found.lead
    plt.close("all")


def test_frames():
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    found = ChoiceInfluence(
        0.5, np.array([1, 2]), np.array([0.25, -1.0]), np.array([3, 1]), 3
    )
    assert found.frame()["change"].tolist() == [-0.25, -1.5]
    display = ChoiceInfluenceDisplay.from_results({"one": found})
    assert display.frame()["lead"].tolist() == [0.25, -1.0]
