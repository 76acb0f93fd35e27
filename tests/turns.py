"""Checks of unlearners, at which variants of a class take turns."""

import pytest
from sklearn.base import clone

from sklearn_unlearn.utils.estimator_checks import unlearner_checks


def parametrize_with_checks_in_turns(estimators, n_each=1, but=lambda *_: False):
    """As ``parametrize_with_unlearner_checks``, but a class passes each check once.

    A check takes a second or more of refits. Each is passed by one of the estimators of
    each class, the next one for the next check: a fault in a class shows whatever the
    variant, and a fault in a variant in one of the checks that come to it.

    Parameters
    ----------
    estimators : list of estimators
        Not fitted.
    n_each : int
        How many estimators of a class pass a check.
    but : callable
        Whether an estimator does not have to pass the check of a name.
    """
    classes = {}
    for estimator in estimators:
        checks = dict(unlearner_checks(estimator))
        classes.setdefault(type(estimator), []).append((estimator, checks))
    rows = []
    for variants in classes.values():
        names = dict.fromkeys(name for _, checks in variants for name in checks)
        for turn, name in enumerate(names):
            able = [
                (one, checks[name])
                for one, checks in variants
                if name in checks and not but(one, name)
            ]
            for each in range(min(n_each, len(able))):
                estimator, check = able[(n_each * turn + each) % len(able)]
                label = f"{' '.join(str(estimator).split())}-{name}"
                rows.append(pytest.param(clone(estimator), check, id=label))
    return pytest.mark.parametrize(("estimator", "check"), rows)
