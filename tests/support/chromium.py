"""Looks at a page with a real browser: picture, pages, console and what it tried to fetch."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.support.needs import tool

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--force-device-scale-factor=1",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

# the browser's own errands, which no flag stops; the resolver rule keeps them on this machine
_ITS_OWN = re.compile(r"https?://[a-z0-9.]*\.(?:google|googleapis|gvt1)\.com/")


class Seen(NamedTuple):
    """What the browser did: its console's lines, and every address it asked for."""

    console: tuple[str, ...]
    requests: tuple[str, ...]
    dom: str


def look(page: Path) -> Seen:
    """Load a page and return the document it became, with the console and all requests."""
    with tempfile.TemporaryDirectory(prefix="keyproof-chromium-") as folder:
        log = Path(folder) / "net.json"
        done = _run(
            folder,
            "--enable-logging=stderr",
            f"--log-net-log={log}",
            "--net-log-capture-mode=Everything",
            "--dump-dom",
            page.as_uri(),
        )
        console = tuple(line for line in done.stderr.splitlines() if ":CONSOLE" in line)
        return Seen(console, _requested(log), done.stdout)


def picture(page: Path, target: Path, *, width: int = 1280, height: int = 1600) -> None:
    """Write what a window of that size shows, as PNG."""
    with tempfile.TemporaryDirectory(prefix="keyproof-chromium-") as folder:
        _run(folder, f"--window-size={width},{height}", f"--screenshot={target}", page.as_uri())


def pages(page: Path, folder: Path, *, dots: int = 60) -> list[Path]:
    """Print the page to PDF (``report.pdf``) and return its pages as PNG."""
    document = folder / "report.pdf"
    with tempfile.TemporaryDirectory(prefix="keyproof-chromium-") as profile:
        _run(profile, "--no-pdf-header-footer", f"--print-to-pdf={document}", page.as_uri())
    subprocess.run(
        [tool("pdftoppm"), "-r", str(dots), "-png", str(document), str(folder / "page")],
        check=True,
        timeout=120,
    )
    return sorted(folder.glob("page-*.png"))


def _run(profile: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool("chromium"), *_FLAGS, f"--user-data-dir={profile}/profile", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def _requested(log: Path) -> tuple[str, ...]:
    """Return the addresses of a net log's requests."""
    text = log.read_text(errors="replace")
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the browser left before it closed the list
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    found = {str(event.get("params", {}).get("url", "")) for event in events}
    return tuple(sorted(url for url in found if url and not _ITS_OWN.match(url)))
