"""Metadata: reads the METADATA block above a policy's package line (OPA: "Annotations").

The block is YAML in comments. OPA reads it loosely and regorus not at all, so it is parsed here,
against a closed schema, and every complaint names the line in the ``.rego`` file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from keyproof import yamlfile
from keyproof.errors import ConfigError, PolicyError
from keyproof.model.policy import (
    SEVERITIES,
    SUBJECT_TYPES,
    Example,
    Parameter,
    Severity,
    Status,
    SubjectType,
)
from keyproof.model.record import Document
from keyproof.pipeline.parameter_schema import schema_problem, value_problem

_PACKAGE = re.compile(r"^package[ \t]+([A-Za-z0-9_.]+)[ \t]*(?:#.*)?$")
_VERSION = re.compile(r"^\d+\.\d+\.\d+$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


class ParameterText(Document, frozen=True, kw_only=True):
    """A parameter as METADATA writes it: a flat JSON Schema with a default and its source."""

    description: str
    default: Any
    source: str
    type: str
    minimum: Any = msgspec.UNSET
    maximum: Any = msgspec.UNSET
    enum: Any = msgspec.UNSET
    items: Any = msgspec.UNSET
    minItems: Any = msgspec.UNSET  # noqa: N815 - JSON Schema's word
    maxItems: Any = msgspec.UNSET  # noqa: N815 - JSON Schema's word

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema alone."""
        words = ("type", "minimum", "maximum", "enum", "items", "minItems", "maxItems")
        found = {word: getattr(self, word) for word in words}
        return {word: value for word, value in found.items() if value is not msgspec.UNSET}


class Custom(Document, frozen=True, kw_only=True):
    """What keyproof adds to OPA's annotations. See ``model.policy.Policy`` for the meanings."""

    version: str
    severity: Severity
    subject: SubjectType
    params: Mapping[str, Any] = {}
    message: str
    remediation: str
    examples: tuple[Example, ...]
    needs: tuple[str, ...]


class Annotations(Document, frozen=True, kw_only=True):
    """The whole block."""

    title: str
    description: str
    scope: Literal["package"] = "package"
    custom: Custom


class Header(NamedTuple):
    """What stands at the top of a module: its package, its block, and where the block's parts are."""

    package: str
    package_line: int
    annotations: Annotations
    parameters: tuple[Parameter, ...]
    document: yamlfile.Document


def parse(module: str, name: str) -> Header:
    """Read a policy module's header.

    Args:
        module: the Rego text.
        name: the file as messages call it.

    Raises:
        PolicyError: no package line, no block or several, bad YAML, or a field that does not fit.
    """
    lines = module.splitlines()
    package_line, package = package_of(lines, name)
    document = _block(lines, package_line, name)
    _check_words(document)
    annotations = document.convert(Annotations, error=PolicyError)
    parameters = tuple(_parameters(annotations, document))
    _check(annotations, document)
    _check_examples(annotations.custom, document, '"pass"' in module)
    return Header(package, package_line, annotations, parameters, document)


def _check_words(document: yamlfile.Document) -> None:
    """Name what is allowed where a word is none of those: the schema's own error does not."""
    custom = document.data.get("custom") if isinstance(document.data, dict) else None
    for name, words in (("severity", SEVERITIES), ("subject", SUBJECT_TYPES)):
        given = custom.get(name) if isinstance(custom, dict) else None
        if isinstance(given, str) and given not in words:
            raise PolicyError(
                f"'{name}' must be one of: {', '.join(words)}",
                where=document.where("custom", name),
            )


def package_of(lines: list[str], name: str) -> tuple[int, str]:
    """Return line (from 1) and name of the package; it must come before any rule."""
    for number, line in enumerate(lines, start=1):
        if match := _PACKAGE.match(line):
            return number, match[1]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    raise PolicyError(
        "the first statement must be 'package keyproof.<folder>.<name>'", where=f"{name}:1"
    )


def _block(lines: list[str], package_line: int, name: str) -> yamlfile.Document:
    starts = [n for n, line in enumerate(lines, start=1) if line.rstrip() == "# METADATA"]
    if not starts or starts[0] > package_line:
        raise PolicyError(
            "there is no METADATA block above the package line",
            where=f"{name}:{package_line}",
            hint="'keyproof policies show keys.max_age' prints a complete one",
        )
    if len(starts) > 1:
        raise PolicyError(
            "a second METADATA block; there is one a file", where=f"{name}:{starts[1]}"
        )
    text = ["" for _ in range(starts[0])]  # so that the YAML's lines are the file's
    for number in range(starts[0] + 1, package_line):
        line = lines[number - 1]
        if not line.startswith("#"):
            where = f"{name}:{number}"
            raise PolicyError("the METADATA block must touch the package line", where=where)
        text.append(line[1:].removeprefix(" "))
    try:
        return yamlfile.parse("\n".join(text), name)
    except ConfigError as failure:
        raise PolicyError(failure.message, where=failure.where, hint=failure.hint) from None


def _parameters(annotations: Annotations, document: yamlfile.Document) -> list[Parameter]:
    made = []
    for name in annotations.custom.params:
        text = document.convert(ParameterText, "custom", "params", name, error=PolicyError)
        where = document.where("custom", "params", name)
        if not _NAME.match(name):
            raise PolicyError(f"parameter '{name}': names are lower case", where=where)
        schema = text.schema()
        if problem := schema_problem(schema):
            raise PolicyError(f"parameter '{name}': {problem}", where=where)
        if problem := value_problem(text.default, schema):
            at = document.where("custom", "params", name, "default")
            raise PolicyError(f"parameter '{name}': the default {problem}", where=at)
        made.append(
            Parameter(
                name=name,
                description=text.description,
                schema=schema,
                default=text.default,
                source=text.source,
            )
        )
    return made


def _check(annotations: Annotations, document: yamlfile.Document) -> None:
    custom = annotations.custom
    if not _VERSION.match(custom.version):
        where = document.where("custom", "version")
        raise PolicyError("'version' must look like 1.0.0", where=where)
    for word in ("title", "description"):
        if not getattr(annotations, word).strip():
            raise PolicyError(f"'{word}' is empty", where=document.where(word))
    for word in ("message", "remediation"):
        if not getattr(custom, word).strip():
            raise PolicyError(f"'{word}' is empty", where=document.where("custom", word))
    if not custom.needs:
        where = document.where("custom", "needs")
        raise PolicyError("'needs' must name the fields that the policy reads", where=where)


def _check_examples(custom: Custom, document: yamlfile.Document, can_pass: bool) -> None:  # noqa: FBT001
    """Demand an example of each verdict that a policy gives; one that never passes has no pass."""
    where = document.where("custom", "examples")
    given = [example.status for example in custom.examples]
    wanted: tuple[Status, ...] = ("pass", "fail", "unknown") if can_pass else ("fail", "unknown")
    for status in wanted:
        if status not in given:
            raise PolicyError(f"no example has the status '{status}'", where=where)
    if not any(example.subject.get("missing_fields") for example in custom.examples):
        raise PolicyError(
            "no example has 'missing_fields': one must show a field that could not be read",
            where=where,
        )
    for index, example in enumerate(custom.examples):
        for name in example.params:
            if name not in custom.params:
                at = document.where("custom", "examples", index)
                raise PolicyError(f"there is no parameter '{name}'", where=at)
