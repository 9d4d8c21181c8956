"""What an import reads from: a zip file or a folder. Nothing outside of it is ever opened."""

import json
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from common.errors import BadRequest
from core import zips
from core.backup.making import MANIFEST as BACKUP
from core.files.names import composed
from core.transfer import layout

LARGEST_JSON = 64 * 1024 * 1024


class Unreadable(Exception):
    """A file that cannot be taken; the text says why."""


class Source(Protocol):
    """`names` are the files with `/` between folders; `strange` are entries that are no plain files, and why."""

    names: dict[str, int]
    strange: dict[str, str]

    def open(self, name: str) -> IO[bytes]: ...


class ZipSource:
    """The entries of a zip."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = {info.filename: info.file_size for info in archive.infolist()}
        self.strange: dict[str, str] = {}

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(name)


class FolderSource:
    """The files of the original's workspace folder; what else lies in the folder is not looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] = {}
        self.names: dict[str, int] = {}
        self.strange: dict[str, str] = {}
        for name in (layout.CONFIG, layout.MANIFEST):
            if (folder / name).exists():
                self._take(folder / name)
        for root in layout.ROOTS:
            for parent, folders, files in os.walk(folder / root):
                folders.sort()
                for name in sorted([*files, *(name for name in folders if Path(parent, name).is_symlink())]):
                    self._take(Path(parent, name))

    def _take(self, path: Path) -> None:
        written = path.relative_to(self._folder).as_posix()
        name = composed(written)
        found = path.lstat()
        if name in self.names:
            self.strange[written] = "has a name that reads like another's"
        elif stat.S_ISREG(found.st_mode):
            self.names[name], self._paths[name] = found.st_size, path
        else:
            self.strange[name] = "a link; links are not followed" if stat.S_ISLNK(found.st_mode) else "no plain file"

    def open(self, name: str) -> IO[bytes]:
        descriptor = os.open(self._paths[name], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        return os.fdopen(descriptor, "rb")


@contextmanager
def opened(path: Path, room: Path) -> Iterator[Source]:
    """The source at `path`, checked as far as it can be without reading all of it. Raises BadRequest."""
    if path.name == layout.CONFIG and path.is_file():
        path = path.parent
    if path.is_dir():
        source = FolderSource(path)
        if (path / "chorus.db").exists():
            raise BadRequest(f"{path} is a workspace of this Chorus: open it, there is nothing to import.")
        _check_kind(source, path)
        yield source
        return
    with zips.opened(path, room, layout.ROOTS) as archive:
        if (broken := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"{broken} does not match its checksum")
        zipped = ZipSource(archive)
        _check_kind(zipped, path)
        yield zipped


def _check_kind(source: Source, path: Path) -> None:
    if BACKUP in source.names:
        raise BadRequest(f"{path} is a backup: `chorus restore` puts it back. Nothing was changed.")
    if layout.MANIFEST not in source.names:
        if layout.CONFIG in source.names or any(layout.task_in(name) for name in source.names):
            return
        raise BadRequest(f"{path} is neither an export nor a workspace of the original Chorus. Nothing was changed.")
    try:
        about = read_json(source, layout.MANIFEST)
    except Unreadable as error:
        raise BadRequest(f"{path}: {layout.MANIFEST} {error}. Nothing was changed.") from None
    if not isinstance(about, dict) or about.get("format") != layout.FORMAT:
        raise BadRequest(f"{path} is no export of Chorus. Nothing was changed.")
    if about.get("version") != layout.FORMAT_VERSION:
        raise BadRequest(f"{path} was made by a newer version of Chorus. Update Chorus to import it.")


def read_json(source: Source, name: str) -> Any:
    """The JSON in a file. Raises Unreadable."""
    if source.names[name] > LARGEST_JSON:
        raise Unreadable(f"has more than {LARGEST_JSON // 1024 // 1024} MiB")
    try:
        with source.open(name) as file:
            raw = file.read(LARGEST_JSON + 1)
        return json.loads(raw.decode(json.detect_encoding(raw)))
    except UnicodeDecodeError:
        raise Unreadable("is no text in UTF-8, or in the encoding that it says it has") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not JSON: {error}") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
