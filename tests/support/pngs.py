"""Reads the PNGs that we write, by the standard: what is no valid one fails."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

Pixel = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of pixels."""

    rows: list[bytes]

    @property
    def size(self) -> tuple[int, int]:
        return len(self.rows[0]) // 3, len(self.rows)

    def at(self, x: int, y: int) -> Pixel:
        return tuple(self.rows[y][3 * x : 3 * x + 3])

    def colours(self) -> set[Pixel]:
        width, height = self.size
        return {self.at(x, y) for y in range(height) for x in range(width)}


def decode(data: bytes) -> Picture:
    """A truecolour PNG of unfiltered rows; every length and checksum has to be right."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert at == len(data)
    width, height, *how = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert how == [8, 2, 0, 0, 0]
    raw, step = zlib.decompress(chunks[b"IDAT"]), 1 + 3 * width
    assert len(raw) == height * step
    assert {raw[row * step] for row in range(height)} == {0}
    return Picture([raw[row * step + 1 : (row + 1) * step] for row in range(height)])
