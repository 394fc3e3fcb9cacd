"""IAM policies: what they let a key do, and from where. Pure functions, examples and properties."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.connectors._aws_network import restrictions
from keyproof.connectors._aws_policies import UNREAD, Policy, parse
from keyproof.connectors._aws_powers import LEVELS, _covers, powers

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
OFFICE = "198.51.100.0/24"


def policy(*statements: dict, arn: str = "") -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, arn=arn)


def allow(action, resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more) -> dict:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statements", "level", "iam", "action", "resource"),
    [
        ([], "none", False, False, False),
        ([ALL], "admin", True, True, True),
        ([allow("*:*")], "admin", True, True, True),
        ([allow("iam:*")], "admin", True, True, True),
        ([allow("IAM:attachUserPolicy")], "admin", True, False, True),
        ([allow("iam:Attach*")], "admin", True, False, True),
        ([allow("i*")], "admin", True, False, True),
        ([allow("*", "arn:aws:s3:::shop/*")], "write", True, True, False),
        ([allow("s3:*")], "write", False, True, True),
        ([allow("s3:PutObject", "arn:aws:s3:::shop/*")], "write", False, False, False),
        ([allow(["s3:Get*", "s3:ListBucket"])], "read", False, False, False),
        ([allow("s3:G*")], "write", False, False, True),
        ([allow("sts:AssumeRole")], "write", False, False, True),
        ([ALL, deny("iam:*")], "write", False, True, True),
        ([ALL, deny("*")], "none", False, False, False),
        ([ALL, deny("s3:DeleteBucket")], "admin", True, True, True),
        ([ALL, deny("*", "arn:aws:s3:::audit/*")], "admin", True, True, True),
        ([ALL, deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})], "admin", True, True, True),
        ([allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], "admin", True, True, True),
        ([{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}], "write", False, True, True),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "admin", True, True, True),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::audit"}], "write", False, True, True),
        ([allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}")], "write", False, False, False),
        ([allow("iam:PutUserPolicy", "arn:aws:iam::*:user/${aws:username}")], "admin", True, False, False),
    ],
)  # fmt: skip
def test_what_policies_allow(statements, level, iam, action, resource) -> None:
    found = powers([policy(*statements)])
    assert found[:4] == (level, iam, action, resource)


def test_policies_add_up_and_a_boundary_limits() -> None:
    read, write = policy(allow("s3:Get*", "arn:aws:s3:::a")), policy(allow("s3:Put*"))
    assert powers([read, write]).level == "write"
    assert powers([read, write]).resources == ("*", "arn:aws:s3:::a")
    assert powers([policy(ALL)], boundary=read)[:4] == ("read", False, False, False)
    assert powers([policy(ALL)], boundary=UNREAD)[:4] == ("unknown", None, None, None)
    assert powers([policy()], boundary=policy(ALL)).level == "none"


def test_an_unread_policy_leaves_open_what_the_others_do_not_settle() -> None:
    read = policy(allow("s3:Get*"))
    assert powers([read, UNREAD])[:4] == ("unknown", None, None, None)
    assert powers([policy(ALL), UNREAD])[:4] == ("admin", True, True, True)


def test_a_credential_of_one_service_has_the_powers_of_that_service_alone() -> None:
    wide = [policy(ALL), policy(allow(["s3:*", "bedrock:InvokeModel"]))]
    assert powers(wide, service="bedrock")[:4] == ("write", False, True, True)
    assert powers([policy(allow("s3:*"))], service="bedrock").level == "none"
    assert powers([policy(allow("bedrock:List*"))], service="bedrock").level == "read"


def test_aws_own_read_only_policies_are_taken_at_their_word() -> None:
    doubtful = allow(["sns:Check*", "elasticbeanstalk:Request*"])
    assert powers([policy(doubtful)]).level == "write"
    assert powers([policy(doubtful, arn="arn:aws:iam::aws:policy/ReadOnlyAccess")]).level == "read"
    mine = policy(doubtful, arn="arn:aws:iam::123456789012:policy/ReadOnlyAccess")
    assert powers([mine]).level == "write"


@pytest.mark.parametrize(
    ("statements", "state", "cidrs", "zones"),
    [
        ([ALL], "unrestricted", (), ()),
        ([ALL, deny("*", Condition={"NotIpAddress": {"aws:SourceIp": [OFFICE]}})], "restricted", (OFFICE,), ()),
        ([ALL, deny("*", Condition={"NotIpAddressIfExists": {"aws:SourceIp": OFFICE}, "Bool": {"aws:ViaAWSService": "false"}})], "restricted", (OFFICE,), ()),
        ([ALL, deny("*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})], "restricted", (), ("vpc-1",)),
        ([ALL, deny("*", Condition={"NotIpAddress": {"aws:SourceIp": [OFFICE]}, "Bool": {"aws:SecureTransport": "true"}})], "unrestricted", (), ()),
        ([ALL, deny("*", Condition={"NotIpAddress": {"aws:SourceIp": "0.0.0.0/0"}})], "unrestricted", (), ()),
        ([ALL, deny("s3:*", Condition={"NotIpAddress": {"aws:SourceIp": [OFFICE]}})], "unrestricted", (), ()),
        ([ALL, deny("*", "arn:aws:s3:::a", Condition={"NotIpAddress": {"aws:SourceIp": [OFFICE]}})], "unrestricted", (), ()),
        ([allow("*", Condition={"IpAddress": {"aws:SourceIp": OFFICE}})], "restricted", (OFFICE,), ()),
        ([allow("*", Condition={"IpAddress": {"aws:SourceIp": OFFICE}}), allow("s3:*")], "unrestricted", (), ()),
        ([allow("*", Condition={"IpAddress": {"aws:SourceIp": "::/0"}})], "unrestricted", (), ()),
        ([], "unrestricted", (), ()),
    ],
)  # fmt: skip
def test_from_where_policies_let_a_key_work(statements, state, cidrs, zones) -> None:
    found = restrictions([policy(*statements)])
    assert (found.state, found.cidrs, found.zones) == (state, cidrs, zones)


def test_an_unread_policy_leaves_the_place_open_unless_a_deny_settles_it() -> None:
    bound = deny("*", Condition={"NotIpAddress": {"aws:SourceIp": [OFFICE]}})
    assert restrictions([policy(ALL), UNREAD]).state == "unknown"
    assert restrictions([policy(ALL, bound), UNREAD]).state == "restricted"


def test_documents_come_as_objects_text_or_encoded_text() -> None:
    whole = {"Statement": ALL}
    forms = (whole, json.dumps(whole), quote(json.dumps(whole)))
    assert all(parse(form).statements == parse(whole).statements for form in forms)
    assert all(parse(form).sound for form in forms)


@pytest.mark.parametrize(
    "document",
    [
        None,
        7,
        "",
        "{",
        "[" * 100_000,
        {},
        {"Statement": "x"},
        {"Statement": [ALL, 7]},
        {"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": [7], "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}]},
    ],
)
def test_what_is_not_understood_is_never_taken_for_nothing(document) -> None:
    assert not parse(document).sound
    assert powers([parse(document)]).level in {"unknown", "admin"}


PATTERNS = st.text("ab:*?", max_size=8)
ACTIONS = st.sampled_from(
    [
        "*",
        "*:*",
        "s3:*",
        "s3:Get*",
        "s3:GetObject",
        "iam:*",
        "iam:PassRole",
        "iam:PutUserPolicy",
        "i?m:*",
    ]
)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.one_of(ACTIONS, st.lists(ACTIONS, max_size=3), PATTERNS),
        "Resource": st.sampled_from(["*", "arn:aws:s3:::a", ["*", "arn:aws:s3:::a"], []]),
    },
    optional={
        "Condition": st.sampled_from([{}, {"IpAddress": {"aws:SourceIp": OFFICE}}, {"Bool": {}}])
    },
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
TRUTH = {False: 0, None: 1, True: 2}


@settings(deadline=None)
@given(
    ANYTHING
    | st.lists(STATEMENTS).map(lambda s: {"Statement": s})
    | st.fixed_dictionaries({"Statement": ANYTHING})
)
def test_no_document_raises(document) -> None:
    read = parse(document)
    assert powers([read]).level in {*LEVELS, "unknown"}
    assert restrictions([read]).state in {"restricted", "unrestricted", "unknown"}


@settings(deadline=None)
@given(st.lists(STATEMENTS, max_size=5), st.lists(STATEMENTS, max_size=3))
def test_another_allow_never_takes_a_power_away(statements, more) -> None:
    added = [statement | {"Effect": "Allow"} for statement in more]
    before, after = powers([policy(*statements)]), powers([policy(*statements, *added)])
    assert LEVELS.index(after.level) >= LEVELS.index(before.level)
    for earlier, later in zip(before[1:4], after[1:4], strict=True):
        assert TRUTH[later] >= TRUTH[earlier]


@settings(deadline=None)
@given(st.lists(STATEMENTS, max_size=5), st.lists(STATEMENTS, max_size=3))
def test_another_deny_never_adds_a_power(statements, more) -> None:
    added = [statement | {"Effect": "Deny"} for statement in more]
    before, after = powers([policy(*statements)]), powers([policy(*statements, *added)])
    assert LEVELS.index(after.level) <= LEVELS.index(before.level)


@settings(deadline=None)
@given(st.lists(STATEMENTS, max_size=5))
def test_an_unread_policy_beside_never_makes_a_certain_no(statements) -> None:
    known, open_ = powers([policy(*statements)]), powers([policy(*statements), UNREAD])
    for certain, doubtful in zip(known[1:4], open_[1:4], strict=True):
        assert doubtful is not False
        assert doubtful or not certain


def matches(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return matches(pattern[1:], text) or (bool(text) and matches(pattern, text[1:]))
    return bool(text) and pattern[0] in {"?", text[0]} and matches(pattern[1:], text[1:])


@settings(deadline=None)
@given(PATTERNS, st.text("ab:", max_size=8))
def test_covering_an_action_is_matching_it(pattern: str, action: str) -> None:
    assert _covers(pattern, action) == matches(pattern, action)


@settings(deadline=None)
@given(PATTERNS, PATTERNS, st.text("ab:", max_size=6))
def test_a_covered_pattern_matches_nothing_outside(pattern: str, inner: str, action: str) -> None:
    if _covers(pattern, inner) and matches(inner, action):
        assert matches(pattern, action)
