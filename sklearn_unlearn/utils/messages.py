"""How messages speak of estimators."""

from __future__ import annotations


def kind_of(estimator, *, first=False):
    """The class of an estimator and its article, perhaps as the first words.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
    >>> from sklearn_unlearn.utils.messages import kind_of
    >>> kind_of(OrdinalEncoder()), kind_of(OneHotEncoder(), first=True)
    ('an OrdinalEncoder', 'A OneHotEncoder')
    """
    name = type(estimator).__name__
    vowel = name.startswith(tuple("AEIOU")) and not name.startswith("One")
    article = "an" if vowel else "a"
    return f"{article.capitalize() if first else article} {name}"
