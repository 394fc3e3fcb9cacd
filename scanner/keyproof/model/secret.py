"""The only wrapper in which the value of a credential may live."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A credential's plaintext, which refuses every road by which it could leave by accident.

    ``repr``, ``str``, ``format``, JSON, pickle and copies all refuse or print a placeholder; only
    :meth:`reveal` gives the value, so that ``grep reveal`` finds every place that handles one.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str | bytes) -> None:
        """Wrap ``value``; text is kept as its UTF-8 bytes (lone surrogates survive)."""
        self.__value = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value

    def reveal(self) -> bytes:
        """Return the plaintext. The caller must not store, log or print it."""
        return self.__value

    def reveal_text(self) -> str:
        """Return the plaintext as text, undecodable bytes as surrogates."""
        return self.__value.decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return "Secret(…)"

    def __len__(self) -> int:
        return len(self.__value)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        import hmac  # here, because the hook never compares secrets and pays for every import

        return isinstance(other, Secret) and hmac.compare_digest(self.__value, other.reveal())

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "a Secret cannot be pickled or copied"
        raise TypeError(msg)

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(0)

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce_ex__(0)
