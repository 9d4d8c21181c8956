"""Thoughts and calls in the text of an answer, however the text is cut."""

import random

import pytest

from runner.chat.thoughts import Kind, Splitter, is_written_call

OFFERED = ["file_read"]
FENCE = "```"


def split(parts: list[str]) -> tuple[str, str]:
    """Thoughts and text."""
    splitter, thoughts, text = Splitter(), "", ""
    for piece in [piece for part in parts for piece in splitter.feed(part)] + splitter.end():
        if piece.kind is Kind.TEXT:
            text += piece.text
        elif piece.kind is Kind.THINKING:
            thoughts += piece.text
        else:
            thoughts, text = text + thoughts, ""
    return thoughts, text


@pytest.mark.parametrize(
    ("said", "thoughts", "text"),
    [
        ("<think>secret</think>\n\nAnswer", "secret", "Answer"),
        ("\n <THINK>secret</THINK>Answer", "secret", "Answer"),
        ("<thought>a</thought>b", "a", "b"),
        ("[THINK]a[/THINK]b", "a", "b"),
        ("◁think▷a◁/think▷b", "a", "b"),
        (
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>four",
            "hm",
            "four",
        ),
        ("<think>a</think>\n<think>b</think>\nc", "ab", "c"),
        ("<think>a <b> [x] c", "a <b> [x] c", ""),
        ("<think></think>hi", "", "hi"),
        ("The template opened it.\n</think>\n\nAnswer", "The template opened it.\n", "Answer"),
        ("Answer", "", "Answer"),
        ("\n\nAnswer", "", "\n\nAnswer"),
        ("", "", ""),
        ("<", "", "<"),
        ("<b>bold</b>", "", "<b>bold</b>"),
        ("[1] a < b", "", "[1] a < b"),
        ("Close it with `</think>` there", "", "Close it with `</think>` there"),
        (f"{FENCE}\n</think>\n{FENCE}", "", f"{FENCE}\n</think>\n{FENCE}"),
        ("<think>a</think>Use </think> to close", "a", "Use </think> to close"),
        ("I write <think> here", "", "I write <think> here"),
    ],
)
def test_thoughts(said: str, thoughts: str, text: str, seed: int) -> None:
    dice = random.Random(seed)
    assert split([said]) == (thoughts, text)
    assert split(list(said)) == (thoughts, text)
    for _ in range(20):
        at = sorted(dice.choices(range(len(said) + 1), k=4))
        parts = [said[begin:end] for begin, end in zip([0, *at], [*at, len(said)], strict=True)]
        assert split(parts) == (thoughts, text), parts


@pytest.mark.parametrize(
    "said",
    [
        '<tool_call>\n{"name": "file_read", "arguments": {"path": "a"}}\n</tool_call>',
        "I will look.\n<tool_call>\n<function=file_read>\n<parameter=path>a</parameter>\n</function>\n</tool_call>",
        '{"name": "file_read", "parameters": {"path": "a"}}',
        f'{FENCE}json\n{{"name": "file_read", "arguments": {{}}}}\n{FENCE}',
        '[TOOL_CALLS][{"name": "file_read", "arguments": {}}]',
        '<|python_tag|>{"name": "file_read"}',
        "<｜tool▁calls▁begin｜>file_read",
        f'{FENCE}tool_code\nfile_read(path="a")\n{FENCE}',
        "<|channel|>commentary to=functions.file_read json<|message|>{}",
        '<function_calls>\n<invoke name="file.read">\n</invoke>\n</function_calls>',
    ],
)
def test_written_call(said: str) -> None:
    assert is_written_call(said, OFFERED)


@pytest.mark.parametrize(
    "said",
    [
        "I read it with file_read.",
        "The server's parser looks for `<tool_call>` around file_read.",
        "The tag <tool_call> stands before file_read in such a text, as I have documented now.",
        f"As in\n{FENCE}xml\n<tool_call>file_read</tool_call>\n{FENCE}\nit is described.",
        '<tool_call>{"name": "unknown"}</tool_call>',
        '{"name": "Anna"}',
    ],
)
def test_text_about_calls(said: str) -> None:
    assert not is_written_call(said, OFFERED)
