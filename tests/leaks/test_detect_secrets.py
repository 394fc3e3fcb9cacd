"""detect-secrets adds candidates, and leaves nothing behind in the process."""

from __future__ import annotations

import subprocess
import sys
from random import Random

from detect_secrets.settings import get_settings, transient_settings
from tests.leaks.samples.template import ALPHABETS, letters
from tests.support.planted import plant

from keyproof.leaks.engine_detect_secrets import detectors, scan_lines


def _value(seed: str, length: int = 24) -> str:
    return plant(letters(Random(seed), length))


def test_a_keyword_assignment_is_a_candidate_where_it_stands() -> None:
    value = _value("keyword")
    text = f'first = 1\r\n  db_password = "{value}"\n'.encode()
    (hit, *rest) = scan_lines(text, "settings.py")
    assert rest == []
    assert text[hit.start : hit.end].decode() == hit.secret.reveal_text() == value
    assert hit.confidence == "low"


def test_a_vendors_form_is_named() -> None:
    value = plant("xox" + "b-123456789012-1234567890123-" + letters(Random("s"), 24))
    hits = scan_lines(f"x = '{value}'\n".encode(), "a.py")
    named = {d.id for d in detectors() if d.named}
    assert {h.detector for h in hits} & named == {"detect_secrets.slack"}


def test_placeholders_code_and_long_lines_are_passed_over() -> None:
    text = (
        'password = "changeme"\npassword = "${DB_PASSWORD}"\nsecret = get_secret("name")\n'
        'password = "your-password-here"\ncommit = "' + "0f" * 20 + '"\n'
        + f'password = "{_value("long")}"' + " " * 5000 + "\n"
    )  # fmt: skip
    assert scan_lines(text.encode(), "a.py") == []


def test_the_salt_of_our_own_baseline_is_meant_to_be_there() -> None:
    salt = letters(Random("salt"), 32, ALPHABETS["h"])
    assert scan_lines(f'{{"keyproof_baseline":1,"salt":"{salt}"}}\n'.encode(), "b") == []
    assert scan_lines(f'{{"other_baseline":1,"salt":"{salt}"}}\n'.encode(), "b")


def test_undecodable_bytes_do_not_stop_it() -> None:
    value = _value("bytes")
    text = (
        b'\xff\xfe broken \x80\npassword = "a1\xff\x80\xfe2b3c4d"\n'
        + f'secret_key = "{value}"\n'.encode()
    )
    assert [h.secret.reveal_text() for h in scan_lines(text, "a.py")] == [value]


def test_the_settings_of_the_process_stay_as_they_were() -> None:
    with transient_settings({"plugins_used": [{"name": "KeywordDetector"}], "filters_used": []}):
        before = get_settings().json()
        scan_lines(f'password = "{_value("settings")}"\n'.encode(), "a.py")
        assert get_settings().json() == before
        assert [p["name"] for p in before["plugins_used"]] == ["KeywordDetector"]


def test_it_is_imported_only_when_it_is_used() -> None:
    code = (
        "import sys, keyproof.leaks.engine_detect_secrets, keyproof.leaks.exact\n"
        "sys.exit('detect_secrets' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
