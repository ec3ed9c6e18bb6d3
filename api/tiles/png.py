"""PNG images of indexed colours: small, and the same bytes everywhere."""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

_LEVEL = 6
_INDEXED, _FILTER_NONE = 3, 0


def indexed_png(
    pixels: npt.NDArray[np.uint8],
    colours: npt.NDArray[np.uint8],
    *,
    transparent: int,
    texts: Mapping[str, str],
) -> bytes:
    """An image of indexed colours (PNG, third edition, colour type 3).

    Parameters
    ----------
    pixels
        u1[height, width]: numbers of colours, or `transparent`, which is beyond them.
    colours
        u1[n, 3]: red, green and blue, n at most 255.
    texts
        Keywords in Latin letters and what the image says of itself.
    """
    n = len(colours)
    height, width = pixels.shape
    # the transparent colour comes first, so that the table of transparency holds one byte
    numbers = np.where(pixels == transparent, 0, pixels + 1).astype(np.uint8)
    depth = 4 if n < 16 else 8
    if depth == 4:
        even = np.zeros((height, width + width % 2), np.uint8)
        even[:, :width] = numbers
        numbers = np.bitwise_or(even[:, ::2] * np.uint8(16), even[:, 1::2])
    lines = np.concatenate([np.full((height, 1), _FILTER_NONE, np.uint8), numbers], axis=1)
    table = np.concatenate([np.zeros((1, 3), np.uint8), colours])
    parts = [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, _INDEXED, 0, 0, 0)),
        _chunk(b"PLTE", table.tobytes()),
        _chunk(b"tRNS", b"\x00"),
        *(
            _chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8", "replace"))
            for keyword, text in texts.items()
        ),
        _chunk(b"IDAT", zlib.compress(lines.tobytes(), _LEVEL)),
        _chunk(b"IEND", b""),
    ]
    return b"".join(parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
