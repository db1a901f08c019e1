"""Bytes to pixels: the same picture from every encoding, and one sentence for everything that is no picture."""

import io
import struct
import sys
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from artifacts.photo import MAX_BYTES, UploadError, decode

pillow_heif.register_heif_opener()
module = sys.modules["artifacts.photo.decode"]  # the package's own name for it is the function's
SIDE = 48


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A smooth gray picture with no two equal quadrants, so that every wrong turn or wrong conversion shows."""
    ramp = np.add.outer(np.arange(SIDE) * 3, np.arange(SIDE) * 2)
    ramp[:12, :12] = 0
    return Image.fromarray(ramp.astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey16(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


def with_alpha(image: Image.Image, mode: str) -> Image.Image:
    return Image.merge("LA", (image, Image.new("L", image.size, 255))).convert(mode)


LOSSLESS = {
    "L": lambda image: saved(image, "PNG"),
    "RGB": lambda image: saved(image.convert("RGB"), "PNG"),
    "RGBA": lambda image: saved(with_alpha(image, "RGBA"), "PNG"),
    "LA": lambda image: saved(with_alpha(image, "LA"), "PNG"),
    "P": lambda image: saved(image.convert("P"), "PNG"),
    "16-bit": lambda image: saved(grey16(image), "PNG"),
    "GIF": lambda image: saved(image, "GIF"),
    "WEBP": lambda image: saved(image.convert("RGB"), "WEBP", lossless=True),
    "BMP": lambda image: saved(image, "BMP"),
    "two frames": lambda image: saved(image, "GIF", save_all=True, append_images=[Image.new("L", image.size)]),
}


@pytest.mark.parametrize("encoding", LOSSLESS)
def test_lossless_encodings_give_the_same_pixels(picture: Image.Image, encoding: str) -> None:
    rgb = decode(LOSSLESS[encoding](picture))
    assert rgb.dtype == np.uint8
    assert np.abs(rgb.astype(int) - np.asarray(picture)[..., None]).max() <= 2


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_modes_differ_by_compression_only(picture: Image.Image, mode: str) -> None:
    rgb = decode(saved(picture.convert(mode), "JPEG", quality=95))
    assert np.abs(rgb.astype(int) - np.asarray(picture)[..., None]).mean() <= 2


def test_one_bit(picture: Image.Image) -> None:
    black_and_white = picture.convert("1")
    assert (decode(saved(black_and_white, "PNG"))[..., 0] == np.asarray(black_and_white) * 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_come_out_upright(picture: Image.Image, orientation: int) -> None:
    names = ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_90", "TRANSVERSE", "ROTATE_270"]
    undone = [Image.Transpose[name] for name in names]  # each is the inverse of what a viewer must do
    stored = picture.transpose(undone[orientation - 2]) if orientation > 1 else picture
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (decode(saved(stored, "PNG", exif=exif))[..., 0] == np.asarray(picture)).all()


def test_transparency_becomes_white(picture: Image.Image) -> None:
    clear = Image.merge("LA", (picture, Image.new("L", picture.size, 0))).convert("RGBA")
    assert (decode(saved(clear, "PNG")) == 255).all()
    palette = Image.new("P", (SIDE, SIDE), 0)
    palette.putpalette([0, 0, 0, 200, 10, 10])
    palette.putpixel((5, 7), 1)
    rgb = decode(saved(palette, "PNG", transparency=0))
    assert (rgb[7, 5] == (200, 10, 10)).all() and (rgb[0, 0] == 255).all()


def test_large_pictures_are_shrunk() -> None:
    assert decode(saved(Image.new("RGB", (4000, 3000), "red"), "JPEG")).shape == (768, 1024, 3)
    assert decode(saved(Image.new("P", (3000, 1500)), "PNG")).shape == (512, 1024, 3)


def exchanged_profile() -> bytes:
    """An RGB profile whose red primary is sRGB's blue, and the reverse."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = profile.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    return kept.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colours_are_what_the_profile_means(kind: str) -> None:
    red = Image.new("RGB", (64, 64), (200, 30, 30))
    assert np.abs(decode(saved(red, kind, icc_profile=exchanged_profile()))[5, 5] - [30.0, 30, 200]).max() < 6
    assert np.abs(decode(saved(red, kind, icc_profile=b"damaged"))[5, 5] - [200.0, 30, 30]).max() < 6


def test_a_heic_photo_over_the_cap_is_read_from_its_thumbnail(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.radial_gradient("L").resize((640, 480)).convert("RGB")
    whole = decode(saved(picture, "HEIF", quality=90, thumbnails=[320]))
    monkeypatch.setattr(module, "MAX_PIXELS", 200_000)
    small = decode(saved(picture, "HEIF", quality=90, thumbnails=[320]))
    assert whole.shape == (480, 640, 3) and small.shape == (240, 320, 3)
    assert np.abs(whole[::2, ::2].astype(int) - small).mean() < 5
    for sides in ([], [160]):
        with pytest.raises(UploadError, match="million pixels"):
            decode(saved(picture, "HEIF", thumbnails=sides))


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


REFUSED = {
    "empty": (b"", "empty"),
    "too many bytes": (bytes(MAX_BYTES + 1), "larger than"),
    "text": (b"hello, I am not a picture", "not a picture"),
    "PDF": (b"%PDF-1.7 ...", "a PDF"),
    "video": (b"\0\0\0\x18ftypisom" + bytes(40), "a video"),
    "animated AVIF": (b"\0\0\0\x18ftypavis" + bytes(40), "an animation"),
    "HEIC cut off": (saved(Image.effect_noise((200, 200), 90), "HEIF")[:9_000], "cut off"),
    "AVIF cut off": (saved(Image.effect_noise((200, 200), 90), "AVIF")[:9_000], "cut off"),
    "floating point": (saved(Image.new("F", (64, 64)), "TIFF"), "another kind"),
    "SVG": (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "bomb": (png_header(30_000, 30_000), "too many pixels"),
    "just over the cap": (png_header(4_000, 4_000), "million pixels"),
    "one pixel wide": (png_header(1, 5_000), "at least"),
    "cut off": (saved(Image.effect_noise((200, 200), 90), "PNG")[:9_000], "cut off"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_sentence(case: str) -> None:
    data, words = REFUSED[case]
    with pytest.raises(UploadError, match=words) as caught:
        decode(data)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and message.count(". ") == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF"])
def test_damaged_bytes_raise_nothing_but_upload_errors(picture: Image.Image, kind: str) -> None:
    whole = saved(picture, kind)
    rng = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        for place in rng.integers(0, len(data), size=3):
            data[place] = rng.integers(256)
        try:
            rgb = decode(bytes(data))
        except UploadError:
            continue
        assert rgb.ndim == 3 and rgb.shape[2] == 3
