"""Column transformers of scikit-learn's own, made of fitted parts."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer

from sklearn_unlearn.compose._columns import forgotten_columns
from sklearn_unlearn.transformers import exported, is_nothing, unfitted_twin
from sklearn_unlearn.utils.export import configured_like
from sklearn_unlearn.utils.rows import positions

#: What only a column transformer that unlearns notes of itself.
OWN = frozenset(
    {
        "on_stateful",
        "_forgotten",
        "_sparse",
        "_cross_fitted",
        "_remembered",
        "_locks",
        "_requests",
    }
)


def plain(transformer, drop_forgotten):
    """A fitted column transformer of plain parts, as a fit to what remains gives it."""
    fitted = {
        name: exported(step, drop_forgotten=True)
        for name, step, columns in transformer.transformers_
        if not isinstance(step, str) and positions(columns, transformer).size
    }
    if forgotten_columns(transformer).any():
        return _narrowed(transformer, fitted, drop_forgotten)
    twin, ours = ColumnTransformer([]), vars(transformer)
    vars(twin).update((k, _plain(v)) for k, v in ours.items() if k not in OWN)
    set_given(twin, *_given(transformer, fitted))
    twin.transformers_ = [
        (name, fitted.get(name, _plain(step)), columns)
        for name, step, columns in transformer.transformers_
    ]
    return twin


def set_given(transformer, transformers, remainder, columns=None):
    """Set ``transformers`` and ``remainder`` of one that is fitted, and stays so.

    Parameters
    ----------
    transformer : ColumnTransformer
    transformers, remainder : its parameters
    columns : list, optional
        Of the remainder; those that are known by default.
    """
    transformer.transformers, transformer.remainder = transformers, remainder
    for name, value in vars(transformer).items():
        if isinstance(value, tuple) and value[:1] == ("remainder",):  # noted at fit
            known = value[2] if columns is None else columns
            setattr(transformer, name, ("remainder", remainder, known))


def unfitted(transformer):
    """The unfitted twin of a column transformer."""
    twin = _with_parameters_of(transformer, ColumnTransformer([]))
    twin.transformers, twin.remainder = _given(transformer, {})
    return configured_like(twin, transformer)


def _given(transformer, fitted):
    """The parameters ``transformers`` and ``remainder`` with plain parts.

    Parameters
    ----------
    transformer : UnlearnableColumnTransformer
    fitted : dict of str to transformer
        Plain ones by name.
    """

    def part(name, step):
        if is_nothing(step) or isinstance(step, str):
            return step
        return clone(fitted[name]) if name in fitted else unfitted_twin(step)

    parts = [
        (name, part(name, step), columns)
        for name, step, columns in transformer.transformers
    ]
    return parts, part("remainder", transformer.remainder)


def _plain(value):
    """A value in which plain unfitted parts are in the place of others."""
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if hasattr(value, "get_params") and not isinstance(value, type):
        return unfitted_twin(value)
    return copy.deepcopy(value)


# Where columns are forgotten --------------------------------------------------------


class _Part(NamedTuple):
    """Some columns that are left, and what is given for them as a parameter."""

    name: str
    step: Any
    places: Any  # one, or an array of several
    by_name: bool


def _narrowed(transformer, fitted, drop_forgotten):
    """One that was fitted on nothing, and given fitted parts of fewer columns."""
    kept = ~forgotten_columns(transformer) | (not drop_forgotten)
    parts, remainder = _parts_left(transformer, fitted, kept)
    twin = _of_places(transformer, parts, remainder, int(kept.sum()))
    names = getattr(transformer, "feature_names_in_", np.zeros(kept.size))[kept]

    def columns(places, by_name):
        if np.isscalar(places):
            return names[places] if by_name else np.asarray(places).item()
        return (names[places] if by_name else places).tolist()

    given = {part.name: columns(part.places, part.by_name) for part in parts}
    for name, _, places in twin.transformers_:
        if name not in given:  # the remainder
            rest = np.asarray(places, dtype=int)
            given[name] = columns(rest, all(part.by_name for part in parts))
    noted = [id(part.places) for part in parts]
    for name, value in vars(twin).items():
        if isinstance(value, list) and list(map(id, value)) == noted:  # at fit
            setattr(twin, name, [given[part.name] for part in parts])
    steps = [(part.name, part.step, given[part.name]) for part in parts]
    set_given(twin, steps, remainder, given.get("remainder"))
    unfitted = {part.name: part.step for part in parts}
    named = [name for name, *_ in twin.transformers_]
    twin.transformers_ = [
        (name, fitted.get(name, unfitted.get(name, "drop")), given[name])
        for name in named
    ]
    twin.output_indices_ = {
        name: transformer.output_indices_.get(name, slice(0, 0))
        for name in [*named, "remainder"]
    }
    twin.sparse_output_ = transformer.sparse_output_
    if hasattr(transformer, "feature_names_in_"):
        twin.feature_names_in_ = names
    return configured_like(twin, transformer)


def _parts_left(transformer, fitted, kept):
    """Parts that have columns left, and the remainder.

    Parameters
    ----------
    transformer : UnlearnableColumnTransformer
    fitted : dict of str to transformer
        Plain ones by name.
    kept : ndarray of bool of shape (n_features,)
        Columns that the export takes, forgotten ones perhaps among them.
    """
    forgotten, place_of = forgotten_columns(transformer), np.cumsum(kept) - 1
    given, remainder = _given(transformer, fitted)
    given = {name: step for name, step, _ in given}
    parts, used = [], np.zeros(kept.sum(), dtype=bool)
    for name, step, columns in transformer.transformers_:
        places = positions(columns, transformer)
        left = place_of[places[~forgotten[places]]]
        dropped = isinstance(step, str) and name == "remainder"
        used[left] |= not dropped
        if name != "remainder" and (left.size or not places.size):
            left = left[0] if np.isscalar(columns) else left
            parts.append(_Part(name, given[name], left, _by_name(columns)))
    unused = np.flatnonzero(~used)
    if unused.size and not (isinstance(remainder, str) and remainder == "drop"):
        by_name = all(part.by_name for part in parts)
        parts.append(_Part("unused", "drop", unused, by_name))
    return parts, remainder


def _of_places(transformer, parts, remainder, n_columns):
    """One with the same parameters that was fitted on nothing, by places."""
    made_up = FunctionTransformer(_as_column)

    def stand_in(step):
        return "drop" if isinstance(step, str) and step == "drop" else made_up

    steps = [(part.name, stand_in(part.step), part.places) for part in parts]
    twin = ColumnTransformer(steps, remainder=stand_in(remainder))
    return _with_parameters_of(transformer, twin).fit(np.zeros((1, n_columns)))


def _with_parameters_of(transformer, twin):
    """The twin with parameters of another that say nothing of its parts."""
    given = vars(transformer)
    own = twin.get_params(deep=False).keys() & given.keys()
    for name in own - {"transformers", "remainder"}:
        setattr(twin, name, given[name])
    return twin


def _by_name(columns):
    """Whether columns are given by their names."""
    if isinstance(columns, slice):
        columns = [columns.start, columns.stop]
    return any(isinstance(each, str) for each in np.atleast_1d(columns))


def _as_column(X):
    return np.asarray(X).reshape(len(X), -1)
