"""The laws of the house (docs/architecture.md): who may import whom, and what pure modules may not touch.

Read from the sources with `ast`; each law is also shown to catch a planted violation.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.settings import ROOT

ROOMS = {"common", "core", "webapp", "wsserver", "runner", "launcher", "cli", "agenttools"}
MAY_IMPORT = {
    "common": set(),
    "core": {"common"},
    "webapp": {"core", "common"},
    "wsserver": {"common"},
    "runner": {"core", "common", "agenttools"},
    "launcher": {"core", "common"},
    "cli": {"core", "common"},
    "agenttools": {"common"},
}
FRAMEWORKS = {"flask", "flask_sock", "werkzeug", "gevent", "gunicorn", "supervisor"}
MAY_NOT_IMPORT = {
    "common": FRAMEWORKS,
    "core": FRAMEWORKS,
    "webapp": {"sqlalchemy", "sqlite3", "pysqlite3", "common.db.tables", "gevent"},
    "wsserver": {"common.db.database", "common.db.write", "common.db.writers"},  # it never writes
    "runner": FRAMEWORKS,
    "launcher": FRAMEWORKS - {"supervisor"},
    "cli": FRAMEWORKS,
    "agenttools": FRAMEWORKS | {"sqlalchemy", "common.db", "common.settings"},  # it knows the API only
}
PURE = {
    "cli/following.py",
    "common/entities/access_token.py",
    "common/entities/agent.py",
    "common/entities/declare.py",
    "common/entities/kinds.py",
    "common/entities/provider.py",
    "common/entities/run.py",
    "common/entities/schemas.py",
    "common/entities/task.py",
    "common/entities/workspace.py",
    "common/answersize.py",
    "common/blocks.py",
    "common/errors.py",
    "common/events.py",
    "common/security.py",
    "common/terminal.py",
    "common/output.py",
    "common/wire.py",
    "core/attachments/names.py",
    "core/files/folders.py",
    "core/files/names.py",
    "core/files/texts.py",
    "core/tools/lenient.py",
    "core/tools/pace.py",
    "core/insights/rule.py",
    "core/tasks/status.py",
    "core/tasks/task.py",
    "core/versioned.py",
    "core/workspaces/epoch.py",
    "core/zipnames.py",
    "core/runs/prompts.py",
    "core/runs/activity.py",
    "core/runs/stack.py",
    "core/tools/described.py",
    "runner/chat/answer.py",
    "runner/chat/arguments.py",
    "runner/chat/calls.py",
    "runner/chat/compaction.py",
    "runner/chat/failures.py",
    "runner/chat/framing.py",
    "runner/chat/history.py",
    "runner/chat/merging.py",
    "runner/chat/request.py",
    "runner/chat/thoughts.py",
    "runner/environment.py",
    "runner/limits.py",
    "runner/providers/__init__.py",
    "runner/providers/claude_code.py",
    "runner/providers/known.py",
    "runner/providers/openai_compat.py",
    "runner/providers/opencode.py",
    "runner/providers/ratelimit.py",
    "runner/providers/reading.py",
    "runner/records.py",
    "webapp/comments.py",
    "wsserver/frames.py",
    "wsserver/heartbeat.py",
    "wsserver/looks.py",
    "wsserver/messages.py",
    "wsserver/outlet.py",
    "wsserver/ring.py",
    "wsserver/session.py",
}
IMPURE = set(
    """asyncio datetime fcntl flask gevent http io logging multiprocessing os pathlib pysqlite3 random requests secrets
    select selectors shutil signal socket sqlalchemy sqlite3 subprocess sys tempfile threading time uuid urllib.request
    common.clock common.db.database common.db.sqlite common.log common.process common.queue""".split()  # noqa: SIM905
)
CALENDARS = {"runner/providers/ratelimit.py"}  # they may know dates, but not which one is today
CLOCK_CALLS = {"now", "today", "utcnow"}
IMPURE_CALLS = {"open", "print", "input", "__import__", "eval", "exec"}
PURE_SCRIPTS = {"static/js/store.js", "static/js/connection/state.js"}
IMPURE_WORDS = r"document|window|navigator|localStorage|WebSocket|fetch|setTimeout|setInterval|requestAnimationFrame"
# Who may open a database for writing, or write without an event.
WRITERS = {
    "maintenance_engine": {"common/db/home.py", "common/db/sqlite.py", "core/workspaces/opening.py"},
    "overwrite": {"core/backup/restoring.py"},
    "sweep": {"core/housekeeping.py"},
    "Database": {"core/workspaces/current.py"},
}


def imports(source: str) -> Iterator[str]:
    """Every imported name, dotted: `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def calls(source: str) -> Iterator[str]:
    """The last word of everything that is called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield str(getattr(node.func, "id", None) or getattr(node.func, "attr", ""))


def violations(path: str, source: str) -> list[str]:
    """What is wrong with a Python file at `path` (relative, with slashes)."""
    room = path.partition("/")[0]
    foreign = ROOMS - MAY_IMPORT[room] - {room}
    found = [
        f"{path}: {room} imports {name}" for name in imports(source) if within(name, foreign | MAY_NOT_IMPORT[room])
    ]
    if path in PURE:
        modules, called = (
            (IMPURE - {"datetime"}, IMPURE_CALLS | CLOCK_CALLS) if path in CALENDARS else (IMPURE, IMPURE_CALLS)
        )
        found += [f"{path}: pure, but imports {name}" for name in imports(source) if within(name, modules)]
        found += [f"{path}: pure, but calls {name}" for name in calls(source) if name in called]
    found += [f"{path}: calls {name}" for name in calls(source) if path not in WRITERS.get(name, {path})]
    return found


def script_violations(path: str, source: str) -> list[str]:
    code = re.sub(r"/\*.*?\*/|//[^\n]*|'[^'\n]*'|\"[^\"\n]*\"", "", source, flags=re.DOTALL)
    return [f"{path}: knows {word}" for word in re.findall(rf"(?<![\w.])(?:{IMPURE_WORDS})\b(?!\s*:)", code)]


def files() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def test_house() -> None:
    assert [violation for path, source in files() for violation in violations(path, source)] == []


def test_page() -> None:
    scripts = [(path, (ROOT / path).read_text()) for path in sorted(PURE_SCRIPTS)]
    assert [violation for path, source in scripts for violation in script_violations(path, source)] == []


def test_every_room_says_its_law() -> None:
    for room in ROOMS:
        if (ROOT / room).is_dir():
            assert "Law: " in (ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or ""), room


def test_pure_modules_exist() -> None:
    assert [path for path in PURE | PURE_SCRIPTS if not Path(ROOT, path).is_file()] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("common/db/planted.py", "from core.tasks import verbs"),
        ("common/planted.py", "import flask"),
        ("core/planted.py", "from flask import request"),
        ("core/tasks/planted.py", "def f():\n    import webapp.tasks"),
        ("webapp/planted.py", "import sqlalchemy as sa"),
        ("webapp/planted.py", "from common.db import tables"),
        ("webapp/planted.py", "from wsserver.ring import Ring"),
        ("webapp/planted.py", "from launcher import start"),
        ("wsserver/planted.py", "from core.tasks import queries"),
        ("wsserver/planted.py", "from common.db.database import Database"),
        ("runner/planted.py", "import webapp"),
        ("launcher/planted.py", "from wsserver import app"),
        ("cli/planted.py", "from webapp import tasks"),
        ("agenttools/planted.py", "from core.runs import verbs"),
        ("agenttools/planted.py", "from common.db.database import Database"),
        ("wsserver/ring.py", "import time"),
        ("wsserver/session.py", "from os import environ"),
        ("runner/providers/ratelimit.py", "from datetime import datetime\nat = datetime.now()"),
        ("core/tasks/status.py", "from common.clock import now_ms"),
        ("core/tasks/task.py", "open('x')"),
        ("core/workspaces/epoch.py", "from sqlalchemy import select"),
        ("core/planted.py", "with database.sweep() as connection: pass"),
        ("webapp/planted.py", "sqlite.maintenance_engine(path, module)"),
        ("webapp/planted.py", "Database(path, module)"),
    ],
)
def test_planted_violation_is_found(path: str, source: str) -> None:
    assert violations(path, source)


@pytest.mark.parametrize("source", ["document.title = x", "new WebSocket(url)", "a(); setTimeout(f, 1)", "window.x"])
def test_planted_violation_in_a_script_is_found(source: str) -> None:
    assert script_violations("static/js/store.js", source)
