"""scikit-learn's estimator of a network: made at fit, changed by requests, exported."""

from __future__ import annotations

import copy
import sys
from typing import Any, ClassVar

import numpy as np

from sklearn_unlearn.neural_network._parameters import OWN
from sklearn_unlearn.utils.export import configured_like

#: What the twin learned on the way, and a request makes obsolete; and what it is at the
#: start of training in batches, from where an export goes on.
_HISTORY = {
    "loss_curve_": [],
    "best_loss_": np.inf,
    "validation_scores_": None,
    "best_validation_score_": None,
}
#: The same of training that stops by scores of rows that are held out.
_HISTORY_OF_SCORES: dict[str, object] = {
    "loss_curve_": [],
    "best_loss_": None,
    "validation_scores_": [],
    "best_validation_score_": -np.inf,
}


class TwinMixin:
    """A network with the estimator that scikit-learn has for it."""

    random_state: Any
    get_params: Any
    _checked: Any
    _example: Any
    _twin_class: ClassVar[Any]

    def to_sklearn(self, drop_forgotten: bool = False) -> Any:
        """A plain fitted scikit-learn model without data, to deploy.

        Parameters
        ----------
        drop_forgotten : bool, default=False
            Whether the model takes only the columns that remain. If False it takes
            all and multiplies the forgotten ones by zero.

        Returns
        -------
        estimator
            scikit-learn's twin of this estimator. Its ``partial_fit`` goes on training
            from these weights, with an optimiser that has seen no row.
        """
        fitted = self._checked()
        twin = configured_like(copy.deepcopy(fitted.sklearn_estimator), self)
        if fitted.params["solver"] != "lbfgs" and not hasattr(twin, "loss_curve_"):
            stops = fitted.params["early_stopping"]
            history = _HISTORY_OF_SCORES if stops else _HISTORY
            vars(twin).update(copy.deepcopy(history))
        keep = np.ones(fitted.columns.n_features, dtype=bool)
        if drop_forgotten:
            keep = ~fitted.model.forgotten
        twin.coefs_ = [
            fitted.sklearn_estimator.coefs_[0][keep],
            *fitted.sklearn_estimator.coefs_[1:],
        ]
        twin.coefs_ = [weight.copy() for weight in twin.coefs_]
        twin.intercepts_ = [
            shift.copy() for shift in fitted.sklearn_estimator.intercepts_
        ]
        columns = fitted.columns.select(keep)
        twin.n_features_in_ = columns.n_features
        if columns.names is not None:
            twin.feature_names_in_ = columns.names
        return twin

    def _new_twin(self, **changed):
        """scikit-learn's estimator with these parameters, not fitted."""
        twin = self._twin_class()
        given = {k: v for k, v in self.get_params(deep=False).items() if k not in OWN}
        unknown = sorted(given.keys() - twin.get_params(deep=False).keys())
        for name in unknown:  # of a newer scikit-learn
            default = type(self)().get_params(deep=False)[name]
            if given.pop(name) != default:
                raise ValueError(
                    f"{name} must be {default!r}: {self._twin_class.__name__} of this "
                    "version of scikit-learn has no such parameter."
                )
        return twin.set_params(**{**given, **changed})

    def _shell(self, trained, encoding, target, columns):
        """A twin that has learned from made-up rows all but what is public.

        What a trained one keeps privately, moments of its optimiser and weights of
        its best epoch, it learned from rows that may have to leave.
        """
        X, y = self._example(encoding, target, columns.n_features)
        X = X.astype(trained.coefs_[0].dtype)
        short = {
            "max_iter": 1,
            "batch_size": "auto",
            "random_state": 0,
            "verbose": False,
        }
        # any gradient will do
        shell = self._new_twin(solver="lbfgs", tol=sys.float_info.max, **short)
        shell.fit(X, y)
        if trained.solver != "lbfgs":  # counters of batches, and not their optimiser
            other = self._new_twin(early_stopping=False, **short)
            known = {"classes": shell.classes_} if hasattr(shell, "classes_") else {}
            other.partial_fit(X, y, **known)
            for name, value in vars(other).items():
                if isinstance(value, int):
                    vars(shell).setdefault(name, value)
        params = trained.get_params(deep=False)
        shell.set_params(**{**params, "random_state": self.random_state})
        learned = {
            name: copy.deepcopy(value)
            for name, value in vars(trained).items()
            if name.endswith("_") and not name.startswith("_")
        }
        vars(shell).update(learned)
        vars(shell).pop("feature_names_in_", None)
        return shell

    def _with_parameters(self, twin, network, theta):
        """A copy of the twin with these parameters, read-only."""
        twin = copy.copy(twin)
        weights, intercepts = network.split(theta)
        dtype = twin.coefs_[0].dtype
        for name, parts in (("coefs_", weights), ("intercepts_", intercepts)):
            arrays = [np.array(part, dtype=dtype) for part in parts]
            for array in arrays:
                array.flags.writeable = False
            setattr(twin, name, arrays)
        return twin

    def _moved(self, twin, network, theta, mean_loss):
        """The twin after a request: other parameters, and no history."""
        twin = self._with_parameters(twin, network, theta)
        for name in _HISTORY:
            vars(twin).pop(name, None)
        if mean_loss is not None:
            twin.loss_ = mean_loss
        return twin
