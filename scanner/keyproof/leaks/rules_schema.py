"""What a detector file may hold: a closed schema, one provider a file, or a roster of many."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Word = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
Confidence = Literal["high", "medium", "low"]


class CheckSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A structural check, by its name in ``checksums.CHECKS``."""

    name: Word
    otherwise: Literal["drop", "low", "medium"] = "drop"


class CompanionSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The other half of a pair. See ``rules.Companion``."""

    pattern: str
    within: Annotated[int, msgspec.Meta(ge=1, le=4000)] = 400
    required: bool = False
    key_id: bool = True


class DetectorSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One detector as people write it.

    Attributes:
        id: permanent name within the provider's file (``pat`` becomes ``github.pat``).
        kind: what it is.
        pattern: the token; or the whole match where it holds a group ``secret``.
        context: case-insensitive expressions, one of which stands before the token.
        gap: ``near`` allows any text of up to ``within`` bytes between word and token;
            ``assign`` an assignment only.
        within: see ``gap``.
        anchor: expressions near which (``within``) the token is searched, before or after.
        trigger: hyperscan expressions that replace the derived one; ``{provider}`` in one stands
            for the name of any provider.
        before: bytes that a match may reach before the end of such a trigger; ``after`` it. The
            fewer, the faster; by default the pattern's whole width.
        into: where every such trigger ends so many bytes into the value: a value that holds no
            digit, or that is introduced as a digest, then opens no exact check.
        entropy: least entropy in bits a character; by default from the token's length.
        check: structural checks.
        companion: the other half of a pair.
        shape: name of a function in ``generic.SHAPES``.
        around: a provider's name around the value makes it that provider's.
        by_name: it has no trigger of its own: where a detector with ``around`` meets an assignment,
            the provider's name in or around it leads here.
        files: it is asked about files at these places (``config/*.key``) and nothing else, as only
            the name of such a file says what it holds; the pattern meets the file's whole text.
        source: where the format is known from: ``documented`` only where the vendor's own page,
            SDK or specification states it; ``observed`` is a form widely seen for the vendor.
        docs: the vendor's document; revoke, rotate: how to, for people. From the file's head
            where the detector says nothing.
    """

    id: Word
    kind: Word
    pattern: str
    name: str = ""
    named: bool = True
    confidence: Confidence = "high"
    context: tuple[str, ...] = ()
    gap: Literal["near", "assign"] = "near"
    within: Annotated[int, msgspec.Meta(ge=0, le=2000)] = 50
    anchor: tuple[str, ...] = ()
    trigger: tuple[str, ...] = ()
    before: Annotated[int, msgspec.Meta(ge=0, le=20_000)] = 0
    after: Annotated[int, msgspec.Meta(ge=0, le=20_000)] = 0
    into: Annotated[int, msgspec.Meta(ge=0, le=200)] = 0
    rank: int | None = None
    entropy: float | None = None
    public_prefix: int | None = None
    check: tuple[CheckSource, ...] = ()
    companion: CompanionSource | None = None
    shape: str = ""
    hashes: tuple[Literal["sha256", "sha256_base64"], ...] = ()
    around: bool = False
    by_name: bool = False
    files: tuple[str, ...] = ()
    source: Literal["documented", "observed", "guessed"]
    docs: str = ""
    revoke: str = ""
    rotate: str = ""


class ProviderSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One detector file.

    Attributes:
        words: what else the provider is called near its secrets, without marks (``newrelic``).
        common: its name is a word of the language, which alone says little.
        by_name: an assignment to a name that holds the provider's is told to be its, whatever the
            value looks like (``rules_names``); where ``common``, only a name that says nothing else.
    """

    provider: Word
    name: str
    words: tuple[Annotated[str, msgspec.Meta(pattern="^[a-z0-9]+$")], ...] = ()
    common: bool = False
    by_name: bool = False
    docs: str = ""
    revoke: str = ""
    rotate: str = ""
    detectors: tuple[DetectorSource, ...] = ()


class RosterSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of many providers, of which little more than name and form is known.

    Attributes:
        revoke: what holds for each that says nothing else; so does ``rotate``.
    """

    revoke: str = ""
    rotate: str = ""
    providers: tuple[ProviderSource, ...]
