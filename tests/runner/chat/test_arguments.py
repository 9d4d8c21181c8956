"""Arguments of tool calls in the forms in which servers and models send them."""

from typing import Any

import pytest

from runner.chat.arguments import arguments_of

PATH = {"path": "a"}
TEXT = '{"path":"a"}'


@pytest.mark.parametrize(
    ("pieces", "meant"),
    [
        pytest.param([TEXT], PATH, id="whole"),
        pytest.param(['{"pa', 'th":', '"a"}'], PATH, id="in pieces"),
        pytest.param([PATH], PATH, id="an object"),
        pytest.param([{"path": "a"}, {"limit": 5}], {"path": "a", "limit": 5}, id="an object by its members"),
        pytest.param([['{"path":', '"a"}']], PATH, id="a list of pieces"),
        pytest.param([[PATH]], PATH, id="a list of one object"),
        pytest.param([], {}, id="none"),
        pytest.param([None], {}, id="null"),
        pytest.param([""], {}, id="empty"),
        pytest.param(["null"], {}, id="null as text"),
        pytest.param(["{}"], {}, id="an empty object"),
        pytest.param(['"{\\"path\\":\\"a\\"}"'], PATH, id="encoded twice"),
        pytest.param(["{}", TEXT], PATH, id="an empty object before it"),
        pytest.param([TEXT] * 3, PATH, id="told three times"),
        pytest.param(['{"pa', '{"path":', TEXT], PATH, id="all so far with each piece"),
        pytest.param(['{"pa', 'th":', TEXT], PATH, id="the whole after its beginning"),
        pytest.param(['{"pa', 'th":"a"}', TEXT], PATH, id="the whole once more"),
        pytest.param(['{"path":"a\nb\tc"}'], {"path": "a\nb\tc"}, id="raw line break"),
        pytest.param(["\n " + TEXT + " \n"], PATH, id="white space"),
        pytest.param([TEXT + "}"], PATH, id="a brace too many"),
        pytest.param([TEXT + "</tool_call>"], PATH, id="a tag behind it"),
        pytest.param([TEXT + "<|im_end|>"], PATH, id="a token behind it"),
        pytest.param([f"```json\n{TEXT}\n```"], PATH, id="fenced"),
        pytest.param(["{'path': 'a', 'deep': True, 'more': None}"], PATH | {"deep": True, "more": None}, id="Python"),
    ],
)
def test_meant(pieces: list[Any], meant: dict[str, Any]) -> None:
    assert arguments_of(pieces) == meant


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"path": '],
        ['{"path": "a"}', '{"path": "b"}'],
        [{"path": "a"}, {"path": "b"}],
        [TEXT[:-1] + ', "b": 2}}, {"c": 3}'],
        ["[1]"],
        ["5"],
        [5],
        [True],
        ["rm -rf"],
        ['{"n": NaN}'],
        ['{"n": 1e999}'],
        ["{" * 100_000],
        ['{"a":' * 100_000],
        ["1 " * 100_000],
        ["{'a': __import__('os')}"],
        [{"n": float("inf")}],
    ],
)
def test_what_is_not_certainly_one_object_is_none(pieces: list[Any]) -> None:
    assert arguments_of(pieces) is None
