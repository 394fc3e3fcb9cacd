"""Bundle signature: OPA's ``.signatures.json``, made and verified without OPA.

It holds one JSON Web Token that names every file with its digest
(https://www.openpolicyagent.org/docs/management-bundles, "Signing"). OPA itself verifies it only
where it serves a bundle, so a scan that trusts a pack must do so.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from keyproof.errors import PolicyError
from keyproof.pipeline.bundle_files import SIGNATURES, Files
from keyproof.pipeline.bundle_keys import Key

_HASHES = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_STRUCTURED = frozenset({"data.json", ".manifest"})
_UNKNOWN_DATA = frozenset({"data.yaml", "data.yml"})


class _Number(str):
    """A number as it is spelt: OPA hashes the spelling."""

    __slots__ = ()


def sign(files: Files, key: Key) -> bytes:
    """Return the text of ``.signatures.json`` over all files.

    Raises:
        PolicyError: a file cannot be hashed as OPA does.
    """
    listed = [
        {"name": name, "hash": _hashed(name, data, "sha256"), "algorithm": "SHA-256"}
        for name, data in sorted(files.items())
        if name != SIGNATURES
    ]
    head = _packed({"alg": key.algorithm, "typ": "JWT"})
    signed = f"{head}.{_packed({'files': listed})}"
    token = f"{signed}.{_base64(key.sign(signed.encode()))}"
    return json.dumps({"signatures": [token]}, indent=1).encode() + b"\n"


def verify(files: Files, key: Key, *, where: str) -> None:
    """Check that every file is signed by this key and is as it was signed, and that none is gone.

    Args:
        where: the bundle, for messages. Its last step may stand before every name: ``opa sign``
            writes the folder as it was called.

    Raises:
        PolicyError: it is not so; the message says what is wrong.
    """
    if SIGNATURES not in files:
        hint = "keyproof policies sign FOLDER --signing-key KEY.pem"
        raise PolicyError("is not signed", where=where, hint=hint)
    listed = _listed(_claims(files[SIGNATURES], key, where), PurePosixPath(where).name, where)
    present = {name: data for name, data in files.items() if name != SIGNATURES}
    for difference in _differences(listed, present):
        hint = "fetch it again; if the change is yours, sign it anew: keyproof policies sign"
        raise PolicyError(difference, where=where, hint=hint)


def _differences(listed: Mapping[str, tuple[str, str]], present: Files) -> Iterator[str]:
    """Yield how the files that are there differ from those that were signed."""
    for name in sorted(present.keys() | listed.keys()):
        if name not in listed:
            yield f"'{name}' was added after the bundle was signed"
        elif name not in present:
            yield f"'{name}' was signed and is missing"
        else:
            algorithm, digest = listed[name]
            if not hmac.compare_digest(_hashed(name, present[name], algorithm), digest):
                yield f"'{name}' was changed after the bundle was signed"


def _claims(text: bytes, key: Key, where: str) -> Mapping[str, Any]:
    """Return what the token says, once its signature is known to be the key's."""
    token = _token(text, where)
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_unbase64(head)), json.loads(_unbase64(body))
        made = _unbase64(signature)
    except (ValueError, binascii.Error):
        raise _no_signatures(where) from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _no_signatures(where)
    if header.get("alg") != key.algorithm:
        raise PolicyError(
            f"is signed by another kind of key than the one to verify with ({key.algorithm})",
            where=where,
        )
    if "crit" in header or not key.fits(f"{head}.{body}".encode(), made):
        hint = "check whose key it is: the file of the option, or of policies.verification_key"
        raise PolicyError("the signature is not by this key", where=where, hint=hint)
    if claims.get("scope"):
        raise PolicyError("is signed for a scope, which is not known here", where=where)
    return claims


def _token(text: bytes, where: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        raise _no_signatures(where) from None
    tokens = found.get("signatures") if isinstance(found, dict) else None
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise _no_signatures(where)
    if found.get("plugin"):
        raise PolicyError("is signed by a plugin of OPA's, which is not known here", where=where)
    return tokens[0]


def _listed(claims: Mapping[str, Any], folder: str, where: str) -> Mapping[str, tuple[str, str]]:
    """Return name → (hash function, digest) of every file that was signed."""
    files = claims.get("files")
    if not isinstance(files, list) or not all(map(_is_entry, files)):
        raise _no_signatures(where)
    names = [entry["name"] for entry in files]
    prefix = f"{folder}/" if names and all(n.startswith(f"{folder}/") for n in names) else ""
    made = {}
    for entry in files:
        algorithm = _HASHES.get(entry["algorithm"])
        if algorithm is None:
            hint = f"sign it with one of: {', '.join(_HASHES)}"
            raise PolicyError(f"'{entry['name']}' is signed by a weak hash", where=where, hint=hint)
        made[entry["name"].removeprefix(prefix)] = (algorithm, entry["hash"].lower())
    if len(made) != len(files):
        raise PolicyError("its signature names a file twice", where=where)
    return made


def _is_entry(entry: Any) -> bool:
    names = ("name", "hash", "algorithm")
    return isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in names)


def _hashed(name: str, data: bytes, algorithm: str) -> str:
    """Return a file's digest as OPA takes it: of documents by their content, else of the bytes."""
    base = PurePosixPath(name).name
    if base in _UNKNOWN_DATA:
        hint = "move it out of the folder: policies get their numbers as parameters"
        raise PolicyError(f"'{name}': a pack of policies holds no data in YAML", hint=hint)
    if base in _STRUCTURED:
        try:
            value = json.loads(data, parse_int=_Number, parse_float=_Number)
        except ValueError:
            raise PolicyError(f"'{name}' is not JSON") from None
        data = "".join(_spelt(value)).encode("utf-8", "replace")
    return hashlib.new(algorithm, data).hexdigest()


def _spelt(value: Any) -> Iterable[str]:
    """Yield a document with its keys in order, as Go's encoder spells it."""
    if isinstance(value, dict):
        yield "{"
        for position, name in enumerate(sorted(value)):
            yield "," if position else ""
            yield _text(name)
            yield ":"
            yield from _spelt(value[name])
        yield "}"
    elif isinstance(value, list):
        yield "["
        for position, item in enumerate(value):
            yield "," if position else ""
            yield from _spelt(item)
        yield "]"
    elif isinstance(value, _Number):
        yield value
    else:
        yield _text(value)


def _text(value: object) -> str:
    made = json.dumps(value, ensure_ascii=False)
    return made.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _no_signatures(where: str) -> PolicyError:
    return PolicyError(f"{SIGNATURES} does not hold one signature of a bundle", where=where)


def _packed(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
