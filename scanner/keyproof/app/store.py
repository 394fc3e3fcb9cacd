"""Opens the store with the rules of a finding's life handed to it."""

from __future__ import annotations

from keyproof.app import registry
from keyproof.ports import Store


def open_store(url: str) -> Store:
    """Return the store at ``url`` (see ``Loaded.store_url``), made and migrated where needed.

    Raises:
        StoreError: it cannot be opened.
        ConfigError: the URL names no database that keyproof knows.
        MissingExtra: SQLAlchemy, Alembic or psycopg is not installed.
    """
    try:
        from keyproof.pipeline.reconcile import reconcile
        from keyproof.stores.open import open_store as open_url

        return open_url(url, reconcile)
    except ModuleNotFoundError as error:
        raise registry.missing_extra(error, "the store") from None
