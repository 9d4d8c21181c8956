"""What the pages of agents and providers know of the server's rules is what the server says."""

import re

from common.fields import names
from common.tools import GRANTABLE
from tests.page.bridge import ROOT

LIB = ROOT / "static" / "js" / "lib"


def test_page_offers_exactly_the_tools_that_can_be_granted() -> None:
    """(B15)"""
    offered = re.findall(r"name: '([^']+)'", (LIB / "tools.js").read_text())
    assert sorted(offered) == sorted(GRANTABLE)


def test_page_checks_names_as_the_server_does() -> None:
    text = (LIB / "names.js").read_text()
    shape = re.search(r"SHAPE = /\^(.*)\$/;", text)
    assert shape
    assert rf"\A{shape[1]}\Z" == names._PATTERN
    assert f"NOT_CONFIGURED = '{names.NOT_CONFIGURED}'" in text
