"""What is shown of a provider's key."""

import pytest

from common.entities.provider import hint


@pytest.mark.parametrize(
    ("key", "shown"),
    [("", None), ("short", ""), ("12345678901", ""), ("123456789012", "9012"), ("sk-secret-key-1234", "1234")],
)
def test_hint_shows_little_of_a_key(key: str, shown: str | None) -> None:
    """None: there is no key; an empty one: too short to show any of it."""
    assert hint(key) == shown
