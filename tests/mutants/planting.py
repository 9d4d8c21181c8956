"""Guards (`if …:` before a lone raise, return or continue), and a copy of the tree in which each can be switched off.

In the copy every guard asks `switch.py`, by its number, so that one interpreter can run with one guard off after the
other, and the servers that a test has started follow.
"""

import ast
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOMS = ("common", "core", "webapp", "runner", "wsserver")
LINKS = (".venv", "node_modules")  # too large to copy, and not changed
SWITCH = "guard_switch"  # the name of switch.py beside the copy
_PREAMBLE = "import sys as __s; __s.path.append({folder!r}); from {module} import guard as __guard__; __s.path.pop()\n"


@dataclass(frozen=True)
class Guard:
    """`where` and `text` name it, even when its file is renamed or its lines move; `again` tells equal ones apart."""

    file: str
    line: int
    where: str
    text: str
    again: int
    test: ast.expr

    @property
    def key(self) -> str:
        return f"{self.where}: {self.text}" + (f" #{self.again}" if self.again else "")


def guards(root: Path) -> list[Guard]:
    """All guards of the rooms, in the order of files and lines."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for path in sources(root):
        for where, node in _ifs(ast.parse(path.read_text()), ""):
            text = f"if {ast.unparse(node.test)}: {ast.unparse(node.body[0])}"
            name = path.relative_to(root).as_posix()
            found.append(Guard(name, node.lineno, where, text, seen[where, text], node.test))
            seen[where, text] += 1
    return found


def sources(root: Path) -> list[Path]:
    return sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))


def _ifs(node: ast.AST, where: str) -> Iterator[tuple[str, ast.If]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_guard(child):
            yield where, child
        inner = where
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{where}.{child.name}".lstrip(".")
        yield from _ifs(child, inner)


def _is_guard(node: ast.If) -> bool:
    return len(node.body) == 1 and not node.orelse and isinstance(node.body[0], ast.Raise | ast.Return | ast.Continue)


def plant(root: Path, folder: Path) -> Path:
    """A copy of the tree at `root` in `folder`, as it is on the disk, with a switch before each guard."""
    folder.chmod(0o755)  # tests run programs as other users
    shutil.copy(Path(__file__).with_name("switch.py"), folder / f"{SWITCH}.py")
    copy = folder / "tree"
    for name in _files(root):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, copy / name)
    for link in LINKS:
        (copy / link).symlink_to((root / link).resolve())
    found = guards(copy)
    make_control(folder, len(found))
    preamble = _PREAMBLE.format(folder=str(folder), module=SWITCH)
    for path in sources(copy):
        name = path.relative_to(copy).as_posix()
        here = {number: guard for number, guard in enumerate(found) if guard.file == name}
        if here:
            path.write_bytes(switched(path.read_bytes(), here, preamble.encode()))
    return copy


def _files(root: Path) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in listed if name and (root / name).is_file()]


def make_control(folder: Path, count: int) -> None:
    """What `switch.py` shares with all processes of the copy: the number of the guard that is off, and who was met."""
    control = folder / "control"
    control.write_bytes(bytes(4 + count))
    os.chmod(control, 0o666)


def switched(source: bytes, here: dict[int, Guard], preamble: bytes) -> bytes:
    """The source with `__guard__(number, (condition))` in the place of each guard's condition."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    edits = [(starts[_first_line(source) - 1], preamble)]
    for number, guard in here.items():
        test = guard.test
        assert test.end_lineno is not None
        assert test.end_col_offset is not None
        edits.append((starts[test.lineno - 1] + test.col_offset, b"__guard__(%d, (" % number))
        edits.append((starts[test.end_lineno - 1] + test.end_col_offset, b"))"))
    for position, text in sorted(edits, reverse=True):
        source = source[:position] + text + source[position:]
    return source


def _first_line(source: bytes) -> int:
    """The line of the first statement that is neither the docstring nor from the future."""
    for node in ast.parse(source).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            decorators = getattr(node, "decorator_list", [])
            first: int = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            return first
    raise AssertionError("a source without statements has no guards")
