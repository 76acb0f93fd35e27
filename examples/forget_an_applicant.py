"""
An applicant leaves a whole pipeline
====================================

Forget an applicant in a whole pipeline, from her raw application.

The model is what such models are: missing values imputed, numbers scaled, words
encoded, a logistic regression, all chosen by a grid search. An applicant asks to be
deleted. She is in the coefficients, and also in a mean, in a standard deviation, and in
a list of cities that contains hers because of nobody but her.
"""

import copy
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableOneHotEncoder,
    UnlearnableSimpleImputer,
    UnlearnableStandardScaler,
    make_unlearnable_column_transformer,
    make_unlearnable_pipeline,
    partial_unfit,
)

NUMBERS, WORDS = ["age", "income", "years at address"], ["city", "religion"]


def main():
    frame, granted = applications()
    front = make_unlearnable_column_transformer(
        (
            make_unlearnable_pipeline(
                UnlearnableSimpleImputer(), UnlearnableStandardScaler()
            ),
            NUMBERS,
        ),
        (UnlearnableOneHotEncoder(handle_unknown="ignore"), WORDS),
    )
    # the pipeline keeps the applications: requests are exact, and strangers noticed
    last = UnlearnableLogisticRegression(retain_data=True)
    search = GridSearchCV(
        make_unlearnable_pipeline(front, last),
        {"unlearnablelogisticregression__C": [0.01, 0.1, 1.0]},
    ).fit(frame, granted)
    before = copy.deepcopy(search)

    # she asks to be deleted
    her = frame.iloc[[0]]
    print(f"deleted: {her.iloc[0].to_dict()}")
    partial_unfit(search, her, granted[:1])
    frame, granted = frame.iloc[1:], granted[1:]

    # what auditors ask
    refit = clone(search.best_estimator_).fit(frame, granted)
    truth = refit.predict_proba(frame)
    model = search.best_estimator_
    print(f"her city in the file: {traces(before)} times before, {traces(search)} now")
    scaler, its = (
        m[0].named_transformers_["unlearnablepipeline"][-1] for m in (model, refit)
    )
    print(
        f"means differ from a refit's by {np.abs(scaler.mean_ - its.mean_).max():.0e}"
    )
    largest = np.abs(model.predict_proba(frame) - truth).max()
    print(f"probabilities differ from a refit's by {largest:.0e}")

    # what happens if the model alone forgets, and not what it was fitted behind
    behind = copy.deepcopy(before.best_estimator_)
    behind[-1].fit(behind[:-1].transform(frame), granted)
    frozen = np.abs(behind.predict_proba(frame) - truth).max()
    print(f"behind the old preprocessing they would differ by {frozen:.0e}")

    _, axes = plt.subplots(figsize=(7, 2.5), layout="constrained")
    ways = ["the model alone", "the whole pipeline"]
    axes.barh(ways, [frozen, max(largest, 1e-17)])
    axes.set_xscale("log")
    axes.set_xlabel("largest difference of a probability from a refit's")
    plt.show()

    # a column must go for everybody
    model.forget_features("religion")
    left = frame.drop(columns="religion")
    derived = model[:-1].get_feature_names_out()
    print("derived columns left:", *derived, sep="\n  ")
    print("predicts without it:", model.predict(left.iloc[:3]).tolist())
    deployed = model.to_sklearn()
    same = np.allclose(deployed.predict_proba(left), model.predict_proba(left))
    print("the deployed pipeline predicts the same:", same)

    # the search chose C with her data; would it choose otherwise without?
    again = clone(before).fit(frame, granted)
    print("C that was chosen:", *before.best_params_.values(), end="; ")
    print("without her:", *again.best_params_.values())


def applications():
    rng = np.random.default_rng(0)
    size = 2000
    frame = pd.DataFrame(
        {
            "age": rng.normal(45.0, 12.0, size).round(),
            "city": rng.choice(["Bonn", "Oslo", "Rome"], size).astype(object),
            "income": rng.gamma(3.0, 1e4, size).round(),
            "religion": rng.choice(["a", "b", "none"], size).astype(object),
            "years at address": rng.exponential(8.0, size).round(),
        }
    )
    frame.loc[rng.random(size) < 0.05, "income"] = np.nan
    frame.loc[0, ["age", "city", "income"]] = [99.0, "Longyearbyen", 2.5e6]
    score = frame["income"].fillna(2e4) / 1e4 + (frame["city"] == "Oslo")
    return frame, np.where(score + rng.logistic(size=size) > 3.0, "granted", "refused")


def traces(search):
    return pickle.dumps(search.best_estimator_).count(b"Longyearbyen")


if __name__ == "__main__":
    main()
