"""Means, spreads, and differences over seeds, confused pairs; accuracies are fractions."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

from artifacts.contract import Comparison, ConfusedPair, Fit, Spread, Variant


def spread(values: Sequence[float]) -> Spread:
    """Return mean, sample standard deviation, and 95 % t-interval; the last two are None for a single value."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Spread(n=len(values), mean=mean, std=None, low=None, high=None)
    std = float(np.std(values, ddof=1))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * std / math.sqrt(len(values))
    return Spread(n=len(values), mean=mean, std=std, low=mean - half, high=mean + half)


def accuracy_spread(fits: Sequence[Fit]) -> Spread:
    """The spread over seeds of the highest validation accuracy."""
    return spread([fit.highest_val_accuracy for fit in fits])


def standard_error(accuracy: float, images: int) -> float:
    """Binomial standard error of an accuracy measured on that many images."""
    return math.sqrt(accuracy * (1 - accuracy) / images)


def compare(first: Variant, second: Variant) -> Comparison:
    """Welch's test (unequal variances) of second - first; `real` when the 95 % interval leaves out zero.

    With one seed on either side, or no variance on both, there is no interval and nothing is called real.
    """
    a, b = ([fit.highest_val_accuracy for fit in variant.fits] for variant in (first, second))
    difference = float(np.mean(b) - np.mean(a))
    low = high = p_value = None
    if min(len(a), len(b)) > 1 and max(np.std(a), np.std(b)) > 1e-9:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # one side may have no spread: Welch's test allows that
            result = stats.ttest_ind(b, a, equal_var=False)
        interval = result.confidence_interval(0.95)
        low, high, p_value = float(interval.low), float(interval.high), float(result.pvalue)
    real = low is not None and high is not None and (low > 0 or high < 0)
    return Comparison(first.name, second.name, difference, low, high, p_value, real)


def confused_pairs(confusion: np.ndarray) -> tuple[ConfusedPair, ...]:
    """Return every pair that a matrix (true, predicted) confuses, most frequent first; its mirror is another pair."""
    off_diagonal = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    pairs = [ConfusedPair(int(t), int(p), int(off_diagonal[t, p])) for t, p in np.argwhere(off_diagonal)]
    return tuple(sorted(pairs, key=lambda pair: -pair.count))
