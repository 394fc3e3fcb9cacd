"""Texts that hold no secret, by family: what the histories of real repositories were flagged for.

Each family is a class that was seen, made anew: no line stands in anybody's repository.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from random import Random

from tests.leaks.samples.negatives import WORDS, Maker
from tests.leaks.samples.template import ALPHABETS, letters, uuid

PROVIDERS = ("cloudflare", "circleci", "binance", "github", "google", "datadog", "heroku", "stripe", "semgrep",
             "twilio", "sumologic", "codecov", "fastly", "netlify", "okta", "segment")  # fmt: skip


def _hex(rng: Random, size: int) -> str:
    return letters(rng, size, ALPHABETS["h"])


def _digest(rng: Random, size: int = 32) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(size)).rstrip(b"=").decode()


def _installed(rng: Random) -> str:
    """The list of an installed wheel's files: each with its digest and its size."""
    provider, word = rng.choice(PROVIDERS), rng.choice(WORDS)
    file = rng.choice([f"{provider}/{word}.py", f"{provider}/api/auth.proto", f"../../bin/{provider}",
                       f"{provider}-1.2.dist-info/METADATA", f"{provider}/{word}_token_pb2.pyi"])  # fmt: skip
    return f"{file},sha256={_digest(rng)},{rng.randrange(9999)}\n"


def _archive(rng: Random) -> str:
    provider, version = rng.choice(PROVIDERS), f"1.0.0-next.{rng.randrange(60)}"
    file = f"@acme/adapter-{provider}/-/adapter-{provider}-{version}"
    ending = rng.choice([".tgz", ".tar.gz", ".zip"])
    return f'  resolved "https://registry.test/{file}{ending}#{_hex(rng, 40)}"\n'


def _log(rng: Random) -> str:
    """What changed, one commit a line, behind a line that speaks of a provider."""
    lines = [f"{_hex(rng, 40)} {rng.choice(['feat', 'fix', 'Bump'])}: {' '.join(rng.choices(WORDS, k=4))} in {provider}"
             for provider in rng.choices(PROVIDERS, k=4)]  # fmt: skip
    return "Changes\n" + "\n".join(lines) + "\n"


def _signed(rng: Random) -> str:
    """A commit's signature, in which a provider's name or prefix stands by chance."""
    lines = [base64.b64encode(rng.randbytes(48)).decode() for _ in range(9)]
    for number in (4, 5):
        lines[number] = letters(rng, 64)  # neither of the marks, as one line in seven
    name = rng.choice(["bnb", "BNb", "YC", "sumo", "EAA", "Circle", "okta", "Okx", "Do"])
    at = rng.randrange(20, 58)
    lines[4] = lines[4][:at] + f"+{name}" + lines[4][at + len(name) + 1 :]
    lines[6] = f"{lines[6][:23]}/YC{letters(rng, 38)}"
    folded = "\n ".join(lines)
    return f"gpgsig -----BEGIN PGP SIGNATURE-----\n \n {folded}\n =ab1C\n -----END PGP SIGNATURE-----\n"


def _part_of_a_name(rng: Random) -> str:
    """Names that hold a provider's by chance, and what is called like one in programs."""
    word, other = rng.choices(WORDS, k=2)
    value = _hex(rng, 32)
    return rng.choice([
        f'"hex": "{value}",\n', f"coinbase: '{_hex(rng, 40)}',\n", f'COINBASE = "0x{_hex(rng, 40)}"\n',
        f"    circle: d3_svg_symbol{word.title()}2,\n", f"  provider.getBlock('0x{_hex(rng, 64)}').then((block) => {{\n",
        f'"clsid": "c9da6455-213d-42c9-9a79-{_hex(rng, 12)}", "RowKey": "rk{_hex(rng, 8)}{word}{other}",\n',
        f'<span style="color: blue;font-family:courier">{letters(rng, 43)}</span>\n',
        f'    def get_block_{word}s(self):\n        """{word}"""\n        return {{"block{word.title()}Id": "{value}"}}\n',
    ])  # fmt: skip


def _public_form(rng: Random) -> str:
    """What is public by its own form, under names of secrets."""
    word = rng.choice(WORDS)
    nkey = letters(rng, 55, ALPHABETS["k"])
    mark = ":".join(letters(rng, 2, ALPHABETS["h"]) for _ in range(16))
    return rng.choice([
        f'"credential_list_sid": "CL{_hex(rng, 32)}",\n', f"self.workspace_sid = 'WS{_hex(rng, 32)}'\n",
        f'export TWILIO_ACCOUNT_SID="AC{_hex(rng, 24)}"\n', f"client.sip.credentials('SD{_hex(rng, 32)}').create()\n",
        f'authIssuer = "A{nkey}"\n', f"{word.upper()}_PASS = '{mark}'\n", f"CPUToken = {uuid(rng)}/14{letters(rng, 11, ALPHABETS['n'])}\n",
        f'token_account = "0x{_hex(rng, 40)}"\n', f"GET /{word}?authenticity_token={_hex(rng, 32)} HTTP/1.1\n",
    ])  # fmt: skip


def _named_after(rng: Random) -> str:
    """A title or name that ends in a number, beside what a provider's secret is called."""
    word = rng.choice(WORDS)
    field = rng.choice(["name", "title", "description", "label"])
    near = rng.choice(['"appId": {', '"datadog": {', '"cloudflare_zone": {'])
    return f'{near}\n  "id": "{word}",\n  "{field}": "my Test {_hex(rng, 32)}",\n'


def _working_directory(rng: Random) -> str:
    one, two = rng.choices(WORDS, k=2)
    return rng.choice([
        f'filepath.Walk(path.Join(pwd, "/{one}_{two}"), walk)\n', f'glob("**/*", Pathname.pwd, ".{{{one},tar.gz}}")\n',
        f'docker run -v "$PWD":/usr/src/{one} -p "4000:4000" {two}/{one}\n', f"-v $PWD:/data/{one}-{two}2/\n",
        f'join(cwd, pwd, "{one}/{two}_1.txt")\n',
    ])  # fmt: skip


def _user_again(rng: Random) -> str:
    word = rng.choice(WORDS)
    return rng.choice([
        f'DSN="host=postgres user={word}1 password={word}1 dbname={word} sslmode=disable"\n',
        f"jdbc:postgresql://{word}_db:5432/{word}?user={word}9&password={word}9\n",
        f"Server=db;User Id={word}7;Password={word}7;\n", f"mysql://{word}5:{word}5@db/{word}\n",
        f"sqlserver://sa:my%7Bpass@{word}?timeout=30\n",
    ])  # fmt: skip


def _escaped_by_chance(rng: Random) -> str:
    """An assignment of two hex digits that quoted-printable would read as an escape."""
    one, two = rng.choices(WORDS, k=2)
    token = f"{rng.choice('234567')}{uuid(rng)[1:]}"
    return f'"https://storage.test/v0/b/{one}/o/{one}%2F{two}.jpg?alt=media&token={token}",\n'


def _of_pages(rng: Random) -> str:
    """What sites and programs print beside a provider's or a secret's name."""
    one, two = rng.choices(WORDS, k=2)
    return rng.choice([
        f"https://www.google.com/url?q={one}&usg={_digest(rng, 22)}&sig2={_digest(rng, 16)}\n",
        f"https://www.google.test/{one}?ohost=www.google.com&sig={_digest(rng, 25)}&clui=0\n",
        f"- Release GPG key: {_hex(rng, 40).upper()} of {one} on GitHub\n", f'"{one}/fe_change_pwd": "<2.0.5|>=3,<3.0.{rng.randrange(9)}",\n',
        f"new PostHog('phc_{letters(rng, 43)}')\n", f"var stripe = Stripe('pk_{letters(rng, 32)}');\n",
        f"Authorization: {one}-HMAC Credential={letters(rng, 16)}/20{rng.randrange(10, 26)}0102/eu-west-1/s3/aws4_request, SignedHeaders=host\n",
        f"DOCKER_CREDENTIALS = '{uuid(rng)}'\n", f"SHELL=/bin/sh PWD=/home/{one}2 EDITOR={two}\n",
        f"this._firstPassTerminators = iso{rng.randrange(639, 9000)} switch\n",
        f'{{"confluent": 1, "container":"{_hex(rng, 64)}","parent":"{_hex(rng, 64)}"}}\n',
        "https://matomo.test/?token_auth=c4ca4238a0b923820dcc509a6f75849b&idSite=1\n",
    ])  # fmt: skip


def _type(rng: Random) -> str:
    word = rng.choice(WORDS)
    kind = rng.choice(["Uint8Array", "Float64Array", "Int32Array", f"Base64{word.title()}", f"Utf8{word.title()}"])  # fmt: skip
    return rng.choice([
        f"declare function derive(password: {kind}, salt: Uint8Array, keylen: number): {kind};\n",
        f"  passphrase: {kind};\n", f"export const passwd: {kind} = read();\n",
    ])  # fmt: skip


def _signed_request(rng: Random) -> str:
    """The signature of one request, or what a function makes of a secret: neither opens another."""
    one, two = rng.choices(WORDS, k=2)
    mac = base64.b64encode(rng.randbytes(32)).decode()
    return rng.choice([
        f"Authorization: SharedKey {one}{two}:{mac}\n", f"'Authorization': 'SharedKeyLite {one}:{mac}'\n",
        f"Proxy-Authorization: NTLM TlRMTVNTUAAD{letters(rng, 120)}\n", f'credential: "AKIA+TEST/2015-08-30/us-east-1/{one}/aws4_request",\n',
        f"Authorization: AWS {letters(rng, 20, ALPHABETS['u'])}:{mac[:27]}=\n",
        f"stripe.computeHMACSignature('', '{one}_secret') => '{_hex(rng, 64)}'\n",
        f'    Authorization: Signature keyId="{one}-key-1",algorithm="hmac-sha256",signature="{mac}"\n',
    ])  # fmt: skip


def _beside_others(rng: Random) -> str:
    """A provider's name in an object, a path, a package or a command that the value is no key of."""
    word, provider = rng.choice(WORDS), rng.choice(["twitter", "linkedin", "github", "facebook"])
    ident = uuid(rng)
    return rng.choice([
        f'{{"items": [{{"link": "https://{provider}.com/{word}/"}}, {{"key": "{ident}", "name": "{word}"}}]}}\n',
        f'[{{\\"url\\": \\"https://{provider}.com/{word}\\"}}]"}},{{"key":"{ident}","name":"{word.title()}","type":"icon"}}\n',
        f"curl -o https://files.test/v0/b/x/o/{provider}-tools-1.{rng.randrange(40)}.tgz?alt=media&token={ident}\n",
        f"      '@{provider}/auth-types': registry.npmjs.org/@{provider}/auth-types/0.10.{rng.randrange(9)}_{letters(rng, 26, ALPHABETS['a'])}\n",
        f"terraform import vault_{provider}_secret_backend_key.key {word}/key/{ident}\n",
        f'"id": "to-create-an-aws-cloudhsm-custom-key-store-{rng.randrange(10**12, 10**13)}",\n',
        f'"url": "https://api.github.com/repos/web-token/jwt-key-mgmt/zipball/{_hex(rng, 40)}",\n',
        f'{{password_btn:"Changer votre mot de passe","{rng.randrange(2, 9)}fa_{word}":"Authentification"}}\n',
        f'packages = ["codes","credentials","grpclb/grpc_{word}_v1","keepalive"]\n',
        f'https://github.com/acme/semver\n  v, err := semver.NewVersion("1.2.{rng.randrange(9)}-beta.1+build{rng.randrange(100, 999)}")\n',
    ])  # fmt: skip


def _half_of_a_pair(rng: Random) -> str:
    """What stands at the place of a secret and is the public half, or the user's name."""
    one, two = rng.choices(WORDS, k=2)
    point = f"0{rng.choice('23')}{_hex(rng, 64)}"
    return rng.choice([
        f'"shared_secret": "{point}",\n', f'"private_key_sum": "04{_hex(rng, 128)}",\n',
        f"'withdrawal_credentials': '0x00{_hex(rng, 62)}',\n", f'username,password = "{one}_s{rng.randrange(99)}","1234"\n',
        f'user, passwd = "{one}{rng.randrange(99)}_x", read()\n', f"srCheckPassword: srCheckPassword{rng.randrange(99)}!4\n",
        f'TermToken: aws.String("term-{one}-{letters(rng, 24)}"),\n', f'{one}Token: "550e8400-e29b-41d4-a716-4466554400{rng.randrange(10, 99)}"\n',
        f"--set externalDatabase.host={one},externalDatabase.password=mypassword,externalDatabase.port={rng.randrange(1000, 9999)}\n",
        f"https://guide.test/part2/injection.html#infect-the-server-with-{one}-{two}-by-abusing-arbitrary-commands\n",
        f"[spinoffs] https://forum.test/index.php?topic={rng.randrange(10**6)}.0\n", f"secret = '400$8$5${_hex(rng, 40)}${_hex(rng, 40)}'\n",
        f"password: md5{_hex(rng, 32)}\n",
        f'"nextForwardToken": "f/{letters(rng, 56, ALPHABETS["n"])}",\n', f"Postman-Token: {uuid(rng)}\n",
        f"sed -e '^{one}' $var_password_pam_{one} 'CCE-{rng.randrange(10000, 99999)}-{rng.randrange(9)}' '%s = %s'\n",
        f'ref name="ocil:ssg-{one}_etc_passwd_ocil:questionnaire:{rng.randrange(9)}"\n', f"ansible_pass=<password> test_interface=ethernet1/{rng.randrange(10, 99)}\n",
        f"PASSWORD: 'xxxx@{rng.randrange(100, 999)}'\n",
        f'dbPassword = "jdbc:mysql://localhost:3306/{one}{rng.randrange(9)}?password=secret";\n',
    ])  # fmt: skip


def _spoken(rng: Random) -> str:
    """Passwords of examples: words that say what they are for, and a number."""
    number = rng.choice(["123", "1234", "1", "123!", "12345"])
    first = rng.choice(
        ["Oracle", "change", "Static", "some", "Postgres", "Kind", "MyOther", "super", "different"]
    )
    second = rng.choice(["Password", "User", "Pass", "Secret"])
    name = rng.choice(["password", "DB_PASSWORD", "adminPassword"])
    leet = f"P2ssw0rd{number}", f"P@ssw0rd{number}", "12345abcdef", "abcdefg12345"
    return f'{name}: "{rng.choice([f"{first}{second}{number}", *leet])}"\n'


def _pinned(rng: Random) -> str:
    """An action or a package at a commit, whose owner is a provider."""
    provider, word = rng.choice(PROVIDERS), rng.choice(WORDS)
    tag = f" # v{rng.randrange(9)}.{rng.randrange(9)}.{rng.randrange(40)}"
    return rng.choice([
        f"      - uses: {provider}/{word}-action@{_hex(rng, 40)}{tag}\n",
        f"      # uses: {provider}/{word}-action/sub/path@{_hex(rng, 40)}\n",
        f"      uses: '{provider}/{word}@{_hex(rng, 40)}'{tag}\n",
    ])  # fmt: skip


def _keyring(rng: Random) -> str:
    """A fingerprint of the key that signs a provider's packages."""
    provider, key = rng.choice(PROVIDERS), _hex(rng, 40).upper()
    return rng.choice([
        f"{provider}__apt_key: '{key}'\n", f"{provider}d__apt_key_id: '{key}'\n", f"{provider}_gpg_key: '{key}'\n",
        f"# {provider}\nsudo apt-key adv --keyserver hkp://keys.test --recv-keys {key}\n",
        f"gpg --recv {key} # {provider}\n",
    ])  # fmt: skip


def _sealed(rng: Random) -> str:
    """What only a cluster's controller or nobody can open, under names of secrets."""
    name = rng.choice(["api-key", "password", "token", "CLOUDFLARE_API_TOKEN", "client-secret"])
    sealed = base64.b64encode(b"\x02\0" + rng.randbytes(560)).decode()
    crypt = f"$2y$05${letters(rng, 53)}"
    return rng.choice([
        f"$mailPassword = '{{{rng.choice(['BLF', 'SHA512', 'ARGON2I'])}-CRYPT}}' . {rng.choice(WORDS)}($p, 9);\n",
        f"kind: SealedSecret\nspec:\n  encryptedData:\n    {name}: {sealed}\n",
        f'  encryptedData:\n    {name}: "{sealed}"\n',
        f'userpasswd := "{rng.choice(WORDS)}:{crypt}"\n', f'{{"pass", "$1${letters(rng, 8)}${letters(rng, 22)}"}},\n',
    ])  # fmt: skip


def _caption(rng: Random) -> str:
    """What people read in their language, and colours, under names that speak of passwords."""
    name = rng.choice(
        ["master_password", "password_hint_optional", "password_updated", "PasswordLabel"]
    )
    one = rng.choice(
        [
            "Hoofdwachtwoord",
            "Aktualizacja",
            "2FAS-i",
            "Hauptpasswortwort",
            "Wagwoordbewerking",
            "Salasanavihje",
        ]
    )
    two = rng.choice(
        [" has\u0142a: %1$s", " paroolikaitse", " (opsioneel)", ", of (optioneel)", ""]
    )
    if one == "2FAS-i":
        two = " paroolikaitse"
    return rng.choice([
        f'    <string name="{name}">{one}{two}</string>\n', f'<Color x:Key="{name}Color">#{_hex(rng, 6)}</Color>\n',
        f'<data name="{name}">{one}{two}</data>\n', f'"{name}Color": "#{_hex(rng, 8)}",\n',
    ])  # fmt: skip


def _setting(rng: Random) -> str:
    """What is set about passwords: how long, by which scheme, in which letters, by which rules."""
    word, number = rng.choice(WORDS), rng.randrange(10, 90)
    return rng.choice([
        f'"password_grant_refresh_token_lifespan": "{number}h0m0s",\n', f"password_timeout_after: {number}h30m{number}s\n",
        f"{word}_default_pass_scheme: 'SSHA512'\n", f"{word}__htpasswd_crypt_scheme: 'sha{number}_crypt'\n",
        f'encodeCredentials(username, password, "ISO-8859-{number % 15 + 1}");\n', f'getBytes(password, "windows-12{number}")\n',
        f"'password' => 'between:{number},60',\n", f"['required', 'secure_password', 'min:{number}'],\n",
        f"postgres:///?passfile=/non%20default/{word}{number}&passfile=.pgpass\n", f"{word} ALL = NOPASSWD: /bin/{word}{number}, /bin/ls\n",
        f'passportNumber = "AB{rng.randrange(10**6, 10**7)}",\n', f'"name=Jack%20{word.title()}&pass=Single%20{word.title()}"\n',
        f'("__RequestVerificationToken", "CfDJ8{letters(rng, 150)}")\n', f'encoded_token.encoded_payload = "eyJ{letters(rng, 16)}"\n',
    ])  # fmt: skip


def _documents(rng: Random) -> str:
    """Addresses of documents and pictures, whose ids everybody may know who reads them."""
    ident = letters(rng, 44)
    return rng.choice([
        f"[roadmap]: https://docs.google.com/spreadsheet/ccc?key=0{ident[:35]}&usp=sharing\n",
        f'Target="https://docs.google.com/document/d/{ident}/edit?resourcekey=0-{ident[:22]}&amp;tab=t.0"\n',
        f"![map](https://files.gitbook.com/v0/b/x/o/map.png?alt=media&token={uuid(rng)})\n",
    ])  # fmt: skip


def _inside_of_base64(rng: Random) -> str:
    """A provider's prefix or name in a longer token, and in a picture that a notebook holds."""
    run = _digest(rng, 90)
    picture = base64.b64encode(b"\x89PNG" + rng.randbytes(57 * 9)).decode()
    lines = [picture[at : at + 76] for at in range(0, len(picture), 76)]
    lines[4] = f"Wk/1//{lines[4][6:]}"
    joint = rng.choice(["\\n", '\\n",\n      "'])
    folded = joint.join(lines)
    return rng.choice([
        f'     "image/png": "{folded}\\n",\n',
        f"{run}-AQXri7{letters(rng, 220)}\n",
    ])  # fmt: skip


def _another_place(rng: Random) -> str:
    """What looks like an assignment, a key pair or a service's file, and is another thing's."""
    word, provider = rng.choice(WORDS), rng.choice(["cloudflare", "circleci", "github", "datadog"])
    numbers = ",".join(str(byte) for byte in rng.randbytes(64))
    return rng.choice([
        f"# {provider}\nnotification.DeviceToken = '{_hex(rng, 64)}'\n",
        f'"https://nel.{provider}.com/reports?s={word}&sid={uuid(rng)}\\u0026ts=17809836{rng.randrange(99)}"\n',
        f"MONGODB_URI=mongodb://dbuser:<password>@cluster0-shard-00-0{rng.randrange(9)}-{_hex(rng, 5)}.mongodb.net:27017,{word}\n",
        f"kind: repository\nauth:\n  username: bn_{word}\n  password: bitnami_{word}_p4ss\n",
        f"lr=new Uint8Array([{numbers}]);\n", f"_password = FieldAttribute(isa='string', private=True, {word}=1)\n",
        f'-Dsonar.projectKey="{_hex(rng, 40)}" \\\n', f"['v{rng.randrange(2, 9)}AuthPass', 'v{rng.randrange(2, 9)}PrivPass', '{word}_id'],\n",
        f"required_together=[['url_username', 'url_password', '{word}_id']],\n", f"cache.pw_name = my_passwd->pw_{word};\n",
        f"<clientToken>XqJIt{rng.randrange(10**12, 10**13)}</clientToken>\n", f"{provider}_password: MySuperSecureP4sswOrd{rng.randrange(99)}\n",
        f'api_key: "{provider[:3].upper()}123{provider[:3]}123{provider[:3].upper()}123{provider[:3]}123{provider[:3].upper()}123{provider[:2]}"\n',
        f'encrypted_password = passlib_or_crypt(password, "sha{rng.randrange(256, 999)}_crypt", salt=salt)\n',
        f"[![{provider}](https://{provider}.test/b.svg)](https://api.{word}.test/v2/badges/21183?token={_hex(rng, 64)})\n",
    ])  # fmt: skip


SEEN: Mapping[str, Maker] = {
    "another's place": _another_place,
    "pinned to commits": _pinned,
    "keys that sign packages": _keyring,
    "sealed by a cluster": _sealed,
    "captions and colours": _caption,
    "settings about passwords": _setting,
    "addresses of documents": _documents,
    "inside of base64": _inside_of_base64,
    "files of a wheel": _installed,
    "archives in lock files": _archive,
    "commits in a log": _log,
    "signatures of commits": _signed,
    "parts of names": _part_of_a_name,
    "public by form": _public_form,
    "named after a number": _named_after,
    "working directories": _working_directory,
    "passwords that repeat the user": _user_again,
    "escapes by chance": _escaped_by_chance,
    "types": _type,
    "printed by pages and programs": _of_pages,
    "signatures of requests": _signed_request,
    "beside another's name": _beside_others,
    "the half that is no secret": _half_of_a_pair,
    "passwords of words": _spoken,
}
