"""Advice: what a detector's file tells people of the secret that it recognises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from keyproof.leaks.rules_source import read_sources

_SHIPPED = Path(__file__).resolve().parent / "detectors"


class Advice(NamedTuple):
    """One detector's texts; empty where a generic detector cannot know the issuer.

    Attributes:
        issuer: the provider as people call it.
        docs: URL of the vendor's document.
    """

    issuer: str = ""
    docs: str = ""
    revoke: str = ""
    rotate: str = ""


def advice(detectors: Iterable[str]) -> Mapping[str, Advice]:
    """Return the advice of detectors by id (``github.pat``); of ids that no file holds, none."""
    wanted = set(detectors)
    files = {_SHIPPED / f"{name.partition('.')[0]}.yaml" for name in wanted}
    own_files = sorted(file for file in files if file.is_file())
    rosters = sorted(_SHIPPED.glob("roster_*.yaml")) if len(own_files) < len(files) else []
    found: dict[str, Advice] = {}
    for _, provider in read_sources([*own_files, *rosters]):
        general = Advice(provider.name, provider.docs, provider.revoke, provider.rotate)
        found |= {name: general for name in wanted if name.startswith(f"{provider.provider}.")}
        for own in provider.detectors:
            name = f"{provider.provider}.{own.id}"
            if name in wanted:
                texts = zip((own.docs, own.revoke, own.rotate), general[1:], strict=True)
                found[name] = Advice(provider.name, *(mine or shared for mine, shared in texts))
    return found
