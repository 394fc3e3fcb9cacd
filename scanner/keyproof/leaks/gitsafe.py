"""What is switched off for every git process of keyproof.

Repositories are hostile: their configuration can name programs (fsmonitor, hooks, external diffs,
text conversion, filters, transports), hide objects (replace refs, grafts) and reach the network
(lazy fetching). Each of these is switched off for every call, and only plumbing is called. The
owner check (``safe.directory``) stays on, because git is started without ``GIT_DIR``.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would cost a clean commit two milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OFF = (
    "protocol.allow=never",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.untrackedCache=false",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "core.pager=cat",
    "credential.helper=",
    "submodule.recurse=false",
    "core.quotePath=false",
)
_REDIRECTIONS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
)
"""What git tells its hooks: which repository, index and quarantined objects they are about."""
_KEPT = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_EXEC_PATH",
)
_SET = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ADVICE": "0",
    "LC_ALL": "C",
    "LANGUAGE": "C",
}


def git_environment(
    environment: Mapping[str, str], *, index_file: str | None = None
) -> dict[str, str]:
    """Return the environment of git processes: the user's, without what would redirect git."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name in _KEPT
    }
    kept.update(_SET)
    if index_file:
        kept["GIT_INDEX_FILE"] = index_file
    return kept


def command(arguments: Sequence[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    """Return a whole git command line with everything a repository could abuse switched off."""
    switches = [part for setting in _OFF for part in ("-c", setting)]
    return ["git", "--no-pager", *switches, *arguments]


def hook_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of git processes in a hook: git itself said what it is about."""
    clean = git_environment(environment)
    clean.update({name: environment[name] for name in _REDIRECTIONS if environment.get(name)})
    return clean
