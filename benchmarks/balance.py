"""Balanced class weights that follow the data against those of the fit."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.base import clone

from benchmarks import data
from benchmarks.measure import Table, paired
from benchmarks.rivals import restoring
from sklearn_unlearn import UnlearnableLogisticRegression


def run(settings):
    table = Table('class_weight="balanced" without data: rows of one class out')
    sources = {
        "breast cancer (569 x 30)": (data.breast_cancer(), 60),
        "digits (1797 x 64, 10 classes)": (data.digits(), 60),
    }
    if not settings.quick:
        sources["synthetic (2000 x 20)"] = (data.synthetic(2000, 20), 60)
        sources["synthetic (200k x 200)"] = (data.synthetic(200_000, 200), 60)
    for name, ((X, y), n_out) in sources.items():
        out = np.flatnonzero(y == y[0])[:n_out]
        rest = np.setdiff1d(np.arange(y.size), out)
        follows = UnlearnableLogisticRegression(C=0.01, class_weight="balanced")
        follows.fit(X, y)
        stays = clone(follows).set_params(class_weight=follows.current_class_weight())
        stays.fit(X, y)
        idle = float(follows.gradient_residual(X[rest], y[rest]))

        def request(model, X=X[out], y=y[out]):
            model.partial_unfit(X, y)

        refit = clone(follows).fit(X[rest], y[rest])._fitted
        rows = follows._read_rows(refit, X[rest], y[rest], None)
        left = []
        for model in (copy.deepcopy(follows), copy.deepcopy(stays)):
            request(model)
            theta = model._fitted.model.state.theta
            gradient = refit.model.state.objective.gradient(rows, theta)
            left.append(float(np.linalg.norm(gradient)))
        times = paired(settings, restoring(follows, request), restoring(stays, request))
        table.add(
            data=name,
            rows_out=n_out,
            residual_before=idle,
            weights_follow=left[0],
            weights_stay=left[1],
            request=times[0],
            request_that_stays=times[1],
        )
    table.notes.append(
        "Rows of the class of the first row leave in one request; C = 0.01. "
        "Residuals are of the balanced objective of the data that remain: before the "
        "request, after it, and after the same request with the weights of the fit "
        "given as a dictionary."
    )
    return table
