"""The same picture in every encoding, and the data set's own pictures on the way of a photo: the same answer."""

import io
from collections.abc import Callable

import numpy as np
import onnxruntime
import pillow_heif
import pytest
from PIL import Image

from artifacts.contract import ChampionSummary, ExportSummary, FinalSummary
from artifacts.photo import decode, prepare
from artifacts.store import Run
from portal.core.navigation import ROOT
from portal.networks import inference
from portal.predict import answers

pillow_heif.register_heif_opener()
LEVELS = 2  # of 255, as far as an encoding may move a pixel
TURNS = ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_90", "TRANSVERSE", "ROTATE_270")


@pytest.fixture(scope="module")
def published() -> Run:
    return Run(ROOT / "artifacts" / "study")


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A gray shirt on a light ground with soft light, 240 x 200; upright and mirrored, it looks different."""
    down, across = np.mgrid[0:240, 0:200]
    ground = 235 - 0.05 * across
    body = (np.abs(across - 100) < 45) & (down > 40) & (down < 215)
    sleeve = (np.abs(down - 75) < 30) & (across > 15) & (across < 185)
    shirt = 70 + 0.2 * down + 12 * np.sin(across / 9)
    grey = np.where(body | sleeve, shirt, ground)
    grey[50:60, 110:125] = 200  # a badge on one side
    return Image.fromarray(grey.astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opaque(image: Image.Image, mode: str) -> Image.Image:
    return Image.merge("LA", (image, Image.new("L", image.size, 255))).convert(mode)


def sixteen(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


def turned(orientation: int, kind: str, **options: object) -> Callable[[Image.Image], bytes]:
    """As a camera stores it that was held another way, with the note that says so."""

    def encode(image: Image.Image) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = image.transpose(Image.Transpose[TURNS[orientation - 2]]) if orientation > 1 else image
        return saved(stored.convert("RGB"), kind, exif=exif.tobytes(), **options)

    return encode


FINE = {"quality": 100, "subsampling": 0}
AVIF = {"quality": 100, "subsampling": "4:4:4", "speed": 10}
HEIC = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
ENCODINGS: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG L": lambda image: saved(image, "PNG"),
    "PNG RGB": lambda image: saved(image.convert("RGB"), "PNG"),
    "PNG RGBA": lambda image: saved(opaque(image, "RGBA"), "PNG"),
    "PNG LA": lambda image: saved(opaque(image, "LA"), "PNG"),
    "PNG P": lambda image: saved(image.convert("P"), "PNG"),
    "PNG P with a transparent colour": lambda image: saved(image.convert("P"), "PNG", transparency=255),
    "PNG 16 bit": lambda image: saved(sixteen(image), "PNG"),
    "JPEG L": lambda image: saved(image, "JPEG", **FINE),
    "JPEG RGB": lambda image: saved(image.convert("RGB"), "JPEG", **FINE),
    "JPEG CMYK": lambda image: saved(image.convert("CMYK"), "JPEG", **FINE),
    "JPEG progressive": lambda image: saved(image.convert("RGB"), "JPEG", progressive=True, **FINE),
    "GIF": lambda image: saved(image, "GIF"),
    "GIF of two frames": lambda image: saved(image, "GIF", save_all=True, append_images=[Image.new("L", image.size)]),
    "WEBP": lambda image: saved(image.convert("RGB"), "WEBP", lossless=True),
    "WEBP with alpha": lambda image: saved(opaque(image, "RGBA"), "WEBP", lossless=True),
    "BMP": lambda image: saved(image, "BMP"),
    "BMP RGB": lambda image: saved(image.convert("RGB"), "BMP"),
    "TIFF": lambda image: saved(image, "TIFF"),
    "TIFF LZW with alpha": lambda image: saved(opaque(image, "RGBA"), "TIFF", compression="tiff_lzw"),
    "TIFF 16 bit": lambda image: saved(sixteen(image), "TIFF"),
    "TIFF CMYK": lambda image: saved(image.convert("CMYK"), "TIFF"),
    "TIFF of two pages": lambda image: saved(image, "TIFF", save_all=True, append_images=[Image.new("L", image.size)]),
    "AVIF": lambda image: saved(image.convert("RGB"), "AVIF", **AVIF),
    "AVIF with alpha": lambda image: saved(opaque(image, "RGBA"), "AVIF", **AVIF),
    "HEIC L": lambda image: saved(image, "HEIF", quality=-1),
    "HEIC": lambda image: saved(image.convert("RGB"), "HEIF", **HEIC),
    "HEIC with alpha": lambda image: saved(opaque(image, "RGBA"), "HEIF", **HEIC),
    "HEIC in tiles": lambda image: saved(image.convert("RGB"), "HEIF", tile_size=64, **HEIC),
    **{f"orientation {number}": turned(number, "PNG") for number in range(1, 9)},
    **{f"TIFF orientation {number}": turned(number, "TIFF") for number in range(2, 9)},
    **{f"AVIF orientation {number}": turned(number, "AVIF", **AVIF) for number in range(2, 9)},
    **{f"HEIC orientation {number}": turned(number, "HEIF", **HEIC) for number in range(2, 9)},
}


@pytest.fixture(scope="module")
def reference(published: Run, picture: Image.Image) -> answers.Answer:
    return answers.answer_bytes(published, saved(picture, "PNG"))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_gives_the_same_pixels_and_answer(
    published: Run, picture: Image.Image, reference: answers.Answer, encoding: str
) -> None:
    rgb = decode(ENCODINGS[encoding](picture))
    assert np.abs(rgb.astype(int) - np.asarray(picture)[..., None]).max() <= LEVELS
    answer = answers.answer(published, prepare(rgb))
    assert answer.top == reference.top
    np.testing.assert_allclose(answer.probabilities, reference.probabilities, atol=0.05)


def test_one_bit(picture: Image.Image) -> None:
    """Black and white has a reference of its own."""
    black_and_white = picture.convert("1")
    expected = np.asarray(black_and_white)[..., None] * np.uint8(255)
    for kind in ("PNG", "BMP", "GIF"):
        assert (decode(saved(black_and_white, kind)) == expected).all()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_test_images_sent_as_files_keep_their_answers(published: Run) -> None:
    """From the file's bytes to the network: the accuracy that the study states is the one that a visitor gets."""
    test = published.arrays("data/test.npz")
    images, labels = test["images"][:1_000], test["labels"][:1_000]
    final = inference.network(published, inference.final_model(published.document(ExportSummary).models))
    files = [saved(Image.fromarray(image), ("PNG", "BMP", "GIF")[number % 3]) for number, image in enumerate(images)]
    arrived = np.stack([prepare(decode(file)).image for file in files])
    untouched = (arrived == images).all(axis=(1, 2))
    direct, sent = final.predict(images).classes, final.predict(arrived).classes
    accuracy = [round(float(np.mean(answered == labels)), 4) for answered in (direct, sent)]
    print(f"{untouched.sum()} of 1,000 unchanged; accuracy read and sent {accuracy}")
    assert (direct == sent).mean() >= 0.999


def test_the_exported_networks_answer_as_the_trained_ones(published: Run) -> None:
    """What the export measured: in full precision the same, in the stored precision as good."""
    models = published.document(ExportSummary).models
    for parity in (each for model in models for each in model.parity if each.precision == "fp32"):
        assert parity.max_logit_difference <= 1e-4
        assert parity.argmax_equal >= parity.images - 1
    final = inference.final_model(models)
    measured = {parity.precision: parity for parity in final.parity}
    assert measured["fp16"].images == 10_000 and measured["fp16"].argmax_equal >= 9_999
    stored = measured[final.precision]
    assert stored.images == 10_000 and stored.torch_accuracy - stored.onnx_accuracy <= 0.001


def test_the_committed_files_have_the_published_accuracy(published: Run) -> None:
    """The guard of every figure on the test set: the committed networks answer the committed 10,000 images again."""
    test = published.arrays("data/test.npz")
    final, champion = published.document(FinalSummary), published.document(ChampionSummary)
    models = [inference.final_model(published.document(ExportSummary).models), champion.model]
    for model, accuracy in zip(models, (final.accuracy, champion.accuracy), strict=True):
        answered = float((inference.network(published, model).predict(test["images"]).classes == test["labels"]).mean())
        stored = next(parity for parity in model.parity if parity.precision == model.precision)
        assert answered == pytest.approx(stored.onnx_accuracy, abs=2e-4)  # another processor may break a tie otherwise
        assert answered == pytest.approx(accuracy, abs=1e-3)
    by_seed = published.arrays("champion/test.npz")["predictions_by_seed"]
    assert [float((each == test["labels"]).mean()) for each in by_seed] == pytest.approx(list(champion.test.single))


def test_weights_dequantized_at_load_give_the_answers_of_weights_dequantized_at_each_call(published: Run) -> None:
    """Every committed network, beside a session with onnxruntime's own settings."""
    images = published.arrays("data/test.npz")["images"][:8]
    models = [*published.document(ExportSummary).models, published.document(ChampionSummary).model]
    for model in models:
        plain = onnxruntime.InferenceSession(published.bytes(model.file), providers=["CPUExecutionProvider"])
        expected = plain.run(["logits"], {inference.INPUT: images})[0]
        answered = inference.network(published, model).predict(images).logits
        np.testing.assert_allclose(answered, expected, atol=1e-4, err_msg=model.name)
