"""What all routes share: bodies and their limits, versions, idempotency, compression, headers."""

import gzip
import io
import json
import os
import re
import threading
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli
import pytest
import sqlalchemy as sa
from flask import Flask, Response
from werkzeug.test import TestResponse

from common.db import tables
from common.settings import ROOT
from tests.helpers.api import Api
from tests.helpers.workspace import SOURCE
from webapp import api as webapi
from webapp import packing, pages, state
from webapp.comments import without_comments

NEW = {"description": "x", "source": SOURCE}


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_json_must_say_that_it_is_json(api: Api, content_type: str) -> None:
    body = json.dumps(NEW)
    api.refused("POST", "/api/tasks", 415, "UNSUPPORTED_MEDIA_TYPE", data=body, content_type=content_type)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"NaN", b"[" * 100_000, b'{"description": Infinity}', b'{"x": 1e999}']
)
def test_what_is_not_json_is_a_bad_request(api: Api, body: bytes) -> None:
    api.refused("POST", "/api/tasks", 400, "BAD_REQUEST", data=body, content_type="application/json")


@pytest.mark.parametrize(("body", "says"), [(b"[" * 100_000, "nested too deeply"), (b"9" * 5_000, "5000 digits.")])
def test_limits_of_the_parser_are_told_plainly(api: Api, body: bytes, says: str) -> None:
    error = api.refused("POST", "/api/tasks", 400, "BAD_REQUEST", data=body, content_type="application/json")
    assert says in error["message"]
    assert "sys." not in error["message"]


def test_json_is_limited_to_a_mebibyte(api: Api) -> None:
    """(S12)"""
    body = json.dumps(NEW | {"description": "x" * 1024 * 1024})
    api.refused("POST", "/api/tasks", 413, "TOO_LARGE", data=body, content_type="application/json")


def test_attachment_is_limited_to_ten_mebibytes(api: Api) -> None:
    task_id = api.task()["id"]
    path = f"/api/tasks/{task_id}/attachments?filename=big"
    api.refused("POST", path, 413, "TOO_LARGE", data=b"x" * (10 * 1024 * 1024 + 1))
    assert api.attach(task_id, "fits", b"x" * 10 * 1024 * 1024)["attachments"][0]["size"] == 10 * 1024 * 1024


def test_broken_off_upload_attaches_nothing(api: Api, app: Flask) -> None:
    from webapp import state

    task_id = api.task()["id"]
    path = f"/api/tasks/{task_id}/attachments?filename=a"
    answer = api.request("POST", path, data=b"half", environ_overrides={"CONTENT_LENGTH": "9"})
    assert answer.status_code == 400
    assert api.ok("GET", f"/api/tasks/{task_id}")["attachments"] == []
    uploads = state.of(app).workspace.get().uploads
    assert not [found for found in uploads.rglob("*") if found.is_file()]


def test_attachment_comes_back_as_it_went_in(api: Api) -> None:
    """(S9, U5)"""
    task_id = api.task()["id"]
    api.attach(task_id, "ä b&c=#1.html", b"<script>alert(1)</script>")
    answer = api.request("GET", f"/api/tasks/{task_id}/attachments/%C3%A4%20b%26c%3D%231.html")
    with answer:
        assert answer.data == b"<script>alert(1)</script>"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_attachment_has_one_name_in_whichever_form_it_is_written(api: Api) -> None:
    task_id = api.task()["id"]
    for form in ("NFD", "NFC", "NFD"):
        api.attach(task_id, unicodedata.normalize(form, "Übersicht.txt"), form.encode())
        attached = api.ok("GET", f"/api/tasks/{task_id}")["attachments"]
        assert [attachment["filename"] for attachment in attached] == [unicodedata.normalize("NFC", "Übersicht.txt")]
        for asked in ("NFC", "NFD"):
            name = quote(unicodedata.normalize(asked, "Übersicht.txt"))
            with api.request("GET", f"/api/tasks/{task_id}/attachments/{name}") as answer:
                assert answer.data == form.encode()
    name = quote(unicodedata.normalize("NFD", "Übersicht.txt"))
    assert api.request("DELETE", f"/api/tasks/{task_id}/attachments/{name}").status_code == 200
    assert api.ok("GET", f"/api/tasks/{task_id}")["attachments"] == []


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=1-2,3-3", "bytes=99-", "bytes=5-2", "lines=1"])
def test_attachment_is_always_sent_whole(api: Api, asked: str) -> None:
    """A part might be of another file that had this name."""
    path = f"/api/tasks/{api.task()['id']}/attachments"
    api.request("POST", f"{path}?filename=a.txt", data=b"hello")
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    with api.request("GET", f"{path}/a.txt", headers={"Range": asked, "If-Modified-Since": later}) as answer:
        assert (answer.status_code, answer.data) == (200, b"hello")


@pytest.mark.parametrize("text", ["x", '"1', "-1", '"1.5"'])
def test_if_match_must_be_a_version(api: Api, text: str) -> None:
    path = f"/api/tasks/{api.task()['id']}"
    api.refused("PATCH", path, 400, "BAD_REQUEST", json={"description": "y"}, headers={"If-Match": text})


def test_stale_write_gets_the_current_task(api: Api) -> None:
    path = f"/api/tasks/{api.task()['id']}"
    api.ok("PATCH", path, json={"description": "by one"}, headers={"If-Match": '"1"'})
    error = api.refused("PATCH", path, 412, "STALE", json={"description": "by two"}, headers={"If-Match": '"1"'})
    assert error["current"]["description"] == "by one"
    api.ok("PUT", f"{path}/planning", json={"summary": "merges"}, headers={"If-Match": '"1"'})


def test_repeated_key_gets_the_first_answer_and_does_nothing(api: Api) -> None:
    headers = {"Idempotency-Key": "k"}
    first = api.request("POST", "/api/tasks", json=NEW, headers=headers)
    again = api.request("POST", "/api/tasks", json=NEW, headers=headers)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["X-Chorus-Seq"] == first.headers["X-Chorus-Seq"]
    assert api.seq() == 1


def test_key_belongs_to_one_body_and_one_path(api: Api) -> None:
    headers = {"Idempotency-Key": "k"}
    task_id = api.ok("POST", "/api/tasks", 201, json=NEW, headers=headers)["id"]
    api.refused("POST", "/api/tasks", 422, "KEY_REUSED", json=NEW | {"description": "y"}, headers=headers)
    api.ok("POST", f"/api/tasks/{task_id}/queue", 201, json={"content": "x"}, headers=headers)


def test_refusals_are_repeated_too(api: Api) -> None:
    task_id = api.task()["id"]
    path = f"/api/tasks/{task_id}/queue"
    for _ in range(100):
        api.ok("POST", path, 201, json={"content": "x"})
    headers = {"Idempotency-Key": "k"}
    api.refused("POST", path, 409, "CONFLICT", json={"content": "x"}, headers=headers)
    message = api.ok("GET", path)["messages"][0]["id"]
    api.ok("DELETE", f"{path}/{message}")
    api.refused("POST", path, 409, "CONFLICT", json={"content": "x"}, headers=headers)


@contextmanager
def before_a_refusal_is_kept(act: Callable[[], object]) -> Iterator[None]:
    """`act` happens once, between the transaction that refuses and the one that keeps the answer."""
    really = webapi._kept_refusal

    def overtaken(*arguments: Any) -> Response:
        patched.undo()
        act()
        return really(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(webapi, "_kept_refusal", overtaken)
        yield


def test_refused_twin_gets_the_answer_of_the_quicker_one(api: Api) -> None:
    path = f"/api/tasks/{api.task()['id']}/queue"
    messages = [api.ok("POST", path, 201, json={"content": "x"})["id"] for _ in range(100)]
    request: dict[str, Any] = {"json": {"content": "y"}, "headers": {"Idempotency-Key": "k"}}
    answers: list[TestResponse] = []

    def twin() -> None:
        api.ok("DELETE", f"{path}/{messages[0]}")
        answers.append(api.request("POST", path, **request))

    with before_a_refusal_is_kept(twin):
        answers.append(api.request("POST", path, **request))
    answers.append(api.request("POST", path, **request))
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}


def test_refusal_is_not_kept_in_another_workspace(api: Api, tmp_path: Path) -> None:
    path = f"/api/tasks/{uuid.uuid4()}/queue"
    request: dict[str, Any] = {"json": {"content": "y"}, "headers": {"Idempotency-Key": "k"}}
    switch = {"json": {"path": str(tmp_path / "second")}}
    with before_a_refusal_is_kept(lambda: api.request("POST", "/api/config/create", **switch)):
        api.refused("POST", path, 409, "WORKSPACE_SWITCHED", **request)
    api.refused("POST", path, 404, "NOT_FOUND", json={"content": "z"}, headers=request["headers"])


def test_running_twin_makes_the_second_wait(app: Flask) -> None:
    answers: list[Any] = []

    def post() -> None:
        answers.append(Api(app).ok("POST", "/api/tasks", 201, json=NEW, headers={"Idempotency-Key": "k"})["id"])

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_key_must_be_visible_ascii(api: Api, key: str) -> None:
    api.refused("POST", "/api/tasks", 400, "BAD_REQUEST", json=NEW, headers={"Idempotency-Key": key})


def test_repeated_upload_keeps_one_file(api: Api, app: Flask) -> None:
    from webapp import state

    task_id = api.task()["id"]
    path = f"/api/tasks/{task_id}/attachments?filename=a"
    first = api.ok("POST", path, 201, data=b"same", headers={"Idempotency-Key": "k"})
    again = api.ok("POST", path, 201, data=b"same", headers={"Idempotency-Key": "k"})
    assert first == again
    assert len([f for f in state.of(app).workspace.get().uploads.rglob("*") if f.is_file()]) == 1
    api.ok("DELETE", f"/api/tasks/{task_id}")
    assert api.ok("POST", path, 201, data=b"same", headers={"Idempotency-Key": "k"}) == first
    api.refused("POST", path, 422, "KEY_REUSED", data=b"other", headers={"Idempotency-Key": "k"})
    api.refused("POST", path, 404, "NOT_FOUND", data=b"same", headers={"Idempotency-Key": "l"})
    api.refused("POST", path, 404, "NOT_FOUND", data=b"same")


def test_large_answers_are_compressed_for_those_who_can(api: Api) -> None:
    api.task("x" * 5000)
    plain = api.request("GET", "/api/snapshot")
    packed = api.request("GET", "/api/snapshot", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_snapshot_is_shared_until_something_changes(api: Api, app: Flask) -> None:
    from webapp import state

    api.task()
    cache, workspace = state.of(app).snapshots, state.of(app).workspace.get()
    first = cache.get(workspace)
    assert cache.get(workspace) is first
    api.task()
    assert cache.get(workspace).position.seq == first.position.seq + 1


@pytest.mark.parametrize("path", ["/", "/api/tasks", "/api/none", "/healthz", "/docs", "/js/none.js"])
def test_security_headers_are_on_every_answer(api: Api, path: str) -> None:
    """(S13)"""
    headers = api.request("GET", path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_page_policy_names_the_exact_websocket(api: Api) -> None:
    policy = api.request("GET", "/").headers["Content-Security-Policy"]
    assert "connect-src 'self' ws://localhost:8081/ws;" in policy


def test_page_knows_its_websocket_and_build(api: Api, app: Flask) -> None:
    from webapp import state

    text = api.request("GET", "/tasks/anything").get_data(as_text=True)
    assert "ws://localhost:8081/ws" in text
    assert state.of(app).build in text


def test_page_files_are_revalidated(api: Api) -> None:
    first = api.request("GET", "/js/store.js", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Cache-Control"] == "no-cache"
    again = api.request("GET", "/js/store.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "sent", "unpack"),
    [("gzip, br", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress), ("identity", None, bytes)],
)
def test_page_files_are_sent_as_small_as_the_browser_takes_them(
    api: Api, accepted: str, sent: str | None, unpack: Callable[[bytes], bytes]
) -> None:
    answer = api.request("GET", "/js/store.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == sent
    assert unpack(answer.data).decode() == without_comments((ROOT / "static/js/store.js").read_text())


def test_packed_files_are_kept_and_never_others_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, folder = tmp_path / "a.js", tmp_path / "packed"
    made = packing.packed(file, b"one", folder)
    with monkeypatch.context() as patched:
        patched.setattr(brotli, "compress", lambda _raw: pytest.fail("packed twice"))
        assert packing.packed(file, b"one", folder) == made
    assert brotli.decompress(packing.packed(file, b"two", folder)) == b"two"
    [kept] = folder.iterdir()
    kept.write_bytes(b"damaged")
    assert brotli.decompress(packing.packed(file, b"two", folder)) == b"two"
    assert brotli.decompress(packing.packed(file, b"two", tmp_path / "no" / "folder")) == b"two"


def test_the_style_sheet_is_one_answer(api: Api) -> None:
    """Every part, in its layer, in the order of the imports."""
    index = (ROOT / "static/css/index.css").read_text()
    text = api.request("GET", "/css/index.css").get_data(as_text=True)
    assert "@import" in index
    assert "@import" not in text
    for part in re.findall(r'url\("(.+?)"\)', index):
        assert (ROOT / "static/css" / part).read_text() in text
    assert text.index("@layer tokens {") < text.index("@layer base {") < text.index("@layer components {")


@pytest.mark.parametrize("path", ["/../webapp/api.py", "/..%2f..%2fetc/passwd", "/js/../../wsgi.py", "/%2e%2e/wsgi.py"])
def test_nothing_outside_the_static_folder_is_served(api: Api, path: str) -> None:
    answer = api.request("GET", path)
    assert answer.status_code in (404, 308) or b"<title>Chorus</title>" in answer.data
    assert b"root:" not in answer.data


def test_names_longer_than_file_systems_take(api: Api) -> None:
    assert api.request("GET", f"/{'a' * 300}").status_code == 200  # the page, which says that there is nothing
    assert api.request("GET", f"/js/{'a' * 300}.js").status_code == 404


def test_readiness_and_metrics(api: Api) -> None:
    api.task()
    assert api.request("GET", "/healthz").get_json() == {"status": "ok"}
    assert api.request("GET", "/readyz").get_json()["status"] == "ready"
    assert b'chorus_http_request_seconds_count{method="POST",route="/api/tasks",status="201"}' in (
        api.request("GET", "/metrics").data
    )


def test_made_up_methods_make_no_metrics(api: Api) -> None:
    for number in range(3):
        api.refused(f"M{number}", "/api/tasks", 405, "METHOD_NOT_ALLOWED")
    metrics = api.request("GET", "/metrics").get_data(as_text=True)
    assert 'method="M0"' not in metrics
    assert 'chorus_http_request_seconds_count{method="other",route="none",status="405"}' in metrics


def test_without_a_workspace_the_api_says_why(api: Api, app: Flask) -> None:
    from webapp import state

    folder = state.of(app).workspace.get().folder
    home = state.of(app).workspace._home
    home.switch_to(None, 0, problem="The disk is gone.")
    error = api.refused("GET", "/api/tasks", 503, "SERVICE_UNAVAILABLE")
    assert "The disk is gone." in error["message"]
    assert api.request("GET", "/readyz").status_code == 503
    assert api.request("GET", "/").status_code == 200
    home.switch_to(folder, 0)
    api.ok("GET", "/api/tasks")


def test_write_in_a_read_transaction_is_a_bug(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a disk that cannot be written, which SQLite's words would say."""
    from core.tasks import queries

    def writing(reading: Any) -> str:
        reading.execute(sa.delete(tables.tasks))
        return "[]"

    monkeypatch.setattr(queries, "board", writing)
    api.refused("GET", "/api/tasks", 500, "INTERNAL_ERROR")


def test_bug_is_a_500_in_the_one_shape(api: Api, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.tasks import queries

    def broken(*_: object) -> str:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(queries, "board", broken)
    error = api.refused("GET", "/api/tasks", 500, "INTERNAL_ERROR")
    assert "secret" not in error["message"]


def test_route_without_a_body_takes_none_of_another_kind(api: Api) -> None:
    """A form of another site could be sent without asking."""
    task_id = api.task()["id"]
    path = f"/api/tasks/{task_id}/plan"
    api.refused("POST", path, 415, "UNSUPPORTED_MEDIA_TYPE", data=b"x", content_type="text/plain")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"[]", "application/json", 400, "BAD_REQUEST"),
        (b"7", "application/json", 400, "BAD_REQUEST"),
    ],
)
def test_arguments_of_a_tool_are_a_json_object(
    api: Api, body: bytes, content_type: str, status: int, code: str
) -> None:
    path = f"/api/tasks/{api.task()['id']}/tools"
    api.refused("POST", path, status, code, data=body, content_type=content_type)


def test_attachment_whose_file_is_gone_is_told(api: Api, app: Flask) -> None:
    task_id = api.task()["id"]
    api.attach(task_id, "a.txt")
    [file] = [path for path in state.of(app).workspace.get().uploads.rglob("*") if path.is_file()]
    file.unlink()
    error = api.refused("GET", f"/api/tasks/{task_id}/attachments/a.txt", 404, "NOT_FOUND")
    assert "missing from the workspace folder" in error["message"]


def test_warming_stops_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[Path] = []
    stop = threading.Event()
    for name in "abc":
        (tmp_path / name).write_text(name)

    def load(path: Path) -> None:
        warmed.append(path)
        if path.name == "b":
            stop.set()

    monkeypatch.setattr(pages, "_current", load)
    pages.warm(tmp_path, stop)
    assert [path.name for path in warmed] == ["a", "b"]


@pytest.mark.parametrize("more", [1, 2, 70_000])
@pytest.mark.parametrize("kind", ["json", "attachment"])
def test_body_of_unknown_length_is_limited_too(api: Api, kind: str, more: int) -> None:
    """Sent in chunks, it says nowhere how long it is."""
    path, limit = "/api/tasks", 1024 * 1024
    if kind == "attachment":
        path, limit = f"/api/tasks/{api.task()['id']}/attachments?filename=big", 10 * 1024 * 1024
    chunked: dict[str, Any] = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    body = {"input_stream": io.BytesIO(b" " * (limit + more)), "content_type": "application/json"}
    api.refused("POST", path, 413, "TOO_LARGE", environ_overrides=chunked, **body)


def test_style_sheet_follows_its_parts(tmp_path: Path) -> None:
    """Also where only a part has changed since it was last sent."""
    index, part = tmp_path / "index.css", tmp_path / "a.css"
    index.write_text("@import url('a.css') layer(base);\n")
    part.write_text("a { color: red }\n")
    assert b"red" in pages._current(index).raw
    part.write_text("a { color: blue }\n")
    os.utime(part, ns=(0, index.stat().st_mtime_ns + 1_000_000_000))
    assert b"blue" in pages._current(index).raw


@pytest.mark.parametrize(("headers", "is_read"), [({}, False), ({"Idempotency-Key": "k"}, True)])
def test_upload_that_is_refused_is_read_only_for_its_key(api: Api, headers: dict[str, str], is_read: bool) -> None:
    """Ten mebibytes for a task that is gone; only a repeat may have an answer, which its body decides."""
    body = io.BytesIO(b"x" * 100)
    path = f"/api/tasks/{uuid.uuid4()}/attachments?filename=a"
    length = {"CONTENT_LENGTH": "100"}
    api.refused("POST", path, 404, "NOT_FOUND", input_stream=body, environ_overrides=length, headers=headers)
    assert (body.tell() > 0) is is_read
