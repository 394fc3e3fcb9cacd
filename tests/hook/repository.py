"""A git repository for hook tests: real git, in a folder that may hold secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.run import Ran, isolated


class Work:
    """A repository below ``planted`` and the hook run in it as git runs it."""

    def __init__(self, folder: Path, home: Path, warm: Path) -> None:
        self.folder, self.home = folder, home
        self.environment = isolated(home) | {"XDG_CACHE_HOME": str(warm)}
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, check: bool = True, **env: str) -> str:
        done = self.try_git(*arguments, **env)
        assert not check or done.code == 0, done.err
        return done.out

    def try_git(self, *arguments: str, **env: str) -> Ran:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environment | env,
            capture_output=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace"))

    def write(self, name: str, text: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def add(self, name: str, text: str | bytes) -> None:
        self.write(name, text)
        self.git("add", "--", name)

    def commit(self, name: str, text: str | bytes, *flags: str) -> str:
        self.add(name, text)
        self.git("commit", "-q", "-m", f"add {name}", *flags)
        return self.git("rev-parse", "HEAD").strip()

    def hook(self, *arguments: str, stdin: str = "", cwd: Path | None = None, **env: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "keyproof.hook", *arguments],
            cwd=cwd or self.folder,
            env=self.environment | env,
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        outputs = self.home / "outputs"
        outputs.mkdir(exist_ok=True)
        (outputs / f"hook-{len(list(outputs.iterdir()))}.err").write_bytes(
            done.stdout + done.stderr
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace"))
