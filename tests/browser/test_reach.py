"""What Chorus reaches and what reaches it: tests of providers, and access tokens."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.browser.test_accessibility import EACH_ONCE, check
from tests.helpers import staff
from tests.helpers.browser import Browser, css
from tests.helpers.model_server import Action, Model, Refuse, Reply, Script, model_server
from tests.helpers.server import Server, running

ANSWER_S = 40.0
NAME = "local"


@pytest.fixture
def model(server: Server) -> Iterator[Model]:
    """A model that follows its script, and the provider that talks to it."""
    with model_server(always(Reply("ready"))) as running:
        provide(server, f"{running.url}/v1")
        yield running
    outside.ask(server, "DELETE", f"/api/providers/{NAME}")


def always(action: Action) -> Script:
    return lambda _: action


def provide(server: Server, address: str) -> None:
    kind = {"type": "openai-compat", "apiBaseUrl": address, "apiKey": "sk-0123456789abcdef", "defaultModel": "m"}
    outside.ask(server, "PUT", f"/api/providers/{NAME}", {"name": NAME, "providerType": kind})


def test_test_of_a_provider(anna: Browser, server: Server, model: Model) -> None:
    """Said beside it, in a place that is read out: that it works, or what is wrong; a change makes the answer old."""
    anna.open(server, "/providers")
    row = f'[data-provider="{NAME}"]'
    result = f'{row} [role="status"]'
    answers: list[tuple[Action, str]] = [
        (Reply("ready"), "It works. It answered within"),
        (Refuse(401, "invalid key"), "refused the key"),
        (Refuse(404, "no such model"), "does not know the model m: no such model"),
        (Refuse(429, "slow down"), "limit is reached: slow down"),
    ]
    for action, says in answers:
        model.script = always(action)
        anna.click("test", within=row)
        anna.shows(result, says, ANSWER_S)
    provide(server, "http://127.0.0.1:9/v1")
    anna.wait_for(lambda: anna.texts(result) == [""], "the answer is forgotten")
    anna.click("test", within=row)
    anna.shows(css("test", within=row), "not possible now: its test is running")
    anna.shows(result, "Asking it")
    anna.shows(result, "could not be reached", ANSWER_S)
    check(anna, f"{result} .sign", EACH_ONCE)

    anna.open(server, f"/providers/{NAME}")
    anna.write("input-defaultModel", "x")
    anna.shows(css("test"), "not possible now: save or discard your changes first")


@pytest.mark.processes
def test_test_of_a_program_that_cannot_work(anna: Browser, tmp_path: Path) -> None:
    """Claude Code, where nobody has logged in, and OpenCode, where it is not installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, place in (("claude", staff.BIN / "claude"), ("node", shutil.which("node"))):
        (programs / name).symlink_to(str(place))
    answers = {"claude-code": "is not logged in. Run claude in a terminal and log in.", "opencode": "opencode-ai"}
    with running(tmp_path / "home", HOME=str(tmp_path), PATH=f"{programs}:/usr/bin:/bin") as server:
        for kind in answers:
            server.json("POST", "/api/providers", {"name": kind, "providerType": {"type": kind}})
        anna.open(server, "/providers")
        for kind, says in answers.items():
            anna.click("test", within=f'[data-provider="{kind}"]')
            anna.shows(f'[data-provider="{kind}"] [role="status"]', says, ANSWER_S)
        anna.leave()


def test_access_tokens(anna: Browser, ben: Browser, server: Server) -> None:
    """Shown once and kept in sight until done with; it works; revoked it does not; the other screen follows."""
    ben.open(server, "/settings")
    ben.shows(css("no-tokens"))
    ben.forget_requests()
    anna.open(server, "/settings")
    anna.click("new-token")
    anna.write("input-name", "my laptop")
    anna.shows(css("error-name"), "Use letters")
    anna.write("input-name", Keys.BACKSPACE * 7, "-laptop")
    anna.click("scope-task.create")
    anna.click("save", within=css("access"))
    anna.shows(css("made"), "my-laptop")
    (token,) = anna.texts(css("made-token"))
    (config,) = anna.texts(css("made-config"))
    environment = json.loads(config)["mcpServers"]["chorus"]["env"]
    assert environment == {"CHORUS_API_URL": server.base_url, "CHORUS_TOKEN": token}
    ben.shows("[data-token=my-laptop]", token[-4:])
    check(anna, css("made"), EACH_ONCE)
    assert tools(server, token) == {"task.list", "task.get", "task.report"}

    page.go(anna, "/")
    anna.driver.back()
    anna.wait_for(lambda: anna.texts(css("made-token")) == [token], "it is still in sight")
    assert token not in str(anna.run("return JSON.stringify({...sessionStorage, ...localStorage})"))
    anna.click("made-done")
    anna.lacks(css("made"))
    anna.click("revoke", within="[data-token=my-laptop]")
    ben.shows(css("no-tokens"))
    assert tools(server, token) is None
    page.undo(anna)
    ben.shows("[data-token=my-laptop]", "May list, read and report on tasks")
    assert tools(server, token) is not None
    assert ben.requests() == []
    outside.ask(server, "DELETE", "/api/access-tokens/my-laptop")


def tools(server: Server, token: str) -> set[str] | None:
    """Names of the tools that the token permits; None: it is refused."""
    status, _, raw = server.request("GET", "/api/tools", None, Authorization=f"Bearer {token}")
    if status == 401:
        return None
    told: list[dict[str, Any]] = json.loads(raw)["tools"]
    return {tool["name"] for tool in told}
