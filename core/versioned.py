"""If-Match: which fields have changed since the version that somebody has read. Pure.

A row keeps `version`, which grows by one with each change, and `field_versions`: the version of each field's last
change.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from common.errors import Stale


def check(
    subject: str,
    row: Mapping[str, Any],
    changing: Iterable[str],
    if_match: int | None,
    current: Any,
    keys: Callable[[Iterable[str]], Iterable[str]] = list,
) -> None:
    """Raise Stale if one of the fields to be changed has changed since version `if_match`; None: no check is asked for.

    subject: what the row is, for people. current: its wire form, for the answer. keys: the wire keys of fields.
    """
    if if_match is None:
        return
    stale = [name for name in changing if row["field_versions"].get(name, 1) > if_match]
    if stale:
        raise Stale(
            f"Somebody has changed {', '.join(keys(stale))} of {subject} since you read it (version {if_match}, now "
            f"{row['version']}). Your change was not saved; compare it with the current text and try again.",
            current=current,
        )


def after(field_versions: Mapping[str, int], changed: Iterable[str], version: int) -> dict[str, int]:
    """The field versions of a row whose `changed` fields got `version`."""
    return {**field_versions, **dict.fromkeys(changed, version)}
