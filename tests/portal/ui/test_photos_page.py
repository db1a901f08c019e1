"""pages/why_photos_fail.py: the committed figures, another run's networks, and no figures at all."""

from pathlib import Path

import pytest

from artifacts import store
from artifacts.contract import ArtifactError, PhotoEvaluation
from artifacts.store import Run
from portal.core.navigation import ROOT
from portal.predict import steps
from tests.portal.test_pages import open_page, sentences

OTHER_NETWORKS = "These figures were measured with other networks than those of this run."


def test_the_committed_figures_are_of_photographs_by_label() -> None:
    figures = steps.figures()
    assert figures is not None
    assert len(figures.steps) == len(steps.LADDER)
    assert figures.steps[0].balanced_accuracy < 0.1 < figures.steps[-1].balanced_accuracy
    for step in figures.steps:
        assert sum(sum(row.answers) for row in step.labels) == figures.photos
        shares = [share for row in step.labels if (share := steps.right_share(row, figures.classes)) is not None]
        assert step.balanced_accuracy == pytest.approx(sum(shares) / len(shares))


def test_a_step_is_picked_by_the_url(only_run: Path) -> None:
    page = open_page("why_photos_fail", why_photos_fail_step="1. Resized")
    assert page.selectbox(key="why_photos_fail_step").value == "1. Resized"
    assert len(page.get("vega_lite_chart")) == 3
    assert any("are predicted as Bag, whatever they show" in caption.value for caption in page.caption)
    page = open_page("why_photos_fail", why_photos_fail_step="9. Nothing")
    assert page.selectbox(key="why_photos_fail_step").index == len(steps.LADDER) - 1


def test_each_class_is_shown_on_both_grounds(only_run: Path, full_run: Run) -> None:
    page = open_page("why_photos_fail")
    assert sum(len(each.captions) for each in page.image) == 2 * len(full_run.manifest.classes)
    assert any("after inversion" in caption.value for caption in page.caption)


def test_figures_of_other_networks_say_so(only_run: Path) -> None:
    assert OTHER_NETWORKS in sentences(open_page("why_photos_fail"))


def test_figures_of_these_networks_do_not(
    only_run: Path, full_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = steps.figures()
    assert figures is not None
    sums = {name: full_run.manifest.files[f"models/{name}.onnx"].sha256 for name in ("final", "photo")}
    own = PhotoEvaluation(**{**figures.__dict__, "networks": sums})
    monkeypatch.setattr(steps, "figures", lambda: own)
    assert OTHER_NETWORKS not in sentences(open_page("why_photos_fail"))


def test_without_figures_the_page_names_the_command(only_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "figures", lambda: None)
    [sentence] = sentences(open_page("why_photos_fail"))
    assert "`python -m portal evaluate FOLDER --steps artifacts/photos.json`" in sentence


def test_damaged_figures_give_a_sentence(only_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "photos.json"
    file.write_bytes(store.encode(steps.figures())[:200])
    with pytest.raises(ArtifactError):
        steps.figures(file)
    whole = steps.figures
    monkeypatch.setattr(steps, "figures", lambda: whole(file))
    [sentence] = sentences(open_page("why_photos_fail"))
    assert "photos.json" in sentence and "measure again" in sentence
    assert steps.figures is not whole and whole(tmp_path / "none.json") is None
    assert (ROOT / "artifacts" / "photos.json").is_file()
