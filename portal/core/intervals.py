"""Confidence intervals for accuracies, over images or over seeds.

Over images it is Wilson's interval of a share (1927), which stays within 0 and 1 and holds for few images too; over
seeds the t-interval of the mean, as the pipeline's summaries have it.
"""

import math
import statistics
from collections.abc import Sequence

import pandas as pd

from artifacts.contract import Spread

Z95 = 1.959964  # the 97.5 % point of the normal distribution
T95 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)  # and of t's for 2 to 10 seeds


def wilson(share: float, images: int) -> tuple[float, float]:
    """The 95 % interval, low and high, of a share (0 to 1) measured on so many images; of none it is all of 0 to 1."""
    if images < 1:
        return 0.0, 1.0
    z2 = Z95**2 / images
    middle = share + z2 / 2
    half = Z95 * math.sqrt(share * (1 - share) / images + z2 / (4 * images))
    return max((middle - half) / (1 + z2), 0.0), min((middle + half) / (1 + z2), 1.0)


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation over seeds, and the t-interval of the mean (none for one seed or over ten)."""
    n, mean = len(values), statistics.fmean(values)
    if n < 2:
        return Spread(n, mean, None, None, None)
    std = statistics.stdev(values)
    if n - 2 >= len(T95):
        return Spread(n, mean, std, None, None)
    half = T95[n - 2] * std / math.sqrt(n)
    return Spread(n, mean, std, mean - half, mean + half)


def over_seeds(value: Spread, images: int) -> tuple[float, float]:
    """The interval of a mean over seeds; of one seed, which has none, that of its share of the images."""
    if value.low is None or value.high is None:
        return wilson(value.mean, images)
    return value.low, value.high


def with_ends(frame: pd.DataFrame, column: str, images: int) -> pd.DataFrame:
    """The frame with the ends, `low` and `high`, of the intervals of a column of accuracies, all in percent."""
    ends = [wilson(accuracy / 100, images) for accuracy in frame[column]]
    return frame.assign(low=[100 * low for low, _ in ends], high=[100 * high for _, high in ends])
