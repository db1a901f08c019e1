"""pipeline/search/spaces.py: what a trial draws."""

from pathlib import Path

import pytest

from artifacts.contract import SearchSummary
from artifacts.store import Run
from pipeline.search.spaces import distributions, draw
from pipeline.support.seeding import derive

STUDY = Path(__file__).resolve().parents[3] / "artifacts" / "study"


@pytest.mark.parametrize("name", ["coarse", "fine"])
def test_the_published_trials_are_drawn_again(name: str) -> None:
    run = Run(STUDY)
    search = run.document(SearchSummary, SearchSummary.path(name))
    drawn = [draw(search.ranges, derive(run.manifest.seed, name, "values", trial.number)) for trial in search.trials]
    assert drawn == [trial.values for trial in search.trials]


def test_every_published_value_lies_in_its_distribution() -> None:
    search = Run(STUDY).document(SearchSummary, SearchSummary.path("coarse"))
    space = distributions(search.ranges)
    assert list(space) == ["lr", "weight_decay", "momentum", "last_layers", "optimizer"]
    for trial in search.trials:
        for name, distribution in space.items():
            assert distribution._contains(distribution.to_internal_repr(getattr(trial.values, name)))
