"""Documents: the text that a PDF shows, and that of an office document whose words are cut up."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator

from keyproof.leaks.unpack_streams import Unpacked, inflated

_OFFICE = re.compile(rb"(?:^|/)(?:word|xl|ppt|visio)/.+\.xml\Z|(?:^|!)content\.xml\Z")
_ENDS = re.compile(rb"</(?:[a-z]+:)?(?:p|h|si|row|tr|table-cell)>|<(?:[a-z]+:)?(?:br|line-break)\b")
_TAG = re.compile(rb"<[^<>]{0,4096}>")
_DICTIONARY_BYTES = 2048
_NO_TEXT = re.compile(rb"/(?:Image|FontFile[23]?|Length1|DCTDecode|JPXDecode|XRef|OpenType)\b")
_SHOWN = re.compile(
    rb"\((?P<text>(?:[^()\\]|\\.)*)\)|<(?P<hex>[0-9A-Fa-f\s]+)>|(?P<next>\b(?:T[dDm*]|ET)\b)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|\r?\n|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}


def office_text(path: bytes, data: bytes) -> bytes:
    """Return the text of a part of an office document; nothing for other members.

    Editors cut a word into runs wherever it was edited, and markup stands between them.
    """
    if not _OFFICE.search(path):
        return b""
    return _TAG.sub(b"", _ENDS.sub(b"\n<", data))


def pdf_texts(data: bytes, limit: int) -> Iterator[Unpacked]:
    """Yield the compressed streams of a PDF that may hold text, each as it is and as it is shown.

    Pictures and fonts are passed over.
    """
    if b"/Encrypt" in data[-4096:]:
        yield Unpacked(b"", "unsupported")
        return
    at = data.find(b"stream")
    while at >= 0 and limit > 0:
        body = at + 6 + (data[at + 6 : at + 7] == b"\r")
        if data[body : body + 1] == b"\n" and data[at - 3 : at] != b"end":
            about = data[max(0, at - _DICTIONARY_BYTES) : at]
            about = about[max(0, about.rfind(b"obj")) :]
            if b"/Fl" in about and not _NO_TEXT.search(about):
                text = _stream(data, body + 1, about, limit)
                limit -= len(text.data)
                yield text
                if b"Tj" in text.data or b"TJ" in text.data:
                    yield Unpacked(shown(text.data), "", again=True)
        at = data.find(b"stream", at + 6)


def _stream(data: bytes, begin: int, about: bytes, limit: int) -> Unpacked:
    if b"/ASCII85Decode" in about or b"/A85" in about:
        end = data.find(b"~>", begin)
        try:
            data = base64.a85decode(data[begin : max(begin, end)].removeprefix(b"<~"))
        except (ValueError, struct.error):
            return Unpacked(b"", "corrupt")
        begin = 0
    return inflated(data, begin, limit)[0]


def shown(content: bytes) -> bytes:
    """Return the text that the operators of a page show, a line for each that they position."""
    parts: list[bytes] = []
    for match in _SHOWN.finditer(content):
        if match["text"] is not None:
            parts.append(_ESCAPE.sub(_unescaped, match["text"]))
        elif match["hex"] is not None:
            digits = b"".join(match["hex"].split())
            parts.append(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")))
        elif parts and parts[-1] != b"\n":
            parts.append(b"\n")
    return b"".join(parts)


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes([int(match[1], 8) & 0xFF])
    return _LETTERS.get(match[2], match[2]) if match[2] else b""
