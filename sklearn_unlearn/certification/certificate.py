"""Certificates: what may be published of a release, and what must not.

Both kinds are plain data with a JSON form; its schema is in ``doc/certification.rst``.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from sklearn_unlearn.certification.digest import model_hash
from sklearn_unlearn.certification.signature import check_signature, signature
from sklearn_unlearn.exceptions import CertificateMismatchError

#: What no certificate covers (``doc/certification.rst``), in the words of each.
_NEVER_CLAIMED = (
    "Class weights frozen at fit, preprocessing and parameters that were searched for "
    "may remember deleted data: the refit has the same.",
    "The deleted row is not hidden from somebody who sees models from before and after "
    "its deletion: they can often solve for it, from two refits just as well.",
    "Noise-free coefficients, the factor, retained data, the pickled estimator, "
    "numbers in messages, and how long a request took are secrets; who knows them, or "
    "requests that depend on them, are not covered.",
    "It is no proof to a third party that data were not used: the procedure is what "
    "can be audited.",
    "Other fits have budgets of their own, and so have copies of the estimator that "
    "went on to publish without a counter.",
)
_NOT_LOOKED_UP = (
    "Without retained data nothing is looked up: that the rows, values and labels that "
    "requests named were in the data is not certified; if they were not, nothing is."
)
_REFUSALS = (
    "Refusals for want of budget, of a bound or of accuracy, at most max_refusals of "
    "them, and warnings depend on secrets: who sees them, or requests that depend on "
    "them, are not covered."
)
_REFUSALS_OF_FITS = (
    "Warnings depend on secrets; and so would a refusal for want of budget or of a "
    "bound, which there is only if rows fitted again are too far from another fit."
)


#: The same in private mode, in which a row is hidden altogether.
_NEVER_CLAIMED_PRIVATE = (
    "What else was computed from the data is taken for public: preprocessing, "
    "parameters that were searched for, classes and columns; and so is when a model "
    "is published.",
    "One row is hidden, of weight at most one: several rows of one person are that "
    "much easier to see.",
    "Noise-free coefficients, the factor, retained data, the pickled estimator, "
    "errors and warnings, and how long a request took are secrets; who knows them, or "
    "requests that depend on them, are not covered.",
    *_NEVER_CLAIMED[-2:],
)


def not_claimed(
    *, retained: bool, scheduled: bool, private: bool = False
) -> tuple[str, ...]:
    """What a certificate does not cover.

    Parameters
    ----------
    retained : bool
        Whether the data are, so that what a request names is looked up in them.
    scheduled : bool
        Whether every publication has a share of the budget that was fixed before.
        Where data are retained, rows are then fitted again if that is too small.
    private : bool
        Whether the noise hides a row before and after it was deleted.
    """
    if private:
        return _NEVER_CLAIMED_PRIVATE
    refusals = _REFUSALS_OF_FITS if retained and scheduled else _REFUSALS
    return (*_NEVER_CLAIMED, *(() if retained else (_NOT_LOOKED_UP,)), refusals)


class _Json:
    """JSON form of a flat dataclass with a ``schema``."""

    def to_json(self) -> str:
        """The certificate as JSON with sorted keys, one entry a line."""
        entries = asdict(self)  # type: ignore[call-overload]
        for name, value in entries.items():
            if value == math.inf:  # which JSON has no number for
                entries[name] = "infinite"
        return json.dumps(entries, indent=2, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is no JSON, of another schema, or entries are missing or unknown.
        """
        entries = json.loads(text)
        names = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
        schema = names["schema"].default
        found = entries.get("schema") if isinstance(entries, dict) else None
        if found != schema:
            raise ValueError(f"The schema is {found!r}, expected {schema!r}.")
        different = entries.keys() ^ names.keys()
        if different:
            raise ValueError(
                f"The entry {min(different)!r} is missing or not in the schema."
            )
        for name, value in entries.items():
            if isinstance(value, list):
                entries[name] = tuple(value)
            if value == "infinite" and names[name].type == "float":
                entries[name] = math.inf
        return cls(**entries)


@dataclass(frozen=True)
class Certificate(_Json):
    """What may be published with a release.

    Attributes
    ----------
    claim : str
        The sentence that is certified.
    epsilon, delta : float
        The indistinguishability claimed for all publications of the lineage together.
    sigma : float
        Standard deviation of the noise, in units of the coefficients.
    budget : float
        ``sigma / kappa(epsilon, delta)``: what the distances of all published states
        to a refit may be, root of the sum of squares.
    mode : str
        "output" or "private".
    row_norm : float or None
        In private mode, the largest norm of a row.
    name : str
        Of the fit and all that followed, random: copies of the estimator share it.
    publication : int
        Its number since the fit: how often the data were published.
    counted : str
        What the counter outside of the model knows this number by; no other publication
        of the lineage has it. Empty without a counter.
    n_publications : int or None
        How many there may be, each with an equal share of the budget; None if each may
        spend what is left.
    max_refusals : int or None
        After how many refusals that secrets decided nothing more is published; None
        where secrets decide none.
    grid : float
        What is published are multiples of this.
    refit_tolerance : float
        Gradient norm at which the refits stop that one may compare with, in units of
        the mean weight and, for losses that have it, that of the targets; or at the
        rounding error of a gradient where that is larger.
    estimator : str
        Class of the estimator.
    parameters : dict
        Its parameters at fit but ``certification``, values that JSON does not know as
        their repr.
    versions : dict
        Of the packages that computed it.
    model_sha256 : str
        `model_hash` of what is published: all steps, if that is a pipeline.
    not_claimed : tuple of str
    signature : str
        Ed25519 signature of all other entries in hexadecimal digits; empty if it is not
        signed.
    schema : str

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import normalize, scale
    >>> from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> promise = GaussianCertification(epsilon=1.0, delta=1e-4, sigma=1.0)
    >>> model = UnlearnableLogisticRegression(C=0.01, certification=promise)
    >>> published, certificate = model.fit(normalize(scale(X)), y).release()
    >>> certificate.epsilon, certificate.publication
    (1.0, 1)
    """

    claim: str
    epsilon: float
    delta: float
    sigma: float
    budget: float
    mode: str
    row_norm: float | None
    name: str
    publication: int
    counted: str
    n_publications: int | None
    max_refusals: int | None
    grid: float
    refit_tolerance: float
    estimator: str
    parameters: dict[str, Any]
    versions: dict[str, str]
    model_sha256: str
    not_claimed: tuple[str, ...]
    signature: str = ""
    schema: str = "sklearn_unlearn.certificate/1"

    def signed(self, private_key: Any) -> Self:
        """A copy with a signature, by which others know whose certificate it is.

        Parameters
        ----------
        private_key : Ed25519PrivateKey
            Of the package cryptography, the extra ``cryptography``.

        Returns
        -------
        Certificate

        Raises
        ------
        ImportError
            If the package is not installed.
        TypeError
            If the key is another one.
        """
        return replace(self, signature=signature(self._signed_bytes(), private_key))

    def verify(self, model: Any, public_key: Any = None, counter: Any = None) -> None:
        """Check that this certificate belongs to what was published.

        Parameters
        ----------
        model : estimator
            All that `release` returned, or read back from wherever it was stored; of a
            pipeline not the last step alone.
        public_key : Ed25519PublicKey, optional
            Of whoever is to have signed the certificate, got from them by another way.
            If it is not given no signature is checked.
        counter : FolderCounter, optional
            With which the publication is to have been counted, or another object whose
            ``claimed(name, publication)`` gives the digest of a number. If it is not
            given none is asked.

        Raises
        ------
        CertificateMismatchError
            If the model is another one, or was changed; if the certificate is not
            signed with the key, or was changed; or if the counter has the number for
            another publication, or not at all.
        TypeError
            If the key is another one.
        """
        if public_key is not None:
            check_signature(self.signature, self._signed_bytes(), public_key)
        if counter is not None:
            self._check_counted(counter)
        try:
            found = model_hash(model)
        except TypeError:
            raise CertificateMismatchError(
                f"model must be what release returned; got {type(model).__name__}."
            ) from None
        if found != self.model_sha256:
            raise CertificateMismatchError(
                f"The certificate is of the model {self.model_sha256[:16]}..., this is "
                f"{found[:16]}...: another publication, changed since, or a part of "
                "what release returned."
            )

    def _check_counted(self, counter: Any) -> None:
        found = counter.claimed(self.name, self.publication)
        if not self.counted or found != self.counted:
            raise CertificateMismatchError(
                f"The counter has no publication {self.publication} of {self.name!r} "
                "like this one: a copy of the model made it, or a model without this "
                "counter."
            )

    def _signed_bytes(self) -> bytes:
        """What a signature is of: the JSON form without it."""
        return replace(self, signature="").to_json().encode()


@dataclass(frozen=True)
class PrivateRecord(_Json):
    """How a state was accounted for: functions of secrets, never to be published.

    Attributes
    ----------
    operation : str
        What led to the state.
    distance : float
        Bound on the 2-norm to a refit: the two below together, what was spent. In
        private mode, to what may be published without any one row.
    distance_to_minimiser, distance_of_refit : float
    refit_gradient_norm : float
        What a refit may have, rounding included.
    gradient_norm : float
        Bound on the 2-norm of the gradient at the kept coefficients.
    condition : float
        a of theorem 2.
    raw_change : float
        tau: bound on the change of a raw prediction since the anchor.
    radius : float
        R: bound on the H^-1 norm of a row.
    smallest_eigenvalue : float
        Bound from below, of the Hessian.
    hessian_error : float
        zeta: relative error of its quadratic forms.
    budget, spent, remaining : float
        Of the lineage, after this state.
    publication : int
        As in the certificate.
    state_after : str
        SHA-256 of the noise-free coefficients. There is none of those before, against
        which rows that left could be tried.
    model_sha256 : str
        As in the certificate.
    schema : str

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import normalize, scale
    >>> from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> promise = GaussianCertification(epsilon=1.0, delta=1e-4, sigma=1.0)
    >>> model = UnlearnableLogisticRegression(C=0.01, certification=promise)
    >>> record = model.fit(normalize(scale(X)), y).private_record()
    >>> record.operation, 0.0 < record.spent < record.budget
    ('fit', True)
    """

    operation: str
    distance: float
    distance_to_minimiser: float
    distance_of_refit: float
    refit_gradient_norm: float
    gradient_norm: float
    condition: float
    raw_change: float
    radius: float
    smallest_eigenvalue: float
    hessian_error: float
    budget: float
    spent: float
    remaining: float
    publication: int
    state_after: str
    model_sha256: str = ""
    schema: str = "sklearn_unlearn.private_record/1"
