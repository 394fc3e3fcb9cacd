"""File names that say what a file holds: a key, a password, and nothing around it to tell.

The hook's clean path asks :func:`may_tell` of every name, so this imports nothing, not even ``re``.
Which detector's file it is, the detectors' own ``files`` say (:mod:`keyproof.leaks.named_files`).
"""

from __future__ import annotations

_ENDS = (
    *(b"key", b"keys", b"secret", b"secrets", b"token", b"tokens", b"credential", b"credentials"),
    *(b"pass", b"password", b"passwords", b"passwd", b"passphrase", b"pwd", b"cookie", b"auth"),
    *(b"-s3fs", b".gpg", b".pgp", b".sec", b".der", b".p8", b".pk8"),
    *(b".bks", b".ubr", b".uber", b".keystore", b".ks"),
)
_PARTS = (b"auth-user-pass", b"vaultpass", b"vault-pass", b"vault_pass")
"""Every name of every detector's ``files``, and others: a test says that none is forgotten."""


def may_tell(path: bytes) -> bool:
    """Whether a file's name, or its path, may be all that says that it holds a secret."""
    name = path.rpartition(b"/")[2].lower().removesuffix(b".txt")
    return name.endswith(_ENDS) or any(part in name for part in _PARTS)
