"""One test for each fault that a policy may have: it costs that policy, and is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support import records, rego
from tests.support.needs import missing

from keyproof.engines import embedded
from keyproof.engines._pool import Pool
from keyproof.model.policy import PolicyResult
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.canaries import input_document
from keyproof.pipeline.evaluate import evaluate
from keyproof.pipeline.subjects import Population

pytest.importorskip("regorus")

KEYS = tuple(records.key(f"K{n:03}", created_at=records.days_ago(n)) for n in range(200))


def run(
    folder: Path,
    bodies: dict[str, str],
    *,
    seconds: float = 5,
    memory_bytes: int = embedded.MEMORY_BYTES,
    keys=KEYS,
) -> dict[str, PolicyResult]:
    """Evaluate a sound policy and faulty ones over the same keys."""
    made = [rego.policy(folder, body, policy_id) for policy_id, body in bodies.items()]
    made.append(rego.policy(folder, rego.SOUND, "test.sound"))
    pack = policyset.make(made)
    with embedded.open_engine(workers=2, seconds=seconds, memory_bytes=memory_bytes) as engine:
        evaluation = evaluate(
            records.facts(keys=keys, sources=(records.source(),)),
            pack,
            parameters.load(pack.policies),
            engine,
            chunk=50,
        )
    return {result.policy.id: result for result in evaluation.results}


def statuses(result: PolicyResult) -> set[str]:
    assert sum(len(batch.decisions) for batch in result.batches) == result.population
    return {d.status for batch in result.batches for d in batch.decisions}


def reasons(result: PolicyResult) -> set[str | None]:
    return {d.reason for batch in result.batches for d in batch.decisions if d.status == "error"}


def assert_the_sound_one_is_whole(results: dict[str, PolicyResult]) -> None:
    found = rego.decided(results["test.sound"].batches)
    assert len(found) == len(KEYS)
    old = {key.record_id for key in KEYS if (records.AS_OF - key.created_at).days > 90}
    assert {name for name, status in found.items() if status == "fail"} == old
    assert set(found.values()) == {"pass", "fail"}


def test_recursion_past_the_lint_kills_a_worker_and_no_more(tmp_path: Path) -> None:
    """The lint refuses recursion; what would happen without it is contained all the same."""
    made = rego.policy(
        tmp_path, 'f(x) := f(x + 1)\n\ndecisions[id] := d if {\n\tid := "x"\n\td := f(1)\n}\n'
    )
    sound = rego.policy(tmp_path, rego.SOUND, "test.sound")
    population = Population(records.facts(keys=KEYS, sources=(records.source(),)))
    (subjects,) = population.chunks("key", sound.needs, 500)
    document = input_document(sound, population.as_of_ns, {"days": 90}, subjects)
    with embedded.open_engine(workers=1) as engine:
        before = engine.evaluate(sound, document)
        crashed = engine.evaluate(made, document)
        after = engine.evaluate(sound, document)
    assert crashed.error == "the policy failed: crashed the engine"
    assert before == after
    assert len(after.decisions) == len(KEYS)


def test_a_panic_is_an_error_like_any_other(tmp_path: Path) -> None:
    made = rego.policy(
        tmp_path, 'decisions[id] := d if {\n\tid := "x"\n\td := strings.count("a", "")\n}\n'
    )
    with embedded.open_engine(workers=1) as engine:
        answer = engine.evaluate(made, b'{"subjects":[]}')
        assert answer.error is not None
        assert engine.check([made])


def test_a_worker_sees_no_credential_and_no_module_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/proc/self/environ").exists():
        missing("/proc")
    (tmp_path / "regorus.py").write_text("raise SystemExit('the current folder is on the path')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for workers")
    pool = Pool(1, embedded.MEMORY_BYTES)
    worker = pool.take()
    try:
        reply = worker.ask(5, "load", "keyproof.a", "package keyproof.a\n\nx := 1\n", None)
        assert reply.error is None
        assert b"AWS_SECRET" not in Path(f"/proc/{worker.pid}/environ").read_bytes()
        assert b"RUST_BACKTRACE=0" in Path(f"/proc/{worker.pid}/environ").read_bytes()
    finally:
        pool.give_back(worker)
        pool.close()
    assert not Path(f"/proc/{worker.pid}").exists() or os.name == "nt"


def test_a_worker_whose_parent_is_gone_ends_by_itself(tmp_path: Path) -> None:
    pool = Pool(1, embedded.MEMORY_BYTES)
    worker = pool.take()
    worker.ask(5, "load", "keyproof.a", "package keyproof.a\n\nx := 1\n", None)
    worker._process.stdin.close()
    assert worker._process.wait(timeout=10) == 0
    pool.give_back(worker)
    pool.close()


def test_without_regorus_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(embedded.MissingExtra) as caught:
        embedded.open_engine()
    assert caught.value.hint == "pip install 'keyproof[scan]'"
