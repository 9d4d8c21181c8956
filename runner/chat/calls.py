"""Tool calls, put together from the pieces of a stream. Pure.

A piece says by `index`, by `id`, by its name or by nothing at all to which call it belongs, and servers disagree about
each of these: all calls with index 0, no index, an id for every piece, one id for two calls, the name in every piece or
in two halves, the index of the tool instead of the call's. What decides is what the pieces so far already are.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from runner.chat.arguments import arguments_of, is_complete
from runner.chat.merging import merged

Json = dict[str, Any]
_ARGUMENTS = ("arguments", "parameters", "input", "args")
_READ = {"index", "id", "type", "function", "custom", "name", *_ARGUMENTS}
_MAX_ARGUMENTS = 16 * 1024 * 1024  # characters of one call


@dataclass
class Call:
    """A call as far as it has come. `extras` are members that we do not know; `inner` those beside the name."""

    id: str = ""
    name: str = ""
    pieces: list[Any] = field(default_factory=list)
    extras: Json = field(default_factory=dict)
    inner: Json = field(default_factory=dict)

    @property
    def arguments(self) -> Json | None:
        """None where they are no object."""
        return arguments_of(self.pieces)

    @property
    def written(self) -> str:
        """The arguments as the server sent them."""
        return "".join(piece if isinstance(piece, str) else str(piece) for piece in self.pieces)

    @property
    def is_complete(self) -> bool:
        return is_complete(self.pieces)

    def is_twin(self, other: "Call") -> bool:
        """Whether it is the same call, told again."""
        return self.name == other.name and self.arguments is not None and self.arguments == other.arguments


@dataclass
class _Piece:
    index: Any
    id: str
    name: str
    arguments: Any
    extras: Json
    inner: Json


class Calls:
    """The calls of one answer, in the order in which they began. `offered` are the names that there are."""

    def __init__(self, offered: Collection[str] = ()) -> None:
        self.all: list[Call] = []
        self._offered = offered
        self._at: dict[Any, Call] = {}
        self._fresh: list[Call] = []  # named in the list that is read now

    def add(self, told: Any, choice: int = 0) -> None:
        """The `tool_calls` of one chunk."""
        self._fresh = []
        for each in told if isinstance(told, list) else [told]:
            if (piece := _read(each)) is not None:
                self._add(piece, choice)

    def add_whole(self, told: Any, choice: int = 0) -> None:
        """The `tool_calls` of a whole message, which may repeat what came in pieces."""
        whole = Calls(self._offered)
        whole.add(told, choice)
        known = list(self.all)
        for call in whole.all:
            same = next((each for each in known if call.is_twin(each) or (call.id and call.id == each.id)), None)
            if same is None:
                self.all.append(call)
            else:
                known.remove(same)

    def _add(self, piece: _Piece, choice: int) -> None:
        key = None if piece.index is None else (choice, piece.index)
        call = self._call_of(piece, key)
        if call is None:
            call = Call()
            self.all.append(call)
        if key is not None:
            self._at[key] = call
        if piece.name:
            self._fresh.append(call)
        call.id = call.id or piece.id
        call.name = self._named(call.name, piece.name)
        call.extras = merged(call.extras, piece.extras)
        call.inner = merged(call.inner, piece.inner)
        if piece.arguments not in (None, ""):
            call.pieces.append(piece.arguments)

    def _call_of(self, piece: _Piece, key: Any) -> Call | None:
        """The call that the piece belongs to; None: a new one."""
        known = next((call for call in reversed(self.all) if piece.id and call.id == piece.id), None)
        last = self.all[-1] if self.all else None
        found: Call | None
        if key in self._at:
            found = known or self._at[key]
        elif key is not None and (piece.id or piece.name):
            found = None if piece.name else known  # two calls with one id, or a call that goes on elsewhere
        else:
            found = known or last
        return found if found is not None and self._goes_on(found, piece) else None

    def _goes_on(self, call: Call, piece: _Piece) -> bool:
        """Whether the piece can be one of that call's."""
        if not piece.name or not call.name:
            return not (piece.id and call.id and piece.id != call.id and call.is_complete and piece.arguments)
        is_of_this_list = any(call is fresh for fresh in self._fresh) and self._is_name(call.name)
        if is_of_this_list or self._is_other_name(call.name, piece.name):
            return False
        if piece.id and call.id and piece.id != call.id:
            return bool(call.pieces or _is_part(piece)) and not call.is_complete
        return not call.is_complete or not piece.arguments or _repeats(call, piece)

    def _is_other_name(self, known: str, name: str) -> bool:
        """Not the same again, nor the next part of it."""
        return name != known and not (self._offered and known + name in self._offered) and self._is_name(known)

    def _is_name(self, name: str) -> bool:
        return name in self._offered if self._offered else True

    def _named(self, known: str, name: str) -> str:
        if not known or not name or name == known:
            return known or name
        return name if name.startswith(known) and self._is_name(name) else known + name


def _is_part(piece: _Piece) -> bool:
    """Whether its arguments are a part of an object, and not a whole one."""
    return bool(piece.arguments) and not is_complete([piece.arguments])


def _repeats(call: Call, piece: _Piece) -> bool:
    return arguments_of([piece.arguments]) == call.arguments


def _read(told: Any) -> _Piece | None:
    if not isinstance(told, dict):
        return None
    inside = told.get("function") or told.get("custom")
    function = inside if isinstance(inside, dict) else {}
    name = function.get("name") or told.get("name") or (inside if isinstance(inside, str) else "")
    given = (place.get(key) for place in (function, told) for key in _ARGUMENTS)
    return _Piece(
        index=_index(told.get("index")),
        id=_id(told.get("id")),
        name=_name(name),
        arguments=_bounded(next((value for value in given if value is not None), None)),
        extras={key: value for key, value in told.items() if key not in _READ},
        inner={key: value for key, value in function.items() if key not in _READ},
    )


def _index(value: Any) -> int | str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return int(float(value)) if re.fullmatch(r"\d{1,9}(\.0)?", str(value)) else str(value)


def _id(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _name(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _MAX_ARGUMENTS:
        return "(too long)"
    return value


def resolved(name: str, offered: Collection[str]) -> str:
    """The offered name that a model means: servers and models put something before or behind it, or write it a little
    differently. An unknown one stays what it is.
    """
    bare = re.split(r"<\||\s|\(", name.strip())[0] or name
    found = {_folded(each): each for each in offered}
    for candidate in (name, bare, re.sub(r":\d+$", "", bare), re.split(r"[.:/]", re.sub(r":\d+$", "", bare))[-1]):
        if candidate in offered:
            return candidate
        if _folded(candidate) in found:
            return found[_folded(candidate)]
    bared = re.sub(r"^(functions?|tools?|default_api|mcp__\w+?_)[._:]+", "", bare)
    return found.get(_folded(bared), name)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
