"""Git tracks only what belongs to Chorus: no browser profiles, databases, pictures or leftovers of somebody's work."""

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from common.settings import ROOT

MAX_BYTES = 1_000_000
BINARIES_IN = ("docs/images/", "static/js/vendor/")
# A new name at the top is a decision, not an accident of `git add -A`.
TOP = set(
    """.ci .editorconfig .gitignore .npmrc .pre-commit-config.yaml .prettierignore .prettierrc.json CHANGELOG.md
    CONTRIBUTING.md LICENSE Makefile README.md agenttools bench
    bin chorus cli common core deploy docs gunicorn.conf.py launcher package-lock.json package.json pyproject.toml
    requirements-dev.txt requirements.txt runner static tests tsconfig.json webapp wsgi.py wsserver""".split()  # noqa: SIM905
)
# What each profile of Chromium and of Firefox has, some of it as empty or text files.
PROFILE = {
    "DevToolsActivePort",
    "First Run",
    "Local State",
    "Preferences",
    "SingletonLock",
    "prefs.js",
    "places.sqlite",
}
LEFTOVERS = {".DS_Store", ".bak", ".log", ".orig", ".pid", ".rej", ".swp", ".tmp"}  # names and endings


def git(root: Path, *arguments: str) -> list[str]:
    """The names that git lists."""
    listed = subprocess.run(["git", "-C", str(root), *arguments, "-z"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


def strays(root: Path) -> list[str]:
    """What git tracks in `root` and should not, each with the reason."""
    ignored = set(git(root, "ls-files", "--cached", "--ignored", "--exclude-standard"))
    return [f"{name}: {reason}" for name in git(root, "ls-files") for reason in reasons(root, name, name in ignored)]


def reasons(root: Path, name: str, is_ignored: bool) -> Iterator[str]:
    path = PurePosixPath(name)
    if path.parts[0] not in TOP:
        yield "nothing of Chorus has this name at the top"
    if path.name in PROFILE:
        yield "belongs to a browser's profile"
    if {path.name, path.suffix} & LEFTOVERS or path.name.endswith("~"):
        yield "left over from somebody's work"
    if is_ignored:
        yield ".gitignore names it"
    if not (root / name).is_file():  # deleted, and not yet committed; or a link to nowhere
        return
    content = (root / name).read_bytes()
    if len(content) > MAX_BYTES:
        yield f"{len(content):,} bytes; more than {MAX_BYTES:,}"
    if is_binary(content) and not name.startswith(BINARIES_IN):
        yield f"binary, outside {' and '.join(BINARIES_IN)}"


def is_binary(content: bytes) -> bool:
    try:
        return "\0" in content.decode()
    except UnicodeDecodeError:
        return True


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone: git cannot say what is tracked")
def test_only_what_belongs_here() -> None:
    assert strays(ROOT) == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    return tmp_path


def track(root: Path, name: str, content: bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    subprocess.run(["git", "-C", str(root), "add", "--force", name], check=True)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("y/Default/Cookies-journal", b"", "nothing of Chorus"),
        ("notes.txt", b"words", "nothing of Chorus"),
        ("tests/p/Default/Preferences", b"{}", "a browser's profile"),
        ("bench/p/First Run", b"", "a browser's profile"),
        ("core/tasks.db", b"SQLite format 3\0", "binary"),
        ("docs/board.png", b"\x89PNG\r\n", "binary"),
        ("static/font.woff2", b"wOF2\0\1", "binary"),
        ("tests/latin1.txt", b"\xe9t\xe9", "binary"),
        ("docs/images/film.png", b"\0" * (MAX_BYTES + 1), "1,000,001 bytes"),
        ("tests/big.jsonl", b"x" * (MAX_BYTES + 1), "1,000,001 bytes"),
        ("core/verbs.py.orig", b"", "left over"),
        ("core/verbs.py~", b"", "left over"),
        ("core/__pycache__/verbs.pyc", b"words", ".gitignore names it"),
    ],
)
def test_planted_file_is_found(repository: Path, name: str, content: bytes, why: str) -> None:
    track(repository, name, content)
    found = strays(repository)
    assert len(found) >= 1
    assert all(each.startswith(f"{name}: ") for each in found)
    assert any(why in each for each in found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("docs/images/board.png", b"\x89PNG\r\n\0"),
        ("static/js/vendor/a/a.wasm", b"\0asm"),
        ("tests/runner/recorded/a.json", "\u2028é".encode()),
        ("core/empty.py", b""),
    ],
)
def test_what_belongs_is_left_alone(repository: Path, name: str, content: bytes) -> None:
    track(repository, name, content)
    assert strays(repository) == []


def test_deleted_file_is_no_stray(repository: Path) -> None:
    track(repository, "core/gone.py", b"")
    (repository / "core" / "gone.py").unlink()
    assert strays(repository) == []


def test_planted_profile_is_found(repository: Path) -> None:
    """Committed with everything else, even where the folder's own name says nothing."""
    for name in ("Local State", "Default/Preferences", "Default/History", "DevToolsActivePort"):
        path = repository / "core" / "x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"SQLite format 3\0")
    subprocess.run(["git", "-C", str(repository), "add", "-A"], check=True)
    assert {each.partition(":")[0] for each in strays(repository)} == {
        "core/x/Local State",
        "core/x/Default/Preferences",
        "core/x/Default/History",
        "core/x/DevToolsActivePort",
    }
