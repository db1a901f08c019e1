"""The portal's pages in the order of the study: the table of contents, without Streamlit."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PageInfo:
    """One page: its file is `pages/NAME.py`, `step` says what that part of the study does."""

    name: str
    title: str
    icon: str
    section: str
    step: str

    @property
    def file(self) -> Path:
        return ROOT / "pages" / f"{self.name}.py"


PAGES = (
    PageInfo("overview", "Overview", ":material/home:", "Study", "What was studied, and what came out"),
    PageInfo("dataset", "Dataset", ":material/dataset:", "Data", "See the images and how they are split"),
    PageInfo(
        "outliers", "Outliers", ":material/troubleshoot:", "Data", "Find images that an autoencoder reconstructs badly"
    ),
    PageInfo("label_court", "Label court", ":material/gavel:", "Data", "Judge labels that the networks doubt"),
    PageInfo("augmentation", "Augmentation", ":material/flip:", "Data", "Compare six ways to vary the training images"),
    PageInfo(
        "architectures", "Architectures", ":material/account_tree:", "Networks", "Train seven networks, select one"
    ),
    PageInfo(
        "epochs", "Epoch by epoch", ":material/history:", "Networks", "Watch predictions change as a network learns"
    ),
    PageInfo("disagreement", "Disagreement", ":material/how_to_vote:", "Networks", "See where the networks disagree"),
    PageInfo("tuning", "Tuning", ":material/tune:", "Networks", "Search hyper-parameters, coarse to fine"),
    PageInfo("results", "Results", ":material/fact_check:", "Results", "Evaluate the final network on the test set"),
    PageInfo(
        "champion", "Beyond the deck", ":material/trophy:", "Results", "Improve the recipe and measure each change"
    ),
    PageInfo("errors", "Errors", ":material/rule:", "Results", "Look at the mistakes one by one"),
    PageInfo(
        "confidence", "Confidence", ":material/percent:", "Results", "Check its probabilities, and let it abstain"
    ),
    PageInfo("vault", "Test-set vault", ":material/lock:", "Results", "See what was fixed before each reading"),
    PageInfo("feature_maps", "Feature maps", ":material/grid_view:", "Results", "See what each layer responds to"),
    PageInfo(
        "embedding_map", "Embedding map", ":material/bubble_chart:", "Results", "See which garments it finds similar"
    ),
    PageInfo("playground", "Playground", ":material/tune:", "Try it", "Change a garment and watch the networks"),
    PageInfo("quiz", "Quiz", ":material/quiz:", "Try it", "Answer before you see the label"),
    PageInfo("predict", "Predict", ":material/photo_camera:", "Try it", "Classify your own photo"),
    PageInfo(
        "why_photos_fail", "Why photos fail", ":material/broken_image:", "Try it", "See what each preparation step adds"
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
