"""A start that cannot succeed: one clear sentence on stderr, exit status 1, nothing half-started."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.settings import ROOT
from core.workspaces.locks import lock_home
from tests.helpers import processes
from tests.helpers.privileges import HELD_BACK
from tests.helpers.server import LAUNCHER, MARK, prepare_server


@contextmanager
def listening(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def refused(home: Path, *arguments: str, command: Any = LAUNCHER, **settings: str) -> str:
    """Starts the launcher, which must refuse; returns its sentence."""
    environ = prepare_server(home, **settings).environ
    ended = subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    assert processes.marked(f"{MARK}={environ[MARK]}") == []
    assert re.fullmatch(r"[^\n]+[.]\n", ended.stderr), ended.stderr
    return ended.stderr


@pytest.mark.parametrize("beyond", [0, 1])
def test_taken_port(tmp_path: Path, beyond: int) -> None:
    port = prepare_server(tmp_path).port
    with listening(port + beyond):
        sentence = refused(tmp_path / "home", CHORUS_PORT=str(port))
    assert sentence.startswith(f"Port {port + beyond} (")
    assert "CHORUS_PORT" in sentence
    assert "--port" in sentence
    assert not (tmp_path / "home" / "home.db").exists()


def test_port_flag_is_the_one_that_is_checked(tmp_path: Path) -> None:
    port = prepare_server(tmp_path).port
    with listening(port):
        assert f"Port {port} " in refused(tmp_path / "home", "--port", str(port))


def test_port_flag_that_is_no_number(tmp_path: Path) -> None:
    assert refused(tmp_path / "home", "--port", "http").startswith("--port http: ")


def test_second_server_on_the_same_home(tmp_path: Path) -> None:
    lock = lock_home(tmp_path)
    try:
        assert f"CHORUS_HOME={tmp_path}: another Chorus server uses this folder." in refused(tmp_path)
    finally:
        os.close(lock)


def test_home_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "CHORUS_HOME=" in refused(tmp_path / "file" / "home")


def test_home_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "home.db").write_bytes(b"not a database" * 1000)
    assert "home.db" in refused(tmp_path)
    assert (tmp_path / "home.db").read_bytes() == b"not a database" * 1000


def test_unreadable_home(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0)
    assert "CHORUS_HOME=" in refused(tmp_path / "home", command=[*HELD_BACK, *LAUNCHER])


def test_home_is_full(tmp_path: Path) -> None:
    """A folder that cannot be written to even by root."""
    assert "CHORUS_HOME=/proc/self" in refused(Path("/proc/self"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CHORUS_PORT", "65535"),
        ("CHORUS_PORT", "http"),
        ("CHORUS_HOST", "0.0.0.0"),
        ("CHORUS_HOST", "192.0.2.7"),
        ("CHORUS_LOG_LEVEL", "loud"),
        ("CHORUS_WEB_WORKERS", "0"),
        ("CHORUS_PUBLIC_URL", "chorus.example.org"),
        ("CHORUS_PUBLIC_URL", "http://chorus.example.org:99999"),
        ("CHORUS_TOOLS_PATH", "/nowhere/chorus-tools"),
    ],
)
def test_bad_setting(tmp_path: Path, name: str, text: str) -> None:
    sentence = refused(tmp_path / "home", **{name: text})
    assert sentence.startswith(f"{name}={text}")
    assert not (tmp_path / "home").exists()


def test_address_of_another_machine(tmp_path: Path) -> None:
    remote = {"CHORUS_HOST": "192.0.2.7", "CHORUS_ALLOW_REMOTE": "1", "CHORUS_PUBLIC_URL": "http://192.0.2.7:8080"}
    assert "CHORUS_HOST=192.0.2.7 is not an address of this machine." in refused(tmp_path / "home", **remote)


@pytest.mark.parametrize("name", ["CHORUS_PORT", "CHORUS_HOME"])
def test_plain_gunicorn_refuses_as_clearly(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    text = {"CHORUS_PORT": "http", "CHORUS_HOME": str(tmp_path / "file")}[name]
    gunicorn = [sys.executable, "-m", "gunicorn"]
    assert name in refused(tmp_path / "home", command=gunicorn, **{name: text})
