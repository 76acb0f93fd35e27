"""Arguments stand in one order in all estimators, that of scikit-learn's methods."""

import inspect

import pytest

from sklearn_unlearn.utils.discovery import all_estimators

ORDERS = {
    "fit": ["X", "y", "sample_weight"],
    "partial_unfit": ["X", "y", "sample_weight"],
    "replace_features": ["X", "y", "X_new", "sample_weight"],
    "replace_labels": ["X", "y", "y_new", "sample_weight"],
    "forget_features": ["columns"],
    "partial_fit": ["X", "y", "classes", "sample_weight"],
}


@pytest.mark.parametrize("cls", [cls for _, cls in all_estimators()])
@pytest.mark.parametrize("verb", ORDERS)
def test_order_of_arguments(cls, verb):
    if not hasattr(cls, verb):
        assert verb != "fit"
        return
    parameters = list(inspect.signature(getattr(cls, verb)).parameters.values())[1:]
    names = [
        {"raw_documents": "X"}.get(each.name, each.name)
        for each in parameters
        if each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    assert names == [name for name in ORDERS[verb] if name in names]
