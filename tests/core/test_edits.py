from dataclasses import replace

import numpy as np
import pytest

from sklearn_unlearn.core.linear.edits import DropColumns, Edit, Identity, LinearMap
from sklearn_unlearn.core.losses import HalfBinomialLogistic
from tests.core.problems import (
    KINDS,
    dense_data_gradient,
    dense_data_hessian,
    factor_matrix,
    fitted,
    flat,
    make_problem,
)


class CurvedByTarget(HalfBinomialLogistic):
    """A loss that says that its curvature depends on the target."""

    curvature_uses_target = True


def ones(problem):
    """An anchor that looks at every column."""
    return np.ones(problem.objective.shape)


def some(problem, *positions):
    return problem.rows.take(np.array(positions))


def test_an_empty_edit_changes_nothing():
    objective = make_problem("logistic").objective
    edit = Edit()
    assert edit.objective(objective) == objective
    assert not edit.data_gradient(objective, np.ones(objective.shape)).any()
    assert edit.weight_change() == 0.0
    assert edit.curvature_rows(objective, np.ones(objective.shape)) == (None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_data_gradient_is_rows_in_minus_rows_out(kind):
    problem = make_problem(kind)
    objective = problem.objective
    theta = 0.3 * np.ones(objective.shape)
    out, new = some(problem, 0, 1, 2), some(problem, 7, 8)
    expected = dense_data_gradient(objective, new, theta)
    expected -= dense_data_gradient(objective, out, theta)
    edit = Edit(rows_out=out, rows_in=new)
    np.testing.assert_allclose(
        edit.data_gradient(objective, theta), expected, atol=1e-12
    )
    assert edit.weight_change() == pytest.approx(new.weight.sum() - out.weight.sum())


# Which rows enter and leave the Hessian ---------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_relabelled_rows_keep_their_curvature(kind):
    problem = make_problem(kind)
    out = some(problem, 0, 1)
    new = some(problem, 0, 1)
    new.y[:] = new.y[::-1].copy()
    edit = Edit(rows_out=out, rows_in=new, same_features=True)
    stays = not problem.objective.loss.curvature_uses_target
    assert edit.curvature_rows(problem.objective, ones(problem)) == (
        (None, None) if stays else (new, out)
    )
    apart = Edit(rows_out=out, rows_in=new)
    assert apart.curvature_rows(problem.objective, ones(problem)) == (new, out)


def test_relabelled_rows_with_other_weights_differ_by_the_weight():
    problem = make_problem("logistic")
    out = some(problem, 0, 1, 2).reweighted(np.array([1.0, 2.0, 1.5]))
    new = out.reweighted(np.array([3.0, 0.5, 1.5]))
    edit = Edit(rows_out=out, rows_in=new, same_features=True)
    rows_in, rows_out = edit.curvature_rows(problem.objective, ones(problem))
    assert rows_in.weight.tolist() == [2.0, 0.0, 0.0]
    assert rows_out.weight.tolist() == [0.0, 1.5, 0.0]
    smaller = Edit(
        rows_out=out, rows_in=out.reweighted(0.5 * out.weight), same_features=True
    )
    assert smaller.curvature_rows(problem.objective, ones(problem))[0] is None


def test_relabelled_rows_change_a_curvature_that_uses_the_target():
    problem = make_problem("logistic")
    out, new = some(problem, 0), some(problem, 0)
    object.__setattr__(problem.objective, "loss", CurvedByTarget())
    edit = Edit(rows_out=out, rows_in=new, same_features=True)
    assert edit.curvature_rows(problem.objective, ones(problem)) == (new, out)


def test_rows_of_no_weight_have_no_curvature():
    problem = make_problem("logistic")
    none = some(problem, 0, 1).reweighted(np.zeros(2))
    edit = Edit(rows_out=none, rows_in=none)
    assert edit.curvature_rows(problem.objective, ones(problem)) == (None, None)


# Feature maps -----------------------------------------------------------------------


def test_identity():
    objective = make_problem("logistic").objective
    theta = np.ones(objective.shape)
    same = Identity()
    for method in (same.push, same.pull, same.preimage, same.anchor, same.objective):
        assert method(theta) is theta


@pytest.mark.parametrize("kind", KINDS)
def test_dropping_columns_is_a_linear_map_without_their_rows(kind):
    problem = make_problem(kind)
    state = fitted(problem)
    columns = np.array([False, True, False, False, False])
    T = np.eye(5)[~columns]
    drop, matrix = DropColumns(columns), LinearMap(T)
    vector = np.random.default_rng(0).standard_normal(state.theta.shape)
    np.testing.assert_allclose(drop.push(vector)[~columns], matrix.push(vector))
    phi = np.where(columns[:, None], 0.0, vector)
    np.testing.assert_allclose(drop.pull(phi), matrix.pull(phi[~columns]))
    np.testing.assert_allclose(drop.preimage(vector)[~columns], matrix.preimage(vector))
    assert not drop.push(vector)[columns].any()
    assert not drop.preimage(vector)[columns].any()
    np.testing.assert_array_equal(drop.anchor(vector), phi)
    objective = drop.objective(problem.objective)
    assert objective.forgotten.tolist() == columns.tolist()
    penalty = objective.penalty[~columns]
    mapped = Edit(feature_map=matrix, penalty=penalty).objective(problem.objective)
    assert not mapped.forgotten.any()
    dropped = drop.curvature(state.factor, objective)
    compact = matrix.curvature(state.factor, mapped)
    right = np.random.default_rng(1).standard_normal(state.theta.shape)
    there = objective.unpack(dropped.solve(objective.pack(right)))
    here = mapped.unpack(compact.solve(mapped.pack(right[~columns])))
    # the softmax leaves a common shift open
    if kind == "multinomial":
        there, here = there - there.mean(1)[:, None], here - here.mean(1)[:, None]
    np.testing.assert_allclose(there[~columns], here, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_linear_map_of_the_hessian(kind):
    problem = make_problem(kind)
    objective, state = problem.objective, fitted(problem)
    T = np.random.default_rng(0).standard_normal((3, 5))
    penalty = np.tile(objective.penalty[:1], (3, 1))
    features = LinearMap(T)
    new = Edit(feature_map=features, penalty=penalty).objective(objective)
    actual = factor_matrix(features.curvature(state.factor, new))
    big = np.kron(np.eye(objective.shape[1]), T)
    hessian = dense_data_hessian(objective, problem.rows, state.anchor)
    expected = big @ hessian @ big.T
    if not objective.coupled:
        expected = expected[:3, :3]
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


def test_no_linear_map_where_outputs_lack_columns_of_their_own():
    objective = make_problem("squared").objective
    held = objective.held.copy()
    held[1, 0] = True
    edit = Edit(feature_map=LinearMap(np.eye(5)), penalty=objective.penalty)
    with pytest.raises(ValueError, match="same columns"):
        edit.objective(replace(objective, held=held))


def test_preimage_of_a_linear_map():
    rng = np.random.default_rng(0)
    theta = rng.standard_normal((5, 2))
    T = rng.standard_normal((5, 5))
    square = LinearMap(T)
    np.testing.assert_allclose(square.pull(square.preimage(theta)), theta, atol=1e-12)
    np.testing.assert_allclose(square.anchor(theta), square.preimage(theta))
    few = LinearMap(T[:3])
    lag = theta - few.pull(few.preimage(theta))
    np.testing.assert_allclose(few.push(lag), 0.0, atol=1e-12)  # nearest
    many = LinearMap(rng.standard_normal((8, 5)))
    np.testing.assert_allclose(many.pull(many.preimage(theta)), theta, atol=1e-12)
    X = rng.standard_normal((6, 5))
    phi = rng.standard_normal((8, 2))
    np.testing.assert_allclose((X @ many.matrix.T) @ phi, X @ many.pull(phi))


# The objective after ----------------------------------------------------------------


def test_penalty_and_linear_term_are_replaced():
    objective = make_problem("squared").objective
    penalty, linear = 2.0 * objective.penalty, np.ones(objective.shape)
    columns = np.array([True, False, False, False, False])
    edit = Edit(feature_map=DropColumns(columns), penalty=penalty, linear=linear)
    changed = edit.objective(objective)
    assert changed.penalty is penalty
    assert changed.linear is linear
    assert changed.forgotten.tolist() == columns.tolist()
    assert changed.loss is objective.loss
    only = Edit(linear=linear).objective(objective)
    assert only.penalty is objective.penalty


def test_a_penalty_that_couples_what_was_not_is_refused():
    single = make_problem("squared").objective
    several = make_problem("coupled_squared").objective
    with pytest.raises(ValueError, match="one penalty if they had one before"):
        Edit(penalty=several.penalty).objective(single)
    with pytest.raises(ValueError, match="penalties of their own"):
        Edit(penalty=single.penalty).objective(several)
    softmax = make_problem("multinomial").objective
    uneven = softmax.penalty * np.arange(1.0, 4.0)
    changed = Edit(penalty=uneven).objective(softmax)
    assert flat(changed.penalty).tolist() == changed.packed_penalty.tolist()
