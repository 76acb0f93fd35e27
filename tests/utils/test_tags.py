"""Each entry of the tags of each estimator is measured, so that none can be wrong."""

import copy
import pickle
from itertools import cycle, islice

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, get_tags

import sklearn_unlearn
from sklearn_unlearn import (
    GaussianCertification,
    UnlearnableGaussianNB,
    UnlearnableGeneralizedLinearModel,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.__main__ import main
from sklearn_unlearn._capabilities import HEADERS, capabilities, instances, markdown
from sklearn_unlearn.core.losses import HalfGamma, HalfTweedie
from sklearn_unlearn.exceptions import NoBoundError, UnlearningError
from sklearn_unlearn.utils._checks.assertions import configured
from sklearn_unlearn.utils._checks.data import (
    FIRST,
    SECOND,
    ColumnRequest,
    all_cases,
    make_cases,
    row_request,
)
from sklearn_unlearn.utils._checks.oracles import distance, refit, scores
from sklearn_unlearn.utils.discovery import all_estimators
from sklearn_unlearn.utils.tags import (
    REQUEST_VERBS,
    ROW_VERBS,
    UnlearnerTags,
    UnlearningTags,
    promised,
    takes_weights,
    unlearning_tags,
)
from tests.pairwise import pairwise

#: Errors that are rounding, or what `tol` leaves, and errors that nothing explains.
ROUNDING, SINGLE, VISIBLE = 1e-10, 1e-8, 1e-7


#: Short trainings of networks do not converge, nor must they; and what other rows
#: explain as well is not forgotten.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
    pytest.mark.filterwarnings(
        "ignore::sklearn_unlearn.exceptions.NotForgottenWarning"
    ),
]


def _small(estimator):
    """The estimator, or a smaller one of its kind, with a seed and a kernel."""
    if hasattr(estimator, "hidden_layer_sizes"):
        return clone(estimator).set_params(
            hidden_layer_sizes=(5,),
            max_iter=20,
            random_state=0,
            unlearning_rate=1e-3,
        )
    if hasattr(estimator, "n_restarts_optimizer"):
        return clone(estimator).set_params(kernel=RBF(1.5), alpha=0.1, optimizer=None)
    if hasattr(
        estimator, "Cs"
    ):  # a refit draws other folds, and might choose otherwise
        return clone(estimator).set_params(Cs=[1.0])
    if hasattr(estimator, "selection"):
        return clone(estimator).set_params(alpha=0.01)  # with 1 all is zero
    seeded = {"random_state": 0, "n_estimators": 3}
    known = {name: seeded[name] for name in seeded if name in estimator.get_params()}
    return clone(estimator).set_params(**known)


MODELS = [
    *map(_small, instances("models")),
    UnlearnableGeneralizedLinearModel(loss=HalfGamma(), average=True),
    UnlearnableGeneralizedLinearModel(average=True),
    UnlearnableTweedieRegressor(power=2.0),
]
VARIANTS = [
    {},
    {"method": "first_order"},
    {"retain_data": True},
    {"retain_data": True, "method": "first_order"},
]


def _varied(model, variant):
    """A model with the parameters of a variant that it has."""
    known = model.get_params()
    variant = {name: value for name, value in variant.items() if name in known}
    return clone(model).set_params(**variant)


def _named(rows):
    """Estimators, with what else varies, named and none of them twice."""
    named = {"-".join([repr(row[0]), *row[1:]]): row for row in rows}
    return [pytest.param(*row, id=name) for name, row in named.items()]


#: Each model in a variant, and each variant of models.
every_estimator = pytest.mark.parametrize(
    "estimator",
    _named([_varied(*row)] for row in zip(MODELS, cycle(VARIANTS), strict=False)),
)
ONE_EACH = [pytest.param(_small(each), id=repr(each)) for each in instances("models")]


# What requests are worth --------------------------------------------------------------


def errors(estimator, verb, n_cases):
    """Distances to refits after a request, relative to those of doing nothing.

    With targets of so many kinds, weighted or not, others for each verb.
    """
    estimator = configured(estimator)
    cases = islice(cycle(all_cases(estimator)), REQUEST_VERBS.index(verb), None)
    for case in islice(cases, n_cases):
        requests = [ColumnRequest()]
        if verb != "forget_features":
            requests = [row_request(case, verb, rows) for rows in (FIRST, SECOND)]
        for request in requests:
            model = case.fit(estimator)
            before = scores(model, case.X_test)
            request.send(model)
            edited = request.edit(case)
            oracle = scores(refit(model, edited), edited.X_test)
            error = distance(scores(model, edited.X_test), oracle)
            yield error, distance(before, oracle)


# an approximation may be a rough one, if it says so
@pytest.mark.filterwarnings("ignore::sklearn_unlearn.exceptions.LargeStepWarning")
@pytest.mark.parametrize(
    ("estimator", "verb"),
    _named(
        (_varied(model, variant), verb)
        for model, variant, verb in pairwise(MODELS, VARIANTS, REQUEST_VERBS)
    ),
)
def test_worth_of_requests(estimator, verb):
    worth = getattr(unlearning_tags(estimator), verb)
    if worth is None:
        assert not hasattr(estimator, verb)
        return
    # that one is none may not show in all data
    n_cases = 1 if worth == "exact" else len(all_cases(estimator))
    found = list(errors(estimator, verb, n_cases))
    largest = max(error for error, _ in found)
    assert max(idle for _, idle in found) > VISIBLE  # the request is one
    if worth == "exact":
        # libsvm computes with kernels in single precision
        single = hasattr(estimator, "cache_size")
        assert largest <= (SINGLE if single else ROUNDING)
    else:
        convex = not hasattr(estimator, "hidden_layer_sizes")
        assert worth == ("approximate" if convex else "empirical")
        assert largest > VISIBLE


# What fit takes -----------------------------------------------------------------------


@every_estimator
def test_certified(estimator):
    # so much noise that any fit is within the budget
    certification = GaussianCertification(1.0, 1e-5, 1e6)
    case = make_cases(estimator)[0]
    if not hasattr(estimator, "certification"):
        assert not unlearning_tags(estimator).certified
        with pytest.raises(ValueError, match="Invalid parameter 'certification'"):
            clone(estimator).set_params(certification=certification)
        return
    certified = clone(estimator).set_params(certification=certification)
    assert unlearning_tags(certified) == unlearning_tags(estimator)
    if unlearning_tags(estimator).certified:
        model, certificate = case.fit(certified).release()
        certificate.verify(model)
    elif hasattr(getattr(estimator, "loss", None), "inverse_link"):
        with pytest.raises(UnlearningError, match="no linear model to export"):
            case.fit(certified).release()
    else:
        with pytest.raises(NoBoundError, match="certification needs a bound"):
            case.fit(certified)


@every_estimator
def test_sparse(estimator):
    for case in make_cases(estimator):
        sparse = case.mapped(sp.csr_array)
        if get_tags(estimator).input_tags.sparse:
            one, other = case.fit(estimator), sparse.fit(estimator)
            found = scores(other, sparse.X_test)
            assert distance(found, scores(one, case.X_test)) <= ROUNDING
        else:
            with pytest.raises(TypeError, match=r"[Ss]parse data was passed"):
                sparse.fit(estimator)


@every_estimator
def test_sample_weight(estimator):
    for case in make_cases(estimator):
        weight = np.ones(case.y.shape[0])
        if not unlearning_tags(estimator).sample_weight:
            with pytest.raises((TypeError, ValueError), match="sample_weight"):
                clone(estimator).fit(case.X, case.y, sample_weight=weight)
            continue
        weight[::3] = 0.0
        weighted = configured(estimator).fit(case.X, case.y, sample_weight=weight)
        less = configured(estimator).fit(case.X[weight > 0.0], case.y[weight > 0.0])
        found = scores(weighted, case.X_test)
        assert distance(found, scores(less, case.X_test)) <= ROUNDING
        for verb in ROW_VERBS:
            model = case.fit(configured(estimator))
            request = row_request(case, verb)
            getattr(model, verb)(*request.arguments, sample_weight=np.zeros(FIRST.size))
            found = scores(case.fit(configured(estimator)), case.X_test)
            assert distance(scores(model, case.X_test), found) <= ROUNDING


@every_estimator
def test_multi_output(estimator):
    case = make_cases(estimator)[0]
    column = case.y.reshape(case.y.shape[0], -1)[:, :1]
    y = np.column_stack([column, column[::-1]])
    if get_tags(estimator).target_tags.multi_output:
        one, both = clone(estimator).fit(case.X, y[:, 1]), clone(estimator)
        found = both.fit(case.X, y).predict(case.X_test)
        joint = unlearning_tags(estimator).partial_unfit == "empirical"
        if joint or hasattr(estimator, "apply"):  # one network, one tree of both
            assert found.shape == (case.X_test.shape[0], 2)
            return
        np.testing.assert_allclose(
            found[:, 1], one.predict(case.X_test), rtol=0.0, atol=ROUNDING
        )
    else:
        with pytest.raises(ValueError, match=r"\by\b"):
            clone(estimator).fit(case.X, y)


@every_estimator
def test_row_ids(estimator):
    case = make_cases(estimator)[0]
    ids = np.arange(case.y.shape[0]) + 100
    if not unlearning_tags(estimator).row_ids:
        with pytest.raises((TypeError, ValueError), match="row_ids"):
            clone(estimator).fit(case.X, case.y, row_ids=ids)
        return
    named = configured(estimator).fit(case.X, case.y, row_ids=ids)
    named.partial_unfit(row_ids=ids[FIRST])
    model = configured(estimator).fit(case.X, case.y, row_ids=ids)
    # of rows of categories others may be equal, with other names
    model.partial_unfit(case.X[FIRST], case.y[FIRST], row_ids=ids[FIRST])
    found = scores(named, case.X_test)
    assert distance(found, scores(model, case.X_test)) <= ROUNDING


# Parameters ---------------------------------------------------------------------------

JUNK = [
    None,
    "junk",
    -1,
    np.nan,
    np.inf,
    10**400,
    1j,
    object(),
    HalfTweedie,
    [],
    np.array([1.0, -2.0]),
    np.array(["a", "b"]),
    GaussianCertification(10**400, "x", np.ones(2)),
]


@pytest.mark.parametrize("estimator", ONE_EACH)
def test_tags_of_parameters_that_fit_refuses(estimator):
    for name in estimator.get_params(deep=False):
        for junk in JUNK:
            changed = clone(estimator)
            setattr(changed, name, junk)
            tags = get_tags(changed)
            assert isinstance(tags.unlearning, UnlearningTags), (name, junk)


def test_refused_parameters_promise_little():
    for estimator in (
        UnlearnablePoissonRegressor(alpha=-1.0, retain_data=True),
        UnlearnableRidge(retain_data="yes"),
        UnlearnableTweedieRegressor(power=0.5, retain_data=True),
        UnlearnableTweedieRegressor(link="identity", power=1.0),
        UnlearnableLinearSVR(epsilon=-0.0j),
        UnlearnableGeneralizedLinearModel(loss=HalfTweedie),
    ):
        promised = unlearning_tags(estimator)
        assert {getattr(promised, verb) for verb in REQUEST_VERBS} == {"approximate"}
        assert not promised.certified
        assert not promised.row_ids
        with pytest.raises((TypeError, ValueError)):
            estimator.fit(np.eye(3), np.arange(3.0))


def test_tags_follow_the_loss():
    class Quadratic(HalfTweedie):
        constant_curvature = True

    for loss, expected in (
        (Quadratic(1.0), "exact"),
        (HalfTweedie(1.0), "approximate"),
    ):
        tags = get_tags(UnlearnableGeneralizedLinearModel(loss=loss))
        assert tags.unlearning.partial_unfit == expected
        assert tags.target_tags.positive_only


# scikit-learn -------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ONE_EACH)
def test_tags_are_those_of_scikit_learn(estimator):
    tags = get_tags(estimator)
    assert isinstance(tags, UnlearnerTags)
    assert isinstance(tags, Tags)
    assert get_tags(clone(estimator)) == tags
    assert copy.deepcopy(tags) == tags
    assert pickle.loads(pickle.dumps(tags)) == tags
    tags.unlearning.partial_unfit = "changed"
    assert get_tags(estimator) != tags  # each call makes new ones
    case = make_cases(estimator)[0]
    fitted = get_tags(case.fit(estimator))
    assert fitted == get_tags(estimator)


@pytest.mark.parametrize("estimator", ONE_EACH)
def test_tags_in_meta_estimators(estimator):
    tags = get_tags(estimator)
    pipeline = make_pipeline(StandardScaler(with_mean=False), estimator)
    assert get_tags(pipeline).estimator_type == tags.estimator_type
    assert get_tags(pipeline[-1]).unlearning == tags.unlearning
    search = GridSearchCV(estimator, {})
    assert get_tags(search).estimator_type == tags.estimator_type
    assert get_tags(search).classifier_tags == tags.classifier_tags
    assert get_tags(search.estimator).unlearning == tags.unlearning
    assert unlearning_tags(pipeline) is None  # it has no such verbs


def test_tags_of_others():
    assert unlearning_tags(StandardScaler()) is None

    class Weightless(BaseEstimator):
        def fit(self, X, y, sample_weight=None):
            return self

        def partial_unfit(self, X, y):
            return self

    promised = UnlearningTags.of(Weightless(), exact=False)
    assert promised == UnlearningTags(partial_unfit="approximate")
    assert not takes_weights(Weightless())


#: What cannot be made without other estimators, and can do what these can.
CONSIST_OF_OTHERS = {
    "UnlearnableCalibratedClassifierCV",
    "UnlearnableColumnTransformer",
    "UnlearnableFeatureUnion",
    "UnlearnableGridSearchCV",
    "UnlearnableMultiOutputClassifier",
    "UnlearnableMultiOutputRegressor",
    "UnlearnableOneVsRestClassifier",
    "UnlearnablePipeline",
    "UnlearnableRandomizedSearchCV",
    "UnlearnableStackingClassifier",
    "UnlearnableStackingRegressor",
    "UnlearnableTunedThresholdClassifierCV",
    "UnlearnableVotingClassifier",
    "UnlearnableVotingRegressor",
}

#: Makes rows for estimators.
SAMPLERS = {"UnlearnableSMOTE"}

# Discovery and the table --------------------------------------------------------------


def test_all_estimators_are_found():
    names = [name for name, _ in all_estimators()]
    assert names == sorted(
        name
        for name in sklearn_unlearn.__all__
        if name.startswith(("Unlearnable", "Sharded"))
        and name not in CONSIST_OF_OTHERS | SAMPLERS
    )
    classifiers = dict(all_estimators("classifier"))
    assert all(is_classifier(each()) for each in classifiers.values())
    transformers = dict(all_estimators("transformer"))
    assert {*classifiers, *dict(all_estimators("regressor")), *transformers} == set(
        names
    )
    assert all(hasattr(each, "transform") for each in transformers.values())
    with pytest.raises(ValueError, match="type_filter must be None or one of"):
        all_estimators("estimator")


def test_table(capsys):
    assert main(["capabilities"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == markdown().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    listed = []
    for wanted, header in HEADERS.items():
        estimators = instances(wanted)
        found, rows = rows[: len(estimators) + 2], rows[len(estimators) + 2 :]
        assert found[0] == ["estimator", *header]
        assert [cells[0] for cells in found[2:]] == [
            f"`{each!r}`" for each in estimators
        ]
        assert {len(cells) for cells in found} == {1 + len(header)}
        listed += estimators
    assert not rows
    assert {type(each) for each in listed} == {each for _, each in all_estimators()}


@pytest.mark.parametrize(
    ("estimator", "entries"),
    [
        (UnlearnableLogisticRegression(), ["approximate; exact †", "yes", "no; yes †"]),
        (UnlearnableRidge(), ["exact", "yes", "no; yes †"]),
        (
            UnlearnableLinearSVR(epsilon=0.1),
            ["approximate; exact †", "no", "no; yes †"],
        ),
        (UnlearnableGaussianNB(), ["exact", "no", "no; yes †"]),
    ],
)
def test_entries(estimator, entries):
    found = dict(zip(HEADERS["models"], capabilities(estimator), strict=True))
    wanted = [found[name] for name in ("replace_labels", "certification", "row_ids")]
    assert wanted == entries


def test_what_is_promised_follows_parameters_and_kinds():
    model = UnlearnableLogisticRegression()
    assert promised(model).partial_unfit == "approximate"
    assert promised(model) is promised(UnlearnableLogisticRegression())
    model.set_params(retain_data=True)
    assert promised(model).partial_unfit == "exact"
    model.set_params(class_weight={0: 2.0})  # which is nothing to look up
    assert promised(model) == unlearning_tags(model)
    assert promised(StandardScaler()) is None
