"""Secrets as quick starts of vendors write them, whose form nobody publishes."""

from __future__ import annotations

from random import Random

import pytest
from tests.leaks.samples.template import ALPHABETS, letters
from tests.support.planted import plant

from keyproof.leaks.matcher import Matcher, open_matcher
from keyproof.leaks.rules import load_rules


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    folder = tmp_path_factory.mktemp("rules")
    return open_matcher(load_rules(folder), folder)


@pytest.mark.parametrize(
    "text",
    [
        '    release {{\n        storePassword "{v}"\n        keyAlias "k"\n    }}\n',
        "  keyPassword '{v}'\n",
        "mail({{ auth: {{ user: 'bot', pass: '{v}' }} }});\n",
        "mysqli.default_pw = {v}\n",
        "setx ACME_API_KEY {v}\n",
        "<key>MAPS_SECRET</key>\n<string>{v}</string>\n",
        'buildConfigField "String", "API_SECRET", "\\"{v}\\""\n',
        "- API key: {v}\n",
        '#define API_TOKEN "{v}"\n',
    ],
)
def test_what_a_quick_start_shows_is_found(matcher: Matcher, text: str) -> None:
    value = plant(letters(Random(text), 32))
    found = {hit.secret.reveal_text() for hit in matcher.find(text.format(v=value).encode())}
    assert found == {value}


def test_letters_that_a_dash_parts_are_no_code(matcher: Matcher) -> None:
    value = plant(letters(Random(1), 20) + "-F" + letters(Random(2), 22))
    (hit,) = matcher.find(f"export ACME_AI_API_KEY='{value}'\n".encode())
    assert hit.secret.reveal_text() == value


@pytest.mark.parametrize(
    "text",
    [
        'storePassword "android-release"\n',
        'keyPassword System.getenv("KEY_PASSWORD")\n',
        "The storePassword 'qwe12rty34uio' of the sample was changed.\n",
        '#define PASSWORD_FILE "/etc/app/password-2.txt"\n',
        '#define TOKEN_SEPARATORS "|;,&+-*/%!=<>^~ab"\n',
        "the token 'abc1def2ghi3jkl4mno5' stands for anything here\n",
        "{ user: 'bot', pass: 'password' }\n",
        "pass: 'through the gate'\n",
        "set SECRET_NAME production-database-url\n",
        "setx JAVA_HOME C:\\Program-Files\\Java\\jdk-17.0.2\n",
        "add token-bucket-rate-limiter-v2\n",
        "<key>CFBundleToken</key>\n<string>com.corp.application.token</string>\n",
        "- API key: see the vault of the team\n",
        '{"Jwt": {"Issuer": "https://login.corp.net", "Key": "your-256-bit-secret-goes-here"}}\n',
        'req.SetBasicAuth("user", "password")\n',
        'nats.UserCredentials("user.jwt", "user.nk")\n',
        'server.login("bot@corp.net", os.environ["MAIL_PASSWORD"])\n',
        "proxy_set_header X-Api-Key $http_x_api_key;\n",
        "proxy_set_header Authorization $http_authorization;\n",
        'sql.Open("mysql", "user:password@tcp(127.0.0.1:3306)/test")\n',
        "user admin insecure-password password\n",
        "$settings['hash_salt'] = file_get_contents('/run/secrets/drupal_hash_salt.txt');\n",
    ],
)
def test_what_stands_there_for_something_else_is_not_flagged(matcher: Matcher, text: str) -> None:
    assert not [hit.detector for hit in matcher.find(text.encode())]


def test_a_digest_behind_such_a_word_is_none(matcher: Matcher) -> None:
    digest = letters(Random(3), 40, ALPHABETS["h"])
    assert not matcher.find(f"add commit {digest}\nset checksum {digest}\n".encode())
