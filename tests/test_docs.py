"""What the documents say is what the code does."""

import re
import subprocess
import sys

from click import Context

from cli import main
from cli.tasks import tasks_command
from common.errors import ChorusError
from common.schemas.tools import ARGUMENTS
from common.settings import ROOT, SETTINGS, markdown_table
from common.tools import OUTSIDE
from core.tasks.status import PERSON_MOVES
from webapp import docs
from webapp.apidoc import markdown

BEGIN, END = "<!-- settings: python -m common.settings -->", "<!-- /settings -->"


def between_marks(document: str) -> str:
    assert document.count(BEGIN) == document.count(END) == 1, f"README.md needs {BEGIN} … {END}"
    return document.partition(BEGIN)[2].partition(END)[0].strip()


def test_settings_table_of_the_readme() -> None:
    """If this fails, put the output of `python -m common.settings` between the marks."""
    assert between_marks((ROOT / "README.md").read_text()) == markdown_table()


def test_generator_prints_every_setting() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "common.settings"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout == markdown_table() + "\n"
    assert re.findall(r"^\| `(\w+)`", printed.stdout, re.MULTILINE) == [row.env for row in SETTINGS]


def test_cells_do_not_break_the_table() -> None:
    assert all(line.count("|") == 5 for line in markdown_table().splitlines())


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make (\w[\w-]*)", (ROOT / "README.md").read_text()))
    assert named <= targets


def test_state_table_of_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Task states")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (.+) \|$", text, re.MULTILINE)[1:]
    told = {before: set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", after))) for before, after in rows}
    assert told == {str(before): {str(after) for after in moves} for before, moves in PERSON_MOVES.items()}


def test_tools_of_the_documents() -> None:
    """Every tool stands in a table with all its arguments."""
    agents, mcp = ((ROOT / "docs" / name).read_text() for name in ("agents.md", "mcp.md"))
    rows = dict(re.findall(r"^\| `([\w.-]+)` \| (.*?) \|", agents, re.MULTILINE))
    rows |= dict(re.findall(r"^\| `(task_\w+)` \| (.*?) \|", mcp, re.MULTILINE))
    for name, schema in ARGUMENTS.items():
        told = rows[name.replace(".", "_")] if name in OUTSIDE else rows[name]
        if name != "planner-output":
            assert {key for key in schema().fields if f"`{key}`" not in told} == set(), name


def test_api_document() -> None:
    """If this fails, run `make docs`."""
    assert (ROOT / "docs" / "api.md").read_text() == markdown(docs.document()), "docs/api.md is old: run `make docs`"


def test_each_program_has_its_unit_and_its_line_in_the_operations_document() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for path in (ROOT / "deploy").glob("*.service"):
        unit = path.read_text()
        [command] = re.findall(r"^ExecStart=/opt/chorus/.venv/bin/(.+)$", unit, re.MULTILINE)
        assert f"`{command}`" in text, path.name
        assert path.name in text
        told = {name for line in re.findall(r"Environment=(.+)", unit) for name in re.findall(r"(\w+)=", line)}
        assert told <= {row.env for row in SETTINGS}, path.name


def test_codes_of_the_api_document() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \| (.+?) \| .+ \|$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    told = {code: statuses for statuses, codes in rows for code in re.findall(r"\w+", codes)}
    errors: list[type[ChorusError]] = [ChorusError, *ChorusError.__subclasses__()]
    for error in errors:
        assert str(error.status) in told.pop(error.code), error.code
    assert told == {}


def test_units_that_may_write_nowhere_give_a_temporary_folder() -> None:
    """ProtectSystem=strict makes /tmp read-only too (systemd.exec(5)); without one no provider can be tested."""
    units = {path.name: path.read_text().splitlines() for path in (ROOT / "deploy").glob("*.service")}
    strict = {name for name, lines in units.items() if "ProtectSystem=strict" in lines}
    assert strict == {name for name, lines in units.items() if "PrivateTmp=true" in lines} == set(units)


def test_commands_of_the_cli_document() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    commands = [*main.chorus.list_commands(Context(main.chorus)), *(f"tasks {name}" for name in tasks_command.commands)]
    assert [command for command in commands if f"`chorus {command}" not in text] == []
