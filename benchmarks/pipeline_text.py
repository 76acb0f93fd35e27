"""Mails leave a pipeline of TF-IDF and logistic regression, and so do their words."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks import data
from benchmarks.measure import Table
from benchmarks.preprocessing import Case, answers, errors, times
from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableTfidfVectorizer,
    make_unlearnable_pipeline,
)
from sklearn_unlearn.exceptions import UnseenRowsWarning

#: By how many mails leave, the name that is in them and nowhere else.
_NAMES = {1: "solitarius", 10: "decemviri", 100: "centumviri"}
#: How many words of the vocabulary, None for all; the norm of the vectors; and how many
#: mails leave. A model of all words takes ten seconds to fit, and so do its requests.
_CASES = (
    (1000, "l2", (1, 10, 100)),
    (1000, None, (1, 10, 100)),
    (None, "l2", (1, 100)),
)
_QUICK = ((200, "l2", (1, 10)), (200, None, (1, 10)))
_NOTE = (
    "Errors and times are as in the table of Adult, of one draw; the refit that is "
    "timed is scikit-learn's own pipeline with newton-cg, tol 1e-8. Enron is given as "
    "vectors: a document is the words of a mail, each once and in alphabetical order, "
    "or those of a thousand words that are drawn at random. All words are in eight "
    "mails or more; so the mails that leave, drawn at random too, are given a name "
    "that no other mail has. Words vanish: those that the refit's vocabulary lacks. "
    "Left: words of ours and exact that the refit has not or has at another column, "
    "and coefficients too many. "
    "Name before: how often it is in the pickle with data before the request; name "
    "left: in those with and without data after it. Idf: the largest difference from "
    "the refit's. "
    "Warned: ours said that vectors of other mails changed, by their norms, in a way "
    "that is not known without them; coefficients follow all of the change but that."
)


def run(settings):
    table = Table("Mails leave a pipeline of TF-IDF")
    for n_words, norm, sizes in _QUICK if settings.quick else _CASES:
        loaded = data.real(lambda n=n_words: data.enron_documents(n), table)
        if loaded is None:
            return table
        documents, y = (part[:500] if settings.quick else part for part in loaded)
        names = {size: _NAMES[size] for size in sizes}
        measure(settings, table, documents, y, norm, names)
    table.notes.append(_NOTE)
    return table


def measure(settings, table, documents, y, norm, names):
    """A row for each number of documents, which get the name that is beside it."""
    order = np.random.default_rng(0).permutation(len(y))
    groups = np.split(order, np.cumsum(list(names)))[:-1]
    documents = np.array(documents, dtype=object)
    for name, out in zip(names.values(), groups, strict=True):
        documents[out] += f" {name}"
    case = Case(
        _ours(norm, False).fit(documents, y),
        _ours(norm, True).fit(documents, y),
        make_pipeline(
            TfidfVectorizer(norm=norm),
            LogisticRegression(solver="newton-cg", tol=1e-8, max_iter=1000),
        ),
        documents,
        y,
    )
    before = {name: _count(case.with_data, name) for name in names.values()}
    for name, out in zip(names.values(), groups, strict=True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UnseenRowsWarning)
            models = answers(case, out)
        row = {
            **_found(case, models, name, before[name]),
            "warned": any(each.category is UnseenRowsWarning for each in caught),
            **times(settings, case, out, models),
        }
        table.add(norm=norm or "none", documents=len(out), **row)
        label = f"{len(out)} of {row['words']} words, norm {norm}"
        table.reach(f"idf, {label}", row["idf"], at_most=1e-10)
        table.reach(f"words left, {label}", row["left"], at_most=0)
        table.reach(f"names in pickles, {label}", row["name_left"], at_most=0)
        table.reach(f"exact, {label}", row["exact"], at_most=1e-8)


def _found(case, models, name, before):
    found = errors(models, case.X)
    truth, here = models["refit"][0], case.without_data[0].vocabulary_
    ours = [models[key] for key in ("exact", "ours") if models[key] is not None]
    shown = ("ours", "frozen", "exact", "behind")
    return {
        "words": len(here),
        **{key: found.get(key, "refused") for key in shown},
        "idf": max(np.abs(model[0].idf_ - truth.idf_).max() for model in ours),
        "words_vanish": len(here.keys() - truth.vocabulary_.keys()),
        "left": max(_left(model, truth) for model in ours),
        "name_before": before,
        "name_left": sum(_count(model, name) for model in ours),
    }


def _left(model, truth):
    """Words and coefficients too many, or words in other places than the refit's."""
    vocabulary = model[0].vocabulary_
    wrong = len(vocabulary.items() ^ truth.vocabulary_.items())
    return wrong + abs(model[-1].coef_.shape[1] - len(truth.vocabulary_))


def _count(model, name):
    return pickle.dumps(model).count(name.encode())


def _ours(norm, retain_data):
    return make_unlearnable_pipeline(
        UnlearnableTfidfVectorizer(norm=norm),
        UnlearnableLogisticRegression(retain_data=retain_data),
    )
