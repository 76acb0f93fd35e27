"""Ed25519 signatures, with keys of the package cryptography."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sklearn_unlearn.exceptions import CertificateMismatchError

_KEYS = "cryptography.hazmat.primitives.asymmetric.ed25519"


def signature(message: bytes, private_key: Any) -> str:
    """The signature of a message, in hexadecimal digits.

    Raises
    ------
    ImportError
        If the package is not installed.
    TypeError
        If the key is another one.
    """
    _check_key(private_key, "private_key", "Ed25519PrivateKey")
    signed: bytes = private_key.sign(message)
    return signed.hex()


def check_signature(signature: str, message: bytes, public_key: Any) -> None:
    """Refuse a message that was not signed with a key.

    Raises
    ------
    CertificateMismatchError
        If it has another signature, or none.
    ImportError, TypeError
        As `signature`.
    """
    _check_key(public_key, "public_key", "Ed25519PublicKey")
    if not signature:
        raise CertificateMismatchError("The certificate is not signed.")
    invalid = import_module("cryptography.exceptions").InvalidSignature
    try:
        public_key.verify(bytes.fromhex(signature), message)
    except (invalid, ValueError):
        raise CertificateMismatchError(
            "The certificate is not what the owner of public_key signed: another one, "
            "or changed since."
        ) from None


def _check_key(key: Any, argument: str, kind: str) -> None:
    try:
        keys = import_module(_KEYS)
    except ImportError as error:
        raise ImportError(
            "Signatures need cryptography: pip install 'sklearn-unlearn[cryptography]'."
        ) from error
    if not isinstance(key, getattr(keys, kind)):
        raise TypeError(
            f"{argument} must be an {kind} of the package cryptography; got "
            f"{type(key).__name__}."
        )
