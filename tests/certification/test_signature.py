"""Signed certificates."""

import sys
from dataclasses import replace

import pytest

from sklearn_unlearn.certification import Certificate
from sklearn_unlearn.exceptions import CertificateMismatchError
from tests.certification.test_certificate import certificate, model


@pytest.fixture(scope="module")
def keys():
    return pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")


@pytest.fixture(scope="module")
def private_key(keys):
    return keys.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_a_signature_is_of_all_entries(private_key):
    signed, public = certificate().signed(private_key), private_key.public_key()
    assert len(signed.signature) == 128
    assert replace(signed, signature="") == certificate()
    read = Certificate.from_json(signed.to_json())
    read.verify(model(), public)
    changes = {"epsilon": 0.2, "publication": 4, "claim": "", "not_claimed": ()}
    changes |= {"parameters": {}, "signature": signed.signature[::-1], "name": ""}
    changes["counted"] = "5eed"
    for name, value in changes.items():
        changed = replace(read, **{name: value})
        with pytest.raises(CertificateMismatchError, match="not what the owner"):
            changed.verify(model(), public)
    for signature in ("", "zz", "00"):
        with pytest.raises(CertificateMismatchError, match=r"owner|not signed"):
            replace(read, signature=signature).verify(model(), public)


def test_a_signed_certificate_is_still_of_one_model(private_key):
    signed = certificate().signed(private_key)
    other = model(intercept_=model().intercept_ + 1.0)
    for key in (None, private_key.public_key()):
        with pytest.raises(CertificateMismatchError, match="another publication"):
            signed.verify(other, key)


def test_a_certificate_that_somebody_else_signed(keys, private_key):
    signed = certificate().signed(private_key)
    other = keys.Ed25519PrivateKey.generate().public_key()
    with pytest.raises(CertificateMismatchError, match="public_key signed"):
        signed.verify(model(), other)
    with pytest.raises(CertificateMismatchError, match="not signed"):
        certificate().verify(model(), other)
    assert signed.signed(private_key) == signed


def test_keys_of_other_kinds(private_key):
    for key in (private_key.public_key(), bytes(32), None):
        with pytest.raises(TypeError, match="private_key must be an Ed25519Priv"):
            certificate().signed(key)
    for key in (private_key, bytes(32)):
        with pytest.raises(TypeError, match="public_key must be an Ed25519Public"):
            certificate().verify(model(), key)


def test_without_the_package(monkeypatch):
    module = "cryptography.hazmat.primitives.asymmetric.ed25519"
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"sklearn-unlearn\[cryptography\]"):
        certificate().signed(b"")
    with pytest.raises(ImportError, match=r"sklearn-unlearn\[cryptography\]"):
        certificate().verify(model(), b"")
