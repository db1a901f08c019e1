"""Small files that ask for a great deal of memory."""

import io
import struct
import zlib
from functools import cache

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

# Just under Pillow's own limit, beyond which it warns.
WIDTH, HEIGHT = 9_460, 9_455


def bombs() -> dict[str, bytes]:
    """Bombs by name, none over 1 MB."""
    return {
        "89 million pixels.png": png(WIDTH, HEIGHT, channels=1),
        "89 million with alpha.png": png(WIDTH, HEIGHT, channels=4),
        "one pixel wide.png": png(1, 20_000_000, channels=1),
        "text.png": png(64, 64, channels=3, extra=_text(60_000_000)),
        "animated.png": png(WIDTH, HEIGHT, channels=3, extra=_chunk(b"acTL", struct.pack(">II", 50_000, 0))),
        "frames.gif": _gif(frames=2_000),
        "header.bmp": _bmp(),
        "canvas.webp": _webp(),
        "header.tiff": _tiff(),
        "36 million.avif": _container("AVIF"),
        "stream.avif": _stated_small(_container("AVIF")),
        "36 million.heic": _container("HEIF"),
        "stream.heic": _stated_small(_container("HEIF")),
    }


def png(width: int, height: int, *, channels: int, extra: bytes = b"") -> bytes:
    """A black PNG of that size, of which the first rows are there: the memory is asked for before they are read."""
    colour = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = _packed_zeros(10_000_000)
    parts = (_chunk(b"IHDR", header), extra, _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _packed_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)) + packer.flush()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _text(size: int) -> bytes:
    return _chunk(b"zTXt", b"Comment\0\0" + _packed_zeros(size))


def _gif(frames: int) -> bytes:
    """One pixel of image a frame on a screen of 65,535 x 65,535."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return screen + frame * frames + b"\x3b"


def _bmp() -> bytes:
    """A header alone that promises 46,000 x 46,000 pixels of 24 bits."""
    info = struct.pack("<IiiHHIIiiII", 40, 46_000, 46_000, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1_000, 0, 0, 54) + info + bytes(1_000)


def _webp() -> bytes:
    """An animation's canvas of 16,383 x 16,383 about one small frame."""
    file = io.BytesIO()
    small = Image.new("RGB", (16, 16), "red")
    small.save(file, "WEBP", save_all=True, append_images=[Image.new("RGB", (16, 16), "blue")])
    data = bytearray(file.getvalue())
    place = data.index(b"VP8X") + 12
    data[place : place + 6] = (16_382).to_bytes(3, "little") * 2
    return bytes(data)


def _tiff() -> bytes:
    """A header alone that promises 46,000 x 46,000 pixels in one strip."""
    tags = {256: 46_000, 257: 46_000, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 46_000, 279: 1_000}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(1_000)


@cache
def _container(kind: str) -> bytes:
    """A black picture of 36 million pixels, which video codecs pack to next to nothing."""
    file = io.BytesIO()
    fastest = {"speed": 10} if kind == "AVIF" else {"enc_params": {"preset": "ultrafast"}}
    Image.new("L", (6_000, 6_000)).save(file, kind, quality=1, **fastest)
    return file.getvalue()


def _stated_small(data: bytes) -> bytes:
    """The same with a stated size of 64 x 64 pixels, which is all that a look at the header shows."""
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", 64, 64) + data[place + 8 :]
