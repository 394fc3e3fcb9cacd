"""Reads YAML that people write, so that every complaint names file, line and a suggestion."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from keyproof.errors import ConfigError, KeyproofError

T = TypeVar("T")
Position = Mapping[tuple[str | int, ...], int]
"""Line (from 1) of each value, by its path in the document."""

_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]*)`")
_TYPES = re.compile(r"^Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`")
_AT = re.compile(r" - at `(?P<path>.*)`$")
MAXIMUM_BYTES = 16 * 1024 * 1024


class Document:
    """One parsed YAML file: its plain data, and where each value stands."""

    def __init__(self, data: Any, lines: Position, name: str) -> None:
        """Keep what the parser found; ``name`` is the file as messages call it."""
        self.data = data
        self.lines = lines
        self.name = name

    def where(self, *path: str | int) -> str:
        """Return ``file:line`` of a path, or of its nearest parent that stands in the file."""
        parts = tuple(path)
        while parts and parts not in self.lines:
            parts = parts[:-1]
        return f"{self.name}:{self.lines.get(parts, 1)}"

    def items(self, key: str) -> list[Document]:
        """Return each item of the list ``key`` as a document of its own."""
        lines: list[dict[tuple[str | int, ...], int]] = [{} for _ in self.data[key]]
        for path, line in self.lines.items():
            if path[:1] == (key,) and isinstance(number := path[1] if path[1:] else None, int):
                lines[number][path[2:]] = line
        return [Document(*one, self.name) for one in zip(self.data[key], lines, strict=True)]

    def convert(
        self, kind: type[T], *path: str | int, error: type[KeyproofError] = ConfigError
    ) -> T:
        """Validate the value at ``path`` as ``kind``.

        Raises:
            ConfigError: (or ``error``) naming file, line, and for a misspelt field the likely one.
        """
        value = self.data
        for part in path:
            value = value[part]
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as failure:
            raise self._explain(failure, kind, path, error) from None

    def _explain(
        self,
        failure: msgspec.ValidationError,
        kind: type[Any],
        base: tuple[str | int, ...],
        error: type[KeyproofError],
    ) -> KeyproofError:
        text = str(failure)
        inner = _parts(match["path"]) if (match := _AT.search(text)) else ()
        path = (*base, *self._resolve(base, inner))
        if match := _UNKNOWN.search(text):
            field = match["field"]
            close = difflib.get_close_matches(field, _fields(kind), n=1)
            hint = f"did you mean '{close[0]}'?" if close else None
            return error(f"unknown setting '{field}'", where=self.where(*path, field), hint=hint)
        name = ".".join(map(str, path)) or "the document"
        if match := _MISSING.search(text):
            return error(f"{name}: '{match['field']}' is missing", where=self.where(*path))
        if match := _TYPES.search(text):
            detail = f"{name}: expected {match['expected']}, found {match['got']}"
            return error(detail, where=self.where(*path))
        # msgspec quotes the value in every other message, and a value may be a secret
        return error(f"{name}: the value is not allowed here", where=self.where(*path))

    def _resolve(
        self, base: tuple[str | int, ...], inner: tuple[str | int | None, ...]
    ) -> tuple[str | int, ...]:
        """Replace msgspec's ``[...]`` (some key of a mapping) where only one key can be meant."""
        known: list[str | int] = []
        for part in inner:
            if part is None:
                break
            if (*base, *known, part) not in self.lines:
                break
            known.append(part)
        return tuple(known)


def load(path: Path, *, name: str | None = None) -> Document:
    """Read one YAML file.

    Raises:
        ConfigError: it cannot be read, is not YAML, or names a key twice.
    """
    shown = name or str(path)
    try:
        with path.open("rb") as stream:
            text = stream.read(MAXIMUM_BYTES + 1)
    except OSError as failure:
        msg = f"cannot be read ({failure.strerror})"
        raise ConfigError(msg, where=shown) from None
    return parse(text, shown)


def parse(text: bytes | str, name: str) -> Document:
    """Parse YAML text. See :func:`load`."""
    if len(text) > MAXIMUM_BYTES:
        msg = f"the file is larger than {MAXIMUM_BYTES} bytes"
        raise ConfigError(msg, where=name)
    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader_class(text)
        try:
            node = loader.get_single_node()
            lines: dict[tuple[str | int, ...], int] = {}
            if node is None:
                return Document({}, lines, name)
            _walk(node, (), lines, name, loader, set(), max(len(text), 10_000))
            return Document(loader.construct_document(node), lines, name)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigError(f"not valid YAML: {failure.problem}", where=where) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        msg = "not valid YAML"
        raise ConfigError(msg, where=name) from None


def _walk(
    node: yaml.Node,
    path: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    name: str,
    loader: Any,
    above: set[int],
    most: int,
) -> None:
    if id(node) in above:
        msg = "an alias that contains itself"
        raise ConfigError(msg, where=f"{name}:{node.start_mark.line + 1}")
    if len(lines) > most:  # every value takes a byte or more: only aliases can make more of them
        msg = "aliases make too many values"
        raise ConfigError(msg, where=f"{name}:{node.start_mark.line + 1}")
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key_node, value in node.value:
            key = loader.construct_object(key_node, deep=True)
            if isinstance(key, list | dict) or key in seen:
                msg = "a key stands twice in one mapping" if key_node.value else "not a plain key"
                raise ConfigError(msg, where=f"{name}:{key_node.start_mark.line + 1}")
            seen.add(key)
            _walk(value, (*path, key), lines, name, loader, above | {id(node)}, most)
            lines[(*path, key)] = key_node.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, name, loader, above | {id(node)}, most)
    elif node.tag == "tag:yaml.org,2002:timestamp":
        try:
            loader.construct_object(node)
        except ValueError:
            msg = "there is no such date"
            raise ConfigError(msg, where=f"{name}:{node.start_mark.line + 1}") from None


def _parts(path: str) -> tuple[str | int | None, ...]:
    """Split msgspec's ``$.a[0][...].b`` into its steps; ``None`` for a key it does not name."""
    steps: list[str | int | None] = []
    for match in re.finditer(r"\.([^.\[]+)|\[(\d+)\]|\[(\.\.\.)\]", path):
        attribute, index, _ = match.groups()
        steps.append(attribute or (int(index) if index else None))
    return tuple(steps)


def _fields(kind: Any, seen: frozenset[Any] = frozenset()) -> list[str]:
    """List every field name of a struct type and of the struct types in it."""
    names: list[str] = []
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind in seen:
            return []
        for field in msgspec.structs.fields(kind):
            names.append(field.encode_name)
            names.extend(_fields(field.type, seen | {kind}))
    else:
        for argument in getattr(kind, "__args__", ()):
            names.extend(_fields(argument, seen))
    return names
