"""Settings: values, defaults, refusals, and what follows from them."""

from pathlib import Path

import pytest

from common.errors import StartRefused
from common.security import rules_for
from common.settings import ROOT, SETTINGS, Settings, load

REMOTE = {"CHORUS_HOST": "0.0.0.0", "CHORUS_ALLOW_REMOTE": "1", "CHORUS_PUBLIC_URL": "https://chorus.example.org"}


def test_defaults() -> None:
    settings = load({})
    assert (settings.host, settings.port, settings.ws_port) == ("127.0.0.1", 8080, 8081)
    assert settings.home == ROOT / "data"
    assert settings.static_dir == ROOT / "static"
    assert settings.public_url is None
    assert settings.config is None
    assert (settings.web_workers, settings.heartbeat_ms, settings.archive_days) == (2, 5000, 7)


def test_every_row_is_a_field_and_every_field_a_row() -> None:
    fields = set(Settings.__dataclass_fields__) - {"port_is_explicit"}
    assert fields == {row.name for row in SETTINGS}


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.env)
def test_rows_say_what_they_mean(row: object) -> None:
    assert row.env.startswith("CHORUS_")  # type: ignore[attr-defined]
    assert row.sentence.endswith(".")  # type: ignore[attr-defined]


def test_empty_means_unset() -> None:
    assert load({"CHORUS_PORT": " ", "CHORUS_HOST": "", "CHORUS_CONFIG": ""}) == load({})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CHORUS_PORT", "0"),
        ("CHORUS_PORT", "65535"),  # the sidecar would need 65536
        ("CHORUS_PORT", "-1"),
        ("CHORUS_PORT", "8080.0"),
        ("CHORUS_PORT", "٨٠٨٠"),
        ("CHORUS_WEB_WORKERS", "0"),
        ("CHORUS_HEARTBEAT_MS", "5s"),
        ("CHORUS_LOG_LEVEL", "verbose"),
        ("CHORUS_ALLOW_REMOTE", "yes"),
        ("CHORUS_PUBLIC_URL", "chorus.example.org"),
        ("CHORUS_PUBLIC_URL", "ftp://chorus.example.org"),
        ("CHORUS_PUBLIC_URL", "https://user@chorus.example.org"),
        ("CHORUS_PUBLIC_URL", "https://chorus.example.org:99999"),
        ("CHORUS_PUBLIC_URL", "https://chorus.example.org:http"),
        ("CHORUS_PUBLIC_URL", "https://chorus.example.org/below"),  # the page's files have absolute addresses
        ("CHORUS_PUBLIC_URL", "https://chorus example.org"),
        ("CHORUS_PUBLIC_URL", "https://[::1"),
        ("CHORUS_PUBLIC_WS_URL", "https://chorus.example.org/ws"),
        ("CHORUS_PUBLIC_WS_URL", "wss://chorus.example.org:0/ws"),
        ("CHORUS_PUBLIC_WS_URL", "wss://chorus.example.org/ws; script-src *"),  # it is named in the page's policy
        ("CHORUS_SQLITE", "newest"),
        ("CHORUS_TOOLS_PATH", "/nowhere"),
        ("CHORUS_STATIC_DIR", "/nowhere"),
        ("CHORUS_TASK_COST_USD", "-1"),
        ("CHORUS_DAY_COST_USD", "1e9"),
        ("CHORUS_DAY_COST_USD", "nan"),
        ("CHORUS_AGENT_ENVIRONMENT", "HOME *_KEY"),
        ("CHORUS_AGENT_ENVIRONMENT", "HOME=/root"),
    ],
)
def test_bad_values_are_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(StartRefused) as refusal:
        load({name: text})
    assert str(refusal.value).startswith(f"{name}={text}: ")
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    "text", ["https://chorus.example.org:8443", "http://[::1]:8080/", "http://board_1", "HTTPS://x"]
)
def test_public_addresses(text: str) -> None:
    assert load({"CHORUS_PUBLIC_URL": text}).public_url == text.rstrip("/")


def test_port_flag_wins() -> None:
    settings = load({"CHORUS_PORT": "9000"}, port=9100)
    assert (settings.port, settings.port_is_explicit) == (9100, True)


@pytest.mark.parametrize("port", [0, 65535])
def test_bad_port_flag(port: int) -> None:
    with pytest.raises(StartRefused, match=f"--port {port}"):
        load({}, port=port)


def test_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert load({"CHORUS_HOME": "here"}).home == tmp_path / "here"
    assert load({"CHORUS_HOME": "~/chorus"}).home == Path("/home/somebody/chorus")
    assert load({}).home == ROOT / "data", "a default lies beside the program, wherever it is started"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    assert not load({"CHORUS_HOST": host}).open_to_network


@pytest.mark.parametrize("missing", ["CHORUS_ALLOW_REMOTE", "CHORUS_PUBLIC_URL"])
def test_listening_beyond_this_machine_needs_permission(missing: str) -> None:
    """(S1)"""
    with pytest.raises(StartRefused, match="no login"):
        load({name: text for name, text in REMOTE.items() if name != missing})


def test_permitted_listening_is_said_on_every_page() -> None:
    assert load(REMOTE).open_to_network


def test_public_proxy_is_open_to_the_network_too() -> None:
    assert load({"CHORUS_PUBLIC_URL": "https://chorus.example.org"}).open_to_network
    assert not load({"CHORUS_PUBLIC_URL": "http://localhost:9000"}).open_to_network


def test_host_must_be_an_address() -> None:
    with pytest.raises(StartRefused, match="must be an IP address"):
        load(REMOTE | {"CHORUS_HOST": "chorus.example.org"})


@pytest.mark.parametrize(
    ("host", "page", "program"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
        ("::1", "localhost", "[::1]"),
        ("::", "localhost", "[::1]"),
        ("fd00::2", "[fd00::2]", "[fd00::2]"),
    ],
)
def test_own_addresses_are_let_in(host: str, page: str, program: str) -> None:
    settings = load(REMOTE | {"CHORUS_HOST": host})
    rules = rules_for(settings)
    assert (settings.local_url, settings.api_url) == (f"http://{page}:8080", f"http://{program}:8080")
    assert {f"{page}:8080", f"{program}:8080"} <= rules.hosts
    assert settings.local_url in rules.origins
