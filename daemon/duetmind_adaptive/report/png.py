"""A small canvas that becomes a PNG: rectangles, and lines and dots with smooth edges. No text, no library.

For pictures in mails, which show no SVG. The same drawing is always the same file, up to zlib's own choices.
Source: https://www.w3.org/TR/png-3/ (chunks, filter 0), coverage of a line by the distance to its middle.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from typing import Final

Colour = tuple[int, int, int]
Point = tuple[float, float]

WHITE: Final = (255, 255, 255)

#: what every PNG begins with
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


class Canvas:
    """`width` × `height` pixels, white at first; x grows to the right, y downwards, both from 0."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(WHITE * width) for _ in range(height)]

    def fill(self, box: tuple[float, float, float, float], colour: Colour) -> None:
        """Fill (left, top, right, bottom), rounded to whole pixels and cut at the edges."""
        left, right = (min(max(round(x), 0), self.width) for x in (box[0], box[2]))
        top, bottom = (min(max(round(y), 0), self.height) for y in (box[1], box[3]))
        for row in self._rows[top:bottom]:
            row[3 * left : 3 * right] = bytes(colour) * max(right - left, 0)

    def line(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """Join the points, in pixels, by straight lines with round ends; one point alone is a dot."""
        for begin, end in zip(points, points[1:] or points, strict=False):
            self._segment(begin, end, colour, thickness / 2)

    def png(self) -> bytes:
        """The file.

        >>> Canvas(2, 1).png().startswith(SIGNATURE)
        True
        """
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)  # 8 bits each of red, green, blue
        raw = b"".join(b"\0" + row for row in self._rows)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
        return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)

    def _segment(self, begin: Point, end: Point, colour: Colour, radius: float) -> None:
        reach = radius + 1
        across, down = end[0] - begin[0], end[1] - begin[1]
        square = across * across + down * down
        top, bottom = min(begin[1], end[1]) - reach, max(begin[1], end[1]) + reach + 1
        for y in range(_within(top, self.height), _within(bottom, self.height)):
            middle, half = _stretch(begin, end, y, reach)
            for x in range(_within(middle - half, self.width), _within(middle + half + 1, self.width)):
                along = ((x - begin[0]) * across + (y - begin[1]) * down) / square if square else 0.0
                along = min(max(along, 0.0), 1.0)
                distance = math.hypot(x - begin[0] - along * across, y - begin[1] - along * down)
                self._blend(x, y, colour, radius + 0.5 - distance)

    def _blend(self, x: int, y: int, colour: Colour, share: float) -> None:
        if share <= 0:
            return
        row, share = self._rows[y], min(share, 1.0)
        for place, value in enumerate(colour, start=3 * x):
            row[place] = round(row[place] + (value - row[place]) * share)


def _stretch(begin: Point, end: Point, y: int, reach: float) -> tuple[float, float]:
    """Middle and half of the pixels of row `y` that a line may touch: not its whole box, which is what takes time."""
    across, down = end[0] - begin[0], end[1] - begin[1]
    box = (begin[0] + end[0]) / 2, abs(across) / 2 + reach
    if abs(down) < 1:
        return box
    half = reach * math.hypot(across, down) / abs(down)
    return (begin[0] + (y - begin[1]) * across / down, half) if half < box[1] else box


def _within(value: float, bound: int) -> int:
    return min(max(math.floor(value), 0), bound)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
