"""Stage export: which precision a network is kept in."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from artifacts.contract import Parity
from pipeline.onnx_export import Precision
from pipeline.stages import export
from pipeline.stages.export import keeps_accuracy, smallest_good


def parity(precision: Precision, lost: int, images: int = 10_000) -> Parity:
    """A file that answers `lost` of `images` wrongly which torch answers right."""
    right = images * 9 // 10
    before, after = right / images, (right - lost) / images
    return Parity(precision, images, 0.1, images - lost, "validation", images, before, after, 1)


@pytest.mark.parametrize(
    ("lost", "images", "kept"), [(10, 10_000, True), (11, 10_000, False), (1, 200, True), (2, 200, False)]
)
def test_a_tenth_of_a_point_may_be_lost_or_one_image_of_few(lost: int, images: int, kept: bool) -> None:
    assert keeps_accuracy(parity("int8", lost, images)) is kept


@pytest.mark.parametrize(
    ("int8", "fp16", "kept"), [(0, None, "int8"), (10, None, "int8"), (40, 3, "fp16"), (40, 30, "fp32")]
)
def test_the_smallest_file_that_keeps_the_accuracy_is_kept(int8: int, fp16: int | None, kept: Precision) -> None:
    measured: dict[Precision, Parity] = {"fp32": parity("fp32", 0), "int8": parity("int8", int8)}
    if fp16 is not None:
        measured["fp16"] = parity("fp16", fp16)
    assert smallest_good(measured) == kept


def test_the_slowest_are_exported_first_and_all_listed_in_the_decks_order(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["final", "OwnBaseline1", "DenseNet3Blocks", "photo"]
    jobs = [SimpleNamespace(name=name, path=f"models/{name}.onnx") for name in names]
    monkeypatch.setattr(export, "_jobs", lambda context: jobs)
    context = MagicMock()
    context.map = lambda title, work, items: ((item.name.encode(), item.name) for item in items)
    export.run(context)
    written = [call.args for call in context.write_file.call_args_list]
    assert written == [(f"models/{name}.onnx", name.encode()) for name in ["final", *names[:0:-1]]]
    assert list(context.write.call_args.args[0].models) == names
