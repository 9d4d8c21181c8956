"""A browser as one user of the board. Nothing here sleeps: every wait is for what the page says or shows.

What the engines do differently is in chromium.py and webkit.py.
The page writes data-connection, data-epoch, data-seq and data-snapshots on <html> once it shows that state.
"""

import contextlib
import re
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from selenium.common import exceptions
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from common.settings import ROOT
from tests.helpers.server import Server

T = TypeVar("T")

WAIT_S = 10.0
POLL_S = 0.03
RESULTS = ROOT / "test-results"
WIDE = (1920, 1000)  # all eight columns are in sight
HEIGHT = 900  # of a page that is looked at
SOCKET_LOST = "WebSocket connection to"
NO_ANSWER = "net::ERR_|Could not connect|Load failed"
NOTHING_MOVES = """
  return document.getAnimations().every(({playState, effect}) =>
    playState !== 'running' || effect.getComputedTiming().endTime === Infinity);
"""
NOT_YET = (
    exceptions.NoSuchElementException,
    exceptions.StaleElementReferenceException,
    exceptions.ElementNotInteractableException,
    exceptions.ElementClickInterceptedException,
    exceptions.MoveTargetOutOfBoundsException,
)


class Request(NamedTuple):
    """One request of the page, from the browser's own record."""

    method: str
    url: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def host(self) -> str | None:
        return urlsplit(self.url).hostname


class Line(NamedTuple):
    """One line of the console."""

    level: str  # SEVERE: an error
    source: str  # network: the browser's own line about a request
    message: str


def css(testid: str, within: str = "") -> str:
    """Selector of the element with `data-testid`, below whatever `within` selects."""
    return f'{within} [data-testid="{testid}"]'


def card(task_id: str) -> str:
    """Selector of a card on the board."""
    return f'.card[data-task-id="{task_id}"]'


def column(status: str) -> str:
    return f'[data-column="{status}"]'


class Browser(ABC):
    """One driver, one user: `open` a page, act by `click`, `write`, `keys`, `drag`, and wait for what must follow."""

    def __init__(self, name: str, driver: WebDriver) -> None:
        self.name = name
        self.server: Server | None = None
        self.driver = driver
        self._console: list[Line] = []
        self._requests: list[Request] = []
        self._forgotten = 0

    def quit(self) -> None:
        self.driver.quit()

    @abstractmethod
    def look(self, theme: str, width: int) -> None:
        """Shows the page in a theme and a width."""

    @abstractmethod
    def _forget_storage(self, server: Server) -> None:
        """Removes what the page has stored."""

    @abstractmethod
    def _drain(self) -> None:
        """Takes over what the browser has recorded since the last call."""

    # -- pages

    def renew(self) -> None:
        """A new tab in place of all others, where nothing has been typed or logged."""
        before = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        tab = self.driver.current_window_handle
        for handle in before:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(tab)
        if self.server:
            self._forget_storage(self.server)
        self._drain()
        self._console.clear()
        self._requests.clear()
        self._forgotten = 0

    def open(self, server: Server, path: str = "/", connection: str = "live") -> None:
        """Opens an address as if typed, and waits until the page shows the board's state."""
        self.server = server
        self.driver.get(server.base_url + path)
        self.wait_connection(connection)

    def reload(self) -> None:
        self.driver.refresh()
        self.wait_connection("live")

    def leave(self) -> None:
        """To an empty page, which does nothing any more."""
        self.driver.get("about:blank")

    @property
    def address(self) -> str:
        """Path and query of the page."""
        parts = urlsplit(self.driver.current_url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    # -- what the page says about itself

    def state(self) -> dict[str, str]:
        """connection, epoch, seq and snapshots, as painted."""
        found: dict[str, str] = self.run("return {...document.documentElement.dataset}")
        return found

    def connection(self) -> str:
        return self.state().get("connection", "")

    def seq(self) -> int:
        return int(self.state()["seq"])

    def snapshots(self) -> int:
        """How many snapshots this page has asked for."""
        return int(self.state()["snapshots"])

    def wait_connection(self, kind: str, seconds: float = WAIT_S) -> None:
        self.wait_for(lambda: self.connection() == kind, f"connection is {kind}", seconds)

    def wait_seq(self, moment: str, seconds: float = WAIT_S) -> None:
        """Waits until the page shows the state that an answer's X-Chorus-Seq names."""
        epoch, _, seq = moment.rpartition(":")
        at = lambda: self.state()["epoch"] == epoch and self.seq() >= int(seq)  # noqa: E731
        self.wait_for(at, f"the page is at {moment}", seconds)

    def wait_for(self, ask: Callable[[], T], what: str, seconds: float = WAIT_S) -> T:
        """Polls `ask` until it is true and returns its value; elements that are not there yet are waited for."""
        deadline = time.monotonic() + seconds
        last: object = None
        while True:
            try:
                if value := ask():
                    return value
                last = value
            except NOT_YET as error:
                last = error.msg
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: {what}: not within {seconds} s; last: {last!r}; {self.state()}")
            time.sleep(POLL_S)

    def wait_painted(self) -> None:
        """Waits for two frames: what was off screen before is styled by then too; and for motions that have an end."""
        self.run_async("requestAnimationFrame(() => requestAnimationFrame(() => done()))")
        self.wait_for(lambda: self.run(NOTHING_MOVES), "nothing moves")

    # -- what it shows

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def run_async(self, script: str) -> Any:
        """A script that ends by calling `done` with its result."""
        return self.driver.execute_async_script(f"const done = arguments[0]; {script}")

    def find(self, selector: str) -> WebElement:
        """The first such element; waits for it to be drawn. Raises NoSuchElementException."""
        deadline = time.monotonic() + WAIT_S
        while not (found := self.driver.find_elements(By.CSS_SELECTOR, selector)) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return found[0] if found else self.driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector: str) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def texts(self, selector: str) -> list[str]:
        """What a person reads in each of the elements, in one moment."""
        script = "return [...document.querySelectorAll(arguments[0])].map(({innerText}) => innerText.trimEnd())"
        found: list[str] = self.run(script, selector)
        return found

    def shows(self, selector: str, text: str = "", seconds: float = WAIT_S) -> None:
        """Waits until one of the elements has the text in it."""
        ask = lambda: any(text in each for each in self.texts(selector))  # noqa: E731
        self.wait_for(ask, f"{selector} shows {text!r}", seconds)

    def lacks(self, selector: str, seconds: float = WAIT_S) -> None:
        self.wait_for(lambda: self.count(selector) == 0, f"{selector} is gone", seconds)

    def value(self, testid: str) -> str:
        return self.find(css(testid)).get_property("value")  # type: ignore[return-value]

    def focused(self) -> str:
        """data-testid of what has the keyboard; of a card's link with the task's id."""
        script = "const e = document.activeElement; const c = e.closest('.card');"
        found: str = self.run(f"{script} return [e.dataset.testid, c?.dataset.taskId].filter(Boolean).join(' ')")
        return found

    def wait_focus(self, where: str) -> None:
        self.wait_for(lambda: self.focused() == where, f"{where} has the keyboard")

    # -- what a person does

    def click(self, testid: str, within: str = "") -> None:
        self._act(lambda: self.find(css(testid, within)).click(), f"{within} {testid} can be clicked")

    def press(self, label: str) -> None:
        """Clicks the button that says so."""
        button = f'//button[normalize-space()="{label}"]'
        self._act(lambda: self.driver.find_element(By.XPATH, button).click(), f"{label!r} can be pressed")

    def write(self, testid: str, *keys: str) -> None:
        """Types into a field, at the end of what it holds."""
        self._act(lambda: self.find(css(testid)).send_keys(*keys), f"{testid} can be written to")

    def keys(self, *keys: str) -> None:
        """Types to whatever has the keyboard."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def chord(self, modifier: str, key: str) -> None:
        ActionChains(self.driver).key_down(modifier).send_keys(key).key_up(modifier).perform()

    def drag(self, source: str, target: str) -> None:
        steps = ActionChains(self.driver).click_and_hold(self.find(source))
        steps.move_to_element(self.find(target)).release().perform()

    def _act(self, act: Callable[[], None], what: str) -> None:
        """Once, as soon as it is possible."""

        def try_it() -> bool:
            act()
            return True

        self.wait_for(try_it, what)

    # -- what the browser has recorded

    def requests(self, prefix: str = "/api/") -> list[Request]:
        """All requests since this tab was opened, or since `forget_requests`; handshakes of WebSockets too."""
        self._drain()
        return [request for request in self._requests[self._forgotten :] if request.path.startswith(prefix)]

    def forget_requests(self) -> None:
        self._drain()
        self._forgotten = len(self._requests)

    def hosts(self) -> set[str | None]:
        """All hosts that this tab has ever asked for something."""
        self._drain()
        return {request.host for request in self._requests}

    def console_errors(self) -> list[str]:
        self._drain()
        return [line.message for line in self._console if line.level == "SEVERE"]

    @contextlib.contextmanager
    def network_errors(self, pattern: str) -> Iterator[None]:
        """The browser's own lines about what a test breaks on purpose are expected in here, and only those."""
        self._drain()
        before = len(self._console)
        yield
        self._drain()
        self._console[before:] = [each for each in self._console[before:] if not _is_expected(each, pattern)]

    @contextlib.contextmanager
    def script_errors(self, text: str) -> Iterator[None]:
        """Errors of the page's own code that say `text` are expected in here, at least one."""
        self._drain()
        before = len(self._console)
        yield
        self._drain()
        ordered = [entry for entry in self._console[before:] if text in entry.message]
        assert ordered, f"nothing says {text!r}"
        self._console[before:] = [entry for entry in self._console[before:] if entry not in ordered]

    def evidence(self, title: str) -> str:
        """Saves what can explain a failure to test-results/; returns where, and the console."""
        try:
            return self._save(title)
        except exceptions.WebDriverException as error:
            return f"nothing could be saved: {error}"

    def _save(self, title: str) -> str:
        RESULTS.mkdir(exist_ok=True)
        stem = RESULTS / f"{re.sub(r'[^a-z0-9]+', '-', title.lower())}-{self.name}"
        self.driver.save_screenshot(f"{stem}.png")
        stem.with_suffix(".html").write_text(self.driver.page_source)
        if self.server:
            stem.with_suffix(".log").write_text(self.server.output)
        self._drain()
        console = "\n".join(f"{line.level} {line.message}" for line in self._console)
        return f"{stem}.png .html .log (server)\nat {self.driver.current_url} {self.state()}\nconsole:\n{console}"


def program(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is missing: `make test` installs it"
    return path


def _is_expected(line: Line, pattern: str) -> bool:
    """A line of the browser itself, about the network."""
    is_lost_socket = line.source == "javascript" and SOCKET_LOST in line.message
    return (line.source == "network" or is_lost_socket) and re.search(pattern, line.message) is not None
