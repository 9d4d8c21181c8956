"""The newest frames of the log in memory, and chunks of them, shared by all connections at the same cursor. Pure.

A cursor is the number of the last event that a connection's stream holds. Numbers follow each other without gaps.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

CHUNK_BYTES = 256 * 1024  # what one connection is given in one write
CHUNKS_KEPT = 8  # connections that are behind gather at few cursors; each chunk may have 256 KiB


class Chunk(NamedTuple):
    """Frames `first`, `first + 1` … in one piece; `ends` holds the offset at which each of them ends."""

    first: int
    data: bytes
    ends: Sequence[int]

    @property
    def last(self) -> int:
        return self.first + len(self.ends) - 1

    def cut(self, count: int) -> tuple[int, bytes]:
        """What remains when only `count` bytes were written: the cursor, and the rest of the frame cut in two.

        That frame counts as sent: its rest (b"" where the cut fell between two frames) must go out before all else.
        """
        whole = bisect_right(self.ends, count)
        boundary = self.ends[whole - 1] if whole else 0
        if boundary == count:
            return self.first - 1 + whole, b""
        return self.first + whole, self.data[count : self.ends[whole]]


def chunk_of(first: int, frames: Sequence[bytes], limit_bytes: int) -> Chunk:
    """As many of `frames`, from `first` on, as fit into the limit; always at least one."""
    ends = list(accumulate(map(len, frames)))
    fitting = max(1, bisect_right(ends, limit_bytes))
    return Chunk(first, b"".join(frames[:fitting]), ends[:fitting])


class Gap(ValueError):
    """A frame does not follow the last one: events are missing."""


class Expired(LookupError):
    """The frames after this cursor have left the ring."""


class Ring:
    """Frames `oldest` … `head`, at most `limit_bytes` of them, but always the newest one."""

    def __init__(self, limit_bytes: int, chunk_bytes: int = CHUNK_BYTES, head: int = 0) -> None:
        self._limit = limit_bytes
        self._chunk_bytes = chunk_bytes
        self.reset(head)

    def reset(self, head: int) -> None:
        """Empties the ring; the next frame is `head + 1`."""
        self.head = head
        self.oldest = head + 1
        self.size = 0
        self._frames: dict[int, bytes] = {}
        self._chunks: dict[int, Chunk] = {}

    def append(self, seq: int, frame: bytes) -> None:
        """Raises Gap unless `seq` is the next number."""
        if seq != self.head + 1:
            raise Gap(f"event {seq} after {self.head}")
        self._frames[seq] = frame
        self.head = seq
        self.size += len(frame)
        while self.size > self._limit and self.oldest < seq:
            self.size -= len(self._frames.pop(self.oldest))
            self.oldest += 1
        self._chunks.clear()

    def after(self, cursor: int) -> Chunk | None:
        """The frames that follow `cursor`, as many as fit into a chunk; None where nothing follows. Raises Expired.

        All who ask with the same cursor until the next append get the same object.
        """
        if cursor >= self.head:
            return None
        known = self._chunks.get(cursor)
        if known is None:
            if cursor + 1 < self.oldest:
                raise Expired(cursor)
            known = self._chunks[cursor] = self._make(cursor)
            if len(self._chunks) > CHUNKS_KEPT:
                del self._chunks[next(iter(self._chunks))]
        return known

    def _make(self, cursor: int) -> Chunk:
        frames: list[bytes] = []
        size = 0
        for seq in range(cursor + 1, self.head + 1):
            frames.append(self._frames[seq])
            size += len(frames[-1])
            if size >= self._chunk_bytes:
                break
        return chunk_of(cursor + 1, frames, self._chunk_bytes)
