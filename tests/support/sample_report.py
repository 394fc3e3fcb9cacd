"""A sample organisation's run, assembled from facts and decisions, with names chosen by an enemy."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from keyproof.model.facts import Facts
from keyproof.model.finding import Finding, History
from keyproof.model.key import Evidence, Key, key_record_id
from keyproof.model.leak import Exposure, Leak, Occurrence, Suppression, leak_record_id
from keyproof.model.policy import (
    Batch,
    Decision,
    EffectiveParameters,
    Evaluation,
    Parameter,
    Policy,
    PolicyResult,
)
from keyproof.model.principal import Principal, principal_record_id
from keyproof.model.record import digest
from keyproof.model.report import Report
from keyproof.model.source import Gap, Source
from keyproof.model.waiver import Waiver
from keyproof.pipeline import controls, policyset
from keyproof.pipeline.report import RunOptions, assemble
from keyproof.resources import shipped

AS_OF = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
HOSTILE = (
    "<script>alert('x')</script>",
    '"><img src=http://example.invalid/p.png onerror=alert(1)>',
    "\x1b[31mred\x1b]8;;http://example.invalid\x07link\x1b]8;;\x07",
    "txt.\u202egpj.exe",
    "[click](javascript:alert(1)) **bold** | cell | `code`",
    "{{ 7 * 7 }}{% raw %}",
    "two\nlines\r\nand\ttabs",
    "zero\u200bwidth\ufeff",
    "a" * 300,
    "[bold red]markup[/bold red]",
    "Größe-日本語-ключ",
    "&amp; &lt;",
)
"""Names that would break out of HTML, Markdown, a terminal or a reader's eye."""

_TEAMS = ("payments", "data-platform", "mobile", "site-reliability", "trading")


def _evidence(collector: str, call: str) -> Evidence:
    return Evidence(collector=collector, api_call=call, collected_at=AS_OF)


def _key(number: int, chance: random.Random) -> Key:
    aws = number % 3 != 0
    issuer = ("aws.iam", "123456789012") if aws else ("express-gateway", "gw.example.org")
    native = f"AKIAEXAMPLE{number:09d}" if aws else f"cred-{number:04d}"
    name = HOSTILE[number] if number < len(HOSTILE) else f"svc-{chance.choice(_TEAMS)}-{number}"
    owner = None if number % 7 == 0 else f"{chance.choice(_TEAMS)}@example.org"
    return Key(
        record_id=key_record_id(*issuer, native),
        source="aws-prod" if aws else "gateway",
        issuer_type=issuer[0],
        issuer_instance=issuer[1],
        credential_type="access_key" if aws else "api_token",
        native_id=native,
        status="active" if number % 11 else "deactivated",
        name=None if aws else name,
        principal_name=name if aws else None,
        owner=owner,
        environment=chance.choice(("production", "staging", None)),
        labels={"team": chance.choice(_TEAMS)},
        created_at=AS_OF - timedelta(days=chance.randrange(5, 700)),
        evidence=_evidence("aws_iam" if aws else "express_gateway", "iam:ListAccessKeys"),
    )


def _principal(number: int) -> Principal:
    native = f"AIDAEXAMPLE{number:05d}"
    return Principal(
        record_id=principal_record_id("aws.iam", "123456789012", native),
        source="aws-prod",
        issuer_type="aws.iam",
        issuer_instance="123456789012",
        native_id=native,
        principal_type="root" if number == 0 else "user",
        name="<root_account>" if number == 0 else f"person-{number}",
        owner="cloud@example.org",
        evidence=_evidence("aws_iam", "iam:ListUsers"),
    )


def _leak(number: int, keys: Sequence[Key], chance: random.Random) -> Leak:
    secret = f"s1_{digest(['leak', number])[7:39]}"
    first = AS_OF - timedelta(days=chance.randrange(20, 900))
    name = HOSTILE[number % len(HOSTILE)][:80].replace("\n", " ") if number % 2 else "deploy.yml"
    suppression = (
        Suppression(kind="inline", marker="keyproof:allow", reason="documentation sample")
        if number == 7
        else None
    )
    places = tuple(
        Occurrence(
            where="commit_message" if number == 5 else "blob",
            repository="shop-backend",
            path=None if number == 5 else f"config/{place}/{name}",
            line=None if number == 5 else 12 + place,
            column=None if number == 5 else 9,
            commit=digest(["commit", number, place])[7:47],
            author="ada@example.org",
            introduced_at=first + timedelta(days=place),
            in_head=place == 0,
            occurrence_id=f"o1_{digest(['place', number, place])[7:39]}",
            suppression=suppression,
        )
        for place in range(1 + number % 3)
    )
    record = leak_record_id("shop-backend", secret)
    exposures = ()
    if number < 5:
        exposures = (
            Exposure(
                leak_id=record,
                key_id=keys[number * 4 + 1].record_id,
                basis="native_id" if number else "hint",
                key_state=("unknown", "active", "active", "dead", "dead")[number],
                opened_at=first,
                closed_at=first + timedelta(days=40 + 15 * number) if number > 2 else None,
                used_after_leak=("unknown", "yes", "no", "unknown", "no")[number],
            ),
        )
    return Leak(
        record_id=record,
        source="shop-backend",
        secret_id=secret,
        detector="aws.access_key" if number % 2 else "github.pat",
        provider="aws" if number % 2 else "github",
        kind="access_key" if number % 2 else "api_token",
        named=True,
        confidence="high",
        redacted="AKIA…[20 characters]" if number % 2 else "ghp_…[40 characters]",
        occurrences=places,
        exposures=exposures,
    )


def sample_facts() -> Facts:
    """Return the organisation's snapshot: two inventories, a repository, and what was not read."""
    chance = random.Random(7)
    keys = tuple(sorted((_key(n, chance) for n in range(90)), key=lambda k: k.record_id))
    by_number = [_key(n, random.Random(n)) for n in range(90)]
    leaks = tuple(
        sorted((_leak(n, by_number, chance) for n in range(9)), key=lambda leak: leak.record_id)
    )
    principals = tuple(sorted((_principal(n) for n in range(30)), key=lambda p: p.record_id))

    def source(name: str, connector: str, count: int, **more: Any) -> Source:
        return Source(
            **{
                "id": name,
                "connector": connector,
                "kind": "inventory",
                "instance": name,
                "started_at": AS_OF,
                "finished_at": AS_OF + timedelta(seconds=14),
                "complete": True,
                "listed": count,
                "parsed": count,
                "calls": ("ListUsers ×1", "ListAccessKeys ×30"),
            }
            | more
        )

    return Facts(
        as_of=AS_OF,
        fingerprint_key_id="k1_0123456789ab",
        fingerprint_key_local=True,
        sources=(
            source("aws-prod", "aws_iam", 90, instance="123456789012", complete=False),
            source("gateway", "express_gateway", 30, instance="https://gw.example.org:9876"),
            source("shop-backend", "git", 48211, kind="repository", coverage=(("objects", 48211),)),
        ),
        keys=keys,
        principals=principals,
        leaks=leaks,
        gaps=(
            Gap(
                source="aws-prod",
                call="iam:GetAccessKeyLastUsed",
                reason="access_denied",
                detail="the role may not call it",
                hint="allow iam:GetAccessKeyLastUsed to the scanning role",
                fields=("last_used_at",),
            ),
            Gap(
                source="gateway",
                call="credentials",
                reason="not_reported",
                detail="the issuer does not record last use",
                fields=("last_used_at",),
            ),
        ),
    )


_POLICIES: tuple[tuple[str, str, str, str, dict[str, Any], str], ...] = (
    (
        "keys.max_age",
        "API keys are rotated within the maximum age",
        "high",
        "key",
        {"days": 90},
        "{age_days} days old; the limit is {limit_days}",
    ),
    (
        "keys.unused",
        "Keys that nobody uses are deactivated",
        "medium",
        "key",
        {"days": 45},
        "not used for {idle_days} days; the limit is {limit_days}",
    ),
    ("keys.owner", "Every key has an accountable owner", "medium", "key", {}, "{problem}"),
    (
        "keys.least_privilege",
        "Keys have no more power than they need",
        "high",
        "key",
        {"forbidden": ["admin", "root"]},
        "privilege is {privilege}; scopes: {scopes}",
    ),
    (
        "principals.mfa",
        "People behind keys use a second factor",
        "high",
        "principal",
        {},
        "second factor: {mfa}",
    ),
    (
        "principals.root_key",
        "The root identity has no key",
        "critical",
        "principal",
        {},
        "{keys} active root key(s)",
    ),
    (
        "leaks.active_key",
        "A leaked key is deactivated",
        "critical",
        "leak",
        {},
        "leaked {exposed_days} days ago and still active",
    ),
    (
        "leaks.secret_in_history",
        "No secret stands in git history",
        "high",
        "leak",
        {},
        "stands in {places} place(s), first seen {first_seen}",
    ),
)


def _decide(policy: str, number: int, subject: Any) -> Decision:
    """Make a verdict by counting: this is a sample, the real ones are Rego's."""
    chance = random.Random(f"{policy}{number}")

    def decision(status: str, reason: str | None = None, **evidence: Any) -> Decision:
        return Decision(
            policy=policy,
            subject_id=subject.record_id,
            status=status,
            evidence=evidence,
            reason=reason,
        )

    roll = chance.random()
    if policy == "keys.max_age":
        if subject.status != "active":
            return decision("skip", "key is not active")
        age = (AS_OF - subject.created_at).days
        return decision("fail" if age > 90 else "pass", age_days=age, limit_days=90)
    if policy == "keys.unused":
        if roll < 0.3:
            return decision("unknown", "the issuer does not report last use")
        idle = chance.randrange(0, 70)
        return decision("fail" if idle > 45 else "pass", idle_days=idle, limit_days=45)
    if policy == "keys.owner":
        return decision(
            "pass" if subject.owner else "fail",
            problem="owned" if subject.owner else "no tag, no mapping and no inference names one",
        )
    if policy == "keys.least_privilege":
        if number == 3:
            return decision("error", "the policy gave no verdict on this subject")
        return decision(
            "fail" if roll < 0.15 else "pass",
            privilege="admin" if roll < 0.15 else "read",
            scopes=tuple(f"s3:Action{n}" for n in range(9)),
        )
    if policy == "principals.mfa":
        return decision(
            "fail" if roll < 0.2 else "pass", mfa="disabled" if roll < 0.2 else "enabled"
        )
    if policy == "principals.root_key":
        if subject.principal_type != "root":
            return decision("skip", "not the root identity")
        return decision("fail", keys=1)
    if policy == "leaks.active_key":
        live = [e for e in subject.exposures if e.key_state == "active"]
        if not subject.exposures:
            return decision("skip", "not joined to a key")
        if any(e.key_state == "unknown" for e in subject.exposures):
            return decision("unknown", "a masked hint names a candidate key only")
        return decision(
            "fail" if live else "pass",
            exposed_days=(AS_OF - subject.first_seen_at).days,
            key_state="active" if live else "dead",
        )
    return decision(
        "fail",
        places=len(subject.occurrences),
        first_seen=f"{subject.first_seen_at:%Y-%m-%d}",
        detector=subject.detector,
    )


def sample_evaluation(facts: Facts, decide: Callable[..., Decision] = _decide) -> Evaluation:
    """Return verdicts of eight policies over the sample's facts."""
    populations: Mapping[str, Sequence[Any]] = {
        "key": facts.keys,
        "principal": facts.principals,
        "leak": facts.leaks,
    }
    results = []
    for name, title, severity, subject, params, message in sorted(_POLICIES):
        policy = Policy(
            id=name,
            title=title,
            description=f"{title}, because what is not under control is found by others first.",
            severity=severity,
            subject=subject,
            message=message,
            remediation="Issue a replacement, move its callers, then deactivate and delete this one.",
            parameters=tuple(
                Parameter(
                    name=key, description=key, schema={}, default=value, source="CIS AWS 3.0, 1.14"
                )
                for key, value in params.items()
            ),
            path=f"policies/{name.replace('.', '/')}.rego",
            module="",
            digest=digest([name]),
        )
        decisions = tuple(decide(name, n, s) for n, s in enumerate(populations[subject]))
        batch = Batch(
            parameters=EffectiveParameters(
                policy=name, values=params, origins=dict.fromkeys(params, "CIS AWS 3.0, 1.14")
            ),
            decisions=decisions,
        )
        results.append(PolicyResult(policy=policy, population=len(decisions), batches=(batch,)))
    return Evaluation(
        engine="embedded 0.13.0", pack_digest=digest(["pack"]), results=tuple(results)
    )


def sample_waivers(facts: Facts) -> tuple[Waiver, ...]:
    """Return a waiver that is needed, one that expired and one that nothing needs."""
    old = [k for k in facts.keys if k.status == "active" and (AS_OF - k.created_at).days > 90]

    def waiver(name: str, **more: Any) -> Waiver:
        return Waiver(
            **{
                "id": name,
                "policy": "keys.max_age",
                "reason": "the vendor rotates it at the end of the year <b>with us</b>",
                "requester": "ada@example.org",
                "approver": "grace@example.org",
                "created": date(2026, 10, 1),
                "expires": date(2026, 12, 31),
            }
            | more
        )

    return (
        waiver("W-1", subject=old[0].native_id),
        waiver("W-2", subject=old[1].native_id, expires=date(2026, 11, 1)),
        waiver("W-3", subject="AKIANOBODY"),
    )


def sample_report(*, history: bool = True, options: RunOptions | None = None) -> Report:
    """Return the whole sample: a few hundred findings of every status."""
    facts = sample_facts()
    every = [policy.id for policy in policyset.load().policies]
    crosswalk = controls.load([shipped("reports") / "frameworks"], policies=every)
    report = assemble(
        facts,
        sample_evaluation(facts),
        crosswalk=crosswalk,
        waivers=sample_waivers(facts),
        options=options or RunOptions(),
        started_at=AS_OF,
        finished_at=AS_OF + timedelta(seconds=21),
        tool_version="0.1.0",
    )
    if not history:
        return report
    return replace(report, findings=tuple(map(_with_history, report.findings)))


def _with_history(finding: Finding) -> Finding:
    if finding.status not in {"fail", "waived"}:
        return finding
    chance = random.Random(finding.id)
    first = AS_OF - timedelta(days=chance.randrange(0, 120))
    return replace(
        finding,
        history=History(
            first_seen_at=first,
            last_seen_at=AS_OF,
            due_at=first + timedelta(days=30),
            reopened=chance.randrange(0, 2),
            state="waived" if finding.status == "waived" else "open",
        ),
    )
