"""A key inside a JSON or env file: read it and put another one in, leaving the rest as it is."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NamedTuple

from keyproof.errors import RotationError
from keyproof.model.secret import Secret
from keyproof.ports import IssuedKey

Format = Literal["json", "env"]
ORIGINAL = "original"
"""The version of a file that keyproof has not written yet."""

_JSON_VERSION = "keyproof_version"
_ENV_VERSION = re.compile(rb"^# keyproof-version: (?P<version>[0-9a-zA-Z-]+)\s*$")
_ENV_LINE = re.compile(rb"^\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)$")
_ENV_PLAIN = re.compile(r"[A-Za-z0-9_/+=.,:@%~-]*")


class Fields(NamedTuple):
    """Under which names a file holds a key's id and value."""

    format: Format
    id: str
    value: str


class Held(NamedTuple):
    """What a file holds: a key, and the version that it was written as."""

    key: IssuedKey
    version: str


def read(text: bytes, fields: Fields) -> Held | None:
    """Return the key that a file's text holds; ``None`` if it holds none.

    Raises:
        RotationError: the text is not of its format. No part of it is quoted.
    """
    found = _read_json(text, fields) if fields.format == "json" else _read_env(text, fields)
    native_id, value, version = found
    if native_id is None or value is None:
        return None
    return Held(IssuedKey(native_id, Secret(value)), version or ORIGINAL)


def write(text: bytes | None, fields: Fields, held: Held) -> bytes:
    """Return the text with the key replaced, or a new text for ``None``.

    Raises:
        RotationError: the text is not of its format, or the format cannot hold the value.
    """
    if fields.format == "json":
        return _write_json(text, fields, held)
    return _write_env(text or b"", fields, held)


def _json(text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise RotationError("the file is not a JSON object", hint="mend the file, or its format")
    return data


def _read_json(text: bytes, fields: Fields) -> tuple[str | None, str | None, str | None]:
    data = _json(text)
    picked = (data.get(name) for name in (fields.id, fields.value, _JSON_VERSION))
    native_id, value, version = (item if isinstance(item, str) else None for item in picked)
    return native_id, value, version


def _write_json(text: bytes | None, fields: Fields, held: Held) -> bytes:
    data = _json(text) if text is not None else {}
    data[fields.id], data[fields.value] = held.key.native_id, held.key.value.reveal_text()
    data.pop(_JSON_VERSION, None)
    if held.version != ORIGINAL:
        data[_JSON_VERSION] = held.version
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode(
        "utf-8", "surrogateescape"
    )


def _read_env(text: bytes, fields: Fields) -> tuple[str | None, str | None, str | None]:
    values: dict[str, str] = {}
    version = None
    for line in text.splitlines():
        if match := _ENV_VERSION.match(line):
            version = match["version"].decode()
        elif match := _ENV_LINE.match(line):
            values[match["name"].decode()] = _unquoted(match["value"])
    return values.get(fields.id), values.get(fields.value), version


def _unquoted(value: bytes) -> str:
    text = value.strip().decode("utf-8", "surrogateescape")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _write_env(text: bytes, fields: Fields, held: Held) -> bytes:
    wanted = {fields.id: held.key.native_id, fields.value: held.key.value.reveal_text()}
    lines: list[bytes] = []
    left = dict(wanted)
    for line in text.splitlines():
        match = _ENV_LINE.match(line)
        name = match["name"].decode() if match else ""
        if match and name in wanted:
            lines.append(line[: match.start("value")] + _quoted(wanted[name]))
            left.pop(name, None)
        elif not _ENV_VERSION.match(line):
            lines.append(line)
    lines += [name.encode() + b"=" + _quoted(value) for name, value in left.items()]
    if held.version != ORIGINAL:
        lines.append(b"# keyproof-version: " + held.version.encode())
    return b"\n".join(lines) + b"\n"


def _quoted(value: str) -> bytes:
    if _ENV_PLAIN.fullmatch(value):
        return value.encode()
    if "'" in value or "\n" in value or "\r" in value or not value.isprintable():
        raise RotationError("the new key's value cannot be written in env format", hint="use json")
    return f"'{value}'".encode()
