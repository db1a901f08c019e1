"""What each stage of a configuration trains, without training it: the planner's view of the study."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from artifacts.contract import Recipe
from pipeline.augmentation.sets import AUGMENTATION_SETS
from pipeline.config import Config
from pipeline.models import registry
from pipeline.randomisation.photographs import CROP_SHARE, SHARE
from pipeline.stages import ablation
from pipeline.stages.improvements import questions

AUTOENCODER_SECONDS = 1.1e-4  # an image and epoch, on two CPU cores
PREPARATION_SECONDS = 300.0  # for the public photographs, on two CPU cores


@dataclass(frozen=True)
class Training:
    """One network trained: `images` of the set before replication, `answered` images after every epoch."""

    recipe: Recipe
    images: int
    answered: int

    @property
    def images_an_epoch(self) -> int:
        return self.images * (2 if self.recipe.replication in ("once", "every epoch") else 1)


@dataclass(frozen=True)
class Answers:
    """A trained network that answers for images, in one worker."""

    architecture: str
    images: int


@dataclass(frozen=True)
class Work:
    """A stage's work: groups of trainings, one group after the other, each spread over the workers; then answers.

    `seconds` is what else the stage does; it was taken from runs on two CPU cores and hardly depends on the profile.
    """

    groups: tuple[tuple[Training, ...], ...] = ()
    answers: tuple[Answers, ...] = ()
    seconds: float = 1.0
    note: str = ""
    is_searched: bool = False  # the trainings' recipes are guesses, but for network and epochs

    def without(self, finished: Iterable[Recipe]) -> Work:
        """What is left of it when trials of these recipes are done, each of which does for one training."""
        done = Counter(map(self._kind, finished))

        def is_left(training: Training) -> bool:
            kind = self._kind(training.recipe)
            done[kind] -= 1
            return done[kind] < 0

        groups = (tuple(filter(is_left, group)) for group in self.groups)
        return dataclasses.replace(self, groups=tuple(group for group in groups if group))

    def _kind(self, recipe: Recipe) -> Hashable:
        return (recipe.architecture, recipe.epochs) if self.is_searched else recipe


def work_of(stage: str, config: Config) -> Work | None:
    """The stage's work; None for a stage that this module does not know."""
    return WORK[stage](config) if stage in WORK else None


def _outliers(config: Config) -> Work:
    """The autoencoder trains on images, and reconstructs all of them in a third of the time each."""
    trained = config.outliers.epochs * config.outliers.train_images
    everything = config.split.train_images + config.split.validation_images
    return Work(seconds=AUTOENCODER_SECONDS * (trained + everything / 3))


def _architectures(config: Config) -> Work:
    section = config.architectures
    recipes = [dataclasses.replace(section.recipe, architecture=name) for name in registry.ARCHITECTURES]
    return _compared(config, recipes, section.train_images)


def _augmentations(config: Config) -> Work:
    section = config.augmentations
    alone = dataclasses.replace(section.recipe, replication="none")
    recipes = [alone if number == 1 else section.recipe for number in AUGMENTATION_SETS for _ in range(section.seeds)]
    return _compared(config, recipes, section.train_images)


def _search(config: Config, trials: int) -> Work:
    """The optimizers take turns, as many trials each as the draws give on average."""
    section = config.tuning
    groups = []
    for size, epochs in zip(section.rung_sizes(trials), section.rung_epochs, strict=True):
        base = dataclasses.replace(section.recipe, epochs=epochs)
        optimizers = [section.ranges.optimizer[number % len(section.ranges.optimizer)] for number in range(size)]
        recipes = [dataclasses.replace(base, optimizer=optimizer) for optimizer in optimizers]
        groups.append(tuple(_on_train_part(config, recipe, section.train_images) for recipe in recipes))
    return Work(tuple(groups), note="" if section.policy == "halving" else "at most", is_searched=True)


def _chosen(config: Config, epochs: int) -> Recipe:
    """What the searches might choose; not known before, so the slower of the optimizers."""
    slower = max(config.tuning.ranges.optimizer, key=lambda name: name != "SGD")
    return dataclasses.replace(config.tuning.recipe, optimizer=slower, epochs=epochs)


def _confirm(config: Config) -> Work:
    recipe = _chosen(config, config.tuning.rung_epochs[-1])
    trials = config.confirm.candidates * config.confirm.seeds
    return dataclasses.replace(_compared(config, [recipe] * trials, config.tuning.train_images), is_searched=True)


def _final(config: Config) -> Work:
    recipe = _chosen(config, config.final.epochs or config.tuning.rung_epochs[-1])
    everything = min(config.final.train_images, config.split.train_images + config.split.validation_images)
    seeds = tuple(Training(recipe, everything, 0) for _ in range(config.final.seeds))
    answers = Answers(recipe.architecture, (config.final.seeds + 1) * config.split.tested)
    return Work((seeds,), (answers,), is_searched=True)


def _improvements(config: Config) -> Work:
    section = config.improvements
    asked = questions(section.batch_recipe, section.draws_recipe, best_set=2)
    distinct = {recipe for each in asked for recipe in each.recipes.values()}
    recipes = [recipe for recipe in sorted(distinct, key=str) for _ in range(section.seeds)]
    return _compared(config, recipes, section.train_images)


def _ablation(config: Config) -> Work:
    """All variants, then the students."""
    section = config.ablation
    recipes = list(ablation.variants(section.recipe).values())

    def group(recipes: list[Recipe]) -> tuple[Training, ...]:
        trials = [recipe for recipe in recipes for _ in range(section.seeds)]
        return tuple(_on_train_part(config, recipe, section.train_images) for recipe in trials)

    views = 2 * section.seeds * config.split.validated
    return Work((group(recipes), group(recipes[:1])), (Answers(section.recipe.architecture, views),))


def _champion(config: Config) -> Work:
    """The whole recipe on all training data, and once on the train part."""
    section = config.champion
    everything = min(section.final_images, config.split.train_images + config.split.validation_images)
    full = (
        *(Training(section.recipe, everything, 0) for _ in range(section.seeds)),
        _on_train_part(config, section.recipe, section.train_images),
    )
    views = 2 * config.split.validated + 2 * (section.seeds + 1) * config.split.tested
    return Work((full,) * section.rounds, (Answers(section.recipe.architecture, views),), seconds=4.0)


def _photo_model(config: Config) -> Work:
    section = config.photo_model
    training = _on_train_part(config, section.recipe, section.train_images)
    seconds = 0.0
    if config.asks_for_photographs:
        drawn = 1 + 1 / SHARE + 1 / CROP_SHARE  # photographs and crops come to every image of the data set
        training = dataclasses.replace(training, images=round(drawn * training.images))
        seconds = PREPARATION_SECONDS
    answers = 2 * config.split.validated + config.split.tested
    return Work(((training,),), (Answers(section.recipe.architecture, answers),), seconds=seconds)


def _robustness(config: Config) -> Work:
    images = 25 * min(config.robustness.images, config.split.validated)
    asked = [*registry.ARCHITECTURES, *[config.augmentations.recipe.architecture] * len(AUGMENTATION_SETS)]
    return Work(answers=tuple(Answers(name, images) for name in asked))


def _labels(config: Config) -> Work:
    section = config.labels
    used = min(section.train_images, config.split.train_images + config.split.validation_images)
    kept = used // section.folds
    folds = tuple(Training(section.recipe, used - kept, 0) for _ in range(section.folds))
    return Work((folds,), tuple(Answers(section.recipe.architecture, kept) for _ in range(section.folds)), seconds=4.0)


def _export(config: Config) -> Work:
    """Torch and ONNX answer for the parity's images in up to three precisions, in fp32, half as fast as in training."""
    answers = [Answers(name, 8 * config.export.parity_images) for name in registry.ARCHITECTURES]
    answers.append(Answers(config.tuning.recipe.architecture, 8 * config.split.tested))
    return Work(answers=tuple(answers), seconds=20.0)


def _compared(config: Config, recipes: list[Recipe], images: int) -> Work:
    """Recipes trained on the train part and judged on validation images, in one group."""
    return Work((tuple(_on_train_part(config, recipe, images) for recipe in recipes),))


def _on_train_part(config: Config, recipe: Recipe, images: int) -> Training:
    return Training(recipe, min(images, config.split.train_images), config.split.validated)


WORK: dict[str, Callable[[Config], Work]] = {
    "eda": lambda config: Work(seconds=2.0),
    "outliers": _outliers,
    "architectures": _architectures,
    "augmentations": _augmentations,
    "tune-coarse": lambda config: _search(config, config.tuning.coarse_trials),
    "tune-fine": lambda config: _search(config, config.tuning.fine_trials),
    "importances": lambda config: Work(seconds=0.2 * config.tuning.coarse_trials),
    "confirm": _confirm,
    "final": _final,
    "errors": lambda config: Work(),
    "feature-maps": lambda config: Work(seconds=3.0),
    "embedding-map": lambda config: Work(seconds=5.0),
    "robustness": _robustness,
    "labels": _labels,
    "improvements": _improvements,
    "ablation": _ablation,
    "champion": _champion,
    "photo-model": _photo_model,
    "export": _export,
}
