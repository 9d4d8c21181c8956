"""Settings that contradict each other, and who may use the servers. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from cli.checks import Finding, ok, problem, warning
from common.security import rules_for
from common.settings import Settings


def check(settings: Settings) -> Iterator[Finding]:
    findings = list(_urls(settings))
    yield from findings or [ok("settings", "usable")]
    rules = rules_for(settings)
    yield ok("access", f"pages of {', '.join(sorted(rules.origins))}")
    if settings.open_to_network:
        yield warning(
            "access", "Chorus can be reached from other machines and has no login: put one in the reverse proxy."
        )


def _urls(settings: Settings) -> Iterator[Finding]:
    public, socket = settings.public_url, settings.public_ws_url
    if socket and not public:
        yield warning(
            "settings",
            "CHORUS_PUBLIC_WS_URL is set and CHORUS_PUBLIC_URL is not: only pages of this machine may use it. "
            "Set CHORUS_PUBLIC_URL to the address that people type.",
        )
    if public and socket and urlsplit(public).scheme == "https" and urlsplit(socket).scheme == "ws":
        yield problem(
            "settings",
            f"CHORUS_PUBLIC_WS_URL={socket}: a page of https may only open wss, so no page will be live. "
            f"Use wss:{socket.partition(':')[2]}, or unset it: /ws of CHORUS_PUBLIC_URL is used then.",
        )
    if socket and urlsplit(socket).path.rstrip("/").rpartition("/")[2] != "ws":
        yield warning("settings", f"CHORUS_PUBLIC_WS_URL={socket}: the WebSocket is at /ws of the sidecar.")
