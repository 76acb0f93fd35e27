"""Taking over a net that skorch has trained, and giving one back."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet

from sklearn_unlearn.neural_network._parameters import OWN
from sklearn_unlearn.neural_network._torch._modules import blank, detached
from sklearn_unlearn.neural_network._torch._requests import ModuleRequestsMixin
from sklearn_unlearn.neural_network._torch._training import without_training
from sklearn_unlearn.utils.messages import refusing

#: Attributes that are no parameters, though skorch takes all without an underscore
#: at the end for such.
PRIVATE = ("_fitted", "_locks", "_named_order", "_requests")


class AdoptionMixin(ModuleRequestsMixin, NeuralNet):
    """Adds ``from_skorch`` and ``to_skorch`` to a net."""

    _fitted: Any
    _read_training: Any
    _made: Any

    @classmethod
    @refusing()
    def from_skorch(
        cls,
        fitted: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        row_ids: Any = None,
        **params: Any,
    ) -> Any:
        """A net that was trained elsewhere, taken over so that it unlearns.

        Its parameters stay what they are; nothing is trained. Where ``module`` is an
        instance, skorch has trained that itself: it is then the trained module here
        too, which requests change, and ``fit`` goes on from it.

        Parameters
        ----------
        fitted : skorch.NeuralNet
            The fitted net; it is not changed.
        X : array-like or tensor of shape (n_samples, ...)
            The data that it was trained on.
        y : array-like or tensor of shape (n_samples, ...)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As the net was trained with.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            As for ``fit``.
        **params : dict
            Parameters that the fitted net does not have, as ``max_steps``.

        Returns
        -------
        estimator
            Fitted.

        Raises
        ------
        TypeError
            If the net is not one of those that this estimator extends, or has a
            ``get_loss`` of its own.
        ValueError
            If a parameter or the data are invalid.
        """
        if not isinstance(fitted, cls._plain_class):
            raise TypeError(
                f"{cls.__name__} takes over a {cls._plain_class.__name__}; got "
                f"{type(fitted).__name__}."
            )
        if type(fitted).get_loss not in (cls._plain_class.get_loss, cls.get_loss):
            raise TypeError(
                f"{type(fitted).__name__} computes losses by a get_loss of its own: "
                f"{cls.__name__} would take others. Give a subclass of it the same "
                "get_loss."
            )
        check_is_fitted(fitted, "module_")
        net = cls(fitted.module)
        known = vars(fitted).keys()
        strange = sorted(params.keys() - (net.get_params(deep=False).keys() - known))
        if strange:
            raise ValueError(
                f"{strange[0]} is not a parameter that only {cls.__name__} has: set "
                "all others on the fitted net."
            )
        learned: Any = vars(net)
        learned.update(copy.deepcopy(vars(fitted), detached(fitted.module_)))
        learned.update(params)
        data = net._read_training(X, y, sample_weight, row_ids)
        net._fitted = replace(net._made(*data), adopted=fitted.module is fitted.module_)
        return net

    def to_skorch(self) -> Any:
        """A plain fitted skorch net without data, to deploy.

        Its ``train_split`` is None, as one may hold rows.

        Returns
        -------
        skorch.NeuralNet
        """
        fitted = self._checked()
        fitted.say_what_is_remembered()
        net = fitted.function.net
        blank(net.module_, fitted.written)
        without_training(net)
        hidden = {*OWN, "params", "max_rows", *PRIVATE}
        values = {name: each for name, each in vars(net).items() if name not in hidden}
        values["train_split"] = None  # it may hold rows
        plain = object.__new__(self._plain_class)
        vars(plain).update(copy.deepcopy(values))
        return plain
