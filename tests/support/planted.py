"""Every secret that a test makes is registered here, so that the sweep can look for it afterwards.

Values are assembled at run time and never stand in a file of this repository. They are written,
one file a process, to a folder that the sweep reads and deletes.
"""

from __future__ import annotations

import base64
import os
import random
import string
import zlib
from pathlib import Path

FOLDER_VARIABLE = "KEYPROOF_TEST_PLANTED"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def plant(value: str) -> str:
    """Register a secret's value for the sweep, and return it."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        with (Path(folder) / f"{os.getpid()}.txt").open("a") as handle:
            handle.write(base64.b64encode(value.encode()).decode() + "\n")
    return value


def planted_values() -> set[str]:
    """Return every value registered in this test session, by any process."""
    folder = os.environ.get(FOLDER_VARIABLE)
    files = Path(folder).glob("*.txt") if folder else ()
    return {base64.b64decode(line).decode() for f in files for line in f.read_text().split()}


def letters(seed: str, length: int, alphabet: str = _BASE62) -> str:
    """Return a reproducible run of letters; not a secret by itself."""
    return "".join(random.Random(seed).choices(alphabet, k=length))


def github_pat(seed: str) -> str:
    """Return a classic GitHub token: ``ghp_``, 30 base62 letters, base62 CRC-32 of those in 6."""
    body = letters(f"ghp{seed}", 30)
    crc, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        check = _BASE62[digit] + check
    return plant("gh" + "p_" + body + check)


def aws_key_id(seed: str, account: str = "123456789012") -> str:
    """Return an access key id (public) whose letters encode an account id, as AWS's do."""
    number = int(account) << 7 | random.Random(seed).getrandbits(7)
    packed = number.to_bytes(6, "big") + random.Random(seed + "x").randbytes(4)
    first = packed[0] | 0x80
    return "AK" + "IA" + base64.b32encode(bytes([first]) + packed[1:]).decode()[:16]


def aws_secret_key(seed: str) -> str:
    """Return a secret access key: 40 letters of the base64 alphabet."""
    return plant(letters(f"aws{seed}", 40, _BASE62 + "+/"))


def password(seed: str) -> str:
    """Return a password that no detector knows by its form."""
    return plant(letters(f"pw{seed}", 20, _BASE62 + "#%=?"))
