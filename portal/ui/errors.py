"""Sections of the Errors page: costs of mistakes, and the nearest training images of one mistake."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from artifacts.contract import ArchitecturesSummary
from portal.analysis import forgiveness
from portal.charts import errors
from portal.charts import forgiveness as charts
from portal.predict import explain
from portal.ui import elements
from portal.ui.networks import validation_networks

NEIGHBOURS = 5


def forgiveness_dial(labels_N: np.ndarray, predicted_N: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """The dial, what it does to the final model and to the networks' ranking; the costs (C, C) that it stands for.

    `labels_N` and `predicted_N` are the test set's and the final model's.
    """
    summary = elements.optional(ArchitecturesSummary)
    networks = validation_networks(summary) if summary else {}
    validation = elements.arrays("data/validation.npz")["labels"] if networks else labels_N
    offered = forgiveness.presets(classes, forgiveness.most_confused(networks, validation, classes))
    names = list(offered)
    left, right = st.columns(2, gap="medium")
    with left:
        name = st.selectbox(
            "What can be forgiven", names, index=min(1, len(names) - 1), key="errors_forgive", bind="query-params"
        )
        st.caption(offered[name].meaning)
    with right:
        share = st.slider(
            "What a forgiven mistake still costs (%)", 0, 100, 0, 5, key="errors_cost", bind="query-params"
        )
        st.caption("0: nothing. 100: as much as any other mistake, which gives the plain accuracy.")
    costs = forgiveness.cost_matrix(offered[name], classes, share / 100)
    st.markdown(forgiveness.summary_sentence(costs, labels_N, predicted_N))
    if networks:
        frame = forgiveness.ranking(costs, networks, validation)
        elements.chart(
            charts.ranking_chart(frame, len(validation)), see=forgiveness.ranking_sentence(frame, len(validation))
        )
    return costs


def why(mistakes: pd.DataFrame, images_NSS: np.ndarray, classes: Sequence[str]) -> None:
    """Draw a selector of `mistakes` (rows of `mistakes_frame`) and the nearest training images of the selected one."""
    if mistakes.empty:
        return
    st.subheader("Why this prediction")
    embedding = elements.arrays("final/embedding.npz")
    names = dict(zip(errors.captions(mistakes), range(len(mistakes)), strict=True))
    picked = st.selectbox("One of the mistakes above", list(names), key="errors_why", bind="query-params", width=360)
    row = mistakes.iloc[names.get(picked, 0)]
    near = explain.nearest_of_test(embedding, row["index"], NEIGHBOURS)
    captions = [
        f"{classes[label]}, {similarity:.2f}" for label, similarity in zip(near.labels, near.similarity, strict=True)
    ]
    pictures = np.concatenate([images_NSS[row["index"]][None], near.images])
    elements.gallery(pictures, [f"The mistake: {row['true']}", *captions], columns=len(pictures), scale=4)
    st.markdown(explain.neighbours_sentence(near, classes, row["true"], row["predicted"]))
    st.caption(
        "The mistake, then its nearest training images with their cosine similarity in the final "
        f"model's embedding (1: same direction), among {len(embedding['gallery']):,} training images, as many of "
        "each class."
    )
