"""One list of wire words and one of wire shapes: the page's are the server's."""

from common import page_types
from common.words import javascript
from tests.page.bridge import ROOT


def test_words_of_the_page_are_generated_from_ours() -> None:
    assert (ROOT / "static" / "js" / "words.js").read_text() == javascript()


def test_shapes_of_the_page_are_generated_from_ours() -> None:
    assert (ROOT / "static" / "js" / "wire.js").read_text() == page_types.javascript()
