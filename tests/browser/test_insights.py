"""Insights: what others do moves the numbers without a reload, by eye, by key and for axe."""

from selenium.webdriver.common.keys import Keys

from tests.browser import outside
from tests.browser.test_accessibility import EACH_ONCE, STICKING_OUT, check
from tests.helpers.browser import Browser, css
from tests.helpers.chromium import Chromium
from tests.helpers.server import Server

PLOT = '[data-plot="tasks"]'


def legend(browser: Browser, figure: str) -> dict[str, int]:
    """The numbers of the legend by their words."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map((item) => item.innerText.trim().split(/\\s+(?=\\d)/))"
    )
    return {word: int(count) for word, count in browser.run(script, f"{css(f'legend-{figure}')} li")}


def has_hues(browser: Browser) -> bool:
    """Whether the first plot has painted something that is not grey."""
    painted: bool = browser.run(f"""
      const canvas = document.querySelector('{PLOT} canvas');
      const {{data}} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((red, n) => n % 4 === 0 && data[n + 3] > 200 && red - data[n + 2] > 60);
    """)
    return painted


def test_numbers_follow_what_others_do(anna: Browser, server: Server) -> None:
    failing, deleted, failed = (outside.new_task(server, f"Counted {n}") for n in range(3))
    outside.move(server, failed, "failed")
    anna.open(server, "/insights?days=7")
    anna.shows(css("legend-tasks"), "Pending")
    anna.wait_for(lambda: has_hues(anna), "the plot is drawn")
    before, flow = legend(anna, "tasks"), legend(anna, "flow")
    anna.forget_requests()

    outside.new_task(server, "Counted at once")
    outside.move(server, failing, "failed", "It went wrong.")
    gone = outside.ask(server, "DELETE", f"/api/tasks/{deleted}")
    anna.wait_seq(gone.moment)
    assert legend(anna, "tasks") == before | {"Pending": before["Pending"] - 1, "Failed": before["Failed"] + 1}
    assert legend(anna, "flow") == flow | {"Created": flow["Created"] + 1, "Failed": flow["Failed"] + 1}
    anna.wait_seq(outside.ask(server, "POST", f"/api/undo/{gone.data['undo']}").moment)
    assert legend(anna, "tasks")["Pending"] == before["Pending"]
    assert anna.requests() == []

    anna.run(f"document.querySelector('{PLOT}').focus()")
    anna.keys(Keys.HOME)
    anna.wait_for(lambda: anna.find(PLOT).get_attribute("aria-valuenow") == "0", "the first day is chosen")
    assert "Pending 0" in str(anna.find(PLOT).get_attribute("aria-valuetext"))
    assert legend(anna, "tasks")["Pending"] == 0
    anna.keys(Keys.END)
    anna.wait_for(lambda: legend(anna, "tasks")["Pending"] == before["Pending"], "today is chosen")

    anna.click("range-90")
    anna.wait_for(lambda: anna.address == "/insights?days=90", "the range is in the address")
    anna.shows(css("summary-tasks"), "89 days ago")
    anna.click("table-tasks")
    check(anna, f"{css('figure-tasks')} table", EACH_ONCE)
    anna.look("light", 360)
    assert anna.run(STICKING_OUT) == []
    anna.wait_for(lambda: has_hues(anna), "the plot is in colour where motion is reduced")
    anna.driver.back()
    anna.shows(css("summary-tasks"), "6 days ago")


def test_insights_that_cannot_be_read(anna: Chromium, server: Server) -> None:
    """(U11) The page says so, and reads them once they can be."""
    outside.new_task(server, "Something to count")
    anna.open(server)
    with anna.network_errors("insights"):
        anna.cdp("Network.enable")
        anna.cdp("Network.setBlockedURLs", urls=["*/api/insights*"])
        anna.click("nav-insights")
        anna.shows(css("part-error"), "The numbers could not be read")
        check(anna, css("part-error"), EACH_ONCE)
    anna.cdp("Network.setBlockedURLs", urls=[])
    anna.run(f"document.querySelector('{css('part-retry').strip()}')?.click()")  # a reconnect may have been quicker
    anna.shows(css("summary-flow"), "created")
