"""Ablation of the champion's recipe at a small budget: which changes affect the accuracy."""

from collections.abc import Sequence

from artifacts.contract import AblationSummary, ChampionSummary, Comparison
from portal.analysis.champion import training_length
from portal.core.text import count, in_words, spread

# What a variant's network is where it is not one of the deck's seven; a test holds this against the pipeline's.
OWN_NETWORKS = {
    "PooledVGG": "OwnBaseline2 with a fourth block of convolutions and global pooling in place of the hidden fully "
    "connected layers: 40 % of its parameters, 1.4 times its multiply-accumulates"
}

WEAKER = ("no erasing", "no shift")  # variants with less augmentation at the champion's number of epochs
# Differences to the champion (percentage points) in a long training where the short one showed the contrary: measured
# on validation images with one value changed, one seed, before the published run (docs/results.md).
LONG_TRAINING = {"no shift": (-0.26, "two schedules of 22 epochs, 50,000 training images, n = 1 seed")}


def differences(summary: AblationSummary) -> list[Comparison]:
    """Each variant of the ablation against the champion, the costliest change first."""
    base = summary.question.variants[0].name
    against = [each for each in summary.question.comparisons if each.first == base]
    return sorted(against, key=lambda each: each.difference)


def budget(summary: AblationSummary) -> str:
    """What the ablation was measured on: `10,000 training images, 6 epochs, 3 seeds a variant`."""
    first = summary.question.variants[0]
    return (
        f"{summary.train_images:,} training images, {count(first.recipe.epochs, 'epoch')}, "
        f"{count(first.val_accuracy.n, 'seed')} a variant"
    )


def heading(summary: AblationSummary) -> str:
    """The section's title, with the number of training epochs."""
    return f"What each change is worth in a training of {count(_epochs(summary), 'epoch')}"


def _epochs(summary: AblationSummary) -> int:
    return summary.question.variants[0].recipe.epochs


def contrary(summary: AblationSummary, champion: ChampionSummary) -> str:
    """A warning that gains of weaker augmentation in a short training may not hold in a long one, with both figures."""
    gains = [each for each in differences(summary) if each.second in WEAKER and each.real and each.difference > 0]
    if not gains or champion.recipe.epochs <= _epochs(summary):
        return ""
    parts = []
    for each in gains:
        short = f"{each.second}: {100 * each.difference:+.2f} points in {_epochs(summary)} epochs"
        points, how = LONG_TRAINING.get(each.second, (None, ""))
        parts.append(short if points is None else f"{short}, but {points:+.2f} points in a long training ({how})")
    return (
        f"**This is not advice for a long training:** {'; '.join(parts)}. Weaker augmentation speeds up a short "
        f"training; the champion's {champion.recipe.epochs} epochs keep all of it."
    )


def ablation_sentence(summary: AblationSummary) -> str:
    """Which changes have a significant effect, and which do not."""
    found = differences(summary)
    worse = [each for each in found if each.real and each.difference < 0]
    better = [each for each in found if each.real and each.difference > 0]
    unclear = [each.second for each in found if not each.real]
    parts = []
    if worse:
        parts.append(f"Shown to cost accuracy: {_listed(worse)}.")
    if better:
        parts.append(f"Shown to add to it: {_listed(better)}.")
    if unclear:
        parts.append(f"No difference is shown for {', '.join(unclear)}: the interval contains 0, or there is none.")
    return " ".join(parts) or "Nothing was taken away from the recipe, so nothing is known of its parts."


def _listed(comparisons: Sequence[Comparison]) -> str:
    return ", ".join(f"{each.second} ({100 * each.difference:+.2f} points)" for each in comparisons)


def budget_caution(summary: AblationSummary, champion: ChampionSummary) -> str:
    """The limits of the ablation: its budget and multiple comparisons."""
    return (
        f"Measured at a small budget ({budget(summary)}) on {summary.validation_images:,} validation images, because "
        f"every change needs trainings of its own.{_equal_cost(summary)} With {champion.fit_images:,} images and "
        f"{training_length(champion)} a part may be worth more or less; and of twenty changes that do "
        "nothing, one may look real by chance."
    )


def _equal_cost(summary: AblationSummary) -> str:
    """Which variants train for fewer epochs than the champion, and why."""
    first, *others = summary.question.variants
    fewer = [each for each in others if each.recipe.epochs < first.recipe.epochs]
    if not fewer:
        return ""
    names = ", ".join(each.name for each in fewer)
    return f" An epoch costs more for {names}: so fewer of them ({fewer[0].recipe.epochs}), at about equal work."


def network_sentence(summary: AblationSummary) -> str:
    """Describe a variant with another architecture; empty if there is none."""
    first, *others = summary.question.variants
    networks = {each.recipe.architecture for each in others} - {first.recipe.architecture}
    said = [f"**{name}** is {OWN_NETWORKS[name]}." for name in sorted(networks & OWN_NETWORKS.keys())]
    return " ".join([*said, "Equal epochs, so it had more work."]) if said else ""


def student_sentence(summary: AblationSummary) -> str:
    """Describe the distilled variant: its teachers and its accuracy; empty if there is none."""
    named = next((each for each in summary.question.variants if each.name == summary.student), None)
    if named is None:
        return ""
    teachers = count(len(summary.views.seeds), "network")
    together = in_words(summary.views.ensemble, summary.validation_images)
    return (
        f"**Student** ({summary.student}): one network of the same size whose targets are half the labels, half the "
        f"mean answer of the champion's {teachers} of the ablation, which are right on {together} together. Alone, as "
        f"mean ± standard deviation [95 % interval], it reaches {spread(named.val_accuracy)}, a champion alone "
        f"{spread(summary.question.variants[0].val_accuracy)}."
    )
