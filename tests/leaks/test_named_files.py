"""Files of which only the name says that they hold a secret: found wherever they lie, and only there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from tests.leaks.samples.template import ALPHABETS, letters, uuid
from tests.support.planted import plant
from tests.support.repository import Repo
from tests.support.run import keyproof

from keyproof.leaks.file_names import may_tell
from keyproof.leaks.file_places import is_at
from keyproof.leaks.named_files import hits_at
from keyproof.leaks.rules import RuleSet, load_rules

Make = Callable[[Random], str | bytes]


def _hex(size: int) -> Make:
    return lambda rng: plant(letters(rng, size, ALPHABETS["h"])) + "\n"


def _word(size: int, form: str = "{}\n") -> Make:
    return lambda rng: form.format(plant(letters(rng, size)))


def _encrypted_der(_: Random) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = BestAvailableEncryption(b"a passphrase")
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, locked)


def _openpgp(rng: Random) -> bytes:
    return b"\x95\x03\xbe\x04\x65\x01\x02\x03\x01\x08\x00" + rng.randbytes(940)


def _bks(rng: Random) -> bytes:
    head = bytes.fromhex("0000000200000014") + rng.randbytes(20) + bytes.fromhex("000007c204")
    return head + b"\0\3app\0\0\1\x8f" + rng.randbytes(4) + bytes(4) + rng.randbytes(900)


FILES: dict[str, tuple[str, Make]] = {
    "rails.key_file": ("config/master.key", _hex(32)),
    "vault.token_file": (".vault-token", lambda rng: plant(uuid(rng))),
    "jenkins.master_key_file": ("home/secrets/master.key", _hex(256)),
    "jenkins.secret_key_file": ("home/secret.key", _hex(64)),
    "jenkins.wrapped_key_file": ("home/secrets/hudson.util.Secret", lambda rng: rng.randbytes(272)),
    "jenkins.initial_admin_password": ("secrets/initialAdminPassword", _hex(32)),
    "ansible.vault_password_file": ("infra/.vault_pass.txt", _word(24)),
    "openvpn.password_file": ("vpn/auth.txt", _word(16, "annabel\n{}\n")),
    "unix_password.htpasswd_des": (".htpasswd", _word(13, "annabel:{}\n")),
    "private_key.gnupg_file": ("keys/secring.gpg", _openpgp),
    "private_key.encrypted_der_file": ("keys/tls.pk8", _encrypted_der),
    "private_key.bouncy_castle_file": ("app/release.bks", _bks),
    "erlang.cookie_file": (
        ".erlang.cookie",
        lambda rng: plant(letters(rng, 20, "ABCDEFGHJKLMNOPQRSTUVWXYZ")),
    ),
    "s3fs.password_file": ("etc/passwd-s3fs", _word(40, "bucket:AKEYID0123456789:{}\n")),
    "ppp.secrets_file": ("ppp/chap-secrets", _word(14, '"vpn" "*" "{}" "*"\n')),
    "rsync.secrets_file": ("rsyncd.secrets", _word(14, "backup:{}\n")),
    "generic.password_file": ("secrets/db_password.txt", _word(18)),
    "generic.token_file": ("secrets/deploy-token", _word(40)),
}
"""A file of every detector of named files."""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    return load_rules(tmp_path_factory.mktemp("rules"))


def _content(detector: str) -> bytes:
    made = FILES[detector][1](Random(detector))
    return made.encode() if isinstance(made, str) else made


def test_every_detector_of_named_files_is_shown_here(rules: RuleSet) -> None:
    assert {rule.id for rule in rules.detectors if rule.files} == FILES.keys()


def test_no_place_is_passed_over_by_who_looks_at_names_first(rules: RuleSet) -> None:
    for rule in rules.detectors:
        for place in rule.files:
            name = place.rpartition("/")[2].replace("*", "x").encode()
            assert may_tell(b"folder/" + name), place


@pytest.mark.parametrize("detector", FILES)
def test_what_a_file_holds_is_told_by_where_it_lies(rules: RuleSet, detector: str) -> None:
    data = _content(detector)
    for folder in (b"", b"deep/folder/"):
        hits = hits_at(rules, folder + FILES[detector][0].encode(), data)
        assert [hit.detector for hit in hits] == [detector]
    assert not hits_at(rules, b"notes/readme.md", data)
    assert not hits_at(rules, FILES[detector][0].encode() + b".md", data)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("config/master.key", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"),
        ("config/master.key", "<%= ENV['RAILS_MASTER_KEY'] %>\n"),
        ("lib/master.key", "0" * 32),
        (".vault_pass", "#!/bin/sh\npass show ansible/vault\n"),
        (".vault_pass", "changeme\n"),
        ("vault_pass.txt", "$ANSIBLE_VAULT;1.1;AES256\n"),
        ("auth.txt", "How to sign in\nand out again\n"),
        ("auth.txt", "user\npassword\n"),
        (".htpasswd", "# one user a line\n"),
        ("chap-secrets", "# client server secret addresses\n"),
        ("rsyncd.secrets", "backup:password\n"),
        (".erlang.cookie", "secret\n"),
        ("app/forgot_password", "templates/forgot_password.html\n"),
        ("secrets/db_password.txt", "change-me-please\n"),
        ("secrets/token", "${DEPLOY_TOKEN}\n"),
        ("i18n/password", "Your password has been changed\n"),
        ("keys/apt.gpg", "\x99\x01\x0d\x04" + "k" * 300),
    ],
)
def test_what_is_none_stays_none_there(rules: RuleSet, path: str, text: str) -> None:
    assert not hits_at(rules, path.encode(), text.encode("latin-1"))


def test_a_place_is_the_end_of_a_path() -> None:
    assert is_at(b"a/config/credentials/live.key", ["config/credentials/*.key"])
    assert not is_at(b"config/credentials/old/live.key", ["config/credentials/*.key"])
    assert not is_at(b"a/myconfig/master.key", ["config/master.key"])


def _found(ran_out: str) -> set[tuple[str, str]]:
    rows = [json.loads(line) for line in ran_out.splitlines()]
    return {(row["detector"], row["path"]) for row in rows}


def test_they_are_found_in_folders_and_anywhere_in_a_history(planted: Path, home: Path) -> None:
    repo = Repo(planted / "repo", home)
    for detector, (path, _) in FILES.items():
        repo.write(path, _content(detector))
    expected = {(detector, path) for detector, (path, _) in FILES.items()}
    plain = keyproof(
        "leaks", "--no-git", str(repo.path), "--format", "jsonl", cwd=planted, home=home
    )
    assert {one for one in _found(plain.out) if not one[1].startswith(".git/")} == expected
    repo.commit()
    repo.git("rm", "-q", "-r", ".")
    repo.commit("gone")
    ran = keyproof("leaks", str(repo.path), "--format", "jsonl", cwd=planted, home=home)
    assert _found(ran.out) == expected


def test_the_same_content_elsewhere_is_told_by_its_name_alone(planted: Path, home: Path) -> None:
    repo = Repo(planted / "repo", home)
    key = _content("rails.key_file")
    repo.write("checksums/app.txt", key)
    repo.write("lib/master.key", key)
    repo.commit()
    leaks = ("leaks", str(repo.path), "--format", "jsonl")
    assert _found(keyproof(*leaks, cwd=planted, home=home).out) == set()
    repo.git("mv", "checksums", "config")
    repo.git("mv", "config/app.txt", "config/master.key")
    repo.git("commit", "-q", "-m", "the blob is an old one")
    expected = {("rails.key_file", "config/master.key")}
    assert _found(keyproof(*leaks, cwd=planted, home=home).out) == expected


def test_a_range_and_the_index_tell_what_they_add(planted: Path, home: Path) -> None:
    repo = Repo(planted / "repo", home)
    repo.write("config/master.key", _content("rails.key_file"))
    first = repo.commit()
    repo.write("config/other.txt", "x\n")
    repo.write("secrets/deploy-token", _content("generic.token_file"))
    leaks = ("leaks", str(repo.path), "--format", "jsonl")
    expected = {("generic.token_file", "secrets/deploy-token")}
    repo.git("add", "-A")
    assert _found(keyproof(*leaks, "--staged", cwd=planted, home=home).out) == expected
    repo.commit()
    ran = keyproof(*leaks, "--range", f"{first}..HEAD", cwd=planted, home=home)
    assert _found(ran.out) == expected


def test_a_files_name_takes_nothing_from_what_is_sure(planted: Path, home: Path) -> None:
    repo = Repo(planted / "repo", home)
    for number in range(8):
        value = plant(f"glpat-{letters(Random(number), 20)}")
        repo.write(f"keys/{number}.secret", value)
        repo.write(f"plain/{number}.txt", value)
    repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(planted / "bare.git"))
    done = keyproof("leaks", str(planted / "bare.git"), "--format", "jsonl", cwd=planted, home=home)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["detector"] for row in rows] == ["gitlab.pat"] * 16


def test_a_damaged_one_costs_the_others_nothing(planted: Path, home: Path) -> None:
    repo = Repo(planted / "repo", planted / "git-home")
    repo.write("config/master.key", _content("rails.key_file"))
    for number in range(3):
        repo.write(f"{number}.key", f"damaged {number}\n")
    repo.commit("first")
    oid = repo.git("rev-parse", "HEAD:1.key").strip()
    loose = repo.path / ".git" / "objects" / oid[:2] / oid[2:]
    loose.chmod(0o600)
    loose.write_bytes(loose.read_bytes()[:-6])
    for number in range(3):
        (repo.path / f"{number}.key").unlink()
    ran = keyproof("leaks", "--format", "jsonl", cwd=repo.path, home=home)
    assert ("rails.key_file", "config/master.key") in _found(ran.out)
    assert f"1 object cannot be read: damaged: {oid}" in ran.err
