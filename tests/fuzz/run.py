"""Fuzz with atheris: ``python tests/fuzz/run.py TARGET FOLDER [libFuzzer options]``.

TARGET ``every`` runs one after the other. FOLDER keeps what was learnt, and inputs that failed; the
seeds of a target are put there first. See ``make fuzz``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["keyproof.leaks", "zipfile", "tarfile"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Write the seeds, and hand over to libFuzzer."""
    name, folder, *options = sys.argv[1:]
    if name == "every":
        codes = [_one(target, folder, options) for target in TARGETS]
        sys.exit(any(codes))
    target = TARGETS[name]
    corpus = Path(folder, name)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = ["-rss_limit_mb=3000", "-max_len=8192", "-timeout=60", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *options], target.run)
    atheris.Fuzz()


def _one(target: str, folder: str, options: list[str]) -> int:
    print(f"==> {target}", flush=True)
    return subprocess.run(
        [sys.executable, __file__, target, folder, *options], check=False
    ).returncode


if __name__ == "__main__":
    main()
