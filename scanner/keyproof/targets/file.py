"""File: the new key goes into a JSON or env file that consumers read.

Beside ``settings.json`` lie ``settings.json.staged`` (the new key, before consumers see it) and
``settings.json.previous`` (the file as it was). Every write is a whole new file that replaces the
old one in one step; a new file is readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import NoReturn

import msgspec

from keyproof.errors import RotationError, SourceError
from keyproof.ports import Context, Delivery, IssuedKey
from keyproof.targets import _file_text
from keyproof.targets._file_text import Fields, Format, Held

TITLE = "File (JSON, env)"
_STAGED_FIELDS = Fields("json", "id", "value")
_DEFAULT_NAMES = {
    "json": ("access_key_id", "secret_access_key"),
    "env": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
}


class FileTargetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which file, its format, and the names under which it holds a key's id and value."""

    path: str
    format: Format = "json"
    id_field: str | None = None
    value_field: str | None = None


SETTINGS = FileTargetSettings


class _Paths:
    """The file and its two companions, through a symbolic link if the path is one."""

    def __init__(self, settings: FileTargetSettings) -> None:
        self.current = Path(os.path.realpath(Path(settings.path).expanduser()))
        self.staged = self.current.with_name(self.current.name + ".staged")
        self.previous = self.current.with_name(self.current.name + ".previous")
        names = _DEFAULT_NAMES[settings.format]
        self.fields = Fields(
            settings.format, settings.id_field or names[0], settings.value_field or names[1]
        )

    def held(self) -> Held | None:
        """Return what consumers read."""
        return _held(self.current, self.fields)


def stage(settings: FileTargetSettings, context: Context, key: IssuedKey, token: str) -> Delivery:
    """See ``Target.stage``."""
    paths = _Paths(settings)
    _require_private(paths.current)
    current = paths.held()
    if current is not None and current.version == token:
        before = _held(paths.previous, paths.fields)
        return Delivery(token, before.version if before else None)
    _file_text.write(_bytes(paths.current), paths.fields, Held(key, token))  # it can hold the value
    _replace(paths.staged, _file_text.write(None, _STAGED_FIELDS, Held(key, token)), None)
    return Delivery(token, current.version if current else None)


def read_staged(settings: FileTargetSettings, context: Context, version: str) -> IssuedKey | None:
    """See ``Target.read_staged``."""
    paths = _Paths(settings)
    for path, fields in (
        (paths.staged, _STAGED_FIELDS),
        (paths.current, paths.fields),
        (paths.previous, paths.fields),
    ):
        held = _held(path, fields)
        if held is not None and held.version == version:
            return held.key
    return None


def promote(settings: FileTargetSettings, context: Context, delivery: Delivery) -> None:
    """See ``Target.promote``."""
    paths = _Paths(settings)
    current = paths.held()
    if current is None or current.version != delivery.version:
        staged = _held(paths.staged, _STAGED_FIELDS)
        if staged is None or staged.version != delivery.version:
            raise RotationError(
                "the staged key is gone",
                where=str(paths.staged),
                hint="roll the rotation back, and start again",
            )
        before = _bytes(paths.current)
        if before is not None:
            _replace(paths.previous, before, None)
        _replace(paths.current, _file_text.write(before, paths.fields, staged), paths.current)
    _remove(paths.staged)


def restore(settings: FileTargetSettings, context: Context, delivery: Delivery) -> None:
    """See ``Target.restore``: only the key goes back; what else was edited meanwhile stays."""
    paths = _Paths(settings)
    staged = _held(paths.staged, _STAGED_FIELDS)
    if staged is not None and staged.version == delivery.version:
        _remove(paths.staged)
    current = paths.held()
    if current is None or current.version != delivery.version:
        return
    if delivery.previous_version is None:
        _remove(paths.current)
        return
    before = _held(paths.previous, paths.fields)
    if before is None or before.version != delivery.previous_version:
        raise RotationError(
            "the previous version is gone", where=str(paths.previous), hint="put it back by hand"
        )
    text = _file_text.write(_bytes(paths.current), paths.fields, before)
    _replace(paths.current, text, paths.current)
    _remove(paths.previous)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _refuse(path, "read", error)


def _held(path: Path, fields: Fields) -> Held | None:
    text = _bytes(path)
    try:
        return None if text is None else _file_text.read(text, fields)
    except RotationError as error:
        raise RotationError(error.message, where=str(path), hint=error.hint) from None


def _require_private(path: Path) -> None:
    """Insist that a file is not open to everybody: its replacement would shut somebody out."""
    with contextlib.suppress(FileNotFoundError):
        if os.name != "nt" and path.stat().st_mode & 0o007:
            raise RotationError(
                "the file is open to everybody", where=str(path), hint=f"chmod o= {path}"
            )


def _replace(path: Path, text: bytes, like: Path | None) -> None:
    """Write a file whole, with the rights of ``like`` if that exists, else for its owner alone."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        if like is not None and os.name != "nt":
            _take_rights(part, like)
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        _refuse(path, "written", error)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _take_rights(part: Path, like: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        wanted, own = like.stat(), part.stat()
        if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
            os.chown(part, wanted.st_uid, wanted.st_gid)
        part.chmod(stat.S_IMODE(wanted.st_mode))


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _refuse(path, "removed", error)


def _refuse(path: Path, deed: str, error: OSError) -> NoReturn:
    reason = "access_denied" if isinstance(error, PermissionError) else "unavailable"
    message = f"the file cannot be {deed} ({error.strerror})"
    raise SourceError(message, reason=reason, where=str(path)) from None
