"""Parameters that twins of scikit-learn's estimators take because those have them."""

from __future__ import annotations

import textwrap
from functools import wraps
from inspect import Parameter, signature

import numpy as np

#: Parameters that say how a minimum is sought, by name: why each changes nothing here.
WITHOUT_EFFECT = {
    "copy_X": "What is given is never overwritten.",
    "force_int_remainder_cols": "Columns are noted as they were given.",
    "intercept_scaling": "It is for intercepts that are penalised.",
    "dual": "The dual problem has the same solution.",
    "n_jobs": "There is one job; threads are those of BLAS.",
    "random_state": "Nothing is drawn at random.",
    "shuffle": "What rows hold decides, and not their order.",
    "solver": "The minimum is the same, whatever way leads there.",
    "use_legacy_attributes": "Attributes have one form.",
    "verbose": "Nothing is printed.",
    "warm_start": "The minimum is the same, wherever the way begins.",
}

#: Values of the parameters in `WITHOUT_EFFECT` that are names.
_NAMES = {
    "solver": {
        "auto",
        "cholesky",
        "lbfgs",
        "liblinear",
        "lsqr",
        "newton-cg",
        "newton-cholesky",
        "sag",
        "saga",
        "sparse_cg",
        "svd",
    }
}


def drop_in(cls, twin=None):
    """Let an estimator take all parameters of its twin, with the twin's defaults.

    Those that its constructor does not name are added to it. They are refused by
    `other_objective` where they would change what is minimised; all others are without
    effect but for ``to_sklearn``, which hands them on. Which there are is what the
    installed scikit-learn says: another version may have one more or one less.

    Parameters
    ----------
    cls : type
        With ``_twin_class``, and the attribute ``_accepted`` that `other_objective`
        reads.
    twin : type, optional
        Instead of ``_twin_class``.

    Returns
    -------
    type
        The same.
    """
    init = cls.__init__
    known = signature(init)
    added = [
        each.replace(kind=Parameter.KEYWORD_ONLY)
        for name, each in signature(twin or cls._twin_class).parameters.items()
        if name not in known.parameters
    ]

    @wraps(init)
    def set_all(self, *args, **params):
        for each in added:
            setattr(self, each.name, params.pop(each.name, each.default))
        init(self, *args, **params)

    both = [*known.parameters.values(), *added]
    vars(set_all)["__signature__"] = known.replace(parameters=both)
    cls.__init__ = set_all
    cls._added = {each.name: each.default for each in added}
    _document(cls, added)
    return cls


def _document(cls, added):
    """Say of the added parameters what they do, before the attributes."""
    head, rule, rest = (cls.__doc__ or "").partition("\n\n    Attributes\n")
    if not rule:
        return
    entries = []
    for each in added:
        _, because = cls._accepted.get(each.name, (None, None))
        said = WITHOUT_EFFECT.get(each.name)
        if because is not None:
            said = f"Refused by ``fit`` where it changes the objective: {because}"
        elif said is not None:
            said = f"Without effect, as the twin's. {said}"
        else:
            said = "As the twin's default: ``fit`` refuses all else."
        said = textwrap.fill(
            said, 80, initial_indent=" " * 8, subsequent_indent=" " * 8
        )
        entries.append(f"\n    {each.name} : default={each.default!r}\n{said}")
    cls.__doc__ = head + "".join(entries) + rule + rest


def other_objective(cls, params, n_classes=None):
    """Why parameters that `drop_in` has added ask for another objective, if they do.

    Parameters
    ----------
    cls : type
        Its ``_accepted`` has, by name of a parameter, the values that leave the
        objective as it is, and why others do not; None instead of values where
        ``_other_objective(params, n_classes)`` decides, by those of others as well.
    params : dict
    n_classes : int, optional
        If it is known.

    Returns
    -------
    str or None
        A phrase that begins with the parameter and its value.
    """
    for name, (values, because) in cls._accepted.items():
        if values is None or name not in params:
            continue
        value = params[name]
        if not any(is_value(value, each) for each in values):
            return f"{name}={value!r}, which is another objective: {because}"
    for name, default in getattr(cls, "_added", {}).items():  # none without a twin
        value = params.get(name, default)
        if name in cls._accepted:
            continue
        if name in _NAMES:
            if value not in _NAMES[name]:
                known = ", ".join(map(repr, sorted(_NAMES[name])))
                return f"{name}={value!r}, which is none of {known}."
        elif name not in WITHOUT_EFFECT and not is_value(value, default):
            return (
                f"{name}={value!r}, of which this version of sklearn_unlearn does not "
                f"know what it changes: leave it at {default!r}."
            )
    further = getattr(cls, "_other_objective", None)
    return None if further is None else further(params, n_classes)


def is_value(value, known):
    """Whether a parameter has a certain value.

    Examples
    --------
    >>> from sklearn_unlearn.utils.twin_parameters import is_value
    >>> is_value(0, 0.0), is_value(None, 0.0), is_value([0.0], 0.0)
    (True, False, False)
    """
    plain = str | int | float | np.number | np.bool_
    return value is known or (isinstance(value, plain) and value == known)
