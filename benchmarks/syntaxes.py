"""Shows which ways of writing a value lose the name of its provider.

    .venv/bin/python benchmarks/syntaxes.py [EVERY]

Every detector's sample (or each EVERYth) is put into each of the syntaxes below; a way loses where
another detector, or none, is what remains. Values are random and never printed.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.leaks.samples.roster import ROSTER
from tests.leaks.samples.tables import TABLES
from tests.leaks.samples.template import fill

from keyproof.leaks.matcher import open_matcher
from keyproof.leaks.rules import load_rules

SYNTAXES = {
    "env": "{N}={v}\n",
    "export": 'export {N}="{v}"\n',
    "setx": 'setx {N} "{v}"\n',
    "docker": "ENV {N} {v}\n",
    "json": '{{"{N}": "{v}"}}',
    "json in a string": '"{{\\"{N}\\": \\"{v}\\"}}"',
    "yaml": "{n}: {v}\n",
    "yaml section": "{p}:\n  {k}: {v}\n",
    "toml section": '[{p}]\n{k} = "{v}"\n',
    "properties": "{p}.{k}={v}\n",
    "python": "{n} = '{v}'\n",
    "go": '\t{c}: "{v}",\n',
    "go short": '{c} := "{v}"\n',
    "ruby": ":{n} => '{v}',\n",
    "php": "define('{N}', '{v}');\n",
    "xml attribute": '<add key="{c}" value="{v}" />\n',
    "xml element": "<{c}>{v}</{c}>\n",
    "argument": 'client = {p}.Client({k}="{v}")\n',
    "setter": '{p}.set_{k}("{v}")\n',
    "flag": "{p} login --{k} {v}\n",
    "header": 'curl -H "X-{p}-{k}: {v}" https://api.{p}.com/v1\n',
    "bearer": "curl -H 'Authorization: Bearer {v}' https://api.{p}.com/v1\n",
    "query": "https://api.{p}.com/v1?{k}={v}\n",
    "comment": "# {p}\n{K} = '{v}'\n",
    "rust": 'pub const {N}: &\'static str = "{v}";\n',
    "c# property": 'public string {c} {{ get; set; }} = "{v}";\n',
    "field": '{n}: str = Field(default="{v}")\n',
    "next line": '{n} = (\n    "{v}"\n)\n',
    "block scalar": "{n}: >-\n  {v}\n",
    "list item": "- name: {p}\n  {k}: {v}\n",
    "prose": "the {p} {k} is {v}.\n",
    "commit message": "Remove the {p} key\n\n{N} was {v}\n",
    "constructor": 'let client = {p}::Client::new("{v}");\n',
    "sql": "UPDATE config SET value='{v}' WHERE name='{n}';\n",
    "secret set": 'gh secret set {N} --body "{v}"\n',
    "pipe": 'echo "{v}" | vercel env add {N} production\n',
    "user": "curl -u {v}: https://api.{p}.com/v1\n",
}


def main(every: int) -> None:
    """Print, by syntax, how many detectors keep their name, and the provider's at least."""
    with tempfile.TemporaryDirectory() as folder:
        matcher = open_matcher(load_rules(Path(folder)), Path(folder))
    lines = [line.split(None, 2) for table in (*TABLES, ROSTER) for line in table.split("\n")]
    chosen = [line for line in lines if len(line) == 3 and line[1] != "-"][::every]
    same: Counter[str] = Counter()
    provider: Counter[str] = Counter()
    for detector, name, template in chosen:
        issuer, _, key = detector.partition(".")
        long = name if len(name) > len(issuer) else f"{issuer}_{key}".upper()
        names = {"N": long, "n": long.lower(), "c": long.title().replace("_", "")}
        names |= {"p": issuer, "k": key, "K": key.upper()}
        for syntax, text in SYNTAXES.items():
            value = fill(template, Random(f"{detector}{syntax}"))
            found = {hit.detector for hit in matcher.find(text.format(v=value, **names).encode())}
            same[syntax] += detector in found
            provider[syntax] += issuer in {one.partition(".")[0] for one in found}
    print(f"{'of ' + str(len(chosen)):20} detector provider")
    for syntax in SYNTAXES:
        print(f"{syntax:20} {same[syntax]:8} {provider[syntax]:8}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
