"""What moto's IAM lacks, added: the root user, service-specific credentials, pages, a real report.

Observed on moto 5.2.5: the credential report has no ``<root_account>`` row and is dated 2015;
``ListServiceSpecificCredentials`` does not exist; lists ignore ``MaxItems`` and are never cut.
"""

from __future__ import annotations

import base64
import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from keyproof.app.demo.moto_call import Answer, Call, Forward, elements, error, xml_answer

_PAGED = {
    "ListUsers": ("Users",),
    "ListAccessKeys": ("AccessKeyMetadata",),
    "GetAccountAuthorizationDetails": (
        "UserDetailList",
        "GroupDetailList",
        "RoleDetailList",
        "Policies",
    ),
}
_COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]


class RootKey(NamedTuple):
    """An access key of the root user; its id is visible to root alone."""

    active: bool
    created_at: datetime
    last_used_at: datetime | None = None


class ServiceCredential(NamedTuple):
    """A service-specific credential (CodeCommit, Keyspaces, Bedrock) as IAM lists it."""

    id: str
    user: str
    service: str
    created_at: datetime
    expires_at: datetime | None = None
    status: str = "Active"


@dataclass
class Extras:
    """The state that moto has no place for; the demo and tests fill it."""

    root_created_at: datetime
    root_keys: tuple[RootKey, ...] = ()
    root_mfa: bool = True
    service_credentials: list[ServiceCredential] = field(default_factory=list)


class IamMends:
    """Answers the IAM calls that moto gets wrong.

    Args:
        backend: returns moto's IAM backend of the account.
        page_limit: AWS may return fewer items than asked for; this is the most that a page holds.
    """

    def __init__(
        self,
        backend: Callable[[], Any],
        extras: Extras,
        now: Callable[[], datetime],
        page_limit: int,
    ) -> None:
        self._backend = backend
        self.extras = extras
        self._now = now
        self._page_limit = page_limit
        self._snapshots: dict[str, ET.Element] = {}

    def answer(self, call: Call, forward: Forward) -> Answer:
        """Answer one call of IAM, with moto behind."""
        if call.action == "ListServiceSpecificCredentials":
            return self._service_credentials(call)
        if call.action == "GetCredentialReport":
            plain = forward()
            return self._report(call) if plain.status == 200 else plain  # noqa: PLR2004
        if call.action == "GetAccountSummary":
            summary = self._backend().account_summary
            summary._account_access_keys_present = int(bool(self.extras.root_keys))  # noqa: SLF001
            summary._account_mfa_enabled = int(self.extras.root_mfa)  # noqa: SLF001
            return forward()
        if call.action in _PAGED:
            return self._page(call, forward)
        return forward()

    def _size(self, call: Call) -> int:
        return min(int(call.parameters.get("MaxItems", 100)), self._page_limit)

    def _service_credentials(self, call: Call) -> Answer:
        user, service = call.parameters.get("UserName"), call.parameters.get("ServiceName")
        if user is None and call.parameters.get("AllUsers") != "true":
            return error(call, 400, "ValidationError", "name a user, or AllUsers")
        chosen = [
            item
            for item in self.extras.service_credentials
            if user in {None, item.user} and service in {None, item.service}
        ]
        start, size = int(call.parameters.get("Marker", 0)), self._size(call)
        rest = start + size < len(chosen)
        members = "".join(
            f"<member>{elements(_service_row(item))}</member>"
            for item in chosen[start : start + size]
        )
        marker = f"<Marker>{start + size}</Marker>" if rest else ""
        return xml_answer(
            call,
            f"<ServiceSpecificCredentials>{members}</ServiceSpecificCredentials>"
            f"<IsTruncated>{str(rest).lower()}</IsTruncated>{marker}",
        )

    def _report(self, call: Call) -> Answer:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        backend = self._backend()
        writer.writerow(_root_row(self.extras, backend.account_id))
        for user in backend.users.values():
            writer.writerow(_user_row(user))
        content = base64.b64encode(text.getvalue().encode()).decode()
        return xml_answer(
            call,
            elements(
                {
                    "Content": content,
                    "ReportFormat": "text/csv",
                    "GeneratedTime": _iso(self._now()),
                }
            ),
        )

    def _page(self, call: Call, forward: Forward) -> Answer:
        """Cut moto's one answer into pages; a marker names the snapshot and the place in it."""
        snapshot, _, start_text = str(call.parameters.get("Marker", "")).partition(":")
        if snapshot:
            root = self._snapshots.get(snapshot)
            if root is None:
                return error(call, 400, "ValidationError", "the marker is not valid")
        else:
            plain = forward()
            if plain.status != 200:  # noqa: PLR2004
                return plain
            root = ET.fromstring(plain.body)  # noqa: S314 (moto's own answer)
            snapshot = f"{call.action}-{id(root):x}"
        start, size = int(start_text or 0), self._size(call)
        lists = _PAGED[call.action]
        total = sum(len(_named(root, name)) for name in lists)
        if start == 0 and total <= size:
            return Answer(200, (("Content-Type", "text/xml"),), _text(root).encode())
        self._snapshots[snapshot] = root
        return xml_answer(call, _slice(root, lists, start, size, snapshot, total))


def _slice(
    root: ET.Element, lists: Sequence[str], start: int, size: int, snapshot: str, total: int
) -> str:
    parts, position = [], 0
    for name in lists:
        members = list(_named(root, name))
        inside = members[max(0, start - position) : max(0, start + size - position)]
        position += len(members)
        text = "".join(map(_text, inside))
        parts.append(f"<{name}>{text}</{name}>")
    rest = start + size < total
    parts.append(f"<IsTruncated>{str(rest).lower()}</IsTruncated>")
    if rest:
        parts.append(f"<Marker>{snapshot}:{start + size}</Marker>")
    return "".join(parts)


def _text(element: ET.Element) -> str:
    namespace = element.tag.partition("}")[0].lstrip("{")
    return ET.tostring(element, encoding="unicode", default_namespace=namespace)


def _named(root: ET.Element, name: str) -> ET.Element:
    for element in root[0]:
        if element.tag.rpartition("}")[2] == name:
            return element
    return ET.Element(name)


def _service_row(item: ServiceCredential) -> Mapping[str, Any]:
    return {
        "UserName": item.user,
        "Status": item.status,
        "ServiceUserName": f"{item.user}-at-demo",
        "CreateDate": _iso(item.created_at),
        "ExpirationDate": _iso(item.expires_at) if item.expires_at else None,
        "ServiceSpecificCredentialId": item.id,
        "ServiceName": item.service,
    }


def _root_row(extras: Extras, account: str) -> list[str]:
    keys = [
        [
            str(key.active).lower(),
            _iso(key.created_at),
            _iso(key.last_used_at) if key.last_used_at else "N/A",
            "us-east-1" if key.last_used_at else "N/A",
            "iam" if key.last_used_at else "N/A",
        ]
        for key in extras.root_keys[:2]
    ]
    keys += [["false", "N/A", "N/A", "N/A", "N/A"]] * (2 - len(keys))
    created = _iso(extras.root_created_at)
    return [
        "<root_account>",
        f"arn:aws:iam::{account}:root",
        created,
        "not_supported",
        "no_information",
        "not_supported",
        "not_supported",
        str(extras.root_mfa).lower(),
        *keys[0],
        *keys[1],
        "false",
        "N/A",
        "false",
        "N/A",
    ]


def _user_row(user: Any) -> list[str]:
    keys = [
        [
            str(key.status == "Active").lower(),
            _iso(key.create_date),
            _iso(key.last_used.timestamp) if key.last_used else "N/A",
            key.last_used.region if key.last_used else "N/A",
            key.last_used.service if key.last_used else "N/A",
        ]
        for key in user.access_keys[:2]
    ]
    keys += [["false", "N/A", "N/A", "N/A", "N/A"]] * (2 - len(keys))
    used = "no_information" if user.password else "N/A"
    return [
        user.name,
        user.arn,
        _iso(user.create_date),
        str(bool(user.password)).lower(),
        _iso(user.password_last_used) if user.password_last_used else used,
        _iso(user.create_date) if user.password else "N/A",
        "N/A",
        str(bool(user.mfa_devices)).lower(),
        *keys[0],
        *keys[1],
        "false",
        "N/A",
        "false",
        "N/A",
    ]


def _iso(moment: datetime) -> str:
    """Write a moment as AWS does; moto's own are naive and in UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="seconds")
