"""What providers are called near their secrets, and the detectors that follow from a name alone.

``ACME_API_KEY=…`` says whose key it is even where nobody publishes what such keys look like. Where
a provider's file says ``by_name: true``, it therefore has a detector ``by_name`` too: an assignment
to a name that holds the provider's, of a value that looks random.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from keyproof.leaks.rules_schema import DetectorSource, ProviderSource

BY_NAME = "by_name"
LOOSE = r"[0-9A-Za-z+/=_.~|-]{16,200}"
"""A value whose form nobody publishes."""

CALL = "{provider}"
"""What stands in a trigger for the name of any provider."""

_TOGETHER = 12
"""Names in one expression: hyperscan shares what follows them, and chokes on four times as many."""
_LEAST = 3
_PIECE = re.compile(r"[A-Z]?[a-z]+[0-9]*|[A-Z]+(?![a-z])[0-9]*|[0-9]+")


def words(provider: ProviderSource) -> tuple[str, ...]:
    """Return what a provider is called: lower-case letters and digits, no marks."""
    return tuple(dict.fromkeys((provider.provider.replace("_", ""), *provider.words)))


def by_name(provider: ProviderSource) -> DetectorSource | None:
    """Return the detector of a provider's name alone; ``None`` where that says too little."""
    if not provider.by_name:
        return None
    return DetectorSource(
        id=BY_NAME,
        kind="api_key",
        pattern=LOOSE,
        by_name=True,
        shape="issued",
        confidence="medium",
        public_prefix=0,
        rank=7,
        entropy=3.0,
        source="guessed",
    )


def called(triggers: Sequence[str], owners: Iterable[ProviderSource]) -> Iterator[str]:
    """Yield triggers with every owner's name where they say ``{provider}``.

    Args:
        owners: the providers whose secrets a name can tell. The others' names would say nothing,
            and code is full of some (``http``, ``django``).
    """
    names = sorted({name for provider in owners for name in _spelled(provider)})
    for trigger in triggers:
        if CALL not in trigger:
            yield trigger
            continue
        for start in range(0, len(names), _TOGETHER):
            some = names[start : start + _TOGETHER]
            yield trigger.replace(CALL, f"(?:^|[^0-9A-Za-z])(?i:{'|'.join(some)})")


def _spelled(provider: ProviderSource) -> Iterator[str]:
    """Yield a provider's names as expressions, with any joint between their parts."""
    spelled = {word: word for word in words(provider)}
    pieces = [piece.lower() for piece in _PIECE.findall(provider.name)]
    if "".join(pieces) in spelled:
        spelled["".join(pieces)] = "[_. -]?".join(pieces)
    yield from (name for word, name in spelled.items() if len(word) >= _LEAST)
