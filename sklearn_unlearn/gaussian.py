"""The parameter ``certification`` of an estimator: what is promised, by which noise."""

from __future__ import annotations

import secrets
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar

from sklearn_unlearn.certification.lineage import Terms
from sklearn_unlearn.certification.mechanism import check_privacy, check_sigma

_MODES = ("output", "objective")
_POLICIES = ("raise", "refine", "refit")


class GaussianCertification(BaseEstimator):
    """How an estimator certifies what it publishes: with Gaussian noise.

    Parameters
    ----------
    epsilon : float
        Bound on the logarithm of the likelihood ratio; above 0.
    delta : float
        Probability with which that bound may fail; between 0 and 1.
    sigma : float
        Standard deviation of the noise on the coefficients, in their units. Choose it
        before you see the data; ``private_record()`` of a model tells the operator how
        much of it was needed. What is published is rounded to a grid, a millionth of
        it wide, so that no digit tells more than the noise lets through.
    mode : {"output", "objective"}, default="output"
        "output" adds noise to the published coefficients and issues certificates.
        "objective" adds ``sigma * xi' theta`` to the loss of penalised coefficients as
        Warnecke et al. (2023) do; it exists to reproduce published figures and issues
        no certificate, because their theorem needs more than a small residual.
    on_budget_exceeded : {"raise", "refine", "refit"}, default="raise"
        What a request does that would spend more than remains of the budget: fail (but
        a bound that is missing altogether is sought with a fresh Hessian first, where
        data are retained); refine to the rounding floor on the retained data, and fail
        only if that is not enough; or fit again on the retained data, with a new
        budget.
    random_state : int, default=None
        None takes a secret from the operating system at each ``fit``. An integer makes
        publications reproducible, and public to everybody who knows it: noise that can
        be subtracted certifies nothing. For tests.

    See Also
    --------
    sklearn_unlearn.certification.kappa : Noise for a unit of distance.

    References
    ----------
    ``doc/certification.rst``; the mechanism is that of Balle and Wang, ICML 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = scale(X)
    >>> certification = GaussianCertification(epsilon=1.0, delta=1e-5, sigma=0.001)
    >>> clf = UnlearnableLogisticRegression(
    ...     certification=certification, retain_data=True
    ... ).fit(X, y)
    >>> model, certificate = clf.partial_unfit(X[:2], y[:2]).release()
    >>> certificate.verify(model)
    >>> clf.private_record().spent < certificate.budget / 1000
    True
    """

    def __init__(
        self,
        epsilon,
        delta,
        sigma=None,
        mode="output",
        on_budget_exceeded="raise",
        random_state=None,
    ):
        self.epsilon = epsilon
        self.delta = delta
        self.sigma = sigma
        self.mode = mode
        self.on_budget_exceeded = on_budget_exceeded
        self.random_state = random_state

    def terms(self, tol):
        """The validated parameters, for refits that stop at a gradient norm ``tol``.

        Parameters
        ----------
        tol : float

        Returns
        -------
        sklearn_unlearn.certification.lineage.Terms

        Raises
        ------
        ValueError
            Naming the parameter that is wrong.
        """
        check_privacy(self.epsilon, self.delta)
        check_sigma(self.sigma)
        for name, allowed in (("mode", _MODES), ("on_budget_exceeded", _POLICIES)):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in allowed:
                choices = ", ".join(map(repr, allowed))
                raise ValueError(f"{name} must be one of {choices}; got {value!r}.")
        seed = self.random_state
        if isinstance(seed, bool | np.bool_):
            raise TypeError(f"random_state must be None or an integer; got {seed!r}.")
        if seed is not None:
            check_scalar(seed, "random_state", Integral, min_val=0)
        epsilon, delta, sigma = map(float, (self.epsilon, self.delta, self.sigma))
        return Terms(epsilon, delta, sigma, tol, seed is not None, secrets.token_hex(8))

    def secret(self):
        """Of the noise: entropy of the operating system, or made of ``random_state``.

        Returns
        -------
        bytes
        """
        if self.random_state is None:
            return secrets.token_bytes(32)
        return f"random_state={int(self.random_state)}".encode()
