"""Stage architectures: the seven networks trained with one recipe on one split (deck section 3)."""

import dataclasses

from artifacts.contract import ArchitectureResult, ArchitecturesSummary, Fit
from pipeline.models import inspection, registry
from pipeline.stages.context import Context
from pipeline.stages.experiments import fits_of, trial_of
from pipeline.training.trials import TrialSpec


def run(context: Context) -> None:
    """Write `architectures/summary.json` and each network's validation predictions and probabilities."""
    config = context.config.architectures
    planned = specs(context)
    names = [spec.recipe.architecture for spec in planned]
    # The slowest networks stand last; started first, they leave no core idle at the end.
    finished = context.run_trials(planned[::-1], names[::-1])[::-1]
    for name, result in zip(names, finished, strict=True):
        context.write_arrays(f"architectures/{name}.npz", context.pool.finished(result.spec).arrays())
    results = tuple(_result(context, name, fit) for name, fit in zip(names, fits_of(finished), strict=True))
    summary = ArchitecturesSummary(
        recipe=config.recipe,
        train_images=min(config.train_images, len(context.split.train)),
        validation_images=len(context.validated),
        results=results,
        best=max(results, key=lambda result: result.fit.highest_val_accuracy).name,
    )
    context.write(summary)


def specs(context: Context) -> list[TrialSpec]:
    """One trial a network, in the deck's order."""
    config = context.config.architectures
    return [
        trial_of(
            context,
            dataclasses.replace(config.recipe, architecture=name),
            context.config.seed,
            train_images=config.train_images,
            trials=len(registry.ARCHITECTURES),
        )
        for name in registry.ARCHITECTURES
    ]


def _result(context: Context, name: str, fit: Fit) -> ArchitectureResult:
    entry = registry.ARCHITECTURES[name]
    size = context.dataset.image_size
    model = registry.build(name, classes=len(context.dataset.classes), image_size=size, seed=0)
    return ArchitectureResult(
        name=name,
        family=entry.family,
        layers=inspection.count_layers(model),
        parameters=inspection.count_parameters(model),
        macs=inspection.count_macs(model, size),
        confidence=entry.confidence,
        layer_table=tuple(inspection.layer_table(model, size)),
        fit=fit,
    )
