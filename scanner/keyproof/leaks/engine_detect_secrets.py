"""detect-secrets as a second engine: its plugins add candidates where ours have found nothing.

It reads a line at a time at about 10 MB/s, so it sees the working tree, staged text and lines that
were hit already, never a whole history. Its settings are process-wide; they are changed for one
call under a lock and put back. Nothing is verified, and nothing touches the network.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from keyproof.leaks.generic import judge_value
from keyproof.leaks.hit import Hit
from keyproof.leaks.placeholders import is_placeholder, is_template
from keyproof.leaks.rules import Detector
from keyproof.model.secret import Secret

_LONGEST_LINE = 2048
_DIGIT = re.compile(rb"[0-9]")
_LOCK = threading.Lock()
_PLUGINS: tuple[tuple[str, dict[str, Any], str, str, str, bool], ...] = (
    # class, settings, our detector id, provider, kind, named
    ("ArtifactoryDetector", {}, "artifactory", "artifactory", "api_key", True),
    ("AWSKeyDetector", {}, "aws", "aws", "access_key_id", True),
    ("AzureStorageKeyDetector", {}, "azure_storage", "azure", "secret_key", True),
    ("BasicAuthDetector", {}, "basic_auth", "http", "basic_auth", False),
    ("CloudantDetector", {}, "cloudant", "ibm", "password", True),
    ("IbmCloudIamDetector", {}, "ibm_iam", "ibm", "api_key", True),
    ("IbmCosHmacDetector", {}, "ibm_cos", "ibm", "secret_key", True),
    ("JwtTokenDetector", {}, "jwt", "jwt", "jwt", True),
    ("MailchimpDetector", {}, "mailchimp", "mailchimp", "api_key", True),
    ("SendGridDetector", {}, "sendgrid", "sendgrid", "api_key", True),
    ("SlackDetector", {}, "slack", "slack", "api_key", True),
    ("SoftlayerDetector", {}, "softlayer", "ibm", "api_key", True),
    ("SquareOAuthDetector", {}, "square", "square", "client_secret", True),
    ("StripeDetector", {}, "stripe", "stripe", "secret_key", True),
    ("TwilioKeyDetector", {}, "twilio", "twilio", "access_key_id", True),
    ("KeywordDetector", {}, "keyword", "generic", "password", False),
    ("Base64HighEntropyString", {"limit": 4.5}, "base64", "generic", "high_entropy", False),
    ("HexHighEntropyString", {"limit": 3.0}, "hex", "generic", "high_entropy", False),
)
_LEAST_LINE = 12
_OWN_SALT = re.compile(rb'\{"keyproof_baseline":[0-9]{1,3},"salt":"[0-9a-f]{32}"\}\s*\Z')
"""The first line of our own baseline: its salt is meant to lie there."""


def detectors() -> tuple[Detector, ...]:
    """Return what this engine recognises, in the form of our own detectors (never triggered)."""
    return tuple(
        Detector(
            id=f"detect_secrets.{name}",
            provider=provider,
            kind=kind,
            named=named,
            confidence="low",
            rank=7 if named else 10,
            pattern="",
            before=0,
            after=0,
            covers=False,
            public_prefix=0,
            entropy=0.0,
            checks=(),
            companion=None,
            reject="",
            shape="",
            hashes=(),
        )
        for _, _, name, provider, kind, named in _PLUGINS
    )


def scan_lines(text: bytes, path: str) -> list[Hit]:
    """Return what detect-secrets finds in a text, judged by our own value checks.

    Args:
        text: a file as it stands; each byte counts as one letter.
        path: the file's name, by which detect-secrets chooses its keyword grammar.

    Lines longer than 2,048 bytes are passed over: they are data, which our own detectors read. So
    are lines without a digit: no value in them would be taken for a secret.
    """
    from detect_secrets.settings import get_plugins, transient_settings

    settings = {
        "plugins_used": [{"name": name, **options} for name, options, *_ in _PLUGINS],
        "filters_used": [],
    }
    hits: list[Hit] = []
    with _LOCK, transient_settings(settings):
        by_class = {row[0]: row for row in _PLUGINS}
        plugins = [(plugin, by_class[type(plugin).__name__]) for plugin in get_plugins()]
        start = 0
        for line in text.splitlines(keepends=True):
            fits = _LEAST_LINE <= len(line) <= _LONGEST_LINE
            if fits and _DIGIT.search(line) and not _OWN_SALT.match(line):
                hits += _line(line, start, PurePosixPath(path).name, plugins)
            start += len(line)
    return hits


def _line(line: bytes, start: int, name: str, plugins: list[tuple[Any, Any]]) -> Iterator[Hit]:
    from detect_secrets.util.code_snippet import get_code_snippet

    shown = line.rstrip(b"\r\n").decode("latin-1")
    context = get_code_snippet(lines=[shown], line_number=1)
    seen: set[bytes] = set()
    for plugin, row in plugins:
        for found in plugin.analyze_line(filename=name, line=shown, line_number=1, context=context):
            secret = Secret((found.secret_value or "").encode("latin-1"))
            found.secret_value = None
            if _filtered(secret, shown, plugin):
                continue
            hit = _hit(line, start, secret, row)
            if hit and secret.reveal() not in seen:
                seen.add(secret.reveal())
                yield hit


def _filtered(secret: Secret, line: str, plugin: Any) -> bool:
    """Whether detect-secrets' own heuristics take the value for none."""
    from detect_secrets.filters import heuristic

    value = secret.reveal().decode("latin-1")
    return bool(
        heuristic.is_potential_uuid(value)
        or heuristic.is_templated_secret(value)
        or heuristic.is_sequential_string(value)
        or heuristic.is_indirect_reference(line)
        or heuristic.is_likely_id_string(value, line, plugin)
    )


def _hit(line: bytes, start: int, secret: Secret, row: Any) -> Hit | None:
    value = secret.reveal()
    at = line.find(value) if value else -1
    if at < 0 or is_placeholder(value) or is_template(value):
        return None
    _, _, name, _, _, named = row
    if not named and not judge_value(value, line[:at]):
        return None
    return Hit(
        detector=f"detect_secrets.{name}",
        start=start + at,
        end=start + at + len(value),
        secret=secret,
        key_ids=(),
        provider_hashes=(),
        confidence="low",
        public_prefix=0,
    )
