"""portal/charts/seeds.py: means over seeds, and what may be said about a difference."""

from artifacts.contract import Comparison, ImprovementsSummary, Spread
from artifacts.store import Run
from portal.charts import titled
from portal.charts.seeds import SeedGroup, question_chart, seed_chart, verdict
from tests.portal.charts.specs import marks_of, rows_with, spec_of


def test_a_single_seed_has_no_interval() -> None:
    chart = seed_chart({"one": SeedGroup([0.9], Spread(1, 0.9, None, None, None))}, title="Accuracy (%)")
    chart = titled(chart, "Seeds", "n = 1", "One seed.")
    assert rows_with(chart, "mean") == [{"group": "one", "n": 1, "mean": 90.0, "low": None, "high": None}]
    assert "rule" not in marks_of(chart)


def test_the_reference_is_a_line_only_where_given() -> None:
    groups = {"two": SeedGroup([0.9, 0.92], Spread(2, 0.91, 0.014, 0.78, 1.04))}
    with_line, without = (
        titled(seed_chart(groups, title="Accuracy (%)", reference=reference), "Seeds", "n = 2", "Two seeds.")
        for reference in (0.95, None)
    )
    assert marks_of(with_line).count("rule") == marks_of(without).count("rule") + 1


def test_a_question_shows_every_seed_of_every_variant(full_run: Run) -> None:
    question = full_run.document(ImprovementsSummary).questions[0]
    chart = question_chart(question)
    assert len(rows_with(chart, "group", "accuracy")) == sum(len(variant.fits) for variant in question.variants) == 9
    assert [row["group"] for row in rows_with(chart, "group", "mean")] == ["512", "64", "32"]
    assert "n = 3 seeds a variant" in " ".join(spec_of(chart)["title"]["subtitle"])


def test_an_interval_without_zero_is_a_real_difference() -> None:
    sentence = verdict(Comparison("512", "64", 0.012, 0.004, 0.02, 0.01, True))
    assert sentence == ("64 against 512: +1.20 percentage points (95 % interval +0.40 to +2.00): a real difference.")


def test_an_interval_with_zero_shows_no_difference() -> None:
    assert "no difference is shown" in verdict(Comparison("512", "64", -0.001, -0.01, 0.008, 0.7, False))


def test_without_an_interval_there_is_no_verdict() -> None:
    assert "chance cannot be judged" in verdict(Comparison("512", "64", 0.03, None, None, None, False))
