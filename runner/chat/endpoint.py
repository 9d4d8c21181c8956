"""Asking a server over HTTP. Every trouble is a Failure."""

import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from runner.chat.failures import Failure, from_answer

CONNECT_TIMEOUT_S = 30.0
FIRST_BYTE_TIMEOUT_S = 3_600.0  # a local server reads a long prompt without a word; the run has limits of its own
STALL_TIMEOUT_S = 300.0  # between two pieces of an answer that has begun
TICK_S = 0.1
MAX_ERROR_BYTES = 1024 * 1024
MAX_REDIRECTS = 5
_CHAT = "/chat/completions"
_ACCEPT = "text/event-stream, application/json"
_REDIRECTS = (301, 302, 307, 308)
Json = dict[str, Any]
Arrived = bytes | Failure | None
"""Bytes of an answer, what went wrong, or its end."""


class Endpoint:
    """The chat completions of one server. `base_url` may name the whole path already."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url.strip().rstrip("/").removesuffix(_CHAT)
        self._key = key.strip()
        timeout = httpx2.Timeout(CONNECT_TIMEOUT_S, read=None)
        self._client = httpx2.Client(timeout=timeout, headers={"Accept": _ACCEPT, "User-Agent": "chorus"})

    def ask(self, body: Json) -> Iterator[bytes]:
        """The bytes of the answer as they come, and b"" where nothing came for a moment. Raises Failure."""
        arrived: queue.SimpleQueue[Arrived] = queue.SimpleQueue()
        given_up = threading.Event()
        raw = json.dumps(body).encode()
        threading.Thread(target=self._listen, args=(raw, arrived, given_up), name="answer", daemon=True).start()
        try:
            yield from _patiently(arrived)
        finally:
            given_up.set()

    def _listen(self, raw: bytes, arrived: "queue.SimpleQueue[Arrived]", given_up: threading.Event) -> None:
        """Puts what comes into the queue; a thread of its own, so that the wait for it has an end."""
        try:
            response = self._send(raw)
            try:
                for piece in response.iter_bytes():
                    if given_up.is_set():
                        return
                    arrived.put(piece)
            finally:
                response.close()
            arrived.put(None)
        except Failure as failure:
            arrived.put(failure)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            arrived.put(Failure(f"{self.base_url} could not be reached: {_told(error)}", in_api=False))
        except ValueError as error:  # for what fits into no header or address
            arrived.put(Failure(f"its address or key cannot be used: {_told(error)}", 400, in_api=False))

    def _send(self, raw: bytes) -> httpx2.Response:
        """An answer without an error's status.

        A redirection is followed with what was asked, on the same host only: the key goes nowhere else, and not in the
        clear.
        """
        url = httpx2.URL(self.base_url + _CHAT)
        for _ in range(MAX_REDIRECTS):
            response = self._post(url, raw)
            target = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not target:
                return _successful(response)
            response.close()
            moved = url.join(target)
            if moved.host != url.host or (url.scheme, moved.scheme) == ("https", "http"):
                raise Failure(f"it has moved to {moved}: give this address", 404, in_api=False)
            url = moved
        raise Failure("it redirects for ever", 404, in_api=False)

    def _post(self, url: httpx2.URL, raw: bytes) -> httpx2.Response:
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return self._client.send(self._client.build_request("POST", url, content=raw, headers=headers), stream=True)


def _patiently(arrived: "queue.SimpleQueue[Arrived]") -> Iterator[bytes]:
    since, has_begun = time.monotonic(), False
    while True:
        try:
            piece = arrived.get(timeout=TICK_S)
        except queue.Empty:
            limit_s = STALL_TIMEOUT_S if has_begun else FIRST_BYTE_TIMEOUT_S
            if time.monotonic() - since > limit_s:
                raise Failure(f"nothing came from it for {limit_s:.0f} seconds", in_api=False) from None
            yield b""
            continue
        if piece is None:
            return
        if isinstance(piece, Failure):
            raise piece
        since, has_begun = time.monotonic(), True
        yield piece


def _successful(response: httpx2.Response) -> httpx2.Response:
    if response.status_code < 300:
        return response
    body = bytearray()
    try:
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_ERROR_BYTES:
                break
    except httpx2.HTTPError:
        pass  # its status says enough
    finally:
        response.close()
    text = body.decode("utf-8", "replace")
    raise from_answer(response.status_code, response.headers, text, time.time())


def _told(error: Exception) -> str:
    return str(error.__cause__ or error) or type(error).__name__
