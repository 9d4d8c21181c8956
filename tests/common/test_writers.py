"""The writers' queue among threads and processes: exclusive, with a deadline, and fair to whoever waits."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.db.writers import WriterQueue
from common.errors import Busy
from common.settings import ROOT
from tests.helpers.processes import wait_for

HOLDER = """
import sys, time
from pathlib import Path
from common.db.writers import WriterQueue
with WriterQueue(Path(sys.argv[1])).turn():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[WriterQueue]:
    made = WriterQueue(tmp_path / "chorus.db", deadline_s=0.3)
    yield made
    made.close()


@contextmanager
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has the turn."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "chorus.db")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_one_thread_at_a_time(queue: WriterQueue) -> None:
    inside = most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with queue.turn():
                inside += 1
                most = max(most, inside)
                time.sleep(0.0002)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_first_come_first_served(tmp_path: Path) -> None:
    queue, order = WriterQueue(tmp_path / "chorus.db"), []

    def work(number: int) -> None:
        with queue.turn():
            order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with queue.turn():
        for thread in threads:
            thread.start()
            wait_for(lambda: len(queue._line._waiting) == sum(map(threading.Thread.is_alive, threads)), 5, "it waits")
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_another_process_is_served_among_our_threads(tmp_path: Path) -> None:
    """Threads that never stop asking keep the right among themselves, but not for long."""
    queue, stop = WriterQueue(tmp_path / "chorus.db"), threading.Event()

    def work() -> None:
        while not stop.is_set():
            with queue.turn():
                pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with other_process(tmp_path):
            pass
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_busy_after_the_deadline(queue: WriterQueue, tmp_path: Path) -> None:
    with other_process(tmp_path), pytest.raises(Busy), queue.turn():
        pass


def test_busy_leaves_no_lock_behind(queue: WriterQueue, tmp_path: Path) -> None:
    with other_process(tmp_path), pytest.raises(Busy), queue.turn():
        pass
    with queue.turn():
        pass


def test_killed_holder_frees_the_queue(queue: WriterQueue, tmp_path: Path) -> None:
    with other_process(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with queue.turn():
            pass


def test_stopped_holder_means_busy_not_hanging(queue: WriterQueue, tmp_path: Path) -> None:
    with other_process(tmp_path) as holder:
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(Busy), queue.turn():
            pass


def test_error_inside_frees_the_turn(queue: WriterQueue) -> None:
    with pytest.raises(ZeroDivisionError), queue.turn():
        _ = 1 / 0
    with queue.turn():
        pass


def test_dropped_queue_closes_its_locks(tmp_path: Path) -> None:
    """A workspace that was switched away is dropped, not closed; the leak check would find its descriptors."""
    WriterQueue(tmp_path / "chorus.db")


def test_closing_twice_does_no_harm(tmp_path: Path) -> None:
    queue = WriterQueue(tmp_path / "chorus.db")
    queue.close()
    queue.close()


def test_thread_behind_a_thread_is_busy_after_the_deadline(queue: WriterQueue) -> None:
    """Whoever has not come in by then does not come in."""
    refused: list[Busy] = []

    def work() -> None:
        try:
            with queue.turn():
                pass
        except Busy as busy:
            refused.append(busy)

    with queue.turn():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(refused) == 1
    with queue.turn():
        pass
