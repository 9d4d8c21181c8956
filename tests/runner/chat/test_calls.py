"""Tool calls put together from pieces, as servers are known to cut and to mark them."""

from typing import Any

import pytest

from runner.chat.calls import Calls, resolved
from tests.helpers.completions import Json, piece

OFFERED = {"file_read", "file_list", "help"}
A, B = '{"path":"a"}', '{"path":"b"}'
READ_A, READ_B = ("file_read", {"path": "a"}), ("file_read", {"path": "b"})
T = piece


def read(chunks: list[Any], offered: set[str]) -> list[tuple[str, Any]]:
    calls = Calls(offered)
    for told in chunks:
        calls.add(told)
    return [(call.name, call.arguments) for call in calls.all if call.name]


TWO: dict[str, list[list[Any]]] = {
    "by the book": [[T(0, "a", "file_read", "")], [T(0, None, None, A)], [T(1, "b", "file_read", B)]],
    "all with index 0": [[T(0, "a", "file_read", A)], [T(0, "b", "file_read", B)]],
    "index 0, in one chunk": [[T(0, "a", "file_read", A), T(0, "b", "file_read", B)]],
    "index 0, in pieces": [
        [T(0, "a", "file_read", "")],
        [T(0, "", None, A)],
        [T(0, "b", "file_read", "")],
        [T(0, "", None, B)],
    ],
    "index 0, the id in each piece": [
        [T(0, "0", "file_read", "")],
        [T(0, "0", None, A)],
        [T(0, "1", "file_read", "")],
        [T(0, "1", None, B)],
    ],
    "no index, in one chunk": [[T(None, "a", "file_read", A), T(None, "b", "file_read", B)]],
    "no index, one after the other": [[T(None, "a", "file_read", A)], [T(None, "b", "file_read", B)]],
    "no index, no id": [[T(None, None, "file_read", A), T(None, None, "file_read", B)]],
    "no id": [[T(0, None, "file_read", A)], [T(1, None, "file_read", B)]],
    "index 0, no id": [[T(0, None, "file_read", A)], [T(0, None, "file_read", B)]],
    "one id for both": [[T(0, "a", "file_read", A), T(1, "a", "file_read", B)]],
    "one id for both, no index": [[T(None, "a", "file_read", A)], [T(None, "a", "file_read", B)]],
    "at first the index of the tool": [
        [T(2, "a", "file_read", "")],
        [T(0, None, None, '{"path":')],
        [T(0, None, None, '"a"}')],
        [T(0, "b", "file_read", "")],
        [T(1, None, None, B)],
    ],
    "in turns": [
        [T(0, "a", "file_read", ""), T(1, "b", "file_read", "")],
        [T(1, None, None, '{"path":'), T(0, None, None, '{"path":')],
        [T(0, None, None, '"a"}'), T(1, None, None, '"b"}')],
    ],
    "the index as text": [[T("0", "a", "file_read", A), T("1", "b", "file_read", B)]],
    "objects": [[T(0, "a", "file_read", {"path": "a"}), T(1, "b", "file_read", {"path": "b"})]],
    "the name in each piece": [
        [T(0, "a", "file_read", '{"path":')],
        [T(0, "a", "file_read", '"a"}')],
        [T(1, "b", "file_read", B)],
    ],
    "the end repeats it": [
        [T(0, "a", "file_read", A)],
        [T(0, "a", "file_read", A)],
        [T(1, "b", "file_read", B)],
        [T(0, "a", "file_read", "")],
    ],
    "with rubbish between them": [[T(0, "a", "file_read", A), {}], [5, None, []], [T(1, "b", "file_read", B)]],
}
ONE: dict[str, list[Any]] = {
    "the name in each piece, no id": [
        [T(0, None, "file_read", "")],
        [T(0, None, "file_read", '{"pa')],
        [T(0, None, "file_read", 'th":"a"}')],
    ],
    "another id in each piece": [
        [T(0, "a", "file_read", "")],
        [T(0, "x", "file_read", '{"pa')],
        [T(0, "y", None, 'th":"a"}')],
    ],
    "the arguments before the name": [[T(0, None, None, '{"pa')], [T(0, "a", "file_read", 'th":"a"}')]],
    "the name at the end, no index": [[T(None, None, None, A)], [T(None, "a", "file_read")]],
    "all so far with each piece": [
        [T(0, "a", "file_read", '{"p')],
        [T(0, "a", None, '{"path":')],
        [T(0, "a", None, A)],
    ],
    "not in a list": [T(0, "a", "file_read", A)],
    "without a function": [[{"id": "a", "name": "file_read", "arguments": A}]],
    "parameters": [[{"id": "a", "function": {"name": "file_read", "parameters": {"path": "a"}}}]],
    "the name is the function": [[{"id": "a", "function": "file_read", "arguments": A}]],
    "null members": [[{"index": None, "id": None, "type": None, "function": {"name": "file_read", "arguments": A}}]],
}


@pytest.mark.parametrize("offered", [OFFERED, set()], ids=["names known", "names unknown"])
@pytest.mark.parametrize("form", TWO)
def test_two_calls(form: str, offered: set[str]) -> None:
    assert read(TWO[form], offered) == [READ_A, READ_B]


@pytest.mark.parametrize("offered", [OFFERED, set()], ids=["names known", "names unknown"])
@pytest.mark.parametrize("form", ONE)
def test_one_call(form: str, offered: set[str]) -> None:
    assert read(ONE[form], offered) == [READ_A]


@pytest.mark.parametrize("parts", [("file_", "read"), ("file", "file_read"), ("f", "ile_", "read")])
def test_name_in_parts(parts: tuple[str, ...]) -> None:
    pieces = [T(0, None, part, "") for part in parts]
    assert read([*([each] for each in pieces), [T(0, None, None, A)]], OFFERED) == [READ_A]
    assert read([[*pieces, T(0, None, None, A)]], OFFERED) == [READ_A], "in one chunk"


def test_calls_without_arguments() -> None:
    nothing: tuple[str, Json] = ("help", {})
    assert read([[T(0, "a", "help", "")], [T(0, "b", "help", "")]], OFFERED) == [nothing, nothing]
    assert read([[T(None, None, "help"), T(None, None, "file_read", A)]], OFFERED) == [nothing, READ_A]


def test_whole_message_does_not_call_again() -> None:
    calls = Calls(OFFERED)
    calls.add([T(0, "a", "file_read", A)])
    calls.add_whole([T(None, "a", "file_read", A), T(None, "b", "file_read", B)])
    calls.add_whole([T(None, "other", "file_read", {"path": "a"})])
    assert [(call.id, call.arguments) for call in calls.all] == [("a", {"path": "a"}), ("b", {"path": "b"})]


@pytest.mark.parametrize(
    "name",
    [
        *("file_read", " file_read ", "File_Read", "file.read", "file-read", "functions.file_read"),
        *("functions.file_read:0", "file_read:12", "default_api.file_read", "tool_file_read", "mcp__chorus__file_read"),
        *("file_read<|channel|>commentary", "file_read<|channel|>json", "file_read(path)", "file_read to=x"),
    ],
)
def test_name_that_is_meant(name: str) -> None:
    assert resolved(name, OFFERED) == "file_read"


@pytest.mark.parametrize("name", ["read", "file_readfile_read", "rm", "", "file_reader"])
def test_unknown_name_stays(name: str) -> None:
    assert resolved(name, OFFERED) == name
