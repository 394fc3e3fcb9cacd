"""Bundle keys: signs and checks bytes with the key that a file holds, by the algorithm it is made for.

The algorithm is the key's, never what a token says of itself: a public key must not be mistaken
for the secret of an HMAC. Names are those of RFC 7518 and RFC 8037.
"""

from __future__ import annotations

import hashlib
import hmac
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from keyproof.errors import MissingExtra, PolicyError

SECRET_VARIABLE = "KEYPROOF_BUNDLE_SECRET"  # noqa: S105 - the name of a variable
"""The shared secret of HS256, where no key file is named."""

SHORTEST_SECRET = 32
_ES256_HALF = 32


class Key(Protocol):
    """A key that is ready: what signs, or what checks."""

    @property
    def algorithm(self) -> str:
        """Its JWS algorithm."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes; a public key cannot."""
        ...

    def fits(self, data: bytes, signature: bytes) -> bool:
        """Tell whether a signature of some bytes is by this key."""
        ...


def shared_secret(secret: str) -> Key:
    """Return the HS256 key of a shared secret.

    Raises:
        PolicyError: it is shorter than the hash.
    """
    if len(secret.encode()) < SHORTEST_SECRET:
        raise PolicyError(
            f"{SECRET_VARIABLE} must have at least {SHORTEST_SECRET} bytes",
            hint="generate one: openssl rand -hex 32",
        )
    return _Hmac(secret.encode())


def key_file(path: Path, *, private: bool) -> Key:
    """Return the key of a PEM file: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).

    Raises:
        PolicyError: the file cannot be read, or holds no such key.
        MissingExtra: the package ``cryptography`` is not installed.
    """
    if find_spec("cryptography") is None:
        raise MissingExtra("scan", "signed policies")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"cannot be read ({error.strerror})", where=str(path)) from None
    kind = "private" if private else "public"
    try:
        return _ready(_load(data, private=private))
    except (ValueError, TypeError):
        raise PolicyError(
            f"is no {kind} key in PEM that can be used",
            where=str(path),
            hint="RSA of 2048 bits or more, EC on P-256, or Ed25519, without a passphrase",
        ) from None


def _load(data: bytes, *, private: bool) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if private:
        return serialization.load_pem_private_key(data, password=None)
    if b"BEGIN CERTIFICATE" in data:
        return x509.load_pem_x509_certificate(data).public_key()
    return serialization.load_pem_public_key(data)


def _ready(key: Any) -> Key:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) and key.key_size >= 2048:  # noqa: PLR2004
        return _Rsa(key)
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1):
            return _P256(key)
    elif isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return _Ed25519(key)
    raise ValueError


class _Hmac(NamedTuple):
    secret: bytes
    algorithm: str = "HS256"

    def sign(self, data: bytes) -> bytes:
        return hmac.digest(self.secret, data, hashlib.sha256)

    def fits(self, data: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(self.sign(data), signature)


class _Rsa(NamedTuple):
    key: Any
    algorithm: str = "RS256"

    def sign(self, data: bytes) -> bytes:
        made: bytes = self.key.sign(data, *self._how())
        return made

    def fits(self, data: bytes, signature: bytes) -> bool:
        return _accepts(self.key, signature, data, *self._how())

    @staticmethod
    def _how() -> tuple[Any, Any]:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return PKCS1v15(), SHA256()


class _P256(NamedTuple):
    key: Any
    algorithm: str = "ES256"

    def sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        r, s = decode_dss_signature(self.key.sign(data, self._how()))
        return r.to_bytes(_ES256_HALF, "big") + s.to_bytes(_ES256_HALF, "big")

    def fits(self, data: bytes, signature: bytes) -> bool:
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        if len(signature) != 2 * _ES256_HALF:
            return False
        r, s = signature[:_ES256_HALF], signature[_ES256_HALF:]
        der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        return _accepts(self.key, der, data, self._how())

    @staticmethod
    def _how() -> Any:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        return ECDSA(SHA256())


class _Ed25519(NamedTuple):
    key: Any
    algorithm: str = "EdDSA"

    def sign(self, data: bytes) -> bytes:
        made: bytes = self.key.sign(data)
        return made

    def fits(self, data: bytes, signature: bytes) -> bool:
        return _accepts(self.key, signature, data)


def _accepts(key: Any, *arguments: Any) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(*arguments)
    except InvalidSignature:
        return False
    return True
