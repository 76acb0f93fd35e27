"""Every result gives a frame, and says what to install where it cannot."""

import sys

import numpy as np
import pytest

from sklearn_unlearn import metrics
from sklearn_unlearn.metrics import _audit

RESULTS = {
    "exposure": metrics.exposure(1.0, [2.0, 3.0]),
    "fidelity": metrics.Fidelity(0.5, 0.4, 0.9, 0.95, 0.01, None),
    "efficiency": metrics.Efficiency(1.0, 2.0),
    "membership": metrics.membership_inference([1.0, 2.0], [2.0, 3.0]),
    "relearning": metrics.RelearnTime(1, True, np.array([2.0, 1.0])),
    "audit": metrics.audit_indistinguishability(
        np.arange(200.0), np.arange(200.0) + 100.0, 0.1, random_state=0
    ),
}


def test_frames():
    pandas = pytest.importorskip("pandas")
    frames = {name: result.frame() for name, result in RESULTS.items()}
    assert all(isinstance(frame, pandas.DataFrame) for frame in frames.values())
    assert frames["exposure"].loc[0, "rank"] == 1.0
    assert frames["fidelity"].columns.tolist()[:2] == ["loss", "refit_loss"]
    assert frames["efficiency"].shape == (1, 4)
    assert frames["membership"].columns.tolist() == ["fpr", "tpr"]
    assert frames["relearning"].to_numpy().tolist() == [[0.0, 2.0], [1.0, 1.0]]
    shown = [name for name in frames["audit"].columns if name not in ("normal",)]
    assert shown == frames["audit"].columns.tolist()
    assert frames["audit"].loc[0, "epsilon"] == 0.1


@pytest.mark.parametrize("name", RESULTS)
def test_without_pandas(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"\.frame needs pandas.*\[frame\]"):
        RESULTS[name].frame()


def test_results_are_frozen():
    for result in RESULTS.values():
        with pytest.raises(AttributeError):
            result.extra = 1


def test_all_public_results_are_listed():
    kinds = {type(result).__name__ for result in RESULTS.values()}
    classes = {name for name in metrics.__all__ if name[0].isupper()}
    assert classes == kinds
    assert _audit.AuditResult is metrics.AuditResult
