"""Texts that hold no secret, by family: each maker returns another one for every random source.

A family is a class of things that real code is full of and that looks like a secret to a scanner.
No line holds a value of anybody: random parts are made at run time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from random import Random

from tests.leaks.samples.template import ALPHABETS, FORMS, fill, letters, uuid

Maker = Callable[[Random], str]

NAMES = (
    "password", "DB_PASSWORD", "adminPassword", "smtp_pass", "passphrase", "api_key", "apiKey",
    "API_KEY", "STRIPE_SECRET_KEY", "client_secret", "clientSecret", "access_token", "authToken",
    "secret", "SECRET_KEY", "token", "private_key", "aws_secret_access_key", "datadog_api_key",
    "AZURE_CLIENT_SECRET", "GITHUB_TOKEN", "twilio_auth_token", "encryption_key", "webhook_secret",
)  # fmt: skip
WORDS = [
    "account",
    "address",
    "admin",
    "agent",
    "alert",
    "application",
    "archive",
    "article",
    "attribute",
    "audio",
    "author",
    "backup",
    "balance",
    "banner",
    "batch",
    "billing",
    "branch",
    "browser",
    "button",
    "cache",
    "calendar",
    "campaign",
    "channel",
    "chapter",
    "client",
    "cluster",
    "column",
    "command",
    "comment",
    "company",
    "config",
    "connection",
    "consumer",
    "contact",
    "content",
    "context",
    "controller",
    "counter",
    "country",
    "credential",
    "currency",
    "customer",
    "dashboard",
    "database",
    "default",
    "delivery",
    "device",
    "dialog",
    "directory",
    "document",
    "domain",
    "download",
    "editor",
    "element",
    "employee",
    "endpoint",
    "engine",
    "entity",
    "error",
    "event",
    "example",
    "export",
    "factory",
    "feature",
    "filter",
    "folder",
    "format",
    "gateway",
    "handler",
    "header",
    "history",
    "image",
    "import",
    "index",
    "input",
    "instance",
    "invoice",
    "journal",
    "keyboard",
    "language",
    "layer",
    "layout",
    "library",
    "license",
    "listener",
    "location",
    "manager",
    "market",
    "message",
    "method",
    "metric",
    "mobile",
    "model",
    "module",
    "monitor",
    "network",
    "notification",
    "number",
    "object",
    "order",
    "output",
    "package",
    "parameter",
    "partner",
    "payment",
    "pipeline",
    "player",
    "policy",
    "preference",
    "process",
    "product",
    "profile",
    "project",
    "provider",
    "publisher",
    "query",
    "queue",
    "record",
    "region",
    "register",
    "release",
    "remote",
    "report",
    "request",
    "resource",
    "response",
    "result",
    "review",
    "router",
    "schedule",
    "schema",
    "search",
    "section",
    "sender",
    "server",
    "service",
    "session",
    "setting",
    "signature",
    "source",
    "status",
    "storage",
    "stream",
    "student",
    "subject",
    "summary",
    "supplier",
    "support",
    "system",
    "target",
    "template",
    "tenant",
    "thread",
    "ticket",
    "timeout",
    "tracker",
    "transaction",
    "transfer",
    "update",
    "upload",
    "user",
    "validator",
    "value",
    "vendor",
    "version",
    "viewer",
    "warehouse",
    "webhook",
    "widget",
    "window",
    "worker",
    "workflow",
    "workspace",
]
CREDENTIAL_WORDS = ("password", "token", "secret", "apiKey", "accessToken", "credential", "authKey")
HOSTS = ("localhost", "127.0.0.1", "example.com", "db", "postgres", "host", "my.example.org")
TRANSLATED = {
    "Passwort": "Passwort vergessen", "Contraseña": "Introduzca su contraseña",
    "MotDePasse": "Mot de passe oublié", "Senha": "Esqueceu-senha", "Wachtwoord": "Wachtwoord-vergeten",
    "Lösenord": "Glömt lösenordet", "Hasło": "Zapomniałeś-hasła", "Parola": "Şifremi-unuttum",
}  # fmt: skip


def _assigned(rng: Random, value: str) -> str:
    return rng.choice(FORMS).format(name=rng.choice(NAMES), value=value)


def _camel(rng: Random, count: int) -> str:
    first, *rest = rng.choices(WORDS, k=count)
    return first + "".join(word.title() for word in rest)


def _choice(*values: str) -> Maker:
    """Return a maker that assigns one of these."""
    return lambda rng: _assigned(rng, rng.choice(values))


def _identifier(rng: Random) -> str:
    words = rng.choices(WORDS, k=rng.randrange(2, 5))
    joined = rng.choice(["_", "-", "."]).join(words)
    made = rng.choice([joined, joined.upper(), _camel(rng, 3), _camel(rng, 3).title()])
    return _assigned(rng, made + rng.choice(["", "", str(rng.randrange(10))]))


def _credential_identifier(rng: Random) -> str:
    word = rng.choice(CREDENTIAL_WORDS)
    value = rng.choice([f"{word}{rng.choice(WORDS).title()}", f"{rng.choice(WORDS)}_{word.lower()}",
                        f"{rng.choice(WORDS)}-{word.lower()}-{rng.choice(WORDS)}"])  # fmt: skip
    return _assigned(rng, value)


def _code(rng: Random) -> str:
    one, two = rng.choices(WORDS, k=2)
    value = rng.choice([
        f"get{one.title()}Password()", f"os.environ['{one.upper()}_KEY']", f"process.env.{one.upper()}_TOKEN",
        f"config.{one}.password", f"self.{one}_token", f"{one}->{two}Secret", f"{one.title()}::{two.title()}Key",
        f"settings.{one.upper()}_SECRET", f"System.getenv('{one.upper()}_TOKEN')", f"@{one}.password",
        f"request.form['{one}']", f"this.{one}.value", f"data.{one}_secret.{two}.result", f"var.{one}_{two}_key",
        f"local.{one}.token", f"module.{one}.{two}_secret_arn", f"${{{{ secrets.{one.upper()} }}}}",
        f"lookup({one}, {two})", f"await {one}.{two}Token()", f"new {one.title()}Token({two})",
        f"sha256({one}.{two})", f"row['{one}_token']", f"params[:{one}]", f"{one}[0]",
    ])  # fmt: skip
    name = rng.choice(NAMES)
    return rng.choice([f"{name} = {value}\n", f"{name}: {value},\n", f"{name}={value};\n"])


def _declared(rng: Random) -> str:
    name, word = rng.choice(CREDENTIAL_WORDS), rng.choice(WORDS)
    return rng.choice([
        f"def check_{name}({name}: str, {word}: int) -> bool:\n", f"  {name}: string;\n",
        f"private final String {name};\n", f"public {word.title()}Token {name}Provider;\n",
        f"func New{word.title()}({name} string, {word} *{word.title()}) error {{\n",
        f'{name} string `json:"{name},omitempty" yaml:"{word}"`\n', f"{name}?: {word.title()}Options | null;\n",
        f'"{name}": {{"type": "string", "description": "The {word} of the {name}", "minLength": 12}},\n',
        f"CREATE TABLE {word} ({name} VARCHAR(255) NOT NULL);\n", f'import "github.com/{word}/{name}/v2/{word}"\n',
        f"import {{ {word.title()}Token }} from '@{word}/{name}-{word}';\n", f"validates :{name}, presence: true\n",
        f'<input type="password" id="{word}-{name}" name="{name}" placeholder="Enter {word}">\n',
        f'.{word}-{name} {{ color: #{letters(rng, 6, ALPHABETS["h"])}; }}\n', f"#{name}-{word}:hover\n",
        f"expect({word}.{name}).toEqual('{word} {name}');\n", f'raise ValueError("{name} of {word} is missing")\n',
        f"- {name}: the {word} of your {rng.choice(WORDS)}, see [{word}](#{name}-{word})\n",
    ])  # fmt: skip


def _prose(rng: Random) -> str:
    one, two, three = rng.choices(WORDS, k=3)
    return rng.choice([
        f"The {one} is passed to `{two}_{three}` when passing `--{one}-{two}`.\n",
        f"Pass `{one}={two.title()}` or `--no-{three}` if the password is {one}less.\n",
        f"Passing :{one}_{two} skips the {three}; bypass: {one}-{two}.\n",
        f"  # password is required, passphrase is optional ({one}-{two})\n",
        f"Enter password: {one}\\n", f'echo "Password: incorrect-{one}\\n"\n',
        f"Password > {one}-{two} > {three}\n", f"The API key: {one} {two}, your token: {three}\n",
        f"* Token ({one}/{two}): documented in {one}/{two}/{three}.md\n",
        f"secret to {one}: `{two}-{three}`; key is `{one}.{two}.{three}`\n",
        f"{one} passed: {rng.randrange(100)}, passwords failed: {rng.randrange(100)}\n",
        f"FAIL: {one}_{two}_test.go:{rng.randrange(1000)}: password {three}_{one}:12\n",
    ])  # fmt: skip


def _translation(rng: Random) -> str:
    name, value = rng.choice(list(TRANSLATED.items()))
    key = rng.choice(CREDENTIAL_WORDS)
    return rng.choice([
        f'"{key}": "{name}",\n', f"{key}={value}\n", f'msgid "{key}"\nmsgstr "{value}"\n',
        f'<string name="{key}">{value}</string>\n', f"  {key}: '{value}'\n",
    ])  # fmt: skip


def _digest(rng: Random) -> str:
    size = rng.choice([32, 40, 64, 96, 128])
    value = letters(rng, size, ALPHABETS["h"])
    word = rng.choice(WORDS)
    b64 = base64.b64encode(rng.randbytes(rng.choice([20, 32, 48, 64]))).decode()
    return rng.choice([
        f"commit {value[:40]}\n", f"sha256:{value}\n", f'"integrity": "sha512-{b64}",\n', f"md5sum = {value[:32]}\n",
        f"{word}-{rng.randrange(9)}.1.tar.gz {value}\n", f"github.com/{word}/{word} v1.2.{rng.randrange(9)}/go.mod h1:{b64}\n",
        f"    --hash=sha256:{value} \\\n", f"uses: actions/{word}@{value[:40]}\n", f'ETag: "{value[:32]}"\n',
        f"FROM {word}@sha256:{value}\n", f'checksum = "{value}"\n', f"password_hash = '{value}'\n",
        f"index {value[:7]}..{value[8:15]} 100644\n", f"Subproject commit {value[:40]}\n", f'resolved "https://registry.test/{word}/-/{word}-1.0.tgz#{value[:40]}"\n',
        f'"gitHead": "{value[:40]}",\n', f'rev = "{value[:40]}"\n', f"{value[:40]} refs/heads/{word}\n", f"Signature={b64}\n",
        f'"tokenHash": "{value}",\n', f"X-Content-Digest: {b64}\n", f"# via https://x.test/{value[:40]}/{word}_token.py\n",
    ])  # fmt: skip


def _identity(rng: Random) -> str:
    one, word = uuid(rng), rng.choice(WORDS)
    return rng.choice([
        f"id: {one}\n", f'"{word}Id": "{one}",\n', f"client_id = {one}\n", f"tenant_id: '{one}'\n", f"tokenId={one}\n",
        f"<ProjectGuid>{{{one.upper()}}}</ProjectGuid>\n", f"apiKeyId: {one}\n", f'key_id = "{one}"\n',
        f"arn:aws:secretsmanager:eu-west-1:{rng.randrange(10**11, 10**12)}:secret:{word}-{letters(rng, 6)}\n",
        f"arn:aws:kms:us-east-1:{rng.randrange(10**11, 10**12)}:key/{one}\n", f"heroku app id: {one}\n", f"SENTRY_PROJECT_ID={one}\n",
        f"urn:uuid:{one}\n", f"https://console.test/{word}/{one}/credentials\n", f"trace_id={one.replace('-', '')}\n",
    ])  # fmt: skip


def _blob(rng: Random) -> str:
    """A picture, a font, a certificate, a signature: long base64 in one line or in many."""
    data = base64.b64encode(rng.randbytes(rng.randrange(200, 1500))).decode()
    folded = "\n".join(data[i : i + 64] for i in range(0, len(data), 64))
    dashes, word = "-" * 5, rng.choice(WORDS)
    return rng.choice([
        f'<img src="data:image/png;base64,{data}">\n', f"src: url(data:font/woff2;base64,{data}) format('woff2');\n",
        f"{dashes}BEGIN CERTIFICATE{dashes}\n{folded}\n{dashes}END CERTIFICATE{dashes}\n",
        f"{dashes}BEGIN PUBLIC KEY{dashes}\n{folded}\n{dashes}END PUBLIC KEY{dashes}\n",
        f"{dashes}BEGIN PGP SIGNATURE{dashes}\n\n{folded}\n{dashes}END PGP SIGNATURE{dashes}\n",
        f"ssh-rsa AAAAB3NzaC1yc2E{data[:360]} {word}@host\n", f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{data[:43]}\n",
        f'"image/png": "{data}",\n', f"{word}.test ssh-rsa AAAAB3NzaC1yc2E{data[:300]}\n", f'"mappings": "{data}"\n',
        f"caBundle: {data}\n", f"certificate-authority-data: LS0tLS1CRUdJTiBDRVJU{data}\n", f'public_key = "{data[:43]}="\n',
    ])  # fmt: skip


def _block_with_prefix(rng: Random) -> str:
    """A base64 block in which the letters of some vendor's prefix stand by chance."""
    prefix = rng.choice(
        ["AKIA", "YC", "K00", "EAA", "ABSK", "SK", "AC", "B", "y0_"[:2], "NRAK", "dp"]
    )
    data = base64.b64encode(rng.randbytes(900)).decode()
    at = rng.randrange(100, 800)
    data = data[:at] + rng.choice("+/") + prefix + data[at:]
    folded = "\n".join(data[i : i + 76] for i in range(0, len(data), 76))
    return rng.choice([f'"data": "{data}"\n', f"{folded}\n"])


def _url(rng: Random) -> str:
    word, user, host = (
        rng.choice(WORDS),
        rng.choice(["user", "admin", "root", "postgres"]),
        rng.choice(HOSTS),
    )
    weak = rng.choice(["password", "pass", "secret", "postgres", "changeme", "mypassword", "root", "admin",
                       "mysecretpassword", "<password>", "${DB_PASS}", "$PASSWORD", "{{password}}", "%s", "****", "xxxx"])  # fmt: skip
    scheme = rng.choice(
        ["postgres", "mysql", "mongodb", "redis", "amqp", "https", "ftp", "postgresql+psycopg2"]
    )
    return rng.choice([
        f"DATABASE_URL={scheme}://{user}:{weak}@{host}:5432/{word}\n", f'"{scheme}://{user}:{weak}@{host}/{word}"\n',
        f"https://{word}.test/{word}?token={word}&key={word}\n", f"{scheme}://{host}/{word}\n", f"git@github.com:{word}/{word}.git\n",
        f"https://github.com/{word}/{word}/blob/{letters(rng, 40, ALPHABETS['h'])}/src/secrets/{word}.py#L10\n",
        f"https://{word}.s3.amazonaws.com/{word}/{letters(rng, 32, ALPHABETS['h'])}/{word}.png\n",
    ])  # fmt: skip


def _vendor_placeholder(rng: Random) -> str:
    fake = rng.choice(["x" * 24, "X" * 36, "EXAMPLE" * 5, "your_token_here", "0" * 36, "1234567890abcdef1234567890abcdef",
                       "abcdefghijklmnopqrstuvwxyz0123456789", "<your-key>", "..." , "*" * 20, "REPLACE_ME_WITH_KEY",
                       "a1b2c3d4e5f6g7h8i9j0", "_YOUR_API_KEY_", "123456789012345678901234567890123456"])  # fmt: skip
    prefix = rng.choice(["sk_live_", "sk_test_", "ghp_", "github_pat_", "xoxb-", "AKIA", "AIza", "glpat-", "SG.", "npm_", "sk-",
                         "sk-ant-api03-", "shpat_", "dop_v1_", "hf_", "rk_live_", "whsec_", "pk_live_", "key-", "eyJ", "pypi-",
                         "https://hooks.slack.com/services/T00000000/B00000000/", "NRAK-", "lin_api_", "dckr_pat_"])  # fmt: skip
    return _assigned(rng, prefix + fake)


def _public_by_design(rng: Random) -> str:
    return fill(rng.choice([
        "pk_test_{a24}", "pk_live_{a24}", "sitekey: 6L{w38}", 'data-sitekey="6L{w38}"', "UA-{n8}-1", "G-{u10}", "GTM-{u7}", "ca-pub-{n16}",
        '"appId": "1:{n12}:web:{h22}"', '"measurementId": "G-{u10}"', '"messagingSenderId": "{n12}"', "projectId: 'acme-{l5}'", "{n12}-{l32}.apps.googleusercontent.com",
        "0x{h40}", "contract_address = '0x{h40}'", 'token: "0x{h40}"', "npub1{l58}", "bc1q{l38}", '"address": "T{a33}"', "dsn: https://{h32}@o{n6}.ingest.sentry.io/{n7}",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "publicKey: '{raw32}'", "NEXT_PUBLIC_KEY_ID={h20}", "MAPBOX_TOKEN=pk.test", "fingerprint = SHA256:{b43}", "csrf_token: '{a32}'", 'nonce="{a32}"',
    ]), rng) + "\n"  # fmt: skip


def _jwt_example(rng: Random) -> str:
    """What documents show of a JSON Web Token: cut, or with letters in place of its parts."""
    return _assigned(
        rng,
        rng.choice(
            [
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
                "eyJ...",
                "header.payload.signature",
                "xxxxx.yyyyy.zzzzz",
                "<jwt>",
                "eyJhbGciOi{...}",
            ]
        ),
    )


def _encoded_words(rng: Random) -> str:
    word = rng.choice(["password", "secret", "changeme", "user:pass", "user:password", "admin:admin", "admin:password",
                       "username:password", "hello world", "my-secret-token", "test:test", "CLIENT_ID:CLIENT_SECRET"])  # fmt: skip
    value = base64.b64encode(word.encode()).decode()
    return rng.choice(
        [
            f"Authorization: Basic {value}\n",
            f'authorization: "Basic {value}"\n',
            f"  password: {value}\n",
            f"data:\n  token: {value}\n",
        ]
    )


def _low(rng: Random) -> str:
    return _assigned(rng, rng.choice([
        rng.choice("abcdefx0123456789") * rng.randrange(6, 41), "1234567890" * rng.randrange(1, 4), "abcd" * rng.randrange(4, 9), "deadbeef" * rng.randrange(2, 9),
        "qwertyuiop", "12345678", "0123456789abcdef" * rng.randrange(1, 3), "abcdefghijklmnop", "AAAAAAAAAAAAAAAAAAAAAA==", "00000000-0000-0000-0000-000000000000",
        "1a2b3c4d5e6f7a8b9c0d", "11111111-2222-3333-4444-555555555555", "foobarbazqux1234", "aaaabbbbccccdddd", "0xdeadbeef", "ffffffffffffffffffffffffffffffff",
    ]))  # fmt: skip


def _version(rng: Random) -> str:
    a, b = rng.randrange(30), rng.randrange(30)
    return _assigned(rng, rng.choice([
        f"{a}.{b}.0", f"v{a}.{b}.1-rc.{b}", f"^{a}.{b}.3", f"2024-0{a % 9 + 1}-1{b % 9}T10:{b:02}:00Z", f"2023-0{a % 9 + 1}-{b % 20 + 10}", f"{1_600_000_000 + a}{b:03}",
        f"{a}.{b}.0.RELEASE", f"application/vnd.acme.v{a}+json", f"us-east-{a % 3 + 1}", f"{a}:{b:02}:00", f"1{a:03}.{b:05}", f"TLSv1.{a % 4}", "AES-256-GCM", "aes-256-cbc", "HS256", "RS512",
        "SHA512withRSA", "PBKDF2WithHmacSHA256", "TLS_AES_256_GCM_SHA384", "ecdsa-sha2-nistp256", "utf-8", "application/x-www-form-urlencoded", "text/html; charset=utf-8",
    ]))  # fmt: skip


def _file(rng: Random) -> str:
    one, two = rng.choices(WORDS, k=2)
    return _assigned(rng, rng.choice([
        f"/etc/{one}/{two}.key", f"./{one}/{two}_password.txt", f"~/.{one}/credentials.json", f"{one}/{two}/token.go", f"C:\\\\{one}\\\\{two}.pem", f"{one}-{two}.service-account.json",
        f"file:///run/secrets/{one}_{two}", f"/run/secrets/{one}", f"{one}.{two}.properties", f"s3://{one}-{two}/keys/{one}.gpg", f"../{one}/{two}.p12", f"@{one}/{two}-core", f"{one}/{two}@v3",
        f"{one}:{two}-latest", f"registry.test/{one}/{two}:1.2.3", f"{one}.{two}.svc.cluster.local:8443", f"{one}@{two}.test",
    ]))  # fmt: skip


def _reference(rng: Random) -> str:
    one, two = rng.choices(WORDS, k=2)
    return _assigned(rng, rng.choice([
        f"op://{one}/{two}/password", f"vault:secret/data/{one}#{two}", f"ssm:/{one}/{two}/key", f"secretsmanager:{one}/{two}", f"!Ref {one.title()}Password", f"!Sub ${{{one.title()}}}",
        f"@Microsoft.KeyVault(SecretUri=https://{one}.vault.azure.net/secrets/{two}/)", f"{{{{resolve:secretsmanager:{one}:SecretString:{two}}}}}", f"projects/{one}/secrets/{two}/versions/latest",
        f"ref+awsssm://{one}/{two}", f"keyring:{one}/{two}", f"env:{one.upper()}_{two.upper()}", f"file:{one}/{two}", f"${{ssm:/{one}/{two}}}", f"ENC[AES256_GCM,data:{letters(rng, 24)}]",
        f"{{cipher}}{letters(rng, 64, ALPHABETS['h'])}", "$ANSIBLE_VAULT;1.1;AES256", f"vault:v1:{letters(rng, 60)}", f"$2b$12${letters(rng, 53)}", f"AgB{letters(rng, 300)}",
    ]))  # fmt: skip


def _infrastructure(rng: Random) -> str:
    one, two = rng.choices(WORDS, k=2)
    return rng.choice([
        f"secretName: {one}-{two}-tls\n", f"secretKeyRef:\n  name: {one}-{two}\n  key: {one}-password\n", f"existingSecret: {one}-{two}-credentials-v2\n",
        f'resource "aws_secretsmanager_secret" "{one}_{two}_api_key" {{\n', f"client_secret = azuread_application_password.{one}.value\n", f"password = random_password.{one}_{two}[0].result\n",
        f"token: ${{{{ secrets.{one.upper()}_TOKEN }}}}\n", f"- secret: {one}_{two}_key\n", f"imagePullSecrets:\n- name: {one}-registry-key\n", f"    key: {one}.{two}/managed-by-{one}\n",
        f"password: {{{{ .Values.{one}.{two}Password | quote }}}}\n", f'password: {{{{ include "{one}.fullname" . }}}}\n', f"key: \"{{{{ lookup('env', '{one.upper()}_KEY') }}}}\"\n",
        f"tokenRequest:\n  audience: {one}-{two}.test\n", f"api_key_required: true\napi_key_source: {one.upper()}\n", f'azure_client_secret_path = "../../{one}/{two}/terraform.tfstate"\n',
    ])  # fmt: skip


def _lock(rng: Random) -> str:
    word = rng.choice(WORDS)
    b64 = base64.b64encode(rng.randbytes(64)).decode()
    h = letters(rng, 64, ALPHABETS["h"])
    return rng.choice([
        f'    "node_modules/{word}-token": {{\n      "version": "1.2.3",\n      "resolved": "https://registry.npmjs.org/{word}/-/{word}-1.2.3.tgz",\n      "integrity": "sha512-{b64}",\n',
        f"  /{word}-auth@1.2.3:\n    resolution: {{integrity: sha512-{b64}}}\n", f'"{word}-secret@npm:1.0.0":\n  checksum: {h}{h}\n',
        f'[[package]]\nname = "{word}-keyring"\nversion = "0.1.0"\nchecksum = "{h}"\n', f"{word}-tokens==1.0.0 \\\n    --hash=sha256:{h}\n", f"    {word}_key (1.2.3)\n      sha256={h}\n",
        f"github.com/azure/{word}-service-bus-go v1.0.0 h1:{b64[:43]}=\n", f'            "url": "https://api.github.com/repos/{word}/zipball/{h[:40]}",\n            "reference": "{h[:40]}",\n            "shasum": ""\n',
        f'"name": "cloudflare/{word}",\n"source": {{\n"reference": "{h[:40]}"\n',
        f'"src\\/{word}\\/{word.title()}Token.php":"{h[:32]}","src\\/{word}.php"',
        f'"plugins/{word}/facebook.png" => array("302", "{h[:32]}"),\n',
        f'"api_token_title":"crwdns{h[:2]}:0crwdne{h[:2]}:0"\n',
        f'    files = [\n        {{file = "{word}-token-1.0.whl", hash = "sha256:{h}"}},\n',
    ])  # fmt: skip


def _minified(rng: Random) -> str:
    one, two = letters(rng, 2, ALPHABETS["z"]), letters(rng, 1, ALPHABETS["z"])
    word = rng.choice(WORDS)
    return rng.choice([
        f'{{key:"render{word.title()}",value:function(){{var {two}=this.props,{one}=e.token;return {one}&&{two}.password}}}}',
        f'password:{two},token:{one}.{two},secret:!0,apiKey:void 0,auth:"{word}",accessToken:null,credentials:"same-origin"',
        f'{one}.password=function({two}){{return"{word}"===={two}.type}},{two}.token="{word}-{one}"',
        f'{{"token":"{word}","type":"{word}.{one}","secret":false,"key":"{word}_{one}","auth":{{"mode":"{word}"}}}}',
    ])  # fmt: skip


def _json_schema(rng: Random) -> str:
    word = rng.choice(WORDS)
    return json.dumps(
        {
            "properties": {
                "password": {
                    "type": "string",
                    "format": "password",
                    "pattern": "^[A-Za-z0-9]{8,}$",
                },
                f"{word}Token": {"$ref": f"#/definitions/{word.title()}Token"},
            }
        }
    )


FAMILIES: Mapping[str, Maker] = {
    "templates": _choice("${DB_PASSWORD}", "{{ vault.key }}", "%(secret)s", "$(cat /run/secret)", "<%= token %>", "#{ENV['KEY']}", "%API_KEY%", "@@TOKEN@@", "__SECRET__", "$SECRET_VALUE", "{0}", "%s", "[[token]]", "<your-token>", "<API_KEY>", "{api_key}", "$$(VAR)", "<YOUR_SECRET_HERE>", "$2", "\\$TOKEN"),
    "placeholders": _choice("your-api-key", "YOUR_API_KEY", "xxxxxxxxxxxxxxxx", "changeme", "change-me-please", "CHANGE_ME_123", "example", "placeholder-value", "insert-token-here", "my-secret-key", "mysecretpassword", "supersecretpassword", "super_secret_key_123", "dummy-token-123", "fake_key_0123456", "test-api-key", "test_secret_1234", "secret123", "password123", "Password1!", "s3cr3t", "P@ssw0rd", "p4ssw0rd", "notasecret", "not-a-real-token-123", "some-secret-value-1", "abc123", "TODO_FILL_ME_IN", "enter_your_password", "mytoken", "letmein123", "my_access_token_1", "admin123", "root123", "hunter2", "foobar", "correct horse", "REDACTED", "[REDACTED]", "********", "-----", "none", "null", "undefined", "n/a", "TBD", "sk-your-openai-key", "your_secret_key_goes_here", "replace_with_your_token", "yourAccessToken", "thisIsNotASecret", "secretsecretsecret", "passw0rd!", "demo-key-please-change", "mock-token-abcdef", "invalid-token-12345", "wrongpassword", "bad_token_999", "token-12345678901", "key-1234567890123"),
    "identifiers": _identifier,
    "names of credentials": _credential_identifier,
    "code": _code,
    "declarations": _declared,
    "prose": _prose,
    "translations": _translation,
    "digests": _digest,
    "identities": _identity,
    "blobs": _blob,
    "blobs with a prefix": _block_with_prefix,
    "urls": _url,
    "vendors' placeholders": _vendor_placeholder,
    "public by design": _public_by_design,
    "tokens shown in part": _jwt_example,
    "encoded words": _encoded_words,
    "low entropy": _low,
    "versions and formats": _version,
    "files": _file,
    "references and sealed": _reference,
    "infrastructure": _infrastructure,
    "lock files": _lock,
    "minified": _minified,
    "schemas": _json_schema,
}  # fmt: skip


def negatives(family: str, make: Maker, count: int, seed: int = 0) -> list[str]:
    """Return ``count`` texts of a family, the same ones for the same seed."""
    return [make(Random(f"{family}{seed}{number}")) for number in range(count)]
