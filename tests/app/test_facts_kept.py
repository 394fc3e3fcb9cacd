"""Facts kept: what was written is read again whole, and only for the run that it is of."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

from tests.support import records

from keyproof.app.facts_kept import FILE_NAME, keep, kept
from keyproof.model.facts import Facts
from keyproof.model.key import LastUsedDetail
from keyproof.model.source import Gap
from keyproof.model.usage import Usage
from keyproof.model.waiver import Waiver
from keyproof.pipeline.waive import Waivers


def full() -> Facts:
    """Facts with a record of every type."""
    key = records.key("K1")
    waiver = Waiver(
        id="W-1", policy="keys.max_age", subject="K1", reason="moves", requester="ann",
        approver="bo", created=date(2026, 1, 1), expires=date(2026, 2, 1),
    )  # fmt: skip
    used = Usage(
        source="logs", issuer_type=key.issuer_type, issuer_instance=key.issuer_instance,
        native_id="K1", last_used_at=records.AS_OF, detail=LastUsedDetail(),
        evidence=records.evidence(),
    )  # fmt: skip
    register = Waivers([waiver], today=date(2026, 1, 2), leaks=())
    return records.facts(
        sources=(records.source(),),
        keys=(key,),
        principals=(records.principal(),),
        leaks=(records.leak(),),
        usages=(used,),
        gaps=(Gap(source="inventory", call="list", reason="access_denied", detail="no"),),
        waivers=register.records({}, whole=True),
    )


def test_records_of_every_type_are_read_again(tmp_path: Path) -> None:
    facts = full()
    keep(facts, tmp_path / "state")
    assert kept(tmp_path / "state", facts.digest()) == facts


def test_another_runs_facts_are_none(tmp_path: Path) -> None:
    facts = full()
    keep(facts, tmp_path)
    assert kept(tmp_path, records.facts().digest()) is None


def test_facts_that_were_changed_or_cut_are_none(tmp_path: Path) -> None:
    facts = full()
    keep(facts, tmp_path)
    file = tmp_path / FILE_NAME
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(lines[:-1])))
    assert kept(tmp_path, facts.digest()) is None
    file.write_bytes(file.read_bytes()[:-9])
    assert kept(tmp_path, facts.digest()) is None
