"""The table of commands. The entry point is :mod:`keyproof.start`."""

from __future__ import annotations

import click

from keyproof import __version__
from keyproof.cli.lazy import LazyGroup

SECTIONS = (
    (
        "Find",
        {
            "scan": ("keyproof.cli.scan:scan", "Gather, join and decide; print what is wrong."),
            "inventory": ("keyproof.cli.inventory:inventory", "List keys as their issuers do."),
            "leaks": ("keyproof.cli.leaks:leaks", "Find secrets in git history, files, stdin."),
            "baseline": ("keyproof.cli.baseline:baseline", "Accept known leaks, with reasons."),
        },
    ),
    (
        "Understand",
        {
            "report": ("keyproof.cli.report:report", "Render a saved run in another format."),
            "explain": ("keyproof.cli.explain:explain", "Say what a policy or finding means."),
            "policies": ("keyproof.cli.policies:policies", "List, show, test and check policies."),
        },
    ),
    (
        "Fix",
        {
            "tickets": ("keyproof.cli.tickets:tickets", "Plan, open, sync and close tickets."),
            "rotate": ("keyproof.cli.rotate:rotate", "Take approved rotations on, or back."),
        },
    ),
    (
        "Set up",
        {
            "init": ("keyproof.cli.init:init", "Write a keyproof.yaml for what is here."),
            "doctor": ("keyproof.cli.doctor:doctor", "Check sources, rights and tools, read-only."),
            "hook": ("keyproof.cli.hook:hook", "Install or run the git hooks."),
            "demo": ("keyproof.cli.demo:demo", "Build a sample organisation, run the whole flow."),
        },
    ),
)

EPILOG = """\b
Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 usage or configuration,
3 nothing to check, 4 incomplete, 5 internal error, 130 interrupted.
Settings: flag > KEYPROOF_* > keyproof.yaml > default. Secrets come from the environment.
"""


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="keyproof")
def cli() -> None:
    """Prove that an organisation's API keys are under control.

    In any git repository, with no configuration, account or network:

    \b
        keyproof scan
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    from keyproof import start

    start.main()
