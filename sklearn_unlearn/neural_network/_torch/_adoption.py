"""Taking over a net that skorch has trained."""

from __future__ import annotations

import copy

from sklearn.utils.validation import check_is_fitted


class AdoptionMixin:
    """Adds ``from_skorch`` to a net."""

    @classmethod
    def from_skorch(cls, fitted, X, y, sample_weight=None, *, row_ids=None, **params):
        """A net that was trained elsewhere, taken over so that it unlearns.

        Its parameters stay what they are; nothing is trained.

        Parameters
        ----------
        fitted : skorch.NeuralNet
            The fitted net; it is not changed.
        X : array-like or tensor of shape (n_samples, ...)
            The data that it was trained on.
        y : array-like or tensor of shape (n_samples, ...)
        sample_weight : array-like of shape (n_samples,) or float, optional
            As the net was trained with.
        row_ids : array-like of shape (n_samples,), optional
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
        vars(net).update(copy.deepcopy(vars(fitted)))
        vars(net).update(params)
        data = net._read_training(X, y, sample_weight, row_ids)
        net._fitted = net._made(*data)
        return net
