"""Conversations on disk."""

import json
import os
from pathlib import Path

import pytest

from runner.chat.transcript import Transcript


def kept(path: Path) -> list[str]:
    return [json.loads(line)["role"] for line in path.read_text().splitlines()]


def test_each_message_is_added(tmp_path: Path) -> None:
    """Whatever the length of the conversation: a message costs its own size."""
    made = Transcript(tmp_path, None)
    made.add({"role": "user", "content": "x" * 1_000_000})
    path = tmp_path / f"{made.session}.json"
    before = path.stat()
    for n in range(20):
        made.add({"role": "assistant" if n % 2 == 0 else "user", "content": str(n)})
    after = path.stat()
    assert after.st_ino == before.st_ino
    assert after.st_size - before.st_size < 2_000
    assert Transcript(tmp_path, made.session).messages == made.messages


def test_no_space_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work goes on, and what could not be written is written with what follows."""
    made = Transcript(tmp_path, None)
    made.add({"role": "user", "content": "a"})

    def full(descriptor: int, raw: bytes) -> int:
        os.pwrite(descriptor, raw[:3], os.fstat(descriptor).st_size)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        made.add({"role": "assistant", "content": "b"})
        made.add({"role": "user", "content": "c"})
    made.add({"role": "assistant", "content": "d"})
    assert kept(tmp_path / f"{made.session}.json") == ["user", "assistant", "user", "assistant"]
    assert Transcript(tmp_path, made.session).messages == made.messages


def test_half_a_line_at_the_end(tmp_path: Path) -> None:
    made = Transcript(tmp_path, None)
    made.add({"role": "user", "content": "a"})
    path = tmp_path / f"{made.session}.json"
    path.write_text(path.read_text() + '{"role": "assistant", "conte')
    again = Transcript(tmp_path, made.session)
    again.add({"role": "user", "content": "b"})
    assert kept(path) == ["user", "user"]


def test_pauses_in_a_row_are_counted(tmp_path: Path) -> None:
    made = Transcript(tmp_path, None)
    made.add({"role": "user", "content": "a"})
    made.note_pause()
    made.note_pause()
    again = Transcript(tmp_path, made.session)
    assert again.pauses == 2
    again.add({"role": "user", "content": "b"})
    assert Transcript(tmp_path, made.session).pauses == 2
    again.add({"role": "assistant", "content": "b"})
    assert (again.pauses, Transcript(tmp_path, made.session).pauses) == (0, 0)
