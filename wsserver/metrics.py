"""What the sidecar measures, in a registry of its own. Labels are words of ours, never a client's."""

import resource
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Metrics:
    """One of each for a sidecar. `gauge` adds those that are asked for their value when somebody reads them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.refusals = Counter("chorus_ws_refusals", "Handshakes refused, by reason.", ["reason"], registry=registry)
        self.accepted = Counter("chorus_ws_accepted", "Handshakes accepted.", registry=registry)
        self.closes = Counter("chorus_ws_closes", "Connections ended, by reason.", ["reason"], registry=registry)
        self.resyncs = Counter("chorus_ws_resyncs", "Clients told to take a snapshot.", ["reason"], registry=registry)
        self.deliveries = Counter("chorus_ws_deliveries", "Events written to clients.", registry=registry)
        self.replays = Counter(
            "chorus_ws_replays",
            "Reads of the log for clients further behind than the ring.",
            registry=registry,
        )
        self.latency = Histogram(
            "chorus_ws_commit_to_sent_seconds",
            "From an event's commit until it was written to all that were live.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch = Histogram(
            "chorus_ws_batch_events",
            "Events found by one look at the log.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
            registry=registry,
        )
        self.output = Counter("chorus_ws_output_records", "Records of agents' output pushed.", registry=registry)
        self.output_messages = Counter("chorus_ws_output_messages", "Messages with such records.", registry=registry)
        self.output_missed = Counter(
            "chorus_ws_output_missed", "Such messages that a client had no room for.", registry=registry
        )
        self.loop_lag = Histogram(
            "chorus_ws_loop_lag_seconds", "How late the loop's turns came.", buckets=_SECONDS, registry=registry
        )
        self.errors = Counter("chorus_ws_errors", "Mistakes of ours that were survived.", registry=registry)
        self.gauge("chorus_ws_memory_bytes", "Resident memory of the sidecar.", resident_bytes)
        self.gauge("chorus_ws_open_files", "Open descriptors of the sidecar.", open_files)
        self.gauge("chorus_ws_open_files_limit", "Most descriptors it may open.", files_limit)

    def gauge(self, name: str, sentence: str, value: Callable[[], float]) -> None:
        Gauge(name, sentence, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """In Prometheus' text form."""
        return generate_latest(self.registry)


def resident_bytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * resource.getpagesize())


def open_files() -> float:
    return float(sum(1 for _ in Path("/proc/self/fd").iterdir()))


def files_limit() -> float:
    return float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
