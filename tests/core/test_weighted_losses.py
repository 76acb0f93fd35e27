import numpy as np
import pytest

from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfSquaredError,
    MultinomialLogistic,
)
from sklearn_unlearn.core.losses.margin import SquaredHinge
from sklearn_unlearn.core.losses.weighted import (
    ClassWeighted,
    parts_of,
    weights_of,
    with_class_weights,
)


def positions(target):
    return target[:, 0].astype(int)


def largest(target):
    return target.argmax(axis=1)


def signed(n_rows, n_classes, rng):
    target = -np.ones((n_rows, n_classes))
    target[np.arange(n_rows), rng.integers(n_classes, size=n_rows)] = 1.0
    return target


def draw(name, n_rows=50):
    """A weighted loss, raw predictions, targets and the class of each row."""
    rng = np.random.default_rng(0)
    weights = np.array([0.5, 3.0, 1.25])
    two = rng.integers(2, size=(n_rows, 1)).astype(float)
    three = rng.integers(3, size=(n_rows, 1)).astype(float)
    one, many = 2.0 * rng.normal(size=(n_rows, 1)), rng.normal(size=(n_rows, 3))
    rest = signed(n_rows, 3, rng)
    return {
        "logistic": (
            ClassWeighted(HalfBinomialLogistic(), weights[:2], positions),
            one,
            two,
            positions(two),
        ),
        "multinomial": (
            ClassWeighted(MultinomialLogistic(), weights, positions),
            many,
            three,
            positions(three),
        ),
        "squared": (
            ClassWeighted(HalfSquaredError(), weights, largest),
            many,
            rest,
            largest(rest),
        ),
        "hinge": (
            SquaredHinge(weights[1:2], weights[0]),
            one,
            2.0 * two - 1.0,
            positions(two),
        ),
        "hinges": (SquaredHinge(weights), many, rest, largest(rest)),
    }[name]


names = pytest.mark.parametrize(
    "name", ["logistic", "multinomial", "squared", "hinge", "hinges"]
)


@names
@pytest.mark.parametrize("what", ["value", "gradient", "curvature"])
def test_the_sum_of_the_weighted_parts_is_the_loss(name, what):
    loss, raw, target, _ = draw(name)
    parts = [getattr(part, what)(raw, target) for part in parts_of(loss)]
    total = np.tensordot(weights_of(loss), parts, 1)
    np.testing.assert_allclose(total, getattr(loss, what)(raw, target), rtol=1e-14)


@names
def test_the_part_of_a_class_is_zero_for_other_rows(name):
    loss, raw, target, group = draw(name)
    for k, part in enumerate(parts_of(loss)[: 2 if name[-1] in "ce" else 3]):
        assert not part.value(raw, target)[group != k].any()
        assert not part.gradient(raw, target)[group != k].any()
    assert loss.value(raw, target).all() or name.startswith("hinge")


@names
def test_derivatives(name):
    loss, raw, target, _ = draw(name)
    step = 1e-6
    for k in range(raw.shape[1]):
        change = np.zeros(raw.shape[1])
        change[k] = step
        rise = loss.value(raw + change, target) - loss.value(raw - change, target)
        slope = loss.gradient(raw, target)[:, k]
        np.testing.assert_allclose(rise / 2.0 / step, slope, atol=1e-7)


@names
def test_roots_and_bounds(name):
    loss, raw, target, _ = draw(name)
    curvature, root = loss.curvature(raw, target), loss.curvature_root(raw, target)
    if loss.coupled and not name.startswith("hinge"):
        product = np.einsum("ikr,ilr->ikl", root, root)
        np.testing.assert_allclose(product, curvature, atol=1e-14)
    elif not loss.coupled:
        np.testing.assert_allclose(root**2, curvature, rtol=1e-14)
    size = np.linalg.eigvalsh(curvature).max() if loss.coupled else curvature.max()
    assert size <= loss.max_curvature * (1.0 + 1e-12)


@pytest.mark.parametrize("name", ["logistic", "multinomial", "squared"])
def test_what_a_class_weighted_loss_says_of_itself(name):
    loss, *_ = draw(name)
    inner = loss.loss
    for attribute in ("coupled", "constant_curvature", "shift_invariant"):
        assert getattr(loss, attribute) is getattr(inner, attribute)
    assert loss.self_concordance == inner.self_concordance
    assert loss.curvature_uses_target
    same = loss.reweighted(np.full(loss.weights.size, 2.0))
    assert not same.curvature_uses_target
    assert same.max_curvature == 2.0 * inner.max_curvature


def test_weights_of_classes_leave_other_parts_alone():
    loss = with_class_weights(SquaredHinge(np.ones(3), 0.25), np.array([2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(loss.weights, [2.0, 3.0, 4.0, 0.25])
    loss = with_class_weights(SquaredHinge(np.ones(1)), np.array([2.0, 3.0]))
    assert (loss.negative, loss.positive.tolist()) == (2.0, [3.0])
