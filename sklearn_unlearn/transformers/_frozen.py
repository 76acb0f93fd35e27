"""Transformers that stay as they were fitted, whatever leaves."""

from __future__ import annotations

from sklearn.base import TransformerMixin, clone
from sklearn.frozen import FrozenEstimator

from sklearn_unlearn.exceptions import (
    DataMismatchWarning,
    NotForgottenWarning,
    UnlearningError,
)
from sklearn_unlearn.transformers._differences import (
    first_difference,
    said_of_difference,
)
from sklearn_unlearn.transformers._rowwise import same_outputs
from sklearn_unlearn.utils.from_sklearn import difference
from sklearn_unlearn.utils.messages import kind_of, warn
from sklearn_unlearn.utils.rows import protected


class AsAtFit(FrozenEstimator):
    """A fitted transformer that gives training rows as they were given at its fit.

    Some transformers make something else of the rows that they are fitted to than of
    the same rows later: a `TargetEncoder` cross-fits. The steps behind one learned from
    the former.

    Parameters
    ----------
    estimator : transformer
        Fitted.
    name : str
        Of the step, for messages.
    stays : bool, default=True
        Whether it stays as it is for good; if not, it is said where it is no fit to the
        rows that it is given, to which it will be fitted.
    """

    def __init__(self, estimator, name, stays=True):
        super().__init__(estimator)
        self.name = name
        self.stays = stays

    def fit_transform(self, X, y=None, **params):
        """What the transformer made of its training rows.

        Raises
        ------
        UnlearningError
            If it was fitted to others. What it draws at random is drawn again, and
            the attribute ``drawn`` says so; ``cross_fitted`` says whether it makes
            something else of the rows now.
        """
        step, self.cross_fitted, self.drawn = self.estimator, False, False
        if not has_own_fit_transform(step):
            if not self.stays:
                self._say_difference(_fitted_again(step, X, y), X, y)
            return step.transform(protected(X))
        again = clone(step)
        outputs = again.fit_transform(protected(X), y)
        if same_outputs(outputs, again.transform(protected(X))):
            if not self.stays:
                self._say_difference(again, X, y)
            return step.transform(protected(X))
        different = difference(step, again)
        if different is not None:
            raise UnlearningError(
                f"Step {self.name!r}, {kind_of(step)}, makes something else of the "
                "rows that it is fitted to than of others, and X and y give it another "
                f"{different}: what later steps learned from cannot be known. Pass "
                "what it was fitted on; if that is what you passed, fit again with a "
                "seed."
            )
        self.cross_fitted = True
        self.drawn = not same_outputs(
            outputs, clone(step).fit_transform(protected(X), y)
        )
        return outputs

    def _say_difference(self, again, X, y):
        """Warn where a fit to the rows is another one."""
        step = self.estimator
        different = first_difference(step, again, X)

        def another():
            return _fitted_again(step, X, y)

        if different is not None:
            said = said_of_difference(step, different, again, another, X)
            warn(f"In step {self.name!r}: {said}", DataMismatchWarning)

    def __sklearn_clone__(self):
        """One that is not asked yet."""
        return AsAtFit(self.estimator, self.name, self.stays)


def _fitted_again(step, X, y):
    again = clone(step)
    again.fit(protected(X), y)  # whatever that returns
    return again


def has_own_fit_transform(step):
    """Whether ``fit_transform`` may be more than ``fit`` and then ``transform``."""
    own = getattr(type(step), "fit_transform", TransformerMixin.fit_transform)
    both = hasattr(step, "fit_transform") and hasattr(step, "transform")
    return both and own is not TransformerMixin.fit_transform


def cross_fits(step, X, y=None, **params):
    """Whether a step makes something else of the rows that it is fitted to.

    Parameters
    ----------
    step : transformer
    X, y, **params : what it is fitted with
    """
    if isinstance(step, AsAtFit):
        return step.cross_fitted
    if not has_own_fit_transform(step):
        return False
    again = clone(step)
    return not same_outputs(
        again.fit_transform(protected(X), y, **params), again.transform(protected(X))
    )


def say_remembered(steps, where=""):
    """Warn of steps that stay as they are and know what is forgotten.

    Parameters
    ----------
    steps : collection of str
        Their names; without any, nothing is said.
    where : str, default=""
        Where else that is.
    """
    if steps:
        named = ", ".join(map(repr, sorted(steps)))
        warn(
            f"What {named} knows of forgotten rows or targets stays{where}, by "
            'on_stateful="freeze": only a fit without them forgets it.',
            NotForgottenWarning,
        )
