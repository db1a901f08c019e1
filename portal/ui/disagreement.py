"""The fragment of the Disagreement page: the images on which the networks disagree."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from portal.analysis import disagreement
from portal.charts import disagreement as charts
from portal.charts.predict import vote_chart
from portal.ui import elements

SHOWN = 24
ANYBODY = "any network"


def images(votes: disagreement.Votes, networks: Mapping[str, np.ndarray], validation: Mapping[str, np.ndarray]) -> None:
    """Draw the images that a chosen number of networks classifies correctly, and one of them in detail."""
    labels, classes = validation["labels"], elements.current_run().manifest.classes
    st.subheader("The images")
    left, right = st.columns(2, gap="medium")
    with left:
        number = st.select_slider(
            "Networks that are right", range(len(networks) + 1), value=1, key="disagreement_right", bind="query-params"
        )
    with right:
        alone = ANYBODY
        if number == 1:
            options = [ANYBODY, *networks]
            alone = st.selectbox(
                "The only network that is right", options, key="disagreement_alone", bind="query-params"
            )
    elements.chart(
        charts.split_chart(disagreement.split_frame(votes), number, len(labels)), see=disagreement.split_sentence(votes)
    )
    found = disagreement.chosen_images(votes, number, alone)
    page = 1
    if len(found) > SHOWN:
        page = st.pagination(-(-len(found) // SHOWN), key="disagreement_page", bind="query-params")
    shown = found[(page - 1) * SHOWN : page * SHOWN]
    captions = [f"#{n} {classes[labels[n]]}: {disagreement.tally(votes, n, classes)}" for n in shown]
    elements.gallery(validation["images"][shown], captions, columns=6, scale=4)
    st.caption(
        f"{len(found):,} images, the most divided first. Below each: its row, its label, and the networks' predictions."
    )
    if len(shown):
        _one(votes, networks, shown, classes)


def _one(
    votes: disagreement.Votes, networks: Mapping[str, np.ndarray], shown: np.ndarray, classes: Sequence[str]
) -> None:
    st.subheader("One image")
    names = [f"#{n}" for n in shown]
    picked = st.selectbox("One of the images above", names, key="disagreement_image", bind="query-params", width=280)
    one = int(shown[names.index(picked) if picked in names else 0])
    answers = {name: probabilities[one] for name, probabilities in networks.items()}
    elements.chart(vote_chart(answers, classes), see=disagreement.image_sentence(votes, one, classes))
