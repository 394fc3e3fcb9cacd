"""Every fault that a policy, a record or an engine is known to have, one row each, by name.

Each row is a policy that goes wrong for all keys or for one of them, run on the embedded engine
beside a sound policy. No row may end in a pass, in a finding that is missing, or in exit code 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support import records, rego
from tests.support.run import keyproof

from keyproof.engines import embedded
from keyproof.errors import ExitCode, NothingToCheck, PolicyError, UsageError
from keyproof.model.facts import Facts
from keyproof.model.policy import Evaluation
from keyproof.model.source import Gap
from keyproof.pipeline import parameters, policyset
from keyproof.pipeline.controls import Crosswalk
from keyproof.pipeline.evaluate import evaluate
from keyproof.pipeline.report import RunOptions, assemble

pytest.importorskip("regorus")

KEYS = tuple(
    records.key(f"K{n:02}", created_at=records.days_ago(n * 9), name="odd" if n == 7 else f"k{n}")
    for n in range(20)
)
ODD = KEYS[7].record_id
WHOLE = records.facts(keys=KEYS, sources=(records.source(listed=20, parsed=20),))


class Ran(NamedTuple):
    """What one row gave: status and reason by key, the run's problems, its exit code."""

    statuses: Mapping[str, str]
    reasons: Mapping[str, str | None]
    problems: str
    code: int
    sound: Mapping[str, str]


def run(folder: Path, body: str, facts: Facts = WHOLE, **limits: Any) -> Ran:
    pack = policyset.make(
        [rego.policy(folder, body, "test.faulty"), rego.policy(folder, rego.SOUND, "test.sound")]
    )
    with embedded.open_engine(workers=1, **limits) as engine:
        made = evaluate(facts, pack, parameters.load(pack.policies), engine)
    faulty, sound = made.results
    decisions = [d for batch in faulty.batches for d in batch.decisions]
    assert len(decisions) == len(KEYS)  # nothing is lost, whatever happens
    return Ran(
        statuses={d.subject_id: d.status for d in decisions},
        reasons={d.subject_id: d.reason for d in decisions},
        problems=" ".join(made.problems),
        code=exit_code(made, facts),
        sound=rego.decided(sound.batches),
    )


def exit_code(made: Evaluation, facts: Facts) -> int:
    """The exit code, were the failing findings of no interest."""
    report = assemble(
        facts,
        made,
        crosswalk=Crosswalk(frameworks=()),
        options=RunOptions(fail_on="critical"),
        started_at=facts.as_of,
        finished_at=facts.as_of,
        tool_version="0",
    )
    return report.exit_code


def guarded(fault: str, then: str = "true") -> str:
    """A policy that is sound but for keys named 'odd', for which it runs into a fault."""
    return f"""\
verdict := {{true: "fail", false: "pass"}}

limit := input.params.days

decisions[id] := d if {{
	some key in input.subjects
	id := key.id
	fine(key)
	d := decision(key)
}}

fine(key) if key.name != "odd"

fine(key) if {{
	key.name == "odd"
	{fault}
	{then}
}}
{rego.SOUND[rego.SOUND.index("decision(key) :=") :]}"""


PATCHED = rego.SOUND.replace

NOTHING_LOADS = {
    "syntax": "decisions[id] := {",
    "Rego before v1": "decisions[id] { id := 1 }",
    "an unknown function": PATCHED("is_number(", "is_numeral("),
    "a wrong number of arguments": PATCHED("is_number(key.created_at_ns)", "is_number(1, 2)"),
    "an unsafe variable": PATCHED("id := key.id", "id := key.id\n\tnobody == somebody"),
    "a typo in input": PATCHED("input.subjects", "input.subjekts"),
    "a typo in a field": PATCHED("key.created_at_age_days", "key.created_at_days_age"),
    "a parameter that data does not hold": PATCHED("input.params.days", "data.params.days"),
    "undefined in a rule's head": (
        'decisions[key.id] := {"status": "pass", "evidence": {"n": key.name}} if '
        "some key in input.subjects"
    ),
    "a default": f"default decisions := {{}}\n\n{rego.SOUND}",
    "a default list": f"default decisions := []\n\n{rego.SOUND}",
    "a final else": PATCHED(
        "if key.created_at_ns == null", 'if key.created_at_ns == null else := {"status": "pass"}'
    ),
    "another package's data": PATCHED("input.params.days", "data.keyproof.keys.max_age.limit"),
    "a rule that shadows the input": PATCHED("input.params.days", "input.limit"),
    "http.send": PATCHED("is_number(key.created_at_ns)", 'http.send({"method": "get", "url": "x"})'),
    "the clock": PATCHED("is_number(key.created_at_ns)", "time.now_ns() > key.created_at_ns"),
    "glob.match, on which engines differ": PATCHED(
        "is_number(key.created_at_ns)", 'glob.match("*", [":"], key.name)'
    ),
    "recursion, which ends the process": f"f(x) := f(x + 1)\n\n{PATCHED('is_number(', 'f(')}",
    "strings.count, which panics": PATCHED('"undated"', '"undated" if strings.count("a", "") == 0'),
    "deep nesting, which takes ages to parse": f"x := {'[' * 20}1{']' * 20}\n\n{rego.SOUND}",
    "mutual recursion": f"a := b\n\nb := a\n\n{rego.SOUND}",
    "chance": PATCHED("is_number(", "rand.intn("),
    "sprintf": PATCHED('"undated"', 'sprintf("%v", [key.name])'),
    "an import": f"import data.other\n\n{rego.SOUND}",
    "a field that it did not ask for": PATCHED("created_at_age_days", "expires_at_age_days"),
    "no rule 'decisions'": "decision(key) := 1 if key.status",
    "division": PATCHED("> input.params.days", "> input.params.days / 7"),
}  # fmt: skip
"""The row → a module that must not come to decide anything."""


@pytest.mark.parametrize("row", NOTHING_LOADS)
def test_a_policy_that_may_not_run_is_an_error_for_every_key(row: str, tmp_path: Path) -> None:
    made = run(tmp_path, NOTHING_LOADS[row])
    assert set(made.statuses.values()) == {"error"}
    assert all("cannot be used" in str(r) or "not sound" in str(r) for r in made.reasons.values())
    assert "test.faulty" in made.problems
    assert made.code == ExitCode.INCOMPLETE
    assert set(made.sound.values()) == {"pass", "fail"}


NEVER_SOUND = {
    "a rule that never fires": PATCHED("> input.params.days", "> 99999999"),
    "a rule that fires on everything": PATCHED("> input.params.days", ">= -99999999"),
    "no decision for what is unknown": PATCHED("key.created_at_ns == null", "false"),
    "null compared with a number": PATCHED("is_number(key.created_at_ns)", "null > 90"),
    "a text compared with a number": PATCHED("> input.params.days", '> "90"'),
    "not of what is null": PATCHED("is_number(key.created_at_ns)", "not key.created_at_ns"),
    "pass and fail exchanged": PATCHED(
        '{true: "fail", false: "pass"}', '{true: "pass", false: "fail"}'
    ),
    "an empty result": "decisions := {}",
    "a list as a result": "decisions := []",
    "a set as a result": 'decisions contains "x"',
    "a constant": PATCHED("is_number(key.created_at_ns)", "1 == 2"),
}
"""The row → a module that loads and answers, and whose own examples come out wrong."""


@pytest.mark.parametrize("row", NEVER_SOUND)
def test_a_policy_whose_examples_come_out_wrong_decides_nothing(row: str, tmp_path: Path) -> None:
    made = run(tmp_path, NEVER_SOUND[row])
    assert set(made.statuses.values()) == {"error"}
    assert "test.faulty" in made.problems
    assert made.code == ExitCode.INCOMPLETE
    assert set(made.sound.values()) == {"pass", "fail"}


ONE_RECORD = {
    "a regular expression that is none": 'regex.match("[", key.name)',
    "nothing given to a builtin": 'startswith(key.labels[""], key.name)',
    "a number given to a builtin for texts": "startswith(key.created_at_ns, key.name)",
    "arithmetic on a text": "key.name + 1 == 2",
    "iterating over a number": "some x in key.created_at_ns\n\tx == 1",
    "iterating over a text": 'some x in key.name\n\tx == "o"',
    "iterating over null": "nothing := [n | n := null]\n\tsome x in nothing[0]\n\tx == 1",
    "conflicting values of one function": "two(key) == 3",
    "conflicting values of one rule": "count(both) == 3",
    "an object with one key twice": "object.union({}, {k: v | some v in [1, 2]; k := key.name}) == 3",
    "a condition that is undefined": "key.labels[key.name] == 1",
    "a text that is greater than a number": "key.name < 5",
    "not of a text": "not key.name",
}  # fmt: skip
"""The row → what happens to one key in twenty."""

BOTH = "\n\ntwo(_) := 1\n\ntwo(key) := 2 if is_string(key.name)\n\nboth[x] := y if {\n\tsome x in [1]\n\tsome y in [1, 2]\n}\n"


@pytest.mark.parametrize("row", ONE_RECORD)
def test_a_fault_on_one_record_is_that_records_error(row: str, tmp_path: Path) -> None:
    fault = ONE_RECORD[row]
    made = run(tmp_path, guarded(fault) + (BOTH if "two(" in fault or "both" in fault else ""))
    assert made.statuses[ODD] == "error"
    assert "pass" not in {
        made.statuses[name] for name in made.statuses if "cannot" in made.problems
    }
    whole = set(made.statuses.values()) == {"error"}  # refused before it ran: a fault all the same
    others = {name: status for name, status in made.statuses.items() if name != ODD}
    assert whole or others == {name: s for name, s in made.sound.items() if name != ODD}
    assert made.code == ExitCode.INCOMPLETE
    assert "odd" not in str(made.reasons[ODD])
    assert set(made.sound.values()) == {"pass", "fail"}


LARGE = "\nn := [" + ", ".join(map(str, range(80))) + "]\n"
COSTS = {
    "endless": ("count({[a, b, c, e, f] | some a in n; some b in n; some c in n; some e in n; some f in n}) > 0", {"seconds": 3.0}),
    "greedy": ("count([[a, b, c, e, a] | some a in n; some b in n; some c in n; some e in n]) > 0", {"seconds": 60.0, "memory_bytes": 400 * 1024**2}),
}  # fmt: skip


@pytest.mark.parametrize("row", COSTS)
def test_a_policy_that_costs_too_much_on_one_record_is_stopped_there(
    row: str, tmp_path: Path
) -> None:
    fault, limits = COSTS[row]
    made = run(tmp_path, guarded(fault) + LARGE, **limits)
    assert {name for name, status in made.statuses.items() if status == "error"} == {ODD}
    assert made.code == ExitCode.INCOMPLETE
    assert set(made.sound.values()) == {"pass", "fail"}


def test_a_field_that_could_not_be_read_never_passes(tmp_path: Path) -> None:
    gap = Gap(source="inventory", call="c", reason="access_denied", detail="d", fields=("name",))
    facts = records.facts(keys=KEYS, sources=WHOLE.sources, gaps=(gap,))
    made = run(tmp_path, rego.SOUND, facts)
    assert "pass" not in made.statuses.values()
    assert made.code == ExitCode.INCOMPLETE


# the rows of a whole run: what there is to check, and what was asked for


def test_no_policy_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    with pytest.raises(NothingToCheck):
        policyset.load(pack=tmp_path / "pack")
    with pytest.raises(PolicyError):
        policyset.of_folder(tmp_path / "pack")


def test_an_unknown_policy_is_an_error_wherever_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no policy"):
        policyset.load(select=["keys.max_aeg"])
    with pytest.raises(UsageError, match="no policy"):
        policyset.load(disable=["keys.max_aeg"])
    (tmp_path / "params.yaml").write_text("keys.max_aeg: {days: 1}\n")
    with pytest.raises(PolicyError, match="no policy"):
        parameters.load(policyset.load().policies, [tmp_path / "params.yaml"])


@pytest.mark.parametrize("value", ['"90"', "0", "90.5", "null", "[90]", "true", "99999999999"])
def test_a_parameter_of_another_type_is_refused(value: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(f"keys.max_age: {{days: {value}}}\n")
    with pytest.raises(PolicyError, match="days"):
        parameters.load(policyset.load().policies, [tmp_path / "params.yaml"])


HEADER = "issuer_type,issuer_instance,native_id,status,credential_type,created_at\n"
RUNS = {
    "no source": (None, (), ExitCode.NOTHING),
    "a file that was read whole and holds nothing": (HEADER, (), ExitCode.OK),
    "a table that lacks what makes a key": ("native_id\nK1\n", (), ExitCode.INCOMPLETE),
    "one row that is no key": (
        f"{HEADER}x,y,1,active,api_token,2026-11-01T00:00:00Z\nx,y,2,working,api_token,\n",
        ("--fail-on", "critical"),
        ExitCode.INCOMPLETE,
    ),
    "a policy that does not exist": (HEADER, ("--policy", "keys.max_aeg"), ExitCode.USAGE),
}


@pytest.mark.parametrize("row", RUNS)
def test_the_exit_code_of_a_run_that_has_nothing_to_say(row: str, tmp_path: Path) -> None:
    text, arguments, code = RUNS[row]
    files: tuple[str, ...] = ()
    if text is not None:
        (tmp_path / "keys.csv").write_text(text)
        files = ("--file", "keys.csv")
    ran = keyproof(
        "scan", *files, *arguments, "--no-store", cwd=tmp_path, home=tmp_path / "home"
    )  # fmt: skip
    assert ran.code == code, (ran.out, ran.err)


# the seven facts that decided the design: each is still so, or has been mended upstream


def probe(text: str) -> subprocess.CompletedProcess[str]:
    """Run regorus in a process of its own, without any guard of ours."""
    return subprocess.run(
        [sys.executable, "-c", f"import json, regorus\ne = regorus.Engine()\n{text}"],
        capture_output=True, text=True, check=False, timeout=120, env={"RUST_BACKTRACE": "0"},
    )  # fmt: skip


def test_fact_1_an_undefined_head_may_empty_the_whole_result_so_the_lint_refuses_it(
    tmp_path: Path,
) -> None:
    made = probe(
        "e.add_policy('a', '''package a\n\nr contains {\"id\": k.id, \"o\": k.o} if some k in input\n''')\n"
        'e.set_input_json(\'[{"id": 1, "o": 2}, {"id": 3}]\')\n'
        "try: print(len(json.loads(e.eval_rule_as_json('data.a.r'))))\n"
        "except RuntimeError: print('error')\n"
    )
    assert made.stdout.strip() in {"0", "1", "error"}  # 1 is what OPA says
    assert set(run(tmp_path, NOTHING_LOADS["undefined in a rule's head"]).statuses.values()) == {
        "error"
    }


def test_fact_2_globs_differ_between_engines_so_the_lint_refuses_them(tmp_path: Path) -> None:
    made = run(tmp_path, NOTHING_LOADS["glob.match, on which engines differ"])
    assert "glob.match is not allowed" in made.problems


def test_fact_3_a_policy_can_end_its_process_so_it_never_runs_in_ours(tmp_path: Path) -> None:
    made = probe(
        "e.add_policy('a', '''package a\n\nf(x) := f(x + 1)\n\nr := f(1)\n''')\n"
        "e.eval_rule_as_json('data.a.r')\n"
    )
    assert made.returncode != 0
    policy = rego.policy(
        tmp_path, "f(x) := f(x + 1)\n\ndecisions[i] := d if {\n\ti := 1\n\td := f(1)\n}"
    )
    with embedded.open_engine(workers=1) as engine:
        assert engine.evaluate(policy, b"{}").error == "the policy failed: crashed the engine"


def test_fact_4_builtin_errors_raise_and_are_not_undefined(tmp_path: Path) -> None:
    policy = rego.policy(
        tmp_path, 'decisions[i] := d if {\n\ti := "x"\n\td := startswith(1, "a")\n}'
    )
    with embedded.open_engine(workers=1) as engine:
        answer = engine.evaluate(policy, b"{}")
    assert answer.error is not None
    assert answer.decisions == {}


def test_fact_5_what_is_undefined_gives_no_decision_and_the_host_sees_it(tmp_path: Path) -> None:
    made = run(tmp_path, guarded("key.labels[key.name] > 90"))
    assert made.statuses[ODD] == "error"
    assert made.reasons[ODD] == "the policy gave no verdict"


def test_fact_6_subjects_are_asked_about_in_chunks_and_a_chunk_changes_nothing(
    tmp_path: Path,
) -> None:
    pack = policyset.make([rego.policy(tmp_path, rego.SOUND)])
    with embedded.open_engine(workers=1) as engine:
        limits = parameters.load(pack.policies)
        one, other = (evaluate(WHOLE, pack, limits, engine, chunk=n) for n in (3, 1000))
    assert one == other


def test_fact_7_times_and_networks_are_decided_by_the_embedded_engine_itself(
    tmp_path: Path,
) -> None:
    """Another engine in Python left every ``net.cidr_*`` undefined: no finding at all."""
    body = """\
decisions[id] := d if {
	some key in input.subjects
	id := key.id
	inside := net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")
	d := {"status": {true: "fail", false: "pass"}[inside], "evidence": {"age": 1}}
}
"""
    policy = rego.policy(tmp_path, body)
    with embedded.open_engine(workers=1) as engine:
        answer = engine.evaluate(policy, b'{"subjects": [{"id": "x"}]}')
    assert json.loads(bytes(answer.decisions["x"]))["status"] == "fail"


# the guards of the host, by name


def test_guard_1_one_missing_verdict_is_an_error(tmp_path: Path) -> None:
    made = run(tmp_path, guarded('key.name == "never"'))
    assert {name for name, status in made.statuses.items() if status == "error"} == {ODD}


def test_guard_2_a_pass_without_evidence_is_an_error(tmp_path: Path) -> None:
    body = PATCHED('"evidence": {"age": key.created_at_age_days}', '"evidence": {}')
    assert set(run(tmp_path, body).statuses.values()) == {"error"}


def test_guard_3_a_record_that_does_not_fit_its_schema_reaches_no_policy(tmp_path: Path) -> None:
    bad = records.key("K07", name=7)
    keys = (*KEYS[:7], bad, *KEYS[8:])
    facts = records.facts(keys=keys, sources=WHOLE.sources)
    made = run(tmp_path, rego.SOUND, facts)
    assert made.statuses[bad.record_id] == "error"
    assert "than its schema says: name" in str(made.reasons[bad.record_id])
    assert made.code == ExitCode.INCOMPLETE


@pytest.mark.parametrize("days", [-200, 10, 200])
def test_guard_3_a_time_is_decided_whenever_it_lies(days: int, tmp_path: Path) -> None:
    keys = tuple(
        records.key(f"K{n:02}", created_at=records.AS_OF - timedelta(days=days)) for n in range(20)
    )
    facts = records.facts(keys=keys, sources=WHOLE.sources)
    assert set(run(tmp_path, rego.SOUND, facts).statuses.values()) <= {"pass", "fail"}


def test_guard_4_the_lint_says_which_line(tmp_path: Path) -> None:
    made = run(tmp_path, NOTHING_LOADS["the clock"])
    assert "faulty.rego:" in made.problems
    assert "time.now_ns is not allowed" in made.problems


def test_guard_5_the_examples_decide_on_the_real_engine_first(tmp_path: Path) -> None:
    made = run(tmp_path, NEVER_SOUND["a rule that never fires"])
    assert "example 'old' is pass, declared fail" in made.problems


def test_guard_6_a_broken_policy_costs_no_other(tmp_path: Path) -> None:
    """An unsafe variable breaks every policy that shares its engine; none does."""
    made = run(tmp_path, NOTHING_LOADS["an unsafe variable"])
    assert set(made.sound.values()) == {"pass", "fail"}
    assert "test.sound" not in made.problems


@pytest.mark.parametrize("fault", ["key.name + 1 == 2", "two(key) == 3", "key.labels[key.name].x"])
def test_guard_9_an_error_is_a_class_and_a_line(fault: str, tmp_path: Path) -> None:
    made = run(tmp_path, guarded(fault) + BOTH)
    reason = str(made.reasons[ODD])
    assert "odd" not in reason + made.problems
    assert "faulty.rego:" in reason or reason == "the policy gave no verdict"
