"""What `benchmarks.bus` measures, held to R23's bounds."""

from __future__ import annotations

from benchmarks import bus
from benchmarks.figures import Figure, at_least, at_most


def run(quick: bool) -> list[Figure]:
    """Measure the bus; `quick` takes a smaller backlog and shorter rounds."""
    measured = bus.run(quick)
    return [
        Figure(
            name="durable publish at 100/s, p99",
            value=measured["publish_p99_ms"],
            unit="ms",
            target=at_most(20),
            ratio=measured["publish_p99_ms"] / measured["raw_p99_ms"],
            peer=f"raw sqlite3 ({measured['raw_p99_ms']:.1f} ms)",
        ),
        Figure(
            name="durable publish, 64 at a time",
            value=measured["publish_per_second"],
            unit="events/s",
            target=at_least(2000),
            ratio=measured["ratio"],
            peer=f"raw sqlite3 in groups of 64 ({measured['raw_per_second']:,.0f})",
            ratio_target=at_least(0.25),
        ),
        Figure(
            name=f"claim with {measured['backlog']:,.0f} waiting, p99",
            value=measured["claim_p99_ms_backlog"],
            unit="ms",
            ratio=measured["claim_ratio"],
            peer=f"ten models' waiting ({measured['claim_p99_ms_small']:.1f} ms)",
            ratio_target=at_most(2),
        ),
    ]
