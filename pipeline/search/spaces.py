"""The space a search draws from, and the smaller one that its best trials span."""

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from artifacts.contract import RangeCut, Ranges, SearchSummary, TrialValues
from pipeline.search.halving import best_trials


def distributions(ranges: Ranges) -> dict[str, BaseDistribution]:
    """Optuna's distributions: lr and weight decay log-uniform, momentum uniform, the others from their choices."""
    return {
        "lr": FloatDistribution(*ranges.lr, log=True),
        "weight_decay": FloatDistribution(*ranges.weight_decay, log=True),
        "momentum": FloatDistribution(*ranges.momentum),
        "last_layers": CategoricalDistribution(ranges.last_layers),
        "optimizer": CategoricalDistribution(ranges.optimizer),
    }


def draw(ranges: Ranges, seed: int) -> TrialValues:
    """One point of the ranges, by Optuna's random sampler; the same seed always draws the same point."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed & 0xFFFFFFFF))
    return TrialValues(**study.ask(distributions(ranges)).params)


def cut(coarse: SearchSummary, top: int) -> RangeCut:
    """The ranges that the best `top` trials (deck: the top 3 to 5) span; failed trials are left out."""
    best = best_trials((trial for trial in coarse.trials if trial.fit is not None), top)
    values = [trial.values for trial in best]
    after = Ranges(
        lr=(min(v.lr for v in values), max(v.lr for v in values)),
        weight_decay=(min(v.weight_decay for v in values), max(v.weight_decay for v in values)),
        momentum=(min(v.momentum for v in values), max(v.momentum for v in values)),
        last_layers=tuple(sorted({v.last_layers for v in values})),
        optimizer=tuple(sorted({v.optimizer for v in values})),
    )
    return RangeCut(top_trials=tuple(trial.number for trial in best), before=coarse.ranges, after=after)
