"""One list of wire words: the page's is the server's."""

from common.words import javascript
from tests.page.bridge import ROOT


def test_words_of_the_page_are_generated_from_ours() -> None:
    assert (ROOT / "static" / "js" / "words.js").read_text() == javascript()
