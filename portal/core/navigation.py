"""The portal's pages in the order of the study: the table of contents, without Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PageInfo:
    """One page: its file is `pages/NAME.py`, `step` says what that part of the study does.

    `look` is what to look at first, `act` one thing to do there; empty for a page that opens with both itself.
    """

    name: str
    title: str
    icon: str
    section: str
    step: str
    look: str = ""
    act: str = ""

    @property
    def file(self) -> Path:
        return ROOT / "pages" / f"{self.name}.py"


PAGES = (
    PageInfo("overview", "Overview", ":material/home:", "Study", "What was studied, and what came out"),
    PageInfo(
        "dataset",
        "Dataset",
        ":material/dataset:",
        "Data",
        "See the images and how they are split",
        look="The average images: classes with similar averages are hard to tell apart.",
        act="Choose a class and look for two images that differ more than you expected.",
    ),
    PageInfo(
        "outliers",
        "Outliers",
        ":material/troubleshoot:",
        "Data",
        "Find images that an autoencoder reconstructs badly",
        look="The image with the highest reconstruction error of each class.",
        act="Move the slider and see which class gains the most images above the threshold.",
    ),
    PageInfo(
        "label_court",
        "Label court",
        ":material/gavel:",
        "Data",
        "Judge labels that the networks doubt",
        look="The estimate of how many labels are wrong.",
        act="Judge three images before you look at the answer.",
    ),
    PageInfo(
        "augmentation",
        "Augmentation",
        ":material/flip:",
        "Data",
        "Compare six ways to vary the training images",
        look="The chart: intervals that overlap show no clear difference.",
        act="Choose a trainset and check whether you would still recognize each image.",
    ),
    PageInfo(
        "architectures",
        "Architectures",
        ":material/account_tree:",
        "Networks",
        "Train seven networks, select one",
        look="The scatter plot: does accuracy rise with size?",
        act="Choose a network and find the epoch where it starts to overfit.",
    ),
    PageInfo(
        "epochs",
        "Epoch by epoch",
        ":material/history:",
        "Networks",
        "Watch predictions change as a network learns",
        look="The bars below zero: images that the network had right and lost again.",
        act="Move the slider from the first epoch to the last and watch the confusion matrix.",
    ),
    PageInfo(
        "disagreement",
        "Disagreement",
        ":material/how_to_vote:",
        "Networks",
        "See where the networks disagree",
        look="The two top rows: all networks combined against each one alone.",
        act="Set the slider to 0 and decide whether the networks or the labels are wrong.",
    ),
    PageInfo(
        "tuning",
        "Tuning",
        ":material/tune:",
        "Networks",
        "Search hyper-parameters, coarse to fine",
        look="The search space: where do the best trials lie?",
        act="Move the slider back and guess where the next good trial will be.",
    ),
    PageInfo(
        "results",
        "Results",
        ":material/fact_check:",
        "Results",
        "Evaluate the final network on the test set",
        look="The accuracy of each seed: its spread is the smallest difference worth discussing.",
        act="Click a cell of the confusion matrix and look at the images behind it.",
    ),
    PageInfo(
        "champion",
        "Beyond the deck",
        ":material/trophy:",
        "Results",
        "Improve the recipe and measure each change",
        look="The first chart: the champion's seeds against those of the final model.",
        act="Find a change whose interval contains 0 and say what it proves.",
    ),
    PageInfo(
        "errors",
        "Errors",
        ":material/rule:",
        "Results",
        "Look at the mistakes one by one",
        look="The most confused pairs.",
        act="Choose which mistakes to forgive and see whether the ranking of the networks changes.",
    ),
    PageInfo(
        "confidence",
        "Confidence",
        ":material/percent:",
        "Results",
        "Check its probabilities, and let it abstain",
        look="The reliability diagrams: bars below the diagonal mean overconfidence.",
        act="Raise the threshold until 99 % of the answers are correct, and see how many images remain.",
    ),
    PageInfo(
        "vault",
        "Test-set vault",
        ":material/lock:",
        "Results",
        "See what was fixed before each reading",
        look="The table of readings of the test set.",
        act="Press the button that checks every file of this run.",
    ),
    PageInfo(
        "feature_maps",
        "Feature maps",
        ":material/grid_view:",
        "Results",
        "See what each layer responds to",
        look="The filters of the first layer: each one responds to an edge or a texture.",
        act="Click a filter, then follow one value of its map in “Worked example”.",
    ),
    PageInfo(
        "embedding_map",
        "Embedding map",
        ":material/bubble_chart:",
        "Results",
        "See which garments it finds similar",
        look="The map: clusters of one color are classes that the network separates well.",
        act="Click a point between two clusters and look at its neighbors.",
    ),
    PageInfo(
        "playground",
        "Playground",
        ":material/tune:",
        "Try it",
        "Change a garment and watch the networks",
        look="The predictions of all networks for the unchanged image.",
        act="Rotate the garment and find the angle at which most networks fail.",
    ),
    PageInfo(
        "quiz",
        "Quiz",
        ":material/quiz:",
        "Try it",
        "Answer before you see the label",
        look="The image, before the choices.",
        act="Answer ten images and compare your score with the network's.",
    ),
    PageInfo(
        "predict",
        "Predict",
        ":material/photo_camera:",
        "Try it",
        "Classify your own photo",
        look="The prediction and, next to it, the 28 x 28 image that the network saw.",
        act="Send a photo of one garment on a plain background.",
    ),
    PageInfo(
        "why_photos_fail",
        "Why photos fail",
        ":material/broken_image:",
        "Try it",
        "See what each preparation step adds",
        look="The same images, inverted: dark and light exchanged, nothing else.",
        act="Choose a step and compare its bars with those of the last step.",
    ),
)


@cache
def available_pages() -> tuple[PageInfo, ...]:
    """The pages whose file is there. Looked up once: twenty looks at the disk, and a page with links asks ten times."""
    return tuple(page for page in PAGES if page.file.is_file())


def named(name: str) -> PageInfo:
    """The page of that name, for a link from another page."""
    return next(page for page in PAGES if page.name == name)


def neighbors(name: str) -> tuple[PageInfo | None, PageInfo | None]:
    """The pages before and after that one in the study's order; None at either end."""
    pages = available_pages()
    place = next(number for number, page in enumerate(pages) if page.name == name)
    return (pages[place - 1] if place else None), (pages[place + 1] if place + 1 < len(pages) else None)
