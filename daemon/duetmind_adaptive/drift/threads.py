"""Columns side by side: sorting, searching and decoding leave Python's lock, so threads share the cores.

Results come in the order of the work, and only a few are ahead of the one that is taken, so that memory stays bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

#: pieces of work begun ahead of the one whose result is waited for, for each thread
AHEAD = 2


def in_order(work: Iterable[Callable[[], T]], threads: int) -> Iterator[T]:
    """The results of the work, in its order.

    Parameters
    ----------
    work
        Called in a thread each; iterated over in this one, where it may read what the next piece needs.
    threads
        How many; 1 does everything here.

    Examples
    --------
    >>> list(in_order([lambda: "a", lambda: "b"], threads=2))
    ['a', 'b']
    """
    if threads == 1:
        for each in work:
            yield each()
        return
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[T]] = deque()
        for each in work:
            begun.append(pool.submit(each))
            if len(begun) > AHEAD * threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
