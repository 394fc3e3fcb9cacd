"""Dialects: turns an expression of Go, Rust or Python into the form that google-re2 runs here.

The result is an expression over bytes, as latin-1 text, without free spacing, with flags in groups
of their own, and with classes written out; Python's own parser reads it too, so triggers can be
derived from it. What has no equal is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from keyproof.leaks.imports._rule import Untranslatable

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\x0b\\x0c\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CLASSES = "dDsSwW"
_PLAIN = "tnrfv"
_EDGES = {"A": "\\A", "z": "\\z", "b": "\\b", "B": "\\B"}
_GROUP = re.compile(
    r"\(\?(?:P?<(?P<name>[A-Za-z_][A-Za-z0-9_]*)>|(?P<on>[a-zA-Z]*)(?:-(?P<off>[a-zA-Z]*))?(?P<end>[:)]))"
)
_COUNT = re.compile(r"\{\d+(?:,\d*)?\}")
_HEX = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\})"
)


class Flags(NamedTuple):
    """What is in force at one place of an expression."""

    ignore_case: bool = False
    multi_line: bool = False
    dot_all: bool = False
    free: bool = False

    def opening(self, outer: Flags) -> str:
        """Return the opening of a group in which these hold, inside ``outer``; empty if none."""
        pairs = list(zip("ims", self[:3], outer[:3], strict=True))
        on = "".join(letter for letter, new, old in pairs if new and not old)
        off = "".join(letter for letter, new, old in pairs if old and not new)
        return f"(?{on}{'-' if off else ''}{off}:" if on or off else ""


def translate(pattern: str, dialect: str) -> str:
    """Return the expression in the common form.

    Raises:
        Untranslatable: naming what has no equal.
    """
    return _Translator(pattern, dialect).run()


class _Translator:
    """One pass over an expression; ``out`` is what it has become so far."""

    def __init__(self, pattern: str, dialect: str) -> None:
        self.text = pattern
        self.dialect = dialect
        self.at = 0
        self.out: list[str] = []
        self.flags = Flags()
        # each open group: the flags to return to, and whether a group of flags is open inside it
        self.open: list[tuple[Flags, bool]] = []
        self.flagged = False

    def run(self) -> str:
        while self.at < len(self.text):
            self._step()
        if self.open:
            raise Untranslatable("a group does not end")
        self._close_flags()
        return "".join(self.out)

    def _step(self) -> None:
        character = self.text[self.at]
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._group()
        elif character == ")":
            self._end_group()
        elif character == "|":
            self._branch()
        elif character == "{":
            self._brace()
        elif self.flags.free and character.isspace():
            self.at += 1
        elif self.flags.free and character == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
        elif character in ".^$*+?":
            self._take(character, 1)
        else:
            self._take(_literal(character), 1)

    def _take(self, text: str, length: int) -> None:
        self.out.append(text)
        self.at += length

    def _brace(self) -> None:
        match = _COUNT.match(self.text, self.at)
        if match:
            self._take(match.group(), len(match.group()))
        else:
            self._take("\\{", 1)

    def _branch(self) -> None:
        if self.flagged:  # a flag set in mid-expression holds for the alternatives behind it too
            self.out.append(")")
        self.out.append("|")
        if self.flagged:
            self.out.append(self.flags.opening(self._outer()))
        self.at += 1

    def _group(self) -> None:
        if not self.text.startswith("(?", self.at):
            self._open("(", 1)
            return
        match = _GROUP.match(self.text, self.at)
        if match is None:
            raise Untranslatable(_unknown_group(self.text[self.at : self.at + 4]))
        length = len(match.group())
        if match["name"]:
            self._open(f"(?P<{match['name']}>", length)
            return
        flags = self._changed(match["on"], match["off"] or "")
        if match["end"] == ":":
            self._open("(?:", length)
            self._set(flags)
        else:
            self.at += length
            self._close_flags()
            self._set(flags)

    def _open(self, text: str, length: int) -> None:
        self.open.append((self.flags, self.flagged))
        self.flagged = False
        self._take(text, length)

    def _end_group(self) -> None:
        if not self.open:
            raise Untranslatable("a group ends that never began")
        self._close_flags()
        self._take(")", 1)
        self.flags, self.flagged = self.open.pop()

    def _set(self, flags: Flags) -> None:
        self.flags = flags
        opening = flags.opening(self._outer())
        if opening:
            self.out.append(opening)
            self.flagged = True

    def _outer(self) -> Flags:
        return self.open[-1][0] if self.open else Flags()

    def _close_flags(self) -> None:
        if self.flagged:
            self.out.append(")")
            self.flagged = False

    def _changed(self, on: str, off: str) -> Flags:
        fields = {"i": "ignore_case", "m": "multi_line", "s": "dot_all", "x": "free"}
        flags = self.flags
        for letters, value in ((on, True), (off, False)):
            for letter in letters:
                if letter == "u":  # text is bytes here: letters beyond ASCII are spelt out
                    continue
                if letter == "U":
                    raise Untranslatable("the flag 'U' turns greed round: write lazy repeats")
                if letter not in fields:
                    raise Untranslatable(f"the flag '{letter}' is unknown")
                flags = flags._replace(**{fields[letter]: value})
        return flags

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        code = _HEX.match(self.text, self.at)
        if code:
            number = int(next(part for part in code.groups() if part), 16)
            self._take(_literal(chr(number)), len(code.group()))
        elif following == "Q":
            end = self.text.find("\\E", self.at)
            end = len(self.text) if end < 0 else end
            self.out.append("".join(map(_literal, self.text[self.at + 2 : end])))
            self.at = end + 2
        elif following in _EDGES:
            self._take(_EDGES[following], 2)
        elif following == "Z" and self.dialect == "python":
            self._take("\\z", 2)
        elif following and following in _CLASSES:
            self._take(f"\\{following}", 2)
        elif following and following in _PLAIN:
            self._take({"v": "\\x0b"}.get(following, f"\\{following}"), 2)
        elif following.isdigit() or following in {"k", "g"}:
            raise Untranslatable("a back-reference: it takes more than linear time")
        elif following.isalpha() or not following:
            raise Untranslatable(f"the escape '\\{following}' is unknown")
        else:
            self._take(_literal(following), 2)

    def _class(self) -> None:
        """Write a class out: its members with everything special escaped."""
        out = ["["]
        self.at += 1
        if self.text.startswith("^", self.at):
            out.append("^")
            self.at += 1
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise Untranslatable("a class does not end")
            out.append(self._member())
            first = False
        self.at += 1
        self.out.append("".join(out) + "]")

    def _member(self) -> str:
        text, at = self.text, self.at
        if text.startswith("[:", at):
            end = text.find(":]", at)
            name = text[at + 2 : end]
            if end < 0 or name not in _POSIX:
                raise Untranslatable("an unknown class of letters, or a negated one in a class")
            self.at = end + 2
            return _POSIX[name]
        if text.startswith(("&&", "--", "~~"), at) and self.dialect == "rust":
            raise Untranslatable("an operation on classes")
        if text[at] == "\\":
            return self._class_escape()
        self.at += 1
        if self.flags.free and self.dialect == "rust" and text[at].isspace():
            return ""
        return "-" if text[at] == "-" else _class_literal(text[at])

    def _class_escape(self) -> str:
        code = _HEX.match(self.text, self.at)
        if code:
            self.at += len(code.group())
            return _class_literal(chr(int(next(part for part in code.groups() if part), 16)))
        following = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if following and following in _CLASSES + _PLAIN:
            return {"v": "\\x0b"}.get(following, f"\\{following}")
        if following.isalnum() or not following:
            raise Untranslatable(f"the escape '\\{following}' is unknown in a class")
        return _class_literal(following)


def _unknown_group(start: str) -> str:
    if start.startswith(("(?=", "(?!", "(?<=", "(?<!")):
        return "a look-around: it takes more than linear time"
    return "a kind of group that is unknown"


def _literal(character: str) -> str:
    """Return an expression of one character: its UTF-8 bytes, as they stand in files."""
    if character.isascii():
        plain = character.isalnum() or character in " _\"'`/<>=,;:@!%&~-#"
        return character if plain else f"\\x{ord(character):02x}"
    return "(?:" + "".join(f"\\x{byte:02x}" for byte in character.encode()) + ")"


def _class_literal(character: str) -> str:
    if not character.isascii():
        raise Untranslatable("a class that names letters beyond ASCII")
    return character if character.isalnum() else f"\\x{ord(character):02x}"
