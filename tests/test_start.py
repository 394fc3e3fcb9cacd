"""How a process begins: at once where nothing is asked of it, and without fuss where it is stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hook.repository import Work
from tests.support.run import isolated, keyproof

from keyproof import __version__

LOADED = """
import sys
sys.argv[1:] = ["--version"]
from keyproof.start import main
main()
sys.exit(",".join(sorted({"click", "typing", "re", "pathlib"} & (set(sys.modules) - before))) or 0)
"""


def test_the_version_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    ran = keyproof("--version", cwd=tmp_path, home=tmp_path / "home")
    assert (ran.code, ran.out, ran.err) == (0, f"keyproof, version {__version__}\n", "")
    code = f"import sys; before = set(sys.modules)\n{LOADED}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(("module", "slow"), [("keyproof", "click"), ("keyproof.hook", "zlib")])
def test_an_interrupt_while_it_loads_leaves_no_traceback(
    planted: Path, home: Path, module: str, slow: str, sent: int, code: int
) -> None:
    folder = home / "slow"
    folder.mkdir(parents=True)
    (folder / f"{slow}.py").write_text("import time\nprint(1, flush=True)\ntime.sleep(60)\n")
    work = Work(planted / "work", home, home / "cache")
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        cwd=work.folder,
        env=isolated(home) | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"1\n"
    started.send_signal(sent)
    _, err = started.communicate(timeout=60)
    assert (started.returncode, err) == (code, b"")
