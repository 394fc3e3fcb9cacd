"""What every ticket system's module must be; its own tests show what it does."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import msgspec
import pytest

from keyproof.app import registry
from keyproof.ports import Tracker


def _public(kind: type) -> Iterator[str]:
    for name in ("find", "apply", "sync"):
        assert hasattr(kind, name)
        yield name


@pytest.fixture(params=registry.names("trackers"))
def tracker(request: pytest.FixtureRequest) -> Tracker:
    module: Tracker = registry.load("trackers", request.param)
    return module


def test_it_says_what_it_is_and_whether_others_share_it(tracker: Tracker) -> None:
    assert isinstance(tracker.TITLE, str)
    assert tracker.TITLE
    assert isinstance(tracker.SHARED, bool)
    assert inspect.getdoc(tracker)


def test_its_settings_refuse_what_they_do_not_know(tracker: Tracker) -> None:
    assert issubclass(tracker.SETTINGS, msgspec.Struct)
    config = tracker.SETTINGS.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields) == (True, True)


def test_its_settings_hold_no_secret(tracker: Tracker) -> None:
    fields = {field.name for field in msgspec.structs.fields(tracker.SETTINGS)}
    assert not fields & {"token", "password", "secret", "api_key", "private_key"}


def test_it_has_the_ports_calls_with_the_ports_arguments(tracker: Tracker) -> None:
    for name in _public(Tracker):
        expected = list(inspect.signature(getattr(Tracker, name)).parameters)[1:]
        assert list(inspect.signature(getattr(tracker, name)).parameters) == expected


def test_it_tells_people_how_to_approve(tracker: Tracker) -> None:
    text = getattr(tracker, "APPROVAL", None)
    assert isinstance(text, str), "APPROVAL: one sentence for the ticket, {hash} for the plan's"
    assert "\n" not in text
