"""Progress is told to scikit-learn's callbacks, where there are some."""

import pytest
from sklearn.base import clone

from tests.ensemble.cases import CLASSIFIERS, data, outputs


class Recorder:
    """A callback that writes down what it is told."""

    def __init__(self):
        self.lines = []

    def setup(self, estimator, context):
        self.lines.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.lines.append(f"begin {context.task_name} {context.task_id}")

    def on_fit_task_end(self, estimator, context):
        self.lines.append(f"end {context.task_name} {context.task_id}")

    def teardown(self, estimator, context):
        self.lines.append("teardown")


def test_shards_are_reported():
    pytest.importorskip("sklearn.callback")
    X, y = data(CLASSIFIERS["boosting"])
    recorder = Recorder()
    model = clone(CLASSIFIERS["boosting"]).set_callbacks(recorder)
    model.fit(X, y)
    assert recorder.lines == [
        "setup",
        "begin fit 0",
        *(f"begin shard {shard}" for shard in range(3)),
        *(f"end shard {shard}" for shard in range(3)),
        "end fit 0",
        "teardown",
    ]
    recorder.lines.clear()
    model.partial_unfit(X[:1], y[:1])
    task, shard = recorder.lines[1:3]
    assert task == "begin retrain 0"
    assert recorder.lines[3] == shard.replace("begin", "end")
    assert len(recorder.lines) == 6
    attributes = set(vars(model))
    recorder.lines.clear()
    with pytest.raises(ValueError, match="X_new"):
        model.replace_features(X[1:2], y[1:2], X[:2])
    assert recorder.lines == []
    assert set(vars(model)) == attributes


def test_a_progress_bar_is_shown(capsys):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    X, y = data(CLASSIFIERS["tree"])
    model = clone(CLASSIFIERS["tree"]).set_callbacks(callback.ProgressBar())
    model.fit(X, y)
    assert "ShardedClassifier - fit" in capsys.readouterr().out


def test_without_callbacks():
    X, y = data(CLASSIFIERS["tree"])
    model = clone(CLASSIFIERS["tree"]).set_params(verbose=0).fit(X, y)
    fresh = clone(CLASSIFIERS["tree"]).fit(X, y)
    assert outputs(model, X) == outputs(fresh, X)
    assert "_callback_fit_ctx" not in vars(model)
