"""Judging: the code that decides what is found. What it says is part of a rule set's digest.

By the digest, a cache keeps compiled rules, databases, and the hits in objects that were read. None
of these may be met by another version of a module that made them. Only :func:`rules.digest` needs
this, where a cache does not hold the rules.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
MODULES = (
    "rules", "rules_bounds", "rules_literals", "rules_names", "rules_schema", "rules_source",
    "rules_trigger", "databases", "matcher", "plain",
    "exact", "checksums", "checksums_wallet", "conditions", "file_names", "file_places", "foreign",
    "fragments", "generic", "named_blobs", "named_files", "naming", "ordinary", "placeholders",
    "published", "sift", "surroundings", "vicinity", "wordlist",
    "encoded", "encoded_columns", "encoded_escapes", "encoded_origin", "encoded_runs",
    "encoded_search", "lines",
    "archives", "unpack", "unpack_documents", "unpack_forms", "unpack_git", "unpack_sqlite",
    "unpack_streams",
    "collector", "decode", "delta", "gather", "history", "inflate", "inline", "locate", "objects",
    "packs", "references", "trees", "versions",
)  # fmt: skip
"""Every module of this package that rules, databases or hits depend on (a test says which do)."""
_DATA = ("wordlist_bip39.txt",)


def code() -> list[Path]:
    """Return the files that judge, by name."""
    return sorted(_HERE / name for name in (*(f"{one}.py" for one in MODULES), *_DATA))
