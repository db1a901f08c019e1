"""portal/charts/drawing.py: every layer, every pool, and the sums that a grouped block keeps."""

import dataclasses

import pytest

from artifacts.contract import ArchitectureResult, ArchitecturesSummary, LayerRow
from artifacts.store import Run
from portal.charts import drawing
from portal.charts.drawing import BLOCK, CONV, IMAGE, LINEAR, POOL, SHORTCUT
from tests.portal.charts.specs import rows_with, spec_of
from tests.portal.test_pages import ROOT


@pytest.fixture(scope="module")
def published() -> dict[str, ArchitectureResult]:
    """The seven real networks, of the committed study."""
    summary = Run(ROOT / "artifacts" / "study").document(ArchitecturesSummary)
    return {result.name: result for result in summary.results}


def test_a_plain_network_is_drawn_layer_by_layer_with_its_pools(published: dict[str, ArchitectureResult]) -> None:
    drawn = drawing.boxes(published["OwnBaseline1"], 28)
    assert [box.kind for box in drawn] == [IMAGE, CONV, CONV, POOL, CONV, CONV, POOL, LINEAR, LINEAR, LINEAR]
    assert [box.shape for box in drawn][2:7] == [(32, 28, 28), (32, 14, 14), (64, 14, 14), (64, 14, 14), (64, 7, 7)]
    assert drawn[-1].title == "Linear, 10"


@pytest.mark.parametrize("name", ["ResNet4Blocks", "ResNet3Blocks"])
def test_a_shortcut_stands_where_it_is_added(published: dict[str, ArchitectureResult], name: str) -> None:
    drawn = drawing.boxes(published[name], 28)
    ends = [number for number, box in enumerate(drawn) if box.kind == SHORTCUT]
    assert len(ends) == 3
    assert all(drawn[number - 1].shape == drawn[number].shape for number in ends)
    chart = drawing.network(drawing.frame(drawn), name)
    brackets = rows_with(chart, "x", "right", "y")
    assert len(brackets) == 3 * 3
    assert max(row["bottom"] for row in brackets) == ends[-1] + 0.45


def test_a_mean_over_the_map_is_called_so(published: dict[str, ArchitectureResult]) -> None:
    [mean] = [box for box in drawing.boxes(published["ResNet4Blocks"], 28) if box.title == "mean of each map"]
    assert mean.shape == (512, 1, 1)


@pytest.mark.parametrize(("name", "channels"), [("DenseNet3Blocks", [184, 252, 510]), ("DenseNet4Blocks", None)])
def test_dense_blocks_are_drawn_as_one_box_each(
    published: dict[str, ArchitectureResult], name: str, channels: list[int] | None
) -> None:
    drawn = drawing.boxes(published[name], 28)
    blocks = [box for box in drawn if box.kind == BLOCK]
    assert len(drawn) < 20
    if channels:
        assert [box.shape[0] for box in blocks] == channels


def test_nothing_is_lost_in_the_drawing(published: dict[str, ArchitectureResult]) -> None:
    for result in published.values():
        table = drawing.frame(drawing.boxes(result, 28))
        assert table["parameters"].sum() == result.parameters
        assert table["macs"].sum() == result.macs
        spec_of(drawing.network(table, result.name))


def test_any_layers_can_be_drawn(published: dict[str, ArchitectureResult]) -> None:
    odd = LayerRow("first", "Conv 9x9", 1, 3, (3, 20, 20), 10, 100), LayerRow("last", "Linear", 7, 5, (5,), 40, 35)
    drawn = drawing.boxes(dataclasses.replace(published["OwnBaseline1"], layer_table=odd), 28)
    assert drawn[-1].shape == (5,)
    spec_of(drawing.network(drawing.frame(drawn), "odd"))
