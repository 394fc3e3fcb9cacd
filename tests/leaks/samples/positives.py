"""Assignments of secrets whose issuer nobody names, by family: what a person or a generator chose."""

from __future__ import annotations

import base64
import string
from collections.abc import Callable, Mapping
from random import Random

from tests.leaks.samples.template import ALPHABETS, FORMS, letters
from tests.support.planted import plant

Maker = Callable[[Random], tuple[str, str]]
PASSWORD_NAMES = (
    "password",
    "db_password",
    "DB_PASSWORD",
    "adminPasswd",
    "smtp_pass",
    "pwd",
    "dbPass",
)
KEY_NAMES = ("api_key", "API_KEY", "apiKey", "client_secret", "accessToken", "SECRET_TOKEN", "auth-token",
             "encryption_key", "private_key", "appSecret", "webhook_secret", "SECRET_KEY")  # fmt: skip
_MARKS = "!@#$%^*_-+=?"
_SYLLABLES = "ba be bo da di du fa ga go ka ke ko la li lo ma mi mo na ne no pa pe po ra ri ro sa se so ta ti to va vi zu".split()  # noqa: SIM905 - a page of quotes otherwise


def _assigned(rng: Random, names: tuple[str, ...], value: str) -> tuple[str, str]:
    return rng.choice(FORMS).format(name=rng.choice(names), value=plant(value)), value


def _chosen(rng: Random) -> str:
    """What a person makes: a word that nobody knows, a capital, a number, a mark."""
    word = "".join(rng.choices(_SYLLABLES, k=rng.randrange(3, 5))).title()
    number = str(rng.randrange(10, 10_000))
    mark = rng.choice(_MARKS.replace("%", "").replace("$", ""))
    return rng.choice(
        [word + number + mark, word + mark + number, number + mark + word, word + number]
    )


def _generated(rng: Random, low: int, high: int) -> str:
    return letters(rng, rng.randrange(low, high))


def _strong(rng: Random) -> str:
    body = letters(rng, rng.randrange(9, 20))
    at = rng.randrange(2, len(body) - 1)
    return body[:at] + rng.choice("!@#^*_+=?~%") + body[at:] + rng.choice("!#*1x")


def _url(rng: Random) -> tuple[str, str]:
    secret = plant(_generated(rng, 10, 20))
    scheme = rng.choice(["postgres", "mysql", "mongodb+srv", "redis", "amqp", "https"])
    host = rng.choice(["db.acme-prod.net", "10.1.2.3", "cluster0.x1y2z.mongodb.net", "localhost"])
    return f"DATABASE_URL={scheme}://app:{secret}@{host}/main\n", secret


def _default(rng: Random) -> tuple[str, str]:
    """What a setting falls back on where the environment says nothing."""
    if rng.random() < 0.5:
        name, secret = (
            rng.choice(("DB_PASSWORD", "spring.mail-password", "SMTP_PASS")),
            _chosen(rng),
        )
    else:
        name, secret = (
            rng.choice(("JWT_SECRET", "app.api-key", "API_TOKEN")),
            _generated(rng, 24, 44),
        )
    form = rng.choice(("x.y={}\n", "      - X={}\n", '@Value("{}")\n', "x: {}\n"))
    setting = "${" + name + rng.choice([":", ":-"]) + plant(secret) + "}"
    return form.format(setting), secret


def _compared(rng: Random) -> tuple[str, str]:
    secret = plant(_strong(rng) if rng.random() < 0.5 else _chosen(rng))
    return f"if (body.password {rng.choice(['==', '==='])} '{secret}') {{\n", secret


def _with_dollar(rng: Random) -> tuple[str, str]:
    """A generator's password in which a dollar stands before a letter."""
    secret = f"{letters(rng, 6)}{rng.randrange(10)}${rng.choice('abqxz')}{rng.randrange(10)}{letters(rng, 8)}"
    return f"password: '{plant(secret)}'\n", secret


def _basic(rng: Random) -> tuple[str, str]:
    secret = plant(base64.b64encode(f"deploy:{letters(rng, 16)}".encode()).decode())
    return f"Authorization: Basic {secret}\n", secret


def _hex(rng: Random, size: int) -> str:
    return letters(rng, size, ALPHABETS["h"])


POSITIVES: Mapping[str, Maker] = {
    "passwords that people choose": lambda r: _assigned(r, PASSWORD_NAMES, _chosen(r)),
    "generated passwords": lambda r: _assigned(r, PASSWORD_NAMES, _generated(r, 10, 25)),
    "passwords with marks": lambda r: _assigned(r, PASSWORD_NAMES, _strong(r)),
    "keys of letters and digits": lambda r: _assigned(r, KEY_NAMES, _generated(r, 20, 65)),
    "keys of lower-case letters": lambda r: _assigned(r, KEY_NAMES, letters(r, r.randrange(20, 48), string.ascii_lowercase + string.digits)),
    "hexadecimal keys": lambda r: _assigned(r, KEY_NAMES, _hex(r, r.choice([32, 40, 64]))),
    "base64 keys": lambda r: _assigned(r, KEY_NAMES, base64.b64encode(r.randbytes(r.choice([24, 32, 48]))).decode()),
    "urls with a password": _url,
    "basic authentication": _basic,
    "what a setting falls back on": _default,
    "compared with a constant": _compared,
    "with a dollar": _with_dollar,
}  # fmt: skip
