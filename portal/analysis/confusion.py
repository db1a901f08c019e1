"""The confusion matrix as a table of cells, and the images behind a cell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def cell_name(true: str, predicted: str) -> str:
    """Return the name of a confusion matrix cell in the chart, its selectbox, and the URL."""
    return f"{true} → {predicted}"


def confusion_frame(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> pd.DataFrame:
    """One row a cell: true and predicted class, count, its share of the true class, and the cell's name."""
    rows = [
        {
            "true_number": i,
            "predicted_number": j,
            "true": true,
            "predicted": predicted,
            "count": count,
            "share": count / max(sum(counts), 1),
            "kind": "right" if true == predicted else "mistake",
            "cell": cell_name(true, predicted),
        }
        for i, (true, counts) in enumerate(zip(classes, confusion, strict=True))
        for j, (predicted, count) in enumerate(zip(classes, counts, strict=True))
    ]
    return pd.DataFrame(rows)


def cells(frame: pd.DataFrame) -> list[str]:
    """Names of the cells that hold images: mistakes first, the most frequent first, then the right answers."""
    filled = frame[frame["count"] > 0]
    return list(filled.sort_values(["kind", "count"], ascending=[True, False], kind="stable")["cell"])


def cell_images(labels: np.ndarray, predictions: np.ndarray, cell: pd.Series) -> np.ndarray:
    """Numbers of the test images behind one row of `confusion_frame`; labels and predictions are (N,)."""
    return np.flatnonzero((labels == cell["true_number"]) & (predictions == cell["predicted_number"]))
