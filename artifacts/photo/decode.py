"""An upload's bytes to a plain RGB array, or one sentence for the person who sent them.

The bytes come from strangers, so everything is bounded before a decoder runs: the number of bytes, the formats, and the
number of pixels (a PNG of 348 kB can ask for a gigabyte). Each picture mode is converted on purpose, because Pillow's
own conversions saturate 16-bit grays and turn transparent pixels black without a word.
"""

import io
import warnings

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, ImageCms

from artifacts.photo.avif import coded_pixels

Rgb = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
KINDS = "JPEG, HEIC, PNG, WebP, AVIF, TIFF, GIF or BMP"  # the same for people
DAMAGED = "This picture is damaged or cut off: open it in a viewer, save it again and send the new file."
MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 13_000_000  # a 12 MP photo, decoded in full by every format; keeps peak memory under 250 MB
MAX_JPEG_PIXELS = 64_000_000  # JPEG alone can be decoded at 1/2, 1/4 or 1/8 of its size without ever holding the whole
MAX_PROGRESSIVE_PIXELS = 16_000_000  # but a progressive JPEG holds all its coefficients: up to 6 bytes a pixel
MAX_EDGE = 1024  # pixels; larger pictures are shrunk, far above what a 28x28 preparation needs
MIN_EDGE = 8
MIN_THUMBNAIL = 180  # pixels; a larger HEIC photo is read from the thumbnail that phones store in it, mostly 320 x 240
MOST_CODED = 2.5  # times MAX_PIXELS: what the bitstreams of one file hold, with transparency, thumbnails, full tiles

# A module-wide filter, because warnings.catch_warnings is not safe in a server's threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
pillow_heif.register_heif_opener(depth_images=False, aux_images=False)

_KINDS = (  # what people send instead of a picture: leading bytes and the name they know it by
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing or another XML file"),
    (b"PK\3\4", "a ZIP archive or an office document"),
)
_PICTURES = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"avif")
_GREYS = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L")
_COLOURS = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


class UploadError(ValueError):
    """What is wrong with an upload and what to do, in one sentence for the person who sent it."""


def decode(data: bytes) -> Rgb:
    """Return the first picture in `data`: uint8 RGB (H, W, 3), upright, on white, longest edge at most MAX_EDGE.

    Raises UploadError, and nothing else, for anything that is not a whole picture within the limits.
    """
    _check_bytes(data)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _use_thumbnail(picture)
            _check_pixels(picture)
            _check_mode(picture)
            _check_coded(picture, data)
            # Only JPEG heeds draft: it decodes at the smallest scale that still has MAX_EDGE pixels on its edges.
            if picture.format != "HEIF":  # which would decode
                picture.draft("RGB", (MAX_EDGE, MAX_EDGE))
            picture.load()
            return _upright(picture, _to_srgb(picture, _to_rgb(_shrink(picture))))
    except UploadError:
        raise
    except Image.UnidentifiedImageError as error:
        if data[4:8] == b"ftyp" or data[:4] in (b"II*\0", b"MM\0*"):  # Pillow gives up on these where they are cut off
            raise UploadError(DAMAGED) from error
        raise UploadError(f"This file is not a picture: send a {KINDS} file.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UploadError("This picture has far too many pixels: send a smaller copy.") from error
    except Exception as error:  # Pillow's parsers raise a dozen types on broken bytes
        raise UploadError(DAMAGED) from error


def _check_bytes(data: bytes) -> None:
    if not data:
        raise UploadError("This file is empty: choose a picture with something in it.")
    if len(data) > MAX_BYTES:
        raise UploadError(f"This file is larger than {MAX_BYTES // 1024**2} MB: send a smaller copy of the picture.")
    name = _foreign_kind(data)
    if name:
        raise UploadError(f"This file is {name}, which is not read here: save it as JPEG or PNG and send that.")


def _foreign_kind(data: bytes) -> str | None:
    if data[4:8] == b"ftyp":
        return "an animation" if data[8:12] == b"avis" else None if data[8:12] in _PICTURES else "a video"
    start = data[:64].lstrip()
    return next((name for magic, name in _KINDS if start.startswith(magic)), None)


def _use_thumbnail(picture: Image.Image) -> None:
    """Let a HEIC photo of too many pixels be its own thumbnail, where it has one that suffices."""
    sides = picture.info.get("thumbnails", [])
    too_large = picture.format == "HEIF" and picture.width * picture.height > MAX_PIXELS
    if too_large and max(sides, default=0) <= MAX_EDGE and picture.draft("RGB", (MIN_THUMBNAIL, MIN_THUMBNAIL)):
        picture.info.pop("tiling", None)  # which the large picture has


def _check_coded(picture: Image.Image, data: bytes) -> None:
    """Bombs whose container states a small picture; libheif compares the two itself, for one tile at a time."""
    coded = 0
    if picture.format == "AVIF":
        coded = coded_pixels(data)
    elif "tiling" in picture.info:
        tiles = picture.info["tiling"]
        coded = tiles["num_columns"] * tiles["num_rows"] * tiles["tile_width"] * tiles["tile_height"]
    if coded > MOST_CODED * MAX_PIXELS:
        raise UploadError(f"This picture holds {coded / 1e6:.0f} million pixels in its parts: send a smaller copy.")


def _check_pixels(picture: Image.Image) -> None:
    width, height = picture.size
    limit = MAX_PIXELS
    if picture.format in ("JPEG", "MPO"):  # MPO: a JPEG with a second view, as many phones write
        limit = MAX_PROGRESSIVE_PIXELS if picture.info.get("progressive") else MAX_JPEG_PIXELS
    if width * height > limit:
        size, most = width * height / 1e6, limit / 1e6
        raise UploadError(
            f"This picture has {size:.0f} million pixels, over the {most:.0f} allowed: send a smaller copy."
        )
    if min(width, height) < MIN_EDGE:
        raise UploadError(f"This picture is {width} by {height} pixels: send one of at least {MIN_EDGE} pixels a side.")


def _check_mode(picture: Image.Image) -> None:
    if picture.mode not in _GREYS + _COLOURS:  # a TIFF of floating-point numbers, or in Lab
        raise UploadError(f"This {picture.format} holds numbers of another kind: save it as JPEG or PNG and send that.")


def _shrink(picture: Image.Image) -> Image.Image:
    """Whole-number box reduction to at most 2 * MAX_EDGE, which also bounds the memory of every later conversion."""
    factor = max(picture.size) // MAX_EDGE
    if factor < 2:
        return picture
    if picture.mode in ("P", "1"):  # colors of a palette cannot be averaged as numbers
        transparent = "transparency" in picture.info
        picture = picture.convert("RGBA" if transparent else "RGB")
    if picture.mode.startswith("I"):
        return _grey16(picture).reduce(factor)
    return picture.reduce(factor)


def _grey16(picture: Image.Image) -> Image.Image:
    """16-bit gray to 8-bit; convert("L") would saturate everything above 255."""
    return Image.fromarray((np.asarray(picture).clip(0, 65535) // 257).astype(np.uint8))


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Any mode to RGB, transparency composited on white as the shop pictures of Fashion-MNIST are."""
    if picture.mode.startswith("I"):
        picture = _grey16(picture)
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


def _upright(original: Image.Image, rgb: Image.Image) -> Rgb:
    """Turn by the EXIF orientation of `original`, shrink to MAX_EDGE, and hand over the pixels."""
    try:
        orientation = original.getexif().get(0x0112, 1)
    except Exception:  # a damaged EXIF block says nothing about the pixels: show them as they are stored
        orientation = 1
    rgb.thumbnail((MAX_EDGE, MAX_EDGE), Image.Resampling.BOX)
    turn = _TURNS.get(orientation)
    return np.asarray(rgb.transpose(turn) if turn is not None else rgb)


def _to_srgb(original: Image.Image, rgb: Image.Image) -> Image.Image:
    """The colors that an embedded RGB profile means; phones' photos are mostly Display P3."""
    data = original.info.get("icc_profile")
    if not data or original.mode not in ("RGB", "RGBA"):
        return rgb
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        if profile.profile.xcolor_space != "RGB " or "sRGB" in ImageCms.getProfileDescription(profile):
            return rgb
        managed = ImageCms.profileToProfile(rgb, profile, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):  # a damaged profile says nothing about the pixels either
        return rgb
    return rgb if managed is None else managed


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
