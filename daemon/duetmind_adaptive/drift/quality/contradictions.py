"""Labels that say different things of the same key: `labels_contradict`. The last one written counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duetmind_adaptive.drift.quality.pair import EXAMPLES, listed
from duetmind_adaptive.records import Finding


def find(target: str, said: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """Tell of which keys the labels contradict; corrections that were appended look the same.

    Examples
    --------
    >>> [finding.message for finding in find("y", {"7": ("no", "yes")})]
    ["labels of y contradict for 1 key, such as '7 (no, yes)'; the last one written counts"]
    """
    if not said:
        return
    examples = tuple(f"{key} ({', '.join(values)})" for key, values in list(said.items())[:EXAMPLES])
    keys = "key" if len(said) == 1 else "keys"
    message = (
        f"labels of {target} contradict for {len(said):,} {keys}, such as {listed(examples)}; "
        "the last one written counts"
    )
    yield Finding(code="labels_contradict", message=message, column=target, count=len(said), examples=examples)
