"""The file tools. Changes are drafted beside the file and put in place inside the transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.files import contents, listing, texts
from core.files.search import Job, search
from core.files.walk import reach
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
    return {"matches": matches, "truncated": found.truncated}


def _match(prefix: str, match: Result, *, with_context: bool) -> Result:
    """`path` as file.read takes it; where one file was searched, the path it was called by."""
    path = prefix + match["path"] if match["path"] else prefix.rstrip("/")
    shown = {"path": path, "line": match["line"], "content": match["content"]}
    return shown | ({"before": match["before"], "after": match["after"]} if with_context else {})


@contextmanager
def create(context: Context, arguments: Arguments) -> Iterator[Commit]:
    raw = arguments["content"].encode()
    with reach(context.folders, arguments["path"], make_parents=True) as spot:
        contents.check_free(spot)
        with context.drafts.made(spot, raw, like=None) as draft:

            def commit(*_: object) -> Result:
                contents.put_new(spot, draft)
                return _written(raw)

            yield commit


@contextmanager
def write(context: Context, arguments: Arguments) -> Iterator[Commit]:
    raw = arguments["content"].encode()
    with reach(context.folders, arguments["path"]) as spot, contents.locked(spot):
        old = contents.read(spot)
        contents.check_hash(old, arguments.get("expected_hash"))
        with context.drafts.made(spot, raw, old.info) as draft:

            def commit(*_: object) -> Result:
                contents.put(spot, draft)
                return _written(raw)

            yield commit


@contextmanager
def patch(context: Context, arguments: Arguments) -> Iterator[Commit]:
    with reach(context.folders, arguments["path"]) as spot, contents.locked(spot):
        old = contents.read(spot)
        contents.check_hash(old, arguments.get("expected_hash"))
        raw = texts.patch(old.text, arguments["patches"]).encode()
        with context.drafts.made(spot, raw, old.info) as draft:

            def commit(*_: object) -> Result:
                contents.put(spot, draft)
                return {"success": True, "patches_applied": len(arguments["patches"]), "hash": contents.hash_of(raw)}

            yield commit


@contextmanager
def delete(context: Context, arguments: Arguments) -> Iterator[Commit]:
    with reach(context.folders, arguments["path"], follow_last=False) as spot, contents.locked(spot):
        if "expected_hash" in arguments:
            contents.check_hash(contents.read(spot), arguments["expected_hash"])

        def commit(*_: object) -> Result:
            contents.remove(spot)
            return {"success": True}

        yield commit


def _written(raw: bytes) -> Result:
    return {"success": True, "bytes_written": len(raw), "hash": contents.hash_of(raw)}
