"""The feed: follows `home.db` and the log of the open workspace, and keeps the ring filled.

It runs in the pump's greenlet only, and nothing in it waits: a look is a few short reads.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from common.db import sqlite
from common.db.eventlog import Event, LogHead
from common.db.home import DATABASE, Home, OpenWorkspace, Recent
from common.events import ResyncReason
from common.settings import Settings
from wsserver import frames
from wsserver.reader import PAGE, LogReader
from wsserver.ring import CHUNK_BYTES, Chunk, Expired, Ring, chunk_of
from wsserver.session import Log

FILL_AT_MOST = 20_000  # events read into the ring at start: some 60 ms
GONE = "The workspace's folder is not there any more."
LOCKED = "The database is locked by another program."
OLDER_PAGE = 128  # events read for a connection that has fallen off the ring

log = logging.getLogger(__name__)


@dataclass
class News:
    """What a look has found.

    `committed_at`: the times (ms) of the events appended to the ring. `interrupted`: no stream can go on. `recent`: the
    recent list, where it changed. `more`: look again at once. `problem`: why not all could be read; `locked`: for
    somebody else's lock only.
    """

    committed_at: list[int] = field(default_factory=list)
    interrupted: ResyncReason | None = None
    recent: list[Recent] | None = None
    more: bool = False
    problem: str = ""
    locked: bool = False


class Feed:
    """`log` is what sessions may ask for; None where no workspace can be read, then `problem` says why."""

    def __init__(self, settings: Settings, ring: Ring) -> None:
        self.log: Log | None = None
        self.problem = "Starting."
        self._ring = ring
        self._ring_bytes = settings.ring_bytes
        self.module = sqlite.library(settings.sqlite)
        self._home = Home(settings.home, self.module, watching=True)
        self._workspace: OpenWorkspace | None = None
        self._recent: list[Recent] | None = None
        self._reader: LogReader | None = None
        self._fenced = False
        self._served: Log | None = None  # the last `log`: what the streams are made of
        self._older: tuple[int, Chunk] | None = None

    @property
    def folder(self) -> Path | None:
        """Of the open workspace, while its log is served."""
        return self._workspace.folder if self._workspace and self.log else None

    @property
    def has_served(self) -> bool:
        """Whether there ever was a log."""
        return self._served is not None

    def look(self, thorough: bool) -> News:
        """Reads what is new. `thorough`: also whether the workspace is there, and how far back its log goes."""
        news = News()
        try:
            if self._home.has_changed() or thorough or self._fenced:  # a fenced log: a switch is under way
                self._look_home(news)
            if self._reader:
                self._look_log(self._reader, news)
            if self._reader and self.log and thorough:
                self.log = self.log._replace(oldest=self._reader.oldest() or self._ring.head + 1)
        except sa.exc.DBAPIError as error:
            self._failed(error, news)
        self._served = self.log or self._served
        return news

    def _failed(self, error: sa.exc.DBAPIError, news: News) -> None:
        """A lock is waited for by looking again; anything else closes the database until the next thorough look."""
        if sqlite.is_locked(error):
            news.locked, news.problem = True, LOCKED
            return
        problem = f"The database cannot be read: {error.orig}."
        if problem != self.problem:
            log.warning(problem)
        news.problem = problem
        self._close(problem)

    def _close(self, problem: str) -> None:
        if self._reader:
            self._reader.close()
        self._reader, self.log, self.problem, self._fenced = None, None, problem, False

    def close(self) -> None:
        """Closes all databases."""
        self._close("Closed.")
        self._home.close()

    def _look_home(self, news: News) -> None:
        workspace = self._home.open_workspace()
        # Not the generation: it grows also when the open workspace is opened once more, and then its log may go on.
        if self._workspace and workspace.folder != self._workspace.folder:
            news.interrupted = ResyncReason.WORKSPACE
            self._close("Another workspace is being opened.")
        self._workspace = workspace
        if self._reader and not self._reader.is_there():
            news.interrupted = ResyncReason.WORKSPACE
            self._close(GONE)
        if workspace.folder is None:
            self._close(workspace.problem or "No workspace is open.")
        elif self._reader is None:
            self._reader = LogReader(workspace.folder / DATABASE, self.module)
        self._look_recent(news)

    def _look_recent(self, news: News) -> None:
        recent = self._home.recent()
        if self._recent is not None and recent != self._recent:
            news.recent = recent
        self._recent = recent

    def _look_log(self, reader: LogReader, news: News) -> None:
        head, events = reader.after(self._ring.head, PAGE)
        self._fenced = head.fenced
        if self.log is None:
            return self._fill(reader, news)
        reason = _break(self.log, head) or (None if self._follow(head, events) else ResyncReason.EXPIRED)
        if reason:
            news.interrupted = news.interrupted or reason
            return self._fill(reader, news)
        for event in events:
            self._ring.append(event.seq, _frame(event))
        news.committed_at = [event.at for event in events]
        self.log = self.log._replace(head=self._ring.head)
        news.more = len(events) == PAGE

    def _follow(self, head: LogHead, events: list[Event]) -> bool:
        """Whether these are all the events after the ring's, or a page of them, without a hole."""
        start = self._ring.head + 1
        return [event.seq for event in events] == list(range(start, min(head.seq + 1, start + PAGE)))

    def _fill(self, reader: LogReader, news: News) -> None:
        """Fills the ring from the end of the log, so that a mass resume is served from memory."""
        head, oldest, events = reader.newest(self._ring_bytes, FILL_AT_MOST)
        if self._served:
            news.interrupted = news.interrupted or _break(self._served, head)
        self._older = None
        self._ring.reset(head.seq - len(events))
        for event in events:
            if event.seq != self._ring.head + 1:  # a hole in the log: only what follows it can be continued
                self._ring.reset(event.seq - 1)
            self._ring.append(event.seq, _frame(event))
        self.log, self.problem = Log(head.epoch, oldest, self._ring.head), ""
        news.more = True
        log.debug("Serving log %s: head %d, in memory from %d.", head.epoch, head.seq, self._ring.oldest)

    def older(self, cursor: int) -> Chunk | None:
        """The frames that follow `cursor`, read from the log. None: not now. Raises Expired where they are gone."""
        if self._older and self._older[0] == cursor:
            return self._older[1]
        if self._reader is None or self.log is None:
            return None
        try:
            head, events = self._reader.after(cursor, OLDER_PAGE)
        except sa.exc.DBAPIError:
            return None  # the next look says what is wrong
        if head.epoch != self.log.epoch:
            return None  # as well
        if [event.seq for event in events] != list(range(cursor + 1, cursor + 1 + len(events))) or not events:
            raise Expired(cursor)
        chunk = chunk_of(cursor + 1, [_frame(event) for event in events], CHUNK_BYTES)
        self._older = (cursor, chunk)
        return chunk

    def newest(self) -> int:
        """Number of the newest event in the log, just now. Raises DBAPIError."""
        return self._reader.head().seq if self._reader else 0


def _break(known: Log, head: LogHead) -> ResyncReason | None:
    """Why the numbers of `known` mean nothing in the log at `head`."""
    if head.epoch != known.epoch:
        return ResyncReason.EPOCH
    return ResyncReason.AHEAD if head.seq < known.head else None


def _frame(event: Event) -> bytes:
    return frames.text(event.frame.encode())
