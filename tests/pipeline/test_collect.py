from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest
from tests.support import records
from tests.support.planted import password

from keyproof.app.clock import SystemClock
from keyproof.app.wiring import make_context
from keyproof.errors import ConfigError, MissingExtra, SourceError
from keyproof.identity import KeyedFingerprinter
from keyproof.pipeline.collect import ConfiguredSource, collect


def gather(**connectors):
    fingerprinter = KeyedFingerprinter(b"0" * 32, local=False)
    sources = [
        ConfiguredSource(
            name,
            "file",
            SimpleNamespace(collect=function),
            None,
            make_context(name, {}, fingerprinter, SystemClock()),
        )
        for name, function in connectors.items()
    ]
    with ThreadPoolExecutor(2) as executor:
        return collect(
            sources,
            as_of=records.AS_OF,
            fingerprint_key_id="k1_test",
            fingerprint_key_local=False,
            executor=executor,
        )


def whole(name, *kept):
    def read(settings, context):
        yield from kept
        yield records.source(name)

    return read


def test_records_are_sorted_whatever_the_order_of_sources() -> None:
    a, b = records.key("a"), records.key("b", source="other")
    first = gather(one=whole("one", b), two=whole("two", a))
    second = gather(two=whole("two", a), one=whole("one", b))
    assert first.digest() == second.digest()
    assert {k.native_id for k in first.keys} == {"a", "b"}
    assert first.gaps == ()


def test_a_source_that_fails_costs_only_itself() -> None:
    def broken(settings, context):
        yield records.key("a", source="broken")
        raise SourceError(
            "ListKeys was refused", reason="access_denied", hint="allow list:keys", where="ListKeys"
        )

    facts = gather(broken=broken, fine=whole("fine", records.key("b", source="fine")))
    assert {k.native_id for k in facts.keys} == {"a", "b"}
    assert [(g.source, g.call, g.reason, g.hint) for g in facts.gaps] == [
        ("broken", "ListKeys", "access_denied", "allow list:keys")
    ]
    assert {s.id: s.complete for s in facts.sources} == {"broken": False, "fine": True}


def test_a_crash_is_told_by_class_and_place_never_by_its_text() -> None:
    secret = password("crash")

    def broken(settings, context):
        raise ValueError(secret)
        yield

    (gap,) = gather(broken=broken).gaps
    assert gap.reason == "crash"
    assert gap.detail.startswith("ValueError at test_collect.py:")
    assert secret not in repr(gap)


def test_a_record_that_does_not_fit_its_schema_is_a_gap() -> None:
    bad = msgspec.structs.replace(records.key("a"), status="fine")
    facts = gather(one=whole("one", bad))
    assert facts.keys == ()
    assert [g.reason for g in facts.gaps] == ["invalid_data"]


def test_a_connector_that_ends_without_a_statement_is_a_gap() -> None:
    facts = gather(one=lambda settings, context: iter((records.key("a"),)))
    assert [(g.reason, s.complete) for g, s in zip(facts.gaps, facts.sources, strict=True)] == [
        ("crash", False)
    ]


def test_a_key_listed_by_two_sources_counts_once_and_is_named() -> None:
    facts = gather(
        one=whole("one", records.key("a", source="one")),
        two=whole("two", records.key("a", source="two")),
    )
    assert [k.source for k in facts.keys] == ["one"]
    assert [(g.source, g.reason) for g in facts.gaps] == [("two", "invalid_data")]


@pytest.mark.parametrize(
    "error", [MissingExtra("aws", "aws_iam"), ConfigError("base_url is no address")]
)
def test_what_a_person_must_mend_first_stops_the_run(error) -> None:
    def needs(settings, context):
        raise error
        yield

    with pytest.raises(type(error)):
        gather(one=needs)
