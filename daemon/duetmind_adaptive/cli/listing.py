"""One page of what a daemon lists, as a table for people or as the document it is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.cli.text import print_json, print_table

Item = dict[str, Any]


def show_page(
    daemon: Client,
    resource: str,
    columns: Sequence[str],
    *,
    limit: int,
    cursor: str | None,
    as_json: bool,
    adapt: Callable[[Item], Item] = lambda item: item,
    after: Callable[[Sequence[Item]], None] = lambda _items: None,
) -> int:
    """Print a page of `/api/v1/RESOURCE`; the exit status.

    Parameters
    ----------
    columns
        Keys of an item, in the order of the table.
    adapt
        Makes of an item what the table shows.
    after
        Told the items, to print what stands below the table.
    """
    document = daemon.get(f"/api/v1/{resource}", limit=limit, cursor=cursor)
    if as_json:
        print_json(document)
        return 0
    items: list[Item] = document["items"]
    if not items:
        print(f"no {resource}")
        return 0
    shown = [adapt(item) for item in items]
    print_table([column.upper() for column in columns], [[item.get(column) for column in columns] for item in shown])
    after(items)
    if document.get("next"):
        print(f"more: --cursor {shlex.quote(document['next'])}")
    return 0
