"""Which hyper-parameter matters in a search: importances by Optuna's fANOVA, and slices.

The objective is the validation accuracy on the first rung. Trials on later rungs trained for longer, and were selected
for their accuracy, so their last accuracies cannot be compared with those of the trials that left.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import create_trial

from artifacts.contract import ParameterImportance, Ranges, SearchImportances, SearchSummary, TrialValues
from pipeline.search.spaces import distributions
from pipeline.support.statistics import spread

SEEDS = 5  # of the random forest
LEAST_TO_SHUFFLE = 10  # trials
LOG_SCALED = ("lr", "weight_decay")


def importances(search: SearchSummary) -> SearchImportances:
    """Importance and slice of each parameter, from the trials' fits on the first rung alone."""
    trained = [(trial, fit) for trial in search.trials if (fit := (*trial.earlier, trial.fit)[0]) is not None]
    values = [trial.values for trial, _ in trained]
    accuracies = [fit.highest_val_accuracy for _, fit in trained]
    measured = [_fanova(search.ranges, values, accuracies, seed) for seed in range(SEEDS)]
    shuffled = []
    if len(trained) >= LEAST_TO_SHUFFLE:
        shuffled = [
            _fanova(search.ranges, values, np.random.default_rng(seed).permutation(accuracies).tolist(), seed)
            for seed in range(SEEDS)
        ]
    return SearchImportances(
        search=search.search,
        epochs=search.rungs[0] if search.rungs else search.recipe.epochs,
        trials=tuple(trial.number for trial, _ in trained),
        accuracies=tuple(accuracies),
        parameters=tuple(
            ParameterImportance(
                parameter=name,  # type: ignore[arg-type]
                importance=spread([each[name] for each in measured]),
                chance=spread([each[name] for each in shuffled]) if shuffled else None,
                values=tuple(getattr(each, name) for each in values),
            )
            for name in distributions(search.ranges)
        ),
    )


def _fanova(ranges: Ranges, values: Sequence[TrialValues], accuracies: Sequence[float], seed: int) -> dict[str, float]:
    """The share of the variance that each parameter explains alone; what is missing to 1 are interactions.

    Optuna averages over the space on a linear scale; log-uniform parameters are given as logarithms, so that it
    averages over what the search drew from.
    """
    if len(set(accuracies)) < 2:
        return dict.fromkeys(distributions(ranges), 0.0)
    space = {name: _linear(distribution) for name, distribution in distributions(ranges).items()}
    study = optuna.create_study(direction="maximize")
    for each, accuracy in zip(values, accuracies, strict=True):
        params = dataclasses.asdict(each)
        params |= {name: math.log10(params[name]) for name in LOG_SCALED}
        study.add_trial(create_trial(params=params, distributions=space, value=accuracy))
    return {name: float(share) for name, share in FanovaImportanceEvaluator(seed=seed).evaluate(study).items()}


def _linear(distribution: BaseDistribution) -> BaseDistribution:
    """The distribution of a log-uniform parameter's logarithm; any other as it is."""
    if isinstance(distribution, FloatDistribution) and distribution.log:
        return FloatDistribution(math.log10(distribution.low), math.log10(distribution.high))
    return distribution
