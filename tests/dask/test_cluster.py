"""Fits on workers that are processes of their own, and what becomes of lost ones."""

import os
import signal

import numpy as np
import pytest

pytest.importorskip("distributed")
import dask
import dask.array as da
from distributed import Client, LocalCluster

from sklearn_unlearn import UnlearnableRidge
from sklearn_unlearn.dask import LogisticRegression, Ridge
from sklearn_unlearn.dask import _parts as parts
from sklearn_unlearn.exceptions import ProblemTooLargeError

CLOSE = {"rtol": 0.0, "atol": 1e-9}


def local(n_workers, processes=True):
    """Workers of this machine alone."""
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=processes,
        host="127.0.0.1",
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address=None,
        # a worker in this process counts what the tests have in memory as its own, and
        # stops to answer where that is more
        memory_limit="1GB" if processes else 0,
        silence_logs=50,
    )


@pytest.fixture(autouse=True)
def _in_time():
    """What would wait for a cluster for ever fails."""

    def late(*_):
        raise TimeoutError("The cluster has not answered for three minutes.")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(180)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def client():
    with local(2) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = 3.0 + rng.standard_normal((1200, 3))
    y = (X[:, 0] + rng.standard_normal(1200) > 3.0).astype(int)
    return X, y


def cut(values):
    return da.from_array(values, chunks=(800, *values.shape[1:]))


def during(monkeypatch, number, happens):
    """Let something happen before that sum over all rows."""
    count, before = [], parts.DaskRows.combined

    def combined(self, *arguments):
        count.append(1)
        if len(count) == number:
            happens()
        return before(self, *arguments)

    monkeypatch.setattr(parts.DaskRows, "combined", combined)
    return count


def test_a_worker_that_is_killed_during_a_fit(client, data, monkeypatch):
    X, y = data
    client.wait_for_workers(2)
    started = set(client.run(os.getpid).values())
    assert len(started) == 2
    assert os.getpid() not in started
    count = during(monkeypatch, 4, lambda: os.kill(min(started), signal.SIGKILL))
    model = Ridge().fit(cut(X), cut(y))
    assert len(count) > 4
    np.testing.assert_allclose(model.coef_, UnlearnableRidge().fit(X, y).coef_, **CLOSE)


def test_a_hessian_larger_than_a_worker(client):
    X = da.zeros((10, 8000), chunks=(5, 8000))
    y = da.from_array(np.arange(10) % 2, chunks=5)
    with pytest.raises(ProblemTooLargeError, match=r"A worker has 95. MiB, and 3 He"):
        LogisticRegression().fit(X, y)


def test_a_cluster_that_is_lost(data, monkeypatch):
    X, y = data
    model = LogisticRegression().fit(X, y)
    before = model.predict_proba(X)
    # what closes the cluster need not look for a scheduler that is gone for long
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        local(1, processes=False) as cluster,
        Client(cluster, timeout=1),
    ):
        during(monkeypatch, 3, lambda: cluster.sync(cluster.scheduler.close))
        with pytest.raises(RuntimeError, match="The Dask cluster was lost before all"):
            model.fit(cut(X), cut(y))
    np.testing.assert_array_equal(model.predict_proba(X), before)
