"""Every setting of Chorus, one row each. README's table is generated from these rows and tested against them."""

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from common.errors import StartRefused
from common.log import LEVELS

ROOT = Path(__file__).resolve().parent.parent
HIGHEST_PORT = 65534  # the sidecar listens on port + 1


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("must be one of " + ", ".join(words))
        return text.lower()

    return parse


def _path(text: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(text)))


_AUTHORITY = r"([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?"


def _url(*schemes: str, example: str, path: str = "/?") -> Callable[[str], str]:
    """`path`: an expression for what may follow the host. The page's policy names the address: no space, no `;`."""
    address = re.compile(f"({'|'.join(schemes)})://{_AUTHORITY}{path}", re.ASCII | re.IGNORECASE)

    def parse(text: str) -> str:
        try:
            is_good = address.fullmatch(text) and urlsplit(text).port != 0
        except ValueError:  # a port or an IPv6 address that cannot be
            is_good = False
        if not is_good:
            raise ValueError(f"must be a full address such as {example}")
        return text.rstrip("/")

    return parse


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return text == "1"


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1e9:
        raise ValueError("must be an amount such as 5 or 2.50; 0 means no cap")
    return value


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.replace(",", " ").split())
    if not all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*\*?", name) for name in names):
        raise ValueError("must be names of environment variables, each may end with *")
    return names


AGENT_ENVIRONMENT = (
    "HOME PATH USER LOGNAME SHELL LANG LC_* TZ TMPDIR XDG_* ANTHROPIC_* CLAUDE_CONFIG_DIR CLAUDE_CODE_OAUTH_TOKEN "
    "CLAUDE_CODE_USE_* CLAUDE_CODE_MAX_RETRIES AWS_* GOOGLE_* OPENAI_* OPENROUTER_* HTTP_PROXY HTTPS_PROXY NO_PROXY "
    "http_proxy https_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS"
)


class Setting(NamedTuple):
    """One row: the environment name, the attribute of `Settings`, how text becomes a value, and what it means."""

    env: str
    name: str
    unit: str
    default: str
    parse: Callable[[str], Any]
    sentence: str


SETTINGS = (
    Setting("CHORUS_HOST", "host", "address", "127.0.0.1", str, "Address both servers listen on."),
    Setting(
        "CHORUS_PORT",
        "port",
        "port",
        "8080",
        _integer(1, HIGHEST_PORT),
        "HTTP port; the WebSocket port is the next one. `--port` and the workspace's own `port` win over it.",
    ),
    Setting("CHORUS_HOME", "home", "folder", "data", _path, "Folder of the workspace list and the default workspace."),
    Setting("CHORUS_CONFIG", "config", "file", "", _path, "A workspace's chorus.json to open at start."),
    Setting(
        "CHORUS_PUBLIC_URL",
        "public_url",
        "URL",
        "",
        _url("http", "https", example="https://chorus.example.org, without a path"),
        "Address people use when a reverse proxy stands in front; its host and origin are allowed.",
    ),
    Setting(
        "CHORUS_PUBLIC_WS_URL",
        "public_ws_url",
        "URL",
        "",
        _url("ws", "wss", example="wss://chorus.example.org/ws", path=r"(/[\w.~%/-]*)?"),
        "WebSocket address the page uses; by default port + 1, or /ws of a CHORUS_PUBLIC_URL.",
    ),
    Setting(
        "CHORUS_ALLOW_REMOTE",
        "allow_remote",
        "0 or 1",
        "0",
        _flag,
        "1 permits listening beyond this machine; needs CHORUS_PUBLIC_URL. There is no login.",
    ),
    Setting("CHORUS_LOG_LEVEL", "log_level", "word", "info", _choice(*LEVELS), "error, warn, info or debug."),
    Setting("CHORUS_STATIC_DIR", "static_dir", "folder", "static", _path, "Folder of the page's files."),
    Setting(
        "CHORUS_TOOLS_PATH",
        "tools_path",
        "file",
        "",
        _path,
        "A chorus-tools program: checked at start, and not used, since agents reach their tools through MCP.",
    ),
    Setting("CHORUS_WEB_WORKERS", "web_workers", "processes", "2", _integer(1, 64), "Processes of the HTTP server."),
    Setting("CHORUS_WEB_THREADS", "web_threads", "threads", "8", _integer(1, 256), "Threads of each HTTP process."),
    Setting(
        "CHORUS_HEARTBEAT_MS",
        "heartbeat_ms",
        "ms",
        "5000",
        _integer(50, 60_000),
        "Time between two heartbeats on a WebSocket, +-10 %.",
    ),
    Setting(
        "CHORUS_MAX_CONNECTIONS",
        "max_connections",
        "connections",
        "20000",
        _integer(1, 1_000_000),
        "Open WebSockets before new ones are refused with 503.",
    ),
    Setting(
        "CHORUS_RING_BYTES",
        "ring_bytes",
        "bytes",
        str(64 * 1024 * 1024),
        _integer(65_536, 2**33),
        "Memory of the sidecar for the newest events.",
    ),
    Setting(
        "CHORUS_ARCHIVE_DAYS",
        "archive_days",
        "days",
        "7",
        _integer(1, 36_500),
        "Completed and failed tasks leave the board this long after their last change.",
    ),
    Setting(
        "CHORUS_PARALLEL_RUNS",
        "parallel_runs",
        "runs",
        "4",
        _integer(0, 1_000),
        "Tasks that agents work on at once; more wait in a queue. 0: no agent is started.",
    ),
    Setting(
        "CHORUS_RUN_SECONDS",
        "run_s",
        "s",
        "3600",
        _integer(1, 604_800),
        "How long an agent may work, without the time it waits for one it has handed off to.",
    ),
    Setting(
        "CHORUS_RUN_IDLE_SECONDS",
        "run_idle_s",
        "s",
        "600",
        _integer(1, 604_800),
        "How long an agent may be silent, without the time it waits for one it has handed off to.",
    ),
    Setting(
        "CHORUS_RUN_OUTPUT_BYTES",
        "run_output_bytes",
        "bytes",
        str(64 * 1024 * 1024),
        _integer(1_024, 2**40),
        "What an agent may write to its output.",
    ),
    Setting(
        "CHORUS_RUN_PROCESSES",
        "run_processes",
        "processes",
        "64",
        _integer(2, 100_000),
        "Processes an agent may have at once, itself and its tools included.",
    ),
    Setting("CHORUS_TASK_COST_USD", "task_cost_usd", "USD", "0", _amount, "Cap of cost for a task; 0: none."),
    Setting("CHORUS_DAY_COST_USD", "day_cost_usd", "USD", "0", _amount, "Cap of cost for all runs of a day; 0: none."),
    Setting(
        "CHORUS_TASK_TOKENS", "task_tokens", "tokens", "0", _integer(0, 10**15), "Cap of tokens for a task; 0: none."
    ),
    Setting(
        "CHORUS_DAY_TOKENS",
        "day_tokens",
        "tokens",
        "0",
        _integer(0, 10**15),
        "Cap of tokens for all runs of a day; 0: none.",
    ),
    Setting(
        "CHORUS_AGENT_ENVIRONMENT",
        "agent_environment",
        "names",
        AGENT_ENVIRONMENT,
        _names,
        "Environment variables that agents' programs get; the others are kept from them.",
    ),
    Setting(
        "CHORUS_SQLITE",
        "sqlite",
        "word",
        "bundled",
        _choice("bundled", "system"),
        "SQLite library: the one installed with Chorus, or Python's own.",
    ),
)


@dataclass(frozen=True)
class Settings:
    """The values of all rows. `home` is absolute; an unset optional row is None."""

    host: str
    port: int
    home: Path
    config: Path | None
    public_url: str | None
    public_ws_url: str | None
    allow_remote: bool
    log_level: str
    static_dir: Path
    tools_path: Path | None
    web_workers: int
    web_threads: int
    heartbeat_ms: int
    max_connections: int
    ring_bytes: int
    archive_days: int
    parallel_runs: int
    run_s: int
    run_idle_s: int
    run_output_bytes: int
    run_processes: int
    task_cost_usd: float
    day_cost_usd: float
    task_tokens: int
    day_tokens: int
    agent_environment: tuple[str, ...]
    sqlite: str
    port_is_explicit: bool = False

    @property
    def ws_port(self) -> int:
        return self.port + 1

    @property
    def local_url(self) -> str:
        """What people on this machine open. Browsers let no page at [::1] have a WebSocket."""
        host = "localhost" if self.reachable_host == "::1" else self.reachable_host
        return f"http://{bracketed(host)}:{self.port}"

    @property
    def api_url(self) -> str:
        """Where programs on this machine reach the HTTP API."""
        return f"http://{bracketed(self.reachable_host)}:{self.port}"

    def address(self, port: int) -> str:
        """`host:port` as servers bind to it and URLs name it."""
        return f"{bracketed(self.host)}:{port}"

    @property
    def reachable_host(self) -> str:
        """Where this machine itself reaches the servers."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def open_to_network(self) -> bool:
        """True where the servers can be reached from other machines."""
        return not is_loopback(self.host) or (self.public_url is not None and not _local_name(self.public_url))


def bracketed(host: str) -> str:
    """The host as URLs and Host headers have it."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _local_name(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


def _value(row: Setting, environ: Mapping[str, str]) -> Any:
    text = environ.get(row.env, "").strip() or row.default
    if text == "":
        return None
    try:
        if row.parse is _path and row.env not in environ:
            return ROOT / text
        return row.parse(text)
    except ValueError as error:
        raise StartRefused(f"{row.env}={text}: it {error}.") from None


def load(environ: Mapping[str, str] | None = None, *, port: int | None = None) -> Settings:
    """Reads all settings from `environ` (default: the process's own); `port` is the `--port` flag.

    Raises StartRefused with one sentence that names the setting and what it must be.
    """
    environ = os.environ if environ is None else environ
    values = {row.name: _value(row, environ) for row in SETTINGS}
    if port is not None:
        if not 1 <= port <= HIGHEST_PORT:
            raise StartRefused(f"--port {port}: it must be from 1 to {HIGHEST_PORT}.")
        values["port"] = port
    settings = Settings(**values, port_is_explicit=port is not None)
    _check_exposure(settings)
    if settings.tools_path and not os.access(settings.tools_path, os.X_OK):
        raise StartRefused(f"CHORUS_TOOLS_PATH={settings.tools_path}: no program can be run there.")
    if not os.access(settings.static_dir / "index.html", os.R_OK):
        raise StartRefused(f"CHORUS_STATIC_DIR={settings.static_dir}: there is no index.html that can be read.")
    return settings


def _check_exposure(settings: Settings) -> None:
    if is_loopback(settings.host):
        return
    try:
        ipaddress.ip_address(settings.host)
    except ValueError:
        raise StartRefused(f"CHORUS_HOST={settings.host}: it must be an IP address or localhost.") from None
    if not settings.allow_remote or not settings.public_url:
        raise StartRefused(
            f"CHORUS_HOST={settings.host} would open Chorus, which has no login, to other machines: set "
            "CHORUS_ALLOW_REMOTE=1 and CHORUS_PUBLIC_URL to permit it, or use 127.0.0.1."
        )


def markdown_table() -> str:
    """README's table of all settings: `python -m common.settings` prints it."""
    rows = [f"| `{row.env}` | {_shown(row)} | {row.unit} | {row.sentence} |" for row in SETTINGS]
    return "\n".join(["| Setting | Default | Unit | What it does |", "|---|---|---|---|", *rows])


def _shown(row: Setting) -> str:
    return f"`{row.default}`" if row.default else "none"


if __name__ == "__main__":
    sys.stdout.write(f"{markdown_table()}\n")
