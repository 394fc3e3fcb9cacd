"""A provider's name around a plain assignment makes the value that provider's."""

from __future__ import annotations

from random import Random

import pytest
from tests.leaks.samples.template import ALPHABETS, fill, letters, uuid
from tests.leaks.test_detectors import Bench
from tests.support.planted import plant


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("rules"))


def _hex(seed: str, length: int = 32) -> str:
    return plant(letters(Random(seed), length, ALPHABETS["h"]))


AROUND = [
    "datadog:\n  api_key: {v}\n",
    "datadog:\n  enabled: true\n  site: eu\n  timeout: 30\n  retries: 3\n  api_key: {v}\n",
    'integrations:\n  datadog:\n    default:\n      enabled: true\n      api_key: "{v}"\n',
    '{{\n  "datadog": {{\n    "enabled": true,\n    "apiKey": "{v}"\n  }}\n}}',
    '{{"other":{{"a":1}},"datadog":{{"apiKey":"{v}"}}}}',
    "[datadog]\nhost = x\nregion = eu\nlevel = 3\nverbose = yes\ntoken = {v}\n",
    '# Datadog\nENABLED = True\nTIMEOUT = 30\nAPI_KEY = "{v}"\n',
    'api_key = "{v}"  # Datadog\n',
    "const apiKey = '{v}'; // from Datadog\n",
    'curl -H "Authorization: Bearer {v}" https://api.datadoghq.com/v1 # datadog\n',
    "curl -X POST https://api.datadog.com/v1 \\\n  -H 'X-Api-Key: {v}' \\\n",
    'url: https://api.datadog.com/v1\ntoken: "{v}"\n',
    "Datadog.configure do |config|\n  config.timeout = 5\n  config.api_key = '{v}'\nend\n",
    'import datadog\n\nimport os\n\n\n\n\n\nsettings = {{"api_key": "{v}"}}\n',
    "### Data Dog\n\nKey: `{v}`\n",
    '- name: MY_DATADOG_SETTING_FOR_THE_KEY\n  value: "{v}"\n',
    '{{"value": "{v}", "key": "datadog_api_key"}}',
    'variable "datadog_api_key" {{\n  type = string\n  default = "{v}"\n}}\n',
    "<key>DatadogApiKey</key>\n\t<string>{v}</string>",
    "secrets:\n  - name: datadog\n    region: eu\n    key: {v}\n",
    '[\n  {{\n    "provider": "datadog",\n    "apiKey": "{v}"\n  }}\n]',
    'public string DatadogApiKey {{ get; set; }} = "{v}";\n',
    'datadog_api_key: str = Field(default="{v}")\n',
    'datadog_api_key = (\n    "{v}"\n)\n',
    'pub const DATADOG_API_KEY: &\'static str = "{v}";\n',
    "UPDATE config SET value='{v}' WHERE name='datadog_api_key';\n",
    'gh secret set DATADOG_API_KEY --body "{v}"\n',
    'echo "{v}" | vercel env add DATADOG_API_KEY production\n',
    "Remove the key\n\nDATADOG_API_KEY was {v}\n",
    'let client = datadog::Client::new("{v}");\n',
]


@pytest.mark.parametrize("text", AROUND)
def test_the_provider_is_named_by_what_stands_around(bench: Bench, text: str) -> None:
    value = _hex(text)
    found = {hit.detector for hit in bench.hits(text.format(v=value))}
    assert found == {"datadog.api_key"}


NOT_AROUND = [
    'api_key: "{v}"\n',
    "datadog:\n  enabled: true\nother:\n  api_key: {v}\n",
    "[datadog]\nhost = x\n\n[other]\napi_key = {v}\n",
    'DATADOG_SITE = "eu"\nPORT = 1\nAPI_KEY = "{v}"\n',
    "- name: datadog\n  site: eu\n- name: other\n  api_key: {v}\n",
    '# Datadog\na = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\napi_key = "{v}"\n',
    '{{"datadog":{{"site":"eu"}},"box":1}}\n' + "\n" * 8 + 'api_key = "{v}"\n',
]


@pytest.mark.parametrize("text", NOT_AROUND)
def test_a_name_elsewhere_says_nothing(bench: Bench, text: str) -> None:
    value = _hex(text, 30) + "ab"
    found = {hit.detector.split(".")[0] for hit in bench.hits(text.format(v=plant(value)))}
    assert found <= {"generic"}


def test_the_nearest_provider_that_fits_wins(bench: Bench) -> None:
    value = plant(letters(Random("nearest"), 32, ALPHABETS["h"]))
    text = f"# Datadog\nsite: eu\nrollbar:\n  github: x\n  access_token: {value}\n"
    assert {hit.detector for hit in bench.hits(text)} == {"rollbar.access_token"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("box:\n  client_secret: {v}\n", True),
        ("[box]\nid = 1\nclient_secret = {v}\n", True),
        ('client = box.Client(client_secret="{v}")\n', True),
        ("# Box client secret\nclient_secret = '{v}'\n", True),
        ("url: https://api.box.com/2.0\nclient_secret: {v}\n", True),
        ("# put it into the box\nclient_secret = '{v}'\n", False),
        ("layout_of_the_box:\n  client_secret: {v}\n", False),
        ("checkbox:\n  client_secret: {v}\n", False),
    ],
)
def test_a_word_of_the_language_has_to_mean_the_provider(
    bench: Bench, text: str, named: bool
) -> None:
    value = plant(letters(Random(text), 32))
    found = {hit.detector for hit in bench.hits(text.format(v=value))}
    assert ("box.client_secret" in found) is named
    assert found


@pytest.mark.parametrize(
    "text",
    [
        "privacy_password: {v}\n",  # a word, and no key of Privacy.com
        '# https://confluence.atlassian.com\n"userKey": "{v}"\n',  # whose account, not whose key
        "# semgrep scan\ntotpSecret: {v}\n",
        "https://chart.googleapis.com/chart?chl=otpauth://totp/ada%3Fsecret={v}\n",
        "from ansible.module_utils.basic import AnsibleModule\napi_key = '{v}'\n",
    ],
)
def test_what_no_provider_issued_is_not_named_after_one(bench: Bench, text: str) -> None:
    value = plant(_hex(text))
    found = {hit.detector.partition(".")[0] for hit in bench.hits(text.format(v=value))}
    assert found == {"generic"}


def test_digests_and_public_names_stay_what_they_are(bench: Bench) -> None:
    value = _hex("digest")
    for name in ("checksum", "token_hash", "public_key", "md5", "etag"):
        assert bench.hits(f"datadog:\n  {name}: {value}\n") == []
    assert bench.hits("datadog:\n  api_key: ${DATADOG_API_KEY_FROM_1}\n") == []
    assert bench.hits("datadog:\n  api_key: 00000000000000000000000000000000\n") == []


@pytest.mark.parametrize("name", ["STRIPE_SECRET_KEY", "datadog_api_key", "password", "api_key"])
@pytest.mark.parametrize(
    "value",
    [
        "sha256:{h64}",
        "{{SSHA}}{b32}",
        "$2b$12${a53}",
        "vault:v1:{b60}",
        "AQICAHh{b160}",
        "ENC[AES256_GCM,data:{b40},iv:{b43}=,tag:{b22}==,type:str]",
        "ENC({b44})",
    ],
)
def test_a_hash_or_an_encrypted_value_is_no_secret(bench: Bench, name: str, value: str) -> None:
    text = f"{name}: {fill(value.replace('{{', '<').replace('}}', '>'), Random(name))}\n"
    assert bench.hits(text.replace("<", "{").replace(">", "}")) == []


def test_a_value_of_which_only_the_beginning_is_shown_is_no_secret(bench: Bench) -> None:
    begun = "sk_" + "live_" + letters(Random("begun"), 24)
    for rest in ("********", "...", "…"):
        assert bench.hits(f'key = "{begun}{rest}"') == []


def test_ids_beside_a_provider_are_no_secrets_of_it(bench: Bench) -> None:
    for text in (f"heroku app id: {uuid(Random('app'))}\n", f"SPOTIFY_CLIENT_ID={_hex('id')}\n"):
        assert bench.named(text) == set()
