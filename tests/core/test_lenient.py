"""Arguments as models and their programs send them mean what they were meant to."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ValidationFailed
from common.schemas.tools import ARGUMENTS
from common.tools import HANDOFF, PLANNER_OUTPUT, REPORT
from core.tools import catalogue

PLAN = {"type": "plan", "summary": "s", "requirements": ["r"], "acceptanceCriteria": [], "plan": ["p"]}
DONE = {"status": "complete", "summary": "s", "output": "o"}


@pytest.mark.parametrize(
    ("tool", "sent", "meant"),
    [
        (PLANNER_OUTPUT, PLAN | {"requirements": '["r"]'}, PLAN),
        (PLANNER_OUTPUT, PLAN | {"questions": None, "error": None, "assignedAgent": ""}, PLAN),
        (PLANNER_OUTPUT, PLAN | {"questions": "", "error": ""}, PLAN),
        (PLANNER_OUTPUT, PLAN | {"requirements": "[]", "plan": '"[\\"p\\"]"'}, PLAN | {"requirements": []}),
        (PLANNER_OUTPUT, PLAN | {"summary": ""}, PLAN | {"summary": ""}),
        ("file.patch", {"path": "a", "patches": '[{"find": "x", "replace": "y"}]'}, None),
        ("file.patch", {"path": "a", "patches": ['{"find": "x", "replace": "y"}']}, None),
        ("file.patch", {"path": "a", "patches": [{"find": "x", "replace": "y", "startLine": None}]}, None),
        ("file.patch", {"path": "a", "patches": [{"find": "x", "replace": "y", "startLine": 0}]}, None),
        ("file.patch", {"path": "a", "patches": [{"find": "x", "replace": "y", "startLine": "1"}]}, None),
        ("file.patch", {"path": "a", "expected_hash": "", "patches": [{"find": "x", "replace": "y"}]}, None),
        ("file.read", {"path": "a", "offset": "0"}, {"path": "a"}),
        ("file.read", {"path": "a", "offset": None, "limit": ""}, {"path": "a"}),
        ("file.read", {"path": "a", "offset": 0.0, "limit": 0}, {"path": "a"}),
        ("file.read", {"path": "a", "limit": "null"}, {"path": "a"}),
        ("file.read", {"path": "a", "limit": "50"}, {"path": "a", "limit": 50}),
        ("file.read", {"path": "a", "limit": 50.0}, {"path": "a", "limit": 50}),
        ("file.read", {"path": "a", "limit": " 50.0 "}, {"path": "a", "limit": 50}),
        ("file.write", {"path": "a", "content": "", "expected_hash": None}, {"path": "a", "content": ""}),
        ("file.create", {"path": "a", "content": {"k": [1, "ä"]}}, {"path": "a", "content": '{"k":[1,"ä"]}'}),
        ("file.create", {"path": "a", "content": '{"k": 1}'}, {"path": "a", "content": '{"k": 1}'}),
        ("file.create", {"path": "a", "content": "50"}, {"path": "a", "content": "50"}),
        ("file.list", {"path": "", "pattern": ""}, {}),
        ("file.search", {"pattern": "x", "case_sensitive": "true"}, {"pattern": "x"}),
        ("file.search", {"pattern": "x", "case_sensitive": "False"}, {"pattern": "x", "case_sensitive": False}),
        ("file.search", {"pattern": "x", "case_sensitive": 0}, {"pattern": "x", "case_sensitive": False}),
        ("file.search", {"pattern": "x", "case_sensitive": "null", "glob": None}, {"pattern": "x"}),
        ("task.list", {"status": "", "limit": 0}, {}),
        (REPORT, DONE | {"output": {"files": ["a"]}}, DONE | {"output": '{"files":["a"]}'}),
        (REPORT, DONE | {"blockedReason": ""}, DONE),
        ("file.read", {"arguments": {"path": "a"}}, {"path": "a"}),
        ("file.read", {"input": '{"path": "a"}'}, {"path": "a"}),
        ("file.read", {"name": "file_read", "arguments": '"{\\"path\\": \\"a\\"}"'}, {"path": "a"}),
        ("file.read", {"params": {"arguments": {"path": "a", "limit": "5"}}}, {"path": "a", "limit": 5}),
        ("help", {"arguments": {}}, {}),
    ],
)
def test_what_was_meant(tool: str, sent: dict[str, Any], meant: dict[str, Any] | None) -> None:
    meant = {"path": "a", "patches": [{"find": "x", "replace": "y"}]} if meant is None else meant
    assert catalogue.valid(tool, sent) == catalogue.valid(tool, meant)


@pytest.mark.parametrize(
    ("tool", "sent", "field"),
    [
        ("file.read", {}, "path"),
        ("file.read", {"path": None}, "path"),
        ("file.read", {"path": ""}, "path"),
        ("file.read", {"path": 5}, "path"),
        ("file.read", {"path": "a", "limit": "many"}, "limit"),
        ("file.read", {"path": "a", "limit": 1.5}, "limit"),
        ("file.read", {"path": "a", "limit": -1}, "limit"),
        ("file.read", {"path": "a", "limit": "[1]"}, "limit"),
        ("file.read", {"path": "a", "limit": "9" * 5_000}, "limit"),
        ("file.read", {"path": "a", "surprise": ""}, "surprise"),
        ("file.patch", {"path": "a", "patches": "[{]"}, "patches"),
        ("file.patch", {"path": "a", "patches": "[" * 100_000}, "patches"),
        ("file.patch", {"path": "a", "patches": '{"find": "x"}'}, "patches"),
        ("file.patch", {"path": "a", "patches": []}, "patches"),
        ("file.search", {"pattern": "x", "case_sensitive": "maybe"}, "case_sensitive"),
        (PLANNER_OUTPUT, {"type": "plan", "summary": "s", "requirements": None}, "requirements"),
        (PLANNER_OUTPUT, {"type": "questions", "questions": ""}, "questions"),
        (REPORT, DONE | {"status": ""}, "status"),
        (REPORT, DONE | {"output": None}, "output"),
        ("task.list", {"status": "nonsense"}, "status"),
        ("task.list", {"limit": 201}, "limit"),
    ],
)
def test_what_is_wrong_stays_so(tool: str, sent: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        catalogue.valid(tool, sent)
    assert field in refused.value.body()["error"]["fields"]


_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
_texts = st.lists(_text, max_size=4)
_patch = st.fixed_dictionaries({"find": _text, "replace": _text}, optional={"startLine": st.integers(1, 99)})
VALID: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "file.read": st.fixed_dictionaries(
        {"path": _text}, optional={"offset": st.integers(0, 99), "limit": st.integers(1, 99)}
    ),
    "file.patch": st.fixed_dictionaries(
        {"path": _text, "patches": st.lists(_patch, min_size=1, max_size=3)},
        optional={"expected_hash": st.just("a" * 64)},
    ),
    "file.create": st.fixed_dictionaries({"path": _text, "content": _text}),
    "file.search": st.fixed_dictionaries(
        {"pattern": _text},
        optional={"path": _text, "glob": _text, "case_sensitive": st.booleans(), "max_results": st.integers(1, 9)},
    ),
    "task.list": st.fixed_dictionaries({}, optional={"limit": st.integers(1, 200), "offset": st.integers(0, 99)}),
    HANDOFF: st.fixed_dictionaries({"agentName": st.just("editor"), "prompt": _text}),
    REPORT: st.fixed_dictionaries(
        {"status": st.sampled_from(["complete", "failed"]), "summary": _text, "output": _text},
        optional={"blockedReason": st.none() | _text},
    ),
    PLANNER_OUTPUT: st.fixed_dictionaries(
        {"type": st.just("plan"), "summary": _text}
        | dict.fromkeys(("requirements", "acceptanceCriteria", "plan"), _texts),
        optional={"assignedAgent": _text},
    ),
}


def mangled(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any) -> Any:
    """The same value as some client sends it."""
    if isinstance(value, dict):
        value = {name: mangled(draw, inner) for name, inner in value.items()}
    elif isinstance(value, list):
        value = [mangled(draw, item) for item in value]
    elif isinstance(value, str) or value is None:
        return value
    elif type(value) is int and draw(st.booleans()):
        value = float(value)
    for _ in range(draw(st.integers(0, 2))):
        value = json.dumps(value)
    return value


@pytest.mark.parametrize("tool", VALID)
@settings(deadline=None)
@given(data=st.data())
def test_valid_arguments_mean_the_same_however_they_are_sent(tool: str, data: st.DataObject) -> None:
    arguments = data.draw(VALID[tool])
    sent = {name: mangled(data.draw, value) for name, value in arguments.items()}
    schema = ARGUMENTS[tool]()
    optional = sorted(schema.fields.keys() - arguments.keys() - schema.needed(arguments))
    sent |= {name: data.draw(st.sampled_from([None, ""])) for name in optional if data.draw(st.booleans())}
    for wrapper in data.draw(st.lists(st.sampled_from(["arguments", "input", "params", ""]), max_size=2)):
        sent = {wrapper: sent if data.draw(st.booleans()) else json.dumps(sent)} if sent else sent
    assert catalogue.valid(tool, sent) == catalogue.valid(tool, arguments)
