"""Bundle files: what an OPA bundle holds, from a folder or a ``.tar.gz``, and how one is written.

Only plain files with plain relative names are taken: a link, a device or a way out of the bundle
is refused, because what is verified must be what is loaded.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from keyproof.errors import PolicyError

SIGNATURES = ".signatures.json"
MAXIMUM_FILE = 16 * 1024 * 1024
MAXIMUM_BUNDLE = 128 * 1024 * 1024

Files = Mapping[str, bytes]
"""Relative name, with ``/`` → content."""


def read_bundle(path: Path) -> Files:
    """Return the files of a bundle.

    Raises:
        PolicyError: it cannot be read, is too large, or holds something else than plain files.
    """
    made: dict[str, bytes] = {}
    size = 0
    for name, data in _folder(path) if path.is_dir() else _archive(path):
        if name in made:
            raise PolicyError(f"holds '{name}' twice", where=str(path))
        size += len(data)
        if len(data) > MAXIMUM_FILE or size > MAXIMUM_BUNDLE:
            raise PolicyError(f"is too large for a bundle, at '{name}'", where=str(path))
        made[name] = data
    if not made:
        raise PolicyError("is an empty bundle", where=str(path))
    return dict(sorted(made.items()))


def write_folder(files: Files, folder: Path) -> None:
    """Write the files below a folder."""
    for name, data in files.items():
        path = folder.joinpath(*PurePosixPath(name).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def render_archive(files: Files) -> bytes:
    """Return a bundle as a ``.tar.gz``: equal files give equal bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def _folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise PolicyError(f"'{name}' is no plain file", where=str(folder))
        if path.is_file():
            try:
                yield name, path.read_bytes()
            except OSError as error:
                raise PolicyError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for member in archive:
                if member.isdir():
                    continue
                name = member.name.removeprefix("./").lstrip("/")
                steps = PurePosixPath(name).parts
                if not member.isfile() or not steps or ".." in steps:
                    raise PolicyError(f"'{member.name}' is no plain file", where=str(path))
                if member.size > MAXIMUM_FILE:
                    raise PolicyError(f"is too large for a bundle, at '{name}'", where=str(path))
                content = archive.extractfile(member)
                yield "/".join(steps), content.read() if content else b""
    except FileNotFoundError:
        raise PolicyError("there is no such bundle", where=str(path)) from None
    except (OSError, EOFError, tarfile.TarError) as error:
        what = getattr(error, "strerror", None) or "no .tar.gz"
        raise PolicyError(f"cannot be read as a bundle ({what})", where=str(path)) from None
