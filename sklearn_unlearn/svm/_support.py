"""Support vector machines: rows, and a solution that most of them do not touch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.linear.edits import Identity
from sklearn_unlearn.row_models import RowSet, RowSetModel
from sklearn_unlearn.utils.learned import Learned

#: Kernels that are convex, and functions of two rows alone if gamma is a number.
_FIXED = ("linear", "poly", "rbf")
#: Violation of the conditions that is none in a model from elsewhere: so many times
#: ``tol``, and what libsvm's kernels in single precision explain; so much of the values
#: of support vectors is none either.
_TIMES_TOL, _FAR = 10.0, 1e-5


@dataclass(frozen=True, eq=False)
class SupportSet(RowSet):
    """All that was learned.

    Attributes
    ----------
    solved : estimator
        scikit-learn's, fitted to these rows or to more that had the same solution.
    support : ndarray of int
        Numbers of the rows that support.
    settled : bool
        Whether rows that do not support can leave without another solution.
    kept : bool
        Whether the last request left the solution as it was.
    """

    solved: Any = None
    support: Any = None
    settled: bool = False
    kept: bool = False
    tells: ClassVar[tuple[str, ...]] = ("model", "solved")

    @property
    def numbers(self):
        """Numbers of the rows, in their order."""
        return self.model.retained.numbers_at(self.model.order)

    @property
    def sklearn_estimator(self):
        if not self.kept:
            return self.solved
        if "estimator" not in self.made:
            twin = copy.copy(self.solved)
            places = np.searchsorted(self.numbers, self.support)
            twin.support_ = places.astype(twin.support_.dtype)
            twin.shape_fit_ = (self.model.order.size, *twin.shape_fit_[1:])
            self.made["estimator"] = twin
        return self.made["estimator"]

    def trained(self, **params):
        if isinstance(self.twin.kernel, str) and self.twin.kernel == "linear":
            # whose scale would be kept otherwise, although a linear kernel has none
            twin = super().trained(gamma="auto", **params)
            return twin.set_params(gamma=self.twin.gamma)
        return super().trained(**params)

    def __getstate__(self):
        """With places of the support vectors among the rows that are left."""
        return {**super().__getstate__(), "solved": self.sklearn_estimator}


class SupportModel(RowSetModel):
    """What support vector machines share: each request solves again."""

    _refused: ClassVar[dict[str, dict[str, str]]] = {
        "kernel": {
            "precomputed": "rows that leave are columns of the kernel as well. Pass "
            "the kernel itself, which may be a function."
        }
    }
    _target_checks: ClassVar[dict[str, object]] = {}
    _fitted_class: ClassVar[type[RowSet]] = SupportSet
    _free = frozenset({"n_iter_"})

    dual_coef_ = Learned()
    fit_status_ = Learned()
    intercept_ = Learned()
    n_support_ = Learned()
    n_iter_ = Learned()
    shape_fit_ = Learned()
    support_ = Learned()
    support_vectors_ = Learned()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # of "scale", "balanced" and nu rows are counted, whatever they weigh
        tags.unlearning.weight_repeats = self._weighs_rows()
        return tags

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Solve for the rows, and keep them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A float array or CSR matrix is kept by reference: do not change it
            afterwards. All else is copied.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Rows of weight zero are left out.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers, integers or strings, by which requests can name rows; several
            rows may have the same.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        return self._fit(X, y, sample_weight, row_ids)

    @property
    def coef_(self) -> Any:
        """Weights of the columns, of a linear kernel alone; zero where forgotten."""
        fitted = self._learned
        coef = fitted.sklearn_estimator.coef_
        if not fitted.forgotten.any():
            return coef
        coef = coef.toarray() if is_sparse(coef) else coef
        full = np.zeros((coef.shape[0], fitted.forgotten.size))
        full[:, ~fitted.forgotten] = coef
        return full

    # Hooks ----------------------------------------------------------------------------

    def _weighs_rows(self):
        """Whether a row of weight two is the same as the row twice."""
        return False

    def _begun(self, fitted):
        return self._with_solution(fitted, fitted.trained())

    def _with_solution(self, fitted, twin):
        """The fitted value with a solution for its rows."""
        support = fitted.numbers[twin.support_]
        return replace(fitted, solved=twin, support=support, settled=False, kept=False)

    def _settled(self, before, after, request):
        return self._begun(after)

    def _way(self):
        return "exact to tol, solved again", "rows, a solution", "a fit"


class LocalSupportModel(SupportModel):
    """A support vector machine that rows which do not support can leave as it is.

    A row of coefficient zero is in nobody's optimality condition. So a solution stays
    one without it, if the kernel of the others stays, and the intercept follows from
    support vectors below their bounds.
    """

    @property
    def solution_kept_(self) -> Any:
        """Whether the last request left the solution as it was.

        So it is where the kernel is fixed and the rows that left supported nothing; of
        a fit, and of a request that solved again, it is False.
        """
        return self._learned.kept

    def optimality_violation(self) -> float:
        """By how much the solution violates its conditions at the rows that are left.

        With errors ``y - f(x)``, the largest one of a row whose coefficient may grow
        less the least one of a row whose coefficient may shrink; of several pairs of
        classes the most. libsvm stops where it is below ``tol``, with kernels in
        single precision.

        Returns
        -------
        float
        """
        fitted = self._checked()
        return self._violation(fitted, fitted.model.rows())

    # Hooks ----------------------------------------------------------------------------

    def _violation(self, fitted: Any, rows: Any) -> float:
        """How much the conditions are violated at these rows."""
        raise NotImplementedError

    def _bounds(self, twin: Any, fitted: Any, rows: Any) -> Any:
        """The largest coefficient of each row."""
        return twin.C * rows.weight

    def _determined(self, twin: Any, bounds: Any) -> bool:
        """Whether support vectors below their bounds determine each intercept."""
        raise NotImplementedError

    def _weighs_rows(self):
        return not _depends_on_rows(self)

    def _with_solution(self, fitted, twin):
        after = super()._with_solution(fitted, twin)
        if not twin.fit_status_ and not _depends_on_rows(twin):
            bounds = self._bounds(twin, fitted, fitted.model.rows())[twin.support_]
            parts = np.any(np.diff(fitted.numbers) == 0)  # of rows replaced in part
            settled = not parts and self._determined(twin, bounds)
            return replace(after, settled=settled)
        return after

    def _settled(self, before, after, request):
        edit, retained = request.edit, before.model.retained
        leaves = edit.rows_out is not None and edit.rows_in is None
        leaves = leaves and isinstance(edit.feature_map, Identity)
        if before.settled and leaves and request.retained is None:
            numbers = retained.numbers_at(request.positions)
            if not np.isin(before.support, numbers).any():
                return replace(after, kept=True)
        return self._begun(after)

    def _way(self):
        if self.__sklearn_is_fitted__() and self._fitted.settled:
            how = "exact to tol, solved again where a row supports"
            return how, "rows, a solution", "its rows, or a fit"
        return super()._way()

    # Adoption -------------------------------------------------------------------------

    def _adopt(self, fitted, X, y, sample_weight, row_ids):
        with self._exclusive():
            value = self._read_training(X, y, sample_weight, row_ids)
            self._check_same_data(fitted, value)
            rows = value.model.rows()
            known = (
                isinstance(value.twin.kernel, str)
                and not fitted.fit_status_
                and fitted.shape_fit_ == rows.X.shape
                and is_sparse(fitted.support_vectors_) == is_sparse(rows.X)
            )
            if not known:
                super()._adopt(fitted, X, y, sample_weight, row_ids)
                return
            twin = copy.deepcopy(fitted)
            vars(twin).pop("feature_names_in_", None)
            adopted = self._with_solution(value, twin)
            theirs, most = fitted.support_vectors_, max(_TIMES_TOL * fitted.tol, _FAR)
            differ = abs(rows.X[fitted.support_] - theirs).max()
            far = differ > _FAR * abs(theirs).max()
            violation = self._violation(adopted, rows)
            if far or violation > most:
                what = "vectors by up to" if far else "its conditions by"
                by = f"{differ if far else violation:.2g}"
                self._say_different(f"solution ({what} {by})")
                adopted = self._begun(value)
            self._fitted = adopted


def _depends_on_rows(machine):
    """Whether rows that do not support are in the problem by other ways.

    By the scale of the kernel, by a solution that is one of several, by counts of
    classes, or by probabilities.
    """
    kernel, gamma = machine.kernel, machine.gamma
    if not isinstance(kernel, str) or kernel not in _FIXED:
        return True
    if kernel != "linear" and isinstance(gamma, str) and gamma == "scale":
        return True
    balanced = isinstance(getattr(machine, "class_weight", None), str)
    return balanced or gives_probabilities(machine)


def gives_probabilities(estimator):
    """Whether probabilities are asked for, which "deprecated" does not."""
    probability = getattr(estimator, "probability", False)
    return not isinstance(probability, str) and bool(probability)
