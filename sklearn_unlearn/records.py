"""Records of requests: what was asked of a model, when, and how it was answered.

A record holds no data: counts, names of columns, keyed hashes. The key stays with the
model while it is in memory and is in no pickle; `record_key` and `use_record_key` take
it out and bring it back.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

from sklearn_unlearn.exceptions import UndoError
from sklearn_unlearn.utils.digests import digests_of_names
from sklearn_unlearn.utils.frames import FrameMixin
from sklearn_unlearn.utils.messages import numbered
from sklearn_unlearn.utils.record_schema import FORMAT, PROPERTIES, RECORD_SCHEMA

__all__ = [
    "RECORD_SCHEMA",
    "RequestRecord",
    "hashes_of",
    "record_key",
    "undo_requests",
    "use_record_key",
]


class Recorded(Protocol):
    """An estimator, as the functions of this module ask it."""

    _request_log: Any
    _undo: Any
    _use_record_key: Any


#: Has a line for each request that was carried out, of counts alone, at level INFO.
LOGGER = logging.getLogger("sklearn_unlearn.requests")


@dataclass(frozen=True)
class RequestRecord(FrameMixin):
    """What was asked of a model, when, and how it was answered; no data.

    The attribute ``request_record_`` of a model is the record of the last request
    since ``fit``.

    Attributes
    ----------
    identity : str
        Drawn at random; all hashes are of 32 hexadecimal digits.
    follows : str or None
        The identity of the request before; None of the first one since ``fit``.
    undoes : str or None
        The identity of the request that this one took back.
    verb : str
        The method.
    estimator : str
        Its class.
    n_rows_out, n_rows_in : int
        Rows that left and that came; rows that were corrected count as both. Where
        names alone were given and the model does not say how many rows have them, the
        names count.
    columns : tuple of str or int
        Columns to forget, by name, or by position where they have none.
    row_ids : tuple of str
        Keyed hash of each identifier in the request, without those that it skipped as
        unknown where names alone were given; `hashes_of` gives those of others.
    time : str
        When it was done: UTC, ISO 8601.
    seconds : float
        How long it took; of several requests together, an equal share.
    n_together : int
        How many requests were carried out together.
    method : {"exact", "refined", "one step", "empirical"} or None
        What tags promise of the model with these parameters: that of a refit, up to
        rounding; that of a refit up to ``tol``, by steps on retained data; a step in
        closed form; steps on an objective that is not convex. None where they promise
        nothing. Of what is trained again without a seed "exact" means up to its
        randomness: one of the distribution of a refit, as ``explain`` says.
    exactness_before, exactness_after : str or None
        What the model was worth before the request and is worth after it: the worst
        of the methods of all requests since ``fit``, or since the last "refined" one,
        which makes good what came before. "exact" right after ``fit``.
    residual_before, residual_after : float or None
        Norm of the gradient of the objective, of the model before on the data that it
        had and of the model after on those that it has. They are known where data are
        retained; None elsewhere, and with certification, where it is a secret.
    steps : tuple of str
        Of a pipeline or column transformer, the steps that the request changed.
    frozen : tuple of str
        Steps that ``on_stateful="freeze"`` left with what they know of the rows.
    publications : int or None
        With certification, how many were published and paid for so far. How much each
        spent is a secret of ``private_record``.
    budget : float or None
        With certification, what all publications together may spend.
    choice : dict or None
        Of a search: ``best_before`` and ``best_after``, numbers of candidates;
        ``lead_before`` and ``lead_after``, by how much their mean scores were above
        those of the next, and the number of that now, ``runner_up``, each None if it
        is not defined; and whether the choice is ``frozen``, so that it knows rows that
        have left.
    versions : dict of str to str
        Of the packages that computed it.
    asked : str
        Keyed digest of the rows, targets, weights and identifiers that were given.
    named : str or None
        Of rows that were named by identifiers alone, a keyed digest of what the model
        knew of them before.
    state_before, state_after : str
        Keyed digest of what the model had learned: its parameters or statistics, of
        more than 2,048 numbers in an array so many, of more than 16 trees so many,
        evenly spaced; of a model of rows, all rows. Two states with different digests
        differ.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableRidge().fit(X, y).partial_unfit(X[:2], y[:2])
    >>> record = model.request_record_
    >>> record.verb, record.n_rows_out, record.method
    ('partial_unfit', 2, 'exact')
    """

    identity: str
    follows: str | None
    undoes: str | None
    verb: str
    estimator: str
    n_rows_out: int
    n_rows_in: int
    columns: tuple[Any, ...]
    row_ids: tuple[str, ...]
    time: str
    seconds: float
    n_together: int
    method: str | None
    exactness_before: str | None
    exactness_after: str | None
    residual_before: float | None
    residual_after: float | None
    steps: tuple[str, ...]
    frozen: tuple[str, ...]
    publications: int | None
    budget: float | None
    choice: dict[str, Any] | None = field(hash=False)
    versions: dict[str, str] = field(hash=False)
    asked: str
    named: str | None
    state_before: str
    state_after: str

    def to_json(self) -> str:
        """The record as a JSON document, which `RECORD_SCHEMA` describes.

        Returns
        -------
        str
        """
        return json.dumps({"format": FORMAT, **asdict(self)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RequestRecord:
        """The record that `to_json` wrote.

        Parameters
        ----------
        text : str

        Returns
        -------
        RequestRecord

        Raises
        ------
        ValueError
            If it is no such document.
        """
        document = json.loads(text)
        expected = PROPERTIES.keys()
        if not isinstance(document, dict) or document.keys() != expected:
            raise ValueError(
                "text is no record of a request: it must be an object of "
                f"{', '.join(expected)}."
            )
        if document.pop("format") != FORMAT:
            raise ValueError(f"text must have the format {FORMAT}, as to_json writes.")
        for name in ("columns", "row_ids", "steps", "frozen"):
            document[name] = tuple(document[name])
        return cls(**document)

    def undo(
        self,
        model: Any,
        X: Any = None,
        y: Any = None,
        X_new: Any = None,
        *,
        y_new: Any = None,
        sample_weight: Any = None,
        row_ids: Any = None,
    ) -> Any:
        """Take the request back, while its rows are at hand.

        Pass what the verb was given; of rows that were named by ``row_ids`` alone also
        what they were, X and y, with the identifier of each, or both of its keys, in
        the order of ``rows_of``. The model is then the one before, to the last bit if
        it is a function of its rows, up to ``tol`` with retained data. Of a list of
        requests the last one is taken back first, or all together by `undo_requests`.

        Parameters
        ----------
        model : estimator
            The one that carried the request out, as it was left by that. It changes.
        X, y, X_new, y_new, sample_weight, row_ids
            As the verb was given them.

        Returns
        -------
        model : estimator

        Raises
        ------
        UndoError
            If other requests came after (`UndoOrderError`), the rows are others
            (`UndoRowsError`), the request has no opposite, as ``forget_features`` has
            none, or the model is not exact.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_unlearn import UnlearnableGaussianNB
        >>> X, y = load_iris(return_X_y=True)
        >>> model = UnlearnableGaussianNB().fit(X, y)
        >>> before = model.theta_
        >>> record = model.partial_unfit(X[:2], y[:2]).request_record_
        >>> model = record.undo(model, X[:2], y[:2])
        >>> bool((model.theta_ == before).all())
        True
        """
        given = {
            "X": X,
            "y": y,
            "X_new": X_new,
            "y_new": y_new,
            "sample_weight": sample_weight,
            "row_ids": row_ids,
        }
        return _recording(model)._undo([self], [given])

    @property
    def line(self) -> Any:
        """The record in a few words, as it is logged."""
        what = [
            f"{numbered(n, unit)} {way}"
            for n, unit, way in (
                (self.n_rows_out, "row", "out"),
                (self.n_rows_in, "row", "in"),
                (len(self.columns), "column", "out"),
            )
            if n
        ]
        how = "no promise" if self.method is None else self.method
        return f"{self.estimator}.{self.verb}: {', '.join(what) or 'nothing'}; {how}"

    def _table(self):
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: [value] for name, value in values.items()}


def undo_requests(model: Recorded, records: Any, requests: Any) -> Any:
    """Take back a list of requests that were carried out together, as one request.

    Parameters
    ----------
    model : estimator
        The one that carried them out, as it was left by that. It changes.
    records : list of RequestRecord
        As ``carry_out`` returned them.
    requests : list of (str, dict)
        As ``carry_out`` was given them, with X and y of rows that were named by
        ``row_ids`` alone, as `RequestRecord.undo` takes them.

    Returns
    -------
    model : estimator

    Raises
    ------
    UndoError
        As of `RequestRecord.undo`; the estimator is unchanged.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_unlearn import UnlearnableGaussianNB
    >>> from sklearn_unlearn.records import undo_requests
    >>> X, y = load_iris(return_X_y=True)
    >>> model = UnlearnableGaussianNB().fit(X, y)
    >>> before = model.theta_
    >>> requests = [
    ...     ("partial_unfit", {"X": X[:2], "y": y[:2]}),
    ...     ("replace_labels", {"X": X[[5]], "y": y[[5]], "y_new": y[[99]]}),
    ... ]
    >>> model = undo_requests(model, model.carry_out(requests), requests)
    >>> bool((model.theta_ == before).all())
    True
    """
    records, requests = list(records), list(requests)
    verbs = [record.verb for record in records]
    whole = bool(records) and all(one.n_together == len(records) for one in records)
    if not whole or [verb for verb, _ in requests] != verbs:
        raise UndoError(
            "records and requests must be all those of one list, in its order."
        )
    return _recording(model)._undo(records, [given for _, given in requests])


def record_key(model: Recorded) -> Any:
    """The key of the hashes in a model's records: a secret, to be kept apart from them.

    Parameters
    ----------
    model : estimator
        One that unlearns.

    Returns
    -------
    bytes
        Drawn when it was first needed. No pickle has it, and a copy by
        :func:`copy.deepcopy` has another.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.records import hashes_of, record_key
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = UnlearnableRidge(retain_data=True).fit(X, y, row_ids=range(len(X)))
    >>> record = model.partial_unfit(row_ids=[3]).request_record_
    >>> record.verb, record.method, record.n_rows_out
    ('partial_unfit', 'refined', 1)
    >>> hashes_of([3], record_key(model)) == record.row_ids
    True
    """
    return _recording(model)._request_log.key


def use_record_key(model: Recorded, key: Any) -> None:
    """Give a model the key of its records, after it was read from a file.

    Parameters
    ----------
    model : estimator
        One that unlearns.
    key : bytes
        As `record_key` gave it.

    Raises
    ------
    ValueError
        If it is no key.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_unlearn import UnlearnableRidge
    >>> from sklearn_unlearn.records import record_key, use_record_key
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model, other = UnlearnableRidge().fit(X, y), UnlearnableRidge().fit(X, y)
    >>> use_record_key(other, record_key(model))
    >>> record_key(other) == record_key(model)
    True
    """
    if not isinstance(key, bytes) or len(key) != 32:
        raise ValueError("key must be 32 bytes, as record_key gives them.")
    _recording(model)._use_record_key(key)


def hashes_of(row_ids: Any, key: Any) -> Any:
    """What records hold of identifiers.

    Parameters
    ----------
    row_ids : array-like of shape (n_ids,), str or int
    key : bytes
        As `record_key` gives it.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from sklearn_unlearn.records import hashes_of
    >>> [len(each) for each in hashes_of(["k17", "k18"], bytes(32))]
    [32, 32]
    """
    if not isinstance(key, bytes):
        raise TypeError(
            f"key must be bytes, as record_key gives them; got {type(key).__name__}."
        )
    return digests_of_names(key, row_ids)


def _recording(model):
    """The model, if it is one that has records.

    Raises
    ------
    TypeError
    """
    if not hasattr(model, "_request_log"):
        raise TypeError(
            f"model must be an estimator that unlearns; got {type(model).__name__}."
        )
    return model
