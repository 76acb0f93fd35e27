import numpy as np
import pytest
from sklearn._loss.loss import HalfTweedieLoss

from sklearn_unlearn.core.losses import (
    HalfBinomialLogistic,
    HalfGamma,
    HalfPoisson,
    HalfSquaredError,
    HalfTweedie,
    MultinomialLogistic,
)

CASES = [
    pytest.param(HalfSquaredError(), 1, id="squared-1"),
    pytest.param(HalfSquaredError(), 3, id="squared-3"),
    pytest.param(HalfBinomialLogistic(), 1, id="logistic"),
    pytest.param(MultinomialLogistic(), 2, id="multinomial-2"),
    pytest.param(MultinomialLogistic(), 5, id="multinomial-5"),
    pytest.param(HalfPoisson(), 1, id="poisson"),
    pytest.param(HalfGamma(), 1, id="gamma"),
    pytest.param(HalfTweedie(1.5), 1, id="tweedie-1.5"),
    pytest.param(HalfTweedie(1.9), 1, id="tweedie-1.9"),
]


def draw(loss, n_outputs, n_rows=40, scale=3.0, seed=0):
    rng = np.random.default_rng(seed)
    raw = scale * rng.standard_normal((n_rows, n_outputs))
    return raw, draw_target(loss, n_outputs, n_rows, rng)


def draw_target(loss, n_outputs, n_rows, rng):
    if isinstance(loss, HalfSquaredError):
        return rng.standard_normal((n_rows, n_outputs))
    if isinstance(loss, HalfTweedie):
        target = rng.gamma(2.0, 2.0, (n_rows, 1))
        if loss.power == 1.0:
            target = target.round()
        if loss.power < 2.0:
            target[: n_rows // 4] = 0.0
        return target
    n_classes = max(n_outputs, 2)
    return rng.integers(n_classes, size=(n_rows, 1)).astype(float)


def matrices(loss, raw, target):
    """Curvature as one matrix a row, whether coupled or not."""
    curvature = loss.curvature(raw, target)
    if loss.coupled:
        return curvature
    return curvature[:, None, None] * np.eye(raw.shape[1])


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
def test_gradient_is_the_derivative_of_the_value(loss, n_outputs):
    raw, target = draw(loss, n_outputs)
    gradient = loss.gradient(raw, target)
    assert gradient.shape == raw.shape
    assert loss.value(raw, target).shape == (raw.shape[0],)
    for k in range(n_outputs):
        shift = 1e-6 * np.eye(n_outputs)[k]
        numeric = loss.value(raw + shift, target) - loss.value(raw - shift, target)
        np.testing.assert_allclose(gradient[:, k], numeric / 2e-6, atol=5e-9)


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
def test_curvature_is_the_derivative_of_the_gradient(loss, n_outputs):
    raw, target = draw(loss, n_outputs)
    curvature = matrices(loss, raw, target)
    for k in range(n_outputs):
        shift = 1e-6 * np.eye(n_outputs)[k]
        numeric = loss.gradient(raw + shift, target)
        numeric -= loss.gradient(raw - shift, target)
        np.testing.assert_allclose(curvature[:, :, k], numeric / 2e-6, atol=1e-9)


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0, 800.0])
def test_curvature_root(loss, n_outputs, scale):
    raw, target = draw(loss, n_outputs, scale=scale)
    curvature = loss.curvature(raw, target)
    root = loss.curvature_root(raw, target)
    if loss.coupled:
        assert root.shape == (raw.shape[0], n_outputs, n_outputs - 1)
        product = root @ root.transpose(0, 2, 1)
    else:
        assert root.shape == curvature.shape == (raw.shape[0],)
        product = root * root
    np.testing.assert_allclose(product, curvature, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
def test_extreme_predictions(loss, n_outputs):
    rng = np.random.default_rng(1)
    raw = rng.choice([-800.0, -710.0, 0.0, 710.0, 800.0], size=(200, n_outputs))
    target = draw_target(loss, n_outputs, 200, rng)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value = loss.value(raw, target)
        gradient = loss.gradient(raw, target)
        curvature = matrices(loss, raw, target)
        root = loss.curvature_root(raw, target)
    for array in (value, gradient, curvature, root):
        assert np.all(np.isfinite(array))
    assert np.all(value >= 0.0)
    eigenvalues = np.linalg.eigvalsh(curvature)
    assert eigenvalues.min() >= -1e-15
    assert eigenvalues.max() <= loss.max_curvature * (1 + 1e-12)


def test_logistic_keeps_relative_accuracy_at_both_ends():
    loss = HalfBinomialLogistic()
    raw = np.array([[800.0], [-800.0], [800.0], [-800.0], [700.0], [-700.0]])
    target = np.array([[0.0], [1.0], [1.0], [0.0], [1.0], [0.0]])
    tiny = np.exp(-700.0)
    np.testing.assert_allclose(
        loss.value(raw, target), [800.0, 800.0, 0.0, 0.0, tiny, tiny], rtol=1e-12
    )
    np.testing.assert_allclose(
        loss.gradient(raw, target)[:, 0],
        [1.0, -1.0, 0.0, 0.0, -tiny, tiny],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        loss.curvature(raw[4:], target[4:]), [tiny, tiny], rtol=1e-12
    )
    np.testing.assert_allclose(
        loss.curvature_root(raw[4:], target[4:]), np.exp(-350.0), rtol=1e-12
    )


def test_multinomial_keeps_relative_accuracy_when_confident():
    loss = MultinomialLogistic()
    raw, target = np.array([[700.0, 0.0, 0.0]]), np.array([[0.0]])
    tiny = np.exp(-700.0)
    np.testing.assert_allclose(loss.value(raw, target), [2 * tiny], rtol=1e-12)
    np.testing.assert_allclose(loss.value(raw, target + 1), [700.0], rtol=1e-14)
    large = np.array([[5e4 + 30.0, 5e4, -5e4]])
    np.testing.assert_allclose(
        loss.value(large, target), [np.log1p(np.exp(-30.0))], rtol=1e-12
    )
    np.testing.assert_allclose(
        loss.gradient(raw, target), [[-2 * tiny, tiny, tiny]], rtol=1e-12
    )
    diagonal = np.einsum("ikk->ik", loss.curvature(raw, target))
    np.testing.assert_allclose(diagonal, [[2 * tiny, tiny, tiny]], rtol=1e-12)


def self_concordance_ratio(loss, raw, target, direction):
    """``|l'''| / l''`` along a line, the third derivative a central difference."""
    direction = direction / np.abs(direction).max(axis=1, keepdims=True)

    def along(t):
        curvature = matrices(loss, raw + t * direction, target)
        return np.einsum("ik,ikl,il->i", direction, curvature, direction)

    third = (along(1e-4) - along(-1e-4)) / 2e-4
    return np.abs(third) / along(0.0)


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
def test_self_concordance(loss, n_outputs):
    rng = np.random.default_rng(2)
    for scale in (0.1, 1.0, 5.0):
        raw, target = draw(loss, n_outputs, n_rows=2000, scale=scale)
        direction = rng.standard_normal(raw.shape)
        ratio = self_concordance_ratio(loss, raw, target, direction)
        assert ratio.max() <= loss.self_concordance * (1 + 1e-5) + 1e-9


@pytest.mark.parametrize(
    ("loss", "raw", "direction"),
    [
        (HalfBinomialLogistic(), [[-9.0]], [[1.0]]),
        (MultinomialLogistic(), [[9.0, 0.0, -40.0]], [[1.0, -1.0, 0.0]]),
        (HalfPoisson(), [[0.3]], [[1.0]]),
        (HalfTweedie(1.3), [[9.0]], [[1.0]]),
    ],
    ids=["logistic", "multinomial", "poisson", "tweedie"],
)
def test_self_concordance_is_attained(loss, raw, direction):
    raw, direction = np.array(raw), np.array(direction)
    ratio = self_concordance_ratio(loss, raw, np.zeros((1, 1)), direction)
    assert ratio[0] > 0.99 * loss.self_concordance


@pytest.mark.parametrize(
    ("loss", "raw"),
    [
        (HalfSquaredError(), [[7.0, 1.0]]),
        (HalfBinomialLogistic(), [[0.0]]),
        (MultinomialLogistic(), [[0.0, 0.0, -60.0]]),
    ],
    ids=["squared", "logistic", "multinomial"],
)
def test_max_curvature_is_attained(loss, raw):
    raw = np.array(raw)
    largest = np.linalg.eigvalsh(matrices(loss, raw, np.zeros(raw.shape)))[0, -1]
    assert largest == pytest.approx(loss.max_curvature, rel=1e-12)


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
def test_max_curvature_is_a_bound(loss, n_outputs):
    for scale in (0.1, 1.0, 10.0):
        raw, target = draw(loss, n_outputs, n_rows=500, scale=scale)
        largest = np.linalg.eigvalsh(matrices(loss, raw, target)).max()
        assert largest <= loss.max_curvature * (1 + 1e-12)


@pytest.mark.parametrize("scale", [1.0, 20.0, 800.0])
def test_two_classes_of_the_softmax_are_the_logistic_loss(scale):
    binary, softmax = HalfBinomialLogistic(), MultinomialLogistic()
    raw, target = draw(softmax, 2, n_rows=100, scale=scale)
    difference = raw[:, 1:] - raw[:, :1]
    np.testing.assert_allclose(
        softmax.value(raw, target),
        binary.value(difference, target),
        rtol=1e-12,
        atol=1e-12 * scale,
    )
    # the difference of predictions is rounded: relative error u * scale
    tolerance = {"rtol": 1e-14 * (1.0 + scale), "atol": 1e-300}
    expected = binary.gradient(difference, target)[:, 0]
    gradient = softmax.gradient(raw, target)
    np.testing.assert_allclose(gradient[:, 1], expected, **tolerance)
    np.testing.assert_allclose(gradient[:, 0], -expected, **tolerance)
    sign = np.array([[1.0, -1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(
        softmax.curvature(raw, target),
        binary.curvature(difference, target)[:, None, None] * sign,
        **tolerance,
    )


def test_softmax_is_shift_invariant():
    loss = MultinomialLogistic()
    raw, target = draw(loss, 4)
    assert loss.shift_invariant
    np.testing.assert_allclose(
        loss.value(raw + 3.0, target), loss.value(raw, target), rtol=1e-13
    )
    np.testing.assert_allclose(
        loss.gradient(raw + 3.0, target), loss.gradient(raw, target), atol=1e-14
    )
    np.testing.assert_allclose(loss.gradient(raw, target).sum(axis=1), 0.0, atol=1e-15)
    np.testing.assert_allclose(loss.curvature(raw, target).sum(axis=2), 0.0, atol=1e-16)


@pytest.mark.parametrize(("loss", "n_outputs"), CASES)
def test_declared_dependence_of_the_curvature(loss, n_outputs):
    raw, target = draw(loss, n_outputs)
    other = target[::-1].copy()
    moved = loss.curvature(2.0 * raw, target)
    assert not np.array_equal(target, other)
    same = np.array_equal(loss.curvature(raw, target), loss.curvature(raw, other))
    assert same is not loss.curvature_uses_target
    still = np.array_equal(loss.curvature(raw, target), moved)
    assert still is loss.constant_curvature


TWEEDIE = [HalfPoisson(), HalfGamma(), HalfTweedie(1.5), HalfTweedie(1.9)]


@pytest.mark.parametrize("loss", TWEEDIE)
def test_tweedie_losses_are_scikit_learns(loss):
    raw, target = draw(loss, 1, n_rows=400)
    theirs = HalfTweedieLoss(power=loss.power)
    y, z = target[:, 0], raw[:, 0]
    gradient, curvature = theirs.gradient_hessian(y, z)
    difference = loss.value(raw, target) - theirs.loss(y, z)
    # up to a constant of the target: the value at another prediction differs as much
    other = loss.value(raw + 1.0, target) - theirs.loss(y, z + 1.0)
    np.testing.assert_allclose(difference, other, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(loss.gradient(raw, target)[:, 0], gradient, rtol=1e-9)
    np.testing.assert_allclose(loss.curvature(raw, target), curvature, rtol=1e-9)


@pytest.mark.parametrize("loss", TWEEDIE)
def test_tweedie_losses_near_and_far_from_the_target(loss):
    power = loss.power
    y = np.exp(np.array([-200.0, -3.0, 0.0, 3.0, 200.0]))[:, None]
    near = 1e-6
    raw = np.log(y) + near
    scale = y[:, 0] ** (2.0 - power)
    np.testing.assert_allclose(loss.value(np.log(y), y), 0.0, atol=0.0)
    np.testing.assert_allclose(loss.value(raw, y) / scale, near**2 / 2.0, rtol=1e-3)
    np.testing.assert_allclose(
        loss.gradient(raw, y)[:, 0] / scale, near, rtol=1e-5, atol=1e-13
    )
    for t in (-40.0, 40.0):
        raw = np.log(y) + t
        expected = np.exp((2.0 - power) * t) - np.exp((1.0 - power) * t)
        np.testing.assert_allclose(
            loss.gradient(raw, y)[:, 0] / scale, expected, rtol=1e-12
        )


def test_losses_are_shown_by_their_parameters():
    assert [repr(loss) for loss in (HalfTweedie(1.5), HalfPoisson())] == [
        "HalfTweedie(1.5)",
        "HalfTweedie(1.0)",
    ]


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 0.999, 2.001, 3.0, np.nan])
def test_tweedie_losses_that_are_not_convex_are_refused(power):
    with pytest.raises(ValueError, match="not convex"):
        HalfTweedie(power)
    if power == power:  # and indeed: the curvature has both signs
        z = np.linspace(-9.0, 9.0, 99)
        up, down = 2.0 - power, 1.0 - power
        curvature = up * np.exp(up * z) - down * np.exp(down * z)
        assert curvature.min() < 0.0 < curvature.max()
