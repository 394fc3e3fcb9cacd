"""A fault anywhere ends in a Gap, ``unknown`` or ``error`` that nobody can overlook: it stands in the
table, in JSON, in HTML and in the exit code, and nothing else of the run is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.aws import Aws, moto_aws
from tests.support.planted import github_pat
from tests.support.repository import Repo
from tests.support.run import Ran, keyproof

CSV = (
    "issuer_type,issuer_instance,native_id,status,credential_type,owner,created_at,expiry_state\n"
    "kong,gateway,gw-1,active,api_token,web,2026-11-01,never\n"
    "kong,gateway,gw-2,active,api_token,web,,never\n"
)

RECURSES = """\
# METADATA
# title: This policy never ends
# description: It calls itself.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: key
#   needs: [created_at]
#   message: "never"
#   remediation: None.
#   examples:
#     - {title: a, status: pass, subject: {}}
#     - {title: b, status: fail, subject: {}}
#     - {title: c, status: unknown, subject: {}}
#     - {title: d, status: unknown, subject: {missing_fields: [created_at]}}
package keyproof.keys.endless

f(x) := f(x + 1)

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := {"status": f(1)}
}
"""


class Outcome(NamedTuple):
    """One run in every form in which somebody may read it."""

    ran: Ran
    scan: dict[str, Any]
    html: str


class Desk:
    """A folder with settings, a repository, an inventory file and an AWS account."""

    def __init__(self, folder: Path, planted: Path, home: Path, aws: Aws | None = None) -> None:
        self.folder, self.home, self.aws = folder, home, aws
        self.repository = Repo(planted / "shop", home)
        self.repository.write("app.py", f'TOKEN = "{github_pat("faults")}"\n')
        self.repository.commit("leak")
        (folder / "keys.csv").write_text(CSV)
        sources = f"  shop: {{connector: git, path: {planted / 'shop'}}}\n"
        sources += "  keys: {connector: file, path: keys.csv}\n"
        if aws:
            aws.user("ada", keys=1, owner="ada")
            sources += "  aws: {connector: aws_iam}\n"
        self.settings = folder / "keyproof.yaml"
        self.settings.write_text(f"sources:\n{sources}store: keyproof.db\n")

    def scan(self, *flags: str) -> Outcome:
        environment = dict(self.aws.environment) if self.aws else {}
        ran = keyproof(
            "scan", "--save", "run.json", *flags, cwd=self.folder, home=self.home, env=environment
        )
        assert (self.folder / "run.json").exists(), ran.err
        for output in ("scan.json", "report.html"):
            made = keyproof(
                "report", "--run", "run.json", "-o", output, cwd=self.folder, home=self.home
            )
            assert made.code == 0, made.err
        scan = json.loads((self.folder / "scan.json").read_text())
        return Outcome(ran, scan, (self.folder / "report.html").read_text())


def the_rest_is_there(outcome: Outcome) -> None:
    """The leak in git was found, and the first key of the CSV was decided."""
    verdicts = {(f["policy"], f["status"]) for f in outcome.scan["findings"]}
    assert ("leaks.secret_in_history", "fail") in verdicts
    assert ("keys.max_age", "pass") in verdicts


@pytest.fixture
def desk(tmp_path: Path, planted: Path, home: Path) -> Desk:
    return Desk(tmp_path, planted, home)


@pytest.fixture
def cloud(tmp_path: Path, planted: Path, home: Path) -> Iterator[Desk]:
    with moto_aws(page_limit=2) as aws:
        yield Desk(tmp_path, planted, home, aws)


def test_nothing_wrong_with_the_reading_gives_findings_alone(cloud: Desk) -> None:
    outcome = cloud.scan()
    assert outcome.scan["gaps"] == []
    assert outcome.ran.code == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda faults: faults.deny("iam:ListAccessKeys"), "access_denied"),
        (lambda faults: faults.throttle("iam:ListAccessKeys"), "throttled"),
        (
            lambda faults: faults.replace(
                "iam:GetAccountAuthorizationDetails", b"<IsTruncated>false", b"<IsTruncated>true"
            ),
            "truncated",
        ),
    ],
    ids=["403", "throttle", "truncated page"],
)
def test_an_aws_call_that_fails(cloud: Desk, fault: Any, reason: str) -> None:
    assert cloud.aws
    fault(cloud.aws.faults)
    outcome = cloud.scan("--fail-on", "critical")
    gaps = [gap for gap in outcome.scan["gaps"] if gap["source"] == "aws"]
    assert reason in {gap["reason"] for gap in gaps}
    assert outcome.ran.code == 4
    call = next(gap["call"] for gap in gaps if gap["reason"] == reason)
    assert call in outcome.ran.out
    assert call in outcome.html
    the_rest_is_there(outcome)


def test_an_export_that_wrote_nothing_is_a_gap(desk: Desk) -> None:
    (desk.folder / "keys.csv").write_text("")
    outcome = desk.scan("--fail-on", "critical")
    (gap,) = outcome.scan["gaps"]
    assert (gap["source"], gap["detail"]) == ("keys", "the file is empty")
    assert outcome.ran.code == 4
    assert "the file is empty" in outcome.html


def test_a_policy_with_a_syntax_error_stops_the_run_with_its_place(desk: Desk) -> None:
    folder = desk.folder / "mine" / "keys"
    folder.mkdir(parents=True)
    (folder / "endless.rego").write_text(RECURSES.replace("f(1)}", "f(1)"))
    with desk.settings.open("a") as handle:
        handle.write("policies: {folders: [mine]}\n")
    ran = keyproof("policies", "check", "mine", cwd=desk.folder, home=desk.home)
    assert ran.code == 2
    assert "endless.rego:" in ran.out + ran.err


@pytest.mark.parametrize("broken", ["recursion", "syntax"])
def test_a_policy_that_cannot_run_costs_itself_alone(desk: Desk, broken: str) -> None:
    folder = desk.folder / "mine" / "keys"
    folder.mkdir(parents=True)
    text = RECURSES if broken == "recursion" else RECURSES.replace("f(1)}", "f(1)")
    (folder / "endless.rego").write_text(text)
    with desk.settings.open("a") as handle:
        handle.write("policies: {folders: [mine]}\n")
    outcome = desk.scan("--fail-on", "critical")
    of_it = {f["status"] for f in outcome.scan["findings"] if f["policy"] == "keys.endless"}
    assert of_it == {"error"}
    assert outcome.ran.code == 4
    assert "keys.endless" in outcome.ran.out
    assert "keys.endless" in outcome.html
    the_rest_is_there(outcome)


def test_a_record_without_a_creation_date_is_unknown_not_pass(desk: Desk) -> None:
    outcome = desk.scan("--fail-on", "critical")
    status = {
        f["subject"]["name"]: f["status"]
        for f in outcome.scan["findings"]
        if f["policy"] == "keys.max_age"
    }
    assert sorted(status.values()) == ["pass", "unknown"]
    assert "UNKNOWN" in outcome.ran.out
    assert "unknown" in outcome.html.lower()
    assert outcome.ran.code == 0
    assert desk.scan("--fail-on", "critical", "--strict").ran.code == 4


def test_a_source_that_fails_whole_is_a_gap_and_resolves_nothing(desk: Desk) -> None:
    before = desk.scan()
    assert before.ran.code == 1
    (desk.folder / "keys.csv").unlink()
    after = desk.scan("--fail-on", "critical")
    assert [gap["source"] for gap in after.scan["gaps"]] == ["keys"]
    assert after.ran.code == 4
    assert desk.scan("--fail-on", "critical", "--allow-incomplete").ran.code == 0


def test_findings_win_over_a_gap_and_the_output_says_both(desk: Desk) -> None:
    (desk.folder / "keys.csv").unlink()
    outcome = desk.scan()
    assert outcome.ran.code == 1
    assert "keys" in {gap["source"] for gap in outcome.scan["gaps"]}
    assert desk.scan("--exit-zero").ran.code == 4
