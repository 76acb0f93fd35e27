"""Numbers of publications, claimed in a folder."""

import copy
import multiprocessing
import os
import pickle
from dataclasses import replace

import pytest

from sklearn_unlearn.certification import FolderCounter
from sklearn_unlearn.certification.counter import claim, rehearsal
from sklearn_unlearn.exceptions import (
    CertificateMismatchError,
    PublicationClaimedError,
)
from tests.certification.test_certificate import certificate, model


def test_the_first_who_claims_a_number_has_it(tmp_path):
    counter = FolderCounter(tmp_path)
    assert counter.claimed("5eed", 1) is None
    assert counter("5eed", 1, "one") == "one"
    for other in (counter, copy.deepcopy(counter), pickle.loads(pickle.dumps(counter))):
        assert other("5eed", 1, "two") == other.claimed("5eed", 1) == "one"
        assert other("5eed", 1, "one") == "one"
    assert counter("5eed", 2, "two") == counter("5eee", 1, "two") == "two"
    # nothing else is left in the folder
    assert sorted(os.listdir(tmp_path)) == ["5eed.1", "5eed.2", "5eee.1"]


def _claims(folder, digest, start, found):
    counter = FolderCounter(folder)
    start.wait()
    found.put([counter("5eed", number, digest) for number in range(50)])


def test_of_processes_that_claim_at_once_one_has_each_number(tmp_path):
    spawned = multiprocessing.get_context("spawn")
    start, found = spawned.Barrier(3), spawned.Queue()
    processes = [
        spawned.Process(target=_claims, args=(str(tmp_path), digest, start, found))
        for digest in ("one", "two", "three")
    ]
    for process in processes:
        process.start()
    one, two, three = [found.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert one == two == three
    assert len(os.listdir(tmp_path)) == 50


def test_on_the_disk_before_anybody_is_told(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle)))
    FolderCounter(tmp_path)("5eed", 1, "one")
    place = (tmp_path / "5eed.1").stat()
    assert synced[0].st_ino == place.st_ino
    if os.name == "posix":
        assert synced[1].st_ino == tmp_path.stat().st_ino


def test_a_folder_that_is_not_there_claims_nothing(tmp_path):
    with pytest.raises(OSError, match="absent"):
        FolderCounter(tmp_path / "absent")("5eed", 1, "one")
    for name in ("../5eed", "", "a b", "5eed\n"):
        with pytest.raises(ValueError, match="name must be"):
            FolderCounter(tmp_path)(name, 1, "one")


def test_what_a_claim_is_refused_for():
    assert claim(None, "5eed", 1, "one") == ""
    assert claim(lambda *_: "one", "5eed", 1, "one") == "one"
    with pytest.raises(PublicationClaimedError, match="Publication 1 of this fit"):
        claim(lambda *_: "two", "5eed", 1, "one")
    with pytest.raises(TypeError, match=r"counter must return .* got NoneType"):
        claim(lambda *_: None, "5eed", 1, "one")


def test_a_rehearsal_claims_nothing():
    def interrupted():
        with rehearsal():
            assert claim(lambda *_: "two", "5eed", 1, "one") == ""
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    with pytest.raises(PublicationClaimedError):
        claim(lambda *_: "two", "5eed", 1, "one")


def test_a_certificate_is_checked_against_the_counter(tmp_path):
    counter = FolderCounter(tmp_path)
    mine = certificate(counted="one")
    with pytest.raises(CertificateMismatchError, match="no publication 3 of '5eed'"):
        mine.verify(model(), counter=counter)
    counter("5eed", 3, "one")
    mine.verify(model(), counter=counter)
    for other in (
        replace(mine, counted="two"),
        replace(mine, counted=""),
        replace(mine, publication=2),
        replace(mine, name="5eee"),
    ):
        other.verify(model())
        with pytest.raises(CertificateMismatchError, match="copy of the model"):
            other.verify(model(), counter=counter)
