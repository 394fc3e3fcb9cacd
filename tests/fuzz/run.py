"""Fuzz one target with atheris: ``python tests/fuzz/run.py TARGET FOLDER [libFuzzer options]``.

FOLDER keeps what was learnt; the seeds of the target are put there first. See ``make fuzz``.
"""

from __future__ import annotations

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
    target = TARGETS[name]
    corpus = Path(folder, name)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
