"""How Chorus starts programs of its own beside agents: nothing in an agent's folder becomes their code."""

import os
import subprocess
from pathlib import Path

import pytest

from common.settings import ROOT
from runner import starting
from runner.__main__ import TOOL_SERVER
from runner.providers import Job
from runner.providers.known import PROVIDERS

pytestmark = pytest.mark.processes
ROW = {"type": "openai-compat", "api_base_url": "http://127.0.0.1:9/v1", "api_key": "", "default_model": "m"}
PLANTED = "json.py", "httpx2.py", "agenttools/__init__.py", "runner/__init__.py", "common/__init__.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an unconfined agent works, and others have written modules."""
    made = tmp_path / "project"
    for name in PLANTED:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"open({str(tmp_path / 'taken')!r}, 'w')\n")
    return made


def test_loop_takes_no_code_from_its_folder(folder: Path, tmp_path: Path) -> None:
    private = starting.private_folder(tmp_path / "private")
    job = Job("hello", "", str(private), str(tmp_path / "sessions"), ROW)
    process = starting.start("run", PROVIDERS["openai-compat"], job, folder, {"PATH": os.defpath}, 8)
    try:
        told = [heard.line for heard in process.hear(0.5) if heard.line]
    finally:
        process.close()
    assert any('"session"' in line for line in told), told
    assert not (tmp_path / "taken").exists()


def test_tool_server_takes_no_code_from_its_folder(folder: Path, tmp_path: Path) -> None:
    environ = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(TOOL_SERVER, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert "Set CHORUS_API_URL" in ended.stderr
    assert not (tmp_path / "taken").exists()
