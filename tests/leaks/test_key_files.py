"""Files of keys that are no text are found by their structure, and files of certificates are not."""

from __future__ import annotations

import datetime as dt
import os
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from keyproof.identity import cache_folder
from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules

RSA = rsa.generate_private_key(65537, 2048)
KEYS = {"rsa": RSA, "ec": ec.generate_private_key(ec.SECP256R1())}


@pytest.fixture(scope="module")
def searched() -> Matcher:
    folder = cache_folder(os.environ)
    return open_matcher(load_rules(folder), folder)


@pytest.fixture(scope="module")
def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host.example")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, RSA.public_key(), 7)
    made = made.not_valid_before(begin).not_valid_after(begin + dt.timedelta(90))
    return made.sign(RSA, hashes.SHA256())


def _detectors(matcher: Matcher, data: bytes) -> set[str]:
    return {hit.detector for hit in matcher.find(data)}


@pytest.mark.parametrize("password", [b"", b"changeit"])
def test_a_keystore_of_pkcs12(
    searched: Matcher, certificate: x509.Certificate, password: bytes
) -> None:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    stored = pkcs12.serialize_key_and_certificates(b"host", RSA, certificate, None, locked)
    wanted = "pkcs12_file" if password else "der_file"  # the key itself is plain to see
    assert _detectors(searched, stored) == {f"private_key.{wanted}"}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_in_der(searched: Matcher, kind: str, form: PrivateFormat) -> None:
    raw = KEYS[kind].private_bytes(Encoding.DER, form, NoEncryption())
    assert _detectors(searched, raw) == {"private_key.der_file"}


def test_a_key_of_ed25519_in_der(searched: Matcher) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert _detectors(searched, raw) == {"private_key.der_file"}


@pytest.mark.parametrize("magic", ["feedfeed", "cececece"])
def test_a_keystore_of_java(searched: Matcher, magic: str) -> None:
    head = bytes.fromhex(magic + "0000000200000001000000010006") + b"upload"
    store = head + Random(7).randbytes(900)
    assert _detectors(searched, store) == {"private_key.jks"}
    assert not searched.find(store[4:])


def test_a_keytab(searched: Matcher) -> None:
    def counted(part: bytes) -> bytes:
        return len(part).to_bytes(2, "big") + part

    name = b"\0\1" + counted(b"CORP.EXAMPLE") + counted(b"svc-web")
    key = b"\3" + b"\0\x12" + counted(Random(8).randbytes(32))
    entry = name + b"\0\0\0\1" + b"\x65\x53\xf1\0" + key
    assert _detectors(searched, b"\5\2" + len(entry).to_bytes(4, "big") + entry) == {
        "kerberos.keytab"
    }


@pytest.mark.parametrize("version", [b"e", b"f", b"g"])
def test_a_database_of_keepass(searched: Matcher, version: bytes) -> None:
    head = bytes.fromhex("03d9a29a") + version + bytes.fromhex("fb4bb501000400")
    assert _detectors(searched, head + Random(10).randbytes(600)) == {"keepass.database"}
    assert not searched.find(head[4:] + bytes(600))


def test_the_key_of_an_onion_service(searched: Matcher) -> None:
    head = b"== ed25519v1-" + b"secret: type0 ==\0\0\0"
    assert _detectors(searched, head + Random(11).randbytes(64)) == {"tor.onion_service_key"}
    assert not searched.find(head.replace(b"secret", b"public") + Random(11).randbytes(32))


def test_certificates_are_no_keys(searched: Matcher, certificate: x509.Certificate) -> None:
    trusted = pkcs12.serialize_key_and_certificates(
        None, None, None, [certificate], BestAvailableEncryption(b"changeit")
    )
    anchors = bytes.fromhex("feedfeed0000000200000001000000020006") + Random(9).randbytes(600)
    for data in (certificate.public_bytes(Encoding.DER), trusted, anchors):
        assert not searched.find(data)
