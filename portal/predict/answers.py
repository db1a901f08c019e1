"""The prediction for one photo: mean over its views, and rejection of what is none of the classes."""

from dataclasses import dataclass

import numpy as np

from artifacts.contract import ExportSummary, PhotoSummary
from artifacts.photo import Choices, Preparation, decode, prepare, views
from artifacts.store import Run
from portal.networks import inference

NO_REJECTION = (
    "This run has no network for photos, so its final model answers and nothing is rejected: even a picture of a cat "
    "gets one of the classes."
)
AUTOMATIC = Choices()


@dataclass(frozen=True)
class Answer:
    """The prediction of `network` for one photo: `probabilities` float32 (C,) in the order of `classes`.

    The higher `score`, the more likely the photo shows none of the classes; above `reject_above` it is rejected. Both
    are None where the run has no network for photos: then nothing is rejected.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    score: float | None
    reject_above: float | None
    network: str

    @property
    def top(self) -> str:
        """The most probable class, rejected or not."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The calibrated probability of `top`, given that the photo shows one of the classes."""
        return float(self.probabilities.max())

    @property
    def rejected(self) -> bool | None:
        """Return whether the photo is rejected as none of the classes; None where the run cannot reject."""
        return None if self.score is None or self.reject_above is None else self.score > self.reject_above


def answer(run: Run, preparation: Preparation) -> Answer:
    """The run's answer for a prepared photo; ArtifactError if its networks are missing or damaged.

    The network for photos answers and says how likely the photo shows none of the classes; probabilities and rejection
    are means over the photo's views, as PhotoSummary says its threshold is meant. A picture that is as the data set has
    its own is rejected or kept likewise, but the final model names its class: such pictures are what it was made for.
    """
    models, asked, facts = run.document(ExportSummary).models, views(preparation), preparation.facts
    for_photos, final = inference.photo_model(models), inference.final_model(models)
    model = for_photos or final
    prediction = inference.network(run, model).predict(asked)
    score = None if prediction.rejection is None else float(prediction.rejection.mean())
    if for_photos and facts.passed_through and not facts.inverted:
        model, prediction = final, inference.network(run, final).predict(asked)
    return Answer(
        classes=run.manifest.classes,
        probabilities=prediction.probabilities.mean(axis=0),
        score=score,
        reject_above=run.document(PhotoSummary).reject_above if for_photos else None,
        network=model.name,
    )


def answer_bytes(run: Run, data: bytes, choices: Choices = AUTOMATIC) -> Answer:
    """Predict the picture in these bytes; UploadError if they are no picture, ArtifactError as for `answer`."""
    return answer(run, prepare(decode(data), choices, size=run.manifest.image_size))


def verdict(answer: Answer) -> str:
    """The answer as one plain sentence."""
    sure = f"{100 * answer.confidence:.0f} %"
    if answer.rejected:
        count = len(answer.classes)
        return f"This is probably none of the {_in_words(count)} classes; the nearest is {answer.top} ({sure})."
    return f"This looks like {_with_article(answer.top)} ({sure} sure)."


def margin(answer: Answer) -> str:
    """Describe how far the prediction is from the rejection threshold, or that this run has none."""
    if answer.score is None or answer.reject_above is None:
        return NO_REJECTION
    distance = abs(answer.score - answer.reject_above)
    side = "above the threshold: rejected" if answer.rejected else "below the threshold: kept"
    return f"Rejection score {answer.score:.2f}, threshold {answer.reject_above:.2f}: {distance:.2f} {side}."


def _with_article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _in_words(count: int) -> str:
    words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count - 2] if 2 <= count <= 10 else str(count)
