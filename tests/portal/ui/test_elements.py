"""What the pages share: text, pictures, and charts."""

import dataclasses
import io

import altair as alt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artifacts.contract import Spread, StageClock, TrialClock
from portal import charts
from portal.charts import spec as chart_spec
from portal.core import pictures, text
from portal.takeaway import files
from portal.ui import elements
from tests.portal.tiny_run import MACHINE, TinyRun


def test_a_png_is_the_image_enlarged_pixel_by_pixel() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7), dtype=np.uint8)
    shown = np.asarray(Image.open(io.BytesIO(pictures.png(image, 3))))
    np.testing.assert_array_equal(shown, np.kron(image, np.ones((3, 3), dtype=np.uint8)))


def test_a_strip_joins_images_with_a_clear_gap() -> None:
    joined = pictures.strip(np.zeros((3, 4, 4), dtype=np.uint8), gap=2)
    assert joined.shape == (4, 3 * 4 + 2 * 2, 2)
    assert (joined[:, 4:6, 1] == 0).all() and (joined[:, :4, 1] == 255).all()
    shown = Image.open(io.BytesIO(pictures.png(joined, 2, margin=4)))
    assert shown.mode == "LA" and shown.size == (2 * 16 + 4, 8)


def test_a_framed_picture_has_clear_sides_and_its_own_pixels_between() -> None:
    for image in (np.full((28, 28), 7, np.uint8), np.full((30, 20, 3), 7, np.uint8)):
        shown = pictures.framed(image, 6 / 144)
        side = (shown.shape[1] - image.shape[1]) // 2
        assert side >= 1 and (shown[:, :side] == 0).all() and (shown[:, -side:] == 0).all()
        assert (shown[:, side:-side, :3] == 7).all() and (shown[:, side:-side, 3] == 255).all()


@pytest.mark.parametrize(("rows", "height"), [(elements.MOST_ROWS, "content"), (145, "auto")])
def test_a_long_table_scrolls_at_a_fixed_height(monkeypatch: pytest.MonkeyPatch, rows: int, height: str) -> None:
    drawn: dict[str, object] = {}
    monkeypatch.setattr(elements.st, "dataframe", lambda frame, **words: drawn.update(words))
    elements.table(pd.DataFrame({"Trial": range(rows)}), alt="All trials")
    assert drawn["height"] == height


def test_a_narrow_column_breaks_long_names_and_keeps_n_together() -> None:
    assert text.breakable("OwnBaseline2").split("\N{ZERO WIDTH SPACE}") == ["Own", "Baseline2"]
    assert text.breakable("Rotation(5)").split("\N{ZERO WIDTH SPACE}") == ["Rotation", "(5)"]
    assert " " not in text.breakable("(n = 4)")
    assert text.breakable("95.37 % (n = 4), SGD").startswith("95.37 % (n")


def test_numbers_as_words() -> None:
    assert text.percent(0.9493) == "94.93 %"
    assert text.accuracy(0.9, 100, 1) == "90.0 % [82.6,\N{NO-BREAK SPACE}94.5]"
    assert text.in_words(0.9493, 10_000) == "94.93 % (95 % interval 94.48 to 95.34)"
    assert text.spread(Spread(3, 0.9, 0.01, 0.88, 0.92)) == "90.00 ± 1.00 % [88.00,\N{NO-BREAK SPACE}92.00] (n = 3)"
    assert text.spread(Spread(1, 0.9, None, None, None)) == "90.00 % (n = 1)"
    assert text.count(1, "epoch") == "1 epoch"
    assert text.count(10_000, "image") == "10,000 images"


def test_provenance_says_how_far_chance_reaches_where_accuracies_stand(tiny: TinyRun) -> None:
    manifest = tiny.manifest({})
    assert text.provenance(manifest, "test", 10_000, 1, 0.94).endswith(
        " · One accuracy of 94.0 % on 10,000 images has a 95 % interval of 93.5 to 94.4."
    )
    assert "interval" not in text.provenance(manifest, "test", 10_000, 1)


def test_provenance_names_split_seeds_profile_and_machine(tiny: TinyRun) -> None:
    line = text.provenance(tiny.manifest({}), "test", 10_000, 3)
    assert line.startswith("Test set, 10,000 images · 3 seeds · smoke profile")
    assert MACHINE.processor in line


@pytest.mark.parametrize("profile", ["smoke", "quick", "standard"])
def test_a_small_profile_is_said(tiny: TinyRun, profile: str) -> None:
    manifest = dataclasses.replace(tiny.manifest({}), profile=profile, settings=("final.seeds=3",))
    note = text.profile_note(manifest) or ""
    assert note.startswith(f"Profile {profile} with 1 setting changed: ")
    assert text.settings_note(manifest) == "Changed settings: final.seeds=3."
    full = dataclasses.replace(manifest, profile="full")
    assert text.profile_note(full) == "Profile full with 1 setting changed."
    assert text.profile_note(dataclasses.replace(full, settings=())) is None


def test_the_time_is_that_of_all_trainings() -> None:
    clock = StageClock("eda", "2026-01-01", "2026-01-01", 9.0, 2, MACHINE)
    three = dataclasses.replace(clock, trials={str(n): TrialClock(1_800.0, 0.0) for n in range(3)})
    one = dataclasses.replace(clock, trials={"0": TrialClock(40.0, 40.0)})
    said = f"6 trainings, 3.0 hours if done one after the other, on {text.hardware(MACHINE)}."
    assert text.training_time([three, None, three], MACHINE) == said
    assert text.training_time([one], MACHINE).startswith("1 training, 1 minute if ")
    assert text.training_time([clock, None], MACHINE) == ""


def test_many_settings_do_not_make_the_note_long(tiny: TinyRun) -> None:
    settings = tuple(f"stage.setting{number}={number}" for number in range(15))
    manifest = dataclasses.replace(tiny.manifest({}), profile="quick", settings=settings)
    note = text.profile_note(manifest) or ""
    assert note.startswith("Profile quick with 15 settings changed: ")
    assert len(note) < 170
    assert settings[-1] in text.settings_note(manifest)


def test_a_chart_without_title_subtitle_or_description_is_refused() -> None:
    bare = alt.Chart(pd.DataFrame({"x": [1]})).mark_point().encode(x="x")
    for chart in (bare, bare.properties(title="only a title"), charts.titled(bare, "title", "", "description")):
        with pytest.raises(ValueError, match="A chart needs"):
            charts.check_titled(chart)
    charts.check_titled(charts.titled(bare, "title", "n = 1", "description"))


def test_a_title_is_text_above_the_chart_and_shown_as_it_is() -> None:
    assert text.escaped("Net_1 *new*: a [b](c), $d$") == r"Net\_1 \*new\*\: a \[b\](c), \$d\$"
    bare = alt.Chart(pd.DataFrame({"x": [1]})).mark_point().encode(x="x")
    subtitle = "n = 1 image; " + "long " * 40
    chart = charts.titled(bare, "title", subtitle, "description")
    assert charts.heading(chart) == ("title", subtitle)
    assert "title" not in chart_spec.with_arrow(chart)
    exported = files.static_spec(chart)["title"]
    assert exported["text"] == "title"
    assert len(exported["subtitle"]) == 2


def test_many_marks_are_drawn_as_svg_too() -> None:
    """Streamlit would take a canvas from 2,000 marks on, which does not inherit the page's text color."""
    many = alt.Chart(pd.DataFrame({"x": range(3_000)})).mark_point().encode(x="x")
    spec = chart_spec.with_arrow(charts.titled(many, "title", "n = 3,000", "description"))
    assert spec["usermeta"]["embedOptions"]["renderer"] == "svg"


def test_a_margin_is_clear() -> None:
    shown = np.asarray(Image.open(io.BytesIO(pictures.png(np.full((2, 2), 9, np.uint8), 3, margin=4))))
    assert shown.shape == (6, 10, 2)
    assert (shown[:, 2:8] == (9, 255)).all(), "half of the margin at each side, so that all corners look alike"
    assert (shown[:, :2, 1] == 0).all() and (shown[:, 8:, 1] == 0).all()
