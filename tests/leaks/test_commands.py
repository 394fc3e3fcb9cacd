"""Passwords on command lines: what is typed is found, what stands for it or is no password is not."""

from __future__ import annotations

from random import Random

import pytest
from tests.leaks.samples.template import letters
from tests.support.planted import plant

from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    folder = tmp_path_factory.mktemp("rules")
    return open_matcher(load_rules(folder), folder)


@pytest.mark.parametrize(
    "line",
    [
        "svn checkout --username ci --password {v} https://svn.corp.net/app",
        "helm repo add corp https://charts.corp.net --username ci --password {v}",
        "gpg --batch --passphrase {v} -c report.csv",
        "keytool -genkey -alias app -storepass {v} -keypass {v}",
        "wget --http-user ci --http-password {v} https://files.corp.net/a",
    ],
)
def test_an_option_assigns_what_follows_it(matcher: Matcher, line: str) -> None:
    value = plant(letters(Random(line), 14))
    found = {hit.secret.reveal_text() for hit in matcher.find(line.format(v=value).encode())}
    assert found == {value}


@pytest.mark.parametrize("name", ["TOKEN", "api_token", "SECRET"])
def test_the_end_of_base64_is_no_comparison(matcher: Matcher, name: str) -> None:
    value = plant(letters(Random(name), 86) + "==")
    for form in ("{n}='{v}'\n", "{n}={v}\n", "{n}: {v}\n"):
        hits = matcher.find(form.format(n=name, v=value).encode())
        assert [hit.secret.reveal_text() for hit in hits] == [value]


@pytest.mark.parametrize(
    "line",
    [
        "openssl enc -aes-256-cbc -in a -out b -k $PASSPHRASE",
        "openssl rsa -in key.pem -passin pass:changeit -out plain.pem",
        "openssl rsa -in key.pem -passin env:KEY_PASSWORD",
        "net use Z: \\\\files\\share /user:CORP\\svc *",
        "net use Z: \\\\files\\share /persistent:yes",
        "net user builder /domain",
        "net user administrator /active:yes",
        "smbclient //files/share -U svc%$SMB_PASSWORD",
        "mongosh -u admin -p --authenticationDatabase admin",
        "az login --service-principal -u $APP -p $SECRET --tenant $TENANT",
        "docker run --rm -p 27017:27017 --name mongo mongo",
        "mkdir -p mongo/data-volume-1",
        "cat token.txt | docker login -u ci --password-stdin registry.corp.net",
        "echo $TOKEN | docker login -u ci --password-stdin registry.corp.net",
        'echo "deb https://apt.corp.net stable main" | sudo tee /etc/apt/sources.list.d/x.list',
        'echo "root:${ROOT_PASSWORD}" | chpasswd',
        "htpasswd -c /etc/nginx/.htpasswd administrator",
        "rabbitmqctl add_user svc changeme",
        "7z a -pPASSWORD out.zip report.csv",
        "unzip -P password archive.zip",
        "zip -r release-2024.zip dist/bundle-2024",
        "lftp -u web,<password> ftp.corp.net",
        "http -a user:password GET api.corp.net/v1",
        "sqlplus scott/tiger@orcl",
        "conn user/password@host",
        "cqlsh -u cassandra -p cassandra",
        "mosquitto_pub -h broker -P 'your-password' -t x",
        "ConvertTo-SecureString $env:PASSWORD -AsPlainText -Force",
        "ConvertTo-SecureString 'P@ssw0rd' -AsPlainText -Force",
        "ALTER USER svc WITH PASSWORD 'changeme';",
        "CREATE ROLE app LOGIN PASSWORD :'app_password';",
        "tool --password-file secrets/db-2024.txt run",
        "gpg --passphrase-fd 0 --batch report.csv",
        "if token == 'abcdefabcdef0123':",
        "%any : PSK %prompt",
        "<auth-user-pass>\nuser\npassword\n</auth-user-pass>\n",
        "Guest:501:aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0:::",
        'send "exit12345\\r"',
    ],
)
def test_what_stands_for_a_password_is_none(matcher: Matcher, line: str) -> None:
    assert not [(hit.detector, hit.start, hit.end) for hit in matcher.find(line.encode() + b"\n")]
