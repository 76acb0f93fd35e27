"""The base of both perceptrons: fit by the twin, requests, predictions, export."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sklearn_unlearn.core.linear.data_checksum import Tally
from sklearn_unlearn.core.network.divergence import Departure
from sklearn_unlearn.core.network.objective import NetworkObjective
from sklearn_unlearn.core.network.perceptron import ACTIVATIONS, Perceptron
from sklearn_unlearn.core.network.variance_reduced_objective import ChangeObjective
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.neural_network._fitted import Fitted, NetworkModel, decay_of
from sklearn_unlearn.neural_network._from_sklearn import AdoptionMixin
from sklearn_unlearn.neural_network._named_order import NamedOrder, train_by_names
from sklearn_unlearn.neural_network._parameters import ParametersMixin
from sklearn_unlearn.neural_network._requests import RequestsMixin
from sklearn_unlearn.neural_network._targets import null_loss
from sklearn_unlearn.neural_network._twin import TwinMixin
from sklearn_unlearn.utils.learned import Learned, LearnedColumns
from sklearn_unlearn.utils.row_ids import check_new_row_ids
from sklearn_unlearn.utils.row_names import hashes_of_rows
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags, accepts
from sklearn_unlearn.utils.validation import (
    check_remaining_rows,
    check_sample_weight,
    check_training_data,
)


class PerceptronUnlearner(
    AdoptionMixin,
    RequestsMixin,
    TwinMixin,
    LearnedColumns,
    BaseEstimator,
):
    """A multi-layer perceptron that scikit-learn trains, and that unlearns here.

    A subclass gives the constructor, ``_twin_class`` and the hooks `_encoding`,
    `_example` and `_loss`.
    """

    _twin_class: ClassVar
    _target_checks: ClassVar[dict[str, bool]] = {"multi_output": True}
    _choices: ClassVar = {**ParametersMixin._choices, "activation": tuple(ACTIVATIONS)}
    _decay = "alpha"

    n_layers_ = Learned()
    n_outputs_ = Learned()
    n_iter_ = Learned()
    t_ = Learned()
    out_activation_ = Learned()
    loss_ = Learned()
    loss_curve_ = Learned()
    best_loss_ = Learned()
    validation_scores_ = Learned()
    best_validation_score_ = Learned()

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Train the network as scikit-learn's twin does.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            With ``retain_data=True`` a float array or CSR matrix is kept by reference,
            until a request makes a copy of what remains: do not change it afterwards.
            All else is copied.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Weights of the rows, with scikit-learn 1.7 or newer. In batches of some of
            the rows the twin averages over each, and a weight of two is two rows, or
            of zero none, only nearly so.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            With ``retain_data=True``, identifiers by which requests can name rows;
            integers or strings, of which several rows may have the same. In which order
            rows are shuffled, and which are held out by early stopping, is drawn from
            them instead of their places, so that a refit without some rows visits the
            others in the same order, and rows may come in any.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid.
        """
        with self._exclusive():
            self._fitted = self._trained(X, y, sample_weight, row_ids)
        return self

    # Reading the model ----------------------------------------------------------------

    @property
    def coefs_(self) -> Any:
        """Weights of each layer, zero for forgotten columns; read-only arrays."""
        return list(self._learned.sklearn_estimator.coefs_)

    @property
    def intercepts_(self) -> Any:
        """Intercepts of each layer; read-only arrays."""
        return list(self._learned.sklearn_estimator.intercepts_)

    def predict(self, X: Any) -> Any:
        """Predicted labels or targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._asked("predict", X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        retains = isinstance(self.retain_data, (bool, np.bool_)) and self.retain_data
        promised = UnlearningTags.empirical(self, row_ids=bool(retains))
        return UnlearnerTags.extending(tags, promised)

    def _asked(self, method, X):
        """What the twin answers, all from one version of the model."""
        fitted = self._checked()
        X = check_remaining_rows(self, X, fitted.columns, fitted.model.forgotten)
        return getattr(fitted.sklearn_estimator, method)(X)

    # Fitting ------------------------------------------------------------------------

    def _trained(self, X, y, sample_weight, row_ids):
        """The fitted value of these data."""
        data = self._read_training(X, y, sample_weight, row_ids)
        X, y, weight, _, ids = data
        keywords = {}
        if sample_weight is not None:
            some = weight > 0.0  # the others would still be in batches
            X, y, keywords = X[some], y[some], {"sample_weight": weight[some]}
            ids = None if ids is None else ids[some]
        twin = self._new_twin()
        if ids is None:
            return self._made(twin.fit(X, y, **keywords), *data)
        seed = int(check_random_state(self.random_state).randint(2**31))
        order = NamedOrder(seed, hashes_of_rows(ids, X, y))
        classes = self._encoding(y).classes
        if classes is not None:
            keywords["classes"] = classes
        return self._made(train_by_names(twin, X, y, order, keywords), *data)

    @property
    def _trains_with_weights(self):
        """Whether the twin of this version of scikit-learn takes weights."""
        return accepts(self._twin_class.fit, "sample_weight")

    def _read_training(self, X, y, sample_weight, row_ids):
        self._check_parameters()
        X, y, columns = check_training_data(self, X, y, **self._target_checks)
        if sample_weight is not None and not self._trains_with_weights:
            raise ValueError(
                f"sample_weight must be None: {self._twin_class.__name__} of "
                f"scikit-learn {sklearn.__version__} takes none, that of 1.7 does."
            )
        weight = check_sample_weight(sample_weight, X.shape[0])
        if not weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        if row_ids is not None:
            if not self.retain_data:
                raise ValueError("row_ids needs retain_data=True.")
            row_ids = check_new_row_ids(row_ids, X.shape[0])
        return X, y, weight, columns, row_ids

    def _made(self, trained, X, y, weight, columns, row_ids):
        """The fitted value of a trained twin and its data."""
        encoding = self._encoding(y)
        target = encoding.read(y)
        rows = Rows(X, target, weight)
        sizes = (X.shape[1], *(weight.shape[1] for weight in trained.coefs_))
        loss = self._loss(trained.out_activation_, sizes[-1])
        network = Perceptron(sizes, trained.activation, loss)
        forgotten = np.zeros(columns.n_features, dtype=bool)
        tally = Tally.of(rows, encoding.marks, encoding.n_groups)
        for group in np.flatnonzero(tally.group_weight == 0.0):
            raise ValueError(
                "sample_weight leaves no weight to class "
                f"{encoding.classes.tolist()[group]!r}: every class needs some."
            )
        retained = None
        if self.retain_data:
            retained = RetainedRows.of(rows, row_ids, forgotten)
        theta = network.joined(trained.coefs_, trained.intercepts_)
        params = copy.deepcopy(self.get_params(deep=False))
        rate = None
        if self.method == "first_order" and isinstance(self.unlearning_rate, str):
            objective = self._objective_of(network, rows, params, forgotten)
            rate = self._automatic_rate(objective, theta)
        twin = self._shell(trained, encoding, target, columns)
        return Fitted(
            NetworkModel(theta, tally, encoding.marks, retained, forgotten),
            network,
            encoding,
            columns,
            params,
            rate,
            null_loss(rows, network, encoding, tally, trained.out_activation_),
            self._with_parameters(twin, network, theta),
        )

    def _way(self):
        keeps = "rows" if getattr(self, "retain_data", False) else "curvature"
        return "empirical, steps that lower the objective", keeps, "passes"

    # Objective ------------------------------------------------------------------------

    def _objective(self, fitted, rows, forgotten=None):
        """The objective of rows, as it was minimised at fit."""
        forgotten = fitted.model.forgotten if forgotten is None else forgotten
        return self._objective_of(fitted.network, rows, fitted.params, forgotten)

    def _objective_of(self, network, rows, params, forgotten):
        rows = rows.weighted()
        decay = decay_of(params, rows.n_rows)
        return NetworkObjective(network, rows, decay, forgotten)

    def _changed(self, fitted, request, objective, start, change, pull):
        """What a request changes, the rows that stay keeping their predictions."""
        edit, rows = request.edit, objective.rows
        n_coming = 0 if edit.rows_in is None else edit.rows_in.n_rows
        n_staying = rows.n_rows - n_coming
        if not n_staying:
            return None
        stay, come = np.split(np.arange(rows.n_rows), [n_staying])
        theta, before = fitted.model.theta, self._before(fitted, request)
        staying = replace(objective, rows=rows.take(stay)).relative(theta, before)
        diagonal = staying.curvature(start, None, "gauss_newton").diagonal
        coming = leaving = None
        if n_coming:
            coming = replace(objective, rows=rows.take(come), decay=0.0)
            matrix = coming.curvature(start, None, "gauss_newton")
            diagonal = diagonal + matrix.diagonal
        if edit.rows_out is not None:
            leaving = replace(objective, rows=edit.rows_out, decay=0.0)
            leaving = leaving.relative(theta, kind=Departure)
        return ChangeObjective.of(
            coming, staying, 1.0, start, change, diagonal, leaving, pull
        )

    def _known(self, fitted, rows, left):
        loss, predicted = super()._known(fitted, rows, left)
        if fitted.encoding.classes is not None:
            predicted = fitted.encoding.read(fitted.sklearn_estimator.predict(rows.X))
        return loss, predicted

    def _start(self, fitted, forgotten):
        """Where a descent starts: weights of forgotten columns are zero."""
        theta = fitted.model.theta.copy()
        fitted.network.split(theta)[0][0][forgotten] = 0.0
        return theta

    def _change(self, fitted, request, after, objective, start):
        change = super()._change(fitted, request, after, objective, start)
        fitted.network.split(change)[0][0][after.forgotten] = 0.0
        return change

    def _decay_change(self, fitted, after, edit):
        old, new = (
            decay_of(fitted.params, model.tally.n_rows)
            for model in (fitted.model, after)
        )
        change, n_weights = np.zeros_like(fitted.model.theta), fitted.network.n_weights
        change[:n_weights] = (new - old) * fitted.model.theta[:n_weights]
        return change

    def _reported(self, fitted, model, report, rows):
        """The fitted value with another model."""
        mean = None
        if report.objective is not None:
            mean = report.objective / model.tally.group_weight.sum()
        twin = self._moved(fitted.sklearn_estimator, fitted.network, model.theta, mean)
        return replace(fitted, model=model, sklearn_estimator=twin, report=report)
