"""Installs Chromium and poppler, with which the HTML report is looked at, where that can be done."""

from __future__ import annotations

import os
import shutil
import subprocess

_WANTED = {"chromium": "chromium", "pdftoppm": "poppler-utils"}
_FONTS = ("fonts-dejavu-core", "fonts-liberation")


def install() -> None:
    """Install what is missing on Debian and its kin, when we are root.

    Raises:
        RuntimeError: something is missing and a person must install it; the text says how.
        subprocess.CalledProcessError: apt-get failed.
    """
    missing = [package for name, package in _WANTED.items() if not shutil.which(name)]
    if not missing:
        print("Chromium and poppler are here")
        return
    wanted = (*missing, *_FONTS)
    if not (shutil.which("apt-get") and os.name != "nt" and os.geteuid() == 0):
        msg = f"missing; install them: sudo apt-get install {' '.join(wanted)}"
        raise RuntimeError(msg)
    print(f"installing {', '.join(missing)} with apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", *wanted)):
        subprocess.run(["apt-get", "--quiet", "--quiet", *arguments], check=True, env=quiet)
