"""Build hook: puts the detectors into the wheel as they are used, compiled.

Whoever installs keyproof has its rules at once; from YAML they take a second. In an editable
install there is nothing to put anywhere: there detector files are read as they are edited. Compiled
rules count only while the digest of the files beside them is the one that they were made from.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPILE = os.environ.get("KEYPROOF_COMPILE") == "1"


class RulesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles the detectors when a wheel is built."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what a build needs besides. See ``BuildHookInterface.dependencies``."""
        return ["mypy[mypyc]>=1.15"] if _COMPILE else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled rules to a wheel. See ``BuildHookInterface.initialize``."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "scanner")))
        try:
            if _COMPILE:
                self._compile(build_data)
            from keyproof.leaks import rules
            from keyproof.leaks.rules_source import compile_rules

            content = rules.dumped(compile_rules(rules.digest(), rules.detector_files()), "")
        finally:
            del sys.path[0]
        self._made = Path(tempfile.mkdtemp(), "rules.bin")
        self._made.write_bytes(content)
        build_data["force_include"][str(self._made)] = "keyproof/leaks/rules.bin"

    def _compile(self, build_data: dict[str, Any]) -> None:
        """Add the compiled loop, which is for this platform and this Python only."""
        from build_delta import SOURCE, compile_delta

        for made in compile_delta(Path(self.directory)):
            build_data["force_include"][str(made)] = str(Path(SOURCE).with_name(made.name))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made. See ``BuildHookInterface.finalize``."""
        if version != "editable":
            self._made.unlink()
            self._made.parent.rmdir()
