"""One test for each fault that a policy may have: it costs that policy, and is said."""

from __future__ import annotations

import os
import time
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


WHOLE_FAULTS = {
    "syntax": ("decisions[id] := {", "syntax"),
    "old_syntax": ("decisions[id] { id := 1 }", ""),
    "recursion": ("f(x) := f(x + 1)\n\ndecisions[id] := d if {\n\tid := 1\n\td := f(id)\n}", "itself"),
    "mutual_recursion": ('a := b\n\nb := a\n\ndecisions[id] := d if {\n\tid := "x"\n\td := a\n}', "itself"),
    "head_undefined": (
        'decisions[key.id] := {"status": "fail", "evidence": {"x": key.name}} if some key in input.subjects',
        "bind the term",
    ),
    "a_default": (f"default decision(_) := 1\n\n{rego.SOUND}", "default"),
    "a_default_of_all": ("default decisions := {}", "default"),
    "a_clock": (rego.SOUND.replace("input.params.days", "time.now_ns()"), "time.now_ns"),
    "network": (rego.SOUND.replace("is_number(", "http.send("), "http.send"),
    "chance": (rego.SOUND.replace("is_number(", "rand.intn("), "rand.intn"),
    "sprintf": (rego.SOUND.replace('"undated"', 'sprintf("%v", [key.id])'), "sprintf"),
    "glob": (rego.SOUND.replace("is_number(key.created_at_ns)", 'glob.match("*", [":"], key.name)'), "glob"),
    "division": (rego.SOUND.replace("input.params.days", "input.params.days / 2"), "division"),
    "data": (rego.SOUND.replace("input.params.days", "data.days"), "data"),
    "import": (f"import data.other\n\n{rego.SOUND}", "stands alone"),
    "misspelt_field": (rego.SOUND.replace("created_at_age_days", "created_at_age_dais"), "created_at_age_dais"),
    "field_not_needed": (rego.SOUND.replace("created_at_age_days", "expires_at_age_days"), "'needs'"),
    "misspelt_input": (rego.SOUND.replace("input.subjects", "input.subject"), "input.subject"),
    "nesting": (rego.SOUND.replace('"undated"', "[" * 10 + "1" + "]" * 10), "nested"),
    "no_decisions": ("decision(key) := 1 if key.status", "decisions"),
    "bare_else": (rego.SOUND + '\ng(x) := 1 if x == 2 else := "pass"\n', "else"),
    "unknown_function": (rego.SOUND.replace("is_number(", "is_numeral("), ""),
    "wrong_verdicts": (rego.SOUND.replace('{true: "fail", false: "pass"}', '{true: "pass", false: "fail"}'), "not sound"),
    "never_undated": (rego.SOUND.replace("key.created_at_ns == null", "key.created_at_ns == 7"), "not sound"),
    "constant": ('decisions[id] := d if {\n\tsome key in input.subjects\n\tid := key.id\n\td := {"status": "pass", "evidence": {"age": 1}}\n}', "not sound"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WHOLE_FAULTS)
def test_a_policy_with_a_fault_is_an_error_for_all_its_subjects(fault: str, tmp_path: Path) -> None:
    body, sign = WHOLE_FAULTS[fault]
    results = run(tmp_path, {"test.faulty": body})
    assert statuses(results["test.faulty"]) == {"error"}
    assert [reason for reason in reasons(results["test.faulty"]) if sign not in str(reason)] == []
    assert_the_sound_one_is_whole(results)


def one_bad(body_of: str) -> tuple[dict[str, str], tuple]:
    """A policy that is sound but for one record, and the keys with that record among them."""
    keys = list(KEYS)
    keys[77] = records.key("K077", name="bad", created_at=records.days_ago(77))
    return {"test.faulty": body_of}, tuple(keys)


FRAGILE = """\
verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	fine(key)
	d := decision(key)
}

fine(key) if key.name != "bad"

fine(key) if {
	key.name == "bad"
	FAULT
}

""" + rego.SOUND[rego.SOUND.index("decision(key) :=") :]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("is_string(key.nothing)", "rejected"),
        ("key.name == 7", "error"),
        ('startswith(key.created_at_ns, "a")', "error"),
        ("key.name + 1 == 2", "error"),
        ("some x in key.created_at_ns\n\tx == 1", "error"),
        ('regex.match("[", key.name)', "error"),
    ],
)
def test_a_fault_on_one_record_is_an_error_for_that_record(
    fault: str, status: str, tmp_path: Path
) -> None:
    bodies, keys = one_bad(FRAGILE.replace("FAULT", fault))
    results = run(tmp_path, bodies, keys=keys)
    found = rego.decided(results["test.faulty"].batches)
    wrong = {name for name, verdict in found.items() if verdict == "error"}
    assert wrong == (
        {key.record_id for key in keys} if status == "rejected" else {keys[77].record_id}
    )
    assert_the_sound_one_is_whole(results)


ENDLESS = (
    "count({[a, b, c, e, f, g] | some a in n; some b in n; some c in n; some e in n; some f in n; "
    "some g in n}) > 0"
)
NUMBERS = "\nn := [" + ", ".join(map(str, range(60))) + "]\n"


def test_an_endless_policy_is_stopped_and_only_its_record_is_an_error(tmp_path: Path) -> None:
    bodies, keys = one_bad(FRAGILE.replace("FAULT", ENDLESS) + NUMBERS)
    started = time.monotonic()
    results = run(tmp_path, bodies, keys=keys, seconds=2)
    found = rego.decided(results["test.faulty"].batches)
    assert {name for name, verdict in found.items() if verdict == "error"} == {keys[77].record_id}
    assert "longer than its limit" in str(reasons(results["test.faulty"]))
    assert_the_sound_one_is_whole(results)
    assert time.monotonic() - started < 60


def test_a_policy_that_eats_memory_is_stopped(tmp_path: Path) -> None:
    greedy = "count([[a, b, c, e] | some a in n; some b in n; some c in n; some e in n]) > 0"
    bodies, keys = one_bad(FRAGILE.replace("FAULT", greedy) + NUMBERS)
    keys = keys[75:79]
    results = run(tmp_path, bodies, keys=keys, seconds=30, memory_bytes=400 * 1024**2)
    found = rego.decided(results["test.faulty"].batches)
    assert {name for name, verdict in found.items() if verdict == "error"} == {keys[2].record_id}
    assert "crashed the engine" in str(reasons(results["test.faulty"]))


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


def test_errors_name_a_class_and_a_line_and_no_value(tmp_path: Path) -> None:
    bodies, keys = one_bad(FRAGILE.replace("FAULT", "key.name + 1 == 2"))
    results = run(tmp_path, bodies, keys=keys)
    (reason,) = reasons(results["test.faulty"])
    assert "bad" not in str(reason)
    assert "faulty.rego:" in str(reason)


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
