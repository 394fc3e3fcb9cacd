from __future__ import annotations

import io
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from msgspec.structs import replace
from tests.support.sample_report import HOSTILE, sample_report

from keyproof.model.report import Report
from keyproof.reporters import html
from keyproof.reporters._plain import plain

VOID = frozenset({"meta", "link", "br", "col", "img", "hr", "input", "rect", "line", "path"})


class Outline(HTMLParser):
    """Collects what a page is made of, and fails on tags that do not close."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.misnested: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.tags if tag == name)


def text_of(report: Report) -> str:
    stream = io.StringIO()
    html.render(report, stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report()


@pytest.fixture(scope="module")
def page(report: Report) -> Outline:
    outline = Outline()
    outline.feed(text_of(report))
    outline.close()
    return outline


@pytest.fixture(scope="module")
def words(page: Outline) -> str:
    return " ".join(" ".join(page.text).split())


def test_the_page_nests_and_fetches_nothing(page: Outline) -> None:
    assert page.misnested == []
    assert page.open == []
    assert not {"script", "img", "iframe", "object", "embed", "form"} & {t for t, _ in page.tags}
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            address = attributes.get(name)
            assert address is None or address.startswith("#") or address == "data:,", address


def test_the_style_fetches_nothing(report: Report) -> None:
    style = text_of(report).split("<style>")[1].split("</style>")[0]
    assert "@import" not in style
    assert "url(" not in style


def test_every_link_has_its_target(page: Outline) -> None:
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    targets = {str(a["href"])[1:] for a in page.all("a")}
    assert targets <= set(ids)
    for section in ("summary", "population", "controls", "exceptions", "unknown", "gaps", "leaks",
                    "waivers", "parameters", "appendix"):  # fmt: skip
        assert section in targets


def test_every_drawing_has_a_name_and_a_table_beside_it(page: Outline) -> None:
    drawings = [a for a in page.all("svg") if a.get("role") == "img"]
    assert len(drawings) == 2
    for drawing in drawings:
        assert "the table below" in str(drawing["aria-label"])
    assert [a for a in page.all("th") if a.get("scope") not in {"col", "row"}] == []


def test_headings_step_down_one_at_a_time(page: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_is_managements_evidence_and_says_so(words: str) -> None:
    assert "Management’s evidence" in words
    assert "No statement of conformity with any framework" in words
    assert "a point in time, not a period" in words


def test_populations_controls_and_numbers_are_there(words: str, report: Report) -> None:
    assert "TSC 2017, points of focus 2022" in words
    assert "45 CFR Part 164 Subpart C" in words
    assert "CC6.1" in words
    assert "164.308(a)(5)(ii)(D)" in words
    assert "CIS AWS 3.0, 1.14" in words
    assert "48,211" in words
    assert report.facts_digest in words
    assert report.pack_digest in words


def test_every_exception_stands_with_owner_and_due_day(words: str, report: Report) -> None:
    for finding in report.findings:
        assert (finding.id in words) == (finding.status == "fail")
    assert "overdue" in words
    assert "no owner" in words


def test_holes_are_shown(words: str) -> None:
    assert "iam:GetAccessKeyLastUsed" in words
    assert "last_used_at, for the whole source" in words
    assert "20 unknown or not decided" in words
    assert "Why this run is incomplete" in words


def test_hostile_names_are_text(words: str, report: Report) -> None:
    failed = {f.subject.name for f in report.findings if f.status == "fail"}
    hostile = {name for name in failed if any(h in name for h in HOSTILE)}
    assert len(hostile) >= 9
    for name in hostile:
        assert " ".join(plain(name).split()) in words
    assert "txt.\\u202egpj.exe" in words
    assert "\\x1b[31mred" in words


def test_a_long_population_is_cut_on_the_page_and_says_so(report: Report) -> None:
    one = next(f for f in report.findings if f.policy == "keys.max_age" and f.status == "fail")
    many = tuple(replace(one, id=f"f_{n}") for n in range(1000))
    text = text_of(replace(report, findings=many))
    assert "600 more exceptions of this policy" in text


def test_a_clean_run_still_does_not_claim_more_than_it_saw(report: Report) -> None:
    clean = replace(
        report,
        findings=tuple(f for f in report.findings if f.status in {"pass", "skip"}),
        gaps=(),
        incomplete=(),
        problems=(),
        leaks=(),
        waivers=(),
    )
    text = text_of(clean)
    assert "No verdict failed." in text
    assert "None: everything in scope was read." in text
    assert "Every subject was decided." in text
    assert "No leak was found in what was read." in text
