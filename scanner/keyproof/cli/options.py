"""Options that several commands have: said in the same words everywhere."""

from __future__ import annotations

from pathlib import Path

import click

SUBJECT_TYPES = click.Choice(["key", "principal", "leak", "source", "waiver"])
CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings file. Default: the nearest keyproof.yaml.",
)
TEXT_OR_JSON = click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the result. Default: text.",
)
REPORT_FORMAT = click.option(
    "--format",
    "format_name",
    metavar="NAME",
    help="table, html, json, csv, markdown, sarif, junit, github, gitlab, codequality, or run: the"
    " whole run, for 'keyproof report'. Default: by FILE, else table.",
)
OUTPUT = click.option(
    "-o", "--output", metavar="FILE", help="Where to; its ending chooses the format."
)
