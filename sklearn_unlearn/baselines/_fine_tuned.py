"""Fine-tuning: stochastic gradient descent on the corrected data."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import (
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.utils import check_scalar

from sklearn_unlearn.baselines._wrapped import WrappedModel
from sklearn_unlearn.core.linear.bookkeeping import edited_rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.core.training_rows.row_hash import RowHash
from sklearn_unlearn.row_models import Fitted, RawRowModel
from sklearn_unlearn.utils.raw_rows import RawRows
from sklearn_unlearn.utils.targets import Labels, Targets
from sklearn_unlearn.utils.validation import (
    check_rows,
    check_sample_weight,
    check_training_data,
)


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows that are retained; no column is ever forgotten."""

    retained: RetainedRows
    forgotten: np.ndarray
    hashed: RowHash


@dataclass(frozen=True, eq=False)
class _Tuned(Fitted):
    """All that was learned, the estimator included."""

    estimator: Any = None


class FineTuned(RawRowModel, WrappedModel):
    """Fine-tuning: after a request, a few epochs of SGD on the corrected data.

    The baseline of Warnecke et al. (2023): training goes on from the coefficients that
    there are, on the same objective, at a constant rate. Nothing bounds what is left of
    the rows that went. Its verbs are ``partial_unfit``, ``replace_features``,
    ``replace_labels`` and ``partial_fit``; it forgets no columns.

    Parameters
    ----------
    estimator : LogisticRegression or Ridge
        Of scikit-learn; a logistic regression of two classes and with L2 penalty, a
        ridge regression of one target. Not with ``solver="liblinear"``, which
        penalises the intercept.
    n_epochs : int, default=1
        Passes over all data after each request.
    eta0 : float, default=0.01
        The rate.
    random_state : int, RandomState instance or None, default=None
        Of the order of the rows in each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        If the estimator is a classifier.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names of columns at fit.

    References
    ----------
    Alexander Warnecke, Lukas Pirch, Christian Wressnegger, Konrad Rieck. Machine
    Unlearning of Features and Labels. NDSS 2023. arXiv 2108.11577.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn.baselines import FineTuned
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> model = FineTuned(LogisticRegression(), random_state=0).fit(X, y)
    >>> model.replace_labels(X[:5], y[:5], 1 - y[:5]).score(X, y) > 0.9
    True
    """

    _accepts: ClassVar[frozenset[str]] = RawRowModel._accepts - {"columns"}

    def __init__(
        self,
        estimator: Any,
        *,
        n_epochs: int = 1,
        eta0: float = 0.01,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.n_epochs = n_epochs
        self.eta0 = eta0
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Fit the estimator and retain the data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A float array or CSR matrix is kept by reference: do not change it
            afterwards. All else is copied.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,) or float, optional
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            Identifiers by which `partial_unfit` can name rows.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError
            If the estimator is another one.
        ValueError
            If a parameter or the data are invalid.
        """
        with self._exclusive():
            self._check_parameters()
            numeric = not is_classifier(self)
            X, y, columns = check_training_data(self, X, y, y_numeric=numeric)
            weight = check_sample_weight(sample_weight, X.shape[0])
            # a copy: with copy_X=False it is overwritten
            estimator = clone(self.estimator).fit(X.copy(), y, sample_weight=weight)
            encoding: Any = Targets(1, True, None)
            if is_classifier(self):
                classes = estimator.classes_
                if classes.size != 2:
                    raise ValueError(
                        "Only binary classification is supported. The type of the "
                        f"target is multiclass: y has {classes.size} classes."
                    )
                encoding = Labels(classes, signed=False, class_weight=np.ones(2))
            encoded = encoding.read(y)
            hashed = RowHash()
            retained = self._retained_of(RawRows(X), encoded, weight, row_ids, hashed)
            rows = _Rows(retained, np.zeros(columns.n_features, dtype=bool), hashed)
            self._fitted = _Tuned(rows, encoding, columns, estimator=estimator)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_class = False
        tags.unlearning.row_ids = True
        return tags

    # Carrying out -------------------------------------------------------------------

    def _shown(self, fitted, X):
        return check_rows(self, X, fitted.columns)

    def _raw(self, fitted, X, argument="X"):
        X = check_rows(self, X, fitted.columns)
        return fitted.model.retained.chunks[0].origin.like(X)

    def _carried(self, fitted, request):
        model = replace(fitted.model, retained=edited_rows(fitted.model, request))
        rows = model.retained.compacted().chunks[0]
        target = rows.rows.y[:, 0]
        if fitted.encoding.classes is not None:
            target = fitted.encoding.classes[target.astype(np.intp)]
        estimator = self._tuned(
            fitted.estimator, rows.origin.X, target, rows.rows.weight
        )
        return replace(fitted, model=model, estimator=estimator)

    def _tuned(self, estimator, X, y, weight):
        """A copy of the model after some epochs on these data."""
        sgd = self._descent(estimator, X.shape[0])
        names = {"coef_init": "coef_", "intercept_init": "intercept_"}
        # copies: SGD changes in place what it starts from
        start = {key: np.array(getattr(estimator, at)) for key, at in names.items()}
        sgd.fit(X, y, sample_weight=weight, **start)
        tuned = copy.deepcopy(estimator)
        tuned.coef_ = sgd.coef_.reshape(np.shape(estimator.coef_))
        tuned.intercept_ = sgd.intercept_.reshape(np.shape(estimator.intercept_))
        return tuned

    def _descent(self, estimator, n_rows):
        """SGD on the objective of the model, which it divides by the number of rows."""
        common = {
            "max_iter": self.n_epochs,
            "tol": None,
            "fit_intercept": estimator.fit_intercept,
            "learning_rate": "constant",
            "eta0": self.eta0,
            "random_state": self.random_state,
        }
        if isinstance(estimator, Ridge):
            return SGDRegressor(alpha=estimator.alpha / n_rows, **common)
        return SGDClassifier(
            loss="log_loss",
            alpha=1.0 / (estimator.C * n_rows),
            class_weight=estimator.class_weight,
            **common,
        )

    def _check_parameters(self):
        estimator = self.estimator
        if type(estimator) not in (LogisticRegression, Ridge):
            raise TypeError(
                "estimator must be scikit-learn's LogisticRegression or Ridge; got "
                f"{estimator!r}."
            )
        given = estimator.get_params()
        ordinary = given.get("penalty", "l2") in ("l2", "deprecated")
        if not ordinary or given.get("l1_ratio") or given.get("positive"):
            raise ValueError(
                f"{estimator!r} does not minimise a sum of losses and an L2 penalty "
                "without bounds."
            )
        if given.get("solver") == "liblinear":
            raise ValueError(
                "solver='liblinear' penalises the intercept, which fine-tuning does "
                "not: choose another solver."
            )
        check_scalar(self.n_epochs, "n_epochs", Integral, min_val=1)
        check_scalar(
            self.eta0,
            "eta0",
            Real,
            min_val=0.0,
            max_val=sys.float_info.max,
            include_boundaries="right",
        )

    def _check_classes(self, classes, known, y=None):
        if classes is None or known is None:
            return
        if not np.array_equal(classes, known):
            raise ValueError(f"classes={classes!r} is not the same as at fit: {known}")
