"""Files in which a secret may hide: each row packs, encodes or names it in one way."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import marshal
import quopri
import sqlite3
import struct
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple


class Hidden(NamedTuple):
    """A file of the worktree.

    Attributes:
        path: where it lies.
        made: makes its bytes of the line that holds the secret.
        inner: the path of the member that holds it, behind ``!``.
    """

    path: str
    made: Callable[[bytes], bytes]
    inner: str = ""

    @property
    def shown(self) -> str:
        """Return the path as it is reported."""
        return f"{self.path}!{self.inner}" if self.inner else self.path


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    """Return a tar file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def debian_package(members: dict[str, bytes]) -> bytes:
    """Return a ``.deb``: an ar file of ``debian-binary`` and a compressed tar."""
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(tarred({"control": b"Package: x\n"})),
        "data.tar.xz": lzma.compress(tarred(members)),
    }
    made = b"!<arch>\n"
    for name, data in parts.items():
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        made += data + b"\n" * (len(data) % 2)
    return made


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of these chunks."""
    made = b"\x89PNG\r\n\x1a\n"
    for kind, body in (*chunks, (b"IEND", b"")):
        check = struct.pack(">I", zlib.crc32(kind + body))
        made += struct.pack(">I", len(body)) + kind + body + check
    return made


def jpeg(marker: int, body: bytes) -> bytes:
    """Return the head of a JPEG with one segment."""
    return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def pdf(content: bytes, *, filters: bytes = b"/FlateDecode") -> bytes:
    """Return a PDF whose only page's content is compressed."""
    packed = zlib.compress(content)
    return (
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        + b"4 0 obj\n<< /Filter %s /Length %d >>\nstream\n" % (filters, len(packed))
        + packed
        + b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    )


def database(text: bytes) -> bytes:
    """Return a SQLite file in which the text lies across a page and its overflow page."""
    with sqlite3.connect(":memory:") as made:
        made.execute("PRAGMA page_size = 1024")
        made.execute("CREATE TABLE setting (name TEXT, value TEXT)")
        # 103 bytes of a row stay in its leaf, 1020 go to the first overflow page
        made.execute("INSERT INTO setting VALUES ('x', ?)", ("y" * 1089 + text.decode(),))
        return made.serialize()


def _wide(text: bytes) -> bytes:
    return text.decode().encode("utf-16-le")


def _each(form: str, text: bytes) -> bytes:
    return b"".join(form.format(byte).encode() for byte in text)


def _notebook(text: bytes) -> bytes:
    cell = {"cell_type": "code", "outputs": [{"text": [text.decode()]}], "source": []}
    return json.dumps({"cells": [cell], "nbformat": 4}).encode()


def _source_map(text: bytes) -> bytes:
    return json.dumps({"version": 3, "sourcesContent": ["let a = 1;\n" + text.decode()]}).encode()


def _compiled(text: bytes) -> bytes:
    code = compile(b"def f():\n    " + text, "m.py", "exec")
    return b"\xa7\r\r\n" + bytes(12) + marshal.dumps(code)


def _runs(text: bytes) -> bytes:
    """Return a document whose text is cut into runs, as editors do."""
    cut = len(text) // 2
    pieces = (text[:cut], text[cut:])
    runs = b"".join(b"<w:r><w:t>%s</w:t></w:r>" % piece for piece in pieces)
    return b'<?xml version="1.0"?><w:document><w:p>%s</w:p></w:document>' % runs


def _office(member: str, content: bytes) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", member: content})


def _sheet(text: bytes) -> bytes:
    return _office("xl/sharedStrings.xml", b"<sst><si><t>" + text + b"</t></si></sst>")


def _slide(text: bytes) -> bytes:
    return _office("ppt/slides/slide1.xml", b"<p:sld><a:t>" + text + b"</a:t></p:sld>")


def _text_document(text: bytes) -> bytes:
    return zipped({"mimetype": b"application/x", "content.xml": b"<text:p>" + text + b"</text:p>"})


def _secret_manifest(text: bytes) -> bytes:
    inner = base64.b64encode(gzip.compress(json.dumps({"values": text.decode()}).encode()))
    return b"kind: Secret\ndata:\n  release: " + base64.b64encode(inner) + b"\n"


def _kerned(text: bytes) -> bytes:
    """Return how a PDF shows a text with kerning: cut in pieces."""
    escaped = text.strip().replace(b"(", b"\\(").replace(b")", b"\\)")
    pieces = b" -12 ".join(b"(%s)" % escaped[at : at + 7] for at in range(0, len(escaped), 7))
    return b"BT /F1 12 Tf 72 700 Td [%s] TJ ET" % pieces


B64 = base64.b64encode

FILES: dict[str, Hidden] = {
    "utf32_le": Hidden("wide32.txt", lambda t: (b"first\n" + t).decode().encode("utf-32-le")),
    "base64": Hidden("e/base64.txt", lambda t: b"value: " + B64(t)),
    "base64url": Hidden("e/url.txt", lambda t: base64.urlsafe_b64encode(b"??>>~~??>>~~ " + t)),
    "double_base64": Hidden("e/double.txt", lambda t: B64(B64(t))),
    "hex": Hidden("e/hex.txt", lambda t: t.hex().encode()),
    "percent": Hidden("e/percent.txt", lambda t: _each("%{:02X}", t)),
    "percent_partly": Hidden("e/quote.txt", lambda t: urllib.parse.quote(t).encode() + b"%5F"),
    "unicode_escapes": Hidden("e/unicode.json", lambda t: b'"' + _each("\\u{:04x}", t) + b'"'),
    "hex_escapes": Hidden("e/escapes.c", lambda t: b'"' + _each("\\x{:02x}", t) + b'"'),
    "entities": Hidden("e/entities.html", lambda t: _each("&#{};", t)),
    "quoted_printable": Hidden(
        "e/mail.eml",
        lambda t: (
            b"Content-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(b"." * 60 + t)
        ),
    ),
    "helm_release": Hidden("e/release.yaml", _secret_manifest),
    "zip": Hidden("p/a.zip", lambda t: zipped({"in/app.env": t}), "in/app.env"),
    "nested_zip": Hidden(
        "p/b.zip", lambda t: zipped({"x/c.zip": zipped({"app.env": t})}), "x/c.zip!app.env"
    ),
    "tar": Hidden("p/a.tar", lambda t: tarred({"app.env": t}), "app.env"),
    "tar_gz": Hidden("p/a.tar.gz", lambda t: gzip.compress(tarred({"app.env": t})), "app.env"),
    "gz": Hidden("p/log.gz", gzip.compress),
    "bz2": Hidden("p/log.bz2", bz2.compress),
    "xz": Hidden("p/log.xz", lzma.compress),
    "lzma": Hidden("p/log.lzma", lambda t: lzma.compress(t, lzma.FORMAT_ALONE)),
    "zlib": Hidden("p/raw.z", zlib.compress),
    "docx": Hidden("d/a.docx", lambda t: _office("word/document.xml", t), "word/document.xml"),
    "docx_runs": Hidden(
        "d/runs.docx", lambda t: _office("word/document.xml", _runs(t)), "word/document.xml"
    ),
    "xlsx": Hidden("d/a.xlsx", _sheet, "xl/sharedStrings.xml"),
    "pptx": Hidden("d/a.pptx", _slide, "ppt/slides/slide1.xml"),
    "odt": Hidden("d/a.odt", _text_document, "content.xml"),
    "jar": Hidden("p/a.jar", lambda t: zipped({"app.properties": t}), "app.properties"),
    "war": Hidden(
        "p/a.war",
        lambda t: zipped({"WEB-INF/lib/l.jar": zipped({"a.txt": t})}),
        "WEB-INF/lib/l.jar!a.txt",
    ),
    "wheel": Hidden("p/a-1-py3-none-any.whl", lambda t: zipped({"a/b.py": t}), "a/b.py"),
    "apk": Hidden(
        "p/a.apk", lambda t: zipped({"resources.arsc": b"\x02\0" + _wide(t)}), "resources.arsc"
    ),
    "deb": Hidden("p/a.deb", lambda t: debian_package({"./etc/app": t}), "data.tar.xz!./etc/app"),
    "image_layer": Hidden(
        "p/image.tar",
        lambda t: tarred({"blobs/sha256/0a": gzip.compress(tarred({"root/.npmrc": t}))}),
        "blobs/sha256/0a!root/.npmrc",
    ),
    "sqlite": Hidden("d/a.sqlite3", database),
    "pyc": Hidden("d/m.pyc", _compiled),
    "pdf": Hidden("d/a.pdf", lambda t: pdf(b"BT (" + t.strip() + b") Tj ET")),
    "pdf_kerned": Hidden("d/kerned.pdf", lambda t: pdf(_kerned(t))),
    "png_text": Hidden("i/a.png", lambda t: png((b"tEXt", b"Comment\0" + t))),
    "png_packed_text": Hidden(
        "i/b.png", lambda t: png((b"zTXt", b"Comment\0\0" + zlib.compress(t)))
    ),
    "jpeg_comment": Hidden("i/a.jpg", lambda t: jpeg(0xFE, t)),
    "jpeg_exif": Hidden("i/b.jpg", lambda t: jpeg(0xE1, b"Exif\0\0MM\0*\0\0\0\x08" + _wide(t))),
    "jpeg_xmp": Hidden(
        "i/c.jpg", lambda t: jpeg(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + t)
    ),
    "base64_of_gzip": Hidden("e/gz.txt", lambda t: B64(gzip.compress(t + b" " * 20))),
    "utf16_le_no_mark": Hidden("e/wide.txt", _wide),
    "vendor": Hidden("vendor/github.com/x/y.go", lambda t: t),
    "minified": Hidden("dist/jquery.min.js", lambda t: b"!function(){" * 900 + t.strip()),
    "source_map": Hidden("dist/app.js.map", _source_map),
    "notebook": Hidden("n/a.ipynb", _notebook),
    "accented_path": Hidden("d/caf\u00e9/\u0142.env", lambda t: t),
}

UNREAD: dict[str, tuple[str, bytes, str]] = {
    "seven_zip": ("u/a.7z", b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(60), "unsupported"),
    "rar": ("u/a.rar", b"Rar!\x1a\x07\x01\0" + bytes(60), "unsupported"),
    "zstandard": ("u/a.zst", b"\x28\xb5\x2f\xfd" + bytes(60), "unsupported"),
}
"""Files that cannot be read: path, bytes, and the reason of the gap."""
