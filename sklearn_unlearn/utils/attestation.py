"""Whether a model is that of given rows: recomputed, or measured where it is none.

Sums, trees and neighbours are functions of the rows that they have: what requests made
of them is, to the last bit, what ``fit`` makes of the rows that remain, so that anybody
with these rows can compute it again. Of the minimum of an objective one can measure how
far it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.utils.answers import differences
from sklearn_unlearn.utils.messages import kind_of
from sklearn_unlearn.utils.notes import TakingNotes
from sklearn_unlearn.utils.steps import hook

__all__ = ["Attestation", "attest", "state_digest"]


@dataclass(frozen=True)
class Attestation:
    """What `attest` found. It is true if all of the model is that of the rows.

    Attributes
    ----------
    same : bool
        Whether all that is a function of the rows is that of these, bit for bit: true
        if nothing is.
    n_functions : int
        How many steps are.
    differing : tuple of str
        Steps that are not; of an estimator that is no pipeline, its class.
    measured : tuple of str
        Steps that are no function of the rows alone: of what they are worth the
        figures below speak.
    largest_difference : float or None
        How far what the model answers about the rows (probabilities, decisions,
        numbers) differs from what a refit answers; without noise where certification
        adds some. None if nothing is measured.
    residual, residual_of_refit : float or None
        Norms of the gradient of the objective on the rows, of the model and of a refit;
        None where there is no gradient.
    rounding_error : float or None
        Residuals below cannot be told from zero; NaN if it is not known.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableGaussianNB, attest
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableGaussianNB().fit(X, y).partial_unfit(X[:2], y[:2])
    >>> bool(attest(model, X[2:], y[2:])), bool(attest(model, X, y))
    (True, False)
    """

    same: bool
    n_functions: int
    differing: tuple[str, ...]
    measured: tuple[str, ...]
    largest_difference: float | None = None
    residual: float | None = None
    residual_of_refit: float | None = None
    rounding_error: float | None = None

    def __bool__(self) -> bool:
        return self.same and not self.measured

    def __str__(self) -> str:
        lines = []
        if self.differing:
            lines.append(f"Not of these rows: {', '.join(self.differing)}.")
        elif not self.measured:
            lines.append("The same to the last bit.")
        elif self.n_functions:
            lines.append("The same to the last bit but for what is measured.")
        if self.measured:
            found = f"answers differ from a refit's by {self.largest_difference:.3g}"
            if self.residual is not None:
                found += (
                    f", residual {self.residual:.3g}, that of a refit "
                    f"{self.residual_of_refit:.3g}"
                )
            if self.rounding_error is not None and np.isfinite(self.rounding_error):
                found += f" (rounding explains {self.rounding_error:.1g})"
            lines.append(f"Measured: {', '.join(self.measured)}: {found}.")
        return " ".join(lines)


def attest(
    estimator: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    row_ids: Any = None,
    forgotten_features: Any = None,
) -> Attestation:
    """Whether an estimator is what ``fit`` makes of these rows.

    A clone is fitted to them. What is a function of the rows (models and transformers
    of sums, trees, forests, neighbours, what is trained again) must be the same to the
    last bit. Of all others (linear models and networks, kernels by a factor, models of
    folds, which the clone keeps) it is measured how far answers about the rows differ
    from those of the refit and, where there is a gradient, the residual. It costs a
    fit. The estimator stays as it is, and certification draws no noise.

    Parameters
    ----------
    estimator : estimator
        A fitted unlearner, or a pipeline of some. Randomness must be that of an
        integer ``random_state``.
    X : rows of any kind that ``fit`` takes
        Those that the model should be of, in the order in which they came to it where
        the order matters (neighbours, models of folds, those that are trained again).
    y : array-like, optional
    sample_weight : array-like of shape (n_rows,), optional
    row_ids : array-like of shape (n_rows,), optional
        Identifiers, if ``fit`` was given some: what is random about a row is drawn from
        its name.
    forgotten_features : int, str, list of int or str, or bool mask, optional
        Columns of X that the model should have forgotten.

    Returns
    -------
    Attestation

    Raises
    ------
    TypeError
        If the estimator is no unlearner.
    sklearn.exceptions.NotFittedError

    See Also
    --------
    state_digest : The same from afar: two parties compare a few bytes.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_unlearn import UnlearnableGaussianNB, attest
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = UnlearnableGaussianNB().fit(X, y).partial_unfit(X[:3], y[:3])
    >>> print(attest(model, X[3:], y[3:]))
    The same to the last bit.
    >>> print(attest(model, X, y))
    Not of these rows: UnlearnableGaussianNB.
    """
    with TakingNotes(rehearses=True):
        given = {"sample_weight": sample_weight, "row_ids": row_ids}
        given = {name: value for name, value in given.items() if value is not None}
        return _attested(estimator, X, y, given, forgotten_features)


def _attested(estimator, X, y, given, forgotten_features):
    learned = _learned_steps(estimator)
    refit = hook(estimator, "_like_at_fit")(X)
    refit.fit(X, y, **given)
    if forgotten_features is not None:
        refit.forget_features(forgotten_features)
    again = _learned_steps(refit)
    measured = tuple(name for name, step in learned.items() if not _is_function(step))
    differing = tuple(
        name
        for name, step in learned.items()
        if name not in measured and _digest(step) != _digest(again[name])
    )
    found: dict[str, Any] = {}
    if measured:
        found["largest_difference"], _ = differences(estimator, refit, X)
    if measured and hasattr(estimator, "gradient_residual"):
        ours, theirs = (
            each.gradient_residual(X, y, given.get("sample_weight"))
            for each in (estimator, refit)
        )
        found |= {
            "residual": float(ours),
            "residual_of_refit": float(theirs),
            "rounding_error": float(getattr(ours, "rounding_error", np.nan)),
        }
    n_functions = len(learned) - len(measured)
    return Attestation(not differing, n_functions, differing, measured, **found)


def state_digest(estimator: Any) -> str:
    """A digest of what an estimator has learned, to publish and to compare.

    Whoever has the remaining rows computes it again, from a fit of an estimator with
    the same parameters, and compares. Versions of this package, NumPy and scikit-learn
    have to be the same.

    The digest has no key: it tells no more than the model itself, and no less. Who has
    all rows but one can try what the last one was, as with the coefficients.

    Parameters
    ----------
    estimator : estimator
        A fitted unlearner whose state is a function of its rows, or a pipeline of some.

    Returns
    -------
    str
        SHA-256 in hexadecimal.

    Raises
    ------
    TypeError
        If the state depends on more than the rows, as coefficients that were found step
        by step do. `attest` measures these.
    sklearn.exceptions.NotFittedError

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableStandardScaler, state_digest
    >>> X, _ = load_iris(return_X_y=True)
    >>> published = state_digest(
    ...     UnlearnableStandardScaler().fit(X).partial_unfit(X[:9])
    ... )
    >>> published == state_digest(UnlearnableStandardScaler().fit(X[9:]))
    True
    """
    learned = _learned_steps(estimator)
    for name, step in learned.items():
        if not _is_function(step):
            raise TypeError(
                f"{name} is no function of its rows alone: requests and a refit find "
                "nearly the same, not the same bits. Use attest(estimator, X, y)."
            )
    digest = hashlib.sha256()
    for name, step in learned.items():
        digest.update(f"{name}:{_digest(step)};".encode())
    return digest.hexdigest()


def _learned_steps(estimator):
    """What an estimator consists of, by name: steps of a pipeline, or itself."""
    if not hasattr(estimator, "partial_unfit"):
        raise TypeError(f"estimator must be an unlearner; got {kind_of(estimator)}.")
    plain = _plain(estimator)
    if not hasattr(estimator, "steps"):
        return {type(estimator).__name__: (estimator, plain)}
    steps = plain.steps if isinstance(plain, Pipeline) else [(None, plain)]
    named = dict(estimator.steps)
    last = estimator.steps[-1][0]
    return {
        f"step {name!r}": (named.get(name, named[last]), step)
        for name, step in steps
        if step is not None and not isinstance(step, str)
    }


def _plain(estimator):
    """The model of scikit-learn's that an estimator exports."""
    return estimator.to_sklearn() if hasattr(estimator, "to_sklearn") else estimator


def _is_function(step):
    """Whether the state of an estimator is a function of its rows, and is seen."""
    ours, plain = step
    hidden = plain is ours and "_fitted" in vars(ours)
    return not hidden and hook(ours, "_is_function_of_rows")()


def _digest(step):
    """A digest of the plain estimator of a step."""
    digest = hashlib.sha256()
    _feed(digest, step[1])
    return digest.hexdigest()


def _feed(digest, value):
    """Everything that was learned, values of equal dtype and shape alike."""
    if isinstance(value, np.generic) or value is None:
        digest.update(f"{type(value).__name__}{value!r}".encode())
    elif isinstance(value, np.ndarray) and value.dtype.names is not None:
        _feed(digest, {name: value[name] for name in value.dtype.names})
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_sparse(value):
        value = value.tocsr().sorted_indices()
        _feed(digest, [value.shape, value.data, value.indices, value.indptr])
    elif isinstance(value, dict):
        digest.update(f"dict{len(value)}".encode())
        for name in sorted(value, key=repr):
            digest.update(repr(name).encode())
            _feed(digest, value[name])
    elif isinstance(value, list | tuple | np.ndarray):
        digest.update(f"list{len(value)}".encode())
        for each in value:
            _feed(digest, each)
    elif isinstance(value, BaseEstimator):
        digest.update(type(value).__name__.encode())
        _feed(digest, _learned(value))
    elif hasattr(value, "node_count"):  # a tree of scikit-learn's
        _feed(digest, [value.__getstate__()[key] for key in ("nodes", "values")])
    else:
        shown = value if isinstance(value, str | int | float) else ""
        digest.update(f"{type(value).__name__}{shown!r}".encode())


def _learned(estimator):
    """Attributes that are no parameters, and the steps of a pipeline."""
    parameters = estimator.get_params(deep=False)
    learned = {
        name: value
        for name, value in vars(estimator).items()
        if name not in parameters and not _is_opaque(value)
    }
    steps = getattr(estimator, "steps", None)
    return learned if steps is None else learned | {"steps": steps}


def _is_opaque(value):
    """Whether a value is an object of which nothing is known, such as a search tree.

    Those of scikit-learn's estimators are made of other attributes.
    """
    known = np.ndarray | np.generic | dict | list | tuple | str | int | float | None
    return not (
        isinstance(value, known | BaseEstimator)
        or is_sparse(value)
        or hasattr(value, "node_count")
    )
