"""Signed packs: OPA accepts what keyproof signs and the reverse; every kind of tampering is refused."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import rego
from tests.support.needs import tool
from tests.support.planted import plant
from tests.support.run import Ran
from tests.support.run import keyproof as run_keyproof

from keyproof.errors import PolicyError
from keyproof.pipeline.bundle_files import SIGNATURES, read_bundle, render_archive, write_folder
from keyproof.pipeline.bundle_keys import key_file, shared_secret
from keyproof.pipeline.bundle_signature import sign, verify

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def keyproof(*arguments: str, cwd: Path, env: Mapping[str, str] = {}) -> Ran:
    return run_keyproof(*arguments, cwd=cwd, home=cwd / "home", env=env)


class Pair(NamedTuple):
    """The files of a key: private, public."""

    private: Path
    public: Path


MAKERS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def pair(folder: Path, key: Any) -> Pair:
    (folder / "planted").mkdir(parents=True, exist_ok=True)
    made = Pair(folder / "planted" / "key.pem", folder / "public.pem")
    made.private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    made.public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return made


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    return {name: pair(tmp_path_factory.mktemp(name), make()) for name, make in MAKERS.items()}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    rego.write(folder, rego.module())
    (folder / ".manifest").write_text('{"revision": "7", "roots": ["keyproof"]}')
    (folder / "README.md").write_text("# Ours\n")
    return folder


def opa_serves(bundle: Path, key: Path, algorithm: str) -> tuple[bool, str]:
    """Build from the bundle with OPA, which verifies it first."""
    done = subprocess.run(
        [tool("opa"), "build", "--bundle", str(bundle), f"--verification-key={key}",
         f"--signing-alg={algorithm}", "--output", str(bundle.with_name("rebuilt.tar.gz"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("algorithm", MAKERS)
def test_opa_accepts_a_bundle_that_keyproof_signed(
    algorithm: str, keys: dict[str, Pair], pack: Path, tmp_path: Path
) -> None:
    out = tmp_path / "ours.tar.gz"
    made = keyproof(
        "policies", "bundle", str(pack), "-o", str(out),
        "--signing-key", str(keys[algorithm].private), cwd=tmp_path,
    )  # fmt: skip
    assert made.code == 0, made.err
    assert opa_serves(out, keys[algorithm].public, algorithm) == (True, "")
    other = pair(tmp_path, MAKERS[algorithm]())
    accepted, why = opa_serves(out, other.public, algorithm)
    assert not accepted
    assert "verify" in why


@pytest.mark.parametrize("algorithm", MAKERS)
def test_keyproof_accepts_a_bundle_that_opa_signed(
    algorithm: str, keys: dict[str, Pair], pack: Path, tmp_path: Path
) -> None:
    def opa_signs(*arguments: str, cwd: Path) -> None:
        command = [tool("opa"), "sign", "--signing-alg", algorithm, *arguments]
        key = ["--signing-key", str(keys[algorithm].private)]
        subprocess.run([*command, *key], cwd=cwd, check=True, capture_output=True)

    for arguments, cwd in (
        (("--bundle", "."), pack),
        (("--bundle", "pack", "-o", "pack"), tmp_path),
    ):
        opa_signs(*arguments, cwd=cwd)
        ran = keyproof(
            "policies", "verify", str(pack), "--verification-key", str(keys[algorithm].public),
            cwd=tmp_path,
        )  # fmt: skip
        assert (ran.code, ran.err) == (0, "")
        assert f"3 files, signed ({algorithm}) and unedited" in ran.out


def test_a_shared_secret_signs_for_opa_and_keyproof(pack: Path, tmp_path: Path) -> None:
    secret = plant("bundle secret of the organisation, long enough")
    environment = {"KEYPROOF_BUNDLE_SECRET": secret}
    out = tmp_path / "ours.tar.gz"
    ran = keyproof("policies", "bundle", str(pack), "-o", str(out), cwd=tmp_path, env=environment)
    assert ran.code == 0, ran.err
    done = subprocess.run(
        [tool("opa"), "build", "--bundle", str(out), f"--verification-key={secret}",
         "--signing-alg=HS256", "--output", str(tmp_path / "rebuilt.tar.gz")],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    ran = keyproof("policies", "verify", str(out), cwd=tmp_path, env=environment)
    assert ran.code == 0
    wrong = {"KEYPROOF_BUNDLE_SECRET": plant("another secret that is long enough for HS256")}
    ran = keyproof("policies", "verify", str(out), cwd=tmp_path, env=wrong)
    assert ran.code == 2
    assert "the signature is not by this key" in ran.err


HMAC = shared_secret("a key of these tests, 32 bytes long")


def files(pack: Path) -> dict[str, bytes]:
    made = dict(read_bundle(pack))
    made[SIGNATURES] = sign(made, HMAC)
    return made


def resigned(made: dict[str, bytes], **changes: Any) -> None:
    """Sign other claims with the right key."""
    token = json.loads(made[SIGNATURES])["signatures"][0]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    made[SIGNATURES] = token_of(claims | changes)


def token_of(claims: Any, algorithm: str = "HS256") -> bytes:
    def packed(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    signed = f"{packed({'alg': algorithm})}.{packed(claims)}"
    signature = base64.urlsafe_b64encode(HMAC.sign(signed.encode())).rstrip(b"=").decode()
    return json.dumps({"signatures": [f"{signed}.{signature}"]}).encode()


def edit(made: dict[str, bytes]) -> None:
    made["test/age.rego"] += b"\n# edited\n"


def add(made: dict[str, bytes]) -> None:
    made["test/other.rego"] = b"package keyproof.test.other\n"


def remove(made: dict[str, bytes]) -> None:
    del made["test/age.rego"]


def rename(made: dict[str, bytes]) -> None:
    made["test/young.rego"] = made.pop("test/age.rego")


def manifest(made: dict[str, bytes]) -> None:
    made[".manifest"] = made[".manifest"].replace(b'"7"', b'"8"')


def unsign(made: dict[str, bytes]) -> None:
    del made[SIGNATURES]


def other_key(made: dict[str, bytes]) -> None:
    made[SIGNATURES] = sign(made, shared_secret("another key, also of 32 bytes or more"))


def no_algorithm(made: dict[str, bytes]) -> None:
    made[SIGNATURES] = token_of({"files": []}, "none")


def other_algorithm(made: dict[str, bytes]) -> None:
    made[SIGNATURES] = token_of({"files": []}, "RS256")


def flipped(made: dict[str, bytes]) -> None:
    token = json.loads(made[SIGNATURES])["signatures"][0]
    head, body, signature = token.split(".")
    turned = "A" if signature[0] != "A" else "B"
    broken = f"{head}.{body}.{turned}{signature[1:]}"
    made[SIGNATURES] = json.dumps({"signatures": [broken]}).encode()


def two_tokens(made: dict[str, bytes]) -> None:
    token = json.loads(made[SIGNATURES])["signatures"][0]
    made[SIGNATURES] = json.dumps({"signatures": [token, token]}).encode()


def weak_hash(made: dict[str, bytes]) -> None:
    resigned(made, files=[{"name": "x", "hash": "00", "algorithm": "MD5"}])


TAMPERING: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "a policy is edited": (edit, "'test/age.rego' was changed after the bundle was signed"),
    "a policy is added": (add, "'test/other.rego' was added after the bundle was signed"),
    "a policy is removed": (remove, "'test/age.rego' was signed and is missing"),
    "a policy is renamed": (rename, "'test/age.rego' was signed and is missing"),
    "the manifest is edited": (manifest, "'.manifest' was changed"),
    "the signature is removed": (unsign, "is not signed"),
    "the signature is another key's": (other_key, "the signature is not by this key"),
    "the signature is broken": (flipped, "the signature is not by this key"),
    "no algorithm": (no_algorithm, "another kind of key"),
    "another algorithm": (other_algorithm, "another kind of key"),
    "two signatures": (two_tokens, "does not hold one signature"),
    "no JSON": (lambda made: made.update({SIGNATURES: b"{"}), "does not hold one signature"),
    "no token": (
        lambda made: made.update({SIGNATURES: b'{"signatures": ["a.b"]}'}),
        "does not hold one signature",
    ),
    "a plugin": (
        lambda made: made.update({SIGNATURES: b'{"signatures": ["a.b.c"], "plugin": "x"}'}),
        "plugin",
    ),
    "a scope": (lambda made: resigned(made, scope="write"), "signed for a scope"),
    "a weak hash": (weak_hash, "weak hash"),
    "no files": (lambda made: resigned(made, files=[]), "was added"),
    "no list": (lambda made: resigned(made, files="x"), "does not hold one signature"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_refused_by_name(kind: str, pack: Path) -> None:
    made = files(pack)
    verify(made, HMAC, where="pack")
    tamper, sign_of_it = TAMPERING[kind]
    tamper(made)
    with pytest.raises(PolicyError) as caught:
        verify(made, HMAC, where="pack")
    assert sign_of_it in caught.value.message


def test_space_in_a_document_changes_nothing_and_in_a_text_does(pack: Path) -> None:
    made = files(pack)
    made[".manifest"] = b'{ "roots" : ["keyproof"],\n "revision": "7" }'
    verify(made, HMAC, where="pack")
    made["README.md"] += b" "
    with pytest.raises(PolicyError, match="README"):
        verify(made, HMAC, where="pack")


def member(name: str, **changes: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in changes.items():
        setattr(made, field, value)
    return made


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([member("../out.rego")], "no plain file"),
        ([member("a.rego", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "no plain file"),
        ([member("a.rego", type=tarfile.LNKTYPE, linkname="b")], "no plain file"),
        ([member("a", type=tarfile.CHRTYPE)], "no plain file"),
        ([member("a.rego"), member("./a.rego")], "twice"),
        ([member("a.rego"), member("/a.rego")], "twice"),
        ([], "empty"),
    ],
)
def test_an_archive_holds_plain_files_of_its_own(
    members: list[tarfile.TarInfo], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "planted" / "b.tar.gz"  # where the sweep does not unpack it
    path.parent.mkdir()
    with tarfile.open(path, mode="w:gz") as archive:
        for info in members:
            archive.addfile(info, io.BytesIO())
    with pytest.raises(PolicyError, match=why):
        read_bundle(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08half"])
def test_what_is_no_archive_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_bytes(content)
    with pytest.raises(PolicyError, match="cannot be read as a bundle"):
        read_bundle(tmp_path / "b.tar.gz")
    with pytest.raises(PolicyError, match="no such bundle"):
        read_bundle(tmp_path / "none.tar.gz")


def test_a_link_in_a_folder_is_refused(pack: Path) -> None:
    (pack / "test" / "link.rego").symlink_to("/etc/hostname")
    with pytest.raises(PolicyError, match="no plain file"):
        read_bundle(pack)


def test_a_bundle_is_the_same_bytes_whenever_it_is_made(pack: Path) -> None:
    made = files(pack)
    assert render_archive(made) == render_archive(dict(reversed(made.items())))


NAMES = st.text(alphabet="ab/", min_size=1, max_size=4).filter(
    lambda n: "//" not in n and not n.startswith("/") and not n.endswith("/")
)


@settings(max_examples=40, deadline=None)
@given(made=st.dictionaries(NAMES, st.binary(max_size=9), min_size=1, max_size=4))
def test_what_is_signed_verifies_and_a_changed_byte_does_not(made: dict[str, bytes]) -> None:
    signed = made | {SIGNATURES: sign(made, HMAC)}
    verify(signed, HMAC, where="x")
    name = next(iter(made))
    with pytest.raises(PolicyError):
        verify(signed | {name: made[name] + b"x"}, HMAC, where="x")


@pytest.mark.parametrize(
    "text", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_a_file_that_is_no_key_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        key_file(path, private=False)
    assert "public key in PEM" in caught.value.message
    with pytest.raises(PolicyError):
        key_file(tmp_path / "none.pem", private=True)


def test_weak_keys_are_refused(tmp_path: Path) -> None:
    weak = (
        pair(tmp_path / "a", rsa.generate_private_key(65537, 1024)),  # noqa: S505
        pair(tmp_path / "b", ec.generate_private_key(ec.SECP384R1())),
    )
    for made in weak:
        with pytest.raises(PolicyError):
            key_file(made.private, private=True)
    with pytest.raises(PolicyError, match="32 bytes"):
        shared_secret("short")


def project(folder: Path, settings_text: str) -> None:
    (folder / "keyproof.yaml").write_text(f"version: 1\n{settings_text}")
    row = "issuer_type,issuer_instance,native_id,status,credential_type,created_at\n"
    (folder / "keys.csv").write_text(row + "x,y,K1,active,api_token,2020-01-01T00:00:00Z\n")


def test_an_organisation_runs_its_own_signed_pack_and_nothing_else(
    keys: dict[str, Pair], pack: Path, tmp_path: Path
) -> None:
    """The whole way: bundle, settings, scan; then somebody edits one policy."""
    pytest.importorskip("regorus")
    private, public = keys["ES256"]
    (pack / ".manifest").unlink()  # the command writes one
    bundle = tmp_path / "ours.tar.gz"
    keyproof(
        "policies", "bundle", str(pack), "-o", str(bundle), "--signing-key", str(private),
        cwd=tmp_path,
    )  # fmt: skip
    assert bundle.exists()
    project(tmp_path, f"policies: {{bundle: ours.tar.gz, verification_key: {public}}}\n")
    listed = keyproof("policies", "list", cwd=tmp_path)
    assert listed.code == 0, listed.err
    assert [line.split()[0] for line in listed.out.splitlines()] == ["test.age"]
    scan = ("scan", "--file", "keys.csv", "--no-store", "--format", "json")
    ran = keyproof(*scan, cwd=tmp_path)
    assert ran.code == 1, ran.err
    assert {finding["policy"] for finding in json.loads(ran.out)["findings"]} == {"test.age"}
    made = dict(read_bundle(bundle))
    made["test/age.rego"] = made["test/age.rego"].replace(b'"fail"', b'"pass"')
    bundle.write_bytes(render_archive(made))
    ran = keyproof(*scan, cwd=tmp_path)
    assert ran.code == 2
    assert ran.out == ""
    assert "'test/age.rego' was changed after the bundle was signed" in ran.err


def test_where_signatures_are_demanded_folders_need_them_too(
    keys: dict[str, Pair], pack: Path, tmp_path: Path
) -> None:
    private, public = keys["EdDSA"]
    project(tmp_path, f"policies: {{folders: [pack], verification_key: {public}}}\n")
    ran = keyproof("policies", "list", cwd=tmp_path)
    assert ran.code == 2
    assert "is not signed" in ran.err
    ran = keyproof("policies", "sign", "pack", "--signing-key", str(private), cwd=tmp_path)
    assert ran.code == 0, ran.err
    ran = keyproof("policies", "list", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "test.age" in ran.out
    rego.write(pack, rego.module(policy_id="test.more"), "test.more")
    ran = keyproof("policies", "list", cwd=tmp_path)
    assert "'test/more.rego' was added after the bundle was signed" in ran.err


def test_without_a_key_nothing_is_signed(pack: Path, tmp_path: Path) -> None:
    ran = keyproof("policies", "sign", "pack", cwd=tmp_path)
    assert ran.code == 2
    assert "KEYPROOF_BUNDLE_SECRET" in ran.err
    ran = keyproof("policies", "bundle", "pack", "--no-sign", "-o", "b.tar.gz", cwd=tmp_path)
    assert ran.code == 0, ran.err
    with contextlib.suppress(PolicyError):
        verify(read_bundle(tmp_path / "b.tar.gz"), HMAC, where="b")
        pytest.fail("what is not signed was verified")


def test_what_is_read_is_what_is_written(pack: Path, tmp_path: Path) -> None:
    write_folder(read_bundle(pack), tmp_path / "copy")
    assert read_bundle(tmp_path / "copy") == read_bundle(pack)
