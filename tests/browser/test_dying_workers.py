"""Web workers die under the person's hands: what was asked for happens once, or a notice says that it did not."""

from collections.abc import Callable

from selenium.webdriver.common.keys import Keys

from tests.browser import outside, page
from tests.browser.faults import down, stopped
from tests.helpers.browser import NO_ANSWER, Browser, card, column, css
from tests.helpers.server import Server

ROUNDS = 3
BACK_S = 20.0
DIALOG = "dialog[open]"
ERROR = css("new-task-error")


def test_workers_killed_while_a_task_is_created(anna: Browser, server: Server) -> None:
    """The request is under way when they die: the page asks once more, with the same Idempotency-Key."""
    anna.open(server)
    for number in range(ROUNDS):
        text = f"Survivor {number}"
        with anna.network_errors(NO_ANSWER):
            page.begin_task(anna, text)
            kill_under_way(anna, server, lambda: submit(anna), css("new-task-create"), "Creating")
            anna.wait_for(lambda: anna.count(f"body:not(:has({DIALOG})), {ERROR}"), "an outcome", BACK_S)
            if anna.count(ERROR):
                assert anna.value("new-task-description") == text
                server.wait_ready()
                submit(anna)
        page.card_titled(anna, text)
        assert [task["description"] for task in server.json("GET", "/api/tasks")].count(text) == 1


def test_workers_killed_while_a_card_is_moved(anna: Browser, server: Server) -> None:
    """Moved, or not moved and said so; and the screen tells the truth."""
    anna.open(server)
    page.open_menu(anna, outside.new_task(server, "Its menu is fetched while somebody answers"))
    anna.keys(Keys.ESCAPE)
    for number in range(ROUNDS):
        task_id = outside.new_task(server, f"Mover {number}")
        with anna.network_errors(NO_ANSWER):
            move = lambda: page.move_by_keyboard(anna, task_id, "failed")  # noqa: B023, E731
            kill_under_way(anna, server, move, f"{card(task_id)} {css('card-saving')}", "Moving")
            anna.lacks(f"{card(task_id)} {css('card-saving')}", BACK_S)
        server.wait_ready()
        answer = outside.ask(server, "GET", f"/api/tasks/{task_id}")
        anna.wait_seq(answer.moment)
        status = answer.data["status"]["type"]
        assert anna.count(f"{column(status)} {card(task_id)}") == 1
        assert status == "failed" or anna.texts(css("notice"))


def test_http_down(anna: Browser, server: Server) -> None:
    """The socket is up, nobody answers requests: the page says what to do and keeps the text."""
    anna.open(server)
    with anna.network_errors(NO_ANSWER):
        page.begin_task(anna, "Asked twice")
        with down(server, "webapp"):
            submit(anna)
            anna.shows(ERROR, "could not be reached")
            assert anna.value("new-task-description") == "Asked twice"
    submit(anna)
    page.card_titled(anna, "Asked twice")


def test_answer_lost(anna: Browser, server: Server) -> None:
    """The worst case for doubling: it was done, but the page never heard of it."""
    anna.open(server)
    anna.run("""
      const real = window.fetch;
      let posts = 0;
      window.fetch = async (path, init) => {
        const answer = await real(path, init);
        if (init.method === 'POST' && ++posts === 1) throw new TypeError('the answer is lost');
        return answer;
      };
    """)
    task_id = page.create_task(anna, "Done in silence")
    assert len(anna.requests("/api/tasks")) == 2
    found = [task["id"] for task in server.json("GET", "/api/tasks") if task["description"] == "Done in silence"]
    assert found == [task_id]


def submit(browser: Browser) -> None:
    browser.chord(Keys.CONTROL, Keys.ENTER)


def kill_under_way(browser: Browser, server: Server, act: Callable[[], None], selector: str, saving: str) -> None:
    """The workers get the request and die before they answer."""
    workers = server.workers("webapp")
    with stopped(server, *workers):
        act()
        browser.shows(selector, saving)
        for pid in workers:
            server.kill(pid)
