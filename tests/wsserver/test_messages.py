"""The exact bytes of every message: the order of fields is part of the protocol's documentation."""

from common.db.home import Recent
from common.events import ByeReason, ResyncReason
from wsserver import frames, messages


def test_welcome() -> None:
    frame = messages.welcome(build="0-abc", epoch="e", head=7, heartbeat_ms=500, spread_ms=2, now=1)
    text = b'{"type":"welcome","protocol":1,"build":"0-abc","epoch":"e","seq":7,"heartbeatMs":500,"spreadMs":2,"now":1}'
    assert frame == frames.text(text)


def test_heartbeat() -> None:
    assert messages.heartbeat(3, 0, 5) == frames.text(b'{"type":"heartbeat","seq":3,"spreadMs":0,"now":5}')
    assert messages.heartbeat(None, 8, 5) == frames.text(b'{"type":"heartbeat","seq":null,"spreadMs":8,"now":5}')


def test_resync() -> None:
    text = b'{"type":"resync","reason":"expired","delayMs":17}'
    assert messages.resync(ResyncReason.EXPIRED, 17) == frames.text(text)


def test_workspaces_changed_is_utf8() -> None:
    entries = '{"type":"workspaces_changed","data":[{"configPath":"/ä/chorus.json","lastOpenedAt":9}]}'
    assert messages.workspaces_changed([Recent("/ä/chorus.json", 9)]) == frames.text(entries.encode())


def test_bye() -> None:
    restart = b'{"type":"bye","delayMs":712,"reason":"restart","detail":""}'
    stale = b'{"type":"bye","delayMs":2000,"reason":"stale","detail":"Not read."}'
    assert messages.bye(712, ByeReason.RESTART) == frames.text(restart)
    assert messages.bye(2000, ByeReason.STALE, "Not read.") == frames.text(stale)
