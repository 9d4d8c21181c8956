"""No package and no file imports itself by a detour: each can be understood, and imported first, on its own.

Read from the sources with `ast`; a planted knot is found. What only type checkers import does not count.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

import pytest

from common.settings import ROOT

ROOMS = ("common", "core", "webapp", "wsserver", "runner", "launcher", "cli", "agenttools")
Graph = Mapping[str, set[str]]
# The layers of core, the lowest first: a package imports from those before it only.
LAYERS = (
    {"versioned", "undo", "idempotency", "insights", "files", "output"},
    {"registry", "tasks", "config", "zipnames"},
    {"agents", "attachments", "runs", "snapshot", "zips"},
    {"access", "providers", "board"},
    {"workspaces", "restore"},
    {"tools", "backup", "housekeeping"},
    {"transfer"},
)


def modules() -> dict[str, str]:
    """Source by dotted name."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            found[name.removesuffix(".__init__")] = path.read_text()
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from _imported(node)


def file_graph(sources: Mapping[str, str]) -> Graph:
    """Which file imports which: `from a.b import c` means the file a.b.c, or else a.b."""
    graph: dict[str, set[str]] = {}
    for name, source in sources.items():
        wanted = _imported(ast.parse(source))
        targets = (each if each in sources else each.rpartition(".")[0] for each in wanted)
        graph[name] = {target for target in targets if target in sources} - {name}
    return graph


def package_graph(files: Graph, room: str) -> Graph:
    """The same for what stands directly in a room: its packages and its files."""
    graph: dict[str, set[str]] = {}
    for name, targets in files.items():
        inside = [target.split(".")[1] for target in (name, *targets) if target.startswith(f"{room}.")]
        if name.startswith(f"{room}."):
            graph.setdefault(inside[0], set()).update(set(inside[1:]) - {inside[0]})
    return graph


def knots(graph: Graph) -> list[set[str]]:
    """Sets of two or more that reach each other."""
    reach = {name: _reachable(graph, name) for name in graph}
    found = {frozenset({name} | {other for other in reach[name] if name in reach.get(other, ())}) for name in graph}
    return [set(knot) for knot in found if len(knot) > 1]


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph.get(name, ())
    return seen


def upward(graph: Graph, layers: Iterable[set[str]]) -> list[str]:
    """Imports from a layer that is not below."""
    height = {name: n for n, layer in enumerate(layers) for name in layer}
    assert graph.keys() == height.keys(), graph.keys() ^ height.keys()
    return [f"{name} imports {other}" for name in graph for other in graph[name] if height[other] >= height[name]]


FILES = file_graph(modules())


def test_no_files_are_knotted() -> None:
    assert knots(FILES) == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_packages_are_knotted(room: str) -> None:
    assert knots(package_graph(FILES, room)) == []


def test_core_is_layered() -> None:
    assert upward(package_graph(FILES, "core"), LAYERS) == []


def test_planted_knots_are_found() -> None:
    planted = {
        "core.a.one": "from core.b import two",
        "core.b.two": "from core.c.three import x",
        "core.c.three": "def f():\n    from core.a.other import y",
        "core.a.other": "",
    }
    files = file_graph(planted)
    assert knots(files) == []
    assert knots(package_graph(files, "core")) == [{"a", "b", "c"}]
    assert knots(file_graph(planted | {"core.a.other": "from core.a import one"})) == [set(planted)]
    assert knots(file_graph({"core.a": "if TYPE_CHECKING:\n    from core.b import B", "core.b": "import core.a"})) == []
    assert upward({"a": {"b"}, "b": set()}, [{"a"}, {"b"}]) == ["a imports b"]
