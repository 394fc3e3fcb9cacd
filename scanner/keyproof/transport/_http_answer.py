"""One HTTP answer, read to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from keyproof.model.secret import Secret
from keyproof.transport._http_errors import HttpError, from_status

T = TypeVar("T")


class Answer(NamedTuple):
    """One answer, read to its end. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str

    def json(self, kind: type[T] | Any = Any) -> Any:
        """Return the body as JSON of the shape ``kind``, whose fields may be :class:`Secret`.

        Raises:
            HttpError: (``invalid_data``) it is not JSON, or of another shape.
        """
        try:
            return msgspec.json.decode(self.body, type=kind, dec_hook=_secret)
        except (
            msgspec.MsgspecError,
            RecursionError,
            UnicodeDecodeError,
            NotImplementedError,
        ):  # the texts quote values
            raise HttpError(
                "the answer is not the JSON that this server documents",
                status=self.status,
                reason="invalid_data",
                hint="check the address: it may be a login page, a proxy or another version",
                where=self.where,
            ) from None

    def failure(self) -> HttpError:
        """Return the error that this status means, for a caller who asked to see it."""
        return from_status(self.status, self.headers, self.where, None)


def _secret(kind: type[Any], value: Any) -> Secret:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError
