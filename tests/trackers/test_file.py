"""Tickets as Markdown files: one a finding, atomic, and a person's notes survive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace
from tests.support.adapter_context import adapter_context
from tests.support.runs import finding, request, ticket

from keyproof.errors import TrackerError
from keyproof.model.ticket import TicketAction, rotation_hash
from keyproof.trackers import file

CONTEXT = adapter_context()
FINDING = finding()
OPEN = TicketAction(
    action="open",
    tracker="desk",
    finding_id=FINDING.id,
    title='Key "k1" too old: 😀 …',
    severity="high",
    body="It is too old.\n\n---\n\nEnd.\n",
    reason="it fails",
    rotation=request(),
    body_digest="sha256:1",
)
CLOSE = replace(OPEN, action="close", body="Closed by keyproof: it passed.", reason="it passed")


@pytest.fixture
def settings(tmp_path: Path) -> file.FileSettings:
    return file.FileSettings(folder=str(tmp_path / "tickets"))


@pytest.fixture
def path(settings: file.FileSettings) -> Path:
    return Path(settings.folder) / f"{FINDING.id}.md"


def _front(path: Path) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(path.read_text().split("---\n")[1])
    return loaded


def test_a_ticket_is_one_file_with_its_fields_and_text(
    settings: file.FileSettings, path: Path
) -> None:
    state = file.apply(settings, CONTEXT, OPEN)
    assert state == (path.name, True, path.as_uri(), None, None)
    assert _front(path) == {
        "finding": FINDING.id,
        "state": "open",
        "severity": "high",
        "title": OPEN.title,
        "reason": "it fails",
        "rotation": rotation_hash(request()),
    }
    assert path.read_text().endswith(
        f"---\n\n# {OPEN.title}\n\nIt is too old.\n\n---\n\nEnd.\n\n{file.MARKER}\n"
    )
    assert file.find(settings, CONTEXT) == {FINDING.id: path.name}
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_doing_it_again_changes_nothing(settings: file.FileSettings, path: Path) -> None:
    for action in (OPEN, CLOSE):
        file.apply(settings, CONTEXT, action)
        once = path.read_bytes()
        file.apply(settings, CONTEXT, replace(action, external_id=path.name))
        assert path.read_bytes() == once


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_persons_notes_survive_every_action(
    settings: file.FileSettings, path: Path, ending: str
) -> None:
    file.apply(settings, CONTEXT, OPEN)
    notes = "\nAda asked the team.\n---\n  It waits for *Monday*.\n\n"
    path.write_bytes((path.read_text() + notes).replace("\n", ending).encode())
    for action in (replace(OPEN, action="update", body="New text."), CLOSE, OPEN):
        file.apply(settings, CONTEXT, action)
        assert path.read_text().endswith(f"{file.MARKER}\n{notes}")
    assert "New text." not in path.read_text()


def test_a_file_without_its_marker_is_kept_whole_as_notes(
    settings: file.FileSettings, path: Path
) -> None:
    file.apply(settings, CONTEXT, OPEN)
    path.write_text(path.read_text().replace(file.MARKER, "").replace("End.", "Mine."))
    file.apply(settings, CONTEXT, replace(OPEN, action="update", body="New."))
    above, _, below = path.read_text().partition(file.MARKER)
    assert "New." in above
    assert "Mine." in below


def test_closing_keeps_the_text_and_says_why(settings: file.FileSettings, path: Path) -> None:
    file.apply(settings, CONTEXT, OPEN)
    state = file.apply(settings, CONTEXT, CLOSE)
    assert not state.open
    text = path.read_text()
    assert "It is too old." in text
    assert "**Closed.** Closed by keyproof: it passed." in text
    assert (_front(path)["state"], _front(path)["reason"]) == ("closed", "it passed")


def test_a_deleted_file_is_told_and_written_again(settings: file.FileSettings, path: Path) -> None:
    file.apply(settings, CONTEXT, OPEN)
    path.unlink()
    [state] = file.sync(settings, CONTEXT, [ticket(FINDING)])
    assert (state.open, state.note) == (False, "the file is gone")
    assert file.find(settings, CONTEXT) == {}
    file.apply(settings, CONTEXT, OPEN)
    assert path.exists()


@pytest.mark.parametrize(("word", "is_open"), [("closed", False), ("Done", False), ("open", True)])
def test_a_person_may_set_the_state_but_never_approve(
    settings: file.FileSettings, path: Path, word: str, *, is_open: bool
) -> None:
    file.apply(settings, CONTEXT, OPEN)
    told = f"state: {word}\napproved_by: mallory\nplan_hash: {rotation_hash(request())}"
    path.write_text(path.read_text().replace('state: "open"', told))
    [state] = file.sync(settings, CONTEXT, [ticket(FINDING)])
    assert (state.open, state.approval) == (is_open, None)


def test_only_files_of_tickets_are_found(settings: file.FileSettings, path: Path) -> None:
    path.parent.mkdir()
    for name in ("README.md", "f_short.md", f".{path.name}.part", f"{FINDING.id}.txt"):
        (path.parent / name).write_text("x")
    assert file.find(settings, CONTEXT) == {}


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "f_" + "0" * 31, "", f"{FINDING.id}/../x"])
def test_a_plan_cannot_name_a_file_elsewhere(
    settings: file.FileSettings, name: str, tmp_path: Path
) -> None:
    with pytest.raises(TrackerError, match="none that keyproof makes"):
        file.apply(settings, CONTEXT, replace(OPEN, finding_id=name))
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "content",
    [b"notes\n", b"---\nno end\n", b"---\n- a\n---\n", b"---\na: [\n---\n", b"---\n\xff\n---\n"],
    ids=["no front matter", "no end", "a list", "no YAML", "no UTF-8"],
)
def test_a_file_that_is_no_ticket_is_named_and_left(
    settings: file.FileSettings, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(TrackerError) as caught:
        file.apply(settings, CONTEXT, OPEN)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "tickets").write_text("a file")
    with pytest.raises(TrackerError, match="cannot be read or written"):
        file.apply(file.FileSettings(folder=str(tmp_path / "tickets")), CONTEXT, OPEN)


def test_a_reader_never_sees_half_a_ticket(settings: file.FileSettings, path: Path) -> None:
    """Kill a process that rewrites one ticket without end; what is left is always whole."""
    file.apply(settings, CONTEXT, OPEN)
    code = (
        "import itertools, sys\n"
        "from tests.trackers import test_file as t\n"
        "print('ready', flush=True)\n"
        "for n in itertools.count():\n"
        "    action = t.replace(t.OPEN, body=f'{n} ' * 20000 + 'End.')\n"
        "    t.file.apply(t.file.FileSettings(folder=sys.argv[1]), t.CONTEXT, action)\n"
    )
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, settings.folder],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout
        writer.stdout.readline()
        for _ in range(50):
            assert path.read_text().endswith(f"End.\n\n{file.MARKER}\n")
        writer.kill()
        writer.wait()
        writer.stdout.close()
        assert path.read_text().endswith(f"End.\n\n{file.MARKER}\n")
    file.apply(settings, CONTEXT, OPEN)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
