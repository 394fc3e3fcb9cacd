"""The entry point ``keyproof``: what happens before the command line is loaded.

Loading it takes longer than answering ``--version``, and somebody may press Ctrl-C meanwhile.
"""

from __future__ import annotations

import sys

from keyproof import __version__, interrupts


def main() -> None:
    """Run the command line and leave with its exit code."""
    interrupts.leave_quietly()
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        print(f"keyproof, version {__version__}")
        return
    from keyproof.cli.boundary import run
    from keyproof.cli.main import cli

    interrupts.raise_again()
    sys.exit(run(cli, sys.argv[1:]))
