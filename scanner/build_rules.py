"""Build hook: puts the detectors into the wheel as they are used, compiled.

Whoever installs keyproof has its rules at once; from YAML they take a second. In an editable
install there is nothing to put anywhere: there detector files are read as they are edited. Compiled
rules count only while the digest of the files beside them is the one that they were made from.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RulesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles the detectors when a wheel is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled rules to a wheel. See ``BuildHookInterface.initialize``."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "scanner")))
        try:
            from keyproof.leaks import rules
            from keyproof.leaks.rules_source import compile_rules

            content = rules.dumped(compile_rules(rules.digest(), rules.detector_files()), "")
        finally:
            del sys.path[0]
        self._made = Path(tempfile.mkdtemp(), "rules.bin")
        self._made.write_bytes(content)
        build_data["force_include"][str(self._made)] = "keyproof/leaks/rules.bin"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made. See ``BuildHookInterface.finalize``."""
        if version != "editable":
            self._made.unlink()
            self._made.parent.rmdir()
