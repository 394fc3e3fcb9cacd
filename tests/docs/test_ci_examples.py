"""The files for CI systems gate a change: their own commands run, as a runner would run them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.support.needs import ROOT
from tests.support.planted import github_pat
from tests.support.repository import Repo
from tests.support.run import isolated, keyproof

from keyproof import __version__
from keyproof.errors import ExitCode

EXAMPLES = ROOT / "examples"
ACTION = ROOT / ".github" / "actions" / "keyproof"


def test_the_ci_example_for_gitlab_gates_a_change(planted: Path, home: Path) -> None:
    document = yaml.safe_load((EXAMPLES / "ci/gitlab-ci.yml").read_text())
    scripts = list(_scripts(document))
    words = [shlex.split(script) for script in scripts]
    gate, *reports = [line[1:] for line in words if line[0] == "keyproof"]
    repository, base = leaking(planted, home)
    values = {"$CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "$CI_COMMIT_SHA": "HEAD"}
    for variable, value in values.items():
        gate = [word.replace(variable, value) for word in gate]
    assert keyproof(*gate, cwd=repository.path, home=home).code == ExitCode.FINDINGS
    for report in reports:
        assert keyproof(*report, cwd=repository.path, home=home).code == 0
    kept = document["keyproof"]["artifacts"]
    for name in (*kept["reports"].values(), *kept["paths"]):
        assert (repository.path / name).stat().st_size > 0
    found = json.loads((repository.path / "gl-secret-detection-report.json").read_text())
    assert [one["location"]["file"] for one in found["vulnerabilities"]] == ["new.env"]
    assert f"=={__version__}'" in "\n".join(scripts)


def test_the_action_for_github_gates_a_change_as_its_steps_stand(
    planted: Path, home: Path, tmp_path: Path
) -> None:
    """Its shell steps run as a runner runs them: ``bash -eo pipefail``, the runner's variables."""
    steps = {step["name"]: step for step in _action()["runs"]["steps"] if "run" in step}
    assert list(steps) == ["Install", "Gate", "Report"]
    repository, base = leaking(planted, home)
    environment = _runner(home, tmp_path) | {"RANGE": f"{base}..HEAD", "FAIL_ON": "high"}

    def run(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[name]["run"]],
            cwd=repository.path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    gate = run("Gate")
    assert gate.returncode == ExitCode.FINDINGS, gate.stderr
    assert "file=new.env,line=1" in gate.stdout
    report = run("Report")
    assert report.returncode == 0, report.stderr
    assert "### Worst first" in (tmp_path / "summary.md").read_text()
    outputs = dict(
        line.split("=", 1) for line in (tmp_path / "outputs.txt").read_text().splitlines()
    )
    assert set(outputs) == set(_action()["outputs"])
    assert json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"]


def test_the_action_installs_the_version_that_it_is_part_of(tmp_path: Path, home: Path) -> None:
    install = next(s["run"] for s in _action()["runs"]["steps"] if s.get("name") == "Install")
    environment = _runner(home, tmp_path) | {
        "PIP_TARGET": str(tmp_path / "installed"),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "off",  # pip reads the negated option's value, not its name
    }
    subprocess.run(["bash", "-eo", "pipefail", "-c", install], env=environment, check=True)
    assert (tmp_path / "installed" / "keyproof" / "cli" / "scan.py").is_file()


def test_the_workflow_for_github_uses_the_action_as_it_is() -> None:
    workflow = yaml.safe_load((EXAMPLES / "ci/github-actions.yml").read_text())
    steps = workflow["jobs"]["gate"]["steps"]
    (used,) = [step for step in steps if "keyproof" in step["uses"]]
    folder, version = used["uses"].removeprefix("keyproof/keyproof/").split("@")
    assert (ROOT / folder / "action.yml").is_file()
    assert version == f"v{__version__}"
    assert set(used["with"]) <= set(_action()["inputs"])


def leaking(planted: Path, home: Path) -> tuple[Repo, str]:
    """Make a repository whose last commit adds a secret; return it with the commit before."""
    repository = Repo(planted / "shop", home)
    base = repository.commit("before")
    repository.write("new.env", f"GITHUB_TOKEN={github_pat('ci')}\n")
    repository.commit("leak")
    return repository, base


def _action() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text())
    return document


def _runner(home: Path, folder: Path) -> dict[str, str]:
    """Return the variables that a runner sets, with keyproof's own Python first."""
    own = Path(sys.executable).parent
    return isolated(home) | {
        "PATH": f"{own}:{os.environ['PATH']}",
        "GITHUB_ACTION_PATH": str(ACTION),
        "GITHUB_OUTPUT": str(folder / "outputs.txt"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "RUNNER_TEMP": str(folder),
        "KEYPROOF_KEY": "",
    }


def _scripts(document: object) -> Iterator[str]:
    """Yield every line that a CI file runs, wherever it stands."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "run":
                yield value
            elif name in {"script", "after_script"}:
                yield from value
            else:
                yield from _scripts(value)
    elif isinstance(document, list):
        for item in document:
            yield from _scripts(item)
