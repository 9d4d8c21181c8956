"""The arguments of a tool call, from the pieces in which a server sent them. Pure.

Servers send them as text in pieces, as an object, as a list of pieces, encoded twice, all that came so far with each
piece, the whole once more at the end, or with an empty object before it. Whatever is not certainly one object is None:
a call is never made with guessed arguments.
"""

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
_DECODER = json.JSONDecoder(strict=False)  # models write raw line breaks into strings
_FENCE = re.compile(r"\A```\w*\s*\n(.*?)\n?```\Z", re.DOTALL)
_AFTER = re.compile(r"(?:[\s}\]\"`;,]|<[|/\w][^<>]{0,60}>)*")  # what stands behind a complete object for no reason
_SPACE = re.compile(r"\s*")
_NOTHING = ("", "null", "None", '""')
_MAX_ENCODINGS = 4
_MAX_LITERAL = 100_000  # characters: Python's parser needs much memory


def arguments_of(pieces: Sequence[Any]) -> Json | None:
    """The object that the pieces make up; {} where they say nothing; None where they are no object."""
    try:
        found = _read(list(pieces), _MAX_ENCODINGS)
        return None if found is None else _plain(found)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None


def is_complete(pieces: Sequence[Any]) -> bool:
    """Whether the pieces are a whole object already."""
    if not pieces:
        return False
    last = pieces[-1]
    if isinstance(last, str) and not last.rstrip().endswith(("}", '"', "`", "]", ">")):
        return False  # the cheap look: this is asked for each piece
    return bool("".join(map(str, pieces)).strip()) and arguments_of(pieces) is not None


def _plain(found: Json) -> Json:
    """As every parser of JSON reads it. Raises ValueError: NaN and infinity are no JSON."""
    json.dumps(found, allow_nan=False)
    return found


def _read(pieces: list[Any], encodings: int) -> Json | None:
    said = [piece for piece in pieces if piece is not None and piece not in ("", [], {})]
    if all(isinstance(piece, dict) for piece in said):
        return _merged(said)
    if len(said) == 1 and isinstance(said[0], list):
        return _read(said[0], encodings)
    if not all(isinstance(piece, str) for piece in said):
        return None
    joined = _object("".join(said), encodings)
    return joined if joined is not None else _object_of_growing(said, encodings)


def _merged(objects: list[Json]) -> Json | None:
    """One object, whole or member by member; None where two of them contradict each other."""
    merged: Json = {}
    for each in objects:
        if any(merged.get(key, value) != value for key, value in each.items()):
            return None
        merged |= each
    return merged


def _object_of_growing(texts: list[str], encodings: int) -> Json | None:
    """The last text, where it holds all that came before it."""
    before, last = texts[:-1], texts[-1]
    if before and (last.startswith("".join(before)) or all(map(last.startswith, before))):
        return _object(last, encodings)
    return None


def _object(text: str, encodings: int) -> Json | None:
    text = text.strip().lstrip("\ufeff")
    if fenced := _FENCE.match(text):
        text = fenced[1].strip()
    if text in _NOTHING:
        return {}
    found = _values(text)
    if not found:
        return _literal(text)
    objects = [value for value in found if value not in ({}, "", None)]
    if any(value != objects[0] for value in objects):
        return None
    return _as_object(objects[0] if objects else {}, encodings)


def _as_object(value: Any, encodings: int) -> Json | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and encodings:
        return _object(value, encodings - 1)
    if isinstance(value, list) and encodings:
        return _read(value, encodings - 1)
    return None


def _values(text: str) -> list[Any]:
    """The JSON values that follow one another in a text; none where anything else stands there."""
    found: list[Any] = []
    at = 0
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except ValueError:
            return found if found and _AFTER.fullmatch(text, at) else []
        found.append(value)
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    return found


def _literal(text: str) -> Json | None:
    """An object in Python's notation: {'path': 'a', 'deep': True}."""
    if not text.startswith("{") or len(text) > _MAX_LITERAL:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return json.loads(json.dumps(value)) if isinstance(value, dict) else None
