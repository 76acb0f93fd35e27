"""Records of requests say what was done, and hold no data."""

import gc
import json
import logging
import pickle
import weakref
from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableLogisticRegression,
    UnlearnableRidge,
    UnlearnableStandardScaler,
)
from sklearn_unlearn.exceptions import UnlearningError
from sklearn_unlearn.records import (
    RECORD_SCHEMA,
    RequestRecord,
    hashes_of,
    record_key,
    undo_requests,
    use_record_key,
)
from sklearn_unlearn.utils.digests import digest_of_rows, digest_of_state
from sklearn_unlearn.utils.traces import traces
from tests.families import EXACT, FAMILIES, NAMED, X, fitted, rows_of, y


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_request_leaves_a_record(family):
    model = fitted(family)
    assert not hasattr(model, "request_record_")
    first = model.partial_unfit(*rows_of(model, [1, 2])).request_record_
    assert (first.verb, first.n_rows_out, first.n_rows_in) == ("partial_unfit", 2, 0)
    assert first.estimator == type(model).__name__
    assert first.state_before != first.state_after
    assert first.follows is None
    if family != "network":
        second = model.partial_fit(*rows_of(model, [1, 2])).request_record_
        assert (second.n_rows_out, second.n_rows_in) == (0, 2)
        assert second.follows == first.identity
        assert second.state_before == first.state_after
        if family in EXACT:
            assert second.state_after == first.state_before
    assert not hasattr(clone(model), "request_record_")
    record = model.request_record_
    again = pickle.loads(pickle.dumps(model))
    assert again.request_record_ == record
    with pytest.raises((ValueError, TypeError)):
        model.partial_unfit(X[:3, :1])
    assert model.request_record_ is record
    again.fit(X, y)
    assert not hasattr(again, "request_record_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_records_that_nobody_asked_for_leave_no_gap(family):
    model = fitted(family)
    model.partial_unfit(*rows_of(model, [1, 2]))
    between = digest_of_state(record_key(model), model._checked())
    if family == "network":
        assert model.request_record_.state_after == between
        return
    record = model.partial_fit(*rows_of(model, [1, 2])).request_record_
    assert record.state_before == between
    assert record.follows is not None
    assert record.state_after == digest_of_state(record_key(model), model._checked())


@pytest.mark.parametrize("family", ["ridge_retained", "naive_bayes", "forest"])
def test_no_record_keeps_the_state_before(family):
    """In memory either: what left is the difference of two states."""
    model = clone(fitted(family)).fit(X, y)
    before = weakref.ref(model._fitted)
    model.partial_unfit(*rows_of(model, [1, 2]))
    gc.collect()
    assert before() is None
    assert model.request_record_.state_before


def test_a_record_is_written_under_the_key_that_the_model_had():
    model = fitted("ridge")
    model.partial_unfit(X[:1], y[:1])
    first, state = record_key(model), model._fitted
    use_record_key(model, bytes(32))
    assert model.request_record_.state_after == digest_of_state(first, state)
    record = model.partial_unfit(X[1:2], y[1:2]).request_record_
    assert record.state_before == digest_of_state(bytes(32), state)


@pytest.mark.parametrize(
    ("family", "method"),
    [
        ("ridge_retained", "refined"),
        ("logistic", "one step"),
        ("naive_bayes", "exact"),
        ("network", "empirical"),
        ("pipeline_retained", "refined"),
        ("columns", "exact"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
def test_the_method_is_what_tags_promise(family, method):
    model = fitted(family)
    record = model.partial_unfit(*rows_of(model, [3])).request_record_
    assert record.method == method
    assert (record.residual_after is not None) == (method == "refined")
    if method == "refined":
        assert record.residual_after == pytest.approx(
            float(model.gradient_residual()), abs=1e-8
        )


def test_steps_that_changed_are_named():
    model = fitted("pipeline_retained")
    labels = model.replace_labels(X[:1], y[:1], 1 - y[:1]).request_record_
    assert labels.steps == ("unlearnablelogisticregression",)
    assert (labels.n_rows_out, labels.n_rows_in) == (1, 1)
    rows = model.partial_unfit(X[1:2], y[1:2]).request_record_
    assert rows.steps == (
        "unlearnablestandardscaler",
        "unlearnablelogisticregression",
    )
    assert not hasattr(model[-1], "request_record_")
    columns = fitted("columns").partial_unfit(X[:1]).request_record_
    assert columns.steps == ("unlearnablestandardscaler",)


def test_columns_are_named():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = UnlearnableRidge().fit(frame, y)
    assert model.forget_features(["b", "d"]).request_record_.columns == ("b", "d")
    model = UnlearnableRidge().fit(X, y)
    record = model.forget_features(np.array([False, True, False, True])).request_record_
    assert (record.verb, record.columns) == ("forget_features", (1, 3))
    assert record.frame().shape == (1, len(fields(record)))


@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("family", NAMED)
def test_names_are_hashed_by_a_key_that_no_pickle_has(family):
    model = fitted(family, named=True)
    model.partial_unfit(row_ids=[1003, 1004])
    record, key = model.request_record_, record_key(model)
    assert record.n_rows_out == 2
    assert record.row_ids == hashes_of([1003, 1004], key)
    assert record.row_ids != hashes_of([1003, 1004], bytes(32))
    pickled = pickle.dumps(model)
    assert key not in pickled
    assert key not in pickle.dumps(record)
    again = pickle.loads(pickled)
    assert record_key(again) != key
    assert again.request_record_.row_ids != hashes_of([1003], record_key(again))
    use_record_key(again, key)
    again.partial_unfit(row_ids=[1005])
    assert again.request_record_.row_ids == hashes_of([1005], key)
    assert again.request_record_.follows == record.identity
    with pytest.raises(ValueError, match="32 bytes"):
        use_record_key(again, b"short")


@pytest.mark.parametrize("family", ["ridge_retained", "forest", "pipeline"])
def test_a_record_holds_no_value_that_left(family):
    rows = X.copy()
    rows[5] = [271.8281, 314.1592, 141.4213, 173.2050]
    model = clone(fitted(family)).fit(rows, y)
    model.partial_unfit(rows[5:6], y[5:6])
    wanted = dict(zip("abcd", rows[5].tolist(), strict=True))
    for held in (model.request_record_, vars(model)["_requests"]):
        assert not traces(held, wanted)
    assert not traces(model, wanted)
    # nor a hash without a key: another model's of the same request is another
    other = clone(fitted(family)).fit(rows, y).partial_unfit(rows[5:6], y[5:6])
    assert other.request_record_.asked != model.request_record_.asked
    assert other.request_record_.state_after != model.request_record_.state_after


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.NotForgottenWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_exports_have_no_record(family):
    model = fitted(family)
    plain = model.partial_unfit(*rows_of(model, [1, 2])).to_sklearn()
    assert not hasattr(plain, "request_record_")
    assert "_requests" not in vars(plain)
    for _, step in getattr(plain, "steps", []):
        assert "_requests" not in vars(step)
    assert model.request_record_.identity.encode() not in pickle.dumps(plain)


def test_subjects_count_as_their_rows():
    model = UnlearnableRidge(retain_data=True).fit(X, y, row_ids=np.arange(90) // 3)
    record = model.partial_unfit(row_ids=[4, 7]).request_record_
    assert (record.n_rows_out, len(record.row_ids)) == (6, 2)


def test_refinements_are_recorded():
    model = fitted("logistic")
    first = model.partial_unfit(X[:1], y[:1]).request_record_
    record = model.refine(X[1:], y[1:]).request_record_
    assert (record.verb, record.n_rows_out, record.n_rows_in) == ("refine", 0, 0)
    assert record.follows == first.identity
    pipeline = fitted("pipeline_retained")
    assert pipeline.refine().request_record_.verb == "refine"


def test_residuals_and_exactness_before_and_after():
    model = fitted("ridge_retained")
    known = float(model.gradient_residual())
    first = model.partial_unfit(*rows_of(model, [0])).request_record_
    assert first.residual_before == pytest.approx(known, abs=1e-9)
    second = model.partial_unfit(*rows_of(model, [1])).request_record_
    assert second.residual_before == first.residual_after
    assert (first.exactness_before, first.exactness_after) == ("exact", "refined")
    assert second.exactness_before == "refined"
    refined = model.refine().request_record_
    assert refined.residual_before == second.residual_after
    model = fitted("logistic")
    rows = X[8:], y[8:]
    record = model.partial_unfit(X[:8], y[:8]).request_record_
    assert (record.exactness_before, record.exactness_after) == ("exact", "one step")
    assert (record.residual_before, record.residual_after) == (None, None)
    record = model.refine(*rows).request_record_
    assert (record.method, record.exactness_before) == ("refined", "one step")
    assert record.exactness_after == "refined"
    again = pickle.loads(pickle.dumps(model))
    record = again.partial_unfit(X[8:9], y[8:9]).request_record_
    assert (record.exactness_before, record.exactness_after) == ("refined", "one step")


def test_with_certification_no_residual_is_told_of_any_request():
    terms = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=10.0)
    model = UnlearnableRidge(certification=terms, retain_data=True).fit(X, y)
    for ask in (lambda: model.partial_unfit(X[:1], y[:1]), model.refine):
        record = ask().request_record_
        assert (record.residual_before, record.residual_after) == (None, None)
        assert record.budget == model.private_record().budget > 0.0
        assert record.publications == 2


def test_publications_are_counted_and_distances_are_not_told():
    terms = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=10.0)
    model = UnlearnableRidge(certification=terms, retain_data=True).fit(X, y)
    record = model.partial_unfit(X[:1], y[:1]).request_record_
    assert record.publications == model.private_record().publication
    assert record.residual_after is None


def test_json_is_as_the_schema_says():
    model = fitted("ridge_retained", named=True)
    record = model.partial_unfit(row_ids=[1001]).request_record_
    document = json.loads(record.to_json())
    assert document.keys() == RECORD_SCHEMA["properties"].keys()
    assert set(RECORD_SCHEMA["required"]) == document.keys()
    assert {each.name for each in fields(record)} == document.keys() - {"format"}
    kinds = {"string": str, "integer": int, "number": float, "null": type(None)}
    kinds |= {"array": list, "object": dict}
    for name, value in document.items():
        kind = RECORD_SCHEMA["properties"][name].get("type")
        if kind is not None:
            kind = [kind] if isinstance(kind, str) else kind
            assert isinstance(value, tuple(kinds[each] for each in kind))
    assert RequestRecord.from_json(record.to_json()) == record
    for wrong in ("{}", "[1]", json.dumps({**document, "more": 1})):
        with pytest.raises(ValueError, match="no record of a request"):
            RequestRecord.from_json(wrong)
    with pytest.raises(ValueError, match="format 1"):
        RequestRecord.from_json(json.dumps({**document, "format": 2}))


def test_lines_are_logged_and_have_counts_alone(caplog):
    model = fitted("pipeline_retained")
    model.partial_unfit(X[:2], y[:2])
    assert not caplog.records
    with caplog.at_level(logging.INFO, logger="sklearn_unlearn.requests"):
        model.partial_unfit(X[2:4], y[2:4])
        with pytest.raises(UnlearningError):
            model.partial_unfit(X[2:4], y[2:4])
    # one line: that of the pipeline, none of its steps, none of what was refused
    assert [each.getMessage() for each in caplog.records] == [
        "UnlearnablePipeline.partial_unfit: 2 rows out; refined"
    ]


def test_html_has_a_line():
    model = fitted("ridge")
    assert "Last request" not in model._repr_html_()
    model.partial_unfit(X[:1], y[:1])
    assert "partial_unfit: 1 row out; exact" in model._repr_html_()
    assert "Last request" in model._repr_mimebundle_()["text/html"]


def test_html_tells_what_the_model_is_worth_and_no_secret():
    names = [f"k{7000 + row}" for row in range(len(y))]
    model = UnlearnableLogisticRegression(retain_data=True).fit(X, y, row_ids=names)
    model.partial_unfit(row_ids=names[:2]).forget_features([3])
    page = model._repr_html_()
    residual = f"{model.request_record_.residual_after:.2g}"
    assert "Requests since fit: 2; the model is refined, its gradient" in page
    assert f"residual {residual}" in page
    assert "Columns forgotten: 3<" in page
    assert "k7000" not in page
    # as much is in a file
    assert (
        pickle.loads(pickle.dumps(model))
        ._repr_html_()
        .endswith(page[page.index("<p><small>") :])
    )
    again = model.fit(X, y)
    assert "Requests since fit" not in again._repr_html_()


def test_html_tells_the_budget_and_not_what_is_spent():
    promise = GaussianCertification(epsilon=1.0, delta=1e-4, sigma=1.0)
    model = UnlearnableLogisticRegression(C=0.01, certification=promise).fit(X, y)
    model.partial_unfit(X[:1], y[:1])
    page, record = model._repr_html_(), model.private_record()
    assert f"from a budget of {record.budget:.3g} for all" in page
    told = page[page.index("Certified: ") :].replace(f"{record.budget:.3g}", "")
    for secret in (record.spent, record.remaining, record.distance):
        assert f"{secret:.3g}" not in told


def test_undone_columns_are_not_forgotten_in_html():
    model = fitted("ridge").partial_unfit(X[:1], y[:1])
    model.request_record_.undo(model, X[:1], y[:1])
    assert "Requests since fit: 2; the model is exact" in model._repr_html_()
    assert "Columns" not in model._repr_html_()


def test_records_of_another_request_differ():
    one = fitted("scaler").partial_unfit(X[:1]).request_record_
    assert replace(one) == one
    assert one != fitted("scaler").partial_unfit(X[:1]).request_record_
    assert len({one, replace(one)}) == 1


def test_digests_of_large_arrays_with_many_zeros():
    X = np.zeros((300, 80))
    X[:, 3] = np.arange(300) + 1.0
    zero, place, value = X.copy(), X.copy(), X.copy()
    zero[0, 0] = -0.0
    place[7, [3, 4]] = place[7, [4, 3]]
    value[7, 3] = 1e-300

    def digest(rows):
        return digest_of_rows(bytes(32), {"X": rows})

    alike = [np.asfortranarray(X), zero, X.copy()]
    alike += [X.astype(kind) for kind in ("f2", "f4", ">f4", ">f8", np.longdouble)]
    assert {digest(rows) for rows in alike} == {digest(X)}
    others = [place, value, X[:, :79], X[:299], X.reshape(600, 40), X.reshape(-1)]
    assert len({digest(rows) for rows in (X, *others)}) == 7


@pytest.mark.parametrize("kind", ["f2", ">f4", ">f8"])
def test_large_requests_of_floats_that_no_sparse_matrix_holds(kind):
    rows = np.eye(260, 130, dtype=kind)
    model = UnlearnableStandardScaler().fit(rows).partial_unfit(rows[:130])
    np.testing.assert_array_equal(model.var_, np.zeros(130))


def test_what_is_no_model_and_no_key_is_said_in_words():
    record = fitted("ridge").partial_unfit(X[:1], y[:1]).request_record_
    for call in (
        lambda: record.undo(None),
        lambda: undo_requests(None, [record], [("partial_unfit", {})]),
        lambda: record_key(None),
        lambda: use_record_key(None, bytes(32)),
    ):
        with pytest.raises(TypeError, match="model must be an estimator"):
            call()
    with pytest.raises(TypeError, match=r"key must be bytes, .* got str"):
        hashes_of([1], "abc")
