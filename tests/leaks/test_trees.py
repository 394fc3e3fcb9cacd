"""Names in trees: of a folder's versions, what only one of them holds is looked at, and no less."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.delta import differing
from keyproof.leaks.references import References
from keyproof.leaks.trees import TreeNames

Entries = dict[bytes, bytes]

_NAME = st.binary(min_size=1, max_size=12).filter(lambda name: not set(name) & {0, 10, 47})
_MARKED = st.tuples(_NAME, _NAME).map(lambda two: two[0] + b"MARK" + two[1])
_LONG = st.sampled_from([b"a" * 300, b"b" * 4000 + b"MARK"])
_OID = st.one_of(
    st.binary(min_size=20, max_size=20), st.sampled_from([b"\0" * 20, b"100644 \0" * 2 + b"1234"])
)
_FOLDERS = st.lists(
    st.dictionaries(st.one_of(_NAME, _MARKED, _LONG), _OID, max_size=8), min_size=1, max_size=5
)


def tree(entries: Entries) -> bytes:
    return b"".join(b"100644 " + name + b"\0" + entries[name] for name in sorted(entries))


def marks(data: object) -> list[tuple[int, int]]:
    return [(0, found.end()) for found in re.finditer(b"MARK", bytes(data))]  # type: ignore[call-overload]


@given(folders=_FOLDERS)
def test_what_a_version_brings_is_looked_at(folders: list[Entries]) -> None:
    names = TreeNames(marks, 20, References())
    known: Entries = {}
    for folder in folders:
        looked_at = list(names.suspicious([tree(folder)]))
        assert set(looked_at) <= {(name, oid.hex()) for name, oid in folder.items()}
        brought = {(n, o.hex()) for n, o in folder.items() if known.get(n) != o and b"MARK" in n}
        assert brought <= set(looked_at)
        known = folder


@given(folders=_FOLDERS)
def test_trees_in_one_call_and_in_many_are_the_same(folders: list[Entries]) -> None:
    one, many = TreeNames(marks, 20, References()), TreeNames(marks, 20, References())
    together = set(one.suspicious(map(tree, folders)))
    assert together == {found for each in folders for found in many.suspicious([tree(each)])}


@given(one=st.binary(max_size=60), two=st.binary(max_size=60), middle=st.binary(max_size=8))
def test_what_differs_is_all_that_differs(one: bytes, two: bytes, middle: bytes) -> None:
    for before, after in pairwise([one + two, one + middle + two, two + middle, one + two]):
        low, high = differing(before, after)
        assert 0 <= low <= high <= len(after)
        tail = len(after) - high
        assert before[:low] == after[:low]
        assert before[len(before) - tail :] == after[high:]
        assert low + tail <= len(before)


def test_a_tree_that_is_none_is_read_as_far_as_it_is_one() -> None:
    references = References()
    names = TreeNames(marks, 20, references)
    good = tree({b"aMARKb": b"1" * 20, b"c": b"2" * 20})
    assert list(names.suspicious([good])) == [(b"aMARKb", (b"1" * 20).hex())]
    assert references.whole
    list(names.suspicious([good[:-5]]))
    assert not references.whole
    assert list(names.suspicious([tree({b"otherMARK": b"3" * 20}), good])) == [
        (b"otherMARK", (b"3" * 20).hex()),
        (b"aMARKb", (b"1" * 20).hex()),
    ]
