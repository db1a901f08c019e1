"""Seeded damage to small pictures of every format that the portal reads."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
SIDE = 24
# What parsers stumble over: ends of signed and unsigned ranges.
ODD_WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80")


def mutants(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` pairs of a name and bytes; equal seeds give equal mutants."""
    whole = originals()
    names = list(whole)
    rng = np.random.default_rng(seed)
    for number in range(count):
        name = names[number % len(names)]
        data = bytearray(whole[name])
        for _ in range(rng.integers(1, 4)):
            data = _damaged(rng, data, whole[names[rng.integers(len(names))]])
        # Half of the PNG files get sums that are right again: a wrong one ends the reading before the parser proper.
        yield f"{name} {number}", with_right_sums(bytes(data)) if rng.random() < 0.5 else bytes(data)


def originals() -> dict[str, bytes]:
    """One small picture in each format and in the variants of a format that take different ways through its parser."""
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
    grey, clear = picture.convert("L"), picture.convert("RGBA")
    clear.putalpha(grey)
    exif = Image.Exif()
    exif[0x0112] = 6
    sixteen = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    frames = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)]}
    return {
        "png": _saved(picture, "PNG", exif=exif),
        "png grey": _saved(grey, "PNG"),
        "png alpha": _saved(clear, "PNG"),
        "png palette": _saved(picture.convert("P"), "PNG", transparency=3),
        "png 16 bit": _saved(sixteen, "PNG"),
        "png one bit": _saved(picture.convert("1"), "PNG"),
        "apng": _saved(picture, "PNG", **frames),
        "jpeg": _saved(picture, "JPEG", exif=exif),
        "jpeg progressive": _saved(picture, "JPEG", progressive=True),
        "jpeg cmyk": _saved(picture.convert("CMYK"), "JPEG"),
        "mpo": _saved(picture, "MPO", **frames),
        "webp": _saved(picture, "WEBP", exif=exif),
        "webp lossless": _saved(clear, "WEBP", lossless=True),
        "webp animated": _saved(picture, "WEBP", **frames),
        "gif": _saved(picture, "GIF", **frames),
        "bmp": _saved(picture, "BMP"),
        "bmp palette": _saved(picture.convert("P"), "BMP"),
        "tiff": _saved(picture, "TIFF", exif=exif),
        "tiff lzw": _saved(clear, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": _saved(picture, "TIFF", compression="jpeg"),
        "tiff fax": _saved(picture.convert("1"), "TIFF", compression="group4"),
        "tiff 16 bit": _saved(sixteen, "TIFF"),
        "tiff pages": _saved(grey, "TIFF", save_all=True, append_images=[grey.rotate(90)]),
        "avif": _saved(picture, "AVIF", exif=exif),
        "avif alpha": _saved(clear, "AVIF"),
        "heic": _saved(picture, "HEIF", exif=exif.tobytes()),
        "heic alpha": _saved(clear, "HEIF"),
        "heic tiles": _saved(picture.resize((96, 96)), "HEIF", tile_size=64),
    }


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _damaged(rng: np.random.Generator, data: bytearray, other: bytes) -> bytearray:
    """One of six kinds of damage; half of the places lie in the header, where the parsers decide."""
    reach = min(len(data), 64) if rng.random() < 0.5 else len(data)
    place = int(rng.integers(reach)) if reach else 0
    kind = rng.integers(6)
    if kind == 0 and data:
        data[place] = rng.integers(256)
    elif kind == 1 and data:
        data[place] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        data[place : place + 4] = ODD_WORDS[rng.integers(len(ODD_WORDS))]
    elif kind == 3:
        del data[place : place + int(rng.integers(1, 40))]
    elif kind == 4:
        data[place:place] = data[place : place + int(rng.integers(1, 40))]
    else:
        start = int(rng.integers(len(other)))
        data[place:] = other[start:]
    return data


def with_right_sums(data: bytes) -> bytes:
    """The same bytes with the CRC of every PNG chunk made right, as far as chunks follow each other."""
    if not data.startswith(b"\x89PNG"):
        return data
    mended, place = bytearray(data), 8
    while place + 12 <= len(data):
        length = struct.unpack_from(">I", data, place)[0]
        end = place + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return bytes(mended)
