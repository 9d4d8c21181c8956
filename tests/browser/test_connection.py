"""The socket breaks: the page says so, comes back by itself, and shows what happened meanwhile."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.browser.conftest import SETTINGS
from tests.browser.faults import down, locked, stopped
from tests.helpers.browser import NO_ANSWER, SOCKET_LOST, Browser, card, column, css
from tests.helpers.chromium import Chromium
from tests.helpers.server import Server, free_ports, running

BACK_S = 20.0  # a killed sidecar on a busy machine
HEARTBEAT_S = 1.0
SILENCE_S = 2.5 * HEARTBEAT_S
STALE_S = 5.0  # the sidecar's: it vouches for the board no longer
COMEBACK_S = 2.0  # what it asks clients to wait for meanwhile
SLOW_S = 5.0  # how often the page looks at its clocks
SLACK_S = 1.5  # of the machine, not of the rule


def test_sidecar_killed(anna: Browser, server: Server) -> None:
    gone, moved = outside.new_task(server, "Goes"), outside.new_task(server, "Moves")
    anna.open(server)
    anna.shows(card(gone))
    anna.forget_requests()
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            anna.shows(css("badge"), "Reconnecting")
            new = outside.new_task(server, "Comes")
            outside.move(server, moved, "failed", "No paint left")
            moment = outside.ask(server, "DELETE", f"/api/tasks/{gone}").moment
            assert anna.count(card(gone)) == 1
        anna.wait_seq(moment, BACK_S)
        anna.wait_connection("live")
    anna.shows(css("badge"), "Live")
    assert anna.count(card(gone)) == 0
    assert anna.count(card(new)) == 1
    assert anna.texts(f"{column('failed')} {card(moved)} {css('card-failure')}") == ["No paint left"]
    assert anna.snapshots() == 1
    assert anna.requests("/api/snapshot") == anna.requests("/api/tasks") == []


def test_sidecar_falls_silent(anna: Browser, server: Server) -> None:
    """Its socket stays open, as when a cable is pulled."""
    task_id = outside.new_task(server, "Wait for it")
    anna.open(server)
    anna.shows(card(task_id))
    anna.forget_requests()
    with anna.network_errors(SOCKET_LOST):
        with stopped(server, *server.workers("wsserver")):
            anna.wait_connection("reconnecting", SILENCE_S + SLACK_S)
            anna.shows(css("badge"), "Reconnecting")
            anna.shows(css("badge-as-of"), "data as of")
            moment = outside.move(server, task_id, "failed")
        anna.wait_seq(moment, BACK_S)
        anna.wait_connection("live")
    assert anna.count(f"{column('failed')} {card(task_id)}") == 1
    assert anna.snapshots() == 1
    assert anna.requests("/api/snapshot") == anna.requests("/api/tasks") == []


def test_nobody_can_read_the_board(anna: Browser, tmp_path: Path) -> None:
    """Another program has locked the database for long: no Live over what may be old, and back by itself."""
    with running(tmp_path / "home", CHORUS_SQLITE="system", **SETTINGS) as server:
        task_id = outside.new_task(server, "Wait for the lock")
        anna.open(server)
        anna.shows(card(task_id))
        anna.forget_requests()
        began = time.monotonic()
        with locked(server.home / "workspaces" / "default" / "chorus.db"):
            anna.wait_connection("reconnecting", STALE_S + SILENCE_S + SLACK_S)
            anna.click("badge")
            anna.shows(css("badge-reason"), "cannot read the board", BACK_S)
            anna.shows(css("badge-reason"), "locked by another program")
            assert anna.requests("/api/live") == []
        anna.wait_connection("live", BACK_S)
        moment = outside.move(server, task_id, "failed")
        anna.wait_seq(moment)
        assert anna.count(f"{column('failed')} {card(task_id)}") == 1
        assert anna.snapshots() == 1
        assert 2 <= sockets(anna) <= 2 + (time.monotonic() - began) / COMEBACK_S
        anna.leave()


@pytest.mark.parametrize("shift", [-3_600_000, 3_600_000])
def test_clock_is_set_while_the_server_is_silent(shift: int, anna: Browser, server: Server) -> None:
    anna.open(server)
    with anna.network_errors(SOCKET_LOST):
        with stopped(server, *server.workers("wsserver")):
            set_clock(anna, shift)
            anna.wait_connection("reconnecting", SILENCE_S + SLACK_S + SLOW_S)
        anna.wait_connection("live", BACK_S)
    assert anna.snapshots() == 1


def test_clock_is_put_back_while_it_reconnects(anna: Browser, server: Server) -> None:
    anna.open(server)
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            set_clock(anna, -3_600_000)
        anna.wait_connection("live", BACK_S)


def test_machine_slept(anna: Browser, server: Server) -> None:
    """Its clock is an hour ahead of the one that stands still in sleep: what the socket still says is not believed."""
    task_id = outside.new_task(server, "Change while asleep")
    anna.open(server)
    anna.forget_requests()
    set_clock(anna, 3_600_000)
    moment = outside.move(server, task_id, "failed")
    anna.wait_for(lambda: sockets(anna) == 1, "another connection")
    anna.wait_seq(moment)
    anna.wait_connection("live")
    assert anna.snapshots() == 1


def test_browser_forgets_to_say_that_the_page_is_back(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Change unnoticed")
    anna.open(server)
    anna.run("window.dispatchEvent(new Event('pagehide'))")
    anna.wait_connection("reconnecting")
    moment = outside.move(server, task_id, "failed")
    anna.run("window.dispatchEvent(new Event('focus'))")
    anna.wait_seq(moment)
    anna.wait_connection("live")


def test_actions_work_without_the_socket(anna: Browser, server: Server) -> None:
    """They are shown once: never doubled, never gone in between, never back where they were."""
    task_id = outside.new_task(server, "Move without a socket")
    anna.open(server)
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            page.record_card(anna, task_id)
            page.move_by_keyboard(anna, task_id, "failed")
            anna.shows(f"{card(task_id)} {css('card-saving')}", "Saved, not yet shown")
            assert anna.count(f"{column('pending')} {card(task_id)}") == 1
        anna.shows(f"{column('failed')} {card(task_id)}", seconds=BACK_S)
        anna.wait_connection("live")
    anna.lacks(css("card-saving"))
    assert page.recorded(anna) == ["pending", "failed"]
    assert outside.ask(server, "GET", f"/api/tasks/{task_id}").data["status"]["type"] == "failed"


def test_new_task_without_the_socket(anna: Browser, server: Server) -> None:
    anna.open(server)
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            page.begin_task(anna, "Made without a socket")
            anna.chord(Keys.CONTROL, Keys.ENTER)
            anna.lacks("dialog[open]")
            (made,) = [task for task in snapshot(server)["tasks"] if task["description"] == "Made without a socket"]
            page.record_card(anna, made["id"])
            said = anna.texts(css("notice"))
        anna.shows(f"{column('pending')} {card(made['id'])}", seconds=BACK_S)
        anna.wait_connection("live")
    assert page.recorded(anna) == ["", "pending"]
    assert "not yet shown" in said[-1]


def test_all_files_are_sent_without_the_socket(anna: Browser, server: Server, tmp_path: Path) -> None:
    task_id = outside.new_task(server, "Files without a socket")
    names = ["one.txt", "two.txt"]
    for name in names:
        (tmp_path / name).write_text("x")
    anna.open(server, page.task_url(task_id))
    anna.shows(css("attachments"))
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            page.attach(anna, *(tmp_path / name for name in names))
            anna.wait_for(lambda: attached(server, task_id) == len(names), "both files are on the server")
            anna.wait_for(lambda: anna.texts(".file-note") == ["Saved, not yet shown"] * len(names), "both are said")
        for name in names:
            anna.shows(css("attachment"), name, seconds=BACK_S)
        anna.wait_connection("live")
    anna.lacks(css("upload"))


def test_removals_without_the_socket(anna: Browser, server: Server) -> None:
    """What is gone and still there says so, and cannot be removed once more."""
    task_id = outside.new_task(server, "Removals without a socket")
    outside.ask(server, "POST", f"/api/tasks/{task_id}/queue", {"content": "Never mind"})
    outside.ask(server, "POST", f"/api/tasks/{task_id}/attachments?filename=one.txt", b"x")
    anna.open(server, page.task_url(task_id))
    anna.shows(css("message"))
    with anna.network_errors(SOCKET_LOST):
        with down(server, "wsserver"):
            anna.wait_connection("reconnecting")
            for control in ("attachment-delete", "message-remove"):
                anna.click(control)
                anna.shows(f"{css(control)}[aria-disabled=true]", "Saved, not yet shown")
        anna.wait_connection("live")
    anna.lacks(css("message"))
    anna.lacks(css("attachment"))


def test_everything_down(anna: Browser, server: Server) -> None:
    """Nothing can be saved: the page says so at once on each button, and keeps what it has."""
    task_id = outside.new_task(server, "Stay on screen")
    anna.open(server)
    page.begin_task(anna, "Later")
    with anna.network_errors(f"{SOCKET_LOST}|{NO_ANSWER}"):
        with down(server, "wsserver", "webapp"):
            anna.wait_connection("offline", BACK_S)
            anna.shows(css("badge"), "Offline")
            anna.shows(css("bar"), "nothing can be saved")
            anna.shows(css("new-task-create"), "not possible now")
            anna.chord(Keys.CONTROL, Keys.ENTER)
            anna.shows(css("new-task-error"), "cannot be reached")
            assert anna.count(card(task_id)) == 1
        anna.wait_connection("live", BACK_S)
    anna.lacks(css("bar"))
    anna.chord(Keys.CONTROL, Keys.ENTER)
    page.card_titled(anna, "Later")
    assert anna.snapshots() == 1


def test_code_that_could_not_be_fetched(anna: Browser, server: Server) -> None:
    """Of a page and of a dialog it comes when they are first wanted: what hindered is said, and what helps."""
    anna.open(server)
    with anna.network_errors(f"{SOCKET_LOST}|{NO_ANSWER}"):
        with down(server, "wsserver", "webapp"):
            anna.wait_connection("offline", BACK_S)
            anna.click("nav-agents")
            anna.shows(css("page-error"), "could not be opened")
            anna.shows(css("page-error"), "The browser says: ")
            anna.keys("n")
            anna.shows(css("notice"), "The dialog could not be fetched")
        anna.wait_connection("live", BACK_S)
        anna.press("Load again")
        anna.shows(css("agents"), "fact-checker")
        anna.keys("n")
        anna.wait_focus("new-task-description")


def test_hidden_tab_stays_connected(anna: Browser, server: Server) -> None:
    task_id = outside.new_task(server, "Change unseen")
    anna.open(server)
    first = anna.driver.current_window_handle
    anna.run("document.addEventListener('visibilitychange', () => (document.wasHidden ||= document.hidden))")
    anna.driver.switch_to.new_window("tab")
    moment = outside.move(server, task_id, "failed")
    anna.open(server)
    anna.driver.switch_to.window(first)
    anna.wait_seq(moment)
    assert anna.run("return document.wasHidden")
    assert anna.count(f"{column('failed')} {card(task_id)}") == 1
    assert (anna.connection(), anna.snapshots()) == ("live", 1)


def test_frozen_tab_resumes(anna: Chromium, server: Server) -> None:
    """Chromium freezes tabs that nobody looks at: no script runs, the socket goes."""
    task_id = outside.new_task(server, "Change while frozen")
    anna.open(server)
    anna.cdp("Page.setWebLifecycleState", state="frozen")
    moment = outside.move(server, task_id, "failed")
    anna.cdp("Page.setWebLifecycleState", state="active")
    anna.wait_seq(moment)
    anna.wait_connection("live")
    assert anna.snapshots() == 1


def test_left_and_come_back(anna: Browser, server: Server) -> None:
    """Whether the browser has kept the page or loads it again."""
    task_id = outside.new_task(server, "Change while away")
    anna.open(server)
    anna.shows(card(task_id))
    anna.leave()
    moment = outside.move(server, task_id, "failed")
    anna.driver.back()
    anna.wait_seq(moment)
    anna.wait_connection("live")
    assert anna.count(f"{column('failed')} {card(task_id)}") == 1


def test_older_database_copied_back(anna: Browser, tmp_path: Path) -> None:
    """Numbers mean something else now: the page sees the new epoch and takes a snapshot by itself."""
    with running(tmp_path / "home", **SETTINGS) as server:
        kept = outside.new_task(server, "Kept")
        database = server.home / "workspaces" / "default" / "chorus.db"
        copy(database, tmp_path / "older.db")
        lost = [outside.new_task(server, f"Lost {number}") for number in range(3)]
        outside.move(server, kept, "failed")
        anna.open(server)
        anna.shows(f"{column('failed')} {card(kept)}")
        anna.forget_requests()
        epoch = anna.state()["epoch"]
        with anna.network_errors(f"{SOCKET_LOST}|{NO_ANSWER}"):
            server.stop_all()
            for part in database.parent.glob("chorus.db*"):
                part.unlink()
            copy(tmp_path / "older.db", database)
            server.start()
            new = outside.new_task(server, "After the restore")
            anna.wait_for(lambda: anna.state()["epoch"] != epoch, "the page follows the new log", BACK_S)
            anna.wait_connection("live")
        anna.shows(card(new))
        truth = snapshot(server)
        assert (anna.state()["epoch"], anna.seq()) == (truth["epoch"], truth["seq"])
        assert page.cards(anna) == {task["id"]: task["status"]["type"] for task in truth["tasks"]}
        assert not page.cards(anna).keys() & set(lost)
        assert anna.snapshots() > 1
        assert {request.path for request in anna.requests()} <= {"/api/snapshot", "/api/live"}
        anna.leave()


def test_wrong_socket_address(anna: Browser, tmp_path: Path) -> None:
    """The browser tells nothing but 1006: after three tries the page knows why, and which setting helps.

    With a public address, every page also says that there is no login.
    """
    address = f"ws://localhost:{free_ports(1)}/ws"
    public = {"CHORUS_PUBLIC_URL": "https://chorus.example", "CHORUS_PUBLIC_WS_URL": address}
    with running(tmp_path / "home", **public, **SETTINGS) as server:
        task_id = outside.new_task(server, "Shown all the same")
        with anna.network_errors(SOCKET_LOST):
            anna.open(server, connection="reconnecting")
            anna.shows(card(task_id))
            anna.shows(css("bar"), "open to the network and has no login")
            anna.click("badge")
            anna.shows(css("badge-reason"), address, BACK_S)
            anna.shows(css("badge-reason"), "CHORUS_PUBLIC_WS_URL")
            assert anna.requests("/api/live")
            anna.leave()


# -- helpers


def set_clock(browser: Browser, shift_ms: int) -> None:
    browser.run("const now = Date.now; Date.now = () => now() + arguments[0]", shift_ms)


def sockets(browser: Browser) -> int:
    """Connections that the page has tried to open since `forget_requests`."""
    return len(browser.requests("/ws"))


def attached(server: Server, task_id: str) -> object:
    return server.json("GET", f"/api/tasks/{task_id}")["attachmentCount"]


def snapshot(server: Server) -> Any:
    return server.json("GET", "/api/snapshot")


def copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
