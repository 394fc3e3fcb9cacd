"""An approval is verified by the approver's signature under the commit that wrote the entry."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.needs import tool
from tests.support.repository import Repo
from tests.support.run import keyproof

from keyproof.app.approvals import approvals
from keyproof.model.waiver import Approval

ENTRY = """\
  - id: W-1
    policy: keys.owner
    subject: AKIA1
    labels: {team: shop}
    reason: vendor rotates it in January
    requester: ada@example.org
    approver: Grace <grace@example.org>
    created: 2026-10-01
    expires: 2027-01-31
"""
OTHER = ENTRY.replace("W-1", "W-2").replace("AKIA1", "AKIA2")
HEAD = "version: 1\nwaivers:\n"


class Team(NamedTuple):
    """A repository, and the keys of two people."""

    repository: Repo
    signers: Path
    keys: Path

    @property
    def file(self) -> Path:
        return self.repository.path / "waivers.yaml"

    def write(self, text: str, signer: str | None = None) -> str:
        """Write the file and commit it, signed by somebody or by nobody."""
        self.repository.write("waivers.yaml", text)
        return self.commit(signer)

    def commit(self, signer: str | None = None) -> str:
        settings = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={self.keys / str(signer)}"]
        self.repository.git("add", "-A")
        self.repository.git(*settings, "commit", "-qm", "x", *(["-S"] if signer else []))
        return self.repository.git("rev-parse", "HEAD")

    def approval(self, name: str = "W-1") -> Approval:
        return approvals(self.file, self.signers, self.repository.environment)[name]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a key each of grace, ada and a stranger."""
    folder = tmp_path_factory.mktemp("people") / "planted"
    folder.mkdir()
    keygen = tool("ssh-keygen")
    for name in ("grace", "ada", "stranger"):
        path = str(folder / name)
        command = [keygen, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]
        subprocess.run(command, check=True)
    return folder


@pytest.fixture
def team(people: Path, tmp_path: Path) -> Team:
    signers = tmp_path / "signers"
    known = ((name, (people / f"{name}.pub").read_text()) for name in ("grace", "ada"))
    signers.write_text("".join(f"{name}@example.org {public}" for name, public in known))
    return Team(Repo(tmp_path / "shop", tmp_path / "home"), signers, people)


def test_the_approvers_signature_verifies(team: Team) -> None:
    commit = team.write(HEAD + ENTRY, "grace")
    basis = f"commit {commit[:12]}, signed by grace@example.org"
    assert team.approval() == Approval(state="verified", basis=basis)


@pytest.mark.parametrize(
    ("signer", "said"),
    [
        (None, "it is not signed"),
        ("ada", "signed by ada@example.org"),
        ("stranger", "nobody vouches for the key"),
    ],
)
def test_another_signature_or_none_is_declared(signer: str | None, said: str, team: Team) -> None:
    team.write(HEAD + ENTRY, signer)
    found = team.approval()
    assert found.state == "declared"
    assert said in found.basis


def test_what_is_changed_afterwards_is_not_approved(team: Team) -> None:
    team.write(HEAD + ENTRY, "grace")
    team.write(HEAD + ENTRY.replace("AKIA1", "AKIA9"))
    assert "it is not signed" in team.approval().basis


def test_a_line_that_is_taken_away_afterwards_voids_the_approval(team: Team) -> None:
    team.write(HEAD + ENTRY, "grace")
    team.write(HEAD + ENTRY.replace("    labels: {team: shop}\n", ""))
    assert team.approval().state == "declared"


def test_what_others_write_beside_it_leaves_it_approved(team: Team) -> None:
    team.write(HEAD + ENTRY, "grace")
    team.write(HEAD + "# a remark\n" + OTHER + ENTRY)
    assert team.approval().state == "verified"
    assert team.approval("W-2").state == "declared"


def test_an_approval_that_was_withdrawn_is_not_revived_by_somebody_else(team: Team) -> None:
    team.write(HEAD + ENTRY, "grace")
    team.write("version: 1\nwaivers: []\n", "grace")
    team.write(HEAD + ENTRY)
    assert "it is not signed" in team.approval().basis


def test_what_is_not_committed_is_declared(team: Team) -> None:
    team.write(HEAD + ENTRY, "grace")
    team.file.write_text(HEAD + ENTRY.replace("2027-01-31", "2036-01-31"))
    assert "not committed as it stands" in team.approval().basis


def test_an_approval_on_a_branch_counts_after_the_merge(team: Team) -> None:
    git = team.repository.git
    team.write(HEAD + OTHER)
    git("checkout", "-qb", "ask")
    team.write(HEAD + OTHER + ENTRY, "grace")
    git("checkout", "-q", "main")
    team.repository.write("readme", "x")
    team.commit()
    git("merge", "-q", "--no-ff", "-m", "merge", "ask")
    assert team.approval().state == "verified"


def test_a_merge_that_writes_an_entry_itself_is_its_author(team: Team) -> None:
    git = team.repository.git
    team.write(HEAD + OTHER)
    git("checkout", "-qb", "ask")
    team.write(HEAD + OTHER + ENTRY, "grace")
    git("checkout", "-q", "main")
    team.repository.write("readme", "x")
    team.commit()
    git("merge", "-q", "--no-ff", "--no-commit", "ask")
    team.write(HEAD + OTHER + ENTRY.replace("AKIA1", "AKIA9"))
    assert "it is not signed" in team.approval().basis


def test_the_boundary_of_a_shallow_clone_approves_nothing(team: Team, tmp_path: Path) -> None:
    team.write(HEAD + ENTRY)
    team.write(HEAD + ENTRY + OTHER, "grace")
    shallow = tmp_path / "shallow"
    team.repository.git("clone", "-q", "--depth=1", f"file://{team.repository.path}", str(shallow))
    found = approvals(shallow / "waivers.yaml", team.signers, team.repository.environment)
    assert found["W-1"].state == "declared"


def test_the_repository_does_not_choose_who_is_believed(team: Team, tmp_path: Path) -> None:
    team.write(HEAD + ENTRY, "stranger")
    own = tmp_path / "own-signers"
    own.write_text(f"grace@example.org {(team.keys / 'stranger.pub').read_text()}")
    fake = tmp_path / "fake"
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\necho 'Good \"git\" signature'\n")
    fake.chmod(0o755)
    team.repository.git("config", "gpg.ssh.allowedSignersFile", str(own))
    team.repository.git("config", "gpg.ssh.program", str(fake))
    assert team.approval().state == "declared"
    assert not (tmp_path / "ran").exists()


def test_the_users_own_configuration_names_signers_too(team: Team, tmp_path: Path) -> None:
    team.write(HEAD + ENTRY, "grace")
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[gpg "ssh"]\n\tallowedSignersFile = {team.signers}\n')
    environment = team.repository.environment | {"GIT_CONFIG_GLOBAL": str(settings)}
    assert approvals(team.file, None, environment)["W-1"].state == "verified"
    assert approvals(team.file, None, team.repository.environment)["W-1"].state == "declared"


def test_without_a_repository_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "waivers.yaml").write_text(HEAD + ENTRY)
    found = approvals(tmp_path / "waivers.yaml", None, {"HOME": str(tmp_path), "PATH": "/usr/bin"})
    assert {one.state for one in found.values()} <= {"declared"}


def test_a_scan_prints_who_proved_what_and_judges_every_waiver(team: Team, tmp_path: Path) -> None:
    pytest.importorskip("regorus")
    pair = HEAD + ENTRY.replace("    labels: {team: shop}\n", "")
    endless = OTHER.replace("    labels: {team: shop}\n", "").replace("2027-01", "2036-01")
    alone = endless.replace("W-2", "W-3").replace("Grace <grace@example.org>", "ada@example.org")
    team.write(pair + endless + alone, "grace")
    folder = team.repository.path
    (folder / "keyproof.yaml").write_text(
        f"sources: {{x: {{connector: file, path: keys.csv}}}}\nwaivers: waivers.yaml\n"
        f"waiver_signers: {team.signers}\n"
    )
    (folder / "keys.csv").write_text(
        "issuer_type,issuer_instance,native_id,status,credential_type\n"
        "x,y,AKIA1,active,api_token\nx,y,AKIA3,active,api_token\n"
    )
    ran = keyproof("scan", "--format", "json", cwd=folder, home=tmp_path / "home")
    assert ran.code == 1, ran.err
    report = json.loads(ran.out)
    owner = {
        f["subject"]["name"]: f for f in report["findings"] if f["policy"] == "keys.owner"
    }  # fmt: skip
    assert owner["AKIA1"]["waiver"]["approval"] == "verified"
    assert "signed by grace@example.org" in owner["AKIA1"]["waiver"]["approval_basis"]
    assert owner["AKIA3"]["status"] == "fail"
    told = {
        (f["policy"], f["subject"]["name"].split()[0]): f["status"]
        for f in report["findings"]
        if f["policy"].startswith("waivers.")
    }
    assert told["waivers.approval", "W-1"] == "pass"
    assert told["waivers.unused", "W-1"] == "pass"
    assert told["waivers.unused", "W-2"] == "fail"
    assert told["waivers.lifetime", "W-2"] == "fail"
    assert told["waivers.lifetime", "W-1"] == "pass"
    assert told["waivers.approval", "W-3"] == "fail"
    assert told["waivers.expired", "W-1"] == "pass"
    again = keyproof("scan", "--format", "json", cwd=folder, home=tmp_path / "home")
    assert again.code == 1
