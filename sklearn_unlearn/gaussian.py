"""The parameter ``certification`` of an estimator: what is promised, by which noise."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar

from sklearn_unlearn.certification.account import Account, Terms
from sklearn_unlearn.certification.mechanism import check_privacy, check_sigma

_MODES = ("output", "private", "objective")
#: "auto", with retained data.
_MANY = 1_000_000


class GaussianCertification(BaseEstimator):
    """How an estimator certifies what it publishes: with Gaussian noise.

    Parameters
    ----------
    epsilon : float
        Bound on the logarithm of the likelihood ratio; from 1e-5 to 1e100.
    delta : float
        Probability with which that bound may fail; from 1e-100 to 0.999999.
    sigma : float
        Standard deviation of the noise on the coefficients, in their units. Choose it
        before you see the data; ``private_record()`` of a model tells the operator how
        much of it was needed. What is published is rounded to a grid, a millionth of
        it wide, so that no digit tells more than the noise lets through.
    mode : {"output", "private", "objective"}, default="output"
        "output" adds noise to the published coefficients and issues certificates.
        "private" does the same with so much noise that nobody can tell from all models,
        before and after, what any one row was or whether it was ever there. It needs
        ``row_norm``, a number ``n_publications``, ``retain_data=True``, rows of weight
        at most one, and logistic regression with ``fit_intercept=False``; worth having
        from ten thousand rows or so.
        "objective" adds ``sigma * xi' theta`` to the loss of penalised coefficients as
        Warnecke et al. (2023) do; it exists to reproduce published figures and issues
        no certificate, because their theorem needs more than a small residual.
    n_publications : int, None or "auto", default="auto"
        How often the model may be published: at the fit and at each request that
        changes the data. Each publication has an equal share of the budget, so that
        what is refused tells nothing. None lets a publication spend all that is left;
        then refusals depend on secrets. "auto" is a million with retained data, which
        can be minimised further until the share is enough, and None without. A
        request that would spend more than it may is refused; with retained data, only
        if neither steps to the rounding floor nor a fit from scratch help.
    max_refusals : int, default=10
        How many requests may be refused before nothing more is published. It counts
        refusals that tell something of what left before: all for want of budget, of a
        bound or of accuracy, but where data are retained and publications planned.
        ``removal_cost`` says beforehand whether there is room for a request.
    row_norm : float, default=None
        In private mode, a public number that no row is longer than; rows are clipped
        before they come, or refused.
    random_state : int, default=None
        None takes a secret from the operating system at each ``fit``. An integer makes
        publications reproducible: noise that can be computed certifies nothing, and
        ``release`` issues no certificate. For tests.
    counter : callable, default=None
        Counts publications outside of the model, so that no copy and no backup of it
        makes one that another copy has made. Before each it is called with the name of
        the fit, the number of the publication and a digest of it; it claims the number
        for this digest, if it is not claimed, and returns the digest that it is claimed
        for. Where that is another one the request is refused.
        :class:`~sklearn_unlearn.certification.FolderCounter` does it with files. It is
        copied and pickled with the model: what it knows must be elsewhere.

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
        epsilon: float,
        delta: float,
        sigma: float | None = None,
        mode: str = "output",
        n_publications: int | str | None = "auto",
        max_refusals: int = 10,
        row_norm: float | None = None,
        random_state: int | None = None,
        counter: Callable[..., Any] | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        # `check` refuses None where a number is needed
        self.sigma: Any = sigma
        self.mode = mode
        self.n_publications = n_publications
        self.max_refusals = max_refusals
        self.row_norm: Any = row_norm
        self.random_state = random_state
        self.counter = counter

    def account(self, tol: float, retained: bool) -> Any:
        """The account of a fit, nothing of it spent.

        Parameters
        ----------
        tol : float
            Gradient norm at which refits stop.
        retained : bool
            Whether data are.

        Returns
        -------
        sklearn_unlearn.certification.lineage.Account

        Raises
        ------
        ValueError, TypeError
            Naming the parameter that is wrong.
        """
        self.check()
        epsilon, delta, sigma = map(float, (self.epsilon, self.delta, self.sigma))
        planned = self.n_publications
        private = self.mode == "private"
        if private and not retained:
            raise ValueError(
                'mode="private" needs retain_data=True: every model is then minimised '
                "to the same accuracy."
            )
        if isinstance(planned, str):
            planned = _MANY if retained else None
        # what is refused although it was fitted again follows from the data as they are
        clean = retained and planned is not None
        terms = Terms(
            epsilon,
            delta,
            sigma,
            tol,
            n_publications=None if planned is None else int(planned),
            seeded=self.random_state is not None,
            name=secrets.token_hex(8),
            max_refusals=None if clean else int(self.max_refusals),
            row_norm=float(self.row_norm) if private else None,
        )
        return Account.opened(terms, self.secret(), self.counter)

    def check(self) -> None:
        """Refuse wrong parameters.

        Raises
        ------
        ValueError, TypeError
            Naming the parameter.
        """
        check_privacy(self.epsilon, self.delta)
        check_sigma(self.sigma)
        if not isinstance(self.mode, str) or self.mode not in _MODES:
            choices = ", ".join(map(repr, _MODES))
            raise ValueError(f"mode must be one of {choices}; got {self.mode!r}.")
        if self.counter is not None and not callable(self.counter):
            raise TypeError(f"counter must be callable; got {self.counter!r}.")
        planned = self.n_publications
        if isinstance(planned, str) and planned != "auto":
            raise ValueError(
                f'n_publications must be a number, None or "auto"; got {planned!r}.'
            )
        self._check_row_norm()
        if isinstance(self.max_refusals, bool | np.bool_):
            raise TypeError(
                f"max_refusals must be an integer; got {self.max_refusals!r}."
            )
        check_scalar(self.max_refusals, "max_refusals", Integral, min_val=1)
        for name in ("n_publications", "random_state"):
            value = getattr(self, name)
            if isinstance(value, bool | np.bool_):
                raise TypeError(f"{name} must be None or an integer; got {value!r}.")
            if value is not None and not isinstance(value, str):
                smallest = int(name == "n_publications")
                check_scalar(value, name, Integral, min_val=smallest)
        if isinstance(self.random_state, str):
            raise TypeError(
                f"random_state must be None or an integer; got {self.random_state!r}."
            )

    def _check_row_norm(self):
        if self.mode != "private":
            if self.row_norm is not None:
                raise ValueError(
                    f'row_norm is of mode="private"; got mode={self.mode!r}.'
                )
            return
        if isinstance(self.row_norm, bool | np.bool_):
            raise TypeError(f"row_norm must be a number; got {self.row_norm!r}.")
        check_scalar(
            self.row_norm, "row_norm", Real, min_val=0.0, include_boundaries="neither"
        )
        if not np.isfinite(self.row_norm):
            raise ValueError(f"row_norm must be finite; got {self.row_norm!r}.")
        if not isinstance(self.n_publications, Integral):
            raise ValueError(
                'mode="private" needs a number n_publications: each shares the noise; '
                f"got {self.n_publications!r}."
            )

    def secret(self) -> Any:
        """Of the noise: entropy of the operating system, or made of ``random_state``.

        Returns
        -------
        bytes
        """
        if self.random_state is None:
            return secrets.token_bytes(32)
        return f"random_state={int(self.random_state)}".encode()
