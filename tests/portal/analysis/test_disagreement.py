"""portal/analysis/disagreement.py: votes, who is right alone, agreement, and whether the vote beats chance."""

import numpy as np
import pytest

from portal.analysis import disagreement
from portal.charts import disagreement as charts
from tests.portal.charts.specs import rows_with, spec_of

CLASSES = ("Boot", "Bag", "Coat")
LABELS = np.array([0, 1, 2, 0])


def sure(answers: list[int], confidence: float = 0.9) -> np.ndarray:
    """Probabilities (N, 3) for these answers."""
    probabilities = np.full((len(answers), 3), (1 - confidence) / 2)
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities.astype(np.float16)


NETWORKS = {"a": sure([0, 1, 2, 1]), "b": sure([0, 1, 0, 2]), "c": sure([1, 1, 0, 1])}


@pytest.fixture
def votes() -> disagreement.Votes:
    return disagreement.votes(NETWORKS, LABELS)


def test_the_majority_decides(votes: disagreement.Votes) -> None:
    assert votes.vote.tolist() == [0, 1, 0, 1]
    assert votes.networks_right.tolist() == [2, 3, 1, 0]


def test_of_equal_votes_the_higher_mean_probability_decides() -> None:
    found = disagreement.votes({"a": sure([0], 0.5), "b": sure([1], 0.9)}, np.array([1]))
    assert found.vote.tolist() == [1]


def test_who_is_right_alone_is_counted(votes: disagreement.Votes) -> None:
    frame = disagreement.accuracy_frame(votes).set_index("who")
    assert frame.loc["a", ["accuracy", "alone"]].tolist() == [75.0, 1]
    assert frame.loc[disagreement.VOTE, "accuracy"] == 50.0
    assert frame.index.tolist()[:2] == [disagreement.VOTE, disagreement.MEAN]
    assert disagreement.chosen_images(votes, 1, "a").tolist() == [2]
    assert disagreement.chosen_images(votes, 1, "b").tolist() == []


def test_the_most_divided_images_come_first() -> None:
    networks = {"a": sure([1, 1]), "b": sure([1, 2]), "c": sure([1, 1])}
    found = disagreement.votes(networks, np.array([0, 0]))
    assert disagreement.chosen_images(found, 0).tolist() == [1, 0]


def test_the_sign_test_is_exact() -> None:
    assert disagreement.sign_test(0, 0) == 1.0
    assert disagreement.sign_test(5, 0) == pytest.approx(2 / 32)
    assert disagreement.sign_test(3, 3) == 1.0
    assert disagreement.sign_test(400, 200) < 1e-10


def test_the_vote_stands_beside_the_best_network(votes: disagreement.Votes) -> None:
    sentence = disagreement.vote_sentence(votes)
    assert (
        "right on 50.00 % (95 % interval 15.00 to 85.00) of 4 images, the best single network, a, on 75.00 %"
        in sentence
    )
    assert (
        "corrects 0 of its mistakes and loses 1 of its correct predictions: no difference is shown (sign test, p = 1)"
        in sentence
    )


def test_the_takeaway_is_true_of_the_run(votes: disagreement.Votes) -> None:
    assert "outvote the best" in disagreement.takeaway(votes)
    apart = {"a": sure([1, 1, 2]), "b": sure([0, 2, 2]), "c": sure([0, 1, 0])}
    assert "better together" in disagreement.takeaway(disagreement.votes(apart, np.array([0, 1, 2])))


def test_every_number_of_right_networks_has_a_row(votes: disagreement.Votes) -> None:
    frame = disagreement.split_frame(votes)
    assert frame["right"].tolist() == [0, 1, 2, 3]
    assert frame["images"].tolist() == [1, 1, 1, 1]
    assert "All 3 networks are right on 25.0 % of the images and none on 1 image" in disagreement.split_sentence(votes)


def test_agreement_counts_same_answers_and_same_mistakes(votes: disagreement.Votes) -> None:
    frame = disagreement.agreement_frame(votes)
    pair = frame[(frame["first"] == "b") & (frame["second"] == "c")].iloc[0]
    assert (pair["same"], pair["same_mistake"]) == (50.0, 25.0)
    assert "agree most" in disagreement.agreement_sentence(frame)
    one = disagreement.votes({"a": NETWORKS["a"]}, LABELS)
    assert "nobody" in disagreement.agreement_sentence(disagreement.agreement_frame(one))


def test_one_image_in_words(votes: disagreement.Votes) -> None:
    sentence = disagreement.image_sentence(votes, 2, CLASSES)
    assert "The label is **Coat**; the predictions: 2 Boot, 1 Coat. a alone is right; the vote says Boot." in sentence
    assert "No network is right; the vote says Bag" in disagreement.image_sentence(votes, 3, CLASSES)
    assert "3 of 3 networks are right; the vote is right too" in disagreement.image_sentence(votes, 1, CLASSES)


def test_the_charts_say_n_and_keep_the_order(votes: disagreement.Votes) -> None:
    rows = rows_with(charts.accuracy_chart(disagreement.accuracy_frame(votes), 4), "who", "accuracy")
    assert [row["who"] for row in rows][2] == "a"
    assert len(rows_with(charts.split_chart(disagreement.split_frame(votes), 1, 4), "right", "images")) == 4
    agreement = charts.agreement_chart(disagreement.agreement_frame(votes), 4)
    assert len(rows_with(agreement, "first", "second")) == 6
    assert "n = 4 validation images" in " ".join(spec_of(agreement)["title"]["subtitle"])
