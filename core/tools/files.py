"""The file tools. Changes are drafted beside the file and put in place at the end of the transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile

from common.answersize import Room
from common.db.effects import Effect
from common.db.write import WriteTransaction
from core.files import changes, contents, listing, texts
from core.files.contents import Content
from core.files.search import Job, search
from core.files.walk import Spot, reach
from core.tools.tool import Arguments, Commit, Context, Result


def read(context: Context, arguments: Arguments) -> Result:
    with reach(context.folders, arguments["path"]) as spot:
        content = contents.read(spot)
    shown = texts.show(content.shown, arguments["offset"], arguments["limit"])
    return {"content": shown.text, "total_lines": shown.total, "truncated": shown.truncated, "hash": content.hash}


def list_folder(context: Context, arguments: Arguments) -> Result:
    with reach(context.folders, arguments["path"]) as spot:
        return listing.listed(spot, arguments["pattern"])


def search_files(context: Context, arguments: Arguments) -> Result:
    job = Job(**{name: arguments[name] for name in Job._fields})
    with reach(context.folders, arguments["path"]) as spot:
        found = search(spot, job, context.alive)
    base = arguments["path"].strip().rstrip("/") or "/"
    prefix = "" if base == "." else f"{base}/"
    matches = [_match(prefix, match, with_context=job.context_lines > 0) for match in found.matches]
    shown = list(takewhile(Room().take, matches)) or matches[:1]
    return {"matches": shown, "truncated": found.truncated or len(shown) < len(matches)}


def _match(prefix: str, match: Result, *, with_context: bool) -> Result:
    """`path` as file.read takes it; where one file was searched, the path it was called by."""
    path = prefix + match["path"] if match["path"] else prefix.rstrip("/")
    shown = {"path": path, "line": match["line"], "content": match["content"]}
    return shown | ({"before": match["before"], "after": match["after"]} if with_context else {})


@contextmanager
def create(context: Context, arguments: Arguments) -> Iterator[Commit]:
    raw = arguments["content"].encode()
    with reach(context.folders, arguments["path"], make_parents=True) as spot:
        changes.check_free(spot)
        with context.drafts.made(spot, raw, like=None) as draft:
            yield _having(changes.creating(spot, draft), _written(raw))


@contextmanager
def write(context: Context, arguments: Arguments) -> Iterator[Commit]:
    raw = arguments["content"].encode()
    with reach(context.folders, arguments["path"]) as spot, contents.locked(spot):
        old = contents.read(spot)
        if old.raw != raw:  # else it is as the agent wants it, perhaps by its own call that was broken off
            contents.check_hash(old, arguments.get("expected_hash"))
        with _replaced(context, spot, raw, old) as effect:
            yield _having(effect, _written(raw))


@contextmanager
def patch(context: Context, arguments: Arguments) -> Iterator[Commit]:
    with reach(context.folders, arguments["path"]) as spot, contents.locked(spot):
        old = contents.read(spot)
        contents.check_hash(old, arguments.get("expected_hash"))
        raw = texts.patch(old.text, arguments["patches"]).encode()
        with _replaced(context, spot, raw, old) as effect:
            count = len(arguments["patches"])
            yield _having(effect, {"success": True, "patches_applied": count, "hash": contents.hash_of(raw)})


@contextmanager
def delete(context: Context, arguments: Arguments) -> Iterator[Commit]:
    with reach(context.folders, arguments["path"], follow_last=False) as spot, contents.locked(spot):
        if "expected_hash" in arguments:
            contents.check_hash(contents.read(spot), arguments["expected_hash"])
        with context.drafts.place(spot) as former:
            yield _having(changes.removing(spot, former), {"success": True})


@contextmanager
def _replaced(context: Context, spot: Spot, raw: bytes, old: Content) -> Iterator[Effect]:
    with context.drafts.made(spot, raw, old.info) as draft, context.drafts.place(spot) as former:
        yield changes.replacing(spot, draft, former)


def _having(effect: Effect, result: Result) -> Commit:
    def commit(tx: WriteTransaction, _: object) -> Result:
        tx.at_last(effect)
        return result

    return commit


def _written(raw: bytes) -> Result:
    return {"success": True, "bytes_written": len(raw), "hash": contents.hash_of(raw)}
