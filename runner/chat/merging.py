"""Members of a message that we do not know, put together from the pieces of a stream. Pure.

They go back to the server that sent them: reasoning with its signature, say, without which it refuses to go on.
"""

from typing import Any

Json = dict[str, Any]
_FIXED = ("id", "type", "format", "role", "name", "index")  # the same in each piece, not a part of a text
_ONE_PIECE = ("signature", "data", "encrypted")  # ends of names: opaque; a second one is another, not the rest of it
_PROSE = ("text", "thinking", "summary", "content", "reasoning")


def merged(known: Json, new: Json) -> Json:
    """What two pieces are together. What is empty says nothing."""
    together = dict(known)
    for key, value in new.items():
        if value not in (None, "", [], {}):
            together[key] = _joined(key, together.get(key), value)
    return together


def _joined(key: str, known: Any, value: Any) -> Any:
    if known is None:
        return value if not isinstance(value, list) else _listed([], value)
    if isinstance(known, str) and isinstance(value, str):
        is_fixed = key in _FIXED or (key.endswith(_ONE_PIECE) and known == value)
        return value if is_fixed else known + value
    if isinstance(known, dict) and isinstance(value, dict):
        return merged(known, value)
    if isinstance(known, list) and isinstance(value, list):
        return _listed(known, value)
    return value


def _listed(known: list[Any], new: list[Any]) -> list[Any]:
    """Entries with the same `index` and type are one; of those without, pieces of prose in a row are."""
    together = list(known)
    for entry in new:
        place = _place(together, entry)
        if place is None:
            together.append(entry)
        else:
            together[place] = merged(together[place], entry)
    return together


def _place(entries: list[Any], entry: Any) -> int | None:
    """Which of the entries goes on in this one."""
    if not isinstance(entry, dict):
        return None
    if entry.get("index") is not None:
        same = (n for n, each in enumerate(entries) if _key(each) == _key(entry))
        return next(same, None)
    last: Any = entries[-1] if entries else None
    is_prose = isinstance(last, dict) and any(isinstance(last.get(key), str) and entry.get(key) for key in _PROSE)
    is_open = is_prose and not any(key.endswith(_ONE_PIECE) for key in last)
    return len(entries) - 1 if is_open and last.get("type") == entry.get("type") else None


def _key(entry: Any) -> Any:
    return (entry.get("index"), entry.get("type")) if isinstance(entry, dict) else None
