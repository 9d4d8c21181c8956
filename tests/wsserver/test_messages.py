"""The exact bytes of every message: the order of fields is part of the protocol's documentation."""

from common.db.home import Recent
from common.events import ResyncReason
from wsserver import frames, messages


def test_welcome() -> None:
    frame = messages.welcome(build="0.1.0-abc", epoch="e", head=7, heartbeat_ms=5000, now=1)
    text = b'{"type":"welcome","protocol":1,"build":"0.1.0-abc","epoch":"e","seq":7,"heartbeatMs":5000,"now":1}'
    assert frame == frames.text(text)


def test_heartbeat() -> None:
    assert messages.heartbeat(3, 5) == frames.text(b'{"type":"heartbeat","seq":3,"now":5}')
    assert messages.heartbeat(None, 5) == frames.text(b'{"type":"heartbeat","seq":null,"now":5}')


def test_resync() -> None:
    assert messages.resync(ResyncReason.EXPIRED) == frames.text(b'{"type":"resync","reason":"expired"}')


def test_workspaces_changed_is_utf8() -> None:
    entries = '{"type":"workspaces_changed","data":[{"configPath":"/ä/chorus.json","lastOpenedAt":9}]}'
    assert messages.workspaces_changed([Recent("/ä/chorus.json", 9)]) == frames.text(entries.encode())


def test_bye() -> None:
    assert messages.bye(712, "restart") == frames.text(b'{"type":"bye","delayMs":712,"reason":"restart"}')
