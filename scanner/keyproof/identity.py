"""Identities that may leave: keyed fingerprints and redactions. Standard library only.

``s1_`` is HMAC-SHA-256 under the installation's key over a domain and the canonical value, cut to
128 bits; ``o1_`` is the same over secret id, normalised context and a counter. Neither holds line,
path, commit, author or rule, so both survive line shifts, renames and rebases.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from keyproof import folders
from keyproof.errors import ConfigError
from keyproof.model.secret import Secret

KEY_VARIABLE = "KEYPROOF_KEY"
"""An organisation sets this, so that ids join across machines and repositories."""

KEY_FILE = "identity.key"
"""The key of a machine where nobody sets one, in the data folder."""

MINIMUM_KEY_BYTES = 16


def _hmac(key: bytes, domain: bytes, *parts: bytes) -> str:
    mac = hmac.new(key, domain, hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.hexdigest()[:32]


class KeyedFingerprinter:
    """Makes secret and occurrence ids under one key. See ``ports.Fingerprinter``."""

    def __init__(self, key: bytes, *, local: bool) -> None:
        """Keep the key in memory; ``local`` marks one that no other machine shares."""
        self.__key = key
        self.local = local
        self.key_id = "k1_" + _hmac(key, b"keyproof/key-id/v1")[:12]

    def secret_id(self, secret: Secret) -> str:
        """See ``Fingerprinter.secret_id``."""
        return "s1_" + _hmac(self.__key, b"keyproof/secret/v1", secret.reveal())

    def occurrence_id(self, secret_id: str, context: str, nth: int) -> str:
        """See ``Fingerprinter.occurrence_id``."""
        return "o1_" + _hmac(
            self.__key,
            b"keyproof/occurrence/v1",
            secret_id.encode(),
            context.encode("utf-8", "surrogateescape"),
            str(nth).encode(),
        )


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's data folder for keyproof (``$XDG_DATA_HOME/keyproof``)."""
    return Path(folders.data_folder(environment))


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's cache folder for keyproof (``$XDG_CACHE_HOME/keyproof``)."""
    return Path(folders.cache_folder(environment))


def load_fingerprinter(environment: Mapping[str, str]) -> KeyedFingerprinter:
    """Return the fingerprinter under ``KEYPROOF_KEY``, else under a key file made once (0600).

    Raises:
        ConfigError: the key is too short, or the key file can be neither read nor made.
    """
    shared = environment.get(KEY_VARIABLE, "").encode()
    if shared:
        if len(shared) < MINIMUM_KEY_BYTES:
            msg = f"{KEY_VARIABLE} is shorter than {MINIMUM_KEY_BYTES} bytes"
            raise ConfigError(msg, hint="generate one: openssl rand -hex 32")
        return KeyedFingerprinter(shared, local=False)
    return KeyedFingerprinter(_local_key(data_folder(environment) / KEY_FILE), local=True)


def _local_key(path: Path) -> bytes:
    try:
        return _checked(path.read_bytes(), path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(path, error) from None
    fresh = os.urandom(32).hex().encode()
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(fresh)
        try:
            os.link(part, path)  # atomic: of two first runs, one key wins for both
        except FileExistsError:
            return _checked(path.read_bytes(), path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(path, error) from None
    print(
        f"keyproof: made an identity key for this machine: {path} (set {KEY_VARIABLE} to share ids)",
        file=sys.stderr,
    )
    return fresh


def _checked(key: bytes, path: Path) -> bytes:
    key = key.strip()
    if len(key) < MINIMUM_KEY_BYTES:
        msg = "the identity key file is damaged"
        raise ConfigError(
            msg, where=str(path), hint="restore it; a new key gives every leak a new id"
        )
    return key


def _unusable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"the identity key cannot be used ({error.strerror})",
        where=str(path),
        hint=f"set {KEY_VARIABLE}, or XDG_DATA_HOME to a folder that can be written",
    )


def redact(value: bytes | str, *, public_prefix: int = 0) -> str:
    """Return what may be shown of a secret: its public prefix and its length, nothing secret.

    Args:
        public_prefix: how many leading characters are the provider's constant (``ghp_``).
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    shown = text[: min(public_prefix, max(0, len(text) // 2))]
    shown = "".join(character if character.isprintable() else "?" for character in shown)
    return f"{shown}…[{len(text)} characters]"
