"""Chromium, headless, with its own records of the console and of requests."""

import json
from pathlib import Path
from typing import Any

from selenium import webdriver

from tests.helpers.browser import HEIGHT, WIDE, Browser, Line, Request, program
from tests.helpers.server import Server

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


class Chromium(Browser):
    """Speaks the DevTools protocol too, for what WebDriver has no word for."""

    def __init__(self, name: str, profile: Path) -> None:
        self._chrome = _start(profile)
        super().__init__(name, self._chrome)

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self._chrome.execute_cdp_cmd(command, parameters)

    def look(self, theme: str, width: int) -> None:
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.cdp("Emulation.setEmulatedMedia", features=features)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        self.wait_painted()

    def _forget_storage(self, server: Server) -> None:
        self.cdp("Storage.clearDataForOrigin", origin=server.base_url, storageTypes="local_storage")

    def _drain(self) -> None:
        self._console += [Line(entry["level"], entry["source"], entry["message"]) for entry in self._log("browser")]
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                request = message["params"]["request"]
                self._requests.append(Request(request["method"], request["url"]))
            if message["method"] == "Network.webSocketCreated":
                self._requests.append(Request("GET", message["params"]["url"]))

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """What the browser has noted since the last call."""
        entries: list[dict[str, Any]] = self._chrome.get_log(kind)  # type: ignore[no-untyped-call]
        return entries


def _start(profile: Path) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in (*ARGUMENTS, f"--window-size={WIDE[0]},{WIDE[1]}", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.binary_location = program("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    return webdriver.Chrome(options, webdriver.ChromeService(program("chromedriver")))
