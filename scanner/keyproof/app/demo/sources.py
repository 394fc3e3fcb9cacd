"""Plausible, dull source text for the demo's repository: something for the secrets to hide in."""

from __future__ import annotations

import random

SERVICES = ("orders", "payments", "search", "mail", "quotes", "accounts")
_VERBS = ("load", "store", "check", "merge", "count", "render", "notify", "expire")
_NOUNS = ("order", "customer", "invoice", "basket", "price", "message", "session", "rate")


def readme_text() -> str:
    """Return the repository's README."""
    listed = "\n".join(f"- `services/{service}`" for service in SERVICES)
    return f"# shop\n\nThe services behind the shop.\n\n{listed}\n"


def module_text(service: str, path: str, revision: int, chance: random.Random) -> str:
    """Return one module's text; later revisions hold more functions."""
    if path.endswith("settings.py"):
        return _settings(service, revision)
    parts = [f'"""{path.rsplit("/", 1)[-1]} of the {service} service, revision {revision}."""\n']
    for _ in range(2 + revision % 5):
        verb, noun = chance.choice(_VERBS), chance.choice(_NOUNS)
        parts.append(
            f"\n\ndef {verb}_{noun}(items: list[dict], limit: int = {chance.randint(5, 500)}) -> list[dict]:\n"
            f'    """{verb.capitalize()} each {noun}, at most ``limit``."""\n'
            f'    return [item for item in items if item.get("{noun}") is not None][:limit]\n'
        )
    return "".join(parts)


def _settings(service: str, revision: int) -> str:
    return (
        "import os\n\n"
        f'SERVICE = "{service}"\n'
        f"TIMEOUT_SECONDS = {5 + revision % 7}\n"
        'API_KEY = os.environ["API_KEY"]\n'
        'DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://localhost/dev")\n'
    )
