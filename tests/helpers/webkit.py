"""WebKitGTK on a display of its own (Xvfb), so that its windows have the keyboard whoever else types elsewhere."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.remote.remote_connection import RemoteConnection

from common.settings import ROOT
from tests.helpers.browser import HEIGHT, WIDE, Browser, Line, Request, program
from tests.helpers.server import Server

WINDOW = ROOT / "tests" / "helpers" / "webkit_window.py"
SYSTEM_PYTHON = "/usr/bin/python3"
# Tells how far a drag has come, as the page hears of it.
WATCH_DRAG = """
  const [source, target] = arguments;
  window.dragSeen = '';
  source.addEventListener('dragstart', () => (window.dragSeen = 'started'), {once: true});
  target.addEventListener('dragover', () => (window.dragSeen = 'over'), {once: true});
"""
CENTER = "const {x, y, width, height} = arguments[0].getBoundingClientRect(); return [x + width / 2, y + height / 2]"
ANSWER_S = 60  # of the driver
SCREEN = "2000x1200x24"
# Rendering by one processor; no accessibility bus, no portals, no settings of the machine.
ENVIRON = {
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "LP_NUM_THREADS": "1",
    "WEBKIT_SKIA_ENABLE_CPU_RENDERING": "1",
    "GDK_BACKEND": "x11",
    "GIO_USE_VFS": "local",
    "GSETTINGS_BACKEND": "memory",
    "NO_AT_BRIDGE": "1",
    "LANG": "C.UTF-8",
}
REQUEST = re.compile(r"REQUEST (\S+) (\S+)")
CONSOLE = re.compile(r"(?:\S+:\d+:\d+: )?CONSOLE (?:(\w+) )?(ERROR|WARN|LOG|INFO|DEBUG)\b ?(.*)")
SUSPENDED = "closed due to suspension"  # the page is left: WebKit keeps it for the way back, without its socket
LEVELS = {"ERROR": "SEVERE"}
SOURCES = {"JS": "javascript"}


class WebKit(Browser):
    """What its program writes to stdout is its record."""

    def __init__(self, name: str, folder: Path, display: str) -> None:
        self._log = folder / "log"
        self._read = 0
        self._service = _driver_program(folder, self._log, display)
        self._service.start()
        self._display = display
        super().__init__(name, _session(self._service.service_url, folder))

    def quit(self) -> None:
        super().quit()
        self._service.stop()

    def drag(self, source: str, target: str) -> None:
        """By the display's pointer: WebDriver's own never comes to a drop."""
        held, onto = self.find(source), self.find(target)
        self.run(WATCH_DRAG, held, onto)
        (x, y), (to_x, to_y) = (self.run(CENTER, element) for element in (held, onto))
        self._pointer("mousemove", x, y, "mousedown", 1, "mousemove", x + 9, y + 9)
        self.wait_for(lambda: self.run("return window.dragSeen") == "started", f"{source} is dragged")
        self.wait_for(lambda: self._is_over(to_x, to_y), f"{source} is over {target}")
        self._pointer("mouseup", 1)

    def _is_over(self, x: float, y: float) -> bool:
        """Trembles a little over the place, as a hand does: what is dragged is told by movements."""
        self._pointer("mousemove", x, y, "mousemove", x + 1, y + 1)
        return bool(self.run("return window.dragSeen === 'over'"))

    def _pointer(self, *steps: object) -> None:
        """Moves and clicks as a hand does; windows stand at the display's upper left corner."""
        command = [program("xdotool"), *(str(round(step) if isinstance(step, float) else step) for step in steps)]
        subprocess.run(command, env={"DISPLAY": self._display}, check=True)

    def look(self, theme: str, width: int) -> None:
        """By the page's own switch: WebDriver has none."""
        self.run("document.documentElement.dataset.theme = arguments[0]", theme)
        self.driver.set_window_rect(0, 0, width, HEIGHT)
        self.wait_for(lambda: self.run("return innerWidth") == width, f"the window is {width} px wide")
        self.wait_painted()

    def _forget_storage(self, server: Server) -> None:
        self.driver.get(f"{server.base_url}/healthz")
        self.run("localStorage.clear()")

    def _drain(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._read)
            whole, newline, _ = log.read().rpartition(b"\n")  # the last line may still be being written
        self._read += len(whole + newline)
        for line in whole.decode(errors="replace").split("\n"):
            if found := REQUEST.match(line):
                self._requests.append(Request(*found.groups()))
            elif (found := CONSOLE.match(line)) and SUSPENDED not in line:
                source, level, message = found.groups(default="")
                self._console.append(Line(LEVELS.get(level, level), SOURCES.get(source, source.lower()), message))


@contextlib.contextmanager
def display() -> Iterator[str]:
    """The name of a display that nobody else uses."""
    reading, writing = os.pipe()
    command = [program("Xvfb"), "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    with open(reading) as told, subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            number = told.readline().strip()
            assert number, "Xvfb has found no display"
            yield f":{number}"
        finally:
            server.terminate()


def _driver_program(folder: Path, log: Path, display: str) -> webdriver.WebKitGTKService:
    own = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR")}
    environ = {"PATH": os.environ["PATH"], "DISPLAY": display} | ENVIRON | own
    return webdriver.WebKitGTKService(program("WebKitWebDriver"), log_output=str(log), env=environ)


def _session(url: str, folder: Path) -> webdriver.Remote:
    options = webdriver.WebKitGTKOptions()
    options.set_capability("browserName", "webkit_window")
    options.binary_location = SYSTEM_PYTHON
    for argument in (WINDOW, folder, *WIDE):
        options.add_argument(str(argument))
    connection = RemoteConnection(client_config=ClientConfig(url, timeout=ANSWER_S))
    return webdriver.Remote(connection, options=options, file_detector=UselessFileDetector())
